//! The page of a results folder: what is in it, and what a browser makes of it (`tests/browser`).

use std::fs;
use std::path::Path;
use std::process::Command;

use super::cli::Place;
use super::cli_trajectories::with_ai_and_past;
use super::cluster::passes_or_is_skipped;

const PAGE: &str = "results/small/report.html";

/// Names that would do harm if they were more than text.
const NAME: &str = "name='''<script>alert(1)</script>'''";
const REGION: &str = "='''</script><img src=x onerror=alert(1)>'''";

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let from = text.find(before).unwrap_or_else(|| panic!("no {before}")) + before.len();
    let length = text[from..].find(after);
    &text[from..from + length.unwrap_or_else(|| panic!("no {after}"))]
}

fn data(page: &str) -> serde_json::Value {
    let text = between(page, "id=\"data\">", "</script>");
    serde_json::from_str(text).expect("the data of the page is JSON")
}

#[test]
fn a_run_leaves_the_page_that_its_folder_gives_again_to_the_byte() {
    let place = Place::new();
    let said = place.ok(&["run", "small.toml", "--keep-replicas"]);
    assert!(said.contains("results/small/report.html"), "{said}");
    let page = read(&place, PAGE);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let said = place.ok(&["report", "results/small", "--out", "again.html"]);
    assert_eq!(said, "again.html\n");
    assert_eq!(read(&place, "again.html"), page);
    let data = data(&page);
    let figures = data["figures"].as_array().expect("figures");
    let ids: Vec<&str> = figures
        .iter()
        .filter_map(|figure| figure["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "shares-stack",
            "shares",
            "hhi",
            "nakamoto",
            "power",
            "costs-btc",
            "capacity",
            "network-charts"
        ]
    );
    let lines = |data: &serde_json::Value| {
        let series = &data["figures"][1]["panels"][0]["series"][0];
        assert_eq!(series["is"], "replicas");
        series["lines"].as_array().map(Vec::len)
    };
    assert_eq!(lines(&data), Some(12));
    place.ok(&["report", "results/small", "--lines", "3", "--out", "3.html"]);
    assert_eq!(lines(&self::data(&read(&place, "3.html"))), Some(3));
}

#[test]
fn a_page_is_not_written_where_none_is_wanted_and_an_old_one_does_not_stay() {
    let place = Place::new();
    let said = place.ok(&["run", "small.toml", "--no-report"]);
    assert!(!said.contains("report.html") && !place.path(PAGE).exists());
    place.ok(&[
        "run",
        "small.toml",
        "--no-report",
        "--report",
        "--overwrite",
    ]);
    assert!(place.path(PAGE).exists());
    place.ok(&["run", "small.toml", "--no-report", "--overwrite"]);
    assert!(!place.path(PAGE).exists(), "it would be of another run");
    // A folder that no run has made keeps its files.
    fs::create_dir(place.path("mine")).expect("it can be made");
    fs::write(place.path("mine/report.html"), "mine").expect("it can be written");
    let arguments = [
        "run",
        "small.toml",
        "--no-report",
        "--overwrite",
        "--out",
        "mine",
    ];
    place.ok(&arguments);
    assert_eq!(read(&place, "mine/report.html"), "mine");
}

#[test]
fn tables_that_were_changed_are_told_and_make_no_page() {
    let place = Place::new();
    place.ok(&["run", "small.toml", "--no-report"]);
    let table = place.path("results/small/quantiles.csv");
    let text = fs::read_to_string(&table).expect("a run leaves it");
    fs::write(&table, text.replacen("0.05", "0.06", 1)).expect("it can be written");
    let said = place.fails(74, &["report", "results/small"]);
    assert!(
        said.contains("quantiles.csv") && said.contains("changed since it was written"),
        "{said}"
    );
    assert!(!place.path(PAGE).exists());
    let said = place.fails(2, &["report", "nowhere"]);
    assert!(said.contains("there are no results in nowhere"), "{said}");
}

#[test]
fn a_page_takes_no_place_of_a_result() {
    let place = Place::new();
    place.ok(&["run", "small.toml"]);
    let before = read(&place, "results/small/means.csv");
    for file in ["means.csv", "metadata.json"] {
        let out = format!("results/small/{file}");
        let said = place.fails(2, &["report", "results/small", "--out", &out]);
        assert!(said.contains("is a file of the results"), "{said}");
    }
    assert_eq!(read(&place, "results/small/means.csv"), before);
    place.ok(&[
        "report",
        "results/small",
        "--out",
        "results/small/other.html",
    ]);
    let said = place.fails(2, &["report", "results/small", "--value", "1"]);
    assert!(said.contains("for the results of a sweep"), "{said}");
}

