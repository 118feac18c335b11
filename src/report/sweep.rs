//! The page of a sweep: a metric over the axes, where it crosses a value, which axes matter, under which conditions.

use super::ReportError;
use super::again::files_of;
use super::figure::{Exhibit, Figure, Surface, SurfaceAxis, SurfaceMetric};
use super::grid::{Cell, Grid, MISSING, signed};
use super::page::{Card, Heat, Page, Section, render};
use super::parameters::parameters;

use crate::output::sweep::{PointTable, Series as Readings, Status, SweepMetadata};
use crate::scenario::{RandomNumbers, Scenario};
use crate::sweep::{
    BoxOptions, Positions, Reading, Row, Sensitivity, conditions, crossings, sensitivity,
};
use crate::units::{number, significant};

/// Metrics of which it is said which axes matter.
const JUDGED: usize = 8;

/// What a sweep's page is made of.
pub struct SweepReport<'a> {
    /// The scenario at which all points begin.
    pub scenario: &'a Scenario,
    /// What was swept.
    pub metadata: &'a SweepMetadata,
    /// Where the points lie.
    pub points: &'a PointTable,
    /// Metrics on their dates, the first one shown first.
    pub series: &'a [Readings],
    /// Quantities that the tables have besides.
    pub left_out: usize,
    /// Value of the first metric that is looked for, in the unit of the tables; the middle of its range without.
    pub value: Option<f64>,
}

/// The page of a sweep.
///
/// # Errors
/// See [`ReportError`].
pub fn sweep_page(report: &SweepReport<'_>) -> Result<String, ReportError> {
    render(&report.page())
}

