//! A checked region: its prices, its room, its water.

use super::{Contract, Heat, RegionAi, Spikes, in_force};
use crate::units::{DAYS_PER_YEAR, Megawatts, Share, Usd, UsdPerMwh};

/// One region.
#[derive(Debug, Clone)]
pub struct Region {
    /// Key in the scenario: `us`.
    pub id: String,
    /// Name for people: `United States`.
    pub name: String,
    /// ISO 3166-1 alpha-2 codes.
    pub iso: Vec<String>,
    /// Share of hash rate at the start.
    pub share: Share,
    /// Equal countries it stands for.
    pub members: u32,
    /// Sites' worth of choice.
    pub size: f64,
    /// Whether machines may move in.
    pub open: bool,
    /// Attraction that prices do not show, USD/MWh; may be negative.
    pub appeal: f64,
    /// Tax on revenue.
    pub tax: Share,
    /// Import duty, relative to the hardware price.
    pub duty: f64,
    /// Deposit per MW, USD.
    pub deposit_per_mw: Usd,
    /// Carbon intensity of power, g/kWh.
    pub gco2_per_kwh: Option<f64>,
    /// Mean generation of the country, MW.
    pub generation_mw: Option<f64>,
    /// Power price.
    pub power: Power,
    /// Room for load; `None` is no limit.
    pub capacity: Option<Capacity>,
    /// What AI compute does here.
    pub ai: Option<RegionAi>,
}

/// The price of electricity in a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// Base price before the first tariff step.
    pub base: UsdPerMwh,
    /// Compounding growth a year.
    pub trend_per_year: f64,
    /// Dated steps in order of time: simulated day (may be negative) and price.
    pub tariff: Vec<(i32, UsdPerMwh)>,
    /// Yearly swing: amplitude and peak day of the year.
    pub season: Option<(f64, f64)>,
    /// Charges on top.
    pub adder: UsdPerMwh,
    /// Energy at the meter per energy in the machines.
    pub pue: f64,
    /// Mean reversion a year.
    pub reversion_per_year: f64,
    /// Volatility per square root of a year.
    pub volatility: f64,
    /// Rise with the region's running load, USD/MWh per MW.
    pub slope_per_mw: f64,
    /// Standard deviation of the log of hourly prices inside a day.
    pub intraday_sd: f64,
    /// Price spikes.
    pub spikes: Option<Spikes>,
    /// Power bought ahead.
    pub contract: Option<Contract>,
    /// Running costs besides power.
    pub opex: UsdPerMwh,
}

impl Power {
    /// Base price on a simulated day: the tariff step in force, otherwise the starting price with its trend.
    #[must_use]
    pub fn base_on(&self, day: i32) -> f64 {
        match in_force(&self.tariff, day) {
            Some(price) => price.get(),
            None if self.trend_per_year == 0.0 => self.base.get(),
            None => {
                let years = f64::from(day) / DAYS_PER_YEAR;
                self.base.get() * libm::pow(1.0 + self.trend_per_year, years)
            }
        }
    }

    /// What is paid for energy at a spot price: that of the contract for its part, USD/MWh before charges.
    #[must_use]
    pub fn billed(&self, spot: f64) -> f64 {
        self.contract.map_or(spot, |contract| {
            contract.share * contract.usd_per_mwh + (1.0 - contract.share) * spot
        })
    }

    /// What is saved by not using energy at a spot price: what was bought ahead is sunk unless it can be sold again.
    #[must_use]
    pub fn saved_when_off(&self, spot: f64) -> f64 {
        match self.contract {
            Some(contract) if !contract.resale => (1.0 - contract.share) * spot,
            _ => spot,
        }
    }

    /// What a machine has to earn to be worth running on the first day, at the meter per energy in the machines, USD/MWh.
    #[must_use]
    pub fn delivered_at_start(&self) -> f64 {
        self.pue * (self.saved_when_off(self.base_on(0)) + self.adder.get())
    }
}

/// Room for load.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// Now.
    pub now: CapacityNow,
    /// MW built a month, whatever mining pays.
    pub build_per_month: Megawatts,
    /// Part of itself by which the capacity grows in a month where new machines are expected to earn 100 USD/MWh or more above their power.
    pub build_response: f64,
    /// Time in which those who build sites see what mining pays, days.
    pub build_lag_days: f64,
    /// Ceiling of what is built.
    pub max: Option<Megawatts>,
    /// What of it hangs on water.
    pub hydro: Option<Hydro>,
    /// Machines kept off by heat.
    pub heat: Option<Heat>,
}

/// What of a region's capacity hangs on water.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hydro {
    /// Part of the capacity.
    pub share: f64,
    /// Part of the water missing at the driest time of a normal year.
    pub amplitude: f64,
    /// Day of the year with the most water.
    pub wet_peak_day: f64,
    /// Index of its basin.
    pub basin: Option<usize>,
}

/// Capacity at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CapacityNow {
    /// A known load.
    Load(Megawatts),
    /// The starting load over this part of 1.
    Utilisation(f64),
}
