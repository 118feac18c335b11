//! Cases with a known answer, through the public functions.

use hashdrift::engine::{Decision, Model, Observer};
use hashdrift::ensemble;
use hashdrift::protocol::{
    block_interval_seconds, hashprice, retarget, retarget_compact, subsidy_satoshi,
};
use hashdrift::random::{Purpose, Streams};
use hashdrift::record::{ALL, Level};
use hashdrift::scenario::{Scenario, parse_scenario};
use hashdrift::units::breakeven_power_price;
use hashdrift::world::events::Conditions;
use hashdrift::world::fleet::Fleets;
use hashdrift::world::network::Network;
use hashdrift::world::power::{PowerPlan, PowerPrices};
use hashdrift::world::price::{Price, PricePlan};

/// core.toml with keys changed.
pub fn core(changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let text = include_str!("../../scenarios/core.toml");
    parse_scenario("core", text, &changes, &[]).unwrap_or_else(|refused| panic!("{refused}"))
}

/// Mean and standard error of the mean.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

#[test]
fn hashprice_matches_the_worked_example() {
    assert!((hashprice(1e14, 3.125, 100_000.0) - 62.864).abs() < 5e-4);
}

#[test]
fn retargets_match_bitcoin_cores_vectors() {
    for (bits, first, last, expected) in [
        (0x1d00_ffff, 1_261_130_161, 1_262_152_739, 0x1d00_d86a),
        (0x1d00_ffff, 1_231_006_505, 1_233_061_996, 0x1d00_ffff),
        (0x1c05_a3f4, 1_279_008_237, 1_279_297_671, 0x1c01_68fd),
        (0x1c38_7f6f, 1_263_163_443, 1_269_211_443, 0x1d00_e1fd),
    ] {
        assert_eq!(retarget_compact(bits, first, last), expected, "{bits:x}");
        // The engine's difficulty is the same up to the rounding of compact bits (23 digits).
        let difficulty = |bits: u32| {
            let exponent = (bits >> 24) as i32 - 0x1d;
            let mantissa = f64::from(bits & 0x00ff_ffff);
            65_535.0
                / mantissa
                / (0..exponent.abs()).fold(1.0, |power, _| {
                    if exponent > 0 {
                        power * 256.0
                    } else {
                        power / 256.0
                    }
                })
        };
        let ours = retarget(difficulty(bits), f64::from(last - first));
        assert!(
            (ours / difficulty(expected) - 1.0).abs() < 2e-5,
            "{bits:x}: {ours}"
        );
    }
}

#[test]
fn supply_by_height_is_exact() {
    for (height, subsidy) in [
        (0, 5_000_000_000),
        (209_999, 5_000_000_000),
        (210_000, 2_500_000_000),
        (840_000, 312_500_000),
        (1_050_000, 156_250_000),
        (32 * 210_000, 1),
        (33 * 210_000, 0),
        (64 * 210_000, 0),
    ] {
        assert_eq!(subsidy_satoshi(height), subsidy, "{height}");
    }
    // Five halvings in the first twenty years at 52,560 blocks a year, and all there will ever be.
    let mined = |blocks: u64| (0..blocks).map(subsidy_satoshi).sum::<u64>();
    let by_epoch: u64 = (0..5).map(|k| 210_000 * (5_000_000_000 >> k)).sum();
    assert_eq!(mined(20 * 52_560), by_epoch + 1_200 * 156_250_000);
    assert_eq!(mined(34 * 210_000), 2_099_999_997_690_000);
}

/// A network at constant hash rate for some days: difficulty after each day, and blocks found.
fn constant_hash(days: u32, seed: u64) -> (Vec<f64>, u64) {
    let scenario = core(&[]);
    let mut network = Network::new(&scenario.bitcoin);
    let mut stream = Streams::new(seed, 0).open(Purpose::Blocks, 0);
    let mut blocks = 0;
    let difficulties = (0..days)
        .map(|day| {
            blocks += network.mine_day(day, 900_000.0, &mut stream);
            network.difficulty
        })
        .collect();
    (difficulties, blocks)
}

#[test]
fn at_constant_hash_the_mean_interval_is_1209600_over_2014_seconds() {
    // 400 years of blocks. Each epoch corrects for the luck of the one before, so the mean is far surer than
    // that of as many independent intervals (0.13 s): over 16 seeds it had a standard deviation of 0.004 s.
    // The bound tells 600.596 from 600.
    let days = 146_000;
    let (_, blocks) = constant_hash(days, 5);
    let interval = f64::from(days) * 86_400.0 / blocks as f64;
    assert!((interval - 1_209_600.0 / 2014.0).abs() < 0.03, "{interval}");
}

