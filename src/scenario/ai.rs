//! AI compute beside mining, checked.

use super::raw::{Rent, Walk};

/// AI compute beside mining.
#[derive(Debug, Clone)]
pub struct Ai {
    /// Power that all of it would draw at the start if all were hosted, MW.
    pub demand_mw: f64,
    /// Growth of that, of its log, 1/year.
    pub growth_per_year: f64,
    /// How much of it is done on devices.
    pub edge: Edge,
    /// Devices that share what is done on devices.
    pub devices: u32,
    /// Who hosts the rest, in scenario order.
    pub providers: Vec<Provider>,
    /// How their shares walk.
    pub walk: Walk,
    /// What AI pays for a megawatt; `None`: nothing, or less than mining will ever ask for.
    pub rent: Option<Rent>,
}

/// How much of AI compute is done on devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Part at the start.
    pub start_share: f64,
    /// Part in the end, before what a replica draws.
    pub ceiling: f64,
    /// Standard deviation of the log odds of that.
    pub ceiling_sd: f64,
    /// Simulated day on which the curve is steepest, before what a replica draws; may be negative.
    pub midpoint_day: f64,
    /// Standard deviation of that, years.
    pub midpoint_sd_years: f64,
    /// Log odds gained in a year.
    pub rate_per_year: f64,
}

/// Somebody who hosts AI compute, or several alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Part of hosted AI compute at the start.
    pub share: f64,
    /// Equal providers it stands for.
    pub members: u32,
}
