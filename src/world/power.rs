//! Power prices by region: a base (trend or tariff, season, mining load) times a mean-reverting log-normal noise, spikes
//! and what events add.

use rand::rngs::ChaCha8Rng;

use crate::elementary::exp_each;
use crate::random::{Purpose, Streams, poisson, standard_normal_quantiles, uniform};
use crate::scenario::{Power, Scenario, Spikes};
use crate::units::{DAYS_PER_YEAR, seasonal_cosine};

use super::events::Conditions;

/// The base price never falls below this part of itself, whatever season and load do.
const FLOOR: f64 = 0.1;
/// Days over which the mining load that moves the price is averaged: else price and load chase each other daily.
const LOAD_DAYS: f64 = 30.0;

/// What is known of the power prices before any draw, shared by all histories.
#[derive(Debug, Clone)]
pub struct PowerPlan {
    regions: usize,
    /// Base price times season, and the least that it can become, by day and region, USD/MWh.
    seasonal: Vec<f64>,
    floor: Vec<f64>,
    /// `exp(-v/2)` by day and region, which keeps the mean of the noise at 1.
    mean_correction: Vec<f64>,
    /// Mean base price from each day over the miners' horizon, by day and region, USD/MWh.
    planned: Vec<f64>,
    /// By region: decay of the noise in a day, its innovation's standard deviation.
    noise: Vec<(f64, f64)>,
    factor: Vec<Vec<f64>>,
    slope: Vec<f64>,
    spikes: Vec<Option<Spikes>>,
    /// Identity of each region's random stream: from its id, so that other regions leave it alone.
    stream: Vec<u64>,
}

impl PowerPlan {
    /// Prepares the power prices of a scenario, from what [`Self::is_shared`] compares.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let regions = scenario.regions.len();
        let days = scenario.days as usize;
        // Horizons end in whole days, at least one.
        let horizon = ((scenario.moving.horizon_years * DAYS_PER_YEAR) as usize).max(1);
        let mut plan = Self {
            regions,
            seasonal: vec![0.0; days * regions],
            floor: vec![0.0; days * regions],
            mean_correction: vec![0.0; days * regions],
            planned: vec![0.0; days * regions],
            noise: Vec::with_capacity(regions),
            factor: scenario.power_correlation_factor.clone(),
            slope: scenario
                .regions
                .iter()
                .map(|r| r.power.slope_per_mw)
                .collect(),
            spikes: scenario.regions.iter().map(|r| r.power.spikes).collect(),
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
                    1.0 + amplitude * seasonal_cosine(scenario.day_of_year(day as u32), peak)
                });
                let (years, horizon_days) = ((day as f64 + 1.0) / DAYS_PER_YEAR, horizon as f64);
                let at = day * regions + r;
                plan.seasonal[at] = base * season;
                plan.floor[at] = FLOOR * base;
                plan.mean_correction[at] = libm::exp(-0.5 * variance(power, years));
                plan.planned[at] = (cumulated[day + horizon] - cumulated[day]) / horizon_days;
            }
        }
        plan
    }

    /// Whether two scenarios of one world have the same plan: the second is the first with numbers of its own.
    #[must_use]
    pub fn is_shared(world: &Scenario, own: &Scenario) -> bool {
        let mut regions = world.regions.iter().zip(&own.regions);
        world.days == own.days
            && world.start == own.start
            && world.moving.horizon_years == own.moving.horizon_years
            && world.power_correlation_factor == own.power_correlation_factor
            && regions.all(|(world, own)| world.power == own.power)
    }

    /// Spot price of a region expected on a day with the mining load of the start, USD/MWh.
    #[must_use]
    pub fn expected(&self, day: u32, region: usize) -> f64 {
        let at = day as usize * self.regions + region;
        self.seasonal[at].max(self.floor[at])
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
    spike_streams: Vec<ChaCha8Rng>,
    log_spike: Vec<f64>,
    /// Running load of the start, and its mean of late, MW at the meter.
    load_at_start: Vec<f64>,
    mean_load: Vec<f64>,
    /// What the mining load adds to the base price, USD/MWh.
    pub load_term: Vec<f64>,
    /// What AI adds to it, USD/MWh.
    pub ai_term: Vec<f64>,
    /// Spot price by region today, USD/MWh.
    pub spot: Vec<f64>,
    /// Noise and spike by region today: the spot price over what it was expected to be.
    pub ratio: Vec<f64>,
}

impl<'p> PowerPrices<'p> {
    /// The eve: no noise, no spike, the running load of the start.
    #[must_use]
    pub fn new(plan: &'p PowerPlan, streams: Streams, load_at_start: Vec<f64>) -> Self {
        let open = |purpose| {
            let of_region = move |entity: &u64| streams.open(purpose, *entity);
            plan.stream.iter().map(of_region).collect()
        };
        Self {
            plan,
            log_noise: vec![0.0; plan.regions],
            innovation: vec![0.0; plan.regions],
            streams: open(Purpose::PowerPrice),
            spike_streams: open(Purpose::Spike),
            log_spike: vec![0.0; plan.regions],
            mean_load: load_at_start.clone(),
            load_at_start,
            load_term: vec![0.0; plan.regions],
            ai_term: vec![0.0; plan.regions],
            spot: vec![0.0; plan.regions],
            ratio: vec![1.0; plan.regions],
        }
    }

