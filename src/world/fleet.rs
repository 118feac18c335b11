//! Fleets: one firm's machines at one place.
//!
//! A machine runs iff its key, efficiency times what its site pays against others, is at least as good as its region's
//! threshold of the day. Where the park never changes and fleets run as a whole, a [`FixedPark`] knows what runs without a
//! look at every fleet. Where machines are bought, wear and run in part, sums over a lattice of keys do; where they run as a
//! whole, every fleet is visited every day.

mod by_size;
mod fixed;
mod idle;
mod masses;
mod quantum;
mod shelves;

use std::ops::Index;

use crate::scenario::{Region, Scenario};
use crate::units::machine_power;

use idle::{Count, Idle};
use masses::{Masses, Park};

pub use by_size::BySize;
pub use fixed::{Due, FixedPark};

use super::capacity::limits_what_runs;
use super::running::RunningLaw;

/// One site of one firm and the machines on it.
///
/// What is asked of a fleet is asked of one after another, so that what belongs to one lies together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fleet {
    /// Nameplate hash rate, PH/s; 0 once the fleet is gone.
    pub hash_phs: f64,
    /// Efficiency, J/TH.
    pub efficiency: f64,
    /// Owner.
    pub firm: u32,
    /// Region whose slot the fleet holds: where it is, or where it is going; for one that seeks, where it was.
    pub region: u16,
    /// Where it can run: its region, or [`Fleets::nowhere`] while in transit, seeking or gone.
    pub site: u16,
    /// Region in which it started.
    pub home: u16,
}

/// Fleets of one history. Index = fleet number.
#[derive(Debug, Clone, Default)]
pub struct Fleets {
    all: Vec<Fleet>,
    /// What is known of a park that never changes; none where it does.
    pub fixed: Option<Box<FixedPark>>,
    /// What a changing park has besides; empty where the park is fixed.
    pub lives: Lives,
    regions: usize,
    arrivals: Arrivals,
}

/// What is kept of a fleet that changes.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// What the site pays for power against others of its region.
    pub luck: f64,
    /// Factor on the price of power of those who mine in hiding; 1 for all others.
    pub hidden: f64,
    /// Log of the key, J/TH.
    pub ln_key: f64,
    /// The day on which a fleet that seeks a place gives up; [`NOT_SEEKING`] for others.
    pub gives_up: u32,
    /// First of the reviews on end that found the fleet short of its firm's overhead; [`NOT_SHORT`] if the last did not.
    short_since: u32,
    idle: Count,
    next_of_firm: u32,
    /// Whether the fleet has to leave its region: it complies with a ban.
    pub leaves: bool,
}

/// What is kept of a park that changes.
#[derive(Debug, Clone, Default)]
pub struct Lives {
    /// By fleet; none where the park is fixed.
    pub all: Vec<Life>,
    /// Power of all machines of each firm, MW.
    pub firm_mw: Vec<f64>,
    scale_exponent: f64,
    /// Firms whose size has changed since the keys of their fleets were reckoned.
    resized: Vec<u32>,
    idle: Idle,
    /// What runs by region; none where fleets are so much alike inside that each is visited.
    masses: Option<Masses>,
    first_of_firm: Vec<u32>,
}

/// Of a fleet that has its place.
pub const NOT_SEEKING: u32 = u32::MAX;
/// Of a fleet that earns its part of its firm's overhead.
const NOT_SHORT: u32 = u32::MAX;

/// Who arrives when: a list of fleets for each day, linked through flat arrays.
#[derive(Debug, Clone, Default)]
struct Arrivals {
    first: Vec<u32>,
    next: Vec<u32>,
}

/// End of a list of fleets.
const NONE: u32 = u32::MAX;

/// Size of a firm that pays the plain price, MW, and the bounds of what scale can do.
const SCALE_MW: f64 = 100.0;
const SCALE_BOUNDS: (f64, f64) = (0.5, 2.0);

/// What a firm of `megawatts` pays for power against one of 100 MW.
#[must_use]
pub fn scale_factor(megawatts: f64, exponent: f64) -> f64 {
    if exponent == 0.0 || megawatts <= 0.0 {
        return 1.0;
    }
    let (least, most) = SCALE_BOUNDS;
    libm::pow(megawatts / SCALE_MW, -exponent).clamp(least, most)
}

