//! Where along an axis a mean crosses a value: at which price it changes.

/// A mean at a level of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The level.
    pub level: f64,
    /// The mean there.
    pub mean: f64,
    /// Its standard error, if it has one.
    pub error: Option<f64>,
}

/// A level at which a mean reaches a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// The level, between two that were computed.
    pub level: f64,
    /// Its standard error: that of the mean over the slope; `None` if a mean has none.
    pub error: Option<f64>,
    /// Whether the mean rises through the value as the level does.
    pub rising: bool,
    /// The two levels.
    pub between: (f64, f64),
}

/// Every place at which straight lines between neighbouring readings cross `value`; `readings` by rising level.
///
/// The errors of both ends are taken to be one, as they nearly are with common random numbers. The bend of the curve between
/// two levels is not in the error: the levels themselves bound it.
#[must_use]
pub fn crossings(readings: &[Reading], value: f64) -> Vec<Crossing> {
    let mut found = Vec::new();
    for pair in readings.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (before, after) = (from.mean - value, to.mean - value);
        // One that is met exactly belongs to the pair that begins there, or ends the last.
        let last = to.level == readings[readings.len() - 1].level;
        let crossed = before * after < 0.0 || before == 0.0 || (after == 0.0 && last);
        if !crossed || before == after {
            continue;
        }
        let part = before / (before - after);
        let run = to.level - from.level;
        let error = from.error.zip(to.error).map(|(one, other)| {
            let error = one + part * (other - one);
            error * run / (after - before).abs()
        });
        found.push(Crossing {
            level: from.level + part * run,
            error,
            rising: after > before,
            between: (from.level, to.level),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(level: f64, mean: f64) -> Reading {
        Reading {
            level,
            mean,
            error: Some(0.02),
        }
    }

    #[test]
    fn a_straight_line_is_crossed_where_algebra_says() {
        let line: Vec<Reading> = (0..5)
            .map(|index| reading(f64::from(index) * 10.0, 0.9 - 0.2 * f64::from(index)))
            .collect();
        let found = crossings(&line, 0.4);
        assert_eq!(found.len(), 1);
        assert!((found[0].level - 25.0).abs() < 1e-9 && !found[0].rising);
        assert_eq!(found[0].between, (20.0, 30.0));
        // 0.02 over a slope of 0.02 for each unit.
        assert!(
            found[0]
                .error
                .is_some_and(|error| (error - 1.0).abs() < 1e-9)
        );
        assert!(crossings(&line, 2.0).is_empty());
    }

    #[test]
    fn each_crossing_is_found_once_also_where_a_level_meets_the_value() {
        let there_and_back = [
            reading(0.0, 0.0),
            reading(1.0, 1.0),
            reading(2.0, 0.0),
            reading(3.0, 1.0),
        ];
        let levels = |value| -> Vec<f64> {
            let found = crossings(&there_and_back, value);
            found.iter().map(|crossing| crossing.level).collect()
        };
        assert_eq!(levels(0.5), [0.5, 1.5, 2.5]);
        assert_eq!(levels(0.0), [0.0, 2.0]);
        assert_eq!(levels(1.0), [1.0, 3.0]);
    }
}
