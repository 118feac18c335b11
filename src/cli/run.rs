//! `hashdrift run`: the main job.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use hashdrift::ensemble::{Ensemble, EnsembleError, Options, run_with};
use hashdrift::output::ScenarioText;
use hashdrift::output::{
    METADATA_FILE, Metadata, ResultsFolder, create_results_folder, write_tables,
};
use hashdrift::scenario::{Scenario, warnings};

use super::headline;
use super::progress::ReplicaProgress;
use super::{Common, ScenarioArguments, stop_on_interrupt, warn};

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
    /// Print the headline numbers as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Refuse to use more memory than this
    #[arg(long, value_name = "SIZE", default_value = "8GiB", value_parser = parse_bytes)]
    max_memory: u64,
}

pub fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let scenario = arguments.scenario.load(arguments.replicas, common.quiet)?;
    // Opened before the long run: a place that cannot be written to is found at once.
    let wanted = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_folder(&arguments.scenario.file));
    let mut folder = create_results_folder(&wanted, arguments.overwrite)?;

    let ensemble = simulate(&scenario, arguments.max_memory, common.quiet)?;
    if ensemble.dark_replicas > 0 && !common.quiet {
        warn(&format!(
            "in {} of {} replicas there were days on which nothing ran: no block, no retarget; look at the prices of power and bitcoin",
            ensemble.dark_replicas, ensemble.replicas
        ));
    }
    let tables = write_tables(&scenario, &ensemble, arguments.keep_replicas, folder.path())?;
    let metadata = Metadata {
        program: "hashdrift".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: option_env!("HASHDRIFT_COMMIT").map(Into::into),
        model_version: hashdrift::MODEL_VERSION,
        command: std::env::args().collect(),
        started: started.to_string(),
        elapsed_seconds: clock.elapsed().as_secs_f64(),
        threads: rayon::current_num_threads(),
        seed: scenario.seed,
        replicas: scenario.replicas,
        keep_replicas: arguments.keep_replicas,
        warnings: warnings(&scenario)
            .iter()
            .map(ToString::to_string)
            .collect(),
        scenario: ScenarioText::new(&scenario.name, &scenario.source),
        tables,
    };
    metadata.write(folder.path())?;
    folder.keep();
    show(arguments, common, &scenario, &ensemble, &folder, &metadata)
}

/// Runs the ensemble with a progress bar; Ctrl-C ends it.
pub fn simulate(
    scenario: &Scenario,
    max_memory: u64,
    quiet: bool,
) -> Result<Ensemble, EnsembleError> {
    let stop = stop_on_interrupt();
    let progress = ReplicaProgress::new(scenario.replicas, quiet);
    let outcome = run_with(
        scenario,
        &Options {
            max_memory,
            stop: Some(&stop),
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
    folder: &ResultsFolder,
    metadata: &Metadata,
) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = metadata
        .tables
        .iter()
        .map(|table| table.file.as_str())
        .chain([METADATA_FILE])
        .map(|file| folder.path().join(file))
        .collect();
    let mut out = io::stdout().lock();
    if arguments.json {
        let headline = headline::json(scenario, ensemble, &files);
        serde_json::to_writer_pretty(&mut out, &headline).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    write!(out, "{}", headline::table(scenario, ensemble))?;
    if !common.quiet {
        writeln!(out)?;
        for file in files {
            writeln!(out, "{}", file.display())?;
        }
    }
    Ok(())
}

fn default_folder(scenario: &Path) -> PathBuf {
    let stem = scenario.file_stem().unwrap_or("run".as_ref());
    Path::new("results").join(stem)
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
