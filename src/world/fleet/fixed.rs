//! A park that never changes and whose fleets run as a whole or not at all: only places change.
//!
//! A fleet runs iff it is at least as good as its region's threshold of the day, so what runs in a region is all that is in
//! place there up to a rank in the order of efficiency. Sums by region over blocks of ranks, in a tree of partial sums, give
//! it without a visit of every fleet, and a fleet that moves changes two of them. Sums are in whole quanta, so nothing drifts.

use crate::order::{Sorter, in_total_order};

use super::Fleet;
use super::by_size::BySize;
use super::quantum::Quantum;
use super::shelves::Shelves;

/// Ranks in a block, at which a tree of sums ends and fleets are looked at one by one.
const BLOCK: usize = 8;

/// What a move of a fleet asks for, in one place of memory.
#[derive(Debug, Clone, Copy, Default)]
struct Placed {
    rank: u32,
    /// Where it stands in the order of size, if there is one.
    by_size: u32,
    machines: Machines,
}

/// Hash rate, and efficiency-weighted hash rate, in whole quanta: side by side, for who needs one needs the other soon.
type Machines = [i64; 2];
const HASH: usize = 0;
const WATTS: usize = 1;

/// A park that never changes.
#[derive(Debug, Clone, Default)]
pub struct FixedPark {
    regions: usize,
    quantum: Quantum,
    /// Quantum of efficiency-weighted hash rate.
    watt_quantum: Quantum,
    /// By rank, best machines first.
    efficiency: Vec<f64>,
    machines: Vec<Machines>,
    site: Vec<u8>,
    shelves: Shelves,
    by_fleet: Vec<Placed>,
    /// Sums over blocks of ranks by region: a Fenwick tree, node by node, after a first one of nothing.
    tree: Vec<Machines>,
    blocks: usize,
    /// All that is in a region; the last is all that is in none.
    hash_at: Vec<i64>,
    /// Ranks that run by region, as last asked for, and their hash rate.
    running_ranks: Vec<usize>,
    running: Vec<i64>,
    /// Power of all machines, MW.
    pub power_mw: f64,
    /// The fleets in the order of their reviews.
    pub due: Due,
    /// The fleets in the order of size, if every firm has but one.
    by_size: Option<BySize>,
}

/// What a review of every fleet starts from, those of one day side by side.
#[derive(Debug, Clone, Default)]
pub struct Due {
    every: usize,
    count: usize,
    /// One over efficiency, TH/J.
    pub inverse_efficiency: Vec<f64>,
    /// MW.
    pub power_mw: Vec<f64>,
    /// Where it can run: its region, or one past the last.
    pub site: Vec<u8>,
}

/// Fleets as they are when the start is closed.
pub struct Start<'a> {
    /// Regions.
    pub regions: usize,
    /// All of them.
    pub fleets: &'a [Fleet],
    /// Days between two reviews of a fleet.
    pub review_days: u32,
}

impl FixedPark {
    /// The park of a start.
    #[must_use]
    pub fn new(start: &Start<'_>) -> Self {
        let count = start.fleets.len();
        // Fleet numbers fit: a scenario has at most 10 million firms and as many fleets again.
        let order = in_order(start.fleets.iter().map(|fleet| fleet.efficiency));
        let by_rank = || order.iter().map(|fleet| *fleet as usize);
        let watts_of = |fleet: usize| start.fleets[fleet].hash_phs * start.fleets[fleet].efficiency;
        let total: f64 = start.fleets.iter().map(|fleet| fleet.hash_phs).sum();
        let watts: f64 = (0..count).map(watts_of).sum();
        let quantum = Quantum::for_total(total);
        let watt_quantum = Quantum::for_total(watts);
        let regions = start.regions;
        let blocks = count.div_ceil(BLOCK);
        let machines_of = |fleet: usize| {
            let hash = quantum.count(start.fleets[fleet].hash_phs);
            [hash, watt_quantum.count(watts_of(fleet))]
        };
        let mut park = Self {
            regions,
            quantum,
            watt_quantum,
            efficiency: by_rank().map(|f| start.fleets[f].efficiency).collect(),
            machines: by_rank().map(machines_of).collect(),
            // Fewer than 256 regions.
            site: by_rank().map(|f| start.fleets[f].site as u8).collect(),
            tree: vec![[0; 2]; (blocks + 1) * regions],
            blocks,
            hash_at: vec![0; regions + 1],
            running_ranks: vec![0; regions],
            running: vec![0; regions],
            shelves: Shelves::default(),
            by_fleet: vec![Placed::default(); count],
            power_mw: watts / 1000.0,
            due: Due::new(start),
            by_size: None,
        };
        for (rank, fleet) in order.iter().enumerate() {
            let placed = &mut park.by_fleet[*fleet as usize];
            placed.rank = rank as u32;
            placed.machines = park.machines[rank];
        }
        park.by_size = BySize::new(start, &order, |fleet, at| park.by_fleet[fleet].by_size = at);
        park.shelves = Shelves::of(&park.efficiency);
        park.plant();
        park
    }

