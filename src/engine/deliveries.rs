//! Machines that are delivered: where they go, who waits for room, and what is under way at the start.

use crate::random::{Purpose, normal};
use crate::scenario::Slots;
use crate::units::DAYS_PER_MONTH;
use crate::world::fleet::Fleets;
use crate::world::growth::Order;
use crate::world::population::choose_pool;

use super::History;

impl History<'_> {
    /// Puts the machines that are delivered today in place. Those that have waited come first, and whoever comes waits behind them.
    pub(super) fn deliver(&mut self, day: u32) {
        if self.scenario.growth.is_none() {
            return;
        }
        for region in 0..self.scenario.regions.len() {
            self.take_in_waiting(day, region);
        }
        while let Some(order) = self
            .orders
            .next_delivery(day, &mut self.capacities.reserved)
        {
            if order.replaces {
                self.replace(&order);
            } else if self.finds_room(&order) {
                self.install(day, &order);
            } else {
                self.orders.wait(order, &mut self.capacities.reserved);
                // A part of it may find room at once.
                self.take_in_waiting(day, order.region);
            }
        }
    }

    /// Puts machines that wait for a region in place as far as there is room; all of them if it bans mining, to look for another.
    fn take_in_waiting(&mut self, day: u32, region: usize) {
        loop {
            let room = if self.events.conditions.regions[region].banned {
                f64::INFINITY
            } else {
                self.capacities.room_today(region)
            };
            let reserved = &mut self.capacities.reserved;
            let Some(order) = self.orders.next_waiting(region, room, reserved) else {
                break;
            };
            self.install(day, &order);
        }
    }

    /// Whether machines that are delivered can be put in place at once.
    fn finds_room(&self, order: &Order) -> bool {
        let region = &self.scenario.regions[order.region];
        let banned = self.events.conditions.regions[order.region].banned;
        let megawatts = order.power_mw() * region.power.pue;
        banned
            || (!self.orders.anyone_waits(order.region)
                && self.capacities.takes(order.region, megawatts))
    }

    /// New machines take the place of a fleet's old ones, up to all of its power.
    fn replace(&mut self, order: &Order) {
        let fleet = order.fleet;
        let (hash, old) = (self.fleets[fleet].hash_phs, self.fleets[fleet].efficiency);
        let new = order.efficiency;
        let bought = order.hash_phs.min(hash * old / new);
        if bought <= 0.0 {
            return;
        }
        let gone = (bought * new / old).min(hash);
        let kept = hash - gone;
        self.ledger.bought += bought;
        self.ledger.scrapped += gone;
        let efficiency = (kept * old + bought * new) / (kept + bought);
        self.change(fleet, kept + bought, efficiency);
    }

    /// New machines join the firm's fleet in their region, if they are not of another age, or make a new one.
    fn install(&mut self, day: u32, order: &Order) {
        self.ledger.bought += order.hash_phs;
        // Fewer than 256 regions.
        let region = order.region as u16;
        let fleets = &self.fleets;
        let growth = self.scenario.growth.as_ref();
        let takes = |fleet: &usize| {
            let efficiency = fleets[*fleet].efficiency;
            fleets[*fleet].site == region
                && growth.is_none_or(|growth| growth.joins(efficiency, order.efficiency))
        };
        let joined = order.firm.and_then(|firm| {
            Some(order.fleet)
                .filter(takes)
                .or_else(|| fleets.of_firm(firm).find(takes))
        });
        if let Some(fleet) = joined {
            let (hash, old) = (self.fleets[fleet].hash_phs, self.fleets[fleet].efficiency);
            let sum = hash + order.hash_phs;
            let efficiency = (hash * old + order.hash_phs * order.efficiency) / sum;
            self.change(fleet, sum, efficiency);
            return;
        }
        let firm = order.firm.unwrap_or_else(|| self.found_firm());
        let luck = self.luck_of_site(day, self.fleets.len());
        let (hash, efficiency) = (order.hash_phs, order.efficiency);
        let fleet = self.fleets.found(firm, region, hash, efficiency, luck);
        self.capacities.load[order.region] += self.at_meter(fleet);
        if self.events.conditions.regions[order.region].banned {
            self.evict(day, fleet);
        }
    }

    /// A new firm: its luck and its pool.
    fn found_firm(&mut self) -> u32 {
        // Far fewer than 2^32 firms.
        let firm = self.fleets.firms() as u32;
        let entity = 1 + u64::from(firm);
        let mut stream = self.streams.open(Purpose::FirmLuck, entity);
        self.firm_luck.push(normal(&mut stream));
        if !self.scenario.pools.tags.is_empty() {
            let mut stream = self.streams.open(Purpose::Pool, entity);
            let draw = crate::random::uniform(&mut stream);
            self.pools.push(choose_pool(&self.scenario.pools, draw));
        }
        firm
    }

    /// Orders that are under way at the start: a part of every fleet for each month of the lead time; where orders hold their slots, as
    /// far as there is or will be room for them.
    pub(super) fn order_pipeline(&mut self) {
        /// Days between two deliveries to a fleet.
        const EVERY: u32 = 30;
        let Some(growth) = &self.scenario.growth else {
            return;
        };
        if growth.pipeline_per_month == 0.0 {
            return;
        }
        let part = growth.pipeline_per_month * f64::from(EVERY) / DAYS_PER_MONTH;
        let order = |fleets: &Fleets, fleet: usize, met: f64, efficiency: f64| Order {
            firm: Some(fleets[fleet].firm),
            fleet,
            region: usize::from(fleets[fleet].region),
            hash_phs: fleets[fleet].hash_phs * part * met,
            efficiency,
            replaces: false,
        };
        let days = |fleet: usize| {
            let first = fleet as u32 % EVERY;
            (first..growth.lead_days).step_by(EVERY as usize)
        };
        let mut wanted = vec![0.0; self.scenario.regions.len()];
        for fleet in 0..self.fleets.len() {
            let order = order(&self.fleets, fleet, 1.0, self.market.frontier);
            let pue = self.scenario.regions[order.region].power.pue;
            wanted[order.region] += order.power_mw() * pue * days(fleet).count() as f64;
        }
        for fleet in 0..self.fleets.len() {
            let region = usize::from(self.fleets[fleet].region);
            let capacity = self.capacities.capacity_on(growth.lead_days, region);
            let room = (capacity - self.capacities.load[region]).max(0.0);
            // Where slots are taken on delivery, machines that find none wait for it.
            let limited = growth.slots == Slots::OnOrder;
            let met = if limited && wanted[region] > room {
                room / wanted[region]
            } else {
                1.0
            };
            for day in days(fleet) {
                let order = order(&self.fleets, fleet, met, self.market.frontier);
                self.orders
                    .under_way_at_start(order, day, &mut self.capacities.reserved);
            }
        }
    }
}
