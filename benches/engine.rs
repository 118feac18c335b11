//! Speed by part: one day, one replica, an ensemble, concentration. `cargo bench`.
//!
//! Every input is checked once before it is timed. No disk.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hashdrift::concentration::concentration;
use hashdrift::engine::{Model, Observer};
use hashdrift::ensemble;
use hashdrift::random::{Purpose, Streams, normal, poisson, uniform};
use hashdrift::record::Day;
use hashdrift::scenario::{Scenario, load_scenario, parse_scenario};
use hashdrift::world::fleet::Fleets;

fn core(changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    parse_scenario(
        "core",
        include_str!("../scenarios/core.toml"),
        &changes,
        &[],
    )
    .expect("the shipped scenario is valid")
}

fn day(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("day");
    for fleets in [1_000_u64, 100_000] {
        let scenario = core(&[&format!("firms.count={fleets}")]);
        let model = Model::new(&scenario);
        group.throughput(Throughput::Elements(fleets));
        group.bench_function(BenchmarkId::from_parameter(fleets), |bencher| {
            let mut history = model.begin(0).expect("the start can be drawn");
            let mut day = 0;
            bencher.iter(|| {
                if day == scenario.days {
                    history = model.begin(0).expect("the start can be drawn");
                    day = 0;
                }
                history.step(day, None, &mut ());
                day += 1;
            });
        });
    }
    group.finish();
}

fn replica(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replica");
    group.sample_size(10);
    for fleets in [1_000_u64, 100_000] {
        let scenario = core(&[&format!("firms.count={fleets}")]);
        let model = Model::new(&scenario);
        let mut records = vec![0.0; model.record_len()];
        model
            .run_replica(0, &mut records, &mut ())
            .expect("the start can be drawn");
        assert!(records[0] > 0.0);
        group.throughput(Throughput::Elements(fleets * u64::from(scenario.days)));
        group.bench_function(BenchmarkId::from_parameter(fleets), |bencher| {
            bencher.iter(|| model.run_replica(0, black_box(&mut records), &mut ()));
        });
    }
    group.finish();
}

/// The whole model against the core, both a fleet and day: `global-south.toml` and `core.toml` for five years.
fn whole_model(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fleet-day");
    group.sample_size(10);
    let whole = load_scenario(std::path::Path::new("scenarios/global-south.toml"), &[])
        .expect("the shipped scenario is valid");
    for (name, scenario) in [("core", core(&[])), ("whole", whole)] {
        let model = Model::new(&scenario);
        let mut records = vec![0.0; model.record_len()];
        let mut fleet_days = FleetDays(0);
        model
            .run_replica(0, &mut records, &mut fleet_days)
            .expect("the start can be drawn");
        assert!(fleet_days.0 > u64::from(scenario.days));
        group.throughput(Throughput::Elements(fleet_days.0));
        group.bench_function(name, |bencher| {
            bencher.iter(|| model.run_replica(0, black_box(&mut records), &mut ()));
        });
    }
    group.finish();
}

/// Counts fleets that are not gone, day by day.
struct FleetDays(u64);

impl Observer for FleetDays {
    fn day(&mut self, _: &Day<'_>, fleets: &Fleets, _: u64) {
        self.0 += fleets.hash_phs.iter().filter(|hash| **hash > 0.0).count() as u64;
    }
}

fn ensembles(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ensemble");
    group.sample_size(10);
    let scenario = core(&["replicas=20", "firms.count=200"]);
    assert_eq!(
        ensemble::run(&scenario)
            .expect("the scenario runs")
            .replicas,
        20
    );
    group.throughput(Throughput::Elements(20));
    group.bench_function("20 replicas of 200 fleets", |bencher| {
        bencher.iter(|| ensemble::run(black_box(&scenario)));
    });
    group.finish();
}

fn metrics(criterion: &mut Criterion) {
    let weights: Vec<f64> = (1..=1000).map(f64::from).collect();
    let known = concentration(&weights).expect("there is hash rate");
    assert!((known.top_1 - 1000.0 / 500_500.0).abs() < 1e-12);
    criterion.bench_function("concentration of 1,000 firms", |bencher| {
        bencher.iter(|| concentration(black_box(&weights)));
    });
}

/// The draws that a day cannot do without: the bound for everything above.
fn draws(criterion: &mut Criterion) {
    let mut stream = Streams::new(1, 0).open(Purpose::Blocks, 0);
    let mut group = criterion.benchmark_group("draw");
    group.bench_function("uniform", |bencher| bencher.iter(|| uniform(&mut stream)));
    group.bench_function("normal", |bencher| bencher.iter(|| normal(&mut stream)));
    group.bench_function("poisson of mean 144", |bencher| {
        bencher.iter(|| poisson(&mut stream, black_box(144.0)));
    });
    group.finish();
}

criterion_group!(
    benches,
    day,
    replica,
    whole_model,
    ensembles,
    metrics,
    draws
);
criterion_main!(benches);
