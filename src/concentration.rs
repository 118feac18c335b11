//! How concentrated a distribution of hash rate is: Herfindahl–Hirschman, Nakamoto, Gini, entropy,
//! Theil, top shares.
//!
//! A distribution is a slice of weights, one per unit: a region, a firm or a pool. Weights are
//! non-negative finite hash rates in any one unit of measure; every metric here depends on shares
//! `s = q / sum q` alone, so the unit of measure cancels.
//!
//! [`of_sorted`] computes all metrics at once without allocating; [`concentration`] takes the
//! weights in any order. The functions named after one metric are for tests, tables and one-off
//! questions.
//!
//! No hash rate at all has no shares: that is [`NoHashRate`], never a zero or a NaN.
//!
//! Results are the same bits on every machine: only `+ - * /` and `libm`, in a fixed order.

use std::error::Error;
use std::f64::consts::LOG2_E;
use std::fmt;

/// Relative width within which a cumulative share counts as equal to a Nakamoto threshold.
///
/// Assumption: hash rates that tie in exact arithmetic (three equal units at 1/3) miss each other
/// by a few parts in 10^16 after rounding, and no data distinguishes shares to one part in 10^12.
const TIE: f64 = 1e-12;

/// There is nothing to divide: the slice is empty or every entry is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHashRate;

impl fmt::Display for NoHashRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no hash rate: every unit is zero, so no share is defined")
    }
}

impl Error for NoHashRate {}

/// When a coalition's share counts as control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MajorityRule {
    /// The share must exceed the threshold: two equal halves need each other. The rule of this
    /// crate.
    StrictlyAbove,
    /// Reaching the threshold is enough: either of two equal halves controls. The rule of the
    /// Edinburgh decentralisation tools.
    AtLeast,
}

/// Every concentration metric of one distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concentration {
    /// Herfindahl–Hirschman index: the sum of squared shares, in `[1 / n, 1]` for `n` non-zero
    /// units.
    pub hhi: f64,
    /// Gini coefficient over the registered units, zeros included, in `[0, 1 - 1 / registered]`.
    pub gini: f64,
    /// Shannon entropy of the shares in bits, in `[0, log2 n]` for `n` non-zero units.
    pub entropy_bits: f64,
    /// Theil index over the registered units in nats, zeros included, in `[0, ln registered]`.
    pub theil: f64,
    /// Fewest units that together hold strictly more than 1/3.
    pub nakamoto_third: u32,
    /// Fewest units that together hold strictly more than 1/2.
    pub nakamoto_half: u32,
    /// Fewest units that together hold strictly more than 2/3.
    pub nakamoto_two_thirds: u32,
    /// Fewest units that together hold 1/3 or more.
    pub nakamoto_third_at_least: u32,
    /// Fewest units that together hold 1/2 or more.
    pub nakamoto_half_at_least: u32,
    /// Fewest units that together hold 2/3 or more.
    pub nakamoto_two_thirds_at_least: u32,
    /// Share of the largest unit.
    pub top_1: f64,
    /// Share of the three largest units together; 1 if there are fewer.
    pub top_3: f64,
    /// Share of the ten largest units together; 1 if there are fewer.
    pub top_10: f64,
}

impl Concentration {
    /// HHI on the scale of competition authorities, 10,000 being a monopoly.
    #[must_use]
    pub fn hhi_10000(&self) -> f64 {
        self.hhi * 10_000.0
    }

    /// Number of equal units that would have this HHI: `1 / hhi`.
    ///
    /// # Source
    /// Laakso and Taagepera (1979), *"Effective" Number of Parties*, Comparative Political Studies
    /// 12.
    #[must_use]
    pub fn effective_number(&self) -> f64 {
        1.0 / self.hhi
    }

    /// Number of equal units that would have this entropy: `2 ^ entropy_bits`. Gives small units
    /// more say than [`Self::effective_number`].
    ///
    /// # Source
    /// Hill (1973), *Diversity and Evenness*, Ecology 54: the number of order 1.
    #[must_use]
    pub fn effective_number_entropy(&self) -> f64 {
        libm::exp2(self.entropy_bits)
    }
}

