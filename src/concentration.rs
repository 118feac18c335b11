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

/// HHI above that of equal units, from which on entropy is below theirs by far more than rounding.
const EVEN: f64 = 1e-6;

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
    let registered = Registered::new(registered);
    of_sums(weights_descending, &registered, |sums| {
        let sum_r_ln_r: f64 = weights_descending[..sums.units as usize]
            .iter()
            .map(|weight| weight / sums.largest)
            // A weight so far below the largest that the ratio is zero adds nothing, and its
            // logarithm does not exist.
            .map(|r| if r > 0.0 { r * libm::log(r) } else { 0.0 })
            .sum();
        libm::log(sums.total) - sum_r_ln_r / sums.total
    })
}

/// [`of_sorted`] for a caller who finds the entropy, in nats, once the weights are added up.
pub(crate) fn of_sums(
    weights_descending: &[f64],
    registered: &Registered,
    entropy_nats: impl FnOnce(&Sums) -> f64,
) -> Result<Concentration, NoHashRate> {
    let sums = Sums::of(weights_descending)?;
    let largest = Largest::of_sorted(weights_descending, &sums);
    Ok(assemble(&sums, entropy_nats(&sums), &largest, registered))
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
    let registered = Registered::new(registered);
    of_sums(weights_descending, &registered, |sums| {
        libm::log(sums.largest) + libm::log(sums.total) - sum_q_ln_q / sums.largest / sums.total
    })
}

/// Equal units: the weight of each, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Weight of one unit.
    pub weight: f64,
    /// Number of units.
    pub units: u32,
}

/// [`of_sorted`] for units that are equal by the run, at a cost that does not grow with their number: a few firms and a billion
/// devices. All of them are registered.
///
/// # Errors
/// [`NoHashRate`] if there are no units or every weight is zero.
///
/// # Panics
/// If there are more units than a `u32` counts.
pub fn of_runs(runs: &[Run]) -> Result<Concentration, NoHashRate> {
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let registered: u64 = runs.iter().map(|run| u64::from(run.units)).sum();
    assert!(
        u32::try_from(registered).is_ok(),
        "{registered} units are too many"
    );
    runs.retain(|run| run.units > 0 && run.weight > 0.0);
    let largest = runs.first().ok_or(NoHashRate)?.weight;
    let mut sums = Sums {
        largest,
        units: 0,
        total: 0.0,
        squares: 0.0,
        ranked: 0.0,
    };
    let mut sum_r_ln_r = 0.0;
    for run in &runs {
        let (r, units) = (run.weight / largest, f64::from(run.units));
        // Ranks of a run begin behind those of all before it.
        let ranks = f64::from(sums.units) + 0.5 * (units + 1.0);
        sums.units += run.units;
        sums.total += units * r;
        sums.squares += units * r * r;
        sums.ranked += units * ranks * r;
        if r > 0.0 {
            sum_r_ln_r += units * r * libm::log(r);
        }
    }
    let entropy_nats = libm::log(sums.total) - sum_r_ln_r / sums.total;
    let largest = Largest::of_runs(&runs, &sums);
    // Counted in a u32 above.
    let registered = Registered::new(registered as usize);
    Ok(assemble(&sums, entropy_nats, &largest, &registered))
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
    let mut units = Vec::new();
    extend_by_members(&mut units, weights, members);
    units
}

/// [`expand_members`] into a list that may have been used before.
pub(crate) fn extend_by_members(units: &mut Vec<f64>, weights: &[f64], members: &[u32]) {
    for (&weight, &count) in weights.iter().zip(members) {
        units.extend(std::iter::repeat_n(
            weight / f64::from(count),
            count as usize,
        ));
    }
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

/// How many units there are, those without a weight among them. Who asks again and again takes the
/// logarithm once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    pub(crate) units: usize,
    ln: f64,
}

impl Registered {
    pub(crate) fn new(units: usize) -> Self {
        let ln = libm::log(units as f64);
        Self { units, ln }
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

    /// The same for runs of equal units: how many of a run are needed is a quotient.
    fn of_runs(runs: &[Run], sums: &Sums) -> Self {
        let bounds = bounds(sums.total);
        let mut largest = Self {
            nakamoto: [sums.units; 6],
            top: [sums.total; 3],
        };
        let (mut rank, mut sum, mut passed) = (0_u32, 0.0, 0);
        for run in runs {
            let r = run.weight / sums.largest;
            let ends = sum + f64::from(run.units) * r;
            while passed < bounds.len() && ends > bounds[passed] {
                let needed = libm::floor((bounds[passed] - sum).max(0.0) / r) + 1.0;
                // At most the units of the run.
                largest.nakamoto[passed] = rank + needed.min(f64::from(run.units)) as u32;
                passed += 1;
            }
            for (top, count) in largest.top.iter_mut().zip(TOP) {
                if (rank..rank + run.units).contains(&(count - 1)) {
                    *top = sum + f64::from(count - rank) * r;
                }
            }
            rank += run.units;
            sum = ends;
        }
        largest
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
    registered: &Registered,
) -> Concentration {
    debug_assert!(
        registered.units >= sums.units as usize,
        "fewer units registered than have a weight"
    );
    let units = f64::from(sums.units);
    let hhi = (sums.squares / (sums.total * sums.total))
        .max(1.0 / units)
        .min(1.0);
    let mut entropy_nats = entropy_nats.max(0.0);
    let mut entropy_bits = entropy_nats * LOG2_E;
    // Entropy lies below the logarithm of the units by at least half of what HHI lies above one over
    // them: only where that is little may rounding push it out, and only there is it looked at.
    // Source: Pinsker's inequality; Cover and Thomas (2006), Elements of Information Theory, 11.6.
    if hhi - 1.0 / units < EVEN {
        entropy_nats = entropy_nats.min(libm::log(units));
        entropy_bits = (entropy_nats * LOG2_E).min(libm::log2(units));
    }
    let all = registered.units as f64;
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
        hhi,
        // With ranks from the largest down: G = (n + 1 - 2 sum(i s_i)) / n.
        gini: ((all + 1.0 - 2.0 * (sums.ranked / sums.total)) / all)
            .max(0.0)
            .min(1.0 - 1.0 / all),
        entropy_bits,
        theil: (registered.ln - entropy_nats).max(0.0),
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
mod tests;
