//! Fitting a declared handful of parameters to episodes of the past, and saying how far the past tells them apart.
//!
//! Points of a space-filling design are drawn from the priors, and at each the episodes are simulated, always with the same luck. What
//! is stored of a point is the score of every single measured value, so that any set of episodes can be fitted without a
//! new simulation: all of them, and all but one. The points that score best are an approximate posterior.

mod analysis;
mod plan;
mod polish;

use std::sync::atomic::AtomicBool;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use analysis::{Estimate, Fit, Pair, fit, loss};
pub use plan::{Parameter, Plan, PlanError, Prior};
pub use polish::polish;

use crate::backtest::{
    NothingObserved, RowKind, Scores, backtest, observed_of, point_scores, simulate,
};
use crate::ensemble::EnsembleError;
use crate::scenario::{AdjustError, Metric, Scenario};

/// An episode of the past, ready to be simulated at any point.
#[derive(Debug, Clone)]
pub struct Episode {
    /// What it is called.
    pub name: String,
    /// The scenario as it is written.
    pub scenario: Scenario,
    /// Scores of the forecast that everything stays as it is, for each measured value.
    reference: Vec<Value>,
}

/// A measured value that is fitted.
#[derive(Debug, Clone, Copy)]
struct Value {
    /// Its place among all rows, of which points are the first.
    row: usize,
    metric: Metric,
    /// First and last day of what it is the mean of.
    days: (Date, Date),
    persistence: f64,
}

/// Why an episode cannot be simulated at a point.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// It has nothing to be compared with.
    #[error("{episode}: {source}")]
    NothingObserved {
        /// The episode.
        episode: String,
        /// Why.
        source: NothingObserved,
    },
    /// Its own draws would be those that are to be found.
    #[error(
        "{0}: an episode that is fitted cannot have `uncertain.draws`; write its laws as `uncertain.factors`"
    )]
    OwnDraws(String),
    /// A parameter is none of it.
    #[error("{episode}: {source}")]
    Parameter {
        /// The episode.
        episode: String,
        /// Why.
        source: AdjustError,
    },
    /// It could not be simulated, or it was asked to stop.
    #[error(transparent)]
    Ensemble(#[from] EnsembleError),
}

/// The scores of a point: by episode, of each measured value; `None` where an episode could not be simulated there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Values of the parameters, in the order of the plan.
    pub point: Vec<f64>,
    /// Fair continuous ranked probability score of each value; `None` where it is defined in no replica.
    pub scores: Vec<Option<Vec<Option<f64>>>>,
}

impl Episode {
    /// Prepares an episode: simulates it once as it is written, for the scores of persistence.
    ///
    /// # Errors
    /// [`CalibrationError`] if there is nothing to compare it with, or it cannot be simulated.
    pub fn new(
        name: &str,
        scenario: Scenario,
        stop: &AtomicBool,
    ) -> Result<Self, CalibrationError> {
        let nothing = |source| CalibrationError::NothingObserved {
            episode: name.to_owned(),
            source,
        };
        let observed = observed_of(&scenario).map_err(nothing)?;
        if !scenario.uncertain.draws.is_empty() {
            return Err(CalibrationError::OwnDraws(name.to_owned()));
        }
        let scores = backtest(&scenario, observed, stop, &())?;
        let reference = fitted(&scores).map(|(index, metric)| {
            let row = &scores.rows[index];
            Value {
                row: index,
                metric,
                days: (scenario.date(row.first), scenario.date(row.day)),
                persistence: row.persistence.unwrap_or(f64::NAN),
            }
        });
        let reference: Vec<Value> = reference.collect();
        if reference.is_empty() {
            return Err(nothing(NothingObserved));
        }
        Ok(Self {
            name: name.to_owned(),
            scenario,
            reference,
        })
    }

    /// First and last day of the episode.
    #[must_use]
    pub fn span(&self) -> (Date, Date) {
        let scenario = &self.scenario;
        (scenario.start, scenario.date(scenario.days - 1))
    }

    /// The scenario at a point: the values of the parameters take the place of the scenario's, and of what replicas would draw.
    ///
    /// # Errors
    /// [`CalibrationError::Parameter`] if a value is out of its key's range.
    pub fn at(&self, plan: &Plan, point: &[f64]) -> Result<Scenario, CalibrationError> {
        let mut scenario = self.scenario.clone();
        for (parameter, value) in plan.parameters.iter().zip(point) {
            if parameter.except.contains(&self.name) {
                continue;
            }
            scenario.fix(&parameter.key);
            match scenario.set_number(&parameter.key, *value) {
                // What an episode does not have it does not need.
                Ok(()) | Err(AdjustError::NoSuchNumber(_)) => {}
                Err(source) => {
                    return Err(CalibrationError::Parameter {
                        episode: self.name.clone(),
                        source,
                    });
                }
            }
        }
        Ok(scenario)
    }

    /// Scores of every fitted value at a point; `None` if a history cannot begin there.
    ///
    /// # Errors
    /// [`CalibrationError`] if a value is out of range, or on being asked to stop.
    pub fn scores_at(
        &self,
        plan: &Plan,
        point: &[f64],
        stop: &AtomicBool,
    ) -> Result<Option<Vec<Option<f64>>>, CalibrationError> {
        let scenario = self.at(plan, point)?;
        let Some(observed) = &scenario.observed else {
            return Ok(None);
        };
        // The forecasts to beat are the same at every point, and were scored once.
        match simulate(&scenario, observed, stop, &()) {
            Ok(measured) => {
                let scores = point_scores(observed, &measured);
                let fitted = self.reference.iter().map(|value| scores[value.row]);
                Ok(Some(
                    fitted
                        .map(|score| Some(score).filter(|score| score.is_finite()))
                        .collect(),
                ))
            }
            Err(EnsembleError::Engine(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The scenario with the posterior in place of single values: each replica takes one of the accepted points.
    #[must_use]
    pub fn under(&self, plan: &Plan, accepted: &[Vec<f64>]) -> Scenario {
        let mut scenario = self.scenario.clone();
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        for (column, parameter) in plan.parameters.iter().enumerate() {
            if parameter.except.contains(&self.name) {
                continue;
            }
            scenario.fix(&parameter.key);
            // What an episode does not have it does not draw.
            if scenario.number(&parameter.key).is_ok() {
                columns.push(column);
                keys.push(parameter.key.clone());
            }
        }
        let row = |point: &Vec<f64>| columns.iter().map(|column| point[*column]).collect();
        scenario.uncertain.draws = accepted.iter().map(row).collect();
        scenario.uncertain.drawn_keys = keys;
        scenario
    }
}

/// Rows that are fitted: what was measured date by date. Difficulty follows hash rate, and features are read off the same days, so they
/// are scored and not fitted.
fn fitted(scores: &Scores) -> impl Iterator<Item = (usize, Metric)> + '_ {
    let rows = scores.rows.iter().enumerate();
    rows.filter_map(|(index, row)| match row.kind {
        RowKind::Point(_, Metric::Difficulty) | RowKind::Feature(..) => None,
        RowKind::Point(_, metric) => Some((index, metric)),
    })
}
