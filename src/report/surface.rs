//! What a sweep's page draws: a metric over the axes of the sweep.

use super::figure::{
    Across, Charts, Figure, Heights, Key, Panel, Series, Surface, SurfaceAxis, SurfaceMetric, Tone,
    Values,
};
use super::grid::{Cell, Grid, MISSING};
use crate::output::sweep::Series as Readings;
use crate::scenario::Label;
use crate::sweep::Positions;
use crate::units::number;

/// Standard normal quantile of a band that holds nine tenths.
const NINE_TENTHS: f64 = 1.645;
/// Points that a short table tells one by one, where levels are drawn.
const TOLD: usize = 24;

impl SurfaceAxis {
    /// An axis of a sweep.
    pub fn of(name: &str, positions: &Positions) -> Self {
        let count = positions.len();
        let numeric = positions.is_numeric();
        let (levels, at) = match positions {
            Positions::Drawn(numbers) => (Vec::new(), numbers.iter().copied().map(Some).collect()),
            Positions::Listed { labels, levels } => {
                let place = |point: usize| Some(f64::from(levels[point]));
                let number = |point: usize| positions.number(point);
                let at = (0..count).map(|point| if numeric { number(point) } else { place(point) });
                (labels.iter().map(Label::to_string).collect(), at.collect())
            }
        };
        Self {
            name: name.to_owned(),
            levels,
            numeric,
            at: Values(at),
        }
    }

    fn is_drawn(&self) -> bool {
        self.levels.is_empty()
    }

    /// Where the points lie, rising, each place once.
    fn places(&self) -> Vec<f64> {
        let mut places: Vec<f64> = self.at.0.iter().flatten().copied().collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    fn name_of(&self, place: f64) -> String {
        if self.numeric {
            return place.to_string();
        }
        // A place among the levels, which is a whole number.
        self.levels.get(place as usize).cloned().unwrap_or_default()
    }
}

impl SurfaceMetric {
    /// A metric that was read back; shares in percent.
    pub fn of(readings: &Readings) -> Self {
        let unit = readings.column.unit.as_str();
        let factor = if unit == "share" { 100.0 } else { 1.0 };
        let rows = &readings.rows;
        let largest = rows
            .iter()
            .flatten()
            .map(|row| row.1.abs() * factor)
            .fold(0.0, f64::max);
        let column = |value: &dyn Fn(&crate::sweep::Row) -> Option<f64>| {
            let values = rows.iter().map(|row| row.as_ref().and_then(value));
            Values(
                values
                    .map(|value| value.map(|value| factor * value))
                    .collect(),
            )
        };
        Self {
            label: readings.column.to_string(),
            date: readings.date.clone(),
            unit: match unit {
                "share" => "%".into(),
                "1" => String::new(),
                unit => unit.to_owned(),
            },
            decimals: if largest >= 1000.0 {
                0
            } else if largest >= 10.0 {
                1
            } else {
                2
            },
            mean: column(&|row| Some(row.1)),
            error: column(&crate::sweep::Row::standard_error),
            quantiles: std::array::from_fn(|q| column(&|row| Some(row.3[q].0))),
            replicas: rows
                .iter()
                .map(|row| row.map_or(0, |row| row.0 as u32))
                .collect(),
        }
    }
}

/// Means over a grid of two axes.
pub struct Cells {
    /// Names of the columns, and what they are of.
    pub columns: (String, Vec<String>),
    /// Names of the rows, and what they are of.
    pub rows: (String, Vec<String>),
    /// By row and column; `None` where there is no point.
    pub means: Vec<Vec<Option<f64>>>,
}

impl Surface {
    /// Means of the first metric over the first two axes, in the mean over all others.
    pub fn cells(&self) -> Option<Cells> {
        let [across, up, ..] = self.axes.as_slice() else {
            return None;
        };
        if across.is_drawn() || up.is_drawn() {
            return None;
        }
        let metric = self.metrics.first()?;
        let (columns, rows) = (across.places(), up.places());
        let mut sums = vec![vec![(0.0, 0_usize); columns.len()]; rows.len()];
        for (point, mean) in metric.mean.0.iter().enumerate() {
            let (Some(mean), Some(x), Some(y)) = (mean, across.at.0[point], up.at.0[point]) else {
                continue;
            };
            let place = |places: &[f64], at: f64| places.iter().position(|place| *place == at);
            if let (Some(column), Some(row)) = (place(&columns, x), place(&rows, y)) {
                let (sum, count) = &mut sums[row][column];
                *sum += mean;
                *count += 1;
            }
        }
        let mean = |(sum, count): &(f64, usize)| (*count > 0).then(|| sum / *count as f64);
        Some(Cells {
            means: sums
                .iter()
                .map(|row| row.iter().map(mean).collect())
                .collect(),
            columns: (
                across.name.clone(),
                columns.iter().map(|place| across.name_of(*place)).collect(),
            ),
            rows: (
                up.name.clone(),
                rows.iter().map(|place| up.name_of(*place)).collect(),
            ),
        })
    }

