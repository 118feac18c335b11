//! The page of a stress: twins with and without an event, what is lost, and where it goes.

use super::ReportError;
use super::again::{commands, files, provenance};
use super::figure::{
    Across, Charts, Exhibit, Figure, Heights, Key, Level as Height, Panel, Series, Tone, Values,
};
use super::grid::{Cell, Grid, MISSING, signed};
use super::page::{Card, Heat, Page, Section, render};
use super::parameters::parameters;
use crate::output::{Metadata, ReadRow, ReadTable};
use crate::scenario::Scenario;
use crate::units::number;

/// What a stress's page is made of.
pub struct StressReport<'a> {
    /// The scenario as it is.
    pub scenario: &'a Scenario,
    /// How it came about.
    pub metadata: &'a Metadata,
    /// `paths.csv`.
    pub paths: &'a ReadTable,
    /// `twins.csv`.
    pub twins: &'a ReadTable,
    /// `region-loss.csv`.
    pub region_loss: &'a ReadTable,
    /// `annual-loss.csv`.
    pub annual_loss: &'a ReadTable,
    /// `simulated-loss.csv`.
    pub simulated_loss: &'a ReadTable,
}

/// The page of a stress.
///
/// # Errors
/// See [`ReportError`].
pub fn stress_page(report: &StressReport<'_>) -> Result<String, ReportError> {
    render(&report.page())
}

/// Measures of twins on the card: name in the table, title, factor, decimals.
const MEASURES: [(&str, &str, f64, usize); 8] = [
    ("hash_lost_1_day", "lost after 1 day, %", 100.0, 1),
    ("hash_lost_30_days", "30 days", 100.0, 1),
    ("hash_lost_365_days", "a year", 100.0, 1),
    ("deepest_loss", "at the deepest", 100.0, 1),
    ("slowest_interval", "slowest blocks, min", 1.0, 1),
    ("slowest_interval_without", "without", 1.0, 1),
    ("days_to_90_percent", "days to 90 %", 1.0, 0),
    (
        "days_to_normal_blocks",
        "days to the usual pace of blocks",
        1.0,
        0,
    ),
];

/// Days of a path that are drawn: all at first, then fewer.
fn is_drawn(day: f64) -> bool {
    day <= 30.0 || (day <= 120.0 && day % 5.0 == 0.0) || day % 15.0 == 0.0
}

/// A path of one measure of one case.
struct Path {
    days: Vec<f64>,
    quantiles: [Vec<Option<f64>>; 5],
}

const QUANTILES: [&str; 5] = ["p05", "p25", "p50", "p75", "p95"];

