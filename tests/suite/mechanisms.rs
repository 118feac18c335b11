//! What each mechanism of the whole model is for: worlds with it and without it.

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
fn a_trace_shows_every_order_with_what_decided_it() {
    use hashdrift::output::{Cells, trace_replica};
    let scenario = whole(&[
        "days=120",
        "growth.luck_sd=0.0",
        "growth.pipeline_per_month=0.0",
    ]);
    let tables = trace_replica(&scenario, 0, false).unwrap_or_else(|error| panic!("{error}"));
    assert!(tables.orders.rows() > 50, "{}", tables.orders.rows());
    let numbers = |name: &str| -> Vec<f64> {
        let column = tables
            .orders
            .columns
            .iter()
            .find(|column| column.name == name);
        match &column
            .unwrap_or_else(|| panic!("{name} is not there"))
            .cells
        {
            Cells::Number(cells) => cells.iter().flatten().copied().collect(),
            Cells::Integer(cells) => cells.iter().map(|cell| *cell as f64).collect(),
            Cells::Text(_) => panic!("{name} is text"),
        }
    };
    // Who buys thinks the machines worth more than the hurdle of their cost.
    for (value, cost) in numbers("value_usd_per_th")
        .iter()
        .zip(numbers("cost_usd_per_th"))
    {
        assert!(*value > 0.38 * cost, "{value} {cost}");
    }
    assert!(numbers("luck").iter().all(|luck| *luck == 1.0));
    assert!(numbers("replaces").contains(&1.0) && numbers("replaces").contains(&0.0));
}

#[test]
fn who_knows_of_the_halving_buys_less_before_it() {
    // 15 months ahead.
    let near = ["bitcoin.height=984_300", "days=420"];
    let bought = |known: &str| {
        let results = run(&[near.as_slice(), &[known]].concat());
        end(&results, Level::Network, ALL, "bought")
    };
    let (known, unknown) = (
        bought("expectations.halving_known=true"),
        bought("expectations.halving_known=false"),
    );
    assert!(known < 0.8 * unknown, "{known} {unknown}");
}

#[test]
fn where_there_is_no_room_firms_replace_their_machines() {
    let full: Vec<String> = ["us", "south", "rest"]
        .iter()
        .flat_map(|r| {
            [
                format!("regions.{r}.capacity.start_utilisation=1.0"),
                format!("regions.{r}.capacity.build_mw_per_month=0.0"),
            ]
        })
        .chain([
            "growth.pipeline_per_month=0.0".into(),
            "hardware.retire_per_year=0.0".into(),
            "hardware.exit_after_idle_days=inf".into(),
        ])
        .collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    let bought = |replace: &str| {
        let results = run(&[full.as_slice(), &[replace]].concat());
        end(&results, Level::Network, ALL, "bought")
    };
    let (with, without) = (
        bought("growth.replace_in_place=true"),
        bought("growth.replace_in_place=false"),
    );
    assert!(with > 200.0 && without < 1.0, "{with} {without}");
}

#[test]
fn without_newcomers_firms_only_concentrate() {
    let hhi = |entry: &str| {
        let results = run(&[entry, "days=1500"]);
        mean(&results, results.last(), Level::Firm, ALL, "nameplate_hhi")
    };
    let (with, without) = (hhi("growth.entry_share=0.3"), hhi("growth.entry_share=0.0"));
    assert!(with < 0.85 * without, "{with} {without}");
}

#[test]
fn orders_under_way_arrive_before_any_order_of_the_run() {
    let bought = |pipeline: &str| {
        let results = run(&[pipeline, "days=180"]);
        end(&results, Level::Network, ALL, "bought")
    };
    assert_eq!(bought("growth.pipeline_per_month=0.0"), 0.0);
    // 2.5 % of 1,000 EH/s and more (what idles has ordered too) for each of six months.
    let bought = bought("growth.pipeline_per_month=0.025");
    assert!((100.0..200.0).contains(&bought), "{bought}");
}

#[test]
fn the_world_sells_no_more_than_it_makes() {
    let results = run(&[
        "hardware.supply.ehs_per_month=3.0",
        "growth.pipeline_per_month=0.0",
        "bitcoin.price.usd=200_000.0",
    ]);
    // Orders of the first 720 days, and the month on the shelf.
    let most = 3.0 * (720.0 / 30.4375 + 1.0) + 3.0;
    let quantity = results
        .find(Level::Network, ALL, "bought")
        .expect("recorded");
    for replica in 0..results.replicas as usize {
        let values = results.replica(replica);
        let bought = values[results.last() * results.quantities.len() + quantity];
        assert!(bought <= most && bought > 0.8 * most, "{bought} of {most}");
    }
}

