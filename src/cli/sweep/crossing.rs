//! `hashdrift sweep crossing`: at which level of an axis a metric crosses a value.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashdrift::output::OutputError;
use hashdrift::output::sweep::read_sweep_metadata;
use hashdrift::sweep::{Plan, Reading, crossings};
use indexmap::IndexMap;
use serde_json::json;

use super::super::InvalidUse;
use super::super::text_table::{new_table, tidy};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder of the sweep, whose tables are there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The quantity: `region/us/share`
    #[arg(long, value_name = "LEVEL/NAME/METRIC")]
    metric: String,
    /// The value that its mean crosses
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    value: f64,
    /// The axis along which it does [default: the first]
    #[arg(long, value_name = "AXIS")]
    along: Option<String>,
    /// Date [default: the last in the results]
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Readings along the axis, by the levels of the others, in the order of the points.
type Lines = IndexMap<Vec<String>, Vec<Reading>>;

pub fn crossing(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let Some(metadata) = read_sweep_metadata(folder) else {
        return Err(InvalidUse(format!(
            "there are no results of a sweep in {}\nrun it, or merge its shards",
            folder.display()
        ))
        .into());
    };
    let plan = &metadata.plan;
    let along = match &arguments.along {
        None => 0,
        Some(name) => plan
            .axes
            .iter()
            .position(|axis| axis.name == *name)
            .ok_or_else(|| {
                let names: Vec<&str> = plan.axes.iter().map(|axis| axis.name.as_str()).collect();
                InvalidUse(format!(
                    "the sweep has no axis `{name}`\nits axes are {}",
                    names.join(", ")
                ))
            })?,
    };
    let (date, mut lines) = read(arguments, plan, along)?;
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
    if arguments.json {
        let rows = rows.iter().map(|(labels, found)| {
            json!({
                "at": others.iter().zip(labels.iter()).collect::<BTreeMap<_, _>>(),
                "level": found.level, "se": found.error, "rising": found.rising,
                "between": [found.between.0, found.between.1],
            })
        });
        let text = json!({
            "metric": arguments.metric, "value": arguments.value, "date": date, "axis": axis,
            "lines": lines.len(), "crossings": rows.collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} crosses {} on {date}, along {axis}\n",
        arguments.metric, arguments.value
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

/// The means of the metric, from `results.csv`.
fn read(arguments: &Arguments, plan: &Plan, along: usize) -> anyhow::Result<(String, Lines)> {
    let path = arguments.folder.join("results.csv");
    let wrong = |source| OutputError {
        action: "cannot read",
        path: path.clone(),
        source,
    };
    let mut reader = csv::Reader::from_path(&path).map_err(|error| wrong(error.into()))?;
    let header = reader
        .headers()
        .map_err(|error| wrong(error.into()))?
        .clone();
    // The columns of the axes come behind the number of the point; others follow by name.
    let place = |name: &str| {
        let behind = header.iter().skip(1 + plan.axes.len());
        let position = behind.clone().position(|other| other == name);
        position.map(|position| position + 1 + plan.axes.len())
    };
    let places = ["date", "level", "name", "metric", "mean", "se"].map(place);
    let [
        Some(date),
        Some(level),
        Some(name),
        Some(metric),
        Some(mean),
        Some(se),
    ] = places
    else {
        return Err(wrong(io::Error::other("it is no table of a sweep")).into());
    };
    let mut by_date: BTreeMap<String, Lines> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.into()))?;
        let called = format!("{}/{}/{}", &record[level], &record[name], &record[metric]);
        let wanted = arguments
            .date
            .as_ref()
            .is_none_or(|day| *day == record[date]);
        if called != arguments.metric || !wanted {
            continue;
        }
        let number = |text: &str| text.parse::<f64>().ok();
        let Some(at) = number(&record[1 + along]) else {
            return Err(InvalidUse(format!(
                "the levels of `{}` are no numbers, and nothing lies between them\nchoose another axis: --along",
                plan.axes[along].name
            ))
            .into());
        };
        // Where nothing ran there is no mean, and no line through it.
        let Some(mean) = number(&record[mean]) else {
            continue;
        };
        let labels = (0..plan.axes.len()).filter(|index| *index != along);
        let labels: Vec<String> = labels.map(|index| record[1 + index].to_owned()).collect();
        let lines = by_date.entry(record[date].to_owned()).or_default();
        lines.entry(labels).or_default().push(Reading {
            level: at,
            mean,
            error: number(&record[se]),
        });
    }
    by_date.pop_last().ok_or_else(|| {
        InvalidUse(format!(
            "there is no `{}` in {}\nits columns `level`, `name`, `metric` and `date` say what there is",
            arguments.metric,
            Path::new(&path).display()
        ))
        .into()
    })
}