/// Whether the park of a scenario never changes and its fleets run as a whole or not at all.
#[must_use]
pub fn park_is_fixed(scenario: &Scenario) -> bool {
    let hardware = &scenario.hardware;
    let sharp = scenario.regions.iter().all(|region| {
        RunningLaw::of(scenario, region).is_sharp() && region.power.slope_per_mw == 0.0
    });
    sharp
        && scenario.growth.is_none()
        && !converts(scenario)
        && hardware.retire_per_year == 0.0
        && hardware.exit_after_idle_days.is_infinite()
        && scenario.firms.scale_exponent == 0.0
        && scenario.firms.site_dispersion == 0.0
        && !limits_what_runs(scenario)
}

/// Whether sites ever leave mining for AI.
fn converts(scenario: &Scenario) -> bool {
    let rent = scenario.ai.as_ref().and_then(|ai| ai.rent);
    let fit = |region: &Region| region.ai.is_some_and(|ai| ai.eligible_share > 0.0);
    rent.is_some() && scenario.regions.iter().any(fit)
}

impl Fleet {
    /// A fleet that is where it started.
    fn in_place(firm: u32, region: u16, hash_phs: f64, efficiency: f64) -> Self {
        Self {
            hash_phs,
            efficiency,
            firm,
            region,
            site: region,
            home: region,
        }
    }
}

impl Life {
    /// Of a fleet that neither hides nor seeks, first of its firm's list.
    fn new(luck: f64, ln_key: f64, idle: Count) -> Self {
        Self {
            luck,
            hidden: 1.0,
            ln_key,
            gives_up: NOT_SEEKING,
            short_since: NOT_SHORT,
            idle,
            next_of_firm: NONE,
            leaves: false,
        }
    }
}

impl Index<usize> for Fleets {
    type Output = Fleet;

    #[inline]
    fn index(&self, fleet: usize) -> &Fleet {
        &self.all[fleet]
    }
}

impl Fleets {
    /// No fleets yet, in a world of `regions`.
    #[must_use]
    pub fn new(regions: usize, capacity: usize) -> Self {
        Self {
            all: Vec::with_capacity(capacity),
            regions,
            ..Self::default()
        }
    }

    /// Adds a fleet that is in place.
    pub fn push(&mut self, firm: u32, region: u16, hash_phs: f64, efficiency: f64) {
        self.all
            .push(Fleet::in_place(firm, region, hash_phs, efficiency));
    }

    /// A fleet of a start that is not closed yet.
    pub(super) fn at_start(&mut self, fleet: usize) -> &mut Fleet {
        &mut self.all[fleet]
    }

    /// Lets a fleet start in another region.
    pub fn rehome(&mut self, fleet: usize, region: u16) {
        let fleet = self.at_start(fleet);
        fleet.region = region;
        fleet.site = region;
        fleet.home = region;
    }

    /// Closes the start of a park that never changes: no fleet is added after it. `days` is the length of the history, and
    /// every fleet has a review each `review_days`.
    pub fn settle(&mut self, days: u32, review_days: u32) {
        self.fixed = Some(Box::new(FixedPark::new(&fixed::Start {
            regions: self.regions,
            fleets: &self.all,
            review_days,
        })));
        self.arrivals = Arrivals {
            first: vec![NONE; days as usize],
            next: vec![NONE; self.len()],
        };
    }

    /// Closes the start of a park that changes: `luck` and `scale` are what each fleet pays against others of its region
    /// and what its firm pays against one of 100 MW.
    pub fn come_alive(
        &mut self,
        days: u32,
        firms: usize,
        scale_exponent: f64,
        luck: &[f64],
        scale: &[f64],
        laws: &[RunningLaw],
    ) {
        let count = self.len();
        let idle = Idle::new(laws);
        let fleets = self.all.iter().zip(luck.iter().zip(scale));
        self.lives = Lives {
            all: fleets
                .map(|(fleet, (luck, scale))| {
                    let ln_key = libm::log(fleet.efficiency * luck * scale);
                    Life::new(*luck, ln_key, idle.begin())
                })
                .collect(),
            firm_mw: vec![0.0; firms],
            scale_exponent,
            resized: Vec::new(),
            idle,
            masses: Masses::new(laws),
            first_of_firm: vec![NONE; firms],
        };
        for fleet in (0..count).rev() {
            self.mark(fleet);
            self.join_firm(fleet);
            self.lives.firm_mw[self.all[fleet].firm as usize] += self.power_mw(fleet);
        }
        self.arrivals = Arrivals {
            first: vec![NONE; days as usize],
            next: vec![NONE; count],
        };
    }

