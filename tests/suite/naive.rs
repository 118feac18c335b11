//! A second implementation of `core.toml`, written from its text: every fleet visited every day, every
//! block drawn on its own, other samplers, other random streams. Slow, plain, and the yardstick: the
//! crate's statistics have to agree with it within four standard errors.
#![expect(
    clippy::disallowed_methods,
    clippy::needless_range_loop,
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "one history in one piece, with the platform's mathematics: nothing here is promised to the bit"
)]

use hashdrift::ensemble;
use hashdrift::record::{ALL, Level};
use hashdrift::scenario::parse_scenario;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, Normal, Pareto, StandardNormal};

const SHARES: [f64; 3] = [0.90, 0.07, 0.03];
const BASES: [f64; 3] = [75.0, 52.0, 37.0];
const CAPACITIES: [f64; 3] = [18_000.0, 3_000.0, 2_500.0];
const HASH_EHS: f64 = 900.0;
const YEAR: f64 = 365.25;

struct Fleet {
    phs: f64,
    joules: f64,
    region: usize,
    /// Day from which it runs at its region.
    from_day: i64,
}

/// What a record day shows, a column each; `None` where it is not defined.
type Record = Vec<Option<f64>>;

/// One history of core.toml with `firms` firms.
fn history(seed: u64, firms: usize, days: i64, every: i64) -> Vec<Record> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut fleets = draw_fleets(&mut rng, firms);
    let mut load = [0.0; 3];
    for fleet in &fleets {
        load[fleet.region] += fleet.phs * fleet.joules / 1000.0;
    }
    let capacity: [f64; 3] = std::array::from_fn(|r| CAPACITIES[r].max(load[r]));

    let mut log_price = 95_000.0_f64.ln();
    let mut noise = [0.0_f64; 3];
    let mut ratio_seen = [1.0; 3];
    let mut hashprice_seen = None;
    let mut difficulty = HASH_EHS * 1e18 * 600.0 / 2.0_f64.powi(32);
    let mut height = 925_000_u64;
    let mut in_epoch = 0; // blocks of the epoch found so far
    let mut epoch_start = 0.0; // seconds
    let mut records = Vec::new();

    for day in 0..days {
        log_price += (0.30 - 0.5 * 0.40 * 0.40) / YEAR + 0.40 / YEAR.sqrt() * draw_normal(&mut rng);
        let subsidy = 50.0 / 2.0_f64.powi((height / 210_000) as i32);
        let hashprice = 86_400e15 / (difficulty * 2.0_f64.powi(32)) * subsidy * log_price.exp();
        let (k, s, age) = (4.0, 0.6, (day as f64 + 1.0) / YEAR);
        let mut power = [0.0; 3];
        for r in 0..3 {
            noise[r] = noise[r] * (-k / YEAR).exp()
                + s * ((1.0 - (-2.0 * k / YEAR).exp()) / (2.0 * k)).sqrt() * draw_normal(&mut rng);
            let variance = s * s * (1.0 - (-2.0 * k * age).exp()) / (2.0 * k);
            power[r] = BASES[r] * (noise[r] - variance / 2.0).exp();
        }

        let runs = |fleet: &Fleet| {
            day >= fleet.from_day && hashprice / (0.024 * fleet.joules) >= power[fleet.region]
        };
        let hash: f64 = fleets.iter().filter(|f| runs(f)).map(|f| f.phs).sum();
        if day % every == 0 {
            let known = [
                log_price,
                hashprice.ln(),
                difficulty.ln(),
                height as f64,
                power[0],
                power[1],
                power[2],
            ];
            records.push(observe(&known, &fleets, day, &runs));
        }

        // Blocks, one by one.
        let mut now = day as f64 * 86_400.0;
        let end = now + 86_400.0;
        loop {
            // The sum of no fleets is -0.0, by which a wait would divide to minus infinity.
            if hash <= 0.0 {
                break;
            }
            let wait: f64 = Exp1.sample(&mut rng);
            now += wait * difficulty * 2.0_f64.powi(32) / (hash * 1e15);
            if now >= end {
                break;
            }
            height += 1;
            in_epoch += 1;
            if in_epoch == 1 {
                epoch_start = now;
            }
            if in_epoch == 2016 {
                let span = (now - epoch_start).clamp(302_400.0, 4_838_400.0);
                difficulty = (difficulty * 1_209_600.0 / span).max(1.0);
                in_epoch = 0;
            }
        }

        // Expectations, then the reviews that are due.
        let seen = hashprice_seen.unwrap_or(hashprice);
        let seen = seen + (hashprice - seen) / 30.0;
        hashprice_seen = Some(seen);
        let mut expected = [0.0; 3];
        for r in 0..3 {
            ratio_seen[r] += (power[r] / BASES[r] - ratio_seen[r]) / 30.0;
            expected[r] = BASES[r] * ratio_seen[r];
        }
        for (i, fleet) in fleets.iter_mut().enumerate() {
            let due = (day - i as i64).rem_euclid(30) == 0;
            if !due || day < fleet.from_day {
                continue;
            }
            let mw = fleet.phs * fleet.joules / 1000.0;
            let margin = |r: usize| (seen / (0.024 * fleet.joules) - expected[r]).max(0.0);
            let here = fleet.region;
            let weight: [f64; 3] = std::array::from_fn(|r| {
                if r == here {
                    return (margin(r) / 5.0).exp();
                }
                if load[r] + mw > capacity[r] {
                    return 0.0;
                }
                let cost = (1e6 / fleet.joules * 4.0 + 24.0 * 45.0 * margin(here)) / (8766.0 * 2.0);
                ((margin(r) - cost) / 5.0).exp()
            });
            let mut left = rng.random::<f64>() * weight.iter().sum::<f64>();
            let mut choice = here;
            for (r, weight) in weight.iter().enumerate() {
                left -= weight;
                if left < 0.0 {
                    choice = r;
                    break;
                }
            }
            if choice != here {
                load[here] -= mw;
                load[choice] += mw;
                fleet.region = choice;
                fleet.from_day = day + 45;
            }
        }
    }
    records
}

