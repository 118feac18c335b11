//! AI compute beside mining: what it takes, and what it leaves alone.

use super::*;

/// AI that pays well for half of the sites of two regions.
const AI: &str = "ai={ demand_mw = 10_000.0, growth_per_year = 0.3, providers = { x = { share = 0.6 }, y = { share = 0.3 }, z = { share = 0.1, members = 5 } }, edge = { start_share = 0.1 }, rent = { usd_per_mw_year = 0.0, margin = 0.85, elasticity = 1.0, supply_growth_per_year = 0.3 } }";
const PLACES: [&str; 2] = [
    "regions.us.ai={ share = 0.5, eligible_share = 0.5, convert_mw_per_year = 800.0 }",
    "regions.rest.ai={ share = 0.2, eligible_share = 0.5 }",
];

fn with_ai<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&[AI], &PLACES[..], more].concat()
}

/// Mean over replicas at the end.
fn last(results: &Ensemble, name: &str, metric: &str) -> f64 {
    mean(results, results.last(), Level::Region, name, metric)
}

#[test]
fn ai_that_pays_nothing_and_moves_no_price_leaves_every_bit_of_mining_as_it_was() {
    let (without, with) = (run(&[]), run(&with_ai(&[])));
    let mut compared = 0;
    for replica in 0..without.replicas as usize {
        let (plain, beside) = (without.replica(replica), with.replica(replica));
        for date in 0..without.dates.len() {
            for (index, quantity) in without.quantities.iter().enumerate() {
                let same = with
                    .find(quantity.level, &quantity.name, &quantity.metric)
                    .expect("what is recorded without AI is recorded beside it");
                let value = plain[date * without.quantities.len() + index];
                let other = beside[date * with.quantities.len() + same];
                assert_eq!(value.to_bits(), other.to_bits(), "{quantity:?} {date}");
                compared += 1;
            }
        }
    }
    assert!(compared > 16 * 30 * 100, "{compared}");
    assert!(with.quantities.len() > without.quantities.len());
    let share = |metric| mean(&with, with.last(), Level::Ai, ALL, metric);
    assert!((share("edge_share") - 0.1).abs() < 1e-12);
    assert!((share("hhi") - 0.81 * (0.36 + 0.09 + 0.01 / 5.0)).abs() < 1e-8);
}

#[test]
fn sites_leave_mining_for_rent_as_fast_as_they_may_and_take_their_capacity_along() {
    let builds_nothing = [
        "regions.us.capacity.build_mw_per_month=0.0",
        "regions.rest.capacity.build_mw_per_month=0.0",
    ];
    let at_rent = |usd: &str| {
        let rent = format!("ai.rent.usd_per_mw_year={usd}");
        let changes = [&builds_nothing[..], &[rent.as_str()]].concat();
        run(&with_ai(&changes))
    };
    let (none, little, much) = (at_rent("0.0"), at_rent("5e4"), at_rent("4e6"));
    let converted = |results: &Ensemble| last(results, "us", "converted");
    assert_eq!(converted(&none), 0.0);
    assert!(0.0 < converted(&little) && converted(&little) < 0.8 * converted(&much));
    let years = f64::from(much.dates[much.last()].0) / 365.25;
    // One site may overshoot what is allowed; those fit for it are a half.
    assert!(
        converted(&much) > 0.8 * 800.0 * years,
        "{}",
        converted(&much)
    );
    assert!(converted(&much) < 800.0 * years + 60.0 * 1.05);
    let capacity = |results: &Ensemble, date| mean(results, date, Level::Region, "us", "capacity");
    let lost = capacity(&much, 0) - capacity(&much, much.last());
    // That of the first day is recorded before anybody decides.
    assert!((lost - converted(&much)).abs() < 1e-6 * lost, "{lost}");
    // There is no limit in the rest of the world but its fit sites.
    let start = mean(&much, 0, Level::Region, "rest", "load");
    let left = last(&much, "rest", "converted");
    assert!(0.25 * start < left && left < 1.2 * start, "{left} {start}");
    let total = mean(&much, much.last(), Level::Ai, ALL, "converted");
    assert!((left + converted(&much) - total).abs() < 1e-9 * total);
    // Machines that lose their site look for another, elsewhere.
    let share = |results: &Ensemble| last(results, "south", "share");
    assert!(
        share(&much) > 1.1 * share(&none),
        "{} {}",
        share(&much),
        share(&none)
    );
}

