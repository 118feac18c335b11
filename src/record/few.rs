//! The distribution of weights over a few units: regions, pools.

use crate::concentration::{Concentration, Registered, of_sums};
use crate::elementary::log_each;

/// Weights of a few units; all of them are registered.
#[derive(Debug, Default)]
pub struct Few {
    weights: Vec<f64>,
    /// What logarithms are taken of, and these.
    logs: Vec<f64>,
}

impl Few {
    /// Concentration of the weights that are filled in, `None` if there are none, and the number of units with a weight.
    pub fn concentration(
        &mut self,
        fill_in: impl FnOnce(&mut Vec<f64>),
        registered: &Registered,
    ) -> (Option<Concentration>, usize) {
        self.weights.clear();
        fill_in(&mut self.weights);
        self.weights.sort_by(|a, b| b.total_cmp(a));
        let concentration = of_sums(&self.weights, registered, |sums| {
            let units = sums.units as usize;
            self.logs.clear();
            self.logs.extend_from_slice(&self.weights[..units]);
            self.logs.extend_from_slice(&[sums.largest, sums.total]);
            // All at once, which takes a third of the time.
            log_each(&mut self.logs);
            let terms = self.weights.iter().zip(&self.logs[..units]);
            let sum_q_ln_q: f64 = terms.map(|(q, ln)| q * ln).sum();
            let ln_total = self.logs[units] + self.logs[units + 1];
            ln_total - sum_q_ln_q / sums.largest / sums.total
        });
        let active = self.weights.partition_point(|weight| *weight > 0.0);
        (concentration.ok(), active)
    }
}
