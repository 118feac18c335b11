//! What each mechanism of the whole model is for: worlds with it and without it.

mod ai;
mod eras;
mod growth;
mod known;
mod policy;

use hashdrift::engine::{Model, Observer};
use hashdrift::ensemble::{self, Ensemble};
use hashdrift::record::{ALL, Day, Level};
use hashdrift::scenario::{Scenario, parse_scenario};
use hashdrift::world::fleet::Fleets;

/// Three regions in which firms buy, move, scrap: small enough to run many times.
pub const WHOLE: &str = r#"
name = "Whole"
start = 2026-01-01
days = 900
record_every_days = 30
replicas = 16
[bitcoin]
height = 930_000
network_ehs = 1000.0
price = { model = "gbm", usd = 105_000.0, drift = 0.05, volatility = 0.4 }
fee_ratio = 0.015
fees_per_day = true
[firms]
count = 150
max_fleet_mw = 60.0
site_dispersion = 0.4
efficiency = { model = "normal", mean = 21.0, sd = 5.0, min = 13.0, max = 38.0 }
[hardware]
usd_per_th = 20.0
elasticity = 1.4
premium = 0.96
floor_usd_per_th = 12.0
frontier = { model = "exponential", start_j_per_th = 14.5, limit_j_per_th = 6.0, rate_per_year = 0.15 }
supply = { ehs_per_month = 60.0 }
retire_per_year = 0.07
exit_after_idle_days = 290.0
efficiency_spread = 0.15
site_usd_per_kw = 300.0
[growth]
rate_per_month = 0.2
cap_per_month = 0.13
hurdle = 0.38
discount_rate = 0.2
luck_sd = 0.4
lead_days = 180
pipeline_per_month = 0.025
min_order_mw = 1.0
entry_share = 0.15
[switching]
off_days = 14.0
on_days = 3.0
[moving]
stay_bonus_usd_per_mwh = 3.0
home_bonus_usd_per_mwh = 10.0
breakage = 0.03
[expectations]
hashprice_decay = 0.15
halving_known = true
[regions.us]
share = 0.5
national_generation_mw = 480_000.0
power = { usd_per_mwh = 45.0, adder_usd_per_mwh = 10.0, intraday_sd = 0.3, reversion_per_year = 25.0, volatility = 1.2, slope_usd_per_mwh_per_gw = 1.0 }
capacity = { start_utilisation = 0.9, build_mw_per_month = 150.0 }
[regions.south]
share = 0.3
power = { usd_per_mwh = 46.0, adder_usd_per_mwh = 7.0 }
capacity = { start_utilisation = 0.9, build_mw_per_month = 40.0 }
[regions.rest]
share = 0.2
members = 10
power = { usd_per_mwh = 48.0, adder_usd_per_mwh = 8.0 }
capacity = { start_utilisation = 0.9, build_mw_per_month = 40.0 }
"#;

fn whole(changes: &[&str]) -> Scenario {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    parse_scenario("whole", WHOLE, &changes, &[]).unwrap_or_else(|refused| panic!("{refused}"))
}

fn run(changes: &[&str]) -> Ensemble {
    ensemble::run(&whole(changes)).unwrap_or_else(|error| panic!("{error}"))
}

/// Median of a quantity on the last record day.
fn end(results: &Ensemble, level: Level, name: &str, metric: &str) -> f64 {
    at(results, results.last(), level, name, metric)
}

fn at(results: &Ensemble, date: usize, level: Level, name: &str, metric: &str) -> f64 {
    let quantity = results
        .find(level, name, metric)
        .unwrap_or_else(|| panic!("{metric} of {name} is not recorded"));
    let summary = results.summary(date, quantity).expect("it is defined");
    summary.quantiles[2].value
}

