//! Does every key exist, have the right type and lie in its range?
//!
//! Walks the document along the JSON Schema that is derived from [`RawScenario`](super::raw::RawScenario),
//! so that a new key needs no code here.

use serde_json::{Map, Value};
use std::sync::LazyLock;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, join, kind_name};
use super::problem::{Problem, did_you_mean, list, printable};
use super::raw::RawScenario;

/// The JSON Schema of a scenario file, without references.
pub static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<RawScenario>();
    schema.insert("title".into(), "hashdrift scenario".into());
    schema.to_value()
});

/// Every key that is unknown, missing, of the wrong type or out of its range.
#[must_use]
pub fn check_shape(document: &Document<'_>) -> Vec<Problem> {
    let mut walk = Walk {
        document,
        problems: Vec::new(),
    };
    walk.table(&SCHEMA, document.root.get_ref(), "");
    walk.problems
}

struct Walk<'a, 'i> {
    document: &'a Document<'i>,
    problems: Vec<Problem>,
}

impl Walk<'_, '_> {
    fn at_value(&mut self, key: &str, rule: impl Into<String>, next: impl Into<String>) {
        self.problems.push(Problem {
            place: self.document.place_of_value(key),
            key: key.to_owned(),
            rule: rule.into(),
            next: next.into(),
        });
    }

    fn value(&mut self, schema: &Value, value: &Spanned<DeValue<'_>>, path: &str) {
        let branches = branches(schema);
        if let Some(names) = text_choices(schema, &branches) {
            self.choice(&names, value, path);
        } else if branches.iter().any(|branch| tag_of(branch).is_some()) {
            self.tagged(&branches, value, path);
        } else {
            let schema = branches.first().copied().unwrap_or(schema);
            self.plain(schema, value, path);
        }
    }

