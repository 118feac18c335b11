//! What a figure holds: drawn by the page's script, as a still picture, and as a table, from the same numbers.

use serde::{Serialize, Serializer};

use crate::statistics::Summary;

/// A figure with what is said of it.
#[derive(Debug, Clone, Serialize)]
pub struct Exhibit {
    /// Its name in the page: letters, digits and dashes.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The drawing.
    #[serde(flatten)]
    pub figure: Figure,
}

/// The kinds of figures.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Figure {
    /// Small charts side by side, over one horizontal axis.
    Panels(Charts),
    /// Layers on top of each other.
    Stack(Stack),
    /// A metric over the axes of a sweep.
    Surface(Surface),
}

/// The horizontal axis of a figure.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Across {
    /// Dates, rising, as `2025-10-15`, with the simulated day of each.
    Dates {
        /// The dates.
        at: Vec<String>,
        /// Days from the first.
        days: Vec<f64>,
    },
    /// Numbers, rising.
    Numbers {
        /// What they are.
        label: String,
        /// The numbers.
        at: Values,
    },
}

impl Across {
    /// Number of places.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Dates { at, .. } => at.len(),
            Self::Numbers { at, .. } => at.0.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place as a number.
    #[must_use]
    pub fn number(&self, index: usize) -> f64 {
        match self {
            Self::Dates { days, .. } => days[index],
            Self::Numbers { at, .. } => at.0[index].unwrap_or(f64::NAN),
        }
    }

    /// The place for people.
    #[must_use]
    pub fn label(&self, index: usize) -> String {
        match self {
            Self::Dates { at, .. } => at[index].clone(),
            Self::Numbers { at, .. } => at.0[index].map_or_else(String::new, |at| at.to_string()),
        }
    }
}

/// Small charts over one horizontal axis.
#[derive(Debug, Clone, Serialize)]
pub struct Charts {
    /// The horizontal axis.
    pub x: Across,
    /// Whether all charts have one vertical scale, so that heights can be compared.
    pub one_scale: bool,
    /// Whether a chart takes the whole width.
    pub wide: bool,
    /// Whether lines pass over places at which nothing is defined; otherwise they break there.
    pub joined: bool,
    /// How heights are spread.
    pub heights: Heights,
    /// What colours and strokes mean, in the order of drawing. Without any, series are named where they end.
    pub legend: Vec<Key>,
    /// The charts.
    pub panels: Vec<Panel>,
}

/// How heights are spread over a vertical axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Heights {
    /// Evenly.
    Even,
    /// In their logs, so that equal ratios are equally far apart; evenly where something is not above 0.
    Logs,
}

/// One entry of a legend.
#[derive(Debug, Clone, Serialize)]
pub struct Key {
    /// What is drawn so.
    pub label: String,
    /// How.
    pub tone: Tone,
    /// `fan`, `line`, `dashes`, `rule` or `points`.
    pub look: &'static str,
}

/// One chart.
#[derive(Debug, Clone, Serialize)]
pub struct Panel {
    /// What it is of.
    pub title: String,
    /// Unit of the vertical axis.
    pub unit: String,
    /// Decimals of its numbers.
    pub decimals: usize,
    /// Whether the vertical axis begins at 0.
    pub from_zero: bool,
    /// Where the vertical axis ends at the latest; what lies above is cut off.
    pub top: Option<f64>,
    /// What is drawn, in this order.
    pub series: Vec<Series>,
    /// Heights with a meaning.
    pub levels: Vec<Level>,
    /// What happens when.
    pub marks: Vec<Mark>,
}

/// A height with a meaning.
#[derive(Debug, Clone, Serialize)]
pub struct Level {
    /// The height.
    pub at: f64,
    /// What it means.
    pub label: String,
}

/// Something that happens at a place of the horizontal axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mark {
    /// Where, in days from the first.
    pub day: f64,
    /// The date.
    pub date: String,
    /// Its short name on the axis.
    pub key: String,
    /// What happens.
    pub label: String,
}

/// Colours by their part in a figure; the page says which they are, in light and in dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// What the figure is about.
    Main,
    /// What it is compared with.
    Other,
    /// A third thing.
    Third,
    /// A fourth thing.
    Ink,
}

