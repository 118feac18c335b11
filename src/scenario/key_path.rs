//! Which keys of a scenario a typed path names: `regions.us.power.usd_per_mwh`, or `regions.*.size` for every region.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, join};
use super::problem::{did_you_mean, list, printable};
use super::shape::{SCHEMA, branches, kind, number_of};

/// A key that a scenario has, or could have.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its path, without `*`.
    pub path: String,
    /// Whether its values are whole numbers.
    pub whole: bool,
    /// Whether they are numbers, and nothing else.
    pub numeric: bool,
    /// The number that it holds, or would by default.
    pub number: Option<f64>,
}

/// Why a path names no key: the rule, and what to do next.
type NoKey = (String, String);

/// Where a walk along a path has come to.
#[derive(Clone)]
struct Place<'a, 'i> {
    path: String,
    /// What the file may say here: one schema, or several that `model` or the like tells apart.
    schemas: Vec<&'a Value>,
    /// What it says.
    value: Option<&'a DeValue<'i>>,
}

/// The keys that `typed` names.
///
/// A key that is left out is found too; an id or a position in a list that is not there is not. `*` stands for all ids or positions
/// whose key is in the file.
///
/// # Errors
/// What is wrong with the path, with the name that may have been meant.
pub fn find_keys(document: &Document<'_>, typed: &str) -> Result<Vec<Key>, NoKey> {
    let root = DeValue::Table(document.root.get_ref().clone());
    let mut places = vec![Place {
        path: String::new(),
        schemas: vec![&*SCHEMA],
        value: Some(&root),
    }];
    let any = typed.split('.').any(|segment| segment == "*");
    for segment in typed.split('.') {
        let mut next = Vec::new();
        let mut problem = None;
        for place in &places {
            match place.step(segment) {
                Ok(found) => next.extend(found),
                Err(no_key) => problem = problem.or(Some(no_key)),
            }
        }
        // A key that some of the places behind a `*` have is found.
        match problem {
            Some(no_key) if next.is_empty() => return Err(no_key),
            _ => places = next,
        }
    }
    if any {
        places.retain(|place| place.value.is_some());
    }
    if places.is_empty() {
        return Err((
            format!("nothing in the scenario is named by `{}`", printable(typed)),
            "write the key where it is to be varied, or name the ids one by one".into(),
        ));
    }
    Ok(places.into_iter().map(Place::key).collect())
}

