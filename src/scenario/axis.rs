//! The axes of a sweep: from `regions.us.power.usd_per_mwh=40:120:5` to levels, each with the keys that it sets.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::document::Document;
use super::key_path::{Key, find_keys};
use super::load::base_of;
use super::problem::{Place, Problem, Refused, list, printable};
use super::raw::{Changes, SweepAxis, Values};
use super::{Role, Scenario};

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
        Document::parse(&source.text, base_of(source), &source.overrides).map_err(refuse)?;
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

/// Splits a text at a character that stands in no quotes, brackets or braces.
fn outside(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) => {
                if character == open {
                    quote = None;
                }
            }
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth -= 1,
            (None, _) if character == at && depth == 0 => {
                parts.push(&text[start..place]);
                start = place + character.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(&text[start..]);
    parts
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
pub const RESERVED: [&str; 26] = [
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

/// What is said of one key, or of several that take the same value.
enum Part {
    Listed(Vec<Level>),
    Between(Vec<Span>),
}

/// Parts that move together make one axis.
fn together(parts: Vec<(&String, Part)>) -> Result<Levels, (String, Wrong)> {
    let mut listed: Vec<Level> = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    let count = parts.len();
    for (index, (key, part)) in parts.into_iter().enumerate() {
        match part {
            Part::Listed(levels) if index == 0 => listed = levels,
            Part::Listed(levels) if spans.is_empty() && levels.len() == listed.len() => {
                for (all, more) in listed.iter_mut().zip(levels) {
                    all.changes.extend(more.changes);
                }
            }
            Part::Listed(levels) if spans.is_empty() => {
                let rule = format!(
                    "{} values, where the first key of the axis has {}",
                    levels.len(),
                    listed.len()
                );
                return Err((
                    key.clone(),
                    (
                        rule,
                        "keys that move together need as many values each".into(),
                    ),
                ));
            }
            Part::Between(more) if listed.is_empty() => spans.extend(more),
            _ => {
                let rule = "bounds and lists cannot move together".into();
                return Err((
                    key.clone(),
                    (rule, "give all keys bounds, or all lists".into()),
                ));
            }
        }
    }
    debug_assert!(count > 0);
    Ok(if spans.is_empty() {
        Levels::Listed(listed)
    } else {
        Levels::Between(spans)
    })
}

/// Most levels of one axis.
const MOST_LEVELS: usize = 100_000;

impl Part {
    fn of(keys: &[Key], values: &Values) -> Result<Self, Wrong> {
        let part = match values {
            Values::Text(text) => Self::parse(keys, text)?,
            Values::List(values) => {
                let levels = values.iter().map(|value| level_of_text(keys, &value.0));
                Self::Listed(levels.collect::<Result<_, _>>()?)
            }
        };
        match &part {
            Self::Listed(levels) if levels.is_empty() => {
                Err(("there are no values".into(), GRAMMAR.into()))
            }
            Self::Listed(levels) => check_count(levels.len() as f64).map(|()| part),
            Self::Between(_) => Ok(part),
        }
    }

    fn parse(keys: &[Key], text: &str) -> Result<Self, Wrong> {
        for (name, logarithmic) in [
            ("linspace", false),
            ("logspace", true),
            ("uniform", false),
            ("loguniform", true),
        ] {
            let Some(arguments) = text
                .strip_prefix(name)
                .and_then(|rest| rest.trim().strip_prefix('(')?.strip_suffix(')'))
            else {
                continue;
            };
            let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
            return match (name.ends_with("space"), &arguments[..]) {
                (true, [low, high, count]) => {
                    let bounds = Bounds::of(keys, low, high, logarithmic)?;
                    let count: usize = count.parse().map_err(|_| {
                        (
                            format!("`{}` is not a number of values", printable(count)),
                            GRAMMAR.into(),
                        )
                    })?;
                    bounds.spaced(keys, count)
                }
                (false, [low, high]) => Bounds::of(keys, low, high, logarithmic)?.between(keys),
                _ => Err((
                    format!("`{}` cannot be read", printable(text)),
                    GRAMMAR.into(),
                )),
            };
        }
        if let Some((low, high)) = text.split_once("..")
            && (keys.iter().all(|key| key.numeric) || number(low.trim()).is_some())
            && !text.contains(',')
        {
            return Bounds::of(keys, low.trim(), high.trim(), false)?.between(keys);
        }
        if let [low, high, step] = text.split(':').map(str::trim).collect::<Vec<_>>()[..]
            && number(low).is_some()
        {
            return stepped(keys, low, high, step);
        }
        let values = split_list(text);
        let levels = values.iter().map(|value| level_of_text(keys, value));
        Ok(Self::Listed(levels.collect::<Result<_, _>>()?))
    }
}

/// Whether an axis may have so many levels.
fn check_count(levels: f64) -> Result<(), Wrong> {
    if levels <= MOST_LEVELS as f64 {
        return Ok(());
    }
    Err((
        format!("there are {levels} values"),
        format!("an axis has at most {MOST_LEVELS}; take larger steps"),
    ))
}

/// How values are written.
const GRAMMAR: &str = "write 40:120:5, 40,60,80, linspace(40,120,17), logspace(1,100,5), 40..120 (uniform), loguniform(1,100), or the same with factors: x0.5,x1,x2";

/// A number, and whether it is a factor (`x0.5`).
fn number(text: &str) -> Option<(f64, bool)> {
    let (digits, relative) = match text.strip_prefix('x') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let plain = digits.replace('_', "");
    let starts = plain.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let value: f64 = plain.parse().ok().filter(|_| starts)?;
    value.is_finite().then_some((value, relative))
}

fn needed(text: &str) -> Result<(f64, bool), Wrong> {
    number(text).ok_or_else(|| {
        (
            format!("`{}` is not a number", printable(text)),
            GRAMMAR.into(),
        )
    })
}

/// Two bounds.
struct Bounds {
    low: f64,
    high: f64,
    relative: bool,
    logarithmic: bool,
}

impl Bounds {
    fn of(keys: &[Key], low: &str, high: &str, logarithmic: bool) -> Result<Self, Wrong> {
        let ((low, one), (high, other)) = (needed(low)?, needed(high)?);
        if one != other {
            return Err((
                "one bound is a factor and the other is not".into(),
                "write x before both, or before none".into(),
            ));
        }
        if low > high || (logarithmic && low <= 0.0) {
            return Err((
                format!("there is nothing from {low} to {high}"),
                "put the lower bound first; for logs it has to be above 0".into(),
            ));
        }
        if one {
            bases(keys)?;
        }
        Ok(Self {
            low,
            high,
            relative: one,
            logarithmic,
        })
    }

    fn spans(&self, keys: &[Key]) -> Vec<Span> {
        keys.iter()
            .map(|key| Span {
                key: key.path.clone(),
                whole: key.whole,
                base: key.number.filter(|_| self.relative),
                low: self.low,
                high: self.high,
                logarithmic: self.logarithmic,
            })
            .collect()
    }

    fn between(&self, keys: &[Key]) -> Result<Part, Wrong> {
        if self.low == self.high {
            return Err((
                "the two bounds are the same".into(),
                "give the one value, or two bounds".into(),
            ));
        }
        Ok(Part::Between(self.spans(keys)))
    }

    fn spaced(&self, keys: &[Key], count: usize) -> Result<Part, Wrong> {
        if count == 0 {
            return Err(("there are no values".into(), GRAMMAR.into()));
        }
        check_count(count as f64)?;
        let levels = Levels::Between(self.spans(keys));
        let last = (count - 1).max(1) as f64;
        let mut levels: Vec<Level> = (0..count)
            .map(|index| levels.at(index as f64 / last))
            .collect();
        // Whole numbers close together are the same.
        levels.dedup_by(|one, other| one.changes == other.changes);
        Ok(Part::Listed(levels))
    }
}

/// `LOW:HIGH:STEP`, the end included if a step meets it.
fn stepped(keys: &[Key], low: &str, high: &str, step: &str) -> Result<Part, Wrong> {
    /// A step that misses the end by rounding meets it.
    const ROUNDING: f64 = 1e-9;
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, after)| after.len());
    let exponent = [low, step].iter().any(|text| text.contains(['e', 'E']));
    let places = decimals(low).max(decimals(step));
    let ((from, relative), (to, other), (step, another)) =
        (needed(low)?, needed(high)?, needed(step)?);
    if relative != other || relative != another {
        return Err((
            "some of the three numbers are factors and some are not".into(),
            "write x before all three, or before none".into(),
        ));
    }
    if relative {
        bases(keys)?;
    }
    let count = libm::floor((to - from) / step + ROUNDING) + 1.0;
    if !(count >= 1.0 && step > 0.0) {
        return Err((
            format!("there is nothing from {from} to {to} in steps of {step}"),
            "put the lower bound first, and a step above 0".into(),
        ));
    }
    check_count(count)?;
    let levels = (0..count as usize).map(|index| {
        let value = from + index as f64 * step;
        // 0.1 + 2 * 0.1 is 0.3 to whoever wrote it.
        let value = if exponent {
            value
        } else {
            format!("{value:.places$}").parse().unwrap_or(value)
        };
        level_of_number(keys, value, relative)
    });
    Ok(Part::Listed(levels.collect()))
}

