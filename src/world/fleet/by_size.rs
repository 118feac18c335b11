//! The fleets of a park that never changes, from the largest down, and sums over those that run.
//!
//! Which of them run is kept as a bit a fleet. From one record to the next few of them change it: those that moved, and those
//! between the rank up to which their region ran then and that up to which it runs now. Sums are kept by stretches of the
//! order, and taken anew, never adjusted, where a bit has changed: nothing drifts.

use super::fixed::{Start, in_order};

/// Fleets in a stretch.
const STRETCH: usize = 16;
/// Fleets whose bits are looked up together.
const LANES: usize = 4;

/// The fleets from the largest down, if every firm has but one; those without machines are left out.
#[derive(Debug, Clone)]
pub struct BySize {
    /// Hash rate over that of the largest fleet; 0 beyond the last.
    relative: Vec<[f64; STRETCH]>,
    /// That times its logarithm.
    relative_ln: Vec<[f64; STRETCH]>,
    /// Where the fleet of a rank of efficiency stands in the order.
    of_rank: Vec<u32>,
    /// Ranks that run by site, as `runs` has them; at the last site, which is none, nothing does.
    ranks: Vec<usize>,
    /// Which fleets of each stretch run. One stretch more than there are has the fleets without machines, which nobody reads.
    runs: Vec<u16>,
    stretches: Vec<Stretch>,
}

/// Sums over the fleets of a stretch that run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stretch {
    /// For which fleets these are.
    of: u16,
    /// How many run.
    pub units: f64,
    /// Their relative hash rate.
    pub weight: f64,
    /// Its square.
    pub squares: f64,
    /// It times the rank among those of the stretch that run, the largest having 1.
    pub ranked: f64,
    /// It times its logarithm.
    pub ln: f64,
}

impl BySize {
    /// The order of a start, none of whose fleets runs yet; `by_rank` has their numbers, best machines first. Tells where each
    /// fleet stands.
    pub(super) fn new(
        start: &Start<'_>,
        by_rank: &[u32],
        mut tell: impl FnMut(usize, u32),
    ) -> Option<Self> {
        let firms = start.fleets.iter().map(|fleet| fleet.firm as usize + 1);
        let firms = firms.max().unwrap_or(0);
        let mut seen = vec![false; firms];
        for fleet in start.fleets {
            if std::mem::replace(&mut seen[fleet.firm as usize], true) {
                return None;
            }
        }
        let hash = |fleet: usize| start.fleets[fleet].hash_phs;
        let order = in_order(start.fleets.iter().map(|fleet| -fleet.hash_phs));
        let largest = order.first().map_or(0.0, |fleet| hash(*fleet as usize));
        if largest <= 0.0 {
            return None;
        }
        let count = order.partition_point(|fleet| hash(*fleet as usize) > 0.0);
        let stretches = count.div_ceil(STRETCH);
        let mut relative = vec![[0.0; STRETCH]; stretches];
        let mut relative_ln = relative.clone();
        // Who has no machines stands in the stretch that nobody reads.
        let mut of_fleet = vec![(stretches * STRETCH) as u32; order.len()];
        for (at, fleet) in order[..count].iter().enumerate() {
            let fleet = *fleet as usize;
            let part = hash(fleet) / largest;
            relative[at / STRETCH][at % STRETCH] = part;
            if part > 0.0 {
                relative_ln[at / STRETCH][at % STRETCH] = part * libm::log(part);
                // Fleet numbers fit.
                of_fleet[fleet] = at as u32;
            }
        }
        for (fleet, at) in of_fleet.iter().enumerate() {
            tell(fleet, *at);
        }
        Some(Self {
            relative,
            relative_ln,
            of_rank: by_rank.iter().map(|f| of_fleet[*f as usize]).collect(),
            ranks: vec![0; start.regions + 1],
            runs: vec![0; stretches + 1],
            stretches: vec![Stretch::default(); stretches],
        })
    }

