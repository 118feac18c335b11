//! The folder of a sweep: what is to be computed, what has been, and what came out.
//!
//! ```text
//! plan.json             what is swept; everything else hangs on it
//! design.csv            the points
//! journal/0003-*.jsonl  points of shard 3 that are done, a file for each process that worked on it
//! shards/0003.jsonl     shard 3, whole
//! results.*, parameters.*, metadata.json
//! ```
//!
//! Any number of processes may work in one folder: each appends to a journal of its own, and files that others read appear under their
//! names only when they are whole. Nothing is locked, so a shard that two processes compute at once is computed twice, to the same bytes.

mod journal;
mod merge;
mod plan_file;
mod read;
mod shard;
mod tables;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::sweep::PointResult;

pub use journal::{Found, Journal};
pub use merge::{SweepMetadata, merge, merged_already, read_sweep_metadata, remove_parts};
pub use plan_file::{PLAN_FILE, PlanFile};
pub use read::{Dates, MergedSweep, PointTable, ReadError, Results, Series, Status};
pub use shard::{ShardState, publish, results, shard_state};
pub use tables::{DESIGN_FILE, write_design};

/// Folder of the journals.
pub const JOURNAL_FOLDER: &str = "journal";
/// Folder of the shards.
pub const SHARD_FOLDER: &str = "shards";

/// Where a shard is when it is whole.
fn shard_path(folder: &Path, shard: u32) -> PathBuf {
    folder.join(SHARD_FOLDER).join(format!("{shard:04}.jsonl"))
}

/// Digits of a checksum: by chance, one damaged line in 2^64 is taken for a good one.
const CHECKSUM_DIGITS: usize = 16;

fn checksum(text: &[u8]) -> String {
    let mut digits = crate::units::hexadecimal(&Sha256::digest(text));
    digits.truncate(CHECKSUM_DIGITS);
    digits
}

/// A line that tells whether it is whole: checksum, number, content.
fn line_of(number: u32, content: &str) -> String {
    let body = format!("{number} {content}");
    format!("{} {body}\n", checksum(body.as_bytes()))
}

/// Number and content of a line; `None` if it is damaged or was not finished.
fn parse_line(line: &[u8]) -> Option<(u32, &str)> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, body) = line.split_once(' ')?;
    if sum != checksum(body.as_bytes()) {
        return None;
    }
    let (number, content) = body.split_once(' ')?;
    Some((number.parse().ok()?, content))
}

/// The result in a line; `None` if it is damaged, or of another version.
fn parse_result(line: &[u8]) -> Option<PointResult> {
    let (number, content) = parse_line(line)?;
    let result: PointResult = serde_json::from_str(content).ok()?;
    (result.point == number).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_and_any_cut_is_seen() {
        let line = line_of(17, r#"{"point":17,"outcome":{"Err":"none"}}"#).into_bytes();
        assert!(parse_result(&line).is_some());
        for bit in 0..line.len() * 8 {
            let mut other = line.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(parse_result(&other).is_none(), "bit {bit}");
        }
        for length in 0..line.len() {
            assert!(parse_result(&line[..length]).is_none(), "{length} bytes");
        }
    }
}
