//! Summaries over replicas: mean, spread, quantiles, and the Monte Carlo standard error of each.
//!
//! A column holds one number per replica, in replica order. Where a quantity was undefined in a
//! replica (no hash rate, so no share) the column holds NaN, a *null*: it is left out, and the
//! summary says how many replicas are behind it. NaN means this and nothing else; all other values
//! are finite.
//!
//! Standard errors assume independent replicas.
//!
//! Results are the same bits on every machine: sums run in replica order, with `+ - * /` and square
//! roots only.

mod binomial;
mod places;
mod ranks;
pub mod scores;

pub use binomial::{binomial_upper_tail, wilson_interval};
use places::{Places, sort};
pub use ranks::{rank_correlation, ranks};

/// Probabilities of the quantiles of a [`Summary`].
pub const PROBABILITIES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Fewest replicas for which a quantile gets a standard error.
///
/// Assumption: below 20 the order statistics one standard deviation away hardly differ from the
/// extremes.
const FEWEST_FOR_QUANTILE_ERROR: usize = 20;

/// One quantity over the replicas in which it was defined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Replicas behind the numbers: those that are not null. At least 1.
    pub replicas: usize,
    /// Arithmetic mean, never outside the smallest and largest value.
    pub mean: f64,
    /// Standard deviation with divisor `replicas - 1`; none for a single replica, exactly 0 if all
    /// values are the same.
    pub sd: Option<f64>,
    /// Standard error of the mean, `sd / sqrt(replicas)`.
    pub standard_error: Option<f64>,
    /// One for each of [`PROBABILITIES`].
    pub quantiles: [Quantile; 5],
}

/// An estimated quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Share of the distribution at or below the value.
    pub probability: f64,
    /// See [`quantile_of_sorted`].
    pub value: f64,
    /// See [`quantile_standard_error_of_sorted`].
    pub standard_error: Option<f64>,
}

/// Mean and standard deviation of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Replicas that are not null. At least 1.
    pub replicas: usize,
    /// Arithmetic mean, never outside the smallest and largest value.
    pub mean: f64,
    /// Standard deviation with divisor `replicas - 1`; none for a single replica, exactly 0 if all
    /// values are the same.
    pub sd: Option<f64>,
}

impl Moments {
    /// Standard error of the mean, `sd / sqrt(replicas)`; none for a single replica.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.sd.map(|sd| sd / (self.replicas as f64).sqrt())
    }
}

/// Summary of a column in replica order; none if it is empty or all null.
///
/// Sorts the column in place, nulls last. Mean and standard deviation are taken before, in replica
/// order.
#[must_use]
pub fn summarise(column: &mut [f64]) -> Option<Summary> {
    let (moments, _) = moments_and_ends(column)?;
    Some(Summary::of(&moments, sort_nulls_last(column)))
}

/// Summarises many columns; quickest where they have the same number of values.
#[derive(Debug, Default)]
pub struct Summariser {
    /// Of the columns at hand.
    moments: Vec<Option<MomentsAndEnds>>,
    /// Values of the last column.
    count: usize,
    /// Places that a summary of so many asks for, ascending.
    wanted: Vec<usize>,
    places: Places,
}

impl Summariser {
    /// Summaries of columns that lie one after the other, of `count` values each: the same as [`summarise`] gives, in less time.
    /// Afterwards a column of which `whole` says so is sorted, nulls last, and the others are in no particular order.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn summarise_each(
        &mut self,
        columns: &mut [f64],
        count: usize,
        whole: impl Fn(usize) -> bool,
        summaries: &mut [Option<Summary>],
    ) {
        self.moments.clear();
        moments_of_each(columns, count, &mut self.moments);
        let columns = columns.chunks_exact_mut(count).zip(&self.moments);
        for (index, ((column, known), summary)) in columns.zip(summaries).enumerate() {
            *summary = known.as_ref().map(|(moments, ends)| {
                let values = if whole(index) {
                    sort_nulls_last(column)
                } else {
                    let values = nulls_last(column);
                    if self.count != values.len() {
                        self.count = values.len();
                        self.wanted = places_of_summary(values.len());
                    }
                    self.places.put(values, *ends, &self.wanted);
                    values
                };
                Summary::of(moments, values)
            });
        }
    }
}