/// All metrics of weights in descending order, without allocating.
///
/// `registered` counts the units of the scenario, zero or not, and is at least the length of the
/// slice. Units that are registered but left out of the slice, or zero in it, count in Gini and
/// Theil only.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
pub fn of_sorted(
    weights_descending: &[f64],
    registered: usize,
) -> Result<Concentration, NoHashRate> {
    let sums = Sums::of(weights_descending)?;
    let sum_r_ln_r: f64 = weights_descending[..sums.units as usize]
        .iter()
        .map(|weight| weight / sums.largest)
        // A weight so far below the largest that the ratio is zero adds nothing, and its logarithm
        // does not exist.
        .map(|r| if r > 0.0 { r * libm::log(r) } else { 0.0 })
        .sum();
    let entropy_nats = libm::log(sums.total) - sum_r_ln_r / sums.total;
    let largest = Largest::of_sorted(weights_descending, &sums);
    Ok(assemble(&sums, entropy_nats, &largest, registered))
}

/// [`of_sorted`] for a caller that already has `sum_q_ln_q`, the sum of `q ln q` over the non-zero
/// weights: no logarithm per unit.
///
/// Entropy follows from `H = ln Q - (sum q ln q) / Q`, with `Q = sum q`. It loses digits to
/// cancellation where `ln q` is large: in PH/s, where `ln q` stays below 20, entropy agrees with
/// [`of_sorted`] to about 13 decimals. A sum kept up to date by adding and subtracting drifts
/// beyond that; recompute it now and then.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
pub fn of_sorted_with(
    weights_descending: &[f64],
    registered: usize,
    sum_q_ln_q: f64,
) -> Result<Concentration, NoHashRate> {
    let sums = Sums::of(weights_descending)?;
    let entropy_nats =
        libm::log(sums.largest) + libm::log(sums.total) - sum_q_ln_q / sums.largest / sums.total;
    let largest = Largest::of_sorted(weights_descending, &sums);
    Ok(assemble(&sums, entropy_nats, &largest, registered))
}

/// All metrics of weights in any order, every entry being a registered unit.
///
/// The order does not touch the result, not even in its last bit. Sorts a copy; where the weights
/// are sorted already, use [`of_sorted`].
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
pub fn concentration(weights: &[f64]) -> Result<Concentration, NoHashRate> {
    of_sorted(&descending(weights), weights.len())
}

/// Herfindahl–Hirschman index: the sum of squared shares.
///
/// Reads as the probability that two independently drawn blocks were found by the same unit.
/// Dimensionless, in `[1 / n, 1]` for `n` non-zero entries.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
///
/// # Source
/// Rhoades (1993), *The Herfindahl-Hirschman Index*, Federal Reserve Bulletin 79, on a 0-1 scale.
pub fn herfindahl_hirschman(weights: &[f64]) -> Result<f64, NoHashRate> {
    Ok(concentration(weights)?.hhi)
}

/// Nakamoto coefficient: the fewest units whose combined share is above `threshold`, or also at it,
/// as `rule` says.
///
/// Shares within one part in 10^12 of the threshold are at it, so that what ties in exact
/// arithmetic ties here: ten equal units give 6 strictly above 1/2, and 5 at least 1/2.
///
/// `threshold` is in `[0, 1]`. The answer is at least 1. No coalition holds strictly more than
/// everything: a threshold of 1 gives the number of non-zero units.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
///
/// # Source
/// Srinivasan and Lee (2017), *Quantifying Decentralization*, for one half; 1/3 and 2/3 are the
/// fault bounds of the literature on Byzantine agreement.
pub fn nakamoto(weights: &[f64], threshold: f64, rule: MajorityRule) -> Result<u32, NoHashRate> {
    debug_assert!(
        (0.0..=1.0).contains(&threshold),
        "threshold {threshold} is not a share"
    );
    let sorted = descending(weights);
    let sums = Sums::of(&sorted)?;
    let bound = bound(threshold, rule, sums.total);
    let mut running = Running::default();
    let mut units = 0;
    while units < sums.units && running.value() <= bound {
        running.add(sorted[units as usize] / sums.largest);
        units += 1;
    }
    Ok(units)
}

/// Gini coefficient over all entries, zeros included: 0 when all are equal, `1 - 1 / len` when one
/// has everything.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
///
/// # Source
/// Sen (1973), *On Economic Inequality*, chapter 2: the form by ranks.
pub fn gini(weights: &[f64]) -> Result<f64, NoHashRate> {
    Ok(concentration(weights)?.gini)
}