    /// Takes a fleet, of a place in the order and a rank, from a site to another.
    pub(super) fn place(&mut self, at: u32, rank: usize, sites: [usize; 2]) {
        let [ran, runs] = sites.map(|site| rank < self.ranks[site]);
        turn(&mut self.runs, at, ran != runs);
    }

    /// Lets run what is at each site up to its number of ranks.
    pub(super) fn run(&mut self, running_ranks: &[usize], site_of_rank: &[u8]) {
        // Fewer than 256 regions.
        for ((before, ranks), site) in self.ranks.iter_mut().zip(running_ranks).zip(0_u8..) {
            let passed = (*before).min(*ranks)..(*before).max(*ranks);
            *before = *ranks;
            let sites = &site_of_rank[passed.clone()];
            for (at, of_fleet) in self.of_rank[passed].iter().zip(sites) {
                turn(&mut self.runs, *at, *of_fleet == site);
            }
        }
    }

    /// Sums over the stretches, from the largest fleets down.
    pub fn stretches(&mut self) -> &[Stretch] {
        let machines = self.relative.iter().zip(&self.relative_ln);
        let stretches = self.stretches.iter_mut().zip(&self.runs);
        for ((stretch, runs), (relative, relative_ln)) in stretches.zip(machines) {
            if stretch.of != *runs {
                *stretch = Stretch::over(*runs, relative, relative_ln);
            }
        }
        &self.stretches
    }

    /// Relative hash rate of the fleets of a stretch that run, the largest first.
    pub fn running_of(&self, stretch: usize) -> impl Iterator<Item = f64> {
        let runs = self.runs[stretch];
        let fleets = self.relative[stretch].iter().enumerate();
        fleets
            .filter(move |(at, _)| runs >> at & 1 == 1)
            .map(|(_, relative)| *relative)
    }
}

/// Turns the bit of a place in the order, if so.
#[inline]
fn turn(runs: &mut [u16], at: u32, turns: bool) {
    let at = at as usize;
    runs[at / STRETCH] ^= u16::from(turns) << (at % STRETCH);
}

impl Stretch {
    /// Loops over lanes are short and plain, so that a compiler takes two lanes at a time.
    fn over(runs: u16, relative: &[f64; STRETCH], relative_ln: &[f64; STRETCH]) -> Self {
        let mut sums = Self {
            of: runs,
            ..Self::default()
        };
        for first in (0..STRETCH).step_by(LANES) {
            let four = usize::from(runs >> first) % RUNS.len();
            let (mut running, mut ln, mut ranked) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                running[lane] = RUNS[four][lane] * relative[first + lane];
                ln[lane] = RUNS[four][lane] * relative_ln[first + lane];
                ranked[lane] = (sums.units + RANKS[four][lane]) * running[lane];
            }
            for lane in 0..LANES {
                sums.weight += running[lane];
                sums.squares += running[lane] * running[lane];
                sums.ranked += ranked[lane];
                sums.ln += ln[lane];
            }
            sums.units += RANKS[four][LANES - 1];
        }
        sums
    }
}

/// By the bits of four fleets: which of them run, and how many up to each.
const RUNS: [[f64; LANES]; 1 << LANES] = by_bits(false);
const RANKS: [[f64; LANES]; 1 << LANES] = by_bits(true);

