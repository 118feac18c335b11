//! Concentration of the firms that run, where every firm has one fleet of a park that never changes.

use crate::concentration::{Concentration, Largest, Sums, TOP, assemble, bounds};
use crate::world::fleet::{BySize, LANES, SIZE_BLOCK, stretch_slots};

/// Sums over the fleets of a stretch that run.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    units: f64,
    weight: f64,
}

/// Thresholds by site; more than there are sites.
pub type Thresholds = [f64; 256];

/// Reads the concentration of running fleets from their order of size; keeps its scratch.
#[derive(Debug, Default)]
pub struct RunningFirms {
    stretches: Vec<Stretch>,
}

/// A column of fleets, block by block.
fn blocks(column: &[f64]) -> &[[f64; SIZE_BLOCK]] {
    column.as_chunks().0
}

impl RunningFirms {
    /// Concentration over the fleets at least as good as the threshold of their site, `None` if there are none, and their
    /// number. `registered` counts all firms.
    ///
    /// One pass in the order of size, four stretches of a block at a time; their sums tell where the majorities are.
    pub fn concentration(
        &mut self,
        fleets: &BySize,
        worst: &Thresholds,
        registered: usize,
    ) -> (Option<Concentration>, usize) {
        self.stretches.clear();
        let (mut units, mut total) = (0.0, 0.0);
        let (mut squares, mut ranked, mut ln) = (0.0, 0.0, 0.0);
        let machines = blocks(&fleets.relative)
            .iter()
            .zip(blocks(&fleets.relative_ln));
        let sites = fleets.site.as_chunks::<SIZE_BLOCK>().0;
        let places = blocks(&fleets.efficiency).iter().zip(sites);
        for ((relative, relative_ln), (efficiency, site)) in machines.zip(places) {
            let lanes = Lanes::of(relative, relative_ln, efficiency, site, worst);
            for lane in 0..LANES {
                let stretch = Stretch {
                    units: lanes.units[lane],
                    weight: lanes.weight[lane],
                };
                // Ranks of a stretch begin behind those of all before it.
                ranked += lanes.ranked[lane] + units * stretch.weight;
                squares += lanes.squares[lane];
                ln += lanes.ln[lane];
                units += stretch.units;
                total += stretch.weight;
                self.stretches.push(stretch);
            }
        }
        if total <= 0.0 {
            return (None, 0);
        }
        let sums = Sums {
            largest: 1.0,
            // At most as many as there are fleets.
            units: units as u32,
            total,
            squares,
            ranked,
        };
        let entropy_nats = libm::log(total) - ln / total;
        let largest = self.largest(fleets, worst, &sums);
        let concentration = assemble(&sums, entropy_nats, &largest, registered);
        (Some(concentration), sums.units as usize)
    }

    /// Walks sums of stretches, and into a stretch where something is passed.
    fn largest(&self, fleets: &BySize, worst: &Thresholds, sums: &Sums) -> Largest {
        let bounds = bounds(sums.total);
        let mut largest = Largest {
            nakamoto: [sums.units; 6],
            top: [sums.total; 3],
        };
        let (mut passed, mut topped) = (0, 0);
        let (mut units, mut weight) = (0.0, 0.0);
        for (number, stretch) in self.stretches.iter().enumerate() {
            if passed == bounds.len() && topped == TOP.len() {
                break;
            }
            let ends = (units + stretch.units, weight + stretch.weight);
            let passes = passed < bounds.len() && ends.1 > bounds[passed];
            let tops = topped < TOP.len() && ends.0 >= f64::from(TOP[topped]);
            if passes || tops {
                let (mut rank, mut sum) = (units as u32, weight);
                for slot in stretch_slots(number) {
                    let runs = fleets.efficiency[slot] <= worst[usize::from(fleets.site[slot])];
                    if !runs {
                        continue;
                    }
                    rank += 1;
                    sum += fleets.relative[slot];
                    while passed < bounds.len() && sum > bounds[passed] {
                        largest.nakamoto[passed] = rank;
                        passed += 1;
                    }
                    if topped < TOP.len() && rank == TOP[topped] {
                        largest.top[topped] = sum;
                        topped += 1;
                    }
                }
            }
            (units, weight) = ends;
        }
        largest
    }
}

