//! Forecasts without a model of mining: what a model has to beat.

use super::measure::{booked, sum_of};
use crate::protocol::{TARGET_BLOCKS_PER_DAY, subsidy_btc};
use crate::random::{Purpose, Streams, normal, seek_day};
use crate::scenario::{Metric, Observed, Scenario, Series};
use crate::units::{DAYS_PER_YEAR, PETAHASH_PER_EXAHASH};

/// Paths of the random walk.
const PATHS: usize = 1000;

/// Forecasts of one measured value, in its unit.
#[derive(Debug, Clone, Default)]
pub struct Forecasts {
    /// Everything stays as it was at the start.
    pub persistence: Option<f64>,
    /// Logs of hash rate go on with the drift and volatility of before the start, log-ratios of shares without drift; the volatility is that of
    /// what was measured, errors included. Empty where there is no such forecast.
    pub random_walk: Vec<f64>,
    /// Hash rate follows the running maximum of revenue times technology (Prat & Walter).
    pub barrier: Option<f64>,
}

/// Forecasts of the points of all series, in their order. `first_efficiency` is that of the first day, J/TH.
pub fn forecasts(
    scenario: &Scenario,
    observed: &Observed,
    first_efficiency: f64,
) -> Vec<Forecasts> {
    let mut all = Vec::new();
    let barrier = Barrier::new(scenario, observed);
    for (index, series) in observed.series.iter().enumerate() {
        if series.metric == Metric::Share {
            forecast_shares(scenario, observed, index, series, &mut all);
            continue;
        }
        let mut stream = Streams::new(scenario.seed, 0).open(Purpose::Reference, index as u64);
        for point in &series.points {
            let years = f64::from(point.day) / DAYS_PER_YEAR;
            let now = match series.metric {
                Metric::HashRate => scenario.bitcoin.network_hash.get() / PETAHASH_PER_EXAHASH,
                Metric::Difficulty => scenario.bitcoin.difficulty,
                _ => first_efficiency,
            };
            let walks = matches!(series.metric, Metric::HashRate | Metric::Difficulty);
            let reference = &observed.reference;
            // It is measured as the model is.
            let luck = series.log_sd();
            seek_day(&mut stream, point.day);
            let mut walk = || {
                let moved = reference.hash_volatility * years.sqrt() * normal(&mut stream);
                let error = luck * normal(&mut stream);
                now * libm::exp(reference.hash_drift_per_year * years + moved + error)
            };
            all.push(Forecasts {
                persistence: Some(now),
                random_walk: if walks {
                    (0..PATHS).map(|_| walk()).collect()
                } else {
                    Vec::new()
                },
                barrier: (series.metric == Metric::HashRate)
                    .then(|| {
                        barrier
                            .as_ref()
                            .map(|barrier| now * barrier.rise(point.day))
                    })
                    .flatten(),
            });
        }
    }
    all
}

fn forecast_shares(
    scenario: &Scenario,
    observed: &Observed,
    index: usize,
    series: &Series,
    all: &mut Vec<Forecasts>,
) {
    let start: Vec<f64> = scenario
        .regions
        .iter()
        .map(|region| region.share.get())
        .collect();
    let kept = booked(&start, &series.misplaced);
    let mut stream = Streams::new(scenario.seed, 0).open(Purpose::Reference, index as u64);
    for today in series.by_day() {
        let day = today[0].day;
        let years = f64::from(day) / DAYS_PER_YEAR;
        let sd = observed.reference.share_volatility * years.sqrt();
        let mut walks = vec![Vec::with_capacity(PATHS); today.len()];
        seek_day(&mut stream, day);
        for _ in 0..PATHS {
            let moved: Vec<f64> = start
                .iter()
                .map(|share| share * libm::exp(sd * normal(&mut stream)))
                .collect();
            let total: f64 = moved.iter().sum();
            let shares: Vec<f64> = moved.iter().map(|moved| moved / total).collect();
            let shares = booked(&shares, &series.misplaced);
            let parts: Vec<f64> = today
                .iter()
                .map(|point| sum_of(&shares, &point.regions))
                .collect();
            for (walk, share) in walks.iter_mut().zip(parts) {
                walk.push(share);
            }
        }
        all.extend(
            today
                .iter()
                .zip(walks)
                .map(|(point, random_walk)| Forecasts {
                    persistence: Some(sum_of(&kept, &point.regions)),
                    random_walk,
                    barrier: None,
                }),
        );
    }
}

/// Free entry with reflection at a barrier: nobody scraps, machines are bought whenever what a unit of hash rate earns reaches what
/// a new one costs, and that cost falls with technology. So hash rate is the running maximum of revenue times technology.
///
/// With revenue `R` in USD a day, technology `A` (hash rate for a unit of money) and the barrier `R / Q = c / A`:
/// `Q(t) = Q(0) max(1, max over s in (0, t] of R(s) A(s) / M)`, `M` the maximum of `R A` up to the start, where the barrier is taken to have
/// been reached. Lags and the cost of power are left out, as in the paper's benchmark.
///
/// # Source
/// Prat & Walter (2021), *An Equilibrium Model of the Market for Bitcoin Mining*, Journal of Political Economy 129.
struct Barrier {
    /// Running maximum after the start over that before it, by day.
    rise: Vec<f64>,
}

impl Barrier {
    /// `None` without a price series.
    fn new(scenario: &Scenario, observed: &Observed) -> Option<Self> {
        let history = &observed.price_history;
        let (first, _) = history.first()?;
        let from = (*first as i32).min(0);
        let revenue = |day: i32| -> Option<f64> {
            let price = price_on(history, f64::from(day))?;
            let blocks = f64::from(day) * TARGET_BLOCKS_PER_DAY;
            let height = scenario.bitcoin.height.saturating_add_signed(blocks as i64);
            let technology =
                observed.reference.technology_per_year * f64::from(day) / DAYS_PER_YEAR;
            Some(price * subsidy_btc(height) * libm::exp(technology))
        };
        let before = (from..=0).filter_map(revenue).fold(0.0, f64::max);
        let mut most: f64 = 1.0;
        let rise = (0..scenario.days.cast_signed())
            .map(|day| {
                let now = revenue(day)? / before;
                most = most.max(now);
                Some(most)
            })
            .collect::<Option<Vec<f64>>>()?;
        (before > 0.0).then_some(Self { rise })
    }

    fn rise(&self, day: u32) -> f64 {
        self.rise[day as usize]
    }
}

/// Price on a day, linear in its log between the days of a series.
fn price_on(history: &[(f64, f64)], day: f64) -> Option<f64> {
    let after = history.partition_point(|(other, _)| *other < day);
    let (right, price) = *history.get(after)?;
    if right == day {
        return Some(price);
    }
    let (left, before) = *history.get(after.checked_sub(1)?)?;
    let weight = (day - left) / (right - left);
    Some(before * libm::exp(weight * libm::log(price / before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_between_two_days_is_their_geometric_mean() {
        let history = [(0.0, 100.0), (10.0, 400.0)];
        assert!((price_on(&history, 5.0).unwrap() - 200.0).abs() < 1e-9);
        assert_eq!(price_on(&history, 10.0), Some(400.0));
        assert_eq!(price_on(&history, 11.0), None);
        assert_eq!(price_on(&history, -1.0), None);
    }
}