#[test]
fn names_stand_in_a_page_as_text() {
    let place = Place::new();
    let region = format!("regions.us.name{REGION}");
    place.ok(&["run", "small.toml", "--set", NAME, "--set", &region]);
    let page = read(&place, PAGE);
    let title = between(&page, "<h1>", "</h1>");
    assert_eq!(title, "&lt;script&gt;alert(1)&lt;&#x2f;script&gt;");
    assert_eq!(
        page.matches("<script").count(),
        2,
        "the data and the program"
    );
    assert_eq!(page.matches("<img").count(), 0);
    let regions = &data(&page)["shares"]["regions"];
    assert_eq!(regions[0]["name"], "</script><img src=x onerror=alert(1)>");
}

#[test]
fn the_page_of_five_years_of_eleven_regions_is_small() {
    let place = Place::with(&[]);
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/global-south.toml");
    let scenario = scenario.to_str().expect("its path is text");
    place.ok(&["run", scenario, "--replicas", "6", "--out", "results/small"]);
    let page = read(&place, PAGE);
    let data = data(&page);
    assert_eq!(data["shares"]["regions"].as_array().map(Vec::len), Some(11));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    // Sources of the scenario's numbers, and regions that are no country.
    assert!(page.contains("regions.us.power.usd_per_mwh"));
    assert!(page.contains("Cambridge Digital Mining Industry Report, April 2025"));
    assert!(page.contains("20 countries together, not on the map"));
    assert_eq!(page.matches("class=\"country\"").count(), 10);
}

#[test]
fn a_browser_shows_all_of_it() {
    let place = with_ai_and_past();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = |name: &str| root.join("scenarios").join(name).display().to_string();
    let world = scenario("global-south.toml");
    let three = scenario("three-regions.toml");
    let ban = scenario("backtest/china-ban-2021.toml");
    let cuts = scenario("backtest/kazakhstan-2022.toml");
    let region = format!("regions.us.name{REGION}");
    // Paths may have blanks in them, so they are put in after the words are taken apart.
    let words = |call: &'static str| -> Vec<String> {
        let word = |word: &str| match word {
            "WORLD" => world.clone(),
            "THREE" => three.clone(),
            "BAN" => ban.clone(),
            "CUTS" => cuts.clone(),
            word => word.to_owned(),
        };
        call.split(' ').map(word).collect()
    };
    let calls = [
        "run WORLD --replicas 8 --set days=400 --out run",
        "run THREE --replicas 30 --keep-replicas --out replicas",
        "stress THREE --replicas 4 --years 20 --out stress",
        "backtest BAN --replicas 6 --out backtest",
        "trajectories ai.toml --past past.toml --replicas 12 --axis ai.edge.ceiling=0.2,0.9 --out trajectories",
        "sweep run THREE --replicas 4 --axis regions.us.power.usd_per_mwh=40:80:10 --axis regions.paraguay.power.usd_per_mwh=20:60:20 --out grid",
        "sweep run THREE --replicas 4 --axis regions.us.power.usd_per_mwh=40:80:10 --out line",
        "sweep run THREE --replicas 4 --design latin-hypercube --points 30 --axis regions.us.power.usd_per_mwh=40..80 --axis regions.paraguay.power.usd_per_mwh=20..60 --out cube",
        "run THREE --replicas 3 --set days=1 --out day",
        "run WORLD --replicas 6 --set days=300 --set bitcoin.price.volatility=2.0 --keep-replicas --out wild",
        "backtest CUTS --replicas 6 --out cuts",
        "report cuts",
        "report stress",
        "report backtest",
        "report grid",
        "report line",
        "report cube",
    ];
    for call in calls {
        let words = words(call);
        place.ok(&words.iter().map(String::as_str).collect::<Vec<&str>>());
    }
    let hostile = [
        "--set", "days=200", "--set", NAME, "--set", &region, "--out", "hostile",
    ];
    place.ok(&[&["run", &three, "--replicas", "5"], &hostile[..]].concat());
    let mut node = Command::new("node");
    node.arg(root.join("tests/browser/report.mjs"))
        .arg(place.path("."));
    passes_or_is_skipped(&mut node, "tests/browser/report.mjs");
}