impl SweepReport<'_> {
    fn axes(&self) -> Vec<&str> {
        let axes = &self.metadata.plan.axes;
        axes.iter().map(|axis| axis.name.as_str()).collect()
    }

    /// Value of the first metric that is looked for, in the unit of the tables.
    fn value(&self) -> Option<f64> {
        if self.value.is_some() {
            return self.value;
        }
        let means = self.series.first()?.rows.iter().flatten().map(|row| row.1);
        let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        // In the middle of its range, with two digits.
        (low < high).then(|| {
            format!("{:.1e}", f64::midpoint(low, high))
                .parse()
                .unwrap_or(low)
        })
    }

    fn page(&self) -> Page {
        let plan = &self.metadata.plan;
        let surface = self.surface();
        Page {
            title: format!("{}: a sweep", self.scenario.name),
            kind: "sweep",
            question: self.scenario.description.clone(),
            facts: format!(
                "{} points over {}, {} replicas each, seed {}{}",
                number(f64::from(self.metadata.points), 0),
                self.axes().join(", "),
                plan.replicas,
                plan.seed,
                match plan.random_numbers {
                    RandomNumbers::Common => "; all points meet the same luck",
                    RandomNumbers::Independent => "; each point has its own luck",
                }
            ),
            headline: self.headline(),
            warnings: self.warnings(),
            cards: self.sensitivity_card().into_iter().chain(self.condition_card()).collect(),
            map: None,
            marks: Vec::new(),
            sections: vec![Section {
                id: "surface",
                title: "Over the axes".into(),
                lead: "Means over the replicas of each point. The line is where the metric crosses the value.".into(),
                exhibits: vec![Exhibit {
                    id: "surface".into(),
                    title: "A metric over the axes".into(),
                    caption: if self.left_out > 0 {
                        format!(
                            "{} more quantities are in results.csv: hashdrift report FOLDER --metric LEVEL/NAME/METRIC puts others here.",
                            self.left_out
                        )
                    } else {
                        String::new()
                    },
                    figure: Figure::Surface(surface),
                }],
                heats: self.crossing_table().into_iter().collect(),
            }],
            parameters: parameters(&plan.scenario),
            provenance: self.provenance(),
            commands: vec![
                "hashdrift reproduce .   # in the folder of this page: computes it again and compares the digests".into(),
            ],
            files: files_of(&self.metadata.tables),
        }
    }

    fn surface(&self) -> Surface {
        let axes = self.axes().into_iter().zip(&self.points.positions);
        let metrics: Vec<SurfaceMetric> = self.series.iter().map(SurfaceMetric::of).collect();
        Surface {
            axes: axes
                .map(|(name, positions)| SurfaceAxis::of(name, positions))
                .collect(),
            value: self.value().unwrap_or(0.0) * self.factor(),
            metrics,
        }
    }

    /// By which the first metric is multiplied to be shown.
    fn factor(&self) -> f64 {
        let share = self
            .series
            .first()
            .is_some_and(|series| series.column.unit == "share");
        if share { 100.0 } else { 1.0 }
    }

    fn shown(&self, value: f64) -> String {
        let unit = if self.factor() > 1.0 { " %" } else { "" };
        format!("{}{unit}", trimmed(value * self.factor()))
    }

    fn headline(&self) -> Vec<String> {
        let Some(first) = self.series.first() else {
            return vec!["No point has a result.".into()];
        };
        // A point at which most replicas have no value tells of the few that have one.
        let rows = first.rows.iter().enumerate();
        let mut told: Vec<(usize, Row)> = rows
            .filter_map(|(point, row)| Some((point, (*row)?)))
            .filter(|(point, row)| 2 * row.0 >= self.points.replicas[*point] as usize)
            .collect();
        told.sort_by(|one, other| one.1.1.total_cmp(&other.1.1));
        let at = |(point, row): &(usize, Row)| {
            let places = self.axes().into_iter().zip(&self.points.positions);
            let places = places.map(|(name, positions)| {
                let number = positions.number(*point).map(trimmed);
                let level = number.unwrap_or_else(|| positions.label(*point).to_string());
                format!("{name} = {level}")
            });
            let places: Vec<String> = places.collect();
            let error = row.standard_error().map_or_else(String::new, |error| {
                format!(" (se {})", self.rounded(error))
            });
            format!("{}{error} at {}", self.rounded(row.1), places.join(", "))
        };
        let mut lines = Vec::new();
        if let [lowest, .., highest] = told.as_slice() {
            lines.push(format!(
                "{} on {}: from {} to {}.",
                self.name_of(first),
                first.date,
                at(lowest),
                at(highest)
            ));
        }
        if let Ok(found) = self.sensitivity(first)
            && let Some(best) = found
                .effects
                .iter()
                .max_by(|a, b| a.share.total_cmp(&b.share))
        {
            let percent = |share: f64| number(100.0 * share, 0);
            let interval = best.interval.map_or_else(String::new, |(low, high)| {
                format!(" (90 % interval: {} to {})", percent(low), percent(high))
            });
            lines.push(format!(
                "{} explains {} % of its variance over the points{interval}.",
                self.names(&best.axes),
                percent(best.share)
            ));
        }
        lines
    }

    /// A value of the first metric as a sentence has it.
    fn rounded(&self, value: f64) -> String {
        if self.factor() > 1.0 {
            format!("{} %", number(100.0 * value, 1))
        } else {
            trimmed(value)
        }
    }

    /// A quantity for people.
    fn name_of(&self, series: &Readings) -> String {
        let column = &series.column;
        let metric = column.metric.replace('_', " ");
        let region = self
            .scenario
            .regions
            .iter()
            .find(|region| region.id == column.name);
        match region {
            Some(region) if column.level == "region" => format!("{}, {metric}", region.name),
            _ if column.name == "all" => format!("{}, {metric}", column.level),
            _ => column.to_string(),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let failed: Vec<usize> = (0..self.points.status.len())
            .filter(|point| matches!(self.points.status[*point], Status::Failed(_)))
            .collect();
        let mut warnings = Vec::new();
        if !failed.is_empty() {
            warnings.push(format!(
                "{} of {} points could not be run; parameters.csv says why.",
                failed.len(),
                self.metadata.points
            ));
        }
        if self.metadata.missing > 0 {
            warnings.push(format!(
                "{} of {} points are missing.",
                self.metadata.missing, self.metadata.points
            ));
        }
        let replicas = |point: usize| self.points.replicas[point] as usize;
        let in_part = self.series.first().map_or(0, |first| {
            let rows = first.rows.iter().enumerate();
            let in_part = |(point, row): &(usize, &Option<Row>)| {
                row.map_or(0, |row| row.0) < replicas(*point)
            };
            rows.filter(in_part).count()
        });
        if in_part > 0 {
            warnings.push(format!(
                "At {in_part} points the first metric has no value in some of the replicas, as a share has none where nothing runs; means are over the others, and cells of few replicas are pale."
            ));
        }
        warnings
    }

    fn names(&self, axes: &[usize]) -> String {
        let all = self.axes();
        let names: Vec<&str> = axes.iter().map(|axis| all[*axis]).collect();
        names.join(" + ")
    }

    fn sensitivity(&self, series: &Readings) -> Result<Sensitivity, crate::sweep::SweepError> {
        sensitivity(&self.metadata.plan, &self.points.positions, &series.rows)
    }

    /// Which axes matter to each of the first metrics.
    fn sensitivity_card(&self) -> Option<Card> {
        let mut grid = Grid::new([
            "metric",
            "date",
            "axis",
            "% of the variance",
            "90 % interval",
            "rank correlation",
        ]);
        for series in self.series.iter().take(JUDGED) {
            let Ok(found) = self.sensitivity(series) else {
                continue;
            };
            let mut effects: Vec<_> = found.effects.iter().collect();
            effects.sort_by(|a, b| b.share.total_cmp(&a.share));
            for (index, effect) in effects.into_iter().enumerate() {
                let first = |text: &str| {
                    if index == 0 {
                        Cell::from(text)
                    } else {
                        Cell::from("")
                    }
                };
                let percent = |share: f64| number(100.0 * share, 0);
                let interval = effect.interval.map_or_else(
                    || MISSING.into(),
                    |(low, high)| format!("{} – {}", percent(low), percent(high)),
                );
                grid.row([
                    first(&series.column.to_string()),
                    first(&series.date),
                    self.names(&effect.axes).into(),
                    Cell {
                        part: Some(effect.share.clamp(0.0, 1.0)),
                        ..Cell::from(percent(effect.share))
                    },
                    interval.into(),
                    effect
                        .rank_correlation
                        .map_or_else(|| MISSING.into(), |correlation| signed(correlation, 2))
                        .into(),
                ]);
            }
        }
        (!grid.rows.is_empty()).then(|| Card {
            id: "card-sensitivity",
            title: "Which axes matter".into(),
            grid,
            note: "First-order share: the part of the variance of the mean over the points that an axis explains by itself. Rank correlation: whether the metric rises with the axis.".into(),
            wide: true,
        })
    }

    /// Under which conditions the first metric is on the rarer side of the value.
    fn condition_card(&self) -> Option<Card> {
        let (first, value) = (self.series.first()?, self.value()?);
        let means: Vec<Option<f64>> = first.rows.iter().map(|row| row.map(|row| row.1)).collect();
        let known = means.iter().flatten().count();
        let below = means.iter().flatten().filter(|mean| **mean < value).count();
        let rare_below = 2 * below <= known;
        let is_case = |mean: f64| {
            if rare_below {
                mean < value
            } else {
                mean > value
            }
        };
        let interest: Vec<Option<bool>> = means.iter().map(|mean| mean.map(is_case)).collect();
        let found = conditions(&self.points.positions, &interest, &BoxOptions::default());
        let side = if rare_below { "below" } else { "above" };
        let mut grid = Grid::new([
            "box",
            "axis",
            "in the box",
            "points",
            "of interest",
            "of all that are",
        ]);
        for (number_of_box, one) in found.boxes.iter().enumerate() {
            for (index, restriction) in one.restrictions.iter().enumerate() {
                let first = |text: String| {
                    if index == 0 {
                        Cell::from(text)
                    } else {
                        Cell::from("")
                    }
                };
                grid.row([
                    first((number_of_box + 1).to_string()),
                    self.axes()[restriction.axis].into(),
                    restriction
                        .limits
                        .told(&self.points.positions[restriction.axis])
                        .into(),
                    first(one.points.to_string()),
                    first(format!("{} %", number(100.0 * one.density, 0))),
                    first(format!("{} %", number(100.0 * one.coverage, 0))),
                ]);
            }
        }
        (!grid.rows.is_empty()).then(|| Card {
            id: "card-conditions",
            title: format!("Where {} is {side} {} on {}", first.column, self.shown(value), first.date),
            grid,
            note: format!(
                "Boxes on the axes, found by patient rule induction, that hold the {} of {} points at which it is. Of interest: their part of the points in a box (density); of all that are: how many of them a box holds (coverage).",
                found.cases, found.points
            ),
            wide: true,
        })
    }

    /// Where the first metric crosses the value along the first axis of numbers, at every combination of the others.
    fn crossing_table(&self) -> Option<Heat> {
        const MOST: usize = 60;
        let (first, value) = (self.series.first()?, self.value()?);
        let positions = &self.points.positions;
        if positions
            .iter()
            .any(|axis| matches!(axis, Positions::Drawn(_)))
        {
            return None;
        }
        let along = positions.iter().position(Positions::is_numeric)?;
        let others: Vec<usize> = (0..positions.len()).filter(|axis| *axis != along).collect();
        let mut groups: Vec<(Vec<String>, Vec<Reading>)> = Vec::new();
        for (point, row) in first.rows.iter().enumerate() {
            let (Some(row), Some(level)) = (row, positions[along].number(point)) else {
                continue;
            };
            let at: Vec<String> = others
                .iter()
                .map(|axis| positions[*axis].label(point).to_string())
                .collect();
            let reading = Reading {
                level,
                mean: row.1,
                error: row.standard_error(),
            };
            match groups.iter_mut().find(|(known, _)| *known == at) {
                Some((_, readings)) => readings.push(reading),
                None => groups.push((at, vec![reading])),
            }
        }
        let names = self.axes();
        let mut grid = Grid::default();
        grid.head
            .extend(others.iter().map(|axis| names[*axis].to_owned()));
        grid.head.extend([
            format!("{} at which it crosses", names[along]),
            "se".into(),
            "between".into(),
            "and".into(),
        ]);
        let mut more = 0;
        for (at, mut readings) in groups {
            readings.sort_by(|one, other| one.level.total_cmp(&other.level));
            for crossing in crossings(&readings, value) {
                if grid.rows.len() >= MOST {
                    more += 1;
                    continue;
                }
                let mut row: Vec<Cell> = at.iter().map(|text| Cell::from(text.as_str())).collect();
                row.push(trimmed(crossing.level).into());
                row.push(
                    crossing
                        .error
                        .map_or_else(|| MISSING.into(), significant)
                        .into(),
                );
                row.push(trimmed(crossing.between.0).into());
                row.push(trimmed(crossing.between.1).into());
                grid.rows.push(row);
            }
        }
        let rest = if more > 0 {
            format!(" {more} more are told by hashdrift sweep crossing.")
        } else {
            String::new()
        };
        (!grid.rows.is_empty()).then(|| Heat {
            total: false,
            id: "crossings",
            title: format!(
                "Where {} crosses {} on {}",
                first.column,
                self.shown(value),
                first.date
            ),
            caption: format!("On the straight line between two levels that were computed.{rest}"),
            grid,
        })
    }

    fn provenance(&self) -> Vec<(String, String)> {
        let metadata = self.metadata;
        let commit = metadata
            .commit
            .clone()
            .map_or_else(String::new, |commit| format!(", commit {commit}"));
        let plan = &metadata.plan;
        let mut rows = vec![
            (
                "program",
                format!("{} {}{commit}", metadata.program, plan.version),
            ),
            ("model version", plan.model_version.to_string()),
            ("scenario", plan.scenario.file.clone()),
            ("digest of the scenario (SHA-256)", plan.scenario.digest()),
            ("digest of the plan (SHA-256)", metadata.plan_sha256.clone()),
            ("seed", plan.seed.to_string()),
        ];
        if !plan.scenario.overrides.is_empty() {
            rows.insert(3, ("changes", plan.scenario.overrides.join("; ")));
        }
        rows.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// A number with four digits that count, without zeros at its end.
fn trimmed(value: f64) -> String {
    let text = significant(value);
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::trimmed;

    #[test]
    fn zeros_at_the_end_are_left_out_and_no_others() {
        let told = [46.0, 71.706, 0.0, 1200.0, 12.5, 1e-9].map(trimmed);
        assert_eq!(told, ["46", "71.71", "0", "1,200", "12.5", "1.000e-9"]);
    }
}
