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
    /// By rows of fleets: hash rate over that of the largest, and that times its logarithm; 0 beyond the last.
    rows: Vec<[[f64; LANES]; 2]>,
    /// Where the fleet of a rank of efficiency stands in the order.
    of_rank: Vec<u32>,
    /// Ranks that run by site, as `runs` has them; at the last site, which is none, nothing does.
    ranks: Vec<usize>,
    /// Which fleets of each stretch run. One stretch more than there are has the fleets without machines, which nobody reads.
    runs: Vec<u16>,
    stretches: Vec<Stretch>,
    /// By stretch, how many run down to its end, and their weight.
    ends: Vec<UpTo>,
}

/// A stretch of the order.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    /// For which fleets the sums are.
    of: u16,
    /// The first of its rows, and the one behind them: a number that a compiler does not know leaves [`add_rows`] a loop.
    rows: [u32; 2],
    sums: Sums,
}

/// How many fleets run down to some size, and their relative hash rate.
#[derive(Debug, Clone, Copy, Default)]
struct UpTo {
    units: f64,
    weight: f64,
}

/// Sums over fleets that run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// How many run.
    pub units: f64,
    /// Their relative hash rate.
    pub weight: f64,
    /// Its square.
    pub squares: f64,
    /// It times the rank among them, the largest having 1.
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
        let mut rows = vec![[[0.0; LANES]; 2]; count.div_ceil(LANES)];
        // Who has no machines stands in the stretch that nobody reads.
        let mut of_fleet = vec![(stretches * STRETCH) as u32; order.len()];
        for (at, fleet) in order[..count].iter().enumerate() {
            let fleet = *fleet as usize;
            let part = hash(fleet) / largest;
            if part > 0.0 {
                let row = &mut rows[at / LANES];
                row[0][at % LANES] = part;
                row[1][at % LANES] = part * libm::log(part);
                // Fleet numbers fit.
                of_fleet[fleet] = at as u32;
            }
        }
        for (fleet, at) in of_fleet.iter().enumerate() {
            tell(fleet, *at);
        }
        Some(Self {
            stretches: (0..stretches)
                .map(|at| Stretch {
                    rows: [at, at + 1].map(|at| (at * STRETCH / LANES).min(rows.len()) as u32),
                    ..Stretch::default()
                })
                .collect(),
            rows,
            of_rank: by_rank.iter().map(|f| of_fleet[*f as usize]).collect(),
            ranks: vec![0; start.regions + 1],
            runs: vec![0; stretches + 1],
            ends: vec![UpTo::default(); stretches],
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

    /// Sums over all fleets that run.
    pub fn sums(&mut self) -> Sums {
        let mut all = Sums::default();
        let count = self.stretches.len();
        let (runs, ends) = (&self.runs[..count], &mut self.ends[..count]);
        for (at, stretch) in self.stretches.iter_mut().enumerate() {
            if stretch.of != runs[at] {
                stretch.of = runs[at];
                let [first, end] = stretch.rows.map(|row| row as usize);
                stretch.sums = Sums::over(runs[at], &self.rows[first..end]);
            }
            let sums = &stretch.sums;
            // Ranks of a stretch begin behind those of all before it.
            all.ranked += sums.ranked + all.units * sums.weight;
            all.squares += sums.squares;
            all.ln += sums.ln;
            all.units += sums.units;
            all.weight += sums.weight;
            ends[at] = UpTo {
                units: all.units,
                weight: all.weight,
            };
        }
        all
    }

    /// How many of the largest, by the last sums, pass each of some bounds, which ascend; all, where they do not.
    #[must_use]
    pub fn passing<const BOUNDS: usize>(&self, bounds: [f64; BOUNDS]) -> [u32; BOUNDS] {
        let mut sum = UpTo::default();
        let mut passing = [0; BOUNDS];
        for (passes, bound) in passing.iter_mut().zip(bounds) {
            // Who passes one bound often passes the next as well.
            if sum.weight <= bound {
                let stretch = self.ends.partition_point(|end| end.weight <= bound);
                sum = self.before(stretch);
                for weight in self.running_of(stretch) {
                    sum.units += 1.0;
                    sum.weight += weight;
                    if sum.weight > bound {
                        break;
                    }
                }
            }
            // At most as many as there are fleets. Where rounding leaves the sum at the bound, the last of the stretch passes it.
            *passes = sum.units as u32;
        }
        passing
    }

    /// Relative hash rate of the largest, of as many as each of some counts, which ascend; of all where they are fewer.
    #[must_use]
    pub fn weights_of<const COUNTS: usize>(&self, counts: [u32; COUNTS]) -> [f64; COUNTS] {
        let mut weights = [self.ends.last().map_or(0.0, |end| end.weight); COUNTS];
        let mut found = weights.iter_mut().zip(counts);
        let mut next = found.next();
        let (mut units, mut sum) = (0, 0.0);
        for weight in (0..self.stretches.len()).flat_map(|stretch| self.running_of(stretch)) {
            units += 1;
            sum += weight;
            match &mut next {
                Some((found_here, count)) if *count == units => **found_here = sum,
                Some(_) => continue,
                None => break,
            }
            next = found.next();
        }
        weights
    }

    /// What runs before a stretch.
    fn before(&self, stretch: usize) -> UpTo {
        match stretch {
            0 => UpTo::default(),
            _ => self.ends[stretch - 1],
        }
    }

    /// Relative hash rate of the fleets of a stretch that run, the largest first; none beyond the last stretch.
    fn running_of(&self, stretch: usize) -> impl Iterator<Item = f64> {
        let first = stretch * STRETCH;
        // Behind the last stretch of rows there are bits that nobody reads.
        let mut rest = self.runs.get(stretch).map_or(0, |runs| u32::from(*runs));
        std::iter::from_fn(move || {
            let at = (rest != 0).then_some(first + rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(self.rows.get(at / LANES)?[0][at % LANES])
        })
    }
}

/// Turns the bit of a place in the order, if so.
#[inline]
fn turn(runs: &mut [u16], at: u32, turns: bool) {
    let at = at as usize;
    runs[at / STRETCH] ^= u16::from(turns) << (at % STRETCH);
}

impl Sums {
    /// Over the fleets of some rows whose bits are set.
    fn over(bits: u16, rows: &[[[f64; LANES]; 2]]) -> Self {
        let mut pairs = [[0.0; 2]; 4];
        let units = add_rows(&mut pairs, bits, rows);
        let [weight, squares, ranked, ln] = pairs.map(|[a, b]| a + b);
        Self {
            units,
            weight,
            squares,
            ranked,
            ln,
        }
    }
}

/// Adds up, in pairs of lanes, weights, squares, weights times ranks and weights times logarithms; the number of those that run.
/// One thing is done at a time to all lanes, so that a compiler takes two of them at once.
#[inline(never)]
fn add_rows(sums: &mut [[f64; 2]; 4], bits: u16, rows: &[[[f64; LANES]; 2]]) -> f64 {
    let mut bits = usize::from(bits);
    let mut units = 0.0;
    let (mut weights, mut squares) = ([0.0; 2], [0.0; 2]);
    let (mut ranked, mut terms) = ([0.0; 2], [0.0; 2]);
    for [relative, relative_ln] in rows {
        let four = bits % RUNS.len();
        bits /= RUNS.len();
        let (mut running, mut ln, mut ranks) = (RUNS[four], RUNS[four], RANKS[four]);
        for lane in 0..LANES {
            running[lane] *= relative[lane];
        }
        for lane in 0..LANES {
            ln[lane] *= relative_ln[lane];
        }
        for rank in &mut ranks {
            *rank += units;
        }
        for lane in 0..LANES {
            ranks[lane] *= running[lane];
        }
        add(&mut weights, running);
        for part in &mut running {
            *part *= *part;
        }
        add(&mut squares, running);
        add(&mut ranked, ranks);
        add(&mut terms, ln);
        units += RANKS[four][LANES - 1];
    }
    *sums = [weights, squares, ranked, terms];
    units
}

/// Adds four lanes to two.
#[inline]
fn add(sums: &mut [f64; 2], lanes: [f64; LANES]) {
    for lane in 0..2 {
        sums[lane] += lanes[lane];
    }
    for lane in 0..2 {
        sums[lane] += lanes[lane + 2];
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
    use crate::testing::{Normals, close};
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

    /// Compares with sums over some fleets one after the other.
    fn compare(by_size: &mut BySize, parts: &[f64]) {
        let mut expected = Sums::default();
        let mut ends = vec![0.0];
        for part in parts {
            expected.units += 1.0;
            expected.weight += part;
            expected.squares += part * part;
            expected.ranked += expected.units * part;
            expected.ln += part * libm::log(*part);
            ends.push(expected.weight);
        }
        let found = by_size.sums();
        assert_eq!(found.units, expected.units);
        let (total, ranked) = (expected.weight, expected.ranked);
        close(found.weight, total, 1e-14 * total);
        close(found.squares, expected.squares, 1e-14 * total);
        close(found.ranked, ranked, 1e-14 * ranked);
        close(found.ln, expected.ln, 1e-13 * total);
        for (rank, counts) in (1..).zip(ends.windows(2)) {
            // Half-way through each.
            let [passing] = by_size.passing([0.5 * (counts[0] + counts[1])]);
            assert_eq!(passing, rank);
        }
        assert_eq!(by_size.passing([2.0 * total]), [parts.len() as u32]);
        let counts = [1, 3, 10, 40];
        for (weight, count) in by_size.weights_of(counts).into_iter().zip(counts) {
            let expected = ends[parts.len().min(count as usize)];
            close(weight, expected, 1e-14 * expected);
        }
        // What has come and gone leaves no trace, not in the last digit.
        let mut anew = by_size.clone();
        for (stretch, runs) in anew.stretches.iter_mut().zip(&anew.runs) {
            stretch.of = !runs;
        }
        assert_eq!(anew.sums(), found);
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
            let park = fleets.fixed.as_mut().unwrap();
            compare(park.running_by_size().unwrap(), &expected);
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
