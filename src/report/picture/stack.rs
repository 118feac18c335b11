//! Layers on top of each other.

use plotters::prelude::*;

use super::super::figure::{Layer, Layers, Stack};
use super::{
    Area, Drawn, LAYERS, ORDERED, Vertical, WIDTH, columns_of, draw_marks, font, framed, places,
    split,
};

/// The colour of a layer.
fn layer_colour(figure: &Stack, layer: &Layer) -> RGBColor {
    let colours: &[(u8, u8, u8)] = if figure.ordered { &ORDERED } else { &LAYERS };
    let (red, green, blue) = colours[layer.colour.min(colours.len() - 1)];
    RGBColor(red, green, blue)
}

pub fn draw_stack(figure: &Stack, area: &Area<'_>) -> Drawn<()> {
    let charts = figure.panels.len();
    let areas = split(area, (charts.max(1), columns_of(charts, charts == 1)));
    let mut panels = figure.panels.iter().zip(areas);
    panels.try_for_each(|(panel, area)| draw_layers(figure, panel, &area))
}

/// Room for the names of layers, beside a chart that takes the whole width.
const NAMES_WIDTH: u32 = 200;

fn draw_layers(figure: &Stack, panel: &Layers, area: &Area<'_>) -> Drawn<()> {
    let wide = figure.panels.len() == 1;
    let (area, beside) = if wide {
        area.split_horizontally(WIDTH - NAMES_WIDTH)
    } else {
        (area.clone(), area.clone())
    };
    let title = if panel.title.is_empty() {
        figure.unit.clone()
    } else {
        format!("{}, {}", panel.title, figure.unit)
    };
    let count = figure.x.len();
    let mut below = vec![0.0; count];
    let mut tops = Vec::new();
    for layer in &panel.layers {
        let above: Vec<f64> = (0..count)
            .map(|place| below[place] + layer.values.0[place].unwrap_or(0.0))
            .collect();
        tops.push((below, above.clone()));
        below = above;
    }
    let highest = below.iter().copied().fold(1e-9, f64::max);
    let labels = if wide { 10 } else { 5 };
    let mut chart = framed(
        &area,
        &title,
        &figure.x,
        Vertical::even((0.0, highest)),
        0,
        labels,
    )?;
    for (layer, (lower, upper)) in panel.layers.iter().zip(&tops) {
        let fill = layer_colour(figure, layer).filled();
        let at = |place: usize, heights: &[f64]| (figure.x.number(place), heights[place]);
        let upper_line = places(count).into_iter().map(|place| at(place, upper));
        let lower_line = places(count)
            .into_iter()
            .rev()
            .map(|place| at(place, lower));
        let outline: Vec<(f64, f64)> = upper_line.chain(lower_line).collect();
        chart.draw_series([Polygon::new(outline, fill)])?;
    }
    draw_marks(&mut chart, &figure.marks, (0.0, highest))?;
    if wide {
        for (index, layer) in panel.layers.iter().rev().enumerate() {
            let y = 24 + 20 * index as i32;
            let swatch =
                Rectangle::new([(4, y), (18, y + 13)], layer_colour(figure, layer).filled());
            beside.draw(&swatch)?;
            beside.draw_text(&layer.name, &font(13), (24, y))?;
        }
    }
    Ok(())
}