/// Shannon entropy of the shares, in bits; in `[0, log2 n]` for `n` non-zero entries.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
///
/// # Source
/// Shannon (1948), *A Mathematical Theory of Communication*, Bell System Technical Journal 27,
/// section 6.
pub fn entropy_bits(weights: &[f64]) -> Result<f64, NoHashRate> {
    Ok(concentration(weights)?.entropy_bits)
}

/// Theil index over all entries: the sum of `s ln(s n)` with `n` the number of entries, zeros
/// included and adding nothing themselves.
///
/// In nats, in `[0, ln n]`; `ln n` minus the entropy.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
///
/// # Source
/// Theil (1967), *Economics and Information Theory*, chapter 4.
pub fn theil(weights: &[f64]) -> Result<f64, NoHashRate> {
    Ok(concentration(weights)?.theil)
}

/// Share of the `k` largest units together; 1 if there are no more than `k` non-zero ones.
///
/// # Errors
/// [`NoHashRate`] if the slice is empty or every entry is zero.
pub fn top_share(weights: &[f64], k: usize) -> Result<f64, NoHashRate> {
    let sorted = descending(weights);
    let sums = Sums::of(&sorted)?;
    let mut running = Running::default();
    for weight in sorted.iter().take(k) {
        running.add(weight / sums.largest);
    }
    Ok((running.value() / sums.total).min(1.0))
}

/// Replaces each weight by `members` equal parts: an aggregate of 40 like firms becomes 40 units.
///
/// A zero weight becomes that many zeros, which stay registered units.
///
/// # Panics
/// If the slices differ in length, or an entry has no members: its hash rate would vanish.
#[must_use]
pub fn expand_members(weights: &[f64], members: &[u32]) -> Vec<f64> {
    assert_eq!(
        weights.len(),
        members.len(),
        "one number of members per weight"
    );
    assert!(
        members.iter().all(|&count| count > 0),
        "an entry without members"
    );
    members_of(weights, members).collect()
}

/// [`expand_members`], one unit after the other.
pub(crate) fn members_of<'a>(
    weights: &'a [f64],
    members: &'a [u32],
) -> impl Iterator<Item = f64> + 'a {
    weights.iter().zip(members).flat_map(|(&weight, &count)| {
        std::iter::repeat_n(weight / f64::from(count), count as usize)
    })
}

/// What one pass over the weights leaves behind.
///
/// Weights are taken relative to the largest, `r = q / q_1`: nothing overflows, and equal weights
/// are exactly 1 and sum without rounding. A caller who keeps weights relative to another one may
/// pass on the sums of these: every metric is of shares.
pub(crate) struct Sums {
    pub(crate) largest: f64,
    /// Non-zero weights; they come first.
    pub(crate) units: u32,
    /// Sum of `r`.
    pub(crate) total: f64,
    /// Sum of `r^2`.
    pub(crate) squares: f64,
    /// Sum of rank times `r`, the largest having rank 1.
    pub(crate) ranked: f64,
}

impl Sums {
    fn of(weights_descending: &[f64]) -> Result<Self, NoHashRate> {
        debug_assert!(
            weights_descending
                .iter()
                .all(|weight| weight.is_finite() && *weight >= 0.0),
            "weights must be finite and not negative"
        );
        debug_assert!(
            weights_descending.is_sorted_by(|a, b| a >= b),
            "weights must be in descending order"
        );
        let largest = weights_descending.first().copied().unwrap_or(0.0);
        if largest <= 0.0 {
            return Err(NoHashRate);
        }
        let mut running = Running::default();
        let (mut units, mut rank, mut squares, mut ranked) = (0, 0.0, 0.0, 0.0);
        for &weight in weights_descending {
            if weight <= 0.0 {
                break;
            }
            let r = weight / largest;
            units += 1;
            rank += 1.0;
            running.add(r);
            squares += r * r;
            ranked += rank * r;
        }
        Ok(Self {
            largest,
            units,
            total: running.value(),
            squares,
            ranked,
        })
    }
}

