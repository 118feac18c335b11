//! What a scenario can get wrong, and the exact words that answer it.

use std::path::Path;

use hashdrift::scenario::{Place, Refused, load_scenario, parse_scenario};

/// A scenario with which nothing is wrong.
pub const GOOD: &str = r#"name = "good"
start = 2025-10-15
days = 30
replicas = 2

[bitcoin]
height = 925_000
network_ehs = 900.0
hash_is = "nameplate"
price = { model = "gbm", usd = 95_000.0, volatility = 0.4 }

[firms]
count = 20
efficiency = { model = "normal", mean = 18.0, sd = 5.0, min = 13.0, max = 38.0 }

[regions.us]
iso = ["US"]
share = 0.6
power = { usd_per_mwh = 75.0, volatility = 0.6 }
capacity = { mw = 18_000.0 }

[regions.paraguay]
share = 0.4
power = { usd_per_mwh = 52.0 }
"#;

fn refused(text: &str, overrides: &[&str]) -> Refused {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    match parse_scenario("s.toml", text, &overrides, &[]) {
        Ok(_) => panic!("this should be refused: {overrides:?}\n{text}"),
        Err(refused) => refused,
    }
}

/// The message for the good scenario with one edit, without its frame.
fn edited(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    body(&refused(&GOOD.replacen(from, to, 1), &[]))
}

fn set(change: &str) -> String {
    body(&refused(GOOD, &[change]))
}

fn body(refused: &Refused) -> String {
    let text = refused.to_string();
    let text = text
        .strip_prefix("s.toml has 1 problem\n\n")
        .unwrap_or(&text);
    text.strip_suffix("\n\nnothing was run")
        .unwrap_or(text)
        .to_owned()
}

#[test]
fn the_good_scenario_is_good() {
    assert!(parse_scenario("s.toml", GOOD, &[], &[]).is_ok());
}

#[test]
fn keys_that_do_not_exist() {
    assert_eq!(
        edited("usd_per_mwh = 75.0", "usd_per_mhw = 75.0"),
        "  line 19, column 11: regions.us.power.usd_per_mhw\n    unknown key\n    did you mean `usd_per_mwh`?"
    );
    assert_eq!(
        edited("count = 20", "count = 20\ncolour = 3"),
        "  line 14, column 1: firms.colour\n    unknown key\n    the keys here are `count`, `tail_alpha`, `tail_cap`, `max_fleet_mw`, `scale_exponent`, `site_dispersion`, `overhead`, `fixed_population`, `efficiency` and `named`"
    );
    assert_eq!(
        set("regions.us.power.usd_per_mhw=1"),
        "  --set regions.us.power.usd_per_mhw=1: regions.us.power.usd_per_mhw\n    unknown key\n    did you mean `usd_per_mwh`?"
    );
}

#[test]
fn keys_that_are_missing() {
    assert_eq!(
        edited("days = 30\n", ""),
        "  line 1, column 1: days\n    this key is missing\n    add it: Number of simulated days"
    );
    assert_eq!(
        edited("usd_per_mwh = 52.0", ""),
        "  line 24, column 9: regions.paraguay.power\n    there is no price on the first day: neither `usd_per_mwh` nor a tariff step in force\n    add usd_per_mwh = ..."
    );
    assert_eq!(
        edited("model = \"gbm\", ", ""),
        "  line 10, column 9: bitcoin.price\n    the key `model` is missing\n    set model to one of `constant`, `gbm`, `jump`, `path` and `bootstrap`"
    );
}

#[test]
fn values_of_the_wrong_type() {
    assert_eq!(
        edited("share = 0.6", "share = \"most\""),
        "  line 18, column 9: regions.us.share\n    \"most\" is text; it must be a number\n    write a number"
    );
    assert_eq!(
        edited("count = 20", "count = 20.5"),
        "  line 13, column 9: firms.count\n    20.5 is a number with a fraction; it must be a whole number\n    write a whole number"
    );
    assert_eq!(
        edited("start = 2025-10-15", "start = 2025-10-15T12:00:00Z"),
        "  line 2, column 9: start\n    `2025-10-15T12:00:00Z` is not a day between 2009-01-01 and 2200-12-31\n    write year, month and day, as in 2025-10-15"
    );
    assert_eq!(
        edited("\"nameplate\"", "\"namplate\""),
        "  line 9, column 11: bitcoin.hash_is\n    `namplate` is not one of `running` and `nameplate`\n    did you mean `nameplate`?"
    );
}