#[test]
fn a_region_that_is_cut_for_good_loses_its_machines_and_one_for_a_while_keeps_most() {
    let share = |event: &str| {
        let results = run(&[event, "days=1100"]);
        mean(
            &results,
            results.last(),
            Level::Region,
            "south",
            "nameplate_hash_rate",
        )
    };
    let whole = share("events=[]");
    let for_good = share(
        "events=[{ kind = \"curtail\", region = \"south\", start = 2026-03-01, size = 0.9 }]",
    );
    let for_a_month = share(
        "events=[{ kind = \"curtail\", region = \"south\", start = 2026-03-01, days = 30, size = 0.9 }]",
    );
    assert!(for_good < 0.45 * whole, "{for_good} {whole}");
    assert!(for_a_month > 0.8 * whole, "{for_a_month} {whole}");
}

#[test]
fn a_ban_empties_a_region_but_for_those_who_hide() {
    let ban = |terms: &str| {
        let event = format!(
            "events=[{{ kind = \"ban\", region = \"south\", start = 2026-03-01, ban = {{ {terms} }} }}]"
        );
        run(&[&event])
    };
    let hash = |results: &Ensemble, date| mean(results, date, Level::Region, "south", "hash_rate");
    let strict = ban("compliance = 1.0, compliance_days = 0.0, abandon_days = 200.0");
    // 1 March is day 59; records every 30 days.
    assert!(hash(&strict, 1) > 100.0);
    for date in 2..strict.dates.len() {
        assert_eq!(hash(&strict, date), 0.0, "{date}");
    }
    let of = |results: &Ensemble, date, metric| mean(results, date, Level::Network, ALL, metric);
    assert!(of(&strict, 2, "seeking_hash_rate") > 200.0);
    assert!(of(&strict, strict.last(), "abandoned") > 50.0);
    assert!(of(&strict, strict.last(), "seeking_hash_rate") < 20.0);

    let covert = ban(
        "compliance = 1.0, compliance_days = 20.0, covert_share = 0.4, covert_delay_days = 60.0, covert_penalty = 1.1",
    );
    assert!(hash(&covert, 3) < hash(&covert, 8), "they come back");
    assert!(hash(&covert, 8) > 0.15 * hash(&covert, 1));
    let gradual = ban("compliance = 1.0, compliance_days = 300.0, shape = 1.0");
    assert!(
        hash(&gradual, 6) > 0.2 * hash(&gradual, 1) && hash(&gradual, 6) < 0.8 * hash(&gradual, 1)
    );
}

#[test]
fn when_a_ban_ends_those_who_wait_go_back() {
    let results = run(&[
        "events=[{ kind = \"ban\", region = \"us\", start = 2026-03-01, days = 60, ban = { compliance = 1.0, compliance_days = 0.0, abandon_days = 300.0 } }]",
        "moving.downtime_days=20.0",
    ]);
    let us = |date| mean(&results, date, Level::Region, "us", "hash_rate");
    // 1 March is day 59, the end day 119; a review and three weeks later they run again.
    assert_eq!(us(3), 0.0);
    assert!(us(7) > 0.6 * us(1), "{} of {}", us(7), us(1));
    let abandoned = mean(&results, results.last(), Level::Network, ALL, "abandoned");
    assert!(abandoned < 20.0, "{abandoned}");
}

#[test]
fn who_has_to_leave_runs_on_until_his_day_and_buys_nothing_before_it() {
    let load = |terms: &str, date: usize| {
        let ban = format!(
            "events=[{{ kind = \"ban\", region = \"south\", start = 2026-03-01, ban = {{ compliance = 1.0, compliance_days = {terms} }} }}]"
        );
        let results = run(&[
            &ban,
            "regions.us.capacity.build_mw_per_month=2000.0",
            "hardware.retire_per_year=0.0",
            "growth.pipeline_per_month=0.0",
            "moving.consider_per_year=inf",
        ]);
        mean(
            &results,
            date,
            Level::Region,
            "south",
            "nameplate_hash_rate",
        )
    };
    // Their day is ten years away: after a year they are there, and no more of them (what was ordered before the ban still comes).
    let (before, after) = (
        load("3660.0, shape = 100.0", 9),
        load("3660.0, shape = 100.0", 15),
    );
    assert!(after <= before && after > 0.9 * before, "{before} {after}");
}