/// A sum of descending weights that also adds up what rounding cut off, so that a million entries
/// still tie within [`TIE`].
///
/// # Source
/// Dekker (1971), *A floating-point technique for extending the available precision*, Numerische
/// Mathematik 18: the cut-off part is exact when the sum is at least the addend, which the
/// descending order gives.
#[derive(Default)]
struct Running {
    sum: f64,
    cut_off: f64,
}

impl Running {
    fn add(&mut self, weight: f64) {
        let sum = self.sum + weight;
        self.cut_off += weight - (sum - self.sum);
        self.sum = sum;
    }

    fn value(&self) -> f64 {
        self.sum + self.cut_off
    }
}

/// What a running sum must exceed to pass `threshold`.
fn bound(threshold: f64, rule: MajorityRule, total: f64) -> f64 {
    match rule {
        MajorityRule::StrictlyAbove => threshold * total * (1.0 + TIE),
        MajorityRule::AtLeast => threshold * total * (1.0 - TIE),
    }
}

/// What the largest units have together.
pub(crate) struct Largest {
    /// Fewest units that pass each of [`bounds`].
    pub(crate) nakamoto: [u32; 6],
    /// Sums of the largest, of the three and of the ten largest weights.
    pub(crate) top: [f64; 3],
}

/// How many units each of [`Largest::top`] counts.
pub(crate) const TOP: [u32; 3] = [1, 3, 10];

/// What a running sum must exceed to pass each Nakamoto threshold of [`Concentration`], ascending.
pub(crate) fn bounds(total: f64) -> [f64; 6] {
    use MajorityRule::{AtLeast, StrictlyAbove};
    [
        bound(1.0 / 3.0, AtLeast, total),
        bound(1.0 / 3.0, StrictlyAbove, total),
        bound(1.0 / 2.0, AtLeast, total),
        bound(1.0 / 2.0, StrictlyAbove, total),
        bound(2.0 / 3.0, AtLeast, total),
        bound(2.0 / 3.0, StrictlyAbove, total),
    ]
}

impl Largest {
    /// Walks the largest units until two thirds and the top ten are behind.
    fn of_sorted(weights_descending: &[f64], sums: &Sums) -> Self {
        let bounds = bounds(sums.total);
        let mut nakamoto = [sums.units; 6];
        let mut passed = 0;
        let mut top = [sums.total; 3];
        let mut running = Running::default();
        for (rank, weight) in (1..=sums.units).zip(weights_descending) {
            running.add(weight / sums.largest);
            let value = running.value();
            while passed < bounds.len() && value > bounds[passed] {
                nakamoto[passed] = rank;
                passed += 1;
            }
            if let Some(index) = TOP.iter().position(|count| *count == rank) {
                top[index] = value;
            }
            if passed == bounds.len() && rank >= TOP[2] {
                break;
            }
        }
        Self { nakamoto, top }
    }
}

/// Completes the metrics from the sums, the entropy and what the largest have.
///
/// Ranges are enforced: rounding may push a metric out by its last bit, and an index of
/// 1.0000000000000002 would surprise.
pub(crate) fn assemble(
    sums: &Sums,
    entropy_nats: f64,
    largest: &Largest,
    registered: usize,
) -> Concentration {
    debug_assert!(
        registered >= sums.units as usize,
        "fewer units registered than have a weight"
    );
    let units = f64::from(sums.units);
    let registered = registered as f64;
    let entropy_nats = entropy_nats.max(0.0).min(libm::log(units));
    let [top_1, top_3, top_10] = largest.top.map(|top| (top / sums.total).min(1.0));
    let [
        nakamoto_third_at_least,
        nakamoto_third,
        nakamoto_half_at_least,
        nakamoto_half,
        nakamoto_two_thirds_at_least,
        nakamoto_two_thirds,
    ] = largest.nakamoto;

    Concentration {
        hhi: (sums.squares / (sums.total * sums.total))
            .max(1.0 / units)
            .min(1.0),
        // With ranks from the largest down: G = (n + 1 - 2 sum(i s_i)) / n.
        gini: ((registered + 1.0 - 2.0 * (sums.ranked / sums.total)) / registered)
            .max(0.0)
            .min(1.0 - 1.0 / registered),
        entropy_bits: (entropy_nats * LOG2_E).min(libm::log2(units)),
        theil: (libm::log(registered) - entropy_nats).max(0.0),
        nakamoto_third,
        nakamoto_half,
        nakamoto_two_thirds,
        nakamoto_third_at_least,
        nakamoto_half_at_least,
        nakamoto_two_thirds_at_least,
        top_1,
        top_3,
        top_10,
    }
}

