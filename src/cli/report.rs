//! `hashdrift report`: the page of a results folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashdrift::ensemble::Ensemble;
use hashdrift::output::{
    Kind, Metadata, REPORT_FILE, read_metadata, read_results, read_table, write_text,
};
use hashdrift::report::{
    BacktestReport, ReportError, RunReport, StressReport, backtest_page, run_page, stress_page,
};
use hashdrift::scenario::Scenario;

use super::{Common, restored};

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
const LINES: usize = 20;

pub fn report(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
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
        Kind::Backtest => backtest_page(&BacktestReport {
            scenario: &scenario,
            metadata: &metadata,
            values: &table("values.csv")?,
            scores: &table("scores.csv")?,
            masked: &table("masked.csv")?,
        })?,
    };
    let path = arguments
        .out
        .clone()
        .unwrap_or_else(|| folder.join(REPORT_FILE));
    write_text(&page, &path)?;
    if !common.quiet {
        writeln!(io::stdout().lock(), "{}", path.display())?;
    }
    Ok(())
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
