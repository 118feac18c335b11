//! Still pictures of figures, as SVG: what the page shows where scripts do not run.

mod cells;
mod compact;
mod names;
mod stack;
mod vertical;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;

use super::figure::{Across, Charts, Figure, Heights, Key, Mark, Panel, Series, Tone, Values};
use crate::units::number;
use cells::draw_cells;
use compact::compact;
use names::draw_names;
use stack::draw_stack;
use vertical::Vertical;

/// Width of a picture, in pixels of a screen at 100 %, and heights of its charts.
const WIDTH: u32 = 1080;
const HEAD_HEIGHT: u32 = 66;
/// Where the legend stands in the head.
const LEGEND_TOP: i32 = 38;
const WIDE_HEIGHT: u32 = 330;
const SMALL_HEIGHT: u32 = 220;
/// Small charts in a row.
const COLUMNS: usize = 3;
/// Places along the axis that are drawn, about; a picture needs no more.
const PLACES: usize = 41;

/// Blue, vermilion and green are told apart by nearly everyone (Okabe and Ito's palette).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 130, 95);
const INK: RGBColor = RGBColor(34, 34, 34);
const GRID: RGBColor = RGBColor(225, 225, 225);
const FAINT: RGBColor = RGBColor(150, 150, 150);

/// Colours of layers, those of Okabe and Ito's palette first; the last is for what is no one thing, such as the rest of the world.
pub const LAYERS: [(u8, u8, u8); 12] = [
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
    (140, 107, 177),
    (127, 140, 60),
    (102, 194, 165),
    (166, 118, 29),
    (176, 180, 186),
];

/// Colours of layers in an order, dark to light.
pub const ORDERED: [(u8, u8, u8); 6] = [
    (8, 48, 107),
    (8, 81, 156),
    (66, 146, 198),
    (107, 174, 214),
    (158, 202, 225),
    (210, 227, 243),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T> = Result<T, DrawingAreaErrorKind<std::io::Error>>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Horizontal, Vertical>>;

/// A horizontal axis with labels where they are wanted.
struct Horizontal {
    range: std::ops::Range<f64>,
    labelled: Vec<f64>,
}

impl Ranged for Horizontal {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.labelled.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.range.clone()
    }
}

/// The picture of a figure, as an SVG element; its legend stands beside it.
///
/// # Errors
/// If it could not be drawn, which has not been seen: it is drawn into a text.
pub fn picture(figure: &Figure) -> Result<String, std::io::Error> {
    if let Figure::Surface(surface) = figure
        && surface.cells().is_none()
    {
        let charts = surface.charts();
        return drawn(None, &charts.iter().collect::<Vec<_>>());
    }
    drawn(None, &[figure])
}

/// Several figures below each other, as a picture that stands by itself, with a title and the legend of the first.
///
/// # Errors
/// See [`picture`].
pub fn sheet(title: &str, figures: &[&Figure]) -> Result<String, std::io::Error> {
    drawn(Some(title), figures)
}

fn drawn(title: Option<&str>, figures: &[&Figure]) -> Result<String, std::io::Error> {
    let text = draw(title, figures).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(compact(&text))
}

fn draw(title: Option<&str>, figures: &[&Figure]) -> Drawn<String> {
    let head = title.map_or(0, |_| HEAD_HEIGHT);
    let heights = figures.iter().map(|figure| height_of(figure));
    let height = head + heights.sum::<u32>();
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let (top, mut rest) = root.split_vertically(head);
        if let Some(title) = title {
            top.draw_text(title, &font(22), (20, 8))?;
            if let Some(Figure::Panels(panels)) = figures.first() {
                draw_legend(&panels.legend, &top)?;
            }
        }
        for figure in figures {
            let (area, below) = rest.split_vertically(height_of(figure));
            match figure {
                Figure::Panels(panels) => draw_panels(panels, &area)?,
                Figure::Stack(stack) => draw_stack(stack, &area)?,
                Figure::Surface(surface) => draw_cells(surface, &area)?,
            }
            rest = below;
        }
        root.present()?;
    }
    Ok(text)
}

/// Charts of a figure, and how many of them stand in a row.
fn layout(figure: &Figure) -> (usize, usize) {
    let (charts, wide) = match figure {
        Figure::Panels(panels) => (panels.panels.len(), panels.wide),
        Figure::Stack(stack) => (stack.panels.len(), stack.panels.len() == 1),
        Figure::Surface(_) => (1, true),
    };
    (charts.max(1), columns_of(charts, wide))
}

