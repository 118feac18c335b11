//! Many histories of one scenario, in parallel, collected in the order of their numbers.
//!
//! Each history depends on its number alone and is summarised in that order, so results are the same
//! bytes at any number of threads.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;
use rayon::prelude::*;

use crate::engine::{EngineError, Model, Notes};
use crate::record::{COUNTS, Level, Quantity, quantities};
use crate::scenario::Scenario;
use crate::statistics::{Summariser, Summary};
use crate::world::fleet::park_is_fixed;

/// Is told how a run goes on. Called from several threads.
pub trait Progress: Sync {
    /// One more replica is done.
    fn replica_done(&self) {}
}

/// Nobody is told.
impl Progress for () {}

/// Why an ensemble could not be run.
#[derive(Debug, thiserror::Error)]
pub enum EnsembleError {
    /// A history could not be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It was asked to stop.
    #[error("interrupted; no results were written")]
    Interrupted,
    /// The records would not fit.
    #[error(
        "this run needs about {} of memory, more than the {} allowed; use fewer replicas, a larger record_every_days or a higher --max-memory",
        bytes_for_people(*needed), bytes_for_people(*allowed)
    )]
    TooMuchMemory {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        allowed: u64,
    },
}

/// How to run an ensemble.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Memory that may be used, bytes.
    pub max_memory: u64,
    /// Set it to true to end the run early; histories under way are finished first.
    pub stop: Option<&'a AtomicBool>,
    /// Who is told about progress.
    pub progress: &'a dyn Progress,
}

impl Default for Options<'_> {
    /// 8 GiB, no way to stop, no progress.
    fn default() -> Self {
        Self {
            max_memory: 8 << 30,
            stop: None,
            progress: &(),
        }
    }
}

/// The records of all replicas and their summaries.
#[derive(Debug)]
pub struct Ensemble {
    /// What was recorded, in the order of every record.
    pub quantities: Vec<Quantity>,
    /// When it was recorded: simulated day and date.
    pub dates: Vec<(u32, Date)>,
    /// Number of replicas.
    pub replicas: u32,
    /// Replicas that had a day on which nothing ran.
    pub dark_replicas: u32,
    /// By replica, record day and quantity; NaN stands for null.
    records: Vec<f64>,
    /// By record day and quantity; `None` where no replica has a value.
    summaries: Vec<Option<Summary>>,
    counts: Vec<Counts>,
}

/// How often each value of a count came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// Index of the quantity.
    pub quantity: usize,
    /// By record day: values that came out, rising, and in how many replicas.
    pub by_date: Vec<Vec<(u32, u32)>>,
}

impl Ensemble {
    /// Summary of a quantity over the replicas at a record day; `None` where no replica has a value.
    ///
    /// `quantity` and `date` are indexes into [`Self::quantities`] and [`Self::dates`].
    #[must_use]
    pub fn summary(&self, date: usize, quantity: usize) -> Option<&Summary> {
        self.summaries[date * self.quantities.len() + quantity].as_ref()
    }

    /// Index of a quantity by level, name (a region's id, or `all`) and metric.
    #[must_use]
    pub fn find(&self, level: Level, name: &str, metric: &str) -> Option<usize> {
        self.quantities
            .iter()
            .position(|q| q.level == level && q.name == name && q.metric == metric)
    }

    /// Values of one replica: record days times quantities; NaN stands for null.
    ///
    /// # Panics
    /// If the values of that replica were not kept.
    #[must_use]
    pub fn replica(&self, replica: usize) -> &[f64] {
        let cells = self.summaries.len();
        &self.records[replica * cells..][..cells]
    }

    /// Replicas whose values there are: the first ones.
    #[must_use]
    pub fn replicas_kept(&self) -> usize {
        let kept = self.records.len().checked_div(self.summaries.len());
        kept.unwrap_or(0)
    }

    /// The distributions of all counts, in the order of their quantities.
    #[must_use]
    pub fn counts(&self) -> &[Counts] {
        &self.counts
    }

    /// What is known of an ensemble from its tables.
    ///
    /// `summaries` by record day and quantity; `records` of the first replicas, one after the other, or of none.
    #[must_use]
    pub fn of_tables(
        scenario: &Scenario,
        summaries: Vec<Option<Summary>>,
        counts: Vec<Counts>,
        records: Vec<f64>,
    ) -> Self {
        Self {
            quantities: quantities(scenario),
            dates: record_dates(scenario),
            replicas: scenario.replicas,
            dark_replicas: 0,
            records,
            summaries,
            counts,
        }
    }

