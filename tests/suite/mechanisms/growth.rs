//! Purchases, deliveries, newcomers, and the room that is built for them.

use super::*;

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
