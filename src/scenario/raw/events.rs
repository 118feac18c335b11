//! What happens, at a known date or by chance.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawDate;

/// Something that happens at a known date.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawEvent {
    /// Whether it is there at all: `false` leaves it out, and moves the luck of nothing else.
    #[serde(default = "super::yes")]
    pub enabled: bool,
    /// What happens.
    pub kind: RawEventKind,
    /// The region it happens in; for `hardware-price` and `btc-price` there is none.
    pub region: Option<String>,
    /// First day.
    pub start: RawDate,
    /// Length. Without it, it lasts to the end of the run.
    #[schemars(range(min = 1, max = 36525), extend("x-unit" = "days"))]
    pub days: Option<u32>,
    /// How much: the part of capacity lost (`curtail`), of machines off (`outage`), of water missing (`drought`); what is added to the
    /// duty or tax; the factor on a price (`tariff`, `hardware-price`, `btc-price`). Not for `ban` and `freeze`.
    #[schemars(range(min = -10.0, max = 1000.0))]
    pub size: Option<f64>,
    /// For `tariff`: what is added to the price of power, in place of a factor.
    #[schemars(range(min = -1e5, max = 1e5), extend("x-unit" = "USD/MWh"))]
    pub add_usd_per_mwh: Option<f64>,
    /// For `ban`: how it is followed.
    pub ban: Option<BanTerms>,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawEventKind {
    /// Mining is forbidden.
    Ban,
    /// The price of power changes.
    Tariff,
    /// Nobody may move in.
    Freeze,
    /// Part of the capacity is taken away.
    Curtail,
    /// Part of the machines is off.
    Outage,
    /// Part of the water is missing.
    Drought,
    /// The import duty rises.
    Duty,
    /// The tax on revenue rises.
    Tax,
    /// The price of machines changes, everywhere.
    HardwarePrice,
    /// The price of bitcoin changes.
    BtcPrice,
}

/// How a ban is followed.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BanTerms {
    /// Part of the machines whose owners comply.
    #[serde(default = "nearly_all")]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub compliance: f64,
    /// Time in which those who comply switch off.
    #[serde(default = "six_weeks")]
    #[schemars(range(min = 0.0, max = 3660.0), extend("x-unit" = "days"))]
    pub compliance_days: f64,
    /// When in that time: the part that is off after a part `x` of it is `x^shape`; below 1 most go early.
    #[serde(default = "linear")]
    #[schemars(range(min = 0.01, max = 100.0))]
    pub shape: f64,
    /// Part of those who comply that comes back in hiding.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub covert_share: f64,
    /// Mean time until they do.
    #[serde(default = "four_months")]
    #[schemars(range(min = 1.0, max = 3660.0), extend("x-unit" = "days"))]
    pub covert_delay_days: f64,
    /// Factor on what they pay for power.
    #[serde(default = "linear")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub covert_penalty: f64,
    /// Time after which machines that have found no place are given up.
    #[serde(default = "ten_months")]
    #[schemars(range(min = 1.0, max = 36525.0), extend("x-unit" = "days"))]
    pub abandon_days: f64,
}

/// Something that may happen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawHazard {
    /// Whether it is there at all: `false` leaves it out, and moves the luck of nothing else.
    #[serde(default = "super::yes")]
    pub enabled: bool,
    /// What may happen.
    pub kind: RawEventKind,
    /// The region it happens in; for `hardware-price` and `btc-price` there is none. A ban in a region with `members` happens in
    /// one of them at a time, at `per_year` for each.
    pub region: Option<String>,
    /// Expected number in a year in which it is not under way.
    #[schemars(range(min = 0.0, max = 100.0), extend("x-unit" = "1/year"))]
    pub per_year: f64,
    /// Length. Without it, it lasts to the end of the run.
    #[schemars(range(min = 1, max = 36525), extend("x-unit" = "days"))]
    pub days: Option<u32>,
    /// How much, as in `events`.
    #[schemars(range(min = -10.0, max = 1000.0))]
    pub size: Option<f64>,
    /// For `tariff`: what is added to the price of power, in place of a factor.
    #[schemars(range(min = -1e5, max = 1e5), extend("x-unit" = "USD/MWh"))]
    pub add_usd_per_mwh: Option<f64>,
    /// For `ban`: how it is followed.
    pub ban: Option<BanTerms>,
    /// How the rate reacts to mining: it is `per_year * exp(load_sensitivity * (x - reference_load))`, with `x` the running load over
    /// the region's `national_generation_mw`.
    #[serde(default)]
    #[schemars(range(min = -1e4, max = 1e4))]
    pub load_sensitivity: f64,
    /// The `x` at which the rate is `per_year`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub reference_load: f64,
}

/// How the hazards hang together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPolicy {
    /// Correlation of the times at which any two hazards strike (one-factor Gaussian copula).
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 0.999), extend("x-neutral" = 0.0))]
    pub correlation: f64,
}

impl Default for BanTerms {
    fn default() -> Self {
        super::empty_table("BanTerms")
    }
}

fn nearly_all() -> f64 {
    0.97
}
fn six_weeks() -> f64 {
    42.0
}
fn linear() -> f64 {
    1.0
}
fn four_months() -> f64 {
    120.0
}
fn ten_months() -> f64 {
    300.0
}
