//! Concentration of the firms that run, where every firm has one fleet of a park that never changes.

use crate::concentration::{Concentration, Largest, Registered, Sums, TOP, assemble, bounds};
use crate::world::fleet::BySize;

/// Reads the concentration of running fleets from their order of size; keeps its scratch.
#[derive(Debug, Default)]
pub struct RunningFirms {
    /// By stretch, how many units there are up to its end, and their weight.
    ends: Vec<(f64, f64)>,
}

impl RunningFirms {
    /// Concentration over the fleets that run, `None` if there are none, and their number. `registered` counts all firms.
    pub fn concentration(
        &mut self,
        fleets: &mut BySize,
        registered: &Registered,
    ) -> (Option<Concentration>, usize) {
        let stretches = fleets.stretches();
        self.ends.resize(stretches.len(), (0.0, 0.0));
        let (mut units, mut total) = (0.0, 0.0);
        let (mut squares, mut ranked, mut ln) = (0.0, 0.0, 0.0);
        for (stretch, end) in stretches.iter().zip(&mut self.ends) {
            // Ranks of a stretch begin behind those of all before it.
            ranked += stretch.ranked + units * stretch.weight;
            squares += stretch.squares;
            ln += stretch.ln;
            units += stretch.units;
            total += stretch.weight;
            *end = (units, total);
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
        let largest = self.largest(fleets, &sums);
        let concentration = assemble(&sums, entropy_nats, &largest, registered);
        (Some(concentration), sums.units as usize)
    }

    /// Looks for the stretches where something is passed, and walks these.
    fn largest(&self, fleets: &BySize, sums: &Sums) -> Largest {
        let mut largest = Largest {
            nakamoto: [sums.units; 6],
            top: [sums.total; 3],
        };
        let (mut rank, mut sum) = (0.0, 0.0);
        for (passed, bound) in largest.nakamoto.iter_mut().zip(bounds(sums.total)) {
            // Who passes one bound often passes the next as well.
            if sum <= bound {
                let stretch = self.ends.partition_point(|end| end.1 <= bound);
                if stretch == self.ends.len() {
                    break;
                }
                (rank, sum) = self.before(stretch);
                for weight in fleets.running_of(stretch) {
                    rank += 1.0;
                    sum += weight;
                    if sum > bound {
                        break;
                    }
                }
            }
            // At most as many as there are fleets. Where rounding leaves the sum at the bound, the last of the stretch passes it.
            *passed = rank as u32;
        }
        for (top, count) in largest.top.iter_mut().zip(TOP) {
            let count = f64::from(count);
            let stretch = self.ends.partition_point(|end| end.0 < count);
            if stretch < self.ends.len() {
                let (rank, before) = self.before(stretch);
                // So many of one stretch.
                let here = fleets.running_of(stretch).take((count - rank) as usize);
                *top = here.fold(before, |sum, weight| sum + weight);
            }
        }
        largest
    }

    /// Units before a stretch, and their weight.
    fn before(&self, stretch: usize) -> (f64, f64) {
        match stretch {
            0 => (0.0, 0.0),
            _ => self.ends[stretch - 1],
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
        const AFTER_THE_LAST_DAY: u32 = 101;
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
            let mut firms = RunningFirms::default();
            for thresholds in [
                [40.0, 40.0],
                [20.0, 25.0],
                [20.1, 24.0],
                [13.5, 12.0],
                [0.0, 0.0],
                [30.0, 14.0],
            ] {
                // Some set out and some arrive while others run.
                for fleet in 0..usize::from(count) {
                    let site = fleets[fleet].site;
                    if draws.uniform() < 0.1 {
                        if site == 2 {
                            fleets.settle_in(fleet);
                        } else {
                            fleets.depart(fleet, 1 - site, AFTER_THE_LAST_DAY);
                        }
                    }
                }
                let park = fleets.fixed.as_mut().unwrap();
                park.run(&thresholds, &mut [0.0; 2]);
                let registered = Registered::new(count.into());
                let (found, units) =
                    firms.concentration(park.running_by_size().unwrap(), &registered);
                let running: Vec<f64> = (0..usize::from(count))
                    .map(|fleet| {
                        let worst = thresholds.get(usize::from(fleets[fleet].site));
                        let runs = worst.is_some_and(|worst| fleets[fleet].efficiency <= *worst);
                        if runs { fleets[fleet].hash_phs } else { 0.0 }
                    })
                    .collect();
                let active = running.iter().filter(|hash| **hash > 0.0).count();
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
