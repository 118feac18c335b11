//! `backtest` and `calibrate` as their users meet them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::backtest::{WORLD, inputs};
use super::cli::{Place, interrupt, metadata, stderr};

const PLAN: &str = r#"
name = "Small plan"
episodes = ["early.toml", "late.toml"]
points = 12
replicas = 4
accepted = 0.5
polish = 3

[[parameters]]
key = "growth.hurdle"
prior = { model = "log-uniform", low = 0.15, high = 1.5 }
why = "a test"

[[parameters]]
key = "regions.*.capacity.build_response"
prior = { model = "uniform", low = 0.0, high = 0.1 }
why = "a test"
"#;

/// A folder with a small episode, two parts of its time that overlap, and a plan to fit to these.
fn history() -> Place {
    // What is read off the whole is neither part's.
    let features = WORLD.find("[[observed.features]]").expect("it has one");
    let part = |start: &str, days: &str| {
        WORLD[..features]
            .replace("start = 2022-01-01", start)
            .replace("days = 400", days)
    };
    let mut files = inputs();
    files.extend([
        ("small.toml".to_owned(), WORLD.to_owned()),
        (
            "early.toml".to_owned(),
            part("start = 2022-01-01", "days = 250"),
        ),
        (
            "late.toml".to_owned(),
            part("start = 2022-05-15", "days = 250"),
        ),
        ("plan.toml".to_owned(), PLAN.to_owned()),
    ]);
    Place::with(&files)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_backtest_shows_scores_and_leaves_tables_and_a_figure() {
    let place = history();
    let table = place.ok(&["backtest", "small.toml", "--replicas", "30"]);
    for expected in [
        "30 replicas, seed 1, 2022-01-01 to 2023-02-04",
        "hash-rate",
        "share-vector",
        "skill over persistence",
        "event, largest fall: probability",
        "results/small-backtest/figure.svg",
    ] {
        assert!(table.contains(expected), "{expected}: {table}");
    }
    let folder = place.path("results/small-backtest");
    let figure = read(&folder.join("figure.svg"));
    assert!(figure.starts_with("<svg") && figure.trim_end().ends_with("</svg>"));
    // A point for each value that was measured on a date, and one in the legend.
    let values = read(&folder.join("values.csv"));
    let points = values
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("largest fall"));
    assert_eq!(figure.matches("<circle").count(), points.count() + 1);
    assert!(figure.contains("a, % of hash rate") && figure.contains("Hash rate, EH/s"));
    // The same numbers as JSON, at another number of threads.
    let json = place.ok(&[
        "backtest",
        "small.toml",
        "--replicas",
        "30",
        "--json",
        "--threads",
        "1",
        "--quiet",
    ]);
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    let scores = read(&folder.join("scores.csv"));
    let first = scores.lines().nth(1).expect("there is a row");
    let score = json["scores"][0]["score"].as_f64().expect("a score");
    assert!(
        first.starts_with("hash-rate,") && first.contains(&format!("{score:?}")),
        "{first} {score}"
    );
    assert_eq!(
        read(&folder.join("values.csv")),
        read(&place.path("results/small-backtest-2/values.csv"))
    );
}

