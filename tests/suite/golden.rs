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

/// Headline numbers of a short run.
fn headline(scenario: &Path) -> Value {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_hashdrift"))
        .arg("run")
        .arg(scenario)
        .args([
            "--replicas",
            "40",
            "--set",
            "days=360",
            "-q",
            "--json",
            "--out",
        ])
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
    // The digest changes with every comment, the paths with every run.
    if let Some(fields) = json.as_object_mut() {
        fields.remove("files");
        fields.remove("scenario_sha256");
    }
    json
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

#[test]
fn shipped_scenarios_give_what_they_gave() {
    let accept = std::env::var_os("HASHDRIFT_ACCEPT").is_some();
    let mut scenarios: Vec<PathBuf> = fs::read_dir(root().join("scenarios"))
        .expect("there are scenarios")
        .map(|entry| entry.expect("they can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    scenarios.sort();
    assert!(scenarios.len() >= 3);
    let mut lines = Vec::new();
    for scenario in scenarios {
        let stem = scenario.file_stem().expect("it has a name").to_owned();
        let golden = root()
            .join("tests/golden")
            .join(stem)
            .with_extension("json");
        let now = headline(&scenario);
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
fn the_comparison_sees_a_changed_number_a_missing_key_and_a_null() {
    let before: Value =
        serde_json::json!({ "a": 1.0, "b": [{ "name": "us", "x": 2.0 }], "c": 3.0 });
    let now: Value = serde_json::json!({ "a": 1.000_001, "b": [{ "name": "us", "x": null }] });
    let mut lines = Vec::new();
    differences("", &before, &now, &mut lines);
    assert_eq!(lines.len(), 3, "{lines:?}");
}
