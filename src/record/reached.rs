//! The machines at which a part of what runs in a region is reached, best machines first.

/// Stretches of keys of equal width over which machines are spread, so that only those in which a part is reached are put in order.
/// The first and the last have all that lies beyond.
const STRETCHES: usize = 128;
/// Stretches of one log of a key, and those below the worst that runs as a whole.
const PER_LOG: f64 = 64.0;
const BELOW_WORST: f64 = 112.0;

/// What runs in a region, fleet by fleet in any order.
#[derive(Debug, Clone)]
pub struct Reached {
    ln_worst: f64,
    /// By fleet that runs.
    all: Vec<Runs>,
    /// By stretch, what runs, PH/s.
    sums: [f64; STRETCHES],
    inside: Vec<Runs>,
}

/// What runs of one fleet.
#[derive(Debug, Clone, Copy)]
struct Runs {
    ln_key: f64,
    hash_phs: f64,
    fleet: u32,
    stretch: u8,
}

impl Reached {
    /// Nothing runs yet.
    pub fn new() -> Self {
        Self {
            ln_worst: 0.0,
            all: Vec::new(),
            sums: [0.0; STRETCHES],
            inside: Vec::new(),
        }
    }

    /// Nothing runs yet of a day with a threshold: most keys are below it, and not by far.
    pub fn begin(&mut self, ln_worst: f64) {
        self.ln_worst = ln_worst;
        self.all.clear();
        self.sums = [0.0; STRETCHES];
    }

    /// `hash_phs` run of a fleet with a key.
    #[inline]
    pub fn push(&mut self, fleet: usize, ln_key: f64, hash_phs: f64) {
        const LAST: f64 = (STRETCHES - 1) as f64;
        let stretch = (ln_key - self.ln_worst) * PER_LOG + BELOW_WORST;
        let stretch = stretch.clamp(0.0, LAST) as u8;
        // The remainder of what is no more than the last: spares a look at the bound.
        self.sums[usize::from(stretch) % STRETCHES] += hash_phs;
        self.all.push(Runs {
            ln_key,
            hash_phs,
            // Far fewer than 2^32.
            fleet: fleet as u32,
            stretch,
        });
    }

    /// The fleets at which these hash rates are reached, PH/s and in rising order, when fleets are added up by their keys, the lowest
    /// first; `None` where all of them fall short.
    pub fn fleets_at<const N: usize>(&mut self, wanted: [f64; N]) -> [Option<usize>; N] {
        let mut found = [None; N];
        let (mut next, mut below) = (0, 0.0);
        for (stretch, sum) in self.sums.into_iter().enumerate() {
            // What is added up in another order may differ in its last digits, so a stretch may turn out to fall short after all:
            // the next one that has anything then has it.
            if next < N && sum > 0.0 && below + sum >= wanted[next] {
                self.inside.clear();
                let all = self.all.iter();
                let inside = all.filter(|runs| usize::from(runs.stretch) == stretch);
                self.inside.extend(inside);
                let by_key = |a: &Runs, b: &Runs| a.ln_key.total_cmp(&b.ln_key);
                self.inside
                    .sort_unstable_by(|a, b| by_key(a, b).then(a.fleet.cmp(&b.fleet)));
                let mut cumulated = below;
                for runs in &self.inside {
                    cumulated += runs.hash_phs;
                    while next < N && cumulated >= wanted[next] {
                        found[next] = Some(runs.fleet as usize);
                        next += 1;
                    }
                }
            }
            below += sum;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Normals;

    #[test]
    fn fleets_are_those_at_which_a_walk_in_the_order_of_keys_reaches_them() {
        let mut draws = Normals(21);
        let mut reached = Reached::new();
        for (count, spread) in [
            (0, 1.0),
            (1, 1.0),
            (2, 0.0),
            (50, 0.0),
            (7, 0.3),
            (900, 0.3),
        ] {
            // Keys that are spread over stretches, far below the first of them, beyond the last, or of a day on which power is free.
            for (outlier, ln_worst) in [
                (0.0, 3.2),
                (40.0, 3.2),
                (0.0, 30.0),
                (0.0, -30.0),
                (0.0, f64::INFINITY),
            ] {
                reached.begin(ln_worst);
                let mut sorted: Vec<(f64, usize, f64)> = (0..count)
                    .map(|fleet| {
                        let outlies = if fleet == 0 { outlier } else { 0.0 };
                        let ln_key = 3.0 + spread * draws.sample() + outlies;
                        (ln_key, fleet, 100.0 * draws.uniform())
                    })
                    .collect();
                for (ln_key, fleet, hash) in &sorted {
                    reached.push(*fleet, *ln_key, *hash);
                }
                let total: f64 = sorted.iter().map(|(_, _, hash)| hash).sum();
                let wanted = [0.0, 0.1, 0.5, 0.5, 0.9, 1.1].map(|part| part * total);
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let walked = wanted.map(|wanted| {
                    let mut cumulated = 0.0;
                    let reaches = |(_, _, hash): &&(f64, usize, f64)| {
                        cumulated += hash;
                        cumulated >= wanted
                    };
                    sorted.iter().find(reaches).map(|(_, fleet, _)| *fleet)
                });
                assert_eq!(reached.fleets_at(wanted), walked, "{count} {spread}");
            }
        }
    }
}
