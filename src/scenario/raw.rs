//! What a scenario file may say: a mirror of the TOML, one field per key.
//!
//! This is the single statement of the file format. The doc comment, unit, range and default of a
//! key live here and nowhere else: deserialisation, the JSON Schema of `hashdrift schema`, the
//! texts of `hashdrift explain` and the checks of types, ranges and unknown keys are derived from it.
//! Rules that need more than one key are in `check.rs`.

mod ai;
mod events;
mod growth;
mod observed;
mod region;
mod sweep;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::document::Document;
use super::problem::Problem;
pub use ai::{Provider, RawAi, RegionAi, Rent, Walk};
pub use events::{BanTerms, RawEvent, RawEventKind, RawHazard, RawPolicy};
pub use growth::{RawFrontier, RawGrowth, RawHardware, Slots, Supply, Switching};
pub use observed::{
    RawError, RawFactor, RawFeature, RawMeasure, RawMetric, RawObserved, RawReference, RawSeries,
    RawUncertain,
};
pub use region::{Basin, Contract, Heat, RawPower, RawRegion, Spikes};
pub use sweep::{Cases, Changes, Design, RandomNumbers, Role, Sweep, SweepAxis, Until, Values};

/// A scenario: one world, its start, and how often its history is drawn.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawScenario {
    /// Name shown in tables and file names.
    pub name: String,
    /// What the scenario asks, in a sentence or two.
    #[serde(default)]
    pub description: String,
    /// A scenario file, relative to this one, that this one changes: keys given here take the place of those given there, lists
    /// as a whole. That file may extend another in turn. Files that any of them names
    /// are looked for from the folder of the scenario that is run.
    #[expect(
        dead_code,
        reason = "read before the rest, which is put over that file"
    )]
    pub extends: Option<String>,
    /// First simulated day.
    pub start: RawDate,
    /// Number of simulated days.
    #[schemars(range(min = 1, max = 36525), extend("x-unit" = "days"))]
    pub days: u32,
    /// Metrics are recorded on day 0 and every so many days after it.
    #[serde(default = "seven")]
    #[schemars(range(min = 1, max = 36525), extend("x-unit" = "days"))]
    pub record_every_days: u32,
    /// Number of histories drawn; `--replicas` overrides it.
    #[serde(default = "thousand")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub replicas: u32,
    /// Seed of all randomness; `--seed` overrides it.
    #[serde(default = "one_u64")]
    #[schemars(range(min = 0, max = 9_223_372_036_854_775_807_u64))]
    pub seed: u64,
    /// The Bitcoin network at the start.
    pub bitcoin: RawBitcoin,
    /// The regions, in the order in which tables list them. The key is the region's id.
    pub regions: IndexMap<String, RawRegion>,
    /// How the power prices of the regions move together.
    #[serde(default)]
    pub power: RawPowerMarket,
    /// The mining firms at the start.
    pub firms: RawFirms,
    /// What mining hardware costs.
    #[serde(default)]
    pub hardware: RawHardware,
    /// How miners decide to move.
    #[serde(default)]
    pub moving: RawMoving,
    /// What miners expect of revenue and of power prices.
    #[serde(default)]
    pub expectations: RawExpectations,
    /// The pools that firms mine through.
    #[serde(default)]
    pub pools: RawPools,
    /// How firms buy machines. Without it, nobody buys any.
    pub growth: Option<RawGrowth>,
    /// How fast operators switch machines off and on.
    #[serde(default)]
    pub switching: Switching,
    /// AI compute beside mining: how concentrated it is, and what it takes of the power. Without it, there is none.
    pub ai: Option<RawAi>,
    /// River basins whose droughts hit every region that names them. The key is the basin's id.
    #[serde(default)]
    pub basins: IndexMap<String, Basin>,
    /// What happens at a known date.
    #[serde(default)]
    pub events: Vec<RawEvent>,
    /// What may happen, at a yearly rate.
    #[serde(default)]
    pub hazards: Vec<RawHazard>,
    /// How the hazards hang together.
    #[serde(default)]
    pub policy: RawPolicy,
    /// What was measured of the real network, for `hashdrift backtest`.
    pub observed: Option<RawObserved>,
    /// Parameters that every replica draws for itself.
    #[serde(default)]
    pub uncertain: RawUncertain,
    /// What `hashdrift sweep` varies.
    #[serde(default)]
    pub sweep: Sweep,
}

