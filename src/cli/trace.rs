//! `hashdrift trace`: one replica in full.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashdrift::output::{trace_replica, write_csv};

use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::{Common, InvalidUse, ScenarioArguments, warn};

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

/// Rows of decisions held in memory, 150 bytes each.
const MOST_ROWS: f64 = 2e7;

pub fn trace(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let scenario = arguments.scenario.load(None, common.quiet)?;
    let wanted = arguments.out.clone().unwrap_or_else(|| {
        let name = format!("{}-trace-{}", arguments.scenario.stem(), arguments.replica);
        Path::new("results").join(name)
    });
    let moving = &scenario.moving;
    let firms = f64::from(scenario.firms.count) + scenario.firms.named.len() as f64;
    let reviews = firms * f64::from(scenario.days) / f64::from(moving.review_days);
    let rows = reviews * scenario.regions.len() as f64;
    if arguments.stays && rows > MOST_ROWS {
        return Err(InvalidUse(format!(
            "--stays would write about {rows:.0} rows, more than {MOST_ROWS:.0}\nleave it out, or set fewer days or firms"
        ))
        .into());
    }
    if arguments.replica >= scenario.replicas && !common.quiet {
        warn(&format!(
            "a run of this scenario draws replicas 0 to {}; {} is not one of them",
            scenario.replicas - 1,
            arguments.replica
        ));
    }
    let folder = FolderInCare::default();
    stop_on_interrupt(&folder, Interrupt::AtOnce);
    let path = folder.make(&wanted, false)?;
    let tables = trace_replica(&scenario, u64::from(arguments.replica), arguments.stays)?;
    let days = path.join("days.csv");
    let decisions = path.join("decisions.csv");
    let orders = path.join("orders.csv");
    write_csv(&tables.days, &days)?;
    write_csv(&tables.decisions, &decisions)?;
    write_csv(&tables.orders, &orders)?;
    folder.keep(&["days.csv", "decisions.csv", "orders.csv"]);
    let mut out = io::stdout().lock();
    if !common.quiet {
        writeln!(
            out,
            "{}: replica {}, seed {}: {} moves, {} orders",
            scenario.name,
            arguments.replica,
            scenario.seed,
            tables.moves,
            tables.orders.rows()
        )?;
    }
    for file in [days, decisions, orders] {
        writeln!(out, "{}", file.display())?;
    }
    Ok(())
}
