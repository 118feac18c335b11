//! `hashdrift sweep run`: all points, on this machine.

use std::path::{Path, PathBuf};

use clap::Args;
use hashdrift::output::sweep::{
    PLAN_FILE, PlanFile, merge, merged_already, remove_parts, write_design,
};

use super::super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::super::{Common, Interrupted, InvalidUse, stem, warn};
use super::answer::Answer;
use super::computing::{Computed, compute_all};
use super::definition::Definition;
use super::{Means, commit, show};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario file (TOML); `-` is standard input
    #[arg(value_name = "SCENARIO", required_unless_present = "resume")]
    file: Option<PathBuf>,
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    means: Means,
    /// Folder for the results; if it exists, a numbered one beside it [default: results/SCENARIO-sweep]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on in the folder of a sweep that was stopped
    #[arg(long, value_name = "FOLDER", conflicts_with_all = [
        "out", "file", "overrides", "axes", "levers", "design", "points", "replicas", "until", "most", "random_numbers",
        "metrics", "dates", "seed", "keep_going",
    ])]
    resume: Option<PathBuf>,
    /// Print the answer as JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let care = FolderInCare::default();
    let stop = stop_on_interrupt(&care, Interrupt::AfterPoints);
    let (folder, file) = match (&arguments.resume, &arguments.file) {
        (Some(folder), _) => {
            if !folder.join(PLAN_FILE).exists() {
                return Err(InvalidUse(format!(
                    "there is no sweep in {}\n--resume names the folder of one; without it a new one begins",
                    folder.display()
                ))
                .into());
            }
            (folder.clone(), PlanFile::read(folder)?)
        }
        (None, Some(scenario)) => begin(arguments, scenario, &care, common)?,
        (None, None) => unreachable!("one of the two is required"),
    };
    if let Some(metadata) = merged_already(&folder, &file) {
        if !common.quiet {
            anstream::eprintln!("all {} points are there already", file.points);
        }
        remove_parts(&folder);
        return show(&folder, &file, &metadata, None, arguments.json, common);
    }
    let go_on = format!(
        "go on with hashdrift sweep run --resume {}",
        folder.display()
    );
    let computed = compute_all(&folder, &file, &stop, arguments.means.max_memory, common);
    // Another process may have merged the shards meanwhile, and removed them, even while this one wrote its own.
    if !matches!(computed, Ok(Computed::All))
        && let Some(metadata) = merged_already(&folder, &file)
    {
        remove_parts(&folder);
        return show(&folder, &file, &metadata, None, arguments.json, common);
    }
    let computed =
        computed.inspect_err(|_| anstream::eprintln!("what was computed is kept; {go_on}"))?;
    if let Computed::Stopped { done } = computed {
        return Err(Interrupted(format!(
            "{done} of {} points are done and kept; {go_on}",
            file.points
        ))
        .into());
    }
    let merged = Answer::of(&folder, &file)
        .and_then(|answer| Ok((merge(&folder, &file, &[], commit())?, Some(answer))));
    let (metadata, answer) = match merged {
        Ok(merged) => merged,
        // Another process has merged the shards, and removed them.
        Err(error) => match merged_already(&folder, &file) {
            Some(metadata) => (metadata, None),
            None => return Err(error.into()),
        },
    };
    remove_parts(&folder);
    show(
        &folder,
        &file,
        &metadata,
        answer.as_ref(),
        arguments.json,
        common,
    )
}

/// Plans a new sweep in a folder of its own.
fn begin(
    arguments: &Arguments,
    scenario: &Path,
    care: &FolderInCare,
    common: &Common,
) -> anyhow::Result<(PathBuf, PlanFile)> {
    let (plan, checked) =
        arguments
            .definition
            .plan(scenario, arguments.means.max_memory, common)?;
    let checked = checked.checked;
    if checked < plan.points && !common.quiet {
        warn(&format!(
            "the scenario was checked at {checked} of {} points; one that breaks a rule will be listed as failed",
            plan.points
        ));
    }
    let wanted = arguments
        .out
        .clone()
        .unwrap_or_else(|| Path::new("results").join(format!("{}-sweep", stem(scenario))));
    let folder = care.make(&wanted, false)?;
    let file = PlanFile::new(plan, 1);
    write_design(&file.plan, &folder)?;
    file.write(&folder)?;
    // From here on there is something to go on with.
    care.keep(&[]);
    Ok((folder, file))
}
