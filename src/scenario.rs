//! From a TOML file to a [`Scenario`] whose values are right.
//!
//! ```text
//! text -> document (a tree with positions) -> shape (keys, types, ranges) -> raw (a mirror of the file)
//!      -> check (rules between keys) -> Scenario
//! ```
//!
//! Everything behind this module takes a [`Scenario`] and asks no more questions.

mod adjust;
mod ai;
mod axis;
mod check;
mod docs;
mod document;
mod key_path;
mod load;
mod observed;
mod problem;
mod raw;
mod region;
mod series;
mod shape;
mod stated;
mod uncertain;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use adjust::AdjustError;
pub use ai::{Ai, Edge, Provider};
pub use axis::{Axis, Label, Level, Levels, Span, TypedAxes, axes_of};
pub use check::Warning;
pub use docs::{KeyDoc, key_docs};
pub use load::{LoadError, load_scenario, parse_scenario, warnings};
pub use observed::{
    DailyBlocks, ErrorModel, Feature, Measure, Metric, Observed, Point, Reference, Series,
    hash_rate_of, mean_of_days,
};
pub(crate) use problem::list;
pub use problem::{Place, Problem, Refused, did_you_mean, printable};
pub use raw::{
    BanTerms, Basin, Contract, Design, Heat, RandomNumbers, RegionAi, Rent, Role, Slots, Spikes,
    Supply, Sweep, Switching, Until, Walk,
};
pub use region::{Capacity, CapacityNow, Hydro, Power, Region};
pub use shape::SCHEMA;
pub use stated::{Stated, stated_keys};
pub use uncertain::{Factor, Law, Uncertain};

use crate::protocol::{hashprice, subsidy_btc};
use crate::units::{
    JoulesPerTerahash, Megawatts, PetahashPerSecond, Share, Usd, UsdPerMwh, UsdPerTerahash,
};

/// A checked scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name shown in tables.
    pub name: String,
    /// What the scenario asks.
    pub description: String,
    /// First simulated day.
    pub start: Date,
    /// Number of simulated days, at least 1.
    pub days: u32,
    /// Metrics are recorded on day 0 and every so many days.
    pub record_every_days: u32,
    /// If there are any, metrics are recorded on these days alone, which rise.
    pub record_only: Vec<u32>,
    /// Number of histories.
    pub replicas: u32,
    /// Seed of all randomness.
    pub seed: u64,
    /// The network at the start.
    pub bitcoin: Bitcoin,
    /// At least one region, in scenario order.
    pub regions: Vec<Region>,
    /// Lower-triangular Cholesky factor of the correlation of the regions' price innovations.
    pub power_correlation_factor: Vec<Vec<f64>>,
    /// The firms at the start.
    pub firms: Firms,
    /// What machines cost, how good they get, how they wear.
    pub hardware: Hardware,
    /// How firms buy machines; `None`: nobody buys any.
    pub growth: Option<Growth>,
    /// How fast operators switch off and on.
    pub switching: Switching,
    /// AI compute beside mining.
    pub ai: Option<Ai>,
    /// How miners decide to move.
    pub moving: Moving,
    /// What miners expect.
    pub expectations: Expectations,
    /// The pools.
    pub pools: Pools,
    /// River basins, in scenario order.
    pub basins: Vec<(String, Basin)>,
    /// What happens at known dates.
    pub events: Vec<Event>,
    /// Number in the file, from 0, of each of the first events: those that are not enabled are not among them.
    pub event_numbers: Vec<usize>,
    /// What may happen. A ban of a region that stands for several countries is one of each, at the rate of each.
    pub hazards: Vec<Hazard>,
    /// Whether they do; if not, they are feared and never come.
    pub hazards_strike: bool,
    /// Correlation of the times at which any two hazards strike.
    pub hazard_correlation: f64,
    /// What was measured of the real network; a run does not look at it.
    pub observed: Option<Observed>,
    /// Parameters of which every replica has its own values.
    pub uncertain: Uncertain,
    /// What a sweep varies; a run does not look at it.
    pub sweep: Sweep,
    /// The texts that the scenario was read from.
    pub source: Source,
}

impl Scenario {
    /// Days on which metrics are recorded: 0, `record_every_days`, ..., or those of `record_only`.
    #[must_use]
    pub fn record_days(&self) -> Vec<u32> {
        if self.record_only.is_empty() {
            let every = self.record_every_days as usize;
            return (0..self.days).step_by(every).collect();
        }
        let within = self.record_only.iter().filter(|day| **day < self.days);
        within.copied().collect()
    }

    /// Day of the year of a simulated day, 1 January being 1.
    #[must_use]
    pub fn day_of_year(&self, day: u32) -> f64 {
        f64::from(self.date(day).day_of_year())
    }

