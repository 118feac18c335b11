//! The program as its users meet it: files, streams, exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A folder of its own, in which the program runs.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With these files in it.
    pub fn with(files: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("it can be written");
        }
        Self { folder }
    }

    /// With a small scenario in it.
    pub fn new() -> Self {
        let text = include_str!("../../scenarios/core.toml")
            .replace("days = 1826", "days = 60")
            .replace("replicas = 1000", "replicas = 30")
            .replace("count = 1000", "count = 40");
        Self::with(&[("small.toml".into(), text)])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hashdrift"));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("the program starts")
    }

    /// Standard output of a call that succeeds.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        String::from_utf8(output.stdout).expect("the program prints UTF-8")
    }

    /// Standard error of a call that ends with `code`.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
        text
    }
}

/// What Ctrl-C does.
pub fn interrupt(child: &Child) {
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("there is a kill command");
    assert!(kill.success());
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn metadata(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("metadata.json")).expect("there is metadata");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn a_run_prints_a_table_and_writes_its_files_and_a_second_run_keeps_them() {
    let place = Place::new();
    let output = place.run(&["run", "small.toml"]);
    let table = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "30 replicas, seed 1",
        "Regions: HHI",
        "Ethiopia",
        "metadata.json",
    ] {
        assert!(table.contains(expected), "{table}");
    }
    assert!(
        !table.contains("replicas, 0."),
        "progress is not for standard output: {table}"
    );
    assert!(stderr(&output).contains("30/30 replicas"));
    let first = place.path("results/small");
    for file in ["means.csv", "quantiles.csv", "metadata.json"] {
        assert!(first.join(file).is_file(), "{file}");
    }
    let before = fs::read(first.join("means.csv")).expect("it is there");
    place.ok(&["run", "small.toml", "--seed", "2"]);
    assert_eq!(
        before,
        fs::read(first.join("means.csv")).expect("it is there")
    );
    assert!(place.path("results/small-2/means.csv").is_file());
    place.ok(&[
        "run",
        "small.toml",
        "--seed",
        "2",
        "--out",
        "results/small",
        "--overwrite",
    ]);
    assert_ne!(
        before,
        fs::read(first.join("means.csv")).expect("it is there")
    );
    assert!(!place.path("results/small-3").exists());
}

#[test]
fn quiet_says_nothing_on_standard_error_and_json_is_json() {
    let place = Place::new();
    let output = place.run(&["run", "small.toml", "-q", "--json", "--replicas", "7"]);
    assert!(stderr(&output).is_empty());
    let json: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["replicas"], 7);
    let hhi = json["metrics"]
        .as_array()
        .and_then(|all| {
            all.iter()
                .find(|m| m["metric"] == "hhi_10000" && m["level"] == "region")
        })
        .expect("there is an HHI");
    assert!(
        hhi["start"]["p50"]
            .as_f64()
            .is_some_and(|hhi| (7_000.0..9_000.0).contains(&hhi))
    );
    assert!(hhi["end"]["mean_se"].is_number());
}

#[test]
fn reproduce_finds_the_same_bytes_and_notices_others() {
    let place = Place::new();
    place.ok(&[
        "run",
        "small.toml",
        "--set",
        "bitcoin.price.drift=0.1",
        "--keep-replicas",
    ]);
    let verdicts = place.ok(&["reproduce", "results/small"]);
    assert!(
        verdicts.lines().count() >= 3 && !verdicts.contains("DIFFERS"),
        "{verdicts}"
    );
    assert!(verdicts.contains("replicas.csv same bytes"), "{verdicts}");

    let path = place.path("results/small/metadata.json");
    let text = fs::read_to_string(&path).expect("it is there");
    let digest = metadata(&place.path("results/small"))["tables"][0]["sha256"]
        .as_str()
        .expect("there is a digest")
        .to_owned();
    fs::write(&path, text.replace(&digest, &"0".repeat(64))).expect("it can be written");
    assert!(
        place
            .fails(1, &["reproduce", "results/small"])
            .contains("not the same bytes: means.csv")
    );
    fs::write(&path, &text).expect("it can be written");
    let means = place.path("results/small/means.csv");
    let table = fs::read_to_string(&means).expect("it is there");
    fs::write(&means, table.replacen('1', "2", 1)).expect("it can be written");
    assert!(
        place
            .fails(1, &["reproduce", "results/small"])
            .contains("not the same bytes: means.csv")
    );
    fs::remove_file(&means).expect("it is there");
    let verdicts = place.ok(&["reproduce", "results/small"]);
    assert!(
        verdicts.contains("means.csv same bytes; the file itself is not there"),
        "{verdicts}"
    );
    fs::write(&path, text.replace("\"seed\": 1", "\"seed\": 2")).expect("it can be written");
    assert!(
        place
            .fails(1, &["reproduce", "results/small"])
            .contains("the file was changed")
    );

    fs::write(
        &path,
        text.replace("small scenario", "")
            .replace("count = 40", "count = 41"),
    )
    .expect("it can be written");
    assert!(
        place
            .fails(1, &["reproduce", "results/small"])
            .contains("was changed")
    );
    fs::write(&path, "{}").expect("it can be written");
    place.fails(74, &["reproduce", "results/small"]);
}