    /// Prices of `day`; days have to be asked for in order, from 0.
    pub fn step(&mut self, day: u32, conditions: &Conditions) {
        for (innovation, stream) in self.innovation.iter_mut().zip(&mut self.streams) {
            *innovation = uniform(stream);
        }
        standard_normal_quantiles(&mut self.innovation);
        for r in 0..self.plan.regions {
            let (decay, sd) = self.plan.noise[r];
            // Its logarithm, for now.
            self.ratio[r] = 0.0;
            if sd > 0.0 {
                let mut correlated = 0.0;
                for (weight, innovation) in self.plan.factor[r].iter().zip(&self.innovation) {
                    correlated += weight * innovation;
                }
                self.log_noise[r] = self.log_noise[r] * decay + sd * correlated;
                // The bound only keeps products finite in absurd scenarios.
                self.ratio[r] = self.log_noise[r].clamp(-200.0, 200.0);
            }
        }
        exp_each(&mut self.ratio);
        for r in 0..self.plan.regions {
            let at = day as usize * self.plan.regions + r;
            if self.plan.noise[r].1 > 0.0 {
                self.ratio[r] *= self.plan.mean_correction[at];
            }
            if let Some(spikes) = self.plan.spikes[r] {
                self.ratio[r] *= self.spike(r, spikes);
            }
            let loaded = self.plan.seasonal[at] + self.load_term[r] + self.ai_term[r];
            let expected = loaded.max(self.plan.floor[at]);
            let here = &conditions.regions[r];
            self.spot[r] = expected * self.ratio[r] * here.tariff_factor + here.tariff_add;
        }
    }

    /// Factor of the spikes of a region: each begins at its multiplier and fades.
    fn spike(&mut self, r: usize, spikes: Spikes) -> f64 {
        let begun = poisson(&mut self.spike_streams[r], spikes.per_year / DAYS_PER_YEAR) as f64;
        let decay = libm::exp(-std::f64::consts::LN_2 / spikes.half_life_days);
        self.log_spike[r] = self.log_spike[r] * decay + begun * libm::log(spikes.multiplier);
        libm::exp(self.log_spike[r].min(200.0))
    }

    /// Takes in the running load of the day, MW at the meter: it moves the price from tomorrow on.
    pub fn observe_load(&mut self, load: impl Iterator<Item = f64>) {
        for (r, load) in load.enumerate() {
            if self.plan.slope[r] > 0.0 {
                self.mean_load[r] += (load - self.mean_load[r]) / LOAD_DAYS;
                let above = self.mean_load[r] - self.load_at_start[r];
                self.load_term[r] = self.plan.slope[r] * above;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn plan(changes: &[&str]) -> PowerPlan {
        let mut all = vec!["regions.us.power.volatility=0.0".to_owned()];
        all.extend(changes.iter().map(|change| (*change).to_owned()));
        let text = include_str!("../../scenarios/core.toml");
        PowerPlan::new(&parse_scenario("core", text, &all, &[]).unwrap_or_else(|e| panic!("{e}")))
    }

    fn prices(plan: &PowerPlan, replica: u64) -> PowerPrices<'_> {
        PowerPrices::new(plan, Streams::new(1, replica), vec![1000.0, 0.0, 0.0])
    }

    #[test]
    fn a_gigawatt_more_raises_the_price_by_the_slope_in_a_month_and_never_below_the_floor() {
        let plan = plan(&["regions.us.power.slope_usd_per_mwh_per_gw=8.0"]);
        let calm = Conditions::calm(3);
        let mut prices = prices(&plan, 0);
        prices.step(0, &calm);
        assert_eq!(prices.spot[0], 75.0);
        for day in 1..=30 {
            prices.observe_load([2000.0, 0.0, 0.0].into_iter());
            prices.step(day, &calm);
        }
        let part = 1.0 - libm::pow(29.0 / 30.0, 30.0);
        assert!((prices.spot[0] - (75.0 + 8.0 * part)).abs() < 1e-9);
        for day in 31..1000 {
            prices.observe_load([-1e6, 0.0, 0.0].into_iter());
            prices.step(day, &calm);
        }
        assert_eq!(prices.spot[0], 7.5);
    }

    #[test]
    fn spikes_come_at_their_rate_begin_at_their_height_and_fade() {
        let plan = plan(&[
            "regions.us.power.spikes={ per_year = 4.0, multiplier = 5.0, half_life_days = 2.0 }",
        ]);
        let calm = Conditions::calm(3);
        let (mut begun, mut days) = (0.0, 0.0);
        for replica in 0..300 {
            let mut prices = prices(&plan, replica);
            let mut before: f64 = 1.0;
            for day in 0..1000 {
                prices.step(day, &calm);
                let faded = libm::pow(before, libm::pow(0.5, 0.5));
                let factor = prices.spot[0] / 75.0;
                let rise = libm::log(factor / faded) / libm::log(5.0);
                assert!((rise - rise.round()).abs() < 1e-9, "{rise}");
                begun += rise.round();
                days += 1.0;
                before = factor;
            }
        }
        // About 3,285 spikes, so within 7 %.
        assert!(
            (begun / days * DAYS_PER_YEAR / 4.0 - 1.0).abs() < 0.07,
            "{begun}"
        );
    }

    #[test]
    fn events_multiply_and_add() {
        let plan = plan(&[]);
        let mut conditions = Conditions::calm(3);
        conditions.regions[0].tariff_factor = 1.2;
        conditions.regions[0].tariff_add = 3.0;
        let mut prices = prices(&plan, 0);
        prices.step(0, &conditions);
        assert!((prices.spot[0] - 93.0).abs() < 1e-12);
    }
}
