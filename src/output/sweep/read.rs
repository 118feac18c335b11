//! The tables of a sweep, read back for whoever looks at its results.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord};

use super::super::OutputError;
use super::merge::{SweepMetadata, read_sweep_metadata};
use super::tables::{PARAMETERS, RESULTS, quantile_name};
use crate::scenario::{did_you_mean, list, printable};
use crate::statistics::PROBABILITIES;
use crate::sweep::{Column, Positions, Row};

/// Results that are not there, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The folder has no tables of a sweep.
    #[error("there are no results of a sweep in {}\nrun it, or merge its shards", .0.display())]
    NoSweep(PathBuf),
    /// The tables do not have what was asked for: what, and on the next line what to do.
    #[error("{0}")]
    NotThere(String),
    /// A table could not be read.
    #[error(transparent)]
    Table(#[from] OutputError),
}

/// A sweep whose tables are in a folder.
#[derive(Debug, Clone)]
pub struct MergedSweep {
    folder: PathBuf,
    /// What it was, with its plan.
    pub metadata: SweepMetadata,
}

/// What became of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It was computed.
    Done,
    /// The scenario could not be run there, for this reason.
    Failed(String),
    /// It was not there when the tables were written.
    Missing,
}

/// `parameters.csv`: where the points lie, and what became of them.
#[derive(Debug, Clone, PartialEq)]
pub struct PointTable {
    /// By axis of the plan.
    pub positions: Vec<Positions>,
    /// By point.
    pub status: Vec<Status>,
    /// Replicas, by point; 0 where there are no numbers.
    pub replicas: Vec<u32>,
}

/// Dates of which results are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dates {
    /// The last in the table.
    Last,
    /// Every one.
    All,
    /// These.
    On(Vec<String>),
}

/// `results.csv`, or what was wanted of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Results {
    /// Every quantity in the table, wanted or not, in its order.
    pub columns: Vec<Column>,
    /// Every date in the table, wanted or not, ascending.
    pub dates: Vec<String>,
    /// What was wanted: by quantity and date, each in the order of the table.
    pub series: Vec<Series>,
}

/// One quantity on one date, at all points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The quantity.
    pub column: Column,
    /// The date.
    pub date: String,
    /// By point; `None` where there are no numbers.
    pub rows: Vec<Option<Row>>,
}

impl MergedSweep {
    /// The sweep in `folder`.
    ///
    /// # Errors
    /// [`ReadError::NoSweep`] if its tables are not there.
    pub fn open(folder: &Path) -> Result<Self, ReadError> {
        let metadata =
            read_sweep_metadata(folder).ok_or_else(|| ReadError::NoSweep(folder.to_owned()))?;
        Ok(Self {
            folder: folder.to_owned(),
            metadata,
        })
    }

    /// Reads `parameters.csv`.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be read, or is none of this sweep.
    pub fn points(&self) -> Result<PointTable, OutputError> {
        let axes = &self.metadata.plan.axes;
        let mut table = TableReader::open(&self.folder, PARAMETERS, axes.len())?;
        let [replicas, status, error] = table.places(["replicas", "status", "error"])?;
        let mut found = PointTable {
            positions: axes.iter().map(Positions::on).collect(),
            status: Vec::new(),
            replicas: Vec::new(),
        };
        let mut record = StringRecord::new();
        while table.read(|reader| reader.read_record(&mut record))? {
            for (index, positions) in found.positions.iter_mut().enumerate() {
                if !positions.push(&record[1 + index]) {
                    return Err(table.damaged(1 + index));
                }
            }
            found.status.push(match &record[status] {
                "done" => Status::Done,
                "missing" => Status::Missing,
                "failed" => Status::Failed(record[error].to_owned()),
                _ => return Err(table.damaged(status)),
            });
            let replicas = record[replicas].parse();
            found
                .replicas
                .push(replicas.map_err(|_| table.damaged(status))?);
        }
        if found.status.len() != self.metadata.points as usize {
            return Err(table.other_sweep());
        }
        Ok(found)
    }

