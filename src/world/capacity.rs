//! Room for mining load by region: capacity as it is built, what of it has power today, and what of it is taken.

use crate::random::Streams;
use crate::scenario::{CapacityNow, Hydro, Scenario, Slots};
use crate::units::{DAYS_PER_MONTH, Megawatts, seasonal_cosine};

use super::events::Conditions;
use super::water::{Droughts, normal_water};

/// Capacity and load of every region, MW at the meter.
#[derive(Debug)]
pub struct Capacities<'s> {
    scenario: &'s Scenario,
    droughts: Droughts,
    start: Vec<f64>,
    build_per_day: Vec<f64>,
    max: Vec<f64>,
    /// What those who build sites have added because mining pays; their view of what it pays, USD/MWh.
    developed: Vec<f64>,
    pays: Vec<f64>,
    /// Part of the building that other users of the grid leave today, and what has not been built because of them, MW.
    pub built_part: Vec<f64>,
    held_back: Vec<f64>,
    /// Days ahead at which orders look for room: 0 where they hold a slot from the day on which they are placed.
    ahead: f64,
    open: Vec<bool>,
    /// Load, orders included, when the region was closed; 0 under a ban. Those who are there may have so much again.
    held: Vec<f64>,
    /// Capacity today; infinite without a limit.
    pub capacity: Vec<f64>,
    /// What of it has power today: less in the dry season, in a drought, when curtailed.
    pub available: Vec<f64>,
    /// Part of the machines that heat and outages leave on.
    pub uptime: Vec<f64>,
    /// Nameplate load of the machines that are here or on their way here.
    pub load: Vec<f64>,
    /// That of the machines that are ordered for here.
    pub reserved: Vec<f64>,
    /// Capacity for new orders: when what is ordered today is delivered, as far as it can be told today; less than any load
    /// where the region is closed.
    at_delivery: Vec<f64>,
    /// Whether anything but capacity itself ever limits what runs.
    limits: bool,
}

impl<'s> Capacities<'s> {
    /// Capacities for regions that start with `load`, which is never more than the capacity.
    #[must_use]
    pub fn new(scenario: &'s Scenario, streams: Streams, load: Vec<f64>) -> Self {
        let regions = scenario.regions.len();
        let mut capacities = Self {
            scenario,
            droughts: Droughts::new(scenario, streams),
            start: Vec::with_capacity(regions),
            build_per_day: Vec::with_capacity(regions),
            max: Vec::with_capacity(regions),
            developed: vec![0.0; regions],
            pays: vec![f64::NAN; regions],
            built_part: vec![1.0; regions],
            held_back: vec![0.0; regions],
            ahead: scenario
                .growth
                .as_ref()
                .filter(|growth| growth.slots == Slots::OnDelivery)
                .map_or(0.0, |growth| f64::from(growth.lead_days)),
            open: scenario.regions.iter().map(|region| region.open).collect(),
            held: load.clone(),
            capacity: vec![0.0; regions],
            available: vec![f64::INFINITY; regions],
            uptime: vec![1.0; regions],
            load,
            reserved: vec![0.0; regions],
            at_delivery: vec![0.0; regions],
            limits: limits_what_runs(scenario),
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

    /// Capacity of `day`, and what of it has power.
    pub fn step(&mut self, day: u32, conditions: &Conditions) {
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let here = &conditions.regions[r];
            self.open[r] = region.open && here.open && !here.banned;
            if here.banned {
                self.held[r] = 0.0;
            } else if self.open[r] {
                self.held[r] = self.load[r] + self.reserved[r];
            }
        }
        for r in 0..self.capacity.len() {
            self.held_back[r] += self.build_per_day[r] * (1.0 - self.built_part[r]);
            self.capacity[r] = self.capacity_on(day, r);
            self.look_ahead(r);
        }
        if !self.limits {
            return;
        }
        self.droughts.step();
        let day_of_year = self.scenario.day_of_year(day);
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let here = &conditions.regions[r];
            let room = region.capacity.as_ref();
            let dry = room
                .and_then(|room| room.hydro.as_ref())
                .map_or(0.0, |hydro| {
                    let water = normal_water(hydro, day_of_year)
                        * self.droughts.left(hydro)
                        * here.water_left;
                    hydro.share * (1.0 - water)
                });
            let heat = room.and_then(|room| room.heat).map_or(0.0, |heat| {
                heat.derate * seasonal_cosine(day_of_year, heat.peak_day).max(0.0)
            });
            self.uptime[r] = here.uptime * (1.0 - heat);
            if self.capacity[r].is_finite() {
                self.available[r] = self.capacity[r] * (1.0 - dry) * here.capacity_left;
            } else {
                // Where there is no limit, what is taken away is taken from what runs.
                self.uptime[r] *= here.capacity_left;
            }
        }
    }

