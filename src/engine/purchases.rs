//! What the fleets that are due buy: how much, where, and in place of what.

use crate::elementary::exp_each;
use crate::random::{DayDraws, Purpose, Streams, standard_normal_quantiles};
use crate::scenario::{Growth, Scenario};
use crate::units::machine_power;
use crate::world::growth::{Order, value_at, value_at_least, value_at_most};
use crate::world::worth::Prospect;

use super::{History, Observer, Purchase};

/// What buyers of the day see, and the draws of those who buy.
pub struct Purchases {
    fresh: DayDraws,
    /// Luck and optimism by place in the queue.
    luck: Vec<f64>,
    place: DayDraws,
    lump: DayDraws,
    /// What buyers reckon with, and hashprice of late.
    prospect: Prospect,
    hashprice: f64,
    /// By region.
    offers: Vec<Offer>,
    /// The most of what machines are worth for their cost at a site like others.
    best_elsewhere: f64,
}

/// New machines in a region, USD/TH.
#[derive(Debug, Clone, Copy, Default)]
struct Offer {
    /// What they are worth at a site like others.
    value: f64,
    /// What they cost with a site, and in place of old ones.
    cost: f64,
    in_place: f64,
}

impl Purchases {
    /// Before the first day.
    pub fn new(scenario: &Scenario, streams: Streams) -> Self {
        let draws = |purpose| DayDraws::of(streams.open(purpose, 0));
        Self {
            fresh: draws(Purpose::FreshLuck),
            luck: Vec::new(),
            place: draws(Purpose::OrderPlace),
            lump: draws(Purpose::Lump),
            prospect: Prospect::new(0.0, 0.0, 1.0, None),
            hashprice: 0.0,
            offers: vec![Offer::default(); scenario.regions.len()],
            best_elsewhere: 0.0,
        }
    }

    /// Goes to the draws of a day, for a queue of fleets.
    pub fn seek_day(&mut self, day: u32, queue: usize) {
        for draws in [&mut self.fresh, &mut self.place, &mut self.lump] {
            draws.seek_day(day, queue);
        }
    }
}

