//! `hashdrift sweep conditions`: under which conditions a metric is below or above a value.

use std::io::{self, Write};

use hashdrift::sweep::{BoxOptions, FoundBox, Limits, conditions};
use serde_json::{Value, json};

use super::super::text_table::{new_table, tidy};
use super::asked::Asked;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    threshold: Threshold,
    /// Least share of the points of a box that are of interest, from 0 to 1 [default: a compromise with how many of all it holds]
    #[arg(long, value_name = "PART", value_parser = parse_part)]
    density: Option<f64>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Threshold {
    /// Points are of interest if the mean is below this
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    below: Option<f64>,
    /// Points are of interest if the mean is above this
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    above: Option<f64>,
}

fn parse_part(text: &str) -> Result<f64, String> {
    let part = text
        .parse::<f64>()
        .ok()
        .filter(|part| *part > 0.0 && *part <= 1.0);
    part.ok_or_else(|| "give a number above 0 and at most 1, as in 0.8".to_owned())
}

/// Standard errors within which a mean may lie on the other side of a value: one in twenty does, at the most.
const NEAR: f64 = 1.645;

pub fn print_conditions(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments {
        asked,
        threshold,
        density,
    } = arguments;
    let told = asked.read()?;
    let series = &told.series;
    let (below, value) = match (threshold.below, threshold.above) {
        (Some(value), _) => (true, value),
        (None, value) => (false, value.unwrap_or(0.0)),
    };
    let is_case = |mean: f64| if below { mean < value } else { mean > value };
    let interest: Vec<Option<bool>> = series
        .rows
        .iter()
        .map(|row| row.map(|row| is_case(row.1)))
        .collect();
    let near = series.rows.iter().flatten().filter(|row| {
        let error = row.standard_error().unwrap_or(0.0);
        (row.1 - value).abs() < NEAR * error
    });
    let near = near.count();
    let options = BoxOptions {
        density: *density,
        ..BoxOptions::default()
    };
    let positions = &told.points.positions;
    let found = conditions(positions, &interest, &options);
    let axes = told.axes();
    let side = if below { "below" } else { "above" };
    let mut out = io::stdout().lock();
    if asked.json {
        let text = json!({
            "metric": series.column.to_string(), "unit": series.column.unit, "date": series.date,
            (side): value, "points": found.points, "cases": found.cases, "near": near,
            "boxes": found.boxes.iter().map(|one| json_of(one, &axes)).collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut out, &text).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{} is {side} {value} on {} at {} of {} points",
        series.column, series.date, found.cases, found.points
    )?;
    if near > 0 {
        writeln!(
            out,
            "at {near} of the {} points the mean is so near that luck may have decided",
            found.points
        )?;
    }
    write!(out, "{}", told.left_out())?;
    if found.boxes.is_empty() {
        let why = match (found.cases, density) {
            (0, _) => "there is nothing to look for".to_owned(),
            (_, Some(density)) => format!(
                "no box on the axes with at least {density} of its points of interest\nask for less: --density"
            ),
            (_, None) => "no box on the axes tells these points from the others".to_owned(),
        };
        writeln!(out, "\n{why}")?;
    }
    for (number, one) in found.boxes.iter().enumerate() {
        let also = if number > 0 { " more" } else { "" };
        writeln!(
            out,
            "\nbox {}: {} of {} points in it are of interest (density {:.0} %), {:.0} %{also} of all that are (coverage)",
            number + 1,
            one.cases,
            one.points,
            one.density * 100.0,
            one.coverage * 100.0
        )?;
        if one.restrictions.is_empty() {
            writeln!(out, "it is everything")?;
            continue;
        }
        let mut table = new_table(&["axis", "in the box", "quasi-p"], &[2]);
        for restriction in &one.restrictions {
            table.add_row([
                axes[restriction.axis].to_owned(),
                restriction.limits.told(&positions[restriction.axis]),
                p_value(restriction.p_value),
            ]);
        }
        writeln!(out, "{}", tidy(&table))?;
    }
    Ok(())
}

fn p_value(value: f64) -> String {
    if value < 0.001 {
        format!("{value:.0e}")
    } else {
        format!("{value:.3}")
    }
}

fn json_of(one: &FoundBox, axes: &[&str]) -> Value {
    let restrictions = one.restrictions.iter().map(|restriction| {
        let (low, high, levels) = match &restriction.limits {
            Limits::Between(low, high) => (*low, *high, None),
            Limits::OneOf(labels) => (None, None, Some(labels)),
        };
        json!({
            "axis": axes[restriction.axis], "low": low, "high": high, "levels": levels,
            "quasi_p": restriction.p_value,
        })
    });
    let trajectory = one.trajectory.iter().map(|step| {
        json!({
            "points": step.points, "density": step.density, "coverage": step.coverage,
            "restricted": step.restricted,
        })
    });
    json!({
        "points": one.points, "cases": one.cases, "density": one.density, "coverage": one.coverage,
        "restrictions": restrictions.collect::<Vec<_>>(), "trajectory": trajectory.collect::<Vec<_>>(),
    })
}
