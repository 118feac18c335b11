//! Laws that hold in every scenario, whatever its numbers: checked on random small ones (`random`), and,
//! where a law is about means, on ensembles of `core.toml`.

use hashdrift::ensemble::{self, Ensemble};
use hashdrift::record::{ALL, Level};
use hashdrift::scenario::{Scenario, parse_scenario};
use hashdrift::world::network::Network;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};

mod random;

use super::limits::mean_and_error;

const CORE: &str = include_str!("../../scenarios/core.toml");

/// Replicas of a test about means: fewer in a debug build, which is some twenty times slower.
const fn replicas(release: usize) -> usize {
    if cfg!(debug_assertions) {
        release / 8
    } else {
        release
    }
}

pub fn parse(text: &str, changes: &[String]) -> Scenario {
    parse_scenario("a law", text, changes, &[])
        .unwrap_or_else(|refused| panic!("{refused}\n{changes:?}\n{text}"))
}

pub fn run(text: &str, changes: &[String]) -> Ensemble {
    ensemble::run(&parse(text, changes)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn changes(list: &[&str]) -> Vec<String> {
    list.iter().map(|change| (*change).to_owned()).collect()
}

/// Value of a quantity on a record day of a replica; `None` where it is not defined.
fn value(
    results: &Ensemble,
    replica: usize,
    date: usize,
    level: Level,
    name: &str,
    metric: &str,
) -> Option<f64> {
    let quantity = results
        .find(level, name, metric)
        .unwrap_or_else(|| panic!("{metric} of {name} is not recorded"));
    let value = results.replica(replica)[date * results.quantities.len() + quantity];
    (!value.is_nan()).then_some(value)
}

/// Mean over replicas of a quantity on a record day, and its standard error.
fn mean(results: &Ensemble, date: usize, name: &str, metric: &str) -> (f64, f64) {
    let quantity = results
        .find(Level::Region, name, metric)
        .unwrap_or_else(|| panic!("{metric} of {name} is not recorded"));
    let summary = results.summary(date, quantity).expect("it is defined");
    (summary.mean, summary.standard_error.expect("many replicas"))
}

/// Mean over replicas and record days of a region's quantity.
fn overall_mean(results: &Ensemble, name: &str, metric: &str) -> f64 {
    let dates = results.dates.len();
    let sum: f64 = (0..dates).map(|d| mean(results, d, name, metric).0).sum();
    sum / dates as f64
}

/// Equal within four standard errors: one comparison in 16,000 fails by chance, and seeds are fixed.
fn same_in_law(what: &str, (a, error_a): (f64, f64), (b, error_b): (f64, f64)) {
    let error = (error_a * error_a + error_b * error_b).sqrt() + 1e-12;
    assert!(
        (a - b).abs() <= 4.0 * error,
        "{what}: {a} against {b}, standard error {error}"
    );
}

#[test]
fn the_running_shares_at_the_start_are_those_of_the_scenario() {
    // Nothing is random but the firms, so the first day runs as the start was reckoned.
    let results = run(
        CORE,
        &changes(&[
            "days=1",
            "replicas=50",
            "firms.count=200",
            "bitcoin.hash_is=\"running\"",
            "bitcoin.price={ model = \"constant\", usd = 95000.0 }",
            "regions.us.power={ usd_per_mwh = 75.0 }",
            "regions.paraguay.power={ usd_per_mwh = 52.0 }",
            "regions.ethiopia.power={ usd_per_mwh = 37.0 }",
        ]),
    );
    for replica in 0..50 {
        let of = |level, name: &str, metric: &str| {
            value(&results, replica, 0, level, name, metric).expect("it is defined")
        };
        assert!((of(Level::Network, ALL, "hash_rate") - 900.0).abs() < 1e-9);
        // At 75 USD/MWh the worst machines stand still: they come on top of what runs.
        assert!(of(Level::Network, ALL, "idle_hash_rate") > 0.0);
        for (id, share) in [("us", 0.9), ("paraguay", 0.07), ("ethiopia", 0.03)] {
            assert!((of(Level::Region, id, "share") - share).abs() < 1e-12);
        }
    }
}

// ---- Blocks --------------------------------------------------------------------------------------------

/// Hash rate of a day, PH/s: it doubles on the eighth day and falls to a quarter on the sixteenth, so that
/// retargets come inside days and one day may see the end of an epoch and the start of the next.
fn hash_of_day(day: u32) -> f64 {
    900_000.0 * [1.0, 2.0, 0.5][(day / 8).min(2) as usize]
}

/// Blocks so far and log difficulty after each day, every block drawn on its own.
fn blocks_one_by_one(difficulty: f64, days: u32, random: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let (mut difficulty, mut blocks, mut in_epoch) = (difficulty, 0_u32, 0_u32);
    let (mut now, mut epoch_start) = (0.0, 0.0);
    let mut by_day = Vec::new();
    for day in 0..days {
        let end = f64::from(day + 1) * 86_400.0;
        loop {
            let mean = difficulty * 4_294_967_296.0 / (hash_of_day(day) * 1e15);
            let wait: f64 = Exp1.sample(random);
            if now + wait * mean >= end {
                // The process has no memory, so the next day may start afresh.
                now = end;
                break;
            }
            now += wait * mean;
            blocks += 1;
            in_epoch += 1;
            if in_epoch == 1 {
                epoch_start = now;
            } else if in_epoch == 2016 {
                let span = f64::clamp(now - epoch_start, 302_400.0, 4_838_400.0);
                difficulty *= 1_209_600.0 / span;
                in_epoch = 0;
            }
        }
        by_day.push([f64::from(blocks), libm::log(difficulty)]);
    }
    by_day
}

#[test]
fn a_day_of_blocks_in_few_draws_has_the_law_of_blocks_one_by_one() {
    let scenario = parse(CORE, &[]);
    let (days, histories) = (32, replicas(4000) as u64);
    let in_few_draws = |history: u64| {
        let mut network = Network::new(&scenario.bitcoin);
        let mut random = ChaCha8Rng::seed_from_u64(history);
        let mut blocks = 0;
        (0..days)
            .map(|day| {
                blocks += network.mine_day(day, hash_of_day(day), &mut random);
                [blocks as f64, libm::log(network.difficulty)]
            })
            .collect::<Vec<_>>()
    };
    let one_by_one = |history: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(1_000_000 + history);
        blocks_one_by_one(scenario.bitcoin.difficulty, days, &mut random)
    };
    let ours: Vec<_> = (0..histories).map(in_few_draws).collect();
    let theirs: Vec<_> = (0..histories).map(one_by_one).collect();
    for day in [0, 6, 9, 10, 11, 12, 16, 20, 25, 28, 31] {
        for (index, what) in ["blocks", "log difficulty"].into_iter().enumerate() {
            let column =
                |all: &[Vec<[f64; 2]>]| all.iter().map(|h| h[day][index]).collect::<Vec<_>>();
            let (a, b) = (column(&ours), column(&theirs));
            let (mean_a, mean_b) = (mean_and_error(&a), mean_and_error(&b));
            same_in_law(&format!("{what}, day {day}"), mean_a, mean_b);
            // The variance is the mean of squared deviations.
            let squares = |x: &[f64], mean: f64| {
                x.iter()
                    .map(|x| (x - mean) * (x - mean))
                    .collect::<Vec<_>>()
            };
            let (a, b) = (squares(&a, mean_a.0), squares(&b, mean_b.0));
            let (a, b) = (mean_and_error(&a), mean_and_error(&b));
            same_in_law(&format!("variance of {what}, day {day}"), a, b);
        }
    }
}

// ---- Laws about means -------------------------------------------------------------------------------

#[test]
fn the_order_of_the_regions_does_not_matter() {
    let first = CORE.find("[regions.us]").expect("core.toml has it");
    let (head, regions) = CORE.split_at(first);
    let blocks: Vec<&str> = regions.trim().split("\n\n").collect();
    assert_eq!(blocks.len(), 3);
    let turned = format!("{head}{}\n\n{}\n\n{}\n", blocks[2], blocks[0], blocks[1]);
    let changes = |seed: u64| {
        changes(&[
            &format!("seed={seed}"),
            &format!("replicas={}", replicas(800)),
            "firms.count=200",
            "firms.tail_cap=20.0",
            "days=241",
            "record_every_days=40",
            // Places differ by less than the choice blurs, so an order that mattered would show.
            "regions.us.power.usd_per_mwh=55.0",
            "regions.paraguay.power.usd_per_mwh=50.0",
            "regions.ethiopia.power.usd_per_mwh=48.0",
            "expectations.spot_memory=0.0",
            "bitcoin.price.volatility=0.1",
            // Moves are cheap and pay, so the choice decides; one of the small regions fills up.
            "regions.paraguay.capacity.mw=5000.0",
            "regions.ethiopia.capacity.mw=1e5",
            "moving.consider_per_year=4.0",
            "bitcoin.price.usd=150000.0",
            "moving.ship_usd_per_th=0.5",
            "moving.downtime_days=10.0",
        ])
    };
    let (one, other) = (run(CORE, &changes(1)), run(&turned, &changes(2)));
    let (us, _) = mean(&one, one.last(), "us", "nameplate_share");
    assert!(us < 0.8, "{us}: nothing moves");
    for date in 1..one.dates.len() {
        for region in ["us", "paraguay", "ethiopia"] {
            for metric in ["nameplate_share", "hash_rate", "load"] {
                same_in_law(
                    &format!("{metric} of {region} on record {date}"),
                    mean(&one, date, region, metric),
                    mean(&other, date, region, metric),
                );
            }
        }
    }
}

/// A world in which nothing but the choice is left: machines all earn their power, a move costs
/// next to nothing and everyone has room.
const FREE_TO_MOVE: [&str; 11] = [
    "firms.count=100",
    "firms.efficiency={ model = \"normal\", mean = 18.0, sd = 3.0, min = 13.0, max = 25.0 }",
    "bitcoin.price={ model = \"constant\", usd = 200000.0 }",
    "moving.ship_usd_per_th=0.0",
    "moving.downtime_days=1.0",
    "moving.horizon_years=100.0",
    "moving.consider_per_year=4.0",
    "days=181",
    "record_every_days=60",
    "regions.us.power={ usd_per_mwh = 55.0 }",
    "regions.us.capacity.mw=1e6",
];

/// The three regions of a free world, `paraguay` whole or in two halves.
fn free_world(split: bool, seed: u64, more: &[&str]) -> Ensemble {
    let first = CORE.find("[regions.us]").expect("core.toml has it");
    let plain = |id: &str, share: f64, size: f64, usd: f64| {
        format!(
            "[regions.{id}]\nshare = {share:?}\nsize = {size:?}\npower = {{ usd_per_mwh = {usd:?} }}\n"
        )
    };
    let mut text = CORE[..first].to_owned() + "[regions.us]\nshare = 0.5\n[regions.us.capacity]\n";
    text += &if split {
        plain("north", 0.15, 0.5, 50.0) + &plain("south", 0.15, 0.5, 50.0)
    } else {
        plain("paraguay", 0.3, 1.0, 50.0)
    };
    text += &plain("ethiopia", 0.2, 1.0, 48.0);
    let mut list = changes(&FREE_TO_MOVE);
    list.extend(changes(more));
    list.push(format!("seed={seed}"));
    list.push(format!("replicas={}", replicas(800)));
    run(&text, &list)
}

#[test]
fn splitting_a_region_in_halves_of_half_the_size_leaves_the_total() {
    let (whole, split) = (free_world(false, 1, &[]), free_world(true, 2, &[]));
    for date in 1..whole.dates.len() {
        // Load counts machines on their way, so moves between the halves do not show.
        let halves: Vec<f64> = (0..split.replicas as usize)
            .map(|replica| {
                ["north", "south"]
                    .iter()
                    .filter_map(|id| value(&split, replica, date, Level::Region, id, "load"))
                    .sum()
            })
            .collect();
        let together = mean_and_error(&halves);
        same_in_law(
            "both halves",
            mean(&whole, date, "paraguay", "load"),
            together,
        );
        for id in ["us", "ethiopia"] {
            let (one, other) = (
                mean(&whole, date, id, "load"),
                mean(&split, date, id, "load"),
            );
            same_in_law(id, one, other);
        }
    }
}

#[test]
fn splitting_firms_into_many_fleets_leaves_mean_totals() {
    let whole = free_world(false, 1, &[]);
    let split = free_world(false, 2, &["firms.max_fleet_mw=50.0"]);
    let mut narrower = 0;
    for date in 1..whole.dates.len() {
        for id in ["us", "paraguay", "ethiopia"] {
            let metric = "nameplate_hash_rate";
            let (one, other) = (
                mean(&whole, date, id, metric),
                mean(&split, date, id, metric),
            );
            same_in_law(id, one, other);
            narrower += u32::from(other.1 < one.1);
        }
    }
    // Many small fleets are less at the mercy of luck.
    assert_eq!(narrower, 9);
}

/// core.toml with fewer firms and days, and the same luck whatever else is changed.
fn small_core(more: &[String]) -> Ensemble {
    let mut list = changes(&[
        "firms.count=100",
        "days=721",
        "record_every_days=60",
        &format!("replicas={}", replicas(160)),
    ]);
    list.extend_from_slice(more);
    run(CORE, &list)
}

#[test]
fn dearer_power_never_wins_machines_under_the_same_luck() {
    for room in [
        &[][..],
        &[
            "regions.us.capacity.mw=1e5",
            "regions.paraguay.capacity.mw=1e5",
            "regions.ethiopia.capacity.mw=1e5",
        ],
    ] {
        for (id, base) in [("us", 65.0), ("paraguay", 45.0), ("ethiopia", 37.0)] {
            let shares: Vec<f64> = [0.0, 5.0, 10.0, 20.0]
                .iter()
                .map(|more| {
                    let mut list = changes(room);
                    list.push(format!("regions.{id}.power.usd_per_mwh={:?}", base + more));
                    overall_mean(&small_core(&list), id, "nameplate_share")
                })
                .collect();
            assert!(
                shares.is_sorted_by(|cheaper, dearer| cheaper > dearer),
                "{id}, {room:?}: {shares:?}"
            );
        }
    }
}

#[test]
fn room_elsewhere_never_wins_machines_for_the_dear_region() {
    let shares: Vec<f64> = [1200.0, 3000.0, 10_000.0, 100_000.0]
        .iter()
        .map(|megawatts| {
            let list = ["paraguay", "ethiopia"]
                .map(|id| format!("regions.{id}.capacity.mw={megawatts:?}"));
            overall_mean(&small_core(&list), "us", "nameplate_share")
        })
        .collect();
    assert!(
        shares.is_sorted_by(|less, more| less >= more) && shares[0] > shares[3],
        "{shares:?}"
    );
}

#[test]
fn a_longer_horizon_moves_more_machines() {
    // Room for all, so that a place taken early keeps nobody out later.
    let moved: Vec<f64> = [0.25, 0.5, 1.0, 2.0, 4.0]
        .iter()
        .map(|years| {
            let mut list = ["us", "paraguay", "ethiopia"]
                .map(|id| format!("regions.{id}.capacity.mw=1e5"))
                .to_vec();
            list.push(format!("moving.horizon_years={years:?}"));
            let results = small_core(&list);
            results
                .quantities
                .iter()
                .enumerate()
                .filter(|(_, quantity)| quantity.level == Level::Flow)
                .flat_map(|(index, _)| (0..results.dates.len()).map(move |date| (index, date)))
                .filter_map(|(index, date)| results.summary(date, index))
                .map(|summary| summary.mean)
                .sum()
        })
        .collect();
    assert!(moved.is_sorted_by(|short, long| short < long), "{moved:?}");
}
