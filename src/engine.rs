//! One replica: one history of the mining world, a day at a time.
//!
//! [`History::step`] is the whole engine contract: the order in which mechanisms act on a day.

mod ai;
mod bans;
mod deliveries;
mod purchases;
mod reviews;

use std::sync::Arc;

use rand::rngs::ChaCha8Rng;

use crate::protocol::hashprice;
use crate::random::{DayDraws, Purpose, Streams, normal, seek_day};
use crate::record::{Day, Ledger, Recorder, quantities};
use crate::scenario::Scenario;
use crate::units::breakeven_power_price;
use crate::world::ai::Ai;
use crate::world::capacity::Capacities;
use crate::world::events::Events;
use crate::world::expectation::{Expectations, Seen};
use crate::world::fees::Fees;
use crate::world::fleet::Fleets;
use crate::world::growth::{Order, Orders};
use crate::world::hardware::Market;
use crate::world::network::Network;
use crate::world::population::{pools_of_firms, populate, streams_of_start};
use crate::world::power::{PowerPlan, PowerPrices};
use crate::world::price::{Price, PricePlan};
use crate::world::review::{Review, Screen};
use crate::world::running::{
    RunningLaw, Threshold, kept_of_revenue, worst_running, worst_running_at_start,
};
use bans::{Bans, keeps_out};
use purchases::Purchases;
use reviews::{Considerations, least_fleet, left_of_worn};

/// A scenario made ready to run: what all its histories share.
pub struct Model<'s> {
    scenario: &'s Scenario,
    price: PricePlan,
    power: Arc<PowerPlan>,
    record_width: usize,
    record_days: Vec<u32>,
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
    /// What was drawn for this replica is another kind of world.
    #[error(
        "replica {replica}: the values drawn for it switch a mechanism on or off that is the other way round in the scenario; keep the laws of [uncertain] away from neutral values"
    )]
    OtherMechanisms {
        /// The replica.
        replica: u64,
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
    pub review: &'a Review<'a>,
    /// The draw that decided.
    pub uniform: f64,
}

/// An order that was placed, with what decided it. The market may meet a part of it only: the day's orders share what there is.
#[derive(Debug)]
pub struct Purchase<'a> {
    /// Day of the review.
    pub day: u32,
    /// What was ordered.
    pub order: &'a Order,
    /// Present value of the machines there, USD/TH; of those that replace others, above what these are worth.
    pub value: f64,
    /// Their cost, USD/TH.
    pub cost: f64,
    /// Luck and optimism of the buyer, 1 on average.
    pub luck: f64,
}

/// Watches a history. The runs that matter for speed are watched by nobody, at no cost.
pub trait Observer {
    /// Whether it wants to be told of every review; those that surely end in staying are then weighed up for its sake.
    const REVIEWS: bool = true;
    /// Whether it wants to be told of purchases; values on which no decision hangs are then reckoned for its sake.
    const PURCHASES: bool = true;

    /// A day has passed; `blocks` were found in it.
    fn day(&mut self, _today: &Day<'_>, _fleets: &Fleets, _blocks: u64) {}
    /// A fleet has weighed up its regions.
    fn decision(&mut self, _decision: &Decision<'_>, _fleets: &Fleets) {}
    /// A firm has ordered machines.
    fn purchase(&mut self, _purchase: &Purchase<'_>, _fleets: &Fleets) {}
}

/// Nobody watches.
impl Observer for () {
    const REVIEWS: bool = false;
    const PURCHASES: bool = false;
}

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
        Self::with(scenario, Arc::new(PowerPlan::new(scenario)))
    }

    fn with(scenario: &'s Scenario, power: Arc<PowerPlan>) -> Self {
        Self {
            scenario,
            price: PricePlan::new(&scenario.bitcoin.price),
            power,
            record_width: quantities(scenario).len(),
            record_days: scenario.record_days(),
        }
    }

    /// Values of all records of one history.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.record_width * self.record_days.len()
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
        if let Some(own) = self.scenario.of_replica(replica) {
            let own = self.of_own(&own, replica)?;
            return own.run_replica(replica, records, observer);
        }
        let mut history = self.begin(replica)?;
        let rows = records.chunks_exact_mut(self.record_width);
        let mut rows = self.record_days.iter().zip(rows).peekable();
        for day in 0..self.scenario.days {
            let row = rows.next_if(|(next, _)| **next == day);
            history.step(day, row.map(|(_, row)| row), observer);
        }
        Ok(history.notes)
    }

