//! The short answer of a sweep: along one axis, a line for each level; otherwise where each metric is lowest and highest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use hashdrift::output::OutputError;
use hashdrift::output::sweep::{PlanFile, results};
use hashdrift::sweep::{Column, Done, Plan, Points};
use hashdrift::units::number;
use serde_json::{Value, json};

use super::super::text_table::{new_table, tidy};

/// Most points that are listed one by one.
const MOST_LINES: u32 = 60;
/// Most metrics of the table with a line for each point.
const MOST_COLUMNS: usize = 6;
/// Most metrics otherwise.
const MOST_METRICS: usize = 24;

/// Metrics that are shown where none were asked for, as level and metric; those of regions, for each.
const USUAL: [(&str, &str); 6] = [
    ("region", "hhi_10000"),
    ("region", "nakamoto_half"),
    ("region", "share"),
    ("network", "hash_rate"),
    ("network", "hashprice"),
    ("firm", "hhi_10000"),
];

/// A mean with its standard error, at a point.
#[derive(Debug, Clone, Copy)]
struct Mean {
    point: u32,
    value: f64,
    error: Option<f64>,
    /// Whether it is not defined in every replica.
    in_part: bool,
}

/// A metric over all points.
#[derive(Debug)]
struct Shown {
    column: Column,
    lowest: Mean,
    highest: Mean,
    /// By point, where points are listed.
    means: BTreeMap<u32, Mean>,
}

/// The answer.
#[derive(Debug)]
pub struct Answer {
    date: String,
    shown: Vec<Shown>,
    /// Points that are listed.
    listed: Vec<u32>,
}

impl Answer {
    /// Reads it off the shards of a sweep, all of which are there.
    pub fn of(folder: &Path, file: &PlanFile) -> Result<Self, OutputError> {
        let plan = &file.plan;
        let list = plan.axes.len() == 1 && plan.points <= MOST_LINES;
        let mut answer = Self {
            date: String::new(),
            shown: Vec::new(),
            listed: Vec::new(),
        };
        for shard in 0..file.shards {
            for result in results(folder, file, shard)? {
                let result = result?;
                if let Ok(done) = &result.outcome {
                    answer.take(plan, result.point, done, list);
                }
            }
        }
        if plan.metrics.is_empty() {
            let place = |shown: &Shown| {
                let column = &shown.column;
                USUAL
                    .iter()
                    .position(|usual| *usual == (column.level.as_str(), column.metric.as_str()))
            };
            answer.shown.sort_by_key(place);
        }
        Ok(answer)
    }

    fn take(&mut self, plan: &Plan, point: u32, done: &Done, list: bool) {
        let Some((_, date)) = done.dates.last() else {
            return;
        };
        self.date.clone_from(date);
        if list {
            self.listed.push(point);
        }
        let last = done.rows.len() - done.columns.len();
        for (column, row) in done.columns.iter().zip(&done.rows[last..]) {
            let usual = USUAL.contains(&(column.level.as_str(), column.metric.as_str()));
            let Some(row) = row.filter(|_| usual || !plan.metrics.is_empty()) else {
                continue;
            };
            let mean = Mean {
                point,
                value: row.1,
                error: row.standard_error(),
                in_part: row.0 < done.replicas as usize,
            };
            let index = self.shown.iter().position(|shown| shown.column == *column);
            let shown = match index {
                Some(index) => &mut self.shown[index],
                None if self.shown.len() == MOST_METRICS => continue,
                None => {
                    self.shown.push(Shown {
                        column: column.clone(),
                        lowest: mean,
                        highest: mean,
                        means: BTreeMap::new(),
                    });
                    let last = self.shown.len() - 1;
                    &mut self.shown[last]
                }
            };
            if mean.value < shown.lowest.value {
                shown.lowest = mean;
            }
            if mean.value > shown.highest.value {
                shown.highest = mean;
            }
            if list {
                shown.means.insert(point, mean);
            }
        }
    }

