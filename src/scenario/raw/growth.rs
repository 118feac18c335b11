//! Machines: what they cost, who buys them, when they are switched off and scrapped.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{RawDate, yes};

/// Mining hardware: what it costs, how good it gets, how it wears.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawHardware {
    /// Price of machines at `reference_hashprice` and `reference_j_per_th`; the price at all times if `elasticity` and `premium` are 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e9), extend("x-unit" = "USD/TH"))]
    pub usd_per_th: f64,
    /// Power of the smoothed hashprice in the price of machines.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-neutral" = 0.0))]
    pub elasticity: f64,
    /// Hashprice at which machines cost `usd_per_th`.
    #[serde(default = "fifty")]
    #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "USD/PH/day"))]
    pub reference_hashprice: f64,
    /// Power of `reference_j_per_th` over the frontier's efficiency in the price of machines: better ones cost more.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-neutral" = 0.0))]
    pub premium: f64,
    /// Efficiency at which machines cost `usd_per_th`, and at which `floor_usd_per_th` holds.
    #[serde(default = "fifteen")]
    #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
    pub reference_j_per_th: f64,
    /// Lowest price of machines of `reference_j_per_th`; in proportion to J/TH for others.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e9), extend("x-unit" = "USD/TH", "x-neutral" = 0.0))]
    pub floor_usd_per_th: f64,
    /// Efficiency of the machines on sale. Needed by `growth`.
    pub frontier: Option<RawFrontier>,
    /// How many machines the world makes. Without it, no limit.
    pub supply: Option<Supply>,
    /// Part of the machines that wear out.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub retire_per_year: f64,
    /// Mean time after which machines that cannot earn their power are scrapped; `inf`: never.
    #[serde(default = "never")]
    #[schemars(range(min = 1.0), extend("x-unit" = "days", "x-neutral" = "inf", "x-infinite" = true))]
    pub exit_after_idle_days: f64,
    /// Standard deviation of the log of efficiency inside a fleet.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 2.0), extend("x-neutral" = 0.0))]
    pub efficiency_spread: f64,
    /// Time over which machines are written off, in the all-in cost of a bitcoin and in what a purchase is worth.
    #[serde(default = "four")]
    #[schemars(range(min = 0.1, max = 50.0), extend("x-unit" = "years"))]
    pub life_years: f64,
    /// Cost of a site.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e6), extend("x-unit" = "USD/kW", "x-neutral" = 0.0))]
    pub site_usd_per_kw: f64,
    /// Time over which a site is written off, in the all-in cost of a bitcoin.
    #[serde(default = "ten")]
    #[schemars(range(min = 0.1, max = 100.0), extend("x-unit" = "years"))]
    pub site_life_years: f64,
}

/// Efficiency of the machines on sale.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RawFrontier {
    /// Falls towards a limit: `limit + (start - limit) exp(-rate t)`.
    Exponential {
        /// At the start.
        #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
        start_j_per_th: f64,
        /// In the end.
        #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
        limit_j_per_th: f64,
        /// Speed.
        #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/year"))]
        rate_per_year: f64,
    },
    /// Dated steps.
    Steps {
        /// The steps, in order of time; one of them holds on the first day.
        steps: Vec<RawFrontierStep>,
    },
}

/// A dated step of the frontier.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawFrontierStep {
    /// First day on which it holds.
    pub from: RawDate,
    /// Efficiency from then on.
    #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
    pub j_per_th: f64,
}

/// How many machines the world makes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// At the start.
    #[schemars(range(min = 0.0, max = 1e9), extend("x-unit" = "EH/s per month"))]
    pub ehs_per_month: f64,
    /// Growth rate.
    #[serde(default)]
    #[schemars(range(min = -10.0, max = 10.0), extend("x-unit" = "1/year"))]
    pub growth_per_year: f64,
}

