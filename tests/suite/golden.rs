//! Every shipped scenario through the real program, compared with what it gave before.
//!
//! `HASHDRIFT_ACCEPT=1 cargo test --test suite golden` writes what it gives now; the difference in
//! `tests/golden/` then shows what changed, and the CHANGELOG has to say why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Relative difference that a summary may have: its last digits depend on nothing that matters.
const TOLERANCE: f64 = 1e-9;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What the program prints as JSON, without what changes with every comment or run.
fn printed(arguments: &[&str], scenario: &Path) -> Value {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_hashdrift"))
        .arg(arguments[0])
        .arg(scenario)
        .args(&arguments[1..])
        .args(["-q", "--json", "--out"])
        .arg(folder.path().join("results"))
        .output()
        .expect("the program starts");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}: {messages}",
        scenario.display()
    );
    let mut json: Value = serde_json::from_slice(&output.stdout).expect("--json prints JSON");
    if let Some(fields) = json.as_object_mut() {
        fields.remove("files");
        fields.remove("scenario_sha256");
    }
    json
}

/// Headline numbers of a short run.
fn headline(scenario: &Path) -> Value {
    printed(&["run", "--replicas", "40", "--set", "days=360"], scenario)
}

/// Scores and values of a short backtest.
fn trial(scenario: &Path) -> Value {
    printed(&["backtest", "--replicas", "20"], scenario)
}

/// Where two values differ, a line each.
fn differences(at: &str, before: &Value, now: &Value, lines: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let null = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                differences(&format!("{at}.{key}"), a, b, lines);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                let name = ["level", "name", "metric"]
                    .map(|key| a[key].as_str().unwrap_or_default())
                    .join(" ");
                differences(&format!("{at}[{index} {name}]"), a, b, lines);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (
                a.as_f64().unwrap_or(f64::NAN),
                b.as_f64().unwrap_or(f64::NAN),
            );
            let close = (a - b).abs() <= TOLERANCE * a.abs().max(b.abs());
            if !close {
                lines.push(format!("{at}: was {a}, is {b}"));
            }
        }
        (a, b) if a == b => {}
        (a, b) => lines.push(format!("{at}: was {a}, is {b}")),
    }
}

/// Scenario files of a folder that run by themselves.
fn scenarios_in(folder: &str) -> Vec<PathBuf> {
    let parts = ["common.toml", "calibration.toml"];
    let mut scenarios: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .expect("there are scenarios")
        .map(|entry| entry.expect("they can be listed").path())
        .filter(|path| {
            let part = path
                .file_name()
                .is_some_and(|name| parts.iter().any(|part| name == *part));
            path.extension()
                .is_some_and(|extension| extension == "toml")
                && !part
        })
        .collect();
    scenarios.sort();
    scenarios
}

/// Compares what scenarios give with what they gave; or accepts it.
fn compare(scenarios: &[PathBuf], kind: &str, now: impl Fn(&Path) -> Value) {
    let accept = std::env::var_os("HASHDRIFT_ACCEPT").is_some();
    let mut lines = Vec::new();
    for scenario in scenarios {
        let stem = scenario
            .file_stem()
            .expect("it has a name")
            .to_string_lossy();
        let golden = root()
            .join("tests/golden")
            .join(format!("{kind}{stem}.json"));
        let now = now(scenario);
        if accept {
            fs::create_dir_all(golden.parent().expect("it has a folder")).expect("it can be made");
            let text = serde_json::to_string_pretty(&now).expect("JSON can be written");
            fs::write(&golden, text + "\n").expect("it can be written");
            continue;
        }
        let text = fs::read_to_string(&golden)
            .unwrap_or_else(|_| panic!("{} is missing; accept a first one", golden.display()));
        let before: Value = serde_json::from_str(&text).expect("it is JSON");
        differences(&scenario.display().to_string(), &before, &now, &mut lines);
    }
    assert!(
        lines.is_empty(),
        "results have changed:\n{}\nif that is meant: HASHDRIFT_ACCEPT=1 cargo test --test suite golden",
        lines.join("\n")
    );
}

#[test]
fn shipped_scenarios_give_what_they_gave() {
    let scenarios = scenarios_in("scenarios");
    assert!(scenarios.len() >= 9);
    compare(&scenarios, "", headline);
}

#[test]
fn episodes_of_the_past_score_what_they_scored() {
    let episodes = scenarios_in("scenarios/backtest");
    assert_eq!(episodes.len(), 4);
    compare(&episodes, "backtest-", trial);
}

#[test]
fn the_comparison_sees_a_changed_number_a_missing_key_and_a_null() {
    let before: Value =
        serde_json::json!({ "a": 1.0, "b": [{ "name": "us", "x": 2.0 }], "c": 3.0 });
    let now: Value = serde_json::json!({ "a": 1.000_001, "b": [{ "name": "us", "x": null }] });
    let mut lines = Vec::new();
    differences("", &before, &now, &mut lines);
    assert_eq!(lines.len(), 3, "{lines:?}");
}