    /// Whether a history can begin.
    ///
    /// # Errors
    /// [`EngineError`] if its drawn start is impossible.
    pub fn starts(&self, replica: u64) -> Result<(), EngineError> {
        match self.scenario.of_replica(replica) {
            Some(own) => self.of_own(&own, replica)?.begin(replica).map(drop),
            None => self.begin(replica).map(drop),
        }
    }

    /// The model of the scenario as one replica has it, with what it shares with those of others.
    fn of_own<'o>(&self, own: &'o Scenario, replica: u64) -> Result<Model<'o>, EngineError> {
        let model = if PowerPlan::is_shared(self.scenario, own) {
            Model::with(own, Arc::clone(&self.power))
        } else {
            Model::new(own)
        };
        if model.record_width == self.record_width {
            Ok(model)
        } else {
            Err(EngineError::OtherMechanisms { replica })
        }
    }

    /// The eve of a history, at the scenario's own values of what is uncertain.
    ///
    /// # Errors
    /// [`EngineError`] if the drawn start is impossible.
    pub fn begin(&self, replica: u64) -> Result<History<'_>, EngineError> {
        let scenario = self.scenario;
        let streams = Streams::new(scenario.seed, replica);
        let mut fleets = populate(scenario, streams).map_err(|error| EngineError::NothingRuns {
            replica,
            region: scenario.regions[error.region].id.clone(),
        })?;
        let regions = scenario.regions.len();
        let mut load = vec![0.0; regions];
        for fleet in 0..fleets.len() {
            let region = usize::from(fleets[fleet].region);
            load[region] += fleets.power_mw(fleet) * scenario.regions[region].power.pue;
        }
        let laws = RunningLaw::of_regions(scenario);
        let running_load = running_load_at_start(scenario, &mut fleets, &laws);
        let review = Review::new(scenario);
        let mut history = History {
            scenario,
            power_plan: &self.power,
            price: Price::new(&self.price, streams),
            fees: Fees::new(&scenario.bitcoin, streams),
            events: Events::new(scenario, streams),
            power: PowerPrices::new(&self.power, streams, running_load.clone()),
            capacities: Capacities::new(scenario, streams, load),
            network: Network::new(&scenario.bitcoin),
            market: Market::new(&scenario.hardware, scenario.bitcoin.hashprice_at_start()),
            expectations: Expectations::new(scenario),
            screen: fleets
                .fixed
                .as_ref()
                .and_then(|park| Screen::new(&park.due, &review))
                .map(Box::new),
            review,
            orders: Orders::new(scenario),
            ai: Ai::new(scenario, streams),
            ai_choices: DayDraws::of(streams.open(Purpose::AiChoice, 0)),
            bans: Bans::new(regions),
            evicted: Vec::new(),
            recorder: Recorder::new(scenario),
            ledger: Ledger::default(),
            threshold: Threshold::new(scenario, !fleets.is_fixed()),
            laws,
            pools: pools_of_firms(scenario, streams),
            firm_luck: firm_luck_at_start(scenario, streams),
            running: vec![0.0; regions],
            running_load,
            machines_mw: vec![0.0; regions],
            powered: vec![1.0; regions],
            supplied: vec![1.0; regions],
            worst_today: vec![0.0; regions],
            left_of_worn: left_of_worn(scenario),
            left_of_due: Vec::new(),
            least_phs: 0.0,
            delivered: vec![0.0; regions],
            moved: vec![0.0; regions * regions],
            develops: scenario.regions.iter().any(|region| {
                let room = region.capacity.as_ref();
                room.is_some_and(|room| room.build_response > 0.0)
            }),
            margins: vec![0.0; regions],
            blocks: streams.open(Purpose::Blocks, 0),
            choices: DayDraws::of(streams.open(Purpose::Review, 0)),
            considerations: Considerations::new(scenario, streams),
            purchases: Purchases::new(scenario, streams),
            fleets,
            streams,
            notes: Notes::default(),
        };
        history.ledger.start = history.fleets.iter().map(|fleet| fleet.hash_phs).sum();
        history.least_phs = least_fleet(scenario, history.ledger.start);
        history.order_pipeline();
        Ok(history)
    }
}

