//! Rules for what was measured, and for parameters that are drawn.

use super::super::adjust::DRAWABLE;
use super::super::observed::{DailyBlocks, Feature, Metric, Observed, Point, Series, mean_of_days};
use super::super::problem::{Problem, did_you_mean, list, printable};
use super::super::raw::{RawError, RawFactor, RawFeature, RawPrice, RawScenario, RawSeries};
use super::super::series::{
    ReadInput, Row, dated_prices, dated_rows, days_between, in_order_of_time,
};
use super::super::uncertain::{Factor, Law, Uncertain};
use super::super::{AdjustError, Scenario, Source};
use super::mechanisms::known;
use super::{Findings, read_series};

pub fn check_observed(
    raw: &RawScenario,
    found: &mut Findings<'_, '_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
) -> Option<Observed> {
    let observed = raw.observed.as_ref()?;
    let daily = match &observed.daily {
        None => Vec::new(),
        Some(file) => read_series("observed.daily", file, found, source, inputs, |text| {
            daily_blocks(raw, file, text)
        })?,
    };
    let mut horizons = observed.horizons_days.clone();
    horizons.sort_unstable();
    horizons.dedup();
    let mut series = Vec::new();
    for (index, one) in observed.series.iter().enumerate() {
        let key = format!("observed.series.{index}");
        series.extend(check_series(raw, &key, one, &daily, found, source, inputs));
    }
    let mut features = Vec::new();
    for (index, feature) in observed.features.iter().enumerate() {
        let key = format!("observed.features.{index}");
        features.extend(check_feature(raw, &key, feature, &daily, found));
    }
    let price_history = match &raw.bitcoin.price {
        RawPrice::Path { file } | RawPrice::Bootstrap { file, .. } => {
            let text = source.inputs.iter().find(|(name, _)| name == file);
            text.map_or(Vec::new(), |(_, text)| {
                dated_prices(file, text, raw.start.0)
            })
        }
        _ => Vec::new(),
    };
    Some(Observed {
        daily,
        horizons,
        reference: observed.reference,
        series,
        features,
        price_history,
    })
}

/// Days from the start of the run, whatever a file says beyond it.
fn daily_blocks(
    raw: &RawScenario,
    file: &str,
    text: &str,
) -> Result<Vec<DailyBlocks>, Vec<Problem>> {
    let rows = dated_rows(file, text, &["blocks", "difficulty"])?;
    in_order_of_time(file, &rows)?;
    let mut problems = Vec::new();
    let mut days = Vec::new();
    for row in &rows {
        let blocks = row.number(0, |blocks| (0.0..=1e6).contains(&blocks));
        let difficulty = row.number(1, |difficulty| (1.0..=1e24).contains(&difficulty));
        match (blocks, difficulty) {
            (Some(blocks), Some(difficulty)) => days.push(DailyBlocks {
                day: days_between(raw.start.0, row.date),
                blocks,
                difficulty,
            }),
            _ => problems.push(row.problem(
                file,
                format!(
                    "`{}` blocks at a difficulty of `{}`",
                    printable(&row.cells[0]),
                    printable(&row.cells[1])
                ),
                "write a count and a difficulty of at least 1",
            )),
        }
    }
    if problems.is_empty() {
        Ok(days)
    } else {
        Err(problems)
    }
}

