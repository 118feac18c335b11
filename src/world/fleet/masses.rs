//! What runs of a changing park by region: machines on a lattice of keys.
//!
//! A part of a fleet runs that is a smooth function of its key alone, given the threshold of its region on a day. So a fleet
//! need not be asked every day. Its machines stand on the four nodes of a lattice that are next to its key, with the weights
//! of cubic interpolation, and a day adds up nodes instead of fleets. Only a fleet that has changed is taken off the lattice
//! and put on it again. The nodes hold whole quanta, so that nothing is left of what has gone.

use std::sync::LazyLock;

use crate::random::standard_normal_cdf;
use crate::world::running::RunningLaw;

use super::quantum::{Quantum, nearest, whole_of};
use super::{Fleet, Life};

/// Nodes in one standard deviation of what differs inside a fleet and a day: what runs of a fleet is within 1e-6.
const PER_SD: f64 = 12.0;
/// Nodes beyond which all runs, or nothing: five standard deviations and a third.
const REACH: usize = 64;
/// Nodes of which a part runs: those in reach on either side, and the one in the middle.
const WINDOW: usize = 2 * REACH + 1;
/// Smallest standard deviation for which a lattice is not too fine.
const LEAST_SD: f64 = 0.02;
/// Nodes by which a lattice grows at an end.
const MORE_NODES: usize = 16;
/// Growth of all machines for which a quantum is good: it is then 1e-14 of them.
const GROWTH: f64 = 8.0;

/// The machines of a changing park on the lattices of their regions.
#[derive(Debug, Clone, Default)]
pub struct Masses {
    regions: Vec<Lattice>,
    quanta: Quanta,
    /// By fleet, what of it is on a lattice.
    entered: Vec<Entered>,
    /// Fleets that have changed since.
    changed: Vec<u32>,
    /// Hash rate and power on all lattices.
    held: [f64; 2],
}

/// The quanta of hash rate, PH/s, and of power, kW; and the most that they are good for.
#[derive(Debug, Clone, Copy, Default)]
struct Quanta {
    of: [Quantum; 2],
    most: [f64; 2],
}

/// A fleet as it stands on a lattice.
#[derive(Debug, Clone, Copy)]
struct Entered {
    site: u16,
    /// Whether the fleet is among those that have changed since.
    is_stale: bool,
    ln_key: f64,
    /// Hash rate, PH/s, and that times efficiency.
    amounts: [f64; 2],
}

/// On no lattice.
const OUTSIDE: Entered = Entered {
    site: u16::MAX,
    is_stale: false,
    ln_key: 0.0,
    amounts: [0.0; 2],
};

/// The fleets of a park as they are.
#[derive(Clone, Copy)]
pub struct Park<'a> {
    /// Where they can run, and their machines.
    pub fleets: &'a [Fleet],
    /// Their keys.
    pub lives: &'a [Life],
}

impl Masses {
    /// Lattices for regions with these laws; `None` where a law is so sharp that its lattice would be too fine.
    pub fn new(laws: &[RunningLaw]) -> Option<Self> {
        laws.iter().all(|law| law.sd() >= LEAST_SD).then(|| Self {
            regions: laws.iter().map(Lattice::new).collect(),
            ..Self::default()
        })
    }

    /// Is told that a fleet has changed, or is new.
    #[inline]
    pub fn mark(&mut self, fleet: usize) {
        match self.entered.get_mut(fleet) {
            Some(entered) if entered.is_stale => (),
            Some(entered) => {
                entered.is_stale = true;
                self.changed.push(fleet as u32);
            }
            None => self.welcome(fleet),
        }
    }

    /// Makes room for a fleet that is new.
    #[cold]
    fn welcome(&mut self, fleet: usize) {
        self.entered.resize(fleet + 1, OUTSIDE);
        self.mark(fleet);
    }

    /// Puts what has changed in its place.
    pub fn take_in(&mut self, park: &Park<'_>) {
        let mut changed = std::mem::take(&mut self.changed);
        for fleet in &changed {
            let fleet = *fleet as usize;
            let now = self.now(park, fleet);
            let before = std::mem::replace(&mut self.entered[fleet], now);
            let ([hash, watts], [most_hash, most_watts]) = (now.amounts, self.quanta.most);
            if self.held[0] + hash <= most_hash && self.held[1] + watts <= most_watts {
                self.replace(before, now);
            } else {
                self.outgrow(before, now, park);
            }
        }
        changed.clear();
        self.changed = changed;
    }

