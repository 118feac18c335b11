//! The figure of a backtest: what was measured, with its error, over what was simulated.

use std::io::Write;
use std::path::Path;

use atomic_write_file::AtomicWriteFile;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::{OutputError, TableDigest, digest_text, file_name};
use crate::backtest::{Row, RowKind, Scores};
use crate::scenario::{Metric, Scenario};

/// Width of the figure and heights of its rows, in pixels of a screen at 100 %.
const WIDTH: u32 = 1080;
const TITLE_HEIGHT: u32 = 66;
const WIDE_HEIGHT: u32 = 330;
const SMALL_HEIGHT: u32 = 230;
/// Panels of shares in a row.
const COLUMNS: usize = 3;

/// Blue and vermilion are told apart by nearly everyone (Okabe and Ito's palette).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const INK: RGBColor = RGBColor(34, 34, 34);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// One panel: values of one name of one metric.
struct Panel<'a> {
    title: String,
    factor: f64,
    metric: Metric,
    rows: Vec<&'a Row>,
}

/// Writes the figure as SVG; returns its digest.
///
/// # Errors
/// [`OutputError`] if it cannot be written.
pub fn write_figure(
    scenario: &Scenario,
    scores: &Scores,
    path: &Path,
) -> Result<TableDigest, OutputError> {
    let fail = |source| OutputError::new("cannot write", path, source);
    let text =
        figure(scenario, scores).map_err(|error| fail(std::io::Error::other(error.to_string())))?;
    let mut file = AtomicWriteFile::open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.commit().map_err(fail)?;
    Ok(TableDigest {
        file: file_name(path),
        rows: 0,
        bytes: text.len() as u64,
        sha256: digest_text(&text),
    })
}

type Drawn<T> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

fn figure(scenario: &Scenario, scores: &Scores) -> Drawn<String> {
    let panels = panels(scenario, scores);
    let (wide, small): (Vec<_>, Vec<_>) = panels
        .iter()
        .partition(|panel| panel.metric != Metric::Share);
    let rows_of_small = small.len().div_ceil(COLUMNS);
    // Panels are few, far below 2^32.
    let height =
        TITLE_HEIGHT + WIDE_HEIGHT * wide.len() as u32 + SMALL_HEIGHT * rows_of_small as u32;
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, mut rest) = root.split_vertically(TITLE_HEIGHT);
        title(scenario, &head)?;
        for panel in wide {
            let (area, below) = rest.split_vertically(WIDE_HEIGHT);
            draw(scenario, panel, &area, 8)?;
            rest = below;
        }
        if rows_of_small > 0 {
            for (panel, area) in small
                .iter()
                .zip(rest.split_evenly((rows_of_small, COLUMNS)))
            {
                draw(scenario, panel, &area, 4)?;
            }
        }
        root.present()?;
    }
    Ok(text)
}

fn title(scenario: &Scenario, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Drawn<()> {
    let style = |size: i32| ("sans-serif", size).into_font().color(&INK);
    let name = format!("{}: measured and simulated", scenario.name);
    area.draw_text(&name, &style(22), (20, 12))?;
    let legend = format!(
        "points: measured, bars: its 90 % error, the luck of blocks included; line: median of {} replicas, bands: the middle half and nine tenths of them, errors of measurement included",
        scenario.replicas
    );
    area.draw_text(&legend, &style(13), (20, 42))
}

fn panels<'a>(scenario: &Scenario, scores: &'a Scores) -> Vec<Panel<'a>> {
    let mut panels: Vec<Panel<'a>> = Vec::new();
    for row in &scores.rows {
        let RowKind::Point(_, metric) = row.kind else {
            continue;
        };
        let (factor, what) = match metric {
            Metric::HashRate => (1.0, "Hash rate, EH/s".to_owned()),
            Metric::Difficulty => (1e-12, "Difficulty, T".to_owned()),
            Metric::Efficiency => (1.0, "Efficiency of what runs, J/TH".to_owned()),
            Metric::Share => (
                100.0,
                format!("{}, % of hash rate", names(scenario, &row.name)),
            ),
        };
        match panels.iter_mut().find(|panel| panel.title == what) {
            Some(panel) => panel.rows.push(row),
            None => panels.push(Panel {
                title: what,
                factor,
                metric,
                rows: vec![row],
            }),
        }
    }
    for panel in &mut panels {
        panel.rows.sort_by_key(|row| row.day);
    }
    panels
}

/// Names for people of the regions that were measured as one.
fn names(scenario: &Scenario, ids: &str) -> String {
    let names = ids.split('+').map(|id| {
        let region = scenario
            .regions
            .iter()
            .find(|region| region.id == id.trim());
        region.map_or(id, |region| region.name.as_str())
    });
    names.collect::<Vec<&str>>().join(" + ")
}

fn draw(
    scenario: &Scenario,
    panel: &Panel<'_>,
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    dates: usize,
) -> Drawn<()> {
    let factor = panel.factor;
    let bars = panel.rows.iter().map(|row| row.observed_band.1);
    let ends = panel.rows.iter().map(|row| row.quantiles[4]);
    let highest = bars.chain(ends).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 15).into_font().color(&INK))
        .margin(10)
        .x_label_area_size(28)
        .y_label_area_size(52)
        .build_cartesian_2d(
            0.0..f64::from(scenario.days),
            0.0..(highest * factor * 1.05).max(1e-9),
        )?;
    let label = |day: &f64| scenario.date(day.max(0.0) as u32).to_string();
    let number = |value: &f64| {
        if highest * factor < 5.0 {
            format!("{value:.1}")
        } else {
            format!("{value:.0}")
        }
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK)
        .x_labels(dates)
        .y_labels(5)
        .x_label_formatter(&label)
        .y_label_formatter(&number)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .draw()?;
    let at = |row: &Row, quantile: usize| (f64::from(row.day), row.quantiles[quantile] * factor);
    for ((low, high), opacity) in [((0, 4), 0.18), ((1, 3), 0.28)] {
        let upper = panel.rows.iter().map(|row| at(row, high));
        let lower = panel.rows.iter().rev().map(|row| at(row, low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        if panel.rows.len() > 1 {
            chart.draw_series([Polygon::new(outline, BLUE.mix(opacity).filled())])?;
        } else {
            // A single date has no area: its band is a broad line.
            let line = vec![outline[0], outline[1]];
            let style = BLUE.mix(opacity).stroke_width(14);
            chart.draw_series([PathElement::new(line, style)])?;
        }
    }
    let median = panel.rows.iter().map(|row| at(row, 2));
    chart.draw_series(LineSeries::new(median, BLUE.stroke_width(2)))?;
    for row in &panel.rows {
        let day = f64::from(row.day);
        let (low, high) = row.observed_band;
        if high > low {
            let line = vec![(day, low * factor), (day, high * factor)];
            chart.draw_series([PathElement::new(line, VERMILION.stroke_width(1))])?;
        }
        chart.draw_series([Circle::new(
            (day, row.observed * factor),
            3,
            VERMILION.filled(),
        )])?;
    }
    Ok(())
}
