//! Scores of measured values under simulated ones, and what they come to over many.

use super::measure::{Measurements, error_bar, error_bar_of_feature, read_off};
use super::reference::{Forecasts, forecasts};
use crate::scenario::{Feature, Measure, Metric, Observed, Point, Scenario, mean_of_days};
use crate::statistics::scores::{brier, covers, fair_crps, fair_energy_score, pit, skill};
use crate::statistics::{PROBABILITIES, mean_and_sd, quantile_of_sorted};

/// A measured value and its scores.
#[derive(Debug, Clone)]
pub struct Row {
    /// What kind of thing it is.
    pub kind: RowKind,
    /// `share`, `hash-rate`, `difficulty`, `efficiency`, or the name of a feature.
    pub metric: String,
    /// Region, regions, or `all`.
    pub name: String,
    /// First day of what it is the mean of.
    pub first: u32,
    /// Its day; for a feature the first day of its window.
    pub day: u32,
    /// The last day that it looks at.
    pub until: u32,
    /// What was seen.
    pub observed: f64,
    /// Ends of its 90 % error: see [`super::error_bar`].
    pub observed_band: (f64, f64),
    /// Replicas in which it is defined.
    pub replicas: usize,
    /// Mean over the replicas, errors of measurement included.
    pub mean: f64,
    /// At [`PROBABILITIES`].
    pub quantiles: [f64; 5],
    /// Whether the middle half, and the middle nine tenths, of the replicas hold what was seen.
    pub bands: Bands,
    /// Part of the replicas below what was seen.
    pub pit: f64,
    /// Fair continuous ranked probability score, in the space of [`space_of`].
    pub crps: f64,
    /// The same of the forecasts to beat.
    pub persistence: Option<f64>,
    /// Of the random walk.
    pub random_walk: Option<f64>,
    /// Of the free-entry barrier.
    pub barrier: Option<f64>,
    /// For a feature with an event.
    pub event: Option<EventScore>,
}

/// The score of an event: that a feature is at least something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventScore {
    /// At least what.
    pub at_least: f64,
    /// Part of the replicas in which it happens.
    pub probability: f64,
    /// Whether it happened.
    pub happened: bool,
    /// The Brier score.
    pub brier: f64,
}

/// What kind of thing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A point of the series with this number, of this metric.
    Point(usize, Metric),
    /// Read off a whole path: of what, and what.
    Feature(Metric, Measure),
}

impl RowKind {
    /// Unit of its values: that of the metric, `share` of a fall, or `days`.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Feature(_, Measure::TroughDay | Measure::RecoveryDays) => "days",
            Self::Feature(_, Measure::LargestFall) => "share",
            Self::Point(_, metric) | Self::Feature(metric, Measure::Level) => metric.unit(),
        }
    }
}

/// Whether what was seen lies inside the bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bands {
    /// The middle half.
    pub half: bool,
    /// The middle nine tenths.
    pub nine_tenths: bool,
}

/// Scores of one metric over the dates up to a horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The metric; `share-vector` for the energy score of all shares of a date.
    pub metric: String,
    /// Days after the start; `None`: all.
    pub horizon: Option<u32>,
    /// Values behind it.
    pub values: usize,
    /// Mean score.
    pub score: f64,
    /// Its standard error over replicas: of drawing only so many, not of having only one history.
    pub standard_error: Option<f64>,
    /// 1 less the ratio to the score of the forecast to beat.
    pub skill_persistence: Option<f64>,
    /// The same against the random walk.
    pub skill_random_walk: Option<f64>,
    /// The same against the free-entry barrier.
    pub skill_barrier: Option<f64>,
    /// Parts of the values inside the middle half and nine tenths of the replicas.
    pub covered_half: Option<f64>,
    /// The same for nine tenths.
    pub covered_nine_tenths: Option<f64>,
}

/// All scores of a backtest.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Each value.
    pub rows: Vec<Row>,
    /// Taken together.
    pub blocks: Vec<Block>,
}

