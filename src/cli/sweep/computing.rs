//! Computing what is not there of a sweep, in whatever folder.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use hashdrift::output::OutputError;
use hashdrift::output::sweep::{Found, Journal, PlanFile, ShardState, publish, shard_state};
use hashdrift::sweep::{Failure, Options, Points, compute, points_in_flight};

use super::super::progress::SweepProgress;
use super::super::{Common, warn};

/// How far a sweep has come.
pub enum Computed {
    /// All shards are whole.
    All,
    /// It was asked to stop.
    Stopped {
        /// Points that are done and kept.
        done: usize,
    },
}

/// Computes what is not there of a sweep, shard by shard.
pub fn compute_all(
    folder: &Path,
    file: &PlanFile,
    stop: &AtomicBool,
    max_memory: u64,
    common: &Common,
) -> anyhow::Result<Computed> {
    let missing = missing_shards(folder, file)?;
    let open: usize = missing
        .iter()
        .map(|(shard, _)| file.range(*shard).len())
        .sum();
    let mut done = file.points as usize - open;
    for (shard, _) in missing {
        done += compute_shard(folder, file, shard, stop, max_memory, done, common)?;
        if !matches!(shard_state(folder, file, shard)?, ShardState::Whole { .. }) {
            return Ok(Computed::Stopped { done });
        }
    }
    Ok(Computed::All)
}

/// Computes what is not there of a shard, and publishes it if it is whole then. Returns the points of it that are done.
pub fn compute_shard(
    folder: &Path,
    file: &PlanFile,
    shard: u32,
    stop: &AtomicBool,
    max_memory: u64,
    before: usize,
    common: &Common,
) -> anyhow::Result<usize> {
    let found = Found::read(folder, file, shard)?;
    if !common.quiet {
        if found.damaged > 0 {
            warn(&format!(
                "damaged lines in the journal: {}; their points are computed again",
                found.damaged
            ));
        }
        if found.count() > 0 {
            anstream::eprintln!("{} points are there already", before + found.count());
        }
    }
    let range = file.range(shard);
    let left = range.len() - found.count();
    if left > 0 {
        let mut journal = Journal::new(folder, file, shard);
        let threads = rayon::current_num_threads();
        let points = Points::new(&file.plan);
        let mut numbers = range.clone();
        let scenario = numbers.find_map(|number| file.plan.scenario_at(&points.at(number)).ok());
        let in_flight = scenario.map_or(1, |scenario| {
            points_in_flight(&scenario, threads, max_memory)
        });
        let progress = SweepProgress::new(left as u32, common.quiet);
        let outcome = compute(
            &file.plan,
            range.clone().filter(|point| !found.has(*point)),
            &Options {
                max_memory,
                in_flight: in_flight.min(left),
                stop,
                progress: &progress,
            },
            |result| journal.add(result),
        );
        progress.finish();
        match outcome {
            Ok(()) => {}
            Err(Failure::Kept(error)) => return Err(error.into()),
            Err(Failure::Ensemble(error)) => return Err(error.into()),
        }
    }
    // Read back: what is published is what is on the disk.
    let found = Found::read(folder, file, shard)?;
    if found.count() == range.len()
        && let Err(error) = publish(folder, file, shard, &found)
        // Another process may have published the same bytes, and removed the journals.
        && !matches!(shard_state(folder, file, shard)?, ShardState::Whole { .. })
    {
        return Err(error.into());
    }
    Ok(found.count())
}

/// Shards that are not whole.
pub fn missing_shards(
    folder: &Path,
    file: &PlanFile,
) -> Result<Vec<(u32, ShardState)>, OutputError> {
    let mut missing = Vec::new();
    for shard in 0..file.shards {
        let state = shard_state(folder, file, shard)?;
        if !matches!(state, ShardState::Whole { .. }) {
            missing.push((shard, state));
        }
    }
    Ok(missing)
}
