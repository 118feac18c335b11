//! AI compute: how much of it is done on devices, who hosts the rest, and what that pays for megawatts.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{RawDate, one, one_u32};

/// AI compute beside mining. What it does is assumed, not forecast.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawAi {
    /// Power that all AI compute would draw at the start if data centres hosted all of it.
    #[schemars(range(max = 1e7), extend("exclusiveMinimum" = 0.0, "x-unit" = "MW"))]
    pub demand_mw: f64,
    /// Growth of that: after t years it is `exp(growth_per_year * t)` times what it was.
    #[serde(default)]
    #[schemars(range(min = -2.0, max = 2.0), extend("x-unit" = "1/year"))]
    pub growth_per_year: f64,
    /// How much of AI compute is done on devices.
    #[serde(default)]
    pub edge: RawEdge,
    /// Devices that share the compute done on devices, all alike: so many that none of them matters.
    #[serde(default = "a_billion")]
    #[schemars(range(min = 100_000, max = 4_000_000_000_u32))]
    pub devices: u32,
    /// Who hosts the rest, with their shares at the start. The key is the provider's name.
    pub providers: IndexMap<String, Provider>,
    /// How the shares of those who host walk.
    #[serde(default)]
    pub walk: Walk,
    /// What AI pays for a megawatt. Without it, no site leaves mining for AI.
    pub rent: Option<Rent>,
}

/// How much of AI compute is done on devices: what it is at the start, and a logistic path from there to a ceiling.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawEdge {
    /// Part of AI compute done on devices at the start.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub start_share: f64,
    /// Part that it comes to in the end; below `start_share`, it falls. Without it, `start_share`.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub ceiling: Option<f64>,
    /// Standard deviation of the log odds of the ceiling: each replica has its own.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 5.0), extend("x-neutral" = 0.0))]
    pub ceiling_sd: f64,
    /// Date at which the logistic curve is steepest. Without it, the start.
    pub midpoint: Option<RawDate>,
    /// Standard deviation of that date: each replica has its own.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 50.0), extend("x-unit" = "years", "x-neutral" = 0.0))]
    pub midpoint_sd_years: f64,
    /// Steepness of the curve: log odds gained in a year.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 20.0), extend("x-unit" = "1/year"))]
    pub rate_per_year: f64,
}

/// Somebody who hosts AI compute.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Part of hosted AI compute at the start; those of all providers add up to 1.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub share: f64,
    /// Number of equal providers that it stands for; above 1 it never counts as one.
    #[serde(default = "one_u32")]
    #[schemars(range(min = 1, max = 100_000))]
    pub members: u32,
}

/// How the shares of those who host walk: every 30 days they are drawn from a Dirichlet law around what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// Standard deviation, after a year, of the share of a provider that began with half of it.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 0.45), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub sd_per_year: f64,
    /// Speed at which shares are drawn back to those of the start.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 20.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub return_per_year: f64,
}

/// What AI pays for a megawatt, and what it costs to make a mining site fit for it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rent {
    /// Rent that AI pays at the start for a site with power; the tenant pays the power itself.
    #[schemars(range(min = 0.0, max = 1e8), extend("x-unit" = "USD/MW/year", "x-neutral" = 0.0))]
    pub usd_per_mw_year: f64,
    /// Part of the rent that is left after running the site.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub margin: f64,
    /// Power with which the rent follows hosted demand over supply.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-neutral" = 0.0))]
    pub elasticity: f64,
    /// Growth of the supply of hosted compute, in the same sense as `ai.growth_per_year`: where demand outgrows it, the rent rises.
    #[serde(default)]
    #[schemars(range(min = -2.0, max = 2.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub supply_growth_per_year: f64,
    /// Cost of making a megawatt of a mining site fit for AI.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e8), extend("x-unit" = "USD/MW", "x-neutral" = 0.0))]
    pub capex_usd_per_mw: f64,
    /// Time over which that is earned back.
    #[serde(default = "twenty")]
    #[schemars(range(max = 100.0), extend("exclusiveMinimum" = 0.0, "x-unit" = "years"))]
    pub life_years: f64,
    /// Cost of capital of it.
    #[serde(default = "a_tenth")]
    #[schemars(range(min = 0.0, max = 5.0), extend("x-unit" = "1/year"))]
    pub discount_rate: f64,
    /// Smallest site that AI rents, at the meter.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "MW", "x-neutral" = 0.0))]
    pub least_mw: f64,
    /// Time for which the machines of a site that AI has taken look for another place before they are given up.
    #[serde(default = "three_hundred")]
    #[schemars(range(min = 1.0, max = 36525.0), extend("x-unit" = "days"))]
    pub abandon_days: f64,
}

/// AI compute in a region.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionAi {
    /// Part of the power of hosted AI compute that is drawn here.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub share: f64,
    /// Rise of the power price with the AI load here above that of the start, sites that have left mining apart: these draw on, and
    /// count as mining load does.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e4), extend("x-unit" = "USD/MWh per GW", "x-neutral" = 0.0))]
    pub price_usd_per_mwh_per_gw: f64,
    /// How AI crowds out new mining sites, which wait in the same queue for the grid: each gigawatt of AI load above that of the start
    /// takes so much off the log of what is built.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100.0), extend("x-unit" = "1/GW", "x-neutral" = 0.0))]
    pub queue_per_gw: f64,
    /// Part of the mining sites here that could be made fit for AI.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub eligible_share: f64,
    /// Most that leaves mining for AI here in a year, at the meter; `inf`: no limit.
    #[serde(default = "no_limit")]
    #[schemars(range(min = 0.0), extend("x-unit" = "MW/year", "x-infinite" = true))]
    pub convert_mw_per_year: f64,
}

fn a_billion() -> u32 {
    1_000_000_000
}
fn twenty() -> f64 {
    20.0
}
fn a_tenth() -> f64 {
    0.1
}
fn three_hundred() -> f64 {
    300.0
}
fn no_limit() -> f64 {
    f64::INFINITY
}
