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
    let dates = scenario.record_days().len();
    let cells = dates * quantities.len();
    let open = |name| Rows::open(folder, metadata, name, &quantities);

    let mut summaries = Vec::with_capacity(cells);
    let mut means = open(MEANS)?;
    for cell in 0..cells {
        let row = means.next_of(cell % quantities.len())?;
        let [replicas, mean, error, sd] = [7, 8, 9, 10].map(|column| means.number(&row, column));
        summaries.push(mean?.map(|mean| Summary {
            // Written as a whole number.
            replicas: replicas.ok().flatten().unwrap_or_default() as usize,
            mean,
            standard_error: error.ok().flatten(),
            sd: sd.ok().flatten(),
            quantiles: PROBABILITIES.map(|probability| Quantile {
                probability,
                value: mean,
                standard_error: None,
            }),
        }));
    }
    let mut values = open(QUANTILES)?;
    for (cell, summary) in summaries.iter_mut().enumerate() {
        for index in 0..PROBABILITIES.len() {
            let row = values.next_of(cell % quantities.len())?;
            let (value, error) = (values.number(&row, 9)?, values.number(&row, 10)?);
            if let (Some(summary), Some(value)) = (summary.as_mut(), value) {
                summary.quantiles[index].value = value;
                summary.quantiles[index].standard_error = error;
            }
        }
    }
    let counts = read_counts(open(NAKAMOTO)?, scenario, &quantities)?;
    let mut records = Vec::new();
    if metadata.keep_replicas && most_replicas > 0 {
        let mut rows = open(REPLICAS)?;
        for _ in 0..most_replicas.min(scenario.replicas as usize) {
            let mut record = Vec::with_capacity(cells);
            for cell in 0..cells {
                // A column more than the other tables have: the replica's number.
                let row = rows.next_labelled(cell % quantities.len(), 4)?;
                record.push(rows.number(&row, 8)?.unwrap_or(f64::NAN));
            }
            records.push(record);
        }
    }
    Ok(Ensemble::of_tables(scenario, summaries, counts, records))
}

fn read_counts(
    mut rows: Rows<'_>,
    scenario: &Scenario,
    quantities: &[Quantity],
) -> Result<Vec<Counts>, OutputError> {
    let days = scenario.record_days();
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
            .find(|counts| labels(&quantities[counts.quantity]).eq(cells_from(&row, 3)));
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
fn labels(quantity: &Quantity) -> impl Iterator<Item = &str> {
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
}

impl<'q> Rows<'q> {
    fn open(
        folder: &Path,
        metadata: &Metadata,
        name: &str,
        quantities: &'q [Quantity],
    ) -> Result<Self, OutputError> {
        let (path, reader) = open_table(folder, metadata, &format!("{name}.csv"))?;
        Ok(Self {
            path,
            reader,
            quantities,
        })
    }

    fn next(&mut self) -> Result<Option<StringRecord>, OutputError> {
        let mut row = StringRecord::new();
        let more = self.reader.read_record(&mut row);
        more.map(|more| more.then_some(row))
            .map_err(|error| OutputError::new("cannot read", &self.path, error.into()))
    }

    /// The next row, which is to be of this quantity.
    fn next_of(&mut self, quantity: usize) -> Result<StringRecord, OutputError> {
        self.next_labelled(quantity, 3)
    }

    fn next_labelled(
        &mut self,
        quantity: usize,
        column: usize,
    ) -> Result<StringRecord, OutputError> {
        match self.next()? {
            Some(row) if labels(&self.quantities[quantity]).eq(cells_from(&row, column)) => Ok(row),
            _ => Err(self.wrong()),
        }
    }

    /// A number; `None` in an empty cell.
    fn number(&self, row: &StringRecord, column: usize) -> Result<Option<f64>, OutputError> {
        match row.get(column) {
            Some("") => Ok(None),
            Some(cell) => cell.parse().map(Some).map_err(|_| self.wrong()),
            None => Err(self.wrong()),
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
