//! `hashdrift trace`: one replica in full.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashdrift::output::{create_results_folder, trace_replica, write_csv};

use super::{Common, ScenarioArguments};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The replica to rerun, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    replica: u32,
    /// Write the decisions to stay as well
    #[arg(long)]
    stays: bool,
    /// Folder for the trace; if it exists, a numbered one beside it [default: results/SCENARIO-trace-N]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub fn trace(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let scenario = arguments.scenario.load(None, common.quiet)?;
    let wanted = arguments.out.clone().unwrap_or_else(|| {
        let stem = arguments
            .scenario
            .file
            .file_stem()
            .unwrap_or("run".as_ref());
        let name = format!("{}-trace-{}", stem.to_string_lossy(), arguments.replica);
        Path::new("results").join(name)
    });
    let mut folder = create_results_folder(&wanted, false)?;
    let tables = trace_replica(&scenario, u64::from(arguments.replica), arguments.stays)?;
    let days = folder.path().join("days.csv");
    let decisions = folder.path().join("decisions.csv");
    write_csv(&tables.days, &days)?;
    write_csv(&tables.decisions, &decisions)?;
    folder.keep();
    let mut out = io::stdout().lock();
    if !common.quiet {
        writeln!(
            out,
            "{}: replica {}, seed {}: {} moves",
            scenario.name, arguments.replica, scenario.seed, tables.moves
        )?;
    }
    writeln!(out, "{}\n{}", days.display(), decisions.display())?;
    Ok(())
}