#[test]
fn who_loses_his_place_looks_for_another_on_the_same_day() {
    let results = run(&[
        "events=[{ kind = \"ban\", region = \"south\", start = 2026-03-01, ban = { compliance = 1.0, compliance_days = 0.0 } }]",
        "regions.us.capacity={ start_utilisation = 0.2 }",
        "record_every_days=1",
        "days=70",
    ]);
    let at = |date, metric| mean(&results, date, Level::Network, ALL, metric);
    // 1 March is day 59: there is room for all, so on the next day all are on their way and nobody seeks.
    assert!(at(60, "transit_hash_rate") > 0.2 * at(58, "hash_rate"));
    // Some find that nothing pays, and wait.
    let (under_way, seeking) = (at(60, "transit_hash_rate"), at(60, "seeking_hash_rate"));
    assert!(under_way > 4.0 * seeking, "{under_way} {seeking}");
}

#[test]
fn sites_are_built_where_mining_pays_and_not_where_it_does_not() {
    let capacity = |usd: &str, response: &str| {
        let results = run(&[
            "regions.us.capacity.build_mw_per_month=0.0",
            &format!("regions.us.capacity.build_response={response}"),
            &format!("bitcoin.price={{ model = \"constant\", usd = {usd} }}"),
            "days=361",
            "record_every_days=360",
            "hardware.exit_after_idle_days=inf",
            "growth.rate_per_month=0.0",
            "growth.pipeline_per_month=0.001",
        ]);
        mean(&results, 1, Level::Region, "us", "capacity")
            / mean(&results, 0, Level::Region, "us", "capacity")
    };
    assert_eq!(capacity("100_000.0", "0.0"), 1.0);
    // At 1,000,000 USD machines earn far more than 100 USD/MWh above their power: full pace, compounding from day to day.
    let full = libm::exp(360.0 * libm::log(1.0 + 0.04 / 30.4375));
    let found = capacity("1_000_000.0", "0.04");
    assert!((found / full - 1.0).abs() < 1e-3, "{found} {full}");
    let some = capacity("105_000.0", "0.04");
    assert!(some > 1.02 && some < full, "{some} {full}");
    assert!(capacity("40_000.0", "0.04") < 1.0 + 1e-9);
}

#[test]
fn machines_that_come_before_their_room_wait_for_it_and_never_fill_more_than_there_is() {
    struct Room {
        waited: f64,
    }
    impl Observer for Room {
        fn day(&mut self, today: &Day<'_>, _: &Fleets, _: u64) {
            for r in 0..3 {
                let (load, capacity) = (today.capacities.load[r], today.capacities.capacity[r]);
                assert!(
                    load <= capacity * (1.0 + 1e-9) + 1e-6,
                    "day {}: {load} of {capacity}",
                    today.day
                );
            }
            self.waited = self.waited.max(today.under_way);
        }
    }
    let scenario = whole(&[
        "growth.slots=\"on-delivery\"",
        "growth.pipeline_per_month=0.2",
        "growth.rate_per_month=0.5",
        "firms.count=60",
        "days=500",
    ]);
    let model = Model::new(&scenario);
    let mut records = vec![0.0; model.record_len()];
    let mut room = Room { waited: 0.0 };
    model.run_replica(0, &mut records, &mut room).unwrap();
    // Orders for six months at a fifth a month are more than there is room for: some wait.
    assert!(room.waited > 0.0);
    let hash = |slots: &str| {
        let results = run(&[slots, "growth.rate_per_month=0.5", "replicas=8"]);
        mean(&results, 12, Level::Network, ALL, "hash_rate")
    };
    // A slot that stays empty until its machines come is a slot less for others.
    let (order, delivery) = (
        hash("growth.slots=\"on-order\""),
        hash("growth.slots=\"on-delivery\""),
    );
    assert!(delivery > order, "{delivery} {order}");
}

#[test]
fn a_country_that_bans_takes_its_room_and_no_more_where_sites_are_built() {
    let left = |response: &str| {
        let results = run(&[
            "regions.rest={ share = 0.2, members = 2, power = { usd_per_mwh = 48.0 }, capacity = { start_utilisation = 0.9, max_mw = 4000.0 } }",
            response,
            "hazards=[{ kind = \"ban\", region = \"rest\", per_year = 0.3 }]",
            "days=700",
        ]);
        let at = |date| mean(&results, date, Level::Region, "rest", "capacity");
        at(results.last()) / at(0)
    };
    let (fixed, built) = (
        left("regions.rest.capacity.build_response=0.0"),
        left("regions.rest.capacity.build_response=0.05"),
    );
    assert!(fixed > 0.4 && fixed < 1.0, "{fixed}");
    assert!(built >= fixed, "{built} {fixed}");
}

