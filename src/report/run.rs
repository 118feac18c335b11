//! The page of a run.

mod ai;
mod concentration;
mod costs;
mod regions;

use super::ReportError;
use super::again::{commands, files, provenance};
use super::figure::{
    Across, Charts, Exhibit, Figure, Heights, Key, Level as Height, Mark, Panel, Series, Tone,
    Values, quantiles_of, rounded,
};
use super::grid::MISSING;
use super::marks::Happenings;
use super::page::{Bar, MapView, Page, Section, render};
use super::parameters::parameters;
use super::world::{Shares, has_circles, map};
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

/// Digits of single replicas, which are drawn and never told.
const LINE_DIGITS: usize = 4;

/// What single replicas are not drawn of: prices that hardly differ, costs that a few machines carry.
const WITHOUT_LINES: [&str; 4] = [
    "delivered_power_price",
    "electricity_cost_p50",
    "all_in_cost_p50",
    "utilisation",
];

/// Levels at which concentration is shown.
pub(super) const LEVELS: [(Level, &str); 5] = [
    (Level::Region, "Regions"),
    (Level::Firm, "Firms"),
    (Level::Pool, "Pools"),
    (Level::PoolGroup, "Pool groups"),
    (Level::Ai, "AI compute"),
];

/// USD that a bitcoin is said to cost.
pub(super) const COST_LINE: f64 = 100_000.0;

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
        if WITHOUT_LINES.contains(&shown.0) {
            return None;
        }
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
            let short = |value: f64| rounded(shown.3 * value, LINE_DIGITS);
            Values(
                values
                    .map(|value| (!value.is_nan()).then(|| short(*value)))
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
            warnings: self.warnings(),
            cards: self.cards(),
            map: Some(MapView {
                svg: map(self.scenario, &shares, last),
                bars: bars(&shares, last),
                date: self.date(last),
                circles: has_circles(self.scenario, &shares),
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

    fn warnings(&self) -> Vec<String> {
        /// Replicas below which the ends of a band are the extremes.
        const FEW: u32 = 20;
        let mut warnings = self.metadata.warnings.clone();
        let replicas = self.ensemble.replicas;
        if replicas < FEW {
            warnings.push(format!(
                "There are {replicas} replicas only: the ends of the bands are about the lowest and the highest of them."
            ));
        }
        let regions = self.scenario.regions.iter();
        let told = regions.filter_map(|region| {
            let shares = self.summaries(Level::Region, &region.id, "share")?;
            Some(shares.last()?.map_or(0, |share| share.replicas))
        });
        let running = told.max().unwrap_or_default();
        if running < replicas as usize {
            warnings.push(format!(
                "In {} of {replicas} replicas nothing runs on the last day; shares and concentration are over the others.",
                replicas as usize - running
            ));
        }
        warnings
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
                id: "ai",
                title: "AI beside mining".into(),
                lead: "How much of AI compute is done on devices is assumed, not forecast; what it does to miners follows.".into(),
                exhibits: self.ai(happenings).into_iter().chain(self.ai_in_regions(happenings)).collect(),
                heats: Vec::new(),
            },
            Section {
                id: "network",
                title: "The network".into(),
                lead: "The price of bitcoin, and what follows from it for all.".into(),
                exhibits: self.network(happenings).into_iter().collect(),
                heats: Vec::new(),
            },
        ];
        let shown = |section: &Section| !section.exhibits.is_empty() || !section.heats.is_empty();
        sections.into_iter().filter(shown).collect()
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
                heights: Heights::Even,
                legend,
                panels,
            }),
        })
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
        self.side_by_side(
            "network-charts",
            "Price, hashprice, hash rate, difficulty and power",
            "Each chart has its own scale.",
            charts,
        )
    }

    /// A figure of charts of different quantities; `None` without any.
    fn side_by_side(
        &self,
        id: &str,
        title: &str,
        caption: &str,
        charts: impl Iterator<Item = Panel>,
    ) -> Option<Exhibit> {
        let panels: Vec<Panel> = charts.collect();
        (!panels.is_empty()).then(|| Exhibit {
            id: id.into(),
            title: title.into(),
            caption: caption.into(),
            figure: Figure::Panels(Charts {
                x: self.across(),
                one_scale: false,
                wide: false,
                joined: false,
                heights: Heights::Even,
                legend: Self::legend([]),
                panels,
            }),
        })
    }
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
