//! What was measured of the real network, and which parameters are not known well enough for one value.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RawDate;

/// What was measured of the real network, against which `hashdrift backtest` scores a run. A run of the scenario does not look at it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawObserved {
    /// CSV file with the columns `date,blocks,difficulty`, a row a day, relative to the scenario file. The hash rate of a day is
    /// `blocks * difficulty * 2^32 / 86400`.
    pub daily: Option<String>,
    /// Scores are given over everything, and over what was measured up to each of so many days after the start.
    #[serde(default)]
    pub horizons_days: Vec<u32>,
    /// What a forecaster without a model knew at the start.
    #[serde(default)]
    pub reference: RawReference,
    /// What was measured on many dates.
    #[serde(default)]
    pub series: Vec<RawSeries>,
    /// What is read off a whole path, such as its deepest fall.
    #[serde(default)]
    pub features: Vec<RawFeature>,
}

/// What a forecaster without a model knew at the start: the forecasts that a model has to beat.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawReference {
    /// Growth rate of hash rate before the start, with which the random walk goes on.
    #[serde(default)]
    #[schemars(range(min = -5.0, max = 5.0), extend("x-unit" = "1/year"))]
    pub hash_drift_per_year: f64,
    /// Volatility of log hash rate before the start.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/sqrt(year)"))]
    pub hash_volatility: f64,
    /// Volatility of the log-ratios of shares before the start.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/sqrt(year)"))]
    pub share_volatility: f64,
    /// Growth rate of hash rate for a unit of money, for the free-entry barrier of Prat and Walter.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0), extend("x-unit" = "1/year"))]
    pub technology_per_year: f64,
}

impl Default for RawReference {
    fn default() -> Self {
        super::empty_table("RawReference")
    }
}

/// Something measured on many dates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSeries {
    /// What was measured.
    pub metric: RawMetric,
    /// CSV file with the columns `date,value`, for shares `date,region,value`, relative to the scenario file. A region is an id of the
    /// scenario, or several joined by `+` that were measured as one. Units: EH/s, J/TH, parts of 1. Rows outside the run are left out.
    pub file: Option<String>,
    /// In place of `file`: the dates are every so many days from the start, and the values those of `observed.daily`.
    #[schemars(range(min = 1, max = 36525), extend("x-unit" = "days"))]
    pub every_days: Option<u32>,
    /// The value is the mean of so many days that end on its date.
    #[serde(default = "one_day")]
    #[schemars(range(min = 1, max = 366), extend("x-unit" = "days"))]
    pub average_days: u32,
    /// How far the measurement may be from the truth.
    #[serde(default)]
    pub error: RawError,
    /// Hash rate that the measurement books in another region than where it is.
    #[serde(default)]
    pub misplaced: Vec<RawMisplaced>,
    /// Times whose values are known to be wrong and are not scored.
    #[serde(default)]
    pub masked: Vec<RawMask>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawMetric {
    /// Share of a region in the hash rate.
    Share,
    /// Hash rate of the network, EH/s, from its blocks.
    HashRate,
    /// Difficulty.
    Difficulty,
    /// Mean efficiency of the machines that run, J/TH.
    Efficiency,
}

/// How far a measurement may be from the truth.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RawError {
    /// Not at all. Hash rate is counted from the simulated blocks as it was from the real ones, luck included.
    #[default]
    None,
    /// The log is off by a normal error.
    LogNormal {
        /// Its standard deviation.
        #[schemars(range(min = 0.0, max = 5.0))]
        sd: f64,
    },
    /// Shares are estimated as from a sample: a Dirichlet law around the true ones.
    Dirichlet {
        /// Its concentration: a share `s` has the variance `s (1 - s) / (concentration + 1)`.
        #[schemars(range(max = 1e9), extend("exclusiveMinimum" = 0.0))]
        concentration: f64,
    },
}

/// Hash rate booked elsewhere.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMisplaced {
    /// Where it is.
    pub from: String,
    /// Where it is booked.
    pub to: String,
    /// Part of the first region's hash rate.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-unit" = "share"))]
    pub share: f64,
}

/// A time that is not scored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMask {
    /// Its first day.
    pub from: RawDate,
    /// Its last day.
    pub until: RawDate,
    /// Why.
    pub why: String,
}

/// Something read off a whole path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawFeature {
    /// What it is, for people.
    pub name: String,
    /// Of what.
    pub metric: RawMetric,
    /// For a share: the region, or several joined by `+`.
    pub region: Option<String>,
    /// What is read off.
    pub measure: RawMeasure,
    /// Every day is the mean of so many days that end on it.
    #[serde(default = "one_day")]
    #[schemars(range(min = 1, max = 366), extend("x-unit" = "days"))]
    pub average_days: u32,
    /// First day looked at.
    pub from: RawDate,
    /// Last day looked at.
    pub until: RawDate,
    /// What was observed. Without it, it is read off `observed.daily` as it is off the simulated paths.
    pub value: Option<f64>,
    /// Standard deviation of the error of the observation, in its unit.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub sd: f64,
    /// The event whose probability is scored: that the feature is at least this.
    pub at_least: Option<f64>,
}

/// What can be read off a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawMeasure {
    /// The deepest fall from an earlier peak, as a part of it.
    LargestFall,
    /// Days from `from` to the end of that fall.
    TroughDay,
    /// Days from the peak before that fall until it is exceeded; if it is not, to `until`.
    RecoveryDays,
    /// The value on `until`.
    Level,
}

/// Parameters that are not known well enough for one value: every replica has its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawUncertain {
    /// CSV file whose columns are keys of the scenario, such as `growth.hurdle`, and whose rows are equally likely values of all of
    /// them together; relative to the scenario file. `hashdrift calibrate` writes one.
    pub draws: Option<String>,
    /// Laws of single keys, or of several that move together.
    #[serde(default)]
    pub factors: Vec<RawFactor>,
}

/// The law of one key, or of several that one draw moves.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RawFactor {
    /// The scenario's value times `exp(sd z)`: it is the median.
    LogNormal {
        /// The keys.
        keys: Vec<String>,
        /// Standard deviation of the log.
        #[schemars(range(min = 0.0, max = 5.0))]
        sd: f64,
    },
    /// The scenario's value plus `sd z`, kept inside the key's range.
    Normal {
        /// The keys.
        keys: Vec<String>,
        /// Standard deviation, in the key's unit.
        #[schemars(range(min = 0.0, max = 1e9))]
        sd: f64,
    },
    /// Equally likely between two values.
    Uniform {
        /// The keys.
        keys: Vec<String>,
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// Its log equally likely between those of two values.
    LogUniform {
        /// The keys.
        keys: Vec<String>,
        /// Lowest value, above 0.
        low: f64,
        /// Highest value.
        high: f64,
    },
}

fn one_day() -> u32 {
    1
}
