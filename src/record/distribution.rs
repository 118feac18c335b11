//! The distribution of weights over many units, from one record to the next.

use crate::concentration::{Concentration, of_sorted_with};
use crate::elementary::log_each;
use crate::order::Sorter;

use super::NULL;

/// Weights of many units, from one record to the next.
///
/// What did not change is not computed again, and logarithms are taken only of weights that changed.
pub struct Distribution {
    /// Weight of each unit.
    pub weights: Vec<f64>,
    before: Vec<f64>,
    sorted: Vec<f64>,
    /// Bits of the sorted weights, turned over so that they rise from the largest down.
    bits: Vec<u64>,
    sorter: Sorter,
    logged: Vec<(f64, f64)>,
    last: (Option<Concentration>, usize),
}

impl Distribution {
    pub fn of(units: usize) -> Self {
        Self {
            weights: vec![0.0; units],
            before: vec![0.0; units],
            sorted: Vec::with_capacity(units),
            bits: Vec::with_capacity(units),
            sorter: Sorter::default(),
            logged: vec![(0.0, 0.0); units],
            last: (None, 0),
        }
    }

    /// All weights 0, for `units` units: there may be more of them than before, never fewer.
    pub fn clear(&mut self, units: usize) {
        self.weights.fill(0.0);
        while self.weights.len() < units {
            self.weights.push(0.0);
            self.before.push(0.0);
            self.logged.push((0.0, 0.0));
            // What was computed for fewer units holds no more.
            self.before[0] = NULL;
        }
    }

    /// Terms of the entropy, those of weights that have changed anew and some at a time.
    fn take_logs(&mut self) {
        const SOME: usize = 32;
        let blocks = self.logged.chunks_mut(SOME);
        for (logged, weights) in blocks.zip(self.weights.chunks(SOME)) {
            let (mut changed, mut logs, mut count) = ([0; SOME], [0.0; SOME], 0);
            for (unit, (logged, weight)) in logged.iter_mut().zip(weights).enumerate() {
                if logged.0 != *weight {
                    *logged = (*weight, 0.0);
                    if *weight > 0.0 {
                        (changed[count], logs[count]) = (unit, *weight);
                        count += 1;
                    }
                }
            }
            log_each(&mut logs[..count]);
            for (unit, log) in changed.iter().zip(&logs[..count]) {
                let (weight, term) = &mut logged[*unit];
                *term = *weight * log;
            }
        }
    }

    /// Concentration, and the number of units with a weight.
    pub fn concentration(&mut self) -> (Option<Concentration>, usize) {
        if self.weights == self.before {
            return self.last;
        }
        self.before.copy_from_slice(&self.weights);
        let above_nothing = self.weights.iter().filter(|weight| **weight > 0.0);
        // Bits of numbers above 0 are in their order.
        self.bits.clear();
        self.bits
            .extend(above_nothing.map(|weight| !weight.to_bits()));
        self.sorter.sort(&mut self.bits);
        self.sorted.clear();
        self.sorted
            .extend(self.bits.iter().map(|bits| f64::from_bits(!bits)));
        self.take_logs();
        let terms = self.logged.iter().map(|logged| logged.1);
        let sum_q_ln_q = terms.fold(0.0, |sum, term| sum + term);
        let concentration = of_sorted_with(&self.sorted, self.weights.len(), sum_q_ln_q);
        self.last = (concentration.ok(), self.sorted.len());
        self.last
    }
}
