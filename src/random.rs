//! Named random streams and deterministic samplers: the same bits on every machine.
//!
//! Everything that enters the state of a history is sampled here, with `+ - * /`, square roots and
//! `libm`. The standard library's `exp` and `ln` come from the platform and differ between processors.

mod cube;
mod normal;
mod poisson;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

pub use cube::{LatinDimension, MOST_SOBOL_DIMENSIONS, MOST_SOBOL_POINTS, independent, sobol};
pub use normal::{
    TruncatedNormal, normal, standard_normal_cdf, standard_normal_quantile,
    standard_normal_quantiles,
};
pub use poisson::{poisson, poisson_quantile};

/// What a stream of randomness is for.
///
/// The numbers are part of the promise that a seed gives the same results: they are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Daily returns of the bitcoin price.
    BtcPrice = 1,
    /// Daily innovations of a region's power price.
    PowerPrice = 2,
    /// Blocks found.
    Blocks = 3,
    /// Sizes of the tail's firms.
    FirmSize = 4,
    /// Where their fleets start.
    FirmRegion = 5,
    /// Efficiency of the fleets.
    Efficiency = 6,
    /// The choice made in a review.
    Review = 7,
    /// Whether a review considers moving.
    Consider = 8,
    /// Time that a move takes.
    Downtime = 9,
    /// Jumps of the bitcoin price.
    PriceJump = 10,
    /// Efficiency of the one machine that runs where the start's draw has none.
    FirstRunner = 11,
    /// Fees around their mean.
    Fees = 12,
    /// Spikes of a region's power price.
    Spike = 13,
    /// Droughts of a basin.
    Drought = 14,
    /// What a site pays against others of its region.
    SiteLuck = 15,
    /// Luck and optimism of a firm that buys.
    FirmLuck = 16,
    /// The fresh half of that luck at a review.
    FreshLuck = 17,
    /// Where an order is placed.
    OrderPlace = 18,
    /// Whether an order that is smaller than a site is made.
    Lump = 19,
    /// How a fleet takes a ban.
    Ban = 20,
    /// When a hazard strikes.
    Hazard = 21,
    /// What all hazards have in common.
    HazardCommon = 22,
    /// The pool of a firm.
    Pool = 23,
    /// Blocks of past returns of the bitcoin price.
    Bootstrap = 24,
    /// Bans of a year, for the distribution of what it may take.
    AnnualBans = 25,
    /// Parameters of which every replica has its own values.
    Uncertain = 26,
    /// Errors of measurements.
    Measurement = 27,
    /// Forecasts that a model has to beat.
    Reference = 28,
    /// Where a fleet goes that has lost its place.
    Eviction = 29,
    /// Points of a design, inside their cells.
    Design = 30,
    /// The order of the cells of a design.
    DesignOrder = 31,
    /// The seed of a point whose luck is its own.
    PointSeed = 32,
    /// Points drawn again, and means drawn around theirs, for the errors of a sensitivity.
    Resampling = 33,
    /// How high and how soon the part of AI compute on devices rises.
    AiEdge = 34,
    /// Shares of those who host AI compute.
    AiProviders = 35,
    /// Whether a mining site is fit for AI.
    AiSite = 36,
    /// Whether a site leaves mining for AI at a review.
    AiChoice = 37,
}

/// The key of all randomness of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
    point: u64,
    replica: u64,
}

impl Streams {
    /// Streams of a replica under a seed.
    #[must_use]
    pub const fn new(seed: u64, replica: u64) -> Self {
        Self {
            seed,
            point: 0,
            replica,
        }
    }

    /// The same for a point of a sweep whose points are to meet different luck.
    #[must_use]
    pub const fn at_point(self, point: u64) -> Self {
        Self { point, ..self }
    }

    /// The same for another replica.
    #[must_use]
    pub const fn of_replica(self, replica: u64) -> Self {
        Self { replica, ..self }
    }

