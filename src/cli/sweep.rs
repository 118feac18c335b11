//! `hashdrift sweep`: a scenario at many points, on one machine or many.

mod answer;
mod crossing;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use hashdrift::ensemble::{EnsembleError, bytes_for_people, memory_needed};
use hashdrift::output::OutputError;
use hashdrift::output::sweep::{
    DESIGN_FILE, Found, Journal, PLAN_FILE, PlanFile, ShardState, SweepMetadata, merge,
    merged_already, publish, remove_parts, shard_state, write_design,
};
use hashdrift::scenario::{
    Design, Label, Levels, RandomNumbers, Role, Scenario, TypedAxes, Until, load_scenario,
};
use hashdrift::sweep::{
    Checked, Failure, Options, Plan, Request, compute, points_in_flight, time_points,
};
use serde_json::json;

use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::progress::SweepProgress;
use super::run::parse_bytes;
use super::text_table::number;
use super::{Common, Interrupted, InvalidUse, ScenarioArguments, warn};

const EXAMPLES: &str = "\
Examples:
  hashdrift sweep run world.toml --axis regions.us.power.usd_per_mwh=40:120:10
  hashdrift sweep run world.toml --design sobol --points 64 --axis firms.tail_alpha=1..2
  hashdrift sweep plan world.toml parts --shards 4 --axis moving.review_days=10:80:10
  hashdrift sweep worker parts --shard 3
  hashdrift sweep status parts
  hashdrift sweep merge parts
  hashdrift sweep crossing parts --metric region/us/share --value 0.25

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
    Run(RunArguments),
    /// Say what a sweep takes; with a folder, prepare it there for workers
    Plan(PlanArguments),
    /// Compute one shard of a sweep that was planned
    Worker(WorkerArguments),
    /// Say which shards are there
    Status(StatusArguments),
    /// Make the tables from the shards
    Merge(MergeArguments),
    /// Say at which level of an axis a metric crosses a value
    Crossing(crossing::Arguments),
}

