//! What holds in every scenario: invariants over random ones, and signs of the answers.

use std::fmt::Write;

use hashdrift::engine::Model;
use hashdrift::ensemble::{self, Ensemble};
use hashdrift::random::{Purpose, Streams, uniform};
use hashdrift::record::{ALL, Level};
use hashdrift::scenario::parse_scenario;

use crate::limits::core;

/// A random small scenario: two to five regions with whatever a region can have.
fn random_scenario(seed: u64) -> String {
    let mut stream = Streams::new(seed, 0).open(Purpose::Review, 99);
    let mut draw = |low: f64, high: f64| low + (high - low) * uniform(&mut stream);
    let regions = draw(2.0, 6.0) as usize;
    let weights: Vec<f64> = (0..regions).map(|_| draw(0.2, 1.0)).collect();
    let total: f64 = weights.iter().sum();
    let price = [
        "{ model = \"constant\", usd = 90000.0 }",
        "{ model = \"gbm\", usd = 90000.0, drift = 0.1, volatility = 0.6 }",
        "{ model = \"jump\", usd = 90000.0, volatility = 0.4, jumps_per_year = 4.0, jump_mean = -0.1, jump_sd = 0.1 }",
    ][draw(0.0, 3.0) as usize];
    let mut text = format!(
        "name = \"random\"\nstart = 2025-10-15\ndays = {}\nrecord_every_days = {}\nreplicas = 2\nseed = {seed}\n\
         [bitcoin]\nheight = {}\nnetwork_ehs = 900.0\nhash_is = \"nameplate\"\nfee_ratio = {:.3}\nprice = {price}\n\
         [firms]\ncount = {}\ntail_alpha = {:.2}\n{}efficiency = {{ model = \"normal\", mean = 20.0, sd = 5.0, min = 13.0, max = 38.0 }}\n\
         [hardware]\nusd_per_th = 15.0\n\
         [moving]\nreview_days = {}\nconsider_per_year = {}\ndowntime_days = {:.1}\ndowntime_cv = {}\nhalving_known = {}\nspot_memory = {:.2}\nstay_bonus_usd_per_mwh = {:.1}\n",
        draw(60.0, 200.0) as u32,
        draw(1.0, 40.0) as u32,
        draw(1_045_000.0, 1_050_000.0) as u32,
        draw(0.0, 0.1),
        draw(10.0, 60.0) as u32,
        draw(0.8, 2.0),
        if draw(0.0, 1.0) < 0.3 {
            "max_fleet_mw = 150.0\n"
        } else {
            ""
        },
        draw(1.0, 40.0) as u32,
        if draw(0.0, 1.0) < 0.5 { "inf" } else { "6.0" },
        draw(1.0, 60.0),
        if draw(0.0, 1.0) < 0.5 { "0.0" } else { "0.6" },
        draw(0.0, 1.0) < 0.5,
        draw(0.0, 1.0),
        draw(-2.0, 5.0),
    );
    // Writing to a String cannot fail.
    for (index, weight) in weights.iter().enumerate() {
        let _ = write!(
            text,
            "[regions.r{index}]\nshare = {}\nmembers = {}\nopen = {}\nduty = {:.2}\n\
             power = {{ usd_per_mwh = {:.1}, pue = {:.2}, volatility = {:.2}, reversion_per_year = {:.1}, season = {{ amplitude = {:.2}, peak_day = {:.0} }} }}\n",
            weight / total,
            if draw(0.0, 1.0) < 0.2 { 5 } else { 1 },
            draw(0.0, 1.0) < 0.8,
            draw(0.0, 0.3),
            draw(30.0, 90.0),
            draw(1.0, 1.3),
            draw(0.0, 1.0),
            draw(0.0, 20.0),
            draw(0.0, 0.4),
            draw(1.0, 365.0),
        );
        if draw(0.0, 1.0) < 0.6 {
            let _ = writeln!(
                text,
                "capacity = {{ start_utilisation = {:.2}, build_mw_per_month = {:.0} }}",
                draw(0.5, 1.0),
                draw(0.0, 100.0)
            );
        }
    }
    text
}

