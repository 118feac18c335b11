//! Names of series where they end, in place of a legend.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::figure::{Across, Series};
use super::{Chart, Drawn, colour};

/// Distance of a name from its line, px.
const APART: i32 = 6;

/// Writes the name of each fan and line beside its last place: of the higher ones above, of the lowest below, and below as well
/// where the line is cut off at `top`.
pub fn draw_names(chart: &mut Chart<'_, '_>, x: &Across, series: &[Series], top: f64) -> Drawn<()> {
    let named: Vec<(&str, RGBColor, usize, f64)> = series
        .iter()
        .filter_map(|series| {
            let (name, tone, values) = match series {
                Series::Fan {
                    name,
                    tone,
                    quantiles,
                } => (name, tone, &quantiles[2]),
                Series::Line {
                    name, tone, values, ..
                } => (name, tone, values),
                _ => return None,
            };
            let last = values.0.iter().rposition(Option::is_some)?;
            let height = values.0[last]?.min(top);
            (!name.is_empty()).then_some((name.as_str(), colour(*tone), last, height))
        })
        .collect();
    let lowest = |place: usize, height: f64| {
        let mut others = named.iter().filter(|(.., other, _)| *other == place);
        others.clone().count() > 1 && others.all(|(.., other)| *other >= height)
    };
    for (name, tone, place, height) in &named {
        let below = *height == top || lowest(*place, *height);
        let (vertical, shift) = if below {
            (VPos::Top, APART)
        } else {
            (VPos::Bottom, -APART)
        };
        let style = ("sans-serif", 13)
            .into_font()
            .color(tone)
            .pos(Pos::new(HPos::Right, vertical));
        let at = EmptyElement::at((x.number(*place), *height))
            + Text::new((*name).to_owned(), (-4, shift), style);
        chart.draw_series([at])?;
    }
    Ok(())
}
