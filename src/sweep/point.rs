//! One point: its replicas, until there are enough, and what is kept of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::design::Point;
use super::plan::{Plan, in_a_line, place_of};
use crate::engine::Model;
use crate::ensemble::{self, EnsembleError, collect, summaries};
use crate::record::{pattern_fits, quantities};
use crate::scenario::Scenario;
use crate::statistics::{Moments, Summary, mean_and_sd};

/// What came out at a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointResult {
    /// The point.
    pub point: u32,
    /// Its numbers, or why there are none.
    pub outcome: Result<Done, String>,
}

/// The numbers of a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Replicas that were drawn.
    pub replicas: u32,
    /// Those with a day on which nothing ran.
    pub dark_replicas: u32,
    /// What was recorded.
    pub columns: Vec<Column>,
    /// When: simulated day and date.
    pub dates: Vec<(u32, String)>,
    /// By date and column; `None` where no replica has a value.
    pub rows: Vec<Option<Row>>,
}

/// A quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What it is about.
    pub level: String,
    /// Region id, `FROM->TO`, or `all`.
    pub name: String,
    /// What is measured.
    pub metric: String,
    /// Unit.
    pub unit: String,
}

impl Column {
    /// Whether a pattern fits: `LEVEL/NAME/METRIC`, with `*` for any, or a metric alone.
    #[must_use]
    pub fn fits(&self, pattern: &str) -> bool {
        pattern_fits(pattern, [&self.level, &self.name, &self.metric])
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.level, self.name, self.metric)
    }
}

/// Replicas with a value, mean, standard deviation, and each of [`crate::statistics::PROBABILITIES`]' quantiles with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Row(
    pub usize,
    pub f64,
    pub Option<f64>,
    pub [(f64, Option<f64>); 5],
);

impl Row {
    fn of(summary: &Summary) -> Self {
        let quantiles = summary
            .quantiles
            .map(|quantile| (quantile.value, quantile.standard_error));
        Self(summary.replicas, summary.mean, summary.sd, quantiles)
    }

    /// Standard error of the mean.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        let Self(replicas, mean, sd, _) = *self;
        Moments { replicas, mean, sd }.standard_error()
    }
}

/// Computes a point.
///
/// # Errors
/// [`EnsembleError`] if it would take too much memory, or on being asked to stop. A point at which the scenario breaks a rule, or a
/// history cannot be run, has a result that says so.
pub fn compute_point(
    plan: &Plan,
    point: &Point,
    options: &ensemble::Options<'_>,
    more: &dyn Fn(u32),
) -> Result<PointResult, EnsembleError> {
    let outcome = match plan.scenario_at(point) {
        Err(refused) => Err(in_a_line(&refused.problems)),
        Ok(scenario) if scenario.record_only.is_empty() => {
            Err("none of the dates of the results is one of its days".to_owned())
        }
        Ok(scenario) => match replicas_of(plan, &scenario, options, more) {
            Ok(done) => Ok(done),
            Err(EnsembleError::Engine(error)) => Err(error.to_string()),
            Err(other) => return Err(other),
        },
    };
    Ok(PointResult {
        point: point.number,
        outcome,
    })
}

fn replicas_of(
    plan: &Plan,
    scenario: &Scenario,
    options: &ensemble::Options<'_>,
    more: &dyn Fn(u32),
) -> Result<Done, EnsembleError> {
    ensemble::check_memory(scenario, options)?;
    let quantities = quantities(scenario);
    let width = quantities.len();
    let selected = plan.selected(&quantities);
    let days = scenario.record_days();
    let judged = plan.until.as_ref().and_then(|until| {
        let place = place_of(&until.metric, &quantities)?;
        Some((until, place))
    });
    let model = Model::new(scenario);
    let mut records: Vec<Vec<f64>> = Vec::new();
    // Of the quantity that says when there are enough, on the last day.
    let mut watched: Vec<f64> = Vec::new();
    let mut dark_replicas = 0;
    let mut wanted = plan.replicas;
    loop {
        let first = records.len() as u32;
        let batch = collect(&model, first..wanted, options, |record| {
            let last = record.len().saturating_sub(width);
            let judged = judged.map_or(f64::NAN, |(_, place)| record[last + place]);
            let kept: Vec<f64> = record
                .chunks_exact(width)
                .flat_map(|row| selected.iter().map(|place| row[*place]))
                .collect();
            (kept, judged)
        })?;
        for ((kept, judged), notes) in batch {
            dark_replicas += u32::from(notes.dark_days > 0);
            records.push(kept);
            watched.push(judged);
        }
        let Some((until, _)) = judged else { break };
        let error = mean_and_sd(&watched).and_then(|moments| moments.standard_error());
        let next = next_batch(wanted, error, until.se, until.most);
        if next == wanted {
            break;
        }
        more(next - wanted);
        wanted = next;
    }
    Ok(Done {
        replicas: wanted,
        dark_replicas,
        columns: selected
            .iter()
            .map(|place| {
                let quantity = &quantities[*place];
                Column {
                    level: quantity.level.as_str().to_owned(),
                    name: quantity.name.clone(),
                    metric: quantity.metric.clone(),
                    unit: quantity.unit.to_owned(),
                }
            })
            .collect(),
        dates: days
            .iter()
            .map(|day| (*day, scenario.date(*day).to_string()))
            .collect(),
        rows: summaries(&records)
            .iter()
            .map(|summary| summary.as_ref().map(Row::of))
            .collect(),
    })
}

/// Replicas to go on to: as many as the standard error asks for, but at most twice those there are; the same if there are enough.
fn next_batch(replicas: u32, error: Option<f64>, wanted: f64, most: u32) -> u32 {
    /// Replicas from which on no spread at all is believed.
    const FEWEST: u32 = 20;
    let ratio = match error {
        // Nothing is known where no two replicas have a value, and little where few have all the same.
        None => f64::INFINITY,
        Some(error) if error <= 0.0 && replicas < FEWEST => f64::INFINITY,
        Some(error) => error / wanted,
    };
    if ratio <= 1.0 {
        return replicas;
    }
    // Saturates where the ratio is infinite.
    let needed = (f64::from(replicas) * ratio * ratio).ceil() as u32;
    needed
        .clamp(replicas + 1, replicas.saturating_mul(2))
        .min(most.max(replicas))
}

#[cfg(test)]
mod tests {
    use super::next_batch;

    #[test]
    fn batches_grow_to_what_is_needed_and_no_further() {
        assert_eq!(next_batch(100, Some(0.9), 1.0, 1000), 100);
        assert_eq!(next_batch(100, Some(1.1), 1.0, 1000), 122);
        assert_eq!(next_batch(100, Some(1.000_001), 1.0, 1000), 101);
        assert_eq!(next_batch(100, Some(9.0), 1.0, 1000), 200);
        assert_eq!(next_batch(600, Some(9.0), 1.0, 1000), 1000);
        assert_eq!(next_batch(1000, Some(9.0), 1.0, 1000), 1000);
        assert_eq!(next_batch(100, None, 1.0, 150), 150);
        assert_eq!(next_batch(2, Some(0.0), 1.0, 150), 4);
        assert_eq!(next_batch(20, Some(0.0), 1.0, 150), 20);
    }
}
