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
    things: &'static str,
    total: u64,
    done: AtomicU64,
    started: Instant,
}

impl ReplicaProgress {
    /// On standard error; silent if `quiet`.
    pub fn new(replicas: u32, quiet: bool) -> Self {
        Self::of("replicas", replicas, quiet)
    }

    /// The same for other things than replicas.
    pub fn of(things: &'static str, total: u32, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if quiet || !terminal {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(u64::from(total))
        };
        // The template is a constant that tests run; a plain bar is no harm.
        let template = format!("{{bar:40}} {{pos}}/{{len}} {things}, {{per_sec}}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self {
            bar,
            lines: (!quiet && !terminal).then(|| Lines {
                things,
                total: u64::from(total),
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
                "{done}/{} {}, {elapsed:.1} s, {left:.1} s left",
                lines.total,
                lines.things
            );
        }
    }
}