    /// Firms at the start.
    #[must_use]
    pub fn firms_at_start(&self) -> usize {
        self.firms.named.len() + self.firms.count as usize
    }

    /// The calendar date of a simulated day.
    ///
    /// # Panics
    /// Never for days of a checked scenario: its last day is before the year 2301.
    #[must_use]
    pub fn date(&self, day: u32) -> Date {
        self.start
            .saturating_add(jiff::Span::new().days(i64::from(day)))
    }
}

/// The dated step in force on a simulated day, of steps in order of time.
#[must_use]
pub fn in_force<T>(steps: &[(i32, T)], day: i32) -> Option<&T> {
    let step = steps.iter().rev().find(|(from, _)| *from <= day);
    step.map(|(_, value)| value)
}

/// The network at the start.
#[derive(Debug, Clone)]
pub struct Bitcoin {
    /// Height of the next block.
    pub height: u64,
    /// Hash rate of the network.
    pub network_hash: PetahashPerSecond,
    /// What that hash rate and the regional shares count.
    pub hash_is: HashIs,
    /// Difficulty, at least 1.
    pub difficulty: f64,
    /// Blocks until the retarget, 1 to 2016; at 2016 the first block of the epoch is still to be found.
    pub blocks_to_retarget: u32,
    /// Days since the first block of the epoch.
    pub epoch_elapsed_days: f64,
    /// Mean fees as a fraction of the subsidy.
    pub fee_ratio: f64,
    /// Standard deviation of the log of fees.
    pub fee_sd: f64,
    /// Time in which a departure of fees from their mean halves, days.
    pub fee_half_life_days: f64,
    /// Whether fees accrue by the day.
    pub fees_per_day: bool,
    /// The price process.
    pub price: PriceModel,
}

/// Which machines a hash rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashIs {
    /// Those that run at the start's base prices.
    Running,
    /// All.
    Nameplate,
}

impl Bitcoin {
    /// Hashprice on the eve of the first day, USD per PH/s and day.
    #[must_use]
    pub fn hashprice_at_start(&self) -> f64 {
        let reward = subsidy_btc(self.height) * (1.0 + self.fee_ratio);
        hashprice(self.difficulty, reward, self.price.at_start())
    }
}

/// The price of one bitcoin. Rates are per year, volatilities per square root of a year.
#[derive(Debug, Clone, PartialEq)]
pub enum PriceModel {
    /// One price.
    Constant {
        /// The price.
        usd: Usd,
    },
    /// Geometric Brownian motion, with jumps if `jumps_per_year` is above 0.
    Diffusion {
        /// The price on the eve.
        usd: Usd,
        /// Growth rate of the expected price.
        drift: f64,
        /// Volatility between jumps.
        volatility: f64,
        /// Merton's jumps.
        jumps: Option<Jumps>,
    },
    /// The price of each day.
    Path {
        /// One positive price a day.
        usd: Vec<f64>,
    },
    /// Blocks of past log returns, drawn again and again.
    Bootstrap {
        /// The price on the eve.
        usd: Usd,
        /// Growth rate of the log price.
        drift: f64,
        /// Log returns at even spacing.
        returns: Vec<f64>,
        /// Their spacing, days.
        spacing_days: u32,
        /// Mean length of a block, days.
        mean_block_days: f64,
    },
}

impl PriceModel {
    /// The price on the eve of the first day; for a known path that of the first day, USD.
    #[must_use]
    pub fn at_start(&self) -> f64 {
        match self {
            Self::Constant { usd } | Self::Diffusion { usd, .. } | Self::Bootstrap { usd, .. } => {
                usd.get()
            }
            Self::Path { usd } => usd[0],
        }
    }
}

/// Jumps of the log price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jumps {
    /// Expected number a year.
    pub per_year: f64,
    /// Mean size.
    pub mean: f64,
    /// Standard deviation of the size.
    pub sd: f64,
}

/// The firms at the start.
#[derive(Debug, Clone)]
pub struct Firms {
    /// Unnamed firms.
    pub count: u32,
    /// Pareto exponent of their sizes.
    pub tail_alpha: f64,
    /// Largest of their sizes, the smallest possible being 1.
    pub tail_cap: f64,
    /// Largest load of one fleet.
    pub max_fleet: Option<Megawatts>,
    /// Economies of scale.
    pub scale_exponent: f64,
    /// Standard deviation of the log of a site's luck.
    pub site_dispersion: f64,
    /// Dated steps of what it costs to be a firm, in order of time: simulated day (may be negative) and USD a year.
    pub overhead: Vec<(i32, f64)>,
    /// Same draw in every replica.
    pub fixed_population: bool,
    /// Efficiency of their machines.
    pub efficiency: Efficiency,
    /// Named firms.
    pub named: Vec<NamedFirm>,
}

