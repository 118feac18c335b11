//! Files of a table: CSV and Parquet side by side, batch by batch, with a digest of what was written.

use std::io::{self, BufWriter, Write};
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

/// A table on its way into a file.
pub struct TableFile<W: Write + Send + 'static> {
    path: PathBuf,
    rows: u64,
    writer: Box<dyn TableWriter<Hashing<BufWriter<W>>> + Send>,
}

/// A file that is complete.
pub struct Finished<W> {
    path: PathBuf,
    digest: TableDigest,
    to: W,
}

impl<W: Write + Send> TableFile<W> {
    /// The table of the file `path`, in this format, written to `to`.
    pub fn new(path: &Path, format: Format, to: W) -> Self {
        Self {
            path: path.to_owned(),
            rows: 0,
            writer: format.writer(Hashing::new(BufWriter::new(to))),
        }
    }

    /// Writes the next rows.
    pub fn write(&mut self, batch: &Table) -> Result<(), OutputError> {
        self.rows += batch.rows() as u64;
        let written = self.writer.write(batch);
        written.map_err(|source| cannot_write(&self.path, source))
    }

    /// Writes what is left.
    pub fn finish(self) -> Result<Finished<W>, OutputError> {
        let fail = |source| cannot_write(&self.path, source);
        let written = self.writer.finish().map_err(fail)?;
        let (buffered, bytes, sha256) = written.end();
        let to = buffered
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
            to,
        })
    }
}

impl TableFile<AtomicWriteFile> {
    /// A file that appears under its name when it is committed.
    pub fn create(path: &Path, format: Format) -> Result<Self, OutputError> {
        let to = AtomicWriteFile::open(path).map_err(|source| cannot_write(path, source))?;
        Ok(Self::new(path, format, to))
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
        // Of several that failed, the first in order is told.
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
        let committed = self.to.commit();
        committed.map_err(|source| cannot_write(&self.path, source))?;
        Ok(self.digest)
    }
}

fn cannot_write(path: &Path, source: io::Error) -> OutputError {
    OutputError::new("cannot write", path, source)
}