/// The Bitcoin network at the start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBitcoin {
    /// Height of the next block to be found.
    #[schemars(range(min = 0, max = 6_929_999))]
    pub height: u64,
    /// Hash rate of the network at the start.
    #[schemars(range(min = 1e-9, max = 1e12), extend("x-unit" = "EH/s"))]
    pub network_ehs: f64,
    /// Whether `network_ehs` and the shares count the machines that run at base prices, or all.
    #[serde(default)]
    pub hash_is: RawHashIs,
    /// Difficulty at the start. Without it, the difficulty at which `network_ehs` finds a block every 600 seconds.
    #[schemars(range(min = 1.0, max = 1e24))]
    pub difficulty: Option<f64>,
    /// Blocks left until the difficulty changes, 2016 being a whole epoch whose first block is still to be found. Without it, from `height`.
    #[schemars(range(min = 1, max = 2016), extend("x-unit" = "blocks"))]
    pub blocks_to_retarget: Option<u32>,
    /// Time since the first block of the running epoch. Without it, 600 seconds for each block of it found so far.
    #[schemars(range(min = 0.0, max = 365.0), extend("x-unit" = "days"))]
    pub epoch_elapsed_days: Option<f64>,
    /// Transaction fees as a fraction of the subsidy.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100.0), extend("x-neutral" = 0.0))]
    pub fee_ratio: f64,
    /// Standard deviation of the log of fees around their mean.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 5.0), extend("x-neutral" = 0.0))]
    pub fee_sd: f64,
    /// Time in which a departure of fees from their mean halves.
    #[serde(default = "seven_f")]
    #[schemars(range(min = 0.1, max = 3660.0), extend("x-unit" = "days"))]
    pub fee_half_life_days: f64,
    /// Whether fees accrue by the day, so that a slow network has more of them in each block.
    #[serde(default)]
    #[schemars(extend("x-neutral" = false))]
    pub fees_per_day: bool,
    /// The price of one bitcoin.
    pub price: RawPrice,
}

/// Which machines a hash rate counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawHashIs {
    /// The machines that run at the start's base power prices and bitcoin price.
    #[default]
    Running,
    /// All machines.
    Nameplate,
}

/// The price of one bitcoin over time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RawPrice {
    /// One price on every day.
    Constant {
        /// The price.
        #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0.0, "x-unit" = "USD/BTC"))]
        usd: f64,
    },
    /// Geometric Brownian motion: the expected price on day t is `usd * exp(drift * (t + 1) / 365.25)`.
    Gbm {
        /// The price on the eve of the first day.
        #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0.0, "x-unit" = "USD/BTC"))]
        usd: f64,
        /// Growth rate of the expected price.
        #[serde(default)]
        #[schemars(range(min = -10.0, max = 10.0), extend("x-unit" = "1/year"))]
        drift: f64,
        /// Standard deviation of log returns.
        #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/sqrt(year)"))]
        volatility: f64,
    },
    /// Merton's jump diffusion, compensated so that the expected price is that of `gbm`.
    Jump {
        /// The price on the eve of the first day.
        #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0.0, "x-unit" = "USD/BTC"))]
        usd: f64,
        /// Growth rate of the expected price.
        #[serde(default)]
        #[schemars(range(min = -10.0, max = 10.0), extend("x-unit" = "1/year"))]
        drift: f64,
        /// Standard deviation of log returns between jumps.
        #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/sqrt(year)"))]
        volatility: f64,
        /// Expected number of jumps.
        #[schemars(range(min = 0.0, max = 365.0), extend("x-unit" = "1/year"))]
        jumps_per_year: f64,
        /// Mean of a jump in log price.
        #[schemars(range(min = -5.0, max = 5.0))]
        jump_mean: f64,
        /// Standard deviation of a jump in log price.
        #[schemars(range(min = 0.0, max = 3.0))]
        jump_sd: f64,
    },
    /// A dated path from a CSV file with the columns `date,usd`, linear in log price between its dates.
    Path {
        /// The CSV file, relative to the scenario file.
        file: String,
    },
    /// Blocks of past log returns from a CSV file with the columns `date,usd` at even spacing, drawn again and again
    /// (stationary block bootstrap).
    Bootstrap {
        /// The CSV file, relative to the scenario file.
        file: String,
        /// The price on the eve of the first day.
        #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0.0, "x-unit" = "USD/BTC"))]
        usd: f64,
        /// Growth rate of the log price, and so of the median price, in place of that of the file.
        #[serde(default)]
        #[schemars(range(min = -10.0, max = 10.0), extend("x-unit" = "1/year"))]
        drift: f64,
        /// Mean length of a block.
        #[serde(default = "twenty")]
        #[schemars(range(min = 1.0, max = 3660.0), extend("x-unit" = "days"))]
        mean_block_days: f64,
    },
}

