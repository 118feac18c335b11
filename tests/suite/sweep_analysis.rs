//! What is asked of a sweep that is done: which axes matter, and under which conditions.

use serde_json::Value;

use crate::cli::Place;
use crate::sweep_files::{place, undisturbed};

const METRIC: [&str; 2] = ["--metric", "region/us/share"];

fn ask(place: &Place, verb: &str, more: &[&str]) -> Value {
    let mut all = vec!["sweep", verb, "calm", "--json"];
    all.extend(METRIC);
    all.extend(more);
    serde_json::from_str(&place.ok(&all)).expect("it is JSON")
}

#[test]
fn a_sweep_says_which_axes_a_metric_hangs_on() {
    let place = place();
    undisturbed(&place);
    let told = ask(&place, "sensitivity", &[]);
    assert_eq!(told["points"], 24);
    let axes = told["axes"].as_array().expect("a list");
    let of = |name: &str, key: &str| -> f64 {
        let axis = axes
            .iter()
            .find(|axis| axis["axes"][0] == name)
            .expect("it is there");
        axis[key].as_f64().expect("a number")
    };
    let price = "regions.us.power.usd_per_mwh";
    // What breaks in a move changes little in two months.
    assert!(
        of(price, "share") > 0.8 && of("moving.breakage", "share") < 0.05,
        "{told}"
    );
    assert!(of(price, "rank_correlation") < -0.8, "{told}");
    let parts = of(price, "share") + of("moving.breakage", "share");
    let rest = told["rest"].as_f64().expect("a number");
    assert!(parts + rest <= 1.0 + 1e-12 && told["noise"].as_f64().expect("a number") > 0.0);
    let text = place.ok(&["sweep", "sensitivity", "calm", METRIC[0], METRIC[1]]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("region/us/share on 2025-12-10 at 24 points: mean "),
        "{text}"
    );
    assert!(lines[3].trim().starts_with(price), "{text}");
    assert!(text.contains("luck of the replicas, at most"), "{text}");
}

#[test]
fn a_sweep_says_under_which_conditions_a_metric_is_low() {
    let place = place();
    undisturbed(&place);
    let csv = std::fs::read_to_string(place.path("calm/results.csv")).expect("it is there");
    let mut levels: Vec<(f64, f64)> = csv
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|cells| cells.len() > 10 && cells[5..8] == ["region", "us", "share"])
        .map(|cells| {
            (
                cells[10].parse().expect("a mean"),
                cells[1].parse().expect("a price"),
            )
        })
        .collect();
    levels.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(levels.len(), 24);
    // The eight points with the lowest shares: the four highest prices, with and without breakage.
    let between = f64::midpoint(levels[7].0, levels[8].0).to_string();
    assert!(
        levels[..8].iter().all(|(_, price)| *price >= 80.0),
        "{levels:?}"
    );
    let told = ask(&place, "conditions", &["--below", &between]);
    assert_eq!((&told["points"], &told["cases"]), (&24.into(), &8.into()));
    let boxes = told["boxes"].as_array().expect("a list");
    assert_eq!(boxes.len(), 1, "{told}");
    assert_eq!(
        (&boxes[0]["density"], &boxes[0]["coverage"]),
        (&1.0.into(), &1.0.into())
    );
    let restrictions = boxes[0]["restrictions"].as_array().expect("a list");
    assert_eq!(restrictions.len(), 1, "{told}");
    assert_eq!(restrictions[0]["axis"], "regions.us.power.usd_per_mwh");
    assert_eq!(
        (&restrictions[0]["low"], &restrictions[0]["high"]),
        (&80.0.into(), &Value::Null)
    );
    let text = place.ok(&[
        "sweep",
        "conditions",
        "calm",
        METRIC[0],
        METRIC[1],
        "--below",
        &between,
    ]);
    assert!(
        text.contains("regions.us.power.usd_per_mwh  80 or more"),
        "{text}"
    );
    assert!(
        text.contains("box 1: 8 of 8 points in it are of interest (density 100 %), 100 %"),
        "{text}"
    );

    let nothing = [
        "sweep",
        "conditions",
        "calm",
        METRIC[0],
        METRIC[1],
        "--above",
        "2",
    ];
    assert!(
        place
            .ok(&nothing)
            .ends_with("at 0 of 24 points\n\nthere is nothing to look for\n")
    );
}

#[test]
fn what_cannot_be_asked_is_refused_with_the_next_step() {
    let place = place();
    assert_eq!(
        place
            .fails(2, &["sweep", "sensitivity", ".", METRIC[0], METRIC[1]])
            .trim(),
        "error: there are no results of a sweep in .\nrun it, or merge its shards"
    );
    undisturbed(&place);
    for verb in [&["sensitivity"][..], &["conditions", "--below", "1"]] {
        let mut all = vec!["sweep", verb[0], "calm", "--metric", "region/us/shares"];
        all.extend(&verb[1..]);
        assert_eq!(
            place.fails(2, &all).trim(),
            "error: there is no `region/us/shares` in calm/results.csv\ndid you mean `region/us/share`?"
        );
    }
    let both = [
        "sweep",
        "conditions",
        "calm",
        METRIC[0],
        METRIC[1],
        "--below",
        "1",
        "--above",
        "0",
    ];
    assert!(place.fails(2, &both).contains("cannot be used with"));
    let part = [
        "sweep",
        "conditions",
        "calm",
        METRIC[0],
        METRIC[1],
        "--below",
        "1",
        "--density",
        "80",
    ];
    assert!(
        place
            .fails(2, &part)
            .contains("give a number above 0 and at most 1, as in 0.8")
    );
    let flat = [
        "sweep",
        "sensitivity",
        "calm",
        "--metric",
        "region/all/registered",
    ];
    let message = place.fails(2, &flat);
    assert!(
        message.contains("it is 3 at all 24 points, and no axis explains anything"),
        "{message}"
    );
}
