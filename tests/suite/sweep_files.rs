//! A sweep as its users meet it: its verbs and files, in parts and by several processes; always the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::cli::{Place, stderr};

/// A folder with a small scenario in it.
pub fn place() -> Place {
    let text = include_str!("../../scenarios/core.toml")
        .replace("days = 1826", "days = 60")
        .replace("replicas = 1000", "replicas = 12")
        .replace("count = 1000", "count = 40");
    Place::with(&[("small.toml".into(), text)])
}

/// The axes of the sweep: 24 points.
const AXES: [&str; 4] = [
    "--axis",
    "regions.us.power.usd_per_mwh=40:95:5",
    "--lever",
    "moving.breakage=0,0.1",
];

pub fn with_axes<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<&'a str> {
    let mut all = before.to_vec();
    all.extend(AXES);
    all.extend(after);
    all
}

/// The final files of a sweep, with what is in them.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("its entries can be read").path())
        // What a process that was killed had begun stays for a while, under names with a dot.
        .filter(|path| path.is_file() && !path.ends_with("plan.json"))
        .filter(|path| {
            path.file_name()
                .is_none_or(|name| name.as_encoded_bytes()[0] != b'.')
        })
        .map(|path| {
            let name = path.file_name().expect("it has one").to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("it can be read"))
        })
        .collect();
    found.sort();
    found
}

/// Files of a sweep that nothing disturbed.
pub fn undisturbed(place: &Place) -> Vec<(String, Vec<u8>)> {
    place.ok(&with_axes(
        &["sweep", "run", "small.toml", "--out", "calm", "-q"],
        &[],
    ));
    let found = files(&place.path("calm"));
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected: &[&str] = if cfg!(feature = "parquet") {
        &[
            "design.csv",
            "metadata.json",
            "parameters.csv",
            "parameters.parquet",
            "results.csv",
            "results.parquet",
        ]
    } else {
        &[
            "design.csv",
            "metadata.json",
            "parameters.csv",
            "results.csv",
        ]
    };
    assert_eq!(names, expected);
    found
}

pub fn same(place: &Place, folder: &str, calm: &[(String, Vec<u8>)]) {
    let found = files(&place.path(folder));
    for ((name, bytes), (other, expected)) in found.iter().zip(calm) {
        assert_eq!(name, other);
        assert!(bytes == expected, "{folder}/{name} has other bytes");
    }
    assert_eq!(found.len(), calm.len());
}

#[test]
fn threads_shards_and_stops_leave_no_trace_in_the_files() {
    let place = place();
    let calm = undisturbed(&place);
    place.ok(&with_axes(
        &[
            "sweep",
            "run",
            "small.toml",
            "--out",
            "more",
            "-q",
            "--threads",
            "7",
        ],
        &[],
    ));
    same(&place, "more", &calm);

    place.ok(&with_axes(
        &[
            "sweep",
            "plan",
            "small.toml",
            "parts",
            "-q",
            "--shards",
            "5",
        ],
        &[],
    ));
    for shard in [3, 0, 4, 1] {
        place.ok(&[
            "sweep",
            "worker",
            "parts",
            "--shard",
            &shard.to_string(),
            "-q",
        ]);
    }
    assert_eq!(place.ok(&["sweep", "status", "parts", "--missing"]), "2\n");
    assert_eq!(
        place.fails(2, &["sweep", "merge", "parts"]).trim(),
        "error: missing or damaged of 5 shards: 2\nrun `hashdrift sweep worker parts --shard N` for these, or merge without them: --partial"
    );
    let status: serde_json::Value =
        serde_json::from_str(&place.ok(&["sweep", "status", "parts", "--json"])).expect("JSON");
    assert_eq!(status["points_done"], 19);
    assert_eq!(status["missing"], serde_json::json!([2]));

    // Told so, it goes without.
    place.ok(&["sweep", "merge", "parts", "--partial", "-q"]);
    let parameters = fs::read_to_string(place.path("parts/parameters.csv")).expect("it is there");
    assert_eq!(parameters.matches(",missing,").count(), 5);
    assert_eq!(parameters.matches(",done,").count(), 19);

    // The number comes from the scheduler, and a shard that is there is left alone.
    let task = |name: &str, number: &str| {
        let mut command = place.command(&["sweep", "worker", "parts"]);
        command.env(name, number).output().expect("it starts")
    };
    assert!(task("SLURM_ARRAY_TASK_ID", "2").status.success());
    let again = task("JOB_COMPLETION_INDEX", "2");
    assert_eq!(stderr(&again), "shard 2 is there already\n");
    let wrong = task("AWS_BATCH_JOB_ARRAY_INDEX", "5");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("there is no shard 5: the sweep in parts has 5, from 0 to 4"));
    assert!(
        place
            .fails(2, &["sweep", "worker", "parts"])
            .contains("nothing says which shard to compute")
    );

    assert_eq!(place.ok(&["sweep", "status", "parts", "--missing"]), "");
    place.ok(&["sweep", "merge", "parts", "-q"]);
    same(&place, "parts", &calm);
}

