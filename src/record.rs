//! What is written down of a history on a record day: the list of quantities, and their values.

use crate::concentration::{Concentration, expand_members, of_sorted_with};
use crate::protocol::{HASHES_PER_DIFFICULTY, block_interval_seconds};
use crate::scenario::Scenario;
use crate::units::{DAYS_PER_YEAR, PETAHASH_PER_EXAHASH};
use crate::world::fleet::Fleets;

/// What a quantity is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The network as a whole.
    Network,
    /// A region, or the distribution over regions.
    Region,
    /// The distribution over firms.
    Firm,
    /// What moved from one region to another.
    Flow,
}

impl Level {
    /// As written in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Region => "region",
            Self::Firm => "firm",
            Self::Flow => "flow",
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

/// Name of quantities that are about everything at their level.
pub const ALL: &str = "all";

/// Metrics of a distribution, with their units; `nameplate_` is put in front for nameplate weights.
const CONCENTRATION: [(&str, &str); 18] = [
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

const NETWORK: [(&str, &str); 13] = [
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

/// Parts of a region's hash rate at which its cost per bitcoin is read.
const COST_QUANTILES: [f64; 3] = [0.1, 0.5, 0.9];

/// The quantities recorded for a scenario, in the order of every record.
#[must_use]
pub fn quantities(scenario: &Scenario) -> Vec<Quantity> {
    let quantity = |level, name: &str, metric: String, unit| Quantity {
        level,
        name: name.to_owned(),
        metric,
        unit,
    };
    let mut all = Vec::new();
    for (metric, unit) in NETWORK {
        all.push(quantity(Level::Network, ALL, metric.into(), unit));
    }
    for level in [Level::Region, Level::Firm] {
        for weight in ["", "nameplate_"] {
            for (metric, unit) in CONCENTRATION {
                all.push(quantity(level, ALL, format!("{weight}{metric}"), unit));
            }
        }
    }
    for region in &scenario.regions {
        for (metric, unit) in REGION {
            all.push(quantity(Level::Region, &region.id, metric.into(), unit));
        }
    }
    for from in &scenario.regions {
        for to in scenario.regions.iter().filter(|to| to.id != from.id) {
            let name = format!("{}->{}", from.id, to.id);
            all.push(quantity(Level::Flow, &name, "moved".into(), "PH/s"));
        }
    }
    all
}

/// The state of a day as it ran.
pub struct Day<'a> {
    /// Simulated day.
    pub day: u32,
    /// USD per bitcoin.
    pub btc_price: f64,
    /// USD per PH/s and day.
    pub hashprice: f64,
    /// Bitcoin per block, fees included.
    pub reward_btc: f64,
    /// Difficulty at the start of the day.
    pub difficulty: f64,
    /// Height of the first block to be found.
    pub height: u64,
    /// Running hash rate by region, PH/s.
    pub running: &'a [f64],
    /// Worst efficiency that runs, by region, J/TH.
    pub worst_running: &'a [f64],
    /// Spot price by region, USD/MWh.
    pub spot: &'a [f64],
    /// Delivered price by region, USD/MWh.
    pub delivered: &'a [f64],
    /// Capacity by region, MW; infinite without a limit.
    pub capacity: &'a [f64],
    /// Nameplate load by region, those on their way included, MW.
    pub load: &'a [f64],
    /// Hash rate that left for another region since the last record, PH/s, `from * regions + to`.
    pub moved: &'a [f64],
    /// The fleets.
    pub fleets: &'a Fleets,
}

/// Computes records; keeps what can be carried from one to the next.
pub struct Recorder {
    members: Vec<u32>,
    pue: Vec<f64>,
    nameplate: Vec<f64>,
    power: Vec<f64>,
    costs: Vec<[f64; 3]>,
    reached: Vec<usize>,
    cumulated: Vec<f64>,
    firms_running: Distribution,
    firms_nameplate: Distribution,
}

impl Recorder {
    /// A recorder for a scenario with the given number of firms.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let regions = scenario.regions.len();
        let firms = scenario.firms.named.len() + scenario.firms.count as usize;
        Self {
            members: scenario.regions.iter().map(|r| r.members).collect(),
            pue: scenario.regions.iter().map(|r| r.power.pue).collect(),
            nameplate: vec![0.0; regions],
            power: vec![0.0; regions],
            costs: vec![[NULL; 3]; regions],
            reached: vec![0; regions],
            cumulated: vec![0.0; regions],
            firms_running: Distribution::of(firms),
            firms_nameplate: Distribution::of(firms),
        }
    }

    /// Writes the quantities of a day into `row`, in the order of [`quantities`].
    ///
    /// # Panics
    /// If `row` does not have as many entries.
    pub fn record(&mut self, today: &Day<'_>, row: &mut [f64]) {
        let regions = today.running.len();
        let mut row = Row { row, filled: 0 };
        let transit = self.walk_fleets(today);

        let running: f64 = today.running.iter().sum();
        let placed: f64 = self.nameplate.iter().sum();
        let nameplate = placed + transit.hash;
        let machine_mw: f64 = self.power.iter().sum();
        let meter_mw: f64 = self
            .power
            .iter()
            .zip(&self.pue)
            .map(|(mw, pue)| mw * pue)
            .sum();
        row.put(today.btc_price);
        row.put(today.hashprice);
        row.put(today.difficulty);
        // Exact: far below 2^53.
        row.put(today.height as f64);
        row.put(block_interval_seconds(today.difficulty, running).unwrap_or(NULL));
        row.put(running / PETAHASH_PER_EXAHASH);
        row.put(nameplate / PETAHASH_PER_EXAHASH);
        row.put((placed - running).max(0.0) / PETAHASH_PER_EXAHASH);
        row.put(transit.hash / PETAHASH_PER_EXAHASH);
        row.put(meter_mw);
        row.put(meter_mw * 24.0 * DAYS_PER_YEAR / 1e6);
        row.put(ratio(machine_mw * 1000.0, running));
        row.put(ratio(transit.all_power_mw * 1000.0, nameplate));

        // Nameplate by region counts machines on their way nowhere, as running hash does.
        for weights in [today.running, &self.nameplate] {
            let mut parts = expand_members(weights, &self.members);
            let registered = parts.len();
            parts.sort_by(|a, b| b.total_cmp(a));
            let sum_q_ln_q = parts.iter().map(|q| q_ln_q(*q)).sum();
            let active = parts.iter().filter(|part| **part > 0.0).count();
            row.put_concentration(
                of_sorted_with(&parts, registered, sum_q_ln_q).ok(),
                active,
                registered,
            );
        }
        for firms in [&mut self.firms_running, &mut self.firms_nameplate] {
            let (concentration, active) = firms.concentration();
            row.put_concentration(concentration, active, firms.weights.len());
        }

        for r in 0..regions {
            row.put(ratio(today.running[r], running));
            row.put(ratio(self.nameplate[r], placed));
            row.put(today.running[r] / PETAHASH_PER_EXAHASH);
            row.put(self.nameplate[r] / PETAHASH_PER_EXAHASH);
            row.put(self.power[r] * self.pue[r]);
            row.put(today.load[r]);
            let limited = today.capacity[r].is_finite();
            row.put(if limited { today.capacity[r] } else { NULL });
            row.put(if limited {
                ratio(today.load[r], today.capacity[r])
            } else {
                NULL
            });
            row.put(today.spot[r]);
            row.put(today.delivered[r]);
            for cost in self.costs[r] {
                row.put(cost);
            }
        }
        for from in 0..regions {
            for to in (0..regions).filter(|to| *to != from) {
                row.put(today.moved[from * regions + to]);
            }
        }
        assert_eq!(
            row.filled,
            row.row.len(),
            "a record has one value for every quantity"
        );
    }

    /// One walk over the fleets, best machines first, for everything that needs each of them.
    fn walk_fleets(&mut self, today: &Day<'_>) -> Transit {
        let fleets = today.fleets;
        self.nameplate.fill(0.0);
        self.power.fill(0.0);
        self.cumulated.fill(0.0);
        self.reached.fill(0);
        self.costs.fill([NULL; 3]);
        self.firms_running.weights.fill(0.0);
        self.firms_nameplate.weights.fill(0.0);
        let nowhere = usize::from(fleets.nowhere());
        // Electricity of one bitcoin at 1 J/TH, MWh: hashes of a block over its reward.
        let mwh_per_btc =
            today.difficulty * HASHES_PER_DIFFICULTY / 1e12 / 3.6e9 / today.reward_btc;
        let mut transit = Transit {
            hash: 0.0,
            all_power_mw: 0.0,
        };
        let ranked = &fleets.ranked;
        let machines = ranked.hash_phs.iter().zip(&ranked.efficiency);
        let owners = ranked.site.iter().zip(&ranked.firm);
        for ((hash, efficiency), (site, firm)) in machines.zip(owners) {
            let (hash, efficiency, firm) = (*hash, *efficiency, *firm as usize);
            let mw = hash * efficiency / 1000.0;
            transit.all_power_mw += mw;
            self.firms_nameplate.weights[firm] += hash;
            let r = usize::from(*site);
            if r == nowhere {
                transit.hash += hash;
                continue;
            }
            self.nameplate[r] += hash;
            if efficiency > today.worst_running[r] {
                continue;
            }
            self.firms_running.weights[firm] += hash;
            self.power[r] += mw;
            self.cumulated[r] += hash;
            while let Some(part) = COST_QUANTILES.get(self.reached[r])
                && self.cumulated[r] >= part * today.running[r] * ROUNDING
            {
                let cost = efficiency * mwh_per_btc * today.delivered[r];
                self.costs[r][self.reached[r]] = if cost.is_finite() { cost } else { NULL };
                self.reached[r] += 1;
            }
        }
        transit
    }
}

/// Sums in another order differ in the last digits; a quantile must be reached all the same.
const ROUNDING: f64 = 1.0 - 1e-12;

struct Transit {
    hash: f64,
    all_power_mw: f64,
}

/// A quantity that is not defined on a day. Written as an empty cell, never as NaN.
pub const NULL: f64 = f64::NAN;

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { NULL }
}

