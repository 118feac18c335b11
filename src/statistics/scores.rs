//! How good a forecast was, once it is known what happened: CRPS, energy score, Brier score, and
//! whether the spread of the forecast can be trusted.
//!
//! The *members* of a forecast are the simulated values of one quantity, one per replica, in any
//! order; the *observed* value is what came about. All are finite and in one unit of measure. The
//! scores but Brier's are in that unit; less is better, and 0 is a perfect forecast. They are
//! *proper*: nobody gains by forecasting anything but the distribution believed in.
//!
//! The plain scores take the members for the whole forecast. The *fair* ones take them for a sample
//! of it and say what more and more replicas would score on average, so that forecasts of different
//! numbers of replicas can be compared. A fair score rewards members drawn independently from the
//! forecast and no others: two members, one on either side of whatever happens, have a fair CRPS
//! of 0.
//!
//! A score of one observation says little: average over many, and compare with a reference by
//! [`skill`].
//!
//! Results are the same bits on every machine: only `+ - * /`, square roots and `libm`, in a fixed
//! order. That order is ascending for members that are numbers, which may therefore come in any,
//! and the one given for members that are vectors.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::{quantile_of_sorted, sort_nulls_last};

/// Continuous ranked probability score of the members as they are: with `n` of them,
/// `sum |x - y| / n - sum sum |x - x'| / (2 n^2)`.
///
/// In the unit of the members, never negative; the absolute error for a single member or equal ones.
/// The same as the integral over the line of the squared distance between the distribution function
/// of the members and the step at the observation. Takes time in proportion to `n log n`.
///
/// # Panics
/// If there are no members, or a value is not finite.
///
/// # Source
/// Gneiting and Raftery (2007), *Strictly Proper Scoring Rules, Prediction, and Estimation*, Journal
/// of the American Statistical Association 102. Added up from gap to gap as in Hersbach (2000),
/// *Decomposition of the Continuous Ranked Probability Score for Ensemble Prediction Systems*,
/// Weather and Forecasting 15.
#[must_use]
pub fn crps(members: &[f64], observed: f64) -> f64 {
    let n = members.len() as f64;
    add_up_gaps(members, observed, |beyond| (beyond / n) * (beyond / n))
}

/// Continuous ranked probability score of the distribution that the members are a sample of: with
/// `n` of them, `sum |x - y| / n - sum sum |x - x'| / (2 n (n - 1))`.
///
/// Its mean over samples is the score of the distribution, whatever `n` from 2 up; that of [`crps`]
/// is more, by half the mean distance of two members over `n`. In the unit of the members, never
/// negative, never above [`crps`]. A single member shows no spread: it gets its absolute error.
///
/// # Panics
/// If there are no members, or a value is not finite.
///
/// # Source
/// Ferro (2014), *Fair Scores for Ensemble Forecasts*, Quarterly Journal of the Royal Meteorological
/// Society 140.
#[must_use]
pub fn fair_crps(members: &[f64], observed: f64) -> f64 {
    let n = members.len() as f64;
    add_up_gaps(members, observed, |beyond| {
        beyond * (beyond - 1.0) / (n * (n - 1.0))
    })
}

/// Continuous ranked probability score of a normal distribution, in closed form.
///
/// In the unit of `mean`, `sd` and `observed`; at least `0.2336950 sd`, which it is at the mean.
/// With a standard deviation of 0 it is the absolute error.
///
/// # Panics
/// If a value is not finite, or the standard deviation negative.
///
/// # Source
/// Gneiting, Raftery, Westveld and Goldman (2005), *Calibrated Probabilistic Forecasting Using
/// Ensemble Model Output Statistics and Minimum CRPS Estimation*, Monthly Weather Review 133.
#[must_use]
pub fn crps_of_normal(mean: f64, sd: f64, observed: f64) -> f64 {
    check_finite(&[mean, sd, observed]);
    assert!(sd >= 0.0, "a standard deviation of {sd}");
    let error = (observed - mean).abs();
    if sd == 0.0 {
        return error;
    }
    // The error stays outside the division: far off, `error / sd` may overflow, and the score is
    // still the error less a constant times `sd`.
    let scaled = error / sd * FRAC_1_SQRT_2;
    let density = FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * libm::exp(-scaled * scaled);
    error * libm::erf(scaled) + sd * (density - FRAC_2_SQRT_PI / 2.0)
}