fn columns_of(charts: usize, wide: bool) -> usize {
    if wide { 1 } else { COLUMNS.min(charts.max(1)) }
}

fn height_of(figure: &Figure) -> u32 {
    let (charts, columns) = layout(figure);
    let row_height = if columns == 1 {
        WIDE_HEIGHT
    } else {
        SMALL_HEIGHT
    };
    // Charts are few, far below 2^32.
    row_height * charts.div_ceil(columns) as u32
}

/// The places of the charts of a figure in its area.
fn split<'a>(area: &Area<'a>, (charts, columns): (usize, usize)) -> Vec<Area<'a>> {
    area.split_evenly((charts.div_ceil(columns), columns))
}

fn colour(tone: Tone) -> RGBColor {
    match tone {
        Tone::Main => BLUE,
        Tone::Other => VERMILION,
        Tone::Third => GREEN,
        Tone::Ink => INK,
    }
}

fn font(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

fn draw_legend(legend: &[Key], area: &Area<'_>) -> Drawn<()> {
    let (mut x, y) = (20, LEGEND_TOP);
    for key in legend {
        let tone = colour(key.tone);
        match key.look {
            "fan" => {
                for (inset, opacity) in [(2, 0.18), (6, 0.28)] {
                    let corners = [(x, y + inset), (x + 26, y + 22 - inset)];
                    area.draw(&Rectangle::new(corners, tone.mix(opacity).filled()))?;
                }
                area.draw(&PathElement::new(
                    [(x, y + 11), (x + 26, y + 11)],
                    tone.stroke_width(2),
                ))?;
            }
            "points" => area.draw(&Circle::new((x + 13, y + 11), 3, tone.filled()))?,
            "dashes" => {
                for from in [x, x + 10, x + 20] {
                    let line = [(from, y + 11), (from + 6, y + 11)];
                    area.draw(&PathElement::new(line, tone.stroke_width(2)))?;
                }
            }
            _ => area.draw(&PathElement::new(
                [(x, y + 11), (x + 26, y + 11)],
                tone.stroke_width(2),
            ))?,
        }
        area.draw_text(&key.label, &font(13), (x + 34, y + 4))?;
        // About the width of the text.
        x += 64 + 7 * key.label.chars().count() as i32;
    }
    Ok(())
}

/// Places that are drawn: all, or evenly chosen ones with the first and the last.
fn places(count: usize) -> Vec<usize> {
    if count <= PLACES {
        return (0..count).collect();
    }
    let last = count - 1;
    (0..PLACES)
        .map(|place| place * last / (PLACES - 1))
        .collect()
}

/// Labelled places of the horizontal axis: years, months, or round numbers.
fn ticks(x: &Across, most: usize) -> Vec<(f64, String)> {
    let Across::Dates { at, days } = x else {
        return Vec::new();
    };
    let (Some(first), Some(last)) = (at.first(), at.last()) else {
        return Vec::new();
    };
    let (Ok(first), Ok(last)) = (
        first.parse::<jiff::civil::Date>(),
        last.parse::<jiff::civil::Date>(),
    ) else {
        return Vec::new();
    };
    let span = days.last().copied().unwrap_or(0.0);
    let months = (span / 30.4 / most as f64).ceil().max(1.0);
    let step = [1.0, 3.0, 6.0, 12.0, 24.0, 60.0, 120.0, 240.0]
        .into_iter()
        .find(|step| *step >= months)
        .unwrap_or(1200.0) as i64;
    let mut found = Vec::new();
    let mut month = first.first_of_month();
    while month <= last {
        let since = i64::from(month.year()) * 12 + i64::from(month.month()) - 1;
        if since % step == 0 && month >= first {
            let day = (month - first).get_days();
            let label = if step >= 12 {
                month.year().to_string()
            } else {
                format!("{}-{:02}", month.year(), month.month())
            };
            found.push((f64::from(day), label));
        }
        let Ok(next) = month.checked_add(jiff::Span::new().months(1)) else {
            break;
        };
        month = next;
    }
    found
}

/// Lowest and highest place.
fn reach(x: &Across) -> (f64, f64) {
    let last = x.len().saturating_sub(1);
    if x.is_empty() {
        return (0.0, 1.0);
    }
    let (low, high) = (x.number(0), x.number(last));
    if high > low {
        (low, high)
    } else {
        (low - 0.5, low + 0.5)
    }
}

/// A chart with its frame, in `area`.
fn framed<'a, 'b>(
    area: &'a Area<'b>,
    title: &str,
    x: &Across,
    heights: Vertical,
    decimals: usize,
    labels: usize,
) -> Drawn<Chart<'a, 'b>> {
    let (first, last) = reach(x);
    let ticks = ticks(x, labels);
    let points: Vec<f64> = if ticks.is_empty() {
        (0..=4)
            .map(|part| first + (last - first) * f64::from(part) / 4.0)
            .collect()
    } else {
        ticks.iter().map(|(at, _)| *at).collect()
    };
    let mut chart = ChartBuilder::on(area)
        .caption(title, font(14))
        .margin(8)
        .x_label_area_size(26)
        .y_label_area_size(56)
        .build_cartesian_2d(
            Horizontal {
                range: first..last,
                labelled: points,
            },
            heights,
        )?;
    let label = |at: &f64| {
        let tick = ticks.iter().find(|(tick, _)| tick == at);
        tick.map_or_else(|| number(*at, 0), |(_, label)| label.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(labels)
        .y_labels(5)
        .x_label_formatter(&label)
        .y_label_formatter(&|value: &f64| number(*value, decimals))
        .label_style(font(11))
        .draw()?;
    Ok(chart)
}

fn finite(values: &Values) -> impl Iterator<Item = f64> {
    values.0.iter().flatten().copied()
}

/// Highest and lowest of what is drawn in a panel.
fn extent(panel: &Panel) -> (f64, f64) {
    let mut all: Vec<f64> = panel.levels.iter().map(|level| level.at).collect();
    for series in &panel.series {
        match series {
            Series::Fan { quantiles, .. } => {
                all.extend(finite(&quantiles[0]));
                all.extend(finite(&quantiles[4]));
            }
            Series::Line { values, .. } => all.extend(finite(values)),
            Series::Points {
                low, high, values, ..
            } => {
                all.extend(finite(values));
                all.extend(finite(low));
                all.extend(finite(high));
            }
            Series::Replicas { lines } => lines.iter().for_each(|line| all.extend(finite(line))),
        }
    }
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let high = panel.top.map_or(high, |top| high.min(top));
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    if high < low { (0.0, 1.0) } else { (low, high) }
}

/// The vertical scale over an extent.
fn scale((low, high): (f64, f64), from_zero: bool) -> (f64, f64) {
    // What is below 0 by rounding alone is 0.
    let dust = low.abs() < 1e-9 * high.abs();
    let low = if dust {
        0.0
    } else if from_zero {
        low.min(0.0)
    } else {
        low
    };
    let room = 0.05 * (high - low).max(1e-9 + 1e-3 * high.abs());
    (if low == 0.0 { 0.0 } else { low - room }, high + room)
}

fn draw_panels(figure: &Charts, area: &Area<'_>) -> Drawn<()> {
    let extents: Vec<(f64, f64)> = figure.panels.iter().map(extent).collect();
    let whole = extents
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), extent| {
            (low.min(extent.0), high.max(extent.1))
        });
    let charts = figure.panels.len();
    let areas = split(area, (charts.max(1), columns_of(charts, figure.wide)));
    for ((panel, extent), area) in figure.panels.iter().zip(extents).zip(areas) {
        let heights = if figure.one_scale { whole } else { extent };
        let title = if panel.unit.is_empty() {
            panel.title.clone()
        } else {
            format!("{}, {}", panel.title, panel.unit)
        };
        let labels = if figure.wide { 10 } else { 5 };
        let logs = figure.heights == Heights::Logs && heights.0 > 0.0;
        let vertical = if logs {
            Vertical::logs(heights)
        } else {
            Vertical::even(scale(heights, panel.from_zero))
        };
        let heights = vertical.ends();
        let decimals = if heights.1 - heights.0 > 5.0 {
            0
        } else {
            panel.decimals.max(1)
        };
        let mut chart = framed(&area, &title, &figure.x, vertical, decimals, labels)?;
        for level in &panel.levels {
            line_across(&mut chart, &figure.x, level.at, INK)?;
        }
        draw_marks(&mut chart, &panel.marks, heights)?;
        let drawing = Drawing {
            x: &figure.x,
            joined: figure.joined,
            top: heights.1,
        };
        for series in &panel.series {
            drawing.series(&mut chart, series)?;
        }
        if figure.legend.is_empty() {
            draw_names(&mut chart, &figure.x, &panel.series, heights.1)?;
        }
    }
    Ok(())
}

/// Upright lines where something happens, with their short names.
fn draw_marks(chart: &mut Chart<'_, '_>, marks: &[Mark], heights: (f64, f64)) -> Drawn<()> {
    for mark in marks {
        let line = [(mark.day, heights.0), (mark.day, heights.1)];
        chart.draw_series([PathElement::new(line, FAINT.stroke_width(1))])?;
        let name =
            EmptyElement::at((mark.day, heights.1)) + Text::new(mark.key.clone(), (3, 1), font(10));
        chart.draw_series([name])?;
    }
    Ok(())
}

fn line_across(chart: &mut Chart<'_, '_>, x: &Across, at: f64, colour: RGBColor) -> Drawn<()> {
    let (first, last) = reach(x);
    let line = [(first, at), (last, at)];
    chart.draw_series([PathElement::new(line, colour.stroke_width(1))])?;
    Ok(())
}

/// How series are drawn.
struct Drawing<'f> {
    x: &'f Across,
    /// Whether places at which nothing is defined are passed over.
    joined: bool,
    /// Nothing is higher.
    top: f64,
}