#[test]
fn a_backtest_leaves_errors_of_measurement_and_masks_and_is_reproduced() {
    let place = history();
    let mask = "masked = [{ from = 2022-06-15, until = 2022-07-15, why = \"a test, \\\"so\\\"\" }]";
    let average = "average_days = 30\n";
    let text = WORLD.replacen(average, &format!("{average}{mask}\n"), 1);
    assert_ne!(text, WORLD);
    fs::write(place.path("masked.toml"), text).unwrap();
    place.ok(&[
        "backtest",
        "masked.toml",
        "--replicas",
        "10",
        "--out",
        "tried",
        "-q",
    ]);
    let table = |file: &str| -> Vec<BTreeMap<String, String>> {
        let reader = csv::Reader::from_path(place.path("tried").join(file));
        let rows = reader.expect("it can be read").into_deserialize();
        rows.map(|row| row.expect("CSV")).collect()
    };
    let number = |row: &BTreeMap<String, String>, column: &str| -> f64 {
        row[column].parse().expect("a number")
    };
    let values = table("values.csv");
    for row in &values {
        let seen = number(row, "observed");
        // The luck of the 1,008 blocks of a week; an estimate; the output of a model; a feature without an error.
        let (low, high) = match row["metric"].as_str() {
            "hash-rate" => {
                let factor = libm::exp(1.645 * (1.0_f64 / 1008.0).sqrt());
                (seen / factor, seen * factor)
            }
            "share" => {
                let reach = 1.645 * (seen * (1.0 - seen) / 101.0).sqrt();
                (seen - reach, seen + reach)
            }
            "efficiency" => (
                seen / libm::exp(1.645 * 0.05),
                seen * libm::exp(1.645 * 0.05),
            ),
            _ => (seen, seen),
        };
        assert!(
            (number(row, "observed_low") - low).abs() < 1e-9 * seen,
            "{row:?}"
        );
        assert!(
            (number(row, "observed_high") - high).abs() < 1e-9 * seen,
            "{row:?}"
        );
        let feature = row["metric"] == "largest fall";
        assert_eq!(row["kind"], if feature { "feature" } else { "point" });
        assert_eq!(row["event_at_least"], if feature { "0.05" } else { "" });
    }
    let weekly = values
        .iter()
        .find(|row| row["metric"] == "hash-rate")
        .unwrap();
    assert_eq!(
        (&*weekly["first"], &*weekly["date"]),
        ("2022-02-23", "2022-03-01")
    );

    let masked = table("masked.csv");
    let names: Vec<&str> = masked.iter().map(|row| &*row["name"]).collect();
    assert_eq!(names, ["a", "b"]);
    for row in &masked {
        assert_eq!((&*row["date"], &*row["unit"]), ("2022-07-01", "share"));
        assert_eq!(row["why"], "a test, \"so\"");
        let reach = 1.645 * (0.24_f64 / 101.0).sqrt();
        assert!((number(row, "observed") - reach - number(row, "observed_low")).abs() < 1e-12);
        assert!(
            !values
                .iter()
                .any(|value| value["name"] == row["name"] && value["date"] == row["date"])
        );
    }

    let written = metadata(&place.path("tried"));
    assert_eq!(written["kind"], "backtest");
    let files: Vec<&str> = written["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        ["scores.csv", "values.csv", "masked.csv", "figure.svg"]
    );
    for file in ["masked.toml", "shares.csv", "hash.csv", "efficiency.csv"] {
        fs::remove_file(place.path(file)).unwrap();
    }
    let verdicts = place.ok(&["reproduce", "tried", "--threads", "1", "-q"]);
    let same = verdicts
        .lines()
        .filter(|line| line.ends_with(" same bytes"));
    assert_eq!(same.count(), 4, "{verdicts}");
    let figure = place.path("tried/figure.svg");
    fs::write(&figure, read(&figure).replace("circle", "square")).unwrap();
    let said = place.fails(1, &["reproduce", "tried", "-q"]);
    assert!(said.contains("not the same bytes: figure.svg"), "{said}");
}

#[test]
fn what_was_not_measured_cannot_be_tried() {
    let place = history();
    fs::write(
        place.path("core.toml"),
        include_str!("../../scenarios/core.toml"),
    )
    .unwrap();
    let said = place.fails(2, &["backtest", "core.toml"]);
    assert!(said.contains("no [observed] part"), "{said}");
    assert!(!place.path("results").join("core-backtest").exists());
    let said = place.fails(2, &["backtest", "small.toml", "--replicas", "1"]);
    assert!(said.contains("1 is not in 2.."), "{said}");
}

#[test]
fn what_is_measured_does_not_bear_on_a_run() {
    let place = history();
    let without = WORLD
        .split("[observed]")
        .next()
        .expect("it begins with the world");
    fs::write(place.path("without.toml"), without).unwrap();
    for name in ["small", "without"] {
        place.ok(&["run", &format!("{name}.toml"), "--replicas", "5", "--quiet"]);
    }
    let means = |name: &str| read(&place.path("results").join(name).join("means.csv"));
    assert_eq!(means("small"), means("without"));
}

