//! What fifteen years of mining need: machines of many ages, newcomers and overheads of their time, luck that stays or not.

use hashdrift::engine::Purchase;

use super::*;

/// Equal firms with equal machines in one place, which buy more of the same.
const EQUAL: &str = r#"
name = "Equal"
start = 2015-01-01
days = 1461
record_every_days = 30
replicas = 4
[bitcoin]
height = 930_000
network_ehs = 1.0
hash_is = "nameplate"
price = { model = "gbm", usd = 1000.0, drift = 0.5, volatility = 0.5 }
[firms]
count = 64
tail_cap = 1.0
efficiency = { model = "normal", mean = 100.0, sd = 0.0, min = 50.0, max = 200.0 }
[hardware]
usd_per_th = 80.0
frontier = { model = "steps", steps = [{ from = 2015-01-01, j_per_th = 100.0 }, { from = 2017-01-01, j_per_th = 20.0 }] }
retire_per_year = 0.1
exit_after_idle_days = 200.0
efficiency_spread = 0.2
[growth]
rate_per_month = 0.1
cap_per_month = 0.5
hurdle = 0.5
discount_rate = 0.2
lead_days = 20
[moving]
review_days = 1
[regions.world]
share = 1.0
power = { usd_per_mwh = 50.0, intraday_sd = 0.3 }
"#;

fn equal(changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    parse_scenario("equal", EQUAL, &changes, &[]).unwrap_or_else(|refused| panic!("{refused}"))
}

/// Watches one history of a scenario.
fn watch<O: Observer>(scenario: &Scenario, mut observer: O) -> O {
    let model = Model::new(scenario);
    let mut records = vec![0.0; model.record_len()];
    let ran = model.run_replica(0, &mut records, &mut observer);
    ran.unwrap_or_else(|error| panic!("{error}"));
    observer
}

/// Bits of all records.
fn bits(scenario: &Scenario) -> Vec<u64> {
    let results = ensemble::run(scenario).unwrap_or_else(|error| panic!("{error}"));
    (0..results.replicas as usize)
        .flat_map(|replica| results.replica(replica).iter().map(|x| x.to_bits()))
        .collect()
}

#[test]
fn equal_miners_without_luck_stay_equal_over_years_of_growth() {
    let run = |changes: &[&str]| {
        let results = ensemble::run(&equal(changes)).unwrap_or_else(|error| panic!("{error}"));
        let of = |level, metric: &str| mean(&results, results.last(), level, ALL, metric);
        let grown = of(Level::Network, "nameplate_hash_rate");
        (
            grown,
            of(Level::Firm, "nameplate_hhi"),
            of(Level::Firm, "active"),
        )
    };
    // Machines of two ages: each firm has two fleets or more.
    let (grown, hhi, active) = run(&["growth.join_within=2.0"]);
    assert!(grown > 5.0, "{grown}");
    assert_eq!(active, 64.0);
    assert!((hhi * 64.0 - 1.0).abs() < 1e-9, "{hhi}");
    // The same with luck is unequal, so the test would see it.
    let (_, hhi, _) = run(&["growth.join_within=2.0", "growth.luck_sd=0.4"]);
    assert!(hhi * 64.0 > 1.01, "{hhi}");
}

/// Value over cost on each day on which somebody bought, and hash rates at the end.
#[derive(Default)]
struct Growths {
    days: Vec<(u32, f64)>,
    hash: Vec<f64>,
}

impl Observer for Growths {
    fn purchase(&mut self, purchase: &Purchase<'_>, _: &Fleets) {
        let worth = purchase.value / purchase.cost;
        match self.days.last() {
            Some((day, known)) if *day == purchase.day => assert_eq!(*known, worth),
            _ => self.days.push((purchase.day, worth)),
        }
    }
    fn day(&mut self, _: &Day<'_>, fleets: &Fleets, _: u64) {
        self.hash.clear();
        self.hash.extend(fleets.iter().map(|fleet| fleet.hash_phs));
    }
}

/// Mean and variance of `ln(1 + g)` for a purchase at a luck of mean 1 and spread `sd`, by the trapezoidal rule over the normal law.
fn moments_of_growth(worth: f64, sd: f64, (rate, cap, hurdle): (f64, f64, f64)) -> (f64, f64) {
    const STEPS: i32 = 4000;
    let (mut weight, mut first, mut second) = (0.0, 0.0, 0.0);
    for step in -STEPS..=STEPS {
        let z = 8.0 * f64::from(step) / f64::from(STEPS);
        let density = libm::exp(-0.5 * z * z);
        let luck = libm::exp(sd * z - 0.5 * sd * sd);
        let bought = (rate * (luck * worth / hurdle - 1.0)).clamp(0.0, cap) / 30.4375;
        let log = libm::log(1.0 + bought);
        weight += density;
        first += density * log;
        second += density * log * log;
    }
    let mean = first / weight;
    (mean, second / weight - mean * mean)
}

