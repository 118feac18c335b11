//! What a sweep adds to the ensembles of its points: reading the scenario at each, choosing what is kept, writing it down.
//! `cargo bench --bench sweep`
//!
//! Both sides run the same replicas of the same points, in turn, on all threads.

use std::sync::atomic::AtomicBool;

use criterion::{Criterion, criterion_group, criterion_main};
use hashdrift::ensemble;
use hashdrift::output::sweep::{Journal, PlanFile};
use hashdrift::scenario::{Scenario, TypedAxes, parse_scenario};
use hashdrift::sweep::{Options, Plan, Points, Request, compute, points_in_flight};

const POINTS: u32 = 4;

/// A plan of four points of `core.toml`, with so many replicas each, and the scenarios at these.
fn prepared(replicas: u32) -> (Plan, Vec<Scenario>) {
    let text = include_str!("../scenarios/core.toml");
    let changes = [format!("replicas={replicas}")];
    let scenario = parse_scenario("core", text, &changes, &[]).expect("it is valid");
    let request = Request {
        axes: TypedAxes {
            uncertainties: vec!["regions.us.power.usd_per_mwh=50:80:10".into()],
            levers: Vec::new(),
        },
        ..Request::default()
    };
    let plan = Plan::new(&scenario, &request).expect("it can be swept");
    assert_eq!(plan.points, POINTS);
    let points = Points::new(&plan);
    let scenarios = (0..POINTS).map(|number| plan.scenario_at(&points.at(number)));
    let scenarios = scenarios.collect::<Result<_, _>>().expect("all are valid");
    (plan, scenarios)
}

fn sweep(plan: &Plan, file: &PlanFile, in_flight: usize) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut journal = Journal::new(folder.path(), file, 0);
    let mut done = 0;
    let stop = AtomicBool::new(false);
    let options = Options {
        max_memory: 8 << 30,
        in_flight,
        stop: &stop,
        progress: &(),
    };
    let outcome = compute(plan, 0..POINTS, &options, |result| {
        done += u32::from(result.outcome.is_ok());
        journal.add(result)
    });
    assert!(outcome.is_ok() && done == POINTS);
}

fn overhead(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    group.sample_size(10);
    for replicas in [20, 200] {
        let (plan, scenarios) = prepared(replicas);
        let file = PlanFile::new(plan.clone(), 1);
        let threads = rayon::current_num_threads();
        let in_flight = points_in_flight(&scenarios[0], threads, 8 << 30);
        group.bench_function(format!("ensembles, {replicas} replicas"), |bencher| {
            bencher.iter(|| {
                for scenario in &scenarios {
                    let results = ensemble::run(scenario).expect("it runs");
                    assert_eq!(results.replicas, replicas);
                }
            });
        });
        group.bench_function(format!("one by one, {replicas} replicas"), |bencher| {
            bencher.iter(|| sweep(&plan, &file, 1));
        });
        group.bench_function(format!("sweep, {replicas} replicas"), |bencher| {
            bencher.iter(|| sweep(&plan, &file, in_flight));
        });
    }
    group.finish();
}

criterion_group!(benches, overhead);
criterion_main!(benches);
