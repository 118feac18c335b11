//! The command line: arguments, exit codes, and one file for each verb.

mod backtest;
mod calibrate;
mod check;
mod explain;
mod headline;
mod interrupt;
mod new;
mod progress;
mod report;
mod reproduce;
mod run;
mod stress;
mod sweep;
mod text_table;
mod trace;
mod trajectories;

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand};
use hashdrift::backtest::NothingObserved;
use hashdrift::engine::EngineError;
use hashdrift::ensemble::EnsembleError;
use hashdrift::output::sweep::ReadError;
use hashdrift::output::{Circumstances, OutputError, ScenarioText};
use hashdrift::scenario::{LoadError, Scenario, load_scenario, parse_scenario, warnings};
use hashdrift::sweep::SweepError;

/// Exit codes, as documented in the README and in `--help`.
mod exit {
    pub const RUN_FAILED: u8 = 1;
    pub const INVALID: u8 = 2;
    pub const POINTS_FAILED: u8 = 3;
    pub const INPUT_OUTPUT: u8 = 74;
    pub const INTERRUPTED: u8 = 130;
}

const EXAMPLES: &str = "\
Examples:
  hashdrift run scenarios/global-south.toml
  hashdrift run scenarios/global-south.toml --set regions.us.power.usd_per_mwh=80 --replicas 200
  hashdrift sweep run scenarios/three-regions.toml --axis regions.us.power.usd_per_mwh=40:120:10
  hashdrift report results/global-south
  hashdrift stress scenarios/global-south.toml
  hashdrift trajectories scenarios/two-trajectories.toml --past scenarios/from-pc-to-asic.toml
  hashdrift backtest scenarios/backtest/china-ban-2021.toml
  hashdrift calibrate scenarios/backtest/calibration.toml
  hashdrift check my-scenario.toml
  hashdrift explain regions.us.power.usd_per_mwh
  hashdrift trace scenarios/three-regions.toml --replica 17
  hashdrift reproduce results/global-south";

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 the run failed; 2 wrong usage or a scenario that breaks a rule;
3 some points of a sweep failed; 74 a file could not be read or written; 130 interrupted.";

/// Simulates the geography of Bitcoin mining: who mines where, and what moves them.
#[derive(Debug, Parser)]
#[command(name = "hashdrift", version, before_help = EXAMPLES, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

/// Options of every verb.
#[derive(Debug, Args)]
struct Common {
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Threads to use; results do not depend on it [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// When to use colours; `NO_COLOR` is obeyed too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a scenario: draw its histories, show the headline numbers, write the tables
    Run(run::Arguments),
    /// Check a scenario and run nothing
    Check(check::Arguments),
    /// Run a scenario at many points: over prices of power and any other keys, on one machine or many
    Sweep(sweep::Arguments),
    /// Lose each region, or meet an event, in twin histories; and what bans may take in a year
    Stress(stress::Arguments),
    /// Put mining and AI on one scale: opposite or not, whether they cross, and on what that hangs
    Trajectories(trajectories::Arguments),
    /// Try a scenario against what was measured: scores, bands, and the forecasts to beat
    Backtest(backtest::Arguments),
    /// Fit parameters to episodes of the past, say what these cannot tell, try the fit on those left out
    Calibrate(calibrate::Arguments),
    /// Write the page of a results folder: one HTML file to open, print and send on
    Report(report::Arguments),
    /// Rerun one replica alone and write its days and moves
    Trace(trace::Arguments),
    /// Run again what a metadata file describes and compare digests
    Reproduce(reproduce::Arguments),
    /// Say what a scenario key means: unit, range, default
    Explain(explain::Arguments),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Write a commented scenario to start from
    New(new::Arguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// A scenario and changes to it: what most verbs take.
#[derive(Debug, Args)]
struct ScenarioArguments {
    /// The scenario file (TOML); `-` is standard input
    #[arg(value_name = "SCENARIO")]
    file: std::path::PathBuf,
    /// Change a key: --set `regions.us.power.usd_per_mwh=80` (repeatable; the last one wins)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Seed of all randomness, below 2^63 [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
}

impl ScenarioArguments {
    /// What results of this scenario are called after.
    fn stem(&self) -> Cow<'_, str> {
        stem(&self.file)
    }

    /// The file, as it was given.
    fn file(&self) -> &Path {
        &self.file
    }

    /// Changes to the scenario, as they were given.
    fn overrides(&self) -> &[String] {
        &self.overrides
    }

    /// Loads the scenario; tells its warnings to people unless `quiet`.
    fn load(&self, replicas: Option<u32>, quiet: bool) -> Result<Scenario, LoadError> {
        let mut overrides = self.overrides.clone();
        overrides.extend(self.seed.map(|seed| format!("seed={seed}")));
        overrides.extend(replicas.map(|replicas| format!("replicas={replicas}")));
        let scenario = load_scenario(&self.file, &overrides)?;
        if !quiet {
            for warning in warnings(&scenario) {
                warn(&warning.to_string());
            }
        }
        Ok(scenario)
    }
}

/// A scenario as a metadata file has it.
fn restored(text: &ScenarioText) -> anyhow::Result<Scenario> {
    let scenario = parse_scenario(&text.file, &text.text, &text.overrides, &text.inputs)
        .map_err(LoadError::Refused)?;
    if scenario.source.digest() != text.sha256 {
        anyhow::bail!(
            "the scenario in the metadata file does not have the digest written beside it; the file was changed"
        );
    }
    Ok(scenario)
}

/// What results of a scenario file are called after.
fn stem(file: &Path) -> Cow<'_, str> {
    if file.as_os_str() == "-" {
        return "stdin".into();
    }
    file.file_stem()
        .map_or_else(|| "run".into(), |stem| stem.to_string_lossy())
}

/// When the work of a verb began.
struct Began {
    at: jiff::Timestamp,
    clock: Instant,
}

impl Began {
    fn now() -> Self {
        Self {
            at: jiff::Timestamp::now(),
            clock: Instant::now(),
        }
    }

