//! What may be typed as an axis, and what comes of it.

use super::values::GRAMMAR;
use super::*;
use crate::scenario::parse_scenario;

fn axes(typed: &[&str]) -> Result<Vec<Axis>, Refused> {
    let text = include_str!("../../../scenarios/three-regions.toml");
    let scenario = parse_scenario("three", text, &[], &[]).unwrap();
    axes_of(
        &scenario,
        &TypedAxes {
            uncertainties: typed.iter().map(|text| (*text).to_owned()).collect(),
            levers: Vec::new(),
        },
    )
}

fn labels(values: &str) -> Vec<Label> {
    let typed = format!("regions.us.power.usd_per_mwh={values}");
    match &axes(&[&typed]).unwrap()[0].levels {
        Levels::Listed(levels) => levels.iter().map(|level| level.label.clone()).collect(),
        Levels::Between(_) => panic!("these are bounds: {values}"),
    }
}

fn numbers(values: &str) -> Vec<f64> {
    let number = |label| match label {
        Label::Number(number) => number,
        Label::Text(text) => panic!("{text} is no number"),
    };
    labels(values).into_iter().map(number).collect()
}

#[test]
fn numbers_are_written_in_every_usual_way() {
    assert_eq!(numbers("40:120:20"), [40.0, 60.0, 80.0, 100.0, 120.0]);
    assert_eq!(numbers("40:130:20"), [40.0, 60.0, 80.0, 100.0, 120.0]);
    assert_eq!(numbers("0.1:0.5:0.1"), [0.1, 0.2, 0.3, 0.4, 0.5]);
    assert_eq!(numbers("40, 45.5, 1_000"), [40.0, 45.5, 1000.0]);
    assert_eq!(numbers("linspace(40,120,3)"), [40.0, 80.0, 120.0]);
    assert_eq!(numbers("linspace(40,120,1)"), [40.0]);
    let logs = numbers("logspace(1, 100, 3)");
    assert!(logs[0] == 1.0 && (logs[1] - 10.0).abs() < 1e-12 && logs[2] == 100.0);
    assert_eq!(numbers("x0.5:x1.5:x0.5"), [0.5, 1.0, 1.5]);
}

#[test]
fn factors_are_taken_of_what_the_scenario_says() {
    let found = axes(&["regions.*.power.usd_per_mwh=x0.5,x2"]).unwrap();
    let Levels::Listed(levels) = &found[0].levels else {
        panic!("they are listed")
    };
    let text = include_str!("../../../scenarios/three-regions.toml");
    let scenario = parse_scenario("three", text, &levels[1].changes, &[]).unwrap();
    let base = parse_scenario("three", text, &[], &[]).unwrap();
    for (changed, region) in scenario.regions.iter().zip(&base.regions) {
        // The price of Ethiopia is a tariff with steps, and no number.
        let factor = if region.id == "ethiopia" { 1.0 } else { 2.0 };
        assert_eq!(changed.power.base.get(), factor * region.power.base.get());
    }
}

#[test]
fn keys_move_together_and_whole_numbers_stay_whole() {
    let found = axes(&[
        "regions.us.power.usd_per_mwh=50,60; regions.paraguay.power.usd_per_mwh=30,20",
        "moving.review_days=x0.5..x1.1",
    ])
    .unwrap();
    let Levels::Listed(levels) = &found[0].levels else {
        panic!("they are listed")
    };
    assert_eq!(
        levels[1].changes,
        [
            "regions.us.power.usd_per_mwh=60",
            "regions.paraguay.power.usd_per_mwh=20"
        ]
    );
    let level = found[1].levels.at(0.5);
    assert_eq!(level.changes, ["moving.review_days=24"]);
    assert_eq!(level.label, Label::Number(0.8));
}

#[test]
fn words_and_tables_are_levels_too() {
    let found = axes(&[
        "bitcoin.hash_is=running,nameplate",
        "bitcoin.price={ model = \"gbm\", usd = 1e5, volatility = 0.1 }, { model = \"gbm\", usd = 5e4, volatility = 0.1 }",
    ])
    .unwrap();
    let level = found[0].levels.at(0.9);
    assert_eq!(level.label, Label::Text("nameplate".into()));
    assert_eq!(
        found[1].levels.at(0.0).changes,
        ["bitcoin.price={ model = \"gbm\", usd = 1e5, volatility = 0.1 }"]
    );
}

#[test]
fn whole_numbers_are_labelled_as_they_are_and_come_once() {
    let found = axes(&["moving.review_days=linspace(1,3,5)"]).unwrap();
    let Levels::Listed(levels) = &found[0].levels else {
        panic!("they are listed")
    };
    let labels: Vec<&Label> = levels.iter().map(|level| &level.label).collect();
    assert_eq!(
        labels,
        [
            &Label::Number(1.0),
            &Label::Number(2.0),
            &Label::Number(3.0)
        ]
    );
    let drawn = axes(&["firms.count=20..60"]).unwrap();
    let level = drawn[0].levels.at(0.749);
    assert_eq!(level.label, Label::Number(50.0));
    assert_eq!(level.changes, ["firms.count=50"]);
}