#[test]
fn a_closed_region_keeps_its_miners_who_may_renew_what_they_had() {
    let load = |open: &str| {
        let results = run(&[
            open,
            "regions.south.power.usd_per_mwh=35.0",
            "growth.pipeline_per_month=0.0",
            "days=1400",
            "moving.consider_per_year=0.0",
            "hardware.retire_per_year=0.2",
        ]);
        (
            mean(&results, 0, Level::Region, "south", "load"),
            mean(&results, results.last(), Level::Region, "south", "load"),
        )
    };
    let (start, end) = load("regions.south.open=false");
    assert!(end > 0.6 * start && end <= start * 1.001, "{start} {end}");
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
fn an_aggregate_s_countries_ban_one_by_one() {
    let results = run(&[
        "hazards=[{ kind = \"ban\", region = \"rest\", per_year = 0.2, ban = { compliance = 1.0, compliance_days = 0.0, abandon_days = 1.0 } }]",
        "growth.rate_per_month=0.0",
        "growth.pipeline_per_month=0.0",
        "hardware.retire_per_year=0.0",
        "hardware.exit_after_idle_days=inf",
        "moving.consider_per_year=0.0",
        "replicas=60",
        "days=361",
        "regions.us.open=false",
        "regions.south.open=false",
        "regions.rest.open=false",
    ]);
    let hash = |date| mean(&results, date, Level::Region, "rest", "nameplate_hash_rate");
    // Two bans a year, each in a tenth of what is left, and nobody finds a place.
    let expected = libm::exp(-0.2 * 360.0 / 365.25);
    let ratio = hash(results.last()) / hash(0);
    assert!((ratio - expected).abs() < 0.06, "{ratio} {expected}");
    let shortest = (0..results.replicas as usize).map(|replica| {
        let quantity = results
            .find(Level::Region, "rest", "nameplate_hash_rate")
            .expect("recorded");
        results.replica(replica)[results.last() * results.quantities.len() + quantity]
    });
    assert!(
        shortest.fold(f64::INFINITY, f64::min) > 0.3 * hash(0),
        "the others are open as before"
    );
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

#[test]
fn a_policy_risk_keeps_machines_away() {
    let share = |per_year: &str| {
        let hazard = format!(
            "hazards=[{{ kind = \"ban\", region = \"south\", per_year = {per_year}, load_sensitivity = 0.0 }}]"
        );
        // The hazard is the same in both: it is what miners expect to lose by it that differs.
        let results = run(&[&hazard, "moving.policy_loss_usd_per_mw=0.0"]);
        let feared = run(&[&hazard, "moving.policy_loss_usd_per_mw=3e6"]);
        let of = |results: &Ensemble| mean(results, results.last(), Level::Region, "south", "load");
        (of(&results), of(&feared))
    };
    let (calm, feared) = share("0.03");
    assert!(feared < 0.9 * calm, "{feared} {calm}");
}

// ---- Limits with a known answer ---------------------------------------------------------------------

/// Two regions whose prices rise with load, machines that are all alike, nothing that holds them.
fn two_slopes(mu: f64) -> Vec<String> {
    // 4,000 MW at 20 J/TH. Prices 40 + 0.01 L and 55 + 0.005 L, written from the load of the start, 2,000 MW each.
    let lines = [
        "name=Slopes",
        "days=900",
        "record_every_days=10",
        "replicas=8",
        "bitcoin.network_ehs=200.0",
        "bitcoin.hash_is=nameplate",
        "bitcoin.price={ model = \"constant\", usd = 400_000.0 }",
        "firms.count=2000",
        "firms.tail_cap=1.0",
        "firms.efficiency={ model = \"vintages\", mix = [{ share = 1.0, j_per_th = 20.0 }] }",
        "moving.downtime_days=1.0",
        "moving.ship_usd_per_th=0.0",
        "moving.consider_per_year=inf",
        "moving.horizon_years=100.0",
        "expectations.spot_memory=0.0",
        "regions={ a = { share = 0.5, power = { usd_per_mwh = 60.0, slope_usd_per_mwh_per_gw = 10.0 } }, b = { share = 0.5, power = { usd_per_mwh = 65.0, slope_usd_per_mwh_per_gw = 5.0 } } }",
    ];
    let mut changes: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changes.push(format!("moving.choice_scale_usd_per_mwh={mu:?}"));
    changes
}

/// The mean field: shares of machines in place of fleets, in thirty cohorts of which one reviews its place each day.
fn mean_field(mu: f64, days: usize) -> Vec<f64> {
    let cohort = 4000.0 / 30.0;
    let mut in_a = [0.5; 30];
    let mut seen = [2000.0, 2000.0];
    let mut path = Vec::new();
    for day in 0..days {
        let load = cohort * in_a.iter().sum::<f64>();
        path.push(load);
        // Today's load joins the mean before the reviews.
        seen[0] += (load - seen[0]) / 30.0;
        seen[1] += (4000.0 - load - seen[1]) / 30.0;
        let a = 40.0 + 0.01 * seen[0];
        let b = 55.0 + 0.005 * seen[1];
        in_a[day % 30] = 1.0 / (1.0 + libm::exp((a - b) / mu));
    }
    path
}

#[test]
fn load_follows_its_mean_field_and_ends_where_delivered_prices_are_in_balance() {
    for (mu, limit) in [(20.0, 2142.718), (5.0, 2249.673)] {
        let scenario = parse_scenario(
            "slopes",
            include_str!("../../scenarios/core.toml"),
            &two_slopes(mu),
            &[],
        )
        .unwrap_or_else(|refused| panic!("{refused}"));
        let results = ensemble::run(&scenario).expect("it runs");
        let path = mean_field(mu, 900);
        assert!(
            (path[899] - limit).abs() < 0.5,
            "the mean field itself: {}",
            path[899]
        );
        let dates = results.dates.len();
        let load = |date| mean(&results, date, Level::Region, "a", "load");
        let sd = (4000.0_f64 * 2.0 * 0.25 / 8.0).sqrt();
        for (date, (day, _)) in results.dates.iter().enumerate() {
            let off = (load(date) - path[*day as usize]).abs();
            assert!(
                off < 5.0 * sd + 5.0,
                "mu {mu}, day {day}: {} {}",
                load(date),
                path[*day as usize]
            );
        }
        let late = dates / 2;
        let average = (late..dates).map(load).sum::<f64>() / (dates - late) as f64;
        assert!((average / limit - 1.0).abs() < 0.005, "mu {mu}: {average}");
    }
}

#[test]
fn delivered_prices_equalise_as_the_scale_of_choice_goes_to_nothing() {
    use hashdrift::world::review::choose_by_logit;
    for (mu, limit) in [
        (20.0, 2142.718),
        (5.0, 2249.673),
        (1.0, 2312.339),
        (0.1, 2331.105),
        (0.001, 2333.33),
    ] {
        let (mut low, mut high) = (0.0, 4000.0);
        for _ in 0..60 {
            let load = 0.5 * (low + high);
            let prices = [40.0 + 0.01 * load, 55.0 + 0.005 * (4000.0 - load)];
            let mut weights = [0.0; 2];
            let _ = choose_by_logit(&prices.map(|price| -price), mu, 0, 0.5, &mut weights);
            let wanted = 4000.0 * weights[0] / (weights[0] + weights[1]);
            if wanted > load {
                low = load;
            } else {
                high = load;
            }
        }
        assert!(
            (low - limit).abs() < 0.005 + 25.0 * mu * f64::from(u8::from(mu < 0.01)),
            "{mu}: {low}"
        );
    }
}

// ---- Signs -----------------------------------------------------------------------------------------

/// Mean share of a region over replicas and record days.
fn overall(results: &Ensemble, region: &str) -> f64 {
    let dates = results.dates.len();
    (0..dates)
        .map(|date| mean(results, date, Level::Region, region, "share"))
        .sum::<f64>()
        / dates as f64
}

#[test]
fn dearer_power_loses_share_in_the_whole_model_too() {
    let share = |price: &str| overall(&run(&[price, "replicas=24"]), "south");
    let shares = [
        share("regions.south.power.usd_per_mwh=38.0"),
        share("regions.south.power.usd_per_mwh=46.0"),
        share("regions.south.power.usd_per_mwh=54.0"),
        share("regions.south.power.usd_per_mwh=70.0"),
    ];
    assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
    assert!(shares[0] > shares[3] + 0.02, "{shares:?}");
}

#[test]
fn room_elsewhere_wins_no_share_for_the_dear_region() {
    let dear = "regions.us.power.usd_per_mwh=60.0";
    let share = |build: &str| overall(&run(&[dear, build, "replicas=24"]), "us");
    let (little, much) = (
        share("regions.south.capacity.build_mw_per_month=10.0"),
        share("regions.south.capacity.build_mw_per_month=400.0"),
    );
    assert!(much < little, "{much} {little}");
}

#[test]
fn duty_sends_new_machines_elsewhere() {
    let share = |duty: &str| overall(&run(&[duty, "replicas=24"]), "us");
    assert!(share("regions.us.duty=0.5") < share("regions.us.duty=0.0") - 0.01);
}
