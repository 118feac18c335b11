//! How the values of an axis are written: `40:120:5`, `linspace(40,120,17)`, `x0.5..x2`, words and tables.

use toml::de::DeValue;

use super::super::key_path::Key;
use super::super::problem::printable;
use super::super::raw::Values;
use super::{Label, Level, Levels, Span, Wrong};

/// What is said of one key, or of several that take the same value.
pub enum Part {
    Listed(Vec<Level>),
    Between(Vec<Span>),
}

/// Parts that move together make one axis.
pub fn together(parts: Vec<(&String, Part)>) -> Result<Levels, (String, Wrong)> {
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
    pub fn of(keys: &[Key], values: &Values) -> Result<Self, Wrong> {
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
pub const GRAMMAR: &str = "write 40:120:5, 40,60,80, linspace(40,120,17), logspace(1,100,5), 40..120 (uniform), loguniform(1,100), or the same with factors: x0.5,x1,x2";

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
pub fn change(key: &str, whole: bool, base: Option<f64>, value: f64) -> String {
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

/// Splits a text at a character that stands in no quotes, brackets or braces.
pub fn outside(text: &str, at: char) -> Vec<&str> {
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