    /// Charts of the first metric over each axis: bands where there is one axis with levels, otherwise the means of all points.
    pub fn charts(&self) -> Vec<Figure> {
        let Some(metric) = self.metrics.first() else {
            return Vec::new();
        };
        let one = self.axes.len() == 1;
        let charts = self.axes.iter().map(|axis| {
            let mut order: Vec<usize> = (0..axis.at.0.len()).collect();
            order.sort_by(|a, b| {
                let at = |point: usize| axis.at.0[point].unwrap_or(f64::NAN);
                at(*a).total_cmp(&at(*b))
            });
            let sorted =
                |values: &Values| Values(order.iter().map(|point| values.0[*point]).collect());
            let ends = |sign: f64| {
                let end = |point: &usize| {
                    let error = metric.error.0[*point]?;
                    Some(metric.mean.0[*point]? + sign * NINE_TENTHS * error)
                };
                Values(order.iter().map(end).collect())
            };
            let points = Series::Points {
                name: "mean".into(),
                tone: Tone::Other,
                values: sorted(&metric.mean),
                low: ends(-1.0),
                high: ends(1.0),
            };
            let fan = Series::Fan {
                name: "replicas".into(),
                tone: Tone::Main,
                quantiles: metric.quantiles.each_ref().map(sorted),
            };
            let panel = Panel {
                title: format!("{} on {}", metric.label, metric.date),
                unit: metric.unit.clone(),
                decimals: metric.decimals,
                from_zero: false,
                top: None,
                series: if one { vec![fan, points] } else { vec![points] },
                levels: Vec::new(),
                marks: Vec::new(),
            };
            Figure::Panels(Charts {
                x: Across::Numbers {
                    label: axis.name.clone(),
                    at: sorted(&axis.at),
                },
                one_scale: false,
                wide: true,
                joined: true,
                heights: Heights::Even,
                legend: vec![Key {
                    label: "mean with its 90 % error".into(),
                    tone: Tone::Other,
                    look: "points",
                }],
                panels: vec![panel],
            })
        });
        charts.collect()
    }

    /// The short table: a cell for each pair of levels, or a row for each of the first points.
    pub fn table(&self) -> Grid {
        let Some(metric) = self.metrics.first() else {
            return Grid::default();
        };
        let text = |mean: Option<f64>| {
            mean.map_or_else(|| MISSING.into(), |mean| number(mean, metric.decimals))
        };
        if let Some(cells) = self.cells() {
            let mut grid = Grid::default();
            grid.head.push(format!(
                "{} (rows), {} (columns)",
                cells.rows.0, cells.columns.0
            ));
            grid.head.extend(cells.columns.1);
            for (name, means) in cells.rows.1.into_iter().zip(cells.means) {
                let row = means.into_iter().map(|mean| Cell::from(text(mean)));
                grid.rows
                    .push(std::iter::once(Cell::from(name)).chain(row).collect());
            }
            return grid;
        }
        let mut grid = Grid::default();
        grid.head.push("point".into());
        grid.head
            .extend(self.axes.iter().map(|axis| axis.name.clone()));
        grid.head.extend([
            format!("{} on {}, mean", metric.label, metric.date),
            "se".into(),
        ]);
        for point in 0..metric.mean.0.len().min(TOLD) {
            let mut row = vec![Cell::from(point.to_string())];
            for axis in &self.axes {
                let place = axis.at.0[point].map(|place| axis.name_of(place));
                row.push(place.unwrap_or_default().into());
            }
            row.push(text(metric.mean.0[point]).into());
            let error = metric.error.0[point];
            row.push(
                error
                    .map_or_else(
                        || MISSING.into(),
                        |error| number(error, metric.decimals + 1),
                    )
                    .into(),
            );
            grid.rows.push(row);
        }
        grid
    }
}
