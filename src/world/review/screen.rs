//! Who surely stays: bounds on the odds of leaving, from a few efficiencies, for a park in which all pay alike.
//!
//! In one over the efficiency `x` a breakeven is linear, so the advantage of another region over the present one is convex
//! but for the present region's own margin, which is cut off at nothing. Where that margin is linear, the odds of leaving,
//! a sum of exponentials of convex functions, are convex, and the chord between two efficiencies lies above them.
//!
//! So a fleet passes two screens. The first asks by its site alone: whether it finds room anywhere else, and whether its draw
//! is below what the largest odds of any efficiency allow to those who stay. The second asks what the chord at its own
//! efficiency allows. Neither takes an exponential of its own; who passes both chooses exactly. The choices are those of
//! [`Review::choose`] to the bit.

use std::hint::select_unpredictable;

use crate::elementary::ROUND;
use crate::random::WORD;
use crate::world::capacity::Capacities;
use crate::world::fleet::Due;

use super::Review;

/// Efficiencies at which the odds are known.
const NODES: usize = 4;

/// A quantity at every node.
type AtNodes = [f64; NODES];

/// Bounds of a day on the odds of leaving.
#[derive(Debug, Clone)]
pub struct Screen {
    regions: usize,
    /// One over the efficiency of every node, TH/J.
    nodes: AtNodes,
    /// By fleet as it stands in [`Due`]: the node below it, and its place between that and the next, 0 to 1.
    node: Vec<u8>,
    part: Vec<f64>,
    /// Odds of going from one region to another, `from * regions + to`.
    odds: Vec<AtNodes>,
    /// Words below which a draw stays whatever the efficiency of who fits into that region alone.
    stay: Vec<u64>,
    /// By region: what a newcomer is offered, lost time left out, and the margin of those who are there.
    offers: Vec<AtNodes>,
    margins: Vec<AtNodes>,
    /// Odds of going from one region to any other.
    odds_of_any: Vec<AtNodes>,
    /// Power of the largest fleet that may yet find room in a region, MW.
    room: Vec<f64>,
    /// By site. One for every number that a byte holds, so that none is looked for in vain: those beyond the last region are
    /// shut.
    gates: Box<[Gate; 256]>,
}

/// What a fleet has to pass to get away from a site, whatever its efficiency: nobody by [`Gate::SHUT`].
#[derive(Debug, Clone, Copy)]
struct Gate {
    /// Room in the roomiest of the other regions, and in the next, MW.
    roomiest: f64,
    next: f64,
    /// Draws below these stay, as words: who fits into the roomiest alone, and who may fit into others.
    stay_of_one: u64,
    stay_of_any: u64,
}

impl Gate {
    const SHUT: Self = Self {
        roomiest: -1.0,
        next: -1.0,
        stay_of_one: u64::MAX,
        stay_of_any: u64::MAX,
    };
}

/// What is sure, with rounding and the error of [`exp_near`] left far behind.
const SURE: f64 = 1.0 - 1e-6;

impl Screen {
    /// A screen for the fleets that are due; `None` where a day has too few for it to pay, or choices are so sharp that rounding
    /// might matter.
    #[must_use]
    pub fn new(due: &Due, review: &Review<'_>) -> Option<Self> {
        /// Smallest scale of choice, USD/MWh.
        const LEAST_SCALE: f64 = 1e-3;
        let regions = review.places.len();
        // An exact choice weighs up every region; so does a node of the screen, for every region of departure.
        if due.most() < 3 * regions || review.choice_scale < LEAST_SCALE {
            return None;
        }
        let xs = || due.inverse_efficiency.iter().copied();
        let first = xs().fold(f64::INFINITY, f64::min);
        let range = xs().fold(0.0, f64::max) - first;
        let width = range / (NODES - 1) as f64;
        let position = |x: f64| {
            if range > 0.0 {
                (x - first) / width
            } else {
                0.0
            }
        };
        let node_of = |x: f64| (position(x) as usize).min(NODES - 2);
        let nothing = vec![[0.0; NODES]; regions];
        Some(Self {
            regions,
            nodes: std::array::from_fn(|node| first + width * node as f64),
            node: xs().map(|x| node_of(x) as u8).collect(),
            part: xs().map(|x| position(x) - node_of(x) as f64).collect(),
            odds: vec![[0.0; NODES]; regions * regions],
            stay: vec![u64::MAX; regions * regions],
            offers: nothing.clone(),
            margins: nothing.clone(),
            odds_of_any: nothing,
            room: vec![0.0; regions],
            gates: Box::new([Gate::SHUT; 256]),
        })
    }