#[test]
fn values_out_of_range() {
    assert_eq!(
        edited("volatility = 0.6", "volatility = -0.6"),
        "  line 19, column 44: regions.us.power.volatility\n    -0.6 is out of range (1/sqrt(year))\n    it must be at least 0 and at most 20"
    );
    for (typed, shown) in [("nan", "nan"), ("inf", "inf"), ("-inf", "-inf")] {
        assert_eq!(
            edited("share = 0.6", &format!("share = {typed}")),
            format!(
                "  line 18, column 9: regions.us.share\n    {shown} is not a finite number\n    write a number (share); at least 0 and at most 1"
            )
        );
    }
    assert_eq!(
        edited("network_ehs = 900.0", "network_ehs = 1e308"),
        "  line 8, column 15: bitcoin.network_ehs\n    1e308 is out of range (EH/s)\n    it must be at least 0.000000001 and at most 1e12"
    );
    assert_eq!(
        edited("count = 20", "count = 99999999999999999999"),
        "  line 13, column 9: firms.count\n    99999999999999999999 does not fit into a signed 64-bit integer\n    it must be at least 0 and at most 1e7"
    );
    assert_eq!(
        edited("days = 30", "days = 0"),
        "  line 3, column 8: days\n    0 is out of range (days)\n    it must be at least 1 and at most 36525"
    );
}

#[test]
fn shares_that_do_not_add_up() {
    assert_eq!(
        edited("share = 0.4", "share = 0.5"),
        "  line 23, column 9: regions.paraguay.share\n    the shares add up to 1.1; they must add up to 1 (within 1e-9)\n    lower one of: us 0.6, paraguay 0.5"
    );
}

#[test]
fn regions_firms_and_correlations_that_do_not_fit_together() {
    assert_eq!(
        set("regions={}"),
        "  --set regions={}: regions\n    there are 0 regions\n    give at least 1 and at most 200, each as [regions.ID]"
    );
    assert_eq!(
        set("firms.count=1"),
        "  --set firms.count=1: firms.count\n    1 firms cannot fill 2 regions that have a share\n    raise it to at least 2"
    );
    assert_eq!(
        set("power.correlation=-1.0"),
        "  --set power.correlation=-1.0: power.correlation\n    the correlation matrix is not positive definite\n    for 2 regions it must be above -1 and below 1"
    );
    assert_eq!(
        set("power.correlation_matrix=[[1.0, 0.2]]"),
        "  --set power.correlation_matrix=[[1.0, 0.2]]: power.correlation_matrix\n    the matrix is not 2 by 2, a row and a column for each region\n    give a number for every pair of regions, in their order"
    );
    assert_eq!(
        set("regions.paraguay.iso=[\"US\"]"),
        "  --set regions.paraguay.iso=[\"US\"]: regions.paraguay.iso\n    US is already in region `us`\n    a country belongs to one region"
    );
    assert_eq!(
        set("firms.named=[{ name = \"A\", ehs = 1.0, regions = { paragay = 1.0 } }]"),
        "  --set firms.named=[{ name = \"A\", ehs = 1.0, regions = { paragay = 1.0 } }]: firms.named.0.regions.paragay\n    there is no such region\n    did you mean `paraguay`?"
    );
    assert_eq!(
        set("firms.efficiency.min=39.0"),
        "  --set firms.efficiency.min=39.0: firms.efficiency.min\n    39 is above `max`, 38\n    exchange the two"
    );
}

