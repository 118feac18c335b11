//! What is written down of a history on a record day: the list of quantities, and their values.

mod distribution;
mod few;
mod firms;
mod quantities;
mod reached;
mod row;

use crate::concentration::{Registered, extend_by_members};
use crate::protocol::{HASHES_PER_DIFFICULTY, block_interval_seconds};
use crate::scenario::Scenario;
use crate::units::{DAYS_PER_YEAR, HOURS_PER_YEAR, PETAHASH_PER_EXAHASH, breakeven_power_price};
use crate::world::ai::Ai;
use crate::world::capacity::Capacities;
use crate::world::events::Conditions;
use crate::world::fleet::{FixedPark, Fleets};
use crate::world::hardware::Market;
use crate::world::running::RunningLaw;
use distribution::Distribution;
use few::Few;
use quantities::Shape;
use reached::Reached;
use row::{Metrics, Row, forget_infinities, metrics};

pub use quantities::{ALL, COUNTS, Level, Quantity, pattern_fits, quantities};

/// Parts of a region's hash rate at which its cost per bitcoin is read.
const COST_QUANTILES: [f64; 3] = [0.1, 0.5, 0.9];

/// Machines of the start, and those that have come and gone since, PH/s.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ledger {
    /// At the start.
    pub start: f64,
    /// Delivered.
    pub bought: f64,
    /// Worn out, scrapped, replaced.
    pub scrapped: f64,
    /// Given up because they found no place.
    pub abandoned: f64,
}

/// The state of a day as it ran.
pub struct Day<'a> {
    /// Simulated day.
    pub day: u32,
    /// Work of the blocks of the day, each counted with its difficulty; 0 until the day is over.
    pub work: f64,
    /// USD per bitcoin.
    pub btc_price: f64,
    /// USD per PH/s and day.
    pub hashprice: f64,
    /// Bitcoin per block, fees included.
    pub reward_btc: f64,
    /// Fees over the subsidy.
    pub fee_ratio: f64,
    /// Difficulty at the start of the day.
    pub difficulty: f64,
    /// Height of the first block to be found.
    pub height: u64,
    /// Running hash rate by region, PH/s.
    pub running: &'a [f64],
    /// Worst efficiency that runs, by region, J/TH.
    pub worst_running: &'a [f64],
    /// Its logarithm; only where the park changes.
    pub ln_worst_running: &'a [f64],
    /// How fleets run in part, by region.
    pub laws: &'a [RunningLaw],
    /// Part of the machines that there is power for, by region.
    pub powered: &'a [f64],
    /// Spot price by region, USD/MWh.
    pub spot: &'a [f64],
    /// What a machine saves by being off, by region, at the meter, USD/MWh; the delivered price where nothing is bought ahead.
    pub delivered: &'a [f64],
    /// Capacity and load by region.
    pub capacities: &'a Capacities<'a>,
    /// Hash rate that left for another region since the last record, PH/s, `from * regions + to`.
    pub moved: &'a [f64],
    /// Machines on sale.
    pub market: &'a Market<'a>,
    /// Hash rate ordered and not yet delivered, PH/s.
    pub under_way: f64,
    /// Machines that have come and gone.
    pub ledger: Ledger,
    /// Events in force.
    pub conditions: &'a Conditions,
    /// Pool of every firm; empty without pools.
    pub pools: &'a [u16],
    /// AI compute.
    pub ai: Option<&'a Ai<'a>>,
}

impl Day<'_> {
    /// Part that runs of a fleet of a changing park in a region.
    fn runs_of(&self, fleets: &Fleets, fleet: usize, region: usize) -> f64 {
        let excess = self.ln_worst_running[region] - fleets.lives.all[fleet].ln_key;
        self.laws[region].share(excess) * self.powered[region]
    }
}

