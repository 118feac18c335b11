//! `trajectories` as its users meet it, and what its folder holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Stdio;

use serde_json::Value;

use super::cli::{Place, metadata};
#[cfg(unix)]
use super::cli::{interrupt, stderr};

/// The small scenario with AI beside it, whose owners walk, and of which more and more is on devices.
const AI: &str = r#"extends = "small.toml"
name = "With AI"
record_every_days = 7

[ai]
demand_mw = 10_000.0 # assumption of a test

[ai.edge]
start_share = 0.1
ceiling = 0.2 # assumption of a test
ceiling_sd = 1.0
midpoint = 2025-11-14
rate_per_year = 20.0

[ai.walk]
sd_per_year = 0.2

[ai.providers]
one = { share = 0.3 }
two = { share = 0.3 }
others = { share = 0.4, members = 8 }
"#;

/// Two months of mining before.
const PAST: &str = "extends = \"small.toml\"\nname = \"Before\"\nstart = 2025-08-16\n";

/// A place with these scenarios in it.
pub fn with_ai_and_past() -> Place {
    let place = Place::new();
    for (name, text) in [("ai.toml", AI), ("past.toml", PAST)] {
        fs::write(place.path(name), text).expect("it can be written");
    }
    place
}

type Row = BTreeMap<String, String>;

fn rows(file: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(file).expect("it can be read");
    let rows = reader.deserialize().map(|row| row.expect("CSV"));
    rows.collect()
}

/// A number of the row that has these labels.
fn number(rows: &[Row], labels: &[(&str, &str)], column: &str) -> f64 {
    let fits = |row: &&Row| labels.iter().all(|(label, value)| row[*label] == *value);
    let row = rows.iter().find(fits);
    let row = row.unwrap_or_else(|| panic!("{labels:?} is not there"));
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{labels:?}: {column} is {:?}", row[column]))
}

fn answer(rows: &[Row], metric: &str, measure: &str, column: &str) -> f64 {
    let labels = [("metric", metric), ("scope", "ahead"), ("measure", measure)];
    number(rows, &labels, column)
}

fn close(found: f64, expected: f64, what: &str) {
    let tolerance = 1e-9 * expected.abs().max(1e-3);
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: found {found}, expected {expected}"
    );
}

/// Paths of a quantity in a run that kept its replicas, by replica.
fn paths(run: &[Row], level: &str, metric: &str) -> Vec<Vec<f64>> {
    paths_of(run, level, "all", metric)
}

fn paths_of(run: &[Row], level: &str, name: &str, metric: &str) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = Vec::new();
    let own = |row: &&Row| row["level"] == level && row["name"] == name && row["metric"] == metric;
    for row in run.iter().filter(own) {
        let replica: usize = row["replica"].parse().expect("a number");
        found.resize_with(found.len().max(replica + 1), Vec::new);
        found[replica].push(row["value"].parse().expect("defined"));
    }
    found
}

const REPLICAS: usize = 40;

/// Directions and crossings, counted from the paths of the replicas; `sign` is 1 where higher is more concentrated.
fn counted_again(run: &[Row], answers: &[Row], metric: &str, sign: f64) {
    let mining = paths(run, "firm", metric);
    let ai = paths(run, "ai", metric);
    assert_eq!((mining.len(), ai.len()), (REPLICAS, REPLICAS));
    let way = |path: &[f64]| {
        let change = path[path.len() - 1] / path[0] - 1.0;
        if change.abs() < 1e-9 {
            0
        } else {
            (sign * change).signum() as i32
        }
    };
    let ways: Vec<(i32, i32)> = mining
        .iter()
        .zip(&ai)
        .map(|(m, a)| (way(m), way(a)))
        .collect();
    let part = |case: &dyn Fn((i32, i32)) -> bool| {
        ways.iter().filter(|ways| case(**ways)).count() as f64 / REPLICAS as f64
    };
    for (measure, expected) in [
        ("claim", part(&|ways| ways == (1, -1))),
        ("reverse", part(&|ways| ways == (-1, 1))),
        ("both_concentrate", part(&|ways| ways == (1, 1))),
        ("both_spread", part(&|ways| ways == (-1, -1))),
        ("unchanged", part(&|ways| ways.0 == 0 || ways.1 == 0)),
        ("opposite", part(&|ways| ways.0 * ways.1 == -1)),
    ] {
        close(answer(answers, metric, measure, "value"), expected, measure);
        let [low, high] = ["low", "high"].map(|end| answer(answers, metric, measure, end));
        assert!(
            low <= expected && expected <= high && high > low,
            "{measure}"
        );
        assert_eq!(
            answer(answers, metric, measure, "replicas"),
            REPLICAS as f64
        );
    }
    let crossed = mining.iter().zip(&ai).filter(|(mining, ai)| {
        let mut sides = mining
            .iter()
            .zip(*ai)
            .filter(|(m, a)| m != a)
            .map(|(m, a)| a > m);
        let first = sides.next();
        sides.any(|side| Some(side) != first)
    });
    let crossed = crossed.count() as f64 / REPLICAS as f64;
    close(
        answer(answers, metric, "crossing", "value"),
        crossed,
        "crossing",
    );
}

