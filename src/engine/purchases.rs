//! What the fleets that are due buy: how much, where, and in place of what.

use rand::rngs::ChaCha8Rng;

use crate::random::{Purpose, Streams, normal, seek_day, uniform};
use crate::scenario::{Growth, Scenario};
use crate::units::machine_power;
use crate::world::growth::{Order, value_at, value_at_most};
use crate::world::worth::Prospect;

use super::{History, Observer, Purchase};

/// The draws of those who buy.
pub struct Purchases {
    fresh: ChaCha8Rng,
    place: ChaCha8Rng,
    lump: ChaCha8Rng,
}

/// What is drawn for one fleet's purchase, used or not.
pub struct PurchaseDraws {
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

    /// Goes to the draws of a day.
    pub fn seek_day(&mut self, day: u32) {
        for stream in [&mut self.fresh, &mut self.place, &mut self.lump] {
            seek_day(stream, day);
        }
    }

    /// What is drawn for the next fleet.
    pub fn draw(&mut self) -> PurchaseDraws {
        PurchaseDraws {
            fresh: normal(&mut self.fresh),
            place: uniform(&mut self.place),
            lump: uniform(&mut self.lump),
        }
    }
}

impl History<'_> {
    /// What a fleet's firm buys: new machines where it pays and there is room, and in place of the old ones what finds none.
    pub(super) fn buy(
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
        let prospect = own.unwrap_or(self.prospect);
        let site_here = self.review.site(&self.fleets, fleet, here);
        // Most of the time there is no place where anything pays, and then none need be chosen.
        // Away from its own site a firm of no special size or cost of capital sees what all see.
        let alike = own.is_none() && self.scenario.firms.scale_exponent == 0.0;
        let may_pay_elsewhere = !alike || self.orders.wanted(luck, self.best_elsewhere, 1.0) > 0.0;
        let most_here = value_at_most(&prospect, hashprice, &site_here, new);
        let machines_here = self.orders.cost(&site_here, &self.market, true);
        if !may_pay_elsewhere && self.orders.wanted(luck, most_here, machines_here) <= 0.0 {
            return;
        }
        let value_here = value_at(&prospect, hashprice, &site_here, new);
        let cost_here = self.orders.cost(&site_here, &self.market, false);
        let pays = may_pay_elsewhere || self.orders.wanted(luck, value_here, cost_here) > 0.0;
        let mut placed = 0.0;
        let chosen = if pays {
            self.review
                .choose_site(&self.fleets, fleet, &self.capacities, new, draws.place)
        } else {
            None
        };
        if let Some(region) = chosen {
            let site = self.review.site(&self.fleets, fleet, region);
            let value = if region == here {
                value_here
            } else if alike {
                self.values_elsewhere[region]
            } else {
                value_at(&prospect, hashprice, &site, new)
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
        let cost = machines_here;
        // The old machines are worth nothing at least, so this is the most that it can be.
        if self.orders.wanted(luck, value_here, cost) * hash <= placed {
            return;
        }
        // The slot of one new machine is that of `new / old` old ones, which go.
        let value = value_here - new / old * value_at(&prospect, hashprice, &site_here, old);
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
    pub(super) fn prepare_purchases(&mut self) {
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