    /// What is odd about the histories drawn.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        dark_warning(self.dark_replicas, self.replicas)
    }

    /// Index of the last record day.
    #[must_use]
    pub fn last(&self) -> usize {
        self.dates.len() - 1
    }
}

/// What is odd about histories of which so many had a day on which nothing ran.
#[must_use]
pub fn dark_warning(dark_replicas: u32, replicas: u32) -> Option<String> {
    (dark_replicas > 0).then(|| {
        format!(
            "in {dark_replicas} of {replicas} replicas there were days on which nothing ran: no block, no retarget; look at the prices of power and bitcoin"
        )
    })
}

/// Runs all replicas of a scenario with the default [`Options`].
///
/// # Errors
/// See [`EnsembleError`].
pub fn run(scenario: &Scenario) -> Result<Ensemble, EnsembleError> {
    run_with(scenario, &Options::default())
}

/// Runs all replicas of a scenario on the threads of the current rayon pool.
///
/// # Errors
/// See [`EnsembleError`].
pub fn run_with(scenario: &Scenario, options: &Options<'_>) -> Result<Ensemble, EnsembleError> {
    check_memory(scenario, options)?;
    let model = Model::new(scenario);
    let runs = Runs::new(&model, options);
    let cells = model.record_len();
    let too_much = || EnsembleError::TooMuchMemory {
        needed: memory_needed(scenario, rayon::current_num_threads()),
        allowed: usize::MAX as u64,
    };
    let values = cells.checked_mul(scenario.replicas as usize);
    // All in one piece: it takes the system less time than a thousand.
    let mut records = vec![0.0; values.ok_or_else(too_much)?];
    // Where nothing is recorded there is nothing to run for.
    let rows = records.par_chunks_exact_mut(cells.max(1));
    let outcomes = one_by_one(0..scenario.replicas)
        .zip(rows)
        .map(|(replica, records)| runs.run(replica, records));
    let notes = all_or_first_error(outcomes.collect())?;
    let dark_replicas = notes.iter().filter(|notes| notes.dark_days > 0).count() as u32;
    let quantities = quantities(scenario);
    let dates = record_dates(scenario);
    let counted = |column: usize| {
        let metric = quantities[column % quantities.len()].metric.as_str();
        COUNTS.contains(&metric)
    };
    let rows: Vec<&[f64]> = records.chunks_exact(cells.max(1)).collect();
    let mut summaries = vec![None; cells];
    let mut counts = vec![None; cells];
    let answers = summaries
        .par_chunks_mut(BLOCK)
        .zip(counts.par_chunks_mut(BLOCK));
    columns(&rows)
        .zip(answers)
        .for_each(|(mut block, (summaries, counts))| {
            let whole = |index: usize| counted(block.first + index);
            let mut summariser = Summariser::default();
            summariser.summarise_each(&mut block.values, block.replicas, whole, summaries);
            let columns = block.values.chunks_exact(block.replicas);
            for (index, (values, answers)) in columns.zip(summaries.iter().zip(counts)).enumerate()
            {
                let (summary, counts) = answers;
                if whole(index) {
                    let replicas = summary.as_ref().map_or(0, |summary| summary.replicas);
                    *counts = Some(count(&values[..replicas]));
                }
            }
        });
    Ok(Ensemble {
        summaries,
        counts: counts_of(&quantities, counts),
        quantities,
        dates,
        replicas: scenario.replicas,
        dark_replicas,
        records,
    })
}

fn record_dates(scenario: &Scenario) -> Vec<(u32, Date)> {
    let days = scenario.record_days().into_iter();
    days.map(|day| (day, scenario.date(day))).collect()
}

/// How often each value comes out among some that ascend.
fn count(ascending: &[f64]) -> Vec<(u32, u32)> {
    let runs = ascending.chunk_by(|a, b| a == b);
    // Exact: units are far fewer than 2^32, and replicas too.
    runs.map(|run| (run[0] as u32, run.len() as u32)).collect()
}

