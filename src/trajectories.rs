//! Mining and AI on one scale: whether they run in opposite directions, whether they cross, and on what that hangs.
//!
//! Both are simulated in one world, so each replica has a path of each. Everything here is said of pairs of paths, replica by
//! replica, and then counted; nothing is fitted. What AI does is assumed by the scenario (`[ai]`); how often that comes out against
//! what mining does is what follows.

mod answers;
mod dependence;
mod judge;
#[cfg(test)]
mod testing;

use jiff::civil::Date;

pub use answers::{Answer, DATE, Estimate, PROBABILITY, PathRow, Scope, answers, path_rows};
pub use dependence::{AT_END, Effect, LevelAt, Varied, effects, levels_of};
pub use judge::{Class, Crossing, Direction, Measure, crossing, needed_edge_share};

use crate::engine::Model;
use crate::ensemble::{EnsembleError, Options, collect};
use crate::record::{ALL, Level, Quantity, quantities};
use crate::scenario::Scenario;

/// How concentrated something is along the record days of one replica; NaN stands for null.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Herfindahl-Hirschman index, 0 to 1.
    pub hhi: Box<[f64]>,
    /// Its inverse.
    pub effective_number: Box<[f64]>,
    /// Fewest that together have more than half.
    pub nakamoto: Box<[f64]>,
}

/// One replica, as far as trajectories are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Firms that mine.
    pub mining: Track,
    /// Those that own AI's compute, where the scenario has them.
    pub ai: Option<Track>,
    /// Part of AI's compute that is on devices; empty without AI.
    pub edge_share: Box<[f64]>,
    /// On the last record day, what else was asked for; NaN stands for null.
    pub others: Box<[f64]>,
}

/// All replicas of a scenario.
#[derive(Debug, Clone)]
pub struct Histories {
    /// Record days: simulated day and date.
    pub dates: Vec<(u32, Date)>,
    /// The replicas in order.
    pub replicas: Vec<History>,
    /// Those with a day on which nothing ran.
    pub dark_replicas: u32,
    /// What else was asked for.
    pub others: Vec<Quantity>,
}

/// Whether a scenario says how AI goes on.
#[must_use]
pub fn has_ai(scenario: &Scenario) -> bool {
    columns(scenario).ai.is_some()
}

/// Where in a record the quantities of a [`Track`] are.
#[derive(Clone, Copy)]
struct TrackAt {
    hhi: usize,
    effective_number: usize,
    nakamoto: usize,
}

/// Where in a record everything is.
struct Columns {
    width: usize,
    mining: Option<TrackAt>,
    ai: Option<TrackAt>,
    edge_share: Option<usize>,
}

fn columns(scenario: &Scenario) -> Columns {
    let quantities = quantities(scenario);
    let find = |level: Level, metric: &str| {
        quantities
            .iter()
            .position(|q| q.level == level && q.name == ALL && q.metric == metric)
    };
    let track = |level: Level| {
        Some(TrackAt {
            hhi: find(level, "hhi")?,
            effective_number: find(level, "effective_number")?,
            nakamoto: find(level, "nakamoto_half")?,
        })
    };
    Columns {
        width: quantities.len(),
        mining: track(Level::Firm),
        ai: track(Level::Ai),
        edge_share: find(Level::Ai, "edge_share"),
    }
}

/// What else a scenario asks for at its end: the quantities that its sweep names.
#[must_use]
pub fn others_of(scenario: &Scenario) -> Vec<Quantity> {
    let named = |quantity: &Quantity| {
        let mut patterns = scenario.sweep.metrics.iter();
        patterns.any(|pattern| quantity.fits(pattern))
    };
    quantities(scenario).into_iter().filter(named).collect()
}

/// Runs all replicas of a scenario and keeps what is compared, and `others` on the last day, on the threads of the current rayon pool.
///
/// # Errors
/// See [`EnsembleError`].
///
/// # Panics
/// Never: the concentration of firms is recorded of every scenario.
pub fn simulate(
    scenario: &Scenario,
    others: &[Quantity],
    options: &Options<'_>,
) -> Result<Histories, EnsembleError> {
    let columns = columns(scenario);
    let recorded = quantities(scenario);
    let places: Vec<Option<usize>> = others
        .iter()
        .map(|other| recorded.iter().position(|known| known == other))
        .collect();
    let model = Model::new(scenario);
    let days = scenario.record_days();
    let outcomes = collect(&model, 0..scenario.replicas, options, |record| {
        let column = |at: usize| -> Box<[f64]> {
            let rows = record.chunks_exact(columns.width);
            rows.map(|row| row[at]).collect()
        };
        let track = |at: TrackAt| Track {
            hhi: column(at.hhi),
            effective_number: column(at.effective_number),
            nakamoto: column(at.nakamoto),
        };
        let last = record.rchunks_exact(columns.width).next();
        let at_end = |place: &Option<usize>| {
            let value = last.zip(*place).map(|(row, place)| row[place]);
            value.unwrap_or(f64::NAN)
        };
        History {
            others: places.iter().map(at_end).collect(),
            mining: track(columns.mining.expect("firms are recorded")),
            ai: columns.ai.map(track),
            edge_share: columns.edge_share.map_or_else(Box::default, column),
        }
    })?;
    let dark = outcomes.iter().filter(|(_, notes)| notes.dark_days > 0);
    let dark_replicas = dark.count() as u32;
    Ok(Histories {
        dates: days
            .into_iter()
            .map(|day| (day, scenario.date(day)))
            .collect(),
        replicas: outcomes.into_iter().map(|(history, _)| history).collect(),
        dark_replicas,
        others: others.to_vec(),
    })
}

/// Everything that comes out.
#[derive(Debug)]
pub struct Trajectories {
    /// Mining and AI ahead.
    pub ahead: Histories,
    /// Mining before, if it was asked for.
    pub past: Option<Histories>,
    /// What is asked of the scenario as it is, then of each level of each axis.
    pub varied: Vec<Varied>,
}

/// Runs what is ahead, what is past and every level, one after another; the levels meet the same luck as the scenario as it is.
///
/// # Errors
/// See [`EnsembleError`].
pub fn trajectories(
    ahead: &Scenario,
    past: Option<&Scenario>,
    levels: &[(LevelAt, Scenario)],
    options: &Options<'_>,
) -> Result<Trajectories, EnsembleError> {
    let others = others_of(ahead);
    let base = simulate(ahead, &others, options)?;
    let past = past.map(|past| simulate(past, &[], options)).transpose()?;
    let mut varied = vec![Varied {
        at: None,
        effects: effects(&base, &base),
    }];
    for (at, scenario) in levels {
        varied.push(Varied {
            at: Some(at.clone()),
            effects: effects(&simulate(scenario, &others, options)?, &base),
        });
    }
    Ok(Trajectories {
        ahead: base,
        past,
        varied,
    })
}