    /// Takes in the day that a review is prepared for.
    pub fn prepare(&mut self, review: &Review<'_>, capacities: &Capacities<'_>) {
        let breakeven_per_x = review.breakeven_at(1.0);
        let ours = self.offers.iter_mut().zip(&mut self.margins);
        for ((offers, margins), place) in ours.zip(&review.places) {
            let flat = place.pull - place.policy - place.moving_flat;
            for node in 0..NODES {
                let x = self.nodes[node];
                margins[node] = breakeven_per_x * x * place.kept - place.delivered;
                let moving = place.moving_per_inverse_efficiency * x;
                offers[node] = place.uptime * above_nothing(margins[node]) + flat - moving;
            }
        }
        for from in 0..self.regions {
            self.reckon_odds_from(review, from);
        }
        self.look_at_room(review, capacities, 0..self.regions);
    }

    /// What those who are in a region keep by staying there at the least, or less where a chord to the next node asks for it.
    fn kept_in(&self, review: &Review<'_>, from: usize) -> AtNodes {
        let place = &review.places[from];
        let margins = self.margins[from];
        let per_margin = place.uptime + review.downtime_hours_per_horizon_hour;
        // Home is here or there, whichever makes leaving likelier.
        let least = review.stay_bonus - place.policy - review.home_bonus.abs();
        let pull: AtNodes = if place.size == 1.0 {
            [place.pull; NODES]
        } else {
            // The pull of the own region falls with x, or rises where it is less than one site: the least of both stretches
            // that meet at a node is that of the next node, or of the one before.
            std::array::from_fn(|node| {
                let least = if place.size > 1.0 {
                    (node + 1).min(NODES - 1)
                } else {
                    node.saturating_sub(1)
                };
                let lost = above_nothing(margins[least]) * review.downtime_hours_per_horizon_hour;
                review.pull_of_own(place, 1.0 / self.nodes[least], lost)
            })
        };
        let mut kept = [least; NODES];
        for node in 0..NODES {
            kept[node] += pull[node] + per_margin * above_nothing(margins[node]);
        }
        // What the own margin takes from the odds is never more than either of its two straight pieces, nothing and all of it.
        // Where it changes sign, the piece that is nearer at its worse end bounds the odds on the way to the next node.
        // A margin is a straight line: it changes sign once, if at all.
        let changes = (margins[0] < 0.0) != (margins[NODES - 1] < 0.0);
        for left in 0..if changes { NODES - 1 } else { 0 } {
            let right = left + 1;
            if (margins[left] < 0.0) != (margins[right] < 0.0) {
                let nearer = if margins[left].abs() < margins[right].abs() {
                    left
                } else {
                    right
                };
                kept[nearer] -= per_margin * margins[nearer].abs();
            }
        }
        kept
    }

    /// Bounds for those who are in one region.
    fn reckon_odds_from(&mut self, review: &Review<'_>, from: usize) {
        let kept = self.kept_in(review, from);
        let inverse_scale = 1.0 / review.choice_scale;
        let row = from * self.regions..(from + 1) * self.regions;
        let of_odds = self.odds[row.clone()].iter_mut().zip(&mut self.stay[row]);
        let mut any = [0.0; NODES];
        for (to, ((odds, stay), offers)) in of_odds.zip(&self.offers).enumerate() {
            if to == from {
                continue;
            }
            fill_odds(odds, offers, &kept, inverse_scale);
            for node in 0..NODES {
                any[node] += odds[node];
            }
            *stay = surely_staying(most(odds));
        }
        self.odds_of_any[from] = any;
        self.gates[from].stay_of_any = surely_staying(most(&any));
    }

    /// Looks again at the room in regions, after a move.
    pub fn look_at_room(
        &mut self,
        review: &Review<'_>,
        capacities: &Capacities<'_>,
        regions: impl IntoIterator<Item = usize>,
    ) {
        /// Far above the rounding of what decides on admission.
        const WIDER: f64 = 1.0 + 1e-9;
        for r in regions {
            let room = capacities.headroom(r) / review.places[r].pue;
            self.room[r] = if room >= 0.0 {
                room * WIDER + capacities.load[r].abs() * 1e-12
            } else {
                -1.0
            };
        }
        self.set_gates();
    }

