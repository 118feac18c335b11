//! The journals of a shard: every point that is done, a line each.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::OutputError;
use super::plan_file::PlanFile;
use super::{JOURNAL_FOLDER, line_of, parse_line};
use crate::sweep::PointResult;

/// First line of a journal and of a shard: what its points belong to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub plan: String,
    pub shard: u32,
    pub shards: u32,
}

impl Head {
    /// Of a shard of a plan.
    pub fn of(file: &PlanFile, shard: u32) -> Self {
        Self {
            plan: file.digest.clone(),
            shard,
            shards: file.shards,
        }
    }
}

/// Where the line of a point is.
#[derive(Debug, Clone, Copy)]
struct At {
    file: usize,
    offset: u64,
    length: usize,
}

/// What is in the journals of a shard.
#[derive(Debug, Default)]
pub struct Found {
    files: Vec<PathBuf>,
    points: BTreeMap<u32, At>,
    /// Lines that cannot be trusted; the last one of a journal whose process was killed is none of them.
    pub damaged: usize,
}

impl Found {
    /// Whether a point is done.
    #[must_use]
    pub fn has(&self, point: u32) -> bool {
        self.points.contains_key(&point)
    }

    /// Points that are done.
    #[must_use]
    pub fn count(&self) -> usize {
        self.points.len()
    }

    /// The lines of the points in their order, each with its number.
    pub fn lines(&self) -> impl Iterator<Item = (u32, Result<Vec<u8>, OutputError>)> + '_ {
        let mut open: BTreeMap<usize, File> = BTreeMap::new();
        self.points.iter().map(move |(point, at)| {
            let path = &self.files[at.file];
            let mut read = || -> io::Result<Vec<u8>> {
                let file = match open.entry(at.file) {
                    std::collections::btree_map::Entry::Occupied(file) => file.into_mut(),
                    std::collections::btree_map::Entry::Vacant(place) => {
                        place.insert(File::open(path)?)
                    }
                };
                file.seek(SeekFrom::Start(at.offset))?;
                let mut line = vec![0; at.length];
                file.read_exact(&mut line)?;
                Ok(line)
            };
            let line = read().map_err(|source| OutputError::new("cannot read", path, source));
            (*point, line)
        })
    }

    /// Reads the journals of a shard in the folder of a sweep.
    ///
    /// # Errors
    /// [`OutputError`] if one of them cannot be read.
    pub fn read(folder: &Path, plan: &PlanFile, shard: u32) -> Result<Self, OutputError> {
        let mut found = Self::default();
        let journals = folder.join(JOURNAL_FOLDER);
        let entries = match std::fs::read_dir(&journals) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(OutputError::new("cannot read", &journals, error)),
        };
        let prefix = prefix(shard);
        for entry in entries {
            let entry = entry.map_err(|error| OutputError::new("cannot read", &journals, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&prefix)
                && Path::new(&*name).extension().is_some_and(|e| e == "jsonl")
            {
                found.files.push(entry.path());
            }
        }
        found.files.sort();
        let head = Head::of(plan, shard);
        for file in 0..found.files.len() {
            let path = found.files[file].clone();
            match found.scan(file, &path, &head) {
                // Another process has published the shard meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(OutputError::new("cannot read", &path, error)),
                Ok(()) => {}
            }
        }
        let range = plan.range(shard);
        found.points.retain(|point, _| range.contains(point));
        Ok(found)
    }

    fn scan(&mut self, file: usize, path: &Path, head: &Head) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        let mut offset = 0;
        let mut first = true;
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(());
            }
            let at = At {
                file,
                offset,
                length,
            };
            offset += length as u64;
            let parsed = parse_line(&line);
            if first {
                first = false;
                let known = parsed.and_then(|(_, text)| serde_json::from_str::<Head>(text).ok());
                if known.as_ref() != Some(head) {
                    // Of a process that was killed at once, of another plan, or damaged: nothing of it is used.
                    self.damaged += usize::from(line.ends_with(b"\n"));
                    return Ok(());
                }
                continue;
            }
            match parsed {
                Some((point, _)) => {
                    self.points.insert(point, at);
                }
                None => self.damaged += usize::from(line.ends_with(b"\n")),
            }
        }
    }
}

fn prefix(shard: u32) -> String {
    format!("{shard:04}-")
}

/// The journal of one process for one shard.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    head: Head,
    /// Made with the first point.
    open: Option<(PathBuf, File)>,
    synced: Instant,
}

impl Journal {
    /// A journal in the folder of a sweep.
    #[must_use]
    pub fn new(folder: &Path, plan: &PlanFile, shard: u32) -> Self {
        Self {
            folder: folder.join(JOURNAL_FOLDER),
            head: Head::of(plan, shard),
            open: None,
            synced: Instant::now(),
        }
    }

    /// Writes a point down. It is there for whoever reads the file when this returns; within a second, for a machine that lost power too.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be written.
    pub fn add(&mut self, result: &PointResult) -> Result<(), OutputError> {
        const BETWEEN_SYNCS: Duration = Duration::from_secs(1);
        if self.open.is_none() {
            self.open = Some(self.create()?);
        }
        let Some((path, file)) = &mut self.open else {
            unreachable!("it has just been made")
        };
        let mut write = || -> io::Result<()> {
            let line = line_of(result.point, &serde_json::to_string(result)?);
            file.write_all(line.as_bytes())?;
            if self.synced.elapsed() > BETWEEN_SYNCS {
                file.sync_data()?;
                self.synced = Instant::now();
            }
            Ok(())
        };
        write().map_err(|source| OutputError::new("cannot write", path, source))
    }

    fn create(&self) -> Result<(PathBuf, File), OutputError> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|source| OutputError::new("cannot make", &self.folder, source))?;
        for number in 1_u32.. {
            // Two machines may have a process of the same number.
            let name = format!(
                "{}{}-{number}.jsonl",
                prefix(self.head.shard),
                std::process::id()
            );
            let path = self.folder.join(name);
            let begin = || -> io::Result<File> {
                let mut file = OpenOptions::new()
                    .append(true)
                    .create_new(true)
                    .open(&path)?;
                let head = line_of(0, &serde_json::to_string(&self.head)?);
                file.write_all(head.as_bytes())?;
                Ok(file)
            };
            match begin() {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(OutputError::new("cannot write", &path, error)),
            }
        }
        unreachable!("there are more numbers than journals")
    }
}

/// Removes the journals of a shard that is published. Their folder stays: others may be about to write in it.
pub fn remove_journals(folder: &Path, shard: u32) {
    let journals = folder.join(JOURNAL_FOLDER);
    let prefix = prefix(shard);
    // A journal that stays does no harm: its points are in the shard.
    for entry in std::fs::read_dir(&journals).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
