//! The page of a backtest: what was measured over what was simulated, and the scores.

use super::ReportError;
use super::again::{commands, files, provenance};
use super::figure::{Across, Charts, Exhibit, Figure, Heights, Key, Panel, Series, Tone, Values};
use super::grid::{Cell, Grid, MISSING};
use super::marks::Happenings;
use super::page::{Card, Heat, Page, Section, render};
use super::parameters::parameters;
use super::picture::sheet;
use crate::backtest::{RowKind, Scores};
use crate::output::{Metadata, ReadRow, ReadTable};
use crate::scenario::Scenario;
use crate::units::number;

/// What a backtest's page is made of.
pub struct BacktestReport<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// How it came about.
    pub metadata: &'a Metadata,
    /// `values.csv`.
    pub values: &'a ReadTable,
    /// `scores.csv`.
    pub scores: &'a ReadTable,
    /// `masked.csv`.
    pub masked: &'a ReadTable,
}

/// A value that was measured on a day, and what was simulated of it.
struct Measured {
    metric: String,
    /// Ids of its regions, or `all`.
    name: String,
    date: String,
    day: f64,
    observed: f64,
    /// Ends of its 90 % error.
    band: [Option<f64>; 2],
    /// At 5, 25, 50, 75 and 95 % of the replicas.
    quantiles: [Option<f64>; 5],
}

