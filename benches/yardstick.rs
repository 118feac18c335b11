//! The crate against the plain reference implementation of `core.toml`: the same law, days, fleets and records, one
//! thread each. `cargo bench --bench yardstick`.
//!
//! That both compute the same is asserted by the tests; here their records are looked at once before they are timed.

#[path = "../tests/reference/naive.rs"]
mod naive;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use hashdrift::engine::Model;
use hashdrift::record::{Level, quantities};
use hashdrift::scenario::{Scenario, parse_scenario};

/// Numbers of fleets; histories that are timed in turn, so that not one lucky one is, and more of them than a processor learns
/// the branches of; and rounds over these in which both are timed in turn for the ratio.
const SIZES: [(usize, u64, u32); 2] = [(1_000, 60, 3), (100_000, 3, 2)];

fn core(fleets: usize) -> Scenario {
    let changes = [format!("firms.count={fleets}")];
    let text = include_str!("../scenarios/core.toml");
    parse_scenario("core", text, &changes, &[]).expect("the shipped scenario is valid")
}

/// Both implementations of one scenario, ready to run.
struct Pair<'s> {
    scenario: &'s Scenario,
    model: Model<'s>,
    records: Vec<f64>,
    fleets: usize,
}

impl<'s> Pair<'s> {
    /// Looks at a record of each before anything is timed.
    fn checked(scenario: &'s Scenario, fleets: usize) -> Self {
        let model = Model::new(scenario);
        let records = vec![0.0; model.record_len()];
        let mut pair = Self {
            scenario,
            model,
            records,
            fleets,
        };
        let quantities = quantities(scenario);
        let hash_rate = quantities
            .iter()
            .position(|q| q.level == Level::Network && q.metric == "hash_rate")
            .expect("it is recorded");
        let plain = pair.plain(0);
        assert_eq!(plain.len(), scenario.record_days().len());
        assert!(plain.iter().all(|row| row.len() == quantities.len()));
        assert!(plain[0][hash_rate] > 0.0);
        pair.hashdrift(0);
        assert_eq!(pair.records.len(), plain.len() * quantities.len());
        assert!(pair.records[hash_rate] > 0.0);
        pair
    }

    fn plain(&self, replica: u64) -> Vec<Vec<f64>> {
        let (days, every) = (self.scenario.days, self.scenario.record_every_days);
        naive::history(replica, self.fleets, i64::from(days), i64::from(every))
    }

    fn hashdrift(&mut self, replica: u64) {
        self.model
            .run_replica(replica, black_box(&mut self.records), &mut ())
            .expect("the start can be drawn");
    }
}

fn times(criterion: &mut Criterion) {
    for (fleets, histories, _) in SIZES {
        let scenario = core(fleets);
        let mut pair = Pair::checked(&scenario, fleets);
        let mut group = criterion.benchmark_group(format!("{fleets} fleets"));
        group.sample_size(10).warm_up_time(Duration::from_secs(1));
        let mut replicas = (0..histories).cycle();
        let mut next = move || replicas.next().unwrap_or_default();
        group.bench_function(BenchmarkId::from_parameter("plain"), |bencher| {
            bencher.iter(|| black_box(pair.plain(next())));
        });
        group.bench_function(BenchmarkId::from_parameter("hashdrift"), |bencher| {
            bencher.iter(|| pair.hashdrift(next()));
        });
        group.finish();
    }
}

/// Milliseconds of a replica of both, and their ratio: timed in turn, so that what else the machine does meets both, and of
/// every history the fastest time of all rounds.
fn print_ratios() {
    println!();
    for (fleets, histories, rounds) in SIZES {
        let scenario = core(fleets);
        let mut pair = Pair::checked(&scenario, fleets);
        let mut fastest = vec![(Duration::MAX, Duration::MAX); histories as usize];
        for _ in 0..rounds {
            for (replica, (plain, hashdrift)) in (0..).zip(&mut fastest) {
                let begin = Instant::now();
                black_box(pair.plain(replica));
                *plain = begin.elapsed().min(*plain);
                let begin = Instant::now();
                pair.hashdrift(replica);
                *hashdrift = begin.elapsed().min(*hashdrift);
            }
        }
        let mean = |time: fn(&(Duration, Duration)) -> Duration| {
            fastest.iter().map(time).sum::<Duration>().as_secs_f64() * 1e3 / histories as f64
        };
        let (plain, hashdrift) = (mean(|both| both.0), mean(|both| both.1));
        println!(
            "{} fleets: plain {plain:.1} ms, hashdrift {hashdrift:.1} ms a replica: {:.1} times",
            with_thousands(fleets),
            plain / hashdrift
        );
    }
}

fn with_thousands(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    times(&mut criterion);
    criterion.final_summary();
    // Not where benchmarks are only listed or tried out.
    let argument = |name: &str| std::env::args().any(|argument| argument == name);
    if argument("--bench") && !argument("--test") && !argument("--list") {
        print_ratios();
    }
}