    /// Opens a stream at its first draw. `entity` tells things of one kind apart, 0 where there is one.
    #[must_use]
    pub fn open(&self, purpose: Purpose, entity: u64) -> ChaCha8Rng {
        let mut key = [0; 32];
        let words = [self.seed, self.point, self.replica, purpose as u64];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(entity);
        stream
    }
}

/// Words of a stream that belong to one day: a million draws of 64 bits take twice as many.
const WORDS_PER_DAY: u128 = 1 << 32;

/// Moves a stream to the draws of `day`, so that draws used or not on other days do not matter.
pub fn seek_day(stream: &mut ChaCha8Rng, day: u32) {
    stream.set_word_pos(u128::from(day) * WORDS_PER_DAY);
}

/// The uniform draws of a day from one stream, one for each place of a queue.
///
/// They are those that [`uniform`] gives one after the other, taken in one go when the first of them is asked for: a day
/// on which nobody asks costs nothing.
#[derive(Debug)]
pub struct DayDraws {
    stream: ChaCha8Rng,
    day: u32,
    places: usize,
    words: Vec<u8>,
    taken: bool,
}

/// Bytes of one draw.
pub const WORD: usize = 8;

impl DayDraws {
    /// The draws of a stream; none before the first day.
    #[must_use]
    pub fn of(stream: ChaCha8Rng) -> Self {
        Self {
            stream,
            day: 0,
            places: 0,
            words: Vec::new(),
            taken: true,
        }
    }

    /// Goes to the draws of a day with so many places.
    pub fn seek_day(&mut self, day: u32, places: usize) {
        self.day = day;
        self.places = places;
        self.taken = false;
    }

    /// The draw of a place, in the open interval (0, 1).
    ///
    /// # Panics
    /// If the day has no such place.
    #[inline]
    pub fn uniform(&mut self, place: usize) -> f64 {
        uniform_of(u64::from_le_bytes(self.words()[place]))
    }

    /// The draws of all places, in place of what `into` holds.
    pub fn uniforms(&mut self, into: &mut Vec<f64>) {
        into.clear();
        let words = self.words().iter();
        into.extend(words.map(|word| uniform_of(u64::from_le_bytes(*word))));
    }

    /// The words of all places. A draw rises with its word as a whole number, little end first, and is the word over 2^64,
    /// within 2^-53.
    #[inline]
    pub fn words(&mut self) -> &[[u8; WORD]] {
        if !self.taken {
            self.take();
        }
        self.words.as_chunks().0
    }

    #[inline(never)]
    fn take(&mut self) {
        seek_day(&mut self.stream, self.day);
        self.words.resize(WORD * self.places, 0);
        self.stream.fill_bytes(&mut self.words);
        self.taken = true;
    }
}

