//! What the fleets that are due decide: to stay or move, to scrap, to give up; what they buy is next door.

use std::ops::Range;

use crate::random::{DayDraws, Purpose, Streams, gamma, normal, seek_day, uniform};
use crate::scenario::{Scenario, in_force};
use crate::units::{DAYS_PER_YEAR, HOURS_PER_YEAR};
use crate::world::population::site_luck;
use crate::world::review::{Outlook, Screen};

use super::{Decision, History, Observer};

/// Whether a fleet due for review considers moving at all.
pub struct Considerations {
    probability: f64,
    draws: DayDraws,
}

impl Considerations {
    /// `None` where every review considers it.
    pub fn new(scenario: &Scenario, streams: Streams) -> Option<Self> {
        let moving = &scenario.moving;
        let rate = moving.consider_per_year * f64::from(moving.review_days) / DAYS_PER_YEAR;
        (rate < f64::INFINITY).then(|| Self {
            probability: -libm::expm1(-rate),
            draws: DayDraws::of(streams.open(Purpose::Consider, 0)),
        })
    }
}

/// Whether the fleet at a place of the day's queue considers moving.
fn considers(considerations: &mut Option<Considerations>, queued: usize) -> bool {
    considerations.as_mut().is_none_or(|considerations| {
        considerations.draws.uniform(queued) < considerations.probability
    })
}

/// Part of a fleet's machines that wear leaves from one review to the next.
pub fn left_of_worn(scenario: &Scenario) -> f64 {
    let days = f64::from(scenario.moving.review_days);
    libm::exp(-scenario.hardware.retire_per_year * days / DAYS_PER_YEAR)
}

/// Hash rate below which a fleet is none any more, PH/s: a terahash, or a ten-thousandth of what a firm had at the start where that
/// is less, for once a megahash was a miner.
pub fn least_fleet(scenario: &Scenario, hash_at_start: f64) -> f64 {
    const LEAST_PHS: f64 = 1e-3;
    const LEAST_PART: f64 = 1e-4;
    LEAST_PHS.min(LEAST_PART * hash_at_start / scenario.firms_at_start() as f64)
}

