//! For how long a fleet has stood idle: from the past of its region's threshold, when somebody asks.

use crate::world::running::RunningLaw;

/// Part of a fleet of which less is idle.
const IDLE: f64 = 1e-3;

/// What days on end on which nothing ran are read from, in a changing park.
#[derive(Debug, Clone, Default)]
pub struct Idle {
    /// By region, how far the threshold lies above the key of a fleet that begins to be idle, in logs.
    margin: Vec<f64>,
    /// By region, the days whose threshold no later day has reached, with it: thresholds fall along the list.
    peaks: Vec<Vec<(u32, f64)>>,
    /// The day after the last on which machines ran.
    next: u32,
}

/// Idle days of a fleet, as far as they have been counted: the first day that has still to be, and days on end before it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    from: u32,
    before: u32,
}

impl Idle {
    /// Nobody is idle yet.
    pub fn new(laws: &[RunningLaw]) -> Self {
        Self {
            margin: laws.iter().map(|law| law.excess_at_share(IDLE)).collect(),
            peaks: vec![Vec::new(); laws.len()],
            next: 0,
        }
    }

    /// The count of a fleet that is new or begins again.
    pub fn begin(&self) -> Count {
        self.begin_after(0)
    }

    /// The count of a fleet that has been idle for so many days on end up to the last, before its key or its site changes.
    pub fn begin_after(&self, days: u32) -> Count {
        Count {
            from: self.next,
            before: days,
        }
    }

    /// Takes in the thresholds under which machines run on a day.
    pub fn observe(&mut self, day: u32, ln_worst: &[f64]) {
        for (peaks, ln_worst) in self.peaks.iter_mut().zip(ln_worst) {
            while peaks.last().is_some_and(|(_, peak)| peak <= ln_worst) {
                peaks.pop();
            }
            peaks.push((day, *ln_worst));
        }
        self.next = day + 1;
    }

    /// Days on end up to the last on which nothing ran of a fleet that has been at a site with a key since its count began.
    #[inline]
    pub fn days(&self, count: Count, site: u16, ln_key: f64) -> u32 {
        let Count { from, before } = count;
        let Some(peaks) = self.peaks.get(usize::from(site)) else {
            return before;
        };
        let needed = ln_key + self.margin[usize::from(site)];
        // Most run today.
        if self.next > from && peaks.last().is_some_and(|(_, peak)| *peak >= needed) {
            return 0;
        }
        self.days_since(peaks, needed, from, before)
    }

    /// The same of one that does not run today: days since a threshold was last as high as needed.
    #[inline(never)]
    fn days_since(&self, peaks: &[(u32, f64)], needed: f64, from: u32, before: u32) -> u32 {
        let reached = peaks.partition_point(|(_, peak)| *peak >= needed);
        let last_on = reached.checked_sub(1).map(|index| peaks[index].0);
        match last_on {
            Some(day) if day >= from => self.next - 1 - day,
            _ => before + (self.next - from.min(self.next)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;
    use crate::testing::Normals;

    #[test]
    fn idle_days_are_those_of_a_count_day_by_day() {
        let text = include_str!("../../../scenarios/core.toml");
        let changes = ["hardware.efficiency_spread=0.15".to_owned()];
        let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
        let laws = RunningLaw::of_regions(&scenario);
        let mut draws = Normals(3);
        let fleets = 40;
        let mut idle = Idle::new(&laws);
        let mut counts = vec![idle.begin(); fleets];
        // The last site is none.
        let mut site: Vec<u16> = (0..fleets as u16).map(|fleet| fleet % 4).collect();
        let mut ln_key: Vec<f64> = (0..fleets).map(|_| 3.5 + 0.3 * draws.sample()).collect();
        let mut counted = vec![0; fleets];
        let mut longest = 0;
        let mut ln_worst = [3.0; 3];
        for day in 0..600 {
            for ln_worst in &mut ln_worst {
                *ln_worst += 0.05 * draws.sample() - 0.05 * (*ln_worst - 3.0);
            }
            idle.observe(day, &ln_worst);
            for fleet in 0..fleets {
                let here = usize::from(site[fleet]);
                if here < 3 {
                    let share = laws[here].share(ln_worst[here] - ln_key[fleet]);
                    counted[fleet] = if share < IDLE { counted[fleet] + 1 } else { 0 };
                }
                longest = longest.max(counted[fleet]);
                let days = idle.days(counts[fleet], site[fleet], ln_key[fleet]);
                assert_eq!(days, counted[fleet], "day {day}, fleet {fleet}");
            }
            let fleet = (draws.uniform() * fleets as f64) as usize;
            let days = idle.days(counts[fleet], site[fleet], ln_key[fleet]);
            counts[fleet] = idle.begin_after(days);
            match day % 3 {
                0 => site[fleet] = (site[fleet] + 1) % 4,
                1 => ln_key[fleet] += 0.1 * draws.sample(),
                _ => {
                    counts[fleet] = idle.begin();
                    counted[fleet] = 0;
                }
            }
        }
        assert!(longest > 100, "{longest}");
    }
}