impl<'a, 'i> Place<'a, 'i> {
    fn step(&self, segment: &str) -> Result<Vec<Place<'a, 'i>>, NoKey> {
        let shown = printable(&self.path);
        let mut named = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut free = Vec::new();
        let mut items = Vec::new();
        for schema in &self.schemas {
            if let Some(properties) = schema["properties"].as_object() {
                named.extend(properties.get(segment).map(alternatives));
                names.extend(properties.keys().map(String::as_str));
            }
            if schema["additionalProperties"].is_object() && schema["x-paths"] != true {
                free.extend(alternatives(&schema["additionalProperties"]));
            }
            if kind(schema) == "array" {
                items.extend(alternatives(&schema["items"]));
            }
        }
        let table = self.value.and_then(DeValue::as_table);
        if !named.is_empty() {
            return Ok(vec![self.below(
                segment,
                named.concat(),
                table.and_then(|table| entry(table, segment)),
            )]);
        }
        if !free.is_empty() {
            let present: Vec<(&str, &DeValue<'_>)> = table
                .into_iter()
                .flatten()
                .map(|(id, value)| (id.get_ref().as_ref(), value.get_ref()))
                .collect();
            if segment == "*" {
                let all = present.iter();
                return Ok(all
                    .map(|(id, value)| self.below(id, free.clone(), Some(value)))
                    .collect());
            }
            if let Some((id, value)) = present.iter().find(|(id, _)| *id == segment) {
                return Ok(vec![self.below(id, free, Some(value))]);
            }
            let ids: Vec<&str> = present.iter().map(|(id, _)| *id).collect();
            let next = did_you_mean(segment, ids.iter().copied()).map_or_else(
                || format!("there are {}", list(&ids)),
                |id| format!("did you mean `{}`?", join(&self.path, id)),
            );
            return Err((format!("`{shown}` has no `{}`", printable(segment)), next));
        }
        if !items.is_empty() {
            let array = self.value.and_then(DeValue::as_array);
            let entries: Vec<&DeValue<'_>> =
                array.into_iter().flatten().map(Spanned::get_ref).collect();
            if segment == "*" {
                let all = entries.iter().enumerate();
                return Ok(all
                    .map(|(index, value)| {
                        self.below(&index.to_string(), items.clone(), Some(value))
                    })
                    .collect());
            }
            let found = segment.parse().ok().and_then(|n: usize| entries.get(n));
            return match found {
                Some(value) => Ok(vec![self.below(segment, items, Some(value))]),
                None => Err((
                    format!("`{shown}` has no entry `{}`", printable(segment)),
                    format!(
                        "the list has {} entries; the first is number 0",
                        entries.len()
                    ),
                )),
            };
        }
        if names.is_empty() {
            return Err((
                format!("`{shown}` is a value and has no keys"),
                format!("name `{shown}` itself"),
            ));
        }
        names.sort_unstable();
        names.dedup();
        let next = did_you_mean(segment, names.iter().copied()).map_or_else(
            || format!("the keys here are {}", list(&names)),
            |name| format!("did you mean `{}`?", join(&self.path, name)),
        );
        let unknown = printable(&join(&self.path, segment));
        Err((format!("unknown key `{unknown}`"), next))
    }

    fn below(
        &self,
        segment: &str,
        schemas: Vec<&'a Value>,
        value: Option<&'a DeValue<'i>>,
    ) -> Self {
        Self {
            path: join(&self.path, segment),
            schemas,
            value,
        }
    }

    fn key(self) -> Key {
        let default = || {
            self.schemas
                .iter()
                .find_map(|schema| schema["default"].as_f64())
        };
        Key {
            numeric: self
                .schemas
                .iter()
                .any(|schema| ["integer", "number"].contains(&kind(schema))),
            whole: self.schemas.iter().any(|schema| kind(schema) == "integer"),
            number: match self.value {
                Some(value) => number_of(value),
                None => default(),
            },
            path: self.path,
        }
    }
}

/// A schema, or those that it chooses from, each with the default that is stated beside them.
fn alternatives(schema: &Value) -> Vec<&Value> {
    let mut all = vec![schema];
    all.extend(branches(schema));
    all
}

fn entry<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeValue<'i>> {
    table.get(key).map(Spanned::get_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(typed: &str) -> Result<Vec<Key>, NoKey> {
        let text = include_str!("../../scenarios/three-regions.toml");
        let Ok(document) = Document::parse(text, &[], &[]) else {
            panic!("the shipped scenario is TOML");
        };
        find_keys(&document, typed)
    }

    #[test]
    fn a_key_is_found_with_its_number_or_its_default() {
        let price = &find("regions.us.power.usd_per_mwh").unwrap()[0];
        assert!(price.number.is_some() && !price.whole);
        let review = &find("moving.review_days").unwrap()[0];
        assert!(review.whole && review.number == Some(30.0));
        // Left out, and with a default.
        let memory = &find("expectations.spot_memory").unwrap()[0];
        assert_eq!(memory.number, Some(0.0));
    }

    #[test]
    fn a_star_stands_for_every_id_that_has_the_key() {
        let keys = find("regions.*.power.usd_per_mwh").unwrap();
        let paths: Vec<&str> = keys.iter().map(|key| key.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "regions.us.power.usd_per_mwh",
                "regions.paraguay.power.usd_per_mwh"
            ]
        );
        // Ethiopia's price is a tariff with steps.
        assert_eq!(find("regions.*.share").unwrap().len(), 3);
    }

    #[test]
    fn a_path_that_does_not_exist_is_answered_with_the_one_that_was_meant() {
        let wrong = |typed: &str| {
            let (rule, next) = find(typed).unwrap_err();
            format!("{rule}: {next}")
        };
        assert_eq!(
            wrong("regions.us.powr.usd_per_mwh"),
            "unknown key `regions.us.powr`: did you mean `regions.us.power`?"
        );
        assert_eq!(
            wrong("regions.usa.power.usd_per_mwh"),
            "`regions` has no `usa`: did you mean `regions.us`?"
        );
        assert_eq!(
            wrong("events.3.size"),
            "`events` has no entry `3`: the list has 0 entries; the first is number 0"
        );
        assert_eq!(
            wrong("days.more"),
            "`days` is a value and has no keys: name `days` itself"
        );
    }
}