/// How the power prices of the regions move together.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPowerMarket {
    /// Correlation between the price innovations of any two regions.
    #[serde(default)]
    #[schemars(range(min = -1.0, max = 1.0), extend("x-neutral" = 0.0))]
    pub correlation: f64,
    /// The whole correlation matrix, a row per region in their order; in place of `correlation`.
    pub correlation_matrix: Option<Vec<Vec<f64>>>,
}

/// The mining firms at the start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawFirms {
    /// Number of firms in the tail, those that are not named.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub count: u32,
    /// Exponent of the Pareto law of the tail's sizes; lower is more unequal.
    #[serde(default = "pareto_alpha")]
    #[schemars(range(max = 100.0), extend("exclusiveMinimum" = 0.0))]
    pub tail_alpha: f64,
    /// Sizes above it are set to it, the smallest possible size being 1.
    #[serde(default = "tail_cap")]
    #[schemars(range(min = 1.0, max = 1e9))]
    pub tail_cap: f64,
    /// Largest load of one fleet; a larger firm is split into several. Without it, a firm is one fleet a region.
    #[schemars(range(min = 1e-3, max = 1e6), extend("x-unit" = "MW"))]
    pub max_fleet_mw: Option<f64>,
    /// Economies of scale: a firm pays `(its MW / 100)^-scale_exponent` times the price of power, between 0.5 and 2 times.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-neutral" = 0.0))]
    pub scale_exponent: f64,
    /// Luck of a site: standard deviation of the log of what one site pays against another in the same region.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 2.0), extend("x-neutral" = 0.0))]
    pub site_dispersion: f64,
    /// What it costs a year to be a firm at all, by date: a fleet that does not earn its part of it, by power, for `hardware.exit_after_idle_days`
    /// is given up. Before the first step, and without any, nothing.
    #[serde(default)]
    pub overhead: Vec<RawOverheadStep>,
    /// Draw sizes, places and efficiencies once for all replicas, not afresh in each.
    #[serde(default)]
    pub fixed_population: bool,
    /// Efficiency of the machines at the start.
    pub efficiency: RawEfficiency,
    /// Firms known by name, in place of as much of the tail.
    #[serde(default)]
    pub named: Vec<RawNamedFirm>,
}

/// A dated cost of being a firm.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawOverheadStep {
    /// First day on which it holds.
    pub from: RawDate,
    /// Cost from then on, whatever the size of the firm: staff, a lease, insurance, accounts.
    #[schemars(range(min = 0.0, max = 1e12), extend("x-unit" = "USD/year"))]
    pub usd_per_year: f64,
}