    /// Reads `results.csv`, once, and keeps the quantities that fit one of the patterns (`region/us/share`, `region/*/share`,
    /// `share`) on these dates. The table may be much larger than memory; what is kept takes about 150 bytes a point, quantity and date.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be read, or is none of this sweep.
    pub fn results(&self, patterns: &[String], dates: &Dates) -> Result<Results, OutputError> {
        let mut table = TableReader::open(&self.folder, RESULTS, self.metadata.plan.axes.len())?;
        let labels = table.places(["level", "name", "metric", "unit"])?;
        let [date] = table.places(["date"])?;
        let numbers = Numbers::of(&table)?;
        let mut kept = Kept {
            patterns,
            dates,
            points: self.metadata.points as usize,
            columns: Vec::new(),
            places: HashMap::new(),
            days: Vec::new(),
            series: Vec::new(),
        };
        let (mut column, mut day) = (0, 0);
        let mut record = ByteRecord::new();
        while table.read(|reader| reader.read_byte_record(&mut record))? {
            // Quantities come in the same order at every point.
            let cells = labels.map(|place| &record[place]);
            let mut next = [column + 1, 0].into_iter();
            let next = next.find(|next| kept.is_column(*next, cells));
            column = if let Some(next) = next {
                next
            } else {
                let [level, name, metric, unit] = labels;
                let text = |place| table.text(&record, place).map(str::to_owned);
                kept.column(Column {
                    level: text(level)?,
                    name: text(name)?,
                    metric: text(metric)?,
                    unit: text(unit)?,
                })
            };
            if !kept.is_day(day, &record[date]) {
                day = kept.day(table.text(&record, date)?);
            }
            if !kept.wants(column, day) {
                continue;
            }
            if let Some(row) = numbers.row(&table, &record)? {
                let point: usize = table.parse(&record, 0)?;
                let rows = kept.rows(column, day);
                *rows.get_mut(point).ok_or_else(|| table.other_sweep())? = Some(row);
            }
        }
        let mut dates: Vec<String> = kept.days.into_iter().map(|(date, _)| date).collect();
        dates.sort_unstable();
        Ok(Results {
            columns: kept.columns.into_iter().map(|known| known.column).collect(),
            dates,
            series: kept.series,
        })
    }

    /// One quantity on one date, or on the last in the table.
    ///
    /// # Errors
    /// [`ReadError::NotThere`] if there is none, or more than one, with those that may have been meant.
    pub fn series(&self, metric: &str, date: Option<&str>) -> Result<Series, ReadError> {
        let dates = date.map_or(Dates::Last, |date| Dates::On(vec![date.to_owned()]));
        let mut found = self.results(&[metric.to_owned()], &dates)?;
        let path = table_path(&self.folder, RESULTS);
        let wrong = |text: String| Err(ReadError::NotThere(text));
        let names: Vec<String> = found.columns.iter().map(ToString::to_string).collect();
        let fitting: Vec<&str> = names
            .iter()
            .zip(&found.columns)
            .filter(|(_, column)| column.fits(metric))
            .map(|(name, _)| name.as_str())
            .collect();
        if fitting.is_empty() {
            let next = did_you_mean(metric, names.iter().map(String::as_str)).map_or_else(
                || {
                    let metrics = found.columns.iter().map(|column| column.metric.as_str());
                    did_you_mean(metric, metrics).map_or_else(
                        || "its columns `level`, `name` and `metric` say what there is".to_owned(),
                        |name| format!("did you mean `{name}`?"),
                    )
                },
                |name| format!("did you mean `{name}`?"),
            );
            return wrong(format!(
                "there is no `{}` in {}\n{next}",
                printable(metric),
                path.display()
            ));
        }
        if fitting.len() > 1 {
            return wrong(format!(
                "`{}` is {} quantities in {}\nname one of them: {}",
                printable(metric),
                fitting.len(),
                path.display(),
                list(&fitting)
            ));
        }
        if let Some(date) = date.filter(|date| !found.dates.iter().any(|known| known == date)) {
            let dates: Vec<&str> = found.dates.iter().map(String::as_str).collect();
            return wrong(format!(
                "`{}` is no date in {}\nits dates are {}",
                printable(date),
                path.display(),
                list(&dates)
            ));
        }
        match found.series.pop() {
            Some(series) => Ok(series),
            None => wrong(format!(
                "`{}` has no value at any point of {} on that date\nchoose another date: --date",
                printable(metric),
                path.display()
            )),
        }
    }
}

