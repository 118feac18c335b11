//! The page of a run.

use std::collections::BTreeMap;

use super::ReportError;
use super::again::{commands, files, provenance};
use super::classes::{class_name, classes};
use super::figure::{
    Across, Charts, Exhibit, Figure, Key, Layer, Layers, Level as Height, Mark, Panel, Series,
    Stack, Tone, Values, quantiles_of,
};
use super::grid::{Cell, Grid, MISSING, signed};
use super::marks::Happenings;
use super::page::{Bar, Heat, MapView, Page, Section, render};
use super::parameters::parameters;
use super::picture::LAYERS;
use super::world::{Shares, map};
use crate::ensemble::Ensemble;
use crate::output::Metadata;
use crate::record::{ALL, Level};
use crate::scenario::{Region, Scenario};
use crate::statistics::Summary;
use crate::units::number;

/// What a run's page is made of.
pub struct RunReport<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// What came out.
    pub ensemble: &'a Ensemble,
    /// How it came about.
    pub metadata: &'a Metadata,
    /// Single replicas to be drawn as thin lines, if their values are there.
    pub lines: usize,
}

/// The page of a run.
///
/// # Errors
/// See [`ReportError`].
pub fn run_page(report: &RunReport<'_>) -> Result<String, ReportError> {
    render(&report.page())
}

