//! `stress` as its users meet it, and what its folder holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::cli::{Place, metadata};

/// The small scenario, with a ban that empties its largest region.
const BAN: &str = "extends = \"small.toml\"\nname = \"Ban\"\n[[events]]\nkind = \"ban\"\nregion = \"us\"\nstart = 2025-10-25\nban = { compliance = 1.0, compliance_days = 0.0 }\n";

#[test]
fn a_stress_test_loses_each_region_and_compares_with_other_scenarios() {
    let place = Place::new();
    let printed = place.ok(&[
        "stress",
        "small.toml",
        "--at",
        "10",
        "--replicas",
        "6",
        "-q",
    ]);
    for part in [
        "A country lost at once on 2025-10-15",
        "United States",
        "VaR 95",
        "spread over 3 countries alike",
    ] {
        assert!(printed.contains(part), "{part}\n{printed}");
    }
    for file in [
        "region-loss.csv",
        "twins.csv",
        "paths.csv",
        "annual-loss.csv",
        "simulated-loss.csv",
        "metadata.json",
    ] {
        assert!(
            place.path("results/small-stress").join(file).is_file(),
            "{file}"
        );
    }

    fs::write(place.path("ban.toml"), BAN).expect("it can be written");
    let arguments = [
        "stress",
        "small.toml",
        "--with",
        "ban.toml",
        "--replicas",
        "4",
        "--json",
        "-q",
    ];
    let json: Value = serde_json::from_str(&place.ok(&arguments)).expect("--json prints JSON");
    let twins = json["twins"].as_array().expect("a list of rows");
    let measure = |name: &str| {
        let row = twins.iter().find(|row| row["measure"] == name);
        row.unwrap_or_else(|| panic!("{name} is not there"))["p50"].as_f64()
    };
    // The US have nine tenths of the hash rate, and all of it goes off on the day.
    let lost = measure("hash_lost_1_day").expect("defined");
    assert!((0.8..=1.0).contains(&lost), "{lost}");
    // Twins of one world are the same without an event: the same luck.
    assert_eq!(
        twins.iter().filter(|row| row["case"] == "Ban").count(),
        twins.len()
    );

    let message = place.fails(2, &["stress", "small.toml", "--with", "small.toml"]);
    assert!(
        message.contains("no event that the scenario does not have"),
        "{message}"
    );
    let message = place.fails(2, &["stress", "small.toml", "--at", "60"]);
    assert!(
        message.contains("--at 60 is after the last of the 60 days"),
        "{message}"
    );
    let other = BAN.replace("name = ", "start = 2025-11-01\nname = ");
    fs::write(
        place.path("other.toml"),
        other.replace("2025-10-25", "2025-11-05"),
    )
    .expect("it can be written");
    let message = place.fails(2, &["stress", "small.toml", "--with", "other.toml"]);
    assert!(
        message.contains("other regions or another start"),
        "{message}"
    );
    fs::write(
        place.path("late.toml"),
        BAN.replace("2025-10-25", "2025-12-24"),
    )
    .expect("it can be written");
    let message = place.fails(2, &["stress", "small.toml", "--with", "late.toml", "-q"]);
    assert!(
        message.contains("on day 70, after the last of the 60 days"),
        "{message}"
    );
}

/// Rows of a table by their labels; a cell by its column.
fn rows(file: &Path, labels: &[&str]) -> BTreeMap<Vec<String>, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).expect("it can be read");
    reader
        .deserialize()
        .map(|row| {
            let row: BTreeMap<String, String> = row.expect("CSV");
            let label = labels.iter().map(|label| row[*label].clone()).collect();
            (label, row)
        })
        .collect()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: found {found}, expected {expected}"
    );
}