/// The space in which a metric is scored: logs of what is positive and grows, shares as they are.
#[must_use]
pub fn space_of(metric: Metric) -> fn(f64) -> f64 {
    /// A network that has gone dark counts as one of this size: its log is a number, and far off.
    const DARK: f64 = 1e-9;
    match metric {
        Metric::Share => |value| value,
        _ => |value| libm::log(value.max(DARK)),
    }
}

/// Groups of replicas that are left out in turn for standard errors.
const GROUPS: usize = 10;

/// Scores every measured value, and takes them together.
#[must_use]
pub fn scores(scenario: &Scenario, observed: &Observed, measured: &Measurements) -> Scores {
    let forecasts = forecasts(scenario, observed, measured.first_efficiency);
    let mut rows = Vec::new();
    let points = observed
        .series
        .iter()
        .enumerate()
        .flat_map(|(index, series)| {
            series
                .points
                .iter()
                .map(move |point| (index, series, point))
        });
    for (((index, series, point), members), forecast) in
        points.zip(&measured.members).zip(&forecasts)
    {
        let space = space_of(series.metric);
        let kind = RowKind::Point(index, series.metric);
        let mut row = row(kind, members, point.value, space);
        row.metric = series.metric.name().into();
        row.name.clone_from(&point.name);
        (row.day, row.until) = (point.day, point.day);
        row.first = (point.day + 1).saturating_sub(series.average_days);
        row.observed_band = error_bar(series, point.value);
        let seen = space(point.value);
        let single = |value: f64| (space(value) - seen).abs();
        row.persistence = forecast.persistence.map(single);
        row.barrier = forecast.barrier.map(single);
        row.random_walk = (!forecast.random_walk.is_empty()).then(|| {
            let walk: Vec<f64> = forecast
                .random_walk
                .iter()
                .map(|value| space(*value))
                .collect();
            fair_crps(&walk, seen)
        });
        rows.push(row);
    }
    for (feature, members) in observed
        .features
        .iter()
        .zip(&measured.members[rows.len()..])
    {
        rows.push(feature_row(observed, feature, members));
    }
    let blocks = blocks(observed, measured, &forecasts, &rows);
    Scores { rows, blocks }
}

/// Fair continuous ranked probability score of each point of the series, as [`Row::crps`]; NaN where it is defined in no replica.
#[must_use]
pub fn point_scores(observed: &Observed, measured: &Measurements) -> Vec<f64> {
    let points = observed.series.iter().flat_map(|series| {
        let point = |point: &Point| (series.metric, point.value);
        series.points.iter().map(point).collect::<Vec<_>>()
    });
    points
        .zip(&measured.members)
        .map(|((metric, seen), members)| score_of(members, seen, space_of(metric)))
        .collect()
}

/// NaN where the value is defined in no replica.
fn score_of(members: &[f64], seen: f64, space: fn(f64) -> f64) -> f64 {
    let scored: Vec<f64> = defined(members).map(space).collect();
    if scored.is_empty() {
        f64::NAN
    } else {
        fair_crps(&scored, space(seen))
    }
}

fn defined(members: &[f64]) -> impl Iterator<Item = f64> + '_ {
    members.iter().copied().filter(|member| member.is_finite())
}

/// A value against the replicas, without what only points or features have.
fn row(kind: RowKind, members: &[f64], seen: f64, space: fn(f64) -> f64) -> Row {
    let mut sorted: Vec<f64> = defined(members).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let nothing = sorted.is_empty();
    Row {
        kind,
        metric: String::new(),
        name: "all".into(),
        first: 0,
        day: 0,
        until: 0,
        observed: seen,
        observed_band: (seen, seen),
        replicas: sorted.len(),
        mean: mean_and_sd(&sorted).map_or(f64::NAN, |moments| moments.mean),
        quantiles: PROBABILITIES.map(|probability| {
            if nothing {
                f64::NAN
            } else {
                quantile_of_sorted(&sorted, probability)
            }
        }),
        bands: Bands {
            half: !nothing && covers(&sorted, seen, 0.5),
            nine_tenths: !nothing && covers(&sorted, seen, 0.9),
        },
        pit: if nothing {
            f64::NAN
        } else {
            pit(&sorted, seen)
        },
        crps: score_of(members, seen, space),
        persistence: None,
        random_walk: None,
        barrier: None,
        event: None,
    }
}

