//! What a calibration leaves behind: a journal of every point simulated, and tables.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::OutputError;
use super::backtest::{measured_values_table, scores_table};
use super::table::{Cells, Column, Table, Text, table};
use crate::backtest::Scores;
use crate::calibration::{Episode, Evaluation, Fit, Plan};
use crate::scenario::Scenario;

/// Name of the journal in the folder of a calibration.
pub const JOURNAL_FILE: &str = "evaluations.jsonl";

/// Every point simulated so far, a line each: what an interrupted calibration goes on from.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    known: Vec<Evaluation>,
}

/// First line of a journal: what its points were simulated for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Digest of the program's model, the plan and the episodes.
    digest: String,
}

impl Journal {
    /// Opens the journal in `folder`, or begins one, for points simulated under `digest`.
    ///
    /// A line that was not finished is not there; it is written again.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be read or written, or belongs to another calibration.
    pub fn open(folder: &Path, digest: &str) -> Result<Self, OutputError> {
        let path = folder.join(JOURNAL_FILE);
        let fail = |action, source| OutputError::new(action, &path, source);
        let head = Head {
            digest: digest.to_owned(),
        };
        let mut known = Vec::new();
        let mut good = 0;
        if path.exists() {
            let file = File::open(&path).map_err(|error| fail("cannot read", error))?;
            let mut reader = BufReader::new(file);
            let mut line = String::new();
            let mut first = true;
            loop {
                line.clear();
                let read = reader
                    .read_line(&mut line)
                    .map_err(|error| fail("cannot read", error))?;
                if read == 0 || !line.ends_with('\n') {
                    break;
                }
                if first {
                    match serde_json::from_str::<Head>(&line) {
                        Ok(found) if found == head => {}
                        _ => {
                            let other = std::io::Error::other(
                                "its points are those of another plan, other episodes or another version; choose another folder",
                            );
                            return Err(fail("cannot resume from", other));
                        }
                    }
                    first = false;
                } else {
                    let evaluation = serde_json::from_str(&line);
                    known.push(
                        evaluation.map_err(|error| fail("cannot resume from", error.into()))?,
                    );
                }
                good += read as u64;
            }
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| fail("cannot write", error))?;
        let mut begin = || -> std::io::Result<()> {
            file.set_len(good)?;
            std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
            if good == 0 {
                serde_json::to_writer(&mut file, &head)?;
                file.write_all(b"\n")?;
            }
            Ok(())
        };
        begin().map_err(|error| fail("cannot write", error))?;
        Ok(Self { path, file, known })
    }

    /// Points simulated before.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known.len()
    }

    /// The scores of a point that was simulated before.
    #[must_use]
    pub fn find(&self, point: &[f64]) -> Option<&Evaluation> {
        self.known.iter().find(|known| known.point == point)
    }

    /// Writes a point down.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be written.
    pub fn add(&mut self, evaluation: &Evaluation) -> Result<(), OutputError> {
        let write = |file: &mut File| -> std::io::Result<()> {
            // As one piece: a line is there or it is not.
            let mut line = serde_json::to_vec(evaluation)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_data()
        };
        write(&mut self.file)
            .map_err(|source| OutputError::new("cannot write", &self.path, source))?;
        self.known.push(evaluation.clone());
        Ok(())
    }
}

/// The accepted points, a column for each key: a file of `uncertain.draws`.
#[must_use]
pub fn posterior_table(plan: &Plan, accepted: &[Vec<f64>]) -> Table {
    let columns = plan
        .parameters
        .iter()
        .enumerate()
        .map(|(column, parameter)| Column {
            name: parameter.key.clone().into(),
            cells: Cells::Number(accepted.iter().map(|point| Some(point[column])).collect()),
        });
    Table {
        columns: columns.collect(),
    }
}

