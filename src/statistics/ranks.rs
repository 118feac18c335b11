//! Ranks, and the correlation of two columns by their ranks.

/// Rank of each value among all, from 0; values that are the same share the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let shared = first as f64 + (tied.len() - 1) as f64 / 2.0;
        for index in tied {
            ranks[*index] = shared;
        }
        first += tied.len();
    }
    ranks
}

/// Rank correlation of two columns of one length: 1 where one always rises with the other, -1 where it always falls, and 0 where
/// one of them is all the same.
///
/// # Source
/// Spearman (1904), *The Proof and Measurement of Association between Two Things*, American Journal of Psychology 15.
#[must_use]
pub fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a) * (a - mean_a);
        bb += (b - mean_b) * (b - mean_b);
    }
    if aa > 0.0 && bb > 0.0 {
        ab / (aa * bb).sqrt()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [3.0, 0.0, 3.0, 1.0, 3.0]);
        assert_eq!(ranks(&[2.0, 2.0]), [0.5, 0.5]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn the_correlation_is_that_of_order_alone() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0];
        let cubes = a.map(|value| value * value * value);
        close(rank_correlation(&a, &cubes), 1.0, 1e-15);
        close(
            rank_correlation(&a, &cubes.map(|value| -value)),
            -1.0,
            1e-15,
        );
        // 1 - 6 x (sum of squared differences of ranks: 4) / (5 x 24).
        close(rank_correlation(&a, &[2.0, 1.0, 4.0, 3.0, 5.0]), 0.8, 1e-15);
        assert_eq!(rank_correlation(&a, &[7.0; 5]), 0.0);
    }
}
