//! `hashdrift report`: the page of a results folder.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashdrift::ensemble::Ensemble;
use hashdrift::output::sweep::{Dates, MergedSweep, Series, read_sweep_metadata};
use hashdrift::output::{
    Kind, METADATA_FILE, Metadata, REPORT_FILE, read_metadata, read_results, read_table, unchanged,
    write_text,
};
use hashdrift::report::{
    BacktestReport, ReportError, RunReport, StressReport, SweepReport, TrajectoriesReport,
    backtest_page, run_page, stress_page, sweep_page, trajectories_page, trajectories_reading,
};
use hashdrift::scenario::{LoadError, Scenario, parse_scenario};

use super::{Common, InvalidUse, restored};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A results folder
    #[arg(value_name = "RESULTS")]
    folder: PathBuf,
    /// Where the page is written [default: report.html in the folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Single replicas to draw as thin lines, where a run was made with --keep-replicas
    #[arg(long, value_name = "N", default_value_t = LINES)]
    lines: usize,
    /// Quantity of a sweep to show: `region/us/share` (repeatable; the first is shown first)
    #[arg(long, value_name = "LEVEL/NAME/METRIC")]
    metric: Vec<String>,
    /// Value of the first quantity of a sweep whose crossing is looked for, in the unit of the tables
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    value: Option<f64>,
}

/// Whether a verb writes a page.
#[derive(Debug, clap::Args)]
pub struct PageArguments {
    /// Write no page (report.html)
    #[arg(long, overrides_with = "report")]
    no_report: bool,
    /// Write a page, as is done unless --no-report was said before
    #[arg(long, overrides_with = "no_report")]
    report: bool,
}

impl PageArguments {
    /// Whether a page is wanted; the last word counts.
    pub fn wanted(&self) -> bool {
        self.report || !self.no_report
    }
}

/// Single replicas that are drawn if they are there: enough to see what a history looks like, few enough to tell them apart.
const LINES: usize = 12;

pub fn report(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    if !folder.join(METADATA_FILE).is_file() {
        return Err(InvalidUse(format!(
            "there are no results in {}: it has no {METADATA_FILE}\ngive the folder that a run, a stress, a backtest, trajectories or a sweep have made",
            folder.display()
        ))
        .into());
    }
    let path = arguments
        .out
        .clone()
        .unwrap_or_else(|| folder.join(REPORT_FILE));
    if is_result(folder, &path) {
        return Err(InvalidUse(format!(
            "{} is a file of the results; a page in its place would destroy them\nchoose another --out",
            path.display()
        ))
        .into());
    }
    let page = match read_sweep_metadata(folder) {
        Some(_) => page_of_sweep(arguments)?,
        None => page_of_results(arguments)?,
    };
    write_text(&page, &path)?;
    if !common.quiet {
        writeln!(io::stdout().lock(), "{}", path.display())?;
    }
    Ok(())
}

/// Whether a path is a file of the results in `folder`, other than a page.
fn is_result(folder: &Path, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let page = Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "html");
    let places = path.canonicalize().ok().zip(folder.canonicalize().ok());
    !page && places.is_some_and(|(path, folder)| path.starts_with(folder))
}

fn page_of_results(arguments: &Arguments) -> anyhow::Result<String> {
    if !arguments.metric.is_empty() || arguments.value.is_some() {
        let text = "--metric and --value are for the results of a sweep\nthis folder has none; leave them out";
        return Err(InvalidUse(text.into()).into());
    }
    let folder = &arguments.folder;
    let metadata = read_metadata(folder)?;
    let scenario = restored(&metadata.scenario)?;
    let table = |file: &str| read_table(folder, &metadata, file);
    let page = match metadata.kind {
        Kind::Run => {
            let results = read_results(folder, &metadata, &scenario, arguments.lines)?;
            page_of_run(&scenario, &results, &metadata, arguments.lines)?
        }
        Kind::Stress => stress_page(&StressReport {
            scenario: &scenario,
            metadata: &metadata,
            paths: &table("paths.csv")?,
            twins: &table("twins.csv")?,
            region_loss: &table("region-loss.csv")?,
            annual_loss: &table("annual-loss.csv")?,
            simulated_loss: &table("simulated-loss.csv")?,
        })?,
        Kind::Trajectories => page_of_trajectories(folder, &metadata, &scenario)?.page,
        Kind::Backtest => backtest_page(&BacktestReport {
            scenario: &scenario,
            metadata: &metadata,
            values: &table("values.csv")?,
            scores: &table("scores.csv")?,
            masked: &table("masked.csv")?,
        })?,
    };
    Ok(page)
}

