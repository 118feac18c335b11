//! Fleets: one firm's machines at one place, in flat arrays.

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
    /// Fleet numbers by efficiency, best first.
    pub by_efficiency: Vec<u32>,
    regions: usize,
    arrivals: Arrivals,
}

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
            by_efficiency: Vec::new(),
            regions,
            arrivals: Arrivals::default(),
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

    /// Closes the start: no fleet is added after it. `days` is the length of the history.
    pub fn settle(&mut self, days: u32) {
        let count = self.len();
        // Fleet numbers fit: a scenario has at most 10 million firms and as many fleets again.
        self.by_efficiency = (0..count as u32).collect();
        let efficiency = &self.efficiency;
        self.by_efficiency
            .sort_by(|a, b| efficiency[*a as usize].total_cmp(&efficiency[*b as usize]));
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
        self.hash_phs[fleet] * self.efficiency[fleet] / 1000.0
    }

    /// Sends a fleet off to `region`, to run there from `arrival` on.
    pub fn depart(&mut self, fleet: usize, region: u16, arrival: u32) {
        self.region[fleet] = region;
        self.site[fleet] = self.nowhere();
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
            self.site[fleet as usize] = self.region[fleet as usize];
            fleet = self.arrivals.next[fleet as usize];
        }
    }

    /// Hash rate that runs in each region, PH/s: machines at least as good as the region's threshold.
    ///
    /// `worst_running` has an efficiency for each region, J/TH; the result goes to `running`.
    pub fn running_hash(&self, worst_running: &[f64], running: &mut [f64]) {
        debug_assert_eq!(worst_running.len(), self.regions);
        // Fleets in transit look up a last entry that nothing is good enough for.
        let mut threshold = [-1.0; MAX_SITES];
        threshold[..self.regions].copy_from_slice(worst_running);
        let mut sums = [0.0; MAX_SITES];
        for ((site, efficiency), hash) in self.site.iter().zip(&self.efficiency).zip(&self.hash_phs)
        {
            let site = usize::from(*site) % MAX_SITES;
            sums[site] += if *efficiency <= threshold[site] {
                *hash
            } else {
                0.0
            };
        }
        running.copy_from_slice(&sums[..self.regions]);
    }
}

/// More than the largest number of regions, and a power of two.
const MAX_SITES: usize = 256;
