//! The crate against a second implementation of `core.toml`, in everything that is recorded: the same statistics from
//! other code, other samplers and other random streams.

#[path = "../reference/naive.rs"]
mod reference;

use hashdrift::engine::Model;
use hashdrift::record::{Quantity, quantities};
use hashdrift::scenario::parse_scenario;

/// Standard errors by which two statistics may differ.
///
/// 130 columns on 6 days, each by its mean, its variance and how often it is defined, are 2,340 comparisons. A normal
/// error is above 4.5 once in 147,000: by the sum of all, once in 63 sets of seeds at most; and the seeds are fixed.
const CRITICAL: f64 = 4.5;

/// What a quantity is compared by: what spreads over factors by its logarithm, whose moments have an error to speak of.
fn scale(quantity: &Quantity) -> fn(f64) -> f64 {
    match quantity.metric.as_str() {
        "btc_price" | "hashprice" | "difficulty" | "block_interval" => libm::log,
        metric if metric.starts_with("electricity_cost") => libm::log,
        _ => |value| value,
    }
}

/// Rows of the record `days` of every replica, made by `history` on two threads.
fn sample(
    replicas: u64,
    width: usize,
    days: &[usize],
    history: impl Fn(u64) -> Vec<f64> + Sync,
) -> Vec<Vec<f64>> {
    let kept = |replica| {
        let records = history(replica);
        let rows = days.iter().map(|day| &records[day * width..][..width]);
        rows.flatten().copied().collect::<Vec<f64>>()
    };
    std::thread::scope(|scope| {
        let halves = [0..replicas / 2, replicas / 2..replicas]
            .map(|half| scope.spawn(|| half.map(kept).collect::<Vec<_>>()));
        halves
            .into_iter()
            .flat_map(|half| half.join().expect("it does not panic"))
            .collect()
    })
}

/// An estimate and the square of its standard error.
#[derive(Clone, Copy)]
struct Estimate {
    value: f64,
    squared_error: f64,
}

/// Estimates of the mean, of the variance and of the part that is defined, with the least errors to tell apart: what
/// is fixed by construction varies by rounding alone.
fn estimates(rows: &[Vec<f64>], column: usize, scale: fn(f64) -> f64) -> [(Estimate, f64); 3] {
    let values: Vec<f64> = rows
        .iter()
        .map(|row| row[column])
        .filter(|value| !value.is_nan())
        .map(scale)
        .collect();
    assert!(values.iter().all(|value| value.is_finite()));
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let central =
        |power: &dyn Fn(f64) -> f64| values.iter().map(|x| power(x - mean)).sum::<f64>() / n;
    let variance = central(&|d| d * d);
    let fourth = central(&|d| d * d * d * d);
    let defined = n / rows.len() as f64;
    let estimate = |value, squared: f64, n| Estimate {
        value,
        squared_error: squared / n,
    };
    [
        (estimate(mean, variance, n), 1e-12 * (1.0 + mean.abs())),
        (
            estimate(variance, fourth - variance * variance, n),
            1e-18 * (1.0 + mean * mean),
        ),
        (
            estimate(defined, defined * (1.0 - defined), rows.len() as f64),
            0.0,
        ),
    ]
}

#[test]
fn an_independent_implementation_gives_the_same_statistics_of_every_quantity() {
    let (firms, replicas) = if cfg!(debug_assertions) {
        (200, 40)
    } else {
        (200, 2000)
    };
    let (days, every) = (1826, 7);
    let changes = [format!("firms.count={firms}")];
    let text = include_str!("../../scenarios/core.toml");
    let scenario = parse_scenario("core", text, &changes, &[]).expect("it is valid");
    let quantities = quantities(&scenario);
    let width = quantities.len();
    let last = scenario.record_days().len() - 1;
    let dates = [0, 8, last / 8, last / 4, last / 2, last];

    let model = Model::new(&scenario);
    let ours = sample(replicas, width, &dates, |replica| {
        let mut records = vec![0.0; model.record_len()];
        model
            .run_replica(replica, &mut records, &mut ())
            .expect("it runs");
        records
    });
    let theirs = sample(replicas, width, &dates, |replica| {
        let records = reference::history(900_000 + replica, firms, days, every);
        assert!(records.iter().all(|row| row.len() == width));
        assert_eq!(records.len(), last + 1);
        records.concat()
    });

    let (mut compared, mut different) = (0, Vec::new());
    for (date, record) in dates.into_iter().enumerate() {
        for (quantity, named) in quantities.iter().enumerate() {
            let column = date * width + quantity;
            let ours = estimates(&ours, column, scale(named));
            let theirs = estimates(&theirs, column, scale(named));
            let what = ["mean", "variance", "defined part"];
            for ((what, (a, least)), (b, _)) in what.into_iter().zip(ours).zip(theirs) {
                let error = (a.squared_error + b.squared_error).max(0.0).sqrt() + least;
                compared += 1;
                // Where one side has no value at all its defined part tells.
                if (a.value - b.value).abs() > CRITICAL * error {
                    different.push(format!(
                        "{what} of {} of {}, record {record}: {} against {}, standard error {error}",
                        named.metric, named.name, a.value, b.value
                    ));
                }
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(compared, 6 * 131 * 3);
}
