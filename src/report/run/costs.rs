//! What it costs: power, and a bitcoin.

use super::super::figure::{Exhibit, Key, Level as Height, Panel, Series, Tone};
use super::super::marks::Happenings;
use super::{COST_LINE, RunReport, Shown};
use crate::record::{ALL, Level};

/// How far above the highest median a chart of costs reaches: where hardly anything runs, little hash rate carries the cost of all.
const COST_TOP: f64 = 2.0;

impl RunReport<'_> {
    pub(super) fn power(&self, happenings: &Happenings) -> Option<Exhibit> {
        const PRICE: Shown = ("delivered_power_price", "Delivered", "USD/MWh", 1.0, 1);
        const BREAKEVEN: [(&str, &str, Tone); 2] = [
            (
                "breakeven_power_price",
                "breakeven of the mean machine that runs",
                Tone::Other,
            ),
            (
                "frontier_breakeven_power_price",
                "breakeven of a new machine",
                Tone::Third,
            ),
        ];
        let lines: Vec<(Series, Key)> = BREAKEVEN
            .into_iter()
            .filter_map(|(metric, name, tone)| {
                let values = self.line(Level::Network, ALL, metric, 1.0)?;
                let key = Key {
                    label: format!("{name}, median"),
                    tone,
                    look: "dashes",
                };
                Some((
                    Series::Line {
                        name: name.into(),
                        tone,
                        dashed: true,
                        values,
                    },
                    key,
                ))
            })
            .collect();
        let keys = lines.iter().map(|(_, key)| key.clone());
        self.of_regions(
            "power",
            "Price of power as delivered, and what machines can pay",
            "Where power costs more than a machine's breakeven it is switched off, or runs in cheap hours only. Before economies of scale and the luck of a site.",
            Self::legend(keys),
            |r, region| {
                let mut panel = self.chart(Level::Region, &region.id, &PRICE, &region.name, happenings.of_region(r))?;
                if let Some(Series::Fan { name, .. }) = panel.series.last_mut() {
                    *name = "delivered".into();
                }
                panel.series.extend(lines.iter().map(|(series, _)| series.clone()));
                Some(panel)
            },
        )
    }

    pub(super) fn costs(&self, happenings: &Happenings) -> Option<Exhibit> {
        const ALL_IN: Shown = ("all_in_cost_p50", "All-in", "1,000 USD", 1e-3, 0);
        const ELECTRICITY: Shown = ("electricity_cost_p50", "Electricity", "1,000 USD", 1e-3, 0);
        let price = self.line(Level::Network, ALL, "btc_price", 1e-3)?;
        let mut more = vec![
            Key {
                label: "price of bitcoin, median".into(),
                tone: Tone::Ink,
                look: "dashes",
            },
            Key {
                label: "100,000 USD".into(),
                tone: Tone::Ink,
                look: "rule",
            },
        ];
        let all_in = self.scenario.regions.iter().any(|region| {
            self.ensemble
                .find(Level::Region, &region.id, ALL_IN.0)
                .is_some()
        });
        if all_in {
            more.push(Key {
                label: "electricity alone, median".into(),
                tone: Tone::Third,
                look: "line",
            });
            more.push(Key {
                label: "cash, median".into(),
                tone: Tone::Other,
                look: "line",
            });
        }
        let caption = if all_in {
            "Band: all-in, with machine and site written off at today's prices, of the machine in the middle of what runs; cut off at twice the highest median. Cash is electricity with what running costs besides."
        } else {
            "Band: electricity for one bitcoin, of the machine in the middle of what runs; cut off at twice the highest median."
        };
        self.of_regions(
            "costs-btc",
            "Cost of one bitcoin and its price",
            caption,
            Self::legend(more),
            |r, region| {
                let (shown, called) = if all_in {
                    (&ALL_IN, "all-in")
                } else {
                    (&ELECTRICITY, "electricity")
                };
                let mut panel = self.chart(
                    Level::Region,
                    &region.id,
                    shown,
                    &region.name,
                    happenings.of_region(r),
                )?;
                if let Some(Series::Fan { name, .. }) = panel.series.last_mut() {
                    *name = called.into();
                }
                if all_in {
                    for (metric, name, tone) in [
                        ("electricity_cost_p50", "electricity", Tone::Third),
                        ("cash_cost_p50", "cash", Tone::Other),
                    ] {
                        let values = self.line(Level::Region, &region.id, metric, 1e-3);
                        panel.series.extend(values.map(|values| Series::Line {
                            name: name.into(),
                            tone,
                            dashed: false,
                            values,
                        }));
                    }
                }
                panel.series.push(Series::Line {
                    name: "price of bitcoin".into(),
                    tone: Tone::Ink,
                    dashed: true,
                    values: price.clone(),
                });
                panel.top = Some(COST_TOP * highest_median(&panel));
                panel.levels.push(Height {
                    at: COST_LINE * 1e-3,
                    label: "100,000 USD".into(),
                });
                Some(panel)
            },
        )
    }
}

/// The highest of the medians and lines of a chart, and of the line that a bitcoin is said to cost.
fn highest_median(panel: &Panel) -> f64 {
    let lines = panel.series.iter().filter_map(|series| match series {
        Series::Fan { quantiles, .. } => Some(&quantiles[2]),
        Series::Line { values, .. } => Some(values),
        _ => None,
    });
    let values = lines.flat_map(|values| values.0.iter().flatten());
    values.copied().fold(COST_LINE * 1e-3, f64::max)
}
