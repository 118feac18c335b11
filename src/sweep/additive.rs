//! The additive model of a table of values: a mean, and an effect for each group of each factor.

/// In which of its groups each value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// By value.
    pub group: Vec<u32>,
    /// Number of groups.
    pub groups: usize,
}

/// A fit by least squares: what is left is as small as it can be.
#[derive(Debug, Clone)]
pub struct AdditiveFit {
    /// Weighted mean.
    pub mean: f64,
    /// By factor, the weighted sum of its squared effects.
    pub explained: Vec<f64>,
    /// Weighted sum of squares of what is left.
    pub left: f64,
    /// By value, what is left.
    pub residuals: Vec<f64>,
}

/// Fits effects of the factors to values, by backfitting: of what the others leave, each factor in turn takes the means of its
/// groups, until nothing changes. Where every combination of groups has as many values, these are the plain means of the groups.
///
/// # Source
/// Hastie & Tibshirani (1990), *Generalized Additive Models*, chapter 4; for groups it is the analysis of variance of an unbalanced
/// design.
#[must_use]
pub fn fit_additive(factors: &[&Factor], values: &[f64], weights: &[f64]) -> AdditiveFit {
    /// Rounds after which factors that can hardly be told apart are left as they are.
    const MOST_ROUNDS: usize = 100;
    /// Change in standard deviations that no longer counts.
    const SMALL: f64 = 1e-9;
    let weighted = |values: &[f64]| -> f64 {
        let products = values.iter().zip(weights);
        products.map(|(value, weight)| value * weight).sum()
    };
    let squares = |values: &[f64]| -> f64 {
        let products = values.iter().zip(weights);
        products.map(|(value, weight)| value * value * weight).sum()
    };
    let total: f64 = weights.iter().sum();
    // From the first value, so that what is all the same leaves zeros.
    let first = values.first().copied().unwrap_or(0.0);
    let mut residuals: Vec<f64> = values.iter().map(|value| value - first).collect();
    let from_first = weighted(&residuals) / total;
    for residual in &mut residuals {
        *residual -= from_first;
    }
    let enough = SMALL * (squares(&residuals) / total).sqrt();
    let sizes: Vec<Vec<f64>> = factors
        .iter()
        .map(|factor| {
            let mut sizes = vec![0.0; factor.groups];
            for (group, weight) in factor.group.iter().zip(weights) {
                sizes[*group as usize] += weight;
            }
            sizes
        })
        .collect();
    let mut effects: Vec<Vec<f64>> = sizes.iter().map(|sizes| vec![0.0; sizes.len()]).collect();
    for _ in 0..MOST_ROUNDS {
        let mut largest: f64 = 0.0;
        for ((factor, sizes), effects) in factors.iter().zip(&sizes).zip(&mut effects) {
            let mut means = vec![0.0; factor.groups];
            for ((group, residual), weight) in factor.group.iter().zip(&residuals).zip(weights) {
                means[*group as usize] += residual * weight;
            }
            for ((mean, size), effect) in means.iter_mut().zip(sizes).zip(effects) {
                // A resample may leave a group empty.
                *mean = if *size > 0.0 { *mean / size } else { 0.0 };
                *effect += *mean;
                largest = largest.max(mean.abs());
            }
            for (group, residual) in factor.group.iter().zip(&mut residuals) {
                *residual -= means[*group as usize];
            }
        }
        // One factor is fitted at once.
        if largest <= enough || factors.len() < 2 {
            break;
        }
    }
    let explained = effects.iter().zip(&sizes).map(|(effects, sizes)| {
        let products = effects.iter().zip(sizes);
        products.map(|(effect, size)| effect * effect * size).sum()
    });
    AdditiveFit {
        mean: first + from_first,
        explained: explained.collect(),
        left: squares(&residuals),
        residuals,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Normals, close};

    fn factor(group: Vec<u32>) -> Factor {
        let groups = group.iter().max().map_or(0, |last| *last as usize + 1);
        Factor { group, groups }
    }

    #[test]
    fn in_a_complete_table_the_effects_are_the_means_of_rows_and_columns() {
        // Rows 0 and 1, columns 0 to 2, and an interaction in the last cell.
        let rows = factor(vec![0, 0, 0, 1, 1, 1]);
        let columns = factor(vec![0, 1, 2, 0, 1, 2]);
        let values = [1.0, 2.0, 3.0, 5.0, 6.0, 13.0];
        let fit = fit_additive(&[&rows, &columns], &values, &[1.0; 6]);
        close(fit.mean, 5.0, 1e-12);
        // Means 2 and 8; 3, 4 and 8.
        close(fit.explained[0], 6.0 * 9.0, 1e-12);
        close(fit.explained[1], 2.0 * (4.0 + 1.0 + 9.0), 1e-12);
        let all: f64 = values
            .iter()
            .map(|value| (value - 5.0) * (value - 5.0))
            .sum();
        close(fit.left, all - 54.0 - 28.0, 1e-12);
    }

    #[test]
    fn an_additive_table_with_gaps_and_weights_is_fitted_exactly() {
        let mut random = Normals(5);
        let groups = |random: &mut Normals| {
            factor((0..60).map(|_| (random.uniform() * 4.0) as u32).collect())
        };
        let (one, other) = (groups(&mut random), groups(&mut random));
        let values: Vec<f64> = one
            .group
            .iter()
            .zip(&other.group)
            .map(|(one, other)| f64::from(*one) * 2.0 - f64::from(other * other))
            .collect();
        let weights: Vec<f64> = (0..60).map(|index| f64::from(index % 3)).collect();
        let fit = fit_additive(&[&one, &other], &values, &weights);
        assert!(fit.left < 1e-12, "{}", fit.left);
        let residuals = fit.residuals.iter().zip(&weights);
        assert!(
            residuals
                .filter(|(_, weight)| **weight > 0.0)
                .all(|(left, _)| left.abs() < 1e-6)
        );
    }

    #[test]
    fn what_is_all_the_same_leaves_nothing_at_all() {
        let one = factor(vec![0, 1, 0]);
        let fit = fit_additive(&[&one], &[0.1; 3], &[1.0; 3]);
        assert_eq!((fit.mean, fit.left, fit.explained[0]), (0.1, 0.0, 0.0));
    }
}