const fn by_bits(cumulated: bool) -> [[f64; LANES]; 1 << LANES] {
    let mut all = [[0.0; LANES]; 1 << LANES];
    let mut bits = 0;
    while bits < all.len() {
        let (mut lane, mut before) = (0, 0.0);
        while lane < LANES {
            let runs = if bits >> lane & 1 == 1 { 1.0 } else { 0.0 };
            all[bits][lane] = before + runs;
            if cumulated {
                before += runs;
            }
            lane += 1;
        }
        bits += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Normals;
    use crate::world::fleet::Fleets;

    const LAST_DAY: u32 = 100;

    /// Relative hash rate of the fleets that run, the largest first, by a visit of each.
    fn visit(fleets: &Fleets, thresholds: &[f64]) -> Vec<f64> {
        let largest = fleets.iter().fold(0.0, |most, f| f.hash_phs.max(most));
        let running = fleets.iter().filter(|fleet| {
            let worst = thresholds.get(usize::from(fleet.site));
            worst.is_some_and(|worst| fleet.efficiency <= *worst)
        });
        let parts = running.map(|fleet| fleet.hash_phs / largest);
        let mut parts: Vec<f64> = parts.filter(|part| *part > 0.0).collect();
        parts.sort_by(|a, b| b.total_cmp(a));
        parts
    }

    /// Sums over some fleets one after the other.
    fn sums_over(of: u16, parts: &[f64]) -> Stretch {
        let mut sums = Stretch {
            of,
            ..Stretch::default()
        };
        for part in parts {
            sums.units += 1.0;
            sums.weight += part;
            sums.squares += part * part;
            sums.ranked += sums.units * part;
            sums.ln += part * libm::log(*part);
        }
        sums
    }

    #[test]
    fn bits_and_sums_are_those_of_a_visit_after_any_moves_and_thresholds() {
        let mut draws = Normals(12);
        let mut fleets = Fleets::new(2, 300);
        for firm in 0..300 {
            // Some have no machines, and of one next to the largest nothing is left.
            let hash = match firm {
                7 => 1e300,
                8 => 1e-300,
                _ if firm % 11 == 10 => 0.0,
                _ => 1e300 * libm::exp(2.0 * draws.sample() - 9.0),
            };
            let efficiency = 13.0 + 20.0 * draws.uniform();
            fleets.push(firm, (firm % 2) as u16, hash, efficiency);
        }
        fleets.settle(LAST_DAY, 30);
        let nowhere = fleets.nowhere();
        for day in 0..LAST_DAY {
            // Thresholds that stay, that jump and that let nothing run; a record on most days.
            let thresholds = match day % 10 {
                3 => [0.0, 50.0],
                7 => [50.0, 0.0],
                day => [16.0 + f64::from(day / 2), 33.0 - f64::from(day)],
            };
            let park = fleets.fixed.as_mut().unwrap();
            park.run(&thresholds, &mut [0.0; 2]);
            // Moves between what runs and the record.
            for fleet in 0..fleets.len() {
                if draws.uniform() > 0.05 {
                    continue;
                }
                if fleets[fleet].site == nowhere {
                    fleets.settle_in(fleet);
                } else {
                    fleets.depart(fleet, (day % 2) as u16, LAST_DAY);
                }
            }
            if day % 4 == 2 {
                continue;
            }
            let expected = visit(&fleets, &thresholds);
            let by_size = fleets.fixed.as_mut().unwrap().running_by_size().unwrap();
            let stretches = by_size.stretches().to_vec();
            let running: Vec<Vec<f64>> = (0..stretches.len())
                .map(|stretch| by_size.running_of(stretch).collect())
                .collect();
            assert_eq!(running.concat(), expected, "day {day}");
            for (found, parts) in stretches.iter().zip(&running) {
                assert_eq!(*found, sums_over(found.of, parts), "day {day}");
            }
        }
    }

    #[test]
    fn there_is_no_order_of_firms_where_one_has_two_fleets_or_none_has_machines() {
        for (firms, hash, there_is) in [
            ([0, 1], 1.0, true),
            ([1, 1], 1.0, false),
            ([0, 1], 0.0, false),
        ] {
            let mut fleets = Fleets::new(1, 2);
            for firm in firms {
                fleets.push(firm, 0, hash, 20.0);
            }
            fleets.settle(LAST_DAY, 30);
            let park = fleets.fixed.as_mut().unwrap();
            assert_eq!(park.has_a_firm_a_fleet(), there_is);
            assert_eq!(park.running_by_size().is_some(), there_is);
        }
    }
}
