//! Concentration of the firms that run, where every firm has one fleet of a park that never changes.

use crate::concentration::{Concentration, Largest, Registered, Sums, TOP, assemble, bounds};
use crate::world::fleet::BySize;

/// Concentration over the fleets that run, `None` if there are none, and their number. `registered` counts all firms.
pub fn of_running(fleets: &mut BySize, registered: &Registered) -> (Option<Concentration>, usize) {
    let running = fleets.sums();
    if running.weight <= 0.0 {
        return (None, 0);
    }
    let sums = Sums {
        largest: 1.0,
        // At most as many as there are fleets.
        units: running.units as u32,
        total: running.weight,
        squares: running.squares,
        ranked: running.ranked,
    };
    let entropy_nats = libm::log(running.weight) - running.ln / running.weight;
    let largest = Largest {
        nakamoto: fleets.passing(bounds(sums.total)),
        top: fleets.weights_of(TOP),
    };
    let concentration = assemble(&sums, entropy_nats, &largest, registered);
    (Some(concentration), sums.units as usize)
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
                let (found, units) = of_running(park.running_by_size().unwrap(), &registered);
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
