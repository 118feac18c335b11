//! One replica: one history of the mining world, a day at a time.
//!
//! [`History::step`] is the whole engine contract: the order in which mechanisms act on a day.

use rand::rngs::ChaCha8Rng;

use crate::protocol::hashprice;
use crate::random::{Purpose, Streams, gamma, seek_day, uniform};
use crate::record::{Day, Recorder, quantities};
use crate::scenario::Scenario;
use crate::units::DAYS_PER_YEAR;
use crate::world::capacity::Capacities;
use crate::world::expectation::Expectations;
use crate::world::fleet::Fleets;
use crate::world::network::Network;
use crate::world::population::populate;
use crate::world::power::{PowerPlan, PowerPrices};
use crate::world::price::{Price, PricePlan};
use crate::world::review::Review;
use crate::world::running::worst_running;

/// A scenario made ready to run: what all its histories share.
pub struct Model<'s> {
    scenario: &'s Scenario,
    price: PricePlan,
    power: PowerPlan,
    record_width: usize,
}

/// Why a history could not be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The drawn start is impossible.
    #[error(
        "replica {replica}: no machine runs in region `{region}` at the start, so its share cannot be met; lower its power price, add firms there, or set bitcoin.hash_is = \"nameplate\""
    )]
    NothingRuns {
        /// The replica.
        replica: u64,
        /// Id of the region.
        region: String,
    },
}

/// A move that was decided, with what was compared.
#[derive(Debug)]
pub struct Decision<'a> {
    /// Day of the review.
    pub day: u32,
    /// The fleet reviewed.
    pub fleet: usize,
    /// Where it is.
    pub from: usize,
    /// What it chose; the same as `from` if it stays.
    pub to: usize,
    /// First day at the new place.
    pub arrival: u32,
    /// What was compared: the utility of every region and its parts.
    pub review: &'a Review,
    /// The draw that decided.
    pub uniform: f64,
}

/// Watches a history. The runs that matter for speed are watched by nobody, at no cost.
pub trait Observer {
    /// A day has passed; `blocks` were found in it.
    fn day(&mut self, _today: &Day<'_>, _blocks: u64) {}
    /// A fleet has weighed up its regions.
    fn decision(&mut self, _decision: &Decision<'_>, _fleets: &Fleets) {}
}

/// Nobody watches.
impl Observer for () {}

/// What is odd about a history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes {
    /// Days on which nothing ran: no block, no retarget.
    pub dark_days: u32,
}

impl<'s> Model<'s> {
    /// Prepares a scenario.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        Self {
            scenario,
            price: PricePlan::new(&scenario.bitcoin.price),
            power: PowerPlan::new(scenario),
            record_width: quantities(scenario).len(),
        }
    }

    /// Values of all records of one history.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.record_width * self.scenario.record_days().len()
    }

    /// Runs one history and writes its records: record day by record day, the quantities in their order.
    ///
    /// Depends on the scenario, its seed and `replica` alone.
    ///
    /// # Errors
    /// [`EngineError`] if the drawn start is impossible.
    ///
    /// # Panics
    /// If `records` does not have [`Self::record_len`] entries.
    pub fn run_replica(
        &self,
        replica: u64,
        records: &mut [f64],
        observer: &mut impl Observer,
    ) -> Result<Notes, EngineError> {
        assert_eq!(records.len(), self.record_len());
        let mut history = self.begin(replica)?;
        let mut rows = records.chunks_exact_mut(self.record_width);
        for day in 0..self.scenario.days {
            let row = if day % self.scenario.record_every_days == 0 {
                rows.next()
            } else {
                None
            };
            history.step(day, row, observer);
        }
        Ok(history.notes)
    }

    /// The eve of a history.
    ///
    /// # Errors
    /// [`EngineError`] if the drawn start is impossible.
    pub fn begin(&self, replica: u64) -> Result<History<'_>, EngineError> {
        let scenario = self.scenario;
        let streams = Streams::new(scenario.seed, replica);
        let fleets = populate(scenario, streams).map_err(|error| EngineError::NothingRuns {
            replica,
            region: scenario.regions[error.region].id.clone(),
        })?;
        let regions = scenario.regions.len();
        let mut load = vec![0.0; regions];
        for fleet in 0..fleets.len() {
            let region = usize::from(fleets.region[fleet]);
            load[region] += fleets.power_mw(fleet) * scenario.regions[region].power.pue;
        }
        let moving = &scenario.moving;
        let rate = moving.consider_per_year * f64::from(moving.review_days) / DAYS_PER_YEAR;
        Ok(History {
            scenario,
            power_plan: &self.power,
            price: Price::new(&self.price, streams),
            power: PowerPrices::new(&self.power, streams),
            capacities: Capacities::new(scenario, load),
            network: Network::new(&scenario.bitcoin),
            expectations: Expectations::new(scenario),
            review: Review::new(scenario),
            recorder: Recorder::new(scenario),
            fleets,
            running: vec![0.0; regions],
            worst_running: vec![0.0; regions],
            delivered: vec![0.0; regions],
            moved: vec![0.0; regions * regions],
            blocks: streams.open(Purpose::Blocks, 0),
            choices: streams.open(Purpose::Review, 0),
            considerations: (rate < f64::INFINITY).then(|| Considerations {
                probability: -libm::expm1(-rate),
                stream: streams.open(Purpose::Consider, 0),
            }),
            streams,
            notes: Notes::default(),
        })
    }
}

