//! Exponentials and logarithms of many numbers, several at a time: those of `libm`, to the bit.
//!
//! One of them waits for its own series and its division; those of others need not wait with it. Loops over lanes are short and
//! plain, so that a compiler takes two lanes at a time.

/// Numbers that are taken at a time.
const LANES: usize = 4;

/// Puts the exponential of every number in its place.
pub fn exp_each(numbers: &mut [f64]) {
    each(numbers, exp_lanes, libm::exp);
}

/// Puts the natural logarithm of every number in its place.
pub fn log_each(numbers: &mut [f64]) {
    each(numbers, log_lanes, libm::log);
}

#[inline]
fn each(
    numbers: &mut [f64],
    of_lanes: impl Fn([f64; LANES]) -> [f64; LANES],
    of_one: impl Fn(f64) -> f64,
) {
    let (rows, rest) = numbers.as_chunks_mut();
    for row in rows {
        *row = of_lanes(*row);
    }
    // Fewer than a row.
    for x in rest {
        *x = of_one(*x);
    }
}

/// Three halves of 2^52. Added to a number below 2^51 of either sign, leaves it rounded to the nearest whole one in its last bits.
pub const ROUND: f64 = 6_755_399_441_055_744.0;

/// Ln 2 in two parts, the first of few digits.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Bits of a number behind those of its exponent.
const MANTISSA: u32 = 52;

/// The steps of `libm::exp`, without its branches, for numbers whose exponential is neither near the least nor near the largest
/// that there is. Where one is not, all of the row are left to it.
#[inline]
fn exp_lanes(x: [f64; LANES]) -> [f64; LANES] {
    /// Half of ln 2, as `libm` tells it by its leading digits: no power of two is taken out of less.
    const HALF_LN_2: f64 = f64::from_bits(0x3fd6_2e43_0000_0000);
    /// In the same way 2^-28: of less the exponential is one more.
    const LEAST: f64 = f64::from_bits(0x3e30_0001_0000_0000);
    /// Where exponents end.
    const MOST: f64 = f64::from_bits(0x4086_232b_0000_0000);
    const P: [f64; 5] = [
        1.666_666_666_666_660_2e-1,
        -2.777_777_777_701_559_3e-3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];

    // Powers of two: the whole part of what is left of `|x| / ln 2 + 1/2`.
    let mut powers = [0.0; LANES];
    for lane in 0..LANES {
        let magnitude = x[lane].abs();
        let above = std::f64::consts::LOG2_E * magnitude + 0.5;
        let nearest = (above + ROUND) - ROUND;
        let whole = nearest - if nearest > above { 1.0 } else { 0.0 };
        let whole = if magnitude < HALF_LN_2 { 0.0 } else { whole };
        powers[lane] = whole.copysign(x[lane]);
    }
    let (mut high, mut low, mut r) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        high[lane] = x[lane] - powers[lane] * LN_2_HIGH;
        low[lane] = powers[lane] * LN_2_LOW;
        r[lane] = high[lane] - low[lane];
    }
    let mut exponentials = [0.0; LANES];
    for lane in 0..LANES {
        let square = r[lane] * r[lane];
        let series = P[0] + square * (P[1] + square * (P[2] + square * (P[3] + square * P[4])));
        let c = r[lane] - square * series;
        let y = 1.0 + (r[lane] * c / (2.0 - c) - low[lane] + high[lane]);
        exponentials[lane] = if x[lane].abs() < LEAST {
            1.0 + x[lane]
        } else {
            y
        };
    }
    for lane in 0..LANES {
        let exponent = (powers[lane] + ROUND).to_bits() << MANTISSA;
        let scale = f64::from_bits(1.0_f64.to_bits().wrapping_add(exponent));
        exponentials[lane] *= scale;
    }
    if x.iter().all(|x| x.abs() < MOST) {
        exponentials
    } else {
        x.map(libm::exp)
    }
}

