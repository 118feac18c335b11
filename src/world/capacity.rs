//! Room for mining load by region: capacity as it is built, and what of it is taken.

use crate::scenario::{CapacityNow, Scenario};
use crate::units::{DAYS_PER_MONTH, Megawatts};

/// Capacity and load of every region, MW at the meter.
#[derive(Debug, Clone)]
pub struct Capacities {
    start: Vec<f64>,
    build_per_day: Vec<f64>,
    max: Vec<f64>,
    open: Vec<bool>,
    /// Capacity today; infinite without a limit.
    pub capacity: Vec<f64>,
    /// Nameplate load of the machines that are here or on their way here.
    pub load: Vec<f64>,
}

impl Capacities {
    /// Capacities for regions that start with `load`, which is never more than the capacity.
    #[must_use]
    pub fn new(scenario: &Scenario, load: Vec<f64>) -> Self {
        let regions = scenario.regions.len();
        let mut capacities = Self {
            start: Vec::with_capacity(regions),
            build_per_day: Vec::with_capacity(regions),
            max: Vec::with_capacity(regions),
            open: scenario.regions.iter().map(|region| region.open).collect(),
            capacity: vec![0.0; regions],
            load,
        };
        for (region, load) in scenario.regions.iter().zip(&capacities.load) {
            let (start, build, max) = match &region.capacity {
                None => (f64::INFINITY, 0.0, f64::INFINITY),
                Some(room) => {
                    let now = match room.now {
                        CapacityNow::Load(mw) => mw.get(),
                        CapacityNow::Utilisation(part) => load / part,
                    };
                    let now = now.max(*load);
                    // The ceiling holds for what is asked for; only the load itself may lie above it.
                    let max = room.max.map_or(f64::INFINITY, Megawatts::get).max(*load);
                    let build = room.build_per_month.get() / DAYS_PER_MONTH;
                    (now.min(max), build, max)
                }
            };
            capacities.start.push(start);
            capacities.build_per_day.push(build);
            capacities.max.push(max);
        }
        capacities
    }

    /// Capacity of `day`.
    pub fn step(&mut self, day: u32) {
        for r in 0..self.capacity.len() {
            let built = self.start[r] + self.build_per_day[r] * f64::from(day);
            self.capacity[r] = built.min(self.max[r]);
        }
    }

    /// Whether a newcomer of `mw` at the meter may move into region `r`.
    #[must_use]
    pub fn admits(&self, r: usize, mw: f64) -> bool {
        self.open[r] && self.load[r] + mw <= self.capacity[r]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    #[test]
    fn the_ceiling_cuts_what_utilisation_implies_but_never_the_load() {
        let with = |max: &str| {
            let changes = [
                "regions.us.capacity.mw=1".to_owned(),
                format!("regions.us.capacity={{ start_utilisation = 0.5, max_mw = {max} }}"),
            ];
            let text = include_str!("../../scenarios/core.toml");
            let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
            let mut capacities = Capacities::new(&scenario, vec![600.0, 0.0, 0.0]);
            capacities.step(0);
            capacities.capacity[0]
        };
        assert_eq!(with("5000.0"), 1200.0);
        assert_eq!(with("700.0"), 700.0);
        assert_eq!(with("500.0"), 600.0);
    }
}
