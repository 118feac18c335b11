//! What is wrong with a scenario, where, and what to do about it.

use std::fmt;

/// Where in the input a problem was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the scenario file; both count from 1, the column in characters.
    Line {
        /// Line of the file.
        line: usize,
        /// Column of that line.
        column: usize,
    },
    /// In an override, `KEY=VALUE`.
    Override(String),
    /// In an axis of a sweep: `--axis KEY=VALUES`.
    Axis(String),
    /// In a file that the scenario names, by line.
    File {
        /// The file as the scenario names it.
        file: String,
        /// Line of that file.
        line: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, column } => write!(f, "line {line}, column {column}"),
            Self::Override(text) => write!(f, "--set {text}"),
            Self::Axis(text) => write!(f, "{text}"),
            Self::File { file, line } => write!(f, "{file}, line {line}"),
        }
    }
}

/// One thing that keeps a scenario from running.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it was seen.
    pub place: Place,
    /// Path of the key, `regions.us.power.usd_per_mwh`; empty for the file as a whole.
    pub key: String,
    /// The value seen and the rule it breaks.
    pub rule: String,
    /// What to do next.
    pub next: String,
}

/// A scenario that was refused: every problem found, in file order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file, as it was named.
    pub file: String,
    /// At least one problem.
    pub problems: Vec<Problem>,
}

/// Problems shown before the rest is only counted: nobody mends two hundred at a time.
const SHOWN: usize = 50;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        writeln!(f, "{} has {count} {noun}", printable(&self.file))?;
        for problem in self.problems.iter().take(SHOWN) {
            write!(f, "\n  {}", printable(&problem.place.to_string()))?;
            if !problem.key.is_empty() {
                write!(f, ": {}", printable(&problem.key))?;
            }
            writeln!(f)?;
            for line in problem.rule.lines().chain(problem.next.lines()) {
                writeln!(f, "    {}", printable(line))?;
            }
        }
        if count > SHOWN {
            writeln!(f, "\n  and {} more", count - SHOWN)?;
        }
        write!(f, "\nnothing was run")
    }
}

impl std::error::Error for Refused {}

/// `text` cut to a length that a terminal line bears, control characters spelled out: a scenario may
/// come from a stranger, and its keys must not move the cursor.
#[must_use]
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The known name nearest to what was typed, if one is near enough to be meant.
#[must_use]
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= 1.max(name.len() / 3))
        .min()
        .map(|(_, name)| name)
}

/// "a, b and c", cut where it gets too long to read.
#[must_use]
pub fn list(names: &[&str]) -> String {
    const LONGEST: usize = 40;
    match names {
        [] => "none".into(),
        [only] => format!("`{only}`"),
        _ if names.len() > LONGEST => {
            let shown: Vec<_> = names[..LONGEST].iter().map(|n| format!("`{n}`")).collect();
            format!("{} and {} more", shown.join(", "), names.len() - LONGEST)
        }
        [init @ .., last] => {
            let shown: Vec<_> = init.iter().map(|n| format!("`{n}`")).collect();
            format!("{} and `{last}`", shown.join(", "))
        }
    }
}
