//! How a ban is followed: who goes off when, who comes back in hiding, who looks for another place.

use std::collections::BTreeMap;

use crate::random::{Purpose, exponential, seek_day, uniform};
use crate::scenario::BanTerms;
use crate::world::events::{BanBegins, Conditions};
use crate::world::fleet::Fleets;

use super::History;

/// The bans of one history.
#[derive(Debug, Clone)]
pub struct Bans {
    /// Terms of the ban that began last in each region.
    terms: Vec<BanTerms>,
    /// Who goes off, by day.
    compliers: BTreeMap<u32, Vec<Complier>>,
}

/// A fleet that will go off.
#[derive(Debug, Clone, Copy)]
struct Complier {
    fleet: usize,
    region: usize,
    /// Days after which it is back in hiding, if it will be.
    hides_after: Option<u32>,
}

impl Bans {
    /// No ban yet.
    pub fn new(regions: usize) -> Self {
        Self {
            terms: vec![BanTerms::default(); regions],
            compliers: BTreeMap::new(),
        }
    }
}

/// Whether a fleet that arrives finds its region closed: those in hiding do not.
pub fn keeps_out(conditions: &Conditions, fleets: &Fleets, fleet: usize) -> bool {
    let region = usize::from(fleets[fleet].region);
    conditions.regions[region].banned && !fleets.hides(fleet)
}

impl History<'_> {
    /// Tells the fleets of a region of a ban that begins, and switches off those whose day has come.
    pub(super) fn follow_bans(&mut self, day: u32) {
        for index in 0..self.events.bans.len() {
            let ban = self.events.bans[index];
            self.begin_ban(day, ban);
        }
        while let Some(entry) = self.bans.compliers.first_entry() {
            if *entry.key() > day {
                break;
            }
            for complier in entry.remove() {
                self.comply(day, complier);
            }
        }
    }

    /// Draws how each fleet of a region takes a ban: five draws a fleet, used or not.
    fn begin_ban(
        &mut self,
        day: u32,
        BanBegins {
            region,
            terms,
            part,
        }: BanBegins,
    ) {
        self.bans.terms[region] = terms;
        if part < 1.0 {
            self.capacities.close_part(region, part);
        }
        for fleet in 0..self.fleets.len() {
            if usize::from(self.fleets[fleet].site) != region {
                continue;
            }
            let mut stream = self.streams.open(Purpose::Ban, fleet as u64);
            seek_day(&mut stream, day);
            let complies = uniform(&mut stream) < terms.compliance;
            let when = libm::pow(uniform(&mut stream), 1.0 / terms.shape);
            let hides = uniform(&mut stream) < terms.covert_share;
            let hides_after = terms.covert_delay_days * exponential(&mut stream);
            let concerned = uniform(&mut stream) < part;
            if !complies || !concerned {
                continue;
            }
            // Days beyond the run, and so beyond an integer, never come.
            let goes_off = day.saturating_add((terms.compliance_days * when) as u32);
            let complier = Complier {
                fleet,
                region,
                hides_after: hides.then_some(hides_after.max(1.0) as u32),
            };
            self.fleets.lives.all[fleet].leaves = !hides;
            self.bans
                .compliers
                .entry(goes_off)
                .or_default()
                .push(complier);
        }
    }

    /// Switches a fleet off, unless it has left meanwhile or the ban is over.
    fn comply(&mut self, day: u32, complier: Complier) {
        let Complier { fleet, region, .. } = complier;
        let in_force = self.ban_holds(region);
        self.fleets.lives.all[fleet].leaves &= in_force;
        if !in_force || usize::from(self.fleets[fleet].site) != region {
            return;
        }
        match complier.hides_after {
            Some(days) => {
                let penalty = self.bans.terms[region].covert_penalty;
                // Fewer than 256 regions.
                self.fleets
                    .depart(fleet, region as u16, day.saturating_add(days));
                // A hair above 1 at least: it is the mark of those who hide.
                self.fleets.hide(fleet, penalty.max(HIDDEN));
            }
            None => self.evict(day, fleet),
        }
    }

    /// Whether those who were told to go still have to. A ban in one of an aggregate's countries leaves the others open, and is for good.
    pub(super) fn ban_holds(&self, region: usize) -> bool {
        self.scenario.regions[region].members > 1 || self.events.conditions.regions[region].banned
    }

    /// Takes a fleet's slot: it looks for another place.
    pub(super) fn evict(&mut self, day: u32, fleet: usize) {
        let region = usize::from(self.fleets[fleet].region);
        self.capacities.load[region] -= self.at_meter(fleet);
        let patience = self.bans.terms[region].abandon_days;
        self.fleets.seek(fleet, day.saturating_add(patience as u32));
        self.evicted.push(fleet);
    }
}

/// Factor on the price of power that marks a fleet in hiding which pays no penalty.
const HIDDEN: f64 = 1.0 + 1e-12;
