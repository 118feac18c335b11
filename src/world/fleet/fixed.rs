//! A park that never changes and whose fleets run as a whole or not at all: only places change.
//!
//! A fleet runs iff it is at least as good as its region's threshold of the day, so what runs in a region is all that is in
//! place there up to a rank in the order of efficiency. Sums by region over blocks of ranks, in a tree of partial sums, give
//! it without a visit of every fleet, and a fleet that moves changes two of them. Sums are in whole quanta, so nothing drifts.

use crate::order::in_total_order;

use super::quantum::Quantum;

/// Ranks in a block, at which a tree of sums ends and fleets are looked at one by one.
const BLOCK: usize = 8;

/// Fleets in a row of [`BySize`], and rows in one of its blocks.
pub const LANES: usize = 4;
const ROWS: usize = 16;
/// Fleets in a block of [`BySize`].
pub const SIZE_BLOCK: usize = LANES * ROWS;

/// A park that never changes.
#[derive(Debug, Clone, Default)]
pub struct FixedPark {
    /// Regions, and one more for fleets that are nowhere.
    sites: usize,
    quantum: Quantum,
    /// Quantum of efficiency-weighted hash rate.
    watt_quantum: Quantum,
    /// By rank, best machines first.
    efficiency: Vec<f64>,
    hash: Vec<i64>,
    watts: Vec<i64>,
    site: Vec<u8>,
    /// By fleet.
    rank: Vec<u32>,
    /// Sums over blocks of ranks by site: a Fenwick tree, node by node.
    hash_tree: Vec<i64>,
    watt_tree: Vec<i64>,
    blocks: usize,
    /// All that is at a site.
    hash_at: Vec<i64>,
    /// Ranks that run by region, as last asked for, and their hash rate.
    running_ranks: Vec<usize>,
    running: Vec<i64>,
    /// Power of all machines, MW.
    pub power_mw: f64,
    /// The fleets in the order of their reviews.
    pub due: Due,
    /// The fleets in the order of size, if every firm has but one.
    pub by_size: Option<BySize>,
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

/// The fleets from the largest down.
///
/// In blocks of [`SIZE_BLOCK`], each of them in rows of [`LANES`]: fleet `lane * ROWS + row` of a block stands at
/// `row * LANES + lane`, so that a walk goes down four stretches of the order at a time, and needs no sum to be ready before
/// it starts on the next.
#[derive(Debug, Clone, Default)]
pub struct BySize {
    /// Hash rate over that of the largest fleet; 0 beyond the last.
    pub relative: Vec<f64>,
    /// That times its logarithm.
    pub relative_ln: Vec<f64>,
    /// J/TH.
    pub efficiency: Vec<f64>,
    /// Where it can run: its region, or one past the last.
    pub site: Vec<u8>,
    /// By fleet, where it stands in the above.
    place: Vec<u32>,
}

/// Fleets as they are when the start is closed.
pub struct Start<'a> {
    /// Regions.
    pub regions: usize,
    /// PH/s.
    pub hash_phs: &'a [f64],
    /// J/TH.
    pub efficiency: &'a [f64],
    /// Where each of them is.
    pub site: &'a [u16],
    /// Owner.
    pub firm: &'a [u32],
    /// Days between two reviews of a fleet.
    pub review_days: u32,
}