    /// Begins anew for a fleet that is too much for the quanta; one that is as it was has been counted among all and is not.
    #[cold]
    fn outgrow(&mut self, before: Entered, now: Entered, park: &Park<'_>) {
        let stands = (before.site, before.ln_key, before.amounts);
        if stands != (now.site, now.ln_key, now.amounts) {
            self.begin_anew(park);
        }
    }

    /// With quanta for what there is now, everything from the start.
    fn begin_anew(&mut self, park: &Park<'_>) {
        let mut totals = [0.0; 2];
        for fleet in 0..self.entered.len() {
            self.entered[fleet] = self.now(park, fleet);
            for (total, amount) in totals.iter_mut().zip(self.entered[fleet].amounts) {
                *total += amount;
            }
        }
        let most = totals.map(|total| total * GROWTH);
        self.quanta = Quanta {
            of: most.map(Quantum::for_small_total),
            most,
        };
        self.held = [0.0; 2];
        for lattice in &mut self.regions {
            lattice.clear();
        }
        for fleet in 0..self.entered.len() {
            self.replace(OUTSIDE, self.entered[fleet]);
        }
    }

    /// What of a fleet belongs on a lattice.
    #[inline]
    fn now(&self, park: &Park<'_>, fleet: usize) -> Entered {
        let (fleet, life) = (&park.fleets[fleet], &park.lives[fleet]);
        let hash = fleet.hash_phs;
        if usize::from(fleet.site) >= self.regions.len() || hash <= 0.0 {
            return OUTSIDE;
        }
        Entered {
            site: fleet.site,
            is_stale: false,
            ln_key: life.ln_key,
            amounts: [hash, hash * fleet.efficiency],
        }
    }

    /// Takes a fleet off its lattice, and puts it on as it is now.
    #[inline]
    fn replace(&mut self, before: Entered, now: Entered) {
        self.held[0] += now.amounts[0] - before.amounts[0];
        self.held[1] += now.amounts[1] - before.amounts[1];
        let of =
            |amounts: [f64; 2]| [0, 1].map(|column| self.quanta.of[column].quanta(amounts[column]));
        let (off, on) = (of(before.amounts), of(now.amounts));
        if before.site == now.site && before.ln_key == now.ln_key {
            if let Some(lattice) = self.regions.get_mut(usize::from(now.site)) {
                lattice.put(now.ln_key, |column, weight| {
                    nearest(on[column] * weight) - nearest(off[column] * weight)
                });
            }
            return;
        }
        if let Some(lattice) = self.regions.get_mut(usize::from(before.site)) {
            lattice.put(before.ln_key, |column, weight| {
                -nearest(off[column] * weight)
            });
        }
        if let Some(lattice) = self.regions.get_mut(usize::from(now.site)) {
            lattice.put(now.ln_key, |column, weight| nearest(on[column] * weight));
        }
    }

    /// What runs by region under logs of thresholds: hash rate, PH/s, and power, MW.
    pub fn run(&self, ln_worst: &[f64], hash: &mut [f64], megawatts: &mut [f64]) {
        let results = hash.iter_mut().zip(megawatts);
        for ((lattice, ln_worst), (hash, megawatts)) in
            self.regions.iter().zip(ln_worst).zip(results)
        {
            let [running, watts] = lattice.below(*ln_worst);
            let [hash_quantum, watt_quantum] = self.quanta.of;
            *hash = hash_quantum.amount_of_whole(running);
            *megawatts = watt_quantum.amount_of_whole(watts) / 1000.0;
        }
    }
}

/// Machines of a region by log of key.
#[derive(Debug, Clone)]
struct Lattice {
    shares: &'static [[f64; WINDOW]; 4],
    half_variance: f64,
    per_key: f64,
    /// Number of the first node.
    first: i64,
    /// Hash rate and power at every node, in whole quanta, and of all nodes.
    quanta: [Vec<f64>; 2],
    all: [f64; 2],
}

impl Lattice {
    fn new(law: &RunningLaw) -> Self {
        Self {
            shares: &SHARES,
            half_variance: law.half_variance(),
            per_key: PER_SD / law.sd(),
            first: 0,
            quanta: Default::default(),
            all: [0.0; 2],
        }
    }

