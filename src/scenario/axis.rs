//! The axes of a sweep: from `regions.us.power.usd_per_mwh=40:120:5` to levels, each with the keys that it sets.

#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::key_path::{Key, find_keys};
use super::load::bases_of;
use super::problem::{Place, Problem, Refused, list, printable};
use super::raw::{Changes, SweepAxis, Values};
use super::{Role, Scenario};
use values::{Part, change, outside, together};

/// One thing that a sweep varies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Name of its column.
    pub name: String,
    /// Whether somebody chooses it, or nobody knows it.
    pub role: Role,
    /// What it may be.
    pub levels: Levels,
}

/// What an axis may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Levels {
    /// One of these.
    Listed(Vec<Level>),
    /// Anything between two bounds, for designs that are drawn: a span for each key, all at the same part of it.
    Between(Vec<Span>),
}

/// A level of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// What stands in its column.
    pub label: Label,
    /// What it changes, `KEY=VALUE`.
    pub changes: Vec<String>,
}

/// What stands in the column of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// A number; of a relative axis, the factor.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Six digits tell levels apart.
            Self::Number(number) if *number != 0.0 && number.abs() < 1e-5 => {
                write!(f, "{number:e}")
            }
            Self::Number(number) => {
                let text = format!("{number:.6}");
                f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
            }
            Self::Text(text) => f.write_str(&printable(text)),
        }
    }
}

/// Bounds of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The key.
    pub key: String,
    /// Whether its values are whole numbers.
    pub whole: bool,
    /// What the bounds are factors on, if they are.
    pub base: Option<f64>,
    /// Lowest.
    pub low: f64,
    /// Highest.
    pub high: f64,
    /// Whether it is the log that is spread evenly.
    pub logarithmic: bool,
}

impl Span {
    /// The level at a part `u` of the way, and what it changes.
    fn at(&self, u: f64) -> (f64, String) {
        let value = if self.logarithmic {
            self.low * libm::exp(u * libm::log(self.high / self.low))
        } else {
            self.low + u * (self.high - self.low)
        };
        // Rounding must not leave the bounds.
        let value = value.clamp(self.low, self.high);
        let value = if self.whole && self.base.is_none() {
            libm::round(value)
        } else {
            value
        };
        (value, change(&self.key, self.whole, self.base, value))
    }
}

impl Axis {
    /// The keys that it sets.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<&str> {
        match &self.levels {
            Levels::Listed(levels) => levels
                .iter()
                .flat_map(|level| &level.changes)
                .filter_map(|change| Some(change.split_once('=')?.0))
                .collect(),
            Levels::Between(spans) => spans.iter().map(|span| span.key.as_str()).collect(),
        }
    }

    /// A key that both this and another axis set, or of which one sets a part.
    fn overlap<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let inside = |inner: &str, outer: &str| {
            inner == outer
                || inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        let (own, others) = (self.keys(), other.keys());
        own.iter().copied().find(|key| {
            others
                .iter()
                .any(|other| inside(key, other) || inside(other, key))
        })
    }
}

impl Levels {
    /// The level at a part `u` of the way between the bounds, `0 <= u < 1`; of those listed, the one in whose equal share `u` lies.
    #[must_use]
    pub fn at(&self, u: f64) -> Level {
        match self {
            Self::Listed(levels) => {
                let index = (u * levels.len() as f64) as usize;
                levels[index.min(levels.len() - 1)].clone()
            }
            Self::Between(spans) => {
                let (values, changes): (Vec<f64>, Vec<String>) =
                    spans.iter().map(|span| span.at(u)).unzip();
                Level {
                    label: Label::Number(values[0]),
                    changes,
                }
            }
        }
    }
}

/// Axes typed on a command line, `KEY=VALUES`; several keys that move together are separated by `;`, several that take the same
/// value by `+`.
#[derive(Debug, Clone, Default)]
pub struct TypedAxes {
    /// Of what is uncertain.
    pub uncertainties: Vec<String>,
    /// Of what somebody chooses.
    pub levers: Vec<String>,
}