/// Efficiency of the machines at the start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RawEfficiency {
    /// A normal law, redrawn until inside `[min, max]`.
    Normal {
        /// Mean before truncation.
        #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
        mean: f64,
        /// Standard deviation before truncation.
        #[schemars(range(min = 0.0, max = 1e9), extend("x-unit" = "J/TH"))]
        sd: f64,
        /// Best machines in use.
        #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
        min: f64,
        /// Worst machines in use.
        #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
        max: f64,
    },
    /// A mix of vintages, each with the efficiency of its year.
    Vintages {
        /// The vintages; their shares of fleets add up to 1.
        mix: Vec<RawVintage>,
    },
}

/// Machines of one age.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawVintage {
    /// Part of the fleets that have machines of this vintage.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub share: f64,
    /// Their efficiency.
    #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0, "x-unit" = "J/TH"))]
    pub j_per_th: f64,
}

/// A firm known by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawNamedFirm {
    /// Its name.
    pub name: String,
    /// Its hash rate at the start.
    #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0.0, "x-unit" = "EH/s"))]
    pub ehs: f64,
    /// Where its machines are: region id to part of its hash rate, adding up to 1.
    pub regions: IndexMap<String, f64>,
    /// The pool it mines through, one of `pools.tags`. Without it, drawn like that of the tail's firms.
    pub pool: Option<String>,
    /// Its cost of capital, in place of `growth.discount_rate`.
    #[schemars(range(min = 0.0, max = 5.0), extend("x-unit" = "1/year"))]
    pub discount_rate: Option<f64>,
}

/// How miners decide to move.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMoving {
    /// Days between two reviews of a fleet.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 3660), extend("x-unit" = "days"))]
    pub review_days: u32,
    /// How often a year a fleet that runs considers moving at all; `inf`: at every review.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0), extend("x-unit" = "1/year", "x-neutral" = "inf", "x-infinite" = true))]
    pub consider_per_year: f64,
    /// Mean time from the decision to the first day at the new place.
    #[serde(default = "sixty")]
    #[schemars(range(min = 1.0, max = 3660.0), extend("x-unit" = "days"))]
    pub downtime_days: f64,
    /// Coefficient of variation of that time (gamma law).
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-neutral" = 0.0))]
    pub downtime_cv: f64,
    /// Time over which a move has to pay.
    #[serde(default = "two")]
    #[schemars(range(min = 0.01, max = 100.0), extend("x-unit" = "years"))]
    pub horizon_years: f64,
    /// Scale of the choice (the mu of the logit): how large a difference in margin has to be to decide.
    #[serde(default = "five")]
    #[schemars(range(min = 1e-6, max = 1e4), extend("x-unit" = "USD/MWh"))]
    pub choice_scale_usd_per_mwh: f64,
    /// Cost of shipping machines.
    #[serde(default = "two")]
    #[schemars(range(min = 0.0, max = 1e9), extend("x-unit" = "USD/TH", "x-neutral" = 0.0))]
    pub ship_usd_per_th: f64,
    /// Part of the machines lost in a move, at the hardware price.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share", "x-neutral" = 0.0))]
    pub breakage: f64,
    /// Attraction of the present place.
    #[serde(default)]
    #[schemars(range(min = -1e4, max = 1e4), extend("x-unit" = "USD/MWh", "x-neutral" = 0.0))]
    pub stay_bonus_usd_per_mwh: f64,
    /// Attraction of the region in which the fleet started.
    #[serde(default)]
    #[schemars(range(min = -1e4, max = 1e4), extend("x-unit" = "USD/MWh", "x-neutral" = 0.0))]
    pub home_bonus_usd_per_mwh: f64,
    /// What a miner expects to lose by a ban, for each megawatt; times the yearly rate of bans in a region it is what the
    /// region's policy risk costs.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e9), extend("x-unit" = "USD/MW", "x-neutral" = 0.0))]
    pub policy_loss_usd_per_mw: f64,
}