impl FixedPark {
    /// The park of a start.
    #[must_use]
    pub fn new(start: &Start<'_>) -> Self {
        let count = start.hash_phs.len();
        let efficiency = start.efficiency;
        // Fleet numbers fit: a scenario has at most 10 million firms and as many fleets again.
        let order = in_order(efficiency.iter().copied());
        let mut rank = vec![0; count];
        for (place, fleet) in order.iter().enumerate() {
            rank[*fleet as usize] = place as u32;
        }
        let by_rank = || order.iter().map(|fleet| *fleet as usize);
        let watts_of = |fleet: usize| start.hash_phs[fleet] * efficiency[fleet];
        let total: f64 = start.hash_phs.iter().sum();
        let watts: f64 = (0..count).map(watts_of).sum();
        let quantum = Quantum::for_total(total);
        let watt_quantum = Quantum::for_total(watts);
        let sites = start.regions + 1;
        let blocks = count.div_ceil(BLOCK);
        let mut park = Self {
            sites,
            quantum,
            watt_quantum,
            efficiency: by_rank().map(|f| efficiency[f]).collect(),
            hash: by_rank()
                .map(|f| quantum.count(start.hash_phs[f]))
                .collect(),
            watts: by_rank().map(|f| watt_quantum.count(watts_of(f))).collect(),
            // Fewer than 256 regions.
            site: by_rank().map(|f| start.site[f] as u8).collect(),
            rank,
            hash_tree: vec![0; blocks * sites],
            watt_tree: vec![0; blocks * sites],
            blocks,
            hash_at: vec![0; sites],
            running_ranks: vec![0; start.regions],
            running: vec![0; start.regions],
            power_mw: watts / 1000.0,
            due: Due::new(start),
            by_size: BySize::new(start),
        };
        park.plant();
        park
    }

    /// Fills the trees of sums from the fleets.
    fn plant(&mut self) {
        let sites = self.sites;
        for (rank, site) in self.site.iter().enumerate() {
            let at = rank / BLOCK * sites + usize::from(*site);
            self.hash_tree[at] += self.hash[rank];
            self.watt_tree[at] += self.watts[rank];
            self.hash_at[usize::from(*site)] += self.hash[rank];
        }
        for node in 1..=self.blocks {
            let parent = node + lowest_bit(node);
            if parent <= self.blocks {
                for site in 0..sites {
                    let (from, to) = ((node - 1) * sites + site, (parent - 1) * sites + site);
                    self.hash_tree[to] += self.hash_tree[from];
                    self.watt_tree[to] += self.watt_tree[from];
                }
            }
        }
    }

    /// Puts a fleet at another site.
    pub fn place(&mut self, fleet: usize, site: u16) {
        let rank = self.rank[fleet] as usize;
        let (hash, watts) = (self.hash[rank], self.watts[rank]);
        let before = usize::from(self.site[rank]);
        let after = usize::from(site);
        // Fewer than 256 regions.
        self.site[rank] = site as u8;
        self.hash_at[before] -= hash;
        self.hash_at[after] += hash;
        let mut node = rank / BLOCK + 1;
        while node <= self.blocks {
            let first = (node - 1) * self.sites;
            self.hash_tree[first + before] -= hash;
            self.hash_tree[first + after] += hash;
            self.watt_tree[first + before] -= watts;
            self.watt_tree[first + after] += watts;
            node += lowest_bit(node);
        }
        self.due.place(fleet, site as u8);
        if let Some(by_size) = &mut self.by_size {
            by_size.site[by_size.place[fleet] as usize] = site as u8;
        }
    }

    /// Hash rate that runs in each region, PH/s: machines in place that are at least as good as its threshold, J/TH.
    pub fn run(&mut self, worst_running: &[f64], running: &mut [f64]) {
        for (r, (threshold, running)) in worst_running.iter().zip(running).enumerate() {
            let ranks = self.efficiency.partition_point(|e| e <= threshold);
            self.running_ranks[r] = ranks;
            self.running[r] = self.sum(&self.hash_tree, &self.hash, r, ranks);
            *running = self.quantum.amount(self.running[r]);
        }
    }

