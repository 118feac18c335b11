//! How results came about, and how to make them again.

use super::grid::Grid;
use crate::output::{Metadata, TableDigest};
use crate::units::number;

/// What ran, on what.
pub fn provenance(metadata: &Metadata) -> Vec<(String, String)> {
    let commit = metadata
        .commit
        .clone()
        .map_or_else(String::new, |commit| format!(", commit {commit}"));
    let mut rows = vec![
        (
            "program",
            format!("{} {}{commit}", metadata.program, metadata.version),
        ),
        ("model version", metadata.model_version.to_string()),
        ("scenario", metadata.scenario.file.clone()),
        (
            "digest of the scenario (SHA-256)",
            metadata.scenario.sha256.clone(),
        ),
        ("seed", metadata.seed.to_string()),
        ("replicas", metadata.replicas.to_string()),
        ("run on", metadata.started.clone()),
        (
            "it took",
            format!(
                "{} s on {} threads",
                number(metadata.elapsed_seconds, 1),
                metadata.threads
            ),
        ),
    ];
    if !metadata.scenario.overrides.is_empty() {
        rows.insert(3, ("changes", metadata.scenario.overrides.join("; ")));
    }
    rows.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Commands that make the results again.
pub fn commands(metadata: &Metadata) -> Vec<String> {
    let words = metadata.command.iter().skip(1).map(|word| quoted(word));
    let made: Vec<String> = std::iter::once("hashdrift".into()).chain(words).collect();
    vec![
        made.join(" "),
        "hashdrift reproduce .   # in the folder of this page: runs it again and compares the digests"
            .into(),
    ]
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The files and their digests.
pub fn files(metadata: &Metadata) -> Grid {
    files_of(&metadata.tables)
}

/// Files and their digests.
pub fn files_of(tables: &[TableDigest]) -> Grid {
    let mut grid = Grid::new(["file", "rows", "bytes", "SHA-256"]);
    for table in tables {
        grid.row([
            table.file.as_str().into(),
            // Exact: far below 2^53.
            number(table.rows as f64, 0).into(),
            number(table.bytes as f64, 0).into(),
            table.sha256.as_str().into(),
        ]);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        assert_eq!(
            quoted("regions.us.power.usd_per_mwh=80"),
            "regions.us.power.usd_per_mwh=80"
        );
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