impl StressReport<'_> {
    /// Cases, in the order of the table.
    fn cases(&self) -> Vec<&str> {
        let mut cases: Vec<&str> = Vec::new();
        for row in self.twins.rows() {
            if !cases.contains(&row.text("case")) {
                cases.push(row.text("case"));
            }
        }
        cases
    }

    fn measure(&self, case: &str, measure: &str) -> Option<ReadRow<'_>> {
        let mut rows = self.twins.rows();
        rows.find(|row| row.text("case") == case && row.text("measure") == measure)
    }

    fn path(&self, case: &str, measure: &str) -> Path {
        let mut path = Path {
            days: Vec::new(),
            quantiles: Default::default(),
        };
        let rows = self.paths.rows();
        for row in rows.filter(|row| row.text("case") == case && row.text("measure") == measure) {
            let Some(day) = row.number("day").filter(|day| is_drawn(*day)) else {
                continue;
            };
            path.days.push(day);
            for (values, column) in path.quantiles.iter_mut().zip(QUANTILES) {
                values.push(row.number(column));
            }
        }
        path
    }

    fn page(&self) -> Page {
        let cases = self.cases();
        Page {
            title: format!("{}: what is lost", self.scenario.name),
            kind: "stress",
            question: "What the network loses with a country or an event, and how it comes back."
                .into(),
            facts: format!(
                "{} pairs of twins, the same luck with and without the event, seed {}; bans that the scenario holds possible are feared, and none comes of itself",
                number(f64::from(self.metadata.replicas), 0),
                self.metadata.seed
            ),
            headline: self.headline(&cases),
            warnings: self.metadata.warnings.clone(),
            cards: vec![self.twin_card(&cases)],
            map: None,
            marks: Vec::new(),
            sections: self.sections(&cases),
            parameters: parameters(&self.scenario.source),
            provenance: provenance(self.metadata),
            commands: commands(self.metadata),
            files: files(self.metadata),
        }
    }

    fn headline(&self, cases: &[&str]) -> Vec<String> {
        let median = |case: &str, measure: &str| self.measure(case, measure)?.number("p50");
        let worst = cases
            .iter()
            .filter_map(|case| Some((*case, median(case, "deepest_loss")?)))
            .max_by(|one, other| one.1.total_cmp(&other.1));
        let Some((worst, loss)) = worst else {
            return Vec::new();
        };
        let mut lines = vec![format!(
            "Most is lost with {worst}: {} % of the hash rate at the deepest (median; nine tenths of the pairs: {}).",
            number(100.0 * loss, 0),
            self.measure(worst, "deepest_loss")
                .map_or_else(String::new, |row| band(row, 100.0, 0)),
        )];
        if let (Some(slowest), Some(without)) = (
            median(worst, "slowest_interval"),
            median(worst, "slowest_interval_without"),
        ) {
            let followed = median(worst, "days_followed").unwrap_or(f64::INFINITY);
            let back = median(worst, "days_to_90_percent").map_or_else(String::new, |days| {
                if days >= followed {
                    format!(
                        "; after {} days it is not back at nine tenths",
                        number(followed, 0)
                    )
                } else {
                    format!("; it is back at nine tenths after {} days", number(days, 0))
                }
            });
            lines.push(format!(
                "Blocks then take {} minutes at the slowest, {} without the event{back}.",
                number(slowest, 1),
                number(without, 1)
            ));
        }
        let mut gains: Vec<(&str, f64)> = self
            .scenario
            .regions
            .iter()
            .filter_map(|region| {
                let gain = median(worst, &format!("share_change_365_days {}", region.id))?;
                Some((region.name.as_str(), 100.0 * gain))
            })
            .collect();
        gains.sort_by(|one, other| other.1.total_cmp(&one.1));
        let told: Vec<String> = gains
            .iter()
            .take(3)
            .filter(|(_, gain)| *gain > 0.05)
            .map(|(name, gain)| format!("{name} (+{} points)", number(*gain, 1)))
            .collect();
        if !told.is_empty() {
            lines.push(format!("A year later its share is in {}.", told.join(", ")));
        }
        lines
    }

    fn twin_card(&self, cases: &[&str]) -> Card {
        let mut grid = Grid::default();
        grid.head.push("event".into());
        grid.head
            .extend(MEASURES.iter().map(|(_, title, ..)| (*title).to_owned()));
        for case in cases {
            let mut row = vec![Cell::from(*case)];
            let followed = self
                .measure(case, "days_followed")
                .and_then(|row| row.number("p50"));
            for (measure, _, factor, decimals) in MEASURES {
                let found = self.measure(case, measure);
                let most = followed.filter(|_| measure.starts_with("days"));
                row.push(found.map_or_else(
                    || MISSING.into(),
                    |found| {
                        let value = found.number("p50");
                        let text = match value {
                            // What is not reached is reached after the last day at the earliest.
                            Some(days) if most.is_some_and(|most| days >= most) => {
                                format!("over {}", number(days, 0))
                            }
                            Some(value) => number(factor * value, decimals),
                            None => MISSING.into(),
                        };
                        Cell {
                            small: Some(band(found, factor, decimals)),
                            ..Cell::from(text)
                        }
                    },
                ));
            }
            grid.rows.push(row);
        }
        Card {
            id: "card-twins",
            title: "With the event against without".into(),
            grid,
            note: "Median of the pairs of twins, and below it what nine tenths of them lie between. Days are counted from the event; 0 days: it never fell so far.".into(),
            wide: true,
        }
    }

    fn sections(&self, cases: &[&str]) -> Vec<Section> {
        let sections = [
            Section {
                id: "twins",
                title: "Loss and recovery".into(),
                lead: "Each pair of twins meets the same prices, blocks and firms; one of the two meets the event.".into(),
                exhibits: [
                    self.ratio(cases),
                    self.twins(cases, "hash-rate", "Hash rate of both twins", "EH/s", ["hash_rate_with", "hash_rate_without"], 0),
                    self.twins(cases, "interval", "Block interval of both twins", "min", ["interval_with", "interval_without"], 1),
                ]
                .into_iter()
                .flatten()
                .collect(),
                heats: self.gains(cases).into_iter().collect(),
            },
            Section {
                id: "annual",
                title: "What a year of bans may bring".into(),
                lead: "Part of the hash rate that bans of a year take, in %.".into(),
                exhibits: Vec::new(),
                heats: [self.annual(), self.simulated(), self.at_once()].into_iter().flatten().collect(),
            },
        ];
        let shown = |section: &Section| !section.exhibits.is_empty() || !section.heats.is_empty();
        sections.into_iter().filter(shown).collect()
    }

    /// A figure with a chart for each case, over the days from the event.
    fn of_cases(
        cases: &[&str],
        (id, title, caption): (&str, &str, &str),
        legend: Vec<Key>,
        one_scale: bool,
        chart: impl Fn(&str) -> (Vec<f64>, Panel),
    ) -> Option<Exhibit> {
        let mut days: Vec<f64> = Vec::new();
        let charts: Vec<(Vec<f64>, Panel)> = cases.iter().map(|case| chart(case)).collect();
        for (own, _) in &charts {
            if own.len() > days.len() {
                days.clone_from(own);
            }
        }
        let panels: Vec<Panel> = charts.into_iter().map(|(_, panel)| panel).collect();
        (!days.is_empty()).then(|| Exhibit {
            id: id.into(),
            title: title.into(),
            caption: caption.into(),
            figure: Figure::Panels(Charts {
                x: Across::Numbers {
                    label: "days from the event".into(),
                    at: Values(days.into_iter().map(Some).collect()),
                },
                one_scale,
                wide: false,
                joined: false,
                heights: Heights::Even,
                legend,
                panels,
            }),
        })
    }

    fn ratio(&self, cases: &[&str]) -> Option<Exhibit> {
        let legend = vec![Key {
            label: "median, middle half and nine tenths of the pairs".into(),
            tone: Tone::Main,
            look: "fan",
        }];
        Self::of_cases(
            cases,
            (
                "ratio",
                "Hash rate with the event, in % of that without",
                "At 100 what was lost is made up for: by machines that moved, came out of hiding, or were bought.",
            ),
            legend,
            true,
            |case| {
                let path = self.path(case, "hash_ratio");
                let fan = Series::Fan {
                    name: String::new(),
                    tone: Tone::Main,
                    quantiles: path.quantiles.map(|values| scaled(values, 100.0)),
                };
                let panel = Panel {
                    title: case.to_owned(),
                    unit: "%".into(),
                    decimals: 1,
                    from_zero: false,
                    top: None,
                    series: vec![fan],
                    levels: vec![Height {
                        at: 100.0,
                        label: "as without the event".into(),
                    }],
                    marks: Vec::new(),
                };
                (path.days, panel)
            },
        )
    }

    fn twins(
        &self,
        cases: &[&str],
        id: &str,
        title: &str,
        unit: &str,
        measures: [&str; 2],
        decimals: usize,
    ) -> Option<Exhibit> {
        const NAMES: [(&str, Tone); 2] = [("with", Tone::Main), ("without", Tone::Other)];
        let legend = NAMES.map(|(name, tone)| Key {
            label: format!("{name} the event: median, middle half and nine tenths"),
            tone,
            look: "fan",
        });
        Self::of_cases(
            cases,
            (id, title, "Each chart has its own scale."),
            legend.into(),
            false,
            |case| {
                let paths = measures.map(|measure| self.path(case, measure));
                let days = paths[0].days.clone();
                // The event lies on top.
                let series = paths
                    .into_iter()
                    .zip(NAMES)
                    .rev()
                    .map(|(path, (name, tone))| Series::Fan {
                        name: name.into(),
                        tone,
                        quantiles: path.quantiles.map(|values| scaled(values, 1.0)),
                    });
                let panel = Panel {
                    title: case.to_owned(),
                    unit: unit.to_owned(),
                    decimals,
                    from_zero: true,
                    top: None,
                    series: series.collect(),
                    levels: Vec::new(),
                    marks: Vec::new(),
                };
                (days, panel)
            },
        )
    }

    /// Where the hash rate is a year later.
    fn gains(&self, cases: &[&str]) -> Option<Heat> {
        let regions = &self.scenario.regions;
        let change = |case: &str, region: &str| {
            let row = self.measure(case, &format!("share_change_365_days {region}"))?;
            Some((100.0 * row.number("p50")?, band(row, 100.0, 1)))
        };
        let table: Vec<Vec<Option<(f64, String)>>> = cases
            .iter()
            .map(|case| {
                regions
                    .iter()
                    .map(|region| change(case, &region.id))
                    .collect()
            })
            .collect();
        let gains = table.iter().flatten().flatten().map(|(change, _)| *change);
        let most = gains.fold(0.0, f64::max);
        if table.iter().flatten().all(Option::is_none) {
            return None;
        }
        let mut grid = Grid::default();
        grid.head.push("event".into());
        grid.head
            .extend(regions.iter().map(|region| region.name.clone()));
        for (case, row) in cases.iter().zip(&table) {
            let cells = row.iter().map(|cell| match cell {
                Some((change, band)) => Cell {
                    text: signed(*change, 1),
                    part: (*change > 0.0 && most > 0.0).then(|| change / most),
                    note: Some(format!("nine tenths of the pairs: {band}")),
                    small: None,
                },
                None => MISSING.into(),
            });
            grid.rows
                .push(std::iter::once(Cell::from(*case)).chain(cells).collect());
        }
        Some(Heat {
            total: false,
            id: "gains",
            title: "Where the hash rate goes".into(),
            caption: "Change of each region's share a year after the event, in points of the network's hash rate, against the twin without it; median of the pairs. Gains are coloured.".into(),
            grid,
        })
    }

    fn annual(&self) -> Option<Heat> {
        let columns = [
            ("mean", "mean, %", 100.0, 1),
            ("sd", "standard deviation", 100.0, 1),
            ("var_95", "VaR 95, %", 100.0, 1),
            ("es_95", "ES 95, %", 100.0, 1),
            ("over_third", "over a third is lost, % of years", 100.0, 1),
            ("over_half", "over half", 100.0, 1),
        ];
        table_of(
            self.annual_loss,
            &["threat", "network", "hhi"],
            &columns,
            Heat {
                total: false,
                id: "annual-loss",
                title: "Lost at once, drawn by the laws of the threats".into(),
                caption: "VaR 95: in one year of twenty more is lost. ES 95: so much in the mean of those years.".into(),
                grid: Grid::default(),
            },
        )
    }

    fn simulated(&self) -> Option<Heat> {
        let columns = [
            ("mean", "mean, %", 100.0, 2),
            ("mean_se", "se", 100.0, 2),
            ("sd", "standard deviation", 100.0, 2),
            ("var_95", "VaR 95, %", 100.0, 1),
            ("es_95", "ES 95, %", 100.0, 1),
        ];
        table_of(
            self.simulated_loss,
            &["threat", "network", "years"],
            &columns,
            Heat {
                total: false,
                id: "simulated-loss",
                title: "The same simulated, with machines that move, hide and are bought meanwhile"
                    .into(),
                caption: simulated_caption(self.simulated_loss),
                grid: Grid::default(),
            },
        )
    }

    /// The loss of each region at once, on the first day.
    fn at_once(&self) -> Option<Heat> {
        let first = self.region_loss.rows().next()?.text("date").to_owned();
        let mut grid = Grid::new([
            "region",
            "hash rate lost, %",
            "minutes a block",
            "days to the retarget",
            "difficulty after it, times that before",
        ]);
        for row in self
            .region_loss
            .rows()
            .filter(|row| row.text("date") == first)
        {
            let value = |column: &str, factor: f64, decimals: usize| -> Cell {
                let value = row.number(column);
                value
                    .map_or_else(|| MISSING.into(), |value| number(factor * value, decimals))
                    .into()
            };
            grid.row([
                row.text("region").into(),
                value("lost", 100.0, 1),
                value("interval_minutes", 1.0, 1),
                value("days_to_retarget", 1.0, 1),
                value("difficulty_ratio", 1.0, 2),
            ]);
        }
        Some(Heat {
            total: false,
            id: "at-once",
            title: format!("A country lost at once on {first}"),
            caption: "At the start of an epoch, at its mean share, before anything is moved or bought. Every record day is in region-loss.csv.".into(),
            grid,
        })
    }
}

