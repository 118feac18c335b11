//! A shard: a part of the points, whole, in a file that tells whether it is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::OutputError;
use super::journal::{Found, Head, remove_journals};
use super::plan_file::PlanFile;
use super::{SHARD_FOLDER, line_of, parse_line, parse_result, shard_path};
use crate::sweep::PointResult;

/// Last line of a shard.
#[derive(Debug, Serialize, Deserialize)]
struct Foot {
    points: u32,
    sha256: String,
}

/// Whether a shard is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    /// Whole, and of this plan; some of its points may have failed.
    Whole {
        /// Points without numbers.
        failed: u32,
    },
    /// There is a file, but it is damaged, not finished, or of another plan.
    Damaged,
    /// There is none.
    Missing,
}

/// Writes a shard whose points are all in the journals, and removes these.
///
/// # Errors
/// [`OutputError`] if it cannot be written, or a point cannot be read back.
pub fn publish(
    folder: &Path,
    file: &PlanFile,
    shard: u32,
    found: &Found,
) -> Result<(), OutputError> {
    let shards = folder.join(SHARD_FOLDER);
    std::fs::create_dir_all(&shards)
        .map_err(|source| OutputError::new("cannot make", &shards, source))?;
    let path = shard_path(folder, shard);
    let fail = |source| OutputError::new("cannot write", &path, source);
    let mut target = AtomicWriteFile::open(&path).map_err(fail)?;
    {
        let mut writer = BufWriter::new(&mut target);
        let mut hasher = Sha256::new();
        let mut put = |line: &[u8]| -> io::Result<()> {
            hasher.update(line);
            writer.write_all(line)
        };
        let head = Head::of(file, shard);
        let head = serde_json::to_string(&head).map_err(|error| fail(error.into()))?;
        put(line_of(0, &head).as_bytes()).map_err(fail)?;
        let range = file.range(shard);
        let mut next = range.start;
        for (point, line) in found.lines() {
            let line = line?;
            if point != next || parse_line(&line).map(|(number, _)| number) != Some(point) {
                return Err(fail(io::Error::other(format!(
                    "point {next} changed while it was read; try again"
                ))));
            }
            put(&line).map_err(fail)?;
            next += 1;
        }
        if next != range.end {
            return Err(fail(io::Error::other(format!(
                "points {next} to {} are not there",
                range.end - 1
            ))));
        }
        let foot = Foot {
            points: range.end - range.start,
            sha256: crate::units::hexadecimal(&hasher.finalize()),
        };
        let foot = serde_json::to_string(&foot).map_err(|error| fail(error.into()))?;
        writer
            .write_all(line_of(0, &foot).as_bytes())
            .map_err(fail)?;
        writer.flush().map_err(fail)?;
    }
    target.commit().map_err(fail)?;
    remove_journals(folder, shard);
    Ok(())
}

/// Whether a shard is there, and whole.
///
/// # Errors
/// [`OutputError`] if its file cannot be read.
pub fn shard_state(folder: &Path, file: &PlanFile, shard: u32) -> Result<ShardState, OutputError> {
    let path = shard_path(folder, shard);
    let fail = |source| OutputError::new("cannot read", &path, source);
    let mut reader = match File::open(&path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ShardState::Missing),
        Err(error) => return Err(fail(error)),
    };
    let mut hasher = Sha256::new();
    let mut line = Vec::new();
    let mut next_line = |line: &mut Vec<u8>| -> Result<usize, OutputError> {
        line.clear();
        reader.read_until(b'\n', line).map_err(fail)
    };
    next_line(&mut line)?;
    let head: Option<Head> =
        parse_line(&line).and_then(|(_, text)| serde_json::from_str(text).ok());
    if head != Some(Head::of(file, shard)) {
        return Ok(ShardState::Damaged);
    }
    hasher.update(&line);
    let mut failed = 0;
    for point in file.range(shard) {
        next_line(&mut line)?;
        match parse_result(&line) {
            Some(result) if result.point == point => failed += u32::from(result.outcome.is_err()),
            _ => return Ok(ShardState::Damaged),
        }
        hasher.update(&line);
    }
    next_line(&mut line)?;
    let foot: Option<Foot> =
        parse_line(&line).and_then(|(_, text)| serde_json::from_str(text).ok());
    let whole = foot.is_some_and(|foot| {
        foot.points as usize == file.range(shard).len()
            && foot.sha256 == crate::units::hexadecimal(&hasher.finalize())
    });
    let over = next_line(&mut line)? == 0;
    Ok(if whole && over {
        ShardState::Whole { failed }
    } else {
        ShardState::Damaged
    })
}

/// The results of a shard that is whole, in order.
///
/// # Errors
/// [`OutputError`] if it cannot be opened; each result is an error if it cannot be read.
pub fn results(
    folder: &Path,
    file: &PlanFile,
    shard: u32,
) -> Result<impl Iterator<Item = Result<PointResult, OutputError>>, OutputError> {
    let path = shard_path(folder, shard);
    let open =
        File::open(&path).map_err(|source| OutputError::new("cannot read", &path, source))?;
    let mut reader = BufReader::new(open);
    let range = file.range(shard);
    let mut line = Vec::new();
    let mut skip_head = Some(reader.read_until(b'\n', &mut line));
    Ok(range.map(move |point| {
        let fail = |source| OutputError::new("cannot read", &path, source);
        if let Some(head) = skip_head.take() {
            head.map_err(fail)?;
        }
        line.clear();
        reader.read_until(b'\n', &mut line).map_err(fail)?;
        parse_result(&line)
            .filter(|result| result.point == point)
            .ok_or_else(|| fail(io::Error::other(format!("point {point} is damaged"))))
    }))
}
