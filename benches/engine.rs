//! Speed by part: one day, one replica, an ensemble, concentration. `cargo bench`.
//!
//! Every input is checked once before it is timed. No disk. Whatever runs whole histories runs many different ones in turn: a
//! processor learns the branches of one that is run again and again, and is then a third faster than it will ever be in use.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hashdrift::concentration::concentration;
use hashdrift::engine::{Model, Observer};
use hashdrift::ensemble;
use hashdrift::random::{
    Purpose, Streams, TruncatedNormal, normal, pareto, poisson, seek_day, uniform,
};
use hashdrift::record::Day;
use hashdrift::scenario::{Scenario, load_scenario, parse_scenario};
use hashdrift::world::fleet::Fleets;

/// Histories in turn, of so many fleets: more than a processor learns.
fn histories(fleets: u64) -> u64 {
    if fleets <= 1_000 { 60 } else { 3 }
}

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
        let mut replicas = (0..histories(fleets)).cycle();
        group.bench_function(BenchmarkId::from_parameter(fleets), |bencher| {
            bencher.iter(|| {
                let replica = replicas.next().unwrap_or_default();
                let run = model.run_replica(replica, black_box(&mut records), &mut ());
                run.expect("the start can be drawn")
            });
        });
    }
    group.finish();
}

/// What records cost: the same histories with a record a week, and with one in all.
fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("records");
    group.sample_size(20);
    for (name, every) in [
        ("weekly", "record_every_days=7"),
        ("one", "record_every_days=1826"),
    ] {
        for fleets in [1_000_u64, 100_000] {
            let scenario = core(&[&format!("firms.count={fleets}"), every]);
            let model = Model::new(&scenario);
            let mut records = vec![0.0; model.record_len()];
            let mut replicas = (0..histories(fleets)).cycle();
            model
                .run_replica(0, &mut records, &mut ())
                .expect("the start can be drawn");
            assert!(records[0] > 0.0);
            group.bench_function(BenchmarkId::new(name, fleets), |bencher| {
                bencher.iter(|| {
                    let replica = replicas.next().unwrap_or_default();
                    let run = model.run_replica(replica, black_box(&mut records), &mut ());
                    run.expect("the start can be drawn")
                });
            });
        }
    }
    group.finish();
}

/// The whole model against the core, both a fleet and day: `global-south.toml` and `core.toml` for five years.
fn whole_model(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fleet-day");
    group.sample_size(10);
    let whole = load_scenario(std::path::Path::new("scenarios/global-south.toml"), &[])
        .expect("the shipped scenario is valid");
    for (name, scenario, replicas) in [("core", core(&[]), 60), ("whole", whole, 6)] {
        let model = Model::new(&scenario);
        let mut records = vec![0.0; model.record_len()];
        let mut fleet_days = FleetDays(0);
        for replica in 0..replicas {
            model
                .run_replica(replica, &mut records, &mut fleet_days)
                .expect("the start can be drawn");
        }
        assert!(fleet_days.0 > replicas * u64::from(scenario.days));
        group.throughput(Throughput::Elements(fleet_days.0));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for replica in 0..replicas {
                    let run = model.run_replica(replica, black_box(&mut records), &mut ());
                    black_box(run).expect("the start can be drawn");
                }
            });
        });
    }
    group.finish();
}

/// Counts fleets that are not gone, day by day.
struct FleetDays(u64);

impl Observer for FleetDays {
    const REVIEWS: bool = false;

    fn day(&mut self, _: &Day<'_>, fleets: &Fleets, _: u64) {
        self.0 += fleets.iter().filter(|fleet| fleet.hash_phs > 0.0).count() as u64;
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

/// Ensembles of short replicas and of long ones, on one thread and on two.
fn threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("threads");
    group.sample_size(10);
    for (name, changes) in [
        ("400 short", ["replicas=400", "days=60"]),
        ("60 long", ["replicas=60", "days=1826"]),
    ] {
        let scenario = core(&changes);
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads can be started");
            let done = pool.install(|| ensemble::run(&scenario).expect("the scenario runs"));
            assert_eq!(done.replicas, scenario.replicas);
            group.bench_function(BenchmarkId::new(name, threads), |bencher| {
                bencher.iter(|| pool.install(|| ensemble::run(black_box(&scenario))));
            });
        }
    }
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

/// The draws of one replica of `core.toml` and nothing else: what no engine with these streams can do without.
fn bound(criterion: &mut Criterion) {
    let (fleets, days, every) = (1000_u32, 1826, 30);
    let efficiency = TruncatedNormal::new(18.0, 5.0, 13.0, 38.0);
    let draw_all = |replica: u64| {
        let streams = Streams::new(1, replica);
        let open = |purpose| streams.open(purpose, 0);
        let mut sum = 0.0;
        let (mut sizes, mut places) = (open(Purpose::FirmSize), open(Purpose::FirmRegion));
        let mut efficiencies = open(Purpose::Efficiency);
        for _ in 0..fleets {
            sum += pareto(uniform(&mut sizes), 1.3) + uniform(&mut places);
            sum += efficiency.quantile(uniform(&mut efficiencies));
        }
        let (mut price, mut blocks) = (open(Purpose::BtcPrice), open(Purpose::Blocks));
        let mut power: Vec<_> = (0..3)
            .map(|region| streams.open(Purpose::PowerPrice, region))
            .collect();
        let mut choices = open(Purpose::Review);
        for day in 0..days {
            sum += normal(&mut price);
            sum += power.iter_mut().map(normal).sum::<f64>();
            seek_day(&mut blocks, day);
            sum += poisson(&mut blocks, 144.0) as f64;
            seek_day(&mut choices, day);
            for _ in (day % every..fleets).step_by(every as usize) {
                sum += uniform(&mut choices);
            }
        }
        sum
    };
    assert!(draw_all(0).is_finite());
    let mut replicas = (0..histories(u64::from(fleets))).cycle();
    criterion.bench_function("bound: the draws of a replica of 1,000 fleets", |bencher| {
        bencher.iter(|| black_box(draw_all(replicas.next().unwrap_or_default())));
    });
}

criterion_group!(
    benches,
    day,
    replica,
    records,
    whole_model,
    ensembles,
    threads,
    metrics,
    draws,
    bound
);
criterion_main!(benches);