/// Energy score of the members as they are: [`crps`] for vectors, with the Euclidean distance in
/// place of the absolute difference.
///
/// Each member is a vector as long as the observed one, of one unit of measure throughout, such as
/// the shares of all regions. In that unit, never negative. Takes time in proportion to the square
/// of the number of members.
///
/// # Panics
/// If there are no members, one is not as long as the observed vector, or a value is not finite.
///
/// # Source
/// Gneiting and Raftery (2007), *Strictly Proper Scoring Rules, Prediction, and Estimation*, Journal
/// of the American Statistical Association 102, with exponent 1.
#[must_use]
pub fn energy_score(members: &[Vec<f64>], observed: &[f64]) -> f64 {
    let n = members.len() as f64;
    energy(members, observed, n * n)
}

/// Energy score of the distribution that the members are a sample of: [`fair_crps`] for vectors,
/// with the Euclidean distance in place of the absolute difference.
///
/// Shapes, unit and time as for [`energy_score`]. Never negative. A single member gets its distance
/// from the observed vector.
///
/// # Panics
/// If there are no members, one is not as long as the observed vector, or a value is not finite.
///
/// # Source
/// Ferro (2014), *Fair Scores for Ensemble Forecasts*, Quarterly Journal of the Royal Meteorological
/// Society 140, whose argument holds for every score made of a mean distance.
#[must_use]
pub fn fair_energy_score(members: &[Vec<f64>], observed: &[f64]) -> f64 {
    let n = members.len() as f64;
    // A single member has no pairs to divide: any divisor but 0 will do.
    energy(members, observed, (n * (n - 1.0)).max(1.0))
}

/// Brier score of the probability given to an event: the squared distance from 1 if it happened and
/// from 0 if not.
///
/// In `[0, 1]`; a probability of 1/2 scores 1/4 either way.
///
/// # Panics
/// If the probability is not in `[0, 1]`.
///
/// # Source
/// Brier (1950), *Verification of Forecasts Expressed in Terms of Probability*, Monthly Weather
/// Review 78; half of what he adds up over the event and its opposite, as is usual today.
#[must_use]
pub fn brier(probability: f64, happened: bool) -> f64 {
    check_probability(probability);
    let error = if happened {
        1.0 - probability
    } else {
        probability
    };
    error * error
}

/// Probability integral transform: the share of the members below the observation, those equal to it
/// counted half.
///
/// In `[0, 1]`. If the observation is one more draw from the distribution of `n` members without
/// ties, each of `0, 1 / n, ..., 1` is as likely as any other. Over many forecasts, too many values
/// near 0 and 1 mean too narrow a spread, too many in the middle too wide a one.
///
/// # Panics
/// If there are no members, or a value is not finite.
///
/// # Source
/// Dawid (1984), *Statistical Theory: The Prequential Approach*, Journal of the Royal Statistical
/// Society A 147; ties as in Lancaster (1961), *Significance Tests in Discrete Distributions*,
/// Journal of the American Statistical Association 56.
#[must_use]
pub fn pit(members: &[f64], observed: f64) -> f64 {
    check_members(members);
    check_finite(&[observed]);
    let below = members.iter().filter(|member| **member < observed).count();
    let equal = members.iter().filter(|member| **member == observed).count();
    (below as f64 + equal as f64 / 2.0) / members.len() as f64
}

/// Central band of the members that holds `probability`: their quantiles at `(1 - probability) / 2`
/// and `(1 + probability) / 2`, lower end first.
///
/// In the unit of the members. `probability` is in `[0, 1]`: 0 is the median twice, 1 the smallest
/// and the largest member.
///
/// # Panics
/// If there are no members, one is not finite, or the probability is not in `[0, 1]`.
///
/// # Source
/// The quantiles are those of [`quantile_of_sorted`].
#[must_use]
pub fn band(members: &[f64], probability: f64) -> (f64, f64) {
    check_probability(probability);
    let sorted = ascending(members);
    (
        quantile_of_sorted(&sorted, 0.5 - probability / 2.0),
        quantile_of_sorted(&sorted, 0.5 + probability / 2.0),
    )
}

