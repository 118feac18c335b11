//! The tables of a sweep: the design, what came out, and what became of each point.

use std::path::Path;
use std::sync::Arc;

use super::super::table::{Cells, Column, Table};
use super::super::table_file::{Finished, Format, TableFile, TableFiles};
use super::super::{OutputError, TableDigest};
use crate::scenario::{Axis, Label, Levels};
use crate::statistics::PROBABILITIES;
use crate::sweep::{Done, Plan, Point, PointResult, Points, Row};

/// Name of the table of points.
pub const DESIGN_FILE: &str = "design.csv";
pub const RESULTS: &str = "results";
pub const PARAMETERS: &str = "parameters";

/// Rows of a batch, about: small, since each point has its labels until the batch is written.
const BATCH_ROWS: usize = 20_000;

/// Writes the points of a plan.
///
/// # Errors
/// [`OutputError`] if it cannot be written.
pub fn write_design(plan: &Plan, folder: &Path) -> Result<(), OutputError> {
    let mut file = TableFile::create(&folder.join(DESIGN_FILE), Format::Csv)?;
    let points = Points::new(plan);
    for first in (0..plan.points).step_by(BATCH_ROWS) {
        let last = plan.points.min(first + BATCH_ROWS as u32);
        let points: Vec<Point> = (first..last).map(|number| points.at(number)).collect();
        let mut columns = columns_of_points(plan, points.iter());
        columns.extend(seeds_and_changes(&points));
        file.write(&Table { columns })?;
    }
    file.finish()?.commit().map(drop)
}

/// What became of a point.
pub enum Became {
    /// It was computed.
    Result(PointResult),
    /// Its shard is not there.
    Missing(u32),
}

/// Writes the results, and what became of each point.
///
/// # Errors
/// [`OutputError`] with the file that could not be written, or that of `results`.
pub fn write_results(
    plan: &Plan,
    folder: &Path,
    results: impl Iterator<Item = Result<Became, OutputError>>,
) -> Result<(Vec<TableDigest>, u32), OutputError> {
    let mut into = [RESULTS, PARAMETERS]
        .into_iter()
        .map(|name| TableFiles::open(folder, name, TableFile::create))
        .collect::<Result<Vec<_>, _>>()?;
    let mut put = |batch: &mut Batch| -> Result<(), OutputError> {
        for (files, table) in into.iter_mut().zip([batch.results(), batch.parameters()]) {
            files.write(&table)?;
        }
        batch.entries.clear();
        Ok(())
    };
    let mut failed = 0;
    let points = Points::new(plan);
    let mut batch = Batch {
        plan,
        entries: Vec::new(),
    };
    for became in results {
        let became = became?;
        let number = match &became {
            Became::Result(result) => {
                failed += u32::from(result.outcome.is_err());
                result.point
            }
            Became::Missing(number) => *number,
        };
        batch.entries.push((points.at(number), became));
        if batch.rows() >= BATCH_ROWS {
            put(&mut batch)?;
        }
    }
    if !batch.entries.is_empty() {
        put(&mut batch)?;
    }
    let finished: Vec<_> = into
        .into_iter()
        .map(TableFiles::finish)
        .collect::<Result<_, _>>()?;
    // None appears before all are complete.
    let digests = finished.into_iter().flatten().map(Finished::commit);
    Ok((digests.collect::<Result<_, _>>()?, failed))
}

/// Points whose rows are written together.
struct Batch<'p> {
    plan: &'p Plan,
    entries: Vec<(Point, Became)>,
}