/// Running load of every region at base prices and the eve's hashprice, MW at the meter. Asked for only where the park
/// changes: what a fixed one draws moves nothing.
fn running_load_at_start(
    scenario: &Scenario,
    fleets: &mut Fleets,
    laws: &[RunningLaw],
) -> Vec<f64> {
    let regions = scenario.regions.len();
    let (mut hash, mut megawatts) = (vec![0.0; regions], vec![0.0; regions]);
    if fleets.is_fixed() {
        return megawatts;
    }
    let ln_worst: Vec<f64> = worst_running_at_start(scenario)
        .iter()
        .map(|worst| libm::log(worst.max(0.0)))
        .collect();
    fleets.run(&ln_worst, laws, &mut hash, &mut megawatts);
    for (megawatts, region) in megawatts.iter_mut().zip(&scenario.regions) {
        *megawatts *= region.power.pue;
    }
    megawatts
}

/// Standard normal luck of every firm that buys.
fn firm_luck_at_start(scenario: &Scenario, streams: Streams) -> Vec<f64> {
    if scenario.growth.is_none() {
        return Vec::new();
    }
    let mut stream = streams_of_start(scenario, streams).open(Purpose::FirmLuck, 0);
    (0..scenario.firms_at_start())
        .map(|_| normal(&mut stream))
        .collect()
}

/// The state of one history.
pub struct History<'m> {
    scenario: &'m Scenario,
    power_plan: &'m PowerPlan,
    streams: Streams,
    price: Price<'m>,
    fees: Fees,
    events: Events<'m>,
    power: PowerPrices<'m>,
    capacities: Capacities<'m>,
    network: Network,
    market: Market<'m>,
    expectations: Expectations,
    review: Review<'m>,
    /// Who surely stays; only where the park is fixed, and a day has enough reviews.
    screen: Option<Box<Screen>>,
    orders: Orders<'m>,
    /// AI compute beside mining, and the draws of those who may let their site to it.
    ai: Option<Ai<'m>>,
    ai_choices: DayDraws,
    bans: Bans,
    /// Fleets that have lost their place today.
    evicted: Vec<usize>,
    recorder: Recorder<'m>,
    fleets: Fleets,
    ledger: Ledger,
    threshold: Threshold,
    laws: Vec<RunningLaw>,
    /// Pool of every firm; empty where there are no pools.
    pools: Vec<u16>,
    /// Luck of every firm; empty where nobody buys.
    firm_luck: Vec<f64>,
    /// By region: hash rate that runs, PH/s; its load at the meter and in the machines, MW; part of the machines with power.
    running: Vec<f64>,
    running_load: Vec<f64>,
    machines_mw: Vec<f64>,
    powered: Vec<f64>,
    /// Part of the load that there is power for, heat and outages left out of it.
    supplied: Vec<f64>,
    /// Worst efficiency that pays for its power today, before any lag, J/TH.
    worst_today: Vec<f64>,
    /// Part of a fleet that wear leaves from one review to the next.
    left_of_worn: f64,
    /// Part of a fleet that is left at its review, by place in the queue of the day.
    left_of_due: Vec<f64>,
    /// Hash rate below which a fleet is none any more, PH/s.
    least_phs: f64,
    /// Price of the power that a machine would save by being off, at the meter, USD/MWh.
    delivered: Vec<f64>,
    moved: Vec<f64>,
    /// Whether sites are built where mining pays, and what it pays by region, USD/MWh.
    develops: bool,
    margins: Vec<f64>,
    blocks: ChaCha8Rng,
    choices: DayDraws,
    considerations: Option<Considerations>,
    purchases: Purchases,
    notes: Notes,
}

