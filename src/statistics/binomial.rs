//! The upper tail of a binomial distribution.

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
}
