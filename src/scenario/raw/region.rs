//! Regions: their prices, their room, their water.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{RawDate, RegionAi, one, one_u32, yes};

/// One region: a jurisdiction, or an aggregate of several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRegion {
    /// Name shown to people. Without it, the id.
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2 codes of the countries in it, for maps.
    #[serde(default)]
    pub iso: Vec<String>,
    /// Share of the network's hash rate at the start; the shares of all regions add up to 1.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub share: f64,
    /// Number of equal countries that the region stands for; above 1 it is an aggregate and never counts as one country.
    #[serde(default = "one_u32")]
    #[schemars(range(min = 1, max = 250), extend("x-neutral" = 1))]
    pub members: u32,
    /// How many sites' worth of choice the region offers: it draws movers as `size` equal regions would. Without it, `members`.
    #[schemars(range(max = 1e6), extend("exclusiveMinimum" = 0.0, "x-neutral" = 1.0))]
    pub size: Option<f64>,
    /// Whether machines may move in.
    #[serde(default = "yes")]
    pub open: bool,
    /// Attraction of the region that prices do not show.
    #[serde(default)]
    #[schemars(range(min = -1e4, max = 1e4), extend("x-unit" = "USD/MWh", "x-neutral" = 0.0))]
    pub appeal_usd_per_mwh: f64,
    /// Tax on mining revenue.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share of revenue", "x-neutral" = 0.0))]
    pub tax: f64,
    /// Import duty on machines.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "share of the hardware price", "x-neutral" = 0.0))]
    pub duty: f64,
    /// Deposit that a newcomer leaves per megawatt and does not see again.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e8), extend("x-unit" = "USD/MW", "x-neutral" = 0.0))]
    pub deposit_usd_per_mw: f64,
    /// Carbon intensity of the power that miners use here. Without it, emissions are not reckoned.
    #[schemars(range(min = 0.0, max = 2000.0), extend("x-unit" = "g/kWh"))]
    pub gco2_per_kwh: Option<f64>,
    /// Mean generation of the country, against which a policy hazard measures the mining load.
    #[schemars(range(max = 1e8), extend("exclusiveMinimum" = 0.0, "x-unit" = "MW"))]
    pub national_generation_mw: Option<f64>,
    /// What a megawatt-hour costs here.
    pub power: RawPower,
    /// How much mining load there is room for. Without it, no limit.
    pub capacity: Option<RawCapacity>,
    /// What AI compute does here. Without it, nothing.
    pub ai: Option<RegionAi>,
}

/// The price of electricity in a region.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPower {
    /// Base price of energy on the first day, before `adder_usd_per_mwh` and `pue`. Required unless a `tariff` holds on the first day.
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "USD/MWh"))]
    pub usd_per_mwh: Option<f64>,
    /// Growth of the base price, compounding: 0.02 is 2 % a year.
    #[serde(default)]
    #[schemars(range(min = -0.9, max = 10.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub trend_per_year: f64,
    /// Dated price steps, announced in advance: each holds from its date on, in place of the base price.
    #[serde(default)]
    pub tariff: Vec<RawTariffStep>,
    /// Yearly swing of the price.
    pub season: Option<RawSeason>,
    /// Grid fees, hosting and other charges on top of the energy price.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "USD/MWh", "x-neutral" = 0.0))]
    pub adder_usd_per_mwh: f64,
    /// Power usage effectiveness: energy at the meter per energy in the machines.
    #[serde(default = "one")]
    #[schemars(range(min = 1.0, max = 5.0), extend("x-neutral" = 1.0))]
    pub pue: f64,
    /// Speed at which the log price returns to its base.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e4), extend("x-unit" = "1/year"))]
    pub reversion_per_year: f64,
    /// Volatility of the log price.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 20.0), extend("x-unit" = "1/sqrt(year)", "x-neutral" = 0.0))]
    pub volatility: f64,
    /// Rise of the price with the region's mining load above that of the start (30-day mean, at the meter).
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "USD/MWh per GW", "x-neutral" = 0.0))]
    pub slope_usd_per_mwh_per_gw: f64,
    /// Standard deviation of the log of hourly prices inside a day: miners are off in the hours above their breakeven.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3.0), extend("x-neutral" = 0.0))]
    pub intraday_sd: f64,
    /// Price spikes.
    pub spikes: Option<Spikes>,
    /// Power bought ahead.
    pub contract: Option<Contract>,
    /// Cost of running machines besides power, for the cash cost of a bitcoin; it decides nothing.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "USD/MWh", "x-neutral" = 0.0))]
    pub opex_usd_per_mwh: f64,
}