    /// One of several tables, told apart by a key such as `model`.
    fn tagged(&mut self, branches: &[&Value], value: &Spanned<DeValue<'_>>, path: &str) {
        let Some(tag) = branches.iter().find_map(|branch| tag_of(branch)) else {
            return;
        };
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type("a table", value, path);
        };
        let names: Vec<&str> = branches.iter().filter_map(|b| tag_value(b, tag)).collect();
        let Some(chosen) = get(table, tag) else {
            return self.at_value(
                path,
                format!("the key `{tag}` is missing"),
                format!("set {tag} to one of {}", list(&names)),
            );
        };
        let name = chosen.get_ref().as_str();
        match branches
            .iter()
            .find(|branch| name.is_some() && tag_value(branch, tag) == name)
        {
            Some(branch) => self.table(branch, table, path),
            None => self.choice(&names, chosen, &join(path, tag)),
        }
    }

    fn choice(&mut self, names: &[&str], value: &Spanned<DeValue<'_>>, path: &str) {
        match value.get_ref().as_str() {
            None => self.wrong_type("text", value, path),
            Some(text) if names.contains(&text) => {}
            Some(text) => {
                let rule = format!("`{}` is not one of {}", printable(text), list(names));
                let next = did_you_mean(text, names.iter().copied()).map_or_else(
                    || "choose one of these".into(),
                    |name| format!("did you mean `{name}`?"),
                );
                self.at_value(path, rule, next);
            }
        }
    }

    fn plain(&mut self, schema: &Value, value: &Spanned<DeValue<'_>>, path: &str) {
        match kind(schema) {
            "object" => match value.get_ref().as_table() {
                Some(table) => self.table(schema, table, path),
                None => self.wrong_type("a table", value, path),
            },
            "array" => match value.get_ref().as_array() {
                Some(array) => {
                    for (index, item) in array.iter().enumerate() {
                        let path = join(path, &index.to_string());
                        self.value(&schema["items"], item, &path);
                    }
                }
                None => self.wrong_type("a list", value, path),
            },
            "boolean" if value.get_ref().as_bool().is_none() => {
                self.wrong_type("true or false", value, path);
            }
            "integer" => match value.get_ref() {
                DeValue::Integer(_) => self.number(schema, value, path),
                DeValue::Float(float) => self.float_for_integer(float.as_str(), value, path),
                _ => self.wrong_type("a whole number", value, path),
            },
            "number" => match value.get_ref() {
                DeValue::Integer(_) | DeValue::Float(_) => self.number(schema, value, path),
                _ => self.wrong_type("a number", value, path),
            },
            "string" if schema["format"] == "date" => self.date(value, path),
            "string" => match value.get_ref().as_str() {
                None => self.wrong_type("text", value, path),
                Some(text) if text.len() > LONGEST_TEXT => self.at_value(
                    path,
                    format!(
                        "the text has {} bytes; at most {LONGEST_TEXT} are read",
                        text.len()
                    ),
                    "shorten it",
                ),
                Some(_) => {}
            },
            _ => {}
        }
    }

    /// `1e2` is a whole number to people, and not to TOML.
    fn float_for_integer(&mut self, text: &str, value: &Spanned<DeValue<'_>>, path: &str) {
        let whole = text
            .replace('_', "")
            .parse::<f64>()
            .ok()
            .filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
        match whole {
            Some(number) => self.at_value(
                path,
                format!("{} is not written as a whole number", printable(text)),
                format!("write {number}"),
            ),
            None => self.wrong_type("a whole number", value, path),
        }
    }

    fn number(&mut self, schema: &Value, value: &Spanned<DeValue<'_>>, path: &str) {
        let shown = shown(value.get_ref());
        let Some(number) = number_of(value.get_ref()) else {
            return self.at_value(
                path,
                format!("{shown} does not fit into a signed 64-bit integer"),
                format!("it must be {}", range_of(schema)),
            );
        };
        let unit = schema["x-unit"]
            .as_str()
            .map_or_else(String::new, |unit| format!(" ({unit})"));
        if number.is_nan() || (number.is_infinite() && schema["x-infinite"] != true) {
            return self.at_value(
                path,
                format!("{shown} is not a finite number"),
                format!("write a number{unit}; {}", range_of(schema)),
            );
        }
        let bound = |key: &str| schema[key].as_f64();
        let out = bound("minimum").is_some_and(|min| number < min)
            || bound("exclusiveMinimum").is_some_and(|min| number <= min)
            || bound("maximum").is_some_and(|max| number > max && number.is_finite());
        if out {
            self.at_value(
                path,
                format!("{shown} is out of range{unit}"),
                format!("it must be {}", range_of(schema)),
            );
        }
    }

    fn date(&mut self, value: &Spanned<DeValue<'_>>, path: &str) {
        let text = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => return self.wrong_type("a date", value, path),
        };
        let is_date = text.len() == 10
            && text
                .parse::<jiff::civil::Date>()
                .is_ok_and(|date| (2009..=2200).contains(&date.year()));
        if !is_date {
            self.at_value(
                path,
                format!(
                    "`{}` is not a day between 2009-01-01 and 2200-12-31",
                    printable(&text)
                ),
                "write year, month and day, as in 2025-10-15",
            );
        }
    }

    fn wrong_type(&mut self, wanted: &str, value: &Spanned<DeValue<'_>>, path: &str) {
        self.at_value(
            path,
            format!(
                "{} is {}; it must be {wanted}",
                shown(value.get_ref()),
                kind_name(value.get_ref())
            ),
            format!("write {wanted}"),
        );
    }

    fn table(&mut self, schema: &Value, table: &DeTable<'_>, path: &str) {
        let empty = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        let free = &schema["additionalProperties"];
        for (key, value) in table {
            let path = join(path, key.get_ref());
            match known.get(key.get_ref().as_ref()) {
                Some(schema) => self.value(schema, value, &path),
                None if free.is_object() => {
                    if schema["x-paths"] != true {
                        self.name(key.get_ref(), &path);
                    }
                    self.value(free, value, &path);
                }
                None => {
                    let names: Vec<&str> = known.keys().map(String::as_str).collect();
                    let next = did_you_mean(key.get_ref(), names.iter().copied()).map_or_else(
                        || format!("the keys here are {}", list(&names)),
                        |name| format!("did you mean `{name}`?"),
                    );
                    self.problems.push(Problem {
                        place: self.document.place_of_key(&path),
                        key: path,
                        rule: "unknown key".into(),
                        next,
                    });
                }
            }
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            let Some(key) = key.as_str() else { continue };
            if get(table, key).is_none() {
                let meaning = known[key]["description"].as_str().unwrap_or_default();
                self.problems.push(Problem {
                    place: self.document.place_of_key(path),
                    key: join(path, key),
                    rule: "this key is missing".into(),
                    next: format!("add it: {}", first_sentence(meaning)),
                });
            }
        }
    }

    /// Ids that the author chooses: they become column values, file names and key paths.
    fn name(&mut self, name: &str, path: &str) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            self.problems.push(Problem {
                place: self.document.place_of_key(path),
                key: path.to_owned(),
                rule: format!("`{}` is not an id", printable(name)),
                next: "use 1 to 40 of a-z, 0-9, - and _; the name for people goes into `name`"
                    .into(),
            });
        }
    }
}

