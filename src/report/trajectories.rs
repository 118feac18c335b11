//! The page of trajectories: mining and AI on one scale.

mod reading;

use super::ReportError;
use super::again::{commands, files, provenance};
use super::figure::{Across, Charts, Exhibit, Figure, Heights, Mark, Panel, Series, Tone, Values};
use super::grid::{Cell, Grid, MISSING, signed};
use super::page::{Card, Heat, Page, Section, render};
use super::parameters::{Parameter, parameters};
use crate::output::{Metadata, ReadRow, ReadTable};
use crate::scenario::Scenario;
use crate::trajectories::{AT_END, Measure};
use crate::units::number;

/// What a page of trajectories is made of.
pub struct TrajectoriesReport<'a> {
    /// What is ahead.
    pub scenario: &'a Scenario,
    /// How it came about.
    pub metadata: &'a Metadata,
    /// `trajectories.csv`.
    pub answers: &'a ReadTable,
    /// `paths.csv`.
    pub paths: &'a ReadTable,
    /// `dependence.csv`.
    pub dependence: &'a ReadTable,
}

/// The page of trajectories.
///
/// # Errors
/// See [`ReportError`].
pub fn trajectories_page(report: &TrajectoriesReport<'_>) -> Result<String, ReportError> {
    render(&report.page())
}

/// What the numbers say, in sentences.
#[must_use]
pub fn trajectories_reading(report: &TrajectoriesReport<'_>) -> Vec<String> {
    report.reading()
}

/// Series of the paths, with their names and colours, in the order of drawing.
const SERIES: [(&str, &str, Tone); 3] = [
    ("mining-past", "mining, past", Tone::Main),
    ("mining", "mining, ahead", Tone::Main),
    ("ai", "AI", Tone::Other),
];

const QUANTILES: [&str; 5] = ["p05", "p25", "p50", "p75", "p95"];

/// What is asked, for people.
const QUESTIONS: [(&str, &str); 9] = [
    ("opposite", "They run in opposite directions"),
    ("claim", "– mining concentrates, AI spreads"),
    ("reverse", "– mining spreads, AI concentrates"),
    ("both_concentrate", "Both concentrate"),
    ("both_spread", "Both spread"),
    ("unchanged", "One of them ends as it began"),
    ("crossing", "They cross"),
    ("crossed_at_end", "– and are on the other side at the end"),
    ("crossing_back", "– of these, cross back"),
];

/// Measures of concentration, for people.
const MEASURES: [(&str, &str); 2] = [("hhi", "HHI"), (NAKAMOTO, "the Nakamoto coefficient")];

const NAKAMOTO: &str = "nakamoto_half";

