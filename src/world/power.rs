//! Power prices by region: a base (trend or tariff, season) times a mean-reverting log-normal noise.

use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, Streams, normal};
use crate::scenario::{Power, Scenario};
use crate::units::DAYS_PER_YEAR;

/// The base price never falls below this part of itself, whatever season and load do.
const FLOOR: f64 = 0.1;

/// What is known of the power prices before any draw, shared by all histories.
#[derive(Debug, Clone)]
pub struct PowerPlan {
    regions: usize,
    /// Expected spot price by day and region, USD/MWh.
    expected: Vec<f64>,
    /// `exp(-v/2)` by day and region, which keeps the mean of the noise at 1.
    mean_correction: Vec<f64>,
    /// Mean base price from each day over the miners' horizon, by day and region, USD/MWh.
    planned: Vec<f64>,
    /// By region: decay of the noise in a day, its innovation's standard deviation.
    noise: Vec<(f64, f64)>,
    factor: Vec<Vec<f64>>,
    /// Identity of each region's random stream: from its id, so that other regions leave it alone.
    stream: Vec<u64>,
}

impl PowerPlan {
    /// Prepares the power prices of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let regions = scenario.regions.len();
        let days = scenario.days as usize;
        // Horizons end in whole days, at least one.
        let horizon = ((scenario.moving.horizon_years * DAYS_PER_YEAR) as usize).max(1);
        let mut plan = Self {
            regions,
            expected: vec![0.0; days * regions],
            mean_correction: vec![0.0; days * regions],
            planned: vec![0.0; days * regions],
            noise: Vec::with_capacity(regions),
            factor: scenario.power_correlation_factor.clone(),
            stream: Vec::with_capacity(regions),
        };
        for (r, region) in scenario.regions.iter().enumerate() {
            let power = &region.power;
            plan.noise.push(noise_of(power));
            plan.stream.push(crate::random::entity_of_name(&region.id));
            let mut sum = 0.0;
            let cumulated: Vec<f64> = std::iter::once(0.0)
                .chain((0..days + horizon).map(|day| {
                    // At most 36,525 days and a horizon of 100 years.
                    sum += power.base_on(day as i32);
                    sum
                }))
                .collect();
            for day in 0..days {
                let base = power.base_on(day as i32);
                let season = power.season.map_or(1.0, |(amplitude, peak)| {
                    // At most 36,525 days.
                    let day_of_year = f64::from(scenario.date(day as u32).day_of_year());
                    let angle = std::f64::consts::TAU * (day_of_year - peak) / DAYS_PER_YEAR;
                    1.0 + amplitude * libm::cos(angle)
                });
                let (years, horizon_days) = ((day as f64 + 1.0) / DAYS_PER_YEAR, horizon as f64);
                let at = day * regions + r;
                plan.expected[at] = (base * season).max(FLOOR * base);
                plan.mean_correction[at] = libm::exp(-0.5 * variance(power, years));
                plan.planned[at] = (cumulated[day + horizon] - cumulated[day]) / horizon_days;
            }
        }
        plan
    }

    /// Expected spot price of a region on a day, USD/MWh.
    #[must_use]
    pub fn expected(&self, day: u32, region: usize) -> f64 {
        self.expected[day as usize * self.regions + region]
    }

    /// Mean base price over the horizon that begins on a day, announced steps included, USD/MWh.
    #[must_use]
    pub fn planned(&self, day: u32, region: usize) -> f64 {
        self.planned[day as usize * self.regions + region]
    }
}

/// Factor by which the log noise decays in a day, and the standard deviation of its innovation.
fn noise_of(power: &Power) -> (f64, f64) {
    let day = 1.0 / DAYS_PER_YEAR;
    (
        libm::exp(-power.reversion_per_year * day),
        variance(power, day).sqrt(),
    )
}

/// Variance of the log noise `years` after it was 0.
fn variance(power: &Power, years: f64) -> f64 {
    let squared = power.volatility * power.volatility;
    let reversion = power.reversion_per_year;
    if reversion * years < 1e-8 {
        squared * years
    } else {
        squared * -libm::expm1(-2.0 * reversion * years) / (2.0 * reversion)
    }
}

/// Power prices of one history.
pub struct PowerPrices<'p> {
    plan: &'p PowerPlan,
    log_noise: Vec<f64>,
    innovation: Vec<f64>,
    streams: Vec<ChaCha8Rng>,
    /// Spot price by region today, USD/MWh.
    pub spot: Vec<f64>,
    /// Spot over expected price by region today.
    pub ratio: Vec<f64>,
}

impl<'p> PowerPrices<'p> {
    /// The eve: no noise.
    #[must_use]
    pub fn new(plan: &'p PowerPlan, streams: Streams) -> Self {
        Self {
            plan,
            log_noise: vec![0.0; plan.regions],
            innovation: vec![0.0; plan.regions],
            streams: plan
                .stream
                .iter()
                .map(|entity| streams.open(Purpose::PowerPrice, *entity))
                .collect(),
            spot: vec![0.0; plan.regions],
            ratio: vec![1.0; plan.regions],
        }
    }

    /// Prices of `day`; days have to be asked for in order, from 0.
    pub fn step(&mut self, day: u32) {
        for (innovation, stream) in self.innovation.iter_mut().zip(&mut self.streams) {
            *innovation = normal(stream);
        }
        for r in 0..self.plan.regions {
            let at = day as usize * self.plan.regions + r;
            let (decay, sd) = self.plan.noise[r];
            if sd > 0.0 {
                let mut correlated = 0.0;
                for (weight, innovation) in self.plan.factor[r].iter().zip(&self.innovation) {
                    correlated += weight * innovation;
                }
                self.log_noise[r] = self.log_noise[r] * decay + sd * correlated;
                // The bound only keeps products finite in absurd scenarios.
                let noise = self.log_noise[r].clamp(-200.0, 200.0);
                self.ratio[r] = libm::exp(noise) * self.plan.mean_correction[at];
            }
            self.spot[r] = self.plan.expected[at] * self.ratio[r];
        }
    }
}
