//! `hashdrift sweep plan`: what a sweep takes, and its folder for workers.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hashdrift::ensemble::{bytes_for_people, memory_needed};
use hashdrift::output::sweep::{DESIGN_FILE, PLAN_FILE, PlanFile, write_design};
use hashdrift::scenario::{Levels, RandomNumbers, Role, Scenario};
use hashdrift::sweep::{Plan, points_in_flight, time_points};

use super::super::interrupt::FolderInCare;
use super::super::{Common, InvalidUse};
use super::Means;
use super::definition::Definition;
use hashdrift::units::number;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The scenario file (TOML); `-` is standard input
    #[arg(value_name = "SCENARIO")]
    file: PathBuf,
    /// Folder for the plan and the design, for workers; without it, nothing is written
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    means: Means,
    /// Parts in which workers compute the points, no more than there are points
    #[arg(long, value_name = "N", default_value_t = 1, requires = "folder", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,
}

pub fn plan(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.folder {
        let free = match std::fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !free {
            return Err(InvalidUse(format!(
                "{} is there already, and is no empty folder\nname another one for the sweep",
                folder.display()
            ))
            .into());
        }
    }
    let (plan, checked) =
        arguments
            .definition
            .plan(&arguments.file, arguments.means.max_memory, common)?;
    let Some(scenario) = &checked.sound else {
        unreachable!("a sweep without a sound point is refused")
    };
    let threads = rayon::current_num_threads();
    let in_flight = points_in_flight(scenario, threads, arguments.means.max_memory);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}",
        description(
            &plan,
            scenario,
            checked.checked,
            in_flight,
            threads,
            time_points(&plan)
        )
    )?;
    let Some(folder) = &arguments.folder else {
        return Ok(());
    };
    let care = FolderInCare::default();
    let path = care.make(folder, folder.is_dir())?;
    let file = PlanFile::new(plan, arguments.shards);
    write_design(&file.plan, &path)?;
    file.write(&path)?;
    care.keep(&[]);
    if !common.quiet {
        writeln!(out, "{}", path.join(DESIGN_FILE).display())?;
        writeln!(out, "{}", path.join(PLAN_FILE).display())?;
        writeln!(
            out,
            "next: hashdrift sweep worker {} --shard N, for N from 0 to {}; then hashdrift sweep merge {}",
            path.display(),
            file.shards - 1,
            path.display()
        )?;
    }
    Ok(())
}

/// What a sweep takes, for people.
fn description(
    plan: &Plan,
    scenario: &Scenario,
    checked: u32,
    in_flight: usize,
    threads: usize,
    time: Option<Duration>,
) -> String {
    let mut text = String::new();
    let whole = |value: u32| number(f64::from(value), 0);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", axes_for_people(plan));
    let all = f64::from(plan.points) * f64::from(plan.replicas);
    let replicas = match &plan.until {
        None => format!(
            "{} a point, {} in all",
            whole(plan.replicas),
            number(all, 0)
        ),
        Some(until) => format!(
            "{} to {} a point, until the standard error of {} is below {}",
            whole(plan.replicas),
            whole(until.most),
            until.metric,
            until.se
        ),
    };
    let luck = match plan.random_numbers {
        RandomNumbers::Common => "common random numbers",
        RandomNumbers::Independent => "independent random numbers",
    };
    let _ = writeln!(text, "replicas  {replicas}; {luck}, seed {}", plan.seed);
    match time {
        Some(one) => {
            let least = Duration::from_secs_f64(one.as_secs_f64() * all / threads as f64);
            let or_more = if plan.until.is_some() { " or more" } else { "" };
            let _ = writeln!(
                text,
                "time      about {}{or_more} on {threads} threads ({} a replica and thread, seen at up to three points)",
                for_people(least),
                for_people(one)
            );
        }
        None => text.push_str("time      unknown: nothing runs at the points that were tried\n"),
    }
    let memory = memory_needed(scenario, threads).saturating_mul(in_flight as u64);
    let _ = writeln!(
        text,
        "memory    up to {}, {in_flight} points at a time",
        bytes_for_people(memory)
    );
    let _ = write!(
        text,
        "checked   the scenario at {}",
        if checked == plan.points {
            "every point".to_owned()
        } else {
            format!("{} points, spread over all", whole(checked))
        }
    );
    text
}

/// How many points, of which design, and the axes below.
fn axes_for_people(plan: &Plan) -> String {
    let mut text = format!(
        "points    {}, {}",
        number(f64::from(plan.points), 0),
        plan.design.name()
    );
    for axis in &plan.axes {
        let levels = match &axis.levels {
            Levels::Listed(levels) => {
                let first = &levels[0].label;
                match levels.last().map(|level| &level.label) {
                    Some(last) if levels.len() > 1 => {
                        format!("{} levels, {} to {}", levels.len(), first, last)
                    }
                    _ => format!("1 level, {first}"),
                }
            }
            Levels::Between(spans) => format!("{} to {}", spans[0].low, spans[0].high),
        };
        let role = match axis.role {
            Role::Uncertainty => "",
            Role::Lever => " (lever)",
        };
        let _ = write!(text, "\n          {}{role}: {levels}", axis.name);
    }
    text
}

/// A length of time as a person says it.
fn for_people(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} minutes", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} hours", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}
