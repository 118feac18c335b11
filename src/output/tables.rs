//! The tables of an ensemble: means, quantiles, distributions of counts and, on request, every replica.
//!
//! Tidy and long: one row is one number with everything that says what it is.

use std::ops::Range;
use std::sync::Arc;

use super::table::{Cells, Column, Table, Text};
use crate::ensemble::Ensemble;
use crate::record::Quantity;
use crate::scenario::Scenario;
use crate::statistics::PROBABILITIES;

pub const MEANS: &str = "means";
pub const QUANTILES: &str = "quantiles";
pub const NAKAMOTO: &str = "nakamoto";
pub const REPLICAS: &str = "replicas";

/// The batches of rows that make up the table called `name`.
pub fn batches<'a>(
    scenario: &'a Scenario,
    ensemble: &'a Ensemble,
    name: &str,
) -> Box<dyn Iterator<Item = Table> + 'a> {
    let labels = Labels::new(scenario, ensemble);
    match name {
        MEANS => {
            Box::new(spans_of_dates(ensemble, 1).map(move |dates| means(ensemble, &labels, dates)))
        }
        QUANTILES => Box::new(
            spans_of_dates(ensemble, PROBABILITIES.len())
                .map(move |dates| quantiles(ensemble, &labels, dates)),
        ),
        NAKAMOTO => Box::new(std::iter::once(nakamoto(ensemble, &labels))),
        _ => Box::new(
            (0..ensemble.replicas as usize)
                .map(move |replica| one_replica(ensemble, &labels, replica)),
        ),
    }
}

/// Rows of a batch, about: small beside the records, large enough for a row group.
const BATCH_ROWS: usize = 100_000;

/// Spans of record days whose rows, `per_quantity` for each quantity, make batches.
fn spans_of_dates(
    ensemble: &Ensemble,
    per_quantity: usize,
) -> impl Iterator<Item = Range<usize>> + use<> {
    let dates = ensemble.dates.len();
    let span = (BATCH_ROWS / (ensemble.quantities.len() * per_quantity).max(1)).max(1);
    (0..dates)
        .step_by(span)
        .map(move |first| first..(first + span).min(dates))
}

/// What rows are labelled with.
struct Labels {
    scenario: Text,
    dates: Text,
    /// Of quantities: level, name, metric, unit.
    quantities: [Text; 4],
}

impl Labels {
    fn new(scenario: &Scenario, ensemble: &Ensemble) -> Self {
        let of_dates = ensemble.dates.iter();
        let of_quantities = |label: &dyn Fn(&Quantity) -> Arc<str>| {
            let quantities = ensemble.quantities.iter();
            quantities.map(label).collect()
        };
        Self {
            scenario: std::iter::once(scenario.name.as_str().into()).collect(),
            dates: of_dates.map(|(_, date)| date.to_string().into()).collect(),
            quantities: [
                of_quantities(&|quantity| quantity.level.as_str().into()),
                of_quantities(&|quantity| quantity.name.as_str().into()),
                of_quantities(&|quantity| quantity.metric.as_str().into()),
                of_quantities(&|quantity| quantity.unit.into()),
            ],
        }
    }

    /// Columns that say what a number is, for rows of (record day, quantity).
    fn columns(&self, ensemble: &Ensemble, rows: &[(usize, usize)]) -> Vec<Column> {
        let text = |name: &'static str, cells: Text| Column {
            name: name.into(),
            cells: Cells::Text(cells),
        };
        let dates = || rows.iter().map(|(date, _)| *date);
        let quantities = || rows.iter().map(|(_, quantity)| *quantity);
        let days = dates().map(|date| i64::from(ensemble.dates[date].0));
        let mut columns = vec![
            text("scenario", self.scenario.pick(dates().map(|_| 0))),
            text("date", self.dates.pick(dates())),
            integer("day", days.collect()),
        ];
        let names = ["level", "name", "metric", "unit"].into_iter();
        let labels = names.zip(&self.quantities);
        columns.extend(labels.map(|(name, labels)| text(name, labels.pick(quantities()))));
        columns
    }
}

/// All rows of (record day, quantity) of some record days, in order.
fn rows(ensemble: &Ensemble, dates: Range<usize>) -> Vec<(usize, usize)> {
    dates
        .flat_map(|date| (0..ensemble.quantities.len()).map(move |quantity| (date, quantity)))
        .collect()
}

