//! What is swept: everything on which the results hang.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::design::{Point, Points, count};
use crate::record::{Quantity, quantities};
use crate::scenario::{
    Axis, Design, Problem, RandomNumbers, Refused, Scenario, Source, TypedAxes, Until, Warning,
    axes_of, did_you_mean, parse_scenario, printable, warnings,
};

/// A sweep that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// It breaks a rule: the rule, and on the next line what to do.
    #[error("{0}")]
    Invalid(String),
    /// An axis or a point breaks a rule of the scenario.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What is asked for beside what the scenario's `[sweep]` says, and in place of it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// More axes.
    pub axes: TypedAxes,
    /// The design.
    pub design: Option<Design>,
    /// Points of a design that is drawn.
    pub points: Option<u32>,
    /// Replicas of a point.
    pub replicas: Option<u32>,
    /// When there are enough.
    pub until: Option<Until>,
    /// What luck the points meet.
    pub random_numbers: Option<RandomNumbers>,
    /// Quantities in the results.
    pub metrics: Vec<String>,
    /// Dates in the results.
    pub dates: Vec<String>,
}

/// A sweep, ready to be computed anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the program.
    pub version: String,
    /// Version of the model.
    pub model_version: u32,
    /// The scenario at which all points begin.
    pub scenario: Source,
    /// Its seed.
    pub seed: u64,
    /// What is varied.
    pub axes: Vec<Axis>,
    /// How.
    pub design: Design,
    /// Number of points.
    pub points: u32,
    /// Replicas of a point, or of its first batch.
    pub replicas: u32,
    /// When there are enough, if that is not said beforehand.
    pub until: Option<Until>,
    /// What luck the points meet.
    pub random_numbers: RandomNumbers,
    /// Quantities in the results; all, if there are none.
    pub metrics: Vec<String>,
    /// Dates in the results; the last, if there are none.
    pub dates: Vec<String>,
}

/// What a check of the points found.
#[derive(Debug)]
pub struct Checked {
    /// Points that were checked.
    pub checked: u32,
    /// Those at which the scenario breaks a rule.
    pub broken: u32,
    /// The first of them, with what is wrong there.
    pub first: Option<(Point, String)>,
    /// The scenario at the first point at which it breaks none.
    pub sound: Option<Scenario>,
    /// Keys that are varied and have no effect there, with the reason.
    pub idle: Vec<Warning>,
}

/// Points that are checked before anything runs; more are checked at even distances.
const CHECKED: u32 = 10_000;

