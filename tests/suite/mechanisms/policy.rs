//! Bans, closures, cuts and the risk of them.

use super::*;

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
