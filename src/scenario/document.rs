//! The text of a scenario as a tree whose every key knows where it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, printable};

/// Largest scenario file read: a hundred times a usual one, so that a wrong file name fails fast.
pub const MAX_BYTES: usize = 1 << 20;

/// A parsed scenario with overrides applied. Borrows the texts that it was parsed from.
pub struct Document<'i> {
    /// The tree.
    pub root: Spanned<DeTable<'i>>,
    /// Places of the key and of the value, by key path.
    places: BTreeMap<String, (Place, Place)>,
}

impl<'i> Document<'i> {
    /// Parses `text` and applies `overrides` (`KEY=VALUE`, later ones win).
    ///
    /// # Errors
    /// Every syntax error of the text, or every override that cannot be applied.
    pub fn parse(text: &'i str, overrides: &'i [String]) -> Result<Self, Vec<Problem>> {
        let lines = Lines::of(text);
        // A byte order mark is not part of the text; spans count from behind it.
        let (mark, body) = match text.strip_prefix('\u{feff}') {
            Some(body) => (text.len() - body.len(), body),
            None => (0, text),
        };
        let place_at = |span: Range<usize>| lines.place(span.start + mark);

        let (mut root, errors) = DeTable::parse_recoverable(body);
        if !errors.is_empty() {
            return Err(errors
                .iter()
                .map(|error| Problem {
                    place: place_at(error.span().unwrap_or(0..0)),
                    key: String::new(),
                    rule: format!("not TOML: {}", error.message()),
                    next: "mend the syntax (https://toml.io)".into(),
                })
                .collect());
        }

        let mut places = BTreeMap::new();
        record_table(root.get_ref(), "", &mut places, &place_at);
        let mut problems = Vec::new();
        for text in overrides {
            match apply(root.get_mut(), text) {
                Ok((path, value)) => {
                    let here = |_: Range<usize>| Place::Override(text.clone());
                    // Tables on the way that the file does not have were made by the override as well.
                    for (dot, _) in path.match_indices('.') {
                        places
                            .entry(path[..dot].to_owned())
                            .or_insert_with(|| (here(0..0), here(0..0)));
                    }
                    places.insert(path.clone(), (here(0..0), here(0..0)));
                    record_value(&value, &path, &mut places, &here);
                }
                Err((rule, next)) => problems.push(Problem {
                    place: Place::Override(text.clone()),
                    key: String::new(),
                    rule,
                    next,
                }),
            }
        }
        if problems.is_empty() {
            Ok(Self { root, places })
        } else {
            Err(problems)
        }
    }

    /// Takes out the plain value at `path`; `false` if there is none, or if it holds more than one value.
    pub fn remove(&mut self, path: &str) -> bool {
        let Some((parents, last)) = path.rsplit_once('.').or(Some(("", path))) else {
            return false;
        };
        let mut table = self.root.get_mut();
        let mut segments = parents.split('.').filter(|segment| !segment.is_empty());
        while let Some(segment) = segments.next() {
            table = match table.get_mut(segment).map(Spanned::get_mut) {
                Some(DeValue::Table(table)) => table,
                Some(DeValue::Array(array)) => {
                    let entry = segments
                        .next()
                        .and_then(|number| array.get_mut(number.parse::<usize>().ok()?));
                    match entry.map(Spanned::get_mut) {
                        Some(DeValue::Table(table)) => table,
                        _ => return false,
                    }
                }
                _ => return false,
            };
        }
        let plain = table
            .get(last)
            .is_some_and(|value| !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_)));
        plain && table.remove(last).is_some()
    }

    /// Where the key of `path` was written; for a key that was left out, its nearest parent.
    #[must_use]
    pub fn place_of_key(&self, path: &str) -> Place {
        self.nearest(path).0
    }

    /// Where the value of `path` was written, likewise.
    #[must_use]
    pub fn place_of_value(&self, path: &str) -> Place {
        self.nearest(path).1
    }

    fn nearest(&self, path: &str) -> (Place, Place) {
        let mut path = path;
        loop {
            if let Some(found) = self.places.get(path) {
                return found.clone();
            }
            match path.rfind('.') {
                Some(dot) => path = &path[..dot],
                None => return (START, START),
            }
        }
    }
}