/// Numbers that factors are taken of.
fn bases(keys: &[Key]) -> Result<(), Wrong> {
    let zero = keys.iter().find(|key| key.number == Some(0.0));
    if let Some(key) = zero {
        return Err((
            format!(
                "`{}` is 0, and so is every part of it",
                printable(&key.path)
            ),
            "write values instead of factors".into(),
        ));
    }
    match keys.iter().find(|key| key.number.is_none()) {
        None => Ok(()),
        Some(key) => Err((
            format!(
                "`{}` holds no number to take a part of",
                printable(&key.path)
            ),
            "write values instead of factors, or give the key a number".into(),
        )),
    }
}

/// One `KEY=VALUE` for a number.
fn change(key: &str, whole: bool, base: Option<f64>, value: f64) -> String {
    let value = base.map_or(value, |base| base * value);
    if whole {
        format!("{key}={:.0}", libm::round(value))
    } else {
        format!("{key}={value:?}")
    }
}

fn level_of_number(keys: &[Key], value: f64, relative: bool) -> Level {
    let changes = keys.iter().map(|key| {
        let base = key.number.filter(|_| relative);
        change(&key.path, key.whole, base, value)
    });
    Level {
        label: Label::Number(value),
        changes: changes.collect(),
    }
}

/// A value as it is written: a factor, a number, or any other TOML.
fn level_of_text(keys: &[Key], text: &str) -> Result<Level, Wrong> {
    let text = text.trim();
    if text.is_empty() {
        return Err(("a value is missing".into(), GRAMMAR.into()));
    }
    let infinite = ["inf", "+inf"].contains(&text);
    if keys.iter().all(|key| key.numeric) && number(text).is_none() && !infinite {
        return Err((
            format!("`{}` is not a number", printable(text)),
            GRAMMAR.into(),
        ));
    }
    let label = match number(text) {
        Some((value, true)) => {
            bases(keys)?;
            return Ok(level_of_number(keys, value, true));
        }
        Some((value, false)) => Label::Number(value),
        None => match DeValue::parse(text) {
            Ok(value) => Label::Text(
                value
                    .get_ref()
                    .as_str()
                    .map_or_else(|| text.to_owned(), str::to_owned),
            ),
            Err(_) => Label::Text(text.to_owned()),
        },
    };
    Ok(Level {
        label,
        changes: keys
            .iter()
            .map(|key| format!("{}={text}", key.path))
            .collect(),
    })
}

