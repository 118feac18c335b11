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
#[derive(Debug, Clone, Copy, Default)]
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
    pub fn new(
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
    pub fn place(&mut self, at: u32, rank: usize, sites: [usize; 2]) {
        let [ran, runs] = sites.map(|site| rank < self.ranks[site]);
        turn(&mut self.runs, at, ran != runs);
    }

    /// Lets run what is at each site up to its number of ranks.
    pub fn run(&mut self, running_ranks: &[usize], site_of_rank: &[u8]) {
        // Fewer than 256 regions.
        for (site, (before, ranks)) in (0_u8..).zip(self.ranks.iter_mut().zip(running_ranks)) {
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