const START: Place = Place::Line { line: 1, column: 1 };

/// `parent.key`, or `key` at the top.
#[must_use]
pub fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}

/// What a value is, for people.
#[must_use]
pub fn kind_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Start of each line, to turn a byte offset into line and column.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Indexes `text`.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts }
    }

    /// Line and column of a byte offset, both from 1.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = self.text[self.starts[line - 1]..offset].chars().count() + 1;
        Place::Line { line, column }
    }
}

fn record_table(
    table: &DeTable<'_>,
    path: &str,
    places: &mut BTreeMap<String, (Place, Place)>,
    place_at: &impl Fn(Range<usize>) -> Place,
) {
    for (key, value) in table {
        let path = join(path, key.get_ref());
        let place = (place_at(key.span()), place_at(value.span()));
        places.insert(path.clone(), place);
        record_value(value, &path, places, place_at);
    }
}

fn record_value(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    places: &mut BTreeMap<String, (Place, Place)>,
    place_at: &impl Fn(Range<usize>) -> Place,
) {
    match value.get_ref() {
        DeValue::Table(table) => record_table(table, path, places, place_at),
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                let path = join(path, &index.to_string());
                let place = place_at(value.span());
                places.insert(path.clone(), (place.clone(), place));
                record_value(value, &path, places, place_at);
            }
        }
        _ => {}
    }
}

type Applied<'i> = Result<(String, Spanned<DeValue<'i>>), (String, String)>;

/// Sets one key; tables on the way are made, entries of arrays are named by their number from 0.
fn apply<'i>(root: &mut DeTable<'i>, text: &'i str) -> Applied<'i> {
    let Some((path, value)) = text.split_once('=') else {
        return Err((
            "an override has the form KEY=VALUE".into(),
            "for example --set regions.us.power.usd_per_mwh=80".into(),
        ));
    };
    let (path, value) = (path.trim(), value.trim());
    // A bare word is taken as text, so that nobody has to quote twice for the shell.
    let value = DeValue::parse(value)
        .unwrap_or_else(|_| Spanned::new(0..0, DeValue::String(Cow::Borrowed(value))));

    let segments: Vec<&str> = path.split('.').collect();
    let Some((last, parents)) = segments.split_last() else {
        unreachable!("a split has at least one part")
    };
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err((
            format!("`{}` is not a key path", printable(path)),
            "write key names separated by dots, as in bitcoin.price.usd".into(),
        ));
    }
    let mut table = root;
    let mut walked = String::new();
    let mut parents = parents.iter();
    while let Some(segment) = parents.next() {
        walked = join(&walked, segment);
        let entry = table
            .entry(Spanned::new(0..0, Cow::Borrowed(*segment)))
            .or_insert_with(|| Spanned::new(0..0, DeValue::Table(DeTable::new())));
        table = match entry.get_mut() {
            DeValue::Table(table) => table,
            DeValue::Array(array) => {
                let length = array.len();
                let inside = parents.next().and_then(|number| {
                    walked = join(&walked, number);
                    array.get_mut(number.parse::<usize>().ok()?)
                });
                match inside.map(Spanned::get_mut) {
                    Some(DeValue::Table(table)) => table,
                    _ => {
                        return Err((
                            format!("`{}` names no table of the list", printable(&walked)),
                            format!("the list has {length} entries; the first is number 0"),
                        ));
                    }
                }
            }
            other => {
                return Err((
                    format!(
                        "`{}` is {} and has no keys",
                        printable(&walked),
                        kind_name(other)
                    ),
                    "name a key of a table".into(),
                ));
            }
        };
    }
    table.insert(Spanned::new(0..0, Cow::Borrowed(*last)), value.clone());
    Ok((path.to_owned(), value))
}