    /// Power of the machines that ran in a region when last asked, MW.
    #[must_use]
    pub fn running_mw(&self, region: usize) -> f64 {
        let ranks = self.running_ranks[region];
        let watts = self.sum(&self.watt_tree, &self.watts, region, ranks);
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
                let with_next = reached + self.hash_tree[(next - 1) * self.sites + region];
                if with_next < target {
                    (node, reached) = (next, with_next);
                }
            }
            step /= 2;
        }
        let first = node * BLOCK;
        let mut last = None;
        for rank in first..(first + BLOCK).min(self.hash.len()) {
            if usize::from(self.site[rank]) == region {
                reached += self.hash[rank];
                last = Some(self.efficiency[rank]);
                if reached >= target {
                    break;
                }
            }
        }
        last
    }

    /// Sum of what is at a site over the first `ranks` ranks.
    fn sum(&self, tree: &[i64], of_rank: &[i64], site: usize, ranks: usize) -> i64 {
        let mut node = ranks / BLOCK;
        let first = node * BLOCK;
        let mut sum = 0;
        while node > 0 {
            sum += tree[(node - 1) * self.sites + site];
            node -= lowest_bit(node);
        }
        // Fewer than 256 regions.
        let site = site as u8;
        for (at, amount) in self.site[first..ranks].iter().zip(&of_rank[first..ranks]) {
            sum += if *at == site { *amount } else { 0 };
        }
        sum
    }
}

/// The step from a node of a Fenwick tree to the next.
fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

impl Due {
    fn new(start: &Start<'_>) -> Self {
        let count = start.hash_phs.len();
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
                let efficiency = start.efficiency[fleet];
                due.inverse_efficiency.push(1.0 / efficiency);
                due.power_mw.push(crate::units::machine_power(
                    start.hash_phs[fleet],
                    efficiency,
                ));
                due.site.push(start.site[fleet] as u8);
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

impl BySize {
    fn new(start: &Start<'_>) -> Option<Self> {
        let count = start.hash_phs.len();
        let firms = start.firm.iter().max().map_or(0, |firm| *firm as usize + 1);
        let mut seen = vec![false; firms];
        for firm in start.firm {
            if std::mem::replace(&mut seen[*firm as usize], true) {
                return None;
            }
        }
        let hash = start.hash_phs;
        let order = in_order(hash.iter().map(|hash| -hash));
        let largest = order.first().map_or(0.0, |fleet| hash[*fleet as usize]);
        if largest <= 0.0 {
            return None;
        }
        let slots = count.next_multiple_of(SIZE_BLOCK);
        let mut by_size = Self {
            relative: vec![0.0; slots],
            relative_ln: vec![0.0; slots],
            efficiency: vec![f64::INFINITY; slots],
            site: vec![start.regions as u8; slots],
            place: vec![0; count],
        };
        for (number, fleet) in order.iter().enumerate() {
            let fleet = *fleet as usize;
            let at = slot_of(number);
            let relative = hash[fleet] / largest;
            by_size.relative[at] = relative;
            by_size.relative_ln[at] = if relative > 0.0 {
                relative * libm::log(relative)
            } else {
                0.0
            };
            // Who has no machines never runs: no threshold is as good as what is no number.
            by_size.efficiency[at] = if relative > 0.0 {
                start.efficiency[fleet]
            } else {
                f64::NAN
            };
            by_size.site[at] = start.site[fleet] as u8;
            by_size.place[fleet] = at as u32;
        }
        Some(by_size)
    }
}

/// Fleet numbers in ascending order of a quantity; equal ones in their own order.
fn in_order(quantity: impl Iterator<Item = f64>) -> Vec<u32> {
    let mut keyed: Vec<u128> = quantity
        .zip(0_u32..)
        .map(|(quantity, fleet)| u128::from(in_total_order(quantity)) << 32 | u128::from(fleet))
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|keyed| keyed as u32).collect()
}

/// Where the fleet of a number in the order of size stands.
fn slot_of(number: usize) -> usize {
    let in_block = number % SIZE_BLOCK;
    let (lane, row) = (in_block / ROWS, in_block % ROWS);
    number - in_block + row * LANES + lane
}

/// Where the fleets of a stretch stand, the stretches of all blocks being numbered from the largest fleets down.
pub fn stretch_slots(number: usize) -> impl Iterator<Item = usize> {
    let first = number / LANES * SIZE_BLOCK + number % LANES;
    (first..first + SIZE_BLOCK).step_by(LANES)
}