/// What is swept.
#[derive(Debug, Args)]
struct Definition {
    /// Change a key at all points: --set `bitcoin.price.usd=90000` (repeatable; the last one wins)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Vary something uncertain (repeatable): --axis `regions.us.power.usd_per_mwh=40:120:5`
    #[arg(long = "axis", value_name = "KEY=VALUES")]
    axes: Vec<String>,
    /// Vary something that somebody chooses: each of its levels meets every point of the other axes
    #[arg(long = "lever", value_name = "KEY=VALUES")]
    levers: Vec<String>,
    /// How points are made of the axes [default: the scenario's, or factorial]
    #[arg(long, value_enum)]
    design: Option<DesignName>,
    /// Points of a design that is drawn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    points: Option<u32>,
    /// Replicas of a point; with --until, of its first batch [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    replicas: Option<u32>,
    /// Draw replicas until the mean of a metric has this standard error: --until `region/us/share=0.005`
    #[arg(long, value_name = "METRIC=SE", value_parser = parse_until)]
    until: Option<(String, f64)>,
    /// Most replicas of a point, where a standard error decides [default: the scenario's, or 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    most: Option<u32>,
    /// Whether points meet the same luck [default: the scenario's, or common]
    #[arg(long, value_enum)]
    random_numbers: Option<RandomNumbersName>,
    /// Quantities in the results (repeatable): `region/*/share`, `hhi` [default: all]
    #[arg(long = "metric", value_name = "LEVEL/NAME/METRIC")]
    metrics: Vec<String>,
    /// Dates in the results (repeatable): a day, `first`, `last` or `all` [default: last]
    #[arg(long = "date", value_name = "DATE")]
    dates: Vec<String>,
    /// Seed of all randomness, below 2^63 [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// List points at which the scenario breaks a rule as failed, instead of refusing the sweep
    #[arg(long)]
    keep_going: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DesignName {
    /// Every level of every axis with every level of the others
    Factorial,
    /// The first levels of all axes, then the second ones, and so on
    Zip,
    /// Points drawn independently
    MonteCarlo,
    /// As many cells as points on every axis, each with one point
    LatinHypercube,
    /// A scrambled Sobol sequence
    Sobol,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RandomNumbersName {
    /// The same at all points, so that differences between them are not luck
    Common,
    /// Each point its own
    Independent,
}

/// What computing takes.
#[derive(Debug, Args)]
struct Means {
    /// Refuse to use more memory than this
    #[arg(long, value_name = "SIZE", default_value = "8GiB", value_parser = parse_bytes)]
    max_memory: u64,
}

#[derive(Debug, Args)]
struct RunArguments {
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

#[derive(Debug, Args)]
struct PlanArguments {
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

#[derive(Debug, Args)]
struct WorkerArguments {
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
struct StatusArguments {
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
struct MergeArguments {
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

/// Points at which the scenario could not be run; the others are done.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {points} points failed; {} says why", table.display())]
pub struct PointsFailed {
    failed: u32,
    points: u32,
    table: PathBuf,
}

/// Variables in which schedulers tell a task its number.
const TASK_NUMBERS: [&str; 3] = [
    "SLURM_ARRAY_TASK_ID",
    "JOB_COMPLETION_INDEX",
    "AWS_BATCH_JOB_ARRAY_INDEX",
];

pub fn sweep(arguments: Arguments, common: &Common) -> anyhow::Result<()> {
    match arguments.verb {
        SweepVerb::Run(arguments) => run(&arguments, common),
        SweepVerb::Plan(arguments) => plan(&arguments, common),
        SweepVerb::Worker(arguments) => worker(&arguments, common),
        SweepVerb::Status(arguments) => status(&arguments),
        SweepVerb::Merge(arguments) => merge_shards(&arguments, common),
        SweepVerb::Crossing(arguments) => crossing::crossing(&arguments),
    }
}

impl Definition {
    /// The plan, and what a check of its points found.
    fn plan(
        &self,
        file: &Path,
        max_memory: u64,
        common: &Common,
    ) -> anyhow::Result<(Plan, Checked)> {
        let scenario = ScenarioArguments {
            file: file.to_owned(),
            overrides: self.overrides.clone(),
            seed: self.seed,
        }
        .load(None, common.quiet)?;
        let own = scenario.sweep.until.as_ref();
        let (metric, se) = match (&self.until, own) {
            (Some((metric, se)), _) => (Some(metric.clone()), *se),
            (None, Some(own)) => (Some(own.metric.clone()), own.se),
            (None, None) => (None, 0.0),
        };
        if metric.is_none() && self.most.is_some() {
            return Err(InvalidUse(
                "--most says how many replicas there may be until a standard error is small enough, and there is no such\nadd --until METRIC=SE".into(),
            )
            .into());
        }
        let until = metric.map(|metric| Until {
            metric,
            se,
            most: self.most.or(own.map(|own| own.most)).unwrap_or(10_000),
        });
        let request = Request {
            axes: TypedAxes {
                uncertainties: self.axes.clone(),
                levers: self.levers.clone(),
            },
            design: self.design.map(|design| match design {
                DesignName::Factorial => Design::Factorial,
                DesignName::Zip => Design::Zip,
                DesignName::MonteCarlo => Design::MonteCarlo,
                DesignName::LatinHypercube => Design::LatinHypercube,
                DesignName::Sobol => Design::Sobol,
            }),
            points: self.points,
            replicas: self.replicas,
            until,
            random_numbers: self.random_numbers.map(|numbers| match numbers {
                RandomNumbersName::Common => RandomNumbers::Common,
                RandomNumbersName::Independent => RandomNumbers::Independent,
            }),
            metrics: self.metrics.clone(),
            dates: self.dates.clone(),
        };
        let mut plan = Plan::new(&scenario, &request)?;
        add_inputs(&mut plan, file);
        let checked = plan.check_points();
        if let Some((point, problem)) = &checked.first {
            let labels = plan.axes.iter().zip(&point.labels);
            let labels: Vec<String> = labels
                .map(|(axis, label)| format!("{} = {}", axis.name, answer::label(label)))
                .collect();
            let text = format!(
                "at {} of {} points the scenario breaks a rule, first at point {} ({}):\n{problem}",
                checked.broken,
                checked.checked,
                point.number,
                labels.join(", ")
            );
            if !self.keep_going || checked.sound.is_none() {
                return Err(InvalidUse(format!(
                    "{text}\nmove the axes, or have such points listed as failed: --keep-going"
                ))
                .into());
            }
            warn(&text);
        }
        if let Some(idle) = checked.idle.first() {
            return Err(InvalidUse(format!(
                "an axis would change nothing: {idle}\nvary what has an effect, such as `regions.ID.power.tariff.*.usd_per_mwh` where a tariff gives the price"
            ))
            .into());
        }
        if let Some(scenario) = &checked.sound {
            let needed = memory_needed(scenario, rayon::current_num_threads());
            if needed > max_memory {
                return Err(EnsembleError::TooMuchMemory {
                    needed,
                    allowed: max_memory,
                }
                .into());
            }
        }
        Ok((plan, checked))
    }
}

/// Adds to a plan the files that only some of its levels name, so that it stands alone.
fn add_inputs(plan: &mut Plan, file: &Path) {
    let mut found = Vec::new();
    for axis in &plan.axes {
        let Levels::Listed(levels) = &axis.levels else {
            continue;
        };
        // Numbers name no file, and standard input has been read.
        let words = levels
            .iter()
            .filter(|level| matches!(level.label, Label::Text(_)));
        for level in words.filter(|_| file.as_os_str() != "-") {
            let mut changes = plan.scenario.overrides.clone();
            changes.extend(level.changes.iter().cloned());
            // What is wrong with a level is said where the points are checked.
            if let Ok(scenario) = load_scenario(file, &changes) {
                found.extend(scenario.source.inputs);
            }
        }
    }
    for input in found {
        if !plan.scenario.inputs.contains(&input) {
            plan.scenario.inputs.push(input);
        }
    }
}

/// `METRIC=SE`.
fn parse_until(text: &str) -> Result<(String, f64), String> {
    let parsed = text
        .rsplit_once('=')
        .and_then(|(metric, se)| Some((metric.trim().to_owned(), se.trim().parse().ok()?)));
    parsed.ok_or_else(|| "write METRIC=SE, as in region/us/share=0.005".into())
}

fn plan(arguments: &PlanArguments, common: &Common) -> anyhow::Result<()> {
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
                    Some(last) if levels.len() > 1 => format!(
                        "{} levels, {} to {}",
                        levels.len(),
                        answer::label(first),
                        answer::label(last)
                    ),
                    _ => format!("1 level, {}", answer::label(first)),
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

fn run(arguments: &RunArguments, common: &Common) -> anyhow::Result<()> {
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
    let computed = compute_all(&folder, &file, &stop, arguments.means.max_memory, common)
        .inspect_err(|_| anstream::eprintln!("what was computed is kept; {go_on}"))?;
    if let Computed::Stopped { done } = computed {
        return Err(Interrupted(format!(
            "{done} of {} points are done and kept; {go_on}",
            file.points
        ))
        .into());
    }
    let merged = answer::Answer::of(&folder, &file)
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

/// How far a sweep has come.
pub enum Computed {
    /// All shards are whole.
    All,
    /// It was asked to stop.
    Stopped {
        /// Points that are done and kept.
        done: usize,
    },
}

/// Computes what is not there of a sweep, shard by shard.
pub fn compute_all(
    folder: &Path,
    file: &PlanFile,
    stop: &AtomicBool,
    max_memory: u64,
    common: &Common,
) -> anyhow::Result<Computed> {
    let missing = missing_shards(folder, file)?;
    let open: usize = missing
        .iter()
        .map(|(shard, _)| file.range(*shard).len())
        .sum();
    let mut done = file.points as usize - open;
    for (shard, _) in missing {
        done += compute_shard(folder, file, shard, stop, max_memory, done, common)?;
        if !matches!(shard_state(folder, file, shard)?, ShardState::Whole { .. }) {
            return Ok(Computed::Stopped { done });
        }
    }
    Ok(Computed::All)
}

/// Plans a new sweep in a folder of its own.
fn begin(
    arguments: &RunArguments,
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
    let wanted = arguments.out.clone().unwrap_or_else(|| {
        let stem = ScenarioArguments {
            file: scenario.to_owned(),
            overrides: Vec::new(),
            seed: None,
        };
        Path::new("results").join(format!("{}-sweep", stem.stem()))
    });
    let folder = care.make(&wanted, false)?;
    let file = PlanFile::new(plan, 1);
    write_design(&file.plan, &folder)?;
    file.write(&folder)?;
    // From here on there is something to go on with.
    care.keep(&[]);
    Ok((folder, file))
}

fn commit() -> Option<&'static str> {
    option_env!("HASHDRIFT_COMMIT")
}

/// Computes what is not there of a shard, and publishes it if it is whole then. Returns the points of it that are done.
fn compute_shard(
    folder: &Path,
    file: &PlanFile,
    shard: u32,
    stop: &AtomicBool,
    max_memory: u64,
    before: usize,
    common: &Common,
) -> anyhow::Result<usize> {
    let found = Found::read(folder, file, shard)?;
    if !common.quiet {
        if found.damaged > 0 {
            warn(&format!(
                "damaged lines in the journal: {}; their points are computed again",
                found.damaged
            ));
        }
        if found.count() > 0 {
            anstream::eprintln!("{} points are there already", before + found.count());
        }
    }
    let range = file.range(shard);
    let left = range.len() - found.count();
    if left > 0 {
        let mut journal = Journal::new(folder, file, shard);
        let threads = rayon::current_num_threads();
        let scenario = range.clone().find_map(|number| {
            let point = hashdrift::sweep::Points::new(&file.plan).at(number);
            file.plan.scenario_at(&point).ok()
        });
        let in_flight = scenario.map_or(1, |scenario| {
            points_in_flight(&scenario, threads, max_memory)
        });
        let progress = SweepProgress::new(left as u32, common.quiet);
        let outcome = compute(
            &file.plan,
            range.clone().filter(|point| !found.has(*point)),
            &Options {
                max_memory,
                in_flight: in_flight.min(left),
                stop,
                progress: &progress,
            },
            |result| journal.add(result),
        );
        progress.finish();
        match outcome {
            Ok(()) => {}
            Err(Failure::Kept(error)) => return Err(error.into()),
            Err(Failure::Ensemble(error)) => return Err(error.into()),
        }
    }
    // Read back: what is published is what is on the disk.
    let found = Found::read(folder, file, shard)?;
    if found.count() == range.len()
        && let Err(error) = publish(folder, file, shard, &found)
        // Another process may have published the same bytes, and removed the journals.
        && !matches!(shard_state(folder, file, shard)?, ShardState::Whole { .. })
    {
        return Err(error.into());
    }
    Ok(range.len().min(found.count()))
}

fn worker(arguments: &WorkerArguments, common: &Common) -> anyhow::Result<()> {
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

/// Shards that are not whole.
fn missing_shards(folder: &Path, file: &PlanFile) -> Result<Vec<(u32, ShardState)>, OutputError> {
    let mut missing = Vec::new();
    for shard in 0..file.shards {
        let state = shard_state(folder, file, shard)?;
        if !matches!(state, ShardState::Whole { .. }) {
            missing.push((shard, state));
        }
    }
    Ok(missing)
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

fn status(arguments: &StatusArguments) -> anyhow::Result<()> {
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

fn merge_shards(arguments: &MergeArguments, common: &Common) -> anyhow::Result<()> {
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
        Some(answer::Answer::of(folder, &file)?)
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

/// Prints the answer and the files; points that failed are an error after it.
fn show(
    folder: &Path,
    file: &PlanFile,
    metadata: &SweepMetadata,
    answer: Option<&answer::Answer>,
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
            "answer": answer.map(answer::Answer::json), "files": files,
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