/// A metric as it is shown: its name in the tables, title, unit, factor, decimals.
type Shown = (&'static str, &'static str, &'static str, f64, usize);

const METRICS: [Shown; 4] = [
    ("hash-rate", "Hash rate", "EH/s", 1.0, 0),
    ("difficulty", "Difficulty", "T", 1e-12, 1),
    ("efficiency", "Efficiency of what runs", "J/TH", 1.0, 1),
    (
        "share",
        "Share of the hash rate",
        "% of hash rate",
        100.0,
        1,
    ),
];

/// The page of a backtest.
///
/// # Errors
/// See [`ReportError`].
pub fn backtest_page(report: &BacktestReport<'_>) -> Result<String, ReportError> {
    render(&report.page())
}

/// The figure of a backtest, as an SVG file.
///
/// # Errors
/// See [`ReportError`].
pub fn backtest_picture(scenario: &Scenario, scores: &Scores) -> Result<String, ReportError> {
    let measured: Vec<Measured> = scores
        .rows
        .iter()
        .filter(|row| matches!(row.kind, RowKind::Point(..)))
        .map(|row| Measured {
            metric: row.metric.clone(),
            name: row.name.clone(),
            date: scenario.date(row.day).to_string(),
            day: f64::from(row.day),
            observed: row.observed,
            band: [Some(row.observed_band.0), Some(row.observed_band.1)],
            quantiles: row.quantiles.map(Some),
        })
        .collect();
    let exhibits = exhibits(scenario, &measured);
    let figures: Vec<&Figure> = exhibits.iter().map(|exhibit| &exhibit.figure).collect();
    Ok(sheet(
        &format!("{}: measured and simulated", scenario.name),
        &figures,
    )?)
}

/// A figure for each metric that was measured.
fn exhibits(scenario: &Scenario, measured: &[Measured]) -> Vec<Exhibit> {
    let happenings = Happenings::of(scenario);
    let of_metric = |(metric, title, unit, factor, decimals): Shown| {
        let rows: Vec<&Measured> = measured.iter().filter(|row| row.metric == metric).collect();
        let mut places: Vec<(f64, &str)> = rows
            .iter()
            .map(|row| (row.day, row.date.as_str()))
            .collect();
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
        places.dedup();
        let mut names: Vec<&str> = Vec::new();
        for row in &rows {
            if !names.contains(&row.name.as_str()) {
                names.push(&row.name);
            }
        }
        let shares = metric == "share";
        let in_logs = spans_magnitudes(&rows);
        let shown = move |value: f64| {
            if in_logs {
                (value > 0.0).then(|| libm::log10(factor * value))
            } else {
                Some(factor * value)
            }
        };
        let [first, last] =
            [places.first(), places.last()].map(|place| place.map_or(0.0, |(day, _)| *day));
        let panels: Vec<Panel> = names
            .iter()
            .map(|name| {
                let at = |place: &(f64, &str)| {
                    let mut rows = rows.iter();
                    rows.find(|row| row.day == place.0 && row.name == *name)
                };
                let column = |value: &dyn Fn(&Measured) -> Option<f64>| {
                    let values = places
                        .iter()
                        .map(|place| at(place).and_then(|row| value(row)));
                    Values(values.map(|value| value.and_then(shown)).collect())
                };
                Panel {
                    title: if shares {
                        names_of(scenario, name)
                    } else {
                        title.to_owned()
                    },
                    unit: if in_logs {
                        format!("log10 of {unit}")
                    } else {
                        unit.to_owned()
                    },
                    decimals: if in_logs { 1 } else { decimals },
                    from_zero: !in_logs,
                    top: None,
                    series: vec![
                        Series::Fan {
                            name: "simulated".into(),
                            tone: Tone::Main,
                            quantiles: std::array::from_fn(|q| column(&|row| row.quantiles[q])),
                        },
                        Series::Points {
                            name: "measured".into(),
                            tone: Tone::Other,
                            values: column(&|row| Some(row.observed)),
                            low: column(&|row| row.band[0]),
                            high: column(&|row| row.band[1]),
                        },
                    ],
                    levels: Vec::new(),
                    marks: happenings.between(first, last),
                }
            })
            .collect();
        (!panels.is_empty()).then(|| Exhibit {
            id: format!("measured-{metric}"),
            title: title.to_owned(),
            caption: if shares {
                "Estimates of shares come from the addresses of a few pools' miners, and are good to a few points at best.".into()
            } else {
                String::new()
            },
            figure: Figure::Panels(Charts {
                x: Across::Dates {
                    at: places.iter().map(|(_, date)| (*date).to_owned()).collect(),
                    days: places.iter().map(|(day, _)| day - first).collect(),
                },
                one_scale: false,
                wide: !shares,
                joined: true,
                heights: Heights::Even,
                legend: legend(),
                panels,
            }),
        })
    };
    METRICS.into_iter().filter_map(of_metric).collect()
}

/// Whether what was measured spans so many orders of magnitude that it is shown in logs.
fn spans_magnitudes(rows: &[&Measured]) -> bool {
    const LARGEST_RATIO: f64 = 1000.0;
    let observed = || rows.iter().map(|row| row.observed);
    let low = observed().fold(f64::INFINITY, f64::min);
    let high = observed().fold(0.0, f64::max);
    low > 0.0 && high > LARGEST_RATIO * low
}

fn legend() -> Vec<Key> {
    vec![
        Key {
            label: "measured, with its 90 % error".into(),
            tone: Tone::Other,
            look: "points",
        },
        Key {
            label: "simulated: median, middle half and nine tenths of the replicas, errors of measurement included".into(),
            tone: Tone::Main,
            look: "fan",
        },
    ]
}

/// Names for people of the regions that were measured as one.
fn names_of(scenario: &Scenario, ids: &str) -> String {
    let names = ids.split('+').map(|id| {
        let mut regions = scenario.regions.iter();
        let region = regions.find(|region| region.id == id.trim());
        region.map_or(id, |region| region.name.as_str())
    });
    names.collect::<Vec<&str>>().join(" + ")
}

impl BacktestReport<'_> {
    fn measured(&self) -> Vec<Measured> {
        let point = |row: &ReadRow<'_>| row.text("kind") == "point";
        let measured = |row: ReadRow<'_>| {
            let date: jiff::civil::Date = row.text("date").parse().ok()?;
            Some(Measured {
                metric: row.text("metric").into(),
                name: row.text("name").into(),
                date: date.to_string(),
                day: f64::from((date - self.scenario.start).get_days()),
                observed: row.number("observed")?,
                band: ["observed_low", "observed_high"].map(|column| row.number(column)),
                quantiles: ["p05", "p25", "p50", "p75", "p95"].map(|column| row.number(column)),
            })
        };
        self.values
            .rows()
            .filter(point)
            .filter_map(measured)
            .collect()
    }

    fn page(&self) -> Page {
        let measured = self.measured();
        let last = self.scenario.days - 1;
        Page {
            title: self.scenario.name.clone(),
            kind: "backtest",
            question: self.scenario.description.clone(),
            facts: format!(
                "{} simulated histories (replicas), {} to {}, seed {}; measured as the real network was, errors of measurement included",
                number(f64::from(self.metadata.replicas), 0),
                self.scenario.start,
                self.scenario.date(last),
                self.metadata.seed
            ),
            headline: self.headline(),
            warnings: self.metadata.warnings.clone(),
            cards: vec![self.score_card()],
            map: None,
            marks: Happenings::of(self.scenario).all(),
            sections: self.sections(&measured),
            parameters: parameters(&self.scenario.source),
            provenance: provenance(self.metadata),
            commands: commands(self.metadata),
            files: files(self.metadata),
        }
    }

    fn headline(&self) -> Vec<String> {
        let rows: Vec<ReadRow<'_>> = self.values.rows().collect();
        let inside = |column: &str| {
            let count = rows
                .iter()
                .filter(|row| row.number(column) == Some(1.0))
                .count();
            number(100.0 * count as f64 / rows.len().max(1) as f64, 0)
        };
        let mut lines = vec![format!(
            "{} % of {} measured values lie in the band that is to hold 90 % of them, {} % in the one that is to hold half.",
            inside("inside_90"),
            rows.len(),
            inside("inside_50"),
        )];
        for row in self.whole_scores() {
            let others = [
                ("skill_persistence", "that nothing changes"),
                ("skill_random_walk", "a random walk"),
                ("skill_barrier", "free entry"),
            ];
            let (mut better, mut worse) = (Vec::new(), Vec::new());
            for (column, name) in others {
                match row.number(column) {
                    Some(skill) if skill > 0.0 => better.push(name),
                    Some(_) => worse.push(name),
                    None => {}
                }
            }
            let name = metric_name(row.text("metric"));
            let told = |names: &[&str]| names.join(" and than ");
            lines.extend(match (better.is_empty(), worse.is_empty()) {
                (false, true) => Some(format!("{name}: a better forecast than {}.", told(&better))),
                (true, false) => Some(format!(
                    "{name}: no better a forecast than {}.",
                    told(&worse)
                )),
                (false, false) => Some(format!(
                    "{name}: a better forecast than {}, no better than {}.",
                    told(&better),
                    told(&worse)
                )),
                (true, true) => None,
            });
        }
        lines
    }

    /// Scores over all horizons.
    fn whole_scores(&self) -> impl Iterator<Item = ReadRow<'_>> {
        self.scores
            .rows()
            .filter(|row| row.number("horizon_days").is_none())
    }

    fn score_card(&self) -> Card {
        let mut grid = Grid::new([
            "",
            "days ahead",
            "values",
            "score",
            "se",
            "skill over no change",
            "over a random walk",
            "over free entry",
            "in 50 %",
            "in 90 %",
        ]);
        for row in self.scores.rows() {
            let metric = row.text("metric");
            let factor = if metric.starts_with("share") {
                100.0
            } else {
                1.0
            };
            let decimals = if factor > 1.0 { 2 } else { 3 };
            let cell = |column: &str, factor: f64, decimals: usize| -> Cell {
                let value = row.number(column);
                value
                    .map_or_else(|| MISSING.into(), |value| number(factor * value, decimals))
                    .into()
            };
            let horizon = row.number("horizon_days");
            grid.row([
                metric_name(metric).into(),
                horizon
                    .map_or_else(|| "all".into(), |days| format!("up to {days}"))
                    .into(),
                row.text("values").into(),
                cell("score", factor, decimals),
                cell("score_se", factor, decimals),
                cell("skill_persistence", 1.0, 2),
                cell("skill_random_walk", 1.0, 2),
                cell("skill_barrier", 1.0, 2),
                cell("covered_50", 100.0, 0),
                cell("covered_90", 100.0, 0),
            ]);
        }
        Card {
            id: "card-scores",
            title: "Scores".into(),
            grid,
            note: "Score: mean of the continuous ranked probability score (logs of hash rate, difficulty and J/TH; shares in points), the energy score for all shares of a date; less is better. Skill: 1 - score / score of the other forecast; above 0 is better than it. In 50 %, in 90 %: measured values within the bands, in %.".into(),
            wide: true,
        }
    }

    fn sections(&self, measured: &[Measured]) -> Vec<Section> {
        let heats = [self.features(), self.masked_values()];
        vec![Section {
            id: "measured",
            title: "Measured and simulated".into(),
            lead: "Points are what was measured, bars their 90 % error; bands hold half and nine tenths of the simulated histories, measured in the same way.".into(),
            exhibits: exhibits(self.scenario, measured),
            heats: heats.into_iter().flatten().collect(),
        }]
    }

    /// What was measured over a window rather than on a day.
    fn features(&self) -> Option<Heat> {
        let mut grid = Grid::new([
            "feature",
            "window",
            "measured",
            "simulated [5 %, 95 %]",
            "unit",
            "event",
        ]);
        for row in self
            .values
            .rows()
            .filter(|row| row.text("kind") == "feature")
        {
            let (factor, decimals, unit) = match row.text("unit") {
                "share" => (100.0, 1, "%"),
                unit => (1.0, 1, unit),
            };
            let value = |column: &str| {
                let value = row.number(column);
                value.map_or_else(|| MISSING.into(), |value| number(factor * value, decimals))
            };
            let event = row.number("event_probability").map(|probability| {
                let happened = if row.number("event_happened") == Some(1.0) {
                    "happened"
                } else {
                    "did not happen"
                };
                let at_least = row.number("event_at_least").unwrap_or_default();
                format!(
                    "at least {}: probability {}, {happened}",
                    number(factor * at_least, decimals),
                    number(probability, 2)
                )
            });
            grid.row([
                row.text("metric").into(),
                format!("{} to {}", row.text("date"), row.text("until")).into(),
                value("observed").into(),
                format!("{} [{}, {}]", value("p50"), value("p05"), value("p95")).into(),
                unit.into(),
                event.unwrap_or_default().into(),
            ]);
        }
        (!grid.rows.is_empty()).then(|| Heat {
            total: false,
            id: "features",
            title: "What was asked of whole windows".into(),
            caption: "An event is that a feature is at least something.".into(),
            grid,
        })
    }

    fn masked_values(&self) -> Option<Heat> {
        let mut grid = Grid::new(["not scored", "date", "measured", "unit", "why"]);
        for row in self.masked.rows() {
            let name = match row.text("name") {
                "all" => metric_name(row.text("metric")),
                name => format!(
                    "{} {}",
                    metric_name(row.text("metric")),
                    names_of(self.scenario, name)
                ),
            };
            grid.row([
                name.into(),
                row.text("date").into(),
                row.text("observed").into(),
                row.text("unit").into(),
                row.text("why").into(),
            ]);
        }
        (!grid.rows.is_empty()).then(|| Heat {
            total: false,
            id: "masked",
            title: "Measured values that are not scored".into(),
            caption: "They are no test: the reason stands beside each.".into(),
            grid,
        })
    }
}

/// A metric for people.
fn metric_name(metric: &str) -> String {
    if metric == "share-vector" {
        return "All shares of a date together".into();
    }
    let known = METRICS.iter().find(|(name, ..)| *name == metric);
    known.map_or_else(|| metric.to_owned(), |(_, title, ..)| (*title).to_owned())
}