#[test]
fn capacities_and_tariffs_that_contradict_themselves() {
    assert_eq!(
        set("regions.us.capacity.start_utilisation=0.9"),
        "  line 20, column 12: regions.us.capacity\n    the capacity at the start is given by exactly one of `mw` and `start_utilisation`\n    keep one of the two"
    );
    assert_eq!(
        set("regions.us.capacity.max_mw=17000"),
        "  --set regions.us.capacity.max_mw=17000: regions.us.capacity.max_mw\n    17000 is below `mw`, 18000\n    raise `max_mw` or lower `mw`"
    );
    let tariff = "regions.us.power.tariff=[{ from = 2026-01-01, usd_per_mwh = 1 }, { from = 2025-01-01, usd_per_mwh = 2 }]";
    assert!(set(tariff).ends_with(
        "regions.us.power.tariff.1.from\n    2025-01-01 does not come after the step before it\n    put the steps in order of time"
    ));
    let overhead = "firms.overhead=[{ from = 2026-01-01, usd_per_year = 1 }, { from = 2026-01-01, usd_per_year = 2 }]";
    assert!(set(overhead).ends_with(
        "firms.overhead.1.from\n    2026-01-01 does not come after the step before it\n    put the steps in order of time"
    ));
    let growth = "growth={ rate_per_month = 0.1, cap_per_month = 0.1, hurdle = 1, discount_rate = 0.2, lead_days = 9, entrants = [{ from = 2026-02-01, mw = 1 }, { from = 2026-01-01, mw = 2 }] }";
    let machines = "hardware={ usd_per_th = 20, frontier = { model = \"steps\", steps = [{ from = 2025-01-01, j_per_th = 20 }] } }";
    let refused = body(&refused(GOOD, &[growth, machines]));
    assert!(
        refused.ends_with(
            "growth.entrants.1.from\n    2026-01-01 does not come after the step before it\n    put the steps in order of time"
        ),
        "{refused}"
    );
}

#[test]
fn a_capacity_below_the_load_that_shares_mean() {
    assert_eq!(
        set("regions.us.capacity.mw=9000"),
        "  --set regions.us.capacity.mw=9000: regions.us.capacity.mw\n    9000 MW is below the 9720 MW that the region's share draws at 18.0 J/TH\n    raise it, lower the share, or give `start_utilisation` in its place"
    );
}

#[test]
fn purchases_without_machines_to_buy() {
    let growth = "growth={ rate_per_month = 0.2, cap_per_month = 0.1, hurdle = 0.4, discount_rate = 0.2, lead_days = 200 }";
    let message = set(growth);
    assert!(message.contains("firms buy machines, but `hardware.frontier` does not say which"));
    assert!(message.contains("firms buy machines, but these cost nothing"));
    let steps = |steps: &str| {
        set(&format!(
            "hardware.frontier={{ model = \"steps\", steps = {steps} }}"
        ))
    };
    assert!(steps("[{ from = 2026-01-01, j_per_th = 15 }]").ends_with(
        "no step is in force on the first day\n    add one from the start or before it"
    ));
    assert!(
        steps("[{ from = 2025-01-01, j_per_th = 15 }, { from = 2025-01-01, j_per_th = 14 }]")
            .contains("2025-01-01 does not come after the step before it")
    );
    assert!(
        set("hardware.frontier={ model = \"exponential\", start_j_per_th = 14, limit_j_per_th = 15, rate_per_year = 0.1 }")
            .contains("15 is above `start_j_per_th`, 14")
    );
}

#[test]
fn events_that_cannot_be() {
    let event = |fields: &str| set(&format!("events=[{{ {fields} }}]"));
    let ends = |message: String, end: &str| assert!(message.ends_with(end), "{message}");
    ends(
        event("kind = \"ban\", region = \"us\", start = 2025-10-01"),
        "events.0.start\n    the ban begins on 2025-10-01, before the run does on 2025-10-15\n    start the run before it, or leave it out and set the region's `open = false` and its share of today",
    );
    ends(
        event("kind = \"outage\", region = \"us\", start = 2025-10-01, days = 3, size = 0.1"),
        "events.0.days\n    it is over before the run begins\n    take it out",
    );
    ends(
        event("kind = \"outage\", region = \"usa\", start = 2025-10-20, size = 0.1"),
        "events.0.region\n    there is no such region\n    did you mean `us`?",
    );
    ends(
        event("kind = \"outage\", start = 2025-10-20, size = 0.1"),
        "the key `region` is missing\n    add region = ...",
    );
    ends(
        event("kind = \"outage\", region = \"us\", start = 2025-10-20"),
        "the key `size` is missing\n    add size = ...",
    );
    ends(
        event("kind = \"outage\", region = \"us\", start = 2025-10-20, size = 1.5"),
        "events.0.size\n    1.5 is out of range for this kind\n    it must be between 0 and 1",
    );
    ends(
        event(
            "kind = \"tariff\", region = \"us\", start = 2025-10-20, size = 1.5, add_usd_per_mwh = 3",
        ),
        "a tariff takes exactly one of `size` (a factor) and `add_usd_per_mwh`\n    keep one of the two",
    );
    ends(
        event("kind = \"freeze\", region = \"us\", start = 2025-10-20, size = 1.5"),
        "events.0.size\n    this kind has no such key\n    take it out",
    );
    ends(
        event("kind = \"btc-price\", region = \"us\", start = 2025-10-20, size = 0.5"),
        "events.0.region\n    this kind concerns all regions\n    leave `region` out",
    );
    ends(
        event("kind = \"drought\", region = \"us\", start = 2025-10-20, size = 0.5"),
        "nothing hangs on water there: the region has no `capacity.hydro`\n    add it, or use `curtail`",
    );
    ends(
        event("kind = \"bann\", region = \"us\", start = 2025-10-20"),
        "did you mean `ban`?",
    );
    ends(
        set(
            "hazards=[{ kind = \"ban\", region = \"us\", per_year = 0.1, load_sensitivity = 3.0 }]",
        ),
        "the rate reacts to load over generation, but the region has no `national_generation_mw`\n    give it, or leave load_sensitivity out",
    );
}