#[test]
fn paths_of_twins_agree_with_their_measures_and_with_a_run() {
    let place = Place::new();
    let stress = |threads: &str, out: &str| {
        place.ok(&[
            "stress",
            "small.toml",
            "--set",
            "days=400",
            "--at",
            "12",
            "--replicas",
            "8",
            "--years",
            "0",
            "--threads",
            threads,
            "--out",
            out,
            "-q",
        ]);
        let file = place.path(out).join("paths.csv");
        (fs::read(&file).expect("it is there"), file)
    };
    let (bytes, file) = stress("1", "one");
    assert!(bytes == stress("2", "two").0);

    let paths = rows(&file, &["case", "day", "measure"]);
    let number = |case: &str, day: u32, measure: &str, column: &str| -> f64 {
        let label = [case.to_owned(), day.to_string(), measure.to_owned()];
        let row = paths.get(&label[..]).unwrap_or_else(|| panic!("{label:?}"));
        row[column].parse().expect("a number")
    };
    let twins = rows(&place.path("one/twins.csv"), &["case", "measure"]);
    let twin = |case: &str, measure: &str, column: &str| -> f64 {
        let row = &twins[&[case.to_owned(), measure.to_owned()][..]];
        row[column].parse().expect("a number")
    };
    // The eve is day 11 of 400, so day 388 of the path is the last.
    let days: Vec<u32> = (0..=60).chain((65..388).step_by(5)).chain([388]).collect();
    let cases = ["United States", "Paraguay", "Ethiopia"];
    assert_eq!(paths.len(), cases.len() * days.len() * (5 + 2 * 3));
    for case in cases {
        for column in ["mean", "p05", "p95"] {
            close(number(case, 0, "hash_ratio", column), 1.0, 1e-12, case);
        }
        for (day, date) in [(0, "2025-10-26"), (1, "2025-10-27"), (388, "2026-11-18")] {
            let label = [case.to_owned(), day.to_string(), "hash_ratio".to_owned()];
            assert_eq!(paths[&label[..]]["date"], date);
            assert_eq!(paths[&label[..]]["replicas"], "8");
        }
        for day in [1, 7, 30, 365] {
            let name = if day == 1 { "day" } else { "days" };
            let lost = twin(case, &format!("hash_lost_{day}_{name}"), "p50");
            let kept = number(case, day, "hash_ratio", "p50");
            close(kept, 1.0 - lost, 1e-12, case);
        }
        for day in &days {
            for twin in ["without", "with"] {
                let share = |region| number(case, *day, &format!("share_{twin} {region}"), "mean");
                let sum: f64 = ["us", "paraguay", "ethiopia"].map(share).iter().sum();
                close(sum, 1.0, 1e-12, case);
                let interval = number(case, *day, &format!("interval_{twin}"), "p50");
                assert!(interval > 5.0, "{case}, day {day}: {interval}");
            }
            let bands = ["p05", "p25", "p50", "p75", "p95"];
            let bands = bands.map(|column| number(case, *day, "hash_rate_with", column));
            assert!(bands.is_sorted(), "{bands:?}");
        }
        // A mean of differences is the difference of means.
        for region in ["us", "paraguay", "ethiopia"] {
            let share = |twin| number(case, 365, &format!("share_{twin} {region}"), "mean");
            let change = twin(case, &format!("share_change_365_days {region}"), "mean");
            close(share("with") - share("without"), change, 1e-12, case);
        }
    }
    // Nothing strikes in this scenario, so the twin without the event is what a run of it is; day 14 is a record day.
    place.ok(&[
        "run",
        "small.toml",
        "--set",
        "days=400",
        "--replicas",
        "8",
        "--out",
        "run",
        "-q",
    ]);
    let means = rows(
        &place.path("run/means.csv"),
        &["level", "name", "metric", "day"],
    );
    let run = |level: &str, name: &str, metric: &str| -> f64 {
        let row = &means[&[level, name, metric, "14"].map(str::to_owned)[..]];
        row["mean"].parse().expect("a number")
    };
    let hash = number("Paraguay", 3, "hash_rate_without", "mean");
    close(hash, run("network", "all", "hash_rate"), 1e-9 * hash, "run");
    let share = number("Paraguay", 3, "share_without us", "mean");
    close(share, run("region", "us", "share"), 1e-12, "run");
}

#[test]
fn an_event_on_the_first_day_has_no_eve() {
    let place = Place::new();
    place.ok(&[
        "stress",
        "small.toml",
        "--at",
        "0",
        "--replicas",
        "3",
        "--years",
        "0",
        "--out",
        "first",
        "-q",
    ]);
    let paths = rows(&place.path("first/paths.csv"), &["case", "day", "measure"]);
    let label = ["Ethiopia", "0", "hash_ratio"].map(str::to_owned);
    assert_eq!(paths[&label[..]]["date"], "2025-10-15");
    let last = ["Ethiopia", "59", "hash_ratio"].map(str::to_owned);
    assert!(paths.contains_key(&last[..]));
    assert_eq!(paths.len(), 3 * 60 * 11);
}

