//! `hashdrift backtest`: a scenario against what was measured.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use hashdrift::backtest::{Block, Row, Scores, observed_of};
use hashdrift::ensemble::EnsembleError;
use hashdrift::output::{
    METADATA_FILE, Metadata, OutputError, Table, TableDigest, masked_values_table,
    measured_values_table, scores_table, table_json, write_csv, write_text,
};
use hashdrift::report::backtest_picture;
use hashdrift::scenario::{Observed, Scenario};
use hashdrift::units::number;
use serde_json::json;

use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::progress::ReplicaProgress;
use super::text_table::{new_table, tidy};
use super::{Began, Common, ScenarioArguments};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Number of histories to draw [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    replicas: Option<u32>,
    /// Folder for the tables; if it exists, a numbered one beside it [default: results/SCENARIO-backtest]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print scores and values as JSON instead of tables
    #[arg(long)]
    json: bool,
}

const TABLES: [&str; 3] = ["scores.csv", "values.csv", "masked.csv"];
const FIGURE: &str = "figure.svg";

pub fn backtest(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let began = Began::now();
    let scenario = arguments.scenario.load(arguments.replicas, common.quiet)?;
    let observed = observed_of(&scenario)?;
    let wanted = arguments.out.clone().unwrap_or_else(|| {
        Path::new("results").join(format!("{}-backtest", arguments.scenario.stem()))
    });
    let folder = FolderInCare::default();
    let stop = stop_on_interrupt(&folder, Interrupt::InOrder);
    let path = folder.make(&wanted, false)?;
    let scores = score(&scenario, observed, &stop, common.quiet)?;
    let tables = tables(&scenario, observed, &scores);
    let written = write_files(&scenario, &scores, &tables, &path)?;
    Metadata::of_backtest(&scenario, began.circumstances(false), written).write(&path)?;
    let files: Vec<&str> = TABLES.into_iter().chain([FIGURE, METADATA_FILE]).collect();
    folder.keep(&files);

    let mut out = io::stdout().lock();
    if arguments.json {
        let [scores, values, masked] = tables.each_ref().map(table_json);
        let text = json!({
            "scenario": scenario.name, "scenario_sha256": scenario.source.digest(),
            "seed": scenario.seed, "replicas": scenario.replicas,
            "scores": scores, "values": values, "masked": masked,
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    write!(out, "{}", text(&scenario, observed, &scores))?;
    if !common.quiet {
        writeln!(out)?;
        for file in files {
            writeln!(out, "{}", path.join(file).display())?;
        }
    }
    Ok(())
}

/// Scores the scenario with a progress bar, until `stop` is set.
fn score(
    scenario: &Scenario,
    observed: &Observed,
    stop: &AtomicBool,
    quiet: bool,
) -> Result<Scores, EnsembleError> {
    let progress = ReplicaProgress::new(scenario.replicas, quiet);
    let scores = hashdrift::backtest::backtest(scenario, observed, stop, &progress);
    progress.finish();
    scores
}

fn tables(scenario: &Scenario, observed: &Observed, scores: &Scores) -> [Table; 3] {
    [
        scores_table(scores),
        measured_values_table(scenario, scores),
        masked_values_table(scenario, observed),
    ]
}

/// Writes the tables and the figure; returns their digests.
fn write_files(
    scenario: &Scenario,
    scores: &Scores,
    tables: &[Table; 3],
    folder: &Path,
) -> anyhow::Result<Vec<TableDigest>> {
    let tables = tables.iter().zip(TABLES);
    let mut written = tables
        .map(|(table, file)| write_csv(table, &folder.join(file)))
        .collect::<Result<Vec<TableDigest>, OutputError>>()?;
    let figure = backtest_picture(scenario, scores)?;
    written.push(write_text(&figure, &folder.join(FIGURE))?);
    Ok(written)
}

/// Backtests the scenario of a metadata file again, into `folder`; returns the digests.
pub fn again(
    scenario: &Scenario,
    folder: &Path,
    stop: &AtomicBool,
    quiet: bool,
) -> anyhow::Result<Vec<TableDigest>> {
    let observed = observed_of(scenario)?;
    let scores = score(scenario, observed, stop, quiet)?;
    let tables = tables(scenario, observed, &scores);
    write_files(scenario, &scores, &tables, folder)
}

/// How values of a unit are shown: factor, decimals, and what the unit is called then.
fn shown(unit: &'static str) -> (f64, usize, &'static str) {
    match unit {
        "share" => (100.0, 1, "%"),
        "1" => (1e-12, 2, "T"),
        "days" => (1.0, 0, unit),
        _ => (1.0, 1, unit),
    }
}

fn text(scenario: &Scenario, observed: &Observed, scores: &Scores) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: {} replicas, seed {}, {} to {}; measured as the real network was, errors of measurement included\n",
        scenario.name,
        scenario.replicas,
        scenario.seed,
        scenario.start,
        scenario.date(scenario.days - 1)
    );
    let titles = [
        "measured",
        "",
        "date",
        "seen",
        "simulated",
        "[5 %, 95 %]",
        "inside",
        "PIT",
    ];
    let mut table = new_table(&titles, &[3, 4, 5, 7]);
    for row in &scores.rows {
        let (factor, decimals, unit) = shown(row.kind.unit());
        let value = |value: f64| number(factor * value, decimals);
        let name = if row.name == "all" {
            unit.to_owned()
        } else {
            format!("{} {unit}", row.name)
        };
        table.add_row([
            row.metric.clone(),
            name,
            scenario.date(row.until).to_string(),
            value(row.observed),
            value(row.quantiles[2]),
            format!("[{}, {}]", value(row.quantiles[0]), value(row.quantiles[4])),
            inside(row).to_owned(),
            number(row.pit, 2),
        ]);
    }
    let _ = writeln!(text, "{}\n", tidy(&table));
    events(&mut text, scores);
    for series in &observed.series {
        if let Some((_, why)) = series.masked.first() {
            let _ = writeln!(
                text,
                "not scored: {} values of {}: {why}",
                series.masked.len(),
                series.metric.name()
            );
        }
    }
    let _ = writeln!(
        text,
        "Scores: mean of the continuous ranked probability score (logs of hash rate, difficulty and J/TH; shares in points), the energy\nscore for the shares of a date; skill is 1 - score / score of the other forecast\n"
    );
    text.push_str(&blocks(&scores.blocks));
    text
}

fn inside(row: &Row) -> &'static str {
    match (row.bands.half, row.bands.nine_tenths) {
        (true, _) => "50 %",
        (false, true) => "90 %",
        _ => "no",
    }
}