fn q_ln_q(q: f64) -> f64 {
    if q > 0.0 { q * libm::log(q) } else { 0.0 }
}

struct Row<'a> {
    row: &'a mut [f64],
    filled: usize,
}

impl Row<'_> {
    fn put(&mut self, value: f64) {
        debug_assert!(!value.is_infinite(), "quantity {} is infinite", self.filled);
        // What overflows in an absurd scenario is not known, rather than infinite.
        self.row[self.filled] = if value.is_finite() { value } else { NULL };
        self.filled += 1;
    }

    fn put_concentration(&mut self, c: Option<Concentration>, active: usize, registered: usize) {
        match c {
            Some(c) => {
                for value in [c.hhi, c.hhi_10000(), c.effective_number()] {
                    self.put(value);
                }
                for count in [
                    c.nakamoto_third,
                    c.nakamoto_half,
                    c.nakamoto_two_thirds,
                    c.nakamoto_third_at_least,
                    c.nakamoto_half_at_least,
                    c.nakamoto_two_thirds_at_least,
                ] {
                    self.put(f64::from(count));
                }
                for value in [
                    c.gini,
                    c.entropy_bits,
                    c.effective_number_entropy(),
                    c.theil,
                ] {
                    self.put(value);
                }
                for value in [c.top_1, c.top_3, c.top_10] {
                    self.put(value);
                }
            }
            None => (0..CONCENTRATION.len() - 2).for_each(|_| self.put(NULL)),
        }
        // Counts of units, far below 2^53.
        let (active, registered) = (active as f64, registered as f64);
        self.put(active);
        self.put(registered);
    }
}

