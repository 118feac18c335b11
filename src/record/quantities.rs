//! The list of what is recorded: which quantities a scenario has, in the order of every record.

use crate::scenario::Scenario;
use crate::world::fleet::park_is_fixed;

/// What a quantity is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The network as a whole.
    Network,
    /// A region, or the distribution over regions.
    Region,
    /// The distribution over firms.
    Firm,
    /// The distribution over pools by tag.
    Pool,
    /// The distribution over groups of pools.
    PoolGroup,
    /// What moved from one region to another.
    Flow,
    /// AI compute, and those who host it.
    Ai,
}

impl Level {
    /// As written in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Region => "region",
            Self::Firm => "firm",
            Self::Pool => "pool",
            Self::PoolGroup => "pool_group",
            Self::Flow => "flow",
            Self::Ai => "ai",
        }
    }
}

/// One recorded quantity: a column of every record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// What it is about.
    pub level: Level,
    /// Region id, `FROM->TO` for a flow, `all` for the network and for distributions.
    pub name: String,
    /// What is measured.
    pub metric: String,
    /// Unit of the value.
    pub unit: &'static str,
}

impl Quantity {
    /// Whether `LEVEL/NAME/METRIC` with `*` for any, or a metric alone, means this one.
    #[must_use]
    pub fn fits(&self, pattern: &str) -> bool {
        pattern_fits(pattern, [self.level.as_str(), &self.name, &self.metric])
    }
}

/// Whether `LEVEL/NAME/METRIC` with `*` for any, or a metric alone, fits what is called so.
#[must_use]
pub fn pattern_fits(pattern: &str, [level, name, metric]: [&str; 3]) -> bool {
    let same = |pattern: &str, name: &str| pattern == "*" || pattern == name;
    match pattern.split('/').collect::<Vec<_>>()[..] {
        [only] => only == metric,
        [one, other, third] => same(one, level) && same(other, name) && same(third, metric),
        _ => false,
    }
}

/// Counts whose distribution over the replicas is written down as well: of a number such as 1, 2 or 3, quantiles say little.
pub const COUNTS: [&str; 3] = ["nakamoto_third", "nakamoto_half", "nakamoto_two_thirds"];

/// Name of quantities that are about everything at their level.
pub const ALL: &str = "all";

/// Metrics of a distribution, with their units; `nameplate_` is put in front for nameplate weights.
pub const CONCENTRATION: [(&str, &str); 18] = [
    ("hhi", "1"),
    ("hhi_10000", "1"),
    ("effective_number", "1"),
    ("nakamoto_third", "units"),
    ("nakamoto_half", "units"),
    ("nakamoto_two_thirds", "units"),
    ("nakamoto_third_at_least", "units"),
    ("nakamoto_half_at_least", "units"),
    ("nakamoto_two_thirds_at_least", "units"),
    ("gini", "1"),
    ("entropy", "bits"),
    ("effective_number_entropy", "1"),
    ("theil", "1"),
    ("top_1", "share"),
    ("top_3", "share"),
    ("top_10", "share"),
    ("active", "units"),
    ("registered", "units"),
];

const NETWORK: [(&str, &str); 14] = [
    ("btc_price", "USD/BTC"),
    ("hashprice", "USD/PH/day"),
    ("difficulty", "1"),
    ("height", "blocks"),
    ("block_interval", "s"),
    ("hash_rate", "EH/s"),
    ("nameplate_hash_rate", "EH/s"),
    ("idle_hash_rate", "EH/s"),
    ("transit_hash_rate", "EH/s"),
    ("power", "MW"),
    ("energy", "TWh/year"),
    ("efficiency", "J/TH"),
    ("nameplate_efficiency", "J/TH"),
    ("breakeven_power_price", "USD/MWh"),
];

const REGION: [(&str, &str); 13] = [
    ("share", "share"),
    ("nameplate_share", "share"),
    ("hash_rate", "EH/s"),
    ("nameplate_hash_rate", "EH/s"),
    ("power", "MW"),
    ("load", "MW"),
    ("capacity", "MW"),
    ("utilisation", "share"),
    ("power_price", "USD/MWh"),
    ("delivered_power_price", "USD/MWh"),
    ("electricity_cost_p10", "USD/BTC"),
    ("electricity_cost_p50", "USD/BTC"),
    ("electricity_cost_p90", "USD/BTC"),
];