#[test]
fn fresh_luck_alone_is_gibrats_law_with_the_variance_that_the_law_of_purchases_has() {
    let firms = 4000.0;
    let changes = [
        "firms.count=4000",
        "days=301",
        "growth.luck_sd=0.8",
        "growth.luck_persistence=0.0",
        "growth.lead_days=1",
        "hardware.retire_per_year=0.0",
        "hardware.exit_after_idle_days=inf",
        "growth.rate_per_month=0.5",
        "growth.cap_per_month=2.0",
        "bitcoin.price={ model = \"gbm\", usd = 1500.0, drift = 3.0, volatility = 0.0 }",
    ];
    let seen = watch(&equal(&changes), Growths::default());
    assert!(seen.days.len() > 150, "{}", seen.days.len());
    // What was ordered on the last day is still on its way.
    let (mut expected_mean, mut expected_variance) = (0.0, 0.0);
    for (_, worth) in seen.days.iter().filter(|(day, _)| *day < 300) {
        let (mean, variance) = moments_of_growth(*worth, 0.8, (0.5, 2.0, 0.5));
        expected_mean += mean;
        expected_variance += variance;
    }
    let start = 1000.0 / firms;
    let sizes = || seen.hash.iter().map(|hash| libm::log(hash / start));
    let mean = sizes().sum::<f64>() / firms;
    let squares: f64 = sizes().map(|size| (size - mean) * (size - mean)).sum();
    let variance = squares / (firms - 1.0);
    // Standard errors of the two, the law of a sum of so many being normal in all but name; four of them are met but once in 16,000.
    let error_of_mean = (expected_variance / firms).sqrt();
    let error_of_variance = expected_variance * (2.0 / (firms - 1.0)).sqrt();
    assert!(expected_mean > 10.0 * error_of_mean && expected_variance > 0.005);
    assert!(
        (mean - expected_mean).abs() < 4.0 * error_of_mean,
        "{mean} {expected_mean} +- {error_of_mean}"
    );
    assert!(
        (variance - expected_variance).abs() < 4.0 * error_of_variance,
        "{variance} {expected_variance} +- {error_of_variance}"
    );
    // Luck that stays adds up to far more.
    let mut changes = changes;
    changes[3] = "growth.luck_persistence=1.0";
    let seen = watch(&equal(&changes), Growths::default());
    let logs: Vec<f64> = seen.hash.iter().map(|hash| libm::log(*hash)).collect();
    let mean = logs.iter().sum::<f64>() / firms;
    let own = logs
        .iter()
        .map(|log| (log - mean) * (log - mean))
        .sum::<f64>()
        / firms;
    assert!(own > 50.0 * variance, "{own} {variance}");
}

/// Load of each firm that has machines, MW, at the end.
#[derive(Default)]
struct Sizes(Vec<f64>);

impl Observer for Sizes {
    fn day(&mut self, _: &Day<'_>, fleets: &Fleets, _: u64) {
        self.0 = vec![0.0; 12];
        for fleet in 0..fleets.len() {
            self.0[fleets[fleet].firm as usize] += fleets.power_mw(fleet);
        }
    }
}

#[test]
fn overhead_closes_those_below_the_least_size_that_pays_for_it_and_no_others() {
    // Twelve firms, each twice the last, half of each in either region: what counts is the size of the firm, not of its fleets.
    let named: Vec<String> = (0..12)
        .map(|n| {
            let ehs = f64::from(1 << n) / 4095.0;
            format!("{{ name = \"{n}\", ehs = {ehs}, regions = {{ north = 0.5, south = 0.5 }} }}")
        })
        .collect();
    let named = format!("firms.named=[{}]", named.join(", "));
    // At 1,000 USD and 1 EH/s a day earns 144 (3.125 BTC) / 1000 PH/s = 450 USD/PH, which breaks even at 187.5 USD/MWh at 100 J/TH:
    // 137.5 above power, so 1.205 million USD a MW and year. The smallest has 0.0244 MW; 0.276 MW lies midway between the fourth and
    // the fifth, in logs.
    let least_mw = 100.0 / 4095.0 * libm::pow(2.0, 3.5);
    let overhead = format!(
        "firms.overhead=[{{ from = 2014-01-01, usd_per_year = 0.0 }}, {{ from = 2015-06-01, usd_per_year = {} }}]",
        least_mw * 137.5 * 8766.0
    );
    let sizes = |days: &str, also: &str| {
        let changes = [
            named.as_str(),
            &overhead,
            days,
            "firms.count=0",
            "bitcoin.price={ model = \"constant\", usd = 1000.0 }",
            "hardware.exit_after_idle_days=60.0",
            "hardware.retire_per_year=0.0",
            "growth.rate_per_month=0.0",
            "moving.review_days=10",
            "moving.consider_per_year=0.0",
            "regions={ north = { share = 0.5, power = { usd_per_mwh = 50.0 } }, south = { share = 0.5, power = { usd_per_mwh = 50.0 } } }",
            also,
        ];
        watch(&equal(&changes), Sizes::default()).0
    };
    let there = |sizes: &[f64]| sizes.iter().filter(|mw| **mw > 0.0).count();
    // 151 days to the step, and at least 60 of patience.
    assert_eq!(there(&sizes("days=210", "replicas=1")), 12);
    let left = sizes("days=240", "replicas=1");
    assert!(left[..4].iter().all(|mw| *mw == 0.0), "{left:?}");
    assert!(left[4..].iter().all(|mw| *mw > 0.0), "{left:?}");
    // Who never gives up does not give up for that either.
    assert_eq!(
        there(&sizes("days=240", "hardware.exit_after_idle_days=inf")),
        12
    );
}