/// Weights of many units, kept in descending order from one record to the next.
///
/// Weights change little between records: what did not change is not computed again, sorting starts
/// from the last order, and logarithms are taken only of weights that changed.
struct Distribution {
    weights: Vec<f64>,
    before: Vec<f64>,
    order: Vec<u32>,
    sorted: Vec<f64>,
    logged: Vec<(f64, f64)>,
    last: (Option<Concentration>, usize),
}

impl Distribution {
    fn of(units: usize) -> Self {
        Self {
            weights: vec![0.0; units],
            before: vec![0.0; units],
            order: (0..units as u32).collect(),
            sorted: Vec::with_capacity(units),
            logged: vec![(0.0, 0.0); units],
            last: (None, 0),
        }
    }

    /// Concentration, and the number of units with a weight.
    fn concentration(&mut self) -> (Option<Concentration>, usize) {
        if self.weights == self.before {
            return self.last;
        }
        self.before.copy_from_slice(&self.weights);
        self.gather();
        // Units that merely stop or start leave the others in order.
        if !self.sorted.is_sorted_by(|a, b| a >= b) {
            let weights = &self.weights;
            self.order.sort_by(|a, b| {
                let by_weight = weights[*b as usize].total_cmp(&weights[*a as usize]);
                by_weight.then(a.cmp(b))
            });
            self.gather();
        }
        let mut sum_q_ln_q = 0.0;
        for (logged, weight) in self.logged.iter_mut().zip(&self.weights) {
            if logged.0 != *weight {
                *logged = (*weight, q_ln_q(*weight));
            }
            sum_q_ln_q += logged.1;
        }
        let concentration = of_sorted_with(&self.sorted, self.weights.len(), sum_q_ln_q);
        self.last = (concentration.ok(), self.sorted.len());
        self.last
    }

    /// The weights above 0 in the present order.
    fn gather(&mut self) {
        let weights = self.order.iter().map(|unit| self.weights[*unit as usize]);
        self.sorted.clear();
        self.sorted.extend(weights.filter(|weight| *weight > 0.0));
    }
}