/// Of the network where the park changes.
const CHANGING_NETWORK: [(&str, &str); 10] = [
    ("fee_ratio", "1"),
    ("seeking_hash_rate", "EH/s"),
    ("ordered_hash_rate", "EH/s"),
    ("bought", "EH/s"),
    ("scrapped", "EH/s"),
    ("abandoned", "EH/s"),
    ("hardware_price", "USD/TH"),
    ("frontier_efficiency", "J/TH"),
    ("frontier_breakeven_power_price", "USD/MWh"),
    ("running_fleets", "units"),
];

/// Of a region where the park changes.
const CHANGING_REGION: [(&str, &str); 9] = [
    ("available", "MW"),
    ("ordered_load", "MW"),
    ("powered", "share"),
    ("cash_cost_p10", "USD/BTC"),
    ("cash_cost_p50", "USD/BTC"),
    ("cash_cost_p90", "USD/BTC"),
    ("all_in_cost_p10", "USD/BTC"),
    ("all_in_cost_p50", "USD/BTC"),
    ("all_in_cost_p90", "USD/BTC"),
];

/// Of AI compute as a whole.
const AI: [(&str, &str); 6] = [
    ("edge_share", "share"),
    ("demand", "MW"),
    ("hosted_demand", "MW"),
    ("rent", "USD/MW/year"),
    ("margin", "USD/MWh"),
    ("converted", "MW"),
];

/// Of AI compute in a region.
const REGION_AI: [(&str, &str); 4] = [
    ("ai_load", "MW"),
    ("ai_price", "USD/MWh"),
    ("ai_built", "share"),
    ("converted", "MW"),
];

/// The quantities recorded for a scenario, in the order of every record.
#[must_use]
pub fn quantities(scenario: &Scenario) -> Vec<Quantity> {
    let mut all = Vec::new();
    let mut add = |level, name: &str, metric: String, unit| {
        all.push(Quantity {
            level,
            name: name.to_owned(),
            metric,
            unit,
        });
    };
    let shape = Shape::of(scenario);
    for (metric, unit) in NETWORK {
        add(Level::Network, ALL, metric.into(), unit);
    }
    for (metric, unit) in shape.changing(&CHANGING_NETWORK) {
        add(Level::Network, ALL, (*metric).into(), unit);
    }
    if shape.emissions {
        add(Level::Network, ALL, "emissions".into(), "MtCO2/year");
        add(Level::Network, ALL, "carbon_intensity".into(), "g/kWh");
    }
    let pools: &[Level] = if shape.pools {
        &[Level::Pool, Level::PoolGroup]
    } else {
        &[]
    };
    for level in [Level::Region, Level::Firm].iter().chain(pools) {
        for weight in ["", "nameplate_"] {
            for (metric, unit) in CONCENTRATION {
                add(*level, ALL, format!("{weight}{metric}"), unit);
            }
        }
    }
    for region in &scenario.regions {
        for (metric, unit) in REGION {
            add(Level::Region, &region.id, metric.into(), unit);
        }
        for (metric, unit) in shape.changing(&CHANGING_REGION) {
            add(Level::Region, &region.id, (*metric).into(), unit);
        }
        if shape.emissions {
            add(Level::Region, &region.id, "emissions".into(), "MtCO2/year");
        }
    }
    if shape.pools {
        for pool in &scenario.pools.tags {
            add(Level::Pool, &pool.tag, "share".into(), "share");
        }
    }
    for from in &scenario.regions {
        for to in scenario.regions.iter().filter(|to| to.id != from.id) {
            let name = format!("{}->{}", from.id, to.id);
            add(Level::Flow, &name, "moved".into(), "PH/s");
        }
    }
    if let Some(ai) = &scenario.ai {
        for (metric, unit) in AI.iter().chain(&CONCENTRATION) {
            add(Level::Ai, ALL, (*metric).into(), unit);
        }
        for provider in &ai.providers {
            add(Level::Ai, &provider.name, "share".into(), "share");
        }
        for region in scenario.regions.iter().filter(|region| region.ai.is_some()) {
            for (metric, unit) in REGION_AI {
                add(Level::Region, &region.id, metric.into(), unit);
            }
        }
    }
    all
}

/// Which quantities a scenario has besides those of every one.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Whether the park changes.
    pub changing: bool,
    /// Whether the carbon intensity of a region is given.
    pub emissions: bool,
    /// Whether there are pools.
    pub pools: bool,
}

impl Shape {
    /// That of a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let mut regions = scenario.regions.iter();
        Self {
            changing: !park_is_fixed(scenario),
            emissions: regions.any(|region| region.gco2_per_kwh.is_some()),
            pools: !scenario.pools.tags.is_empty(),
        }
    }

    fn changing(
        self,
        metrics: &'static [(&'static str, &'static str)],
    ) -> &'static [(&'static str, &'static str)] {
        if self.changing { metrics } else { &[] }
    }
}
