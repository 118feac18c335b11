//! How concentrated it is.

use std::collections::BTreeMap;

use super::super::classes::{class_name, classes};
use super::super::figure::{Charts, Exhibit, Figure, Heights, Layer, Layers, Stack, Values};
use super::super::marks::Happenings;
use super::{LEVELS, RunReport, Shown};
use crate::record::ALL;

/// Most layers of a Nakamoto coefficient; more values share classes.
const CLASSES: usize = 6;

impl RunReport<'_> {
    pub(super) fn hhi(&self, happenings: &Happenings) -> Option<Exhibit> {
        const METRICS: [Shown; 2] = [
            ("hhi_10000", "HHI", "0 to 10,000", 1.0, 0),
            ("effective_number", "effective number", "", 1.0, 1),
        ];
        let mut panels = Vec::new();
        for shown in METRICS {
            for (level, name) in LEVELS {
                let title = format!("{name}: {}", shown.1);
                panels.extend(self.chart(level, ALL, &shown, &title, happenings.of_network()));
            }
        }
        (!panels.is_empty()).then(|| Exhibit {
            id: "hhi".into(),
            title: "Herfindahl-Hirschman index and effective number".into(),
            caption: "HHI: the sum of squared shares, times 10,000. Effective number: so many equal ones would be as concentrated.".into(),
            figure: Figure::Panels(Charts { x: self.across(), one_scale: false, wide: false,
                joined: false, heights: Heights::Even, legend: Self::legend([]), panels }),
        })
    }

    /// Nakamoto coefficients: how often each value comes out, over time.
    pub(super) fn nakamoto(&self, happenings: &Happenings) -> Option<Exhibit> {
        let mut panels = Vec::new();
        for (level, name) in LEVELS {
            let Some(quantity) = self.ensemble.find(level, ALL, "nakamoto_half") else {
                continue;
            };
            let Some(counts) = self
                .ensemble
                .counts()
                .iter()
                .find(|counts| counts.quantity == quantity)
            else {
                continue;
            };
            panels.extend(nakamoto_layers(name, &counts.by_date));
        }
        (!panels.is_empty()).then(|| Exhibit {
            id: "nakamoto".into(),
            title: "Nakamoto coefficient: the fewest with more than half of the hash rate".into(),
            caption: "How many replicas in a hundred have each value on a day: the darkest at the bottom are the most concentrated.".into(),
            figure: Figure::Stack(Stack {
                x: self.across(),
                unit: "% of replicas".into(),
                decimals: 1,
                ordered: true,
                panels,
                marks: happenings.of_network(),
            }),
        })
    }
}

/// How often each value of a count comes out on each day, in percent, as layers.
fn nakamoto_layers(title: &str, by_date: &[Vec<(u32, u32)>]) -> Option<Layers> {
    let mut totals = BTreeMap::new();
    for (value, replicas) in by_date.iter().flatten() {
        *totals.entry(*value).or_insert(0_u64) += u64::from(*replicas);
    }
    let all: u64 = totals.values().sum();
    if all == 0 {
        return None;
    }
    let classes = classes(&totals, CLASSES).into_iter().enumerate();
    let layers = classes.map(|(index, class)| Layer {
        name: class_name(class),
        colour: index,
        values: Values(
            by_date
                .iter()
                .map(|counts| {
                    let all: u32 = counts.iter().map(|(_, replicas)| replicas).sum();
                    let within = counts
                        .iter()
                        .filter(|(value, _)| (class.0..=class.1).contains(value));
                    let part: u32 = within.map(|(_, replicas)| replicas).sum();
                    (all > 0).then(|| 100.0 * f64::from(part) / f64::from(all))
                })
                .collect(),
        ),
    });
    Some(Layers {
        title: title.into(),
        layers: layers.collect(),
    })
}