impl Plan {
    /// Makes a plan of a scenario and what is asked for.
    ///
    /// # Errors
    /// [`SweepError`] with the rule that is broken and what to do.
    pub fn new(scenario: &Scenario, request: &Request) -> Result<Self, SweepError> {
        let own = &scenario.sweep;
        let axes = axes_of(scenario, &request.axes)?;
        if axes.is_empty() {
            return Err(SweepError::Invalid(
                "there is nothing to vary\nadd --axis KEY=VALUES, for example --axis regions.us.power.usd_per_mwh=40:120:5, or [[sweep.axes]] to the scenario".into(),
            ));
        }
        let design = request.design.unwrap_or(own.design);
        // A design that lists its points has no use for the number that another one was to draw.
        let drawn = request.points.or(own
            .points
            .filter(|_| request.design.is_none() || design.is_drawn()));
        let points = count(&axes, design, drawn)?;
        let list =
            |asked: &[String], own: &[String]| if asked.is_empty() { own } else { asked }.to_vec();
        let plan = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model_version: crate::MODEL_VERSION,
            scenario: scenario.source.clone(),
            seed: scenario.seed,
            axes,
            design,
            points,
            replicas: request
                .replicas
                .or(own.replicas)
                .unwrap_or(scenario.replicas),
            until: request.until.clone().or_else(|| own.until.clone()),
            random_numbers: request.random_numbers.unwrap_or(own.random_numbers),
            metrics: list(&request.metrics, &own.metrics),
            dates: list(&request.dates, &own.dates),
        };
        plan.check_results(scenario)?;
        Ok(plan)
    }

    /// Most replicas of a point.
    #[must_use]
    pub fn most_replicas(&self) -> u32 {
        self.until
            .as_ref()
            .map_or(self.replicas, |until| until.most)
    }

    /// SHA-256 over everything on which the results hang.
    #[must_use]
    pub fn digest(&self) -> String {
        // A plan is plain data: it can always be written.
        let text = serde_json::to_string(self).unwrap_or_default();
        crate::units::hexadecimal(&Sha256::digest(text.as_bytes()))
    }

    /// Whether there are as many points as the axes make: a plan that somebody changed may say otherwise.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let drawn = |levers: u32| self.points / levers.max(1);
        let levers = count(
            &self
                .axes
                .iter()
                .filter(|axis| axis.role == crate::scenario::Role::Lever)
                .cloned()
                .collect::<Vec<_>>(),
            Design::Factorial,
            None,
        );
        let Ok(levers) = levers else { return false };
        let points = self.design.is_drawn().then(|| drawn(levers));
        count(&self.axes, self.design, points).is_ok_and(|points| points == self.points)
    }

    /// The scenario at a point.
    ///
    /// # Errors
    /// [`Refused`] if it breaks a rule there.
    pub fn scenario_at(&self, point: &Point) -> Result<Scenario, Refused> {
        let source = &self.scenario;
        let mut changes = source.overrides.clone();
        changes.extend(point.changes.iter().cloned());
        let mut scenario = parse_scenario(&source.file, &source.text, &changes, &source.inputs)?;
        scenario.seed = point.seed;
        // What it may come to: memory has to be there for them.
        scenario.replicas = self.most_replicas();
        scenario.record_only = self.days_of(&scenario);
        Ok(scenario)
    }

    /// Checks the scenario at the points: at all of them, or at ten thousand spread over them.
    #[must_use]
    pub fn check_points(&self) -> Checked {
        let points = Points::new(self);
        let checked = self.points.min(CHECKED);
        let number =
            |index: u32| (u64::from(index) * u64::from(self.points) / u64::from(checked)) as u32;
        let broken: Vec<u32> = (0..checked)
            .into_par_iter()
            .map(number)
            .filter(|number| self.scenario_at(&points.at(*number)).is_err())
            .collect();
        let sound = (0..checked).map(number).find(|n| !broken.contains(n));
        let sound = sound.and_then(|number| self.scenario_at(&points.at(number)).ok());
        let varied: Vec<&str> = self.axes.iter().flat_map(Axis::keys).collect();
        let idle = sound.iter().flat_map(warnings);
        let idle = idle.filter(|warning| varied.contains(&warning.key.as_str()));
        Checked {
            checked,
            broken: broken.len() as u32,
            first: broken.first().and_then(|number| {
                let point = points.at(*number);
                let refused = self.scenario_at(&point).err()?;
                Some((point, in_a_line(&refused.problems)))
            }),
            idle: idle.collect(),
            sound,
        }
    }

    /// Days of `scenario` on which results are wanted.
    fn days_of(&self, scenario: &Scenario) -> Vec<u32> {
        let recorded = scenario.record_days();
        let mut days: Vec<u32> = Vec::new();
        let last = recorded.last().copied();
        if self.dates.is_empty() {
            days.extend(last);
        }
        for date in &self.dates {
            match date.as_str() {
                "all" => days.extend(&recorded),
                "first" => days.extend(recorded.first()),
                "last" => days.extend(last),
                date => days.extend(day_of(scenario, date)),
            }
        }
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Places among `quantities` of those that are wanted.
    #[must_use]
    pub fn selected(&self, quantities: &[Quantity]) -> Vec<usize> {
        let wanted = |quantity: &Quantity| {
            self.metrics.is_empty() || self.metrics.iter().any(|pattern| quantity.fits(pattern))
        };
        let all = quantities.iter().enumerate();
        all.filter(|(_, quantity)| wanted(quantity))
            .map(|(index, _)| index)
            .collect()
    }

    /// Whether what is wanted in the results is there.
    fn check_results(&self, scenario: &Scenario) -> Result<(), SweepError> {
        let wrong = |text: String| Err(SweepError::Invalid(text));
        if self.replicas == 0 {
            return wrong("replicas = 0: a point needs at least one".into());
        }
        let known = quantities(scenario);
        let until = self.until.as_ref().map(|until| &until.metric);
        for pattern in self.metrics.iter().chain(until) {
            if known.iter().any(|quantity| quantity.fits(pattern)) {
                continue;
            }
            let mut names: Vec<String> = known.iter().map(path_of).collect();
            names.extend(known.iter().map(|quantity| quantity.metric.clone()));
            let next = did_you_mean(pattern, names.iter().map(String::as_str)).map_or_else(
                || "write LEVEL/NAME/METRIC, as in region/us/share; `hashdrift run` writes all of them".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            return wrong(format!(
                "nothing that is recorded is called `{}`\n{next}",
                printable(pattern)
            ));
        }
        if let Some(until) = &self.until {
            let fitting = known.iter().filter(|q| q.fits(&until.metric)).count();
            if fitting > 1 {
                return wrong(format!(
                    "`{}` is {fitting} quantities, and one has to say when there are enough replicas\nname it as LEVEL/NAME/METRIC, as in region/us/share",
                    printable(&until.metric)
                ));
            }
            if !(until.se > 0.0 && until.se.is_finite()) {
                return wrong(format!(
                    "a standard error of {} cannot be reached\ngive one above 0",
                    until.se
                ));
            }
            if self.replicas < 2 || until.most < self.replicas {
                return wrong(format!(
                    "a first batch of {} replicas, and {} at most\nthe first batch needs at least 2, and the most no fewer",
                    self.replicas, until.most
                ));
            }
        }
        for date in &self.dates {
            let known = ["first", "last", "all"].contains(&date.as_str());
            if !known && day_of(scenario, date).is_none() {
                return wrong(format!(
                    "`{}`, asked for as a date of the results, is none\nin `--date` and in `dates` of [sweep], write first, last, all, or a day from {} to {}",
                    printable(date),
                    scenario.start,
                    scenario.date(scenario.days - 1)
                ));
            }
        }
        Ok(())
    }
}

/// The simulated day of a date such as `2027-01-01`; `None` if it is none.
fn day_of(scenario: &Scenario, date: &str) -> Option<u32> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let days = scenario.start.until(date).ok()?.get_days();
    u32::try_from(days).ok().filter(|day| *day < scenario.days)
}

/// `LEVEL/NAME/METRIC`.
fn path_of(quantity: &Quantity) -> String {
    format!(
        "{}/{}/{}",
        quantity.level.as_str(),
        quantity.name,
        quantity.metric
    )
}

/// The one quantity that a metric of [`Until`] names.
#[must_use]
pub fn place_of(metric: &str, quantities: &[Quantity]) -> Option<usize> {
    quantities.iter().position(|quantity| quantity.fits(metric))
}

/// The problems of a point as a sentence for a table.
#[must_use]
pub fn in_a_line(problems: &[Problem]) -> String {
    let each = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.key, problem.rule));
    each.collect::<Vec<_>>().join("; ")
}