#[test]
fn kept_replicas_have_every_value_and_a_trace_agrees_with_them() {
    let place = Place::new();
    place.ok(&["run", "small.toml", "--keep-replicas", "-q"]);
    let mut reader = csv::Reader::from_path(place.path("results/small/replicas.csv")).expect("CSV");
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("CSV")).collect();
    let tables = metadata(&place.path("results/small"))["tables"].clone();
    let written = tables
        .as_array()
        .and_then(|all| all.iter().find(|t| t["file"] == "replicas.csv"));
    assert_eq!(written.expect("it is listed")["rows"], rows.len());
    // Records on days 0, 7, ..., 56.
    assert_eq!(rows.len() % (30 * 9), 0);

    place.ok(&["trace", "small.toml", "--replica", "3", "--out", "trace"]);
    let mut days = csv::Reader::from_path(place.path("trace/days.csv")).expect("CSV");
    let traced: Vec<csv::StringRecord> = days.records().map(|row| row.expect("CSV")).collect();
    assert_eq!(traced.len(), 60 * 3);
    let mut compared = 0;
    for row in rows
        .iter()
        .filter(|row| &row[1] == "3" && &row[6] == "hash_rate" && &row[4] == "region")
    {
        let same = traced
            .iter()
            .find(|day| day[1] == row[3] && day[7] == row[5]);
        assert_eq!(same.map(|day| day[8].to_owned()), Some(row[8].to_owned()));
        compared += 1;
    }
    assert_eq!(compared, 9 * 3);

    // Of each decision exactly one region is the chosen one, and to move is to choose another.
    let mut decisions = csv::Reader::from_path(place.path("trace/decisions.csv")).expect("CSV");
    let rows: Vec<csv::StringRecord> = decisions.records().map(|row| row.expect("CSV")).collect();
    assert!(!rows.is_empty());
    let chosen: Vec<_> = rows.iter().filter(|row| &row[16] == "1").collect();
    assert_eq!(chosen.len() * 3, rows.len());
    assert!(
        chosen
            .iter()
            .all(|row| row[10] == row[7] && row[6] != row[7] && !row[11].is_empty())
    );
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_the_values_of_the_csv_files() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let place = Place::new();
    place.ok(&[
        "run",
        "small.toml",
        "--keep-replicas",
        "--replicas",
        "3",
        "-q",
    ]);
    for name in ["means", "quantiles", "replicas"] {
        let file = |extension: &str| place.path(&format!("results/small/{name}.{extension}"));
        let parquet = fs::File::open(file("parquet")).expect("it is there");
        let reader = SerializedFileReader::new(parquet).expect("it is Parquet");
        let mut csv = csv::Reader::from_path(file("csv")).expect("it is CSV");
        let mut rows = 0;
        let records = csv.records().map(|row| row.expect("CSV"));
        for (row, record) in reader.get_row_iter(None).expect("it has rows").zip(records) {
            let row = row.expect("it has rows");
            for ((_, field), cell) in row.get_column_iter().zip(&record) {
                let same = match field {
                    Field::Null => cell.is_empty(),
                    Field::Str(text) => text == cell,
                    Field::Long(number) => number.to_string() == cell,
                    Field::Double(number) => cell
                        .parse::<f64>()
                        .is_ok_and(|cell| cell.to_bits() == number.to_bits()),
                    other => panic!("{other:?}"),
                };
                assert!(same, "{name}: {field:?} is not {cell}");
            }
            rows += 1;
        }
        assert_eq!(rows, reader.metadata().file_metadata().num_rows());
        assert!(rows > 100);
    }
}

