//! New machines: how many a firm buys, where they go, when they run.

use std::collections::VecDeque;

use crate::scenario::{Growth, Scenario};
use crate::units::{
    DAYS_PER_MONTH, DAYS_PER_YEAR, HOURS_PER_YEAR, JOULES_PER_TERAHASH_TO_MW_PER_TH, machine_power,
};

use super::hardware::Market;
use super::review::Site;
use super::worth::Prospect;

/// Most firms that are founded in a region on a day.
const MOST_FOUNDED: f64 = 1e4;

/// Machines on their way to a firm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// Who bought them; `None`: a firm that is yet to be founded.
    pub firm: Option<u32>,
    /// The fleet for which they were bought.
    pub fleet: usize,
    /// The region in which they have a slot.
    pub region: usize,
    /// Their hash rate, PH/s.
    pub hash_phs: f64,
    /// Their efficiency, J/TH.
    pub efficiency: f64,
    /// Whether they take the place of the fleet's old machines, and so need no slot.
    pub replaces: bool,
}

impl Order {
    /// Power of the machines, MW.
    #[must_use]
    pub fn power_mw(&self) -> f64 {
        machine_power(self.hash_phs, self.efficiency)
    }
}

/// Machines that arrive on one day, and how many of the orders have been taken off the list.
#[derive(Debug, Clone, Default)]
struct Batch {
    orders: Vec<Order>,
    taken: usize,
}

/// Purchases of one history.
#[derive(Debug, Clone)]
pub struct Orders<'s> {
    growth: Option<&'s Growth>,
    scenario: &'s Scenario,
    /// Part of a month that a review stands for.
    months: f64,
    /// Orders of today, before the market has met them.
    pub today: Vec<Order>,
    /// Machines that arrive, by day.
    deliveries: Vec<Batch>,
    /// Machines that were delivered and wait for room, by region, in the order in which they came.
    waiting: Vec<VecDeque<Order>>,
    /// What new firms have gathered, by region: hash rate and power.
    gathered: Vec<(f64, f64)>,
    /// Hash rate under way, PH/s.
    pub under_way: f64,
}

