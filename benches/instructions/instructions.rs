//! Instructions that the parts of a run take, counted under valgrind: a guard against what makes them slower, on machines
//! whose clocks are no witnesses. Run by `count`, which compares them with `baseline.json`.
//!
//! Every result is looked at after it is counted. No disk.

#![expect(missing_docs, reason = "what the macros of the harness write has none")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "the harness hands results over by value"
)]

use std::hint::black_box;
use std::path::Path;

use gungraun::Callgrind;
use gungraun::prelude::*;
use hashdrift::engine::Model;
use hashdrift::ensemble::{self, Ensemble};
use hashdrift::record::{ALL, Level, quantities};
use hashdrift::scenario::{Scenario, load_scenario, parse_scenario};
use rayon::ThreadPool;

/// A model and room for the records of one of its histories.
struct Prepared {
    scenario: &'static Scenario,
    model: Model<'static>,
    records: Vec<f64>,
}

impl Prepared {
    fn of(scenario: Scenario) -> Self {
        // For as long as the process lives: it counts one benchmark.
        let scenario: &'static Scenario = Box::leak(Box::new(scenario));
        let model = Model::new(scenario);
        let records = vec![0.0; model.record_len()];
        Self {
            scenario,
            model,
            records,
        }
    }
}

fn core(changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let text = include_str!("../../scenarios/core.toml");
    parse_scenario("core", text, &changes, &[]).expect("the shipped scenario is valid")
}

fn thousand_fleets() -> Prepared {
    Prepared::of(core(&[]))
}

fn many_fleets() -> Prepared {
    Prepared::of(core(&["firms.count=20000", "days=200"]))
}

fn a_year_of_the_whole_model() -> Prepared {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = here.join("../../scenarios/global-south.toml");
    let scenario = load_scenario(&path, &["days=365".to_owned()]);
    Prepared::of(scenario.expect("the shipped scenario is valid"))
}

/// On every record day there is hash rate, and as much of it runs as there is at most.
fn assert_sane(prepared: Prepared) {
    let quantities = quantities(prepared.scenario);
    let of = |metric: &str| {
        let position = quantities
            .iter()
            .position(|q| q.level == Level::Network && q.name == ALL && q.metric == metric);
        position.expect("it is recorded")
    };
    let (running, nameplate) = (of("hash_rate"), of("nameplate_hash_rate"));
    let rows = prepared.records.chunks_exact(quantities.len());
    assert_eq!(rows.len(), prepared.scenario.record_days().len());
    for row in rows {
        assert!(row[running] > 0.0 && row[running] <= row[nameplate] * (1.0 + 1e-9));
    }
}

#[library_benchmark(teardown = assert_sane)]
#[bench::core_1000_fleets(setup = thousand_fleets)]
#[bench::core_20000_fleets_200_days(setup = many_fleets)]
#[bench::global_south_365_days(setup = a_year_of_the_whole_model)]
fn replica(mut prepared: Prepared) -> Prepared {
    prepared
        .model
        .run_replica(0, black_box(&mut prepared.records), &mut ())
        .expect("the start can be drawn");
    prepared
}

/// On this one thread: what others do is not counted, and which of them does it is chance.
fn small_ensemble() -> (ThreadPool, Scenario) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build();
    let scenario = core(&["firms.count=50", "days=100", "replicas=20"]);
    (pool.expect("a thread can be started"), scenario)
}

fn assert_summarised(ensemble: Ensemble) {
    let hash_rate = ensemble
        .find(Level::Network, ALL, "hash_rate")
        .expect("it is recorded");
    let summary = ensemble
        .summary(ensemble.last(), hash_rate)
        .expect("every replica has a hash rate");
    assert_eq!(ensemble.replicas, 20);
    assert!(summary.mean > 0.0);
}

#[library_benchmark(teardown = assert_summarised)]
#[bench::core_20_replicas(setup = small_ensemble)]
fn summaries((pool, scenario): (ThreadPool, Scenario)) -> Ensemble {
    pool.install(|| ensemble::run(black_box(&scenario)))
        .expect("it runs")
}

library_benchmark_group!(name = run, benchmarks = [replica, summaries]);

main!(
    // Only instructions are compared.
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = run
);
