//! The vertical axis of a chart: even, or in logs.

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// Most labels of an axis in logs; where steps of 1, 2 and 5 are more, powers of ten are labelled alone.
const MOST_LABELS: usize = 9;
/// Room above and below what is drawn in logs, as a factor.
const ROOM: f64 = 1.12;

pub struct Vertical {
    ends: (f64, f64),
    logs: bool,
}

impl Vertical {
    pub fn even(ends: (f64, f64)) -> Self {
        Self { ends, logs: false }
    }

    /// Around what lies between two heights above 0.
    pub fn logs((low, high): (f64, f64)) -> Self {
        Self {
            ends: (low / ROOM, high * ROOM),
            logs: true,
        }
    }

    pub fn ends(&self) -> (f64, f64) {
        self.ends
    }
}

impl Ranged for Vertical {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (low, high) = self.ends;
        if !self.logs {
            return RangedCoordf64::from(low..high).map(value, limit);
        }
        let part = libm::log(value.max(low) / low) / libm::log(high / low);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let (low, high) = self.ends;
        if self.logs {
            log_labels(low, high)
        } else {
            RangedCoordf64::from(low..high).key_points(hint)
        }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.ends.0..self.ends.1
    }
}

/// Where an axis in logs is labelled.
fn log_labels(low: f64, high: f64) -> Vec<f64> {
    let first = libm::floor(libm::log10(low)) as i32;
    let last = libm::ceil(libm::log10(high)) as i32;
    let of_steps = |steps: &[f64]| -> Vec<f64> {
        let powers = (first..=last).map(|power| libm::pow(10.0, f64::from(power)));
        powers
            .flat_map(|power| steps.iter().map(move |step| step * power))
            .filter(|at| (low..=high).contains(at))
            .collect()
    };
    let labels = of_steps(&[1.0, 2.0, 5.0]);
    if labels.len() > MOST_LABELS {
        of_steps(&[1.0])
    } else {
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_are_equally_far_apart() {
        let axis = Vertical::logs((10.0, 1000.0));
        let at = |value: f64| axis.map(&value, (0, 1000));
        let (one, two) = (at(100.0) - at(10.0), at(1000.0) - at(100.0));
        assert!((one - two).abs() <= 1 && one > 450, "{one} {two}");
        assert_eq!(at(0.0), 0);
    }

    #[test]
    fn labels_are_round_and_few() {
        assert_eq!(
            log_labels(9.0, 600.0),
            [10.0, 20.0, 50.0, 100.0, 200.0, 500.0]
        );
        assert_eq!(
            log_labels(0.5, 20_000.0),
            [1.0, 10.0, 100.0, 1000.0, 10_000.0]
        );
        assert_eq!(log_labels(1.8, 4.0), [2.0]);
    }
}
