//! A few order statistics of many values, put in their places without sorting the rest.

use std::cmp::Ordering;

/// Fewer values than these are sorted.
const FEW: usize = 64;

/// A double beyond which the next whole number is the next double: added to a smaller number, it leaves its whole part, rounded, in the
/// last digits.
const WHOLE: f64 = (1_u64 << 52) as f64;

/// Puts order statistics in their places, and keeps its scratch.
#[derive(Debug, Default)]
pub struct Places {
    /// By value, its bucket.
    buckets: Vec<u32>,
    /// By bucket, where its next value goes; in the end, where it ends.
    bucket_ends: Vec<u32>,
    scattered: Vec<f64>,
}

impl Places {
    /// Leaves at each of the places, which ascend, the value that would be there if all were sorted; `low` and `high` are the
    /// smallest and the largest value.
    ///
    /// The values are spread over buckets of equal width, and only those buckets are sorted in which there is a place.
    pub fn put(&mut self, values: &mut [f64], [low, high]: [f64; 2], places: &[usize]) {
        debug_assert!(places.is_sorted() && places.last() < Some(&values.len()));
        let buckets = (values.len() / 4).next_power_of_two();
        let width = high - low;
        if width == 0.0 {
            return;
        }
        let scale = (buckets - 1) as f64 / width;
        let few = values.len() < FEW;
        // So far from each other or so close that a scale says nothing.
        let unscaled = !width.is_finite() || !scale.is_finite();
        if few || unscaled || u32::try_from(values.len()).is_err() {
            return sort(values);
        }
        // Subtracting, multiplying and rounding never put a larger value before a smaller one.
        let bucket = |value: &f64| ((value - low) * scale + WHOLE).to_bits() as u32;
        self.buckets.clear();
        self.buckets.extend(values.iter().map(bucket));
        self.bucket_ends.clear();
        self.bucket_ends.resize(buckets, 0);
        for bucket in &self.buckets {
            self.bucket_ends[*bucket as usize] += 1;
        }
        let mut start = 0;
        for end in &mut self.bucket_ends {
            start += std::mem::replace(end, start);
        }
        self.scattered.resize(values.len(), 0.0);
        for (value, bucket) in values.iter().zip(&self.buckets) {
            let next = &mut self.bucket_ends[*bucket as usize];
            self.scattered[*next as usize] = *value;
            *next += 1;
        }
        let mut ends = self.bucket_ends.iter().map(|end| *end as usize);
        let (mut start, mut end) = (0, 0);
        for place in places {
            if *place < end {
                // In a bucket that is sorted already.
                continue;
            }
            while end <= *place {
                (start, end) = (end, ends.next().unwrap_or(values.len()));
            }
            sort(&mut self.scattered[start..end]);
        }
        values.copy_from_slice(&self.scattered);
    }
}

/// Sorts values, none of which is null, upwards: a plain comparison will do, at half the time of `total_cmp`.
pub fn sort(values: &mut [f64]) {
    values.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
}
