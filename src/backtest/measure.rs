//! Measuring simulated networks as the real one was measured.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::ChaCha8Rng;
use rayon::prelude::*;

use crate::engine::{Model, Observer};
use crate::ensemble::{EnsembleError, Progress, one_by_one};
use crate::random::{Purpose, Streams, gamma, normal, seek_day};
use crate::record::{Day, running_efficiency};
use crate::scenario::{
    ErrorModel, Feature, Measure, Metric, Observed, Scenario, Series, hash_rate_of,
};
use crate::world::fleet::Fleets;

/// What was measured of simulated networks.
#[derive(Debug, Clone)]
pub struct Measurements {
    /// By measured quantity (the points of all series, then the features, in their order): one value for each replica; NaN where it is
    /// not defined.
    pub members: Vec<Vec<f64>>,
    /// Mean efficiency on the first day, J/TH, over the replicas: what a forecaster at the start knew.
    pub first_efficiency: f64,
}

/// Runs all replicas and measures each.
///
/// # Errors
/// If a history could not be run, or on being asked to stop.
pub fn simulate(
    scenario: &Scenario,
    observed: &Observed,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Measurements, EnsembleError> {
    let model = Model::new(scenario);
    let plan = Plan::new(scenario, observed);
    let replicas: Vec<(Vec<f64>, f64)> = one_by_one(0..scenario.replicas)
        .map(|replica| {
            if stop.load(Ordering::Relaxed) {
                return Err(EnsembleError::Interrupted);
            }
            let mut watch = Watch::new(&plan, scenario);
            let mut records = vec![0.0; model.record_len()];
            model.run_replica(u64::from(replica), &mut records, &mut watch)?;
            progress.replica_done();
            let streams = Streams::new(scenario.seed, u64::from(replica));
            Ok((watch.measure(observed, streams), watch.efficiency[0]))
        })
        .collect::<Vec<Result<_, EnsembleError>>>()
        // The lowest that failed is told, at any number of threads.
        .into_iter()
        .collect::<Result<_, EnsembleError>>()?;
    let quantities = replicas.first().map_or(0, |(values, _)| values.len());
    let members =
        (0..quantities).map(|index| replicas.iter().map(|(values, _)| values[index]).collect());
    let first = replicas.iter().map(|(_, efficiency)| efficiency);
    Ok(Measurements {
        members: members.collect(),
        first_efficiency: first.sum::<f64>() / replicas.len() as f64,
    })
}

/// Which days need what takes time to look at.
struct Plan {
    efficiency: Vec<bool>,
}

impl Plan {
    fn new(scenario: &Scenario, observed: &Observed) -> Self {
        let mut efficiency = vec![false; scenario.days as usize];
        efficiency[0] = true;
        let series = observed.series.iter();
        for series in series.filter(|series| series.metric == Metric::Efficiency) {
            for point in &series.points {
                efficiency[days_to(point.day, series.average_days)].fill(true);
            }
        }
        Self { efficiency }
    }
}

/// What is kept of one history, by day.
struct Watch<'p> {
    plan: &'p Plan,
    regions: usize,
    /// Work of the day's blocks.
    work: Vec<f64>,
    difficulty: Vec<f64>,
    /// Mean efficiency of what ran, where the plan asks for it.
    efficiency: Vec<f64>,
    /// Running hash rate by day and region.
    running: Vec<f64>,
}

impl<'p> Watch<'p> {
    fn new(plan: &'p Plan, scenario: &Scenario) -> Self {
        let days = scenario.days as usize;
        let regions = scenario.regions.len();
        Self {
            plan,
            regions,
            work: Vec::with_capacity(days),
            difficulty: Vec::with_capacity(days),
            efficiency: Vec::with_capacity(days),
            running: Vec::with_capacity(days * regions),
        }
    }
}

impl Observer for Watch<'_> {
    const REVIEWS: bool = false;

    fn day(&mut self, today: &Day<'_>, fleets: &Fleets, _: u64) {
        self.work.push(today.work);
        self.difficulty.push(today.difficulty);
        self.running.extend_from_slice(today.running);
        let asked = self.plan.efficiency[today.day as usize];
        let efficiency = asked.then(|| running_efficiency(today, fleets)).flatten();
        self.efficiency.push(efficiency.unwrap_or(f64::NAN));
    }
}

