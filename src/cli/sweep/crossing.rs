//! `hashdrift sweep crossing`: at which level of an axis a metric crosses a value.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hashdrift::output::sweep::{PointTable, Series};
use hashdrift::scenario::Label;
use hashdrift::sweep::{Plan, Reading, crossings};
use indexmap::IndexMap;
use serde_json::json;

use super::super::InvalidUse;
use super::super::text_table::{new_table, tidy};
use super::asked::Asked;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// The value that its mean crosses
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    value: f64,
    /// The axis along which it does [default: the first]
    #[arg(long, value_name = "AXIS")]
    along: Option<String>,
}

/// Readings along the axis, by the levels of the others, in the order of the points.
type Lines = IndexMap<Vec<String>, Vec<Reading>>;

pub fn crossing(arguments: &Arguments) -> anyhow::Result<()> {
    let told = arguments.asked.read()?;
    let plan = told.plan();
    let along = match &arguments.along {
        None => 0,
        Some(name) => plan
            .axes
            .iter()
            .position(|axis| axis.name == *name)
            .ok_or_else(|| {
                InvalidUse(format!(
                    "the sweep has no axis `{name}`\nits axes are {}",
                    told.axes().join(", ")
                ))
            })?,
    };
    let series = &told.series;
    let mut lines = lines_of(series, &told.points, plan, along)?;
    let (metric, date) = (series.column.to_string(), &series.date);
    let others: Vec<&str> = plan
        .axes
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != along)
        .map(|(_, axis)| axis.name.as_str())
        .collect();
    let axis = plan.axes[along].name.as_str();
    let mut rows = Vec::new();
    for readings in lines.values_mut() {
        readings.sort_by(|a, b| a.level.total_cmp(&b.level));
    }
    for (labels, readings) in &lines {
        for found in crossings(readings, arguments.value) {
            rows.push((labels, found));
        }
    }
    let mut out = io::stdout().lock();
    if arguments.asked.json {
        let rows = rows.iter().map(|(labels, found)| {
            json!({
                "at": others.iter().zip(labels.iter()).collect::<BTreeMap<_, _>>(),
                "level": found.level, "se": found.error, "rising": found.rising,
                "between": [found.between.0, found.between.1],
            })
        });
        let text = json!({
            "metric": metric, "value": arguments.value, "date": date, "axis": axis,
            "lines": lines.len(), "crossings": rows.collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{metric} crosses {} on {date}, along {axis}\n",
        arguments.value
    )?;
    let mut header = others.clone();
    header.extend([axis, "se", "between", ""]);
    let mut table = new_table(&header, &[others.len(), others.len() + 1]);
    for (labels, found) in &rows {
        let mut row: Vec<String> = labels.iter().map(ToString::to_string).collect();
        let digits = |value: f64| format!("{value:.3}");
        row.extend([
            digits(found.level),
            found.error.map_or_else(|| "–".to_owned(), digits),
            format!("{} and {}", found.between.0, found.between.1),
            if found.rising { "rising" } else { "falling" }.to_owned(),
        ]);
        table.add_row(row);
    }
    if rows.is_empty() {
        writeln!(
            out,
            "nowhere, at any of {} combinations of the other axes",
            lines.len()
        )?;
    } else {
        writeln!(out, "{}", tidy(&table))?;
    }
    Ok(())
}

/// The means of the metric along the axis.
fn lines_of(
    series: &Series,
    points: &PointTable,
    plan: &Plan,
    along: usize,
) -> anyhow::Result<Lines> {
    if !points.positions[along].is_numeric() {
        return Err(InvalidUse(format!(
            "the levels of `{}` are no numbers, and nothing lies between them\nchoose another axis: --along",
            plan.axes[along].name
        ))
        .into());
    }
    let mut lines = Lines::new();
    for (point, row) in series.rows.iter().enumerate() {
        // Where nothing ran there is no mean, and no line through it.
        let (Some(row), Some(level)) = (row, points.positions[along].number(point)) else {
            continue;
        };
        let others = points.positions.iter().enumerate();
        let labels = others
            .filter(|(index, _)| *index != along)
            .map(|(_, positions)| cell(&positions.label(point)))
            .collect();
        lines.entry(labels).or_default().push(Reading {
            level,
            mean: row.1,
            error: row.standard_error(),
        });
    }
    Ok(lines)
}

/// As in the tables.
fn cell(label: &Label) -> String {
    match label {
        Label::Number(number) => format!("{number:?}"),
        Label::Text(text) => text.clone(),
    }
}