fn draw_normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn draw_fleets(rng: &mut ChaCha8Rng, firms: usize) -> Vec<Fleet> {
    let size = Pareto::new(1.0, 1.3).expect("a proper law");
    let efficiency = Normal::new(18.0, 5.0).expect("a proper law");
    let mut fleets: Vec<Fleet> = (0..firms)
        .map(|_| {
            let u: f64 = rng.random();
            let joules = loop {
                let joules: f64 = efficiency.sample(rng);
                if (13.0..=38.0).contains(&joules) {
                    break joules;
                }
            };
            Fleet {
                phs: f64::min(size.sample(rng), 2000.0),
                joules,
                region: if u < SHARES[0] {
                    0
                } else {
                    2 - usize::from(u < SHARES[0] + SHARES[1])
                },
                from_day: 0,
            }
        })
        .collect();
    for r in 0..3 {
        let drawn: f64 = fleets.iter().filter(|f| f.region == r).map(|f| f.phs).sum();
        for fleet in fleets.iter_mut().filter(|f| f.region == r) {
            fleet.phs *= SHARES[r] * HASH_EHS * 1000.0 / drawn;
        }
    }
    fleets
}

/// The columns of [`COLUMNS`], in their order.
fn observe(known: &[f64; 7], fleets: &[Fleet], day: i64, runs: &dyn Fn(&Fleet) -> bool) -> Record {
    let mut running = [0.0; 3];
    let mut placed = [0.0; 3];
    let mut firms = Vec::new();
    let mut transit = 0.0;
    for fleet in fleets {
        if day < fleet.from_day {
            transit += fleet.phs;
            continue;
        }
        placed[fleet.region] += fleet.phs;
        if runs(fleet) {
            running[fleet.region] += fleet.phs;
            firms.push(fleet.phs);
        }
    }
    let hash: f64 = running.iter().sum();
    let all: f64 = placed.iter().sum();
    let share = |part: f64| (hash > 0.0).then(|| part / hash);
    let hhi = |parts: &[f64]| {
        (hash > 0.0).then(|| parts.iter().map(|q| (q / hash) * (q / hash)).sum::<f64>())
    };
    firms.sort_by(|a, b| b.total_cmp(a));
    let mut held = 0.0;
    let nakamoto = firms.iter().position(|q| {
        held += q;
        held > hash / 2.0
    });
    let mut record: Record = known.iter().map(|value| Some(*value)).collect();
    record.extend([
        Some(hash / 1000.0),
        Some(transit / 1000.0),
        share(running[0]),
        share(running[1]),
        share(running[2]),
        Some(placed[0] / all),
        Some(placed[1] / all),
        Some(placed[2] / all),
        hhi(&running),
        hhi(&firms),
        nakamoto.map(|index| index as f64 + 1.0),
    ]);
    record
}