/// Sums over four stretches of a block, side by side.
struct Lanes {
    units: [f64; LANES],
    weight: [f64; LANES],
    squares: [f64; LANES],
    ranked: [f64; LANES],
    ln: [f64; LANES],
}

impl Lanes {
    /// Loops over lanes are short and plain, so that a compiler takes two lanes at a time and keeps the sums in registers.
    #[inline(never)]
    fn of(
        relative: &[f64; SIZE_BLOCK],
        relative_ln: &[f64; SIZE_BLOCK],
        efficiency: &[f64; SIZE_BLOCK],
        site: &[u8; SIZE_BLOCK],
        worst: &Thresholds,
    ) -> Self {
        let (mut units, mut weight, mut squares) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let (mut ranked, mut ln) = ([0.0; LANES], [0.0; LANES]);
        for row in 0..SIZE_BLOCK / LANES {
            let first = row * LANES;
            let (mut threshold, mut runs) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                threshold[lane] = worst[usize::from(site[first + lane])];
            }
            for lane in 0..LANES {
                let at_least = efficiency[first + lane] <= threshold[lane];
                runs[lane] = if at_least { 1.0 } else { 0.0 };
            }
            for lane in 0..LANES {
                let running = runs[lane] * relative[first + lane];
                units[lane] += runs[lane];
                weight[lane] += running;
                squares[lane] += running * running;
                ranked[lane] += units[lane] * running;
                ln[lane] += runs[lane] * relative_ln[first + lane];
            }
        }
        Self {
            units,
            weight,
            squares,
            ranked,
            ln,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concentration::concentration;
    use crate::testing::{Normals, close};
    use crate::world::fleet::Fleets;

    /// All metrics of a concentration, those that are counts among them.
    fn values(c: &Concentration) -> [f64; 13] {
        let counts = [
            c.nakamoto_third,
            c.nakamoto_half,
            c.nakamoto_two_thirds,
            c.nakamoto_third_at_least,
            c.nakamoto_half_at_least,
            c.nakamoto_two_thirds_at_least,
        ]
        .map(f64::from);
        let mut all = [0.0; 13];
        all[..6].copy_from_slice(&counts);
        all[6..].copy_from_slice(&[
            c.hhi,
            c.gini,
            c.entropy_bits,
            c.theil,
            c.top_1,
            c.top_3,
            c.top_10,
        ]);
        all
    }

    #[test]
    fn what_stretches_add_up_to_is_the_concentration_of_the_firms_that_run() {
        let mut draws = Normals(11);
        for count in [1_u16, 5, 64, 65, 1000] {
            let mut fleets = Fleets::new(2, count.into());
            for firm in 0..count {
                // Some have no machines.
                let hash = if firm % 11 == 10 {
                    0.0
                } else {
                    libm::exp(2.0 * draws.sample())
                };
                let efficiency = 13.0 + 20.0 * draws.uniform();
                fleets.push(u32::from(firm), firm % 2, hash, efficiency);
            }
            fleets.settle(100, 30);
            for mover in (0..usize::from(count)).step_by(7) {
                fleets.depart(mover, 1, 99);
            }
            let by_size = fleets.fixed.as_ref().unwrap().by_size.as_ref().unwrap();
            let mut firms = RunningFirms::default();
            for thresholds in [[40.0, 40.0], [20.0, 25.0], [13.5, 12.0], [0.0, 0.0]] {
                let mut worst = [f64::NEG_INFINITY; 256];
                worst[..2].copy_from_slice(&thresholds);
                let running: Vec<f64> = (0..usize::from(count))
                    .map(|fleet| {
                        let runs =
                            fleets[fleet].efficiency <= worst[usize::from(fleets[fleet].site)];
                        if runs { fleets[fleet].hash_phs } else { 0.0 }
                    })
                    .collect();
                let active = running.iter().filter(|hash| **hash > 0.0).count();
                let (found, units) = firms.concentration(by_size, &worst, count.into());
                assert_eq!(units, active);
                let expected = concentration(&running).ok();
                assert_eq!(found.is_some(), expected.is_some());
                if let (Some(found), Some(expected)) = (found, expected) {
                    for (found, expected) in values(&found).into_iter().zip(values(&expected)) {
                        close(found, expected, 1e-12 * (1.0 + expected));
                    }
                }
            }
        }
    }
}
