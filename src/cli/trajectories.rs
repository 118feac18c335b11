//! `hashdrift trajectories`: mining and AI on one scale.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use hashdrift::ensemble::{Options, dark_warning};
use hashdrift::output::{
    METADATA_FILE, Metadata, OutputError, REPORT_FILE, ScenarioText, Table, TableDigest,
    TrajectoriesOptions, answers_table, dependence_table, table_json, trajectory_paths_table,
    write_csv, write_text,
};
use hashdrift::scenario::{
    Axis, LoadError, Problem, Scenario, TypedAxes, axes_of, load_scenario, warnings,
};
use hashdrift::trajectories::{
    Answer, Class, Estimate, LevelAt, Measure, Scope, Trajectories, answers, has_ai, levels_of,
    path_rows, trajectories as simulate,
};
use hashdrift::units::number;
use serde_json::json;

use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::progress::ReplicaProgress;
use super::report::{PageArguments, PageOfTrajectories, page_of_trajectories};
use super::sweep::inputs_of_levels;
use super::text_table::{new_table, tidy};
use super::{Began, Common, InvalidUse, ScenarioArguments, warn};

#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Mining before: a scenario that ends where SCENARIO begins; --set does not change it
    #[arg(long, value_name = "SCENARIO")]
    past: Option<PathBuf>,
    /// Number of histories to draw, of each scenario and at each level [default: the scenario's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    replicas: Option<u32>,
    /// Vary a key, one axis at a time (repeatable): --axis `ai.edge.ceiling=0.2,0.5,0.8` [default: the axes in the scenario's
    /// `[sweep]`]
    #[arg(long = "axis", value_name = "KEY=VALUES")]
    axes: Vec<String>,
    /// Folder for the results; if it exists, a numbered one beside it [default: results/SCENARIO-trajectories]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    page: PageArguments,
    /// Print the numbers as JSON instead of tables
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
SCENARIO has an [ai] section: mining and AI in one world. Of each replica it is asked which way the \
concentration of mining firms and of the owners of AI's compute goes from the first record day to the \
last, and whether the two cross. How AI goes on is assumed by the scenario; what is counted is what follows.

Examples:
  hashdrift trajectories scenarios/two-trajectories.toml --replicas 100
  hashdrift trajectories scenarios/two-trajectories.toml --past scenarios/from-pc-to-asic.toml
  hashdrift trajectories scenarios/two-trajectories.toml --axis ai.edge.ceiling=0.2,0.5,0.8";

const TABLES: [&str; 3] = ["trajectories.csv", "paths.csv", "dependence.csv"];