#[test]
fn a_sweep_that_is_there_is_not_computed_again() {
    let place = place();
    let calm = undisturbed(&place);
    let output = place.run(&["sweep", "run", "--resume", "calm"]);
    assert!(output.status.success());
    assert_eq!(stderr(&output), "all 24 points are there already\n");
    same(&place, "calm", &calm);
    let again = place.ok(&["reproduce", "calm", "-q"]);
    assert!(again.lines().count() > 1);
    assert!(
        again.lines().all(|line| line.ends_with(" same bytes")),
        "{again}"
    );
    // A table that was changed is made anew, from the points.
    fs::write(place.path("calm/results.csv"), "mine").expect("it can be written");
    place.ok(&["sweep", "run", "--resume", "calm", "-q"]);
    same(&place, "calm", &calm);
}

#[test]
fn a_sweep_says_at_which_price_a_share_crosses_a_value() {
    let place = place();
    undisturbed(&place);
    let csv = fs::read_to_string(place.path("calm/results.csv")).expect("it is there");
    let shares: Vec<(f64, f64)> = csv
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|cells| cells[2] == "0.1" && cells[5..8] == ["region", "us", "share"])
        .map(|cells| {
            (
                cells[1].parse().expect("a level"),
                cells[10].parse().expect("a mean"),
            )
        })
        .collect();
    assert_eq!(shares.len(), 12);
    let ((low, from), (high, to)) = (shares[4], shares[5]);
    assert!(from > to, "{shares:?}");
    let value = f64::midpoint(from, to);
    let asked = ["sweep", "crossing", "calm", "--metric", "region/us/share"];
    let text = value.to_string();
    let mut all = asked.to_vec();
    all.extend(["--value", &text, "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&place.ok(&all)).expect("it is JSON");
    let crossings = answer["crossings"].as_array().expect("a list");
    let found = crossings
        .iter()
        .find(|crossing| {
            crossing["at"]["moving.breakage"] == "0.1" && crossing["between"][0] == low
        })
        .expect("it is found");
    let level = found["level"].as_f64().expect("a number");
    assert!((level - f64::midpoint(low, high)).abs() < 1e-9, "{level}");
    assert_eq!(found["rising"], false);
    let mut wrong = asked.to_vec();
    wrong.extend(["--value", "0.5", "--along", "nothing"]);
    assert_eq!(
        place.fails(2, &wrong).trim(),
        "error: the sweep has no axis `nothing`\nits axes are regions.us.power.usd_per_mwh, moving.breakage"
    );
    let none = [
        "sweep",
        "crossing",
        "calm",
        "--metric",
        "region/us/size",
        "--value",
        "1",
    ];
    assert!(
        place
            .fails(2, &none)
            .contains("there is no `region/us/size` in calm/results.csv")
    );
}

/// Kills by SIGKILL, in the middle of anything.
pub fn kill(mut child: Child) {
    // It may have ended by itself just now.
    let _ = child.kill();
    child.wait().expect("it can be waited for");
}

/// The files below a folder of a sweep.
pub fn parts(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// Replicas with which a shard takes long enough to be stopped in the middle.
pub const LONG: [&str; 2] = ["--replicas", "400"];

/// A sweep of two shards that was stopped when the second had some points.
pub fn stopped(place: &Place, folder: &str) {
    let plan = ["sweep", "plan", "small.toml", folder, "-q", "--shards", "2"];
    place.ok(&with_axes(&plan, &LONG));
    place.ok(&["sweep", "worker", folder, "--shard", "0", "-q"]);
    let child = place
        .command(&["sweep", "worker", folder, "--shard", "1", "-q"])
        .args(["--threads", "1"])
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let lines = || -> usize {
        let journals = parts(place.path(folder).join("journal"));
        let texts = journals
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok());
        texts.map(|text| text.lines().count()).sum()
    };
    while lines() < 4 {
        std::thread::sleep(Duration::from_millis(1));
    }
    kill(child);
    assert!(
        !place.path(folder).join("shards/0001.jsonl").exists(),
        "it was quicker than the kill"
    );
}

#[test]
fn points_that_fail_are_listed_with_the_reason_and_end_in_a_code_of_their_own() {
    let place = place();
    // At 900 USD/MWh no machine runs in the US, and the share that they are to have cannot be met.
    let arguments = [
        "sweep",
        "run",
        "small.toml",
        "--axis",
        "regions.us.power.usd_per_mwh=50,900",
        "--set",
        "bitcoin.hash_is=running",
        "--out",
        "failing",
    ];
    let refused = place.fails(2, &arguments);
    assert!(
        refused.starts_with("error: at 1 of 2 points the scenario breaks a rule, first at point 1 (regions.us.power.usd_per_mwh = 900):\nregions.us.power: nothing runs here at the start"),
        "{refused}"
    );
    assert!(!place.path("failing").exists());
    let mut all = arguments.to_vec();
    all.extend(["--keep-going", "-q"]);
    let message = place.fails(3, &all);
    assert!(
        message.ends_with("error: 1 of 2 points failed; failing/parameters.csv says why\n"),
        "{message}"
    );
    let parameters = fs::read_to_string(place.path("failing/parameters.csv")).expect("it is there");
    assert!(
        parameters.contains(",failed,\"regions.us.power: nothing runs here"),
        "{parameters}"
    );
    let results = fs::read_to_string(place.path("failing/results.csv")).expect("it is there");
    assert!(
        results
            .lines()
            .skip(1)
            .all(|line| line.starts_with("0,50.0,"))
    );
}

#[test]
fn a_plan_says_what_a_sweep_takes_and_writes_the_points() {
    let place = place();
    let text = place.ok(&with_axes(&["sweep", "plan", "small.toml", "planned"], &[]));
    for line in [
        "points    24, factorial",
        "          regions.us.power.usd_per_mwh: 12 levels, 40 to 95",
        "          moving.breakage (lever): 2 levels, 0 to 0.1",
        "replicas  12 a point, 288 in all; common random numbers, seed 1",
        "checked   the scenario at every point",
        "planned/design.csv",
        "planned/plan.json",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    let design = fs::read_to_string(place.path("planned/design.csv")).expect("it is there");
    assert_eq!(design.lines().count(), 25);
    assert_eq!(
        design.lines().nth(2),
        Some(
            "1,40.0,0.1,1,\"[\"\"regions.us.power.usd_per_mwh=40.0\"\",\"\"moving.breakage=0.1\"\"]\""
        )
    );
    let again = with_axes(&["sweep", "plan", "small.toml", "planned"], &[]);
    assert!(
        place
            .fails(2, &again)
            .contains("planned is there already, and is no empty folder")
    );
    // Without a folder, nothing is written.
    let before = parts(place.path(""));
    place.ok(&with_axes(&["sweep", "plan", "small.toml"], &[]));
    assert_eq!(parts(place.path("")), before);
}

#[test]
fn a_folder_that_is_in_use_is_left_alone_and_other_parts_of_a_plan_are_not_mixed_up() {
    let place = place();
    place.ok(&["run", "small.toml", "--out", "used", "-q"]);
    let before = files(&place.path("used"));
    let plan = |folder: &'static str, shards: &'static str| {
        with_axes(
            &[
                "sweep",
                "plan",
                "small.toml",
                folder,
                "--shards",
                shards,
                "-q",
            ],
            &LONG,
        )
    };
    let message = place.fails(2, &plan("used", "2"));
    assert!(
        message.contains("used is there already, and is no empty folder"),
        "{message}"
    );
    assert_eq!(files(&place.path("used")), before);

    // Journals and shards of the same plan in other parts are no part of this one.
    place.ok(&plan("parts", "2"));
    place.ok(&["sweep", "worker", "parts", "--shard", "1", "-q"]);
    stopped(&place, "other");
    for path in parts(place.path("other/journal")) {
        let name = path.file_name().expect("it has one").to_owned();
        fs::copy(&path, place.path("parts/journal").join(name)).expect("it can be copied");
    }
    let text = fs::read_to_string(place.path("parts/plan.json")).expect("it can be read");
    fs::write(
        place.path("parts/plan.json"),
        text.replace("\"shards\": 2", "\"shards\": 8"),
    )
    .expect("it can be written");
    assert_eq!(
        place.ok(&["sweep", "status", "parts", "--missing"]),
        "0-7\n"
    );
    place.ok(&["sweep", "run", "--resume", "parts", "-q"]);
    let run = ["sweep", "run", "small.toml", "--out", "calm", "-q"];
    place.ok(&with_axes(&run, &LONG));
    same(&place, "parts", &files(&place.path("calm")));
}

#[test]
fn two_processes_in_one_folder_come_to_the_same_bytes() {
    let place = place();
    let calm = undisturbed(&place);
    for round in 0..3 {
        let folder = format!("shared-{round}");
        place.ok(&with_axes(
            &[
                "sweep",
                "plan",
                "small.toml",
                &folder,
                "-q",
                "--shards",
                "4",
            ],
            &[],
        ));
        let start = |arguments: &[&str]| {
            place
                .command(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts")
        };
        let run = ["sweep", "run", "--resume", &folder, "-q"];
        let both = [start(&run), start(&run)];
        for child in both {
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{}", stderr(&output));
        }
        same(&place, &folder, &calm);
    }
}

#[test]
fn what_a_resumed_sweep_is_cannot_be_changed_and_too_much_memory_is_refused_beforehand() {
    let place = place();
    undisturbed(&place);
    for other in [
        ["--replicas", "3"],
        ["--axis", "moving.breakage=0"],
        ["--seed", "9"],
        ["--date", "first"],
    ] {
        let mut all = vec!["sweep", "run", "--resume", "calm"];
        all.extend(other);
        let message = place.fails(2, &all);
        assert!(message.contains("cannot be used with"), "{message}");
    }
    let until = ["--until", "region/us/share=0.000001", "--most", "10000000"];
    for verb in [
        &["sweep", "run", "small.toml", "--out", "large"][..],
        &["sweep", "plan", "small.toml"],
    ] {
        let message = place.fails(2, &with_axes(verb, &until));
        assert!(
            message.contains("more than the 8.0 GiB allowed"),
            "{message}"
        );
    }
    assert!(!place.path("large").exists());
}

#[test]
fn an_axis_may_name_files_and_the_plan_has_them_all() {
    let place = place();
    for (name, factor) in [("low.csv", 1.0), ("high.csv", 2.0)] {
        let days = (0..400).map(|day| {
            let date = jiff::civil::date(2025, 9, 1) + jiff::Span::new().days(day);
            format!("{date},{}\n", 60_000.0 * factor)
        });
        let text = format!("date,usd\n{}", days.collect::<String>());
        fs::write(place.path(name), text).expect("it can be written");
    }
    let arguments = [
        "sweep",
        "plan",
        "small.toml",
        "paths",
        "-q",
        "--axis",
        "bitcoin.price={ model = \"path\", file = \"low.csv\" }, { model = \"path\", file = \"high.csv\" }",
        "--metric",
        "btc_price",
    ];
    place.ok(&arguments);
    // A worker on another machine has the folder, and nothing else.
    fs::remove_file(place.path("low.csv")).expect("it can be removed");
    fs::remove_file(place.path("high.csv")).expect("it can be removed");
    place.ok(&["sweep", "run", "--resume", "paths", "-q"]);
    let results = fs::read_to_string(place.path("paths/results.csv")).expect("it is there");
    let means: Vec<bool> = results
        .lines()
        .skip(1)
        .map(|line| line.contains(",120000.0"))
        .collect();
    assert_eq!(means, [false, true], "{results}");
}