#[test]
fn at_constant_hash_difficulty_moves_by_3_15_per_cent() {
    let (difficulties, _) = constant_hash(146_000, 6);
    let mut moves: Vec<f64> = difficulties
        .windows(2)
        .filter(|pair| pair[0].to_bits() != pair[1].to_bits())
        .map(|pair| libm::log(pair[1] / pair[0]))
        .collect();
    // The first one starts from a difficulty that no epoch has set.
    moves.remove(0);
    let n = moves.len() as f64;
    let sd = (moves.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
    // About 10,400 moves: the relative error of their deviation is below 1 / sqrt(n) = 1 %.
    assert!(
        n > 10_000.0 && (sd / 0.0315 - 1.0).abs() < 0.04,
        "{sd} of {n}"
    );
}

#[test]
fn no_hash_means_no_block_and_time_passes() {
    let mut network = Network::new(&core(&[]).bitcoin);
    let mut stream = Streams::new(1, 0).open(Purpose::Blocks, 0);
    let before = network.difficulty;
    assert_eq!(network.mine_day(0, 0.0, &mut stream), 0);
    assert_eq!(network.difficulty.to_bits(), before.to_bits());
    assert!(block_interval_seconds(before, 0.0).is_none());
}

#[test]
fn half_the_hash_doubles_the_interval_and_the_retarget_halves_difficulty() {
    let scenario = core(&[]);
    let start = scenario.bitcoin.difficulty;
    let mut network = Network::new(&scenario.bitcoin);
    let mut stream = Streams::new(3, 0).open(Purpose::Blocks, 0);
    let mut day = 0;
    while network.difficulty.to_bits() == start.to_bits() {
        network.mine_day(day, 450_000.0, &mut stream);
        day += 1;
    }
    // 28 days, give or take the luck of 2016 blocks: 1 / sqrt(2016) = 2.2 %, four of which are 2.5 days.
    assert!((26..=31).contains(&day), "{day}");
    assert!((network.difficulty / start - 0.5).abs() < 0.05);
}

#[test]
fn the_expected_bitcoin_price_grows_at_its_drift_with_and_without_jumps() {
    for model in [
        r#"{ model = "gbm", usd = 100.0, drift = 0.3, volatility = 0.4 }"#,
        r#"{ model = "jump", usd = 100.0, drift = 0.3, volatility = 0.3, jumps_per_year = 6.0, jump_mean = -0.1, jump_sd = 0.15 }"#,
    ] {
        let scenario = core(&[&format!("bitcoin.price={model}")]);
        let plan = PricePlan::new(&scenario.bitcoin.price);
        let days = 400;
        let mut sums = vec![Vec::new(); 2];
        for replica in 0..20_000 {
            let mut price = Price::new(&plan, Streams::new(1, replica));
            for day in 0..days {
                let value = price.next(day);
                if day == 0 {
                    sums[0].push(value);
                } else if day == days - 1 {
                    sums[1].push(value);
                }
            }
        }
        for (values, day) in sums.iter().zip([0.0, f64::from(days) - 1.0]) {
            let (mean, error) = mean_and_error(values);
            let expected = 100.0 * libm::exp(0.3 * (day + 1.0) / 365.25);
            assert!(
                (mean - expected).abs() < 4.0 * error,
                "{model} day {day}: {mean} +- {error}"
            );
        }
    }
}

#[test]
fn a_price_path_hits_its_dates_and_is_log_linear_between() {
    let csv = "date,usd\n2025-10-15,100\n2025-10-25,400\n2025-11-30,400\n".to_owned();
    let text = include_str!("../../scenarios/core.toml");
    let changes = [
        r#"bitcoin.price={ model = "path", file = "p.csv" }"#.to_owned(),
        "days=40".to_owned(),
    ];
    let scenario = parse_scenario("core", text, &changes, &[("p.csv".into(), csv)])
        .unwrap_or_else(|refused| panic!("{refused}"));
    let plan = PricePlan::new(&scenario.bitcoin.price);
    let mut price = Price::new(&plan, Streams::new(1, 0));
    let prices: Vec<f64> = (0..40).map(|day| price.next(day)).collect();
    for (day, usd) in [(0, 100.0), (5, 200.0), (10, 400.0), (30, 400.0)] {
        assert!(
            (prices[day] / usd - 1.0).abs() < 1e-12,
            "{day}: {}",
            prices[day]
        );
    }
}

#[test]
fn power_prices_revert_correlate_and_have_their_base_as_mean_on_every_day() {
    // k = 0.1 a day and s = 0.1 per square root of a day.
    let scenario = core(&[
        "days=200",
        "power.correlation=0.6",
        "regions.us.power={ usd_per_mwh = 50.0, reversion_per_year = 36.525, volatility = 1.9111514853616393 }",
        "regions.paraguay.power={ usd_per_mwh = 20.0, reversion_per_year = 36.525, volatility = 1.9111514853616393 }",
    ]);
    let plan = PowerPlan::new(&scenario);
    let regions = scenario.regions.len();
    let calm = Conditions::calm(regions);
    let (mut first, mut last, mut before, mut other) = (vec![], vec![], vec![], vec![]);
    for replica in 0..20_000 {
        let mut prices = PowerPrices::new(&plan, Streams::new(1, replica), vec![0.0; regions]);
        for day in 0..200 {
            prices.step(day, &calm);
            match day {
                0 => first.push(prices.spot[0]),
                198 => before.push(libm::log(prices.spot[0])),
                199 => {
                    last.push(prices.spot[0]);
                    other.push(libm::log(prices.spot[1]));
                }
                _ => {}
            }
        }
    }
    for values in [&first, &last] {
        let (mean, error) = mean_and_error(values);
        assert!((mean - 50.0).abs() < 4.0 * error, "{mean} +- {error}");
    }
    let logs: Vec<f64> = last.iter().map(|p| libm::log(*p)).collect();
    let covariance = |a: &[f64], b: &[f64]| {
        let ((x, _), (y, _)) = (mean_and_error(a), mean_and_error(b));
        a.iter().zip(b).map(|(a, b)| (a - x) * (b - y)).sum::<f64>() / a.len() as f64
    };
    let sd = covariance(&logs, &logs).sqrt();
    // Errors of 20,000 draws: sd / sqrt(2n) = 0.0011; correlations (1 - r^2) / sqrt(n) = 0.0013 and 0.0045.
    assert!((sd - 0.2236).abs() < 0.0045, "{sd}");
    let lag = covariance(&logs, &before) / sd / covariance(&before, &before).sqrt();
    assert!((lag - 0.904_837).abs() < 0.0052, "{lag}");
    let across = covariance(&logs, &other) / sd / covariance(&other, &other).sqrt();
    assert!((across - 0.6).abs() < 0.018, "{across}");
}

#[test]
fn tariff_steps_hold_from_their_day_and_are_planned_with() {
    let scenario = core(&[
        "days=1000",
        "moving.horizon_years=1.0",
        "regions.us.power={ tariff = [{ from = 2025-01-01, usd_per_mwh = 30.0 }, { from = 2026-10-15, usd_per_mwh = 60.0 }] }",
        "regions.paraguay.power={ usd_per_mwh = 100.0, trend_per_year = 0.1 }",
    ]);
    let plan = PowerPlan::new(&scenario);
    // 15 October 2026 is day 365.
    for (day, price) in [(0, 30.0), (364, 30.0), (365, 60.0), (999, 60.0)] {
        assert!((plan.expected(day, 0) - price).abs() < 1e-9, "{day}");
    }
    // A horizon of 365 days that begins on day 265 has 100 days at 30 and 265 at 60.
    let planned = (100.0 * 30.0 + 265.0 * 60.0) / 365.0;
    assert!((plan.planned(265, 0) - planned).abs() < 1e-9);
    assert!((plan.planned(0, 0) - 30.0).abs() < 1e-9);
    let grown = 100.0 * libm::pow(1.1, 730.5 / 365.25);
    assert!((plan.expected(730, 1) / grown - 1.0).abs() < 2e-4);
}

#[test]
fn capacity_is_built_by_the_month_up_to_its_ceiling() {
    let scenario = core(&[
        "replicas=1",
        "days=1000",
        "record_every_days=1",
        "regions.ethiopia.capacity={ mw = 2500.0, build_mw_per_month = 30.4375, max_mw = 3000.0 }",
    ]);
    let results = ensemble::run(&scenario).expect("it runs");
    let capacity = results
        .find(Level::Region, "ethiopia", "capacity")
        .expect("it is recorded");
    for (day, mw) in [(0, 2500.0), (100, 2600.0), (500, 3000.0), (999, 3000.0)] {
        let mean = results.summary(day, capacity).expect("it has a value").mean;
        assert!((mean - mw).abs() < 1e-9, "{day}: {mean}");
    }
}

/// Keeps the utilities of the first decision of a fleet in region 0, and its efficiency.
#[derive(Default)]
struct FirstDecision {
    utilities: Vec<f64>,
    efficiency: f64,
}

impl Observer for FirstDecision {
    fn decision(&mut self, decision: &Decision<'_>, fleets: &Fleets) {
        if self.utilities.is_empty() && decision.from == 0 {
            self.utilities.clone_from(&decision.review.utilities);
            self.efficiency = fleets[decision.fleet].efficiency;
        }
    }
}

/// Utilities of the first decision in the US when all regions cost the same and nothing is lost in transit.
fn first_utilities(changes: &[&str]) -> FirstDecision {
    let mut all = vec![
        "days=40",
        "firms.efficiency={ model = \"normal\", mean = 20.0, sd = 0.0, min = 20.0, max = 20.0 }",
        "regions.us.power={ usd_per_mwh = 500.0 }",
        "regions.paraguay.power={ usd_per_mwh = 500.0 }",
        "regions.ethiopia.power={ usd_per_mwh = 500.0 }",
    ];
    all.extend(changes);
    let scenario = core(&all);
    let model = Model::new(&scenario);
    let mut records = vec![0.0; model.record_len()];
    let mut first = FirstDecision::default();
    model
        .run_replica(0, &mut records, &mut first)
        .expect("it runs");
    assert!((first.efficiency - 20.0).abs() < 1e-12);
    first
}

#[test]
fn shipping_costs_5_7_and_duty_10_5_dollars_a_megawatt_hour() {
    let shipping = first_utilities(&["moving.ship_usd_per_th=2.0"]);
    assert!((shipping.utilities[0] - shipping.utilities[1] - 5.7).abs() < 0.05);
    let duty = first_utilities(&[
        "moving.ship_usd_per_th=0.0",
        "hardware.usd_per_th=17.0",
        "regions.paraguay.duty=0.216",
    ]);
    assert!((duty.utilities[0] - duty.utilities[1] - 10.5).abs() < 0.05);
    assert!((duty.utilities[0] - duty.utilities[2]).abs() < 1e-12);
}

#[test]
fn bonuses_deposits_appeal_and_size_enter_the_utility_as_written() {
    let plain = first_utilities(&["moving.ship_usd_per_th=0.0"]).utilities;
    let with = first_utilities(&[
        "moving.ship_usd_per_th=0.0",
        "moving.stay_bonus_usd_per_mwh=3.0",
        "moving.home_bonus_usd_per_mwh=10.0",
        "regions.paraguay.deposit_usd_per_mw=17532.0",
        "regions.paraguay.appeal_usd_per_mwh=-2.5",
        "regions.ethiopia.size=10.0",
    ])
    .utilities;
    assert!((with[0] - plain[0] - 13.0).abs() < 1e-9);
    // 17,532 USD over 2 x 8766 hours is 1 USD/MWh.
    assert!((with[1] - plain[1] + 1.0 + 2.5).abs() < 1e-9);
    assert!((with[2] - plain[2] - 5.0 * libm::log(10.0)).abs() < 1e-9);
}

#[test]
fn what_a_move_loses_in_transit_is_the_margin_at_home() {
    let utilities = first_utilities(&[
        "moving.ship_usd_per_th=0.0",
        "regions.us.power={ usd_per_mwh = 60.0 }",
        "bitcoin.price={ model = \"constant\", usd = 95000.0 }",
    ])
    .utilities;
    let hashprice = hashprice(core(&[]).bitcoin.difficulty, 3.125, 95_000.0);
    let margin = breakeven_power_price(hashprice, 20.0) - 60.0;
    assert!(margin > 0.0 && (utilities[0] - margin).abs() < 1e-6);
    let lost = margin * 24.0 * 45.0 / (8766.0 * 2.0);
    assert!((utilities[1] + lost).abs() < 1e-6);
}

#[test]
fn without_costs_of_moving_shares_settle_where_the_logit_says() {
    // Equal prices, room everywhere, sizes 1, 2 and 5: every fleet that looks goes to a region with
    // probability size / 8, whatever its place.
    let scenario = core(&[
        "days=365",
        "replicas=200",
        "firms.count=200",
        "firms.tail_cap=1.0",
        "moving.ship_usd_per_th=0.0",
        "moving.downtime_days=1.0",
        "bitcoin.price={ model = \"constant\", usd = 1.0 }",
        "regions.us.power={ usd_per_mwh = 50.0 }",
        "regions.paraguay.power={ usd_per_mwh = 50.0 }",
        "regions.ethiopia.power={ usd_per_mwh = 50.0 }",
        "regions.us.capacity={ mw = 1000000.0 }",
        "regions.paraguay.capacity={ mw = 1000000.0 }",
        "regions.ethiopia.capacity={ mw = 1000000.0 }",
        "regions.us.size=1.0",
        "regions.paraguay.size=2.0",
        "regions.ethiopia.size=5.0",
    ]);
    // Fleets of one region are of one size, those of two are not: it is their number that settles, so
    // the load is compared, region by region, with what the fleets that start in each bring along.
    let results = ensemble::run(&scenario).expect("it runs");
    let value = |date: usize, id: &str| {
        let quantity = results
            .find(Level::Region, id, "load")
            .expect("it is recorded");
        *results.summary(date, quantity).expect("it has a value")
    };
    let total: f64 = ["us", "paraguay", "ethiopia"]
        .map(|id| value(0, id).mean)
        .iter()
        .sum();
    for (id, part) in [("us", 0.125), ("paraguay", 0.25), ("ethiopia", 0.625)] {
        let load = value(results.last(), id);
        let error = load.standard_error.expect("there are replicas");
        assert!(
            (load.mean - part * total).abs() < 4.0 * error,
            "{id}: {} +- {error}",
            load.mean
        );
    }
}

#[test]
fn equal_firms_give_one_over_n_and_aggregates_never_count_as_one_country() {
    let scenario = core(&[
        "days=1",
        "replicas=1",
        "firms.count=50",
        "firms.tail_cap=1.0",
        "regions.us.members=10",
        "regions.us.share=0.5",
        "regions.paraguay.share=0.25",
        "regions.ethiopia.share=0.25",
        "regions.paraguay.capacity={ start_utilisation = 0.9 }",
        "regions.ethiopia.capacity={ start_utilisation = 0.9 }",
        "bitcoin.price={ model = \"constant\", usd = 1000000.0 }",
    ]);
    let results = ensemble::run(&scenario).expect("it runs");
    let value = |level, metric| {
        let quantity = results.find(level, ALL, metric).expect("it is recorded");
        results.summary(0, quantity).expect("it has a value").mean
    };
    // Ten countries of 5 % and two of 25 %.
    assert!((value(Level::Region, "hhi") - (10.0 * 0.0025 + 2.0 * 0.0625)).abs() < 1e-12);
    assert!((value(Level::Region, "nakamoto_half") - 3.0).abs() < 1e-12);
    assert!((value(Level::Region, "top_1") - 0.25).abs() < 1e-12);
    assert!((value(Level::Firm, "registered") - 50.0).abs() < 1e-12);
}

#[test]
fn electricity_for_one_bitcoin_costs_100_000_dollars_where_the_model_page_says() {
    for (joules, usd_per_mwh) in [(15.0, 120.0), (20.0, 90.0), (28.2, 64.0)] {
        let scenario = core(&[
            "days=1",
            "replicas=1",
            "bitcoin.difficulty=146.7e12",
            "bitcoin.fee_ratio=0.0064",
            "bitcoin.price={ model = \"constant\", usd = 1000000.0 }",
            &format!(
                "firms.efficiency={{ model = \"normal\", mean = {joules}, sd = 0.0, min = {joules}, max = {joules} }}"
            ),
            &format!("regions.us.power={{ usd_per_mwh = {usd_per_mwh} }}"),
            "regions.us.capacity={ start_utilisation = 0.9 }",
            "regions.paraguay.capacity={ start_utilisation = 0.9 }",
            "regions.ethiopia.capacity={ start_utilisation = 0.9 }",
        ]);
        let results = ensemble::run(&scenario).expect("it runs");
        let cost = results
            .find(Level::Region, "us", "electricity_cost_p50")
            .and_then(|quantity| results.summary(0, quantity))
            .expect("it has a value")
            .mean;
        assert!((cost / 100_000.0 - 1.0).abs() < 0.01, "{joules}: {cost}");
    }
}
