//! `hashdrift calibrate`: parameters fitted to episodes of the past, and tried on those that were left out.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use hashdrift::backtest::backtest;
use hashdrift::calibration::{CalibrationError, Episode, Evaluation, Fit, Plan, fit, loss, polish};
use hashdrift::ensemble::EnsembleError;
use hashdrift::output::{
    JOURNAL_FILE, Journal, OutputError, Trial, digest_text, estimates_table, left_out_table,
    left_out_values_table, pairs_table, posterior_table, table_json, write_csv, write_text,
};
use hashdrift::report::backtest_picture;
use hashdrift::scenario::{LoadError, load_scenario};
use hashdrift::units::number;
use serde_json::json;

use super::backtest::blocks;
use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::progress::ReplicaProgress;
use super::text_table::{new_table, tidy};
use super::{Common, Interrupted, InvalidUse, warn};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The plan of the calibration (TOML): episodes, parameters, priors
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Points of the design [default: the plan's]
    #[arg(long, value_name = "N")]
    points: Option<u32>,
    /// Replicas of each episode at a point [default: the plan's]
    #[arg(long, value_name = "N")]
    replicas: Option<u32>,
    /// Replicas with which an episode that was left out is tried
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..))]
    trial_replicas: u32,
    /// Folder for the tables; if it exists, a numbered one beside it [default: results/calibration]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on in the folder of a calibration that was interrupted, or add points to one that was not
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    resume: Option<PathBuf>,
    /// Print the results as JSON instead of tables
    #[arg(long)]
    json: bool,
}

const FILES: [&str; 6] = [
    JOURNAL_FILE,
    "parameters.csv",
    "pairs.csv",
    "posterior.csv",
    "left-out.csv",
    "left-out-values.csv",
];