    /// Gates for the rooms that there are.
    fn set_gates(&mut self) {
        // The roomiest two but the own one are among the roomiest three.
        let mut roomiest = [(0, -1.0); 3];
        for there in self.room.iter().copied().enumerate() {
            let mut less = there;
            for place in &mut roomiest {
                if less.1 > place.1 {
                    std::mem::swap(&mut less, place);
                }
            }
        }
        for (from, gate) in self.gates[..self.regions].iter_mut().enumerate() {
            let mut others = roomiest.iter().filter(|(to, _)| *to != from);
            let (to, room) = others.next().copied().unwrap_or((0, -1.0));
            gate.roomiest = room;
            gate.next = others.next().map_or(-1.0, |(_, room)| *room);
            // Where there is no room nobody asks.
            gate.stay_of_one = self.stay[from * self.regions + to];
        }
    }

    /// Which of some fleets, at most 32, may go: a bit for each, the first the lowest. The others have drawn a word with which
    /// they surely stay, or find no room.
    #[inline]
    #[must_use]
    pub fn may_go(&self, words: &[[u8; WORD]], site: &[u8], megawatts: &[f64]) -> u32 {
        let mut may_go = 0;
        for ((word, site), megawatts) in words.iter().zip(site).zip(megawatts).rev() {
            let gate = &self.gates[usize::from(*site)];
            // Without branches, which nobody could guess.
            let fits_into_others = *megawatts <= gate.next;
            let stay = select_unpredictable(fits_into_others, gate.stay_of_any, gate.stay_of_one);
            let fits = u32::from(*megawatts <= gate.roomiest);
            let leaves = u32::from(u64::from_le_bytes(*word) >= stay);
            may_go = may_go << 1 | fits & leaves;
        }
        may_go
    }

    /// Whether the fleet that stands at `slot` of those that are due, and is somewhere, surely stays there by the draw `uniform`.
    #[inline]
    #[must_use]
    pub fn stays(&self, slot: usize, due: &Due, uniform: f64) -> bool {
        let (site, megawatts) = (usize::from(due.site[slot]), due.power_mw[slot]);
        // No more than that, which spares the two accesses below a check.
        let node = usize::from(self.node[slot]).min(NODES - 2);
        let part = self.part[slot];
        let between = |odds: &AtNodes| odds[node] + part * (odds[node + 1] - odds[node]);
        if uniform * (1.0 + between(&self.odds_of_any[site])) < SURE {
            return true;
        }
        let rows = &self.odds[site * self.regions..(site + 1) * self.regions];
        let mut others = 0.0;
        for (odds, room) in rows.iter().zip(&self.room) {
            others += if megawatts <= *room {
                between(odds)
            } else {
                0.0
            };
        }
        uniform * (1.0 + others) < SURE
    }
}

/// The largest of what is known at the nodes. Between them odds lie below chords, so it is the largest of all.
#[inline]
fn most(odds: &AtNodes) -> f64 {
    debug_assert!(!odds.iter().any(|odds| odds.is_nan()));
    odds.iter()
        .fold(0.0, |most, odds| if *odds > most { *odds } else { most })
}

/// Words below this one stand for draws that surely stay where the odds of leaving are no more than these.
fn surely_staying(odds: f64) -> u64 {
    /// Below it a draw might not be told from its word.
    const LEAST: f64 = 1e-9;
    const WORDS: f64 = 18_446_744_073_709_551_616.0;
    let stay = SURE / (1.0 + odds);
    if stay > LEAST {
        (stay * WORDS) as u64
    } else {
        0
    }
}

/// The odds of leaving for one region: what it offers above what is kept, in units of the scale of choice.
#[inline(never)]
fn fill_odds(odds: &mut AtNodes, offers: &AtNodes, kept: &AtNodes, inverse_scale: f64) {
    for node in 0..NODES {
        odds[node] = exp_near((offers[node] - kept[node]) * inverse_scale);
    }
}

/// The number, or 0 if it is negative; with one instruction.
#[inline]
fn above_nothing(number: f64) -> f64 {
    if number > 0.0 { number } else { 0.0 }
}