fn check_series(
    raw: &RawScenario,
    key: &str,
    series: &RawSeries,
    daily: &[DailyBlocks],
    found: &mut Findings<'_, '_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
) -> Option<Series> {
    if matches!(series.error, RawError::Dirichlet { .. }) != (series.metric == Metric::Share) {
        found.add(
            &format!("{key}.error"),
            "shares have the error `dirichlet`, and nothing else has",
            "write error = { model = \"dirichlet\", concentration = 100.0 } for shares, another model for the rest",
        );
    }
    let all = match (&series.file, series.every_days) {
        (Some(file), None) => {
            let key = format!("{key}.file");
            read_series(&key, file, found, source, inputs, |text| {
                points(raw, series, file, text)
            })?
        }
        (None, Some(every)) if matches!(series.metric, Metric::HashRate | Metric::Difficulty) => {
            from_daily(raw, key, series, every, daily, found)?
        }
        _ => {
            found.add(
                key,
                "the values come from exactly one of `file` and `every_days`, the latter for hash rate and difficulty",
                "keep one of the two",
            );
            return None;
        }
    };
    let mut misplaced = Vec::new();
    for (index, booked) in series.misplaced.iter().enumerate() {
        let mut region = |which: &str, id: &str| {
            let key = format!("{key}.misplaced.{index}.{which}");
            known(&key, "region", id, raw.regions.keys(), found)
        };
        let (from, to) = (region("from", &booked.from), region("to", &booked.to));
        misplaced.push((from?, to?, booked.share));
    }
    let mask = |point: &Point| {
        let mut masks = series.masked.iter();
        masks.find(|mask| {
            let first = days_between(raw.start.0, mask.from.0);
            let last = days_between(raw.start.0, mask.until.0);
            (first..=last).contains(&(point.day.cast_signed()))
        })
    };
    let (mut scored, mut masked) = (Vec::new(), Vec::new());
    for point in all {
        match mask(&point) {
            Some(mask) => masked.push((point, mask.why.clone())),
            None => scored.push(point),
        }
    }
    if scored.is_empty() {
        found.add(
            key,
            format!(
                "no value lies inside the run, which goes from {} over {} days",
                raw.start.0, raw.days
            ),
            "give values of that time, or take the series out",
        );
    }
    Some(Series {
        metric: series.metric,
        average_days: series.average_days,
        error: series.error,
        misplaced,
        points: scored,
        masked,
    })
}

/// The values of a file that lie inside the run.
fn points(
    raw: &RawScenario,
    series: &RawSeries,
    file: &str,
    text: &str,
) -> Result<Vec<Point>, Vec<Problem>> {
    let of_regions = series.metric == Metric::Share;
    let columns: &[&str] = if of_regions {
        &["value", "region"]
    } else {
        &["value"]
    };
    let mut problems = Vec::new();
    let mut points: Vec<Point> = Vec::new();
    for row in dated_rows(file, text, columns)? {
        let highest = if of_regions { 1.0 } else { 1e24 };
        let in_range = |value: f64| (of_regions || value > 0.0) && (0.0..=highest).contains(&value);
        let Some(value) = row.number(0, in_range) else {
            problems.push(row.problem(
                file,
                format!("`{}` is no such value", printable(&row.cells[0])),
                if of_regions {
                    "write a part of 1, as in 0.375"
                } else {
                    "write a number above 0"
                },
            ));
            continue;
        };
        let regions = if of_regions {
            match regions_of(raw, file, &row) {
                Ok(regions) => regions,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            }
        } else {
            Vec::new()
        };
        let day = days_between(raw.start.0, row.date);
        if day < 0 || day.cast_unsigned() >= raw.days {
            continue;
        }
        let name = row.cells.get(1).map_or("all", String::as_str).to_owned();
        let day = day.cast_unsigned();
        if day + 1 < series.average_days {
            problems.push(row.problem(
                file,
                format!(
                    "{} is the end of {} days, of which some are before the run",
                    row.date, series.average_days
                ),
                "take the row out, or begin the run earlier",
            ));
            continue;
        }
        let twice = |other: &Point| {
            other.day == day
                && (!of_regions || other.regions.iter().any(|region| regions.contains(region)))
        };
        if points.iter().any(twice) {
            problems.push(row.problem(
                file,
                format!("`{}` is given twice for {}", printable(&name), row.date),
                "keep one of the two",
            ));
            continue;
        }
        points.push(Point {
            day,
            name,
            regions,
            value,
        });
    }
    // What was measured on one day stands together, in whatever order it is written.
    points.sort_by_key(|point| point.day);
    if problems.is_empty() {
        Ok(points)
    } else {
        Err(problems)
    }
}

/// The regions that a row names, joined by `+`.
fn regions_of(raw: &RawScenario, file: &str, row: &Row) -> Result<Vec<usize>, Problem> {
    let ids: Vec<&str> = row.cells[1].split('+').map(str::trim).collect();
    if let Some(twice) = (1..ids.len()).find(|index| ids[..*index].contains(&ids[*index])) {
        return Err(row.problem(
            file,
            format!("`{}` is named twice", printable(ids[twice])),
            "name each region once",
        ));
    }
    let indexes = row.cells[1].split('+').map(|id| {
        let id = id.trim();
        raw.regions.get_index_of(id).ok_or_else(|| {
            let ids: Vec<&str> = raw.regions.keys().map(String::as_str).collect();
            let next = did_you_mean(id, ids.iter().copied()).map_or_else(
                || format!("the regions are {}", list(&ids)),
                |near| format!("did you mean `{near}`?"),
            );
            row.problem(
                file,
                format!("there is no region `{}`", printable(id)),
                &next,
            )
        })
    });
    indexes.collect()
}

