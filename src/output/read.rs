//! The tables of a run read back: the same numbers, to the bit.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::metadata::{Metadata, TableDigest};
use super::tables::{MEANS, NAKAMOTO, QUANTILES, REPLICAS};
use super::{OutputError, digest_file};
use crate::ensemble::{Counts, Ensemble};
use crate::record::{COUNTS, Quantity, quantities};
use crate::scenario::Scenario;
use crate::statistics::{PROBABILITIES, Quantile, Summary};

/// Reads the tables of a run of `scenario` in `folder`; values of single replicas where they were written, of at most
/// `most_replicas`.
///
/// # Errors
/// [`OutputError`] if a table cannot be read, was changed since, or is of another version.
pub fn read_results(
    folder: &Path,
    metadata: &Metadata,
    scenario: &Scenario,
    most_replicas: usize,
) -> Result<Ensemble, OutputError> {
    let quantities = quantities(scenario);
    let days = scenario.record_days();
    let open = |name| Rows::open(folder, metadata, name, &quantities, &days);
    let cells = days.len() * quantities.len();

    let mut summaries: Vec<Option<Summary>> = Vec::with_capacity(cells);
    let mut means = open(MEANS)?;
    let mut values = open(QUANTILES)?;
    for cell in 0..cells {
        let row = means.next_of(cell, 3)?;
        let [replicas, mean, standard_error, sd] = means.numbers(&row, [7, 8, 9, 10])?;
        let mut quantiles = Vec::with_capacity(PROBABILITIES.len());
        for probability in PROBABILITIES {
            let row = values.next_of(cell, 3)?;
            let [at, value, standard_error] = values.numbers(&row, [8, 9, 10])?;
            if at != Some(probability) {
                return Err(values.wrong());
            }
            quantiles.extend(value.map(|value| Quantile {
                probability,
                value,
                standard_error,
            }));
        }
        let none = quantiles.is_empty();
        let quantiles: Option<[Quantile; 5]> = quantiles.try_into().ok();
        summaries.push(match (replicas, mean, quantiles) {
            (Some(replicas), Some(mean), Some(quantiles)) => Some(Summary {
                // Written as a whole number.
                replicas: replicas as usize,
                mean,
                standard_error,
                sd,
                quantiles,
            }),
            (Some(0.0), None, _) if none => None,
            _ => return Err(means.wrong()),
        });
    }
    means.ends()?;
    values.ends()?;
    let counts = read_counts(open(NAKAMOTO)?)?;
    let mut records = Vec::new();
    if metadata.keep_replicas && most_replicas > 0 {
        let mut rows = open(REPLICAS)?;
        for _ in 0..most_replicas.min(scenario.replicas as usize) {
            for cell in 0..cells {
                // A column more than the other tables have: the replica's number.
                let row = rows.next_of(cell, 4)?;
                let [value] = rows.numbers(&row, [8])?;
                records.push(value.unwrap_or(f64::NAN));
            }
        }
    }
    Ok(Ensemble::of_tables(scenario, summaries, counts, records))
}

fn read_counts(mut rows: Rows<'_>) -> Result<Vec<Counts>, OutputError> {
    let (quantities, days) = (rows.quantities, rows.days);
    let counted = quantities.iter().enumerate();
    let mut counts: Vec<Counts> = counted
        .filter(|(_, quantity)| COUNTS.contains(&quantity.metric.as_str()))
        .map(|(quantity, _)| Counts {
            quantity,
            by_date: vec![Vec::new(); days.len()],
        })
        .collect();
    while let Some(row) = rows.next()? {
        let date = row
            .get(2)
            .and_then(|day| days.binary_search(&day.parse().ok()?).ok());
        let found = counts
            .iter_mut()
            .find(|counts| labels_of(&quantities[counts.quantity]).eq(cells_from(&row, 3)));
        let whole = |column: usize| row.get(column).and_then(|cell| cell.parse().ok());
        match (date, found, whole(7), whole(8)) {
            (Some(date), Some(counts), Some(value), Some(replicas)) => {
                counts.by_date[date].push((value, replicas));
            }
            _ => return Err(rows.wrong()),
        }
    }
    Ok(counts)
}

/// What says which quantity a row is of.
fn labels_of(quantity: &Quantity) -> impl Iterator<Item = &str> {
    let labels = [
        quantity.level.as_str(),
        &quantity.name,
        &quantity.metric,
        quantity.unit,
    ];
    labels.into_iter()
}

fn cells_from(row: &StringRecord, first: usize) -> impl Iterator<Item = &str> {
    row.iter().skip(first).take(4)
}

/// Opens a table that a metadata file lists, and that has not changed since.
fn open_table(
    folder: &Path,
    metadata: &Metadata,
    file: &str,
) -> Result<(PathBuf, csv::Reader<File>), OutputError> {
    let path = unchanged(folder, &metadata.tables, file)?;
    let reader = csv::Reader::from_path(&path);
    let reader = reader.map_err(|error| OutputError::new("cannot read", &path, error.into()))?;
    Ok((path, reader))
}

