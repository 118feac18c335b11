//! A scenario tried against what was measured: simulated measurements, their scores, and the forecasts that they have to beat.
//!
//! The simulated network is measured as the real one was: hash rate by its blocks, shares with the error of their estimates. A
//! score compares that distribution with the one value that was seen.

mod measure;
mod reference;
mod score;

use std::sync::atomic::AtomicBool;

pub use measure::{Measurements, error_bar, simulate};
pub use score::{Bands, Block, EventScore, Row, RowKind, Scores, point_scores, space_of};

use crate::ensemble::{EnsembleError, Progress};
use crate::scenario::{Observed, Scenario};

/// A scenario that says nothing about what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the scenario has no [observed] part with series or features, so there is nothing to compare it with"
)]
pub struct NothingObserved;

/// What was measured, of a scenario that says so.
///
/// # Errors
/// [`NothingObserved`] otherwise.
pub fn observed_of(scenario: &Scenario) -> Result<&Observed, NothingObserved> {
    let observed = scenario.observed.as_ref();
    observed
        .filter(|observed| !observed.series.is_empty() || !observed.features.is_empty())
        .ok_or(NothingObserved)
}

/// Runs a scenario, measures every replica against `observed` and scores the measurements, on the threads of the current rayon pool.
///
/// # Errors
/// If a history could not be run, or on being asked to stop.
pub fn backtest(
    scenario: &Scenario,
    observed: &Observed,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Scores, EnsembleError> {
    let measurements = simulate(scenario, observed, stop, progress)?;
    Ok(score::scores(scenario, observed, &measurements))
}