/// What is kept of a table of results that is read row by row.
struct Kept<'w> {
    patterns: &'w [String],
    dates: &'w Dates,
    points: usize,
    columns: Vec<KnownColumn>,
    places: HashMap<String, usize>,
    /// Dates in the order in which they were met, each with whether it is wanted.
    days: Vec<(String, bool)>,
    series: Vec<Series>,
}

/// A quantity that was met.
struct KnownColumn {
    column: Column,
    wanted: bool,
    /// By place among the days, its place among the series.
    series: Vec<Option<usize>>,
}

impl Kept<'_> {
    fn is_column(&self, place: usize, cells: [&[u8]; 4]) -> bool {
        self.columns.get(place).is_some_and(|known| {
            let Column {
                level,
                name,
                metric,
                unit,
            } = &known.column;
            cells == [level, name, metric, unit].map(String::as_bytes)
        })
    }

    /// The place of a quantity that may be new.
    fn column(&mut self, column: Column) -> usize {
        let next = self.columns.len();
        let place = *self.places.entry(column.to_string()).or_insert(next);
        if place == next {
            self.columns.push(KnownColumn {
                wanted: self.patterns.iter().any(|pattern| column.fits(pattern)),
                column,
                series: Vec::new(),
            });
        }
        place
    }

    fn is_day(&self, place: usize, date: &[u8]) -> bool {
        let known = self.days.get(place);
        known.is_some_and(|(known, _)| known.as_bytes() == date)
    }

    /// The place of a date that may be new.
    fn day(&mut self, date: &str) -> usize {
        if let Some(place) = self.days.iter().position(|(known, _)| known == date) {
            return place;
        }
        let wanted = match self.dates {
            Dates::Last => self.days.iter().all(|(known, _)| date > known.as_str()),
            Dates::All => true,
            Dates::On(dates) => dates.iter().any(|wanted| wanted == date),
        };
        if wanted && *self.dates == Dates::Last {
            // Those before it were not the last.
            self.series.clear();
            for known in &mut self.columns {
                known.series.clear();
            }
            for (_, wanted) in &mut self.days {
                *wanted = false;
            }
        }
        self.days.push((date.to_owned(), wanted));
        self.days.len() - 1
    }

    fn wants(&self, column: usize, day: usize) -> bool {
        self.columns[column].wanted && self.days[day].1
    }

    /// The rows of a quantity on a date, by point.
    fn rows(&mut self, column: usize, day: usize) -> &mut [Option<Row>] {
        let known = &mut self.columns[column];
        if known.series.len() <= day {
            known.series.resize(day + 1, None);
        }
        let place = *known.series[day].get_or_insert_with(|| {
            self.series.push(Series {
                column: known.column.clone(),
                date: self.days[day].0.clone(),
                rows: vec![None; self.points],
            });
            self.series.len() - 1
        });
        &mut self.series[place].rows
    }
}

fn table_path(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.csv"))
}

/// A CSV table whose rows begin with the number of a point and its level on each axis.
struct TableReader {
    path: PathBuf,
    reader: csv::Reader<File>,
    /// Names of the columns behind those.
    names: Vec<String>,
    before: usize,
    row: u64,
}