/// Paths are the quantiles of a run, day by day.
fn paths_are_quantiles(drawn: &[Row], quantiles: &[Row]) {
    let mut compared = 0;
    for row in drawn {
        let level = if row["series"] == "ai" { "ai" } else { "firm" };
        for (column, quantile) in [("p05", "0.05"), ("p50", "0.5"), ("p95", "0.95")] {
            let labels = [
                ("date", &*row["date"]),
                ("level", level),
                ("name", "all"),
                ("metric", &*row["metric"]),
                ("quantile", quantile),
            ];
            let expected = number(quantiles, &labels, "value");
            close(row[column].parse().expect("a number"), expected, column);
            compared += 1;
        }
    }
    // Nine record days; three metrics of two series, and the edge share.
    assert_eq!(compared, 9 * 7 * 3);
    assert!(drawn.iter().any(|row| row["metric"] == "edge_share"));
}

#[test]
fn the_answers_are_those_of_the_replicas_of_a_run() {
    let place = with_ai_and_past();
    place.ok(&[
        "run",
        "ai.toml",
        "--replicas",
        "40",
        "--keep-replicas",
        "--no-report",
        "--out",
        "run",
        "-q",
    ]);
    let printed = place.ok(&[
        "trajectories",
        "ai.toml",
        "--replicas",
        "40",
        "--no-report",
        "--out",
        "out",
        "-q",
    ]);
    let run = rows(&place.path("run/replicas.csv"));
    let answers = rows(&place.path("out/trajectories.csv"));
    // Higher is more concentrated by the one, lower by the other.
    counted_again(&run, &answers, "hhi", 1.0);
    counted_again(&run, &answers, "nakamoto_half", -1.0);
    // It is a scenario in which something happens: AI concentrates in some replicas and spreads in others.
    let spreads =
        answer(&answers, "hhi", "claim", "value") + answer(&answers, "hhi", "both_spread", "value");
    assert!((0.05..0.95).contains(&spreads), "{spreads}");

    // The needed edge share by its closed form, at the median.
    let last = |level, metric| -> Vec<f64> {
        paths(&run, level, metric)
            .iter()
            .map(|path| path[path.len() - 1])
            .collect()
    };
    let (mining, ai, edge) = (
        last("firm", "hhi"),
        last("ai", "hhi"),
        last("ai", "edge_share"),
    );
    let mut needed: Vec<f64> = (0..REPLICAS)
        .map(|i| {
            (1.0 - (mining[i] / (ai[i] / ((1.0 - edge[i]) * (1.0 - edge[i])))).sqrt()).max(0.0)
        })
        .collect();
    needed.sort_by(f64::total_cmp);
    let median = f64::midpoint(needed[REPLICAS / 2 - 1], needed[REPLICAS / 2]);
    close(
        answer(&answers, "hhi", "edge_share_needed", "value"),
        median,
        "needed",
    );

    paths_are_quantiles(
        &rows(&place.path("out/paths.csv")),
        &rows(&place.path("run/quantiles.csv")),
    );

    // What is printed is what is in the table.
    let claim = 100.0 * answer(&answers, "hhi", "claim", "value");
    let said = format!("mining concentrates while AI spreads in {claim:.1} % of 40 histories");
    assert!(printed.contains(&said), "{said}\n{printed}");
    assert!(printed.contains("is assumed by the scenario"), "{printed}");
    assert!(!place.path("out/report.html").exists());
}