/// A quantity as a figure shows it: metric, title, unit, factor, decimals.
type Shown = (&'static str, &'static str, &'static str, f64, usize);

/// Quantities of the network.
const NETWORK: [Shown; 8] = [
    ("btc_price", "Bitcoin price", "1,000 USD", 1e-3, 0),
    ("hashprice", "Hashprice", "USD/PH/day", 1.0, 1),
    ("hash_rate", "Hash rate, running", "EH/s", 1.0, 0),
    ("difficulty", "Difficulty", "T", 1e-12, 1),
    ("block_interval", "Block interval", "min", 1.0 / 60.0, 2),
    ("power", "Power", "GW", 1e-3, 1),
    ("efficiency", "Efficiency of what runs", "J/TH", 1.0, 1),
    ("emissions", "Emissions", "MtCO2/year", 1.0, 0),
];

/// USD that a bitcoin is said to cost.
const COST_LINE: f64 = 100_000.0;

/// How far above the highest median a chart of costs reaches: where hardly anything runs, little hash rate carries the cost of all.
const COST_TOP: f64 = 2.0;

impl RunReport<'_> {
    pub(super) fn date(&self, date: usize) -> String {
        self.ensemble.dates[date].1.to_string()
    }

    fn across(&self) -> Across {
        Across::Dates {
            at: self
                .ensemble
                .dates
                .iter()
                .map(|(_, date)| date.to_string())
                .collect(),
            days: self
                .ensemble
                .dates
                .iter()
                .map(|(day, _)| f64::from(*day))
                .collect(),
        }
    }

    /// Summaries of a quantity over all record days; `None` if it is not recorded, or never defined.
    fn summaries(&self, level: Level, name: &str, metric: &str) -> Option<Vec<Option<&Summary>>> {
        let quantity = self.ensemble.find(level, name, metric)?;
        let dates = 0..self.ensemble.dates.len();
        let summaries: Vec<_> = dates
            .map(|date| self.ensemble.summary(date, quantity))
            .collect();
        summaries.iter().any(Option::is_some).then_some(summaries)
    }

    fn fan(
        &self,
        level: Level,
        name: &str,
        shown: &Shown,
        tone: Tone,
        called: &str,
    ) -> Option<Series> {
        let (metric, _, _, factor, _) = *shown;
        let summaries = self.summaries(level, name, metric)?;
        Some(Series::Fan {
            name: called.into(),
            tone,
            quantiles: quantiles_of(&summaries, factor),
        })
    }

    fn line(&self, level: Level, name: &str, metric: &str, factor: f64) -> Option<Values> {
        let summaries = self.summaries(level, name, metric)?;
        let [_, _, middle, _, _] = quantiles_of(&summaries, factor);
        Some(middle)
    }

    /// Single replicas, if they are asked for and there.
    fn replicas(&self, level: Level, name: &str, shown: &Shown) -> Option<Series> {
        let quantity = self.ensemble.find(level, name, shown.0)?;
        let count = self.lines.min(self.ensemble.replicas_kept());
        if count == 0 {
            return None;
        }
        let width = self.ensemble.quantities.len();
        let lines = (0..count).map(|replica| {
            let values = self
                .ensemble
                .replica(replica)
                .iter()
                .skip(quantity)
                .step_by(width);
            Values(
                values
                    .map(|value| (!value.is_nan()).then_some(shown.3 * value))
                    .collect(),
            )
        });
        Some(Series::Replicas {
            lines: lines.collect(),
        })
    }

    /// A chart of one quantity with its bands.
    fn chart(
        &self,
        level: Level,
        name: &str,
        shown: &Shown,
        title: &str,
        marks: Vec<Mark>,
    ) -> Option<Panel> {
        let (_, _, unit, _, decimals) = *shown;
        let fan = self.fan(level, name, shown, Tone::Main, "")?;
        Some(Panel {
            title: title.into(),
            unit: unit.into(),
            decimals,
            from_zero: true,
            top: None,
            series: self
                .replicas(level, name, shown)
                .into_iter()
                .chain([fan])
                .collect(),
            levels: Vec::new(),
            marks,
        })
    }

    fn legend(more: impl IntoIterator<Item = Key>) -> Vec<Key> {
        let fan = Key {
            label: "median, middle half and nine tenths of the replicas".into(),
            tone: Tone::Main,
            look: "fan",
        };
        std::iter::once(fan).chain(more).collect()
    }

    fn page(&self) -> Page {
        let happenings = Happenings::of(self.scenario);
        let shares = Shares::of(self.scenario, self.ensemble, self.across());
        let last = self.ensemble.last();
        Page {
            title: self.scenario.name.clone(),
            kind: "run",
            question: self.scenario.description.clone(),
            facts: format!(
                "{} simulated histories (replicas), {} to {}, seed {}",
                number(f64::from(self.ensemble.replicas), 0),
                self.scenario.start,
                self.date(last),
                self.scenario.seed
            ),
            headline: self.headline(),
            warnings: self.metadata.warnings.clone(),
            cards: self.cards(),
            map: Some(MapView {
                svg: map(self.scenario, &shares, last),
                bars: bars(&shares, last),
                date: self.date(last),
                shares,
            }),
            marks: happenings.all(),
            sections: self.sections(&happenings),
            parameters: parameters(&self.scenario.source),
            provenance: provenance(self.metadata),
            commands: commands(self.metadata),
            files: files(self.metadata),
        }
    }

    fn sections(&self, happenings: &Happenings) -> Vec<Section> {
        let sections = [
            Section {
                id: "regions",
                title: "Where the hash rate is".into(),
                lead: "Shares of the running hash rate. The band of a region holds nine tenths of the simulated histories, the darker one half of them.".into(),
                exhibits: self.share_stack(happenings).into_iter().chain(self.share_fans(happenings)).collect(),
                heats: self.flows().into_iter().collect(),
            },
            Section {
                id: "concentration",
                title: "How concentrated it is".into(),
                lead: "By region, by firm and by pool. A region such as the rest of the world counts as its members.".into(),
                exhibits: self.hhi(happenings).into_iter().chain(self.nakamoto(happenings)).collect(),
                heats: Vec::new(),
            },
            Section {
                id: "costs",
                title: "What it costs".into(),
                lead: "What power costs and what machines can pay for it; what a bitcoin costs and what it is worth.".into(),
                exhibits: self.power(happenings).into_iter().chain(self.costs(happenings)).collect(),
                heats: Vec::new(),
            },
            Section {
                id: "room",
                title: "What room there is".into(),
                lead: "Load over capacity: a region that is full takes nobody in, however cheap its power.".into(),
                exhibits: self.capacity(happenings).into_iter().collect(),
                heats: Vec::new(),
            },
            Section {
                id: "network",
                title: "The network".into(),
                lead: "Most of the width of these bands is the price of bitcoin.".into(),
                exhibits: self.network(happenings).into_iter().collect(),
                heats: Vec::new(),
            },
        ];
        let shown = |section: &Section| !section.exhibits.is_empty() || !section.heats.is_empty();
        sections.into_iter().filter(shown).collect()
    }

    fn share_stack(&self, happenings: &Happenings) -> Option<Exhibit> {
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

    /// A figure with a chart for each region.
    fn of_regions(
        &self,
        id: &str,
        title: &str,
        caption: &str,
        legend: Vec<Key>,
        chart: impl Fn(usize, &Region) -> Option<Panel>,
    ) -> Option<Exhibit> {
        let regions = self.scenario.regions.iter().enumerate();
        let panels: Vec<Panel> = regions.filter_map(|(r, region)| chart(r, region)).collect();
        (!panels.is_empty()).then(|| Exhibit {
            id: id.into(),
            title: title.into(),
            caption: caption.into(),
            figure: Figure::Panels(Charts {
                x: self.across(),
                one_scale: false,
                wide: false,
                joined: false,
                legend,
                panels,
            }),
        })
    }

    fn share_fans(&self, happenings: &Happenings) -> Option<Exhibit> {
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
    fn flows(&self) -> Option<Heat> {
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
            id: "flows",
            title: "Hash rate that moved between regions, EH/s".into(),
            caption: format!(
                "Over the whole run, mean of the replicas: {} EH/s in all. Machines that were bought, worn out or scrapped are not in it, and often move shares more.",
                number(total, 0)
            ),
            grid,
        })
    }

    fn hhi(&self, happenings: &Happenings) -> Option<Exhibit> {
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
                joined: false, legend: Self::legend([]), panels }),
        })
    }

    /// Nakamoto coefficients: how often each value comes out, over time.
    fn nakamoto(&self, happenings: &Happenings) -> Option<Exhibit> {
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

    fn power(&self, happenings: &Happenings) -> Option<Exhibit> {
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

    fn costs(&self, happenings: &Happenings) -> Option<Exhibit> {
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
            "Band: electricity for one bitcoin, of the machine in the middle of what runs."
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

    fn capacity(&self, happenings: &Happenings) -> Option<Exhibit> {
        const USED: Shown = ("utilisation", "Used", "%", 100.0, 1);
        self.of_regions(
            "capacity",
            "Capacity used",
            "Regions without a limit are not shown. Machines on their way count as load.",
            Self::legend([]),
            |r, region| {
                let mut panel = self.chart(
                    Level::Region,
                    &region.id,
                    &USED,
                    &region.name,
                    happenings.of_region(r),
                )?;
                panel.levels.push(Height {
                    at: 100.0,
                    label: "full".into(),
                });
                Some(panel)
            },
        )
    }

    fn network(&self, happenings: &Happenings) -> Option<Exhibit> {
        let charts = NETWORK.iter().filter_map(|shown| {
            let mut panel =
                self.chart(Level::Network, ALL, shown, shown.1, happenings.of_network())?;
            panel.from_zero = shown.0 != "block_interval";
            Some(panel)
        });
        let panels: Vec<Panel> = charts.collect();
        (!panels.is_empty()).then(|| Exhibit {
            id: "network-charts".into(),
            title: "Price, hashprice, hash rate, difficulty and power".into(),
            caption: "Each chart has its own scale.".into(),
            figure: Figure::Panels(Charts {
                x: self.across(),
                one_scale: false,
                wide: false,
                joined: false,
                legend: Self::legend([]),
                panels,
            }),
        })
    }
}

/// Levels at which concentration is shown.
const LEVELS: [(Level, &str); 4] = [
    (Level::Region, "Regions"),
    (Level::Firm, "Firms"),
    (Level::Pool, "Pools"),
    (Level::PoolGroup, "Pool groups"),
];

/// Most layers of a Nakamoto coefficient; more values share classes.
const CLASSES: usize = 6;

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

/// One decimal where there are few digits.
fn decimals_of(value: f64) -> usize {
    usize::from(value.abs() < 99.95)
}

/// Regions beside the map, largest first.
fn bars(shares: &Shares, date: usize) -> Vec<Bar> {
    let mut bars: Vec<(f64, Bar)> = shares
        .regions
        .iter()
        .enumerate()
        .map(|(r, region)| {
            let [low, _, middle, _, high] =
                region.quantiles.each_ref().map(|values| values.0[date]);
            let share = middle.unwrap_or(0.0);
            let text = match (low, middle, high) {
                (Some(low), Some(middle), Some(high)) => format!(
                    "{} % [{}, {}]",
                    number(middle, 1),
                    number(low, 1),
                    number(high, 1)
                ),
                _ => MISSING.into(),
            };
            let bar = Bar {
                region: r,
                name: region.name.clone(),
                apart: region.apart.clone(),
                length: 100.0 * share / shares.most,
                text,
            };
            (share, bar)
        })
        .collect();
    bars.sort_by(|a, b| b.0.total_cmp(&a.0));
    bars.into_iter().map(|(_, bar)| bar).collect()
}
