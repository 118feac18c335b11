//! Fleets: one firm's machines at one place, in flat arrays.
//!
//! A machine runs iff its efficiency is at least as good as its region's threshold of the day. So the
//! fleets are also kept in order of efficiency, in blocks with a sum for each region: a day adds up
//! whole blocks and looks into one, instead of visiting every fleet. A block whose fleets changed is
//! added up anew, never corrected by differences, so sums do not drift.

use crate::units::machine_power;

/// Fleets of one history. Index = fleet number.
#[derive(Debug, Clone, Default)]
pub struct Fleets {
    /// Nameplate hash rate, PH/s.
    pub hash_phs: Vec<f64>,
    /// Efficiency, J/TH.
    pub efficiency: Vec<f64>,
    /// Region whose slot the fleet holds: where it is, or where it is going.
    pub region: Vec<u16>,
    /// Where it can run: its region, or [`Fleets::nowhere`] while in transit.
    pub site: Vec<u16>,
    /// Region in which it started.
    pub home: Vec<u16>,
    /// Owner.
    pub firm: Vec<u32>,
    /// The same in order of efficiency.
    pub ranked: Ranked,
    regions: usize,
    rank: Vec<u32>,
    /// Hash rate in place by region and block of ranks, `region * blocks + block`, PH/s.
    block_hash: Vec<f64>,
    blocks: usize,
    arrivals: Arrivals,
}

/// What a walk over the fleets reads, best machines first. Index = rank.
#[derive(Debug, Clone, Default)]
pub struct Ranked {
    /// Nameplate hash rate, PH/s.
    pub hash_phs: Vec<f64>,
    /// Efficiency, J/TH.
    pub efficiency: Vec<f64>,
    /// Where the fleet can run, as in [`Fleets::site`].
    pub site: Vec<u16>,
    /// Owner.
    pub firm: Vec<u32>,
}

/// Ranks in a block: a cache line of sites a few times over.
const BLOCK: usize = 64;

/// Who arrives when: a list of fleets for each day, linked through flat arrays.
#[derive(Debug, Clone, Default)]
struct Arrivals {
    first: Vec<u32>,
    next: Vec<u32>,
}

/// End of a list of fleets.
const NONE: u32 = u32::MAX;

impl Fleets {
    /// No fleets yet, in a world of `regions`.
    #[must_use]
    pub fn new(regions: usize, capacity: usize) -> Self {
        Self {
            hash_phs: Vec::with_capacity(capacity),
            efficiency: Vec::with_capacity(capacity),
            region: Vec::with_capacity(capacity),
            site: Vec::with_capacity(capacity),
            home: Vec::with_capacity(capacity),
            firm: Vec::with_capacity(capacity),
            regions,
            ..Self::default()
        }
    }

    /// Adds a fleet that is in place.
    pub fn push(&mut self, firm: u32, region: u16, hash_phs: f64, efficiency: f64) {
        self.hash_phs.push(hash_phs);
        self.efficiency.push(efficiency);
        self.region.push(region);
        self.site.push(region);
        self.home.push(region);
        self.firm.push(firm);
    }

    /// Lets a fleet start in another region.
    pub fn rehome(&mut self, fleet: usize, region: u16) {
        self.region[fleet] = region;
        self.site[fleet] = region;
        self.home[fleet] = region;
    }

    /// Closes the start: no fleet is added after it. `days` is the length of the history.
    pub fn settle(&mut self, days: u32) {
        let count = self.len();
        // Fleet numbers fit: a scenario has at most 10 million firms and as many fleets again.
        let mut order: Vec<u32> = (0..count as u32).collect();
        let efficiency = &self.efficiency;
        order.sort_by(|a, b| efficiency[*a as usize].total_cmp(&efficiency[*b as usize]));
        self.rank = vec![0; count];
        for (rank, fleet) in order.iter().enumerate() {
            self.rank[*fleet as usize] = rank as u32;
        }
        let in_order = |values: &[f64]| order.iter().map(|f| values[*f as usize]).collect();
        self.ranked = Ranked {
            hash_phs: in_order(&self.hash_phs),
            efficiency: in_order(&self.efficiency),
            site: order.iter().map(|f| self.site[*f as usize]).collect(),
            firm: order.iter().map(|f| self.firm[*f as usize]).collect(),
        };
        self.blocks = count.div_ceil(BLOCK);
        self.block_hash = vec![0.0; self.blocks * self.regions];
        for block in 0..self.blocks {
            self.add_up(block);
        }
        self.arrivals = Arrivals {
            first: vec![NONE; days as usize],
            next: vec![NONE; count],
        };
    }

