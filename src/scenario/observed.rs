//! What was measured of the real network, checked: days counted from the start, regions by index.

use crate::protocol::{HASHES_PER_DIFFICULTY, SECONDS_PER_DAY, TARGET_BLOCKS_PER_DAY};

pub use super::raw::{
    RawError as ErrorModel, RawMeasure as Measure, RawMetric as Metric, RawReference as Reference,
};

/// What was measured of the real network.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Blocks and difficulty by day; may begin before the start.
    pub daily: Vec<DailyBlocks>,
    /// Days after the start up to which scores are given besides those over everything, in ascending order.
    pub horizons: Vec<u32>,
    /// What a forecaster without a model knew.
    pub reference: Reference,
    /// What was measured on many dates.
    pub series: Vec<Series>,
    /// What is read off whole paths.
    pub features: Vec<Feature>,
    /// Price of bitcoin and its day, from the series that the scenario names, where it names one: what came before the start as well.
    pub price_history: Vec<(f64, f64)>,
}

impl Metric {
    /// As scenarios write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::HashRate => "hash-rate",
            Self::Difficulty => "difficulty",
            Self::Efficiency => "efficiency",
        }
    }

    /// Unit of its values: `share`, `EH/s`, `J/TH`, or `1` for a difficulty.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::HashRate => "EH/s",
            Self::Difficulty => "1",
            Self::Efficiency => "J/TH",
        }
    }
}

/// Blocks of one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DailyBlocks {
    /// The day, counted from the start; may be negative.
    pub day: i32,
    /// Blocks found.
    pub blocks: f64,
    /// Difficulty at which they were found: its mean over them where it changed in the course of the day.
    pub difficulty: f64,
}

/// Something measured on many dates.
#[derive(Debug, Clone)]
pub struct Series {
    /// What.
    pub metric: Metric,
    /// Days of which a value is the mean; they end on its day.
    pub average_days: u32,
    /// How far it may be from the truth.
    pub error: ErrorModel,
    /// Hash rate booked elsewhere: from, to, part.
    pub misplaced: Vec<(usize, usize, f64)>,
    /// The values to be scored, by day.
    pub points: Vec<Point>,
    /// Values that are not scored, and why.
    pub masked: Vec<(Point, String)>,
}

impl Series {
    /// The values to be scored, those that were measured on one day together.
    pub fn by_day(&self) -> impl Iterator<Item = &[Point]> {
        self.points.chunk_by(|one, next| one.day == next.day)
    }

    /// Standard deviation, in logs, of what was measured about the truth: the error of its model, and for hash rate the luck of the blocks
    /// by which it is counted. Shares have none in logs.
    #[must_use]
    pub fn log_sd(&self) -> f64 {
        let blocks = match self.metric {
            Metric::HashRate => 1.0 / (TARGET_BLOCKS_PER_DAY * f64::from(self.average_days)),
            _ => 0.0,
        };
        let error = match self.error {
            ErrorModel::LogNormal { sd } => sd * sd,
            _ => 0.0,
        };
        (blocks + error).sqrt()
    }
}

/// One measured value.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its day.
    pub day: u32,
    /// For people: the region or regions; `all` for the network.
    pub name: String,
    /// Indexes of the regions; none for the network.
    pub regions: Vec<usize>,
    /// EH/s, J/TH, a part of 1, or a difficulty.
    pub value: f64,
}

/// Something read off a whole path.
#[derive(Debug, Clone)]
pub struct Feature {
    /// What it is.
    pub name: String,
    /// Of what.
    pub metric: Metric,
    /// Of which regions, for a share.
    pub regions: Vec<usize>,
    /// What is read off.
    pub measure: Measure,
    /// Days of which a day's value is the mean.
    pub average_days: u32,
    /// First and last day looked at.
    pub window: (u32, u32),
    /// What was observed; `None`: to be read off the measured days.
    pub value: Option<f64>,
    /// Standard deviation of the error.
    pub sd: f64,
    /// The event that is scored.
    pub at_least: Option<f64>,
}

impl DailyBlocks {
    /// Hash rate in EH/s, or difficulty.
    #[must_use]
    pub fn of(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Difficulty => self.difficulty,
            _ => hash_rate_of(self.blocks * self.difficulty),
        }
    }
}

/// Hash rate of a day in EH/s by its blocks, each counted with its difficulty.
#[must_use]
pub fn hash_rate_of(work: f64) -> f64 {
    work * HASHES_PER_DIFFICULTY / SECONDS_PER_DAY / HASHES_PER_EXAHASH
}

const HASHES_PER_EXAHASH: f64 = 1e18;

/// Mean of a measured quantity over the days that end on `day`: hash rate in EH/s, difficulty as it is; `None` unless all of them are there.
#[must_use]
pub fn mean_of_days(
    daily: &[DailyBlocks],
    metric: Metric,
    average_days: u32,
    day: u32,
) -> Option<f64> {
    let last = day.cast_signed();
    let first = last - average_days.cast_signed() + 1;
    let window = daily
        .iter()
        .filter(|row| (first..=last).contains(&row.day))
        .map(|row| row.of(metric));
    let (count, sum) = window.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count == average_days).then(|| sum / f64::from(average_days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_rate_is_as_uncertain_as_its_error_and_its_blocks_together() {
        let series = |metric, error| Series {
            metric,
            average_days: 7,
            error,
            misplaced: Vec::new(),
            points: Vec::new(),
            masked: Vec::new(),
        };
        // 1,008 blocks in a week.
        let blocks = 1.0 / 1008.0_f64;
        let error = ErrorModel::LogNormal { sd: 0.05 };
        assert_eq!(
            series(Metric::HashRate, ErrorModel::None).log_sd(),
            blocks.sqrt()
        );
        assert_eq!(
            series(Metric::HashRate, error).log_sd(),
            (blocks + 0.0025).sqrt()
        );
        assert_eq!(series(Metric::Efficiency, error).log_sd(), 0.05);
        assert_eq!(series(Metric::Difficulty, ErrorModel::None).log_sd(), 0.0);
    }
}