fn feature_row(observed: &Observed, feature: &Feature, members: &[f64]) -> Row {
    let seen = feature
        .value
        .unwrap_or_else(|| read_off_days(observed, feature));
    let mut row = row(
        RowKind::Feature(feature.metric, feature.measure),
        members,
        seen,
        |value| value,
    );
    row.metric.clone_from(&feature.name);
    (row.day, row.until) = feature.window;
    row.first = (row.day + 1).saturating_sub(feature.average_days);
    row.observed_band = error_bar_of_feature(feature, seen);
    let event = feature.at_least.filter(|_| row.replicas > 0);
    row.event = event.map(|at_least| {
        let count = defined(members).filter(|value| *value >= at_least).count();
        let probability = count as f64 / row.replicas as f64;
        let happened = seen >= at_least;
        EventScore {
            at_least,
            probability,
            happened,
            brier: brier(probability, happened),
        }
    });
    row
}

/// A feature of the measured days.
fn read_off_days(observed: &Observed, feature: &Feature) -> f64 {
    let (first, last) = feature.window;
    let mean_to = |day| {
        let mean = mean_of_days(&observed.daily, feature.metric, feature.average_days, day);
        // Scenarios whose days are not all there have been refused.
        mean.unwrap_or(f64::NAN)
    };
    let path: Vec<f64> = (first..=last).map(mean_to).collect();
    read_off(feature.measure, &path)
}