/// `exp(z)` within 2e-7 of itself, `z` cut off at 700 either way: by `+ - *` and bits alone, so that a loop over it takes
/// several at a time and gives the same on every machine.
#[inline]
fn exp_near(z: f64) -> f64 {
    const LN_2: f64 = std::f64::consts::LN_2;
    // What is no number counts as large: nobody stays for it.
    let z = if z < -700.0 { -700.0 } else { z };
    let z = if z < 700.0 { z } else { 700.0 };
    let powers = z * std::f64::consts::LOG2_E;
    let rounded = powers + ROUND;
    let r = (powers - (rounded - ROUND)) * LN_2;
    // The series of exp as far as it matters for |r| up to ln 2 / 2.
    let series = 1.0
        + r * (1.0
            + r * (0.5
                + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    // Two to the whole number, into the exponent.
    f64::from_bits(series.to_bits().wrapping_add(rounded.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;
    use crate::world::fleet::Fleets;

    #[test]
    fn who_is_below_the_word_of_some_odds_stays_under_them() {
        let odds = (-120..=120).map(|tenth| libm::pow(10.0, f64::from(tenth) / 10.0));
        for odds in odds.chain([0.0]) {
            let word = surely_staying(odds);
            assert!(word > 0 || odds > 1e8, "{odds}");
            if let Some(below) = word.checked_sub(1) {
                let draw = (below >> 11) as f64 + 0.5;
                let draw = draw / libm::pow(2.0, 53.0);
                assert!(draw * (1.0 + odds) < 1.0 - 1e-7, "{odds}");
            }
        }
        // Nobody surely stays.
        assert_eq!(surely_staying(f64::INFINITY), 0);
    }

    /// A screen of regions with rooms, in MW, in which the odds of going to region `r` are `r`.
    fn screen(rooms: &[f64]) -> Screen {
        let text = include_str!("../../../scenarios/core.toml");
        let scenario = parse_scenario("core", text, &[], &[]).unwrap();
        let mut fleets = Fleets::new(3, 1000);
        for firm in 0..1000 {
            fleets.push(firm, 0, 1.0, 20.0);
        }
        fleets.settle(10, 30);
        let park = fleets.fixed.as_ref().unwrap();
        let mut screen = Screen::new(&park.due, &Review::new(&scenario)).unwrap();
        let regions = rooms.len();
        screen.regions = regions;
        screen.room = rooms.to_vec();
        screen.stay = (0..regions * regions)
            .map(|pair| surely_staying((pair % regions) as f64))
            .collect();
        for gate in &mut screen.gates[..regions] {
            gate.stay_of_any = surely_staying(100.0);
        }
        screen.set_gates();
        screen
    }

    /// Whether a fleet of `megawatts` at `site` may go by a draw that stays under odds below `odds`.
    fn may_go(screen: &Screen, site: u8, megawatts: f64, odds: f64) -> bool {
        let word = surely_staying(odds).to_le_bytes();
        let found = screen.may_go(&[word; 3], &[site; 3], &[megawatts; 3]);
        assert!(found == 0 || found == 0b111);
        found > 0
    }

    #[test]
    fn a_gate_asks_for_the_room_and_the_odds_of_who_fits() {
        let infinite = f64::INFINITY;
        let rooms = screen(&[5.0, 0.0, 9.0, -1.0, 9.0, 30.0]);
        // From 0: 30 MW in region 5, then 9 in 2 and in 4.
        for (megawatts, odds, goes) in [
            (31.0, 0.0, false),
            (30.0, 4.0, true),
            (30.0, 6.0, false),
            (9.5, 6.0, false),
            (9.0, 6.0, true),
            (9.0, 101.0, false),
        ] {
            assert_eq!(
                may_go(&rooms, 0, megawatts, odds),
                goes,
                "{megawatts} {odds}"
            );
        }
        // From 5 itself: 9 MW in 2 and in 4, of which either may be the one.
        assert!(may_go(&rooms, 5, 9.0, 50.0) && !may_go(&rooms, 5, 9.5, 0.0));
        // Who has nothing finds room where there is none left, and nowhere where it is closed.
        assert!(may_go(&screen(&[-1.0, 0.0]), 0, 0.0, 0.5));
        assert!(!may_go(&screen(&[0.0, -1.0]), 0, 0.0, 0.0));
        assert!(may_go(&screen(&[-1.0, infinite, infinite]), 0, 1e9, 50.0));
        // One region, and who is nowhere.
        assert!(!may_go(&screen(&[infinite]), 0, 1.0, 0.0));
        assert!(!may_go(&screen(&[infinite, infinite]), 2, 1.0, 0.0));
    }

    #[test]
    fn the_near_exponential_is_near() {
        for step in -70_000..70_000 {
            let z = f64::from(step) / 100.0 + 0.003_7;
            let exact = libm::exp(z.clamp(-700.0, 700.0));
            assert!((exp_near(z) - exact).abs() <= 2e-7 * exact, "{z}");
        }
        assert!(exp_near(f64::NAN) > 1e300);
    }
}