/// Distributions of the counts among the quantities, from those of all columns.
fn counts_of(quantities: &[Quantity], mut by_column: Vec<Option<Vec<(u32, u32)>>>) -> Vec<Counts> {
    let counts = (0..quantities.len()).map(|quantity| {
        let of_dates = by_column.iter_mut().skip(quantity);
        let of_dates = of_dates.step_by(quantities.len());
        Counts {
            quantity,
            by_date: of_dates.filter_map(Option::take).collect(),
        }
    });
    counts.filter(|counts| !counts.by_date.is_empty()).collect()
}

/// Whether a run fits into the memory that it may use.
///
/// # Errors
/// [`EnsembleError::TooMuchMemory`] if it does not.
pub fn check_memory(scenario: &Scenario, options: &Options<'_>) -> Result<(), EnsembleError> {
    let needed = memory_needed(scenario, rayon::current_num_threads());
    if needed > options.max_memory {
        return Err(EnsembleError::TooMuchMemory {
            needed,
            allowed: options.max_memory,
        });
    }
    Ok(())
}

/// Runs these replicas of a scenario on the threads of the current rayon pool; `keep` says what is kept of the records of each.
///
/// # Errors
/// That of the lowest replica that failed, at any number of threads, or on being asked to stop.
pub fn collect<T: Send>(
    model: &Model<'_>,
    replicas: Range<u32>,
    options: &Options<'_>,
    keep: impl Fn(&[f64]) -> T + Sync,
) -> Result<Vec<(T, Notes)>, EnsembleError> {
    let runs = Runs::new(model, options);
    let one = |replica| {
        let mut records = vec![0.0; model.record_len()];
        let notes = runs.run(replica, &mut records)?;
        Ok((keep(&records), notes))
    };
    all_or_first_error(one_by_one(replicas).map(one).collect())
}

/// Replicas under way, until one fails or somebody asks to stop.
struct Runs<'a> {
    model: &'a Model<'a>,
    options: &'a Options<'a>,
    failed: AtomicBool,
}

impl<'a> Runs<'a> {
    fn new(model: &'a Model<'a>, options: &'a Options<'a>) -> Self {
        Self {
            model,
            options,
            failed: AtomicBool::new(false),
        }
    }

    /// Runs one replica, unless it need not be run any more.
    fn run(&self, replica: u32, records: &mut [f64]) -> Result<Notes, EnsembleError> {
        let replica = u64::from(replica);
        let stop = self.options.stop;
        if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Err(EnsembleError::Interrupted);
        }
        // Once one has failed the others need not be run; those before it are, so that the first is told.
        if self.failed.load(Ordering::Relaxed) && self.model.starts(replica).is_ok() {
            return Err(EnsembleError::Interrupted);
        }
        let notes = self
            .model
            .run_replica(replica, records, &mut ())
            .inspect_err(|_| self.failed.store(true, Ordering::Relaxed))?;
        self.options.progress.replica_done();
        Ok(notes)
    }
}

/// What came of all replicas, or the error of the lowest that failed.
fn all_or_first_error<T>(outcomes: Vec<Result<T, EnsembleError>>) -> Result<Vec<T>, EnsembleError> {
    // Others were only kept from running by it.
    for outcome in &outcomes {
        if let Err(EnsembleError::Engine(error)) = outcome {
            return Err(error.clone().into());
        }
    }
    outcomes.into_iter().collect()
}

/// Replicas, to be handed to threads one by one.
///
/// Left to itself rayon splits a range into a few parts for each thread, and no further a part that is under way: at the end
/// one thread would work at the last of them while the others have nothing left to take.
pub(crate) fn one_by_one(replicas: Range<u32>) -> impl IndexedParallelIterator<Item = u32> {
    replicas.into_par_iter().with_max_len(1)
}

/// Columns gathered at a time: as many as fit into a core's cache at a thousand replicas. Each replica lies in other
/// pages, which are looked up once a block.
const BLOCK: usize = 32;

/// Summary of every column over the replicas, in column order.
#[must_use]
pub fn summaries(records: &[Vec<f64>]) -> Vec<Option<Summary>> {
    let mut summaries = vec![None; records.first().map_or(0, Vec::len)];
    let answers = summaries.par_chunks_mut(BLOCK);
    columns(records)
        .zip(answers)
        .for_each(|(mut block, summaries)| {
            let mut summariser = Summariser::default();
            summariser.summarise_each(&mut block.values, block.replicas, |_| false, summaries);
        });
    summaries
}