/// Path of a table file of a folder, which is one of those that its metadata lists and has not changed since it was written.
///
/// # Errors
/// [`OutputError`] if it is not, or cannot be read.
pub fn unchanged(
    folder: &Path,
    listed: &[TableDigest],
    file: &str,
) -> Result<PathBuf, OutputError> {
    let path = folder.join(file);
    let wrong = |text: &str| {
        Err(OutputError::new(
            "cannot read",
            &path,
            io::Error::other(text),
        ))
    };
    let Some(written) = listed.iter().find(|table| table.file == file) else {
        return wrong(
            "the metadata file beside it lists no such table; make the results again with this version",
        );
    };
    if digest_file(&path)?.1 != written.sha256 {
        return wrong(
            "it was changed since it was written: its digest is not the one in the metadata file; make the results again",
        );
    }
    Ok(path)
}

/// A table read back, whatever its columns.
#[derive(Debug)]
pub struct ReadTable {
    columns: Vec<String>,
    rows: Vec<StringRecord>,
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct ReadRow<'t> {
    columns: &'t [String],
    cells: &'t StringRecord,
}

impl ReadTable {
    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = ReadRow<'_>> {
        self.rows.iter().map(|cells| ReadRow {
            columns: &self.columns,
            cells,
        })
    }
}

impl<'t> ReadRow<'t> {
    /// The text in a column; empty if there is no such column.
    #[must_use]
    pub fn text(&self, column: &str) -> &'t str {
        let place = self.columns.iter().position(|name| name == column);
        debug_assert!(place.is_some(), "there is a column {column}");
        place
            .and_then(|place| self.cells.get(place))
            .unwrap_or_default()
    }

    /// The number in a column; `None` where there is none.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<f64> {
        self.text(column).parse().ok()
    }
}

/// Reads a table of a results folder.
///
/// # Errors
/// [`OutputError`] if it cannot be read or was changed since.
pub fn read_table(
    folder: &Path,
    metadata: &Metadata,
    file: &str,
) -> Result<ReadTable, OutputError> {
    let (path, mut reader) = open_table(folder, metadata, file)?;
    let fail = |error: csv::Error| OutputError::new("cannot read", &path, error.into());
    let columns = reader.headers().map_err(fail)?;
    let columns = columns.iter().map(Into::into).collect();
    let rows = reader.records().collect::<Result<_, _>>().map_err(fail)?;
    Ok(ReadTable { columns, rows })
}

/// The rows of a table file, each with the labels that it is to have.
struct Rows<'q> {
    path: PathBuf,
    reader: csv::Reader<File>,
    quantities: &'q [Quantity],
    days: &'q [u32],
}

impl<'q> Rows<'q> {
    fn open(
        folder: &Path,
        metadata: &Metadata,
        name: &str,
        quantities: &'q [Quantity],
        days: &'q [u32],
    ) -> Result<Self, OutputError> {
        let (path, reader) = open_table(folder, metadata, &format!("{name}.csv"))?;
        Ok(Self {
            path,
            reader,
            quantities,
            days,
        })
    }

    fn next(&mut self) -> Result<Option<StringRecord>, OutputError> {
        let mut row = StringRecord::new();
        let more = self.reader.read_record(&mut row);
        more.map(|more| more.then_some(row))
            .map_err(|error| OutputError::new("cannot read", &self.path, error.into()))
    }

    /// The next row, which is to be of this cell of (record day, quantity); `labels` is the first column that says of which quantity.
    fn next_of(&mut self, cell: usize, labels: usize) -> Result<StringRecord, OutputError> {
        let row = self.next()?;
        let quantity = &self.quantities[cell % self.quantities.len()];
        let day = self.days[cell / self.quantities.len()];
        let is_it = |row: &StringRecord| {
            row.get(labels - 1).and_then(|day| day.parse().ok()) == Some(day)
                && labels_of(quantity).eq(cells_from(row, labels))
        };
        row.filter(is_it).ok_or_else(|| self.wrong())
    }

    /// Numbers of a row; `None` in an empty cell.
    fn numbers<const N: usize>(
        &self,
        row: &StringRecord,
        columns: [usize; N],
    ) -> Result<[Option<f64>; N], OutputError> {
        let mut numbers = [None; N];
        for (number, column) in numbers.iter_mut().zip(columns) {
            let cell = row.get(column).ok_or_else(|| self.wrong())?;
            if !cell.is_empty() {
                *number = Some(cell.parse().map_err(|_| self.wrong())?);
            }
        }
        Ok(numbers)
    }

    /// Whether there are no more rows.
    fn ends(&mut self) -> Result<(), OutputError> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.wrong()),
        }
    }

    fn wrong(&self) -> OutputError {
        let line = self.reader.position().line();
        let text = format!(
            "near line {line} it is not what this version writes for this scenario; run the scenario again"
        );
        OutputError::new("cannot read", &self.path, io::Error::other(text))
    }
}
