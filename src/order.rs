//! Order: many whole numbers sorted by one pass into buckets of their leading digits.
//!
//! Numbers of floating point are sorted as the whole numbers of [`in_total_order`].

/// Fewer numbers than these are sorted without buckets.
const FEW: usize = 32;

/// Sorts, and keeps its scratch.
#[derive(Debug, Clone, Default)]
pub struct Sorter<T = u64> {
    /// By bucket, where its next number goes; in the end, where it ends.
    ends: Vec<u32>,
    scattered: Vec<T>,
}

impl<T: Copy + Default + Ord> Sorter<T> {
    /// Sorts numbers upwards, by what `leading` says of each: its leading digits, which are never less for a larger one.
    ///
    /// There are about as many buckets as numbers, so that where these are spread evenly a bucket holds one or two. Where
    /// they are not it is sorted as ever.
    ///
    /// # Panics
    /// If there are 2^32 numbers or more.
    pub fn sort_by_leading(&mut self, numbers: &mut Vec<T>, leading: impl Fn(T) -> u64) {
        if numbers.len() < FEW {
            numbers.sort_unstable();
            return;
        }
        assert!(u32::try_from(numbers.len()).is_ok(), "too many to sort");
        let (mut least, mut most) = (u64::MAX, 0);
        for number in &*numbers {
            least = least.min(leading(*number));
            most = most.max(leading(*number));
        }
        let buckets = numbers.len().next_power_of_two();
        let digits = u64::BITS - (most - least).leading_zeros();
        let shift = digits.saturating_sub(buckets.trailing_zeros());
        let bucket = |number: T| ((leading(number) - least) >> shift) as usize;
        self.ends.clear();
        self.ends.resize(buckets, 0);
        for number in &*numbers {
            self.ends[bucket(*number)] += 1;
        }
        let mut start = 0;
        for end in &mut self.ends {
            start += std::mem::replace(end, start);
        }
        self.scattered.resize(numbers.len(), T::default());
        for number in &*numbers {
            let next = &mut self.ends[bucket(*number)];
            self.scattered[*next as usize] = *number;
            *next += 1;
        }
        let mut start = 0;
        for end in &self.ends {
            let end = *end as usize;
            if end - start > 1 {
                self.scattered[start..end].sort_unstable();
            }
            start = end;
        }
        std::mem::swap(numbers, &mut self.scattered);
    }
}

impl Sorter {
    /// Sorts numbers upwards.
    ///
    /// # Panics
    /// If there are 2^32 numbers or more.
    pub fn sort(&mut self, numbers: &mut Vec<u64>) {
        self.sort_by_leading(numbers, |number| number);
    }
}

/// A whole number that sorts as `f64::total_cmp` does.
#[must_use]
pub fn in_total_order(number: f64) -> u64 {
    let bits = number.to_bits();
    let sign = 1 << 63;
    if bits & sign == 0 { bits | sign } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Normals;

    fn sorts(sorter: &mut Sorter, numbers: &[u64]) {
        let (mut sorted, mut expected) = (numbers.to_vec(), numbers.to_vec());
        sorter.sort(&mut sorted);
        expected.sort_unstable();
        assert_eq!(sorted, expected);
    }

    #[test]
    fn numbers_are_sorted_however_they_are_spread() {
        let mut draws = Normals(7);
        let mut sorter = Sorter::default();
        for count in [0_u64, 1, 2, 31, 32, 33, 1000, 5000] {
            let even: Vec<u64> = (0..count).map(|_| in_total_order(draws.sample())).collect();
            sorts(&mut sorter, &even);
            let equal = vec![17; count as usize];
            sorts(&mut sorter, &equal);
            // All but one in one bucket.
            let mut crowded: Vec<u64> = even.iter().map(|number| number >> 40).collect();
            crowded.push(u64::MAX);
            sorts(&mut sorter, &crowded);
            let downwards: Vec<u64> = (0..count).rev().collect();
            sorts(&mut sorter, &downwards);
        }
    }

    #[test]
    fn whole_numbers_have_the_order_of_those_they_stand_for() {
        let mut numbers = [
            f64::INFINITY,
            -0.0,
            0.0,
            -1.5,
            3.0,
            f64::NEG_INFINITY,
            1e-300,
            -1e300,
        ];
        numbers.sort_unstable_by_key(|number| in_total_order(*number));
        assert!(numbers.is_sorted_by(|a, b| a.total_cmp(b).is_le()));
    }
}