/// Something drawn in a chart.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Series {
    /// Median, middle half and nine tenths of the replicas.
    Fan {
        /// What it is.
        name: String,
        /// Its colour.
        tone: Tone,
        /// Values at 5, 25, 50, 75 and 95 %, each along the axis.
        quantiles: [Values; 5],
    },
    /// A line.
    Line {
        /// What it is.
        name: String,
        /// Its colour.
        tone: Tone,
        /// Whether it is dashed.
        dashed: bool,
        /// Its heights along the axis.
        values: Values,
    },
    /// What was measured, with the ends of its error.
    Points {
        /// What it is.
        name: String,
        /// Its colour.
        tone: Tone,
        /// Its heights along the axis.
        values: Values,
        /// Lower ends.
        low: Values,
        /// Upper ends.
        high: Values,
    },
    /// Single replicas.
    Replicas {
        /// Each along the axis.
        lines: Vec<Values>,
    },
}

/// Layers on top of each other, along dates.
#[derive(Debug, Clone, Serialize)]
pub struct Stack {
    /// The horizontal axis.
    pub x: Across,
    /// Unit of the heights.
    pub unit: String,
    /// Decimals of its numbers.
    pub decimals: usize,
    /// Whether the layers are in an order, and their colours too.
    pub ordered: bool,
    /// From the bottom up, in each of the charts.
    pub panels: Vec<Layers>,
    /// What happens when.
    pub marks: Vec<Mark>,
}

/// The layers of one chart.
#[derive(Debug, Clone, Serialize)]
pub struct Layers {
    /// What the chart is of.
    pub title: String,
    /// The layers, from the bottom up.
    pub layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug, Clone, Serialize)]
pub struct Layer {
    /// What it is.
    pub name: String,
    /// Number of its colour.
    pub colour: usize,
    /// Its thickness along the axis.
    pub values: Values,
}

/// A metric over the axes of a sweep, to be chosen among several, on several dates.
#[derive(Debug, Clone, Serialize)]
pub struct Surface {
    /// The axes, in the order of the sweep.
    pub axes: Vec<SurfaceAxis>,
    /// The metrics on their dates, the first one shown first.
    pub metrics: Vec<SurfaceMetric>,
    /// Value at which the page begins to look for a tipping line.
    pub value: f64,
}

/// An axis, and where the points lie on it.
#[derive(Debug, Clone, Serialize)]
pub struct SurfaceAxis {
    /// What it is called.
    pub name: String,
    /// Its levels as they are called; none if they are drawn.
    pub levels: Vec<String>,
    /// Whether levels, or what is drawn, are numbers.
    pub numeric: bool,
    /// By point, the number; or the place among the levels.
    pub at: Values,
}

/// A metric on a date.
#[derive(Debug, Clone, Serialize)]
pub struct SurfaceMetric {
    /// `region/us/share`.
    pub label: String,
    /// Its date.
    pub date: String,
    /// Its unit as shown.
    pub unit: String,
    /// Its decimals.
    pub decimals: usize,
    /// By point, the mean.
    pub mean: Values,
    /// By point, its standard error.
    pub error: Values,
    /// By point, at 5, 25, 50, 75 and 95 % of the replicas.
    pub quantiles: [Values; 5],
    /// By point, replicas behind the numbers.
    pub replicas: Vec<u32>,
}

/// Numbers along an axis; `None` is not defined.
#[derive(Debug, Clone, PartialEq)]
pub struct Values(pub Vec<Option<f64>>);

/// Digits of a number in the page's data: more than a screen can show, and a third of the bytes. The tables have all of them.
const DIGITS: usize = 6;

/// The number nearest to `value` with so many digits.
#[must_use]
pub fn rounded(value: f64, digits: usize) -> f64 {
    let text = format!("{value:.0$e}", digits - 1);
    text.parse().unwrap_or(value)
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|value| value.map(Short)))
    }
}

/// A number written without what does not count.
struct Short(f64);

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = rounded(self.0, DIGITS);
        if value.fract() == 0.0 && value.abs() < 1e15 {
            // Exact: whole and below 2^53.
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

/// The five quantiles of summaries along an axis, each times `factor`.
#[must_use]
pub fn quantiles_of(summaries: &[Option<&Summary>], factor: f64) -> [Values; 5] {
    std::array::from_fn(|index| {
        let value = |summary: &Summary| factor * summary.quantiles[index].value;
        Values(summaries.iter().map(|summary| summary.map(value)).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_six_digits_and_no_more() {
        let values = Values(vec![
            Some(0.123_456_789),
            Some(150_839_487_445_890.5),
            Some(36.0),
            Some(-0.5),
            None,
        ]);
        let text = serde_json::to_string(&values).unwrap();
        assert_eq!(text, "[0.123457,150839000000000,36,-0.5,null]");
    }
}