impl TableReader {
    fn open(folder: &Path, table: &str, axes: usize) -> Result<Self, OutputError> {
        let path = table_path(folder, table);
        let fail = |source| OutputError::new("cannot read", &path, source);
        let file = File::open(&path).map_err(fail)?;
        let mut reader = csv::ReaderBuilder::new()
            .buffer_capacity(1 << 16)
            .from_reader(file);
        let header = reader.headers().map_err(|error| fail(error.into()))?;
        // An axis may be called like any of the columns that follow.
        let names = header.iter().skip(1 + axes).map(str::to_owned).collect();
        Ok(Self {
            reader,
            names,
            before: 1 + axes,
            row: 0,
            path,
        })
    }

    fn fail(&self, text: String) -> OutputError {
        OutputError::new("cannot read", &self.path, io::Error::other(text))
    }

    fn other_sweep(&self) -> OutputError {
        self.fail("it is no table of the sweep that metadata.json describes".into())
    }

    /// A cell that holds what it cannot.
    fn damaged(&self, place: usize) -> OutputError {
        self.fail(format!(
            "row {}, column {}: nothing like this is in a table of this sweep",
            self.row,
            place + 1
        ))
    }

    fn places<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], OutputError> {
        let mut places = [0; N];
        for (place, name) in places.iter_mut().zip(names) {
            let behind = self.names.iter().position(|other| other == name);
            *place = self.before + behind.ok_or_else(|| self.other_sweep())?;
        }
        Ok(places)
    }

    /// Reads a row; `false` if there is none.
    fn read(
        &mut self,
        read: impl FnOnce(&mut csv::Reader<File>) -> csv::Result<bool>,
    ) -> Result<bool, OutputError> {
        self.row += 1;
        read(&mut self.reader)
            .map_err(|error| OutputError::new("cannot read", &self.path, error.into()))
    }

    fn text<'r>(&self, record: &'r ByteRecord, place: usize) -> Result<&'r str, OutputError> {
        std::str::from_utf8(&record[place]).map_err(|_| self.damaged(place))
    }

    fn parse<T: std::str::FromStr>(
        &self,
        record: &ByteRecord,
        place: usize,
    ) -> Result<T, OutputError> {
        let number = self.text(record, place)?.parse();
        number.map_err(|_| self.damaged(place))
    }

    /// `None` if the cell is empty.
    fn number(&self, record: &ByteRecord, place: usize) -> Result<Option<f64>, OutputError> {
        if record[place].is_empty() {
            return Ok(None);
        }
        self.parse(record, place).map(Some)
    }
}

/// Columns of the numbers of a row.
struct Numbers {
    replicas: usize,
    mean: usize,
    sd: usize,
    /// Of each quantile, and of its standard error.
    quantiles: [(usize, usize); PROBABILITIES.len()],
}

impl Numbers {
    fn of(table: &TableReader) -> Result<Self, OutputError> {
        let [replicas, mean, sd] = table.places(["replicas", "mean", "sd"])?;
        let mut quantiles = [(0, 0); PROBABILITIES.len()];
        for (places, probability) in quantiles.iter_mut().zip(PROBABILITIES) {
            let name = quantile_name(probability);
            let [value, error] = table.places([&name, &format!("{name}_se")])?;
            *places = (value, error);
        }
        Ok(Self {
            replicas,
            mean,
            sd,
            quantiles,
        })
    }

    /// `None` where no replica has a value.
    fn row(&self, table: &TableReader, record: &ByteRecord) -> Result<Option<Row>, OutputError> {
        let Some(mean) = table.number(record, self.mean)? else {
            return Ok(None);
        };
        let mut quantiles = [(0.0, None); PROBABILITIES.len()];
        for (quantile, (value, error)) in quantiles.iter_mut().zip(self.quantiles) {
            *quantile = (table.parse(record, value)?, table.number(record, error)?);
        }
        Ok(Some(Row(
            table.parse(record, self.replicas)?,
            mean,
            table.number(record, self.sd)?,
            quantiles,
        )))
    }
}