    fn clear(&mut self) {
        for column in &mut self.quanta {
            column.fill(0.0);
        }
        self.all = [0.0; 2];
    }

    /// Puts more on the nodes around a key, or less: whole quanta that depend on the column and on the node's weight. A quantum is a
    /// power of two: times a weight, quanta are rounded as amounts are.
    fn put(&mut self, ln_key: f64, rise: impl Fn(usize, f64) -> f64) {
        let position = ln_key * self.per_key;
        let (below, f) = whole_and_part(position);
        let at = self.index_of(below - 1);
        // Lagrange's weights for nodes at -1, 0, 1 and 2.
        let (inner, outer) = (0.5 * (f + 1.0) * (f - 2.0), f * (f - 1.0) / 6.0);
        let weights = [
            -outer * (f - 2.0),
            inner * (f - 1.0),
            -inner * f,
            outer * (f + 1.0),
        ];
        for (column, nodes) in self.quanta.iter_mut().enumerate() {
            let Some(nodes) = nodes[at..].first_chunk_mut::<4>() else {
                return;
            };
            let rises = weights.map(|weight| rise(column, weight));
            for node in 0..4 {
                nodes[node] += rises[node];
            }
            self.all[column] += (rises[0] + rises[1]) + (rises[2] + rises[3]);
        }
    }

    /// Index of a node that is there, with three behind it.
    #[inline]
    fn index_of(&mut self, node: i64) -> usize {
        let nodes = self.quanta[0].len() as i64;
        let index = node - self.first;
        if index < 0 || index + 4 > nodes {
            self.reach(node);
        }
        (node - self.first) as usize
    }

    /// Grows to have a node, with three behind it.
    #[cold]
    fn reach(&mut self, node: i64) {
        let nodes = self.quanta[0].len() as i64;
        if nodes == 0 {
            self.first = node - MORE_NODES as i64;
            self.grow(0, 2 * MORE_NODES);
        } else if node < self.first {
            let more = (self.first - node) as usize + MORE_NODES;
            self.grow(more, 0);
            self.first -= more as i64;
        } else {
            self.grow(0, (node + 4 - self.first - nodes) as usize + MORE_NODES);
        }
    }

    fn grow(&mut self, before: usize, after: usize) {
        for column in &mut self.quanta {
            column.splice(0..0, std::iter::repeat_n(0.0, before));
            column.resize(column.len() + after, 0.0);
        }
    }

    /// What runs under the log of a threshold, in quanta.
    fn below(&self, ln_worst: f64) -> [f64; 2] {
        let position = (ln_worst + self.half_variance) * self.per_key;
        let nodes = self.quanta[0].len();
        // Beyond all nodes on either side is as far as anything is.
        let far = (nodes + 2 * REACH) as f64;
        let from_first = (position - self.first as f64).max(-far).min(far);
        let (node, t) = whole_and_part(from_first);
        let within = |index: i64| index.clamp(0, nodes as i64) as usize;
        let whole = within(node - REACH as i64);
        let end = within(node + REACH as i64 + 1);
        // Where a threshold is beyond all nodes, there are none in reach.
        let lowest = if whole < end {
            (whole as i64 - node + REACH as i64) as usize
        } else {
            0
        };
        let window = lowest..lowest + (end - whole);
        let basis = [
            1.0 - t * t * (3.0 - 2.0 * t),
            t * (1.0 - t) * (1.0 - t),
            t * t * (3.0 - 2.0 * t),
            -t * t * (1.0 - t),
        ];
        let [values, slopes, next_values, next_slopes] = self.shares;
        let curves = [
            &values[window.clone()],
            &slopes[window.clone()],
            &next_values[window.clone()],
            &next_slopes[window],
        ];
        let [hash, watts] = &self.quanta;
        let within_reach = [&hash[whole..end], &watts[whole..end]];
        let mut sums = sums_of_shares(curves, basis, within_reach);
        for ((sum, column), all) in sums.iter_mut().zip(&self.quanta).zip(self.all) {
            // A node may hold less than nothing, and a cubic go beyond its ends; what runs is part of what there is.
            *sum = (*sum + sum_of_whole(&column[..whole])).max(0.0).min(all);
        }
        sums
    }
}

/// The whole number at or below one of either sign below 2^51, and what the number is above it.
#[inline]
fn whole_and_part(number: f64) -> (i64, f64) {
    let near = nearest(number);
    let whole = near - if near > number { 1.0 } else { 0.0 };
    (whole_of(whole), number - whole)
}