#[test]
fn a_stress_test_is_reproduced_from_its_folder_alone() {
    let place = Place::new();
    fs::write(place.path("ban.toml"), BAN).expect("it can be written");
    for (out, asked) in [
        (
            "each",
            &["--at", "10", "--hazard", "0.2", "--years", "3"][..],
        ),
        ("ban", &["--with", "ban.toml"]),
    ] {
        let base = [
            "stress",
            "small.toml",
            "--replicas",
            "4",
            "--out",
            out,
            "-q",
        ];
        let set = ["--set", "bitcoin.price.drift=0.1", "--seed", "7"];
        let arguments: Vec<&str> = base.iter().chain(&set).chain(asked).copied().collect();
        place.ok(&arguments);
    }
    let each = metadata(&place.path("each"));
    assert_eq!(each["kind"], "stress");
    assert_eq!((&each["seed"], &each["replicas"]), (&7.into(), &4.into()));
    assert_eq!(
        each["stress"],
        serde_json::json!({ "at": 10, "hazard": 0.2, "years": 3, "with": [] })
    );
    let ban = metadata(&place.path("ban"));
    assert_eq!(ban["stress"]["with"][0]["name"], "Ban");
    assert_eq!(ban["stress"]["with"][0]["text"], BAN);
    // Another scenario than that of the file, and none of its inputs there.
    fs::remove_file(place.path("small.toml")).expect("it is there");
    fs::remove_file(place.path("ban.toml")).expect("it is there");
    for folder in ["each", "ban"] {
        let verdicts = place.ok(&["reproduce", folder, "-q"]);
        let same = verdicts
            .lines()
            .filter(|line| line.ends_with(".csv same bytes"));
        assert_eq!(same.count(), 5, "{verdicts}");
        assert_eq!(verdicts.lines().count(), 5, "{verdicts}");
    }

    let paths = place.path("ban/paths.csv");
    let text = fs::read_to_string(&paths).expect("it is there");
    fs::write(&paths, text.replacen("0.", "1.", 1)).expect("it can be written");
    let message = place.fails(1, &["reproduce", "ban", "-q"]);
    assert!(
        message.contains("not the same bytes: paths.csv"),
        "{message}"
    );
    let file = place.path("ban/metadata.json");
    let text = fs::read_to_string(&file).expect("it is there");
    fs::write(&file, text.replace("compliance = 1.0", "compliance = 0.5"))
        .expect("it can be written");
    let message = place.fails(1, &["reproduce", "ban", "-q"]);
    assert!(message.contains("the file was changed"), "{message}");
    let mut without: Value = serde_json::from_str(&text).expect("it is JSON");
    without.as_object_mut().expect("an object").remove("stress");
    fs::write(&file, without.to_string()).expect("it can be written");
    let message = place.fails(1, &["reproduce", "ban", "-q"]);
    assert!(message.contains("does not say what was asked"), "{message}");
}

#[test]
fn a_run_over_a_stress_test_leaves_nothing_of_it() {
    let place = Place::new();
    place.ok(&[
        "stress",
        "small.toml",
        "--at",
        "10",
        "--replicas",
        "2",
        "--years",
        "0",
        "--out",
        "there",
        "-q",
    ]);
    fs::write(place.path("there/notes.txt"), "mine").expect("it can be written");
    place.ok(&["run", "small.toml", "--out", "there", "--overwrite", "-q"]);
    assert_eq!(metadata(&place.path("there"))["kind"], "run");
    for file in ["paths.csv", "twins.csv", "annual-loss.csv"] {
        assert!(!place.path("there").join(file).exists(), "{file}");
    }
    for file in ["means.csv", "notes.txt"] {
        assert!(place.path("there").join(file).exists(), "{file}");
    }
    // Metadata from before there were kinds is that of a run.
    let file = place.path("there/metadata.json");
    let text = fs::read_to_string(&file).expect("it is there");
    let old = text.replacen("  \"kind\": \"run\",\n", "", 1);
    assert_ne!(old, text);
    fs::write(&file, old).expect("it can be written");
    place.ok(&["reproduce", "there", "-q"]);
}
