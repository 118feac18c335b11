//! What a scenario's files say, key by key, with the comments beside them: where each number comes from.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Source;
use super::document::join;
use super::load::bases_of;

/// A key that a scenario states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Its path.
    pub key: String,
    /// Its value, as it is written.
    pub value: String,
    /// The comment behind it, or above it.
    pub comment: String,
}

/// Every key that the texts of a scenario state, those of the files that it extends first; what is stated again takes the
/// place of what was stated before, and overrides come last. Lists and tables on one line count as one value.
#[must_use]
pub fn stated_keys(source: &Source) -> Vec<Stated> {
    let mut stated: Vec<Stated> = Vec::new();
    let bases = bases_of(source).into_iter().map(|(_, text)| text);
    for text in bases.chain([source.text.as_str()]) {
        for found in keys_of(text) {
            put(&mut stated, found);
        }
    }
    for change in &source.overrides {
        if let Some((key, value)) = change.split_once('=') {
            let comment = "changed for this run".into();
            put(
                &mut stated,
                Stated {
                    key: key.trim().into(),
                    value: value.trim().into(),
                    comment,
                },
            );
        }
    }
    stated
}

fn put(stated: &mut Vec<Stated>, found: Stated) {
    match stated.iter_mut().find(|stated| stated.key == found.key) {
        Some(known) => *known = found,
        None => stated.push(found),
    }
}

fn keys_of(text: &str) -> Vec<Stated> {
    let mut found = Vec::new();
    // A text that ran can be read; another has no keys.
    if let Ok(table) = DeTable::parse(text) {
        collect(text, table.get_ref(), "", &mut found);
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, stated)| stated).collect()
}

fn collect(text: &str, table: &DeTable<'_>, path: &str, found: &mut Vec<(usize, Stated)>) {
    for (key, value) in table {
        collect_value(
            text,
            value,
            key.span().start,
            &join(path, key.get_ref()),
            found,
        );
    }
}

fn collect_value(
    text: &str,
    value: &Spanned<DeValue<'_>>,
    key_at: usize,
    path: &str,
    found: &mut Vec<(usize, Stated)>,
) {
    let span = value.span();
    let written = text.get(span.clone()).unwrap_or_default();
    match value.get_ref() {
        // A table of its own begins with its header, one on a line with a brace.
        DeValue::Table(table) if !written.starts_with('{') => collect(text, table, path, found),
        DeValue::Array(entries) if !written.starts_with('[') || written.starts_with("[[") => {
            for (number, entry) in entries.iter().enumerate() {
                collect_value(
                    text,
                    entry,
                    entry.span().start,
                    &format!("{path}.{number}"),
                    found,
                );
            }
        }
        _ => {
            let stated = Stated {
                key: path.to_owned(),
                value: written.split_whitespace().collect::<Vec<_>>().join(" "),
                comment: comment_of(text, key_at, &span),
            };
            found.push((key_at, stated));
        }
    }
}

/// The comment behind a value, or the lines of comment right above its key.
fn comment_of(text: &str, key_at: usize, value: &Range<usize>) -> String {
    let behind = text.get(value.end..).unwrap_or_default();
    let line = behind.lines().next().unwrap_or_default();
    if let Some(comment) = line
        .trim_start_matches([' ', '\t', ',', '}', ']'])
        .strip_prefix('#')
    {
        return comment.trim().to_owned();
    }
    let above = text.get(..key_at).unwrap_or_default();
    // Without the beginning of the key's own line.
    let above = above.rfind('\n').map_or("", |end| &above[..end]);
    let mut lines: Vec<&str> = above
        .lines()
        .rev()
        .map_while(|line| line.trim_start().strip_prefix('#'))
        .map(str::trim)
        .collect();
    lines.reverse();
    lines.join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, inputs: &[(&str, &str)], overrides: &[&str]) -> Source {
        Source {
            file: "s.toml".into(),
            text: text.into(),
            overrides: overrides.iter().map(|text| (*text).into()).collect(),
            inputs: inputs
                .iter()
                .map(|(name, text)| ((*name).into(), (*text).into()))
                .collect(),
        }
    }

    fn row(stated: &Stated) -> (&str, &str, &str) {
        (&stated.key, &stated.value, &stated.comment)
    }

    #[test]
    fn keys_come_with_their_values_and_comments() {
        let text = "name = \"a # b\" # what it is\n# Where it\n# comes from.\ndays = 10\n\n[regions.us.power]\ntariff = [\n  { from = 1, usd = 2 },\n] # a list\nheat = { a = 1 } # a table\n\n[[events]]\nkind = \"ban\" # first\n[[events]]\nkind = \"tax\"\n";
        let found = stated_keys(&source(text, &[], &["days=20"]));
        let rows: Vec<_> = found.iter().map(row).collect();
        assert_eq!(
            rows,
            [
                ("name", "\"a # b\"", "what it is"),
                ("days", "20", "changed for this run"),
                (
                    "regions.us.power.tariff",
                    "[ { from = 1, usd = 2 }, ]",
                    "a list"
                ),
                ("regions.us.power.heat", "{ a = 1 }", "a table"),
                ("events.0.kind", "\"ban\"", "first"),
                ("events.1.kind", "\"tax\"", ""),
            ]
        );
    }

    #[test]
    fn what_is_extended_comes_first_and_what_is_stated_again_takes_its_place() {
        let base = "days = 10 # ten\nseed = 1 # one\n";
        let found = stated_keys(&source(
            "extends = \"base.toml\"\ndays = 20 # twenty\n",
            &[("base.toml", base)],
            &[],
        ));
        let rows: Vec<_> = found.iter().map(row).collect();
        assert_eq!(
            rows,
            [
                ("days", "20", "twenty"),
                ("seed", "1", "one"),
                ("extends", "\"base.toml\"", ""),
            ]
        );
    }
}