pub fn calibrate(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let (plan, digest) = load_plan(arguments)?;
    let folder = FolderInCare::default();
    let stop = stop_on_interrupt(&folder, Interrupt::InOrder);
    let (episodes, digest) = load_episodes(arguments, &plan, digest, &stop)?;
    // A point that breaks a rule is found now, not after an hour.
    for point in plan.design() {
        for episode in &episodes {
            episode.at(&plan, &point).map_err(|error| {
                InvalidUse(format!(
                    "{}: {error}\nnarrow its prior",
                    arguments.plan.display()
                ))
            })?;
        }
    }
    let path = if let Some(path) = &arguments.resume {
        if !path.join(JOURNAL_FILE).exists() {
            return Err(InvalidUse(format!(
                "there is no calibration in {}\n--resume names the folder of one; without it a new one begins",
                path.display()
            ))
            .into());
        }
        path.clone()
    } else {
        let wanted = arguments.out.clone();
        folder.make(
            &wanted.unwrap_or_else(|| "results/calibration".into()),
            false,
        )?
    };
    let journal = Journal::open(&path, &digest)?;
    // What has been simulated is kept, however this ends.
    folder.keep(&FILES);
    let simulated = RefCell::new(Simulated {
        plan: &plan,
        episodes: &episodes,
        journal,
        stop: &stop,
    });
    let outcome = study(arguments, common, &simulated);
    if stop.load(Ordering::Relaxed) {
        return Err(Interrupted(format!(
            "the points simulated so far are in {}; go on with --resume {}",
            path.join(JOURNAL_FILE).display(),
            path.display()
        ))
        .into());
    }
    let Study { fits, tried } = outcome?;
    let tables = [
        estimates_table(&plan, &episodes, &fits),
        pairs_table(&plan, &episodes, &fits),
        posterior_table(&plan, &fits[0].accepted),
        left_out_table(&tried),
        left_out_values_table(&tried),
    ];
    for (table, file) in tables.iter().zip(&FILES[1..]) {
        write_csv(table, &path.join(file))?;
    }
    let mut figures = Vec::new();
    for trial in &tried {
        let figure = path.join(format!("left-out-{}.svg", trial.episode));
        write_text(&backtest_picture(&trial.scenario, &trial.scores)?, &figure)?;
        figures.push(figure);
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        let [parameters, pairs, posterior, left_out, values] = tables.each_ref().map(table_json);
        let text = json!({
            "plan": plan.name, "digest": digest, "points": plan.points, "replicas": plan.replicas,
            "parameters": parameters, "pairs": pairs, "posterior": posterior, "left_out": left_out,
            "left_out_values": values,
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    write!(out, "{}", text(&plan, &episodes, &fits, &tried))?;
    if !common.quiet {
        for file in FILES {
            writeln!(out, "{}", path.join(file).display())?;
        }
        for figure in figures {
            writeln!(out, "{}", figure.display())?;
        }
    }
    Ok(())
}

/// The plan, with what the command line changes, and the digest of its text.
fn load_plan(arguments: &Arguments) -> anyhow::Result<(Plan, String)> {
    let text = std::fs::read_to_string(&arguments.plan).map_err(|source| LoadError::Io {
        path: arguments.plan.clone(),
        source,
    })?;
    let invalid = |text: String| InvalidUse(format!("{}: {text}", arguments.plan.display()));
    let mut plan: Plan = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    // More points go on from fewer, and the rest does not bear on what is simulated at one.
    let fitted: Vec<(&String, &Vec<String>)> = plan
        .parameters
        .iter()
        .map(|parameter| (&parameter.key, &parameter.except))
        .collect();
    plan.points = arguments.points.unwrap_or(plan.points);
    plan.replicas = arguments.replicas.unwrap_or(plan.replicas);
    plan.check().map_err(|error| invalid(error.to_string()))?;
    let what = format!(
        "{} {} {:?} {}",
        hashdrift::MODEL_VERSION,
        env!("CARGO_PKG_VERSION"),
        fitted,
        plan.replicas
    );
    Ok((plan, what))
}

/// The episodes, and the digest of everything on which the scores of a point hang.
fn load_episodes(
    arguments: &Arguments,
    plan: &Plan,
    what: String,
    stop: &AtomicBool,
) -> anyhow::Result<(Vec<Episode>, String)> {
    let below = arguments.plan.parent().unwrap_or(Path::new(""));
    let mut episodes = Vec::new();
    let mut digested = what;
    let changes = [
        format!("replicas={}", plan.replicas),
        format!("seed={}", plan.seed),
    ];
    for file in &plan.episodes {
        let mut scenario = load_scenario(&below.join(file), &changes)?;
        let _ = write!(digested, " {}", scenario.source.digest());
        // Nothing is recorded beyond the first day: what is measured is measured day by day.
        scenario.record_every_days = scenario.days;
        let name = Path::new(file)
            .file_stem()
            .map_or(file.clone(), |stem| stem.to_string_lossy().into_owned());
        episodes.push(Episode::new(&name, scenario, stop)?);
    }
    for parameter in &plan.parameters {
        if let Some(other) = parameter
            .except
            .iter()
            .find(|name| episodes.iter().all(|episode| episode.name != **name))
        {
            return Err(InvalidUse(format!(
                "{}: `{}` is not fitted in `{other}`, which is no episode\nnames are those of the files without their ending",
                arguments.plan.display(),
                parameter.key
            ))
            .into());
        }
        let mut having = episodes
            .iter()
            .filter(|episode| episode.scenario.clone().number(&parameter.key).is_ok());
        if having.next().is_none() {
            return Err(InvalidUse(format!(
                "{}: no episode has a number `{}` that can be fitted\ndocs/model.md lists the keys that can",
                arguments.plan.display(),
                parameter.key
            ))
            .into());
        }
    }
    Ok((episodes, digest_text(&digested)))
}

/// Simulates points, or takes them from the journal.
struct Simulated<'a> {
    plan: &'a Plan,
    episodes: &'a [Episode],
    journal: Journal,
    stop: &'a AtomicBool,
}

/// A point could not be simulated or not written down.
#[derive(Debug, thiserror::Error)]
enum StudyError {
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Simulated<'_> {
    fn at(&mut self, point: &[f64]) -> Result<Evaluation, StudyError> {
        if let Some(known) = self.journal.find(point) {
            return Ok(known.clone());
        }
        let scores = self
            .episodes
            .iter()
            .map(|episode| episode.scores_at(self.plan, point, self.stop));
        let evaluation = Evaluation {
            point: point.to_vec(),
            scores: scores.collect::<Result<_, _>>()?,
        };
        self.journal.add(&evaluation)?;
        Ok(evaluation)
    }
}

/// What comes out of a calibration: the fit to everything, then those without one episode each, and these tried.
struct Study {
    fits: Vec<Fit>,
    tried: Vec<Trial>,
}

fn study(
    arguments: &Arguments,
    common: &Common,
    simulated: &RefCell<Simulated<'_>>,
) -> anyhow::Result<Study> {
    let (plan, episodes, known, stop) = {
        let simulated = simulated.borrow();
        (
            simulated.plan,
            simulated.episodes,
            simulated.journal.known(),
            simulated.stop,
        )
    };
    if known > 0 && !common.quiet {
        anstream::eprintln!("{known} points are there already");
    }
    let progress = ReplicaProgress::of("points", plan.points, common.quiet);
    let mut evaluations = Vec::new();
    for point in plan.design() {
        evaluations.push(simulated.borrow_mut().at(&point)?);
        hashdrift::ensemble::Progress::replica_done(&progress);
    }
    progress.finish();
    let first = fit(plan, episodes, &evaluations, None);
    if first.accepted.is_empty() {
        return Err(InvalidUse(format!(
            "{}: at no point can all episodes be simulated\nnarrow the priors",
            arguments.plan.display()
        ))
        .into());
    }
    let mut failed = None;
    let more = polish(
        plan,
        &first.accepted,
        &mut |point| match simulated.borrow_mut().at(point) {
            Ok(evaluation) => Ok(evaluation),
            Err(StudyError::Calibration(error)) => Err(error),
            Err(StudyError::Output(error)) => {
                failed = Some(error);
                Err(EnsembleError::Interrupted.into())
            }
        },
        &|evaluation| loss(episodes, evaluation, None),
    );
    if let Some(error) = failed {
        return Err(error.into());
    }
    // The search is for one set of episodes: its points say where the lowest loss is, and are no sample of anything.
    let searched = more?;
    let mut fits = vec![first];
    let lowest = searched
        .iter()
        .map(|evaluation| (loss(episodes, evaluation, None), &evaluation.point))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((loss, point)) = lowest.filter(|(loss, _)| *loss < fits[0].losses[0]) {
        fits[0].take_as_best(loss, point);
    }
    let mut tried = Vec::new();
    if episodes.len() > 1 {
        let trials = u32::try_from(episodes.len()).unwrap_or(u32::MAX);
        let progress = ReplicaProgress::of(
            "replicas",
            trials.saturating_mul(arguments.trial_replicas),
            common.quiet,
        );
        for (index, episode) in episodes.iter().enumerate() {
            let without = fit(plan, episodes, &evaluations, Some(index));
            if without.accepted.is_empty() {
                warn(&format!(
                    "without {} there is nothing left to fit to",
                    episode.name
                ));
                continue;
            }
            let mut scenario = episode.under(plan, &without.accepted);
            scenario.replicas = arguments.trial_replicas;
            if let Some(observed) = &scenario.observed {
                match backtest(&scenario, observed, stop, &progress) {
                    Ok(scores) => tried.push(Trial {
                        episode: episode.name.clone(),
                        scenario,
                        scores,
                    }),
                    Err(EnsembleError::Engine(error)) => {
                        warn(&format!("{} could not be tried: {error}", episode.name));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            fits.push(without);
        }
        progress.finish();
    }
    Ok(Study { fits, tried })
}

fn text(plan: &Plan, episodes: &[Episode], fits: &[Fit], tried: &[Trial]) -> String {
    let mut text = String::new();
    let all = &fits[0];
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: {} points, {} replicas of each episode, {} points accepted; loss {} at best, {} at the worst accepted, {} at the median\nof the design (1: as good as the forecast that everything stays as it is)\n",
        plan.name,
        plan.points,
        plan.replicas,
        all.accepted.len(),
        number(all.losses[0], 3),
        number(all.losses[all.losses.len() - 1], 3),
        number(all.median_loss, 3),
    );
    let titles = [
        "parameter",
        "best",
        "median",
        "[5 %, 95 %]",
        "before",
        "width",
        "without one episode",
    ];
    let mut table = new_table(&titles, &[1, 2, 5]);
    for (index, (parameter, estimate)) in plan.parameters.iter().zip(&all.estimates).enumerate() {
        let prior = parameter.prior;
        let medians = fits[1..]
            .iter()
            .map(|fit| short(fit.estimates[index].median));
        table.add_row([
            parameter.key.clone(),
            short(estimate.best),
            short(estimate.median),
            format!("[{}, {}]", short(estimate.low), short(estimate.high)),
            format!(
                "[{}, {}]",
                short(prior.quantile(0.05)),
                short(prior.quantile(0.95))
            ),
            format!(
                "{}{}",
                number(estimate.width, 2),
                if estimate.is_identified() { "" } else { " *" }
            ),
            medians.collect::<Vec<_>>().join(" "),
        ]);
    }
    let _ = writeln!(text, "{}\n", tidy(&table));
    text.push_str("width: that of the accepted band over that of the prior, by the prior's weight; * the episodes hardly narrow it down\n\n");
    for pair in &all.pairs {
        let _ = writeln!(
            text,
            "told together, not apart: {} and {} (rank correlation {})",
            plan.parameters[pair.first].key,
            plan.parameters[pair.second].key,
            number(pair.correlation, 2)
        );
    }
    if all.pairs.is_empty() {
        text.push_str("no pair of parameters goes together more than chance would have it\n");
    }
    for Trial {
        episode: name,
        scores,
        ..
    } in tried
    {
        let span = episodes
            .iter()
            .find(|episode| episode.name == *name)
            .map(Episode::span);
        let (first, last) = span.unwrap_or_default();
        let _ = writeln!(
            text,
            "\n{name}, fitted without it and without what others measured from {first} to {last}\n"
        );
        let all: Vec<_> = scores
            .blocks
            .iter()
            .filter(|block| block.horizon.is_none())
            .cloned()
            .collect();
        text.push_str(&blocks(&all));
    }
    text.push('\n');
    text
}

/// Three significant digits.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = [(100.0, 0), (10.0, 1), (1.0, 2), (0.1, 3), (0.01, 4)];
    let decimals = decimals.iter().find(|(from, _)| magnitude >= *from);
    number(value, decimals.map_or(5, |(_, decimals)| *decimals))
}