impl Summary {
    /// Of values that have, at the [`places_of_summary`], what they would have there if they were sorted.
    fn of(moments: &Moments, values: &[f64]) -> Self {
        Self {
            replicas: moments.replicas,
            mean: moments.mean,
            sd: moments.sd,
            standard_error: moments.standard_error(),
            quantiles: PROBABILITIES.map(|probability| Quantile {
                probability,
                value: quantile(values, probability),
                standard_error: quantile_error(values, probability),
            }),
        }
    }
}

/// Order statistics that the summary of so many values asks for, counted from 0, ascending.
fn places_of_summary(count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = PROBABILITIES
        .into_iter()
        .flat_map(|probability| {
            let (lower, upper) = reach(count, probability).unzip();
            [Some(position(count, probability)), lower, upper]
        })
        .flatten()
        .flat_map(|position| <[usize; 2]>::from(neighbours(count, position)))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Mean and standard deviation of what is not null, added up in the order given; none if nothing is
/// left.
///
/// The mean first, then squared deviations from it: a small spread on a large level keeps its
/// digits. The rounding left in the mean is corrected for in the deviations.
///
/// # Source
/// Chan, Golub and `LeVeque` (1983), *Algorithms for Computing the Sample Variance*, The American
/// Statistician 37: the corrected two-pass algorithm.
#[must_use]
pub fn mean_and_sd(column: &[f64]) -> Option<Moments> {
    moments_and_ends(column).map(|(moments, _)| moments)
}

/// What [`mean_and_sd`] finds, and the smallest and the largest value.
type MomentsAndEnds = (Moments, [f64; 2]);

fn moments_and_ends(column: &[f64]) -> Option<MomentsAndEnds> {
    let values = || column.iter().copied().filter(|value| !value.is_nan());
    let [found] = side_by_side(|| values().map(|value| [value]))?.0;
    Some(found)
}

/// What [`moments_and_ends`] finds of every column, where they lie one after the other, of `count` values each.
fn moments_of_each(columns: &[f64], count: usize, found: &mut Vec<Option<MomentsAndEnds>>) {
    for some in columns.chunks(4 * count) {
        let mut each = some.chunks_exact(count);
        // Four at a time, so that one sum need not wait for itself.
        if let [Some(a), Some(b), Some(c), Some(d)] = [(); 4].map(|()| each.next()) {
            let rows = || {
                let pairs = a.iter().zip(b).zip(c.iter().zip(d));
                pairs.map(|((a, b), (c, d))| [*a, *b, *c, *d])
            };
            if let Some((moments, true)) = side_by_side(rows) {
                found.extend(moments.map(Some));
                continue;
            }
        }
        found.extend(some.chunks_exact(count).map(moments_and_ends));
    }
}

/// What [`moments_and_ends`] finds of columns of one length, by their rows, and whether all their sums are numbers: if not, there may be
/// nulls among them. `None` without a row.
fn side_by_side<const COLUMNS: usize, Rows>(
    rows: impl Fn() -> Rows,
) -> Option<([MomentsAndEnds; COLUMNS], bool)>
where
    Rows: Iterator<Item = [f64; COLUMNS]>,
{
    let first = rows().next()?;
    // From the first value, so that a constant column adds up zeros.
    let (mut replicas, mut from_first) = (0_usize, [0.0; COLUMNS]);
    let (mut low, mut high) = (first, first);
    for row in rows() {
        replicas += 1;
        for (column, value) in row.into_iter().enumerate() {
            debug_assert!(!value.is_infinite(), "values must be finite or null");
            from_first[column] += value - first[column];
            low[column] = if value < low[column] {
                value
            } else {
                low[column]
            };
            high[column] = if value > high[column] {
                value
            } else {
                high[column]
            };
        }
    }
    let n = replicas as f64;
    // `max` and `min` leave the sign of a zero open: adding 0 settles it.
    let mean: [f64; COLUMNS] = std::array::from_fn(|column| {
        let mean = first[column] + from_first[column] / n;
        mean.max(low[column]).min(high[column]) + 0.0
    });
    let (mut squares, mut rest) = ([0.0; COLUMNS], [0.0; COLUMNS]);
    for row in rows() {
        for (column, value) in row.into_iter().enumerate() {
            let deviation = value - mean[column];
            squares[column] += deviation * deviation;
            rest[column] += deviation;
        }
    }
    let found = std::array::from_fn(|column| {
        let variance = squares[column] - rest[column] * rest[column] / n;
        let sd = (variance.max(0.0) / (n - 1.0)).sqrt();
        let moments = Moments {
            replicas,
            mean: mean[column],
            sd: (replicas > 1).then_some(sd),
        };
        (moments, [low[column], high[column]])
    });
    Some((found, !from_first.iter().any(|sum| sum.is_nan())))
}

/// Quantile of values in ascending order without nulls, interpolating linearly between the two
/// order statistics around position `(n - 1) probability`, counted from 0.
///
/// `probability` is in `[0, 1]`; 0 is the smallest value and 1 the largest.
///
/// # Panics
/// If there are no values.
///
/// # Source
/// Hyndman and Fan (1996), *Sample Quantiles in Statistical Packages*, The American Statistician
/// 50: type 7, the default of R and `NumPy`.
#[must_use]
pub fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    check_sorted(sorted, probability);
    assert!(!sorted.is_empty(), "a quantile of no values");
    quantile(sorted, probability)
}

