//! `hashdrift run`: the main job.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use hashdrift::ensemble::{Ensemble, EnsembleError, Options, run_with};
use hashdrift::output::{METADATA_FILE, Metadata, REPORT_FILE, write_tables};
use hashdrift::scenario::Scenario;

use super::headline::{self, columns_for_sparklines};
use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::progress::ReplicaProgress;
use super::report::{PageArguments, write_page_of_run};
use super::{Began, Common, ScenarioArguments, warn};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Number of histories to draw [default: the scenario's]
    #[arg(long, value_name = "N")]
    replicas: Option<u32>,
    /// Folder for the results; if it exists, a numbered one beside it [default: results/SCENARIO]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Replace the files of an existing results folder
    #[arg(long)]
    overwrite: bool,
    /// Also write the values of every replica
    #[arg(long)]
    keep_replicas: bool,
    #[command(flatten)]
    page: PageArguments,
    /// Print the headline numbers as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Refuse to use more memory than this
    #[arg(long, value_name = "SIZE", default_value = "8GiB", value_parser = parse_bytes)]
    max_memory: u64,
}

pub fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let began = Began::now();
    let scenario = arguments.scenario.load(arguments.replicas, common.quiet)?;
    // Opened before the long run: a place that cannot be written to is found at once.
    let wanted = arguments
        .out
        .clone()
        .unwrap_or_else(|| Path::new("results").join(&*arguments.scenario.stem()));
    let folder = FolderInCare::default();
    let stop = stop_on_interrupt(&folder, Interrupt::InOrder);
    let path = folder.make(&wanted, arguments.overwrite)?;

    let ensemble = simulate(&scenario, arguments.max_memory, &stop, common.quiet)?;
    if let (Some(warning), false) = (ensemble.warning(), common.quiet) {
        warn(&warning);
    }
    let tables = write_tables(&scenario, &ensemble, arguments.keep_replicas, &path)?;
    let metadata = Metadata::of(
        &scenario,
        &ensemble,
        began.circumstances(arguments.keep_replicas),
        tables,
    );
    metadata.write(&path)?;
    let written: Vec<&str> = metadata
        .tables
        .iter()
        .map(|table| table.file.as_str())
        .collect();
    // Results stay, and the page of an older run goes, even if no page can be written.
    folder.keep(&written);
    if arguments.page.wanted() {
        write_page_of_run(&scenario, &ensemble, &metadata, &path)?;
    }
    show(arguments, common, &scenario, &ensemble, &path, &metadata)
}

/// Runs the ensemble with a progress bar, until `stop` is set.
pub fn simulate(
    scenario: &Scenario,
    max_memory: u64,
    stop: &AtomicBool,
    quiet: bool,
) -> Result<Ensemble, EnsembleError> {
    let progress = ReplicaProgress::new(scenario.replicas, quiet);
    let outcome = run_with(
        scenario,
        &Options {
            max_memory,
            stop: Some(stop),
            progress: &progress,
        },
    );
    progress.finish();
    outcome
}

fn show(
    arguments: &Arguments,
    common: &Common,
    scenario: &Scenario,
    ensemble: &Ensemble,
    folder: &Path,
    metadata: &Metadata,
) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = metadata
        .tables
        .iter()
        .map(|table| table.file.as_str())
        .chain([METADATA_FILE])
        .chain(arguments.page.wanted().then_some(REPORT_FILE))
        .map(|file| folder.join(file))
        .collect();
    let mut out = io::stdout().lock();
    if arguments.json {
        let headline = headline::json(scenario, ensemble, &metadata.warnings, &files);
        serde_json::to_writer_pretty(&mut out, &headline).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    write!(
        out,
        "{}",
        headline::table(scenario, ensemble, columns_for_sparklines())
    )?;
    if !common.quiet {
        writeln!(out)?;
        for file in files {
            writeln!(out, "{}", file.display())?;
        }
    }
    Ok(())
}

/// A size such as `500MB`, `4GiB` or `1048576`.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "kib" => 1024.0,
        "m" | "mb" => 1e6,
        "mib" => 1_048_576.0,
        "g" | "gb" => 1e9,
        "gib" => 1_073_741_824.0,
        _ => return Err("write a size such as 500MB or 4GiB".into()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "write a size such as 500MB or 4GiB".to_owned())?;
    // Saturates at the largest size there is.
    Ok((number * factor) as u64)
}