/// Efficiency of the machines at the start.
#[derive(Debug, Clone)]
pub enum Efficiency {
    /// Normal within bounds.
    Normal {
        /// Mean before truncation.
        mean: JoulesPerTerahash,
        /// Standard deviation before truncation, J/TH.
        sd: f64,
        /// Lower bound.
        min: JoulesPerTerahash,
        /// Upper bound.
        max: JoulesPerTerahash,
    },
    /// Cumulated share of fleets and their efficiency; the last share is 1.
    Vintages(Vec<(f64, JoulesPerTerahash)>),
}

impl Efficiency {
    /// Mean over the machines, about: that of the normal law is taken before truncation.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Normal { mean, min, max, .. } => mean.get().clamp(min.get(), max.get()),
            Self::Vintages(mix) => {
                let mut before = 0.0;
                mix.iter().fold(0.0, |sum, (cumulated, e)| {
                    let share = cumulated - before;
                    before = *cumulated;
                    sum + share * e.get()
                })
            }
        }
    }

    /// The best machines that can be drawn.
    #[must_use]
    pub fn best(&self) -> JoulesPerTerahash {
        match self {
            Self::Normal { min, .. } => *min,
            Self::Vintages(mix) => {
                mix.iter().fold(
                    mix[0].1,
                    |best, (_, e)| {
                        if e.get() < best.get() { *e } else { best }
                    },
                )
            }
        }
    }
}

/// A firm known by name.
#[derive(Debug, Clone)]
pub struct NamedFirm {
    /// Its name.
    pub name: String,
    /// Its hash rate.
    pub hash: PetahashPerSecond,
    /// Region index and part of its hash rate, adding up to 1.
    pub places: Vec<(usize, f64)>,
    /// Index of its pool.
    pub pool: Option<usize>,
    /// Its cost of capital, if it is not that of all.
    pub discount_rate: Option<f64>,
}

/// How firms buy machines; rates are per month.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// Purchases, as part of a fleet's hash rate, for each unit by which value over cost is above the hurdle.
    pub rate_per_month: f64,
    /// Most that a fleet buys.
    pub cap_per_month: f64,
    /// Value over cost at which firms begin to buy.
    pub hurdle: f64,
    /// Standard deviation of the log of luck.
    pub luck_sd: f64,
    /// Part of the variance of luck that is the firm's for good.
    pub luck_persistence: f64,
    /// Cost of capital, 1/year.
    pub discount_rate: f64,
    /// From an order to the day on which its machines run.
    pub lead_days: u32,
    /// Orders under way at the start, as part of the hash rate for each month of `lead_days`.
    pub pipeline_per_month: f64,
    /// Smallest site that a firm opens in a region where it has none, MW.
    pub min_order_mw: f64,
    /// Part of the orders that comes from new firms.
    pub entry_share: f64,
    /// Size with which a new firm begins before the first of `entrants`, MW.
    pub entrant_mw: f64,
    /// Dated steps of it, in order of time: simulated day (may be negative) and MW.
    pub entrants: Vec<(i32, f64)>,
    /// Machines join others that need at most so many times as much power, or as little; infinite: any.
    pub join_within: f64,
    /// When an order takes its slot.
    pub slots: Slots,
    /// Whether what finds no room may take the place of the fleet's old machines.
    pub replace_in_place: bool,
}

impl Growth {
    /// Size with which a new firm begins on a simulated day, MW.
    #[must_use]
    pub fn entrant_mw_on(&self, day: i32) -> f64 {
        in_force(&self.entrants, day)
            .copied()
            .unwrap_or(self.entrant_mw)
    }

    /// Whether machines of one efficiency join those of another in one fleet.
    #[must_use]
    pub fn joins(&self, one: f64, other: f64) -> bool {
        one.max(other) <= self.join_within * one.min(other)
    }
}

/// What machines cost, how good they get, how they wear.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// Price at the reference hashprice and efficiency.
    pub price: UsdPerTerahash,
    /// Power of the smoothed hashprice in the price.
    pub elasticity: f64,
    /// Hashprice at which machines cost `price`, USD per PH/s and day.
    pub reference_hashprice: f64,
    /// Power of the frontier's efficiency in the price.
    pub premium: f64,
    /// Efficiency at which machines cost `price`.
    pub reference: JoulesPerTerahash,
    /// Lowest price at the reference efficiency.
    pub floor: UsdPerTerahash,
    /// Efficiency of the machines on sale.
    pub frontier: Option<Frontier>,
    /// World supply.
    pub supply: Option<Supply>,
    /// Part that wears out in a year.
    pub retire_per_year: f64,
    /// Mean time after which machines that cannot earn their power are scrapped, days; infinite: never.
    pub exit_after_idle_days: f64,
    /// Standard deviation of the log of efficiency inside a fleet.
    pub efficiency_spread: f64,
    /// Life of a machine.
    pub life_years: f64,
    /// Cost of a site, USD/kW.
    pub site_usd_per_kw: f64,
    /// Life of a site.
    pub site_life_years: f64,
}