/// Some columns beside each other, over all replicas.
struct Block {
    first: usize,
    replicas: usize,
    /// Column by column.
    values: Vec<f64>,
}

/// All columns of records, one of each replica, in blocks of [`BLOCK`].
fn columns(records: &[impl AsRef<[f64]> + Sync]) -> impl IndexedParallelIterator<Item = Block> {
    let columns = records.first().map_or(0, |record| record.as_ref().len());
    let replicas = records.len();
    (0..columns.div_ceil(BLOCK))
        .into_par_iter()
        .map(move |block| {
            let first = block * BLOCK;
            let width = BLOCK.min(columns - first);
            let mut values = vec![0.0; width * replicas];
            for (replica, record) in records.iter().enumerate() {
                let of_replica = &record.as_ref()[first..first + width];
                for (column, value) in of_replica.iter().enumerate() {
                    values[column * replicas + replica] = *value;
                }
            }
            Block {
                first,
                replicas,
                values,
            }
        })
}

/// Fleets and firms, with what sorting and drawing them takes for a while.
const BYTES_PER_FIRM: u64 = 205;

/// The same where the park changes: what is kept of each fleet, fleets of new firms, orders under way.
const BYTES_PER_CHANGING_FIRM: u64 = 1000;

/// The program itself, and the batches of rows on their way into files: of as many tables at once as there are threads.
const BYTES_OF_OUTPUT: u64 = 16 << 20;
const BYTES_PER_TABLE: u64 = 16 << 20;
/// Tables that are written side by side.
const MOST_TABLES: u64 = 4;

/// Bytes that a run needs, within about a fifth: records, summaries and the histories under way.
#[must_use]
pub fn memory_needed(scenario: &Scenario, threads: usize) -> u64 {
    let width = quantities(scenario).len() as u64;
    let columns = width * scenario.record_days().len() as u64;
    let records = columns * u64::from(scenario.replicas) * 8;
    let summaries = columns * size_of::<Option<Summary>>() as u64;
    let firms = u64::from(scenario.firms.count) + scenario.firms.named.len() as u64;
    let regions = scenario.regions.len() as u64;
    let bytes_per_firm = if park_is_fixed(scenario) {
        // Sums by region over blocks of fleets.
        BYTES_PER_FIRM + 2 * regions
    } else {
        BYTES_PER_CHANGING_FIRM
    };
    let tables = u64::from(scenario.days) * scenario.regions.len() as u64 * 24;
    let threads = threads as u64;
    let output = BYTES_OF_OUTPUT + BYTES_PER_TABLE * threads.min(MOST_TABLES);
    records + summaries + tables + firms * bytes_per_firm * threads + output
}

/// Bytes as a person writes them.
#[must_use]
pub fn bytes_for_people(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    // Shown with one decimal, so the lost digits do not matter.
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit < UNITS.len() - 1 {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{amount:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::statistics::summarise;
    use crate::testing::Normals;

    #[test]
    fn a_replica_under_way_keeps_no_other_from_being_taken() {
        const REPLICAS: u32 = 64;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = pool.build().expect("threads can be started");
        let done = AtomicU32::new(0);
        let others = || done.load(Ordering::SeqCst) == REPLICAS - 1;
        let all_others_done = |replica| {
            if replica != 0 {
                done.fetch_add(1, Ordering::SeqCst);
                return true;
            }
            // The first takes until all others are done; it gives up where they never are.
            let begun = Instant::now();
            while !others() && begun.elapsed() < Duration::from_secs(20) {
                std::thread::yield_now();
            }
            others()
        };
        assert!(pool.install(|| one_by_one(0..REPLICAS).all(all_others_done)));
    }

    #[test]
    fn every_column_gets_its_own_summary_however_many_there_are() {
        let mut draws = Normals(5);
        for width in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let row = |_| (0..width).map(|_| draws.sample()).collect();
            let records: Vec<Vec<f64>> = (0..70).map(row).collect();
            let one_by_one = (0..width).map(|column| {
                let mut values: Vec<f64> = records.iter().map(|record| record[column]).collect();
                summarise(&mut values)
            });
            assert_eq!(summaries(&records), one_by_one.collect::<Vec<_>>());
        }
        assert_eq!(summaries(&[]), []);
    }
}
