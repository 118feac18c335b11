//! `hashdrift sweep`: a scenario at many points, on one machine or many.

mod answer;
mod asked;
mod computing;
mod conditions;
mod crossing;
mod definition;
mod plan;
mod run;
mod sensitivity;
mod shards;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use answer::Answer;
use clap::{Args, Subcommand};
pub use computing::{Computed, compute_all};
pub use definition::inputs_of_levels;
use hashdrift::output::sweep::{PlanFile, SweepMetadata};
use serde_json::json;

use super::Common;
use super::run::parse_bytes;

const EXAMPLES: &str = "\
Examples:
  hashdrift sweep run world.toml --axis regions.us.power.usd_per_mwh=40:120:10
  hashdrift sweep run world.toml --design sobol --points 64 --axis firms.tail_alpha=1..2
  hashdrift sweep plan world.toml parts --shards 4 --axis moving.review_days=10:80:10
  hashdrift sweep worker parts --shard 3
  hashdrift sweep status parts
  hashdrift sweep merge parts
  hashdrift sweep crossing parts --metric region/us/share --value 0.25
  hashdrift sweep sensitivity parts --metric region/us/share
  hashdrift sweep conditions parts --metric region/us/share --below 0.2

An axis is KEY=VALUES. Values: 40:120:5 (from, to, step); 40,60,80;
linspace(40,120,17); logspace(1,100,5); words or tables (true,false); or bounds,
for designs that draw: 40..120, loguniform(1,100). With x before each number,
factors of what the scenario says: x0.5,x1,x2. KEY+KEY=VALUES sets both keys,
'KEY=VALUES; KEY=VALUES' moves them together.";

#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    verb: SweepVerb,
}

#[derive(Debug, Subcommand)]
enum SweepVerb {
    /// Compute all points on this machine; Ctrl-C and `--resume` go on
    Run(run::Arguments),
    /// Say what a sweep takes; with a folder, prepare it there for workers
    Plan(plan::Arguments),
    /// Compute one shard of a sweep that was planned
    Worker(shards::WorkerArguments),
    /// Say which shards are there
    Status(shards::StatusArguments),
    /// Make the tables from the shards
    Merge(shards::MergeArguments),
    /// Say at which level of an axis a metric crosses a value
    Crossing(crossing::Arguments),
    /// Say which axes a metric hangs on: the part of its variance that each explains
    Sensitivity(sensitivity::Arguments),
    /// Say under which conditions a metric is below or above a value: boxes on the axes
    Conditions(conditions::Arguments),
}

/// What computing takes.
#[derive(Debug, Args)]
struct Means {
    /// Refuse to use more memory than this
    #[arg(long, value_name = "SIZE", default_value = "8GiB", value_parser = parse_bytes)]
    max_memory: u64,
}

/// Points at which the scenario could not be run; the others are done.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {points} points failed; {} says why", table.display())]
pub struct PointsFailed {
    failed: u32,
    points: u32,
    table: PathBuf,
}

pub fn sweep(arguments: Arguments, common: &Common) -> anyhow::Result<()> {
    match arguments.verb {
        SweepVerb::Run(arguments) => run::run(&arguments, common),
        SweepVerb::Plan(arguments) => plan::plan(&arguments, common),
        SweepVerb::Worker(arguments) => shards::worker(&arguments, common),
        SweepVerb::Status(arguments) => shards::status(&arguments),
        SweepVerb::Merge(arguments) => shards::merge_shards(&arguments, common),
        SweepVerb::Crossing(arguments) => crossing::crossing(&arguments),
        SweepVerb::Sensitivity(arguments) => sensitivity::print_sensitivity(&arguments),
        SweepVerb::Conditions(arguments) => conditions::print_conditions(&arguments),
    }
}

fn commit() -> Option<&'static str> {
    option_env!("HASHDRIFT_COMMIT")
}

/// Prints the answer and the files; points that failed are an error after it.
fn show(
    folder: &Path,
    file: &PlanFile,
    metadata: &SweepMetadata,
    answer: Option<&Answer>,
    as_json: bool,
    common: &Common,
) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = metadata
        .tables
        .iter()
        .map(|table| table.file.as_str())
        .chain(["metadata.json"])
        .map(|name| folder.join(name))
        .collect();
    let mut out = io::stdout().lock();
    if as_json {
        let text = json!({
            "points": metadata.points, "failed": metadata.failed, "missing": metadata.missing,
            "answer": answer.map(Answer::json), "files": files,
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        if let Some(answer) = answer {
            writeln!(out, "{}", answer.text(&file.plan))?;
        }
        if !common.quiet {
            for file in files {
                writeln!(out, "{}", file.display())?;
            }
        }
    }
    if metadata.failed > 0 {
        return Err(PointsFailed {
            failed: metadata.failed,
            points: metadata.points,
            table: folder.join("parameters.csv"),
        }
        .into());
    }
    Ok(())
}
