//! A record as it is being written.

use crate::concentration::Concentration;

use super::NULL;
use super::quantities::CONCENTRATION;

/// The values that are still to come.
pub struct Row<'a> {
    rest: &'a mut [f64],
}

/// Metrics of a distribution in the order of [`CONCENTRATION`].
pub type Metrics = [f64; CONCENTRATION.len()];

/// What [`quantities`](super::quantities) lists and what is put are two accounts of one thing.
const TOO_SHORT: &str = "a record has one value for every quantity";

impl<'a> Row<'a> {
    pub fn new(row: &'a mut [f64]) -> Self {
        Self { rest: row }
    }

    /// The next value.
    #[inline]
    pub fn put(&mut self, value: f64) {
        *self.rest.split_off_first_mut().expect(TOO_SHORT) = value;
    }

    /// The next few.
    #[inline]
    pub fn put_all<const VALUES: usize>(&mut self, values: [f64; VALUES]) {
        let next = self.rest.split_off_mut(..VALUES).expect(TOO_SHORT);
        next.copy_from_slice(&values);
    }

    /// Ends a record that is full.
    pub fn end(self) {
        assert!(self.rest.is_empty(), "{TOO_SHORT}");
    }
}

/// What overflows in an absurd scenario is not known, rather than infinite.
pub fn forget_infinities(row: &mut [f64]) {
    for (at, value) in row.iter_mut().enumerate() {
        debug_assert!(!value.is_infinite(), "quantity {at} is infinite");
        *value = if value.is_finite() { *value } else { NULL };
    }
}

/// Metrics of a distribution over units of which so many have a weight, and so many there are.
pub fn metrics(c: Option<&Concentration>, active: usize, registered: usize) -> Metrics {
    // Counts of units, far below 2^53.
    let (active, registered) = (active as f64, registered as f64);
    let Some(c) = c else {
        let mut metrics = [NULL; CONCENTRATION.len()];
        metrics[CONCENTRATION.len() - 2..].copy_from_slice(&[active, registered]);
        return metrics;
    };
    [
        c.hhi,
        c.hhi_10000(),
        c.effective_number(),
        c.nakamoto_third.into(),
        c.nakamoto_half.into(),
        c.nakamoto_two_thirds.into(),
        c.nakamoto_third_at_least.into(),
        c.nakamoto_half_at_least.into(),
        c.nakamoto_two_thirds_at_least.into(),
        c.gini,
        c.entropy_bits,
        c.effective_number_entropy(),
        c.theil,
        c.top_1,
        c.top_3,
        c.top_10,
        active,
        registered,
    ]
}
