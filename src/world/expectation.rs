//! What miners expect of hashprice and of power prices.

use crate::scenario::{Contract, Scenario};

use super::events::Conditions;
use super::network::Network;
use super::power::{PowerPlan, PowerPrices};

/// A day as miners have seen it.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// Simulated day.
    pub day: u32,
    /// USD per PH/s and day.
    pub hashprice: f64,
    /// The block reward after the day over that before it where a halving came in between and miners knew of it; 1 otherwise.
    pub halving_ratio: f64,
    /// What is known of power prices in advance.
    pub plan: &'a PowerPlan,
    /// What they were.
    pub prices: &'a PowerPrices<'a>,
    /// Events in force.
    pub conditions: &'a Conditions,
    /// Part of the machines that there was power for, by region.
    pub powered: &'a [f64],
}

/// Smoothed observations and the expectations formed from them.
#[derive(Debug, Clone)]
pub struct Expectations {
    weight: f64,
    decay: f64,
    horizon_years: f64,
    spot_memory: f64,
    halving_known: bool,
    adder: Vec<f64>,
    pue: Vec<f64>,
    contracts: Vec<Option<Contract>>,
    /// Smoothed hashprice, USD per PH/s and day; `None` before the first day.
    smoothed_hashprice: Option<f64>,
    /// Smoothed ratio of spot to expected price, by region.
    smoothed_ratio: Vec<f64>,
    /// Expected delivered power price over the horizon by region, USD/MWh.
    pub delivered: Vec<f64>,
    /// Smoothed part of the machines that there is power for, by region.
    pub uptime: Vec<f64>,
}

impl Expectations {
    /// The eve.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let expectations = &scenario.expectations;
        let horizon_years = scenario.moving.horizon_years;
        let of_regions = |value: fn(&crate::scenario::Region) -> f64| {
            scenario.regions.iter().map(value).collect::<Vec<f64>>()
        };
        Self {
            weight: 1.0 / expectations.smoothing_days,
            decay: mean_decay(expectations.hashprice_decay, horizon_years),
            horizon_years,
            spot_memory: expectations.spot_memory,
            halving_known: expectations.halving_known,
            adder: of_regions(|region| region.power.adder.get()),
            pue: of_regions(|region| region.power.pue),
            contracts: scenario.regions.iter().map(|r| r.power.contract).collect(),
            smoothed_hashprice: None,
            smoothed_ratio: vec![1.0; scenario.regions.len()],
            delivered: vec![0.0; scenario.regions.len()],
            uptime: vec![1.0; scenario.regions.len()],
        }
    }

    /// Takes in the day that has passed.
    pub fn observe(&mut self, seen: &Seen<'_>) {
        let hashprice = seen.hashprice;
        let smoothed = self.smoothed_hashprice.unwrap_or(hashprice);
        let smoothed = smoothed + self.weight * (hashprice - smoothed);
        self.smoothed_hashprice = Some(smoothed * seen.halving_ratio);
        for (r, powered) in seen.powered.iter().enumerate() {
            self.smoothed_ratio[r] += self.weight * (seen.prices.ratio[r] - self.smoothed_ratio[r]);
            let memory = 1.0 - self.spot_memory + self.spot_memory * self.smoothed_ratio[r];
            // What events do to the price today is expected to last.
            let here = &seen.conditions.regions[r];
            let planned =
                seen.plan.planned(seen.day, r) + seen.prices.load_term[r] + seen.prices.ai_term[r];
            let planned = planned * here.tariff_factor + here.tariff_add;
            let spot = self.pue[r] * (planned + self.adder[r]) * memory;
            self.delivered[r] = match self.contracts[r] {
                None => spot,
                Some(contract) => {
                    let ahead = self.pue[r] * (contract.usd_per_mwh + self.adder[r]);
                    contract.share * ahead + (1.0 - contract.share) * spot
                }
            };
            self.uptime[r] += self.weight * (powered - self.uptime[r]);
        }
    }

    /// Hashprice of late, USD per PH/s and day; `eve` before the first day.
    #[must_use]
    pub fn smoothed_hashprice(&self, eve: f64) -> f64 {
        self.smoothed_hashprice.unwrap_or(eve)
    }

    /// Hashprice expected on average over the horizon, USD per PH/s and day.
    #[must_use]
    pub fn hashprice(&self, network: &Network) -> f64 {
        let halving = if self.halving_known {
            halving_factor(network.years_to_halving(), self.horizon_years)
        } else {
            1.0
        };
        self.smoothed_hashprice.unwrap_or(0.0) * self.decay * halving
    }
}

/// Mean over `years` of what falls at `rate` a year: `(1 - exp(-gT)) / (gT)`.
#[must_use]
pub fn mean_decay(rate: f64, years: f64) -> f64 {
    let exponent = rate * years;
    if exponent < 1e-12 {
        1.0
    } else {
        -libm::expm1(-exponent) / exponent
    }
}

/// Part of revenue that is left over a horizon in which a halving falls after `years_to_halving`.
#[must_use]
pub fn halving_factor(years_to_halving: f64, horizon_years: f64) -> f64 {
    1.0 - 0.5 * (1.0 - years_to_halving / horizon_years).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_decline_the_mean_is_one_and_with_it_the_integral() {
        assert_eq!(mean_decay(0.0, 2.0).to_bits(), 1.0_f64.to_bits());
        // The mean of exp(-0.5 t) over two years, by a sum of thin strips.
        let strips = 100_000;
        let sum: f64 = (0..strips)
            .map(|i| libm::exp(-0.5 * 2.0 * (f64::from(i) + 0.5) / f64::from(strips)))
            .sum();
        assert!((mean_decay(0.5, 2.0) - sum / f64::from(strips)).abs() < 1e-9);
    }

    #[test]
    fn a_halving_now_halves_and_one_beyond_the_horizon_does_nothing() {
        assert!((halving_factor(0.0, 2.0) - 0.5).abs() < 1e-15);
        assert!((halving_factor(1.0, 2.0) - 0.75).abs() < 1e-15);
        assert!((halving_factor(2.5, 2.0) - 1.0).abs() < 1e-15);
    }
}
