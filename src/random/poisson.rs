//! The Poisson law by exact inversion: one uniform, one count, larger with the uniform.

use rand::Rng;

use super::{standard_normal_quantile, uniform};

/// Below it the search goes up from 0.
const SMALL_MEAN: f64 = 12.0;
/// Above it the expansion's error is far below 1 in 1e6 counts and exact sums would take long.
const LARGE_MEAN: f64 = 1e7;

/// One Poisson draw, from one uniform. A mean of 0 or less gives 0.
pub fn poisson(rng: &mut impl Rng, mean: f64) -> u64 {
    poisson_quantile(uniform(rng), mean)
}

/// Smallest count whose cumulative probability is at least `u`, for `u` in (0, 1).
///
/// Exact up to rounding of the cumulative probability (about 1e-13) for means up to 1e7; an asymptotic
/// expansion above.
///
/// # Source
/// The expansion is that of Giles (2016), *Algorithm 955: Approximation of the inverse Poisson
/// cumulative distribution function*, ACM TOMS 42; wherever it could be wrong the sum decides.
#[must_use]
pub fn poisson_quantile(u: f64, mean: f64) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    if mean < SMALL_MEAN {
        return search_from_zero(u, mean);
    }
    let w = standard_normal_quantile(u);
    let root = mean.sqrt();
    let w2 = w * w;
    let guess = mean
        + root * w
        + (1.0 / 3.0 + w2 / 6.0)
        + w * (-1.0 / 36.0 - w2 / 72.0) / root
        + (-8.0 / 405.0 + w2 * (7.0 / 810.0) + w2 * w2 / 270.0) / mean;
    let floor = guess.max(0.0).floor();
    // Counts beyond 2^64 saturate; no chain gets there.
    let count = floor as u64;
    if mean > LARGE_MEAN {
        return count;
    }
    // Four times the size of the first term that the expansion leaves out.
    let doubt = (0.1 + 0.05 * w2 + 0.025 * w2 * w2) / mean;
    let part = guess - floor;
    if w.abs() <= 3.0 && part > doubt && part < 1.0 - doubt {
        count
    } else {
        settle(count, u, mean)
    }
}

fn search_from_zero(u: f64, mean: f64) -> u64 {
    let mut probability = libm::exp(-mean);
    let mut cumulated = probability;
    let mut count = 0_u64;
    while cumulated < u {
        count += 1;
        // Counts stay below a few hundred.
        let step = mean / count as f64;
        probability *= step;
        let next = cumulated + probability;
        if next <= cumulated {
            // The rest of the tail is below rounding.
            break;
        }
        cumulated = next;
    }
    count
}

/// Steps from `count` to the exact answer.
fn settle(mut count: u64, u: f64, mean: f64) -> u64 {
    let mut cumulated = cumulative(count, mean);
    if cumulated >= u {
        while count > 0 {
            let below = cumulated - probability(count, mean);
            if below < u {
                break;
            }
            cumulated = below;
            count -= 1;
        }
    } else {
        while cumulated < u {
            count += 1;
            let next = cumulated + probability(count, mean);
            if next <= cumulated {
                break;
            }
            cumulated = next;
        }
    }
    count
}

/// P(N <= count), summed downwards from `count`.
fn cumulative(count: u64, mean: f64) -> f64 {
    let mut term = probability(count, mean);
    let mut sum = term;
    let mut k = count;
    while k > 0 {
        // Counts up to about 1e7, exact.
        let ratio = k as f64 / mean;
        term *= ratio;
        sum += term;
        k -= 1;
        if ratio < 1.0 && term < 1e-17 * sum {
            break;
        }
    }
    sum
}

/// P(N = count), in Loader's saddle-point form, which keeps its digits for large counts.
///
/// # Source
/// Loader (2000), *Fast and accurate computation of binomial probabilities*.
fn probability(count: u64, mean: f64) -> f64 {
    // Exact up to 2^53.
    let n = count as f64;
    if count < 16 {
        return libm::exp(n * libm::log(mean) - mean - libm::lgamma(n + 1.0));
    }
    let x = (mean - n) / n;
    let deviance = n * (x - libm::log1p(x));
    let n2 = n * n;
    let stirling = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / n2) / n2) / n2) / n;
    libm::exp(-deviance - stirling) / (std::f64::consts::TAU * n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};
    use rand_distr::Distribution;
    use statrs::distribution::{DiscreteCDF, Poisson};

    /// Checks that the quantile is the smallest count that reaches `u`, by a second implementation.
    fn is_exact(u: f64, mean: f64, law: Poisson) {
        let count = poisson_quantile(u, mean);
        let tolerance = 1e-11;
        assert!(
            law.cdf(count) >= u - tolerance,
            "u {u}, mean {mean}: {count} is too small"
        );
        if count > 0 {
            assert!(
                law.cdf(count - 1) < u + tolerance,
                "u {u}, mean {mean}: {count} is too large"
            );
        }
    }

    #[test]
    fn the_quantile_is_the_smallest_count_that_reaches_the_probability() {
        for mean in [
            0.003, 1.0, 11.99, 12.0, 30.0, 100.0, 144.0, 150.7, 600.0, 5000.0,
        ] {
            let law = Poisson::new(mean).unwrap();
            for step in 0..20_000 {
                is_exact((f64::from(step) + 0.5) / 20_000.0, mean, law);
            }
            for exponent in 5..12 {
                let tail = libm::pow(10.0, -f64::from(exponent));
                is_exact(tail, mean, law);
                is_exact(1.0 - tail, mean, law);
            }
        }
    }

    #[test]
    fn the_quantile_never_falls_as_the_probability_rises() {
        for mean in [13.0, 144.0, 987.6] {
            let mut before = 0;
            for step in 1..200_000 {
                let count = poisson_quantile(f64::from(step) / 200_000.0, mean);
                assert!(count >= before, "mean {mean}, step {step}");
                before = count;
            }
        }
    }

    #[test]
    fn no_mean_hangs_or_gives_nonsense() {
        assert_eq!(poisson_quantile(0.7, 0.0), 0);
        assert_eq!(poisson_quantile(0.7, -1.0), 0);
        for mean in [1e-300, 1e3, 1e6, 9.9e6, 1e8, 1e12, 1e17] {
            for u in [1e-16, 0.5, 1.0 - 1e-16] {
                let count = poisson_quantile(u, mean) as f64;
                assert!(
                    (count - mean).abs() <= 10.0 * mean.sqrt() + 10.0,
                    "{mean} {u} {count}"
                );
            }
        }
    }

    #[test]
    fn draws_have_the_frequencies_of_a_second_sampler() {
        // Two samples of one law: the chi-square of their difference over c cells has c - 1 degrees of
        // freedom. Cells 110 to 180 and two tails make 73; the 1 - 1e-4 quantile at 72 degrees is 124.
        let mut rng = Streams::new(3, 0).open(Purpose::Blocks, 0);
        let reference = rand_distr::Poisson::new(144.0).unwrap();
        let cell = |count: u64| (count.clamp(109, 181) - 109) as usize;
        let (mut ours, mut theirs) = ([0.0_f64; 73], [0.0_f64; 73]);
        for _ in 0..500_000 {
            ours[cell(poisson(&mut rng, 144.0))] += 1.0;
            let other: f64 = reference.sample(&mut rng);
            theirs[cell(other as u64)] += 1.0;
        }
        let chi_square: f64 = ours
            .iter()
            .zip(&theirs)
            .map(|(a, b)| (a - b) * (a - b) / (a + b))
            .sum();
        assert!(chi_square < 124.0, "{chi_square}");
    }
}
