//! The tables of trajectories.

use std::sync::Arc;

use jiff::civil::Date;

use super::table::{Cells, Table, table};
use crate::statistics::Summary;
use crate::trajectories::{Answer, DATE, Estimate, PathRow, Varied};

/// One row for each number that is asked for: by which measure, over which days, and its interval or band.
///
/// Dates are days from `first`, and written as dates beside.
#[must_use]
pub fn answers_table(first: Date, answers: &[Answer]) -> Table {
    let text = |value: &dyn Fn(&Answer) -> &'static str| {
        Cells::Text(answers.iter().map(|answer| value(answer).into()).collect())
    };
    let number = |value: &dyn Fn(&Estimate) -> Option<f64>| {
        let cells = answers.iter().map(|answer| value(&answer.estimate));
        Cells::Number(cells.collect())
    };
    let dates = answers.iter().map(|answer| -> Arc<str> {
        let day = answer.estimate.value.filter(|_| answer.unit == DATE);
        day.and_then(|day| date_at(first, day))
            .map_or_else(String::new, |date| date.to_string())
            .into()
    });
    table([
        ("metric", text(&|answer| answer.measure.as_str())),
        ("scope", text(&|answer| answer.scope.as_str())),
        ("measure", text(&|answer| answer.question)),
        ("unit", text(&|answer| answer.unit)),
        (
            "replicas",
            Cells::Integer(
                answers
                    .iter()
                    .map(|answer| answer.estimate.replicas as i64)
                    .collect(),
            ),
        ),
        ("value", number(&|estimate| estimate.value)),
        ("se", number(&|estimate| estimate.standard_error)),
        ("low", number(&|estimate| estimate.low)),
        ("high", number(&|estimate| estimate.high)),
        ("date", Cells::Text(dates.collect())),
    ])
}

/// The date nearest to so many days after `first`.
fn date_at(first: Date, day: f64) -> Option<Date> {
    // Days of a run are far below 2^53.
    let days = day.round() as i64;
    first.checked_add(jiff::Span::new().days(days)).ok()
}

/// One row for each series, metric and record day; days are counted from `first`, the first day ahead.
#[must_use]
pub fn trajectory_paths_table(first: Date, rows: &[PathRow]) -> Table {
    let number = |value: &dyn Fn(&Summary) -> Option<f64>| {
        let cells = rows.iter().map(|row| row.summary.as_ref().and_then(value));
        Cells::Number(cells.collect())
    };
    let quantile = |index: usize| number(&|summary| Some(summary.quantiles[index].value));
    let text = |value: &dyn Fn(&PathRow) -> Arc<str>| Cells::Text(rows.iter().map(value).collect());
    let integer =
        |value: &dyn Fn(&PathRow) -> i64| Cells::Integer(rows.iter().map(value).collect());
    table([
        ("series", text(&|row| row.series.into())),
        ("date", text(&|row| row.date.to_string().into())),
        (
            "day",
            integer(&|row| i64::from((row.date - first).get_days())),
        ),
        ("metric", text(&|row| row.metric.0.into())),
        ("unit", text(&|row| row.metric.1.into())),
        (
            "replicas",
            integer(&|row| row.summary.map_or(0, |summary| summary.replicas as i64)),
        ),
        ("mean", number(&|summary| Some(summary.mean))),
        ("se", number(&|summary| summary.standard_error)),
        ("p05", quantile(0)),
        ("p25", quantile(1)),
        ("p50", quantile(2)),
        ("p75", quantile(3)),
        ("p95", quantile(4)),
    ])
}

/// One row for each number at each level of each axis; the scenario as it is comes first, without an axis.
#[must_use]
pub fn dependence_table(varied: &[Varied]) -> Table {
    let rows: Vec<_> = varied
        .iter()
        .flat_map(|varied| {
            varied
                .effects
                .iter()
                .map(move |effect| (&varied.at, effect))
        })
        .collect();
    let labels = |value: &dyn Fn(usize) -> String| {
        Cells::Text((0..rows.len()).map(|row| value(row).into()).collect())
    };
    let text = |value: &dyn Fn(usize) -> &'static str| {
        Cells::Text((0..rows.len()).map(|row| value(row).into()).collect())
    };
    let number =
        |value: &dyn Fn(usize) -> Option<f64>| Cells::Number((0..rows.len()).map(value).collect());
    // The scenario as it is differs from itself by nothing.
    let difference = |row: usize| {
        let (at, effect) = rows[row];
        at.as_ref().and(effect.difference)
    };
    table([
        (
            "axis",
            labels(&|row| {
                rows[row]
                    .0
                    .as_ref()
                    .map_or_else(String::new, |at| at.axis.clone())
            }),
        ),
        (
            "level",
            labels(&|row| {
                rows[row]
                    .0
                    .as_ref()
                    .map_or_else(String::new, |at| at.level.clone())
            }),
        ),
        ("metric", labels(&|row| rows[row].1.metric.clone())),
        ("measure", text(&|row| rows[row].1.question)),
        ("unit", text(&|row| rows[row].1.unit)),
        (
            "replicas",
            Cells::Integer(
                rows.iter()
                    .map(|(_, effect)| effect.estimate.replicas as i64)
                    .collect(),
            ),
        ),
        ("value", number(&|row| rows[row].1.estimate.value)),
        ("se", number(&|row| rows[row].1.estimate.standard_error)),
        ("low", number(&|row| rows[row].1.estimate.low)),
        ("high", number(&|row| rows[row].1.estimate.high)),
        ("difference", number(&|row| difference(row).map(|d| d.mean))),
        (
            "difference_se",
            number(&|row| difference(row).and_then(|d| d.standard_error())),
        ),
        (
            "pairs",
            Cells::Integer(
                (0..rows.len())
                    .map(|row| difference(row).map_or(0, |d| d.replicas as i64))
                    .collect(),
            ),
        ),
    ])
}