#[test]
fn axes_are_varied_one_at_a_time_in_the_same_worlds() {
    let place = with_ai_and_past();
    place.ok(&[
        "trajectories",
        "ai.toml",
        "--replicas",
        "12",
        "--no-report",
        "--out",
        "out",
        "-q",
        "--axis",
        "ai.edge.ceiling=0.2,0.9",
        "--axis",
        "firms.scale_exponent=0,0.1",
    ]);
    let table = rows(&place.path("out/dependence.csv"));
    let value = |axis: &str, level: &str, measure: &str, column: &str| {
        let labels = [
            ("axis", axis),
            ("level", level),
            ("metric", "hhi"),
            ("measure", measure),
        ];
        number(&table, &labels, column)
    };
    let ceiling = "ai.edge.ceiling";
    for measure in [
        "opposite",
        "claim",
        "crossing",
        "mining_at_end",
        "ai_at_end",
        "edge_share_at_end",
    ] {
        let base = value("", "", measure, "value");
        for (axis, level) in [
            (ceiling, "0.2"),
            (ceiling, "0.9"),
            ("firms.scale_exponent", "0.1"),
        ] {
            let moved = value(axis, level, measure, "value");
            close(
                value(axis, level, measure, "difference"),
                moved - base,
                measure,
            );
            assert_eq!(value(axis, level, measure, "pairs"), 12.0);
        }
        // The level at which the scenario is as it is.
        assert_eq!(value(ceiling, "0.2", measure, "difference"), 0.0);
        assert_eq!(value(ceiling, "0.2", measure, "difference_se"), 0.0);
    }
    let less = value(ceiling, "0.9", "ai_at_end", "difference");
    let error = value(ceiling, "0.9", "ai_at_end", "difference_se");
    assert!(less < -5.0 * error && error > 0.0, "{less} +- {error}");
    // A level is a scenario like any other.
    place.ok(&[
        "trajectories",
        "ai.toml",
        "--replicas",
        "12",
        "--no-report",
        "--out",
        "there",
        "-q",
        "--set",
        "ai.edge.ceiling=0.9",
    ]);
    let there = rows(&place.path("there/trajectories.csv"));
    for measure in ["claim", "crossing"] {
        close(
            value(ceiling, "0.9", measure, "value"),
            answer(&there, "hhi", measure, "value"),
            measure,
        );
    }
    let alone = rows(&place.path("there/dependence.csv"));
    assert!(alone.iter().all(|row| row["axis"].is_empty()) && !alone.is_empty());
}

#[test]
fn axes_of_the_scenario_are_taken_unless_others_are_named() {
    let place = with_ai_and_past();
    let text =
        format!("{AI}\n[[sweep.axes]]\nset = {{ \"ai.edge.rate_per_year\" = \"x0.5,x1\" }}\n");
    fs::write(place.path("swept.toml"), text).expect("it can be written");
    let levels = |out: &str, more: &[&str]| -> Vec<String> {
        let base = [
            "trajectories",
            "swept.toml",
            "--replicas",
            "3",
            "--no-report",
            "-q",
            "--out",
            out,
        ];
        place.ok(&[&base[..], more].concat());
        let rows = rows(&place.path(out).join("dependence.csv"));
        let of = rows
            .iter()
            .filter(|row| row["metric"] == "hhi" && row["measure"] == "claim");
        of.map(|row| format!("{} {}", row["axis"], row["level"]))
            .collect()
    };
    assert_eq!(
        levels("own", &[]),
        [
            " ",
            "ai.edge.rate_per_year x0.5",
            "ai.edge.rate_per_year x1"
        ]
    );
    // Bounds are looked at at their ends and in the middle.
    assert_eq!(
        levels("typed", &["--axis", "ai.edge.ceiling=0.2..0.8"]),
        [
            " ",
            "ai.edge.ceiling 0.2",
            "ai.edge.ceiling 0.5",
            "ai.edge.ceiling 0.8"
        ]
    );
}