fn descending(weights: &[f64]) -> Vec<f64> {
    let mut sorted = weights.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted
}

#[cfg(test)]
mod tests {
    use super::MajorityRule::{AtLeast, StrictlyAbove};
    use super::*;
    use crate::testing::close;
    use proptest::prelude::*;

    /// The definitions, written out one by one: quadratic, any order.
    struct Reference {
        hhi: f64,
        gini: f64,
        entropy_bits: f64,
        theil: f64,
    }

    fn reference(weights: &[f64]) -> Reference {
        let n = weights.len() as f64;
        let total: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
        let over_present = |f: &dyn Fn(f64) -> f64| -> f64 {
            shares
                .iter()
                .filter(|share| **share > 0.0)
                .map(|share| f(*share))
                .sum()
        };
        let differences: f64 = shares
            .iter()
            .flat_map(|a| shares.iter().map(move |b| (a - b).abs()))
            .sum();
        Reference {
            hhi: over_present(&|s| s * s),
            gini: differences / (2.0 * n),
            entropy_bits: -over_present(&|s| s * libm::log2(s)),
            theil: over_present(&|s| s * libm::log(s * n)),
        }
    }

    fn at(weights: &[f64], threshold: f64) -> (u32, u32) {
        (
            nakamoto(weights, threshold, StrictlyAbove).unwrap(),
            nakamoto(weights, threshold, AtLeast).unwrap(),
        )
    }

    #[test]
    fn three_unequal_units_have_their_textbook_values() {
        let found = concentration(&[50.0, 30.0, 20.0]).unwrap();
        close(found.hhi, 0.38, 1e-15);
        close(found.hhi_10000(), 3_800.0, 1e-11);
        close(found.effective_number(), 2.6316, 5e-5);
        close(found.gini, 0.2, 1e-15);
        close(found.entropy_bits, 1.48548, 5e-6);
        close(found.effective_number_entropy(), 2.8001, 5e-5);
        close(found.theil, 0.06896, 5e-6);
        close(found.top_1, 0.5, 1e-15);
        assert_eq!((found.top_3, found.top_10), (1.0, 1.0));
    }

    #[test]
    fn four_unequal_units_have_their_textbook_values() {
        let found = concentration(&[10.0, 40.0, 20.0, 30.0]).unwrap();
        close(found.hhi, 0.30, 1e-15);
        close(found.effective_number(), 3.3333, 5e-5);
        close(found.gini, 0.25, 1e-15);
        close(found.entropy_bits, 1.84644, 5e-6);
        close(found.theil, 0.10644, 5e-6);
        close(found.top_3, 0.9, 1e-15);
        close(
            concentration(&[8.0, 6.0, 3.0, 3.0]).unwrap().hhi_10000(),
            2_950.0,
            1e-11,
        );
    }

    #[test]
    fn the_single_metrics_are_those_of_the_whole() {
        let weights = [3.0, 0.0, 7.5, 1.25, 0.5];
        let whole = concentration(&weights).unwrap();
        assert_eq!(herfindahl_hirschman(&weights), Ok(whole.hhi));
        assert_eq!(gini(&weights), Ok(whole.gini));
        assert_eq!(entropy_bits(&weights), Ok(whole.entropy_bits));
        assert_eq!(theil(&weights), Ok(whole.theil));
        assert_eq!(top_share(&weights, 1), Ok(whole.top_1));
        assert_eq!(top_share(&weights, 3), Ok(whole.top_3));
        assert_eq!(top_share(&weights, 10), Ok(whole.top_10));
        assert_eq!(top_share(&weights, 0), Ok(0.0));
    }

    #[test]
    fn one_unit_is_a_monopoly() {
        let found = concentration(&[1234.5]).unwrap();
        assert_eq!(
            (found.hhi, found.gini, found.entropy_bits, found.theil),
            (1.0, 0.0, 0.0, 0.0)
        );
        assert_eq!(
            (
                found.nakamoto_third,
                found.nakamoto_two_thirds,
                found.nakamoto_third_at_least
            ),
            (1, 1, 1)
        );
        assert_eq!(
            (
                found.top_1,
                found.effective_number(),
                found.effective_number_entropy()
            ),
            (1.0, 1.0, 1.0)
        );
    }

