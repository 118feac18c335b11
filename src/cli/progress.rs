//! How far a run or a sweep is: bars on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hashdrift::ensemble::Progress;
use hashdrift::sweep;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

pub struct ReplicaProgress {
    bar: ProgressBar,
    lines: Option<Lines>,
}

/// A plain line now and then, where there is no terminal.
struct Lines {
    things: &'static str,
    total: u64,
    done: AtomicU64,
    /// How many are written in all.
    wanted: u64,
    started: Instant,
}

impl Lines {
    fn unless(quiet: bool, things: &'static str, total: u64, wanted: u64) -> Option<Self> {
        (!quiet && !is_terminal()).then(|| Self {
            things,
            total,
            done: AtomicU64::new(0),
            wanted,
            started: Instant::now(),
        })
    }

    fn one_more(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let part = |done: u64| done * self.wanted / self.total.max(1);
        if part(done) > part(done - 1) {
            let elapsed = self.started.elapsed().as_secs_f64();
            // Shown with one digit.
            let left = elapsed / done as f64 * self.total.saturating_sub(done) as f64;
            anstream::eprintln!(
                "{done}/{} {}, {elapsed:.1} s, {left:.1} s left",
                self.total,
                self.things
            );
        }
    }
}

fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

fn styled(total: u64, things: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    // The template is a constant that tests run; a plain bar is no harm.
    let template = format!("{{bar:40}} {{pos}}/{{len}} {things}, {{per_sec}}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

impl ReplicaProgress {
    /// On standard error; silent if `quiet`.
    pub fn new(replicas: u32, quiet: bool) -> Self {
        Self::of("replicas", replicas, quiet)
    }

    /// The same for other things than replicas.
    pub fn of(things: &'static str, total: u32, quiet: bool) -> Self {
        let bar = if quiet || !is_terminal() {
            ProgressBar::hidden()
        } else {
            styled(u64::from(total), things)
        };
        Self {
            bar,
            lines: Lines::unless(quiet, things, u64::from(total), 10),
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
        if let Some(lines) = &self.lines {
            lines.one_more();
        }
    }
}

/// Two bars, of points and of the replicas of those under way; elsewhere than on a terminal, a line every twentieth.
pub struct SweepProgress {
    points: ProgressBar,
    replicas: ProgressBar,
    lines: Option<Lines>,
}

impl SweepProgress {
    /// On standard error, for so many points; silent if `quiet`.
    pub fn new(points: u32, quiet: bool) -> Self {
        let total = u64::from(points);
        let (points, replicas) = if quiet || !is_terminal() {
            (ProgressBar::hidden(), ProgressBar::hidden())
        } else {
            let bars = MultiProgress::new();
            let replicas = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template(
                "{bar:40} {pos}/{len} replicas of the points under way",
            ) {
                replicas.set_style(style);
            }
            (bars.add(styled(total, "points")), bars.add(replicas))
        };
        Self {
            points,
            replicas,
            lines: Lines::unless(quiet, "points", total, 20),
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.points.finish_and_clear();
        self.replicas.finish_and_clear();
    }
}

impl Progress for SweepProgress {
    fn replica_done(&self) {
        self.replicas.inc(1);
    }
}

impl sweep::Progress for SweepProgress {
    fn point_begins(&self, replicas: u32) {
        self.replicas.inc_length(u64::from(replicas));
    }

    fn more_replicas(&self, replicas: u32) {
        self.replicas.inc_length(u64::from(replicas));
    }

    fn point_done(&self, replicas: u32, run: u32) {
        self.replicas.dec_length(u64::from(replicas));
        self.replicas.dec(u64::from(run));
        self.points.inc(1);
        if let Some(lines) = &self.lines {
            lines.one_more();
        }
    }
}