#[test]
fn what_the_sweep_names_is_followed_at_each_level() {
    let place = with_ai_and_past();
    let text = format!("{AI}\n[sweep]\nmetrics = [\"region/us/share\", \"region/*/power\"]\n");
    fs::write(place.path("swept.toml"), text).expect("it can be written");
    let dear = "regions.us.power.usd_per_mwh=90.0";
    let axis = ["--axis", "regions.us.power.usd_per_mwh=90"];
    let base = [
        "swept.toml",
        "--replicas",
        "8",
        "--no-report",
        "-q",
        "--out",
    ];
    place.ok(&[&["trajectories"], &base[..], &["out"], &axis[..]].concat());
    place.ok(&[&["run"], &base[..], &["as-it-is", "--keep-replicas"]].concat());
    place.ok(&[
        &["run"],
        &base[..],
        &["dear", "--keep-replicas", "--set", dear],
    ]
    .concat());
    let table = rows(&place.path("out/dependence.csv"));
    let at_end = |folder: &str| {
        let run = rows(&place.path(folder).join("replicas.csv"));
        let paths: Vec<f64> = paths_of(&run, "region", "us", "share")
            .iter()
            .map(|path| path[path.len() - 1])
            .collect();
        paths
    };
    let (plain, dear) = (at_end("as-it-is"), at_end("dear"));
    let n = plain.len() as f64;
    let differences: Vec<f64> = dear.iter().zip(&plain).map(|(a, b)| a - b).collect();
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
    let labels = [
        ("axis", "regions.us.power.usd_per_mwh"),
        ("metric", "region/us/share"),
        ("measure", "at_end"),
    ];
    assert!(mean < 0.0, "{mean}");
    close(
        number(&table, &labels, "value"),
        dear.iter().sum::<f64>() / n,
        "mean",
    );
    close(number(&table, &labels, "difference"), mean, "difference");
    let error = (squares / (n - 1.0) / n).sqrt();
    close(number(&table, &labels, "difference_se"), error, "its error");
    let powers = table.iter().filter(|row| row["metric"].ends_with("/power"));
    assert!(powers.count() > 2);
}