    #[test]
    fn equal_units_give_one_over_n() {
        for n in [2_u32, 3, 7, 10, 49, 1_000] {
            let found = concentration(&vec![0.1; n as usize]).unwrap();
            assert_eq!(found.hhi, 1.0 / f64::from(n));
            assert_eq!((found.gini, found.theil), (0.0, 0.0));
            close(found.entropy_bits, libm::log2(f64::from(n)), 1e-14);
            assert_eq!(found.nakamoto_half, n / 2 + 1);
            assert_eq!(found.nakamoto_half_at_least, n.div_ceil(2));
        }
    }

    #[test]
    fn nakamoto_treats_exact_ties_as_ties() {
        assert_eq!(at(&[50.0, 50.0], 0.5), (2, 1));
        assert_eq!(at(&[0.1; 10], 0.5), (6, 5));
        assert_eq!(at(&[0.1; 3], 1.0 / 3.0), (2, 1));
        assert_eq!(at(&[0.1; 3], 2.0 / 3.0), (3, 2));
        assert_eq!(at(&[3.0, 2.0, 1.0, 1.0, 1.0, 1.0], 0.5), (2, 2));
        assert_eq!(at(&[3.0, 2.0, 1.0, 1.0, 1.0, 1.0], 1.0 / 3.0), (2, 1));
        // 0.1 + 0.2 against 0.3: a tie in decimal, not in binary.
        assert_eq!(at(&[0.3, 0.2, 0.1], 0.5), (2, 1));
        assert_eq!(at(&[0.7, 0.1, 0.2, 0.4], 0.5), (2, 1));
    }

    #[test]
    fn a_share_beyond_the_tolerance_is_no_tie() {
        assert_eq!(at(&[50.0 + 1e-9, 50.0 - 1e-9], 0.5), (1, 1));
        assert_eq!(
            at(&[25.0 - 1e-9, 25.0 - 1e-9, 25.0, 25.0 + 2e-9], 0.5),
            (2, 2)
        );
        assert_eq!(at(&[50.0 - 1e-9, 25.0, 25.0 + 1e-9], 0.5), (2, 2));
    }

    #[test]
    fn nakamoto_ties_survive_expansion_and_a_million_units() {
        let expanded = expand_members(&[1.0, 1.0, 1.0], &[3, 7, 11]);
        assert_eq!(expanded.len(), 21);
        // 1/3 sits in the 3 members of the first, 2/3 is reached with the 7 of the second.
        assert_eq!(at(&expanded, 1.0 / 3.0), (4, 3));
        assert_eq!(at(&expanded, 2.0 / 3.0), (11, 10));
        let mut million = vec![0.1; 1_000_000];
        million.insert(0, 0.3);
        million.insert(0, 0.3);
        million.insert(0, 0.2);
        // 0.3 + 0.3 + 0.2 is the weight of 8: 1,000,008 tenths, half of them 500,004 tenths.
        assert_eq!(at(&million, 0.5), (500_004 - 8 + 3 + 1, 500_004 - 8 + 3));
    }

    #[test]
    fn nakamoto_at_the_ends_of_the_scale() {
        assert_eq!(at(&[5.0, 3.0, 2.0, 0.0], 0.0), (1, 1));
        assert_eq!(at(&[5.0, 3.0, 2.0, 0.0], 1.0), (3, 3));
    }

    #[test]
    fn no_hash_rate_has_no_metrics() {
        assert_eq!(concentration(&[]), Err(NoHashRate));
        assert_eq!(of_sorted(&[0.0, 0.0], 5), Err(NoHashRate));
        assert_eq!(of_sorted_with(&[], 5, 0.0), Err(NoHashRate));
        assert_eq!(nakamoto(&[0.0, -0.0], 0.5, StrictlyAbove), Err(NoHashRate));
        assert_eq!(top_share(&[], 3), Err(NoHashRate));
        assert_eq!(
            NoHashRate.to_string(),
            "no hash rate: every unit is zero, so no share is defined"
        );
    }