impl<'s> Orders<'s> {
    /// No orders yet.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        let regions = scenario.regions.len();
        let days = if scenario.growth.is_some() {
            scenario.days as usize
        } else {
            0
        };
        Self {
            growth: scenario.growth.as_ref(),
            scenario,
            months: f64::from(scenario.moving.review_days) / DAYS_PER_MONTH,
            today: Vec::new(),
            deliveries: vec![Batch::default(); days],
            waiting: vec![VecDeque::new(); regions],
            gathered: vec![(0.0, 0.0); regions],
            under_way: 0.0,
        }
    }

    /// Part of a fleet's hash rate that its firm would buy at a review, where a unit of new machines is worth `value` and
    /// costs `cost`, both USD/TH.
    #[must_use]
    #[inline]
    pub fn wanted(&self, luck: f64, value: f64, cost: f64) -> f64 {
        let Some(growth) = self.growth else {
            return 0.0;
        };
        // Machines that cost nothing are worth any money; the cap holds.
        let excess = if cost > 0.0 {
            luck * value / (growth.hurdle * cost) - 1.0
        } else {
            f64::INFINITY
        };
        (growth.rate_per_month * excess).clamp(0.0, growth.cap_per_month) * self.months
    }

    /// Whether [`Self::wanted`] may be more than nothing.
    #[must_use]
    #[inline]
    pub fn pays(&self, luck: f64, value: f64, cost: f64) -> bool {
        // A quotient is above 1 where its dividend is above its divisor, rounded or not.
        self.growth
            .is_some_and(|growth| cost <= 0.0 || luck * value > growth.hurdle * cost)
    }

    /// The most of [`Self::wanted`].
    #[must_use]
    pub fn most(&self) -> f64 {
        self.growth
            .map_or(0.0, |growth| growth.cap_per_month * self.months)
    }

    /// What new machines cost at a site, USD/TH; in place of old ones no new site is needed.
    #[must_use]
    pub fn cost(&self, site: &Site, market: &Market<'_>, in_place: bool) -> f64 {
        let machines = market.price * (1.0 + site.duty);
        if in_place {
            return machines;
        }
        machines + self.scenario.hardware.site_usd_per_kw * market.frontier / 1000.0
    }

    /// Takes an order down, and a slot for it: `reserved` is what orders take in each region, MW at the meter.
    pub fn place(&mut self, order: Order, reserved: &mut [f64]) {
        if !order.replaces {
            reserved[order.region] += self.at_meter(&order);
        }
        self.under_way += order.hash_phs;
        self.today.push(order);
    }

    fn at_meter(&self, order: &Order) -> f64 {
        order.power_mw() * self.scenario.regions[order.region].power.pue
    }

    /// Closes the day: the market meets what it can, and new firms are founded where enough has been gathered for one.
    pub fn close_day(&mut self, day: u32, market: &mut Market<'_>, reserved: &mut [f64]) {
        let Some(growth) = self.growth else {
            return;
        };
        let wanted: f64 = self.today.iter().map(|order| order.hash_phs).sum();
        if wanted > 0.0 {
            let met = market.sell(wanted);
            let arrival = day.saturating_add(growth.lead_days) as usize;
            let mut today = std::mem::take(&mut self.today);
            today.retain_mut(|order| self.meets(order, met, reserved));
            self.send(today, day, arrival);
            self.found_firms(growth.entrant_mw_on(day as i32), arrival);
        }
    }

    /// What the market cannot meet is no order: of one that it cannot meet at all nothing is delivered. Whether anything is, to a firm
    /// that there is.
    fn meets(&mut self, order: &mut Order, met: f64, reserved: &mut [f64]) -> bool {
        let refused = 1.0 - met;
        if refused > 0.0 {
            if !order.replaces {
                reserved[order.region] -= refused * self.at_meter(order);
            }
            self.under_way -= refused * order.hash_phs;
            order.hash_phs *= met;
        }
        if order.hash_phs <= 0.0 {
            return false;
        }
        if order.firm.is_none() {
            let (hash, megawatts) = &mut self.gathered[order.region];
            *hash += order.hash_phs;
            *megawatts += order.power_mw();
        }
        order.firm.is_some()
    }

    /// Sends off the orders of a day; what has been delivered on it leaves its memory to those of the next.
    fn send(&mut self, mut orders: Vec<Order>, day: u32, arrival: usize) {
        if let Some(batch) = self.deliveries.get_mut(arrival) {
            if batch.orders.is_empty() {
                std::mem::swap(&mut batch.orders, &mut orders);
            } else {
                batch.orders.append(&mut orders);
            }
        }
        if let Some(delivered) = self.deliveries.get_mut(day as usize)
            && delivered.taken == delivered.orders.len()
        {
            orders = std::mem::take(delivered).orders;
        }
        orders.clear();
        self.today = orders;
    }

    fn found_firms(&mut self, entrant_mw: f64, arrival: usize) {
        for (region, gathered) in self.gathered.iter_mut().enumerate() {
            let (hash, megawatts) = *gathered;
            // A month's supply for firms of a kilowatt is no number of firms that a day should found: the rest waits.
            let firms = (megawatts / entrant_mw).floor().min(MOST_FOUNDED);
            if firms < 1.0 {
                continue;
            }
            let part = entrant_mw / megawatts;
            if let Some(batch) = self.deliveries.get_mut(arrival) {
                for _ in 0..firms as u32 {
                    batch.orders.push(Order {
                        firm: None,
                        fleet: 0,
                        region,
                        hash_phs: hash * part,
                        efficiency: megawatts / hash * 1000.0,
                        replaces: false,
                    });
                }
            }
            let left = 1.0 - firms * part;
            *gathered = (hash * left, megawatts * left);
        }
    }

    /// Takes the machines that arrive today off the list.
    pub fn next_delivery(&mut self, day: u32, reserved: &mut [f64]) -> Option<Order> {
        let batch = self.deliveries.get_mut(day as usize)?;
        let order = *batch.orders.get(batch.taken)?;
        batch.taken += 1;
        if !order.replaces {
            reserved[order.region] -= self.at_meter(&order);
        }
        self.under_way -= order.hash_phs;
        Some(order)
    }

    /// Machines that were delivered and find no room: they wait for it, and are still under way.
    pub fn wait(&mut self, order: Order, reserved: &mut [f64]) {
        reserved[order.region] += self.at_meter(&order);
        self.under_way += order.hash_phs;
        self.waiting[order.region].push_back(order);
    }

    /// Whether machines wait for room in a region.
    #[must_use]
    pub fn anyone_waits(&self, region: usize) -> bool {
        !self.waiting[region].is_empty()
    }

    /// Takes machines that wait for a region off the list, first come first served: as many as `room` MW at the meter allow of those of
    /// a firm that is there, all or none of a new one's.
    pub fn next_waiting(
        &mut self,
        region: usize,
        room: f64,
        reserved: &mut [f64],
    ) -> Option<Order> {
        /// Room for less is none.
        const LEAST_MW: f64 = 1e-3;
        let first = self.waiting[region].front()?;
        let needed = self.at_meter(first);
        let part = if needed <= room { 1.0 } else { room / needed };
        if part < 1.0 && (first.firm.is_none() || room < LEAST_MW) {
            return None;
        }
        let mut order = *first;
        order.hash_phs *= part;
        if part < 1.0 {
            self.waiting[region][0].hash_phs -= order.hash_phs;
        } else {
            self.waiting[region].pop_front();
        }
        reserved[region] -= self.at_meter(&order);
        self.under_way -= order.hash_phs;
        Some(order)
    }

    /// An order that was placed before the start and arrives on `day`.
    pub fn under_way_at_start(&mut self, order: Order, day: u32, reserved: &mut [f64]) {
        if order.hash_phs <= 0.0 {
            return;
        }
        reserved[order.region] += self.at_meter(&order);
        self.under_way += order.hash_phs;
        if let Some(batch) = self.deliveries.get_mut(day as usize) {
            batch.orders.push(order);
        }
    }
}

