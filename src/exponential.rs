//! Exponentials of many numbers, several at a time.
//!
//! One exponential waits for its own series and its division; those of others need not wait with it.

/// Numbers that are taken at a time.
const LANES: usize = 4;

/// Puts the exponential of every number in its place: that of `libm`, to the bit.
pub fn exp_each(numbers: &mut [f64]) {
    let (rows, rest) = numbers.as_chunks_mut::<LANES>();
    for row in rows {
        *row = exp_lanes(*row);
    }
    // Few are not worth it.
    for x in rest {
        *x = libm::exp(*x);
    }
}

/// The steps of `libm::exp`, without its branches, for numbers whose exponential is neither near the least nor near the largest that
/// there is; others are left to it.
///
/// Loops over lanes are short and plain, so that a compiler takes two lanes at a time.
#[inline]
fn exp_lanes(x: [f64; LANES]) -> [f64; LANES] {
    /// Half of ln 2, and the 2^-28th part of one, as `libm` tells them by their leading digits; where exponents end.
    const HALF_LN_2: f64 = f64::from_bits(0x3fd6_2e43_0000_0000);
    const LEAST: f64 = f64::from_bits(0x3e30_0001_0000_0000);
    const MOST: f64 = f64::from_bits(0x4086_232b_0000_0000);
    /// Ln 2 in two parts, the first of few digits.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const P: [f64; 5] = [
        1.666_666_666_666_660_2e-1,
        -2.777_777_777_701_559_3e-3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];
    /// Added to a number, leaves it rounded to a whole one in its last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// Bits before the exponent.
    const MANTISSA: u32 = 52;

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
    let ordinary = x.iter().fold(true, |all, x| all & (x.abs() < MOST));
    if ordinary {
        exponentials
    } else {
        x.map(libm::exp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Normals;

    fn assert_same(mut numbers: Vec<f64>) {
        let expected: Vec<u64> = numbers.iter().map(|x| libm::exp(*x).to_bits()).collect();
        let before = numbers.clone();
        exp_each(&mut numbers);
        for ((found, expected), x) in numbers.iter().zip(expected).zip(before) {
            assert!(
                found.to_bits() == expected || found.is_nan() && x.is_nan(),
                "exp({x:e})"
            );
        }
    }

    #[test]
    fn they_are_those_of_libm_to_the_bit() {
        let mut draws = Normals(3);
        for scale in [1e-12, 1e-8, 1e-3, 0.3, 1.0, 10.0, 200.0] {
            assert_same((0..20_000).map(|_| scale * draws.sample()).collect());
        }
    }

    #[test]
    fn they_are_at_the_ends_of_every_stretch() {
        let ln_2 = std::f64::consts::LN_2;
        let mut ends = vec![
            0.0,
            709.79,
            708.4,
            745.14,
            1e300,
            f64::INFINITY,
            f64::MIN_POSITIVE,
        ];
        ends.extend((1..2050).map(|half| 0.5 * f64::from(half) * ln_2));
        for bits in [0x3e30_0000, 0x3fd6_2e42, 0x3ff0_a2b2, 0x4086_232b_u64] {
            ends.extend([bits, bits + 1].map(|bits| f64::from_bits(bits << 32)));
        }
        let mut near = vec![f64::NAN];
        for end in ends {
            for step in -3..=3 {
                let x = f64::from_bits(end.to_bits().saturating_add_signed(step));
                near.extend([x, -x]);
            }
        }
        assert_same(near);
    }

    #[test]
    fn any_number_of_them_is_taken() {
        for count in 0..10 {
            assert_same((0..count).map(|n| f64::from(n) - 4.5).collect());
        }
        // One that is out of the ordinary beside others.
        assert_same(vec![1.0, 800.0, f64::NEG_INFINITY, 0.5]);
    }
}