/// What is said of simulated years, fewer of which tell less.
fn simulated_caption(table: &ReadTable) -> String {
    const FEW: f64 = 100.0;
    let caption = "Part of a year's hash rate that bans of the year take.";
    let years = table.rows().next().and_then(|row| row.number("years"));
    match years {
        Some(years) if years < FEW => format!(
            "{caption} {} years are too few to tell how often bans come: where none came, zeros and their errors say nothing.",
            number(years, 0)
        ),
        _ => caption.into(),
    }
}

/// A table of losses: columns of text, then numbers as they are shown.
fn table_of(
    table: &ReadTable,
    texts: &[&str],
    numbers: &[(&str, &str, f64, usize)],
    heat: Heat,
) -> Option<Heat> {
    let mut grid = Grid::default();
    grid.head.extend(texts.iter().map(|text| match *text {
        "hhi" => "HHI".to_owned(),
        text => text.to_owned(),
    }));
    grid.head
        .extend(numbers.iter().map(|(_, title, ..)| (*title).to_owned()));
    for row in table.rows() {
        let labels = texts
            .iter()
            .map(|column| match (*column, row.number(column)) {
                ("hhi", Some(hhi)) => number(10_000.0 * hhi, 0).into(),
                _ => Cell::from(row.text(column)),
            });
        let values = numbers.iter().map(|(column, _, factor, decimals)| {
            let value = row.number(column);
            Cell::from(
                value.map_or_else(|| MISSING.into(), |value| number(factor * value, *decimals)),
            )
        });
        grid.rows.push(labels.chain(values).collect());
    }
    (!grid.rows.is_empty()).then_some(Heat { grid, ..heat })
}

fn scaled(values: Vec<Option<f64>>, factor: f64) -> Values {
    Values(
        values
            .into_iter()
            .map(|value| value.map(|value| factor * value))
            .collect(),
    )
}

fn band(row: ReadRow<'_>, factor: f64, decimals: usize) -> String {
    let [low, high] = ["p05", "p95"].map(|column| {
        let value = row.number(column);
        value.map_or_else(
            || MISSING.to_owned(),
            |value| number(factor * value, decimals),
        )
    });
    format!("{low} – {high}")
}