#[test]
fn the_files_are_the_same_at_any_number_of_threads_and_made_again_from_the_folder_alone() {
    let place = with_ai_and_past();
    let make = |threads: &str, out: &str| {
        place.ok(&[
            "trajectories",
            "ai.toml",
            "--past",
            "past.toml",
            "--replicas",
            "9",
            "--seed",
            "7",
            "--axis",
            "ai.walk.sd_per_year=0,0.3",
            "--threads",
            threads,
            "--out",
            out,
            "-q",
        ])
    };
    let printed = make("1", "one");
    assert_eq!(printed, make("3", "three"));
    assert!(printed.contains("Each over its own history"), "{printed}");
    let read =
        |folder: &str, file: &str| fs::read(place.path(folder).join(file)).expect("it is there");
    for file in ["trajectories.csv", "paths.csv", "dependence.csv"] {
        assert!(read("one", file) == read("three", file), "{file}");
    }
    let one = metadata(&place.path("one"));
    assert_eq!(one["kind"], "trajectories");
    assert_eq!((&one["seed"], &one["replicas"]), (&7.into(), &9.into()));
    let past = &one["trajectories"]["past"];
    assert_eq!(
        (&past["name"], &past["text"]),
        (&"Before".into(), &PAST.into())
    );
    assert_eq!(
        past["overrides"],
        serde_json::json!(["seed=8", "replicas=9"])
    );
    // The past has a luck of its own, and days before those ahead.
    let paths = rows(&place.path("one/paths.csv"));
    let before: Vec<&Row> = paths
        .iter()
        .filter(|row| row["series"] == "mining-past")
        .collect();
    assert!(!before.is_empty());
    for row in before {
        assert!(row["day"].parse::<i64>().expect("a number") < 0, "{row:?}");
    }
    let answers = rows(&place.path("one/trajectories.csv"));
    let own = answers.iter().filter(|row| row["scope"] == "own-history");
    assert!(own.count() > 10);

    // Without the scenarios, and the page from the tables alone.
    for file in ["small.toml", "ai.toml", "past.toml"] {
        fs::remove_file(place.path(file)).expect("it is there");
    }
    let verdicts = place.ok(&["reproduce", "one", "-q"]);
    let same = verdicts
        .lines()
        .filter(|line| line.ends_with(".csv same bytes"));
    assert_eq!(same.count(), 3, "{verdicts}");
    assert_eq!(verdicts.lines().count(), 3, "{verdicts}");
    let page = read("one", "report.html");
    place.ok(&["report", "one", "--out", "again.html", "-q"]);
    assert!(page == fs::read(place.path("again.html")).expect("it is there"));
    let page = String::from_utf8(page).expect("UTF-8");
    for part in [
        "How concentrated mining and AI are",
        "mining, past",
        "ai.edge.ceiling",
        "assumption of a test",
        "One axis at a time",
        "figure-nakamoto",
        "figure-edge-share",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // What was changed is noticed.
    let table = place.path("one/dependence.csv");
    let text = fs::read_to_string(&table).expect("it is there");
    fs::write(&table, text.replacen("probability", "certainty", 1)).expect("it can be written");
    let said = place.fails(1, &["reproduce", "one", "-q"]);
    assert!(
        said.contains("not the same bytes: dependence.csv"),
        "{said}"
    );
    let said = place.fails(74, &["report", "one"]);
    assert!(
        said.contains("it was changed since it was written"),
        "{said}"
    );
}

#[test]
fn json_has_the_answers_and_the_dependence() {
    let place = with_ai_and_past();
    let text = place.ok(&[
        "trajectories",
        "ai.toml",
        "--past",
        "past.toml",
        "--replicas",
        "5",
        "--json",
        "-q",
        "--no-report",
        "--out",
        "out",
    ]);
    let json: Value = serde_json::from_str(&text).expect("--json prints JSON");
    assert_eq!(
        (&json["past"], &json["replicas"]),
        (&"Before".into(), &5.into())
    );
    let answers = json["answers"].as_array().expect("rows");
    let claim = answers
        .iter()
        .find(|row| row["measure"] == "claim")
        .expect("it is there");
    assert!(claim["value"].is_number() && claim["high"].is_number());
    assert!(
        json["dependence"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty())
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let place = with_ai_and_past();
    let said = place.fails(2, &["trajectories", "small.toml"]);
    assert!(said.contains("small.toml has no [ai] section"), "{said}");
    assert!(said.contains("hashdrift explain ai"), "{said}");
    let said = place.fails(2, &["trajectories", "ai.toml", "--past", "small.toml"]);
    assert!(
        said.contains("begins on 2025-10-15, and what is ahead on 2025-10-15"),
        "{said}"
    );
    let said = place.fails(74, &["trajectories", "ai.toml", "--past", "nowhere.toml"]);
    assert!(said.contains("nowhere.toml"), "{said}");
    let axis = |values: &str| place.fails(2, &["trajectories", "ai.toml", "--axis", values]);
    let said = axis("ai.edge.ceiling=0.5,1.5");
    assert!(
        said.contains("at ai.edge.ceiling = 1.5 the scenario breaks a rule"),
        "{said}"
    );
    assert!(said.contains("move the axis"), "{said}");
    let said = axis("ai.edge.celing=0.5");
    assert!(said.contains("ceiling"), "{said}");
    let said = axis("seed=1,2");
    assert!(said.contains("`seed` cannot be varied"), "{said}");
    place.fails(2, &["trajectories", "ai.toml", "--replicas", "0"]);
    // Nothing was begun.
    assert!(!place.path("results").exists());
}

#[test]
fn a_past_that_does_not_end_where_the_days_ahead_begin_is_told() {
    let place = with_ai_and_past();
    let early = PAST.replace("2025-08-16", "2024-01-01");
    fs::write(place.path("early.toml"), early).expect("it can be written");
    let output = place.run(&[
        "trajectories",
        "ai.toml",
        "--past",
        "early.toml",
        "--replicas",
        "3",
        "--no-report",
        "--out",
        "out",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let warning = "early.toml ends on 2024-02-29, 594 days before ai.toml begins";
    assert!(said.contains(warning), "{said}");
    let kept = &metadata(&place.path("out"))["warnings"];
    assert!(kept.to_string().contains(warning), "{kept}");
    // One that does is not.
    let output = place.run(&[
        "trajectories",
        "ai.toml",
        "--past",
        "past.toml",
        "--replicas",
        "3",
        "--no-report",
        "--out",
        "meets",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("not one history"), "{said}");
}

#[cfg(unix)]
#[test]
fn interrupted_trajectories_end_in_order_and_leave_nothing() {
    let place = with_ai_and_past();
    let child = place
        .command(&[
            "trajectories",
            "ai.toml",
            "--past",
            "past.toml",
            "--replicas",
            "2000000",
        ])
        .args([
            "--set",
            "firms.count=2000",
            "--axis",
            "ai.edge.ceiling=0.2,0.8",
        ])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(700));
    interrupt(&child);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"));
    assert!(!place.path("results/ai-trajectories").exists());
}