/// Present value of 1 TH/s of machines at a site, USD; `hashprice` in USD per PH/s and day.
#[must_use]
pub fn value_at(prospect: &Prospect, hashprice: f64, site: &Site, efficiency: f64) -> f64 {
    let (revenue, power) = flows_at(hashprice, site, efficiency);
    site.uptime * prospect.value(revenue, power)
}

/// No less than [`value_at`], and quickly.
#[must_use]
pub fn value_at_most(prospect: &Prospect, hashprice: f64, site: &Site, efficiency: f64) -> f64 {
    let (revenue, power) = flows_at(hashprice, site, efficiency);
    site.uptime * prospect.at_most(revenue, power)
}

/// No more than [`value_at`], and quickly.
#[must_use]
pub fn value_at_least(prospect: &Prospect, hashprice: f64, site: &Site, efficiency: f64) -> f64 {
    let (revenue, power) = flows_at(hashprice, site, efficiency);
    site.uptime * prospect.at_least(revenue, power)
}

/// What 1 TH/s earns and what its power costs at a site, USD a year.
fn flows_at(hashprice: f64, site: &Site, efficiency: f64) -> (f64, f64) {
    let revenue = hashprice * site.kept * DAYS_PER_YEAR / 1000.0;
    let power = efficiency * JOULES_PER_TERAHASH_TO_MW_PER_TH * HOURS_PER_YEAR * site.power_price;
    (revenue, power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn scenario(more: &[&str]) -> Scenario {
        let mut changes = vec![
            "hardware={ usd_per_th = 16.0, site_usd_per_kw = 300.0, frontier = { model = \"exponential\", start_j_per_th = 15.0, limit_j_per_th = 15.0, rate_per_year = 0.0 }, supply = { ehs_per_month = 30.4375 } }".to_owned(),
            "growth={ rate_per_month = 0.2, cap_per_month = 0.15, hurdle = 0.5, discount_rate = 0.2, lead_days = 10, entry_share = 0.5, entrant_mw = 20.0 }".to_owned(),
        ];
        changes.extend(more.iter().map(|change| (*change).to_owned()));
        let text = include_str!("../../scenarios/core.toml");
        parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    const SITE: Site = Site {
        kept: 1.0,
        power_price: 45.0,
        uptime: 1.0,
        duty: 0.25,
    };

    fn value(hashprice: f64, efficiency: f64) -> f64 {
        value_at(
            &Prospect::new(0.35, 0.2, 4.0, None),
            hashprice,
            &SITE,
            efficiency,
        )
    }

    #[test]
    fn orders_follow_value_over_cost_between_nothing_and_the_cap() {
        let scenario = scenario(&[]);
        let market = Market::new(&scenario.hardware, 40.0);
        let orders = Orders::new(&scenario);
        let months = 30.0 / DAYS_PER_MONTH;
        let cost = orders.cost(&SITE, &market, false);
        assert!((cost - (16.0 * 1.25 + 300.0 * 15.0 / 1000.0)).abs() < 1e-12);
        assert_eq!(orders.cost(&SITE, &market, true), 20.0);
        // 8.21 USD/TH against 24.5: below the hurdle.
        assert!((value(40.0, 15.0) - 8.21).abs() < 0.005);
        assert_eq!(orders.wanted(1.0, value(40.0, 15.0), cost), 0.0);
        let expected = 0.2 * (value(60.0, 15.0) / (0.5 * 24.5) - 1.0) * months;
        let wanted = orders.wanted(1.0, value(60.0, 15.0), cost);
        assert!(
            wanted > 0.0 && (wanted - expected).abs() < 1e-12,
            "{wanted} {expected}"
        );
        assert_eq!(orders.wanted(1.0, 1e4, cost), 0.15 * months);
        assert_eq!(orders.wanted(1.0, 1e4, 0.0), 0.15 * months);
    }

    #[test]
    fn the_market_meets_a_part_and_slots_are_given_back() {
        let scenario = scenario(&[]);
        let mut market = Market::new(&scenario.hardware, 40.0);
        let mut orders = Orders::new(&scenario);
        let mut reserved = [0.0; 3];
        let order = Order {
            firm: Some(3),
            fleet: 7,
            region: 1,
            hash_phs: 60_000.0,
            efficiency: 15.0,
            replaces: false,
        };
        orders.place(order, &mut reserved);
        assert_eq!(reserved[1], 900.0);
        // Thirty days of a petahash a day times a thousand: 30,000 PH/s.
        orders.close_day(5, &mut market, &mut reserved);
        assert!((reserved[1] - 450.0).abs() < 1e-9);
        assert!((orders.under_way - 30_000.0).abs() < 1e-6);
        assert_eq!(orders.next_delivery(14, &mut reserved), None);
        let delivered = orders.next_delivery(15, &mut reserved).unwrap();
        assert!((delivered.hash_phs - 30_000.0).abs() < 1e-6);
        assert!(reserved[1].abs() < 1e-9 && orders.under_way.abs() < 1e-6);
    }

    #[test]
    fn an_order_of_an_empty_market_is_never_delivered() {
        let scenario = scenario(&["hardware.supply.ehs_per_month=0.0"]);
        let mut market = Market::new(&scenario.hardware, 40.0);
        let mut orders = Orders::new(&scenario);
        let mut reserved = [0.0; 3];
        let order = Order {
            firm: Some(0),
            fleet: 0,
            region: 0,
            hash_phs: 10.0,
            efficiency: 15.0,
            replaces: false,
        };
        orders.place(order, &mut reserved);
        orders.close_day(0, &mut market, &mut reserved);
        assert_eq!(orders.next_delivery(10, &mut reserved), None);
        assert_eq!((reserved[0], orders.under_way), (0.0, 0.0));
    }

    #[test]
    fn new_firms_are_founded_when_enough_is_gathered() {
        let scenario = scenario(&[]);
        let mut market = Market::new(&scenario.hardware, 40.0);
        let mut orders = Orders::new(&scenario);
        let mut reserved = [0.0; 3];
        let order = Order {
            firm: None,
            fleet: 0,
            region: 0,
            hash_phs: 1000.0, // 15 MW
            efficiency: 15.0,
            replaces: false,
        };
        orders.place(order, &mut reserved);
        orders.close_day(0, &mut market, &mut reserved);
        assert_eq!(orders.next_delivery(10, &mut reserved), None);
        orders.place(order, &mut reserved);
        orders.close_day(1, &mut market, &mut reserved);
        let founded = orders.next_delivery(11, &mut reserved).unwrap();
        assert!((founded.power_mw() - 20.0).abs() < 1e-9 && founded.firm.is_none());
        // 10 of the 30 MW are still being gathered, and keep their slot.
        assert!((reserved[0] - 10.0).abs() < 1e-9);
    }
}
