//! The normal law by inversion: one uniform, one normal, so that two runs that share uniforms share luck.

use rand::Rng;

use super::uniform;

/// One standard normal draw, from one uniform.
pub fn normal(rng: &mut impl Rng) -> f64 {
    standard_normal_quantile(uniform(rng))
}

/// Standard normal cumulative distribution function.
#[must_use]
pub fn standard_normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Puts the standard normal quantile of every number in (0, 1) in its place; to the bit those of one after the other, which
/// would wait for each other's divisions.
pub fn standard_normal_quantiles(numbers: &mut [f64]) {
    const LANES: usize = 4;
    let (rows, rest) = numbers.as_chunks_mut::<LANES>();
    for row in rows {
        let near = row.map(|u| central_quantile(u - 0.5));
        for (u, near) in row.iter_mut().zip(near) {
            *u = if is_central(*u - 0.5) {
                near
            } else {
                standard_normal_quantile(*u)
            };
        }
    }
    for u in rest {
        *u = standard_normal_quantile(*u);
    }
}

/// Standard normal quantile of `u` in (0, 1), relative accuracy about 1e-16.
///
/// # Source
/// Wichura (1988), *Algorithm AS 241: The percentage points of the normal distribution*, PPND16.
#[must_use]
pub fn standard_normal_quantile(u: f64) -> f64 {
    let q = u - 0.5;
    if is_central(q) {
        return central_quantile(q);
    }
    let tail = if q < 0.0 { u } else { 1.0 - u };
    let r = (-libm::log(tail)).sqrt();
    let magnitude = if r <= 5.0 {
        rational(&MIDDLE, r - 1.6)
    } else {
        rational(&FAR, r - 5.0)
    };
    if q < 0.0 { -magnitude } else { magnitude }
}

/// Whether a probability, less a half, is far from 0 and 1.
#[inline]
fn is_central(q: f64) -> bool {
    q.abs() <= 0.425
}

/// The quantile of such a one.
#[inline]
fn central_quantile(q: f64) -> f64 {
    q * rational(&CENTRAL, 0.180_625 - q * q)
}

/// The normal law given that a draw lies in `[low, high]`: that of drawing again until inside.
///
/// By inversion, in the tail where probabilities are small and so keep their digits.
#[derive(Debug, Clone, Copy)]
pub struct TruncatedNormal {
    mean: f64,
    sd: f64,
    low: f64,
    high: f64,
    /// Probabilities of lying below either end; above, if mirrored.
    from: f64,
    to: f64,
    /// Whether both ends lie above the mean, so that the lower tail of the mirror image is drawn from.
    mirrored: bool,
}

impl TruncatedNormal {
    /// The law with these parameters; a point where `sd` is 0.
    #[must_use]
    pub fn new(mean: f64, sd: f64, low: f64, high: f64) -> Self {
        let (a, b) = ((low - mean) / sd, (high - mean) / sd);
        let mirrored = a > 0.0;
        let (from, to) = if sd <= 0.0 {
            (0.0, 0.0)
        } else if mirrored {
            (standard_normal_cdf(-b), standard_normal_cdf(-a))
        } else {
            (standard_normal_cdf(a), standard_normal_cdf(b))
        };
        Self {
            mean,
            sd,
            low,
            high,
            from,
            to,
            mirrored,
        }
    }

    /// The value below which a draw lies with a probability in (0, 1).
    #[must_use]
    pub fn quantile(&self, probability: f64) -> f64 {
        if self.sd <= 0.0 {
            return self.mean.clamp(self.low, self.high);
        }
        let part = probability * (self.to - self.from);
        let standard = if self.mirrored {
            -inner_quantile(self.to - part)
        } else {
            inner_quantile(self.from + part)
        };
        (self.mean + self.sd * standard).clamp(self.low, self.high)
    }
}

/// Quantile of a probability that rounding may have put at 0 or 1.
fn inner_quantile(probability: f64) -> f64 {
    standard_normal_quantile(probability.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0))
}

type Coefficients = ([f64; 8], [f64; 8]);

fn rational((numerator, denominator): &Coefficients, r: f64) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    horner(numerator) / horner(denominator)
}

const CENTRAL: Coefficients = (
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_545e3,
    ],
);

const MIDDLE: Coefficients = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR: Coefficients = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    #[test]
    fn the_quantile_inverts_the_distribution_function() {
        for step in -80..=80 {
            let x = f64::from(step) / 10.0;
            // In the lower tail probabilities keep their digits; the upper one is its mirror image.
            let back = standard_normal_quantile(standard_normal_cdf(-x.abs()));
            assert!(
                (back + x.abs()).abs() < 1e-11 * x.abs().max(1.0),
                "{x}: {back}"
            );
        }
    }

    #[test]
    fn the_quantile_has_its_published_check_values() {
        // Printed in Wichura's paper.
        for (p, x) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            assert!((standard_normal_quantile(p) / x - 1.0).abs() < 2e-15, "{p}");
        }
    }

    #[test]
    fn the_quantile_agrees_with_a_second_implementation() {
        let law = Normal::new(0.0, 1.0).unwrap();
        for step in 1..1000 {
            let u = f64::from(step) / 1000.0;
            let reference = law.inverse_cdf(u);
            assert!(
                (standard_normal_quantile(u) - reference).abs() < 1e-8,
                "{u}"
            );
        }
    }

    #[test]
    fn many_quantiles_are_those_of_one_after_the_other() {
        for count in [0, 1, 15, 16, 17, 1000] {
            let uniforms = (0..count).map(|step| (f64::from(step) + 0.5) / f64::from(count));
            let uniforms = uniforms.chain([1e-300, 0.075, 0.925, 1.0 - 1e-16, 1e-12]);
            let expected: Vec<f64> = uniforms.clone().map(standard_normal_quantile).collect();
            let mut found: Vec<f64> = uniforms.collect();
            standard_normal_quantiles(&mut found);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_truncated_normal_stays_inside_and_has_its_law() {
        let law = Normal::new(18.0, 5.0).unwrap();
        let (low, high) = (13.0, 38.0);
        for step in 0..1000 {
            let u = (f64::from(step) + 0.5) / 1000.0;
            let x = TruncatedNormal::new(18.0, 5.0, low, high).quantile(u);
            let p = (law.cdf(x) - law.cdf(low)) / (law.cdf(high) - law.cdf(low));
            assert!(
                (low..=high).contains(&x) && (p - u).abs() < 1e-9,
                "{u}: {x}"
            );
        }
        for u in [1e-9, 0.5, 1.0 - 1e-9] {
            assert!(
                (30.0..=31.0).contains(&TruncatedNormal::new(0.0, 1.0, 30.0, 31.0).quantile(u))
            );
            assert!(
                (-31.0..=-30.0).contains(&TruncatedNormal::new(0.0, 1.0, -31.0, -30.0).quantile(u))
            );
        }
        assert!((TruncatedNormal::new(20.0, 0.0, 13.0, 38.0).quantile(0.3) - 20.0).abs() < 1e-15);
    }
}