/// Nodes that are added up side by side.
const LANES: usize = 4;

/// Sums of two columns with shares as weights, in four lanes each; a share is a combination of curves at its node.
fn sums_of_shares(curves: [&[f64]; 4], basis: [f64; 4], columns: [&[f64]; 2]) -> [f64; 2] {
    let mut lanes = [[0.0; LANES]; 2];
    add_rows(&mut lanes, curves.map(in_rows), basis, columns.map(in_rows));
    let mut sums = lanes.map(|lanes| lanes.iter().sum::<f64>());
    let nodes = columns[0].len();
    for node in nodes - nodes % LANES..nodes {
        let [values, slopes, next_values, next_slopes] = curves.map(|curve| curve[node]);
        let share =
            basis[0] * values + basis[1] * slopes + basis[2] * next_values + basis[3] * next_slopes;
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum += share * column[node];
        }
    }
    sums
}

/// The same for whole rows. One thing is done at a time to all lanes, so that a compiler takes two of them at once.
#[inline(never)]
fn add_rows(
    sums: &mut [[f64; LANES]; 2],
    curves: [&[[f64; LANES]]; 4],
    basis: [f64; 4],
    columns: [&[[f64; LANES]]; 2],
) {
    let rows = columns[0].len();
    let [values, slopes, next_values, next_slopes] = curves.map(|curve| &curve[..rows]);
    let [first, second] = columns.map(|column| &column[..rows]);
    let mut lanes = *sums;
    for row in 0..rows {
        let mut shares = values[row].map(|value| basis[0] * value);
        for lane in 0..LANES {
            shares[lane] += basis[1] * slopes[row][lane];
        }
        for lane in 0..LANES {
            shares[lane] += basis[2] * next_values[row][lane];
        }
        for lane in 0..LANES {
            shares[lane] += basis[3] * next_slopes[row][lane];
        }
        let (mut of_first, mut of_second) = (shares, shares);
        for lane in 0..LANES {
            of_first[lane] *= first[row][lane];
        }
        for lane in 0..LANES {
            lanes[0][lane] += of_first[lane];
        }
        for lane in 0..LANES {
            of_second[lane] *= second[row][lane];
        }
        for lane in 0..LANES {
            lanes[1][lane] += of_second[lane];
        }
    }
    *sums = lanes;
}

/// Numbers in rows of [`LANES`]; what is left of them at the end is left out.
fn in_rows(numbers: &[f64]) -> &[[f64; LANES]] {
    numbers.as_chunks().0
}