#[test]
fn a_calibration_says_what_was_found_and_what_not_and_tries_it_on_what_was_left_out() {
    let place = history();
    let said = place.ok(&["calibrate", "plan.toml", "--trial-replicas", "20"]);
    for expected in [
        "Small plan: 12 points, 4 replicas of each episode, 6 points accepted",
        "growth.hurdle",
        "regions.*.capacity.build_response",
        "early, fitted without it and without what others measured from 2022-01-01 to 2022-09-07",
        "late, fitted without it",
        "results/calibration/posterior.csv",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let folder = place.path("results/calibration");
    let posterior = read(&folder.join("posterior.csv"));
    assert_eq!(
        posterior.lines().next(),
        Some("growth.hurdle,regions.*.capacity.build_response")
    );
    assert_eq!(posterior.lines().count(), 7);
    // 12 points of the design, 3 of the search, and what they belong to.
    assert_eq!(read(&folder.join("evaluations.jsonl")).lines().count(), 16);
    assert_eq!(
        read(&folder.join("parameters.csv")).lines().count(),
        1 + 3 * 2
    );
    let left_out = read(&folder.join("left-out.csv"));
    assert!(
        left_out.contains("\nearly,hash-rate,") && left_out.contains("\nlate,share-vector,"),
        "{left_out}"
    );
    // The posterior is a file of draws.
    place.ok(&[
        "run",
        "early.toml",
        "--replicas",
        "4",
        "--quiet",
        "--set",
        "uncertain={ draws = \"results/calibration/posterior.csv\" }",
    ]);
}

#[test]
fn an_interrupted_calibration_goes_on_and_ends_as_if_nothing_had_been() {
    let place = history();
    let tables = |folder: &str| -> Vec<String> {
        [
            "parameters.csv",
            "pairs.csv",
            "posterior.csv",
            "left-out.csv",
            "evaluations.jsonl",
        ]
        .iter()
        .map(|file| read(&place.path(folder).join(file)))
        .collect()
    };
    let base = [
        "calibrate",
        "plan.toml",
        "--trial-replicas",
        "10",
        "--quiet",
    ];
    let with =
        |more: &[&'static str]| -> Vec<&'static str> { base.iter().chain(more).copied().collect() };
    place.ok(&with(&["--out", "whole"]));
    let whole = tables("whole");

    // Stopped after some points, and again in the middle of a line.
    fs::create_dir(place.path("cut")).unwrap();
    let journal = &whole[4];
    let half = journal.len() / 2;
    for cut in [half, half + 7, 40, 0] {
        fs::write(place.path("cut/evaluations.jsonl"), &journal[..cut]).unwrap();
        place.ok(&with(&["--resume", "cut"]));
        assert!(tables("cut") == whole, "cut at {cut} of {}", journal.len());
    }
    let said = place.fails(2, &with(&["--resume", "nowhere"]));
    assert!(
        said.contains("there is no calibration in nowhere"),
        "{said}"
    );
    // Another plan is another calibration.
    let said = place.fails(74, &with(&["--resume", "whole", "--replicas", "5"]));
    assert!(
        said.contains("its points are those of another plan"),
        "{said}"
    );
    assert!(tables("whole") == whole);
    // More points go on from fewer.
    place.ok(&with(&["--resume", "whole", "--points", "14"]));
    assert!(tables("whole")[4].starts_with(journal.as_str()));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_points_and_says_how_to_go_on() {
    let place = history();
    let child = place
        .command(&[
            "calibrate",
            "plan.toml",
            "--points",
            "4000",
            "--out",
            "long",
        ])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let journal = place.path("long/evaluations.jsonl");
    for _ in 0..600 {
        if fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 2) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    interrupt(&child);
    let output = child.wait_with_output().expect("it ends");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("go on with --resume long"), "{said}");
    assert!(read(&journal).lines().count() > 2);
}

#[test]
fn a_plan_that_makes_no_sense_is_answered() {
    let place = history();
    let with = |from: &str, to: &str| {
        assert!(PLAN.contains(from));
        fs::write(place.path("bad.toml"), PLAN.replacen(from, to, 1)).unwrap();
        place.fails(2, &["calibrate", "bad.toml"])
    };
    for (from, to, expected) in [
        ("points = 12", "pionts = 12", "unknown field `pionts`"),
        (
            "points = 12",
            "points = 0",
            "points = 0: it must be between 1 and 65536",
        ),
        ("replicas = 4", "replicas = 1", "a score takes at least 2"),
        (
            "accepted = 0.5",
            "accepted = 1.5",
            "it must be above 0 and at most 1",
        ),
        (
            "low = 0.15",
            "low = 0.0",
            "prior of `growth.hurdle` is no law",
        ),
        (
            "growth.hurdle",
            "growth.hurdel",
            "no episode has a number `growth.hurdel`",
        ),
        (
            "why = \"a test\"",
            "why = \"a test\"\nexcept = [\"erly\"]",
            "which is no episode",
        ),
        (
            "regions.*.capacity.build_response",
            "growth.hurdle",
            "`growth.hurdle` is fitted twice",
        ),
    ] {
        let said = with(from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
    fs::write(
        place.path("bad.toml"),
        PLAN.replacen("early.toml", "erly.toml", 1),
    )
    .unwrap();
    let said = place.fails(74, &["calibrate", "bad.toml"]);
    assert!(said.contains("cannot read erly.toml"), "{said}");
}
