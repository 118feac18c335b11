//! Ctrl-C: work ends in order, and no half-made results folder stays behind.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashdrift::output::{OutputError, ResultsFolder, create_results_folder};

use super::exit;

/// The results folder of this process, once there is one: removed, unless it was kept, when the work fails
/// and when an interrupt ends the program.
#[derive(Default)]
pub struct FolderInCare(Arc<Mutex<Option<ResultsFolder>>>);

impl FolderInCare {
    /// Makes the folder; returns its path.
    pub fn make(&self, wanted: &Path, overwrite: bool) -> Result<PathBuf, OutputError> {
        let mut held = lock(&self.0);
        let made = create_results_folder(wanted, overwrite)?;
        let path = made.path().to_owned();
        *held = Some(made);
        Ok(path)
    }

    /// Keeps the folder: its results, the files `written`, are complete.
    pub fn keep(&self, written: &[&str]) {
        if let Some(folder) = lock(&self.0).as_mut() {
            folder.keep(written);
        }
    }
}

impl Drop for FolderInCare {
    fn drop(&mut self) {
        // The interrupt handler holds on to the cell for the rest of the process.
        drop(lock(&self.0).take());
    }
}

fn lock(folder: &Mutex<Option<ResultsFolder>>) -> MutexGuard<'_, Option<ResultsFolder>> {
    // A panic elsewhere leaves the folder as it was.
    folder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the first Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// It sets the flag, so that replicas under way can be finished; the second ends the program.
    InOrder,
    /// The same for points of a sweep under way.
    AfterPoints,
    /// It ends the program.
    AtOnce,
}

/// A flag that an interrupt sets. An interrupt that ends the program first removes `folder`, if this run
/// made it and has not kept it.
pub fn stop_on_interrupt(folder: &FolderInCare, first: Interrupt) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(first == Interrupt::AtOnce));
    let seen = Arc::clone(&stop);
    let folder = Arc::clone(&folder.0);
    // Without a handler Ctrl-C still ends the program, only less politely.
    let _ = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            drop(lock(&folder).take());
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
        let what = match first {
            Interrupt::AfterPoints => "points",
            Interrupt::InOrder | Interrupt::AtOnce => "replicas",
        };
        anstream::eprintln!(
            "\nstopping: finishing the {what} under way (Ctrl-C again to stop at once)"
        );
    });
    stop
}
