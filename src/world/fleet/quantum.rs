//! Amounts as whole numbers of a small quantum: their sums are exact, in any order.
//!
//! A sum that is kept up to date by adding and subtracting floating-point numbers drifts, and shows it where little is left
//! of much. Whole numbers do not: a sum that fleets have joined and left a million times is that of the fleets in it.

use crate::elementary::ROUND;

/// A small amount of which all others are whole multiples: a power of two.
#[derive(Debug, Clone, Copy)]
pub struct Quantum {
    per_unit: f64,
    unit: f64,
}

impl Default for Quantum {
    fn default() -> Self {
        Self::for_total(1.0)
    }
}

/// The whole number that is nearest to one of either sign below 2^51; such may be added up to 2^53 without an error.
#[inline]
pub fn nearest(number: f64) -> f64 {
    (number + ROUND) - ROUND
}

/// A whole number of either sign below 2^51, as an integer.
#[inline]
pub fn whole_of(number: f64) -> i64 {
    // Its last bits, where those of all are whole.
    (number + ROUND).to_bits().wrapping_sub(ROUND.to_bits()) as i64
}

/// Bits that the largest total takes.
const BITS: i32 = 60;
/// The same where numbers are small enough to be rounded by an addition.
const SMALL_BITS: i32 = 50;

impl Quantum {
    /// A quantum for parts of `total`: at least 2^59 of them make it up, and twice as much still fits.
    pub fn for_total(total: f64) -> Self {
        Self::with_bits(total, BITS)
    }

    /// A quantum for parts of `total` that are counted by [`nearest`]: at least 2^49 of them make it up.
    pub fn for_small_total(total: f64) -> Self {
        Self::with_bits(total, SMALL_BITS)
    }

    fn with_bits(total: f64, bits: i32) -> Self {
        let exponent = if total > 0.0 && total.is_finite() {
            (bits - 1 - libm::ilogb(total)).clamp(-1000, 1000)
        } else {
            0
        };
        Self {
            per_unit: libm::scalbn(1.0, exponent),
            unit: libm::scalbn(1.0, -exponent),
        }
    }

    /// An amount in quanta; what is less than one is cut off.
    #[inline]
    pub fn count(self, amount: f64) -> i64 {
        (amount * self.per_unit) as i64
    }

    /// An amount of either sign in quanta, not rounded: [`nearest`] does that, and is quicker than [`Self::count`].
    #[inline]
    pub fn quanta(self, amount: f64) -> f64 {
        amount * self.per_unit
    }

    /// What a whole number of quanta amounts to.
    #[inline]
    pub fn amount_of_whole(self, whole: f64) -> f64 {
        whole * self.unit
    }

    /// What a number of quanta amounts to.
    #[inline]
    pub fn amount(self, count: i64) -> f64 {
        count as f64 * self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_come_back_to_nothing_whatever_has_come_and_gone() {
        let quantum = Quantum::for_total(1e6);
        let parts: Vec<i64> = (1..1000)
            .map(|n| quantum.count(1e6 / f64::from(n)))
            .collect();
        let forth: i64 = parts.iter().sum();
        let back: i64 = parts.iter().rev().map(|part| -part).sum();
        assert_eq!(forth + back, 0);
    }

    #[test]
    fn a_whole_number_of_quanta_is_the_nearest() {
        let quantum = Quantum::for_small_total(1e6);
        for part in [0.0, 1.0, -1.0, 0.333, -0.7, 1e-9, 1.5] {
            let whole = nearest(quantum.quanta(1e6 * part));
            assert_eq!(whole, libm::rint(whole));
            let error = (quantum.amount_of_whole(whole) - 1e6 * part).abs();
            assert!(error <= 0.5001 * quantum.unit, "{part}");
        }
    }

    #[test]
    fn whole_numbers_are_integers_of_either_sign() {
        for number in [
            0,
            1,
            -1,
            2,
            -2,
            1_000_003,
            -77,
            (1 << 51) - 1,
            -(1 << 51) + 1,
        ] {
            assert_eq!(whole_of(number as f64), number);
        }
    }

    #[test]
    fn an_amount_comes_back_to_sixteen_digits_of_the_total() {
        for total in [1e-250, 1e-6, 0.7, 1.0, 9e5, 1e12, 1e300] {
            let quantum = Quantum::for_total(total);
            for part in [1.0, 0.3, 1e-6] {
                let amount = quantum.amount(quantum.count(total * part));
                assert!(
                    (amount - total * part).abs() <= total * 1e-16,
                    "{total} {part}"
                );
            }
            assert!(quantum.count(2.0 * total) > 0, "{total} twice overflows");
        }
        assert_eq!(Quantum::for_total(0.0).amount(5), 5.0);
    }
}
