//! What the fleets that are due decide: to stay or move, to scrap, to give up, to buy.

use std::ops::Range;

use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, Streams, gamma, normal, seek_day, uniform};
use crate::scenario::{Growth, Scenario};
use crate::units::{DAYS_PER_YEAR, machine_power};
use crate::world::fleet::FixedPark;
use crate::world::growth::{Order, value_at};
use crate::world::population::site_luck;
use crate::world::review::Outlook;
use crate::world::worth::Prospect;

use super::{Decision, History, Observer, Purchase};

/// Whether a fleet due for review considers moving at all.
pub struct Considerations {
    probability: f64,
    stream: ChaCha8Rng,
}

impl Considerations {
    /// `None` where every review considers it.
    pub fn new(scenario: &Scenario, streams: Streams) -> Option<Self> {
        let moving = &scenario.moving;
        let rate = moving.consider_per_year * f64::from(moving.review_days) / DAYS_PER_YEAR;
        (rate < f64::INFINITY).then(|| Self {
            probability: -libm::expm1(-rate),
            stream: streams.open(Purpose::Consider, 0),
        })
    }
}

/// The draws of those who buy.
pub struct Purchases {
    fresh: ChaCha8Rng,
    place: ChaCha8Rng,
    lump: ChaCha8Rng,
}

/// Part of a fleet's machines that wear leaves from one review to the next.
pub fn left_of_worn(scenario: &Scenario) -> f64 {
    let days = f64::from(scenario.moving.review_days);
    libm::exp(-scenario.hardware.retire_per_year * days / DAYS_PER_YEAR)
}

/// What is drawn for one fleet's purchase, used or not.
struct PurchaseDraws {
    fresh: f64,
    place: f64,
    lump: f64,
}

impl Purchases {
    /// `None` where nobody buys.
    pub fn new(scenario: &Scenario, streams: Streams) -> Option<Self> {
        scenario.growth.as_ref()?;
        Some(Self {
            fresh: streams.open(Purpose::FreshLuck, 0),
            place: streams.open(Purpose::OrderPlace, 0),
            lump: streams.open(Purpose::Lump, 0),
        })
    }

    fn seek_day(&mut self, day: u32) {
        for stream in [&mut self.fresh, &mut self.place, &mut self.lump] {
            seek_day(stream, day);
        }
    }

    fn draw(&mut self) -> PurchaseDraws {
        PurchaseDraws {
            fresh: normal(&mut self.fresh),
            place: uniform(&mut self.place),
            lump: uniform(&mut self.lump),
        }
    }
}

/// A fleet of less than a terahash is no fleet any more.
const LEAST_PHS: f64 = 1e-3;