    /// Takes a part of a region's capacity, built and to be built, for good: one of an aggregate's countries has closed.
    pub fn close_part(&mut self, r: usize, part: f64) {
        let of_regions = [
            &mut self.start,
            &mut self.build_per_day,
            &mut self.max,
            &mut self.developed,
            &mut self.capacity,
        ];
        for of_region in of_regions {
            of_region[r] *= 1.0 - part;
        }
        self.look_ahead(r);
    }

    /// Takes a site out of a region's mining capacity for good, MW at the meter.
    pub fn take_site(&mut self, r: usize, mw: f64) {
        let of_region = [
            &mut self.start,
            &mut self.max,
            &mut self.capacity,
            &mut self.held,
        ];
        for of_region in of_region {
            of_region[r] -= mw;
        }
        self.look_ahead(r);
    }

    /// Capacity of a region on a day as it is built.
    #[must_use]
    pub fn capacity_on(&self, day: u32, r: usize) -> f64 {
        let built = self.start[r] + self.build_per_day[r] * f64::from(day);
        (built - self.held_back[r] + self.developed[r]).min(self.max[r])
    }

    /// Those who build sites take in what new machines are expected to earn above their power, by region, USD/MWh, and build where it
    /// pays: the capacity of an open region grows by a part of itself. What they see they see late, for sites take time.
    pub fn develop(&mut self, margins: &[f64]) {
        for (r, region) in self.scenario.regions.iter().enumerate() {
            let Some(room) = region
                .capacity
                .as_ref()
                .filter(|room| room.build_response > 0.0)
            else {
                continue;
            };
            let before = if self.pays[r].is_nan() {
                margins[r]
            } else {
                self.pays[r]
            };
            self.pays[r] = before + (margins[r] - before) / room.build_lag_days.max(1.0);
            if self.open[r] {
                self.developed[r] += self
                    .developed_per_day(r)
                    .min(self.max[r] - self.capacity[r]);
            }
            self.look_ahead(r);
        }
    }

    /// MW that are added in a day because mining pays.
    fn developed_per_day(&self, r: usize) -> f64 {
        let room = self.scenario.regions[r].capacity.as_ref();
        let response = room.map_or(0.0, |room| room.build_response);
        if response == 0.0 || self.pays[r].is_nan() {
            return 0.0;
        }
        let pace = (self.pays[r] / FULL_PACE_MARGIN).min(1.0);
        self.capacity[r] * response * pace * self.built_part[r] / DAYS_PER_MONTH
    }

    /// Takes in what has changed of a region's capacity, today's or that to come.
    fn look_ahead(&mut self, r: usize) {
        self.at_delivery[r] = if !self.open[r] {
            f64::NEG_INFINITY
        } else if self.ahead == 0.0 {
            self.capacity[r]
        } else {
            let per_day = self.build_per_day[r] * self.built_part[r] + self.developed_per_day(r);
            (self.capacity[r] + self.ahead * per_day).min(self.max[r].max(self.capacity[r]))
        };
    }

    /// Whether machines of `mw` at the meter that were bought for region `r` may be put in place today.
    #[must_use]
    pub fn takes(&self, r: usize, mw: f64) -> bool {
        self.ahead == 0.0 || self.load[r] + mw <= self.capacity[r]
    }

    /// Room in region `r` today for machines that have been delivered and wait for it, MW at the meter.
    #[must_use]
    pub fn room_today(&self, r: usize) -> f64 {
        (self.capacity[r] - self.load[r]).max(0.0)
    }

    /// Part of the machines that have power in region `r` where those that would run draw `load` MW: what is too much is
    /// cut from all alike.
    #[must_use]
    pub fn powered(&self, r: usize, load: f64) -> f64 {
        let load = load * self.uptime[r];
        if load > self.available[r] {
            self.uptime[r] * self.available[r] / load
        } else {
            self.uptime[r]
        }
    }

    /// Whether a newcomer of `mw` at the meter may move into region `r`.
    #[must_use]
    pub fn admits(&self, r: usize, mw: f64) -> bool {
        self.open[r] && self.load[r] + self.ordered(r) + mw <= self.capacity[r]
    }

    /// The most that a newcomer may bring into region `r`, up to rounding, MW at the meter; negative where it is closed.
    #[must_use]
    pub fn headroom(&self, r: usize) -> f64 {
        if self.open[r] {
            self.capacity[r] - self.load[r] - self.ordered(r)
        } else {
            -1.0
        }
    }

