//! `hashdrift sweep worker`, `status` and `merge`: a sweep in parts.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use hashdrift::output::sweep::{Found, PlanFile, ShardState, merge, merged_already, shard_state};
use serde_json::json;

use super::super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::super::{Common, Interrupted, InvalidUse, warn};
use super::answer::Answer;
use super::computing::{compute_shard, missing_shards};
use super::{Means, PointsFailed, commit, show};

#[derive(Debug, Args)]
pub struct WorkerArguments {
    /// Folder of the plan
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The shard, from 0 [default: `SLURM_ARRAY_TASK_ID`, `JOB_COMPLETION_INDEX` or `AWS_BATCH_JOB_ARRAY_INDEX`]
    #[arg(long, value_name = "N")]
    shard: Option<u32>,
    #[command(flatten)]
    means: Means,
}

#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Folder of the plan
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Print only the shards that are missing, as `3,7-9`; nothing if none is
    #[arg(long, conflicts_with = "json")]
    missing: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct MergeArguments {
    /// Folder of the plan
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Make the tables although shards are missing; `parameters.csv` says which points
    #[arg(long)]
    partial: bool,
    /// Print the answer as JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Variables in which schedulers tell a task its number.
const TASK_NUMBERS: [&str; 3] = [
    "SLURM_ARRAY_TASK_ID",
    "JOB_COMPLETION_INDEX",
    "AWS_BATCH_JOB_ARRAY_INDEX",
];

pub fn worker(arguments: &WorkerArguments, common: &Common) -> anyhow::Result<()> {
    let care = FolderInCare::default();
    let stop = stop_on_interrupt(&care, Interrupt::AfterPoints);
    let folder = &arguments.folder;
    let file = PlanFile::read(folder)?;
    let shard = match arguments.shard {
        Some(shard) => shard,
        None => shard_from_scheduler()?,
    };
    if shard >= file.shards {
        return Err(InvalidUse(format!(
            "there is no shard {shard}: the sweep in {} has {}, from 0 to {}\nname one of these",
            folder.display(),
            file.shards,
            file.shards - 1
        ))
        .into());
    }
    if merged_already(folder, &file).is_some() {
        if !common.quiet {
            anstream::eprintln!("the tables of the sweep are there already");
        }
        return Ok(());
    }
    let state = match shard_state(folder, &file, shard)? {
        state @ ShardState::Whole { .. } => {
            if !common.quiet {
                anstream::eprintln!("shard {shard} is there already");
            }
            state
        }
        ShardState::Damaged | ShardState::Missing => {
            let done = compute_shard(
                folder,
                &file,
                shard,
                &stop,
                arguments.means.max_memory,
                0,
                common,
            )?;
            let state = shard_state(folder, &file, shard)?;
            if !matches!(state, ShardState::Whole { .. }) {
                return Err(Interrupted(format!(
                    "{done} of {} points of shard {shard} are done and kept; the same command goes on",
                    file.range(shard).len()
                ))
                .into());
            }
            state
        }
    };
    match state {
        ShardState::Whole { failed } if failed > 0 => Err(PointsFailed {
            failed,
            points: file.range(shard).len() as u32,
            table: "parameters.csv, which `sweep merge` writes,".into(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// The number that the scheduler gave this task.
fn shard_from_scheduler() -> anyhow::Result<u32> {
    for name in TASK_NUMBERS {
        if let Ok(text) = std::env::var(name) {
            return text.parse().map_err(|_| {
                InvalidUse(format!(
                    "{name} is `{text}`, which is no number of a shard\nname the shard: --shard N"
                ))
                .into()
            });
        }
    }
    Err(InvalidUse(format!(
        "nothing says which shard to compute\nname it (--shard N), or set one of {}",
        TASK_NUMBERS.join(", ")
    ))
    .into())
}

/// `3,7-9`: what schedulers take as the numbers of an array.
fn ranges(numbers: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = numbers;
    while let [first, ..] = rest {
        let length = rest
            .iter()
            .zip(*first..)
            .take_while(|(number, expected)| *number == expected)
            .count();
        let last = rest[length - 1];
        let separator = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = if length == 1 {
            write!(text, "{separator}{first}")
        } else {
            write!(text, "{separator}{first}-{last}")
        };
        rest = &rest[length..];
    }
    text
}

pub fn status(arguments: &StatusArguments) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let file = PlanFile::read(folder)?;
    let merged = merged_already(folder, &file).is_some();
    // `sweep run` leaves the tables alone.
    let missing = if merged {
        Vec::new()
    } else {
        missing_shards(folder, &file)?
    };
    let mut done = file.points as usize;
    let mut lines = Vec::new();
    for (shard, state) in &missing {
        let found = Found::read(folder, &file, *shard)?;
        let points = file.range(*shard).len();
        done -= points - found.count();
        let damaged = if *state == ShardState::Damaged {
            ", its file is damaged"
        } else {
            ""
        };
        lines.push(format!(
            "shard {shard}: {} of {points} points{damaged}",
            found.count()
        ));
    }
    let numbers: Vec<u32> = missing.iter().map(|(shard, _)| *shard).collect();
    let mut out = io::stdout().lock();
    if arguments.missing {
        if !numbers.is_empty() {
            writeln!(out, "{}", ranges(&numbers))?;
        }
    } else if arguments.json {
        let status = json!({
            "points": file.points, "points_done": done, "shards": file.shards, "missing": numbers,
            "merged": merged,
        });
        serde_json::to_writer_pretty(&mut out, &status).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        writeln!(
            out,
            "{done} of {} points, {} of {} shards{}",
            file.points,
            file.shards as usize - numbers.len(),
            file.shards,
            if merged { "; the tables are there" } else { "" }
        )?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

pub fn merge_shards(arguments: &MergeArguments, common: &Common) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let file = PlanFile::read(folder)?;
    let missing: Vec<u32> = missing_shards(folder, &file)?
        .into_iter()
        .map(|(shard, _)| shard)
        .collect();
    if !missing.is_empty() {
        if let Some(metadata) = merged_already(folder, &file) {
            return show(folder, &file, &metadata, None, arguments.json, common);
        }
        let names = ranges(&missing);
        if !arguments.partial {
            return Err(InvalidUse(format!(
                "missing or damaged of {} shards: {names}\nrun `hashdrift sweep worker {} --shard N` for these, or merge without them: --partial",
                file.shards,
                folder.display()
            ))
            .into());
        }
        warn(&format!(
            "shards {names} are missing: their points are not in the results"
        ));
    }
    let metadata = merge(folder, &file, &missing, commit())?;
    let answer = if missing.is_empty() {
        Some(Answer::of(folder, &file)?)
    } else {
        None
    };
    show(
        folder,
        &file,
        &metadata,
        answer.as_ref(),
        arguments.json,
        common,
    )
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_are_written_as_schedulers_take_them() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[3]), "3");
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
    }
}
