//! Transaction fees, as a factor on their mean.

use rand::rngs::ChaCha8Rng;

use crate::protocol::TARGET_BLOCKS_PER_DAY;
use crate::random::{Purpose, Streams, normal};
use crate::scenario::Bitcoin;

/// Days over which the pace of blocks is measured.
const PACE_DAYS: usize = 4;
/// What a slow or fast network can do to the fees of one block.
const PACE_BOUNDS: (f64, f64) = (0.5, 50.0);

/// Fees of one history: log-normal around their mean, returning to it; and, where they accrue by the day, more in
/// each block when blocks are few.
#[derive(Debug)]
pub struct Fees {
    ratio: f64,
    sd: f64,
    decay: f64,
    /// Log of the departure from the mean, and its variance so far.
    departure: f64,
    variance: f64,
    stream: ChaCha8Rng,
    per_day: bool,
    recent_blocks: [f64; PACE_DAYS],
}

impl Fees {
    /// The eve: fees at their mean, blocks at their pace.
    #[must_use]
    pub fn new(bitcoin: &Bitcoin, streams: Streams) -> Self {
        Self {
            ratio: bitcoin.fee_ratio,
            sd: bitcoin.fee_sd,
            decay: libm::exp(-std::f64::consts::LN_2 / bitcoin.fee_half_life_days),
            departure: 0.0,
            variance: 0.0,
            stream: streams.open(Purpose::Fees, 0),
            per_day: bitcoin.fees_per_day,
            recent_blocks: [TARGET_BLOCKS_PER_DAY; PACE_DAYS],
        }
    }

    /// Fees of the day over the subsidy; days have to be asked for in order, from 0.
    pub fn draw(&mut self) -> f64 {
        let mut ratio = self.ratio;
        if self.sd > 0.0 {
            let kept = self.decay * self.decay;
            let innovation = self.sd * (1.0 - kept).sqrt();
            self.departure = self.departure * self.decay + innovation * normal(&mut self.stream);
            self.variance = self.variance * kept + innovation * innovation;
            ratio *= libm::exp(self.departure - 0.5 * self.variance);
        }
        if self.per_day {
            let pace = self.recent_blocks.iter().sum::<f64>() / PACE_DAYS as f64;
            let (least, most) = PACE_BOUNDS;
            ratio *= (TARGET_BLOCKS_PER_DAY / pace).clamp(least, most);
        }
        ratio
    }

    /// Takes in the blocks of `day`.
    pub fn observe(&mut self, day: u32, blocks: u64) {
        // Counts of blocks in a day, far below 2^53.
        self.recent_blocks[day as usize % PACE_DAYS] = blocks as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse_scenario;

    fn fees(changes: &[&str], replica: u64) -> Fees {
        let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
        let text = include_str!("../../scenarios/core.toml");
        let scenario = parse_scenario("core", text, &changes, &[]).unwrap();
        Fees::new(&scenario.bitcoin, Streams::new(1, replica))
    }

    #[test]
    fn fees_keep_their_mean_have_their_spread_and_halve_their_departure_in_the_half_life() {
        let set = ["bitcoin.fee_ratio=0.02", "bitcoin.fee_sd=0.5"];
        let histories: Vec<Vec<f64>> = (0..4000)
            .map(|replica| {
                let mut fees = fees(&set, replica);
                (0..100).map(|_| fees.draw()).collect()
            })
            .collect();
        let n = histories.len() as f64;
        for day in [0, 10, 99] {
            let mean = histories.iter().map(|h| h[day]).sum::<f64>() / n;
            // Standard error of the mean of a log-normal with sd 0.5: 0.02 * 0.533 / sqrt(4000).
            assert!(
                (mean - 0.02).abs() < 4.0 * 0.02 * 0.533 / n.sqrt(),
                "day {day}: {mean}"
            );
        }
        let logs = |day: usize| histories.iter().map(move |h| libm::log(h[day]));
        let (a, b): (Vec<f64>, Vec<f64>) = (logs(92).collect(), logs(99).collect());
        let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
        let (mean_a, mean_b) = (mean(&a), mean(&b));
        let cov = |x: &[f64], mx: f64, y: &[f64], my: f64| {
            x.iter()
                .zip(y)
                .map(|(x, y)| (x - mx) * (y - my))
                .sum::<f64>()
                / n
        };
        let sd = cov(&a, mean_a, &a, mean_a).sqrt();
        assert!((sd - 0.5).abs() < 0.03, "{sd}");
        let correlation = cov(&a, mean_a, &b, mean_b) / (sd * cov(&b, mean_b, &b, mean_b).sqrt());
        assert!((correlation - 0.5).abs() < 0.06, "{correlation}");
    }

    #[test]
    fn a_day_s_fees_fall_to_the_blocks_there_are() {
        let mut fees = fees(&["bitcoin.fee_ratio=0.02", "bitcoin.fees_per_day=true"], 0);
        assert_eq!(fees.draw(), 0.02);
        for day in 0..4 {
            fees.observe(day, 36);
        }
        assert!((fees.draw() - 0.08).abs() < 1e-15);
        for day in 4..8 {
            fees.observe(day, 0);
        }
        assert_eq!(fees.draw(), 1.0, "at most 50 times");
        for day in 8..12 {
            fees.observe(day, 1_000);
        }
        assert_eq!(fees.draw(), 0.01, "at least half");
    }
}