/// Longest text of one key.
const LONGEST_TEXT: usize = 10_000;

/// Alternatives of a schema, without the `null` that stands for a key left out.
pub(super) fn branches(schema: &Value) -> Vec<&Value> {
    ["oneOf", "anyOf"]
        .iter()
        .filter_map(|key| schema[key].as_array())
        .flatten()
        .filter(|branch| branch["type"] != "null")
        .flat_map(|branch| {
            let inner = branches(branch);
            if inner.is_empty() {
                vec![branch]
            } else {
                inner
            }
        })
        .collect()
}

pub(super) fn text_choices<'a>(schema: &'a Value, branches: &[&'a Value]) -> Option<Vec<&'a str>> {
    if let Some(names) = schema["enum"].as_array() {
        return Some(names.iter().filter_map(Value::as_str).collect());
    }
    let names: Vec<&str> = branches
        .iter()
        .filter_map(|b| b["const"].as_str())
        .collect();
    (!names.is_empty() && names.len() == branches.len()).then_some(names)
}

/// The key whose constant tells this alternative from the others.
pub(super) fn tag_of(branch: &Value) -> Option<&str> {
    let properties = branch["properties"].as_object()?;
    properties
        .iter()
        .find(|(_, schema)| schema["const"].is_string())
        .map(|(key, _)| key.as_str())
}

pub(super) fn tag_value<'a>(branch: &'a Value, tag: &str) -> Option<&'a str> {
    branch["properties"][tag]["const"].as_str()
}

pub(super) fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or_default(),
        _ => "",
    }
}

fn get<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    table
        .iter()
        .find(|(name, _)| name.get_ref() == key)
        .map(|(_, value)| value)
}

/// The value of a number; `None` for an integer beyond 64 bits.
pub(super) fn number_of(value: &DeValue<'_>) -> Option<f64> {
    match value {
        // The range check needs no more digits than a double has.
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(|integer| integer as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

pub(super) fn range_of(schema: &Value) -> String {
    let bound = |key: &str| schema[key].as_f64();
    let low = bound("minimum").map(|low| format!("at least {low}"));
    let above = bound("exclusiveMinimum").map(|low| format!("above {low}"));
    let high = bound("maximum").map(|high| format!("at most {}", plain_number(high)));
    let parts: Vec<String> = [low, above, high].into_iter().flatten().collect();
    if parts.is_empty() {
        "finite".into()
    } else {
        parts.join(" and ")
    }
}

fn plain_number(number: f64) -> String {
    if number >= 1e7 {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", printable(text)),
        DeValue::Integer(integer) => printable(&integer.to_string()),
        DeValue::Float(float) => printable(float.as_str()),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(array) => format!("[{} entries]", array.len()),
        DeValue::Table(table) => format!("{{{} keys}}", table.len()),
    }
}

/// The first sentence of a description, for messages of one line.
#[must_use]
pub fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    match text.find(". ") {
        Some(end) => text[..end].to_owned(),
        None => text.trim_end_matches('.').to_owned(),
    }
}