/// Whether the central [`band`] that holds `probability` contains the observation, its ends
/// included.
///
/// With few members less is covered than asked for. If the observation is one more draw from the
/// distribution of `n` members, the band contains it with a probability of about
/// `probability (n - 1) / (n + 1)`: exactly that if the distribution is uniform, or if both ends fall
/// on members.
///
/// # Panics
/// If there are no members, a value is not finite, or the probability is not in `[0, 1]`.
///
/// # Source
/// Gneiting, Balabdaoui and Raftery (2007), *Probabilistic Forecasts, Calibration and Sharpness*,
/// Journal of the Royal Statistical Society B 69: coverage as a check of calibration.
#[must_use]
pub fn covers(members: &[f64], observed: f64, probability: f64) -> bool {
    check_finite(&[observed]);
    let (low, high) = band(members, probability);
    low <= observed && observed <= high
}

/// Skill of a forecast over a reference: `1 - score / reference`, both scores being means over the
/// same observations.
///
/// 1 is a perfect forecast, 0 no better than the reference, and below 0 it is worse; a fair score
/// may be a little below 0 by chance, and the skill above 1. None if the reference is perfect, with
/// a score of 0.
///
/// # Source
/// Gneiting and Raftery (2007), *Strictly Proper Scoring Rules, Prediction, and Estimation*, Journal
/// of the American Statistical Association 102.
#[must_use]
pub fn skill(score: f64, reference: f64) -> Option<f64> {
    (reference != 0.0).then(|| 1.0 - score / reference)
}

/// Both forms of the CRPS, added up from gap to gap between neighbouring points.
///
/// A piece of the line lies between the observation and those members that are beyond it, `b` of
/// `n`. It is part of `b` distances to the observation and of `b (n - b)` between members, which
/// makes its weight `(b / n)^2` in the plain form and `b (b - 1) / (n (n - 1))` in the fair one. No
/// sum is taken from another, so no digits are lost however close the two would be.
fn add_up_gaps(members: &[f64], observed: f64, weight: impl Fn(f64) -> f64) -> f64 {
    check_finite(&[observed]);
    let sorted = ascending(members);
    let n = sorted.len();
    let (first, last) = (sorted[0], sorted[n - 1]);
    // Outside of all members the weight is 1 in both forms.
    let mut score = (first - observed).max(0.0) + (observed - last).max(0.0);
    for (index, neighbours) in sorted.windows(2).enumerate() {
        let (low, high) = (neighbours[0], neighbours[1]);
        let below = index + 1;
        score += (high.min(observed) - low).max(0.0) * weight(below as f64);
        score += (high - low.max(observed)).max(0.0) * weight((n - below) as f64);
    }
    score
}

/// Both forms of the energy score: the mean distance from the observation less the distances of all
/// pairs over `pairs`, each pair taken once.
fn energy(members: &[Vec<f64>], observed: &[f64], pairs: f64) -> f64 {
    assert!(!members.is_empty(), "a forecast of no members");
    check_finite(observed);
    let (mut from_observed, mut between) = (0.0, 0.0);
    for (index, member) in members.iter().enumerate() {
        assert!(
            member.len() == observed.len(),
            "a member of length {} for an observation of length {}",
            member.len(),
            observed.len()
        );
        check_finite(member);
        from_observed += distance(member, observed);
        for earlier in &members[..index] {
            between += distance(member, earlier);
        }
    }
    let score = from_observed / members.len() as f64 - between / pairs;
    // Along every direction it is a CRPS, so what is below 0 is rounding. `max` leaves the sign of a
    // zero open: adding 0 settles it.
    score.max(0.0) + 0.0
}

/// Euclidean distance of two vectors of one length.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let mut squares = 0.0;
    for (a, b) in a.iter().zip(b) {
        squares += (a - b) * (a - b);
    }
    squares.sqrt()
}

/// The members from the smallest to the largest, checked.
fn ascending(members: &[f64]) -> Vec<f64> {
    check_members(members);
    let mut sorted = members.to_vec();
    sort_nulls_last(&mut sorted);
    sorted
}

fn check_members(members: &[f64]) {
    assert!(!members.is_empty(), "a forecast of no members");
    check_finite(members);
}

/// Not only in debug builds: a NaN would be passed over by `min` and `max` without a trace.
fn check_finite(values: &[f64]) {
    for value in values {
        assert!(value.is_finite(), "a score of {value}, which is not finite");
    }
}

fn check_probability(probability: f64) {
    assert!(
        (0.0..=1.0).contains(&probability),
        "{probability} is not a probability"
    );
}

#[cfg(test)]
mod tests;