#[test]
fn sites_that_are_too_small_or_not_fit_stay() {
    let rent = "ai.rent.usd_per_mw_year=4e6";
    let small = run(&with_ai(&[rent, "ai.rent.least_mw=1e4"]));
    assert_eq!(last(&small, "us", "converted"), 0.0);
    let unfit = run(&with_ai(&[rent, "regions.us.ai.eligible_share=0.0"]));
    assert_eq!(last(&unfit, "us", "converted"), 0.0);
    assert!(last(&unfit, "rest", "converted") > 0.0);
}

#[test]
fn ai_takes_no_more_sites_than_it_has_load_for_and_none_in_hiding_or_under_a_ban() {
    let rent = "ai.rent.usd_per_mw_year=4e6";
    // 900 MW are hosted, and do not grow: 450 of them here.
    let small = run(&with_ai(&[
        rent,
        "ai.demand_mw=1000.0",
        "ai.growth_per_year=0.0",
    ]));
    let taken = last(&small, "us", "converted");
    assert!(300.0 < taken && taken <= 450.0, "{taken}");
    let nothing_hosted = run(&with_ai(&[rent, "ai.edge.start_share=1.0"]));
    assert_eq!(last(&nothing_hosted, "us", "converted"), 0.0);
    let ban = "events=[{ kind = \"ban\", region = \"us\", start = 2026-03-01, ban = { compliance = 0.5, covert_share = 0.5 } }]";
    let banned = run(&with_ai(&[rent, ban]));
    // The ban begins on day 59; records are every 30 days.
    let on = |date| mean(&banned, date, Level::Region, "us", "converted");
    assert!(on(1) > 0.0 && on(1) <= on(2));
    assert_eq!(on(3), on(banned.last()));
}

#[test]
fn what_ai_has_taken_is_not_counted_twice_in_the_price() {
    let priced = [
        "regions.us.ai.price_usd_per_mwh_per_gw=1.0",
        "ai.rent.usd_per_mw_year=4e6",
    ];
    let results = run(&with_ai(&priced));
    // At one price per gigawatt for both, all that AI adds is in the two terms together, whoever draws it.
    let years = f64::from(results.dates[results.last()].0) / 365.25;
    let added = 4.5 * (libm::exp(0.3 * years) - 1.0) - last(&results, "us", "converted") / 1000.0;
    let found = last(&results, "us", "ai_price");
    assert!((found - added).abs() < 0.1, "{found} {added}");
    // And a site that is let draws on: it stays in the load that moves the price.
    let calm = [
        "regions.us.power.volatility=0.0",
        "regions.us.power.slope_usd_per_mwh_per_gw=10.0",
        "ai.rent.usd_per_mw_year=4e6",
    ];
    let results = run(&with_ai(&calm));
    let of = |date, metric| mean(&results, date, Level::Region, "us", metric);
    let end = results.last();
    let taken = of(end, "converted") / 1000.0;
    assert!(taken > 1.0, "{taken}");
    let drawn = (of(end, "power") - of(0, "power")) / 1000.0 + taken;
    // The load that moves the price is a mean of a month.
    let price = of(end, "power_price");
    assert!(
        (price - (45.0 + 10.0 * drawn)).abs() < 4.0,
        "{price} {drawn} {taken}"
    );
}

#[test]
fn ai_that_lands_in_a_region_makes_its_power_dearer_and_its_sites_slower_and_the_edge_relaxes_it() {
    let squeeze = [
        "regions.us.ai.price_usd_per_mwh_per_gw=4.0",
        "regions.us.ai.queue_per_gw=0.2",
    ];
    let (calm, squeezed) = (run(&with_ai(&[])), run(&with_ai(&squeeze)));
    let edge = [
        &squeeze[..],
        &["ai.edge.ceiling=0.4", "ai.edge.rate_per_year=1.0"],
    ]
    .concat();
    let relaxed = run(&with_ai(&edge));
    let of = |metric: &str| [&calm, &relaxed, &squeezed].map(|results| last(results, "us", metric));
    let [calm_load, relaxed_load, squeezed_load] = of("ai_load");
    assert!(relaxed_load < squeezed_load && calm_load == squeezed_load);
    // 9 GW that grow by 0.3 a year, half of them here, at 4 USD/MWh a gigawatt.
    let years = f64::from(calm.dates[calm.last()].0) / 365.25;
    let expected = 4.0 * 4.5 * (libm::exp(0.3 * years) - 1.0);
    assert!((of("ai_price")[2] - expected).abs() < 1e-9 * expected);
    for metric in ["share", "capacity", "ai_built"] {
        let [calm, relaxed, squeezed] = of(metric);
        assert!(
            squeezed < relaxed && relaxed < calm,
            "{metric}: {squeezed} {relaxed} {calm}"
        );
    }
}