/// Mean over replicas of a quantity on a record day.
fn mean(results: &Ensemble, date: usize, level: Level, name: &str, metric: &str) -> f64 {
    let quantity = results.find(level, name, metric).expect("it is recorded");
    results.summary(date, quantity).expect("it is defined").mean
}

/// Largest move of the running hash rate in a day, in logs: of the network, and of its regions.
fn largest_moves(changes: &[&str]) -> (f64, f64) {
    struct Moves {
        before: Vec<f64>,
        network: f64,
        region: f64,
    }
    impl Observer for Moves {
        fn day(&mut self, today: &Day<'_>, _: &Fleets, _: u64) {
            let step = |a: f64, b: f64| {
                if a > 0.0 && b > 0.0 {
                    libm::log(b / a).abs()
                } else {
                    f64::from(u8::from(a != b)) * 10.0
                }
            };
            if !self.before.is_empty() {
                let sum = |values: &[f64]| values.iter().sum::<f64>();
                self.network = self
                    .network
                    .max(step(sum(&self.before), sum(today.running)));
                for (a, b) in self.before.iter().zip(today.running) {
                    self.region = self.region.max(step(*a, *b));
                }
            }
            self.before = today.running.to_vec();
        }
    }
    let scenario = whole(changes);
    let model = Model::new(&scenario);
    let (mut network, mut region) = (0.0_f64, 0.0_f64);
    for replica in 0..8 {
        let mut moves = Moves {
            before: Vec::new(),
            network: 0.0,
            region: 0.0,
        };
        let mut records = vec![0.0; model.record_len()];
        model
            .run_replica(replica, &mut records, &mut moves)
            .expect("it runs");
        network = network.max(moves.network);
        region = region.max(moves.region);
    }
    (network, region)
}

#[test]
fn hash_neither_explodes_nor_dies_and_the_average_machine_stands_near_breakeven() {
    let results = run(&["days=1826"]);
    assert_eq!(results.dark_replicas, 0);
    let hash = |date| at(&results, date, Level::Network, ALL, "hash_rate");
    for date in 0..results.dates.len() {
        assert!(
            (250.0..5_000.0).contains(&hash(date)),
            "{date}: {}",
            hash(date)
        );
    }
    let hashprice = end(&results, Level::Network, ALL, "hashprice");
    let efficiency = end(&results, Level::Network, ALL, "efficiency");
    let breakeven = hashprice / (0.024 * efficiency);
    assert!((45.0..100.0).contains(&breakeven), "{breakeven}");
    assert!(efficiency < 16.0, "better machines have come: {efficiency}");
}

#[test]
fn without_purchases_a_fall_of_the_price_is_never_made_good() {
    let fall = [
        "bitcoin.price.volatility=0.0",
        "bitcoin.price.drift=-0.3",
        "days=1400",
    ];
    let with = run(&fall);
    let without = run(&[
        fall.as_slice(),
        &["growth.rate_per_month=0.0", "growth.pipeline_per_month=0.0"],
    ]
    .concat());
    let hash = |results: &Ensemble| end(results, Level::Network, ALL, "hash_rate");
    assert!(
        hash(&with) > 1.5 * hash(&without),
        "{} {}",
        hash(&with),
        hash(&without)
    );
}

#[test]
fn lags_keep_the_network_from_jumping() {
    let drop = ["events=[{ kind = \"btc-price\", start = 2026-06-01, size = 0.5 }]"];
    let (lagged, _) = largest_moves(&drop);
    let (at_once, _) = largest_moves(
        &[
            drop.as_slice(),
            &["switching.off_days=0.0", "switching.on_days=0.0"],
        ]
        .concat(),
    );
    assert!(lagged < 0.6 && at_once > 2.5 * lagged, "{lagged} {at_once}");
}

