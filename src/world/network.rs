//! Difficulty and blocks: exact in law, and a constant cost a day.

use rand::Rng;

use crate::protocol::{
    EPOCH_BLOCKS, HALVING_BLOCKS, HASHES_PER_DIFFICULTY, SECONDS_PER_DAY, retarget, subsidy_btc,
};
use crate::random::{beta_order_statistic, exponential, poisson};
use crate::scenario::Bitcoin;

/// Intervals that a retarget measures: between the first and the last of an epoch's blocks.
const EPOCH_INTERVALS: u32 = EPOCH_BLOCKS - 1;

/// The chain as it grows.
#[derive(Debug, Clone)]
pub struct Network {
    /// Difficulty in force.
    pub difficulty: f64,
    /// Work of the blocks found so far, each counted with its difficulty.
    pub work: f64,
    /// Height of the next block.
    pub height: u64,
    /// When the epoch's first block came, seconds from the start; `None` while it is still to come.
    epoch_start: Option<f64>,
    /// Blocks from there to the last of the epoch.
    blocks_left: u32,
}

impl Network {
    /// The chain at the start of a scenario.
    #[must_use]
    pub fn new(bitcoin: &Bitcoin) -> Self {
        let whole_epoch = bitcoin.blocks_to_retarget > EPOCH_INTERVALS;
        Self {
            difficulty: bitcoin.difficulty,
            work: 0.0,
            height: bitcoin.height,
            epoch_start: (!whole_epoch).then(|| -bitcoin.epoch_elapsed_days * SECONDS_PER_DAY),
            blocks_left: bitcoin.blocks_to_retarget.min(EPOCH_INTERVALS),
        }
    }

    /// Reward of the next block, in bitcoin.
    #[must_use]
    pub fn reward_btc(&self, fee_ratio: f64) -> f64 {
        subsidy_btc(self.height) * (1.0 + fee_ratio)
    }

    /// Years until the next halving at 144 blocks a day.
    #[must_use]
    pub fn years_to_halving(&self) -> f64 {
        // At most 210,000, so exact in a double.
        let left = (HALVING_BLOCKS - self.height % HALVING_BLOCKS) as f64;
        left / 144.0 / crate::units::DAYS_PER_YEAR
    }

    /// Mines one day at constant hash rate; returns the number of blocks found.
    ///
    /// Within a day blocks are a Poisson process, so their number, the time of a given one and what
    /// follows a retarget have closed laws: the cost does not depend on the number of blocks.
    pub fn mine_day(&mut self, day: u32, hash_phs: f64, rng: &mut impl Rng) -> u64 {
        let height_before = self.height;
        if hash_phs <= 0.0 {
            return 0;
        }
        let day_start = f64::from(day) * SECONDS_PER_DAY;
        let mut now = 0.0;
        loop {
            let per_second = hash_phs * 1e15 / (self.difficulty * HASHES_PER_DIFFICULTY);
            let Some(epoch_start) = self.epoch_start else {
                now += exponential(rng) / per_second;
                if now >= SECONDS_PER_DAY {
                    break;
                }
                self.height += 1;
                self.work += self.difficulty;
                self.epoch_start = Some(day_start + now);
                continue;
            };
            let left = SECONDS_PER_DAY - now;
            let found = poisson(rng, per_second * left);
            if found < u64::from(self.blocks_left) {
                self.height += found;
                // Blocks of a day are far below 2^53.
                self.work += found as f64 * self.difficulty;
                // Smaller than `blocks_left`, so it fits.
                self.blocks_left -= found as u32;
                break;
            }
            // Given their number the blocks lie like uniform draws, so the one that ends the epoch is
            // an order statistic of them; whatever came after it is drawn again at the new difficulty.
            now += left * beta_order_statistic(rng, u64::from(self.blocks_left), found);
            self.height += u64::from(self.blocks_left);
            self.work += f64::from(self.blocks_left) * self.difficulty;
            self.difficulty = retarget(self.difficulty, day_start + now - epoch_start);
            self.epoch_start = None;
            self.blocks_left = EPOCH_INTERVALS;
        }
        self.height - height_before
    }
}