/// Dates every so many days from the start, with the values of the measured days.
fn from_daily(
    raw: &RawScenario,
    key: &str,
    series: &RawSeries,
    every: u32,
    daily: &[DailyBlocks],
    found: &mut Findings<'_, '_>,
) -> Option<Vec<Point>> {
    let mut points = Vec::new();
    let dates = (every..raw.days).step_by(every as usize);
    for day in dates.filter(|day| day + 1 >= series.average_days) {
        let Some(value) = mean_of_days(daily, series.metric, series.average_days, day) else {
            found.add(
                &format!("{key}.every_days"),
                format!("day {day} of the run is not in `observed.daily`"),
                "give its days there, or name a `file`",
            );
            return None;
        };
        points.push(Point {
            day,
            name: "all".into(),
            regions: Vec::new(),
            value,
        });
    }
    Some(points)
}

fn check_feature(
    raw: &RawScenario,
    key: &str,
    feature: &RawFeature,
    daily: &[DailyBlocks],
    found: &mut Findings<'_, '_>,
) -> Option<Feature> {
    found.name(&format!("{key}.name"), &feature.name);
    let day = |date| days_between(raw.start.0, date);
    let (first, last) = (day(feature.from.0), day(feature.until.0));
    let averaged = feature.average_days.cast_signed();
    if first < averaged - 1 || last <= first || last >= raw.days.cast_signed() {
        found.add(
            &format!("{key}.from"),
            format!(
                "{} to {} is no time inside the run, which goes from {} over {} days, with {averaged} days to average before it",
                feature.from.0, feature.until.0, raw.start.0, raw.days
            ),
            "choose days of the run",
        );
        return None;
    }
    let mut regions = Vec::new();
    match (&feature.region, feature.metric) {
        (Some(ids), Metric::Share) => {
            for id in ids.split('+') {
                let key = format!("{key}.region");
                regions.push(known(&key, "region", id.trim(), raw.regions.keys(), found)?);
            }
        }
        (None, Metric::HashRate | Metric::Difficulty) => {}
        _ => {
            found.add(
                key,
                "a feature is one of hash rate, of difficulty, or of the share of a `region`",
                "name the region of a share, and none for the rest",
            );
            return None;
        }
    }
    // The days of the window, and those before it that its first one averages.
    let needed = (first - averaged + 1)..=last;
    let complete = needed.clone().count();
    let there = daily.iter().filter(|row| needed.contains(&row.day)).count();
    if feature.value.is_none() && (feature.metric == Metric::Share || there < complete) {
        found.add(
            &format!("{key}.value"),
            "it is not given, and `observed.daily` does not have these days",
            "say what was observed",
        );
    }
    Some(Feature {
        name: feature.name.clone(),
        metric: feature.metric,
        regions,
        measure: feature.measure,
        average_days: feature.average_days,
        window: (first.cast_unsigned(), last.cast_unsigned()),
        value: feature.value,
        sd: feature.sd,
        at_least: feature.at_least,
    })
}

pub fn check_uncertain(
    raw: &RawScenario,
    found: &mut Findings<'_, '_>,
    source: &mut Source,
    inputs: &mut ReadInput<'_>,
) -> Option<Uncertain> {
    let uncertain = &raw.uncertain;
    let mut factors = Vec::new();
    for (index, factor) in uncertain.factors.iter().enumerate() {
        let key = format!("uncertain.factors.{index}");
        factors.push(check_factor(&key, factor, found));
    }
    let (drawn_keys, draws) = match &uncertain.draws {
        None => (Vec::new(), Vec::new()),
        Some(file) => read_series("uncertain.draws", file, found, source, inputs, |text| {
            draws_of(file, text)
        })?,
    };
    Some(Uncertain {
        factors,
        drawn_keys,
        draws,
    })
}