/// An axis that is to be looked at.
struct Wanted {
    axis: SweepAxis,
    /// Where it was written, for a key of its own or as a whole.
    place: Box<dyn Fn(&str) -> Place>,
    /// Whether it was typed, and takes the place of what the scenario says.
    typed: bool,
}

/// The axes of a sweep of `scenario`: its own, and those typed, which take the place of those that set one of their keys.
///
/// # Errors
/// [`Refused`] with everything that is wrong with them.
pub fn axes_of(scenario: &Scenario, typed: &TypedAxes) -> Result<Vec<Axis>, Refused> {
    let refuse = |mut problems: Vec<Problem>| {
        problems.sort();
        Refused {
            file: scenario.source.file.clone(),
            problems,
        }
    };
    let source = &scenario.source;
    let document =
        Document::parse(&source.text, &bases_of(source), &source.overrides).map_err(refuse)?;
    let mut problems = Vec::new();
    let mut wanted: Vec<Wanted> = Vec::new();
    for (index, axis) in scenario.sweep.axes.iter().enumerate() {
        let places: Vec<(String, Place)> = axis
            .set
            .0
            .keys()
            .map(|key| {
                let path = format!("sweep.axes.{index}.set.{key}");
                (key.clone(), document.place_of_value(&path))
            })
            .collect();
        let whole = document.place_of_value(&format!("sweep.axes.{index}"));
        wanted.push(Wanted {
            axis: axis.clone(),
            place: Box::new(move |key| {
                let own = places.iter().find(|(other, _)| other == key);
                own.map_or_else(|| whole.clone(), |(_, place)| place.clone())
            }),
            typed: false,
        });
    }
    let uncertainties = typed.uncertainties.iter();
    let levers = typed.levers.iter();
    for (text, role) in uncertainties
        .map(|text| (text, Role::Uncertainty))
        .chain(levers.map(|text| (text, Role::Lever)))
    {
        let flag = match role {
            Role::Uncertainty => "--axis",
            Role::Lever => "--lever",
        };
        let place = Place::Axis(format!("{flag} {text}"));
        match parse_typed(text, role) {
            Ok(axis) => wanted.push(Wanted {
                axis,
                place: Box::new(move |_| place.clone()),
                typed: true,
            }),
            Err((rule, next)) => problems.push(Problem {
                place,
                key: String::new(),
                rule,
                next,
            }),
        }
    }
    let mut found: Vec<(Axis, Place, bool)> = Vec::new();
    for Wanted { axis, place, typed } in &wanted {
        match resolve(&document, axis, place) {
            Ok(axis) => found.push((axis, place(""), *typed)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    let own = found.iter().filter(|(.., typed)| *typed);
    let own: Vec<Axis> = own.map(|(axis, ..)| axis.clone()).collect();
    found.retain(|(axis, _, typed)| *typed || own.iter().all(|own| own.overlap(axis).is_none()));
    for (index, (axis, place, _)) in found.iter().enumerate() {
        let mut problem = |rule: String, next: &str| {
            problems.push(Problem {
                place: place.clone(),
                key: String::new(),
                rule,
                next: next.into(),
            });
        };
        for (other, ..) in &found[..index] {
            if let Some(key) = axis.overlap(other) {
                problem(
                    format!(
                        "`{}` sets `{key}`, or a part of it, as well",
                        printable(&other.name)
                    ),
                    "vary each key on one axis",
                );
            } else if axis.name == other.name {
                problem(
                    format!("there are two axes `{}`", printable(&axis.name)),
                    "give one of them another `name`",
                );
            }
        }
    }
    let axes = found.into_iter().map(|(axis, ..)| axis).collect();
    if problems.is_empty() {
        Ok(axes)
    } else {
        Err(refuse(problems))
    }
}

/// What is wrong, and what to do next.
type Wrong = (String, String);

/// `KEY=VALUES`, `KEY+KEY=VALUES`, `KEY=VALUES; KEY=VALUES`.
fn parse_typed(text: &str, role: Role) -> Result<SweepAxis, Wrong> {
    let mut set = IndexMap::new();
    for part in outside(text, ';') {
        let Some((keys, values)) = part.split_once('=') else {
            return Err((
                "an axis has the form KEY=VALUES".into(),
                "for example --axis regions.us.power.usd_per_mwh=40:120:5".into(),
            ));
        };
        for key in keys.split('+') {
            let key = key.trim().to_owned();
            if set
                .insert(key, Values::Text(values.trim().to_owned()))
                .is_some()
            {
                return Err(("a key is set twice".into(), "name each key once".into()));
            }
        }
    }
    Ok(SweepAxis {
        name: None,
        role,
        set: Changes(set),
        cases: super::raw::Cases::default(),
    })
}

/// Keys that say what a scenario is, or that a sweep sets itself.
const OWN: [&str; 6] = [
    "name",
    "description",
    "extends",
    "replicas",
    "seed",
    "sweep",
];

fn resolve(
    document: &Document<'_>,
    axis: &SweepAxis,
    place: &dyn Fn(&str) -> Place,
) -> Result<Axis, Vec<Problem>> {
    let problem = |key: &str, (rule, next): Wrong| Problem {
        place: place(key),
        key: key.to_owned(),
        rule,
        next,
    };
    let find = |key: &str| -> Result<Vec<Key>, Wrong> {
        let first = key.split('.').next().unwrap_or(key);
        if OWN.contains(&first) {
            return Err((
                format!("`{first}` cannot be varied"),
                "name a key of the world: prices, rates, capacities, events".into(),
            ));
        }
        find_keys(document, key)
    };
    let cases = &axis.cases.0;
    if axis.set.0.is_empty() == cases.is_empty() {
        let rule = "an axis has either `set` or `cases`".into();
        return Err(vec![problem("", (rule, "give one of the two".into()))]);
    }
    let mut problems = Vec::new();
    let levels = if cases.is_empty() {
        let mut parts = Vec::new();
        for (key, values) in &axis.set.0 {
            let part = find(key).and_then(|keys| Part::of(&keys, values));
            match part {
                Ok(part) => parts.push((key, part)),
                Err(wrong) => problems.push(problem(key, wrong)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        together(parts).map_err(|(key, wrong)| vec![problem(&key, wrong)])?
    } else {
        let mut levels = Vec::new();
        for (name, changes) in cases {
            let mut level = Level {
                label: Label::Text(name.clone()),
                changes: Vec::new(),
            };
            for (key, value) in &changes.0 {
                match find(key) {
                    Ok(keys) => level
                        .changes
                        .extend(keys.iter().map(|key| format!("{}={}", key.path, value.0))),
                    Err(wrong) => problems.push(problem(key, wrong)),
                }
            }
            levels.push(level);
        }
        Levels::Listed(levels)
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let first = axis.set.0.keys().next();
    let name = match (&axis.name, first) {
        (Some(name), _) => name.clone(),
        (None, Some(key)) => key.clone(),
        (None, None) => {
            let rule = "cases need a `name` for their column".into();
            return Err(vec![problem("", (rule, "add name = ...".into()))]);
        }
    };
    if RESERVED.contains(&name.as_str())
        || name.trim().is_empty()
        || name.chars().any(char::is_control)
    {
        let rule = format!("an axis cannot be called `{}`", printable(&name));
        let next = format!(
            "the results have columns {}; choose another `name`",
            list(&RESERVED)
        );
        return Err(vec![problem("", (rule, next))]);
    }
    if axis.role == Role::Lever && matches!(levels, Levels::Between(_)) {
        let rule = "the levels of a lever are chosen, and not drawn".into();
        return Err(vec![problem("", (rule, "list them".into()))]);
    }
    Ok(Axis {
        name,
        role: axis.role,
        levels,
    })
}

/// Columns of the results that are not axes.
const RESERVED: [&str; 26] = [
    "point",
    "date",
    "day",
    "level",
    "name",
    "metric",
    "unit",
    "replicas",
    "mean",
    "se",
    "sd",
    "p05",
    "p05_se",
    "p25",
    "p25_se",
    "p50",
    "p50_se",
    "p75",
    "p75_se",
    "p95",
    "p95_se",
    "dark_replicas",
    "status",
    "error",
    "seed",
    "changes",
];