pub fn trajectories(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let began = Began::now();
    let mut scenario = arguments.scenario.load(arguments.replicas, common.quiet)?;
    let past = match &arguments.past {
        Some(file) => Some(load_past(file, &scenario)?),
        None => None,
    };
    if !arguments.axes.is_empty() {
        // Whoever names axes asks for these.
        scenario.sweep.axes.clear();
    }
    let typed = TypedAxes {
        uncertainties: arguments.axes.clone(),
        levers: Vec::new(),
    };
    let axes = axes_of(&scenario, &typed).map_err(LoadError::Refused)?;
    let mut inputs = inputs_of_levels(&axes, &scenario.source.overrides, arguments.scenario.file());
    inputs.retain(|input| !scenario.source.inputs.contains(input));
    let question = Question::new(scenario, past, axes, inputs)?;
    let wanted = arguments.out.clone().unwrap_or_else(|| {
        Path::new("results").join(format!("{}-trajectories", arguments.scenario.stem()))
    });
    let folder = FolderInCare::default();
    let stop = stop_on_interrupt(&folder, Interrupt::InOrder);
    let path = folder.make(&wanted, false)?;

    let outcome = question.run(&stop, common.quiet)?;
    let warnings = question.warnings(&outcome);
    if !common.quiet {
        for warning in &warnings {
            warn(warning);
        }
    }
    let answers = answers(&outcome.ahead, outcome.past.as_ref());
    let tables = question.tables(&outcome, &answers);
    let written = write_tables(&tables, &path)?;
    let scenario = &question.scenario;
    let metadata = Metadata::of_trajectories(
        scenario,
        question.options(),
        warnings,
        began.circumstances(false),
        written,
    );
    metadata.write(&path)?;
    let mut files: Vec<&str> = TABLES.into_iter().chain([METADATA_FILE]).collect();
    // Results stay even if no page can be written.
    folder.keep(&files);
    let PageOfTrajectories { page, reading } = page_of_trajectories(&path, &metadata, scenario)?;
    if arguments.page.wanted() {
        write_text(&page, &path.join(REPORT_FILE))?;
        files.push(REPORT_FILE);
    }

    let mut out = io::stdout().lock();
    if arguments.json {
        // The paths are far longer than all the rest, and in their file.
        let [answers, _, dependence] = tables.each_ref();
        let past = question.past.as_ref();
        let text = json!({
            "scenario": scenario.name, "scenario_sha256": scenario.source.digest(),
            "past": past.map(|past| &past.name),
            "seed": scenario.seed, "replicas": scenario.replicas,
            "answers": table_json(answers), "dependence": table_json(dependence),
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    write!(out, "{}", text(scenario, &outcome, &answers, &reading))?;
    if !common.quiet {
        writeln!(out)?;
        for file in files {
            writeln!(out, "{}", path.join(file).display())?;
        }
    }
    Ok(())
}

/// The past of mining: as many replicas, and the next seed, so that its luck is not that of the days ahead.
fn load_past(file: &Path, ahead: &Scenario) -> Result<Scenario, LoadError> {
    let seed = (ahead.seed + 1) & i64::MAX.cast_unsigned();
    load_scenario(
        file,
        &[
            format!("seed={seed}"),
            format!("replicas={}", ahead.replicas),
        ],
    )
}

/// Answers again what the metadata of trajectories asks, into `folder`; returns the digests.
pub fn again(
    scenario: Scenario,
    past: Option<Scenario>,
    options: TrajectoriesOptions,
    folder: &Path,
    stop: &AtomicBool,
    quiet: bool,
) -> anyhow::Result<Vec<TableDigest>> {
    let question = Question::new(scenario, past, options.axes, options.inputs)?;
    let outcome = question.run(stop, quiet)?;
    let answers = answers(&outcome.ahead, outcome.past.as_ref());
    Ok(write_tables(&question.tables(&outcome, &answers), folder)?)
}

fn write_tables(tables: &[Table; 3], folder: &Path) -> Result<Vec<TableDigest>, OutputError> {
    let tables = tables.iter().zip(TABLES);
    tables
        .map(|(table, file)| write_csv(table, &folder.join(file)))
        .collect()
}

/// What is asked.
struct Question {
    scenario: Scenario,
    past: Option<Scenario>,
    axes: Vec<Axis>,
    /// Files that only levels of the axes name.
    inputs: Vec<(String, String)>,
    /// Each level of each axis, and the scenario there.
    levels: Vec<(LevelAt, Scenario)>,
}

/// Days between the end of the past and the beginning of what is ahead that are no gap: as many as between two records.
const SEAM_DAYS: i32 = 31;
/// Times that the concentration of mining may change at the seam before it is said.
const SEAM_FACTOR: f64 = 1.25;

impl Question {
    fn new(
        scenario: Scenario,
        past: Option<Scenario>,
        axes: Vec<Axis>,
        inputs: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        let file = &scenario.source.file;
        if !has_ai(&scenario) {
            return Err(InvalidUse(format!(
                "{file} has no [ai] section, and nothing says how AI goes on\nadd one: `hashdrift explain ai` lists its keys; or name a scenario that has one"
            ))
            .into());
        }
        if let Some(past) = &past
            && past.start >= scenario.start
        {
            return Err(InvalidUse(format!(
                "{} begins on {}, and what is ahead on {}: it is no past\nname a scenario with --past that ends where {file} begins",
                past.source.file, past.start, scenario.start
            ))
            .into());
        }
        let mut levels = Vec::new();
        for at in levels_of(&axes) {
            let name = format!("{} = {}", at.axis, at.level);
            let there = at.scenario(&scenario, &inputs).map_err(|refused| {
                let rules: Vec<String> = refused
                    .problems
                    .iter()
                    .map(|Problem { key, rule, .. }| format!("{key}: {rule}"))
                    .collect();
                InvalidUse(format!(
                    "at {name} the scenario breaks a rule:\n{}\nmove the axis",
                    rules.join("\n")
                ))
            })?;
            if !has_ai(&there) {
                return Err(InvalidUse(format!(
                    "at {name} the scenario has no [ai] section, and nothing says how AI goes on\nmove the axis"
                ))
                .into());
            }
            let keys = at
                .changes
                .iter()
                .filter_map(|change| change.split_once('='));
            let keys: Vec<&str> = keys.map(|(key, _)| key).collect();
            let idle = warnings(&there).into_iter();
            if let Some(idle) = idle
                .into_iter()
                .find(|warning| keys.contains(&warning.key.as_str()))
            {
                return Err(InvalidUse(format!(
                    "an axis would change nothing: {idle}\nvary what has an effect"
                ))
                .into());
            }
            levels.push((at, there));
        }
        Ok(Self {
            scenario,
            past,
            axes,
            inputs,
            levels,
        })
    }

    /// Simulates what it takes to answer, with a progress bar, until `stop` is set.
    fn run(&self, stop: &AtomicBool, quiet: bool) -> anyhow::Result<Trajectories> {
        let scenarios = 1 + u32::from(self.past.is_some()) + self.levels.len() as u32;
        let total = self.scenario.replicas.saturating_mul(scenarios);
        let progress = ReplicaProgress::new(total, quiet);
        let options = Options {
            stop: Some(stop),
            progress: &progress,
            ..Options::default()
        };
        let outcome = simulate(&self.scenario, self.past.as_ref(), &self.levels, &options);
        progress.finish();
        Ok(outcome?)
    }

    fn options(&self) -> TrajectoriesOptions {
        TrajectoriesOptions {
            past: self
                .past
                .as_ref()
                .map(|past| ScenarioText::new(&past.name, &past.source)),
            axes: self.axes.clone(),
            inputs: self.inputs.clone(),
        }
    }

    /// Of histories that are odd, and of a past that is not that of what is ahead.
    fn warnings(&self, outcome: &Trajectories) -> Vec<String> {
        let ahead = &outcome.ahead;
        let mut found: Vec<String> = dark_warning(ahead.dark_replicas, self.scenario.replicas)
            .into_iter()
            .collect();
        let (Some(past), Some(histories)) = (&self.past, &outcome.past) else {
            return found;
        };
        let end = past.date(past.days - 1);
        let gap = (self.scenario.start - end).get_days();
        if gap.abs() > SEAM_DAYS {
            let how = if gap > 0 { "before" } else { "after" };
            found.push(format!(
                "{} ends on {end}, {} days {how} {} begins: the two are not one history",
                past.source.file,
                gap.abs(),
                self.scenario.source.file
            ));
        }
        let median = |values: Vec<f64>| Estimate::median(values).value;
        let before = histories
            .replicas
            .iter()
            .map(|h| h.mining.hhi[h.mining.hhi.len() - 1]);
        let after = ahead.replicas.iter().map(|h| h.mining.hhi[0]);
        if let (Some(before), Some(after)) = (median(before.collect()), median(after.collect()))
            && (after / before).max(before / after) > SEAM_FACTOR
        {
            found.push(format!(
                "the HHI of mining is {} at the end of {} and {} where {} begins (medians, 0 to 10,000): the step between is not simulated",
                number(1e4 * before, 0),
                past.source.file,
                number(1e4 * after, 0),
                self.scenario.source.file
            ));
        }
        found
    }

    /// In the order of their files.
    fn tables(&self, outcome: &Trajectories, answers: &[Answer]) -> [Table; 3] {
        let first = self.scenario.start;
        [
            answers_table(first, answers),
            trajectory_paths_table(first, &path_rows(&outcome.ahead, outcome.past.as_ref())),
            dependence_table(&outcome.varied),
        ]
    }
}

/// What two paths do, for people.
const CLASSES: [(Class, &str); 5] = [
    (Class::Claim, "mining concentrates, AI spreads"),
    (Class::Reverse, "mining spreads, AI concentrates"),
    (Class::BothConcentrate, "both concentrate"),
    (Class::BothSpread, "both spread"),
    (Class::Unchanged, "one of them ends as it began"),
];

fn text(
    scenario: &Scenario,
    outcome: &Trajectories,
    answers: &[Answer],
    reading: &[String],
) -> String {
    let mut text = String::new();
    let last = outcome.ahead.dates.last();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: mining and AI in one world, {} replicas, seed {}, {} to {}\n",
        scenario.name,
        scenario.replicas,
        scenario.seed,
        scenario.start,
        last.map_or(scenario.start, |(_, date)| *date)
    );
    for line in reading {
        let _ = writeln!(text, "{line}");
    }
    let scopes = [
        (Scope::Ahead, "ahead"),
        (Scope::OwnHistory, "each over its own history"),
    ];
    for (scope, title) in scopes {
        let find = |measure: Measure, question: &str| {
            answers
                .iter()
                .find(|a| a.measure == measure && a.scope == scope && a.question == question)
        };
        if find(Measure::Hhi, "opposite").is_none() {
            continue;
        }
        let title = format!("{title}, % of replicas");
        let titles = [&*title, "by HHI", "[95 %]", "by Nakamoto", "[95 %]"];
        let mut table = new_table(&titles, &[1, 2, 3, 4]);
        let questions = std::iter::once(("opposite", "opposite directions"))
            .chain(CLASSES.map(|(class, title)| (class.as_str(), title)))
            .chain([
                ("crossing", "they cross"),
                ("crossed_at_end", "and are on the other side at the end"),
            ]);
        for (question, title) in questions {
            let cells = Measure::ALL.map(|measure| find(measure, question).map(|a| a.estimate));
            let [Some(hhi), Some(nakamoto)] = cells else {
                continue;
            };
            let mut row = vec![title.to_owned()];
            for estimate in [hhi, nakamoto] {
                row.push(percent(estimate.value));
                row.push(format!(
                    "[{}, {}]",
                    percent(estimate.low),
                    percent(estimate.high)
                ));
            }
            table.add_row(row);
        }
        let _ = writeln!(text, "\n{}", tidy(&table));
    }
    text.push_str(&dependence(outcome));
    text
}

/// On what it hangs, if anything was varied.
fn dependence(outcome: &Trajectories) -> String {
    if outcome.varied.len() < 2 {
        return String::new();
    }
    let titles = [
        "by HHI, one axis at a time",
        "mining concentrates, AI spreads %",
        "against base",
        "se",
        "they cross %",
        "against base",
        "se",
        "mining at end",
        "AI at end",
    ];
    let mut table = new_table(&titles, &[1, 2, 3, 4, 5, 6, 7, 8]);
    for varied in &outcome.varied {
        let find = |question: &str| {
            let mut effects = varied.effects.iter();
            effects.find(|e| e.metric == Measure::Hhi.as_str() && e.question == question)
        };
        let mut row = vec![varied.at.as_ref().map_or_else(
            || "as it is (base)".to_owned(),
            |at| format!("{} = {}", at.axis, at.level),
        )];
        for question in ["claim", "crossing"] {
            let effect = find(question);
            row.push(percent(effect.and_then(|effect| effect.estimate.value)));
            let difference = effect.and_then(|effect| effect.difference);
            let difference = difference.filter(|_| varied.at.is_some());
            row.push(difference.map_or_else(missing, |d| format!("{:+.1}", 100.0 * d.mean)));
            row.push(percent(difference.and_then(|d| d.standard_error())));
        }
        for question in ["mining_at_end", "ai_at_end"] {
            let value = find(question).and_then(|effect| effect.estimate.value);
            row.push(value.map_or_else(missing, |value| number(1e4 * value, 0)));
        }
        table.add_row(row);
    }
    format!(
        "\n{}\n(HHI: 0 to 10,000, means; differences and their standard errors in points, from the same replicas)\n",
        tidy(&table)
    )
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(missing, |value| number(100.0 * value, 1))
}

fn missing() -> String {
    "-".into()
}