/// Mean efficiency of the machines that run, J/TH; `None` where nothing runs.
#[must_use]
pub fn running_efficiency(today: &Day<'_>, fleets: &Fleets) -> Option<f64> {
    let (mut watts, mut hash) = (0.0, 0.0);
    for fleet in 0..fleets.len() {
        let site = usize::from(fleets[fleet].site);
        if site == usize::from(fleets.nowhere()) {
            continue;
        }
        let efficiency = fleets[fleet].efficiency;
        let runs = if fleets.is_fixed() {
            f64::from(u8::from(efficiency <= today.worst_running[site]))
        } else {
            today.runs_of(fleets, fleet, site)
        };
        let running = fleets[fleet].hash_phs * runs;
        watts += running * efficiency;
        hash += running;
    }
    (hash > 0.0).then(|| watts / hash)
}

/// Computes records; keeps what can be carried from one to the next.
pub struct Recorder<'s> {
    scenario: &'s Scenario,
    shape: Shape,
    members: Vec<u32>,
    pue: Vec<f64>,
    nameplate: Vec<f64>,
    power: Vec<f64>,
    /// By region: electricity, cash and all-in cost of a bitcoin at the quantiles.
    costs: Vec<[[f64; 3]; 3]>,
    visited: Vec<Visited>,
    /// By region, what runs, and where its quantiles are.
    reached: Vec<Reached>,
    firms_running: Distribution,
    firms_nameplate: Distribution,
    /// Concentration of nameplate by firm, where it never changes; none before the first record.
    settled_nameplate: Option<Metrics>,
    few: Few,
    regions: Registered,
    /// Firms of the start, which are all where the park is fixed.
    firms: Registered,
}