#[test]
fn text_with_separators_stays_whole() {
    let found =
        axes(&["regions.us.name=\"a;b\",\"c,d\",\"../e\"; moving.breakage=0,0.1,0.2"]).unwrap();
    let level = found[0].levels.at(0.0);
    assert_eq!(level.label, Label::Text("a;b".into()));
    assert_eq!(found[0].levels.at(0.99).label, Label::Text("../e".into()));
}

#[test]
fn a_key_is_on_one_axis_and_a_column_has_one_name() {
    let wrong = |typed: &[&str]| axes(typed).unwrap_err().problems[0].rule.clone();
    let us = "regions.us.power.usd_per_mwh=40,50";
    for other in [
        "regions.us.power.usd_per_mwh=60",
        "regions.*.power.usd_per_mwh=60",
        "regions.us.power={ usd_per_mwh = 33.0 }",
    ] {
        let rule = wrong(&[us, other]);
        assert!(
            rule.starts_with("`regions.us.power.usd_per_mwh` sets `regions.")
                && rule.ends_with("or a part of it, as well"),
            "{rule}"
        );
    }
    let text = include_str!("../../../scenarios/three-regions.toml");
    let text = format!(
        "{text}\n[[sweep.axes]]\nname = \"p05_se\"\nset = {{ \"moving.breakage\" = [0.0, 0.1] }}\n[[sweep.axes]]\nname = \"prices\"\nset = {{ \"regions.*.power.usd_per_mwh\" = [40, 50] }}\n"
    );
    let scenario = parse_scenario("three", &text, &[], &[]).unwrap();
    let refused = axes_of(&scenario, &TypedAxes::default()).unwrap_err();
    assert_eq!(
        refused.problems[0].rule,
        "an axis cannot be called `p05_se`"
    );
    // Those typed take the place of the scenario's that set one of their keys, under whatever name.
    let typed = TypedAxes {
        uncertainties: vec!["moving.breakage=0.2".into(), us.into()],
        levers: Vec::new(),
    };
    let text = text.replace("p05_se", "broken");
    let scenario = parse_scenario("three", &text, &[], &[]).unwrap();
    let names: Vec<String> = axes_of(&scenario, &typed)
        .unwrap()
        .into_iter()
        .map(|axis| axis.name)
        .collect();
    assert_eq!(names, ["moving.breakage", "regions.us.power.usd_per_mwh"]);
}

#[test]
fn what_is_wrong_with_an_axis_is_said_with_the_next_step() {
    let wrong = |typed: &str| {
        let refused = axes(&[typed]).unwrap_err();
        let problem = &refused.problems[0];
        format!("{}: {}: {}", problem.place, problem.rule, problem.next)
    };
    assert_eq!(
        wrong("regions.us.powr.usd_per_mwh=40"),
        "--axis regions.us.powr.usd_per_mwh=40: unknown key `regions.us.powr`: did you mean `regions.us.power`?"
    );
    assert_eq!(
        wrong("regions.us.power.usd_per_mwh"),
        "--axis regions.us.power.usd_per_mwh: an axis has the form KEY=VALUES: for example --axis regions.us.power.usd_per_mwh=40:120:5"
    );
    assert_eq!(
        wrong("seed=1,2"),
        "--axis seed=1,2: `seed` cannot be varied: name a key of the world: prices, rates, capacities, events"
    );
    assert_eq!(
        wrong("regions.us.power.usd_per_mwh=40:20:5"),
        "--axis regions.us.power.usd_per_mwh=40:20:5: there is nothing from 40 to 20 in steps of 5: put the lower bound first, and a step above 0"
    );
    assert_eq!(
        wrong("regions.us.power.usd_per_mwh=40..x2"),
        "--axis regions.us.power.usd_per_mwh=40..x2: one bound is a factor and the other is not: write x before both, or before none"
    );
    assert_eq!(
        wrong("growth.hurdle=x0.5,x2"),
        "--axis growth.hurdle=x0.5,x2: `growth.hurdle` holds no number to take a part of: write values instead of factors, or give the key a number"
    );
    assert_eq!(
        wrong("regions.us.tax=x0.5,x2"),
        "--axis regions.us.tax=x0.5,x2: `regions.us.tax` is 0, and so is every part of it: write values instead of factors"
    );
    assert_eq!(
        wrong("regions.us.power.usd_per_mwh=40:120"),
        format!("--axis regions.us.power.usd_per_mwh=40:120: `40:120` is not a number: {GRAMMAR}")
    );
    assert_eq!(
        wrong("regions.us.size=1,2; regions.paraguay.size=1,2,3"),
        "--axis regions.us.size=1,2; regions.paraguay.size=1,2,3: 3 values, where the first key of the axis has 2: keys that move together need as many values each"
    );
}
