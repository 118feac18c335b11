//! Imports point one way: each module uses only those in the layers below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the top to the bottom; a module may use those on later lines only.
const LAYERS: [&[&str]; 11] = [
    &["cli"],
    &["report"],
    &["output"],
    &["calibration"],
    &["backtest", "resilience", "sweep", "trajectories"],
    &["ensemble"],
    &["engine"],
    &["record"],
    &["world"],
    &["scenario"],
    &[
        "random",
        "concentration",
        "statistics",
        "order",
        "elementary",
        "protocol",
        "units",
    ],
];

/// Layers inside the last line: what rests on what among the foundations.
const FOUNDATIONS: [(&str, &[&str]); 7] = [
    ("random", &["units"]),
    ("concentration", &["units"]),
    ("statistics", &["units"]),
    ("order", &[]),
    ("elementary", &[]),
    ("protocol", &["units"]),
    ("units", &[]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.ends_with("tests.rs") || path.ends_with("testing.rs") {
            // No part of the program.
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Path of each source file below `src`, and its text without tests.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let code = text
                .split("#[cfg(test)]\nmod tests")
                .next()
                .unwrap_or(&text);
            let code: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            let below = path.strip_prefix(&root).expect("it is in there");
            (
                below.display().to_string().replace('\\', "/"),
                code.join("\n"),
            )
        })
        .collect()
}

/// The top-level module of a file.
fn module(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// First path segments after `prefix` in the code, groups in braces included.
fn used(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let group = rest.strip_prefix('{').map(|group| {
            let mut depth = 1;
            let end = group.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            });
            &group[..end.unwrap_or(group.len())]
        });
        let mut depth = 0;
        let parts = group.unwrap_or(rest).split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        for part in parts.take(if group.is_some() { usize::MAX } else { 1 }) {
            let name: String = part
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if name.chars().next().is_some_and(char::is_lowercase) {
                names.insert(name);
            }
        }
    }
    names
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn every_module_uses_only_the_layers_below_it() {
    let mut wrong = Vec::new();
    for (file, code) in code() {
        let from = module(&file);
        if from == "lib" || from == "main" {
            continue;
        }
        let own = layer(from).unwrap_or_else(|| panic!("src/{file} is in no layer"));
        let prefix = if from == "cli" {
            "hashdrift::"
        } else {
            "crate::"
        };
        for to in used(&code, prefix) {
            if to == from {
                continue;
            }
            let allowed = match layer(&to) {
                Some(other) if other == own => FOUNDATIONS
                    .iter()
                    .any(|(name, below)| *name == from && below.contains(&to.as_str())),
                Some(other) => other > own,
                None => false,
            };
            if !allowed {
                wrong.push(format!("src/{file} uses {to}, which is not below {from}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_files_of_one_module_do_not_use_each_other_in_a_circle() {
    for parent in [
        "world",
        "scenario",
        "output",
        "random",
        "cli",
        "backtest",
        "calibration",
        "report",
    ] {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, code) in code() {
            let Some(rest) = file.strip_prefix(&format!("{parent}/")) else {
                continue;
            };
            let name = rest
                .split('/')
                .next()
                .unwrap_or(rest)
                .trim_end_matches(".rs");
            let siblings = used(&code, "super::");
            uses.entry(name.to_owned()).or_default().extend(siblings);
        }
        assert!(!uses.is_empty(), "there is no module {parent}");
        // Take away, again and again, what uses nothing that is left: a circle stays.
        let mut left: BTreeSet<String> = uses.keys().cloned().collect();
        loop {
            let free: Vec<String> = left
                .iter()
                .filter(|name| {
                    uses[*name]
                        .iter()
                        .all(|to| to == *name || !left.contains(to))
                })
                .cloned()
                .collect();
            if free.is_empty() {
                break;
            }
            for name in free {
                left.remove(&name);
            }
        }
        assert!(
            left.is_empty(),
            "in {parent} these use each other in a circle: {left:?}"
        );
    }
}

#[test]
fn only_the_edges_touch_files() {
    for (file, code) in code() {
        let edge = ["cli", "output", "main"].contains(&module(&file)) || file == "scenario/load.rs";
        assert!(
            edge || !(code.contains("std::fs") || code.contains("File::")),
            "src/{file} touches files"
        );
    }
}

#[test]
fn the_reader_of_imports_sees_groups_nesting_and_plain_paths() {
    let code =
        "use crate::a::B;\nuse crate::{b::{C, d}, e};\nlet x = crate::f::g();\nuse notcrate::z;";
    let names: Vec<String> = used(code, "crate::").into_iter().collect();
    assert_eq!(names, ["a", "b", "e", "f"]);
}
