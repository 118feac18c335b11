//! How far a run is: a bar on a terminal, a plain line every tenth elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hashdrift::ensemble::Progress;
use indicatif::{ProgressBar, ProgressStyle};

pub struct ReplicaProgress {
    bar: ProgressBar,
    lines: Option<Lines>,
}

struct Lines {
    total: u64,
    done: AtomicU64,
    started: Instant,
}

impl ReplicaProgress {
    /// On standard error; silent if `quiet`.
    pub fn new(replicas: u32, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if quiet || !terminal {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(u64::from(replicas))
        };
        // The template is a constant that tests run; a plain bar is no harm.
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {pos}/{len} replicas, {per_sec}, {eta} left")
        {
            bar.set_style(style);
        }
        Self {
            bar,
            lines: (!quiet && !terminal).then(|| Lines {
                total: u64::from(replicas),
                done: AtomicU64::new(0),
                started: Instant::now(),
            }),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for ReplicaProgress {
    fn replica_done(&self) {
        self.bar.inc(1);
        let Some(lines) = &self.lines else { return };
        let done = lines.done.fetch_add(1, Ordering::Relaxed) + 1;
        let tenth = |done: u64| done * 10 / lines.total;
        if tenth(done) > tenth(done - 1) {
            let elapsed = lines.started.elapsed().as_secs_f64();
            // Shown with one digit.
            let left = elapsed / done as f64 * (lines.total - done) as f64;
            anstream::eprintln!(
                "{done}/{} replicas, {elapsed:.1} s, {left:.1} s left",
                lines.total
            );
        }
    }
}
