//! Means over two axes of a sweep, as cells.

use plotters::prelude::*;

use super::super::figure::Surface;
use super::{Area, Drawn, INK, WIDE_HEIGHT, WIDTH, font};
use crate::units::number;

/// Shade of the lowest and of the highest mean.
const LOW: (u8, u8, u8) = (228, 237, 246);
const HIGH: (u8, u8, u8) = (8, 81, 156);

/// Means over two axes as shaded cells, each with its number where there is room.
pub fn draw_cells(surface: &Surface, area: &Area<'_>) -> Drawn<()> {
    const LEFT: u32 = 130;
    const TOP: u32 = 34;
    let (Some(cells), Some(metric)) = (surface.cells(), surface.metrics.first()) else {
        return Ok(());
    };
    let known = || cells.means.iter().flatten().flatten().copied();
    let low = known().fold(f64::INFINITY, f64::min);
    let high = known().fold(f64::NEG_INFINITY, f64::max);
    let title = format!("{} on {}, {}", metric.label, metric.date, metric.unit);
    area.draw_text(&title, &font(14), (LEFT as i32, 8))?;
    let (columns, rows) = (cells.columns.1.len() as u32, cells.rows.1.len() as u32);
    let width = (WIDTH - LEFT - 20) / columns.max(1);
    let height = (WIDE_HEIGHT - TOP - 44) / rows.max(1);
    let shade = |mean: f64| {
        let part = if high > low {
            (mean - low) / (high - low)
        } else {
            0.5
        };
        let mix =
            |from: u8, to: u8| (f64::from(from) + part * (f64::from(to) - f64::from(from))) as u8;
        let colour = RGBColor(mix(LOW.0, HIGH.0), mix(LOW.1, HIGH.1), mix(LOW.2, HIGH.2));
        (colour, if part > 0.55 { WHITE } else { INK })
    };
    // The first row is at the bottom, as on an axis.
    for (row, (name, means)) in cells.rows.1.iter().zip(&cells.means).rev().enumerate() {
        let y = (TOP + height * row as u32) as i32;
        area.draw_text(name, &font(11), (8, y + height as i32 / 2 - 5))?;
        for (column, mean) in means.iter().enumerate() {
            let Some(mean) = mean else {
                continue;
            };
            let x = (LEFT + width * column as u32) as i32;
            let corners = [(x, y), (x + width as i32 - 1, y + height as i32 - 1)];
            let (fill, ink) = shade(*mean);
            area.draw(&Rectangle::new(corners, fill.filled()))?;
            if width >= 44 && height >= 12 {
                let text = number(*mean, metric.decimals);
                let style = ("sans-serif", 11).into_font().color(&ink);
                area.draw_text(&text, &style, (x + 4, y + height as i32 / 2 - 5))?;
            }
        }
    }
    let below = (TOP + height * rows) as i32 + 4;
    for (column, name) in cells.columns.1.iter().enumerate() {
        let x = (LEFT + width * column as u32) as i32;
        area.draw_text(name, &font(11), (x + 4, below))?;
    }
    let axes = format!("across: {}; up: {}", cells.columns.0, cells.rows.0);
    area.draw_text(&axes, &font(11), (LEFT as i32, below + 18))
}