impl Watch<'_> {
    /// The measurements of this history, in the order of [`Measurements::members`].
    fn measure(&self, observed: &Observed, streams: Streams) -> Vec<f64> {
        let mut values = Vec::new();
        for (index, series) in observed.series.iter().enumerate() {
            let mut stream = streams.open(Purpose::Measurement, index as u64);
            self.measure_series(series, &mut stream, &mut values);
        }
        for (index, feature) in observed.features.iter().enumerate() {
            let entity = FEATURES + index as u64;
            let z = normal(&mut streams.open(Purpose::Measurement, entity));
            let (first, last) = feature.window;
            let path: Vec<f64> = (first..=last)
                .map(|day| self.mean_to(feature, day))
                .collect();
            let value = read_off(feature.measure, &path) + feature.sd * z;
            // No share is seen below 0; what is undefined stays so.
            let below = feature.metric == Metric::Share && value < 0.0;
            values.push(if below { 0.0 } else { value });
        }
        values
    }

    fn measure_series(&self, series: &Series, stream: &mut ChaCha8Rng, values: &mut Vec<f64>) {
        for today in series.by_day() {
            let day = today[0].day;
            seek_day(stream, day);
            if series.metric == Metric::Share {
                let shares = self.shares(day, series.average_days, &series.misplaced);
                let parts = today.iter().map(|point| sum_of(&shares, &point.regions));
                values.extend(estimated_shares(
                    &parts.collect::<Vec<_>>(),
                    series.error,
                    stream,
                ));
                continue;
            }
            for _ in today {
                let value = self.mean_of(series.metric, day, series.average_days);
                values.push(match series.error {
                    ErrorModel::LogNormal { sd } => value * libm::exp(sd * normal(stream)),
                    _ => value,
                });
            }
        }
    }

    /// Mean of a quantity of the network over the days that end on `day`.
    fn mean_of(&self, metric: Metric, day: u32, average_days: u32) -> f64 {
        let days = days_to(day, average_days);
        let count = days.clone().count() as f64;
        match metric {
            Metric::HashRate => hash_rate_of(self.work[days].iter().sum::<f64>() / count),
            Metric::Difficulty => self.difficulty[days].iter().sum::<f64>() / count,
            Metric::Efficiency => self.efficiency[days].iter().sum::<f64>() / count,
            Metric::Share => f64::NAN,
        }
    }

    /// The same for what a feature is read off.
    fn mean_to(&self, feature: &Feature, day: u32) -> f64 {
        if feature.metric == Metric::Share {
            sum_of(
                &self.shares(day, feature.average_days, &[]),
                &feature.regions,
            )
        } else {
            self.mean_of(feature.metric, day, feature.average_days)
        }
    }

    /// Shares of the regions in the hash rate of the days that end on `day`, as an observer books them.
    fn shares(&self, day: u32, average_days: u32, misplaced: &[(usize, usize, f64)]) -> Vec<f64> {
        let (first, last) = days_to(day, average_days).into_inner();
        let days = first * self.regions..(last + 1) * self.regions;
        let mut hash = vec![0.0; self.regions];
        for row in self.running[days].chunks_exact(self.regions) {
            for (sum, running) in hash.iter_mut().zip(row) {
                *sum += running;
            }
        }
        let total: f64 = hash.iter().sum();
        let shares: Vec<f64> = hash.iter().map(|hash| hash / total).collect();
        booked(&shares, misplaced)
    }
}

/// The days that end on `day` of which a value is the mean: fewer where the run has just begun.
pub fn days_to(day: u32, average_days: u32) -> RangeInclusive<usize> {
    (day + 1).saturating_sub(average_days) as usize..=day as usize
}

/// Standard normal quantile of a band that holds nine tenths.
const NINE_TENTHS: f64 = 1.645;

/// Ends of the 90 % error of a value of a series that was seen; they are one where it has no error.
#[must_use]
pub fn error_bar(series: &Series, seen: f64) -> (f64, f64) {
    if let ErrorModel::Dirichlet { concentration } = series.error {
        let sd = (seen * (1.0 - seen) / (concentration + 1.0)).sqrt();
        return ((seen - NINE_TENTHS * sd).max(0.0), seen + NINE_TENTHS * sd);
    }
    let factor = libm::exp(NINE_TENTHS * series.log_sd());
    (seen / factor, seen * factor)
}

/// The same of a feature.
pub fn error_bar_of_feature(feature: &Feature, seen: f64) -> (f64, f64) {
    let reach = NINE_TENTHS * feature.sd;
    let low = seen - reach;
    // No share is seen below 0.
    let low = if feature.metric == Metric::Share {
        low.max(0.0)
    } else {
        low
    };
    (low, seen + reach)
}

/// Streams of features come behind those of series.
const FEATURES: u64 = 1 << 32;

/// Shares as an observer books them who takes parts of some regions for others.
pub fn booked(shares: &[f64], misplaced: &[(usize, usize, f64)]) -> Vec<f64> {
    let mut booked = shares.to_vec();
    for (from, to, part) in misplaced {
        let elsewhere = shares[*from] * part;
        booked[*from] -= elsewhere;
        booked[*to] += elsewhere;
    }
    booked
}