/// Efficiency of the machines on sale.
#[derive(Debug, Clone, PartialEq)]
pub enum Frontier {
    /// Falls towards a limit.
    Exponential {
        /// At the start.
        start: JoulesPerTerahash,
        /// In the end.
        limit: JoulesPerTerahash,
        /// Speed, 1/year.
        rate: f64,
    },
    /// Simulated day (may be negative) and efficiency from then on, in order of time.
    Steps(Vec<(i32, JoulesPerTerahash)>),
}

/// What an event does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// Mining is forbidden in the region.
    Ban(BanTerms),
    /// Factor on the price of power.
    TariffFactor(f64),
    /// Added to the price of power, USD/MWh.
    TariffAdd(f64),
    /// Nobody may move in.
    Freeze,
    /// Part of the capacity that is taken away.
    Curtail(f64),
    /// Part of the machines that is off.
    Outage(f64),
    /// Part of the water that is missing.
    Drought(f64),
    /// Added to the import duty.
    Duty(f64),
    /// Added to the tax on revenue.
    Tax(f64),
    /// Factor on the price of machines.
    HardwarePrice(f64),
    /// Factor on the price of bitcoin.
    BtcPrice(f64),
}

/// Something that happens at a known date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// First day; may be before the run.
    pub start: i32,
    /// Length, days; `None`: to the end.
    pub days: Option<u32>,
    /// Where; `None` for what concerns all.
    pub region: Option<usize>,
    /// What it does.
    pub effect: Effect,
}

/// Something that may happen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hazard {
    /// Length, days; `None`: to the end.
    pub days: Option<u32>,
    /// Where; `None` for what concerns all.
    pub region: Option<usize>,
    /// What it does.
    pub effect: Effect,
    /// Expected number in a year, at the reference load.
    pub per_year: f64,
    /// Reaction of the log of the rate to the running load over the country's generation.
    pub load_sensitivity: f64,
    /// Load over generation at which the rate is `per_year`.
    pub reference_load: f64,
    /// Its random stream: what it is and where, so that other hazards leave its luck alone.
    pub stream: u64,
}

/// How miners decide to move.
#[derive(Debug, Clone)]
pub struct Moving {
    /// Days between reviews of a fleet.
    pub review_days: u32,
    /// Rate at which a fleet considers moving; infinite: at every review.
    pub consider_per_year: f64,
    /// Mean downtime of a move, days.
    pub downtime_days: f64,
    /// Coefficient of variation of the downtime.
    pub downtime_cv: f64,
    /// Time over which a move has to pay.
    pub horizon_years: f64,
    /// Scale of the choice, above 0.
    pub choice_scale: UsdPerMwh,
    /// Shipping.
    pub ship: UsdPerTerahash,
    /// Part of the machines lost in a move.
    pub breakage: Share,
    /// Attraction of the present place, USD/MWh.
    pub stay_bonus: f64,
    /// Attraction of the first place, USD/MWh.
    pub home_bonus: f64,
    /// What a ban is expected to cost.
    pub policy_loss_per_mw: Usd,
}

/// What miners expect of revenue and of power prices.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// Weight of the smoothed spot price in the expected power price.
    pub spot_memory: f64,
    /// Smoothing time, days.
    pub smoothing_days: f64,
    /// Expected decline of hashprice a year.
    pub hashprice_decay: f64,
    /// Whether halvings are foreseen.
    pub halving_known: bool,
}

/// The pools that firms mine through.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Part of revenue that the pool keeps.
    pub fee: Share,
    /// The pools, in scenario order; none: not reckoned.
    pub tags: Vec<Pool>,
    /// Groups of pools, in the order in which they are first named; a pool without one is its own.
    pub groups: Vec<String>,
}

/// A pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Its tag.
    pub tag: String,
    /// Weight with which firms choose it.
    pub share: f64,
    /// Index of its group.
    pub group: usize,
}

/// The texts a scenario was read from: enough to read it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The file as it was named.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Overrides in the order given, `KEY=VALUE`.
    pub overrides: Vec<String>,
    /// Files that the scenario names, with their text.
    pub inputs: Vec<(String, String)>,
}

impl Source {
    /// SHA-256 over text, overrides and inputs: two scenarios with one digest are the same scenario.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        part(&self.text);
        for text in &self.overrides {
            part(text);
        }
        for (name, text) in &self.inputs {
            part(name);
            part(text);
        }
        crate::units::hexadecimal(&hasher.finalize())
    }
}