    /// Fills the tree of sums from the fleets.
    fn plant(&mut self) {
        let regions = self.regions;
        for rank in 0..self.efficiency.len() {
            let (site, machines) = (usize::from(self.site[rank]), self.machines[rank]);
            self.hash_at[site] += machines[HASH];
            if site < regions {
                add(
                    &mut self.tree[(rank / BLOCK + 1) * regions + site],
                    machines,
                );
            }
        }
        for node in 1..=self.blocks {
            let parent = node + lowest_bit(node);
            if parent <= self.blocks {
                for region in 0..regions {
                    let sum = self.tree[node * regions + region];
                    add(&mut self.tree[parent * regions + region], sum);
                }
            }
        }
    }

    /// Puts a fleet at another site.
    pub fn place(&mut self, fleet: usize, site: u16) {
        let placed = self.by_fleet[fleet];
        let (rank, machines) = (placed.rank as usize, placed.machines);
        let before = usize::from(self.site[rank]);
        // Fewer than 256 regions.
        self.site[rank] = site as u8;
        self.add_to(before, rank, machines.map(|amount| -amount));
        self.add_to(usize::from(site), rank, machines);
        self.due.place(fleet, site as u8);
        if let Some(by_size) = &mut self.by_size {
            by_size.place(placed.by_size, rank, [before, usize::from(site)]);
        }
    }

    /// Adds machines of a rank to what is at a site.
    fn add_to(&mut self, site: usize, rank: usize, machines: Machines) {
        self.hash_at[site] += machines[HASH];
        // Nobody asks up to which rank machines are nowhere.
        if site == self.regions {
            return;
        }
        let mut node = rank / BLOCK + 1;
        while node <= self.blocks {
            add(&mut self.tree[node * self.regions + site], machines);
            node += lowest_bit(node);
        }
    }

    /// Hash rate that runs in each region, PH/s: machines in place that are at least as good as its threshold, J/TH.
    pub fn run(&mut self, worst_running: &[f64], running: &mut [f64]) {
        for (r, (threshold, running)) in worst_running.iter().zip(running).enumerate() {
            let ranks = self.shelves.up_to(&self.efficiency, *threshold);
            self.running_ranks[r] = ranks;
            self.running[r] = self.sum(HASH, r, ranks);
            *running = self.quantum.amount(self.running[r]);
        }
    }

    /// Whether every firm has but one fleet.
    #[must_use]
    pub fn has_a_firm_a_fleet(&self) -> bool {
        self.by_size.is_some()
    }

    /// The fleets in the order of size, those running that ran when last asked; `None` if a firm has more than one.
    pub fn running_by_size(&mut self) -> Option<&mut BySize> {
        let by_size = self.by_size.as_mut()?;
        by_size.run(&self.running_ranks, &self.site);
        Some(by_size)
    }

    /// Power of the machines that ran in a region when last asked, MW.
    #[must_use]
    pub fn running_mw(&self, region: usize) -> f64 {
        let ranks = self.running_ranks[region];
        let watts = self.sum(WATTS, region, ranks);
        self.watt_quantum.amount(watts) / 1000.0
    }

    /// Hash rate at a site, PH/s; at one past the last region, that in transit.
    #[must_use]
    pub fn hash_at(&self, site: usize) -> f64 {
        self.quantum.amount(self.hash_at[site])
    }