    /// Number of fleets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hash_phs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hash_phs.is_empty()
    }

    /// The site of fleets in transit: one past the last region.
    #[must_use]
    pub fn nowhere(&self) -> u16 {
        self.regions as u16
    }

    /// Power of a fleet's machines, MW.
    #[must_use]
    pub fn power_mw(&self, fleet: usize) -> f64 {
        machine_power(self.hash_phs[fleet], self.efficiency[fleet])
    }

    /// Sends a fleet off to `region`, to run there from `arrival` on.
    pub fn depart(&mut self, fleet: usize, region: u16, arrival: u32) {
        self.region[fleet] = region;
        self.place(fleet, self.nowhere());
        // Who arrives after the last day is in transit for the rest of the history.
        if let Some(first) = self.arrivals.first.get_mut(arrival as usize) {
            self.arrivals.next[fleet] = *first;
            *first = fleet as u32;
        }
    }

    /// Puts the fleets that arrive on `day` in place.
    pub fn arrive(&mut self, day: u32) {
        let mut fleet = std::mem::replace(&mut self.arrivals.first[day as usize], NONE);
        while fleet != NONE {
            self.place(fleet as usize, self.region[fleet as usize]);
            fleet = self.arrivals.next[fleet as usize];
        }
    }

    /// Hash rate that runs in each region, PH/s: machines at least as good as the region's threshold.
    ///
    /// `worst_running` has an efficiency for each region, J/TH; the result goes to `running`.
    pub fn running_hash(&self, worst_running: &[f64], running: &mut [f64]) {
        debug_assert_eq!(worst_running.len(), self.regions);
        for (r, (threshold, sum)) in worst_running.iter().zip(running).enumerate() {
            let ranks = self
                .ranked
                .efficiency
                .partition_point(|efficiency| efficiency <= threshold);
            let whole = ranks / BLOCK;
            let first = r * self.blocks;
            *sum = self.block_hash[first..first + whole].iter().sum::<f64>()
                + self.hash_of_ranks(whole * BLOCK, ranks, r as u16);
        }
    }

    /// Hash rate at `site` among some ranks.
    fn hash_of_ranks(&self, from: usize, to: usize, site: u16) -> f64 {
        self.ranked.site[from..to]
            .iter()
            .zip(&self.ranked.hash_phs[from..to])
            .fold(0.0, |sum, (at, hash)| {
                sum + if *at == site { *hash } else { 0.0 }
            })
    }

    /// Moves a fleet's machines to another site.
    fn place(&mut self, fleet: usize, site: u16) {
        let rank = self.rank[fleet] as usize;
        self.site[fleet] = site;
        self.ranked.site[rank] = site;
        self.add_up(rank / BLOCK);
    }

    /// Adds up a block of ranks anew.
    fn add_up(&mut self, block: usize) {
        let from = block * BLOCK;
        let to = (from + BLOCK).min(self.len());
        for r in 0..self.regions {
            self.block_hash[r * self.blocks + block] = self.hash_of_ranks(from, to, r as u16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every fleet visited: what the blocks must agree with.
    fn visit_all(fleets: &Fleets, worst_running: &[f64]) -> Vec<f64> {
        let mut running = vec![0.0; worst_running.len()];
        for fleet in 0..fleets.len() {
            let site = usize::from(fleets.site[fleet]);
            if site < running.len() && fleets.efficiency[fleet] <= worst_running[site] {
                running[site] += fleets.hash_phs[fleet];
            }
        }
        running
    }

    #[test]
    fn blocks_agree_with_a_visit_of_every_fleet_through_departures_and_arrivals() {
        let mut fleets = Fleets::new(3, 500);
        for number in 0..500_u32 {
            let spread = f64::from(number * 7919 % 500);
            let efficiency = 13.0 + spread / 20.0;
            fleets.push(number, (number % 3) as u16, 1.0 + spread, efficiency);
        }
        fleets.settle(400);
        for day in 0..400_u32 {
            fleets.arrive(day);
            let worst = [
                12.0 + f64::from(day) / 10.0,
                40.0 - f64::from(day) / 10.0,
                if day % 50 == 0 { f64::INFINITY } else { 20.0 },
            ];
            let mut running = vec![0.0; 3];
            fleets.running_hash(&worst, &mut running);
            for (block, visited) in running.iter().zip(visit_all(&fleets, &worst)) {
                assert!(
                    (block - visited).abs() <= 1e-9 * visited.max(1.0),
                    "day {day}"
                );
            }
            let mover = (day * 31 % 500) as usize;
            if fleets.site[mover] != fleets.nowhere() {
                fleets.depart(mover, (day % 3) as u16, day + 20);
            }
        }
    }

    #[test]
    fn a_fleet_at_exactly_the_threshold_runs_and_one_in_transit_never_does() {
        let mut fleets = Fleets::new(1, 2);
        fleets.push(0, 0, 5.0, 20.0);
        fleets.push(1, 0, 7.0, 15.0);
        fleets.settle(10);
        let mut running = [0.0];
        fleets.running_hash(&[20.0], &mut running);
        assert_eq!(running, [12.0]);
        fleets.depart(1, 0, 5);
        fleets.running_hash(&[f64::INFINITY], &mut running);
        assert_eq!(running, [5.0]);
        fleets.arrive(5);
        fleets.running_hash(&[f64::INFINITY], &mut running);
        assert_eq!(running, [12.0]);
    }
}