/// The entries of `1, 2` or `{...}, {...}` or `open, closed`.
fn split_list(text: &str) -> Vec<String> {
    let bracketed = format!("[{text}]");
    let parsed = DeValue::parse(&bracketed);
    let array = parsed
        .as_ref()
        .ok()
        .and_then(|value| value.get_ref().as_array());
    match array {
        Some(array) => array
            .iter()
            .map(|entry| bracketed[entry.span()].to_owned())
            .collect(),
        // Bare words.
        None => outside(text, ',')
            .into_iter()
            .map(|word| word.trim().to_owned())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn axes(typed: &[&str]) -> Result<Vec<Axis>, Refused> {
        let text = include_str!("../../scenarios/three-regions.toml");
        let scenario = parse_scenario("three", text, &[], &[]).unwrap();
        axes_of(
            &scenario,
            &TypedAxes {
                uncertainties: typed.iter().map(|text| (*text).to_owned()).collect(),
                levers: Vec::new(),
            },
        )
    }

    fn labels(values: &str) -> Vec<Label> {
        let typed = format!("regions.us.power.usd_per_mwh={values}");
        match &axes(&[&typed]).unwrap()[0].levels {
            Levels::Listed(levels) => levels.iter().map(|level| level.label.clone()).collect(),
            Levels::Between(_) => panic!("these are bounds: {values}"),
        }
    }

    fn numbers(values: &str) -> Vec<f64> {
        let number = |label| match label {
            Label::Number(number) => number,
            Label::Text(text) => panic!("{text} is no number"),
        };
        labels(values).into_iter().map(number).collect()
    }

    #[test]
    fn numbers_are_written_in_every_usual_way() {
        assert_eq!(numbers("40:120:20"), [40.0, 60.0, 80.0, 100.0, 120.0]);
        assert_eq!(numbers("40:130:20"), [40.0, 60.0, 80.0, 100.0, 120.0]);
        assert_eq!(numbers("0.1:0.5:0.1"), [0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(numbers("40, 45.5, 1_000"), [40.0, 45.5, 1000.0]);
        assert_eq!(numbers("linspace(40,120,3)"), [40.0, 80.0, 120.0]);
        assert_eq!(numbers("linspace(40,120,1)"), [40.0]);
        let logs = numbers("logspace(1, 100, 3)");
        assert!(logs[0] == 1.0 && (logs[1] - 10.0).abs() < 1e-12 && logs[2] == 100.0);
        assert_eq!(numbers("x0.5:x1.5:x0.5"), [0.5, 1.0, 1.5]);
    }

    #[test]
    fn factors_are_taken_of_what_the_scenario_says() {
        let found = axes(&["regions.*.power.usd_per_mwh=x0.5,x2"]).unwrap();
        let Levels::Listed(levels) = &found[0].levels else {
            panic!("they are listed")
        };
        let text = include_str!("../../scenarios/three-regions.toml");
        let scenario = parse_scenario("three", text, &levels[1].changes, &[]).unwrap();
        let base = parse_scenario("three", text, &[], &[]).unwrap();
        for (changed, region) in scenario.regions.iter().zip(&base.regions) {
            // The price of Ethiopia is a tariff with steps, and no number.
            let factor = if region.id == "ethiopia" { 1.0 } else { 2.0 };
            assert_eq!(changed.power.base.get(), factor * region.power.base.get());
        }
    }

    #[test]
    fn keys_move_together_and_whole_numbers_stay_whole() {
        let found = axes(&[
            "regions.us.power.usd_per_mwh=50,60; regions.paraguay.power.usd_per_mwh=30,20",
            "moving.review_days=x0.5..x1.1",
        ])
        .unwrap();
        let Levels::Listed(levels) = &found[0].levels else {
            panic!("they are listed")
        };
        assert_eq!(
            levels[1].changes,
            [
                "regions.us.power.usd_per_mwh=60",
                "regions.paraguay.power.usd_per_mwh=20"
            ]
        );
        let level = found[1].levels.at(0.5);
        assert_eq!(level.changes, ["moving.review_days=24"]);
        assert_eq!(level.label, Label::Number(0.8));
    }

    #[test]
    fn words_and_tables_are_levels_too() {
        let found = axes(&[
            "bitcoin.hash_is=running,nameplate",
            "bitcoin.price={ model = \"gbm\", usd = 1e5, volatility = 0.1 }, { model = \"gbm\", usd = 5e4, volatility = 0.1 }",
        ])
        .unwrap();
        let level = found[0].levels.at(0.9);
        assert_eq!(level.label, Label::Text("nameplate".into()));
        assert_eq!(
            found[1].levels.at(0.0).changes,
            ["bitcoin.price={ model = \"gbm\", usd = 1e5, volatility = 0.1 }"]
        );
    }

    #[test]
    fn whole_numbers_are_labelled_as_they_are_and_come_once() {
        let found = axes(&["moving.review_days=linspace(1,3,5)"]).unwrap();
        let Levels::Listed(levels) = &found[0].levels else {
            panic!("they are listed")
        };
        let labels: Vec<&Label> = levels.iter().map(|level| &level.label).collect();
        assert_eq!(
            labels,
            [
                &Label::Number(1.0),
                &Label::Number(2.0),
                &Label::Number(3.0)
            ]
        );
        let drawn = axes(&["firms.count=20..60"]).unwrap();
        let level = drawn[0].levels.at(0.749);
        assert_eq!(level.label, Label::Number(50.0));
        assert_eq!(level.changes, ["firms.count=50"]);
    }

    #[test]
    fn text_with_separators_stays_whole() {
        let found =
            axes(&["regions.us.name=\"a;b\",\"c,d\",\"../e\"; moving.breakage=0,0.1,0.2"]).unwrap();
        let level = found[0].levels.at(0.0);
        assert_eq!(level.label, Label::Text("a;b".into()));
        assert_eq!(found[0].levels.at(0.99).label, Label::Text("../e".into()));
    }

    #[test]
    fn a_key_is_on_one_axis_and_a_column_has_one_name() {
        let wrong = |typed: &[&str]| axes(typed).unwrap_err().problems[0].rule.clone();
        let us = "regions.us.power.usd_per_mwh=40,50";
        for other in [
            "regions.us.power.usd_per_mwh=60",
            "regions.*.power.usd_per_mwh=60",
            "regions.us.power={ usd_per_mwh = 33.0 }",
        ] {
            let rule = wrong(&[us, other]);
            assert!(
                rule.starts_with("`regions.us.power.usd_per_mwh` sets `regions.")
                    && rule.ends_with("or a part of it, as well"),
                "{rule}"
            );
        }
        let text = include_str!("../../scenarios/three-regions.toml");
        let text = format!(
            "{text}\n[[sweep.axes]]\nname = \"p05_se\"\nset = {{ \"moving.breakage\" = [0.0, 0.1] }}\n[[sweep.axes]]\nname = \"prices\"\nset = {{ \"regions.*.power.usd_per_mwh\" = [40, 50] }}\n"
        );
        let scenario = parse_scenario("three", &text, &[], &[]).unwrap();
        let refused = axes_of(&scenario, &TypedAxes::default()).unwrap_err();
        assert_eq!(
            refused.problems[0].rule,
            "an axis cannot be called `p05_se`"
        );
        // Those typed take the place of the scenario's that set one of their keys, under whatever name.
        let typed = TypedAxes {
            uncertainties: vec!["moving.breakage=0.2".into(), us.into()],
            levers: Vec::new(),
        };
        let text = text.replace("p05_se", "broken");
        let scenario = parse_scenario("three", &text, &[], &[]).unwrap();
        let names: Vec<String> = axes_of(&scenario, &typed)
            .unwrap()
            .into_iter()
            .map(|axis| axis.name)
            .collect();
        assert_eq!(names, ["moving.breakage", "regions.us.power.usd_per_mwh"]);
    }

    #[test]
    fn what_is_wrong_with_an_axis_is_said_with_the_next_step() {
        let wrong = |typed: &str| {
            let refused = axes(&[typed]).unwrap_err();
            let problem = &refused.problems[0];
            format!("{}: {}: {}", problem.place, problem.rule, problem.next)
        };
        assert_eq!(
            wrong("regions.us.powr.usd_per_mwh=40"),
            "--axis regions.us.powr.usd_per_mwh=40: unknown key `regions.us.powr`: did you mean `regions.us.power`?"
        );
        assert_eq!(
            wrong("regions.us.power.usd_per_mwh"),
            "--axis regions.us.power.usd_per_mwh: an axis has the form KEY=VALUES: for example --axis regions.us.power.usd_per_mwh=40:120:5"
        );
        assert_eq!(
            wrong("seed=1,2"),
            "--axis seed=1,2: `seed` cannot be varied: name a key of the world: prices, rates, capacities, events"
        );
        assert_eq!(
            wrong("regions.us.power.usd_per_mwh=40:20:5"),
            "--axis regions.us.power.usd_per_mwh=40:20:5: there is nothing from 40 to 20 in steps of 5: put the lower bound first, and a step above 0"
        );
        assert_eq!(
            wrong("regions.us.power.usd_per_mwh=40..x2"),
            "--axis regions.us.power.usd_per_mwh=40..x2: one bound is a factor and the other is not: write x before both, or before none"
        );
        assert_eq!(
            wrong("growth.hurdle=x0.5,x2"),
            "--axis growth.hurdle=x0.5,x2: `growth.hurdle` holds no number to take a part of: write values instead of factors, or give the key a number"
        );
        assert_eq!(
            wrong("regions.us.tax=x0.5,x2"),
            "--axis regions.us.tax=x0.5,x2: `regions.us.tax` is 0, and so is every part of it: write values instead of factors"
        );
        assert_eq!(
            wrong("regions.us.power.usd_per_mwh=40:120"),
            format!(
                "--axis regions.us.power.usd_per_mwh=40:120: `40:120` is not a number: {GRAMMAR}"
            )
        );
        assert_eq!(
            wrong("regions.us.size=1,2; regions.paraguay.size=1,2,3"),
            "--axis regions.us.size=1,2; regions.paraguay.size=1,2,3: 3 values, where the first key of the axis has 2: keys that move together need as many values each"
        );
    }
}