/// What miners expect of revenue and of power prices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawExpectations {
    /// Weight of recent spot prices in the expected power price: 0 plans with the base price, 1 with the smoothed spot price.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub spot_memory: f64,
    /// Days over which hashprice and spot prices are smoothed in expectations.
    #[serde(default = "thirty_f")]
    #[schemars(range(min = 1.0, max = 3660.0), extend("x-unit" = "days"))]
    pub smoothing_days: f64,
    /// Rate at which miners expect hashprice to fall.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/year", "x-neutral" = 0.0))]
    pub hashprice_decay: f64,
    /// Whether miners reckon with a halving that falls within their horizon.
    #[serde(default)]
    #[schemars(extend("x-neutral" = false))]
    pub halving_known: bool,
}

/// The pools that firms mine through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPools {
    /// Part of revenue that the pool keeps.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share of revenue", "x-neutral" = 0.0))]
    pub fee: f64,
    /// The pools by the tag in their blocks. Without any, concentration over pools is not reckoned.
    #[serde(default)]
    pub tags: IndexMap<String, RawPool>,
}

/// A pool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPool {
    /// Its share of the hash rate, by which firms choose it: weights, taken relative to their sum.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub share: f64,
    /// Pools with the same group are one in concentration by group: the same owner, or a pool that mines through another.
    pub group: Option<String>,
}

impl Default for RawHardware {
    fn default() -> Self {
        empty_table("RawHardware")
    }
}

impl Default for Switching {
    fn default() -> Self {
        empty_table("Switching")
    }
}

impl Default for RawPolicy {
    fn default() -> Self {
        empty_table("RawPolicy")
    }
}

impl Default for RawMoving {
    fn default() -> Self {
        empty_table("RawMoving")
    }
}

impl Default for RawExpectations {
    fn default() -> Self {
        empty_table("RawExpectations")
    }
}

impl Default for RawPools {
    fn default() -> Self {
        empty_table("RawPools")
    }
}

/// The value of a table that is left out: the defaults of its keys, stated once, at the keys.
fn empty_table<T: serde::de::DeserializeOwned>(name: &str) -> T {
    T::deserialize(toml::Value::Table(toml::Table::new()))
        .unwrap_or_else(|error| unreachable!("every key of {name} has a default: {error}"))
}

/// Reads a document whose shape has been checked.
///
/// # Errors
/// A [`Problem`] if the mirror and the checked shape disagree, which no input should bring about.
pub fn read(document: &Document<'_>) -> Result<RawScenario, Problem> {
    // By way of plain values: what reads those is compiled twice for each type of a scenario, what reads a document with its places
    // three times, and what keeps the path to every value as often again. That was an eighth of the program, for an error that
    // nobody sees.
    toml::Value::deserialize(toml::de::Deserializer::from(document.root.clone()))
        .and_then(RawScenario::deserialize)
        .map_err(|error| Problem {
            place: document.place_of_value(""),
            key: String::new(),
            rule: error.to_string().trim_end().replace('\n', " "),
            next: "`hashdrift explain KEY` says what a key holds".into(),
        })
}

/// A calendar date, written `2025-10-15` with or without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RawDate(pub jiff::civil::Date);

impl<'de> Deserialize<'de> for RawDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A date without quotes comes as its text.
        let text = String::deserialize(deserializer)?;
        text.parse().map(RawDate).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for RawDate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

fn yes() -> bool {
    true
}
fn one() -> f64 {
    1.0
}
fn two() -> f64 {
    2.0
}
fn five() -> f64 {
    5.0
}
fn sixty() -> f64 {
    60.0
}
fn seven_f() -> f64 {
    7.0
}
fn twenty() -> f64 {
    20.0
}
fn thirty_f() -> f64 {
    30.0
}
fn pareto_alpha() -> f64 {
    1.2
}
fn tail_cap() -> f64 {
    200.0
}
fn one_u32() -> u32 {
    1
}
fn one_u64() -> u64 {
    1
}
fn seven() -> u32 {
    7
}
fn thirty() -> u32 {
    30
}
fn thousand() -> u32 {
    1000
}