    fn join_firm(&mut self, fleet: usize) {
        let first = &mut self.lives.first_of_firm[self.all[fleet].firm as usize];
        self.lives.all[fleet].next_of_firm = std::mem::replace(first, fleet as u32);
    }

    /// Whether the park never changes.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// Number of fleets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Fleet> {
        self.all.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Number of firms that there have been, those of a fixed park not counted.
    #[must_use]
    pub fn firms(&self) -> usize {
        self.lives.firm_mw.len()
    }

    /// The site of fleets that are at none: one past the last region.
    #[must_use]
    pub fn nowhere(&self) -> u16 {
        self.regions as u16
    }

    /// Whether a fleet looks for a place.
    #[must_use]
    pub fn seeks(&self, fleet: usize) -> bool {
        !self.is_fixed() && self.lives.all[fleet].gives_up != NOT_SEEKING
    }

    /// Whether a fleet cannot stay where it is: it has lost its place, or will have to give it up.
    #[must_use]
    pub fn must_leave(&self, fleet: usize) -> bool {
        !self.is_fixed()
            && (self.lives.all[fleet].leaves || self.lives.all[fleet].gives_up != NOT_SEEKING)
    }

    /// Whether a fleet mines in hiding, or is about to.
    #[must_use]
    pub fn hides(&self, fleet: usize) -> bool {
        !self.is_fixed() && self.lives.all[fleet].hidden != 1.0
    }

    /// Whether a fleet is on its way to its region.
    #[must_use]
    pub fn in_transit(&self, fleet: usize) -> bool {
        self.all[fleet].site == self.nowhere()
            && self.all[fleet].hash_phs > 0.0
            && !self.seeks(fleet)
    }

    /// Whether a fleet holds a slot in its region.
    #[must_use]
    pub fn holds_slot(&self, fleet: usize) -> bool {
        self.all[fleet].hash_phs > 0.0 && !self.seeks(fleet)
    }

    /// Power of a fleet's machines, MW.
    #[must_use]
    pub fn power_mw(&self, fleet: usize) -> f64 {
        machine_power(self.all[fleet].hash_phs, self.all[fleet].efficiency)
    }

    /// Power of all machines of a fleet's firm in a changing park, MW.
    #[must_use]
    pub fn firm_mw(&self, fleet: usize) -> f64 {
        self.lives.firm_mw[self.all[fleet].firm as usize]
    }

    /// Takes down whether a review of a changing park finds a fleet short of its firm's overhead; the day of the first of those on end
    /// that did.
    pub fn short_since(&mut self, day: u32, fleet: usize, is_short: bool) -> Option<u32> {
        let since = &mut self.lives.all[fleet].short_since;
        if !is_short {
            *since = NOT_SHORT;
        } else if *since == NOT_SHORT {
            *since = day;
        }
        is_short.then_some(*since)
    }

    /// What a fleet's firm pays for power against one of 100 MW.
    #[must_use]
    pub fn scale(&self, fleet: usize) -> f64 {
        if self.is_fixed() || self.lives.scale_exponent == 0.0 {
            return 1.0;
        }
        let megawatts = self.lives.firm_mw[self.all[fleet].firm as usize];
        scale_factor(megawatts, self.lives.scale_exponent)
    }

    /// What a fleet's present site pays against others of its region, hiding included.
    #[must_use]
    pub fn site_factor(&self, fleet: usize) -> f64 {
        if self.is_fixed() {
            1.0
        } else {
            self.lives.all[fleet].luck * self.lives.all[fleet].hidden
        }
    }

