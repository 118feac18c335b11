//! hashdrift simulates the geography of Bitcoin mining: firms that move between regions as power
//! prices, hashprice and capacity move, and how concentrated the hash rate becomes.
//!
//! # Run a scenario and read a result
//!
//! ```
//! use std::path::Path;
//! use hashdrift::{ensemble, record::{ALL, Level}, scenario::load_scenario};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let changes = ["replicas=20".to_owned(), "firms.count=100".to_owned()];
//!     let scenario = load_scenario(Path::new("scenarios/core.toml"), &changes)?;
//!     let results = ensemble::run(&scenario)?;
//!     let hhi = results.find(Level::Region, ALL, "hhi").ok_or("no such quantity")?;
//!     let end = results.summary(results.last(), hhi).ok_or("nothing ran at the end")?;
//!     let error = end.standard_error.ok_or("a single replica has no error")?;
//!     println!("HHI over regions: {:.3} +- {error:.3}, {} replicas", end.mean, end.replicas);
//!     assert!(end.mean > 1.0 / 3.0 && end.mean <= 1.0);
//!     Ok(())
//! }
//! ```
//!
//! # Architecture
//!
//! Modules by layer; each uses only those below it (`tests/suite/imports.rs` holds that):
//!
//! | module | what is in it |
//! |---|---|
//! | `cli` (the program) | arguments and exit codes, one file a verb |
//! | [`report`] | results as a page: figures, map, tables, words |
//! | [`output`] | tables (CSV, Parquet), metadata, the trace of one replica |
//! | [`calibration`] | parameters fitted to episodes of the past, tried on those left out; what the past cannot tell |
//! | [`backtest`] | a scenario against what was measured: simulated measurements, scores, forecasts to beat |
//! | [`sweep`] | a scenario at many points: axes, designs, points, many at once |
//! | [`resilience`] | what is lost with a country: at once, over time by twin histories, in a year |
//! | [`trajectories`] | mining and AI on one scale: opposite or not, crossing, on what that hangs |
//! | [`ensemble`] | replicas in parallel, collected in order; memory; summaries |
//! | [`engine`] | one replica; `History::step` is one day, told in order; its reviews and its bans |
//! | [`record`] | what is written down on a record day |
//! | [`world`] | state and mechanisms: network, prices, power, water, capacity, hardware, fleets, events, expectations, review, growth, AI compute |
//! | [`scenario`] | TOML to a checked [`scenario::Scenario`]; every key, rule and default; what was measured; what each replica draws for itself |
//! | [`random`] | named streams and deterministic samplers |
//! | [`concentration`], [`statistics`] | HHI, Nakamoto, Gini, entropy; means, quantiles, standard errors, scores of forecasts |
//! | [`order`], [`elementary`] | sorting many numbers by buckets; exponentials and logarithms of many, several at a time |
//! | [`protocol`] | Bitcoin's own rules: subsidy, hashprice, retarget |
//! | [`units`] | quantities with their unit in the type |
//!
//! Files are touched by `cli`, by [`output`] and by [`scenario::load_scenario`] alone.
//!
//! # Where a new mechanism goes
//!
//! 1. Its keys: fields with unit, range, default and neutral value in `scenario/raw.rs`; that alone makes
//!    them known to the checks, to `hashdrift explain` and to the schema. Rules between keys:
//!    `scenario/check.rs`, which puts the checked value into [`scenario::Scenario`].
//! 2. Its state and its law: a file in [`world`]; what is the same for all replicas is prepared once, in a
//!    `...Plan`; randomness comes from a stream of its own, a new [`random::Purpose`].
//! 3. Its place in the day: a line in `engine::History::step`.
//! 4. What it lets people see: quantities in [`record`], which reach every table by themselves; a figure of a page in [`report`].
//! 5. Its tests: at its neutral value the records are those without it, to the bit; and its known answers.
//!
//! # What can be relied on
//!
//! The same scenario and seed give the same bytes, at any number of threads, in debug and release builds,
//! with and without fused multiply-add. Two scenarios with one seed meet the same luck: draws are addressed
//! by what they are for, so a change in one mechanism moves no draw of another. Any replica can be rerun
//! alone. The model itself, equation by equation, is in `docs/model.md`; what makes it fast, and how fast it is, in
//! `docs/performance.md`.

pub mod backtest;
pub mod calibration;
pub mod concentration;
pub mod elementary;
pub mod engine;
pub mod ensemble;
pub mod order;
pub mod output;
pub mod protocol;
pub mod random;
pub mod record;
pub mod report;
pub mod resilience;
pub mod scenario;
pub mod statistics;
pub mod sweep;
#[cfg(test)]
mod testing;
pub mod trajectories;
pub mod units;
pub mod world;

/// Version of the model: a change means that the same input gives other results.
pub const MODEL_VERSION: u32 = 1;
