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
                    if fleets.efficiency[slot] > worst[usize::from(fleets.site[slot])] {
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