#[test]
fn pools_and_basins_that_are_not_there() {
    let pool = [
        "pools.tags={ foundry = { share = 0.3 } }",
        "firms.named=[{ name = \"A\", ehs = 10, regions = { us = 1.0 }, pool = \"fundry\" }]",
    ];
    let message = body(&refused(GOOD, &pool));
    assert!(
        message.ends_with(
            "firms.named.0.pool\n    there is no such pool\n    did you mean `foundry`?"
        ),
        "{message}"
    );
    assert!(set("pools.tags={ a = { share = 0.0 } }").ends_with(
        "no pool has a share, so no firm can choose one\n    give at least one a share above 0"
    ));
    assert!(
        set("regions.us.capacity.hydro={ share = 1.0, basin = \"parana\" }")
            .contains("there is no such basin\n    the basins are none")
    );
    assert!(
        set("basins={ parana = { droughts_per_year = 0.1, mean_years = 1, severity = 0.2 } }")
            .ends_with("basins.parana\n    no region names this basin\n    name it in a region's capacity.hydro.basin, or take it out")
    );
}

#[test]
fn a_scenario_that_extends_another_says_where_each_problem_is() {
    let parse = |text: &str, base: &str| {
        let inputs = [("base.toml".to_owned(), base.to_owned())];
        parse_scenario("s.toml", text, &[], &inputs)
    };
    let text = "extends = \"base.toml\"\nname = \"mine\"\n[regions.us]\nshare = 0.7\n";
    let message = body(&parse(text, GOOD).expect_err("shares add up to 1.1"));
    assert_eq!(
        message,
        "  base.toml, line 23: regions.paraguay.share\n    the shares add up to 1.1; they must add up to 1 (within 1e-9)\n    lower one of: us 0.7, paraguay 0.4"
    );
    let text = format!("{text}[regions.paraguay]\nshare = 0.3\n");
    let scenario = parse(&text, GOOD).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!((scenario.name.as_str(), scenario.days), ("mine", 30));
    assert_eq!(scenario.regions[0].power.base.get(), 75.0);
    assert_eq!(scenario.source.inputs.len(), 1);
    let broken = body(&parse(&text, "name = = 3").expect_err("the base is no TOML"));
    assert!(
        broken.contains("  base.toml, line 1\n    not TOML"),
        "{broken}"
    );
    let circle = body(&parse(&text, &text).expect_err("the base extends itself"));
    assert!(
        circle.contains("`base.toml` extends itself, or comes back to itself by way of others"),
        "{circle}"
    );
    let missing = text.replace("base.toml", "bose.toml");
    let missing = body(&parse(&missing, GOOD).expect_err("the base is not there"));
    assert!(missing.contains("cannot read `bose.toml`"), "{missing}");
}

#[test]
fn scenarios_stand_on_one_another_up_to_four_deep() {
    let parse = |depth: u32| {
        let file = |number: u32| format!("{number}.toml");
        let mut inputs = vec![(file(0), GOOD.to_owned())];
        for number in 1..depth {
            let below = file(number - 1);
            let text = format!(
                "extends = \"{below}\"\nname = \"{number}\"\n[regions.us.power]\nusd_per_mwh = {number}.5\n"
            );
            inputs.push((file(number), text));
        }
        let text = format!("extends = \"{}\"\ndays = 77\n", file(depth - 1));
        parse_scenario("s.toml", &text, &[], &inputs)
    };
    let scenario = parse(4).unwrap_or_else(|refused| panic!("{refused}"));
    // Of each key the value that stands nearest.
    assert_eq!((scenario.name.as_str(), scenario.days), ("3", 77));
    assert_eq!(scenario.regions[0].power.base.get(), 3.5);
    assert_eq!(scenario.source.inputs.len(), 4);
    let stated = hashdrift::scenario::stated_keys(&scenario.source);
    let price = stated
        .iter()
        .find(|stated| stated.key == "regions.us.power.usd_per_mwh");
    assert_eq!(price.map(|price| price.value.as_str()), Some("3.5"));
    let deep = body(&parse(5).expect_err("five files are too many"));
    assert!(
        deep.contains("`0.toml` is one file too many under this one"),
        "{deep}"
    );
}