#[test]
fn machines_of_another_age_are_a_fleet_of_their_own() {
    #[derive(Default)]
    struct Between(u32);
    impl Observer for Between {
        fn day(&mut self, _: &Day<'_>, fleets: &Fleets, _: u64) {
            let between = |fleet: &usize| (35.0..55.0).contains(&fleets[*fleet].efficiency);
            let there = |fleet: &usize| fleets[*fleet].hash_phs > 0.0;
            self.0 += (0..fleets.len()).filter(there).filter(between).count() as u32;
        }
    }
    let changes = [
        "growth.replace_in_place=false",
        "bitcoin.price={ model = \"constant\", usd = 1500.0 }",
    ];
    let blended = watch(&equal(&changes), Between::default()).0;
    let apart = [changes.as_slice(), &["growth.join_within=1.5"]].concat();
    let apart = watch(&equal(&apart), Between::default()).0;
    assert!(blended > 0 && apart == 0, "{blended} {apart}");
}

#[test]
fn newcomers_begin_with_what_a_newcomer_of_their_time_buys() {
    /// Firms that are new: the day, and their load, MW.
    #[derive(Default)]
    struct Founded(Vec<(u32, f64)>);
    impl Observer for Founded {
        fn day(&mut self, today: &Day<'_>, fleets: &Fleets, _: u64) {
            for fleet in 64 + self.0.len()..fleets.len() {
                self.0.push((today.day, fleets.power_mw(fleet)));
            }
        }
    }
    let changes = [
        "days=700",
        "growth.entry_share=0.3",
        "growth.entrant_mw=0.5",
        "growth.entrants=[{ from = 2015-07-01, mw = 1.0 }, { from = 2016-06-01, mw = 2.0 }]",
        "bitcoin.price={ model = \"constant\", usd = 2000.0 }",
    ];
    let founded = watch(&equal(&changes), Founded::default()).0;
    let mut sizes = [0; 3];
    for (day, megawatts) in founded {
        // Ordered twenty days before.
        let era = usize::from(day >= 181 + 20) + usize::from(day >= 517 + 20);
        assert!(
            (megawatts - [0.5, 1.0, 2.0][era]).abs() < 1e-9,
            "day {day}: {megawatts} MW"
        );
        sizes[era] += 1;
    }
    assert!(sizes.iter().all(|count| *count > 3), "{sizes:?}");
}

#[test]
fn steps_that_change_nothing_change_no_bit() {
    let changes = [
        "days=500",
        "growth.entry_share=0.3",
        "growth.entrant_mw=0.5",
        "growth.luck_sd=0.4",
    ];
    let with = |more: &str| bits(&equal(&[changes.as_slice(), &[more]].concat()));
    let plain = with("replicas=4");
    assert!(plain == with("growth.entrants=[{ from = 2015-07-01, mw = 0.5 }]"));
    assert!(plain == with("firms.overhead=[{ from = 2015-07-01, usd_per_year = 0.0 }]"));
    assert!(plain == with("firms.overhead=[{ from = 2030-01-01, usd_per_year = 1e9 }]"));
    assert!(plain != with("firms.overhead=[{ from = 2015-07-01, usd_per_year = 1e9 }]"));
}

#[test]
fn the_history_of_mining_is_followed_over_nine_orders_of_magnitude() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let changes = ["replicas=2", "days=2281", "record_every_days=60"].map(str::to_owned);
    let path = root.join("scenarios/from-pc-to-asic.toml");
    let scenario = hashdrift::scenario::load_scenario(&path, &changes)
        .unwrap_or_else(|refused| panic!("{refused}"));
    let results = ensemble::run(&scenario).unwrap_or_else(|error| panic!("{error}"));
    let months = std::fs::read_to_string(root.join("scenarios/history/network-monthly.csv"))
        .expect("it is there");
    let measured = |month: &str| -> Option<f64> {
        let row = months.lines().find(|row| row.starts_with(month))?;
        row.split(',').nth(1)?.parse().ok()
    };
    let mut compared = 0;
    for (date, day) in scenario.record_days().iter().enumerate() {
        let month = scenario.date(*day).to_string();
        let Some(measured) = measured(&month[..7]) else {
            continue;
        };
        let simulated = at(&results, date, Level::Network, ALL, "hash_rate");
        let miss = libm::log(simulated / measured).abs();
        assert!(miss < libm::log(5.0), "{month}: {simulated} {measured}");
        compared += 1;
    }
    assert!(compared > 35);
    // Nobody had more than another at the start; those that are left do.
    let hhi = |date| mean(&results, date, Level::Firm, ALL, "nameplate_hhi");
    assert!((hhi(0) * 2000.0 - 1.0).abs() < 1e-9);
    assert!(hhi(results.last()) > 2.0 * hhi(0));
}
