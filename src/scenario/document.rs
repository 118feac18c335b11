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
    /// Parses `text` and applies `overrides` (`KEY=VALUE`, later ones win). `bases` are the files that `text` extends, one on the
    /// other, and their texts: what a text says takes the place of what those before it say, table by table and key by key; a list
    /// takes the place of a whole list.
    ///
    /// # Errors
    /// Every syntax error of the texts, or every override that cannot be applied.
    pub fn parse(
        text: &'i str,
        bases: &[(&str, &'i str)],
        overrides: &'i [String],
    ) -> Result<Self, Vec<Problem>> {
        let mut places = BTreeMap::new();
        let mut root = Spanned::new(0..0, DeTable::new());
        for (file, base) in bases {
            let (below, positions) = parse_toml(base, Some(file))?;
            let place_at = |span| positions.place(span);
            record_table(below.get_ref(), "", &mut places, &place_at);
            merge(root.get_mut(), below.into_inner());
        }
        let (own, positions) = parse_toml(text, None)?;
        let place_at = |span| positions.place(span);
        record_table(own.get_ref(), "", &mut places, &place_at);
        merge(root.get_mut(), own.into_inner());
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

/// The file that a scenario extends, if it names one; whatever else is wrong with it is found later.
#[must_use]
pub fn extends(text: &str) -> Option<String> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, _) = DeTable::parse_recoverable(body);
    let value = root.get_ref().get("extends")?;
    value.get_ref().as_str().map(str::to_owned)
}

/// Where the spans of a text are.
struct Positions<'i> {
    lines: Lines<'i>,
    /// Length of the byte order mark: it is no part of the text, and spans count from behind it.
    mark: usize,
    /// The file, where it is not the scenario's own.
    file: Option<String>,
}

impl Positions<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        match (self.lines.place(span.start + self.mark), &self.file) {
            (Place::Line { line, .. }, Some(file)) => Place::File {
                file: file.clone(),
                line,
            },
            (place, _) => place,
        }
    }
}

type Parsed<'i> = Result<(Spanned<DeTable<'i>>, Positions<'i>), Vec<Problem>>;

/// A tree, and the places of its spans.
fn parse_toml<'i>(text: &'i str, file: Option<&str>) -> Parsed<'i> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let positions = Positions {
        lines: Lines::of(text),
        mark: text.len() - body.len(),
        file: file.map(str::to_owned),
    };
    let (root, errors) = DeTable::parse_recoverable(body);
    if errors.is_empty() {
        return Ok((root, positions));
    }
    Err(errors
        .iter()
        .map(|error| Problem {
            place: positions.place(error.span().unwrap_or(0..0)),
            key: String::new(),
            rule: format!("not TOML: {}", error.message()),
            next: "mend the syntax (https://toml.io)".into(),
        })
        .collect())
}

/// Puts the values of one table over those of another.
fn merge<'i>(below: &mut DeTable<'i>, above: DeTable<'i>) {
    for (key, value) in above {
        let name = key.get_ref().clone();
        match (below.get_mut(name.as_ref()).map(Spanned::get_mut), value) {
            (Some(DeValue::Table(below)), above)
                if matches!(above.get_ref(), DeValue::Table(_)) =>
            {
                if let DeValue::Table(above) = above.into_inner() {
                    merge(below, above);
                }
            }
            (_, above) => {
                below.insert(key, above);
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
                // The entry itself is what is set.
                if parents.len() == 0
                    && let Some(entry) = last.parse().ok().and_then(|n: usize| array.get_mut(n))
                {
                    *entry = value.clone();
                    return Ok((path.to_owned(), value));
                }
                let number = parents.next().unwrap_or(last);
                walked = join(&walked, number);
                let inside = number.parse().ok().and_then(|n: usize| array.get_mut(n));
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