/// How firms buy machines.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawGrowth {
    /// Purchases, as part of a fleet's hash rate, for each unit by which value over cost is above the hurdle.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/month", "x-neutral" = 0.0))]
    pub rate_per_month: f64,
    /// Most that a fleet buys, as part of its hash rate.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/month", "x-neutral" = 0.0))]
    pub cap_per_month: f64,
    /// Value over cost at which firms begin to buy.
    #[schemars(range(min = 0.001, max = 100.0))]
    pub hurdle: f64,
    /// Standard deviation of the log of luck and optimism: a part of it the firm's for good, the rest fresh at each review.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3.0), extend("x-neutral" = 0.0))]
    pub luck_sd: f64,
    /// Part of the variance of that luck which is the firm's for good: at 0 all of it is fresh, at 1 none.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub luck_persistence: f64,
    /// Cost of capital.
    #[schemars(range(min = 0.0, max = 5.0), extend("x-unit" = "1/year"))]
    pub discount_rate: f64,
    /// Time from an order to the day on which its machines run.
    #[schemars(range(min = 1, max = 3660), extend("x-unit" = "days"))]
    pub lead_days: u32,
    /// Orders under way at the start, as part of the hash rate for each month of `lead_days`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "1/month", "x-neutral" = 0.0))]
    pub pipeline_per_month: f64,
    /// Smallest site that a firm opens in a region where it has none; smaller orders are made as seldom as makes the mean right.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e5), extend("x-unit" = "MW", "x-neutral" = 0.0))]
    pub min_order_mw: f64,
    /// Part of the orders that comes from new firms.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub entry_share: f64,
    /// Size with which a new firm begins, before the first of `entrants`.
    #[serde(default = "ten")]
    #[schemars(range(max = 1e5), extend("exclusiveMinimum" = 0.0, "x-unit" = "MW"))]
    pub entrant_mw: f64,
    /// The same by date: a new firm begins with what a newcomer of its time buys.
    #[serde(default)]
    pub entrants: Vec<RawEntrantStep>,
    /// Machines join those that their firm has at a place if the worse of the two needs no more than so many times the power of the better;
    /// otherwise they are a fleet of their own, which may run while the old ones stand idle. `inf`: they always join.
    #[serde(default = "never")]
    #[schemars(range(min = 1.0), extend("x-neutral" = "inf", "x-infinite" = true))]
    pub join_within: f64,
    /// When an order takes its slot.
    #[serde(default)]
    pub slots: Slots,
    /// Whether what finds no room may take the place of the fleet's old machines.
    #[serde(default = "yes")]
    pub replace_in_place: bool,
}

/// A dated size of new firms.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawEntrantStep {
    /// First day on which it holds.
    pub from: RawDate,
    /// Size from then on.
    #[schemars(range(max = 1e5), extend("exclusiveMinimum" = 0.0, "x-unit" = "MW"))]
    pub mw: f64,
}

/// When an order takes its slot.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Slots {
    /// On the day on which it is placed; the slot stays empty until the machines come.
    #[default]
    OnOrder,
    /// On the day on which the machines come. Orders are placed for the room that there will be then, as far as it is known; others may
    /// have taken it meanwhile, and machines that find none wait for it.
    OnDelivery,
}

/// How fast operators switch machines off and on when their breakeven crosses the price of power.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switching {
    /// Time constant of switching off; 0: at once.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3660.0), extend("x-unit" = "days", "x-neutral" = 0.0))]
    pub off_days: f64,
    /// Time constant of switching on; 0: at once.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3660.0), extend("x-unit" = "days", "x-neutral" = 0.0))]
    pub on_days: f64,
}

fn never() -> f64 {
    f64::INFINITY
}
fn half() -> f64 {
    0.5
}
fn four() -> f64 {
    4.0
}
fn ten() -> f64 {
    10.0
}
fn fifteen() -> f64 {
    15.0
}
fn fifty() -> f64 {
    50.0
}