#[test]
fn past_prices_that_cannot_be_drawn_from() {
    let price = "bitcoin.price={ model = \"bootstrap\", file = \"p.csv\", usd = 95000 }";
    let parse = |rows: &str| {
        let inputs = [("p.csv".to_owned(), format!("date,usd\n{rows}"))];
        let overrides = [price.to_owned()];
        match parse_scenario("s.toml", GOOD, &overrides, &inputs) {
            Ok(_) => panic!("this should be refused:\n{rows}"),
            Err(refused) => body(&refused),
        }
    };
    let message = parse("2025-01-01,1\n2025-01-08,2\n2025-01-16,3");
    assert!(
        message.contains("p.csv, line 4") && message.contains("give rows at even spacing"),
        "{message}"
    );
    assert!(parse("2025-01-01,1\n2025-01-08,2").contains("2 rows give no returns to draw from"));
}

#[test]
fn a_spread_of_downtimes_too_small_to_draw() {
    assert_eq!(
        set("moving.downtime_cv=0.001"),
        "  --set moving.downtime_cv=0.001: moving.downtime_cv\n    0.001 is neither constant nor a spread\n    write 0 for a constant downtime, or at least 0.01"
    );
}

#[test]
fn nothing_would_run_at_the_start() {
    let changes = [
        "bitcoin.hash_is=running",
        "regions.us.power.usd_per_mwh=400.0",
    ];
    assert_eq!(
        body(&refused(GOOD, &changes)),
        "  line 19, column 9: regions.us.power\n    nothing runs here at the start: the best machines (13 J/TH) break even at 152.243589744 USD/MWh, power is delivered at 400\n    lower the price, or set bitcoin.hash_is = \"nameplate\""
    );
}