    /// Load of what is ordered, where orders hold a slot.
    fn ordered(&self, r: usize) -> f64 {
        if self.ahead == 0.0 {
            self.reserved[r]
        } else {
            0.0
        }
    }

    /// Room in region `r`, MW at the meter, for a newcomer or for those who are `present`: a region that is closed to newcomers
    /// lets these have again what they had when it was closed.
    #[inline]
    #[must_use]
    pub fn room_for(&self, r: usize, present: bool) -> f64 {
        if !present || self.open[r] {
            return self.room(r);
        }
        (self.held[r].min(self.capacity[r]) - self.load[r] - self.reserved[r]).max(0.0)
    }

    /// Room for new orders in region `r`, MW at the meter; 0 where it is closed.
    #[inline]
    #[must_use]
    pub fn room(&self, r: usize) -> f64 {
        room(self.at_delivery[r], self.load[r], self.reserved[r])
    }

    /// The same of all regions, in their order.
    #[inline]
    pub fn rooms(&self) -> impl Iterator<Item = f64> {
        let taken = self.load.iter().zip(&self.reserved);
        let regions = self.at_delivery.iter().zip(taken);
        regions.map(|(capacity, (load, reserved))| room(*capacity, *load, *reserved))
    }
}

/// Room for new orders in a region that has so much capacity for them, MW at the meter.
#[inline]
fn room(capacity: f64, load: f64, reserved: f64) -> f64 {
    (capacity - load - reserved).max(0.0)
}

/// Margin from which on sites are built as fast as they can be, USD/MWh.
const FULL_PACE_MARGIN: f64 = 100.0;

/// Whether anything but a region's capacity can keep machines without power.
#[must_use]
pub fn limits_what_runs(scenario: &Scenario) -> bool {
    let dries = |hydro: &Hydro| {
        let droughts = hydro.basin.is_some_and(|basin| {
            let (_, basin) = scenario.basins[basin];
            basin.droughts_per_year > 0.0 && basin.severity > 0.0
        });
        hydro.share > 0.0 && (hydro.amplitude > 0.0 || droughts)
    };
    let seasons = scenario.regions.iter().any(|region| {
        let room = region.capacity.as_ref();
        room.is_some_and(|room| room.heat.is_some() || room.hydro.as_ref().is_some_and(dries))
    });
    let hazards = scenario.hazards.iter().any(|hazard| hazard.per_year > 0.0);
    seasons || hazards || !scenario.events.is_empty()
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
            let streams = Streams::new(1, 0);
            let mut capacities = Capacities::new(&scenario, streams, vec![600.0, 0.0, 0.0]);
            capacities.step(0, &Conditions::calm(3));
            capacities.capacity[0]
        };
        assert_eq!(with("5000.0"), 1200.0);
        assert_eq!(with("700.0"), 700.0);
        assert_eq!(with("500.0"), 600.0);
    }

    #[test]
    fn what_is_short_is_cut_from_all_alike_and_never_deleted() {
        let changes = [
            "regions.us.capacity={ start_utilisation = 0.9, hydro = { share = 0.8, amplitude = 0.5, wet_peak_day = 105.5 } }".to_owned(),
            "regions.paraguay.capacity={ start_utilisation = 0.1, heat = { derate = 0.2, peak_day = 288.0 } }".to_owned(),
        ];
        let text = include_str!("../../scenarios/core.toml");
        let scenario =
            parse_scenario("core", text, &changes, &[]).unwrap_or_else(|e| panic!("{e}"));
        let streams = Streams::new(1, 0);
        let mut capacities = Capacities::new(&scenario, streams, vec![900.0, 100.0, 0.0]);
        // 15 October, the driest day: half of the water, so 600 of 1,000 MW.
        capacities.step(0, &Conditions::calm(3));
        assert!((capacities.available[0] - 600.0).abs() < 0.1);
        assert!((capacities.powered(0, 900.0) - 2.0 / 3.0).abs() < 1e-4);
        assert_eq!(capacities.powered(0, 500.0), 1.0);
        assert_eq!(
            capacities.room(0),
            100.0,
            "room is counted in what is built"
        );
        assert!(
            (capacities.powered(1, 100.0) - 0.8).abs() < 1e-9,
            "the hottest day"
        );
        let mut conditions = Conditions::calm(3);
        conditions.regions[0].capacity_left = 0.5;
        conditions.regions[1].open = false;
        capacities.step(0, &conditions);
        assert!((capacities.powered(0, 900.0) - 1.0 / 3.0).abs() < 1e-4);
        assert_eq!(capacities.room(1), 0.0);
    }
}