#[test]
fn without_luck_of_sites_and_spread_of_machines_a_region_stops_on_one_day() {
    let dear = [
        "events=[{ kind = \"tariff\", region = \"south\", start = 2026-06-01, size = 1.6 }]",
        "firms.efficiency={ model = \"vintages\", mix = [{ share = 1.0, j_per_th = 20.0 }] }",
    ];
    let alike = [
        "firms.site_dispersion=0.0",
        "hardware.efficiency_spread=0.0",
    ];
    let (_, spread) = largest_moves(&dear);
    let (_, together) = largest_moves(&[dear.as_slice(), &alike].concat());
    assert!(spread < 0.5 && together > 1.0, "{spread} {together}");
}

#[test]
fn turnover_does_not_hang_on_how_often_one_looks() {
    let moved = |review: &str, consider: &str| {
        let results = run(&[
            review,
            consider,
            "moving.stay_bonus_usd_per_mwh=0.0",
            "moving.home_bonus_usd_per_mwh=0.0",
            "growth.rate_per_month=0.0",
            "growth.pipeline_per_month=0.0",
            "hardware.retire_per_year=0.0",
            "days=360",
        ]);
        let flows =
            (0..results.quantities.len()).filter(|q| results.quantities[*q].level == Level::Flow);
        let of_day = |date: usize, q: usize| results.summary(date, q).map_or(0.0, |s| s.mean);
        flows
            .map(|q| {
                (1..results.dates.len())
                    .map(|date| of_day(date, q))
                    .sum::<f64>()
            })
            .sum::<f64>()
    };
    let (often, seldom) = ("moving.review_days=7", "moving.review_days=30");
    let once_a_year = "moving.consider_per_year=1.0";
    let ratio = moved(often, once_a_year) / moved(seldom, once_a_year);
    assert!((0.8..1.25).contains(&ratio), "{ratio}");
    let always = "moving.consider_per_year=inf";
    let ratio = moved(often, always) / moved(seldom, always);
    assert!(ratio > 1.4, "{ratio}");
}

#[test]
fn heat_scraps_no_machine() {
    let scrapped = |heat: &str| {
        let results = run(&[
            heat,
            "growth.rate_per_month=0.0",
            "growth.pipeline_per_month=0.0",
            "hardware.retire_per_year=0.0",
            "bitcoin.price.usd=300_000.0",
            "moving.consider_per_year=0.0",
        ]);
        mean(&results, results.last(), Level::Network, ALL, "scrapped")
    };
    let (cool, hot) = (
        scrapped("regions.us.capacity.heat={ derate = 0.0, peak_day = 200.0 }"),
        scrapped("regions.us.capacity.heat={ derate = 0.9, peak_day = 200.0 }"),
    );
    // The price of power and of bitcoin are the same; slower blocks raise hashprice, so less is scrapped if anything.
    assert!(hot <= cool * 1.01 + 1.0, "{hot} {cool}");
}

#[test]
fn of_two_regions_the_larger_wins_by_its_size_and_not_by_its_square() {
    // Alike but for size, with a cost of moving: what is there in the end is in proportion to size.
    let changes: Vec<String> = [
        "days=3000", "record_every_days=100", "replicas=8", "bitcoin.network_ehs=200.0", "bitcoin.hash_is=nameplate",
        "bitcoin.price={ model = \"constant\", usd = 400_000.0 }", "firms.count=1000", "firms.tail_cap=1.0",
        "firms.efficiency={ model = \"vintages\", mix = [{ share = 1.0, j_per_th = 20.0 }] }",
        "moving.downtime_days=1.0", "moving.ship_usd_per_th=3.0", "moving.consider_per_year=inf",
        "regions={ a = { share = 0.5, size = 4.0, power = { usd_per_mwh = 60.0 } }, b = { share = 0.5, power = { usd_per_mwh = 60.0 } } }",
    ].iter().map(|change| (*change).to_owned()).collect();
    let scenario = parse_scenario(
        "sizes",
        include_str!("../../scenarios/core.toml"),
        &changes,
        &[],
    )
    .unwrap_or_else(|refused| panic!("{refused}"));
    let results = ensemble::run(&scenario).expect("it runs");
    let share = mean(
        &results,
        results.last(),
        Level::Region,
        "a",
        "nameplate_share",
    );
    // A square would be 16 of 17.
    assert!((share - 0.8).abs() < 0.02, "{share}");
}