/// Whether a fleet due for review considers moving at all.
struct Considerations {
    probability: f64,
    stream: ChaCha8Rng,
}

/// The state of one history.
pub struct History<'m> {
    scenario: &'m Scenario,
    power_plan: &'m PowerPlan,
    streams: Streams,
    price: Price<'m>,
    power: PowerPrices<'m>,
    capacities: Capacities,
    network: Network,
    expectations: Expectations,
    review: Review,
    recorder: Recorder,
    fleets: Fleets,
    running: Vec<f64>,
    worst_running: Vec<f64>,
    delivered: Vec<f64>,
    moved: Vec<f64>,
    blocks: ChaCha8Rng,
    choices: ChaCha8Rng,
    considerations: Option<Considerations>,
    notes: Notes,
}

impl History<'_> {
    /// One day, from its prices to its decisions. `row` receives the record if the day is recorded.
    pub fn step(&mut self, day: u32, row: Option<&mut [f64]>, observer: &mut impl Observer) {
        // Prices of the day.
        let btc_price = self.price.next(day);
        let reward_btc = self.network.reward_btc(self.scenario.bitcoin.fee_ratio);
        let hashprice = hashprice(self.network.difficulty, reward_btc, btc_price);
        self.power.step(day);
        self.capacities.step(day);

        // Machines that arrive run from today; each runs if it earns its power.
        self.fleets.arrive(day);
        self.run_machines(hashprice);

        let today = Day {
            day,
            btc_price,
            hashprice,
            reward_btc,
            difficulty: self.network.difficulty,
            height: self.network.height,
            running: &self.running,
            worst_running: &self.worst_running,
            spot: &self.power.spot,
            delivered: &self.delivered,
            capacity: &self.capacities.capacity,
            load: &self.capacities.load,
            moved: &self.moved,
            fleets: &self.fleets,
        };
        // Records show the day as it ran: before its blocks move the difficulty and its reviews the fleets.
        let recorded = row.is_some();
        if let Some(row) = row {
            self.recorder.record(&today, row);
        }

        // The chain grows.
        let hash: f64 = self.running.iter().sum();
        self.notes.dark_days += u32::from(hash <= 0.0);
        seek_day(&mut self.blocks, day);
        let blocks = self.network.mine_day(day, hash, &mut self.blocks);
        observer.day(&today, blocks);
        if recorded {
            self.moved.fill(0.0);
        }

        // Miners take the day in, and those due decide.
        let reward_after = self.network.reward_btc(self.scenario.bitcoin.fee_ratio);
        let halving_ratio = if self.scenario.expectations.halving_known && reward_btc > 0.0 {
            reward_after / reward_btc
        } else {
            1.0
        };
        self.expectations
            .observe(day, hashprice, halving_ratio, self.power_plan, &self.power);
        self.review_fleets(day, observer);
        debug_assert!(self.conserves(), "day {day}: load and fleets disagree");
    }

    /// Runs every machine whose net revenue pays for its power.
    fn run_machines(&mut self, hashprice: f64) {
        let pool_fee = self.scenario.pools.fee.get();
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let power = &region.power;
            self.delivered[r] = power.pue * (self.power.spot[r] + power.adder.get());
            let kept = 1.0 - pool_fee - region.tax.get();
            self.worst_running[r] = worst_running(hashprice * kept, self.delivered[r]);
        }
        self.fleets
            .running_hash(&self.worst_running, &mut self.running);
    }

    /// Reviews the fleets that are due: those whose number leaves the remainder of the day.
    fn review_fleets(&mut self, day: u32, observer: &mut impl Observer) {
        let every = self.scenario.moving.review_days;
        let first = (day % every) as usize;
        if first >= self.fleets.len() {
            return;
        }
        let expected = self.expectations.hashprice(&self.network);
        self.review.prepare(expected, &self.expectations.delivered);
        // Draws are addressed by day and place in the queue, that is by fleet and review: used or not.
        seek_day(&mut self.choices, day);
        if let Some(considerations) = &mut self.considerations {
            seek_day(&mut considerations.stream, day);
        }
        for fleet in (first..self.fleets.len()).step_by(every as usize) {
            let draw = uniform(&mut self.choices);
            let considers = self.considerations.as_mut().is_none_or(|considerations| {
                uniform(&mut considerations.stream) < considerations.probability
            });
            if !considers || self.fleets.site[fleet] == self.fleets.nowhere() {
                continue;
            }
            let from = usize::from(self.fleets.region[fleet]);
            let to = self
                .review
                .choose(&self.fleets, fleet, &self.capacities, draw);
            let arrival = if to == from {
                day
            } else {
                day.saturating_add(self.downtime(day, fleet))
            };
            let decision = Decision {
                day,
                fleet,
                from,
                to,
                arrival,
                review: &self.review,
                uniform: draw,
            };
            observer.decision(&decision, &self.fleets);
            if to != from {
                self.relocate(fleet, from, to, arrival);
            }
        }
    }

    /// A mover takes its new slot and frees the old one on the day it decides.
    fn relocate(&mut self, fleet: usize, from: usize, to: usize, arrival: u32) {
        let regions = &self.scenario.regions;
        let mw = self.fleets.power_mw(fleet);
        self.capacities.load[from] -= mw * regions[from].power.pue;
        self.capacities.load[to] += mw * regions[to].power.pue;
        self.moved[from * regions.len() + to] += self.fleets.hash_phs[fleet];
        // Fewer than 256 regions.
        self.fleets.depart(fleet, to as u16, arrival);
    }

    /// Days from a decision to the first day at the new place, at least 1.
    fn downtime(&self, day: u32, fleet: usize) -> u32 {
        let moving = &self.scenario.moving;
        let days = if moving.downtime_cv > 0.0 {
            let mut stream = self.streams.open(Purpose::Downtime, fleet as u64);
            seek_day(&mut stream, day);
            let shape = 1.0 / (moving.downtime_cv * moving.downtime_cv);
            moving.downtime_days / shape * gamma(&mut stream, shape)
        } else {
            moving.downtime_days
        };
        // Saturates: who would be under way for longer than the history never arrives.
        libm::round(days).max(1.0) as u32
    }

    /// Whether the load of every region is that of the fleets which hold a slot there.
    fn conserves(&self) -> bool {
        let mut load = vec![0.0; self.running.len()];
        for fleet in 0..self.fleets.len() {
            let region = usize::from(self.fleets.region[fleet]);
            load[region] += self.fleets.power_mw(fleet) * self.scenario.regions[region].power.pue;
        }
        let total: f64 = load.iter().sum();
        load.iter()
            .zip(&self.capacities.load)
            .all(|(counted, kept)| (counted - kept).abs() <= 1e-9 * total)
            && !self.running.iter().any(|hash| !hash.is_finite())
    }
}
