//! Where the hash rate is: shares, and what moved.

use super::super::figure::{Exhibit, Figure, Layer, Layers, Stack};
use super::super::grid::{Cell, Grid, MISSING, signed};
use super::super::marks::Happenings;
use super::super::page::Heat;
use super::super::picture::LAYERS;
use super::{RunReport, Shown};
use crate::record::Level;
use crate::scenario::Region;
use crate::units::number;

impl RunReport<'_> {
    pub(super) fn share_stack(&self, happenings: &Happenings) -> Option<Exhibit> {
        let mut layers = Vec::new();
        let mut next = 0;
        for region in &self.scenario.regions {
            let values = self.line(Level::Region, &region.id, "share", 100.0)?;
            let colour = if region.members > 1 {
                LAYERS.len() - 1
            } else {
                next += 1;
                (next - 1) % (LAYERS.len() - 1)
            };
            layers.push(Layer {
                name: region.name.clone(),
                colour,
                values,
            });
        }
        // The first region on top.
        layers.reverse();
        Some(Exhibit {
            id: "shares-stack".into(),
            title: "Medians of all regions, on top of each other".into(),
            caption: "Medians are of each region by itself and need not add up to 100 %.".into(),
            figure: Figure::Stack(Stack {
                x: self.across(),
                unit: "% of the hash rate".into(),
                decimals: 1,
                ordered: false,
                panels: vec![Layers {
                    title: String::new(),
                    layers,
                }],
                marks: happenings.of_network(),
            }),
        })
    }

    pub(super) fn share_fans(&self, happenings: &Happenings) -> Option<Exhibit> {
        const SHARE: Shown = ("share", "Share", "%", 100.0, 1);
        self.of_regions(
            "shares",
            "Share of each region, with what is uncertain",
            "Each chart has its own scale.",
            Self::legend([]),
            |r, region| {
                self.chart(
                    Level::Region,
                    &region.id,
                    &SHARE,
                    &region.name,
                    happenings.of_region(r),
                )
            },
        )
    }

    /// What moved between regions over the run, in the mean: means add up, medians do not.
    pub(super) fn flows(&self) -> Option<Heat> {
        let regions = &self.scenario.regions;
        if regions.len() < 2 {
            return None;
        }
        let moved = |from: &Region, to: &Region| -> Option<f64> {
            let summaries =
                self.summaries(Level::Flow, &format!("{}->{}", from.id, to.id), "moved")?;
            Some(
                summaries
                    .iter()
                    .flatten()
                    .map(|summary| summary.mean)
                    .sum::<f64>()
                    / 1000.0,
            )
        };
        let table: Vec<Vec<Option<f64>>> = regions
            .iter()
            .map(|from| regions.iter().map(|to| moved(from, to)).collect())
            .collect();
        let most = table
            .iter()
            .flatten()
            .flatten()
            .copied()
            .fold(1e-9, f64::max);
        let total: f64 = table.iter().flatten().flatten().sum();
        if total <= 0.0 {
            return None;
        }
        let amount = |value: f64| number(value, decimals_of(value));
        let mut grid = Grid::default();
        grid.head.push("from, to".into());
        grid.head
            .extend(regions.iter().map(|region| region.name.clone()));
        grid.head.push("all".into());
        let mut net = vec![0.0; regions.len()];
        for (r, from) in regions.iter().enumerate() {
            let mut row = vec![Cell::from(from.name.as_str())];
            let mut sum = 0.0;
            for (to, value) in table[r].iter().enumerate() {
                row.push(match value {
                    _ if to == r => "".into(),
                    Some(value) => {
                        sum += value;
                        net[r] -= value;
                        net[to] += value;
                        Cell {
                            text: amount(*value),
                            part: Some((value / most).sqrt()),
                            note: Some(format!(
                                "{} to {}: {} EH/s",
                                from.name,
                                regions[to].name,
                                amount(*value)
                            )),
                            small: None,
                        }
                    }
                    None => MISSING.into(),
                });
            }
            row.push(amount(sum).into());
            grid.rows.push(row);
        }
        let mut last = vec![Cell::from("net gain")];
        last.extend(
            net.iter()
                .map(|net| Cell::from(signed(*net, decimals_of(*net)))),
        );
        last.push("".into());
        grid.rows.push(last);
        Some(Heat {
            total: true,
            id: "flows",
            title: "Hash rate that moved between regions, EH/s".into(),
            caption: format!(
                "Over the whole run, mean of the replicas: {} EH/s in all. Machines that were bought, worn out or scrapped are not in it, and often move shares more.",
                number(total, 0)
            ),
            grid,
        })
    }
}

/// One decimal where there are few digits.
fn decimals_of(value: f64) -> usize {
    usize::from(value.abs() < 99.95)
}
