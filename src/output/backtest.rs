//! The tables of a backtest.

use super::table::{Cells, Table, table};
use crate::backtest::{Block, Row, RowKind, Scores, error_bar};
use crate::scenario::{Observed, Point, Scenario, Series};

/// One row for each measured value: what was seen, what was simulated, how it scores.
#[must_use]
pub fn measured_values_table(scenario: &Scenario, scores: &Scores) -> Table {
    let rows = &scores.rows;
    let number = |value: &dyn Fn(&Row) -> Option<f64>| {
        let cells = rows
            .iter()
            .map(|row| value(row).filter(|value| value.is_finite()));
        Cells::Number(cells.collect())
    };
    let text = |value: &dyn Fn(&Row) -> String| {
        Cells::Text(rows.iter().map(|row| value(row).into()).collect())
    };
    let yes = |value: &dyn Fn(&Row) -> bool| {
        Cells::Integer(rows.iter().map(|row| i64::from(value(row))).collect())
    };
    table([
        ("metric", text(&|row| row.metric.clone())),
        ("name", text(&|row| row.name.clone())),
        ("date", text(&|row| scenario.date(row.day).to_string())),
        ("until", text(&|row| scenario.date(row.until).to_string())),
        ("unit", text(&|row| row.kind.unit().to_owned())),
        ("kind", text(&|row| kind(row).to_owned())),
        ("first", text(&|row| scenario.date(row.first).to_string())),
        ("observed", number(&|row| Some(row.observed))),
        ("observed_low", number(&|row| Some(row.observed_band.0))),
        ("observed_high", number(&|row| Some(row.observed_band.1))),
        (
            "replicas",
            Cells::Integer(rows.iter().map(|row| row.replicas as i64).collect()),
        ),
        ("mean", number(&|row| Some(row.mean))),
        ("p05", number(&|row| Some(row.quantiles[0]))),
        ("p25", number(&|row| Some(row.quantiles[1]))),
        ("p50", number(&|row| Some(row.quantiles[2]))),
        ("p75", number(&|row| Some(row.quantiles[3]))),
        ("p95", number(&|row| Some(row.quantiles[4]))),
        ("inside_50", yes(&|row| row.bands.half)),
        ("inside_90", yes(&|row| row.bands.nine_tenths)),
        ("pit", number(&|row| Some(row.pit))),
        ("crps", number(&|row| Some(row.crps))),
        ("crps_persistence", number(&|row| row.persistence)),
        ("crps_random_walk", number(&|row| row.random_walk)),
        ("crps_barrier", number(&|row| row.barrier)),
        (
            "event_at_least",
            number(&|row| row.event.map(|event| event.at_least)),
        ),
        (
            "event_probability",
            number(&|row| row.event.map(|event| event.probability)),
        ),
        (
            "event_happened",
            number(&|row| row.event.map(|event| f64::from(u8::from(event.happened)))),
        ),
        (
            "event_brier",
            number(&|row| row.event.map(|event| event.brier)),
        ),
    ])
}

/// Whether a value is a point of a series or a feature of a whole path.
fn kind(row: &Row) -> &'static str {
    match row.kind {
        RowKind::Point(..) => "point",
        RowKind::Feature(..) => "feature",
    }
}

/// One row for each measured value that is known to be wrong and is not scored, and why.
#[must_use]
pub fn masked_values_table(scenario: &Scenario, observed: &Observed) -> Table {
    let rows: Vec<(&Series, &Point, &str)> = observed
        .series
        .iter()
        .flat_map(|series| {
            let masked = series.masked.iter();
            masked.map(move |(point, why)| (series, point, why.as_str()))
        })
        .collect();
    let text = |value: &dyn Fn(&Series, &Point) -> String| {
        let cells = rows
            .iter()
            .map(|(series, point, _)| value(series, point).into());
        Cells::Text(cells.collect())
    };
    let number = |value: &dyn Fn(&Series, &Point) -> f64| {
        let cells = rows
            .iter()
            .map(|(series, point, _)| Some(value(series, point)));
        Cells::Number(cells.collect())
    };
    table([
        ("metric", text(&|series, _| series.metric.name().to_owned())),
        ("name", text(&|_, point| point.name.clone())),
        (
            "date",
            text(&|_, point| scenario.date(point.day).to_string()),
        ),
        ("unit", text(&|series, _| series.metric.unit().to_owned())),
        ("observed", number(&|_, point| point.value)),
        (
            "observed_low",
            number(&|series, point| error_bar(series, point.value).0),
        ),
        (
            "observed_high",
            number(&|series, point| error_bar(series, point.value).1),
        ),
        (
            "why",
            Cells::Text(rows.iter().map(|(.., why)| (*why).into()).collect()),
        ),
    ])
}

/// One row for each metric and horizon.
#[must_use]
pub fn scores_table(scores: &Scores) -> Table {
    let blocks = &scores.blocks;
    let number = |value: &dyn Fn(&Block) -> Option<f64>| {
        let cells = blocks
            .iter()
            .map(|block| value(block).filter(|value| value.is_finite()));
        Cells::Number(cells.collect())
    };
    table([
        (
            "metric",
            Cells::Text(
                blocks
                    .iter()
                    .map(|block| block.metric.as_str().into())
                    .collect(),
            ),
        ),
        (
            "horizon_days",
            number(&|block| block.horizon.map(f64::from)),
        ),
        (
            "values",
            Cells::Integer(blocks.iter().map(|block| block.values as i64).collect()),
        ),
        ("score", number(&|block| Some(block.score))),
        ("score_se", number(&|block| block.standard_error)),
        (
            "skill_persistence",
            number(&|block| block.skill_persistence),
        ),
        (
            "skill_random_walk",
            number(&|block| block.skill_random_walk),
        ),
        ("skill_barrier", number(&|block| block.skill_barrier)),
        ("covered_50", number(&|block| block.covered_half)),
        ("covered_90", number(&|block| block.covered_nine_tenths)),
    ])
}
