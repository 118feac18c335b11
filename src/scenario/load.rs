//! Reading a scenario: from a file or a text, with the files that it names, to a checked [`Scenario`].

use std::io::Read;
use std::path::{Path, PathBuf};

use super::check::Warning;
use super::problem::{Place, Problem, Refused, printable};
use super::series::ReadInput;
use super::{Scenario, Source, check, document, raw, shape};

/// Why a scenario could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The scenario breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Loads and checks a scenario file.
///
/// # Errors
/// [`LoadError::Io`] if the file cannot be read, [`LoadError::Refused`] with every problem found in it.
pub fn load_scenario(path: &Path, overrides: &[String]) -> Result<Scenario, LoadError> {
    let bytes = if path.as_os_str() == "-" {
        read(std::io::stdin(), document::MAX_BYTES)
    } else {
        read_file(path, document::MAX_BYTES)
    };
    let bytes = bytes.map_err(|source| LoadError::Io {
        path: path.to_owned(),
        source,
    })?;
    let file = if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let refuse = |place, rule: String, next: &str| {
        LoadError::Refused(Refused {
            file: file.clone(),
            problems: vec![Problem {
                place,
                key: String::new(),
                rule,
                next: next.into(),
            }],
        })
    };
    if bytes.len() > document::MAX_BYTES {
        return Err(refuse(
            Place::Line { line: 1, column: 1 },
            format!(
                "the file has {} bytes; at most {} are read",
                bytes.len(),
                document::MAX_BYTES
            ),
            "is this the scenario file?",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        refuse(
            document::Lines::of(&before).place(valid),
            format!("byte {:#04x} is not UTF-8", error.as_bytes()[valid]),
            "save the file as UTF-8",
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut inputs = |name: &str| -> Result<String, String> {
        let bytes =
            read_file(&folder.join(name), MAX_INPUT_BYTES).map_err(|error| error.to_string())?;
        if bytes.len() > MAX_INPUT_BYTES {
            return Err(format!("it has more than {MAX_INPUT_BYTES} bytes"));
        }
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
    };
    Ok(parse(&file, &text, overrides, &mut inputs)?)
}

/// Checks a scenario given as text; `inputs` are the files that it names.
///
/// # Errors
/// [`Refused`] with every problem found.
pub fn parse_scenario(
    name: &str,
    text: &str,
    overrides: &[String],
    inputs: &[(String, String)],
) -> Result<Scenario, Refused> {
    parse(name, text, overrides, &mut |file| {
        inputs
            .iter()
            .find(|(name, _)| name == file)
            .map(|(_, text)| text.clone())
            .ok_or_else(|| "the file is not there".into())
    })
}

/// Everything that is odd about a scenario but does not keep it from running.
#[must_use]
pub fn warnings(scenario: &Scenario) -> Vec<Warning> {
    check::warnings(scenario)
}

fn parse(
    file: &str,
    text: &str,
    overrides: &[String],
    inputs: &mut ReadInput<'_>,
) -> Result<Scenario, Refused> {
    let refuse = |mut problems: Vec<Problem>| {
        problems.sort();
        problems.dedup();
        Refused {
            file: file.to_owned(),
            problems,
        }
    };
    let bases = read_bases(text, inputs).map_err(|problem| refuse(vec![problem]))?;
    let below: Vec<(&str, &str)> = bases
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let mut document = document::Document::parse(text, &below, overrides).map_err(refuse)?;
    let mut problems = shape::check_shape(&document);
    // Without the keys that are wrong by themselves, the rules between the others can still be looked at.
    if !problems.iter().all(|problem| document.remove(&problem.key)) {
        return Err(refuse(problems));
    }
    let raw = match raw::read(&document) {
        Ok(raw) => raw,
        Err(problem) => {
            // A key that has to be there was taken out: its problem is known.
            if problems.is_empty() {
                problems.push(problem);
            }
            return Err(refuse(problems));
        }
    };
    let mut source = Source {
        file: file.to_owned(),
        text: text.to_owned(),
        overrides: overrides.to_vec(),
        inputs: bases.clone(),
    };
    // Whether anything runs hangs on many keys, so it is asked only where none of them was taken out.
    let complete = problems.is_empty();
    let checked = check::check(raw, &document, &mut source, inputs, complete);
    if !problems.is_empty() {
        let taken_out: Vec<String> = problems.iter().map(|p| format!("{}.", p.key)).collect();
        // What a table lacks because a key of it was taken out is no problem of its own.
        let follows = |problem: &Problem| {
            let inside = format!("{}.", problem.key);
            taken_out.iter().any(|key| key.starts_with(&inside))
        };
        let others = checked.err().into_iter().flatten();
        problems.extend(others.filter(|problem| !follows(problem)));
        return Err(refuse(problems));
    }
    let mut scenario = checked.map_err(refuse)?;
    scenario.source = source;
    Ok(scenario)
}

/// The files that a scenario which was read extends, and their texts: the one that extends none comes first.
#[must_use]
pub fn bases_of(source: &Source) -> Vec<(&str, &str)> {
    let mut bases = Vec::new();
    let mut text = source.text.as_str();
    while let Some(name) = document::extends(text) {
        let Some(base) = source.inputs.iter().find(|(file, _)| *file == name) else {
            break;
        };
        bases.push((base.0.as_str(), base.1.as_str()));
        text = &base.1;
        if bases.len() > MOST_BASES {
            break;
        }
    }
    bases.reverse();
    bases
}

/// Most files under one another: enough for a world, a theme in it and a case of that, and one more.
const MOST_BASES: usize = 4;

/// The files that a scenario extends, one the other, and their texts: the one that extends none comes first.
fn read_bases(text: &str, inputs: &mut ReadInput<'_>) -> Result<Vec<(String, String)>, Problem> {
    let problem = |rule: String, next: &str| Problem {
        place: Place::Line { line: 1, column: 1 },
        key: "extends".into(),
        rule,
        next: next.into(),
    };
    let mut bases: Vec<(String, String)> = Vec::new();
    let mut next = document::extends(text);
    while let Some(name) = next {
        if bases.iter().any(|(known, _)| *known == name) {
            return Err(problem(
                format!(
                    "`{}` extends itself, or comes back to itself by way of others",
                    printable(&name)
                ),
                "a scenario stands on one that stands by itself",
            ));
        }
        if bases.len() == MOST_BASES {
            return Err(problem(
                format!("`{}` is one file too many under this one", printable(&name)),
                &format!("at most {MOST_BASES} files extend one another: put two of them together"),
            ));
        }
        let text = inputs(&name).map_err(|reason| {
            problem(
                format!("cannot read `{}`: {reason}", printable(&name)),
                "name a scenario file relative to this one",
            )
        })?;
        next = document::extends(&text);
        bases.push((name, text));
    }
    bases.reverse();
    Ok(bases)
}

/// Largest file that a scenario may name: a century of daily prices is a twentieth of it.
const MAX_INPUT_BYTES: usize = 16 << 20;

fn read_file(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    read(std::fs::File::open(path)?, most)
}

/// Reads up to one byte more than `most`: that tells "too long" from "just fits" without reading a huge file.
fn read(from: impl Read, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
