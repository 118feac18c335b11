//! Counts of successes: the upper tail of a binomial distribution, and what a share that was found says of the true one.

/// Probability of at least `successes` in `trials`, each with `probability`.
///
/// A sum over the tail: exact but for rounding, and no slower than its terms are many.
#[must_use]
pub fn binomial_upper_tail(successes: usize, trials: usize, probability: f64) -> f64 {
    debug_assert!((0.0..=1.0).contains(&probability));
    if successes == 0 || probability >= 1.0 {
        return if successes <= trials { 1.0 } else { 0.0 };
    }
    if successes > trials || probability <= 0.0 {
        return 0.0;
    }
    let n = trials as f64;
    let odds = probability / (1.0 - probability);
    let log_of = |k: f64| {
        libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
            + k * libm::log(probability)
            + (n - k) * libm::log1p(-probability)
    };
    // Each term from the one before, from the largest on to both sides, so that nothing that counts is lost by underflow.
    let largest = ((n + 1.0) * probability)
        .floor()
        .max(successes as f64)
        .min(n);
    let top = libm::exp(log_of(largest));
    let (mut sum, mut term, mut k) = (top, top, largest);
    while k < n && term > 0.0 {
        term *= (n - k) / (k + 1.0) * odds;
        k += 1.0;
        sum += term;
    }
    (term, k) = (top, largest);
    while k > successes as f64 && term > 0.0 {
        term *= k / ((n - k + 1.0) * odds);
        k -= 1.0;
        sum += term;
    }
    sum.min(1.0)
}

/// The 97.5 % quantile of the standard normal distribution.
const TWO_SIDED_95: f64 = 1.959_963_984_540_054;

/// Interval that holds the true probability in about 95 % of cases, after so many successes in so many trials.
///
/// It stays within 0 and 1, and has a width where all trials, or none, were successes; none of that holds for the standard error.
/// `None` without trials.
///
/// # Source
/// Wilson (1927), *Probable Inference, the Law of Succession, and Statistical Inference*, Journal of the American Statistical
/// Association 22, without correction for continuity.
#[must_use]
pub fn wilson_interval(successes: usize, trials: usize) -> Option<(f64, f64)> {
    debug_assert!(successes <= trials);
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let part = successes as f64 / n;
    let z2 = TWO_SIDED_95 * TWO_SIDED_95;
    let middle = (part + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let reach =
        TWO_SIDED_95 / (1.0 + z2 / n) * (part * (1.0 - part) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the interval ends where probabilities do, and rounding must not say otherwise.
    let low = if successes == 0 {
        0.0
    } else {
        (middle - reach).max(0.0)
    };
    let high = if successes == trials {
        1.0
    } else {
        (middle + reach).min(1.0)
    };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, DiscreteCDF};

    #[test]
    fn it_is_that_of_an_independent_implementation() {
        for trials in [1, 7, 40, 900] {
            for probability in [1e-4, 0.03, 0.5, 0.97] {
                let known = Binomial::new(probability, trials).unwrap();
                for successes in (1..=trials).step_by(1 + trials as usize / 20) {
                    let found =
                        binomial_upper_tail(successes as usize, trials as usize, probability);
                    let expected = known.sf(successes - 1);
                    assert!(
                        (found - expected).abs() <= 1e-9 * expected + 1e-300,
                        "{successes} of {trials} at {probability}: {found:e}, expected {expected:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn ends_are_certain_or_impossible() {
        assert_eq!(binomial_upper_tail(0, 10, 0.2), 1.0);
        assert_eq!(binomial_upper_tail(11, 10, 0.2), 0.0);
        assert_eq!(binomial_upper_tail(3, 10, 0.0), 0.0);
        assert_eq!(binomial_upper_tail(10, 10, 1.0), 1.0);
        // One in 2^10.
        assert!((binomial_upper_tail(10, 10, 0.5) - 1.0 / 1024.0).abs() < 1e-15);
    }

    #[test]
    fn wilson_intervals_are_those_of_the_literature() {
        // Newcombe (1998), Statistics in Medicine 17, table I, method 3.
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson_interval(successes, trials).unwrap();
            assert!(
                (found.0 - low).abs() < 5e-5 && (found.1 - high).abs() < 5e-5,
                "{successes} of {trials}: {found:?}"
            );
            // What failed is the other side of what succeeded.
            let other = wilson_interval(trials - successes, trials).unwrap();
            assert!(
                (other.0 + found.1 - 1.0).abs() < 1e-12 && (other.1 + found.0 - 1.0).abs() < 1e-12
            );
        }
        assert_eq!(wilson_interval(0, 0), None);
        assert_eq!(wilson_interval(0, 5).unwrap().0, 0.0);
        assert_eq!(wilson_interval(5, 5).unwrap().1, 1.0);
    }

    /// Of the true probability 0.3 in 100 trials: the exact coverage of the interval is the sum of the binomial probabilities of
    /// the counts whose interval holds it, 0.950 (that of plus and minus 1.96 standard errors is 0.947; at 0.02 it is 0.86).
    #[test]
    fn wilson_intervals_cover_as_often_as_they_say() {
        for probability in [0.02, 0.3, 0.5] {
            let trials = 100;
            let chance = |k: usize| {
                binomial_upper_tail(k, trials, probability)
                    - binomial_upper_tail(k + 1, trials, probability)
            };
            let covered: f64 = (0..=trials)
                .filter(|k| {
                    let (low, high) = wilson_interval(*k, trials).unwrap();
                    (low..=high).contains(&probability)
                })
                .map(chance)
                .sum();
            assert!((0.93..0.97).contains(&covered), "{probability}: {covered}");
        }
    }
}