#[test]
fn text_that_is_no_toml() {
    let two = edited("days = 30", "days = = 30");
    assert!(
        two.contains(
            "line 3, column 8\n    not TOML: extra `=`, expected nothing\n    mend the syntax"
        ),
        "{two}"
    );
    for text in [
        "[",
        "a = 'x",
        "\0",
        "name = \"a\"\nname = \"b\"",
        &"[".repeat(10_000),
    ] {
        let refused = refused(text, &[]);
        assert!(refused.problems.iter().all(|p| !p.rule.is_empty()));
    }
    let empty = refused("", &[]);
    assert_eq!(empty.problems.len(), 6, "{empty}");
    // The same region twice.
    assert!(edited("[regions.paraguay]", "[regions.us]").contains("not TOML"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine_and_keep_positions() {
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert!(parse_scenario("s.toml", &text, &[], &[]).is_ok());
    let refused = refused(&text.replace("share = 0.6", "share = 6"), &[]);
    assert_eq!(
        refused.problems[0].place,
        Place::Line {
            line: 18,
            column: 9
        }
    );
}

#[test]
fn overrides_that_cannot_be_applied() {
    assert_eq!(
        set("days"),
        "  --set days\n    an override has the form KEY=VALUE\n    for example --set regions.us.power.usd_per_mwh=80"
    );
    assert_eq!(
        set("days.x=1"),
        "  --set days.x=1\n    `days` is a whole number and has no keys\n    name a key of a table"
    );
    assert_eq!(
        set("regions..share=1"),
        "  --set regions..share=1\n    `regions..share` is not a key path\n    write key names separated by dots, as in bitcoin.price.usd"
    );
}

#[test]
fn price_paths_say_which_row_is_wrong() {
    let with = |csv: &str| {
        let change = ["bitcoin.price={ model = \"path\", file = \"p.csv\" }".to_owned()];
        let inputs = [("p.csv".to_owned(), csv.to_owned())];
        let refused = parse_scenario("s.toml", GOOD, &change, &inputs).expect_err("it is wrong");
        body(&refused)
    };
    assert_eq!(
        with("date,usd\n2025-10-01,1\nyesterday,2\n"),
        "  p.csv, line 3: bitcoin.price.file\n    `yesterday` is not a date\n    write year, month and day, as in 2025-10-15"
    );
    assert_eq!(
        with("date,usd\n2025-10-01,1\n2025-10-20,-2\n"),
        "  p.csv, line 3: bitcoin.price.file\n    `-2` is not a price above 0 and at most 1e12\n    write USD per bitcoin"
    );
    assert!(
        with("date,usd\n2025-10-20,1\n2025-12-20,2\n").contains("the rows cover day 5 to day 66")
    );
    assert!(with("date,usd\n2025-10-20,1\n2025-10-19,2\n").contains("does not come after"));
    assert!(with("day,price\n").contains("the columns are day,price"));
    assert!(
        set("bitcoin.price={ model = \"path\", file = \"q.csv\" }").contains("cannot read `q.csv`")
    );
}

#[test]
fn all_problems_come_at_once_in_file_order() {
    let text = GOOD
        .replace("days = 30", "days = -1")
        .replace("hash_is", "hash_si")
        .replace("sd = 5.0", "sd = true")
        .replace("usd_per_mwh = 52.0", "usd_per_mwh = 1e9");
    let refused = refused(&text, &[]);
    let keys: Vec<&str> = refused.problems.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "days",
            "bitcoin.hash_si",
            "firms.efficiency.sd",
            "regions.paraguay.power.usd_per_mwh"
        ]
    );
    assert!(refused.to_string().starts_with("s.toml has 4 problems\n"));
}

#[test]
fn rules_between_keys_are_checked_beside_keys_that_are_wrong() {
    let text = GOOD
        .replace("volatility = 0.6 }", "volatilty = 0.6 }")
        .replace("share = 0.4", "share = 0.5");
    assert_eq!(
        body(&refused(&text, &[])),
        "s.toml has 2 problems\n\n  line 19, column 31: regions.us.power.volatilty\n    unknown key\n    did you mean `volatility`?\n\n  line 23, column 9: regions.paraguay.share\n    the shares add up to 1.1; they must add up to 1 (within 1e-9)\n    lower one of: us 0.6, paraguay 0.5"
    );
}

#[test]
fn a_table_made_by_an_override_is_named_by_it() {
    assert_eq!(
        set("regions.oman.power.usd_per_mwh=40"),
        "  --set regions.oman.power.usd_per_mwh=40: regions.oman.share\n    this key is missing\n    add it: Share of the network's hash rate at the start; the shares of all regions add up to 1"
    );
}

#[test]
fn whole_numbers_written_with_an_exponent_and_names_of_nothing() {
    assert_eq!(
        edited("count = 20", "count = 2e1"),
        "  line 13, column 9: firms.count\n    2e1 is not written as a whole number\n    write 20"
    );
    assert_eq!(
        edited("share = 0.4", "name = \" \"\nshare = 0.4"),
        "  line 23, column 8: regions.paraguay.name\n    the name is empty or holds control characters\n    give it a name of one line"
    );
}

#[test]
fn a_series_without_end_is_not_read() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let text = GOOD.replace(
        r#"{ model = "gbm", usd = 95_000.0, volatility = 0.4 }"#,
        r#"{ model = "path", file = "/dev/zero" }"#,
    );
    let path = folder.path().join("s.toml");
    std::fs::write(&path, text).expect("it can be written");
    if Path::new("/dev/zero").exists() {
        let error = load_scenario(&path, &[]).expect_err("it has no end");
        assert!(
            error
                .to_string()
                .contains("it has more than 16777216 bytes"),
            "{error}"
        );
    }
}

#[test]
fn files_that_are_no_text_or_far_too_long() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("s.toml");
    let load = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("it can be written");
        load_scenario(Path::new(&path), &[])
            .expect_err("it is wrong")
            .to_string()
    };
    let latin = load(b"name = \"x\"\nstart = \xe9\n");
    assert!(
        latin.contains("line 2, column 9\n    byte 0xe9 is not UTF-8"),
        "{latin}"
    );
    let long = load(&vec![b'#'; 10 << 20]);
    assert!(long.contains("at most 1048576 are read"), "{long}");
    let name = format!("name = \"{}\"\n", "x".repeat(500_000));
    assert!(load(name.as_bytes()).contains("at most 10000 are read"));
}