    /// For people.
    pub fn text(&self, plan: &Plan) -> String {
        let points = Points::new(plan);
        let mut text = String::new();
        let replicas = if plan.until.is_some() {
            "as many replicas as it takes".to_owned()
        } else {
            format!("{} replicas each", number(f64::from(plan.replicas), 0))
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} points, {replicas}, seed {}; means on {} with standard errors\n",
            number(f64::from(plan.points), 0),
            plan.seed,
            self.date
        );
        if self.listed.is_empty() {
            let mut table = new_table(
                &["metric", "lowest", "se", "at", "highest", "se", "at"],
                &[1, 2, 4, 5],
            );
            let at = |mean: &Mean| {
                let labels = points.at(mean.point).labels;
                let labels: Vec<String> = labels.iter().map(ToString::to_string).collect();
                format!("{} (point {})", labels.join(", "), mean.point)
            };
            for shown in &self.shown {
                let decimals = decimals(shown);
                table.add_row([
                    shown.column.to_string(),
                    shown_mean(&shown.lowest, decimals),
                    error(&shown.lowest, decimals),
                    at(&shown.lowest),
                    shown_mean(&shown.highest, decimals),
                    error(&shown.highest, decimals),
                    at(&shown.highest),
                ]);
            }
            let names: Vec<&str> = plan.axes.iter().map(|axis| axis.name.as_str()).collect();
            let _ = writeln!(text, "{}\n\nat: {}", tidy(&table), names.join(", "));
            text.push_str(self.footnote());
            return text;
        }
        let shown: Vec<&Shown> = self.shown.iter().take(MOST_COLUMNS).collect();
        let mut header = vec![plan.axes[0].name.clone()];
        for shown in &shown {
            let Column {
                level,
                name,
                metric,
                unit,
            } = &shown.column;
            header.push(format!("{level}/{name}\n{metric}\n{unit}"));
            header.push("\nse".into());
        }
        let titles: Vec<&str> = header.iter().map(String::as_str).collect();
        let right: Vec<usize> = (1..titles.len()).collect();
        let mut table = new_table(&titles, &right);
        for point in &self.listed {
            let mut row = vec![points.at(*point).labels[0].to_string()];
            for shown in &shown {
                let decimals = decimals(shown);
                match shown.means.get(point) {
                    Some(mean) => {
                        row.push(shown_mean(mean, decimals));
                        row.push(error(mean, decimals));
                    }
                    None => row.extend(["–".to_owned(), String::new()]),
                }
            }
            table.add_row(row);
        }
        let _ = writeln!(text, "{}", tidy(&table));
        text.push_str(self.footnote());
        text
    }

    fn footnote(&self) -> &'static str {
        let mut means = self.shown.iter().flat_map(|shown| {
            let listed = shown.means.values();
            listed.chain([&shown.lowest, &shown.highest])
        });
        if means.any(|mean| mean.in_part) {
            "\n* not defined in every replica: where nothing runs, there are no shares\n"
        } else {
            ""
        }
    }

    /// For machines.
    pub fn json(&self) -> Value {
        let mean =
            |mean: &Mean| json!({ "point": mean.point, "mean": mean.value, "se": mean.error });
        let shown = self.shown.iter().map(|shown| {
            json!({
                "level": shown.column.level, "name": shown.column.name, "metric": shown.column.metric,
                "unit": shown.column.unit, "lowest": mean(&shown.lowest), "highest": mean(&shown.highest),
            })
        });
        json!({ "date": self.date, "metrics": shown.collect::<Vec<_>>() })
    }
}

fn shown_mean(mean: &Mean, decimals: usize) -> String {
    let star = if mean.in_part { "*" } else { "" };
    format!("{}{star}", number(mean.value, decimals))
}

fn error(mean: &Mean, decimals: usize) -> String {
    mean.error
        .map_or_else(|| "–".to_owned(), |error| number(error, decimals + 1))
}

/// Digits behind the point: enough to see a thousandth of the largest value.
fn decimals(shown: &Shown) -> usize {
    let largest = shown.highest.value.abs().max(shown.lowest.value.abs());
    match largest {
        l if l >= 1000.0 => 0,
        l if l >= 100.0 => 1,
        l if l >= 10.0 => 2,
        l if l >= 1.0 => 3,
        _ => 4,
    }
}