/// The same columns in the crate's records: level, name, metric, and what to do with the value.
const COLUMNS: [(Level, &str, &str, fn(f64) -> f64); 18] = [
    (Level::Network, ALL, "btc_price", libm::log),
    (Level::Network, ALL, "hashprice", libm::log),
    (Level::Network, ALL, "difficulty", libm::log),
    (Level::Network, ALL, "height", same),
    (Level::Region, "us", "power_price", same),
    (Level::Region, "paraguay", "power_price", same),
    (Level::Region, "ethiopia", "power_price", same),
    (Level::Network, ALL, "hash_rate", same),
    (Level::Network, ALL, "transit_hash_rate", same),
    (Level::Region, "us", "share", same),
    (Level::Region, "paraguay", "share", same),
    (Level::Region, "ethiopia", "share", same),
    (Level::Region, "us", "nameplate_share", same),
    (Level::Region, "paraguay", "nameplate_share", same),
    (Level::Region, "ethiopia", "nameplate_share", same),
    (Level::Region, ALL, "hhi", same),
    (Level::Firm, ALL, "hhi", same),
    (Level::Firm, ALL, "nakamoto_half", same),
];

fn same(value: f64) -> f64 {
    value
}

/// Number, mean, variance, and the variance of the variance's estimate.
fn moments(values: impl Iterator<Item = f64>) -> (f64, f64, f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let central = |power: i32| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
    let variance = central(2);
    (n, mean, variance, (central(4) - variance * variance) / n)
}

#[test]
fn an_independent_implementation_gives_the_same_statistics() {
    let (firms, replicas) = if cfg!(debug_assertions) {
        (200, 40)
    } else {
        (200, 2000)
    };
    let (days, every) = (1826, 7);
    let changes = [
        format!("firms.count={firms}"),
        format!("replicas={replicas}"),
    ];
    let text = include_str!("../../scenarios/core.toml");
    let scenario = parse_scenario("core", text, &changes, &[]).expect("it is valid");
    let ours = ensemble::run(&scenario).expect("it runs");
    let theirs: Vec<Vec<Record>> = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                (0..replicas / 2)
                    .map(|k| history(900_000 + 2 * k as u64 + half, firms, days, every))
                    .collect::<Vec<_>>()
            })
        });
        halves
            .into_iter()
            .flat_map(|half| half.join().expect("it does not panic"))
            .collect()
    });

    // 18 columns on 6 days, means and variances: 216 comparisons at four standard errors are false
    // alarms once in 70 sets of seeds, and the seeds are fixed.
    let last = ours.last();
    let mut compared = 0;
    for date in [0, 8, last / 8, last / 4, last / 2, last] {
        for (column, (level, name, metric, of)) in COLUMNS.into_iter().enumerate() {
            let quantity = ours.find(level, name, metric).expect("it is recorded");
            let width = ours.quantities.len();
            let (n, mean, variance, spread) = moments(
                (0..ours.replicas as usize)
                    .map(|replica| ours.replica(replica)[date * width + quantity])
                    .filter(|value| !value.is_nan())
                    .map(of),
            );
            let (m, other, other_variance, other_spread) =
                moments(theirs.iter().filter_map(|history| history[date][column]));
            let error = (variance / n + other_variance / m).sqrt() + 1e-12 * (1.0 + mean.abs());
            assert!(
                (mean - other).abs() <= 4.0 * error,
                "{metric} of {name} on record {date}: {mean} against {other}, standard error {error}"
            );
            // What is fixed by construction varies by rounding alone.
            let error = (spread + other_spread).sqrt() + 1e-18 * (1.0 + mean * mean);
            assert!(
                (variance - other_variance).abs() <= 4.0 * error,
                "variance of {metric} of {name} on record {date}: {variance} against {other_variance}, standard error {error}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 6 * 18);
}