fn blocks(
    observed: &Observed,
    measured: &Measurements,
    forecasts: &[Forecasts],
    rows: &[Row],
) -> Vec<Block> {
    let horizons = std::iter::once(None).chain(observed.horizons.iter().copied().map(Some));
    let mut blocks = Vec::new();
    for horizon in horizons {
        let until = horizon.unwrap_or(u32::MAX);
        for metric in [
            Metric::HashRate,
            Metric::Difficulty,
            Metric::Share,
            Metric::Efficiency,
        ] {
            let chosen: Vec<usize> = (0..rows.len())
                .filter(|index| {
                    let of_metric =
                        matches!(rows[*index].kind, RowKind::Point(_, other) if other == metric);
                    of_metric && rows[*index].day <= until && rows[*index].replicas > 0
                })
                .collect();
            if chosen.is_empty() {
                continue;
            }
            blocks.push(block(metric, horizon, &chosen, measured, rows));
            if metric == Metric::Share {
                blocks.extend(vector_block(horizon, measured, forecasts, rows));
            }
        }
    }
    blocks
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

fn block(
    metric: Metric,
    horizon: Option<u32>,
    chosen: &[usize],
    measured: &Measurements,
    rows: &[Row],
) -> Block {
    let space = space_of(metric);
    let count = chosen.len() as f64;
    let score = mean_of(chosen.iter().map(|index| rows[*index].crps)).unwrap_or(f64::NAN);
    // Only over values that the forecast has as well.
    let against = |other: fn(&Row) -> Option<f64>| {
        let both = || {
            chosen
                .iter()
                .filter_map(|index| Some((rows[*index].crps, other(&rows[*index])?)))
        };
        let own = mean_of(both().map(|(own, _)| own))?;
        skill(own, mean_of(both().map(|(_, other)| other))?)
    };
    let part = |inside: fn(&Bands) -> bool| {
        let inside = chosen
            .iter()
            .filter(|index| inside(&rows[**index].bands))
            .count();
        Some(inside as f64 / count)
    };
    let without = |group: usize| {
        let scores = chosen.iter().map(|index| {
            let members = measured.members[*index].iter().enumerate();
            let kept =
                members.filter(|(replica, value)| replica % GROUPS != group && value.is_finite());
            let kept: Vec<f64> = kept.map(|(_, value)| space(*value)).collect();
            if kept.is_empty() {
                f64::NAN
            } else {
                fair_crps(&kept, space(rows[*index].observed))
            }
        });
        mean_of(scores).unwrap_or(f64::NAN)
    };
    let replicas = measured.members[chosen[0]].len();
    Block {
        metric: metric.name().into(),
        horizon,
        values: chosen.len(),
        score,
        standard_error: jackknife(replicas, without),
        skill_persistence: against(|row| row.persistence),
        skill_random_walk: against(|row| row.random_walk),
        skill_barrier: against(|row| row.barrier),
        covered_half: part(|bands| bands.half),
        covered_nine_tenths: part(|bands| bands.nine_tenths),
    }
}

/// Standard error of a statistic of all replicas, from its values without each tenth of them; `None` for fewer than two in a group.
///
/// # Source
/// Efron (1982), *The Jackknife, the Bootstrap and Other Resampling Plans*: the delete-a-group jackknife.
fn jackknife(replicas: usize, without: impl Fn(usize) -> f64) -> Option<f64> {
    if replicas < 2 * GROUPS {
        return None;
    }
    let values: Vec<f64> = (0..GROUPS).map(without).collect();
    let groups = GROUPS as f64;
    let mean = values.iter().sum::<f64>() / groups;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    Some(((groups - 1.0) / groups * squares).sqrt())
}

/// Energy score of the shares measured together, over the dates up to a horizon.
fn vector_block(
    horizon: Option<u32>,
    measured: &Measurements,
    forecasts: &[Forecasts],
    rows: &[Row],
) -> Option<Block> {
    let until = horizon.unwrap_or(u32::MAX);
    let mut dates: Vec<Vec<usize>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let RowKind::Point(series, Metric::Share) = row.kind else {
            continue;
        };
        if row.day > until || row.replicas == 0 {
            continue;
        }
        let same = |date: &Vec<usize>| {
            let other = &rows[date[0]];
            other.day == row.day
                && matches!(other.kind, RowKind::Point(number, _) if number == series)
        };
        match dates.last_mut().filter(|date| same(date)) {
            Some(date) => date.push(index),
            None => dates.push(vec![index]),
        }
    }
    // One share alone is no vector.
    dates.retain(|date| date.len() > 1);
    if dates.is_empty() {
        return None;
    }
    let transposed = |columns: Vec<&[f64]>, skip: Option<usize>| -> Vec<Vec<f64>> {
        let members = columns.first().map_or(0, |column| column.len());
        let kept = (0..members).filter(|member| skip.is_none_or(|group| member % GROUPS != group));
        kept.map(|member| {
            columns
                .iter()
                .map(|column| column[member])
                .collect::<Vec<f64>>()
        })
        .filter(|member| member.iter().all(|value| value.is_finite()))
        .collect()
    };
    let seen = |date: &Vec<usize>| -> Vec<f64> {
        date.iter().map(|index| rows[*index].observed).collect()
    };
    let own = |skip: Option<usize>| {
        let scores = dates.iter().map(|date| {
            let columns = date.iter().map(|index| measured.members[*index].as_slice());
            let members = transposed(columns.collect(), skip);
            if members.is_empty() {
                return f64::NAN;
            }
            fair_energy_score(&members, &seen(date))
        });
        mean_of(scores).unwrap_or(f64::NAN)
    };
    let walk = mean_of(dates.iter().map(|date| {
        let columns = date
            .iter()
            .map(|index| forecasts[*index].random_walk.as_slice());
        fair_energy_score(&transposed(columns.collect(), None), &seen(date))
    }));
    let kept = mean_of(dates.iter().map(|date| {
        let kept: Option<Vec<f64>> = date
            .iter()
            .map(|index| forecasts[*index].persistence)
            .collect();
        kept.map_or(f64::NAN, |kept| fair_energy_score(&[kept], &seen(date)))
    }));
    let score = own(None);
    let replicas = measured.members[dates[0][0]].len();
    Some(Block {
        metric: "share-vector".into(),
        horizon,
        values: dates.len(),
        score,
        standard_error: jackknife(replicas, |group| own(Some(group))),
        skill_persistence: kept.and_then(|kept| skill(score, kept)),
        skill_random_walk: walk.and_then(|walk| skill(score, walk)),
        skill_barrier: None,
        covered_half: None,
        covered_nine_tenths: None,
    })
}
