//! Many points at once, so that no thread waits for the last replica of one.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::design::Points;
use super::plan::Plan;
use super::point::{PointResult, compute_point};
use crate::engine::Model;
use crate::ensemble::{self, EnsembleError, memory_needed};
use crate::scenario::Scenario;

/// Is told how a sweep goes on. Called from several threads.
pub trait Progress: ensemble::Progress {
    /// A point begins with so many replicas.
    fn point_begins(&self, _replicas: u32) {}
    /// A point under way needs more replicas.
    fn more_replicas(&self, _replicas: u32) {}
    /// A point is done, and kept: of so many replicas, so many were run.
    fn point_done(&self, _replicas: u32, _run: u32) {}
}

/// Nobody is told.
impl Progress for () {}

/// Counts what a point under way does, for whoever is told of all.
struct OfPoint<'a> {
    all: &'a dyn Progress,
    replicas: AtomicU32,
    run: AtomicU32,
}

impl ensemble::Progress for OfPoint<'_> {
    fn replica_done(&self) {
        self.run.fetch_add(1, Ordering::Relaxed);
        self.all.replica_done();
    }
}

impl OfPoint<'_> {
    fn more(&self, replicas: u32) {
        self.replicas.fetch_add(replicas, Ordering::Relaxed);
        self.all.more_replicas(replicas);
    }
}

/// How to compute points.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Memory that may be used, bytes.
    pub max_memory: u64,
    /// Points that are computed at the same time.
    pub in_flight: usize,
    /// Set it to true to begin no more points; those under way are finished.
    pub stop: &'a AtomicBool,
    /// Who is told about progress.
    pub progress: &'a dyn Progress,
}

/// Why not all points were computed.
#[derive(Debug)]
pub enum Failure<E> {
    /// A point could not be computed.
    Ensemble(EnsembleError),
    /// A result could not be kept.
    Kept(E),
}

/// Computes points, and gives each result to `keep` as soon as it is there, in no particular order.
///
/// On being asked to stop, points under way are finished and kept.
///
/// # Errors
/// The first thing that went wrong; points that were under way then may be lost.
pub fn compute<E: Send>(
    plan: &Plan,
    numbers: impl Iterator<Item = u32> + Send,
    options: &Options<'_>,
    keep: impl FnMut(&PointResult) -> Result<(), E> + Send,
) -> Result<(), Failure<E>> {
    let points = Points::new(plan);
    let numbers = Mutex::new(numbers);
    let keep = Mutex::new(keep);
    let failure = Mutex::new(None);
    let failed = AtomicBool::new(false);
    let fail = |error| {
        failed.store(true, Ordering::Relaxed);
        lock(&failure).get_or_insert(error);
    };
    let work = || {
        while !options.stop.load(Ordering::Relaxed) && !failed.load(Ordering::Relaxed) {
            // The lock is let go of at the end of the line.
            let Some(number) = lock(&numbers).next() else {
                break;
            };
            options.progress.point_begins(plan.replicas);
            let progress = OfPoint {
                all: options.progress,
                replicas: AtomicU32::new(plan.replicas),
                run: AtomicU32::new(0),
            };
            let ensemble = ensemble::Options {
                max_memory: options.max_memory,
                // A point that is under way is finished, unless another failed.
                stop: Some(&failed),
                progress: &progress,
            };
            let point = points.at(number);
            match compute_point(plan, &point, &ensemble, &|replicas| progress.more(replicas)) {
                Ok(result) => {
                    if let Err(error) = (lock(&keep))(&result) {
                        return fail(Failure::Kept(error));
                    }
                    options
                        .progress
                        .point_done(progress.replicas.into_inner(), progress.run.into_inner());
                }
                Err(error) => return fail(Failure::Ensemble(error)),
            }
        }
    };
    // These threads wait for the pool's most of the time: a pool thread that waited would take up another point meanwhile, and
    // the one it has would not be done before that is.
    std::thread::scope(|scope| {
        for _ in 0..options.in_flight.max(1) {
            scope.spawn(work);
        }
    });
    match lock(&failure).take() {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere ends the program anyhow.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Points to compute at the same time: enough to keep all threads busy while one ends, and no more than fit into memory.
#[must_use]
pub fn points_in_flight(scenario: &Scenario, threads: usize, max_memory: u64) -> usize {
    /// Replicas for each thread that shorten the wait for the last one to a few per cent.
    const REPLICAS_A_THREAD: usize = 16;
    const MOST: usize = 64;
    let replicas = scenario.replicas as usize;
    let wanted = 1 + (threads * REPLICAS_A_THREAD).div_ceil(replicas.max(1));
    let fitting = max_memory / memory_needed(scenario, threads).max(1);
    wanted.clamp(2, MOST).min(fitting as usize).max(1)
}

/// Time of one replica on one core, on average over the first, the middle and the last point; `None` where none of them can be run.
#[must_use]
pub fn time_points(plan: &Plan) -> Option<Duration> {
    let points = Points::new(plan);
    let mut numbers = vec![0, plan.points / 2, plan.points - 1];
    numbers.dedup();
    let mut times = Vec::new();
    for number in numbers {
        let Ok(scenario) = plan.scenario_at(&points.at(number)) else {
            continue;
        };
        let model = Model::new(&scenario);
        let mut records = vec![0.0; model.record_len()];
        let clock = Instant::now();
        if model.run_replica(0, &mut records, &mut ()).is_ok() {
            times.push(clock.elapsed());
        }
    }
    let count = u32::try_from(times.len()).ok().filter(|count| *count > 0)?;
    Some(times.iter().sum::<Duration>() / count)
}