#[test]
fn random_scenarios_keep_the_laws() {
    for seed in 0..150 {
        let text = random_scenario(seed);
        let scenario = parse_scenario("random", &text, &[], &[])
            .unwrap_or_else(|refused| panic!("seed {seed}: {refused}\n{text}"));
        let results =
            ensemble::run(&scenario).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let model = Model::new(&scenario);
        for replica in 0..2 {
            let values = results.replica(replica);
            let mut alone = vec![0.0; values.len()];
            model
                .run_replica(replica as u64, &mut alone, &mut ())
                .expect("it ran before");
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(values),
                bits(&alone),
                "seed {seed}: a replica alone differs"
            );
            for date in 0..results.dates.len() {
                check_record(
                    &scenario
                        .regions
                        .iter()
                        .map(|r| r.id.clone())
                        .collect::<Vec<_>>(),
                    &results,
                    values,
                    date,
                    seed,
                );
            }
        }
        // Shares of the first day are those of the scenario.
        for region in &scenario.regions {
            let share = value(
                &results,
                results.replica(0),
                0,
                Level::Region,
                &region.id,
                "nameplate_share",
            );
            assert!(
                (share - region.share.get()).abs() < 1e-9,
                "seed {seed}: {share}"
            );
        }
    }
}

/// A recorded value of one replica.
fn value(
    results: &Ensemble,
    values: &[f64],
    date: usize,
    level: Level,
    name: &str,
    metric: &str,
) -> f64 {
    let quantity = results.find(level, name, metric).expect("it is recorded");
    values[date * results.quantities.len() + quantity]
}

fn check_record(regions: &[String], results: &Ensemble, values: &[f64], date: usize, seed: u64) {
    let network = |metric| value(results, values, date, Level::Network, ALL, metric);
    let of = |id: &str, metric| value(results, values, date, Level::Region, id, metric);
    let at = format!("seed {seed}, record {date}");
    let running = network("hash_rate");
    assert!(network("difficulty") >= 1.0, "{at}");
    let all = network("nameplate_hash_rate");
    assert!(
        (all / 900.0 - 1.0).abs() < 1e-9,
        "{at}: machines came or went: {all}"
    );
    let parts = running + network("idle_hash_rate") + network("transit_hash_rate");
    assert!(
        (parts / all - 1.0).abs() < 1e-9,
        "{at}: running, idle and moving are not all"
    );
    if running > 0.0 {
        let shares: f64 = regions.iter().map(|id| of(id, "share")).sum();
        assert!(
            (shares - 1.0).abs() < 1e-12,
            "{at}: shares add up to {shares}"
        );
        for level in [Level::Region, Level::Firm] {
            let metric = |name| value(results, values, date, level, ALL, name);
            let (hhi, active) = (metric("hhi"), metric("active"));
            assert!(
                hhi >= 1.0 / active - 1e-12 && hhi <= 1.0 + 1e-12,
                "{at}: HHI {hhi} of {active}"
            );
            assert!(
                metric("nakamoto_third") <= metric("nakamoto_two_thirds"),
                "{at}"
            );
            assert!(metric("top_1") <= metric("top_3") + 1e-12, "{at}");
        }
    } else {
        assert!(
            regions.iter().all(|id| of(id, "share").is_nan()),
            "{at}: a share of nothing"
        );
    }
    for id in regions {
        let (load, capacity) = (of(id, "load"), of(id, "capacity"));
        assert!(
            capacity.is_nan() || load <= capacity * (1.0 + 1e-9),
            "{at}: {load} in {capacity}"
        );
    }
    assert!(!values.iter().any(|value| value.is_infinite()), "{at}");
}

/// Mean nameplate share of a region at the end, and its standard error.
fn end_share(changes: &[&str], region: &str) -> (f64, f64) {
    let mut all = vec!["days=365", "replicas=60", "firms.count=150"];
    all.extend(changes);
    let results = ensemble::run(&core(&all)).expect("it runs");
    let quantity = results
        .find(Level::Region, region, "nameplate_share")
        .expect("it is recorded");
    let end = results
        .summary(results.last(), quantity)
        .expect("it has a value");
    (end.mean, end.standard_error.expect("there are replicas"))
}

/// Room for everyone: what is left of the answer when no capacity stops it.
const ROOM: [&str; 2] = [
    "regions.paraguay.capacity.mw=50000.0",
    "regions.ethiopia.capacity.mw=50000.0",
];

