//! Files of a table: CSV and Parquet side by side, batch by batch, with a digest of what was written.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;
use rayon::prelude::*;

use super::csv::CsvWriter;
#[cfg(feature = "parquet")]
use super::parquet::ParquetWriter;
use super::table::{Table, TableWriter};
use super::{Hashing, OutputError, TableDigest, file_name};

/// File formats of tables, by file extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    pub const ALL: &[Self] = &[
        Self::Csv,
        #[cfg(feature = "parquet")]
        Self::Parquet,
    ];

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }

    fn writer<'w, W: Write + Send + 'w>(self, to: W) -> Box<dyn TableWriter<W> + Send + 'w> {
        match self {
            Self::Csv => Box::new(CsvWriter::new(to)),
            #[cfg(feature = "parquet")]
            Self::Parquet => Box::new(ParquetWriter::new(to)),
        }
    }
}

const CANNOT_WRITE: &str = "cannot write";

/// A table on its way into a file.
pub struct TableFile<W: Write + Send + 'static> {
    /// What an error says first, as in "cannot write".
    failure: &'static str,
    path: PathBuf,
    rows: u64,
    writer: Box<dyn TableWriter<Hashing<BufWriter<W>>> + Send>,
}

/// A file that is complete.
pub struct Finished<W> {
    path: PathBuf,
    digest: TableDigest,
    target: W,
}

impl<W: Write + Send> TableFile<W> {
    /// The table of the file `path`, in this format, written to `to`.
    pub fn new(failure: &'static str, path: &Path, format: Format, to: W) -> Self {
        Self {
            failure,
            path: path.to_owned(),
            rows: 0,
            writer: format.writer(Hashing::new(BufWriter::new(to))),
        }
    }

    /// Writes the next rows.
    pub fn write(&mut self, batch: &Table) -> Result<(), OutputError> {
        self.rows += batch.rows() as u64;
        let written = self.writer.write(batch);
        written.map_err(|source| OutputError::new(self.failure, &self.path, source))
    }

    /// Writes what is left.
    pub fn finish(self) -> Result<Finished<W>, OutputError> {
        let fail = |source| OutputError::new(self.failure, &self.path, source);
        let written = self.writer.finish().map_err(fail)?;
        let (buffered, bytes, sha256) = written.end();
        let target = buffered
            .into_inner()
            .map_err(|error| fail(error.into_error()))?;
        Ok(Finished {
            digest: TableDigest {
                file: file_name(&self.path),
                rows: self.rows,
                bytes,
                sha256,
            },
            path: self.path,
            target,
        })
    }
}

impl TableFile<AtomicWriteFile> {
    /// A file that appears under its name when it is committed.
    pub fn create(path: &Path, format: Format) -> Result<Self, OutputError> {
        let to = AtomicWriteFile::open(path)
            .map_err(|source| OutputError::new(CANNOT_WRITE, path, source))?;
        Ok(Self::new(CANNOT_WRITE, path, format, to))
    }
}

/// A table on its way into a file of every format.
pub struct TableFiles<W: Write + Send + 'static>(Vec<TableFile<W>>);

impl<W: Write + Send> TableFiles<W> {
    /// The files `name.csv` and so on in a folder, each of which `open` opens.
    pub fn open(
        folder: &Path,
        name: &str,
        open: impl Fn(&Path, Format) -> Result<TableFile<W>, OutputError>,
    ) -> Result<Self, OutputError> {
        let files = Format::ALL.iter().map(|format| {
            let file = format!("{name}.{}", format.extension());
            open(&folder.join(file), *format)
        });
        Ok(Self(files.collect::<Result<_, _>>()?))
    }

    /// Writes the next rows to all files, on as many threads.
    pub fn write(&mut self, batch: &Table) -> Result<(), OutputError> {
        let files = self.0.par_iter_mut().with_max_len(1);
        let written: Vec<_> = files.map(|file| file.write(batch)).collect();
        // Of files that failed at one batch, the first in order is told.
        written.into_iter().collect()
    }

    /// Writes what is left.
    pub fn finish(self) -> Result<Vec<Finished<W>>, OutputError> {
        self.0.into_iter().map(TableFile::finish).collect()
    }
}

impl<W> Finished<W> {
    pub fn digest(self) -> TableDigest {
        self.digest
    }
}

impl Finished<AtomicWriteFile> {
    /// Puts the file under its name.
    pub fn commit(self) -> Result<TableDigest, OutputError> {
        let committed = self.target.commit();
        committed.map_err(|source| OutputError::new(CANNOT_WRITE, &self.path, source))?;
        Ok(self.digest)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::output::Cells;

    /// Has room for so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            let left = self.0.checked_sub(buffer.len());
            self.0 = left.ok_or_else(|| io::Error::other("no space left"))?;
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn days() -> Table {
        let cells = Cells::Integer((0..1000).collect());
        super::super::table::table([("day", cells)])
    }

    #[test]
    fn a_full_disk_is_told_with_the_file_that_it_failed_at() {
        for full in Format::ALL {
            let open = |path: &Path, format| {
                let room = if format == *full { 100_000 } else { usize::MAX };
                Ok(TableFile::new(CANNOT_WRITE, path, format, Full(room)))
            };
            let mut files = TableFiles::open(Path::new("results"), "days", open).unwrap();
            // Far more than fits, and than any buffer holds.
            let error = (0..1000)
                .try_for_each(|_| files.write(&days()))
                .unwrap_err();
            assert_eq!(error.path.extension().unwrap(), full.extension());
            assert!(
                error.source.to_string().contains("no space left"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn what_is_still_in_a_buffer_may_not_fit_either() {
        let open = |path: &Path, format| Ok(TableFile::new(CANNOT_WRITE, path, format, Full(10)));
        let mut files = TableFiles::open(Path::new("results"), "days", open).unwrap();
        let wrote = files.write(&days()).and_then(|()| files.finish().map(drop));
        let error = wrote.unwrap_err();
        assert!(
            error.source.to_string().contains("no space left"),
            "{error:?}"
        );
    }

    #[test]
    fn a_file_appears_when_it_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let there = || std::fs::read_dir(folder.path()).unwrap().count();
        let mut files = TableFiles::open(folder.path(), "days", TableFile::create).unwrap();
        files.write(&days()).unwrap();
        drop(files);
        assert_eq!(there(), 0);

        let mut files = TableFiles::open(folder.path(), "days", TableFile::create).unwrap();
        files.write(&days()).unwrap();
        files.write(&days()).unwrap();
        let finished = files.finish().unwrap();
        assert!(!folder.path().join("days.csv").exists());
        for file in finished {
            let digest = file.commit().unwrap();
            assert_eq!(digest.rows, 2000);
            let written = super::super::digest_file(&folder.path().join(&digest.file)).unwrap();
            assert_eq!(written, (digest.bytes, digest.sha256));
        }
        assert_eq!(there(), Format::ALL.len());
    }
}
