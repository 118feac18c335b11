//! What each key means, read off the schema: for `explain` and for the reference page.

use serde_json::Value;

use super::document::join;
use super::shape::{SCHEMA, branches, kind, range_of, tag_of, tag_value, text_choices};

/// Documentation of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDoc {
    /// Path with `*` for ids and list positions: `regions.*.power.usd_per_mwh`.
    pub path: String,
    /// What it means.
    pub meaning: String,
    /// Type, or the words it may be.
    pub kind: Option<String>,
    /// Unit.
    pub unit: Option<String>,
    /// Range.
    pub range: Option<String>,
    /// Value if it is left out; `None` if it has to be there or has no plain default.
    pub default: Option<String>,
    /// Value that switches the mechanism off.
    pub neutral: Option<String>,
}

impl KeyDoc {
    /// Whether a typed path names this key, ids and list positions standing for `*`.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        let (known, typed): (Vec<&str>, Vec<&str>) =
            (self.path.split('.').collect(), typed.split('.').collect());
        known.len() == typed.len() && fits(&known, &typed)
    }

    /// Whether this key lies inside the table that a typed path names.
    #[must_use]
    pub fn is_inside(&self, typed: &str) -> bool {
        let (known, typed): (Vec<&str>, Vec<&str>) =
            (self.path.split('.').collect(), typed.split('.').collect());
        known.len() > typed.len() && fits(&known, &typed)
    }
}

fn fits(known: &[&str], typed: &[&str]) -> bool {
    known
        .iter()
        .zip(typed)
        .all(|(known, typed)| *known == "*" || known == typed)
}

/// Every key of a scenario file that holds a value, in the order of the schema.
#[must_use]
pub fn key_docs() -> Vec<KeyDoc> {
    let mut docs = Vec::new();
    collect(&SCHEMA, "", &mut docs);
    docs
}

/// Lowest and highest value of the number that a key holds, from its schema; infinite where there is no bound or no such key.
#[must_use]
pub fn range_of_key(key: &str) -> (f64, f64) {
    /// As near to a bound that does not belong to the range as a value needs to be.
    const JUST_ABOVE: f64 = 1e-9;
    let mut schemas = vec![&*SCHEMA];
    for segment in key.split('.') {
        schemas = schemas
            .into_iter()
            .flat_map(|schema| {
                let inner = branches(schema);
                if inner.is_empty() {
                    vec![schema]
                } else {
                    inner
                }
            })
            .filter_map(|schema| {
                let free = [&schema["items"], &schema["additionalProperties"]];
                let named = schema["properties"].get(segment);
                named.or_else(|| free.into_iter().find(|schema| schema.is_object()))
            })
            .collect();
    }
    let bound = |name: &str| schemas.iter().find_map(|schema| schema[name].as_f64());
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + JUST_ABOVE));
    (
        low.unwrap_or(f64::NEG_INFINITY),
        bound("maximum").unwrap_or(f64::INFINITY),
    )
}

fn collect(schema: &Value, path: &str, docs: &mut Vec<KeyDoc>) {
    let branches = branches(schema);
    if let Some(names) = text_choices(schema, &branches) {
        let kind = format!("one of {}", names.join(", "));
        return docs.push(leaf(schema, path, Some(kind)));
    }
    if let Some(tag) = branches.iter().find_map(|branch| tag_of(branch)) {
        let names: Vec<&str> = branches.iter().filter_map(|b| tag_value(b, tag)).collect();
        docs.push(KeyDoc {
            path: join(path, tag),
            meaning: text(schema, "description").unwrap_or_default(),
            kind: Some(format!("one of {}", names.join(", "))),
            unit: None,
            range: None,
            default: None,
            neutral: None,
        });
        for branch in &branches {
            let model = tag_value(branch, tag).unwrap_or_default();
            let from = docs.len();
            properties(branch, path, Some(tag), docs);
            for doc in &mut docs[from..] {
                doc.meaning = format!("With {tag} = \"{model}\": {}", doc.meaning);
            }
        }
        return;
    }
    let inner = branches.first().copied().unwrap_or(schema);
    match kind(inner) {
        "object" if inner["additionalProperties"].is_object() => {
            let free = &inner["additionalProperties"];
            if kind(free) == "object" {
                collect(free, &join(path, "*"), docs);
            } else {
                docs.push(leaf(schema, &join(path, "*"), Some(kind(free).to_owned())));
            }
        }
        "object" => properties(inner, path, None, docs),
        "array" if holds_tables(&inner["items"]) => {
            collect(&inner["items"], &join(path, "*"), docs);
        }
        "array" => docs.push(leaf(schema, path, Some("list".into()))),
        _ => docs.push(leaf(inner, path, None)),
    }
}

/// Whether the entries of a list are tables, of one kind or told apart by a key.
fn holds_tables(items: &Value) -> bool {
    kind(items) == "object"
        || branches(items)
            .iter()
            .any(|branch| tag_of(branch).is_some())
}

fn properties(schema: &Value, path: &str, skip: Option<&str>, docs: &mut Vec<KeyDoc>) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        if Some(key.as_str()) != skip {
            collect(value, &join(path, key), docs);
        }
    }
}

fn leaf(schema: &Value, path: &str, kind_text: Option<String>) -> KeyDoc {
    let is_number = matches!(kind(schema), "number" | "integer");
    KeyDoc {
        path: path.to_owned(),
        meaning: text(schema, "description").unwrap_or_default(),
        kind: kind_text.or_else(|| {
            Some(
                text(schema, "format")
                    .filter(|_| !is_number)
                    .unwrap_or_else(|| kind(schema).into()),
            )
        }),
        unit: text(schema, "x-unit"),
        range: is_number.then(|| range_of(schema)),
        default: text(schema, "default").filter(|default| default != "null"),
        neutral: text(schema, "x-neutral"),
    }
}

fn text(schema: &Value, key: &str) -> Option<String> {
    match &schema[key] {
        Value::Null => None,
        Value::String(text) => Some(text.replace('\n', " ")),
        other => Some(other.to_string()),
    }
}