fn integer(name: &'static str, cells: Vec<i64>) -> Column {
    Column {
        name: name.into(),
        cells: Cells::Integer(cells),
    }
}

fn number(name: &'static str, cells: Vec<Option<f64>>) -> Column {
    Column {
        name: name.into(),
        cells: Cells::Number(cells),
    }
}

/// Replicas behind a number.
fn counted(ensemble: &Ensemble, (date, quantity): (usize, usize)) -> i64 {
    ensemble
        .summary(date, quantity)
        .map_or(0, |summary| summary.replicas as i64)
}

fn means(ensemble: &Ensemble, labels: &Labels, dates: Range<usize>) -> Table {
    let rows = rows(ensemble, dates);
    let mut columns = labels.columns(ensemble, &rows);
    let summaries: Vec<_> = rows.iter().map(|(d, q)| ensemble.summary(*d, *q)).collect();
    columns.push(integer(
        "replicas",
        rows.iter().map(|row| counted(ensemble, *row)).collect(),
    ));
    columns.push(number(
        "mean",
        summaries.iter().map(|s| s.map(|s| s.mean)).collect(),
    ));
    columns.push(number(
        "se",
        summaries
            .iter()
            .map(|s| s.and_then(|s| s.standard_error))
            .collect(),
    ));
    columns.push(number(
        "sd",
        summaries.iter().map(|s| s.and_then(|s| s.sd)).collect(),
    ));
    Table { columns }
}

fn quantiles(ensemble: &Ensemble, labels: &Labels, dates: Range<usize>) -> Table {
    let count = PROBABILITIES.len();
    let rows: Vec<(usize, usize)> = rows(ensemble, dates)
        .into_iter()
        .flat_map(|row| std::iter::repeat_n(row, count))
        .collect();
    let mut columns = labels.columns(ensemble, &rows);
    let quantile = |index: usize| {
        let (date, quantity) = rows[index];
        ensemble
            .summary(date, quantity)
            .map(|summary| summary.quantiles[index % count])
    };
    columns.push(integer(
        "replicas",
        rows.iter().map(|row| counted(ensemble, *row)).collect(),
    ));
    columns.push(number(
        "quantile",
        (0..rows.len())
            .map(|i| Some(PROBABILITIES[i % count]))
            .collect(),
    ));
    columns.push(number(
        "value",
        (0..rows.len())
            .map(|i| quantile(i).map(|q| q.value))
            .collect(),
    ));
    columns.push(number(
        "se",
        (0..rows.len())
            .map(|i| quantile(i).and_then(|q| q.standard_error))
            .collect(),
    ));
    Table { columns }
}

/// One row for each value of a count that came out on a record day.
fn nakamoto(ensemble: &Ensemble, labels: &Labels) -> Table {
    let mut rows = Vec::new();
    let (mut values, mut replicas, mut shares, mut errors) = (vec![], vec![], vec![], vec![]);
    for date in 0..ensemble.dates.len() {
        for counts in ensemble.counts() {
            let found = &counts.by_date[date];
            let all: u32 = found.iter().map(|(_, replicas)| replicas).sum();
            for (value, count) in found {
                let share = f64::from(*count) / f64::from(all);
                rows.push((date, counts.quantity));
                values.push(i64::from(*value));
                replicas.push(i64::from(*count));
                shares.push(Some(share));
                // That of the mean of a column of zeros and ones.
                errors.push((all > 1).then(|| (share * (1.0 - share) / f64::from(all - 1)).sqrt()));
            }
        }
    }
    let mut columns = labels.columns(ensemble, &rows);
    columns.push(integer("value", values));
    columns.push(integer("replicas", replicas));
    columns.push(number("share", shares));
    columns.push(number("se", errors));
    Table { columns }
}

fn one_replica(ensemble: &Ensemble, labels: &Labels, replica: usize) -> Table {
    let rows = rows(ensemble, 0..ensemble.dates.len());
    let mut columns = labels.columns(ensemble, &rows);
    columns.insert(1, integer("replica", vec![replica as i64; rows.len()]));
    let values = ensemble.replica(replica);
    columns.push(number(
        "value",
        values
            .iter()
            .map(|value| (!value.is_nan()).then_some(*value))
            .collect(),
    ));
    Table { columns }
}
