//! The market for machines: how good they are, what they cost, how many there are.

use crate::scenario::{Frontier, Hardware, in_force};
use crate::units::{DAYS_PER_MONTH, DAYS_PER_YEAR, PETAHASH_PER_EXAHASH};

/// Days' worth of supply that waits for buyers.
const SHELF_DAYS: f64 = 30.0;

/// Machines on sale.
#[derive(Debug, Clone)]
pub struct Market<'s> {
    hardware: &'s Hardware,
    /// Efficiency of the machines on sale today, J/TH.
    pub frontier: f64,
    /// Their price today, USD/TH.
    pub price: f64,
    /// What waits for buyers, PH/s; infinite without a limit.
    shelf: f64,
}

impl<'s> Market<'s> {
    /// The eve: a full shelf, the price of `hashprice`.
    #[must_use]
    pub fn new(hardware: &'s Hardware, hashprice: f64) -> Self {
        let mut market = Self {
            hardware,
            frontier: 0.0,
            price: 0.0,
            shelf: f64::INFINITY,
        };
        if hardware.supply.is_some() {
            market.shelf = market.supply_of(0) * SHELF_DAYS;
        }
        market.reprice(0, hashprice, 1.0);
        market
    }

    /// A new day: what is on sale, at what price. `factor` is that of events.
    pub fn step(&mut self, day: u32, smoothed_hashprice: f64, factor: f64) {
        let made = self.supply_of(day);
        self.shelf = (self.shelf + made).min(made * SHELF_DAYS);
        self.reprice(day, smoothed_hashprice, factor);
    }

    fn reprice(&mut self, day: u32, hashprice: f64, factor: f64) {
        let hardware = self.hardware;
        self.frontier = frontier_on(hardware, day);
        let mut price = hardware.price.get();
        if hardware.elasticity != 0.0 {
            let ratio = hashprice / hardware.reference_hashprice;
            price *= libm::pow(ratio.max(0.0), hardware.elasticity);
        }
        let reference = hardware.reference.get();
        if hardware.premium != 0.0 {
            price *= libm::pow(reference / self.frontier, hardware.premium);
        }
        let floor = hardware.floor.get() * self.frontier / reference;
        self.price = price.max(floor) * factor;
    }

    /// Machines made on a day, PH/s.
    fn supply_of(&self, day: u32) -> f64 {
        self.hardware.supply.map_or(f64::INFINITY, |supply| {
            let years = f64::from(day) / DAYS_PER_YEAR;
            supply.ehs_per_month * PETAHASH_PER_EXAHASH / DAYS_PER_MONTH
                * libm::exp(supply.growth_per_year * years)
        })
    }

    /// Sells what it can of `wanted` PH/s; the part of the orders that is met.
    pub fn sell(&mut self, wanted: f64) -> f64 {
        if wanted <= self.shelf {
            self.shelf -= wanted;
            return 1.0;
        }
        let part = self.shelf / wanted;
        self.shelf = 0.0;
        part
    }
}

/// Efficiency of the machines on sale on a day, J/TH; the reference where nothing is said of it.
fn frontier_on(hardware: &Hardware, day: u32) -> f64 {
    match &hardware.frontier {
        None => hardware.reference.get(),
        Some(Frontier::Exponential { start, limit, rate }) => {
            let years = f64::from(day) / DAYS_PER_YEAR;
            limit.get() + (start.get() - limit.get()) * libm::exp(-rate * years)
        }
        Some(Frontier::Steps(steps)) => {
            // One of them is in force on the first day.
            in_force(steps, day as i32).unwrap_or(&steps[0].1).get()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, parse_scenario};

    fn scenario(hardware: &str) -> Scenario {
        let changes = [format!("hardware={hardware}")];
        let text = include_str!("../../scenarios/core.toml");
        parse_scenario("core", text, &changes, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    const REGRESSION: &str = "{ usd_per_th = 20.0, reference_hashprice = 50.0, elasticity = 1.4, premium = 0.96, floor_usd_per_th = 12.0, frontier = { model = \"exponential\", start_j_per_th = 15.0, limit_j_per_th = 6.0, rate_per_year = 0.15 }, supply = { ehs_per_month = 30.0, growth_per_year = 0.1 } }";

    #[test]
    fn machines_cost_20_dollars_at_the_reference_more_with_hashprice_and_never_below_the_floor() {
        let scenario = scenario(REGRESSION);
        let price = |hashprice| Market::new(&scenario.hardware, hashprice).price;
        assert!((price(50.0) - 20.0).abs() < 1e-12);
        assert!((price(100.0) - 20.0 * libm::pow(2.0, 1.4)).abs() < 1e-12);
        assert_eq!(price(10.0), 12.0);
    }

    #[test]
    fn the_frontier_falls_to_its_limit_and_better_machines_cost_more() {
        let scenario = scenario(REGRESSION);
        let mut market = Market::new(&scenario.hardware, 50.0);
        market.step(3652, 50.0, 1.0);
        let years = 3652.0 / DAYS_PER_YEAR;
        assert!((market.frontier - (6.0 + 9.0 * libm::exp(-0.15 * years))).abs() < 1e-12);
        let expected = 20.0 * libm::pow(15.0 / market.frontier, 0.96);
        assert!((market.price - expected).abs() < 1e-12);
    }

    #[test]
    fn the_shelf_holds_a_month_and_orders_beyond_it_are_met_in_part() {
        let scenario = scenario(REGRESSION);
        let mut market = Market::new(&scenario.hardware, 50.0);
        let month = 30.0 * 1000.0 / DAYS_PER_MONTH * 30.0;
        assert_eq!(market.sell(0.5 * month), 1.0);
        assert!((market.sell(month) - 0.5).abs() < 1e-12);
        assert_eq!(market.sell(1.0), 0.0);
        for day in 0..100 {
            market.step(day, 50.0, 1.0);
        }
        let full = month * libm::exp(0.1 * 99.0 / DAYS_PER_YEAR);
        assert!((market.sell(2.0 * full) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn with_neither_elasticity_nor_supply_the_price_is_one_and_everything_is_sold() {
        let scenario = scenario("{ usd_per_th = 18.0 }");
        let mut market = Market::new(&scenario.hardware, 40.0);
        market.step(700, 90.0, 1.0);
        assert_eq!((market.price, market.sell(1e12)), (18.0, 1.0));
    }
}