    #[test]
    fn members_split_evenly_and_keep_the_zeros() {
        assert_eq!(
            expand_members(&[6.0, 0.0, 1.0], &[3, 2, 1]),
            [2.0, 2.0, 2.0, 0.0, 0.0, 1.0]
        );
        close(
            herfindahl_hirschman(&expand_members(&[60.0, 40.0], &[3, 2])).unwrap(),
            0.2,
            1e-15,
        );
    }

    #[test]
    #[should_panic(expected = "an entry without members")]
    fn an_entry_without_members_is_a_bug() {
        let _ = expand_members(&[1.0], &[0]);
    }

    #[test]
    fn the_largest_and_smallest_numbers_neither_overflow_nor_vanish() {
        for scale in [f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            let found = concentration(&[scale, scale]).unwrap();
            assert_eq!(
                (found.hhi, found.gini, found.top_1, found.nakamoto_half),
                (0.5, 0.0, 0.5, 2)
            );
        }
        let found = concentration(&[f64::MAX, 5e-324]).unwrap();
        assert_eq!((found.hhi, found.nakamoto_half), (1.0, 1));
    }

    /// Hash rates over nine decades with many zeros and repeats, never all zero.
    fn weights() -> impl Strategy<Value = Vec<f64>> {
        let weight = prop_oneof![
            1 => Just(0.0),
            2 => (1_u32..6).prop_map(f64::from),
            4 => (-3.0..6.0_f64).prop_map(libm::exp10),
        ];
        prop::collection::vec(weight, 1..60).prop_filter("some hash rate", |weights| {
            weights.iter().any(|weight| *weight > 0.0)
        })
    }

    fn present(weights: &[f64]) -> usize {
        weights.iter().filter(|weight| **weight > 0.0).count()
    }