impl Batch<'_> {
    fn done(&self) -> impl Iterator<Item = (&Point, &Done)> {
        self.entries
            .iter()
            .filter_map(|(point, became)| match became {
                Became::Result(PointResult {
                    outcome: Ok(done), ..
                }) => Some((point, done)),
                _ => None,
            })
    }

    fn rows(&self) -> usize {
        let of_results: usize = self.done().map(|(_, done)| done.rows.len()).sum();
        of_results.max(self.entries.len())
    }

    /// One row for each point, date and quantity.
    fn results(&self) -> Table {
        let repeated = self
            .done()
            .flat_map(|(point, done)| std::iter::repeat_n(point, done.rows.len()));
        let mut columns = columns_of_points(self.plan, repeated);
        let mut texts: [Vec<Arc<str>>; 5] = Default::default();
        let mut days = Vec::new();
        let mut rows: Vec<Option<Row>> = Vec::new();
        for (_, done) in self.done() {
            // Labels that repeat are stored once.
            let labels: Vec<[Arc<str>; 4]> = done
                .columns
                .iter()
                .map(|column| {
                    [&column.level, &column.name, &column.metric, &column.unit]
                        .map(|text| text.as_str().into())
                })
                .collect();
            for (day, date) in &done.dates {
                let date: Arc<str> = date.as_str().into();
                for labels in &labels {
                    texts[0].push(date.clone());
                    for (cells, label) in texts[1..].iter_mut().zip(labels) {
                        cells.push(label.clone());
                    }
                    days.push(i64::from(*day));
                }
            }
            rows.extend(&done.rows);
        }
        let [dates, levels, names, metrics, units] = texts;
        let number = |name: String, of: &dyn Fn(&Row) -> Option<f64>| Column {
            name: name.into(),
            cells: Cells::Number(rows.iter().map(|row| row.as_ref().and_then(of)).collect()),
        };
        columns.extend([
            text("date", dates),
            integer("day", days),
            text("level", levels),
            text("name", names),
            text("metric", metrics),
            text("unit", units),
            integer(
                "replicas",
                rows.iter()
                    .map(|row| row.map_or(0, |row| row.0 as i64))
                    .collect(),
            ),
            number("mean".into(), &|row| Some(row.1)),
            number("se".into(), &Row::standard_error),
            number("sd".into(), &|row| row.2),
        ]);
        for (index, probability) in PROBABILITIES.iter().enumerate() {
            let name = quantile_name(*probability);
            columns.push(number(name.clone(), &|row| Some(row.3[index].0)));
            columns.push(number(format!("{name}_se"), &|row| row.3[index].1));
        }
        Table { columns }
    }

    /// One row for each point.
    fn parameters(&self) -> Table {
        let points = || self.entries.iter().map(|(point, _)| point);
        let mut columns = columns_of_points(self.plan, points());
        let of = |value: &dyn Fn(&Done) -> u32| -> Vec<i64> {
            self.entries
                .iter()
                .map(|(_, became)| match became {
                    Became::Result(PointResult {
                        outcome: Ok(done), ..
                    }) => i64::from(value(done)),
                    _ => 0,
                })
                .collect()
        };
        let say = |value: &dyn Fn(&Became) -> Arc<str>| -> Vec<Arc<str>> {
            self.entries
                .iter()
                .map(|(_, became)| value(became))
                .collect()
        };
        columns.extend([
            integer("replicas", of(&|done| done.replicas)),
            integer("dark_replicas", of(&|done| done.dark_replicas)),
            text(
                "status",
                say(&|became| match became {
                    Became::Missing(_) => "missing".into(),
                    Became::Result(result) if result.outcome.is_ok() => "done".into(),
                    Became::Result(_) => "failed".into(),
                }),
            ),
            text(
                "error",
                say(&|became| match became {
                    Became::Result(PointResult {
                        outcome: Err(error),
                        ..
                    }) => error.as_str().into(),
                    _ => "".into(),
                }),
            ),
        ]);
        columns.extend(seeds_and_changes(points()));
        Table { columns }
    }
}

/// Column of a quantile; that of its standard error has `_se` behind it.
pub fn quantile_name(probability: f64) -> String {
    format!("p{:02.0}", probability * 100.0)
}

/// The number of a point and its level on each axis.
fn columns_of_points<'a>(plan: &Plan, points: impl Iterator<Item = &'a Point>) -> Vec<Column> {
    let points: Vec<&Point> = points.collect();
    let mut columns = vec![integer(
        "point",
        points.iter().map(|point| i64::from(point.number)).collect(),
    )];
    for (index, axis) in plan.axes.iter().enumerate() {
        let labels = points.iter().map(|point| &point.labels[index]);
        let cells = if holds_numbers(axis) {
            let number = |label: &Label| match label {
                Label::Number(number) => Some(*number),
                Label::Text(_) => None,
            };
            Cells::Number(labels.map(number).collect())
        } else {
            let word = |label: &Label| -> Arc<str> {
                match label {
                    Label::Number(number) => number.to_string().into(),
                    Label::Text(text) => text.as_str().into(),
                }
            };
            Cells::Text(labels.map(word).collect())
        };
        columns.push(Column {
            name: axis.name.clone().into(),
            cells,
        });
    }
    columns
}

/// Whether all levels of an axis are numbers.
fn holds_numbers(axis: &Axis) -> bool {
    match &axis.levels {
        Levels::Listed(levels) => levels
            .iter()
            .all(|level| matches!(level.label, Label::Number(_))),
        Levels::Between(_) => true,
    }
}

/// The seed of a point, and its changes as a JSON list: what `hashdrift run` needs for its numbers.
fn seeds_and_changes<'a>(points: impl IntoIterator<Item = &'a Point>) -> [Column; 2] {
    let (seeds, changes): (Vec<i64>, Vec<Arc<str>>) = points
        .into_iter()
        .map(|point| {
            let changes = serde_json::Value::from(point.changes.clone());
            // Seeds are below 2^63.
            (point.seed.cast_signed(), changes.to_string().into())
        })
        .unzip();
    [integer("seed", seeds), text("changes", changes)]
}

fn text(name: &'static str, cells: Vec<Arc<str>>) -> Column {
    Column {
        name: name.into(),
        cells: Cells::Text(cells.into_iter().collect()),
    }
}

fn integer(name: &'static str, cells: Vec<i64>) -> Column {
    Column {
        name: name.into(),
        cells: Cells::Integer(cells),
    }
}