    /// Sends a fleet off to `region`, to run there from `arrival` on.
    pub fn depart(&mut self, fleet: usize, region: u16, arrival: u32) {
        self.all[fleet].region = region;
        if !self.is_fixed() {
            self.lives.all[fleet].gives_up = NOT_SEEKING;
            self.lives.all[fleet].leaves = false;
        }
        self.place(fleet, self.nowhere());
        // Who arrives after the last day is in transit for the rest of the history.
        if let Some(first) = self.arrivals.first.get_mut(arrival as usize) {
            self.arrivals.next[fleet] = *first;
            *first = fleet as u32;
        }
    }

    /// Takes the next fleet that arrives on `day` off the list.
    pub fn next_arrival(&mut self, day: u32) -> Option<usize> {
        let first = &mut self.arrivals.first[day as usize];
        if *first == NONE {
            return None;
        }
        let fleet = *first as usize;
        *first = self.arrivals.next[fleet];
        Some(fleet)
    }

    /// Lets a fleet run in the region whose slot it holds.
    pub fn settle_in(&mut self, fleet: usize) {
        self.place(fleet, self.all[fleet].region);
    }

    /// A new fleet of a changing park, in place.
    pub fn found(
        &mut self,
        firm: u32,
        region: u16,
        hash_phs: f64,
        efficiency: f64,
        luck: f64,
    ) -> usize {
        let fleet = self.len();
        self.push(firm, region, hash_phs, efficiency);
        let lives = &mut self.lives;
        while lives.firm_mw.len() <= firm as usize {
            lives.firm_mw.push(0.0);
            lives.first_of_firm.push(NONE);
        }
        lives.all.push(Life::new(luck, 0.0, lives.idle.begin()));
        self.arrivals.next.push(NONE);
        self.join_firm(fleet);
        self.lives.firm_mw[firm as usize] += machine_power(hash_phs, efficiency);
        self.renew_key(fleet);
        fleet
    }

    /// Changes the machines of a fleet of a changing park; where it held a slot until then, and by how much their power rises, MW.
    #[inline]
    pub fn change(&mut self, fleet: usize, hash_phs: f64, efficiency: f64) -> Option<(usize, f64)> {
        let holds_slot = self.holds_slot(fleet);
        self.mark(fleet);
        let machines = &mut self.all[fleet];
        let old = std::mem::replace(&mut machines.efficiency, efficiency);
        let before = std::mem::replace(&mut machines.hash_phs, hash_phs);
        let (firm, region) = (machines.firm, usize::from(machines.region));
        let rise = machine_power(hash_phs, efficiency) - machine_power(before, old);
        let firm_mw = &mut self.lives.firm_mw[firm as usize];
        *firm_mw = (*firm_mw + rise).max(0.0);
        if self.lives.scale_exponent != 0.0 {
            // The size of the firm has a price for all of its fleets, from the next day on.
            self.lives.resized.push(firm);
        }
        if old != efficiency {
            self.renew_key(fleet);
        }
        holds_slot.then_some((region, rise))
    }

    /// Renews the keys of the fleets whose firm has grown or shrunk.
    fn renew_resized(&mut self) {
        let mut resized = std::mem::take(&mut self.lives.resized);
        resized.sort_unstable();
        resized.dedup();
        for firm in resized.drain(..) {
            let mut next = self.lives.first_of_firm[firm as usize];
            let scale = if next == NONE {
                1.0
            } else {
                self.scale(next as usize)
            };
            while next != NONE {
                let fleet = next as usize;
                // A firm that has outlived many kinds of machines has many fleets that are gone.
                if self.all[fleet].hash_phs > 0.0 {
                    self.renew_key_at(fleet, scale);
                }
                next = self.lives.all[fleet].next_of_firm;
            }
        }
        self.lives.resized = resized;
    }

    /// A fleet that ends: its machines are no more.
    pub fn end(&mut self, fleet: usize) {
        self.change(fleet, 0.0, self.all[fleet].efficiency);
        self.place(fleet, self.nowhere());
        self.lives.all[fleet].gives_up = NOT_SEEKING;
    }

    /// A fleet that has lost its place looks for another one until `gives_up`.
    pub fn seek(&mut self, fleet: usize, gives_up: u32) {
        self.place(fleet, self.nowhere());
        self.lives.all[fleet].gives_up = gives_up;
    }