#[test]
fn machines_are_those_of_the_start_and_bought_without_scrapped_and_abandoned() {
    let results = run(&[
        "events=[{ kind = \"ban\", region = \"south\", start = 2026-03-01, days = 400 }, { kind = \"outage\", region = \"us\", start = 2026-08-01, days = 50, size = 0.6 }]",
    ]);
    let quantity = |metric| results.find(Level::Network, ALL, metric).expect("recorded");
    let width = results.quantities.len();
    for replica in 0..results.replicas as usize {
        let values = results.replica(replica);
        let of = |date: usize, metric| values[date * width + quantity(metric)];
        let owned = |date| of(date, "bought") - of(date, "scrapped") - of(date, "abandoned");
        let start = of(0, "nameplate_hash_rate") - owned(0);
        for date in 0..results.dates.len() {
            let machines = of(date, "nameplate_hash_rate");
            assert!((machines - start - owned(date)).abs() < 1e-9 * (start + of(date, "bought")));
            let parts = of(date, "hash_rate")
                + of(date, "idle_hash_rate")
                + of(date, "transit_hash_rate")
                + of(date, "seeking_hash_rate");
            assert!(
                (machines - parts).abs() < 1e-9 * machines,
                "{machines} {parts}"
            );
        }
    }
}

#[test]
fn named_firms_mine_through_their_pools_and_groups_count_as_one() {
    let named = "firms.named=[{ name = \"A\", ehs = 500.0, regions = { us = 1.0 }, pool = \"x\" }, { name = \"B\", ehs = 300.0, regions = { south = 1.0 }, pool = \"y\" }, { name = \"C\", ehs = 200.0, regions = { rest = 1.0 }, pool = \"z\" }]";
    let results = run(&[
        named,
        "firms.count=0",
        "bitcoin.hash_is=nameplate",
        "growth.pipeline_per_month=0.0",
        "days=1",
        "pools.tags={ x = { share = 0.1 }, y = { share = 0.1, group = \"yz\" }, z = { share = 0.1, group = \"yz\" }, idle = { share = 0.7 } }",
    ]);
    let hhi = |level, weight: &str| mean(&results, 0, level, ALL, &format!("{weight}hhi"));
    assert!((hhi(Level::Pool, "nameplate_") - 0.38).abs() < 1e-12);
    assert!((hhi(Level::PoolGroup, "nameplate_") - 0.5).abs() < 1e-12);
    assert_eq!(mean(&results, 0, Level::Pool, ALL, "registered"), 4.0);
    assert_eq!(mean(&results, 0, Level::PoolGroup, ALL, "registered"), 3.0);
    assert_eq!(mean(&results, 0, Level::Pool, "idle", "share"), 0.0);
}

#[test]
fn firms_choose_pools_by_their_shares() {
    let results = run(&[
        "days=1",
        "replicas=200",
        "pools.tags={ big = { share = 0.3 }, small = { share = 0.1 } }",
        "firms.tail_cap=1.0",
    ]);
    let quantity = results.find(Level::Pool, "big", "share").expect("recorded");
    let summary = results.summary(0, quantity).expect("defined");
    let error = summary.standard_error.expect("many");
    assert!(
        (summary.mean - 0.75).abs() < 4.0 * error,
        "{}",
        summary.mean
    );
}