fn check_factor(key: &str, factor: &RawFactor, found: &mut Findings<'_, '_>) -> Factor {
    let (keys, law) = match factor {
        RawFactor::LogNormal { keys, sd } => (keys, Law::LogNormal(*sd)),
        RawFactor::Normal { keys, sd } => (keys, Law::Normal(*sd)),
        RawFactor::Uniform { keys, low, high } => (keys, Law::Uniform(*low, *high)),
        RawFactor::LogUniform { keys, low, high } => (keys, Law::LogUniform(*low, *high)),
    };
    if keys.is_empty() {
        found.add(&format!("{key}.keys"), "it moves no key", "name some");
    }
    if let Law::Uniform(low, high) | Law::LogUniform(low, high) = law
        && (low > high || (matches!(law, Law::LogUniform(..)) && low <= 0.0))
    {
        found.add(
            &format!("{key}.low"),
            format!("{low} to {high} is no range for this law"),
            "put the lower value first; in logs it is above 0",
        );
    }
    Factor {
        keys: keys.clone(),
        law,
    }
}

type Draws = (Vec<String>, Vec<Vec<f64>>);

/// Keys and rows of a file of draws.
fn draws_of(file: &str, text: &str) -> Result<Draws, Vec<Problem>> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let problem = |line: usize, rule: String, next: &str| {
        super::super::series::problem(file, line, rule, next)
    };
    let keys: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return Err(vec![problem(1, error.to_string(), "write CSV")]),
    };
    let mut problems = Vec::new();
    let mut draws = Vec::new();
    for record in reader.records() {
        let line = |position: Option<&csv::Position>| position.map_or(1, |p| p.line() as usize);
        match record {
            Ok(record) => {
                let numbers = record.iter().map(|cell| {
                    let number: Option<f64> = cell.parse().ok();
                    number.filter(|number| number.is_finite())
                });
                match numbers.collect::<Option<Vec<f64>>>() {
                    Some(row) => draws.push(row),
                    None => problems.push(problem(
                        line(record.position()),
                        "a cell is not a finite number".into(),
                        "write a number for every key",
                    )),
                }
            }
            Err(error) => {
                let line = line(error.position());
                problems.push(problem(line, error.to_string(), "mend this row"));
            }
        }
    }
    if problems.is_empty() && draws.is_empty() {
        problems.push(problem(1, "there are no draws".into(), "add some"));
    }
    if problems.is_empty() {
        Ok((keys, draws))
    } else {
        Err(problems)
    }
}

impl Findings<'_, '_> {
    /// Whether every key that is to be drawn is a number that can be, inside its range, and drawn once.
    pub fn can_be_drawn(&mut self, scenario: &Scenario) {
        let uncertain = &scenario.uncertain;
        if uncertain.is_empty() {
            return;
        }
        let mut scenario = scenario.clone();
        // Factors move a value, one after another; what replaces it can do so only once.
        let factors = uncertain.factors.iter().enumerate();
        let mut keys: Vec<(String, &String, bool)> = factors
            .flat_map(|(index, factor)| {
                let place = format!("uncertain.factors.{index}.keys");
                let replaces = !factor.law.moves();
                let keys = factor.keys.iter();
                keys.map(move |key| (place.clone(), key, replaces))
            })
            .collect();
        let drawn = uncertain.drawn_keys.iter();
        keys.extend(drawn.map(|key| ("uncertain.draws".to_owned(), key, true)));
        for (index, (place, key, replaces)) in keys.iter().enumerate() {
            let mut before = keys[..index].iter();
            if let Err(error) = scenario.number(key) {
                let next = did_you_mean(key, DRAWABLE).map_or_else(
                    || "docs/model.md lists the keys that can be drawn".to_owned(),
                    |near| {
                        format!(
                            "did you mean `{near}`? docs/model.md lists the keys that can be drawn"
                        )
                    },
                );
                self.add(place, error.to_string(), next);
            } else if !*replaces && scenario.number(key).is_ok_and(f64::is_infinite) {
                self.add(
                    place,
                    format!("`{}` is infinite, and cannot be moved", printable(key)),
                    "give it a finite value, or draw it by `uniform` or `log-uniform`",
                );
            } else if *replaces && before.any(|(_, other, too)| *too && other == key) {
                self.add(
                    place,
                    format!("the value of `{}` is drawn twice", printable(key)),
                    "keep one of the two; laws that move a value, `log-normal` and `normal`, may come on top",
                );
            }
        }
        for (column, key) in uncertain.drawn_keys.iter().enumerate() {
            let (low, high) = scenario.range_of(key);
            let mut values = uncertain.draws.iter().map(|row| row[column]);
            if let Some(value) = values.find(|value| !(low..=high).contains(value)) {
                let out = AdjustError::OutOfRange {
                    key: key.clone(),
                    value,
                    low,
                    high,
                };
                self.add("uncertain.draws", out.to_string(), "mend the file of draws");
            }
        }
    }
}
