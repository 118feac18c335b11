//! The keys of a scenario with their units, and what the file says of where each number comes from.

use serde::Serialize;

use crate::scenario::{Source, stated_keys};

/// A key of the scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    /// Its path.
    pub key: String,
    /// Its value, as written.
    pub value: String,
    /// Its unit, if it has one.
    pub unit: Option<String>,
    /// What it means.
    pub meaning: Option<String>,
    /// What the file says of it: its source, or that it is an assumption.
    pub source: String,
}

/// All keys that a scenario states.
#[must_use]
pub fn parameters(source: &Source) -> Vec<Parameter> {
    let docs = crate::scenario::key_docs();
    let stated = stated_keys(source).into_iter();
    stated
        .map(|stated| {
            let doc = docs.iter().find(|doc| doc.matches(&stated.key));
            Parameter {
                unit: doc.and_then(|doc| doc.unit.clone()),
                meaning: doc.map(|doc| doc.meaning.clone()),
                key: stated.key,
                value: stated.value,
                source: stated.comment,
            }
        })
        .collect()
}