/// Fleets of a fixed park that are looked at together: a bit of a word for each.
const AT_ONCE: usize = u32::BITS as usize;

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
        self.prepare_purchases();
        // Draws are addressed by day and place in the queue, that is by fleet and review: used or not.
        let queue = self
            .fleets
            .len()
            .saturating_sub(first)
            .div_ceil(every as usize);
        self.choices.seek_day(day, queue);
        if let Some(considerations) = &mut self.considerations {
            considerations.draws.seek_day(day, queue);
        }
        self.purchases.seek_day(day, queue);
        self.ai_choices.seek_day(day, queue);
        if self.fleets.is_fixed() {
            return self.review_fixed_park(day, first, observer);
        }
        let overhead = in_force(&self.scenario.firms.overhead, day as i32).copied();
        let overhead = overhead.filter(|usd_per_year| *usd_per_year > 0.0);
        self.draw_luck_of_purchases(first, every as usize);
        self.reckon_wear(first, every as usize);
        for queued in 0..queue {
            let fleet = first + queued * every as usize;
            let seeks = self.fleets.seeks(fleet);
            if self.fleets[fleet].site == self.fleets.nowhere() && !seeks {
                continue;
            }
            if seeks && self.gives_up(day, fleet) {
                continue;
            }
            if !seeks
                && (self.wear(fleet, queued)
                    || overhead.is_some_and(|usd| self.closes(day, fleet, usd)))
            {
                continue;
            }
            // Who will have to go runs on until his day, and neither moves nor buys before it.
            if !seeks && self.fleets.must_leave(fleet) {
                let region = usize::from(self.fleets[fleet].region);
                if self.ban_holds(region) {
                    continue;
                }
                self.fleets.lives.all[fleet].leaves = false;
            }
            let stands_idle = !seeks && self.stands_idle(fleet);
            if seeks || stands_idle || considers(&mut self.considerations, queued) {
                let draw = self.choices.uniform(queued);
                let lets_site = !seeks && self.lets_site_to_ai(day, fleet, queued);
                if self.moves(day, fleet, draw, observer) || lets_site {
                    continue;
                }
                if stands_idle && !self.review.anywhere_pays(&self.fleets, fleet) {
                    self.scrap(fleet);
                    continue;
                }
            }
            if let (Some(growth), false) = (&self.scenario.growth, seeks) {
                self.buy(growth, day, fleet, queued, observer);
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
        // Who wants to be told of every review has all of them weighed up.
        let mut screen = self.screen.take_if(|_| !O::REVIEWS);
        if let Some(screen) = &mut screen {
            screen.prepare(&self.review, &self.capacities);
        }
        let every = self.scenario.moving.review_days as usize;
        let park = self.fleets.fixed.as_deref();
        let slots = park.map_or(0..0, |park| park.due.on(first));
        let mut next = slots.start;
        while next < slots.end {
            let some = next..slots.end.min(next + AT_ONCE);
            let mut may_go = self.may_go(screen.as_deref(), &some, next - slots.start);
            next = some.end;
            while may_go != 0 {
                let slot = some.start + may_go.trailing_zeros() as usize;
                may_go &= may_go - 1;
                let queued = slot - slots.start;
                let draw = self.choices.uniform(queued);
                let park = self.fleets.fixed.as_deref().zip(screen.as_deref());
                if park.is_some_and(|(park, screen)| screen.stays(slot, &park.due, draw))
                    || !considers(&mut self.considerations, queued)
                {
                    continue;
                }
                let fleet = first + queued * every;
                let from = usize::from(self.fleets[fleet].region);
                if self.moves(day, fleet, draw, observer)
                    && let Some(screen) = &mut screen
                {
                    let to = usize::from(self.fleets[fleet].region);
                    screen.look_at_room(&self.review, &self.capacities, [from, to]);
                    // Those behind it find other rooms.
                    next = slot + 1;
                    break;
                }
            }
        }
        self.screen = screen.or(self.screen.take());
    }

    /// Which of some fleets that are due may go anywhere, from a place in the queue on and at most [`AT_ONCE`] of them: a bit for each.
    fn may_go(&mut self, screen: Option<&Screen>, slots: &Range<usize>, queued: usize) -> u32 {
        let Some(park) = self.fleets.fixed.as_deref() else {
            return 0;
        };
        let sites = &park.due.site[slots.clone()];
        if let Some(screen) = screen {
            let words = &self.choices.words()[queued..queued + slots.len()];
            return screen.may_go(words, sites, &park.due.power_mw[slots.clone()]);
        }
        // Whoever is somewhere.
        let nowhere = self.fleets.nowhere();
        let somewhere = sites.iter().map(|site| u16::from(*site) != nowhere);
        let bits = somewhere.zip(0..).map(|(is, place)| u32::from(is) << place);
        bits.sum()
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
        let from = usize::from(self.fleets[fleet].region);
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
        let gives_up = self.fleets.lives.all[fleet].gives_up <= day;
        if gives_up {
            self.ledger.abandoned += self.fleets[fleet].hash_phs;
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

    /// What wear leaves of the fleets that are due, `every` of them apart. For all before any of them is reviewed, so that none waits
    /// for another: no review changes the key or the region of another fleet, and who comes out of hiding is reckoned anew.
    fn reckon_wear(&mut self, first: usize, every: usize) {
        let mut left = std::mem::take(&mut self.left_of_due);
        left.clear();
        let due = (first..self.fleets.len()).step_by(every);
        left.extend(due.map(|fleet| self.left_of(fleet)));
        self.left_of_due = left;
    }

    /// Part of a fleet's machines that are left at its review: some wear out, and some of those that the day's mean price or a lack
    /// of power keeps off are scrapped; heat and outages pass.
    #[inline]
    fn left_of(&self, fleet: usize) -> f64 {
        let hardware = &self.scenario.hardware;
        if hardware.exit_after_idle_days == f64::INFINITY {
            return self.left_of_worn;
        }
        let days = f64::from(self.scenario.moving.review_days);
        let region = usize::from(self.fleets[fleet].region);
        let excess = self.threshold.ln_today[region] - self.fleets.lives.all[fleet].ln_key;
        let on = self.laws[region].share_at_mean_price(excess) * self.supplied[region];
        self.left_of_worn * (1.0 - (1.0 - on) * days / hardware.exit_after_idle_days).max(0.0)
    }

    /// Wear of a fleet; whether no machine is left. `queued` is its place in the queue of the day.
    fn wear(&mut self, fleet: usize, queued: usize) -> bool {
        let region = usize::from(self.fleets[fleet].region);
        let mut left = self.left_of_due[queued];
        if self.fleets.hides(fleet) && !self.events.conditions.regions[region].banned {
            self.fleets.hide(fleet, 1.0);
            left = self.left_of(fleet);
        }
        debug_assert_eq!(left.to_bits(), self.left_of(fleet).to_bits());
        if left == 1.0 {
            return false;
        }
        let before = self.fleets[fleet].hash_phs;
        let after = before * left;
        if after < self.least_phs {
            self.scrap(fleet);
            return true;
        }
        self.ledger.scrapped += before - after;
        self.change(fleet, after, self.fleets[fleet].efficiency);
        false
    }

    /// Whether a fleet has not earned its part of `overhead`, what it costs to be a firm, USD a year, for so long that it is given up;
    /// its machines are scrapped. Its part is that of its power in the firm's, so what it earns on a megawatt-hour of its own is asked to
    /// pay for the firm at the size that the firm has.
    fn closes(&mut self, day: u32, fleet: usize, overhead: f64) -> bool {
        let margin = self.review.margin_at_home(&self.fleets, fleet);
        let earned = margin * HOURS_PER_YEAR * self.fleets.firm_mw(fleet);
        let short_since = self.fleets.short_since(day, fleet, earned < overhead);
        let patience = self.scenario.hardware.exit_after_idle_days;
        let closes = short_since.is_some_and(|since| f64::from(day - since) >= patience);
        if closes {
            self.scrap(fleet);
        }
        closes
    }

    /// The end of a fleet: its machines are scrapped, its slot is free.
    fn scrap(&mut self, fleet: usize) {
        let region = usize::from(self.fleets[fleet].region);
        self.capacities.load[region] -= self.at_meter(fleet);
        self.ledger.scrapped += self.fleets[fleet].hash_phs;
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
        self.moved[from * regions.len() + to] += self.fleets[fleet].hash_phs;
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
}

/// First stream of the luck of sites that fleets open in the course of a history.
const FLEETS: u64 = 1 << 63;