#[test]
fn a_bitcoin_costs_power_then_running_then_machines_and_sites() {
    // One kind of machine at one price: 20 J/TH, 50 USD/MWh delivered, opex 4.
    let results = run(&[
        "days=1",
        "bitcoin.fees_per_day=false",
        "bitcoin.fee_ratio=0.0064",
        "bitcoin.difficulty=146.7e12",
        "bitcoin.hash_is=nameplate",
        "firms.site_dispersion=0.0",
        "firms.efficiency={ model = \"vintages\", mix = [{ share = 1.0, j_per_th = 20.0 }] }",
        "regions.south.power={ usd_per_mwh = 50.0, opex_usd_per_mwh = 4.0 }",
        "regions.south.duty=0.25",
        "hardware={ usd_per_th = 16.0, retire_per_year = 0.1, life_years = 4.0, site_usd_per_kw = 300.0, site_life_years = 15.0, frontier = { model = \"steps\", steps = [{ from = 2026-01-01, j_per_th = 20.0 }] } }",
        "growth={ rate_per_month = 0.0, cap_per_month = 0.0, hurdle = 1.0, discount_rate = 0.1, lead_days = 1 }",
    ]);
    let cost = |scope: &str| {
        mean(
            &results,
            0,
            Level::Region,
            "south",
            &format!("{scope}_cost_p50"),
        )
    };
    // 100,000 USD of electricity at 90 USD/MWh and 20 J/TH, so 55,600 at 50: the model page's digits are two.
    assert!(
        (cost("electricity") - 100_000.0 * 50.0 / 90.0).abs() < 700.0,
        "{}",
        cost("electricity")
    );
    let mwh = cost("electricity") / 50.0;
    assert!((cost("cash") - mwh * 54.0).abs() < 1e-6);
    // 20 J/TH: 1 MWh is 3.6e9 / 20 terahashes, 1 TH/s for so many seconds.
    let years = mwh * 3.6e9 / 20.0 / (8766.0 * 3600.0);
    let expected = cost("cash") + years * (16.0 * 1.25 / 4.0 + 300.0 * 20.0 / 1000.0 / 15.0);
    assert!(
        (cost("all_in") / expected - 1.0).abs() < 1e-9,
        "{} {expected}",
        cost("all_in")
    );
}

#[test]
fn emissions_are_power_times_intensity_and_unknown_where_a_region_gives_none() {
    let given = [
        "regions.us.gco2_per_kwh=400.0",
        "regions.south.gco2_per_kwh=20.0",
    ];
    let partly = run(&[given.as_slice(), &["days=1", "replicas=2"]].concat());
    let quantity = partly
        .find(Level::Network, ALL, "emissions")
        .expect("recorded");
    assert!(partly.summary(0, quantity).is_none());
    let all = run(&[
        given.as_slice(),
        &["days=1", "replicas=1", "regions.rest.gco2_per_kwh=500.0"],
    ]
    .concat());
    let of = |level, name: &str, metric: &str| mean(&all, 0, level, name, metric);
    let megatonnes =
        |region: &str, grams: f64| of(Level::Region, region, "power") * 8766.0 * grams / 1e9;
    let expected = megatonnes("us", 400.0) + megatonnes("south", 20.0) + megatonnes("rest", 500.0);
    assert!((of(Level::Network, ALL, "emissions") / expected - 1.0).abs() < 1e-9);
    let intensity = of(Level::Network, ALL, "carbon_intensity");
    assert!(
        (intensity - 1000.0 * expected / of(Level::Network, ALL, "energy")).abs()
            < 1e-6 * intensity
    );
}

#[test]
fn scale_makes_large_firms_run_more_of_their_machines() {
    let active = |exponent: &str| {
        let results = run(&[
            exponent,
            "days=1",
            "replicas=60",
            "firms.site_dispersion=0.0",
            "bitcoin.price.usd=80_000.0",
        ]);
        let of = |metric: &str| mean(&results, 0, Level::Firm, ALL, metric);
        of("top_3") / of("nameplate_top_3")
    };
    assert!(active("firms.scale_exponent=0.1") > 1.02 * active("firms.scale_exponent=0.0"));
}