    proptest! {
        #[test]
        fn agrees_with_the_definitions(weights in weights()) {
            let (found, expected) = (concentration(&weights).unwrap(), reference(&weights));
            close(found.hhi, expected.hhi, 1e-13);
            close(found.gini, expected.gini, 1e-13);
            close(found.entropy_bits, expected.entropy_bits, 1e-13);
            close(found.theil, expected.theil, 1e-13);
        }

        #[test]
        fn stays_in_range(weights in weights()) {
            let found = concentration(&weights).unwrap();
            let (present, registered) = (present(&weights) as f64, weights.len() as f64);
            prop_assert!((1.0 / present..=1.0).contains(&found.hhi));
            prop_assert!((0.0..=1.0 - 1.0 / registered).contains(&found.gini));
            prop_assert!((0.0..=libm::log2(present)).contains(&found.entropy_bits));
            prop_assert!((0.0..=libm::log(registered)).contains(&found.theil));
            prop_assert!([0.0, found.top_1, found.top_3, found.top_10, 1.0].is_sorted());
            prop_assert!(found.top_1 > 0.0);
            prop_assert!(f64::from(found.nakamoto_two_thirds) <= present);
        }

        #[test]
        fn order_does_not_matter(weights in weights().prop_shuffle(), turn in 0_usize..60) {
            let mut turned = weights.clone();
            turned.rotate_left(turn % weights.len());
            prop_assert_eq!(concentration(&turned), concentration(&weights));
        }

        #[test]
        fn the_unit_of_measure_does_not_matter(weights in weights(), scale in 1e-6..1e6_f64) {
            let scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
            let found = concentration(&scaled).unwrap();
            let expected = concentration(&weights).unwrap();
            close(found.hhi, expected.hhi, 1e-13);
            close(found.gini, expected.gini, 1e-13);
            close(found.entropy_bits, expected.entropy_bits, 1e-13);
            close(found.theil, expected.theil, 1e-13);
            close(found.top_3, expected.top_3, 1e-13);
            prop_assert_eq!(found.nakamoto_third, expected.nakamoto_third);
            prop_assert_eq!(found.nakamoto_half, expected.nakamoto_half);
            prop_assert_eq!(found.nakamoto_half_at_least, expected.nakamoto_half_at_least);
            prop_assert_eq!(found.nakamoto_two_thirds, expected.nakamoto_two_thirds);
        }

        #[test]
        fn splitting_a_unit_never_concentrates(
            weights in weights(),
            which in 0_usize..60,
            part in 0.0..=1.0_f64,
        ) {
            let which = which % weights.len();
            let mut split = weights.clone();
            split[which] *= part;
            split.push(weights[which] * (1.0 - part));
            let (found, whole) = (concentration(&split).unwrap(), concentration(&weights).unwrap());
            prop_assert!(found.hhi <= whole.hhi + 1e-14);
            prop_assert!(found.entropy_bits >= whole.entropy_bits - 1e-13);
            prop_assert!(found.nakamoto_half >= whole.nakamoto_half);
        }

        #[test]
        fn a_higher_threshold_never_needs_fewer(
            weights in weights(),
            a in 0.0..=1.0_f64,
            b in 0.0..=1.0_f64,
        ) {
            let (low, high) = (at(&weights, a.min(b)), at(&weights, a.max(b)));
            prop_assert!(low.0 <= high.0 && low.1 <= high.1);
            prop_assert!(low.1 <= low.0 && high.1 <= high.0);
        }

        #[test]
        fn the_walk_finds_the_same_nakamoto_numbers(weights in weights()) {
            let found = concentration(&weights).unwrap();
            let walked = (found.nakamoto_third, found.nakamoto_third_at_least);
            prop_assert_eq!(walked, at(&weights, 1.0 / 3.0));
            let walked = (found.nakamoto_half, found.nakamoto_half_at_least);
            prop_assert_eq!(walked, at(&weights, 1.0 / 2.0));
            let walked = (found.nakamoto_two_thirds, found.nakamoto_two_thirds_at_least);
            prop_assert_eq!(walked, at(&weights, 2.0 / 3.0));
        }

        /// Small whole weights: the definition in integers, where ties are ties.
        #[test]
        fn nakamoto_agrees_with_integer_arithmetic(
            mut whole in prop::collection::vec(0_u64..12, 1..40),
            thirds in 1_u64..3,
            unit in 0.01..10.0_f64,
        ) {
            whole[0] += 1;
            let weights: Vec<f64> = whole.iter().map(|weight| *weight as f64 * unit).collect();
            whole.sort_unstable_by(|a, b| b.cmp(a));
            let total: u64 = whole.iter().sum();
            let least = |passes: &dyn Fn(u64) -> bool| {
                let top = |k: usize| whole[..k].iter().sum::<u64>();
                (1..=whole.len()).find(|&k| passes(top(k))).unwrap() as u32
            };

            let strict = least(&|sum| 3 * sum > thirds * total);
            let at_least = least(&|sum| 3 * sum >= thirds * total);
            prop_assert_eq!(at(&weights, thirds as f64 / 3.0), (strict, at_least));

            let strict = least(&|sum| 2 * sum > total);
            let at_least = least(&|sum| 2 * sum >= total);
            prop_assert_eq!(at(&weights, 0.5), (strict, at_least));
        }

        #[test]
        fn sorted_and_unsorted_agree(weights in weights()) {
            let sorted = descending(&weights);
            let expected = concentration(&weights);
            prop_assert_eq!(of_sorted(&sorted, weights.len()), expected);
            // Zeros in the slice, or only registered: the same.
            prop_assert_eq!(of_sorted(&sorted[..present(&weights)], weights.len()), expected);
        }

        #[test]
        fn a_given_sum_of_q_ln_q_gives_the_same(weights in weights()) {
            let sorted = descending(&weights);
            let sum_q_ln_q = sorted.iter().filter(|q| **q > 0.0).map(|q| q * libm::log(*q)).sum();
            let found = of_sorted_with(&sorted, weights.len(), sum_q_ln_q).unwrap();
            let expected = of_sorted(&sorted, weights.len()).unwrap();
            close(found.entropy_bits, expected.entropy_bits, 1e-13);
            close(found.theil, expected.theil, 1e-13);
            let Concentration { entropy_bits, theil, .. } = expected;
            prop_assert_eq!(Concentration { entropy_bits, theil, ..found }, expected);
        }

        #[test]
        fn a_zero_unit_changes_gini_and_theil_only(weights in weights()) {
            let before = concentration(&weights).unwrap();
            let mut more = weights.clone();
            more.push(0.0);
            let after = concentration(&more).unwrap();
            prop_assert!(after.gini > before.gini && after.theil > before.theil);
            let Concentration { gini, theil, .. } = before;
            prop_assert_eq!(Concentration { gini, theil, ..after }, before);
        }
    }
}