fn events(text: &mut String, scores: &Scores) {
    for row in &scores.rows {
        if let Some(event) = row.event {
            let happened = if event.happened {
                "happened"
            } else {
                "did not happen"
            };
            let _ = writeln!(
                text,
                "event, {}: probability {}, {happened}, Brier score {}",
                row.metric,
                number(event.probability, 2),
                number(event.brier, 3)
            );
        }
    }
    if scores.rows.iter().any(|row| row.event.is_some()) {
        text.push('\n');
    }
}

/// A table of scores.
pub fn blocks(blocks: &[Block]) -> String {
    let titles = [
        "",
        "days",
        "values",
        "score",
        "se",
        "skill over persistence",
        "random walk",
        "free entry",
        "in 50 %",
        "in 90 %",
    ];
    let mut table = new_table(&titles, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for block in blocks {
        let factor = if block.metric.starts_with("share") {
            100.0
        } else {
            1.0
        };
        let decimals = if factor > 1.0 { 2 } else { 3 };
        let maybe = |value: Option<f64>, decimals| {
            value.map_or("-".into(), |value| number(value, decimals))
        };
        let percent =
            |value: Option<f64>| value.map_or("-".into(), |value| number(100.0 * value, 0));
        table.add_row([
            block.metric.clone(),
            block
                .horizon
                .map_or("all".into(), |days| format!("<= {days}")),
            block.values.to_string(),
            number(factor * block.score, decimals),
            maybe(block.standard_error.map(|error| factor * error), decimals),
            maybe(block.skill_persistence, 2),
            maybe(block.skill_random_walk, 2),
            maybe(block.skill_barrier, 2),
            percent(block.covered_half),
            percent(block.covered_nine_tenths),
        ]);
    }
    format!("{}\n", tidy(&table))
}
