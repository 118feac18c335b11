//! The short table behind a figure: what its chart shows, at a few places.

use super::figure::{Across, Charts, Figure, Panel, Series, Stack, Values};
use super::grid::{Cell, Grid, MISSING};
use crate::units::number;

/// Places of a short table: about one a year and the ends, or eight of them.
fn stations(x: &Across) -> Vec<usize> {
    let count = x.len();
    if count <= 8 {
        return (0..count).collect();
    }
    let last = count - 1;
    let span = x.number(last) - x.number(0);
    let years = (span / 365.25).round();
    let parts = if matches!(x, Across::Dates { .. }) && (2.0..=7.0).contains(&years) {
        years as usize
    } else {
        6
    };
    let mut found: Vec<usize> = (0..=parts)
        .map(|part| {
            let at = x.number(0) + span * part as f64 / parts as f64;
            // The nearest place; there are few.
            (0..count)
                .min_by(|a, b| {
                    (x.number(*a) - at)
                        .abs()
                        .total_cmp(&(x.number(*b) - at).abs())
                })
                .unwrap_or(0)
        })
        .collect();
    found.dedup();
    found
}

/// The short table behind a figure: a row for each thing drawn, a column for each of a few places.
#[must_use]
pub fn short_table(figure: &Figure) -> Grid {
    match figure {
        Figure::Panels(panels) if panels.has_points() => points_table(panels),
        Figure::Panels(panels) => panels_table(panels),
        Figure::Stack(stack) => stack_table(stack),
        Figure::Surface(surface) => surface.table(),
    }
}

impl Charts {
    fn has_points(&self) -> bool {
        let mut series = self.panels.iter().flat_map(|panel| &panel.series);
        series.any(|series| matches!(series, Series::Points { .. }))
    }
}

fn head_of(x: &Across, stations: &[usize]) -> Vec<String> {
    let first = match x {
        Across::Dates { .. } => String::new(),
        Across::Numbers { label, .. } => label.clone(),
    };
    let rest = stations.iter().map(|place| x.label(*place));
    std::iter::once(first).chain(rest).collect()
}

fn text_at(values: &Values, place: usize, decimals: usize) -> String {
    let value = values.0.get(place).copied().flatten();
    value.map_or_else(|| MISSING.into(), |value| number(value, decimals))
}

fn banded(quantiles: &[Values; 5], place: usize, decimals: usize) -> String {
    let [low, _, middle, _, high] =
        [0, 1, 2, 3, 4].map(|q| text_at(&quantiles[q], place, decimals));
    if middle == MISSING {
        return middle;
    }
    format!("{middle} [{low}, {high}]")
}

fn row_name(panel: &Panel, series: &str) -> String {
    let unit = if panel.unit.is_empty() {
        String::new()
    } else {
        format!(", {}", panel.unit)
    };
    if series.is_empty() {
        format!("{}{unit}", panel.title)
    } else {
        format!("{}: {series}{unit}", panel.title)
    }
}

fn panels_table(figure: &Charts) -> Grid {
    let stations = stations(&figure.x);
    let mut rows = Vec::new();
    for panel in &figure.panels {
        for series in &panel.series {
            let (name, texts): (&str, Vec<String>) = match series {
                Series::Fan {
                    name, quantiles, ..
                } => (
                    name,
                    stations
                        .iter()
                        .map(|place| banded(quantiles, *place, panel.decimals))
                        .collect(),
                ),
                Series::Line { name, values, .. } | Series::Points { name, values, .. } => (
                    name,
                    stations
                        .iter()
                        .map(|place| text_at(values, *place, panel.decimals))
                        .collect(),
                ),
                Series::Replicas { .. } => continue,
            };
            let first = row_name(panel, name);
            rows.push(
                std::iter::once(first)
                    .chain(texts)
                    .map(Cell::from)
                    .collect(),
            );
        }
    }
    Grid {
        head: head_of(&figure.x, &stations),
        rows,
    }
}

/// Where something was measured: a row for each measured value, with what was simulated beside it.
fn points_table(figure: &Charts) -> Grid {
    let mut grid = Grid::new([
        "",
        "date",
        "measured",
        "[90 % error]",
        "simulated [5 %, 95 %]",
    ]);
    for panel in &figure.panels {
        let fan = panel.series.iter().find_map(|series| match series {
            Series::Fan { quantiles, .. } => Some(quantiles),
            _ => None,
        });
        for series in &panel.series {
            let Series::Points {
                values, low, high, ..
            } = series
            else {
                continue;
            };
            for place in (0..figure.x.len()).filter(|place| values.0[*place].is_some()) {
                let [value, low, high] =
                    [values, low, high].map(|v| text_at(v, place, panel.decimals));
                grid.row([
                    row_name(panel, "").into(),
                    figure.x.label(place).into(),
                    value.into(),
                    format!("[{low}, {high}]").into(),
                    fan.map_or_else(String::new, |fan| banded(fan, place, panel.decimals))
                        .into(),
                ]);
            }
        }
    }
    grid
}

fn stack_table(figure: &Stack) -> Grid {
    let stations = stations(&figure.x);
    let mut rows = Vec::new();
    for panel in &figure.panels {
        for layer in &panel.layers {
            let name = if panel.title.is_empty() {
                format!("{}, {}", layer.name, figure.unit)
            } else {
                format!("{}: {}, {}", panel.title, layer.name, figure.unit)
            };
            let texts = stations
                .iter()
                .map(|place| text_at(&layer.values, *place, figure.decimals));
            rows.push(std::iter::once(name).chain(texts).map(Cell::from).collect());
        }
    }
    Grid {
        head: head_of(&figure.x, &stations),
        rows,
    }
}