impl<'s> Recorder<'s> {
    /// A recorder for a scenario with the given number of firms.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        let regions = scenario.regions.len();
        let firms = scenario.firms_at_start();
        let members: Vec<u32> = scenario.regions.iter().map(|r| r.members).collect();
        Self {
            scenario,
            shape: Shape::of(scenario),
            pue: scenario.regions.iter().map(|r| r.power.pue).collect(),
            nameplate: vec![0.0; regions],
            power: vec![0.0; regions],
            costs: vec![[[NULL; 3]; 3]; regions],
            visited: Vec::with_capacity(regions),
            reached: vec![Reached::new(); regions],
            firms_running: Distribution::of(firms),
            firms_nameplate: Distribution::of(firms),
            settled_nameplate: None,
            few: Few::default(),
            regions: Registered::new(members.iter().map(|count| *count as usize).sum()),
            firms: Registered::new(firms),
            members,
        }
    }

    /// Writes the quantities of a day into `row`, in the order of [`quantities`].
    ///
    /// # Panics
    /// If `row` does not have as many entries.
    pub fn record(&mut self, today: &Day<'_>, fleets: &mut Fleets, row: &mut [f64]) {
        let values = row;
        let mut row = Row::new(values);
        let totals = match &fleets.fixed {
            Some(park) => {
                self.weigh_firms(today, fleets);
                self.ask_park(today, park)
            }
            None => self.visit_fleets(today, fleets),
        };
        self.put_network(today, &totals, &mut row);
        self.put_concentrations(today, fleets, &mut row);
        self.put_regions(today, &mut row);
        self.put_flows(today, &mut row);
        if let Some(ai) = today.ai {
            self.put_ai(ai, &mut row);
        }
        row.end();
        forget_infinities(values);
    }

    fn put_network(&mut self, today: &Day<'_>, totals: &Totals, row: &mut Row<'_>) {
        let running: f64 = today.running.iter().sum();
        let placed: f64 = self.nameplate.iter().sum();
        let nameplate = placed + totals.transit + totals.seeking;
        let machine_mw: f64 = self.power.iter().sum();
        let meter_mw: f64 = self
            .power
            .iter()
            .zip(&self.pue)
            .map(|(mw, pue)| mw * pue)
            .sum();
        let efficiency = ratio(machine_mw * 1000.0, running);
        row.put_all([
            today.btc_price,
            today.hashprice,
            today.difficulty,
            // Exact: far below 2^53.
            today.height as f64,
            block_interval_seconds(today.difficulty, running).unwrap_or(NULL),
            running / PETAHASH_PER_EXAHASH,
            nameplate / PETAHASH_PER_EXAHASH,
            (placed - running).max(0.0) / PETAHASH_PER_EXAHASH,
            totals.transit / PETAHASH_PER_EXAHASH,
            meter_mw,
            meter_mw * 24.0 * DAYS_PER_YEAR / 1e6,
            efficiency,
            ratio(totals.all_power_mw * 1000.0, nameplate),
            breakeven(today.hashprice, efficiency),
        ]);
        if self.shape.changing {
            row.put(today.fee_ratio);
            let ledger = today.ledger;
            for hash in [
                totals.seeking,
                today.under_way,
                ledger.bought,
                ledger.scrapped,
                ledger.abandoned,
            ] {
                row.put(hash.max(0.0) / PETAHASH_PER_EXAHASH);
            }
            row.put(today.market.price);
            row.put(today.market.frontier);
            row.put(breakeven(today.hashprice, today.market.frontier));
            row.put(f64::from(totals.running_fleets));
        }
        if self.shape.emissions {
            let known = (0..self.power.len())
                .all(|r| self.power[r] <= 0.0 || self.scenario.regions[r].gco2_per_kwh.is_some());
            let sum: f64 = (0..self.power.len())
                .map(|r| self.emissions(r).unwrap_or(0.0))
                .sum();
            row.put(if known { sum } else { NULL });
            // Mt over TWh are g/kWh, thousandfold.
            let energy = meter_mw * HOURS_PER_YEAR / 1e6;
            row.put(if known {
                ratio(1000.0 * sum, energy)
            } else {
                NULL
            });
        }
    }

    /// Emissions of a region, million tonnes of carbon dioxide a year at the power of the day; `None` where its intensity is not given.
    fn emissions(&self, r: usize) -> Option<f64> {
        let grams = self.scenario.regions[r].gco2_per_kwh?;
        let kilowatt_hours = self.power[r] * self.pue[r] * HOURS_PER_YEAR * 1000.0;
        Some(kilowatt_hours * grams / 1e12)
    }

    fn put_concentrations(&mut self, today: &Day<'_>, fleets: &mut Fleets, row: &mut Row<'_>) {
        // Nameplate by region counts machines on their way nowhere, as running hash does.
        for weights in [today.running, &self.nameplate] {
            let fill_in = |units: &mut Vec<f64>| extend_by_members(units, weights, &self.members);
            let (found, active) = self.few.concentration(fill_in, &self.regions);
            row.put_all(metrics(found.as_ref(), active, self.regions.units));
        }
        let registered = self.firms_nameplate.weights.len();
        let by_size = fleets
            .fixed
            .as_mut()
            .and_then(|park| park.running_by_size());
        let (running, active) = match by_size {
            Some(by_size) => firms::of_running(by_size, &self.firms),
            None => self.firms_running.concentration(),
        };
        row.put_all(metrics(running.as_ref(), active, registered));
        let nameplate = &mut self.firms_nameplate;
        row.put_all(match self.settled_nameplate {
            Some(known) if fleets.is_fixed() => known,
            _ => {
                let (found, active) = nameplate.concentration();
                let found = metrics(found.as_ref(), active, registered);
                *self.settled_nameplate.insert(found)
            }
        });
        if self.shape.pools {
            let pools = &self.scenario.pools;
            let units = [pools.tags.len(), pools.groups.len()].map(Registered::new);
            for (grouped, units) in [false, true].into_iter().zip(units) {
                for firms in [&self.firms_running, &self.firms_nameplate] {
                    let unit = |pool: usize| {
                        if grouped {
                            pools.tags[pool].group
                        } else {
                            pool
                        }
                    };
                    let weights = by_pool(firms, today.pools, units.units, unit);
                    let fill_in = |of_pools: &mut Vec<f64>| of_pools.extend(weights);
                    let (found, active) = self.few.concentration(fill_in, &units);
                    row.put_all(metrics(found.as_ref(), active, units.units));
                }
            }
        }
    }

    fn put_regions(&mut self, today: &Day<'_>, row: &mut Row<'_>) {
        let running: f64 = today.running.iter().sum();
        let placed: f64 = self.nameplate.iter().sum();
        for r in 0..today.running.len() {
            let (load, capacity) = (today.capacities.load[r], today.capacities.capacity[r]);
            let limited = capacity.is_finite();
            row.put_all([
                ratio(today.running[r], running),
                ratio(self.nameplate[r], placed),
                today.running[r] / PETAHASH_PER_EXAHASH,
                self.nameplate[r] / PETAHASH_PER_EXAHASH,
                self.power[r] * self.pue[r],
                load,
                if limited { capacity } else { NULL },
                if limited { ratio(load, capacity) } else { NULL },
                today.spot[r],
                self.delivered(r, today.spot[r]),
            ]);
            let [electricity, cash, all_in] = self.costs[r];
            row.put_all(electricity);
            if self.shape.changing {
                let available = today.capacities.available[r].min(capacity);
                row.put(if limited { available } else { NULL });
                row.put(today.capacities.reserved[r].max(0.0));
                row.put(today.powered[r]);
                row.put_all(cash);
                row.put_all(all_in);
            }
            if self.shape.emissions {
                row.put(self.emissions(r).unwrap_or(NULL));
            }
        }
        if self.shape.pools {
            let tags = self.scenario.pools.tags.len();
            let weights = by_pool(&self.firms_running, today.pools, tags, |pool| pool);
            let sum: f64 = weights.iter().sum();
            for weight in weights {
                row.put(ratio(weight, sum));
            }
        }
    }

    fn put_flows(&self, today: &Day<'_>, row: &mut Row<'_>) {
        let regions = self.power.len();
        for from in 0..regions {
            for to in (0..regions).filter(|to| *to != from) {
                row.put(today.moved[from * regions + to]);
            }
        }
    }

    fn put_ai(&self, ai: &Ai<'_>, row: &mut Row<'_>) {
        row.put(ai.edge_share);
        row.put(ai.demand);
        row.put(ai.hosted);
        row.put(ai.rent.unwrap_or(NULL));
        row.put(ai.margin().unwrap_or(NULL));
        row.put(ai.converted.iter().sum());
        let concentration = ai.concentration();
        let registered = ai.registered();
        let active = concentration.map_or(0, |_| ai.active());
        row.put_all(metrics(concentration.as_ref(), active, registered));
        for share in &ai.shares {
            row.put((1.0 - ai.edge_share) * share);
        }
        for (r, region) in self.scenario.regions.iter().enumerate() {
            if region.ai.is_some() {
                row.put(ai.load[r]);
                row.put(ai.price_term[r]);
                row.put(ai.built_part[r]);
                row.put(ai.converted[r]);
            }
        }
    }

    /// What a park that never changes knows without a walk over its fleets.
    fn ask_park(&mut self, today: &Day<'_>, park: &FixedPark) -> Totals {
        let mwh_per_btc = mwh_per_btc(today);
        for r in 0..self.nameplate.len() {
            self.nameplate[r] = park.hash_at(r);
            self.power[r] = park.running_mw(r);
            self.costs[r] = [[NULL; 3]; 3];
            let delivered = self.delivered(r, today.spot[r]);
            for (quantile, part) in COST_QUANTILES.iter().enumerate() {
                let Some(efficiency) = park.efficiency_at(r, part * ROUNDING) else {
                    break;
                };
                // All pay alike, and nobody buys: what else it costs nobody writes down.
                let electricity = efficiency * mwh_per_btc * delivered;
                if electricity.is_finite() {
                    self.costs[r][0][quantile] = electricity;
                }
            }
        }
        Totals {
            transit: park.hash_at(self.nameplate.len()),
            all_power_mw: park.power_mw,
            ..Totals::default()
        }
    }

    /// Adds up the firms of a park that never changes, where not all has been known since its start.
    fn weigh_firms(&mut self, today: &Day<'_>, fleets: &Fleets) {
        let once = fleets
            .fixed
            .as_ref()
            .is_some_and(|park| park.has_a_firm_a_fleet());
        if self.settled_nameplate.is_some() && once && !self.shape.pools {
            return;
        }
        let firms = self.scenario.firms_at_start();
        self.firms_running.clear(firms);
        self.firms_nameplate.clear(firms);
        for fleet in 0..fleets.len() {
            let (firm, hash) = (fleets[fleet].firm as usize, fleets[fleet].hash_phs);
            self.firms_nameplate.weights[firm] += hash;
            let worst = today.worst_running.get(usize::from(fleets[fleet].site));
            if worst.is_some_and(|worst| fleets[fleet].efficiency <= *worst) {
                self.firms_running.weights[firm] += hash;
            }
        }
    }

    /// One visit of every fleet of a changing park, for everything that needs each of them.
    fn visit_fleets(&mut self, today: &Day<'_>, fleets: &Fleets) -> Totals {
        self.visited.clear();
        self.visited
            .extend((0..self.nameplate.len()).map(|r| Visited::of(today, r)));
        for (reached, here) in self.reached.iter_mut().zip(&self.visited) {
            reached.begin(here.ln_worst);
        }
        let firms = fleets.firms().max(self.scenario.firms_at_start());
        self.firms_running.clear(firms);
        self.firms_nameplate.clear(firms);
        let mut totals = Totals::default();
        for (number, (fleet, life)) in fleets.iter().zip(&fleets.lives.all).enumerate() {
            let hash = fleet.hash_phs;
            if hash <= 0.0 {
                continue;
            }
            let firm = fleet.firm as usize;
            let mw = hash * fleet.efficiency / 1000.0;
            totals.all_power_mw += mw;
            self.firms_nameplate.weights[firm] += hash;
            let r = usize::from(fleet.site);
            let Some(here) = self.visited.get_mut(r) else {
                if fleets.seeks(number) {
                    totals.seeking += hash;
                } else {
                    totals.transit += hash;
                }
                continue;
            };
            here.nameplate += hash;
            let runs = here.law.share(here.ln_worst - life.ln_key) * here.powered;
            if runs <= 0.0 {
                continue;
            }
            totals.running_fleets += 1;
            let running = hash * runs;
            self.firms_running.weights[firm] += running;
            here.power += mw * runs;
            self.reached[r].push(number, life.ln_key, running);
        }
        for (r, visited) in self.visited.iter().enumerate() {
            self.nameplate[r] = visited.nameplate;
            self.power[r] = visited.power;
            self.costs[r] = [[NULL; 3]; 3];
            let wanted = COST_QUANTILES.map(|part| part * today.running[r] * ROUNDING);
            let reached = self.reached[r].fleets_at(wanted);
            for (quantile, fleet) in reached.into_iter().enumerate() {
                let Some(fleet) = fleet else {
                    break;
                };
                let terms = Terms::of(today, fleets, r, fleet);
                let costs = self.costs_of(today, r, fleets[fleet].efficiency, terms);
                for (scope, cost) in costs.into_iter().enumerate() {
                    if cost.is_finite() {
                        self.costs[r][scope][quantile] = cost;
                    }
                }
            }
        }
        totals
    }

    /// What power costs in a region at a spot price, fees and cooling included, USD/MWh of the machines.
    fn delivered(&self, r: usize, spot: f64) -> f64 {
        let power = &self.scenario.regions[r].power;
        power.pue * (power.billed(spot) + power.adder.get())
    }

    /// Cost of one bitcoin, USD: electricity; cash, with what running costs besides; all-in, with machines and sites written
    /// off at today's price.
    fn costs_of(&self, today: &Day<'_>, r: usize, efficiency: f64, terms: Terms) -> [f64; 3] {
        let region = &self.scenario.regions[r];
        let power = &region.power;
        let mwh_per_btc = mwh_per_btc(today);
        let mwh = efficiency * mwh_per_btc;
        // Off in the dearest hours, it pays less than the mean of the day.
        let delivered = self.delivered(r, today.spot[r] * terms.price_while_on);
        let electricity = mwh * (terms.factor * delivered);
        let cash = electricity + mwh * power.pue * power.opex.get();
        let hardware = &self.scenario.hardware;
        let duty = region.duty + today.conditions.regions[r].duty;
        let machine_a_year = today.market.price * (1.0 + duty) / hardware.life_years;
        let site_a_year = hardware.site_usd_per_kw * efficiency / 1000.0 / hardware.site_life_years;
        // 1 MWh at 1 J/TH is 3.6e9 TH: so many years of 1 TH/s.
        let years = mwh_per_btc * 1e6 / HOURS_PER_YEAR;
        // What stands still is written off as well.
        let all_in = cash + years * (machine_a_year + site_a_year) / terms.runs;
        [electricity, cash, all_in]
    }
}