/// A metric drawn: its name in the tables, title, unit, factor, decimals.
type Shown = (&'static str, &'static str, &'static str, f64, usize);

impl TrajectoriesReport<'_> {
    fn answer(&self, metric: &str, scope: &str, measure: &str) -> Option<ReadRow<'_>> {
        self.answers.rows().find(|row| {
            row.text("metric") == metric
                && row.text("scope") == scope
                && row.text("measure") == measure
        })
    }

    /// Rows of a series, by date.
    fn path(&self, series: &str, metric: &str) -> Vec<ReadRow<'_>> {
        let rows = self.paths.rows();
        rows.filter(|row| row.text("series") == series && row.text("metric") == metric)
            .collect()
    }

    fn has_past(&self) -> bool {
        !self.path("mining-past", "hhi").is_empty()
    }

    /// First and last date of a series.
    fn span(&self, series: &str) -> (String, String) {
        let path = self.path(series, "hhi");
        let date = |row: Option<&ReadRow<'_>>| row.map_or("", |row| row.text("date")).to_owned();
        (date(path.first()), date(path.last()))
    }

    fn page(&self) -> Page {
        let (start, end) = self.span("ai");
        let before = if self.has_past() {
            format!("; mining before: {}", self.span("mining-past").0)
        } else {
            String::new()
        };
        Page {
            title: format!("{}: opposite or not?", self.scenario.name),
            kind: "trajectories",
            question: "Mining began on anyone's PC and went to industrial sites; AI began in hosted clusters and may end on devices. Do the two run in opposite directions, under the assumptions of this scenario?"
                .into(),
            facts: format!(
                "{} simulated histories (replicas) of mining and AI in one world, {start} to {end}, seed {}{before}",
                number(f64::from(self.metadata.replicas), 0),
                self.metadata.seed
            ),
            headline: self.reading(),
            warnings: self.metadata.warnings.clone(),
            cards: vec![self.answer_card()],
            map: None,
            // The one mark says itself what it is.
            marks: Vec::new(),
            sections: self.sections(),
            parameters: parameters(&self.scenario.source),
            provenance: self.provenance(),
            commands: commands(self.metadata),
            files: files(self.metadata),
        }
    }

    fn provenance(&self) -> Vec<(String, String)> {
        let mut rows = provenance(self.metadata);
        let options = self.metadata.trajectories.as_ref();
        if let Some(past) = options.and_then(|options| options.past.as_ref()) {
            rows.push(("the past of mining".into(), past.file.clone()));
            rows.push(("digest of the past (SHA-256)".into(), past.sha256.clone()));
        }
        rows
    }

    fn answer_card(&self) -> Card {
        let scopes = [
            ("ahead", "ahead"),
            ("own-history", "each over its own history"),
        ];
        let mut grid = Grid::default();
        grid.head.push("% of the replicas".into());
        let mut columns = Vec::new();
        for (scope, title) in scopes {
            if self.answer("hhi", scope, "opposite").is_none() {
                continue;
            }
            for (metric, measure) in MEASURES {
                grid.head.push(format!("by {measure}, {title}"));
                columns.push((metric, scope));
            }
        }
        for (question, title) in QUESTIONS {
            let mut row = vec![Cell::from(title)];
            for (metric, scope) in &columns {
                let found = self.answer(metric, scope, question);
                row.push(found.map_or_else(|| MISSING.into(), probability));
            }
            grid.rows.push(row);
        }
        let mut row = vec![Cell::from("When they cross, of those that do")];
        for (metric, scope) in &columns {
            let found = self.answer(metric, scope, "crossing_date");
            let date = found.map_or("", |row| row.text("date"));
            row.push(if date.is_empty() { MISSING } else { date }.into());
        }
        grid.rows.push(row);
        let mut row = vec![Cell::from("Replicas left out, not defined at an end")];
        for (metric, scope) in &columns {
            let left_out = self.answer(metric, scope, "left_out");
            let left_out = left_out.and_then(|row| row.number("value"));
            row.push(left_out.map_or_else(|| MISSING.into(), |count| number(count, 0).into()));
        }
        grid.rows.push(row);
        Card {
            id: "card-answers",
            title: "How often".into(),
            grid,
            note: "Below each number its 95 % interval (Wilson), for so many replicas; it says nothing of whether the assumptions are right. From the first record day to the last: a higher HHI, or a lower Nakamoto coefficient, is more concentrated. To cross is to be strictly on the other side of the other one; the date is the median. Over own histories mining is that of the past and AI that of the days ahead; the two are drawn apart, and replica i of one is put beside replica i of the other.".into(),
            wide: true,
        }
    }

    fn sections(&self) -> Vec<Section> {
        const HHI: Shown = ("hhi", "HHI", "0 to 10,000", 1e4, 0);
        const OWNERS: Shown = (NAKAMOTO, "Nakamoto coefficient", "owners", 1.0, 0);
        const EDGE: Shown = ("edge_share", "On devices", "% of AI's compute", 100.0, 1);
        let bands = "Lines are medians of the replicas, the darker bands hold half of them, the lighter ones nine tenths.";
        let seam = if self.has_past() {
            " Left of the dotted line is mining's simulated past, which is drawn apart."
        } else {
            ""
        };
        let sections = [
            Section {
                id: "trajectories",
                title: "Two trajectories on one scale".into(),
                lead: "Mining by firm, AI's compute by owner: the same functions, the same axis, in logs.".into(),
                exhibits: [
                    self.figure(("hhi", "How concentrated mining and AI are"), &HHI, Heights::Logs, &format!("{bands} Higher is more concentrated.{seam} {}", self.crossing_said("hhi"))),
                    self.figure(("nakamoto", "How few have more than half"), &OWNERS, Heights::Logs, &format!("{bands} Lower is more concentrated.{seam} Where more than half of AI is on devices these are counted, by the million: cut off. {}", self.crossing_said(NAKAMOTO))),
                    self.figure(("edge-share", "How much of AI is on devices"), &EDGE, Heights::Even, &format!("{bands} This path is assumed, not found. {}", self.needed_said())),
                ]
                .into_iter()
                .flatten()
                .collect(),
                heats: Vec::new(),
            },
            Section {
                id: "dependence",
                title: "On what it hangs".into(),
                lead: "One axis at a time is moved from the scenario as it is, and meets the same luck: differences are of the same replicas, and so are their standard errors.".into(),
                exhibits: Vec::new(),
                heats: self.dependence().into_iter().chain(self.others()).collect(),
            },
            Section {
                id: "assumed",
                title: "What is assumed of AI".into(),
                lead: "None of this is found by the model. Change it with --set, or vary it with --axis.".into(),
                exhibits: Vec::new(),
                heats: self.assumed().into_iter().collect(),
            },
        ];
        let shown = |section: &Section| !section.exhibits.is_empty() || !section.heats.is_empty();
        sections.into_iter().filter(shown).collect()
    }

    /// A chart of one metric of all series, over past and future.
    fn figure(
        &self,
        (id, title): (&str, &str),
        shown: &Shown,
        heights: Heights,
        caption: &str,
    ) -> Option<Exhibit> {
        let (metric, panel, unit, factor, decimals) = *shown;
        let paths = SERIES.map(|(series, ..)| self.path(series, metric));
        let mut places: Vec<(f64, String)> = paths
            .iter()
            .flatten()
            .filter_map(|row| Some((row.number("day")?, row.text("date").to_owned())))
            .collect();
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
        places.dedup();
        let first = places.first()?.0;
        let alone = paths.iter().filter(|rows| !rows.is_empty()).count() == 1;
        let series = paths
            .iter()
            .zip(SERIES)
            .filter(|(rows, _)| !rows.is_empty());
        let series = series.map(|(rows, (_, name, tone))| {
            let column = |column: &str| {
                let value = |(day, _): &(f64, String)| {
                    let row = rows.iter().find(|row| row.number("day") == Some(*day))?;
                    Some(factor * row.number(column)?)
                };
                Values(places.iter().map(value).collect())
            };
            Series::Fan {
                // What stands alone is named by its title.
                name: if alone { String::new() } else { name.into() },
                tone,
                quantiles: QUANTILES.map(column),
            }
        });
        let series: Vec<Series> = series.collect();
        let seam = self.seam().filter(|_| {
            paths
                .iter()
                .any(|rows| rows.iter().any(|row| row.number("day") < Some(0.0)))
        });
        Some(Exhibit {
            id: id.into(),
            title: title.into(),
            caption: caption.into(),
            figure: Figure::Panels(Charts {
                x: Across::Dates {
                    at: places.iter().map(|(_, date)| date.clone()).collect(),
                    days: places.iter().map(|(day, _)| day - first).collect(),
                },
                one_scale: false,
                wide: true,
                joined: false,
                heights,
                legend: Vec::new(),
                panels: vec![Panel {
                    title: panel.into(),
                    unit: unit.into(),
                    decimals,
                    from_zero: true,
                    top: (metric == NAKAMOTO).then(|| self.most_owners()),
                    series,
                    levels: Vec::new(),
                    marks: seam
                        .map(|seam| Mark {
                            day: -first,
                            ..seam
                        })
                        .into_iter()
                        .collect(),
                }],
            }),
        })
    }

    /// Owners above which the Nakamoto coefficient is cut off: with more than half of AI on devices it counts these, by the million,
    /// and nothing else could be told apart beside it.
    fn most_owners(&self) -> f64 {
        const LEAST: f64 = 1000.0;
        let mining = ["mining-past", "mining"].map(|series| self.path(series, NAKAMOTO));
        let highest = mining.iter().flatten().filter_map(|row| row.number("p95"));
        highest.fold(LEAST, f64::max)
    }

    /// Where the past ends, if there is one.
    fn seam(&self) -> Option<Mark> {
        self.has_past().then(|| Mark {
            day: 0.0,
            date: self.span("ai").0,
            key: "ahead".into(),
            label: "what is ahead begins; left of it is mining's simulated past, drawn apart"
                .into(),
        })
    }

    fn dependence(&self) -> Option<Heat> {
        const COLUMNS: [(&str, &str, f64, usize); 6] = [
            ("opposite", "opposite, %", 100.0, 1),
            ("claim", "mining concentrates, AI spreads, %", 100.0, 1),
            ("crossing", "they cross, %", 100.0, 1),
            ("mining_at_end", "mining's HHI at the end", 1e4, 0),
            ("ai_at_end", "AI's HHI at the end", 1e4, 0),
            ("edge_share_at_end", "on devices at the end, %", 100.0, 1),
        ];
        let columns = COLUMNS.map(|(question, title, factor, decimals)| Column {
            metric: Measure::Hhi.as_str().to_owned(),
            question,
            title: title.to_owned(),
            factor,
            decimals,
        });
        self.levels(&columns).map(|grid| Heat {
            total: false,
            id: "dependence-table",
            title: "One axis at a time".into(),
            caption: "Means over the replicas; below each its difference from the scenario as it is, with the standard error of that difference. By HHI; dependence.csv has the Nakamoto coefficient too.".into(),
            grid,
        })
    }

    /// What else the scenario's sweep names, at each level.
    fn others(&self) -> Option<Heat> {
        let mut columns: Vec<Column> = Vec::new();
        for row in self.dependence.rows() {
            let metric = row.text("metric");
            if row.text("measure") != AT_END || columns.iter().any(|column| column.metric == metric)
            {
                continue;
            }
            let (factor, unit) = match row.text("unit") {
                "share" => (100.0, "%"),
                unit => (1.0, unit),
            };
            let unit = if unit == "1" {
                String::new()
            } else {
                format!(", {unit}")
            };
            columns.push(Column {
                metric: metric.to_owned(),
                question: AT_END,
                title: format!("{metric}{unit}"),
                factor,
                decimals: if factor == 1.0 && unit.is_empty() {
                    4
                } else {
                    1
                },
            });
        }
        let grid = self.levels(&columns)?;
        (!columns.is_empty()).then(|| Heat {
            total: false,
            id: "others-table",
            title: "What else it moves".into(),
            caption: "Means on the last day of the quantities that the scenario's sweep names; below each its difference from the scenario as it is, with the standard error of that difference.".into(),
            grid,
        })
    }

    /// Every level of every axis, a row each; `None` where nothing was varied.
    fn levels(&self, columns: &[Column]) -> Option<Grid> {
        let mut grid = Grid::new(["axis", "level"]);
        grid.head
            .extend(columns.iter().map(|column| column.title.clone()));
        let rows: Vec<ReadRow<'_>> = self.dependence.rows().collect();
        let mut levels: Vec<(&str, &str)> = Vec::new();
        for row in &rows {
            let level = (row.text("axis"), row.text("level"));
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
        for level in &levels {
            let name = if level.0.is_empty() {
                "as it is"
            } else {
                level.0
            };
            let mut cells = vec![Cell::from(name), Cell::from(level.1)];
            for column in columns {
                let found = rows.iter().find(|row| {
                    (row.text("axis"), row.text("level")) == *level
                        && row.text("metric") == column.metric
                        && row.text("measure") == column.question
                });
                cells.push(found.map_or_else(
                    || MISSING.into(),
                    |row| against_base(*row, column.factor, column.decimals),
                ));
            }
            grid.rows.push(cells);
        }
        (levels.len() > 1).then_some(grid)
    }

    /// The keys of AI, beside the figures that follow from them.
    fn assumed(&self) -> Option<Heat> {
        let mut grid = Grid::new(["key", "value", "unit", "source"]);
        let parameters = parameters(&self.scenario.source).into_iter();
        for Parameter {
            key,
            value,
            unit,
            meaning,
            source,
        } in parameters.filter(|parameter| is_of_ai(&parameter.key))
        {
            let mut name = Cell::from(key);
            name.note = meaning;
            grid.row([
                name,
                value.into(),
                unit.unwrap_or_default().into(),
                source.into(),
            ]);
        }
        (!grid.rows.is_empty()).then(|| Heat {
            total: false,
            id: "assumed-table",
            title: "Every key of AI that the scenario states".into(),
            caption: "With its unit, and what the file says of its source. All other keys stand below, under What was assumed.".into(),
            grid,
        })
    }
}

