//! From shards to tables.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::metadata::{METADATA_FILE, TableDigest};
use super::super::{OutputError, digest_file, write_json};
use super::plan_file::{PLAN_FILE, PlanFile};
use super::shard::results;
use super::tables::{Became, DESIGN_FILE, PARAMETERS, RESULTS, write_results};
use super::{JOURNAL_FOLDER, SHARD_FOLDER};
use crate::sweep::Plan;

const KIND: &str = "sweep";

/// What a sweep was, and the digests of what came out. Nothing in it hangs on when, where or in how many parts it was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepMetadata {
    /// `sweep`.
    pub kind: String,
    /// `hashdrift`.
    pub program: String,
    /// Commit that it was built from, if known.
    pub commit: Option<String>,
    /// SHA-256 over the plan.
    pub plan_sha256: String,
    /// Number of points.
    pub points: u32,
    /// Those at which the scenario could not be run.
    pub failed: u32,
    /// Those that were not there when the tables were written.
    pub missing: u32,
    /// The tables.
    pub tables: Vec<TableDigest>,
    /// The plan.
    pub plan: Plan,
}

/// Writes the tables of a sweep from its shards, all of which are whole but those in `missing`.
///
/// # Errors
/// [`OutputError`] if a file cannot be read or written.
pub fn merge(
    folder: &Path,
    file: &PlanFile,
    missing: &[u32],
    commit: Option<&str>,
) -> Result<SweepMetadata, OutputError> {
    let mut missing_points = 0;
    let all = (0..file.shards).flat_map(|shard| {
        let entries: Box<dyn Iterator<Item = Result<Became, OutputError>>> =
            if missing.contains(&shard) {
                Box::new(file.range(shard).map(|point| Ok(Became::Missing(point))))
            } else {
                match results(folder, file, shard) {
                    Ok(results) => Box::new(results.map(|result| result.map(Became::Result))),
                    Err(error) => Box::new(std::iter::once(Err(error))),
                }
            };
        entries
    });
    let all = all.inspect(|entry| {
        missing_points += u32::from(matches!(entry, Ok(Became::Missing(_))));
    });
    let (tables, failed) = write_results(&file.plan, folder, all)?;
    let metadata = SweepMetadata {
        kind: KIND.into(),
        program: "hashdrift".into(),
        commit: commit.map(Into::into),
        plan_sha256: file.digest.clone(),
        points: file.points,
        failed,
        missing: missing_points,
        tables,
        plan: file.plan.clone(),
    };
    write_json(&metadata, &folder.join(METADATA_FILE))?;
    Ok(metadata)
}

/// The metadata of a sweep, from its file or its folder; `None` if it is that of something else.
#[must_use]
pub fn read_sweep_metadata(path: &Path) -> Option<SweepMetadata> {
    let file = if path.is_dir() {
        path.join(METADATA_FILE)
    } else {
        path.to_owned()
    };
    let text = std::fs::read_to_string(file).ok()?;
    let metadata: SweepMetadata = serde_json::from_str(&text).ok()?;
    (metadata.kind == KIND).then_some(metadata)
}

/// The metadata of a sweep whose tables are all there, as they were written.
#[must_use]
pub fn merged_already(folder: &Path, file: &PlanFile) -> Option<SweepMetadata> {
    let metadata = read_sweep_metadata(folder)?;
    let whole = metadata.plan_sha256 == file.digest
        && metadata.missing == 0
        && metadata.tables.iter().all(|table| {
            digest_file(&folder.join(&table.file)).is_ok_and(|(_, sha256)| sha256 == table.sha256)
        });
    whole.then_some(metadata)
}

/// Removes what the tables were made of, and what a process that was killed had begun to write.
pub fn remove_parts(folder: &Path) {
    // What stays does no harm.
    for part in [SHARD_FOLDER, JOURNAL_FOLDER] {
        let _ = std::fs::remove_dir_all(folder.join(part));
    }
    // Files under way are called `.NAME.` and some random letters.
    let begun = [PLAN_FILE, DESIGN_FILE, METADATA_FILE, RESULTS, PARAMETERS]
        .map(|name| format!(".{name}."));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Another process may be writing its own.
        let old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|time| {
                time.elapsed()
                    .is_ok_and(|since| since > Duration::from_secs(60))
            });
        if old && begun.iter().any(|begun| name.starts_with(begun)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