/// Megawatt-hours of one bitcoin at 1 J/TH: hashes of a block over its reward.
fn mwh_per_btc(today: &Day<'_>) -> f64 {
    const JOULES_PER_MWH: f64 = 3.6e9;
    today.difficulty * HASHES_PER_DIFFICULTY / 1e12 / JOULES_PER_MWH / today.reward_btc
}

/// A region in a visit of every fleet: what matters of its day, and what has been added up.
#[derive(Debug, Clone, Copy)]
struct Visited {
    ln_worst: f64,
    law: RunningLaw,
    powered: f64,
    /// PH/s, MW.
    nameplate: f64,
    power: f64,
}

impl Visited {
    fn of(today: &Day<'_>, r: usize) -> Self {
        Self {
            ln_worst: today.ln_worst_running[r],
            law: today.laws[r],
            powered: today.powered[r],
            nameplate: 0.0,
            power: 0.0,
        }
    }
}

/// On what terms a fleet runs.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// What it pays for power against others of its region.
    factor: f64,
    /// What it pays while it is on, over the mean price of the day.
    price_while_on: f64,
    /// Part of it that runs.
    runs: f64,
}

impl Terms {
    fn of(today: &Day<'_>, fleets: &Fleets, r: usize, fleet: usize) -> Self {
        let excess = today.ln_worst_running[r] - fleets.lives.all[fleet].ln_key;
        Self {
            factor: fleets.scale(fleet) * fleets.site_factor(fleet),
            price_while_on: today.laws[r].price_while_on(excess),
            runs: today.runs_of(fleets, fleet, r),
        }
    }
}

/// Hash rate of the firms of each pool, or group of pools.
fn by_pool(
    firms: &Distribution,
    pools: &[u16],
    units: usize,
    unit: impl Fn(usize) -> usize,
) -> Vec<f64> {
    let mut sums = vec![0.0; units];
    for (weight, pool) in firms.weights.iter().zip(pools) {
        sums[unit(usize::from(*pool))] += weight;
    }
    sums
}

/// Sums in another order differ in the last digits; a quantile must be reached all the same.
const ROUNDING: f64 = 1.0 - 1e-12;

/// What a visit of all fleets adds up, PH/s and MW.
#[derive(Debug, Default)]
struct Totals {
    transit: f64,
    seeking: f64,
    all_power_mw: f64,
    running_fleets: u32,
}

/// A quantity that is not defined on a day. Written as an empty cell, never as NaN.
pub const NULL: f64 = f64::NAN;

/// Price of power at which machines of an efficiency earn nothing, USD/MWh; not defined without machines.
fn breakeven(hashprice: f64, efficiency: f64) -> f64 {
    if efficiency > 0.0 {
        breakeven_power_price(hashprice, efficiency)
    } else {
        NULL
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { NULL }
}