/// The sum of whole numbers, which is the same in any order.
fn sum_of_whole(numbers: &[f64]) -> f64 {
    let (rows, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for row in rows {
        for lane in 0..LANES {
            sums[lane] += row[lane];
        }
    }
    sums.iter().chain(rest).sum()
}

/// What runs at a node as its distance from the threshold goes from `REACH` below to as much above, and how it changes: at the
/// threshold's lower neighbour and at its upper one. Between these a cubic has their values and slopes.
static SHARES: LazyLock<[[f64; WINDOW]; 4]> = LazyLock::new(|| {
    let at = |above: f64, slope: bool| {
        let z = -above / PER_SD;
        if slope {
            let density = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
            density / PER_SD
        } else {
            standard_normal_cdf(z)
        }
    };
    let column = |lower: f64, slope: bool| {
        std::array::from_fn(|index| at(index as f64 - REACH as f64 - lower, slope))
    };
    [
        column(0.0, false),
        column(0.0, true),
        column(1.0, false),
        column(1.0, true),
    ]
});

#[cfg(test)]
mod tests {
    use super::super::idle::Count;
    use super::*;
    use crate::scenario::parse_scenario;
    use crate::testing::Normals;

    fn laws() -> Vec<RunningLaw> {
        let changes = [
            "hardware.efficiency_spread=0.15".to_owned(),
            "regions.us.power.intraday_sd=0.3".to_owned(),
        ];
        let text = include_str!("../../../scenarios/core.toml");
        let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
        RunningLaw::of_regions(&scenario)
    }

    /// Fleets that come, change, move and go, and what runs of them by a visit of each.
    #[test]
    fn lattices_agree_with_a_visit_of_every_fleet_and_are_empty_when_all_have_gone() {
        let laws = laws();
        let mut masses = Masses::new(&laws).unwrap();
        let mut draws = Normals(5);
        let fleets = 300;
        let mut lives: Vec<Life> = (0..fleets)
            .map(|_| Life::new(1.0, 3.0 + 0.4 * draws.sample(), Count::default()))
            .collect();
        let mut machines: Vec<Fleet> = (0..fleets)
            .map(|fleet| Fleet::in_place(0, fleet % 4, 50.0 * draws.uniform(), 20.0))
            .collect();
        let (mut running, mut megawatts) = ([0.0; 3], [0.0; 3]);
        for fleet in 0..fleets {
            masses.mark(fleet.into());
        }
        for day in 0..400 {
            let fleet = (draws.uniform() * f64::from(fleets)) as usize;
            machines[fleet].site = (machines[fleet].site + 1) % 4;
            lives[fleet].ln_key += 0.1 * draws.sample();
            // Machines grow by eight orders of magnitude.
            machines[fleet].hash_phs *= if day % 100 == 50 { 1e2 } else { 1.01 };
            masses.mark(fleet);
            let ln_worst = [2.0, 3.0, 4.0].map(|middle| middle + draws.sample());
            masses.take_in(&Park {
                fleets: &machines,
                lives: &lives,
            });
            masses.run(&ln_worst, &mut running, &mut megawatts);
            for r in 0..3 {
                let all_of_them = machines.iter().zip(&lives);
                let here = all_of_them.filter(|(fleet, _)| usize::from(fleet.site) == r);
                let (mut visited, mut all) = (0.0, 0.0);
                for (fleet, life) in here {
                    visited += fleet.hash_phs * laws[r].share(ln_worst[r] - life.ln_key);
                    all += fleet.hash_phs;
                }
                assert!(running[r] <= all * (1.0 + 1e-12), "day {day}, {r}");
                assert!((running[r] - visited).abs() <= 1e-6 * all, "day {day}, {r}");
                assert!((megawatts[r] - 0.02 * running[r]).abs() <= 1e-12 * all);
            }
        }
        for fleet in &mut machines {
            fleet.site = 3;
        }
        for fleet in 0..fleets.into() {
            masses.mark(fleet);
        }
        masses.take_in(&Park {
            fleets: &machines,
            lives: &lives,
        });
        masses.run(&[f64::INFINITY; 3], &mut running, &mut megawatts);
        assert_eq!((running, megawatts), ([0.0; 3], [0.0; 3]));
    }

    #[test]
    fn a_fleet_that_is_marked_and_as_it_was_changes_no_quantum() {
        let mut masses = Masses::new(&laws()).unwrap();
        let mut machines = [
            Fleet::in_place(0, 1, 100.0, 20.0),
            Fleet::in_place(0, 1, 1.0, 20.0),
        ];
        let lives = [Life::new(1.0, 3.0, Count::default()); 2];
        let take_in = |masses: &mut Masses, marked: usize, machines: &[Fleet]| {
            masses.mark(marked);
            masses.take_in(&Park {
                fleets: machines,
                lives: &lives,
            });
            masses.quanta.most
        };
        let first = take_in(&mut masses, 0, &machines);
        // As many as the quantum is good for, so that twice the first fleet would be too many.
        machines[1].hash_phs = (GROWTH - 1.5) * 100.0;
        assert_eq!(take_in(&mut masses, 1, &machines), first);
        assert_eq!(take_in(&mut masses, 0, &machines), first);
        machines[0].hash_phs = 300.0;
        assert_ne!(take_in(&mut masses, 0, &machines), first);
    }

    #[test]
    fn all_runs_where_power_is_free_and_nothing_where_all_is_taken() {
        let mut masses = Masses::new(&laws()).unwrap();
        masses.mark(0);
        masses.take_in(&Park {
            fleets: &[Fleet::in_place(0, 1, 7.0, 20.0)],
            lives: &[Life::new(1.0, 3.0, Count::default())],
        });
        let (mut running, mut megawatts) = ([0.0; 3], [0.0; 3]);
        masses.run(&[f64::INFINITY; 3], &mut running, &mut megawatts);
        assert!((running[1] - 7.0).abs() < 1e-12);
        masses.run(&[f64::NEG_INFINITY; 3], &mut running, &mut megawatts);
        assert_eq!(running, [0.0; 3]);
    }
}