/// One row for each fit and parameter.
#[must_use]
pub fn estimates_table(plan: &Plan, episodes: &[Episode], fits: &[Fit]) -> Table {
    let rows = || {
        fits.iter()
            .flat_map(|fit| (0..fit.estimates.len()).map(move |parameter| (fit, parameter)))
    };
    let number = |value: &dyn Fn(&Fit, usize) -> f64| {
        Cells::Number(
            rows()
                .map(|(fit, parameter)| Some(value(fit, parameter)))
                .collect(),
        )
    };
    table([
        (
            "left_out",
            Cells::Text(
                rows()
                    .map(|(fit, _)| left_out_name(episodes, fit).into())
                    .collect(),
            ),
        ),
        (
            "parameter",
            Cells::Text(
                rows()
                    .map(|(_, parameter)| plan.parameters[parameter].key.as_str().into())
                    .collect(),
            ),
        ),
        (
            "best",
            number(&|fit, parameter| fit.estimates[parameter].best),
        ),
        (
            "median",
            number(&|fit, parameter| fit.estimates[parameter].median),
        ),
        (
            "p05",
            number(&|fit, parameter| fit.estimates[parameter].low),
        ),
        (
            "p95",
            number(&|fit, parameter| fit.estimates[parameter].high),
        ),
        (
            "prior_p05",
            number(&|_, parameter| plan.parameters[parameter].prior.quantile(0.05)),
        ),
        (
            "prior_p95",
            number(&|_, parameter| plan.parameters[parameter].prior.quantile(0.95)),
        ),
        (
            "width",
            number(&|fit, parameter| fit.estimates[parameter].width),
        ),
    ])
}

/// One row for each fit and pair of parameters that go together.
#[must_use]
pub fn pairs_table(plan: &Plan, episodes: &[Episode], fits: &[Fit]) -> Table {
    let rows = || {
        fits.iter()
            .flat_map(|fit| fit.pairs.iter().map(move |pair| (fit, pair)))
    };
    let key = |parameter: usize| plan.parameters[parameter].key.as_str().into();
    table([
        (
            "left_out",
            Cells::Text(
                rows()
                    .map(|(fit, _)| left_out_name(episodes, fit).into())
                    .collect(),
            ),
        ),
        (
            "first",
            Cells::Text(rows().map(|(_, pair)| key(pair.first)).collect()),
        ),
        (
            "second",
            Cells::Text(rows().map(|(_, pair)| key(pair.second)).collect()),
        ),
        (
            "rank_correlation",
            Cells::Number(rows().map(|(_, pair)| Some(pair.correlation)).collect()),
        ),
    ])
}

/// An episode that was tried under what was fitted without it.
#[derive(Debug)]
pub struct Trial {
    /// Its name.
    pub episode: String,
    /// As it was simulated.
    pub scenario: Scenario,
    /// How it scored.
    pub scores: Scores,
}

/// One row for each episode that was left out, metric and horizon.
#[must_use]
pub fn left_out_table(trials: &[Trial]) -> Table {
    one_below_the_other(trials, |trial| scores_table(&trial.scores))
}

/// One row for each episode that was left out and value that was measured.
#[must_use]
pub fn left_out_values_table(trials: &[Trial]) -> Table {
    one_below_the_other(trials, |trial| {
        measured_values_table(&trial.scenario, &trial.scores)
    })
}

/// The tables of all trials as one, with the episode in front.
fn one_below_the_other(trials: &[Trial], table: impl Fn(&Trial) -> Table) -> Table {
    let mut all: Option<Table> = None;
    for trial in trials {
        let mut one = table(trial);
        let name: Text = std::iter::once(trial.episode.as_str().into()).collect();
        let left_out = Column {
            name: "left_out".into(),
            cells: Cells::Text(name.pick(std::iter::repeat_n(0, one.rows()))),
        };
        one.columns.insert(0, left_out);
        match &mut all {
            None => all = Some(one),
            Some(all) => all.append(one),
        }
    }
    all.unwrap_or(Table {
        columns: Vec::new(),
    })
}

fn left_out_name<'e>(episodes: &'e [Episode], fit: &Fit) -> &'e str {
    fit.left_out
        .map_or("", |index| episodes[index].name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_finds_the_points_that_it_wrote_to_the_bit_and_what_was_undefined() {
        let folder = tempfile::tempdir().unwrap();
        let evaluation = |index: u32| Evaluation {
            // Numbers of seventeen digits.
            point: vec![
                libm::exp(f64::from(index) / 7.0),
                1.0 / (f64::from(index) + 3.0),
            ],
            scores: vec![
                None,
                Some(vec![Some(libm::log(f64::from(index) + 2.0)), None]),
            ],
        };
        let mut journal = Journal::open(folder.path(), "digest").unwrap();
        for index in 0..1000 {
            journal.add(&evaluation(index)).unwrap();
        }
        let again = Journal::open(folder.path(), "digest").unwrap();
        assert_eq!(again.known(), 1000);
        for index in 0..1000 {
            assert_eq!(
                again.find(&evaluation(index).point),
                Some(&evaluation(index))
            );
        }
        assert!(Journal::open(folder.path(), "another").is_err());
    }
}