impl History<'_> {
    /// What a fleet's firm buys: new machines where it pays and there is room, and in place of the old ones what finds none.
    /// `queued` is the fleet's place in the queue of the day.
    pub(super) fn buy<O: Observer>(
        &mut self,
        growth: &Growth,
        day: u32,
        fleet: usize,
        queued: usize,
        observer: &mut O,
    ) {
        let luck = self.purchases.luck[queued];
        let own = self.own_prospect(growth, fleet);
        let own = own.as_ref();
        let here = usize::from(self.fleets[fleet].region);
        let (hash, new) = (self.fleets[fleet].hash_phs, self.market.frontier);
        let site_here = self.review.site(&self.fleets, fleet, here);
        let offer_here = self.purchases.offers[here];
        let hashprice = self.purchases.hashprice;
        // Most of the time there is no place where anything pays, and then none need be chosen.
        // Away from its own site a firm of no special size or cost of capital sees what all see.
        let alike = own.is_none() && self.scenario.firms.scale_exponent == 0.0;
        let may_pay_elsewhere =
            !alike || self.orders.pays(luck, self.purchases.best_elsewhere, 1.0);
        let prospect = own.unwrap_or(&self.purchases.prospect);
        let most_here = value_at_most(prospect, hashprice, &site_here, new);
        if !may_pay_elsewhere && !self.orders.pays(luck, most_here, offer_here.in_place) {
            return;
        }
        // Bounds decide most of what follows; the value itself is reckoned once, if at all.
        let mut known = None;
        let mut value_here = |history: &Self| {
            *known.get_or_insert_with(|| {
                let prospect = own.unwrap_or(&history.purchases.prospect);
                value_at(prospect, hashprice, &site_here, new)
            })
        };
        let pays = may_pay_elsewhere || self.orders.pays(luck, value_here(self), offer_here.cost);
        let mut placed = 0.0;
        let chosen = if pays {
            let draw = self.purchases.place.uniform(queued);
            self.review
                .choose_site(&self.fleets, fleet, &self.capacities, draw)
        } else {
            None
        };
        if let Some(region) = chosen {
            let prospect = own.unwrap_or(&self.purchases.prospect);
            let cost = self.purchases.offers[region].cost;
            let value = if region == here {
                // Where the cap holds at the least value it holds at the value.
                let least = value_at_least(prospect, hashprice, &site_here, new);
                let capped = self.orders.wanted(luck, least, cost) == self.orders.most();
                if capped && !O::PURCHASES {
                    least
                } else {
                    value_here(self)
                }
            } else if alike {
                self.purchases.offers[region].value
            } else {
                let site = self.review.site(&self.fleets, fleet, region);
                value_at(prospect, hashprice, &site, new)
            };
            let wanted = hash * self.orders.wanted(luck, value, cost);
            if wanted > 0.0 {
                let before = self.orders.today.len();
                placed = self.order_at(growth, fleet, region, wanted, queued);
                self.tell(day, before, (value, cost, luck), observer);
            }
        }
        let old = self.fleets[fleet].efficiency;
        let banned = self.events.conditions.regions[here].banned;
        if !growth.replace_in_place || old <= new || banned {
            return;
        }
        let cost = offer_here.in_place;
        let prospect = own.unwrap_or(&self.purchases.prospect);
        let may_replace = |value: f64| self.orders.wanted(luck, value, cost) * hash > placed;
        // The old machines are worth nothing at least, so this is the most that it can be.
        if !may_replace(most_here) || !may_replace(value_here(self)) {
            return;
        }
        // The slot of one new machine is that of `new / old` old ones, which go.
        let least_old = value_at_least(prospect, hashprice, &site_here, old);
        if !may_replace(value_here(self) - new / old * least_old) {
            return;
        }
        let value_old = value_at(prospect, hashprice, &site_here, old);
        let value = value_here(self) - new / old * value_old;
        let wanted = hash * self.orders.wanted(luck, value, cost);
        let replaced = (wanted - placed).min(hash * old / new);
        if replaced > 0.0 {
            let before = self.orders.today.len();
            self.place_order(fleet, here, replaced, true, Some(self.fleets[fleet].firm));
            self.tell(day, before, (value, cost, luck), observer);
        }
    }

    /// Tells of the orders of today from `first` on, with the value, the cost and the luck that decided them.
    fn tell<O: Observer>(
        &self,
        day: u32,
        first: usize,
        (value, cost, luck): (f64, f64, f64),
        observer: &mut O,
    ) {
        if !O::PURCHASES {
            return;
        }
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

    /// What buyers of the day reckon with, and what new machines are worth to them in every region at a site like others.
    pub(super) fn prepare_purchases(&mut self) {
        let Some(growth) = &self.scenario.growth else {
            return;
        };
        let new = self.market.frontier;
        self.review.prepare_sites(new);
        let prospect = self.prospect_at(growth.discount_rate);
        let hashprice = self.expectations.smoothed_hashprice(0.0);
        let purchases = &mut self.purchases;
        (purchases.prospect, purchases.hashprice) = (prospect, hashprice);
        purchases.best_elsewhere = 0.0;
        for (region, offer) in purchases.offers.iter_mut().enumerate() {
            let site = self.review.site_elsewhere(region, 1.0);
            *offer = Offer {
                value: value_at(&prospect, hashprice, &site, new),
                cost: self.orders.cost(&site, &self.market, false),
                in_place: self.orders.cost(&site, &self.market, true),
            };
            // A little more than the quotient, which is then no less than what a buyer finds.
            let worth = if offer.cost > 0.0 {
                offer.value / offer.cost * (1.0 + 1e-12)
            } else {
                f64::INFINITY
            };
            purchases.best_elsewhere = purchases.best_elsewhere.max(worth);
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
        let firm = self.fleets[fleet].firm as usize;
        let own = self.scenario.firms.named.get(firm)?.discount_rate?;
        (own != growth.discount_rate).then(|| self.prospect_at(own))
    }

    /// Luck and optimism of those who are due, `every` fleets apart: a part the firm's, the rest fresh; mean 1.
    ///
    /// For all before any of them is reviewed, so that none waits for another; it is left unused where a fleet is gone.
    pub(super) fn draw_luck_of_purchases(&mut self, first: usize, every: usize) {
        let Some(growth) = &self.scenario.growth else {
            return;
        };
        let sd = growth.luck_sd;
        let luck = &mut self.purchases.luck;
        let due = self.fleets.iter().skip(first).step_by(every);
        if sd == 0.0 {
            luck.clear();
            luck.resize(due.count(), 1.0);
            return;
        }
        self.purchases.fresh.uniforms(luck);
        standard_normal_quantiles(luck);
        for (luck, fleet) in luck.iter_mut().zip(due) {
            let (own, fresh) = (self.firm_luck[fleet.firm as usize], *luck);
            let z = if growth.luck_persistence == 0.5 {
                // The same as below in one rounding less.
                (own + fresh) * std::f64::consts::FRAC_1_SQRT_2
            } else {
                own * growth.luck_persistence.sqrt()
                    + fresh * (1.0 - growth.luck_persistence).sqrt()
            };
            *luck = sd * z - 0.5 * sd * sd;
        }
        exp_each(luck);
    }

    /// Orders `wanted` PH/s for a region as far as there is room, a part of it for new firms; returns what found room.
    fn order_at(
        &mut self,
        growth: &Growth,
        fleet: usize,
        region: usize,
        wanted: f64,
        queued: usize,
    ) -> f64 {
        let pue = self.scenario.regions[region].power.pue;
        let mw_per_phs = machine_power(1.0, self.market.frontier);
        let present = usize::from(self.fleets[fleet].region) == region;
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
        let firm = self.fleets[fleet].firm;
        let lump = growth.min_order_mw / mw_per_phs;
        if own < lump && !self.has_site(fleet, region) {
            // A site has a least size: it is opened as seldom as makes the mean right.
            let draw = self.purchases.lump.uniform(queued);
            own = if draw * lump < own && lump + newcomers <= room {
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

    /// Whether the firm of a fleet has a site in a region.
    fn has_site(&self, fleet: usize, region: usize) -> bool {
        let here = |fleet: usize| usize::from(self.fleets[fleet].site) == region;
        here(fleet) || self.fleets.of_firm(self.fleets[fleet].firm).any(here)
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
