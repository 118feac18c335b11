//! What is swept, as it is typed.

use std::path::Path;

use clap::{Args, ValueEnum};
use hashdrift::ensemble::{EnsembleError, memory_needed};
use hashdrift::scenario::{
    Axis, Design, Label, Levels, RandomNumbers, TypedAxes, Until, load_scenario,
};
use hashdrift::sweep::{Checked, Plan, Request};

use super::super::{Common, InvalidUse, ScenarioArguments, warn};

/// What is swept.
#[derive(Debug, Args)]
pub struct Definition {
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

impl Definition {
    /// The plan, and what a check of its points found.
    pub fn plan(
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
                .map(|(axis, label)| format!("{} = {}", axis.name, label))
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
    for input in inputs_of_levels(&plan.axes, &plan.scenario.overrides, file) {
        if !plan.scenario.inputs.contains(&input) {
            plan.scenario.inputs.push(input);
        }
    }
}

/// Files that a scenario names at some level of these axes, with their text.
pub fn inputs_of_levels(axes: &[Axis], overrides: &[String], file: &Path) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for axis in axes {
        let Levels::Listed(levels) = &axis.levels else {
            continue;
        };
        // Numbers name no file, and standard input has been read.
        let words = levels
            .iter()
            .filter(|level| matches!(level.label, Label::Text(_)));
        for level in words.filter(|_| file.as_os_str() != "-") {
            let mut changes = overrides.to_vec();
            changes.extend(level.changes.iter().cloned());
            // What is wrong with a level is said where the points are checked.
            if let Ok(scenario) = load_scenario(file, &changes) {
                for input in scenario.source.inputs {
                    if !found.contains(&input) {
                        found.push(input);
                    }
                }
            }
        }
    }
    found
}

/// `METRIC=SE`.
fn parse_until(text: &str) -> Result<(String, f64), String> {
    let parsed = text
        .rsplit_once('=')
        .and_then(|(metric, se)| Some((metric.trim().to_owned(), se.trim().parse().ok()?)));
    parsed.ok_or_else(|| "write METRIC=SE, as in region/us/share=0.005".into())
}
