//! What a run, a stress test, a backtest or trajectories leave behind: tidy tables, those of a run in CSV and Parquet with the same values, and a
//! metadata file that is enough to do it again.

mod backtest;
mod calibration;
mod csv;
mod folder;
mod metadata;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod stress;
pub mod sweep;
mod table;
mod table_file;
mod tables;
mod trace;
mod trajectories;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use backtest::{masked_values_table, measured_values_table, scores_table};
pub use calibration::{
    JOURNAL_FILE, Journal, Trial, estimates_table, left_out_table, left_out_values_table,
    pairs_table, posterior_table,
};
pub use folder::{REPORT_FILE, ResultsFolder, create_results_folder};
pub use metadata::{
    Circumstances, Kind, METADATA_FILE, Metadata, ScenarioText, StressOptions, TableDigest,
    TrajectoriesOptions, read_metadata,
};
pub use read::{ReadRow, ReadTable, read_results, read_table, unchanged};
pub use stress::{
    RegionLoss, annual_loss_table, paths_table, region_loss_table, simulated_loss_table,
    twins_table,
};
pub use table::{Cells, Column, Table, Text, table_json};
pub use trace::{TraceTables, trace_replica};
pub use trajectories::{answers_table, dependence_table, trajectory_paths_table};

use self::table_file::{Finished, Format, TableFile, TableFiles};
use crate::ensemble::Ensemble;
use crate::scenario::Scenario;

/// A file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{action} {}", path.display())]
pub struct OutputError {
    /// What was tried, as in "cannot write".
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl OutputError {
    fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// Writes the tables of an ensemble into `folder`; returns their digests.
///
/// A file appears under its name only when it is complete.
///
/// # Errors
/// [`OutputError`] with the file that could not be written.
pub fn write_tables(
    scenario: &Scenario,
    ensemble: &Ensemble,
    keep_replicas: bool,
    folder: &Path,
) -> Result<Vec<TableDigest>, OutputError> {
    each_table(keep_replicas, |name| {
        let files = TableFiles::open(folder, name, TableFile::create)?;
        let finished = write_all(tables::batches(scenario, ensemble, name), files)?;
        finished.into_iter().map(Finished::commit).collect()
    })
}

/// Size and digest of a table file as it is now; its rows are not counted.
///
/// # Errors
/// [`OutputError`] if it cannot be read.
pub fn digest_file(path: &Path) -> Result<(u64, String), OutputError> {
    let fail = |source| OutputError::new("cannot read", path, source);
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut hashing = Hashing::new(io::sink());
    io::copy(&mut file, &mut hashing).map_err(fail)?;
    let (_, bytes, digest) = hashing.end();
    Ok((bytes, digest))
}

/// SHA-256 of a text, in hexadecimal digits.
#[must_use]
pub fn digest_text(text: &str) -> String {
    crate::units::hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// Digests of the tables of an ensemble without writing them anywhere.
///
/// # Errors
/// Never in practice: nothing is written. The type is that of [`write_tables`].
pub fn digest_tables(
    scenario: &Scenario,
    ensemble: &Ensemble,
    keep_replicas: bool,
) -> Result<Vec<TableDigest>, OutputError> {
    each_table(keep_replicas, |name| {
        let nowhere =
            |path: &Path, format| Ok(TableFile::new("cannot digest", path, format, io::sink()));
        let files = TableFiles::open(Path::new(""), name, nowhere)?;
        let finished = write_all(tables::batches(scenario, ensemble, name), files)?;
        Ok(finished.into_iter().map(Finished::digest).collect())
    })
}

/// What `one` makes of every table, the files of each in order.
fn each_table(
    keep_replicas: bool,
    one: impl Fn(&'static str) -> Result<Vec<TableDigest>, OutputError> + Sync + Send,
) -> Result<Vec<TableDigest>, OutputError> {
    let mut names = vec![tables::MEANS, tables::QUANTILES, tables::NAKAMOTO];
    if keep_replicas {
        names.push(tables::REPLICAS);
    }
    let names = names.into_par_iter().with_max_len(1);
    let digests: Vec<_> = names.map(one).collect();
    // Of several that failed, the first in order is told.
    let digests: Vec<_> = digests.into_iter().collect::<Result<_, _>>()?;
    Ok(digests.into_iter().flatten().collect())
}

/// Writes all batches of a table.
fn write_all<W: Write + Send>(
    batches: impl Iterator<Item = Table>,
    mut files: TableFiles<W>,
) -> Result<Vec<Finished<W>>, OutputError> {
    for batch in batches {
        files.write(&batch)?;
    }
    files.finish()
}

/// Writes `value` to `path` as JSON that people can read.
fn write_json(value: &impl serde::Serialize, path: &Path) -> Result<(), OutputError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| OutputError::new("cannot write", path, error.into()))?;
    write_text(&format!("{text}\n"), path).map(|_| ())
}

/// Writes `text` to `path`, which appears when it is complete; returns its digest, that of a file without rows.
///
/// # Errors
/// [`OutputError`] if it cannot be written.
pub fn write_text(text: &str, path: &Path) -> Result<TableDigest, OutputError> {
    let fail = |source| OutputError::new("cannot write", path, source);
    let mut file = AtomicWriteFile::open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.commit().map_err(fail)?;
    Ok(TableDigest {
        file: file_name(path),
        rows: 0,
        bytes: text.len() as u64,
        sha256: digest_text(text),
    })
}

/// Writes `table` alone to `path`, as CSV; returns its digest.
///
/// # Errors
/// [`OutputError`] if it cannot be written.
pub fn write_csv(table: &Table, path: &Path) -> Result<TableDigest, OutputError> {
    let mut file = TableFile::create(path, Format::Csv)?;
    file.write(table)?;
    file.finish()?.commit()
}

/// What a file is called in its folder.
fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Passes bytes on and digests them on the way.
struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// What was written to, the number of bytes and their digest in hexadecimal digits.
    fn end(self) -> (W, u64, String) {
        let digest = crate::units::hexadecimal(&self.hasher.finalize());
        (self.inner, self.bytes, digest)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