#[test]
fn dearer_power_never_raises_a_regions_mean_share() {
    let prices = ["37.0", "42.0", "47.0", "52.0", "60.0", "75.0"];
    let shares = prices.map(|usd| {
        end_share(
            &[
                ROOM[0],
                ROOM[1],
                &format!("regions.us.power.usd_per_mwh={usd}"),
            ],
            "us",
        )
        .0
    });
    assert!(
        shares.windows(2).all(|pair| pair[1] <= pair[0]),
        "{shares:?}"
    );
    assert!(shares[5] < shares[0] - 0.05, "{shares:?}");
}

#[test]
fn free_capacity_elsewhere_never_raises_a_regions_mean_share() {
    let shares = ["600.0", "1000.0", "2500.0", "5000.0"]
        .map(|mw| end_share(&[&format!("regions.ethiopia.capacity.mw={mw}")], "us").0);
    assert!(
        shares.windows(2).all(|pair| pair[1] <= pair[0]),
        "{shares:?}"
    );
}

#[test]
fn a_longer_horizon_moves_more() {
    let moved = |years: &str| {
        end_share(
            &[ROOM[0], ROOM[1], &format!("moving.horizon_years={years}")],
            "us",
        )
        .0
    };
    let shares = ["0.5", "1.0", "2.0", "4.0"].map(moved);
    assert!(
        shares.windows(2).all(|pair| pair[1] <= pair[0] + 1e-3),
        "{shares:?}"
    );
    assert!(shares[3] < shares[0] - 0.02, "{shares:?}");
}

#[test]
fn closed_regions_gain_nothing() {
    let (share, _) = end_share(&["regions.ethiopia.open=false", "days=200"], "ethiopia");
    assert!(share <= 0.031, "{share}");
}

#[test]
fn optional_keys_at_their_neutral_values_change_no_byte() {
    let small = ["days=200", "replicas=3", "firms.count=100"];
    let neutral = [
        "regions.us.tax=0.0",
        "regions.us.duty=0.0",
        "regions.us.members=1",
        "regions.us.size=1.0",
        "regions.us.open=true",
        "regions.us.appeal_usd_per_mwh=0.0",
        "regions.us.deposit_usd_per_mw=0.0",
        "regions.us.power.trend_per_year=0.0",
        "regions.us.power.season={ amplitude = 0.0, peak_day = 100.0 }",
        "regions.us.power.adder_usd_per_mwh=0.0",
        "regions.us.power.pue=1.0",
        "regions.us.capacity.build_mw_per_month=0.0",
        "power.correlation=0.0",
        "moving.downtime_cv=0.0",
        "moving.breakage=0.0",
        "moving.stay_bonus_usd_per_mwh=0.0",
        "moving.home_bonus_usd_per_mwh=0.0",
        "moving.hashprice_decay=0.0",
        "moving.halving_known=false",
        "moving.pool_fee=0.0",
    ];
    let run = |changes: &[&str]| {
        let results = ensemble::run(&core(changes)).expect("it runs");
        let bits = |replica| {
            results
                .replica(replica)
                .iter()
                .map(|v| v.to_bits())
                .collect::<Vec<_>>()
        };
        [bits(0), bits(1), bits(2)]
    };
    let plain = run(&small);
    for key in neutral {
        let mut with = small.to_vec();
        with.push(key);
        assert!(run(&with) == plain, "{key} is not neutral");
    }
}

#[test]
fn the_order_of_the_regions_changes_nothing_but_luck() {
    let text = include_str!("../../scenarios/core.toml");
    let at = text.find("[regions.us]").expect("it is there");
    let (head, regions) = text.split_at(at);
    let mut parts: Vec<&str> = regions.split_inclusive("\n\n").collect();
    parts.reverse();
    let turned = format!("{head}{}", parts.join("\n\n"));
    let changes = ["days=365", "replicas=200", "firms.count=150"].map(str::to_owned);
    let share = |text: &str| {
        let scenario = parse_scenario("core", text, &changes, &[]).expect("it is valid");
        let results = ensemble::run(&scenario).expect("it runs");
        let quantity = results
            .find(Level::Region, "ethiopia", "nameplate_share")
            .expect("it is recorded");
        let end = *results
            .summary(results.last(), quantity)
            .expect("it has a value");
        (end.mean, end.standard_error.expect("there are replicas"))
    };
    let ((a, error_a), (b, error_b)) = (share(text), share(&turned));
    let error = (error_a * error_a + error_b * error_b).sqrt();
    assert!(
        (a - b).abs() < 4.0 * error,
        "{a} and {b}, standard error {error}"
    );
}
