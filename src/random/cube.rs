//! Points of a unit cube, to be turned into values of parameters: independent, Latin hypercube, Sobol.
//!
//! Every coordinate is in the open interval (0, 1), so that laws without bounds can be read off it.

use super::{Purpose, Streams, uniform};

/// Most points of a Sobol sequence.
pub const MOST_SOBOL_POINTS: u32 = 1 << 16;
/// Most dimensions of one.
pub const MOST_SOBOL_DIMENSIONS: usize = 64;

/// Coordinate of a point of an Owen-scrambled Sobol sequence; more points only add to fewer.
///
/// `index` is below [`MOST_SOBOL_POINTS`], `dimension` below [`MOST_SOBOL_DIMENSIONS`].
///
/// # Source
/// Burley (2020), *Practical Hash-based Owen Scrambling*, Journal of Computer Graphics Techniques 9.
#[must_use]
pub fn sobol(seed: u64, index: u32, dimension: u32) -> f64 {
    /// Half the distance between two numbers that the sequence tells apart.
    const HALF_CELL: f64 = 1.0 / (1 << 24) as f64;
    let u = sobol_burley::sample(index, dimension, (seed ^ (seed >> 32)) as u32);
    f64::from(u) + HALF_CELL
}

/// Coordinate of an independent point.
#[must_use]
pub fn independent(seed: u64, index: u64, dimension: u64) -> f64 {
    uniform(&mut Streams::new(seed, index).open(Purpose::Design, dimension))
}

/// One dimension of a Latin hypercube: of `points` cells of equal width each holds one point, at a place of its own.
///
/// # Source
/// `McKay`, Beckman & Conover (1979), *A comparison of three methods for selecting values of input variables in the analysis of
/// output from a computer code*, Technometrics 21.
#[derive(Debug, Clone)]
pub struct LatinDimension {
    seed: u64,
    dimension: u64,
    cells: Vec<u32>,
}

impl LatinDimension {
    /// The cells of `points` points in one dimension.
    #[must_use]
    pub fn new(seed: u64, points: u32, dimension: u64) -> Self {
        let mut stream = Streams::new(seed, 0).open(Purpose::DesignOrder, dimension);
        let mut cells: Vec<u32> = (0..points).collect();
        // Fisher and Yates, from the end.
        for last in (1..cells.len()).rev() {
            let other = (uniform(&mut stream) * (last + 1) as f64) as usize;
            cells.swap(last, other);
        }
        Self {
            seed,
            dimension,
            cells,
        }
    }

    /// Coordinate of the point with this number.
    ///
    /// # Panics
    /// If there are not so many points.
    #[must_use]
    pub fn at(&self, index: u32) -> f64 {
        let within = independent(self.seed, u64::from(index), self.dimension);
        (f64::from(self.cells[index as usize]) + within) / self.cells.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_a_latin_hypercube_holds_one_point() {
        for points in [1, 2, 7, 1000] {
            let one = LatinDimension::new(5, points, 0);
            let mut cells: Vec<u32> = (0..points)
                .map(|index| (one.at(index) * f64::from(points)) as u32)
                .collect();
            cells.sort_unstable();
            assert!(cells.into_iter().eq(0..points));
        }
    }

    #[test]
    fn dimensions_of_a_latin_hypercube_are_ordered_on_their_own() {
        let (one, two) = (
            LatinDimension::new(5, 1000, 0),
            LatinDimension::new(5, 1000, 1),
        );
        let product: f64 = (0..1000)
            .map(|index| (one.at(index) - 0.5) * (two.at(index) - 0.5))
            .sum();
        // Its standard deviation is the square root of 1000 over 12.
        assert!((product * 12.0).abs() < 4.0 * 1000_f64.sqrt(), "{product}");
    }

    #[test]
    fn a_sobol_sequence_integrates_better_than_independent_points() {
        // The mean of the product of two coordinates is a quarter.
        let error = |of: &dyn Fn(u32, u32) -> f64| {
            let sum: f64 = (0..1024).map(|index| of(index, 0) * of(index, 1)).sum();
            (sum / 1024.0 - 0.25).abs()
        };
        let mut squares = [0.0; 2];
        for seed in 0..20 {
            let errors = [
                error(&|index, dimension| sobol(seed, index, dimension)),
                error(&|index, dimension| {
                    independent(seed, u64::from(index), u64::from(dimension))
                }),
            ];
            for (square, error) in squares.iter_mut().zip(errors) {
                *square += error * error;
            }
        }
        assert!(squares[0] * 100.0 < squares[1], "{squares:?}");
    }
}