    /// How the results came about, now that they are there.
    fn circumstances(&self, keep_replicas: bool) -> Circumstances {
        Circumstances {
            command: std::env::args().collect(),
            commit: option_env!("HASHDRIFT_COMMIT").map(Into::into),
            started: self.at.to_string(),
            elapsed_seconds: self.clock.elapsed().as_secs_f64(),
            threads: rayon::current_num_threads(),
            keep_replicas,
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::INVALID } else { 0 };
            // Nothing is left to do where even the help cannot be printed.
            let _ = error.print();
            return code.into();
        }
    };
    match cli.common.color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    if let Some(threads) = cli.common.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        if let Err(error) = pool.build_global() {
            anstream::eprintln!(
                "error: cannot start {threads} threads: {error}\ntry fewer --threads"
            );
            return exit::RUN_FAILED.into();
        }
    }
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            let mut text = error.to_string();
            // Every other input or output error says what it was about.
            if error.is::<io::Error>() && error.chain().count() == 1 {
                text = format!("cannot write to standard output: {text}");
            }
            for cause in error.chain().skip(1) {
                // A transparent error repeats its cause.
                if !text.ends_with(&cause.to_string()) {
                    text = format!("{text}: {cause}");
                }
            }
            anstream::eprintln!("{style}error{style:#}: {text}");
            exit_code(&error).into()
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let common = &cli.common;
    match cli.verb {
        Verb::Run(arguments) => run::run(&arguments, common),
        Verb::Check(arguments) => check::check(&arguments, common),
        Verb::Sweep(arguments) => sweep::sweep(arguments, common),
        Verb::Stress(arguments) => stress::stress(&arguments, common),
        Verb::Trajectories(arguments) => trajectories::trajectories(&arguments, common),
        Verb::Backtest(arguments) => backtest::backtest(&arguments, common),
        Verb::Calibrate(arguments) => calibrate::calibrate(&arguments, common),
        Verb::Report(arguments) => report::report(&arguments, common),
        Verb::Trace(arguments) => trace::trace(&arguments, common),
        Verb::Reproduce(arguments) => reproduce::reproduce(&arguments, common),
        Verb::Explain(arguments) => explain::explain(&arguments),
        Verb::Schema => explain::schema(),
        Verb::New(arguments) => new::new(&arguments, common),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "hashdrift", &mut script);
            Ok(io::stdout().write_all(&script)?)
        }
    }
}

/// The exit code that the documented table gives an error.
fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<LoadError>() {
            return match error {
                LoadError::Refused(_) => exit::INVALID,
                LoadError::Io { .. } => exit::INPUT_OUTPUT,
            };
        }
        if cause.is::<NothingObserved>() {
            return exit::INVALID;
        }
        if let Some(error) = cause.downcast_ref::<EnsembleError>() {
            return match error {
                EnsembleError::Interrupted => exit::INTERRUPTED,
                EnsembleError::TooMuchMemory { .. } => exit::INVALID,
                EnsembleError::Engine(_) => exit::RUN_FAILED,
            };
        }
        if cause.is::<EngineError>() {
            return exit::RUN_FAILED;
        }
        if cause.is::<InvalidUse>() || cause.is::<SweepError>() {
            return exit::INVALID;
        }
        if let Some(error) = cause.downcast_ref::<ReadError>() {
            return match error {
                ReadError::NoSweep(_) | ReadError::NotThere(_) => exit::INVALID,
                ReadError::Table(_) => exit::INPUT_OUTPUT,
            };
        }
        if cause.is::<Interrupted>() {
            return exit::INTERRUPTED;
        }
        if cause.is::<sweep::PointsFailed>() {
            return exit::POINTS_FAILED;
        }
        if cause.is::<OutputError>() || cause.is::<io::Error>() {
            return exit::INPUT_OUTPUT;
        }
    }
    exit::RUN_FAILED
}

/// Who reads standard output may stop reading, as `| head` does; that is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Arguments that make no sense together or with the scenario.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct InvalidUse(String);

/// Ended by an interrupt; what was done is kept, and this says how to go on.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; {0}")]
struct Interrupted(String);

fn warn(text: &str) {
    let style = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
    anstream::eprintln!("{style}warning{style:#}: {text}");
}