/// Whether a key says how AI goes on: those of `[ai]`, and of `[regions.ID.ai]`.
fn is_of_ai(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    matches!(parts[..], ["ai", ..] | ["regions", _, "ai", ..])
}

/// A probability with its interval below it.
fn probability(row: ReadRow<'_>) -> Cell {
    let percent = |column: &str| {
        let value = row.number(column);
        value.map_or_else(|| MISSING.to_owned(), |value| number(100.0 * value, 1))
    };
    Cell {
        small: row
            .number("low")
            .map(|_| format!("{} – {}", percent("low"), percent("high"))),
        note: Some(format!("of {} replicas", row.text("replicas"))),
        ..Cell::from(percent("value"))
    }
}

/// A column of a table of levels.
struct Column {
    metric: String,
    question: &'static str,
    title: String,
    factor: f64,
    decimals: usize,
}

/// A mean, and below it how far it is from the scenario as it is.
fn against_base(row: ReadRow<'_>, factor: f64, decimals: usize) -> Cell {
    let value = row.number("value");
    let text = value.map_or_else(
        || MISSING.to_owned(),
        |value| number(factor * value, decimals),
    );
    let difference = row.number("difference").map(|difference| {
        let error = row
            .number("difference_se")
            .map_or_else(String::new, |error| {
                format!(" ± {}", number(factor * error, decimals))
            });
        format!("{}{error}", signed(factor * difference, decimals))
    });
    Cell {
        small: difference,
        ..Cell::from(text)
    }
}
