//! Ranks in an order that never changes, found in a step or two.

/// Numbers on one shelf that are gone through one by one.
const FEW: usize = 8;

/// Numbers in order, on shelves of equal width.
#[derive(Debug, Clone, Default)]
pub struct Shelves {
    least: f64,
    per_unit: f64,
    /// By shelf, how many numbers stand on those before it; after the last one, how many there are.
    before: Vec<u32>,
}

impl Shelves {
    /// About as many shelves as numbers, which rise.
    pub fn of(numbers: &[f64]) -> Self {
        let count = numbers.len().next_power_of_two();
        let (least, most) = match numbers {
            [least, .., most] => (*least, *most),
            _ => (0.0, 0.0),
        };
        let per_unit = count as f64 / (most - least);
        let mut shelves = Self {
            least,
            // Where all are alike one shelf has them.
            per_unit: if per_unit.is_finite() { per_unit } else { 0.0 },
            before: vec![0; count + 2],
        };
        let mut filled = 0;
        for (rank, number) in (0..).zip(numbers) {
            let shelf = shelves.of_number(*number);
            shelves.before[filled..=shelf].fill(rank);
            filled = shelf + 1;
        }
        // Fleet numbers fit.
        shelves.before[filled..].fill(numbers.len() as u32);
        shelves
    }

    /// Where a number stands, or would: never on a lower shelf than a smaller one.
    #[inline]
    fn of_number(&self, number: f64) -> usize {
        // What is below all, or is no number, stands on the first.
        (((number - self.least) * self.per_unit) as usize).min(self.before.len() - 2)
    }

    /// How many of the numbers are no larger than this one.
    #[inline]
    pub fn up_to(&self, numbers: &[f64], number: f64) -> usize {
        let shelf = self.of_number(number);
        let (first, end) = (self.before[shelf], self.before[shelf + 1]);
        let first = first as usize;
        let here = &numbers[first..end as usize];
        first
            + if here.len() <= FEW {
                here.iter().take_while(|other| **other <= number).count()
            } else {
                here.partition_point(|other| *other <= number)
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Normals;

    #[test]
    fn a_rank_is_that_of_a_search() {
        let mut draws = Normals(13);
        let mut fullest_later = 0;
        for count in [0, 1, 2, 7, 1000] {
            // Whole numbers among them, so that some are alike.
            let mut numbers: Vec<f64> = (0..count)
                .map(|n| {
                    let number = 20.0 + 5.0 * draws.sample();
                    if n % 3 == 0 { number.round() } else { number }
                })
                .collect();
            numbers.sort_by(f64::total_cmp);
            // In two crowds with few between, so that most shelves are empty and two are full.
            let mut crowded: Vec<f64> = (0..count)
                .map(|n| match n % 20 {
                    0 => numbers[n],
                    odd if odd % 2 == 1 => 1.0 + 1e-9 * n as f64,
                    _ => 1000.0 + 1e-9 * n as f64,
                })
                .collect();
            crowded.sort_by(f64::total_cmp);
            let endless: Vec<f64> = numbers.iter().map(|n| libm::exp(*n * *n)).collect();
            let alike = vec![17.0; count];
            for numbers in [numbers, crowded, endless, alike] {
                let shelves = Shelves::of(&numbers);
                fullest_later = fullest_later.max(fullest_but_the_first(&shelves));
                let odd = [0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 17.0];
                let others = numbers.clone();
                let near = numbers.iter().flat_map(|n| [n.next_down(), n.next_up()]);
                for number in odd.into_iter().chain(others).chain(near) {
                    let expected = numbers.partition_point(|other| *other <= number);
                    assert_eq!(
                        shelves.up_to(&numbers, number),
                        expected,
                        "{number} of {count}"
                    );
                }
            }
        }
        // A search on a shelf that is not the first one has been tried.
        assert!(fullest_later > FEW as u32);
    }

    fn fullest_but_the_first(shelves: &Shelves) -> u32 {
        let ends = shelves.before[1..].windows(2);
        ends.map(|ends| ends[1] - ends[0]).max().unwrap_or(0)
    }
}