impl History<'_> {
    /// One day, from its prices to its decisions. `row` receives the record if the day is recorded.
    pub fn step(&mut self, day: u32, row: Option<&mut [f64]>, observer: &mut impl Observer) {
        // What is in force, and prices of the day.
        self.events.step(day, &self.running_load);
        let conditions = &self.events.conditions;
        let btc_price = self.price.next(day) * conditions.btc_price;
        let fee_ratio = self.fees.draw();
        let reward_btc = self.network.reward_btc(fee_ratio);
        let hashprice = hashprice(self.network.difficulty, reward_btc, btc_price);
        if let Some(ai) = &mut self.ai {
            ai.step(day);
            self.power.ai_term.copy_from_slice(&ai.price_term);
            self.capacities.built_part.copy_from_slice(&ai.built_part);
        }
        self.power.step(day, conditions);
        self.capacities.step(day, conditions);
        let of_late = self.expectations.smoothed_hashprice(hashprice);
        self.market.step(day, of_late, conditions.hardware_price);

        // Bans are followed; machines that arrive run from today; each runs if it earns its power.
        self.follow_bans(day);
        self.arrive(day);
        self.deliver(day);
        self.run_machines(day, hashprice);

        let mut today = Day {
            day,
            work: 0.0,
            btc_price,
            hashprice,
            reward_btc,
            fee_ratio,
            difficulty: self.network.difficulty,
            height: self.network.height,
            running: &self.running,
            worst_running: &self.threshold.worst,
            ln_worst_running: &self.threshold.ln_worst,
            laws: &self.laws,
            powered: &self.powered,
            spot: &self.power.spot,
            delivered: &self.delivered,
            capacities: &self.capacities,
            moved: &self.moved,
            market: &self.market,
            under_way: self.orders.under_way,
            ledger: self.ledger,
            conditions: &self.events.conditions,
            pools: &self.pools,
            ai: self.ai.as_ref(),
        };
        // Records show the day as it ran: before its blocks move the difficulty and its reviews the fleets.
        if let Some(row) = row {
            self.recorder.record(&today, &mut self.fleets, row);
        }

        // The chain grows.
        let hash: f64 = self.running.iter().sum();
        self.notes.dark_days += u32::from(hash <= 0.0);
        seek_day(&mut self.blocks, day);
        let work_before = self.network.work;
        let blocks = self.network.mine_day(day, hash, &mut self.blocks);
        today.work = self.network.work - work_before;
        self.fees.observe(day, blocks);
        observer.day(&today, &self.fleets, blocks);
        // Whether or not the day was recorded: what is recorded of other days does not hang on it.
        if day.is_multiple_of(self.scenario.record_every_days) {
            self.moved.fill(0.0);
        }

        // Miners take the day in, and those due decide.
        let converted = self.ai.as_ref().map(|ai| ai.converted.as_slice());
        let drawn = self.running_load.iter().enumerate().map(|(r, load)| {
            // A site that is let to AI draws on.
            converted.map_or(*load, |converted| load + converted[r])
        });
        self.power.observe_load(drawn);
        let reward_after = self.network.reward_btc(fee_ratio);
        let halving_ratio = if self.scenario.expectations.halving_known && reward_btc > 0.0 {
            reward_after / reward_btc
        } else {
            1.0
        };
        self.expectations.observe(&Seen {
            day,
            hashprice,
            halving_ratio,
            plan: self.power_plan,
            prices: &self.power,
            conditions: &self.events.conditions,
            powered: &self.powered,
        });
        self.develop_sites();
        self.review_fleets(day, observer);
        self.orders
            .close_day(day, &mut self.market, &mut self.capacities.reserved);
        debug_assert!(
            self.conserves(),
            "day {day}: load, machines and fleets disagree"
        );
    }

    /// Those who build sites see what the machines on sale are expected to earn above their power.
    fn develop_sites(&mut self) {
        if !self.develops {
            return;
        }
        let hashprice = self.expectations.hashprice(&self.network);
        let breakeven = breakeven_power_price(hashprice, self.market.frontier);
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let kept =
                kept_of_revenue(self.scenario, region) - self.events.conditions.regions[r].tax;
            let margin = breakeven * kept - self.expectations.delivered[r];
            self.margins[r] = margin.max(0.0) * self.expectations.uptime[r];
        }
        self.capacities.develop(&self.margins);
    }

    /// Puts the fleets that arrive today in place. Who finds the region closed by a ban looks for another.
    fn arrive(&mut self, day: u32) {
        while let Some(fleet) = self.fleets.next_arrival(day) {
            if keeps_out(&self.events.conditions, &self.fleets, fleet) {
                self.evict(day, fleet);
            } else {
                self.fleets.settle_in(fleet);
            }
        }
    }

    /// Runs the machines whose net revenue pays for their power, as far as there is power for them.
    fn run_machines(&mut self, day: u32, hashprice: f64) {
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let power = &region.power;
            let saved = power.saved_when_off(self.power.spot[r]);
            self.delivered[r] = power.pue * (saved + power.adder.get());
            let kept =
                kept_of_revenue(self.scenario, region) - self.events.conditions.regions[r].tax;
            self.worst_today[r] = worst_running(hashprice * kept, self.delivered[r]);
        }
        self.threshold.follow(&self.worst_today);
        if let Some(park) = &mut self.fleets.fixed {
            park.run(&self.threshold.worst, &mut self.running);
            return;
        }
        self.fleets.observe(day, &self.threshold.ln_worst);
        self.fleets.run(
            &self.threshold.ln_worst,
            &self.laws,
            &mut self.running,
            &mut self.machines_mw,
        );
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let wanted = self.machines_mw[r] * region.power.pue;
            self.powered[r] = self.capacities.powered(r, wanted);
            let uptime = self.capacities.uptime[r];
            self.supplied[r] = if uptime > 0.0 {
                self.powered[r] / uptime
            } else {
                1.0
            };
            self.running[r] *= self.powered[r];
            self.running_load[r] = wanted * self.powered[r];
        }
    }

    /// Load of a fleet at the meter, MW.
    fn at_meter(&self, fleet: usize) -> f64 {
        let region = usize::from(self.fleets[fleet].region);
        self.fleets.power_mw(fleet) * self.scenario.regions[region].power.pue
    }

    /// Changes a fleet's machines and the load that holds their slot.
    fn change(&mut self, fleet: usize, hash_phs: f64, efficiency: f64) {
        if let Some((region, rise)) = self.fleets.change(fleet, hash_phs, efficiency) {
            self.capacities.load[region] += rise * self.scenario.regions[region].power.pue;
        }
    }

    /// Whether the load of every region is that of the fleets which hold a slot there, and machines are those of the start
    /// and those bought, without those scrapped and abandoned.
    fn conserves(&self) -> bool {
        let mut load = vec![0.0; self.running.len()];
        let mut machines = 0.0;
        for fleet in 0..self.fleets.len() {
            machines += self.fleets[fleet].hash_phs;
            if self.fleets.holds_slot(fleet) {
                load[usize::from(self.fleets[fleet].region)] += self.at_meter(fleet);
            }
        }
        let total: f64 = load.iter().sum::<f64>() + 1.0;
        let ledger = &self.ledger;
        let owned = ledger.start + ledger.bought - ledger.scrapped - ledger.abandoned;
        load.iter()
            .zip(&self.capacities.load)
            .all(|(counted, kept)| (counted - kept).abs() <= 1e-9 * total)
            && (machines - owned).abs() <= 1e-9 * (ledger.start + ledger.bought)
            && !self.running.iter().any(|hash| !hash.is_finite())
    }
}