    /// A new site, with its own luck.
    pub fn draw_luck(&mut self, fleet: usize, luck: f64) {
        let lives = &mut self.lives;
        let life = &mut lives.all[fleet];
        life.luck = luck;
        life.hidden = 1.0;
        life.idle = lives.idle.begin();
        self.renew_key(fleet);
    }

    /// Hides a fleet, or lets it out: factor on what it pays for power.
    pub fn hide(&mut self, fleet: usize, factor: f64) {
        self.lives.all[fleet].hidden = factor;
        self.renew_key(fleet);
    }

    fn renew_key(&mut self, fleet: usize) {
        self.renew_key_at(fleet, self.scale(fleet));
    }

    /// The same where it is known what size makes the fleet's firm pay.
    fn renew_key_at(&mut self, fleet: usize, scale: f64) {
        let factor = scale * self.site_factor(fleet);
        let ln_key = libm::log(self.all[fleet].efficiency * factor);
        self.settle_idle(fleet);
        self.lives.all[fleet].ln_key = ln_key;
        self.mark(fleet);
    }

    /// Keeps the idle days that have been counted, before the key of a fleet or its site changes.
    fn settle_idle(&mut self, fleet: usize) {
        let days = self.idle_days(fleet);
        let lives = &mut self.lives;
        lives.all[fleet].idle = lives.idle.begin_after(days);
    }

    /// Notes that a fleet of a changing park is not as it was.
    #[inline]
    fn mark(&mut self, fleet: usize) {
        if let Some(masses) = &mut self.lives.masses {
            masses.mark(fleet);
        }
    }

    /// Fleets of a firm of a changing park.
    pub fn of_firm(&self, firm: u32) -> impl Iterator<Item = usize> {
        let first = self.lives.first_of_firm.get(firm as usize).copied();
        let next = |fleet: &u32| {
            let life = self.lives.all.get(*fleet as usize);
            life.map(|life| life.next_of_firm)
        };
        std::iter::successors(first, next)
            .take_while(|fleet| *fleet != NONE)
            .map(|fleet| fleet as usize)
    }

    /// Takes in the thresholds under which the machines of a changing park run on a day.
    pub fn observe(&mut self, day: u32, ln_worst: &[f64]) {
        // With the keys of the day: who has grown since pays another price from today on.
        self.renew_resized();
        self.lives.idle.observe(day, ln_worst);
    }

    /// Days on end up to the last on which nothing ran of a fleet of a changing park.
    #[inline]
    #[must_use]
    pub fn idle_days(&self, fleet: usize) -> u32 {
        let life = &self.lives.all[fleet];
        let site = self.all[fleet].site;
        self.lives.idle.days(life.idle, site, life.ln_key)
    }

    /// What of a changing park would run under these thresholds if there is power for it, by region, PH/s and MW.
    pub fn run(
        &mut self,
        ln_worst: &[f64],
        laws: &[RunningLaw],
        hash: &mut [f64],
        megawatts: &mut [f64],
    ) {
        self.renew_resized();
        let lives = &mut self.lives;
        let Some(masses) = &mut lives.masses else {
            self.visit(ln_worst, laws, hash, megawatts);
            return;
        };
        masses.take_in(&Park {
            fleets: &self.all,
            lives: &lives.all,
        });
        masses.run(ln_worst, hash, megawatts);
    }

    /// The same by a visit of every fleet.
    fn visit(
        &self,
        ln_worst: &[f64],
        laws: &[RunningLaw],
        hash: &mut [f64],
        megawatts: &mut [f64],
    ) {
        hash.fill(0.0);
        megawatts.fill(0.0);
        for (fleet, life) in self.all.iter().zip(&self.lives.all) {
            let site = usize::from(fleet.site);
            let Some(law) = laws.get(site) else {
                continue;
            };
            let running = fleet.hash_phs * law.share(ln_worst[site] - life.ln_key);
            hash[site] += running;
            megawatts[site] += machine_power(running, fleet.efficiency);
        }
    }

    /// Moves a fleet's machines to another site.
    fn place(&mut self, fleet: usize, site: u16) {
        if let Some(park) = &mut self.fixed {
            park.place(fleet, site);
        } else {
            self.settle_idle(fleet);
            self.mark(fleet);
        }
        self.all[fleet].site = site;
    }
}

#[cfg(test)]
mod tests;