impl History<'_> {
    /// Reviews the fleets that are due: those whose number leaves the remainder of the day.
    pub(super) fn review_fleets(&mut self, day: u32, observer: &mut impl Observer) {
        let every = self.scenario.moving.review_days;
        let first = (day % every) as usize;
        let evicted = std::mem::take(&mut self.evicted);
        if first >= self.fleets.len() && evicted.is_empty() {
            return;
        }
        let outlook = Outlook {
            hashprice: self.expectations.hashprice(&self.network),
            delivered: &self.expectations.delivered,
            uptime: &self.expectations.uptime,
            hardware_price: self.market.price,
            conditions: &self.events.conditions,
        };
        self.review.prepare(&outlook);
        for (ln_worst, worst) in self.ln_worst_today.iter_mut().zip(&self.worst_today) {
            *ln_worst = libm::log(worst.max(0.0));
        }
        self.prepare_purchases();
        // Draws are addressed by day and place in the queue, that is by fleet and review: used or not.
        seek_day(&mut self.choices, day);
        if let Some(considerations) = &mut self.considerations {
            seek_day(&mut considerations.stream, day);
        }
        if let Some(purchases) = &mut self.purchases {
            purchases.seek_day(day);
        }
        if self.fleets.is_fixed() {
            return self.review_fixed_park(day, first, observer);
        }
        for fleet in (first..self.fleets.len()).step_by(every as usize) {
            let draw = uniform(&mut self.choices);
            let considers = self.considerations.as_mut().is_none_or(|considerations| {
                uniform(&mut considerations.stream) < considerations.probability
            });
            let purchase = self.purchases.as_mut().map(Purchases::draw);
            let seeks = self.fleets.seeks(fleet);
            if self.fleets.site[fleet] == self.fleets.nowhere() && !seeks {
                continue;
            }
            if seeks && self.gives_up(day, fleet) {
                continue;
            }
            if !seeks && self.wear(fleet) {
                continue;
            }
            // Who will have to go runs on until his day, and neither moves nor buys before it.
            if !seeks && self.fleets.must_leave(fleet) {
                let region = usize::from(self.fleets.region[fleet]);
                if self.ban_holds(region) {
                    continue;
                }
                self.fleets.lives.leaves[fleet] = false;
            }
            let stands_idle = !seeks && self.stands_idle(fleet);
            if considers || seeks || stands_idle {
                if self.moves(day, fleet, draw, observer) {
                    continue;
                }
                if stands_idle && !self.review.anywhere_pays(&self.fleets, fleet) {
                    self.scrap(fleet);
                    continue;
                }
            }
            if let (Some(growth), Some(purchase), false) = (&self.scenario.growth, &purchase, seeks)
            {
                self.buy(growth, day, fleet, purchase, observer);
            }
        }
        // Those due today have looked already.
        for fleet in evicted {
            if fleet % every as usize != first {
                self.look_for_a_place(day, fleet, observer);
            }
        }
    }

    /// Reviews of a park in which machines only move. Most stay, and a screen says so of most of them.
    fn review_fixed_park<O: Observer>(&mut self, day: u32, first: usize, observer: &mut O) {
        if let (Some(screen), false) = (&mut self.screen, O::REVIEWS) {
            screen.prepare(&self.review, &self.capacities);
        }
        let every = self.scenario.moving.review_days as usize;
        let due = |park: &FixedPark| park.due.on(first);
        let begin = self
            .fleets
            .fixed
            .as_deref()
            .map_or(0, |park| due(park).start);
        let mut next = begin;
        while let Some((slot, draw)) = self.next_undecided::<O>(due, next) {
            next = slot + 1;
            let fleet = first + (slot - begin) * every;
            let from = usize::from(self.fleets.region[fleet]);
            if self.moves(day, fleet, draw, observer)
                && let Some(screen) = &mut self.screen
            {
                let to = usize::from(self.fleets.region[fleet]);
                screen.look_at_room(&self.review, &self.capacities, [from, to]);
            }
        }
    }

    /// The next fleet from a slot on that has to weigh up its regions, and its draw; those before it stay.
    fn next_undecided<O: Observer>(
        &mut self,
        due: impl Fn(&FixedPark) -> Range<usize>,
        from: usize,
    ) -> Option<(usize, f64)> {
        let park = self.fleets.fixed.as_deref()?;
        let nowhere = self.fleets.nowhere();
        let screen = self.screen.as_ref().filter(|_| !O::REVIEWS);
        for slot in from..due(park).end {
            let draw = uniform(&mut self.choices);
            let considers = match &mut self.considerations {
                None => true,
                Some(considerations) => {
                    uniform(&mut considerations.stream) < considerations.probability
                }
            };
            let (site, megawatts) = (park.due.site[slot], park.due.power_mw[slot]);
            let stays = match screen {
                None => false,
                Some(screen) => screen.stays(slot, site, megawatts, draw),
            };
            if !stays && considers && u16::from(site) != nowhere {
                return Some((slot, draw));
            }
        }
        None
    }

    /// Who has lost his place today looks for another today; the rest of his search is at his reviews.
    fn look_for_a_place(&mut self, day: u32, fleet: usize, observer: &mut impl Observer) {
        if !self.fleets.seeks(fleet) {
            return;
        }
        let mut stream = self.streams.open(Purpose::Eviction, fleet as u64);
        seek_day(&mut stream, day);
        let draw = uniform(&mut stream);
        self.moves(day, fleet, draw, observer);
    }

    /// Weighs up a fleet's regions by a draw; whether it moves, and then it is on its way.
    fn moves(&mut self, day: u32, fleet: usize, draw: f64, observer: &mut impl Observer) -> bool {
        let from = usize::from(self.fleets.region[fleet]);
        let choice = self
            .review
            .choose(&self.fleets, fleet, &self.capacities, draw);
        let arrival = match choice {
            Some(_) => day.saturating_add(self.downtime(day, fleet)),
            None => day,
        };
        let decision = Decision {
            day,
            fleet,
            from,
            to: choice.unwrap_or(from),
            arrival,
            review: &self.review,
            uniform: draw,
        };
        observer.decision(&decision, &self.fleets);
        if let Some(to) = choice {
            self.relocate(day, fleet, from, to, arrival);
        }
        choice.is_some()
    }

    /// Whether a fleet has looked for a place for too long; it is then abandoned.
    fn gives_up(&mut self, day: u32, fleet: usize) -> bool {
        let gives_up = self.fleets.lives.gives_up[fleet] <= day;
        if gives_up {
            self.ledger.abandoned += self.fleets.hash_phs[fleet];
            self.fleets.end(fleet);
        }
        gives_up
    }

    /// Whether none of a fleet has run for so long that its owner would rather be rid of it.
    fn stands_idle(&self, fleet: usize) -> bool {
        if self.fleets.is_fixed() {
            return false;
        }
        f64::from(self.fleets.idle_days(fleet)) >= self.scenario.hardware.exit_after_idle_days
    }

    /// Machines that wear out, and those scrapped that the day's mean price or a lack of power keeps off; heat and outages pass.
    /// Whether none is left.
    fn wear(&mut self, fleet: usize) -> bool {
        if self.fleets.is_fixed() {
            return false;
        }
        let region = usize::from(self.fleets.region[fleet]);
        if self.fleets.hides(fleet) && !self.events.conditions.regions[region].banned {
            self.fleets.hide(fleet, 1.0);
        }
        let hardware = &self.scenario.hardware;
        let days = f64::from(self.scenario.moving.review_days);
        let mut left = self.left_of_worn;
        if hardware.exit_after_idle_days < f64::INFINITY {
            let excess = self.ln_worst_today[region] - self.fleets.lives.ln_key[fleet];
            let on = self.laws[region].share_at_mean_price(excess) * self.supplied[region];
            left *= (1.0 - (1.0 - on) * days / hardware.exit_after_idle_days).max(0.0);
        }
        if left == 1.0 {
            return false;
        }
        let before = self.fleets.hash_phs[fleet];
        let after = before * left;
        if after < LEAST_PHS {
            self.scrap(fleet);
            return true;
        }
        self.ledger.scrapped += before - after;
        self.change(fleet, after, self.fleets.efficiency[fleet]);
        false
    }

    /// The end of a fleet: its machines are scrapped, its slot is free.
    fn scrap(&mut self, fleet: usize) {
        let region = usize::from(self.fleets.region[fleet]);
        self.capacities.load[region] -= self.at_meter(fleet);
        self.ledger.scrapped += self.fleets.hash_phs[fleet];
        self.fleets.end(fleet);
    }

    /// A mover takes its new slot and frees the old one on the day it decides.
    fn relocate(&mut self, day: u32, fleet: usize, from: usize, to: usize, arrival: u32) {
        let regions = &self.scenario.regions;
        let mw = self.fleets.power_mw(fleet);
        if !self.fleets.seeks(fleet) {
            self.capacities.load[from] -= mw * regions[from].power.pue;
        }
        self.capacities.load[to] += mw * regions[to].power.pue;
        self.moved[from * regions.len() + to] += self.fleets.hash_phs[fleet];
        // Fewer than 256 regions.
        self.fleets.depart(fleet, to as u16, arrival);
        if !self.fleets.is_fixed() {
            let luck = self.luck_of_site(day, fleet);
            self.fleets.draw_luck(fleet, luck);
        }
    }

    /// Luck of the site that a fleet opens on a day.
    pub(super) fn luck_of_site(&self, day: u32, fleet: usize) -> f64 {
        let dispersion = self.scenario.firms.site_dispersion;
        if dispersion == 0.0 {
            return 1.0;
        }
        // Streams of the start are those of firms; a fleet's own is far above them.
        let mut stream = self.streams.open(Purpose::SiteLuck, FLEETS + fleet as u64);
        seek_day(&mut stream, day);
        site_luck(dispersion, normal(&mut stream))
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

    /// What a fleet's firm buys: new machines where it pays and there is room, and in place of the old ones what finds none.
    fn buy(
        &mut self,
        growth: &Growth,
        day: u32,
        fleet: usize,
        draws: &PurchaseDraws,
        observer: &mut impl Observer,
    ) {
        let luck = self.luck_of_purchase(growth, fleet, draws.fresh);
        let own = self.own_prospect(growth, fleet);
        let hashprice = self.expectations.smoothed_hashprice(0.0);
        let here = usize::from(self.fleets.region[fleet]);
        let (hash, new) = (self.fleets.hash_phs[fleet], self.market.frontier);
        let prospect = own.as_ref().unwrap_or(&self.prospect);
        let site_here = self.review.site(&self.fleets, fleet, here);
        let value_here = value_at(prospect, hashprice, &site_here, new);
        // Most of the time there is no place where anything pays, and then none need be chosen.
        let cost_here = self.orders.cost(&site_here, &self.market, false);
        let pays = self.orders.wanted(luck, value_here, cost_here) > 0.0
            || own.is_some()
            || !growth_alike(self.scenario)
            || self.orders.wanted(luck, self.best_elsewhere, 1.0) > 0.0;
        let mut placed = 0.0;
        let chosen = if pays {
            self.review
                .choose_site(&self.fleets, fleet, &self.capacities, new, draws.place)
        } else {
            None
        };
        if let Some(region) = chosen {
            // Away from its own site a firm of no special size or cost of capital sees what all see.
            let plain = own.is_none() && region != here && growth_alike(self.scenario);
            let site = self.review.site(&self.fleets, fleet, region);
            let value = if region == here {
                value_here
            } else if plain {
                self.values_elsewhere[region]
            } else {
                value_at(
                    own.as_ref().unwrap_or(&self.prospect),
                    hashprice,
                    &site,
                    new,
                )
            };
            let cost = self.orders.cost(&site, &self.market, false);
            let wanted = hash * self.orders.wanted(luck, value, cost);
            if wanted > 0.0 {
                let before = self.orders.today.len();
                placed = self.order_at(growth, fleet, region, wanted, draws.lump);
                self.tell(day, before, (value, cost, luck), observer);
            }
        }
        let old = self.fleets.efficiency[fleet];
        let banned = self.events.conditions.regions[here].banned;
        if !growth.replace_in_place || old <= new || banned {
            return;
        }
        let prospect = own.as_ref().unwrap_or(&self.prospect);
        let cost = self.orders.cost(&site_here, &self.market, true);
        // The old machines are worth nothing at least, so this is the most that it can be.
        if self.orders.wanted(luck, value_here, cost) * hash <= placed {
            return;
        }
        // The slot of one new machine is that of `new / old` old ones, which go.
        let value = value_here - new / old * value_at(prospect, hashprice, &site_here, old);
        let wanted = hash * self.orders.wanted(luck, value, cost);
        let replaced = (wanted - placed).min(hash * old / new);
        if replaced > 0.0 {
            let before = self.orders.today.len();
            self.place_order(fleet, here, replaced, true, Some(self.fleets.firm[fleet]));
            self.tell(day, before, (value, cost, luck), observer);
        }
    }

    /// Tells of the orders of today from `first` on, with the value, the cost and the luck that decided them.
    fn tell(
        &self,
        day: u32,
        first: usize,
        (value, cost, luck): (f64, f64, f64),
        observer: &mut impl Observer,
    ) {
        for order in &self.orders.today[first..] {
            let purchase = Purchase {
                day,
                order,
                value,
                cost,
                luck,
            };
            observer.purchase(&purchase, &self.fleets);
        }
    }

    /// What a buyer of the day reckons with, and what new machines are worth to it in every region at a site like others.
    fn prepare_purchases(&mut self) {
        let Some(growth) = &self.scenario.growth else {
            return;
        };
        self.review.prepare_sites(self.market.frontier);
        self.prospect = self.prospect_at(growth.discount_rate);
        let hashprice = self.expectations.smoothed_hashprice(0.0);
        self.best_elsewhere = 0.0;
        for region in 0..self.values_elsewhere.len() {
            let site = self.review.site_elsewhere(region, 1.0);
            let value = value_at(&self.prospect, hashprice, &site, self.market.frontier);
            self.values_elsewhere[region] = value;
            let cost = self.orders.cost(&site, &self.market, false);
            // A little more than the quotient, which is then no less than what a buyer finds.
            let worth = if cost > 0.0 {
                value / cost * (1.0 + 1e-12)
            } else {
                f64::INFINITY
            };
            self.best_elsewhere = self.best_elsewhere.max(worth);
        }
    }

    /// What a buyer with a cost of capital expects.
    fn prospect_at(&self, discount: f64) -> Prospect {
        let expectations = &self.scenario.expectations;
        let halving = expectations
            .halving_known
            .then(|| self.network.years_to_halving());
        let life = self.scenario.hardware.life_years;
        Prospect::new(expectations.hashprice_decay, discount, life, halving)
    }

    /// What the firm of a fleet expects, if its cost of capital is its own.
    fn own_prospect(&self, growth: &Growth, fleet: usize) -> Option<Prospect> {
        let firm = self.fleets.firm[fleet] as usize;
        let own = self.scenario.firms.named.get(firm)?.discount_rate?;
        (own != growth.discount_rate).then(|| self.prospect_at(own))
    }

    /// Luck and optimism of a purchase: half the firm's, half fresh; mean 1.
    fn luck_of_purchase(&self, growth: &Growth, fleet: usize, fresh: f64) -> f64 {
        let sd = growth.luck_sd;
        if sd == 0.0 {
            return 1.0;
        }
        let firm = self.fleets.firm[fleet] as usize;
        let z = (self.firm_luck[firm] + fresh) * std::f64::consts::FRAC_1_SQRT_2;
        libm::exp(sd * z - 0.5 * sd * sd)
    }

    /// Orders `wanted` PH/s for a region as far as there is room, a part of it for new firms; returns what found room.
    fn order_at(
        &mut self,
        growth: &Growth,
        fleet: usize,
        region: usize,
        wanted: f64,
        lump_draw: f64,
    ) -> f64 {
        let pue = self.scenario.regions[region].power.pue;
        let mw_per_phs = machine_power(1.0, self.market.frontier);
        let present = usize::from(self.fleets.region[fleet]) == region;
        let room = self.capacities.room_for(region, present) / (mw_per_phs * pue);
        let placed = wanted.min(room);
        // Where only those who are there may build, new firms may not.
        let open = self.capacities.room(region) > 0.0;
        let newcomers = if open {
            placed * growth.entry_share
        } else {
            0.0
        };
        let mut own = placed - newcomers;
        let firm = self.fleets.firm[fleet];
        let lump = growth.min_order_mw / mw_per_phs;
        if own < lump && !self.has_site(firm, region) {
            // A site has a least size: it is opened as seldom as makes the mean right.
            own = if lump_draw * lump < own && lump + newcomers <= room {
                lump
            } else {
                0.0
            };
        }
        for (hash, firm) in [(own, Some(firm)), (newcomers, None)] {
            if hash > 0.0 {
                self.place_order(fleet, region, hash, false, firm);
            }
        }
        placed
    }

    fn has_site(&self, firm: u32, region: usize) -> bool {
        let here = |fleet: usize| usize::from(self.fleets.site[fleet]) == region;
        self.fleets.of_firm(firm).any(here)
    }

    fn place_order(
        &mut self,
        fleet: usize,
        region: usize,
        hash_phs: f64,
        replaces: bool,
        firm: Option<u32>,
    ) {
        let order = Order {
            firm,
            fleet,
            region,
            hash_phs,
            efficiency: self.market.frontier,
            replaces,
        };
        self.orders.place(order, &mut self.capacities.reserved);
    }
}

/// Whether a firm's size makes no difference to what it pays.
fn growth_alike(scenario: &Scenario) -> bool {
    scenario.firms.scale_exponent == 0.0
}

/// First stream of the luck of sites that fleets open in the course of a history.
const FLEETS: u64 = 1 << 63;