/// Standard error of [`quantile_of_sorted`], whatever the distribution of the values.
///
/// The number of values below the true quantile is binomial with standard deviation `sqrt(n p (1 -
/// p))`. The order statistics that far to either side of the quantile bound it as one standard
/// deviation would; half their distance is the error.
///
/// None with fewer than 20 values, or where one side runs out of them: about `n p < 1`, the same at
/// the upper end, and always for the smallest and the largest value. A quantity that takes few
/// different values, such as a Nakamoto number, may get 0: its neighbours are all the same. The
/// error is itself uncertain, by about 18 % for the median of 1,000 values and 27 % for their 5 %
/// quantile.
///
/// # Source
/// Woodruff (1952), *Confidence Intervals for Medians and Other Position Measures*, Journal of the
/// American Statistical Association 47, at one standard deviation.
#[must_use]
pub fn quantile_standard_error_of_sorted(sorted: &[f64], probability: f64) -> Option<f64> {
    check_sorted(sorted, probability);
    quantile_error(sorted, probability)
}

/// Quantile of values of which those at the [`places_of_summary`] are where they would be if all were sorted.
fn quantile(values: &[f64], probability: f64) -> f64 {
    between(values, position(values.len(), probability))
}

/// Standard error of the same.
fn quantile_error(values: &[f64], probability: f64) -> Option<f64> {
    let (lower, upper) = reach(values.len(), probability)?;
    Some((between(values, upper) - between(values, lower)) / 2.0)
}

/// Position of a quantile among the order statistics of so many values, counted from 0.
fn position(count: usize, probability: f64) -> f64 {
    (count - 1) as f64 * probability
}

/// Positions one standard deviation to either side of a quantile; none where there is no such error.
fn reach(count: usize, probability: f64) -> Option<(f64, f64)> {
    if count < FEWEST_FOR_QUANTILE_ERROR {
        return None;
    }
    let last = (count - 1) as f64;
    let centre = position(count, probability);
    let reach = (count as f64 * probability * (1.0 - probability)).sqrt();
    let (lower, upper) = (centre - reach, centre + reach);
    (reach > 0.0 && lower >= 0.0 && upper <= last).then_some((lower, upper))
}

/// Order statistics below and above a position.
fn neighbours(count: usize, position: f64) -> (usize, usize) {
    let below = (position as usize).min(count - 1);
    (below, (below + 1).min(count - 1))
}

/// Value at a position between order statistics, counted from 0.
fn between(sorted: &[f64], position: f64) -> f64 {
    let (below, above) = neighbours(sorted.len(), position);
    let (low, high) = (sorted[below], sorted[above]);
    (low + (position - below as f64) * (high - low)).min(high)
}