/// Numbers of a sweep that its page holds, about: a megabyte of them.
const NUMBERS: usize = 120_000;

/// Quantities that the page of a sweep holds if nothing else is said, those of a largest country first.
const METRICS: [&str; 9] = [
    "region/*/share",
    "region/all/hhi_10000",
    "region/all/nakamoto_half",
    "firm/all/hhi_10000",
    "pool/all/hhi_10000",
    "network/all/hash_rate",
    "network/all/hashprice",
    "network/all/power",
    "network/all/emissions",
];

fn page_of_sweep(arguments: &Arguments) -> anyhow::Result<String> {
    let sweep = MergedSweep::open(&arguments.folder)?;
    for file in ["parameters.csv", "results.csv"] {
        unchanged(&arguments.folder, &sweep.metadata.tables, file)?;
    }
    let plan = &sweep.metadata.plan;
    let source = &plan.scenario;
    let scenario = parse_scenario(
        &source.file,
        &source.text,
        &source.overrides,
        &source.inputs,
    )
    .map_err(LoadError::Refused)?;
    let points = sweep.points()?;
    let patterns: Vec<String> = if arguments.metric.is_empty() {
        METRICS.map(str::to_owned).into()
    } else {
        arguments.metric.clone()
    };
    let found = sweep.results(&patterns, &Dates::All)?;
    for pattern in &arguments.metric {
        if !found.columns.iter().any(|column| column.fits(pattern)) {
            // Says which may have been meant.
            sweep.series(pattern, None)?;
        }
    }
    let mut series = found.series;
    // Those of the first pattern first, on the last date first.
    let rank = |series: &Series| {
        let pattern = patterns
            .iter()
            .position(|pattern| series.column.fits(pattern));
        let share = scenario
            .regions
            .iter()
            .find(|region| region.id == series.column.name);
        let share = share.map_or(0.0, |region| region.share.get());
        (
            pattern,
            std::cmp::Reverse((share * 1e9) as u64),
            std::cmp::Reverse(series.date.clone()),
        )
    };
    series.sort_by_cached_key(rank);
    // A mean, its error and five quantiles.
    let room = (NUMBERS / (7 * points.status.len()).max(1)).max(1);
    series.truncate(room);
    let shown: BTreeSet<String> = series
        .iter()
        .map(|series| series.column.to_string())
        .collect();
    Ok(sweep_page(&SweepReport {
        scenario: &scenario,
        metadata: &sweep.metadata,
        points: &points,
        series: &series,
        left_out: found.columns.len() - shown.len(),
        value: arguments.value,
    })?)
}

fn page_of_run(
    scenario: &Scenario,
    ensemble: &Ensemble,
    metadata: &Metadata,
    lines: usize,
) -> Result<String, ReportError> {
    run_page(&RunReport {
        scenario,
        ensemble,
        metadata,
        lines: if metadata.keep_replicas { lines } else { 0 },
    })
}

/// Writes the page of a run that has just been made.
pub fn write_page_of_run(
    scenario: &Scenario,
    ensemble: &Ensemble,
    metadata: &Metadata,
    folder: &Path,
) -> anyhow::Result<()> {
    let page = page_of_run(scenario, ensemble, metadata, LINES)?;
    write_text(&page, &folder.join(REPORT_FILE))?;
    Ok(())
}

/// The page of trajectories, and what it says in words.
pub struct PageOfTrajectories {
    pub page: String,
    pub reading: Vec<String>,
}

/// Made of the tables in the folder, so that the numbers are the same everywhere.
pub fn page_of_trajectories(
    folder: &Path,
    metadata: &Metadata,
    scenario: &Scenario,
) -> anyhow::Result<PageOfTrajectories> {
    let table = |file: &str| read_table(folder, metadata, file);
    let report = TrajectoriesReport {
        scenario,
        metadata,
        answers: &table("trajectories.csv")?,
        paths: &table("paths.csv")?,
        dependence: &table("dependence.csv")?,
    };
    Ok(PageOfTrajectories {
        page: trajectories_page(&report)?,
        reading: trajectories_reading(&report),
    })
}