    /// Efficiency of the machine at which a part of a region's running hash rate is reached, best machines first, J/TH;
    /// `None` where nothing runs.
    #[must_use]
    pub fn efficiency_at(&self, region: usize, part: f64) -> Option<f64> {
        let whole = self.running[region];
        if whole <= 0 {
            return None;
        }
        let target = ((whole as f64 * part) as i64).clamp(1, whole);
        // Down the tree to the last block before the one in which the target is reached.
        let (mut node, mut reached) = (0, 0);
        let mut step = self.blocks.next_power_of_two();
        while step > 0 {
            let next = node + step;
            if next <= self.blocks {
                let with_next = reached + self.tree[next * self.regions + region][HASH];
                if with_next < target {
                    (node, reached) = (next, with_next);
                }
            }
            step /= 2;
        }
        let first = node * BLOCK;
        // Fewer than 256 regions.
        let site = region as u8;
        let mut last = None;
        for rank in first..(first + BLOCK).min(self.efficiency.len()) {
            if self.site[rank] == site {
                reached += self.machines[rank][HASH];
                last = Some(self.efficiency[rank]);
                if reached >= target {
                    break;
                }
            }
        }
        last
    }

    /// Sum of what is in a region over the first `ranks` ranks.
    fn sum(&self, what: usize, region: usize, ranks: usize) -> i64 {
        let mut node = ranks / BLOCK;
        let first = node * BLOCK;
        let mut sum = 0;
        while node > 0 {
            sum += self.tree[node * self.regions + region][what];
            node -= lowest_bit(node);
        }
        // Fewer than 256 regions.
        let site = region as u8;
        let last = self.site[first..ranks]
            .iter()
            .zip(&self.machines[first..ranks]);
        for (at, machines) in last {
            sum += if *at == site { machines[what] } else { 0 };
        }
        sum
    }
}

fn add(sum: &mut Machines, machines: Machines) {
    sum[HASH] += machines[HASH];
    sum[WATTS] += machines[WATTS];
}

/// The step from a node of a Fenwick tree to the next.
fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

impl Due {
    fn new(start: &Start<'_>) -> Self {
        let count = start.fleets.len();
        let every = start.review_days as usize;
        let mut due = Self {
            every,
            count,
            inverse_efficiency: Vec::with_capacity(count),
            power_mw: Vec::with_capacity(count),
            site: Vec::with_capacity(count),
        };
        for first in 0..every.min(count) {
            for fleet in (first..count).step_by(every) {
                let efficiency = start.fleets[fleet].efficiency;
                due.inverse_efficiency.push(1.0 / efficiency);
                due.power_mw.push(crate::units::machine_power(
                    start.fleets[fleet].hash_phs,
                    efficiency,
                ));
                due.site.push(start.fleets[fleet].site as u8);
            }
        }
        due
    }

    /// Where the fleets stand whose number leaves the remainder `first`, in their order.
    #[must_use]
    pub fn on(&self, first: usize) -> std::ops::Range<usize> {
        let begin = self.begin(first);
        begin..self.begin(first + 1).max(begin)
    }

    fn begin(&self, first: usize) -> usize {
        let (whole, rest) = (self.count / self.every, self.count % self.every);
        (first * whole + first.min(rest)).min(self.count)
    }

    fn place(&mut self, fleet: usize, site: u8) {
        let at = self.begin(fleet % self.every) + fleet / self.every;
        self.site[at] = site;
    }

    /// Most fleets that are due on a day.
    #[must_use]
    pub fn most(&self) -> usize {
        self.count.div_ceil(self.every)
    }
}

/// Fleet numbers in ascending order of a quantity; equal ones in their own order.
pub(super) fn in_order(quantity: impl Iterator<Item = f64>) -> Vec<u32> {
    let mut keyed: Vec<u128> = quantity
        .zip(0_u32..)
        .map(|(quantity, fleet)| u128::from(in_total_order(quantity)) << 32 | u128::from(fleet))
        .collect();
    // The quantity's digits are the leading 64.
    Sorter::default().sort_by_leading(&mut keyed, |keyed| (keyed >> 32) as u64);
    keyed.into_iter().map(|keyed| keyed as u32).collect()
}