/// Puts nulls at the end, and returns what is before them.
///
/// Zeros lose their sign, so that equal values have equal bits and no sort shows in a result.
fn nulls_last(column: &mut [f64]) -> &mut [f64] {
    let mut present = 0;
    for index in 0..column.len() {
        let value = column[index];
        if !value.is_nan() {
            column[present] = value + 0.0;
            present += 1;
        }
    }
    let (values, nulls) = column.split_at_mut(present);
    nulls.fill(f64::NAN);
    values
}

/// Sorts upwards, nulls last; returns what is before them.
fn sort_nulls_last(column: &mut [f64]) -> &mut [f64] {
    let values = nulls_last(column);
    sort(values);
    values
}

fn check_sorted(sorted: &[f64], probability: f64) {
    debug_assert!(
        (0.0..=1.0).contains(&probability),
        "{probability} is not a probability"
    );
    debug_assert!(sorted.is_sorted(), "values must ascend and hold no null");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Normals, close};
    use proptest::prelude::*;

    #[test]
    fn one_to_four_have_their_textbook_values() {
        let mut column = [4.0, 1.0, 3.0, 2.0];
        let found = summarise(&mut column).unwrap();
        assert_eq!(column, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!((found.replicas, found.mean), (4, 2.5));
        close(found.sd.unwrap(), 1.290_994_448_735_805_6, 1e-15);
        close(
            found.standard_error.unwrap(),
            0.645_497_224_367_902_8,
            1e-15,
        );
        // numpy.quantile([1, 2, 3, 4], [0.05, 0.25, 0.5, 0.75, 0.95])
        for (quantile, expected) in found.quantiles.iter().zip([1.15, 1.75, 2.5, 3.25, 3.85]) {
            close(quantile.value, expected, 1e-14);
            assert_eq!(quantile.standard_error, None);
        }
        assert_eq!(
            found.quantiles.map(|quantile| quantile.probability),
            PROBABILITIES
        );
    }

    #[test]
    fn the_extreme_quantiles_are_the_extreme_values() {
        let sorted = [-3.0, 0.1, 7.0];
        assert_eq!(quantile_of_sorted(&sorted, 0.0), -3.0);
        assert_eq!(quantile_of_sorted(&sorted, 0.5), 0.1);
        assert_eq!(quantile_of_sorted(&sorted, 1.0), 7.0);
    }

    #[test]
    fn many_at_once_are_as_one_by_one() {
        let mut draws = Normals(3);
        let mut summariser = Summariser::default();
        for count in [1, 2, 19, 20, 21, 63, 64, 65, 100, 1000, 1001, 4000] {
            let normal: Vec<f64> = (0..count).map(|_| draws.sample()).collect();
            let columns: [Vec<f64>; 7] = [
                normal.clone(),
                // All but a few far below the largest.
                normal.iter().map(|x| libm::exp(8.0 * x)).collect(),
                // Whole numbers, many of them equal, and zeros of both signs.
                normal.iter().map(|x| x.round()).collect(),
                vec![0.1; count],
                // Further from each other than the largest number, and closer than the smallest normal one.
                normal
                    .iter()
                    .map(|x| 1e308 * x.signum() * (1.0 + x.abs() / 8.0))
                    .collect(),
                normal.iter().map(|x| 1e-320 * x).collect(),
                // Nulls among them, and those of other columns elsewhere.
                normal
                    .iter()
                    .map(|x| if *x < -0.5 { f64::NAN } else { *x })
                    .collect(),
            ];
            // Those with nulls, and those whose sums are no numbers, among four and among fewer.
            for order in [
                [0, 1, 2, 3, 4, 5, 6],
                [6, 5, 0, 1, 2, 3, 4],
                [4, 0, 1, 2, 3, 5, 6],
                [5, 2, 0, 1, 4, 3, 6],
            ] {
                let mut values: Vec<f64> = order
                    .iter()
                    .flat_map(|column: &usize| columns[*column].clone())
                    .collect();
                let mut found = vec![None; 7];
                summariser.summarise_each(&mut values, count, |place| place % 2 == 1, &mut found);
                for (place, column) in order.into_iter().enumerate() {
                    let mut sorted = columns[column].clone();
                    let expected = summarise(&mut sorted);
                    // As text, a zero has its sign.
                    assert_eq!(format!("{:?}", found[place]), format!("{expected:?}"));
                    if place % 2 == 1 {
                        let found = &values[place * count..][..count];
                        assert_eq!(format!("{found:?}"), format!("{sorted:?}"));
                    }
                }
            }
        }
        let mut found = [None];
        summariser.summarise_each(&mut [f64::NAN], 1, |_| false, &mut found);
        assert_eq!(found, [None]);
    }

    #[test]
    fn nulls_are_left_out_and_told_apart_by_the_count() {
        // -NaN is what x86 makes of 0 / 0; it goes last too.
        let mut column = [f64::NAN, 4.0, 1.0, -f64::NAN, 3.0, 2.0, f64::NAN];
        let found = summarise(&mut column).unwrap();
        assert_eq!(found, summarise(&mut [4.0, 1.0, 3.0, 2.0]).unwrap());
        assert_eq!(found.replicas, 4);
        assert_eq!(column[..4], [1.0, 2.0, 3.0, 4.0]);
        assert!(column[4..].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn zeros_lose_their_sign() {
        let mut column = [0.0, -0.0, 0.0, -0.0];
        let found = summarise(&mut column).unwrap();
        assert!(column.iter().all(|value| value.is_sign_positive()));
        assert!(
            found
                .quantiles
                .iter()
                .all(|quantile| quantile.value.is_sign_positive())
        );
    }

    #[test]
    fn nothing_but_nulls_has_no_summary() {
        assert_eq!(summarise(&mut []), None);
        assert_eq!(summarise(&mut [f64::NAN, -f64::NAN]), None);
    }

    #[test]
    fn one_replica_has_no_spread() {
        let found = summarise(&mut [f64::NAN, 0.3]).unwrap();
        assert_eq!(
            (found.replicas, found.mean, found.sd, found.standard_error),
            (1, 0.3, None, None)
        );
        assert!(
            found
                .quantiles
                .iter()
                .all(|quantile| quantile.value == 0.3 && quantile.standard_error.is_none())
        );
    }

    #[test]
    fn a_constant_column_has_exactly_no_spread() {
        for value in [0.1, -1.0 / 3.0, 1e-300, 123_456_789.123] {
            for n in [2, 3, 7, 21, 1_000] {
                let found = summarise(&mut vec![value; n]).unwrap();
                assert_eq!(
                    (found.mean, found.sd, found.standard_error),
                    (value, Some(0.0), Some(0.0))
                );
                for quantile in found.quantiles {
                    assert_eq!(quantile.value, value);
                    assert_eq!(quantile.standard_error, (n > 20).then_some(0.0));
                }
            }
        }
    }

    #[test]
    fn a_small_spread_on_a_large_level_keeps_its_digits() {
        let found = mean_and_sd(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]).unwrap();
        assert_eq!((found.mean, found.sd), (1e9 + 10.0, Some(30.0_f64.sqrt())));
    }

    #[test]
    fn quantiles_get_an_error_once_the_sample_reaches_around_them() {
        let ladder = |n: u32| (0..n).map(f64::from).collect::<Vec<_>>();
        assert_eq!(quantile_standard_error_of_sorted(&ladder(19), 0.5), None);
        // sqrt(20 / 4): on a ladder the error in value is the error in rank.
        close(
            quantile_standard_error_of_sorted(&ladder(20), 0.5).unwrap(),
            5.0_f64.sqrt(),
            1e-14,
        );
        // At 5 % of 20 the lower side ends at 0.95 - 0.975 < 0; of 21 it ends at 1 - 0.9987 > 0.
        for (n, present) in [(20, false), (21, true)] {
            assert_eq!(
                quantile_standard_error_of_sorted(&ladder(n), 0.05).is_some(),
                present
            );
            assert_eq!(
                quantile_standard_error_of_sorted(&ladder(n), 0.95).is_some(),
                present
            );
        }
        assert_eq!(quantile_standard_error_of_sorted(&ladder(1_000), 0.0), None);
        assert_eq!(quantile_standard_error_of_sorted(&ladder(1_000), 1.0), None);
    }

    /// The true coverage of the t interval is 95 % for normal values, so the count over 2,000
    /// repetitions has a standard deviation of `sqrt(0.05 * 0.95 / 2000)` = 0.49 %: the band is
    /// three of them wide on each side.
    #[test]
    fn the_interval_of_the_mean_covers_the_truth() {
        let mut normals = Normals(1);
        let covered = (0..2_000)
            .filter(|_| {
                let found = mean_and_sd(&normals.column(100)).unwrap();
                // 97.5 % quantile of Student's t with 99 degrees of freedom.
                found.mean.abs() <= 1.984_2 * found.standard_error().unwrap()
            })
            .count();
        assert!(
            (1_870..=1_930).contains(&covered),
            "covered {covered} of 2000"
        );
    }

    #[test]
    fn the_error_of_a_quantile_is_the_sampling_deviation_of_that_quantile() {
        let mut normals = Normals(2);
        let summaries: Vec<Summary> = (0..1_000)
            .map(|_| summarise(&mut normals.column(400)).unwrap())
            .collect();
        for which in 0..PROBABILITIES.len() {
            let values: Vec<f64> = summaries
                .iter()
                .map(|summary| summary.quantiles[which].value)
                .collect();
            let errors: Vec<f64> = summaries
                .iter()
                .map(|summary| summary.quantiles[which].standard_error.unwrap())
                .collect();
            let truth = mean_and_sd(&values).unwrap().sd.unwrap();
            close(mean_and_sd(&errors).unwrap().mean / truth, 1.0, 0.15);
        }
        // The median of normal values: sqrt(pi / (2 n)) for large n.
        let errors: Vec<f64> = summaries
            .iter()
            .map(|summary| summary.quantiles[2].standard_error.unwrap())
            .collect();
        close(
            mean_and_sd(&errors).unwrap().mean / (std::f64::consts::PI / 800.0).sqrt(),
            1.0,
            0.05,
        );
    }

    fn column() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![
            1 => Just(f64::NAN),
            2 => (-3_i32..3).prop_map(f64::from),
            4 => -1e6..1e6_f64,
        ];
        prop::collection::vec(value, 0..80)
    }

    proptest! {
        #[test]
        fn stays_between_the_extremes(mut column in column()) {
            let nulls = column.iter().filter(|value| value.is_nan()).count();
            let Some(found) = summarise(&mut column) else {
                prop_assert_eq!(nulls, column.len());
                return Ok(());
            };
            prop_assert_eq!(found.replicas, column.len() - nulls);
            let (low, high) = (column[0], column[found.replicas - 1]);
            prop_assert!(low <= found.mean && found.mean <= high);
            prop_assert_eq!(found.sd == Some(0.0), low == high && found.replicas > 1);
            prop_assert!(found.quantiles.is_sorted_by(|a, b| a.value <= b.value));
            prop_assert!(low <= found.quantiles[0].value && found.quantiles[4].value <= high);
        }

        #[test]
        fn nulls_change_nothing_else(column in column()) {
            let present = column.iter().copied().filter(|value| !value.is_nan());
            let mut without: Vec<f64> = present.collect();
            prop_assert_eq!(summarise(&mut column.clone()), summarise(&mut without));
        }

        #[test]
        fn a_shift_and_a_scale_carry_through(
            mut column in column(),
            shift in -1e3..1e3_f64,
            scale in 0.1..10.0_f64,
        ) {
            let mut moved: Vec<f64> = column.iter().map(|value| shift + scale * value).collect();
            let Some(found) = summarise(&mut column) else {
                return Ok(());
            };
            let moved = summarise(&mut moved).unwrap();
            close(moved.mean, shift + scale * found.mean, 1e-7);
            close(moved.sd.unwrap_or(0.0), scale * found.sd.unwrap_or(0.0), 1e-7);
            close(moved.quantiles[3].value, shift + scale * found.quantiles[3].value, 1e-7);
        }
    }
}
