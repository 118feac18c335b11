//! Scoring rules against another implementation: `tests/reference/scores.py` says which, and makes
//! the values.

use hashdrift::statistics::scores::{
    band, brier, covers, crps, crps_of_normal, energy_score, fair_crps, fair_energy_score, pit,
};
use serde_json::Value;

/// Relative plus absolute: sums are taken in another order there.
const TOLERANCE: f64 = 1e-10;

fn number(value: &Value) -> f64 {
    value.as_f64().expect("it is a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("it is a list");
    values.iter().map(number).collect()
}

/// One forecast of the fixture.
struct Case {
    place: String,
    inputs: Value,
    expected: Value,
}

impl Case {
    fn agrees(&self, name: &str, found: f64) {
        self.is_close(name, found, number(&self.expected[name]));
    }

    fn is_close(&self, name: &str, found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= TOLERANCE * (1.0 + expected.abs()),
            "{}.{name}: found {found}, expected {expected}",
            self.place
        );
    }
}

/// All forecasts of one kind, of which there are `count`.
fn cases(kind: &str, count: usize) -> Vec<Case> {
    let fixture: Value =
        serde_json::from_str(include_str!("../reference/scores.json")).expect("it is JSON");
    let cases = fixture[kind].as_array().expect("it is a list");
    assert_eq!(cases.len(), count, "forecasts of kind {kind}");
    let case = |(index, case): (usize, &Value)| Case {
        place: format!("{kind}[{index}]"),
        inputs: case["inputs"].clone(),
        expected: case["expected"].clone(),
    };
    cases.iter().enumerate().map(case).collect()
}

#[test]
fn members_that_are_numbers_score_as_elsewhere() {
    for case in cases("univariate", 40) {
        let members = numbers(&case.inputs["members"]);
        let observed = number(&case.inputs["observed"]);
        let probability = number(&case.inputs["probability"]);
        case.agrees("crps", crps(&members, observed));
        case.agrees("fair_crps", fair_crps(&members, observed));
        case.agrees("pit", pit(&members, observed));
        let ends = numbers(&case.expected["band"]);
        let (low, high) = band(&members, probability);
        case.is_close("band[0]", low, ends[0]);
        case.is_close("band[1]", high, ends[1]);
        // On an end itself rounding decides.
        let clear = 1e-6;
        if ends.iter().all(|end| (observed - end).abs() > clear) {
            let expected = ends[0] < observed && observed < ends[1];
            let found = covers(&members, observed, probability);
            assert_eq!(found, expected, "{}.covers", case.place);
        }
    }
}

#[test]
fn a_normal_scores_as_elsewhere() {
    for case in cases("normal", 10) {
        let [mean, sd, observed] =
            ["mean", "sd", "observed"].map(|name| number(&case.inputs[name]));
        case.agrees("crps_of_normal", crps_of_normal(mean, sd, observed));
    }
}

#[test]
fn members_that_are_vectors_score_as_elsewhere() {
    for case in cases("multivariate", 20) {
        let members = case.inputs["members"].as_array().expect("it is a list");
        let members: Vec<Vec<f64>> = members.iter().map(numbers).collect();
        let observed = numbers(&case.inputs["observed"]);
        case.agrees("energy_score", energy_score(&members, &observed));
        case.agrees("fair_energy_score", fair_energy_score(&members, &observed));
    }
}

#[test]
fn the_probability_of_an_event_scores_as_elsewhere() {
    for case in cases("event", 12) {
        let happened = case.inputs["happened"].as_bool().expect("it is yes or no");
        let probability = number(&case.inputs["probability"]);
        case.agrees("brier", brier(probability, happened));
    }
}