/// Identity of a named thing as a stream's entity: FNV-1a of its name, so that other things, and the
/// order of all, leave its luck alone.
#[must_use]
pub fn entity_of_name(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// One uniform draw in the open interval (0, 1), from one 64-bit word.
pub fn uniform(rng: &mut impl Rng) -> f64 {
    uniform_of(rng.next_u64())
}

/// The uniform draw that a 64-bit word stands for.
#[inline]
fn uniform_of(word: u64) -> f64 {
    // 53 bits, centred in their cell: never 0 or 1.
    let cell = (word >> 11) as f64;
    (cell + 0.5) * (1.0 / 9_007_199_254_740_992.0)
}

/// One exponential draw with mean 1, from one uniform.
pub fn exponential(rng: &mut impl Rng) -> f64 {
    -libm::log(uniform(rng))
}

/// One gamma draw with mean and shape `shape`, scale 1. `shape` above 0.
///
/// # Source
/// Marsaglia & Tsang (2000), *A simple method for generating gamma variables*, ACM TOMS 26.
pub fn gamma(rng: &mut impl Rng, shape: f64) -> f64 {
    debug_assert!(shape > 0.0);
    if shape < 1.0 {
        let boost = libm::pow(uniform(rng), 1.0 / shape);
        return gamma(rng, shape + 1.0) * boost;
    }
    let scale = shape - 1.0 / 3.0;
    let spread = 1.0 / (9.0 * scale).sqrt();
    loop {
        let x = normal(rng);
        let root = 1.0 + spread * x;
        if root <= 0.0 {
            continue;
        }
        let cube = root * root * root;
        let bound = 0.5 * x * x + scale - scale * cube + scale * libm::log(cube);
        if libm::log(uniform(rng)) < bound {
            return scale * cube;
        }
    }
}

/// The `k`-th smallest of `n` uniform draws, `1 <= k <= n`: a Beta(k, n - k + 1) draw.
pub fn beta_order_statistic(rng: &mut impl Rng, k: u64, n: u64) -> f64 {
    debug_assert!(1 <= k && k <= n);
    // Counts of blocks in a day, far below 2^53.
    let (below, above) = (k as f64, (n - k + 1) as f64);
    let below = gamma(rng, below);
    let above = gamma(rng, above);
    below / (below + above)
}

/// Pareto with scale 1 and exponent `alpha` above 0, by inversion: `u^(-1/alpha)`.
#[must_use]
pub fn pareto(uniform: f64, alpha: f64) -> f64 {
    libm::exp(-libm::log(uniform) / alpha)
}

/// Lower-triangular Cholesky factor of a symmetric matrix; `None` unless it is positive definite.
#[must_use]
pub fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    /// A smaller pivot is rounding, not a direction.
    const SMALLEST_PIVOT: f64 = 1e-12;
    let size = matrix.len();
    let mut factor = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let mut rest = matrix[i][j];
            for (a, b) in factor[i].iter().zip(&factor[j]).take(j) {
                rest -= a * b;
            }
            factor[i][j] = if i > j {
                rest / factor[j][j]
            } else if rest > SMALLEST_PIVOT {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Beta, ContinuousCDF, Exp, Gamma, Normal};

    fn stream() -> ChaCha8Rng {
        Streams::new(7, 0).open(Purpose::Blocks, 0)
    }

    /// Largest distance between the empirical distribution of `draws` and `cdf`.
    fn kolmogorov_distance(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        draws
            .iter()
            .enumerate()
            .map(|(i, x)| {
                let p = cdf(*x);
                (p - i as f64 / n)
                    .abs()
                    .max((p - (i as f64 + 1.0) / n).abs())
            })
            .fold(0.0, f64::max)
    }

    /// Kolmogorov's law: P(D sqrt(n) > x) = 2 exp(-2 x^2), which is 1e-4 at x = 2.225.
    fn passes(draws: Vec<f64>, cdf: impl Fn(f64) -> f64) {
        let critical = 2.225 / (draws.len() as f64).sqrt();
        let distance = kolmogorov_distance(draws, cdf);
        assert!(distance < critical, "{distance} against {critical}");
    }

    const DRAWS: usize = 1_000_000;

    #[test]
    fn a_million_normals_pass_kolmogorov_smirnov() {
        let mut rng = stream();
        let law = Normal::new(0.0, 1.0).unwrap();
        passes((0..DRAWS).map(|_| normal(&mut rng)).collect(), |x| {
            law.cdf(x)
        });
    }

    #[test]
    fn a_million_exponentials_pass_kolmogorov_smirnov() {
        let mut rng = stream();
        let law = Exp::new(1.0).unwrap();
        passes((0..DRAWS).map(|_| exponential(&mut rng)).collect(), |x| {
            law.cdf(x)
        });
    }

    #[test]
    fn gammas_pass_kolmogorov_smirnov_above_and_below_shape_1() {
        for shape in [0.4, 2.5] {
            let mut rng = stream();
            let law = Gamma::new(shape, 1.0).unwrap();
            passes(
                (0..DRAWS / 5).map(|_| gamma(&mut rng, shape)).collect(),
                |x| law.cdf(x),
            );
        }
    }

    #[test]
    fn the_70th_of_150_uniforms_passes_kolmogorov_smirnov() {
        let mut rng = stream();
        let law = Beta::new(70.0, 81.0).unwrap();
        passes(
            (0..DRAWS / 5)
                .map(|_| beta_order_statistic(&mut rng, 70, 150))
                .collect(),
            |x| law.cdf(x),
        );
    }

    #[test]
    fn pareto_has_its_survival_function() {
        for (u, alpha, size) in [(0.5, 1.0, 2.0), (0.01, 2.0, 10.0), (0.125, 1.5, 4.0)] {
            assert!((pareto(u, alpha) - size).abs() < 1e-12);
        }
    }

    #[test]
    fn first_draws_of_every_stream_are_pinned() {
        let first = |purpose| Streams::new(1, 2).open(purpose, 3).next_u64();
        let draws = [
            first(Purpose::BtcPrice),
            first(Purpose::PowerPrice),
            first(Purpose::Blocks),
            first(Purpose::FirmSize),
            first(Purpose::FirmRegion),
            first(Purpose::Efficiency),
            first(Purpose::Review),
            first(Purpose::Consider),
            first(Purpose::Downtime),
            first(Purpose::PriceJump),
        ];
        assert_eq!(draws, PINNED);
    }

    const PINNED: [u64; 10] = [
        17_189_429_464_803_715_611,
        9_309_313_987_024_537_833,
        15_134_210_184_902_528_710,
        8_029_159_606_456_602_087,
        228_392_217_391_790_430,
        11_395_780_802_843_085_444,
        2_842_470_084_443_812_772,
        10_498_898_642_647_591_050,
        7_327_467_134_402_565_003,
        16_229_532_172_287_986_049,
    ];

    #[test]
    fn seed_point_replica_purpose_entity_and_day_all_change_the_draws() {
        let base = Streams::new(1, 1);
        let draw = |streams: Streams, purpose, entity, day| {
            let mut stream = streams.open(purpose, entity);
            seek_day(&mut stream, day);
            stream.next_u64()
        };
        let mut draws = vec![
            draw(base, Purpose::Review, 0, 0),
            draw(Streams::new(2, 1), Purpose::Review, 0, 0),
            draw(base.at_point(1), Purpose::Review, 0, 0),
            draw(base.of_replica(2), Purpose::Review, 0, 0),
            draw(base, Purpose::Blocks, 0, 0),
            draw(base, Purpose::Review, 1, 0),
            draw(base, Purpose::Review, 0, 1),
        ];
        draws.sort_unstable();
        draws.dedup();
        assert_eq!(draws.len(), 7);
    }

    #[test]
    fn seeking_a_day_forgets_what_was_drawn_before() {
        let (mut used, mut fresh) = (stream(), stream());
        for _ in 0..1000 {
            uniform(&mut used);
        }
        seek_day(&mut used, 5);
        seek_day(&mut fresh, 5);
        assert_eq!(uniform(&mut used).to_bits(), uniform(&mut fresh).to_bits());
    }

    #[test]
    fn draws_of_a_day_are_those_of_the_stream_one_after_the_other() {
        let mut draws = DayDraws::of(stream());
        let mut single = stream();
        let mut all = Vec::new();
        for (day, places) in [(5, 100), (6, 3), (4, 200)] {
            seek_day(&mut single, day);
            let expected: Vec<f64> = (0..places).map(|_| uniform(&mut single)).collect();
            draws.seek_day(day, places);
            for place in (0..places).rev() {
                assert_eq!(draws.uniform(place).to_bits(), expected[place].to_bits());
            }
            draws.uniforms(&mut all);
            assert_eq!(all, expected);
        }
    }

    #[test]
    fn cholesky_gives_the_factor_or_refuses() {
        let factor = cholesky(&[vec![1.0, 0.6], vec![0.6, 1.0]]).unwrap();
        assert!((factor[1][0] - 0.6).abs() < 1e-15 && (factor[1][1] - 0.8).abs() < 1e-15);
        assert!(cholesky(&[vec![1.0, 1.0], vec![1.0, 1.0]]).is_none());
        assert!(cholesky(&[vec![1.0, -2.0], vec![-2.0, 1.0]]).is_none());
    }
}
