//! The folder that a run writes into: made before the run, never one that holds older results.

use std::io;
use std::path::{Path, PathBuf};

use super::OutputError;
use super::metadata::{METADATA_FILE, read_metadata};

/// A results folder; removed again on drop unless something was kept in it.
#[derive(Debug)]
pub struct ResultsFolder {
    path: PathBuf,
    created: bool,
    kept: bool,
    /// Files of an older run that is overwritten.
    older: Vec<String>,
}

impl ResultsFolder {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the folder: its results, the files `written`, are complete.
    ///
    /// Files that an overwritten run listed and this one did not write are removed, so that none of them
    /// stays beside newer ones; what it did not list is not touched.
    pub fn keep(&mut self, written: &[&str]) {
        self.kept = true;
        for file in std::mem::take(&mut self.older) {
            if !written.contains(&file.as_str()) {
                // The new metadata no longer lists it, should it stay.
                let _ = std::fs::remove_file(self.path.join(file));
            }
        }
    }
}

impl Drop for ResultsFolder {
    fn drop(&mut self) {
        if self.created && !self.kept {
            // Only what this run made: the folder was new. Nothing more can be done if this fails.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Name of the page in a results folder.
pub const REPORT_FILE: &str = "report.html";

/// Files of an older run in `folder`: those that its metadata lists, and its page.
fn listed_files(folder: &Path) -> Vec<String> {
    let Ok(metadata) = read_metadata(folder) else {
        return Vec::new();
    };
    let plain = |file: &String| {
        Path::new(file).components().count() == 1 && !file.starts_with('.') && file != METADATA_FILE
    };
    let tables = metadata.tables.into_iter().map(|table| table.file);
    tables
        .filter(plain)
        .chain([REPORT_FILE.to_owned()])
        .collect()
}

/// Makes the folder `wanted`, or `wanted-2`, `wanted-3`, ... if it is taken; with `overwrite`, `wanted`
/// itself, whose files of the same names will be replaced.
///
/// # Errors
/// [`OutputError`] if the folder cannot be made or written to.
pub fn create_results_folder(wanted: &Path, overwrite: bool) -> Result<ResultsFolder, OutputError> {
    let fail =
        |path: &Path, source| OutputError::new("cannot make the results folder", path, source);
    if let Some(parent) = wanted.parent()
        && !parent.as_os_str().is_empty()
    {
        std::fs::create_dir_all(parent).map_err(|source| fail(wanted, source))?;
    }
    // Without a slash at its end, which numbers would otherwise go behind.
    let wanted: &Path = &wanted.components().collect::<PathBuf>();
    if overwrite && wanted.exists() && !wanted.is_dir() {
        return Err(OutputError::new(
            "cannot overwrite with a results folder",
            wanted,
            io::Error::other("it is a file; remove it or choose another --out"),
        ));
    }
    if overwrite && wanted.is_dir() {
        // An open now fails before the long run, not after it.
        let probe = wanted.join(".hashdrift-probe");
        std::fs::write(&probe, b"")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|source| OutputError::new("cannot write into", wanted, source))?;
        return Ok(ResultsFolder {
            path: wanted.to_owned(),
            created: false,
            kept: true,
            older: listed_files(wanted),
        });
    }
    for number in 1_u32.. {
        let path = if number == 1 {
            wanted.to_owned()
        } else {
            let mut name = wanted.as_os_str().to_owned();
            name.push(format!("-{number}"));
            PathBuf::from(name)
        };
        // Making it is the test whether it is free: two runs at once never share a folder.
        match std::fs::create_dir(&path) {
            Ok(()) => {
                return Ok(ResultsFolder {
                    path,
                    created: true,
                    kept: false,
                    older: Vec::new(),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(fail(&path, error)),
        }
    }
    unreachable!("there are more numbers than folders")
}