#[test]
fn exit_codes_are_those_of_the_table() {
    let place = Place::new();
    assert!(
        place
            .ok(&["check", "small.toml"])
            .contains("ok (3 regions, 40 firms")
    );
    let typo = place.fails(
        2,
        &[
            "check",
            "small.toml",
            "--set",
            "regions.us.power.usd_per_mhw=1",
        ],
    );
    assert!(typo.contains("did you mean `usd_per_mwh`?"), "{typo}");
    assert!(place.fails(2, &["chekc", "small.toml"]).contains("check"));
    place.fails(2, &["run", "small.toml", "--replicas", "many"]);
    assert!(
        place
            .fails(2, &["run", "small.toml", "--max-memory", "1KB"])
            .contains("memory")
    );
    assert!(
        place
            .fails(74, &["run", "nowhere.toml"])
            .contains("nowhere.toml")
    );
    fs::write(place.path("taken"), "").expect("it can be written");
    let blocked = place.fails(74, &["run", "small.toml", "--out", "taken/results"]);
    assert!(blocked.contains("taken"), "{blocked}");
    // Nothing of a refused run is left.
    assert!(!place.path("results/small").exists());
}

#[test]
fn explain_schema_new_and_completions_answer() {
    let place = Place::new();
    let text = place.ok(&["explain", "regions.us.power.usd_per_mwh"]);
    assert!(
        text.contains("unit: USD/MWh") && text.contains("range: at least 0"),
        "{text}"
    );
    assert!(place.ok(&["explain", "moving"]).lines().count() >= 10);
    assert!(
        place
            .fails(2, &["explain", "moving.downtime_dais"])
            .contains("moving.downtime_days")
    );
    let schema: Value = serde_json::from_str(&place.ok(&["schema"])).expect("it is JSON");
    assert!(schema["properties"]["regions"].is_object());
    place.ok(&["new", "mine.toml"]);
    place.ok(&["check", "mine.toml"]);
    place.fails(74, &["new", "mine.toml"]);
    assert!(place.ok(&["new", "-"]).starts_with('#'));
    assert!(place.ok(&["completions", "bash"]).contains("_hashdrift"));
    assert!(place.ok(&["--help"]).starts_with("Examples:"));
}

#[test]
fn no_escape_codes_where_colour_is_not_wanted() {
    let place = Place::new();
    let plain = place.fails(74, &["run", "nowhere.toml", "--color", "never"]);
    assert!(plain.starts_with("error: ") && !plain.contains('\u{1b}'));
    let coloured = place.fails(74, &["run", "nowhere.toml", "--color", "always"]);
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let place = Place::new();
    let mut child = place
        .command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_in_order_and_leaves_nothing() {
    let place = Place::new();
    let child = place
        .command(&[
            "run",
            "small.toml",
            "--replicas",
            "2000000",
            "--set",
            "record_every_days=60",
        ])
        .args(["--set", "firms.count=2000", "--max-memory", "64GiB"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&child);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"));
    assert!(!place.path("results/small").exists());
}

#[test]
fn results_folders_are_numbered_behind_a_slash_and_overwriting_leaves_nothing_stale() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "small.toml", "-q"];
        all.extend(arguments);
        place.ok(&all)
    };
    run(&["--out", "sl/", "--keep-replicas"]);
    run(&["--out", "sl/"]);
    assert!(place.path("sl-2/means.csv").exists());
    fs::write(place.path("sl/notes.txt"), "mine").expect("it can be written");
    run(&["--out", "sl", "--overwrite"]);
    assert!(!place.path("sl/replicas.csv").exists() && place.path("sl/notes.txt").exists());
    fs::write(place.path("file"), "").expect("it can be written");
    let message = place.fails(74, &["run", "small.toml", "--out", "file", "--overwrite"]);
    assert!(message.contains("it is a file"), "{message}");
}