/// Price spikes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spikes {
    /// Expected number.
    #[schemars(range(min = 0.0, max = 365.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub per_year: f64,
    /// Factor on the price when it begins.
    #[schemars(range(min = 1.0, max = 1000.0), extend("x-neutral" = 1.0))]
    pub multiplier: f64,
    /// Time in which the log of the factor halves.
    #[schemars(range(min = 0.1, max = 365.0), extend("x-unit" = "days"))]
    pub half_life_days: f64,
}

/// Power bought ahead.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Part of the power that is bought ahead.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub share: f64,
    /// Its price.
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "USD/MWh"))]
    pub usd_per_mwh: f64,
    /// Whether power that is not used is sold at the spot price; without it, what was bought ahead is sunk.
    #[serde(default)]
    pub resale: bool,
}

/// A dated price step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawTariffStep {
    /// First day on which the price holds.
    pub from: RawDate,
    /// The price from that day on.
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "USD/MWh"))]
    pub usd_per_mwh: f64,
}

/// A yearly swing: a cosine around 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSeason {
    /// Height of the swing relative to the base price.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-neutral" = 0.0))]
    pub amplitude: f64,
    /// Day of the year on which the price is highest, 1 January being 1.
    #[schemars(range(min = 1.0, max = 366.0), extend("x-unit" = "day of the year"))]
    pub peak_day: f64,
}

/// Room for mining load in a region.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCapacity {
    /// Mining capacity at the start, at the meter. Give this or `start_utilisation`.
    #[schemars(range(min = 0.0, max = 1e7), extend("x-unit" = "MW"))]
    pub mw: Option<f64>,
    /// Part of the capacity in use at the start; the capacity is then the starting load divided by it.
    #[schemars(range(min = 0.001, max = 1.0), extend("x-unit" = "share"))]
    pub start_utilisation: Option<f64>,
    /// Capacity built each month.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e6), extend("x-unit" = "MW/month", "x-neutral" = 0.0))]
    pub build_mw_per_month: f64,
    /// How fast sites are built where mining pays: part of itself by which the capacity grows in a month while new machines are expected
    /// to earn 100 USD/MWh or more above their power, and in proportion below. Nothing is built so where nobody may move in.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "1/month", "x-neutral" = 0.0))]
    pub build_response: f64,
    /// Time constant with which those who build sites follow what mining pays.
    #[serde(default = "half_a_year")]
    #[schemars(range(min = 1.0, max = 3660.0), extend("x-unit" = "days"))]
    pub build_lag_days: f64,
    /// Ceiling of what is built.
    #[schemars(range(min = 0.0, max = 1e7), extend("x-unit" = "MW"))]
    pub max_mw: Option<f64>,
    /// Part of the capacity that hangs on water.
    pub hydro: Option<RawHydro>,
    /// Machines kept off by heat.
    pub heat: Option<Heat>,
}

/// Capacity that hangs on water.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawHydro {
    /// Part of the capacity that hangs on water.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub share: f64,
    /// Part of the water that is missing at the driest time of a normal year.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-neutral" = 0.0))]
    pub amplitude: f64,
    /// Day of the year with the most water, 1 January being 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1.0, max = 366.0), extend("x-unit" = "day of the year"))]
    pub wet_peak_day: f64,
    /// Basin whose droughts hit it. Without it, no droughts but those of `events`.
    pub basin: Option<String>,
}

/// Machines kept off by heat.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heat {
    /// Part of the machines' time lost at the hottest time of the year; none in its colder half.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-neutral" = 0.0))]
    pub derate: f64,
    /// Hottest day of the year, 1 January being 1.
    #[schemars(range(min = 1.0, max = 366.0), extend("x-unit" = "day of the year"))]
    pub peak_day: f64,
}

/// A river basin: years of drought come and go.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basin {
    /// Expected number of droughts that begin in a year without one.
    #[schemars(range(min = 0.0, max = 50.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub droughts_per_year: f64,
    /// Mean length of a drought.
    #[schemars(range(min = 0.01, max = 100.0), extend("x-unit" = "years"))]
    pub mean_years: f64,
    /// Part of the water that is missing in one.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub severity: f64,
}

fn half_a_year() -> f64 {
    180.0
}