impl Drawing<'_> {
    /// Runs of places at which a value is defined.
    fn runs(&self, values: &Values) -> Vec<Vec<(f64, f64)>> {
        let x = self.x;
        let mut runs = vec![Vec::new()];
        for place in places(x.len()) {
            match values.0.get(place).copied().flatten() {
                Some(value) => {
                    if let Some(run) = runs.last_mut() {
                        run.push((x.number(place), value.min(self.top)));
                    }
                }
                None if self.joined => {}
                None => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    fn series(&self, chart: &mut Chart<'_, '_>, series: &Series) -> Drawn<()> {
        let x = self.x;
        match series {
            Series::Fan {
                tone, quantiles, ..
            } => {
                let tone = colour(*tone);
                for ((low, high), opacity) in [((0, 4), 0.18), ((1, 3), 0.28)] {
                    let pairs = self
                        .runs(&quantiles[low])
                        .into_iter()
                        .zip(self.runs(&quantiles[high]));
                    for (lower, upper) in pairs {
                        if lower.len() > 1 {
                            let outline: Vec<(f64, f64)> =
                                upper.into_iter().chain(lower.into_iter().rev()).collect();
                            chart
                                .draw_series([Polygon::new(outline, tone.mix(opacity).filled())])?;
                        } else {
                            // A single place has no area: its band is a broad line.
                            let style = tone.mix(opacity).stroke_width(14);
                            chart.draw_series([PathElement::new([lower[0], upper[0]], style)])?;
                        }
                    }
                }
                for run in self.runs(&quantiles[2]) {
                    chart.draw_series(LineSeries::new(run, tone.stroke_width(2)))?;
                }
            }
            Series::Line {
                tone,
                dashed,
                values,
                ..
            } => {
                let style = colour(*tone).stroke_width(2);
                for run in self.runs(values) {
                    if *dashed {
                        chart.draw_series(DashedLineSeries::new(run, 6, 4, style))?;
                    } else {
                        chart.draw_series(LineSeries::new(run, style))?;
                    }
                }
            }
            Series::Points {
                tone,
                values,
                low,
                high,
                ..
            } => {
                let tone = colour(*tone);
                for place in 0..x.len() {
                    let Some(value) = values.0[place] else {
                        continue;
                    };
                    let at = x.number(place);
                    if let (Some(low), Some(high)) = (low.0[place], high.0[place])
                        && high > low
                    {
                        let line = [(at, low), (at, high)];
                        chart.draw_series([PathElement::new(line, tone.stroke_width(1))])?;
                    }
                    chart.draw_series([Circle::new((at, value), 3, tone.filled())])?;
                }
            }
            Series::Replicas { lines } => {
                for line in lines {
                    for run in self.runs(line) {
                        chart.draw_series(LineSeries::new(run, INK.mix(0.3).stroke_width(1)))?;
                    }
                }
            }
        }
        Ok(())
    }
}