#[test]
fn a_scenario_comes_from_standard_input_as_well() {
    let place = Place::new();
    let text = fs::File::open(place.path("small.toml")).expect("it is there");
    let status = place
        .command(&["run", "-", "-q"])
        .stdin(text)
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success());
    assert!(place.path("results/stdin/means.csv").exists());
}

#[test]
fn days_on_which_nothing_ran_are_told_everywhere() {
    let place = Place::new();
    let output = place.ok(&[
        "run",
        "small.toml",
        "--json",
        "--set",
        "bitcoin.price.usd=5000",
    ]);
    let json: Value = serde_json::from_str(&output).expect("it is JSON");
    let warned = |warnings: &Value| {
        let all = warnings.as_array().expect("it is a list").iter();
        all.filter_map(Value::as_str)
            .any(|warning| warning.contains("days on which nothing ran"))
    };
    assert!(warned(&json["warnings"]), "{json}");
    assert!(warned(&metadata(&place.path("results/small"))["warnings"]));
    let table = place.ok(&["run", "small.toml", "-q", "--set", "bitcoin.price.usd=5000"]);
    assert!(table.contains("* not defined in every replica"), "{table}");
}

#[test]
fn what_extends_a_scenario_runs_and_is_reproduced() {
    let place = Place::new();
    let text =
        "extends = \"small.toml\"\nname = \"Child\"\n[regions.us.power]\nusd_per_mwh = 80.0\n";
    fs::write(place.path("child.toml"), text).expect("it can be written");
    place.ok(&["run", "child.toml", "-q"]);
    fs::remove_file(place.path("small.toml")).expect("it is there");
    let printed = place.ok(&["reproduce", "results/child"]);
    assert!(printed.contains("same"), "{printed}");
    let message = place.fails(2, &["check", "child.toml"]);
    assert!(message.contains("cannot read `small.toml`"), "{message}");
}

#[test]
fn odd_uses_are_answered() {
    let place = Place::new();
    assert!(
        place
            .fails(2, &["run", "small.toml", "--seed", "9223372036854775808"])
            .contains("--seed")
    );
    assert!(
        place
            .fails(2, &["run", "small.toml", "--threads", "5000"])
            .contains("1..=1024")
    );
    fs::write(place.path("there.toml"), "mine").expect("it can be written");
    let message = place.fails(74, &["new", "there.toml"]);
    assert!(message.contains("choose another name"), "{message}");
    assert_eq!(
        fs::read_to_string(place.path("there.toml")).ok().as_deref(),
        Some("mine")
    );
    let output = place.run(&["trace", "small.toml", "--replica", "123456"]);
    assert!(output.status.success());
    assert!(stderr(&output).contains("123456 is not one of them"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_said() {
    let place = Place::new();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = place
        .command(&["schema"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(74));
    assert!(stderr(&output).contains("cannot write to standard output"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_wide_terminal_gets_sparklines_and_nothing_else_does() {
    let place = Place::new();
    let shell = |columns: &str, language: &str| {
        let program = env!("CARGO_BIN_EXE_hashdrift");
        let call = format!(
            "stty rows 50 cols {columns}; '{program}' run small.toml -q --overwrite --no-report --out r"
        );
        let output = Command::new("script")
            .args(["-qec", &call, "/dev/null"])
            .env("LC_ALL", language)
            .current_dir(place.path("."))
            .stdin(Stdio::null())
            .output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(wide) = shell("200", "C.UTF-8") else {
        return super::cluster::say_aloud("sparklines: there is no `script` to make a terminal");
    };
    let sparks = |text: &str| {
        text.chars()
            .filter(|sign| ('▁'..='█').contains(sign))
            .count()
    };
    // Two record days and more for each metric and region.
    assert!(sparks(&wide) > 30, "{wide}");
    let narrow = shell("80", "C.UTF-8").expect("it ran before");
    assert_eq!(sparks(&narrow), 0, "{narrow}");
    let plain = shell("200", "C").expect("it ran before");
    assert_eq!(sparks(&plain), 0, "{plain}");
    let piped = place.ok(&["run", "small.toml", "-q", "--overwrite", "--out", "r"]);
    assert_eq!(sparks(&piped), 0, "{piped}");
}