/// Sum over some regions.
pub fn sum_of(shares: &[f64], regions: &[usize]) -> f64 {
    regions.iter().map(|region| shares[*region]).sum()
}

/// Shares with the error of their estimates. `parts` need not add up to 1: what is left was not measured.
pub fn estimated_shares(parts: &[f64], error: ErrorModel, stream: &mut ChaCha8Rng) -> Vec<f64> {
    /// A share below it is none to the law.
    const NOTHING: f64 = 1e-9;
    /// Far more words of a stream than one draw takes.
    const WORDS_PER_PART: u128 = 1 << 12;
    let ErrorModel::Dirichlet { concentration } = error else {
        return parts.to_vec();
    };
    let rest = (1.0 - parts.iter().sum::<f64>()).max(0.0);
    let begin = stream.get_word_pos();
    let drawn: Vec<f64> = parts
        .iter()
        .chain([&rest])
        .zip(0_u128..)
        .map(|(part, number)| {
            // Each has draws of its own: how many it needs moves no other.
            stream.set_word_pos(begin + number * WORDS_PER_PART);
            // What is undefined stays so.
            if part.is_nan() || *part < NOTHING {
                part * 0.0
            } else {
                gamma(stream, concentration * part)
            }
        })
        .collect();
    let total: f64 = drawn.iter().sum();
    drawn[..parts.len()].iter().map(|one| one / total).collect()
}

/// Reads a feature off a path of one value a day.
#[must_use]
pub fn read_off(measure: Measure, path: &[f64]) -> f64 {
    let last = path.len() - 1;
    if path.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let (mut peak, mut deepest) = (0, (0.0, 0, 0));
    for (day, value) in path.iter().enumerate() {
        if *value > path[peak] {
            peak = day;
        }
        let fall = 1.0 - value / path[peak];
        if fall > deepest.0 {
            deepest = (fall, peak, day);
        }
    }
    let (fall, peak, trough) = deepest;
    match measure {
        Measure::LargestFall => fall,
        Measure::TroughDay => trough as f64,
        Measure::RecoveryDays => {
            let exceeded = (trough..=last).find(|day| path[*day] > path[peak]);
            (exceeded.unwrap_or(last) - peak) as f64
        }
        Measure::Level => path[last],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_its_deepest_fall_its_trough_and_its_recovery() {
        let path = [10.0, 8.0, 12.0, 9.0, 6.0, 7.0, 12.0, 12.5, 11.0];
        assert_eq!(read_off(Measure::LargestFall, &path), 0.5);
        assert_eq!(read_off(Measure::TroughDay, &path), 4.0);
        assert_eq!(read_off(Measure::RecoveryDays, &path), 5.0);
        assert_eq!(read_off(Measure::Level, &path), 11.0);
        // What has not recovered by the end has taken that long at least.
        assert_eq!(read_off(Measure::RecoveryDays, &path[..7]), 4.0);
        let rising = [1.0, 2.0, 3.0];
        assert_eq!(read_off(Measure::LargestFall, &rising), 0.0);
        assert_eq!(read_off(Measure::RecoveryDays, &rising), 1.0);
    }

    #[test]
    fn what_is_booked_elsewhere_is_missing_where_it_is() {
        let found = booked(&[0.6, 0.3, 0.1], &[(0, 2, 0.1)]);
        for (found, expected) in found.iter().zip([0.54, 0.3, 0.16]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    /// Dirichlet: mean `s`, variance `s (1 - s) / (concentration + 1)`. Over 20,000 draws the mean of a share of .3 at concentration 100
    /// has a standard error of 3.2e-4, its variance one of 1 %: four of each are allowed.
    #[test]
    fn estimates_of_shares_have_the_mean_and_the_variance_of_the_dirichlet_law() {
        let mut stream = Streams::new(1, 0).open(Purpose::Measurement, 0);
        let error = ErrorModel::Dirichlet {
            concentration: 100.0,
        };
        let draws: Vec<f64> = (0..20_000)
            .map(|_| estimated_shares(&[0.3, 0.5], error, &mut stream)[0])
            .collect();
        let moments = crate::statistics::mean_and_sd(&draws).unwrap();
        assert!((moments.mean - 0.3).abs() < 4.0 * 3.2e-4);
        let variance = moments.sd.unwrap() * moments.sd.unwrap();
        assert!((variance / (0.3 * 0.7 / 101.0) - 1.0).abs() < 0.04);
        let exact = estimated_shares(&[0.3, 0.5], ErrorModel::None, &mut stream);
        assert_eq!(exact, [0.3, 0.5]);
    }
}