/// The steps of `libm::log`, without its branches, for finite numbers above 0 that are not subnormal. Where one is not, all of the
/// row are left to it.
#[inline]
fn log_lanes(x: [f64; LANES]) -> [f64; LANES] {
    const ONE: u64 = 0x3ff0_0000 << 32;
    /// The root of one half, in its leading digits.
    const ROOT_HALF: u64 = 0x3fe6_a09e << 32;
    const L: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    /// 2^52, whose last bits are those of what is added to it.
    const WHOLE: f64 = 4_503_599_627_370_496.0;

    let (mut powers, mut above_one) = ([0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        let bits = x[lane].to_bits().wrapping_add(ONE - ROOT_HALF);
        powers[lane] = f64::from_bits(WHOLE.to_bits() | bits >> MANTISSA) - (WHOLE + 1023.0);
        let digits = bits & ((1 << MANTISSA) - 1);
        above_one[lane] = f64::from_bits(digits + ROOT_HALF) - 1.0;
    }
    let mut logarithms = [0.0; LANES];
    for lane in 0..LANES {
        let (power, more) = (powers[lane], above_one[lane]);
        let half_square = 0.5 * more * more;
        let ratio = more / (2.0 + more);
        let square = ratio * ratio;
        let fourth = square * square;
        let even = fourth * (L[1] + fourth * (L[3] + fourth * L[5]));
        let odd = square * (L[0] + fourth * (L[2] + fourth * (L[4] + fourth * L[6])));
        let series = ratio * (half_square + (odd + even));
        logarithms[lane] = series + power * LN_2_LOW - half_square + more + power * LN_2_HIGH;
    }
    if x.iter()
        .all(|x| (f64::MIN_POSITIVE..f64::INFINITY).contains(x))
    {
        logarithms
    } else {
        x.map(libm::log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Normals;

    fn assert_same(numbers: &[f64]) {
        type Both = (fn(&mut [f64]), fn(f64) -> f64);
        let both: [Both; 2] = [(exp_each, libm::exp), (log_each, libm::log)];
        for (each, one) in both {
            let mut found = numbers.to_vec();
            each(&mut found);
            for (found, x) in found.into_iter().zip(numbers) {
                let expected = one(*x);
                assert!(
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                    "{x:e}: {found:e}, not {expected:e}"
                );
            }
        }
    }

    #[test]
    fn they_are_those_of_libm_to_the_bit() {
        let mut draws = Normals(3);
        for scale in [
            1e-300, 1e-12, 1e-8, 1e-3, 0.3, 1.0, 10.0, 200.0, 1e10, 1e300,
        ] {
            let numbers: Vec<f64> = (0..20_000).map(|_| scale * draws.sample()).collect();
            assert_same(&numbers);
            // Logarithms are of what is above nothing.
            assert_same(&numbers.iter().map(|x| x.abs()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn they_are_at_the_ends_of_every_stretch() {
        let ln_2 = std::f64::consts::LN_2;
        let mut ends = vec![0.0, 709.79, 708.4, 745.14, f64::MAX, f64::INFINITY];
        ends.extend((1..2050).map(|half| 0.5 * f64::from(half) * ln_2));
        ends.extend(
            (-1074..1024).flat_map(|power| {
                [1.0, std::f64::consts::SQRT_2].map(|one| libm::ldexp(one, power))
            }),
        );
        for bits in [
            0x3e30_0000,
            0x3fd6_2e42,
            0x3fe6_a09e,
            0x3ff0_a2b2,
            0x4086_232b_u64,
        ] {
            ends.extend([bits, bits + 1].map(|bits| f64::from_bits(bits << 32)));
        }
        let mut near = vec![f64::NAN];
        for end in ends {
            for step in -3..=3 {
                let x = f64::from_bits(end.to_bits().saturating_add_signed(step));
                near.extend([x, -x]);
            }
        }
        for x in &near {
            // Beside three that are ordinary, so that only its own place matters.
            assert_same(&[1.5, *x, 2.5, 3.5]);
        }
    }

    #[test]
    fn any_number_of_them_is_taken() {
        for count in 0..10 {
            assert_same(&(0..count).map(|n| f64::from(n) + 0.5).collect::<Vec<_>>());
        }
    }
}
