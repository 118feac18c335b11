use super::*;
use crate::statistics::mean_and_sd;
use crate::testing::{Normals, close};
use proptest::prelude::*;
use std::f64::consts::{FRAC_PI_2, PI};
use std::panic::catch_unwind;

/// Four standard errors: independent scores miss their mean by more once in 16,000 times.
fn mean_is(scores: &[f64], expected: f64) {
    let found = mean_and_sd(scores).unwrap();
    close(found.mean, expected, 4.0 * found.standard_error().unwrap());
}

/// The definition with a divisor for the double sum, at its word.
fn by_definition(members: &[f64], observed: f64, divisor: f64) -> f64 {
    let (mut from_observed, mut between) = (0.0, 0.0);
    for member in members {
        from_observed += (member - observed).abs();
        for other in members {
            between += (member - other).abs();
        }
    }
    from_observed / members.len() as f64 - between / (2.0 * divisor)
}

fn as_vectors(members: &[f64]) -> Vec<Vec<f64>> {
    members.iter().map(|member| vec![*member]).collect()
}

#[test]
fn one_two_and_four_have_their_scores_by_hand() {
    let members = [4.0, 1.0, 2.0];
    // Distances to 2 are 1, 0 and 2; between members 1, 2 and 3.
    close(crps(&members, 2.0), 1.0 - 12.0 / 18.0, 1e-15);
    assert_eq!(fair_crps(&members, 2.0), 0.0);
    // To 0 they are 1, 2 and 4, and to 5 they are 4, 3 and 1.
    close(crps(&members, 0.0), 7.0 / 3.0 - 2.0 / 3.0, 1e-15);
    close(fair_crps(&members, 0.0), 7.0 / 3.0 - 1.0, 1e-15);
    close(crps(&members, 5.0), 8.0 / 3.0 - 2.0 / 3.0, 1e-15);
    close(fair_crps(&members, 5.0), 8.0 / 3.0 - 1.0, 1e-15);
}

#[test]
fn one_member_gets_its_absolute_error() {
    for (member, observed) in [(0.1, 0.3), (-7.0, 2.5), (1e9, 1e9), (3.0, -0.0)] {
        let error: f64 = member - observed;
        assert_eq!(crps(&[member], observed), error.abs());
        assert_eq!(fair_crps(&[member], observed), error.abs());
        assert_eq!(energy_score(&[vec![member]], &[observed]), error.abs());
        assert_eq!(fair_energy_score(&[vec![member]], &[observed]), error.abs());
    }
    assert!(crps(&[0.0], -0.0).is_sign_positive() && crps(&[-0.0], 0.0).is_sign_positive());
}

#[test]
fn equal_members_get_their_absolute_error() {
    for n in [2, 3, 7, 50] {
        assert_eq!(crps(&vec![0.3; n], 0.1), 0.3 - 0.1);
        assert_eq!(fair_crps(&vec![0.3; n], 0.1), 0.3 - 0.1);
        assert_eq!(crps(&vec![0.3; n], 0.3), 0.0);
    }
}

#[test]
fn a_small_spread_on_a_large_level_keeps_its_digits() {
    let level = f64::from(1_u32 << 30);
    let members = [level + 1.0, level + 2.0, level + 4.0];
    assert_eq!(crps(&members, level + 2.0), crps(&[1.0, 2.0, 4.0], 2.0));
    assert_eq!(fair_crps(&members, level + 2.0), 0.0);
}

#[test]
fn the_standard_normal_has_its_known_score() {
    // sqrt(2 / pi) - 1 / sqrt(pi)
    close(
        crps_of_normal(0.0, 1.0, 0.0),
        0.233_694_977_255_109_07,
        1e-15,
    );
    close(
        crps_of_normal(0.0, 1.0, 0.0),
        (2.0 / PI).sqrt() - (1.0 / PI).sqrt(),
        1e-15,
    );
}

#[test]
fn a_normal_without_spread_gets_its_absolute_error() {
    assert_eq!(crps_of_normal(1.5, 0.0, -2.0), 3.5);
    assert_eq!(crps_of_normal(1.5, 0.0, 1.5), 0.0);
    // And so it does in the limit, where the error in standard deviations is infinite.
    assert_eq!(crps_of_normal(1.5, 1e-300, -2.0), 3.5);
    assert_eq!(crps_of_normal(0.0, 5e-324, 1e10), 1e10);
}

#[test]
fn far_off_a_normal_gains_its_spread_over_the_root_of_pi() {
    close(
        crps_of_normal(0.0, 2.0, 100.0),
        100.0 - 2.0 / PI.sqrt(),
        1e-13,
    );
    close(
        crps_of_normal(0.0, 2.0, -100.0),
        100.0 - 2.0 / PI.sqrt(),
        1e-13,
    );
}

/// The score at 0 is a mean over members of `|x| - E|x - X'|` but for terms that vanish faster.
/// One such term has standard deviation 0.2314 (by quadrature), and the bands are four
/// standard errors wide on each side.
#[test]
fn a_large_normal_sample_tends_to_the_closed_form() {
    let mut normals = Normals(1);
    let truth = crps_of_normal(0.0, 1.0, 0.0);
    for n in [1_000, 10_000, 100_000] {
        let members = normals.column(n);
        let tolerance = 4.0 * 0.231_4 / (n as f64).sqrt();
        close(fair_crps(&members, 0.0), truth, tolerance);
        // On average it is above by E|X - X'| / (2 n) = 1 / (sqrt(pi) n).
        let excess = 1.0 / (PI.sqrt() * n as f64);
        close(crps(&members, 0.0), truth + excess, tolerance);
    }
}

#[test]
fn the_fair_crps_of_small_samples_is_that_of_their_distribution_on_average() {
    let mut normals = Normals(2);
    for (n, observed) in [(2, 0.0), (3, 0.4), (5, -1.0), (10, 3.0)] {
        let samples: Vec<Vec<f64>> = (0..20_000).map(|_| normals.column(n)).collect();
        let scores = |score: fn(&[f64], f64) -> f64| -> Vec<f64> {
            samples
                .iter()
                .map(|sample| score(sample, observed))
                .collect()
        };
        let truth = crps_of_normal(0.0, 1.0, observed);
        mean_is(&scores(fair_crps), truth);
        // The plain one is above by E|X - X'| / (2 n), which is many standard errors.
        mean_is(&scores(crps), truth + 1.0 / (PI.sqrt() * n as f64));
    }
}

/// In the plane the distance of a standard normal from its mean is `sqrt(pi / 2)` on average, and
/// that of two of them from each other `sqrt(pi)`.
#[test]
fn the_fair_energy_score_of_small_samples_is_that_of_their_distribution_on_average() {
    let mut normals = Normals(3);
    for n in [2, 3, 8] {
        let samples: Vec<Vec<Vec<f64>>> = (0..10_000)
            .map(|_| (0..n).map(|_| normals.column(2)).collect())
            .collect();
        let scores = |score: fn(&[Vec<f64>], &[f64]) -> f64| -> Vec<f64> {
            samples
                .iter()
                .map(|sample| score(sample, &[0.0, 0.0]))
                .collect()
        };
        let truth = FRAC_PI_2.sqrt() - PI.sqrt() / 2.0;
        mean_is(&scores(fair_energy_score), truth);
        mean_is(
            &scores(energy_score),
            truth + PI.sqrt() / (2.0 * f64::from(n)),
        );
    }
}

#[test]
fn the_true_distribution_scores_best() {
    let mut normals = Normals(4);
    let observations = normals.column(20_000);
    let scores = |mean: f64, sd: f64| -> Vec<f64> {
        let score = |observed: &f64| crps_of_normal(mean, sd, *observed);
        observations.iter().map(score).collect()
    };
    let truth = scores(0.0, 1.0);
    // E|X - X'| / 2
    mean_is(&truth, 1.0 / PI.sqrt());
    for (mean, sd) in [(0.2, 1.0), (-0.2, 1.0), (0.0, 0.8), (0.0, 1.25), (0.0, 0.0)] {
        let losses: Vec<f64> = scores(mean, sd)
            .iter()
            .zip(&truth)
            .map(|(other, best)| other - best)
            .collect();
        let loss = mean_and_sd(&losses).unwrap();
        assert!(loss.mean > 4.0 * loss.standard_error().unwrap());
    }
}

#[test]
fn two_points_in_the_plane_have_their_energy_score_by_hand() {
    let members = [vec![0.5, 0.5], vec![0.7, 0.3]];
    // Both are sqrt(0.02) away, and twice that from each other.
    close(
        energy_score(&members, &[0.6, 0.4]),
        0.02_f64.sqrt() / 2.0,
        1e-15,
    );
    close(energy_score(&members, &[0.6, 0.4]), 0.070_710_7, 5e-8);
    close(fair_energy_score(&members, &[0.6, 0.4]), 0.0, 1e-15);
}

#[test]
fn an_energy_score_is_not_below_zero_by_rounding() {
    let mut normals = Normals(5);
    for _ in 0..1_000 {
        let (a, b) = (normals.column(3), normals.column(3));
        // On the line between two members the fair score is 0 in exact arithmetic.
        let part = normals.uniform();
        let point = |(a, b): (&f64, &f64)| a + part * (b - a);
        let observed: Vec<f64> = a.iter().zip(&b).map(point).collect();
        let score = fair_energy_score(&[a, b], &observed);
        assert!(score.is_sign_positive() && score < 1e-14);
    }
}

#[test]
fn a_probability_is_scored_by_its_squared_error() {
    assert_eq!((brier(1.0, true), brier(0.0, false)), (0.0, 0.0));
    assert_eq!((brier(1.0, false), brier(0.0, true)), (1.0, 1.0));
    assert_eq!((brier(0.5, true), brier(0.5, false)), (0.25, 0.25));
    assert_eq!(brier(0.75, true), 0.0625);
}

#[test]
fn ties_count_half_in_the_transform() {
    let members = [2.0, 1.0, 2.0, 4.0];
    for (observed, expected) in [
        (0.0, 0.0),
        (1.0, 0.125),
        (1.5, 0.25),
        (2.0, 0.5),
        (3.0, 0.75),
        (4.0, 0.875),
        (5.0, 1.0),
    ] {
        assert_eq!(pit(&members, observed), expected);
    }
    assert_eq!(pit(&[0.0], -0.0), 0.5);
}

/// Chi squared with 9 degrees of freedom exceeds 27.88 once in 1,000 times.
#[test]
fn the_transform_of_calibrated_members_is_uniform_and_of_narrow_ones_is_not() {
    let mut normals = Normals(6);
    let mut statistic = |spread: f64| {
        let mut counts = [0_u32; 10];
        for _ in 0..20_000 {
            let members: Vec<f64> = (0..9).map(|_| spread * normals.sample()).collect();
            counts[(pit(&members, normals.sample()) * 9.0).round() as usize] += 1;
        }
        let parts = counts.map(|count| (f64::from(count) - 2_000.0) / 2_000.0_f64.sqrt());
        parts.map(|part| part * part).iter().sum::<f64>()
    };
    assert!(statistic(1.0) < 27.88);
    assert!(statistic(0.8) > 27.88);
    assert!(statistic(1.25) > 27.88);
}

#[test]
fn a_band_ends_at_its_quantiles() {
    let members: Vec<f64> = (0..=100).rev().map(f64::from).collect();
    let (low, high) = band(&members, 0.9);
    close(low, 5.0, 1e-12);
    close(high, 95.0, 1e-12);
    assert_eq!(band(&members, 0.5), (25.0, 75.0));
    assert_eq!(band(&members, 0.0), (50.0, 50.0));
    assert_eq!(band(&members, 1.0), (0.0, 100.0));
    assert_eq!(band(&[0.3], 0.9), (0.3, 0.3));
    // Positions 0.75 and 2.25 of 0 to 3.
    assert_eq!(band(&[4.0, 1.0, 3.0, 2.0], 0.5), (1.75, 3.25));
}

#[test]
fn the_ends_of_a_band_are_covered() {
    let members = [4.0, 1.0, 3.0, 2.0];
    for (observed, expected) in [(1.74, false), (1.75, true), (3.25, true), (3.26, false)] {
        assert_eq!(covers(&members, observed, 0.5), expected);
    }
    assert!(covers(&members, 2.5, 0.0));
    assert!(covers(&members, 1.0, 1.0) && covers(&members, 4.0, 1.0));
}

/// With 21 members the ends of the 90 % band are the second and the last but one: 18 of the 22
/// places for one more draw lie inside, whatever the distribution.
#[test]
fn the_band_of_calibrated_members_covers_what_it_should() {
    let mut normals = Normals(7);
    let covered: Vec<f64> = (0..20_000)
        .map(|_| {
            let members = normals.column(21);
            f64::from(u8::from(covers(&members, normals.sample(), 0.9)))
        })
        .collect();
    mean_is(&covered, 18.0 / 22.0);
    // Between members it holds for uniform ones: here at positions 1.5 and 4.5 of 0 to 6.
    let covered: Vec<f64> = (0..20_000)
        .map(|_| {
            let members: Vec<f64> = (0..7).map(|_| normals.uniform()).collect();
            f64::from(u8::from(covers(&members, normals.uniform(), 0.5)))
        })
        .collect();
    mean_is(&covered, 0.5 * 6.0 / 8.0);
}

#[test]
fn skill_is_the_part_of_the_reference_that_is_gone() {
    assert_eq!(skill(0.25, 0.5), Some(0.5));
    assert_eq!(skill(0.0, 0.5), Some(1.0));
    assert_eq!(skill(0.5, 0.5), Some(0.0));
    assert_eq!(skill(1.0, 0.5), Some(-1.0));
    assert_eq!(skill(1.0, 0.0), None);
    assert_eq!(skill(0.0, -0.0), None);
}

#[test]
fn what_cannot_be_scored_is_refused() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (member, observed) in [(wrong, 0.0), (0.0, wrong)] {
            for score in [crps, fair_crps, pit] {
                assert!(catch_unwind(|| score(&[1.0, member], observed)).is_err());
            }
            for score in [energy_score, fair_energy_score] {
                let members = [vec![1.0], vec![member]];
                assert!(catch_unwind(|| score(&members, &[observed])).is_err());
            }
            assert!(catch_unwind(|| covers(&[1.0, member], observed, 0.5)).is_err());
            assert!(catch_unwind(|| crps_of_normal(member, 1.0, observed)).is_err());
        }
        assert!(catch_unwind(|| crps_of_normal(0.0, wrong, 0.0)).is_err());
        assert!(catch_unwind(|| brier(wrong, true)).is_err());
        assert!(catch_unwind(|| band(&[1.0, 2.0], wrong)).is_err());
    }
    for score in [crps, fair_crps, pit] {
        assert!(catch_unwind(|| score(&[], 0.0)).is_err());
    }
    for score in [energy_score, fair_energy_score] {
        assert!(catch_unwind(|| score(&[], &[0.0])).is_err());
        let uneven = [vec![1.0], vec![1.0, 2.0]];
        assert!(catch_unwind(|| score(&uneven, &[0.0])).is_err());
    }
    assert!(catch_unwind(|| crps_of_normal(0.0, -1.0, 0.0)).is_err());
    assert!(catch_unwind(|| brier(1.01, true)).is_err());
    assert!(catch_unwind(|| band(&[1.0, 2.0], -0.01)).is_err());
    assert!(catch_unwind(|| band(&[], 0.5)).is_err());
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => (-3_i32..3).prop_map(f64::from),
        2 => -1e3..1e3_f64,
    ]
}

fn members() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(value(), 1..40)
}

proptest! {
    #[test]
    fn gap_by_gap_is_the_definition(members in members(), observed in value()) {
        let n = members.len() as f64;
        close(crps(&members, observed), by_definition(&members, observed, n * n), 1e-9);
        let pairs = (n * (n - 1.0)).max(1.0);
        close(fair_crps(&members, observed), by_definition(&members, observed, pairs), 1e-9);
    }

    #[test]
    fn in_one_dimension_the_energy_score_is_the_crps(
        members in members(),
        observed in value(),
    ) {
        let vectors = as_vectors(&members);
        close(energy_score(&vectors, &[observed]), crps(&members, observed), 1e-9);
        close(fair_energy_score(&vectors, &[observed]), fair_crps(&members, observed), 1e-9);
    }

    #[test]
    fn scores_keep_their_order(members in members(), observed in value()) {
        let (fair, plain) = (fair_crps(&members, observed), crps(&members, observed));
        let errors = members.iter().map(|member| (member - observed).abs());
        let largest = errors.fold(0.0, f64::max);
        prop_assert!(0.0 <= fair && fair <= plain);
        prop_assert!(plain <= largest * (1.0 + 1e-12));
        let transform = pit(&members, observed);
        prop_assert!((0.0..=1.0).contains(&transform));
    }

    #[test]
    fn the_order_of_the_members_does_not_show(members in members(), observed in value()) {
        let mut other = members.clone();
        other.reverse();
        other.rotate_left(members.len() / 3);
        prop_assert_eq!(crps(&members, observed), crps(&other, observed));
        prop_assert_eq!(fair_crps(&members, observed), fair_crps(&other, observed));
        prop_assert_eq!(pit(&members, observed), pit(&other, observed));
        prop_assert_eq!(band(&members, 0.9), band(&other, 0.9));
    }

    #[test]
    fn repeated_members_change_no_plain_score(members in members(), observed in value()) {
        let twice = [members.clone(), members.clone()].concat();
        close(crps(&twice, observed), crps(&members, observed), 1e-9);
        prop_assert_eq!(pit(&twice, observed), pit(&members, observed));
    }

    #[test]
    fn a_shift_and_a_scale_carry_through(
        members in members(),
        observed in value(),
        shift in -1e3..1e3_f64,
        scale in 0.1..10.0_f64,
    ) {
        let carry = |value: f64| shift + scale * value;
        let moved: Vec<f64> = members.iter().map(|member| carry(*member)).collect();
        let there = carry(observed);
        close(crps(&moved, there), scale * crps(&members, observed), 1e-9);
        close(fair_crps(&moved, there), scale * fair_crps(&members, observed), 1e-9);
        close(
            energy_score(&as_vectors(&moved), &[there]),
            scale * energy_score(&as_vectors(&members), &[observed]),
            1e-9,
        );
        let ends = band(&members, 0.8);
        close(band(&moved, 0.8).0, carry(ends.0), 1e-9);
        close(band(&moved, 0.8).1, carry(ends.1), 1e-9);
        prop_assert_eq!(pit(&moved, there), pit(&members, observed));
    }

    #[test]
    fn a_normal_shifts_and_scales(
        mean in value(),
        sd in 0.0..100.0_f64,
        observed in value(),
        shift in -1e3..1e3_f64,
        scale in 0.1..10.0_f64,
    ) {
        let moved = crps_of_normal(shift + scale * mean, scale * sd, shift + scale * observed);
        close(moved, scale * crps_of_normal(mean, sd, observed), 1e-9);
        prop_assert!(moved >= 0.233_694_9 * scale * sd);
    }

    #[test]
    fn a_mirror_changes_no_score(members in members(), observed in value()) {
        let mirrored: Vec<f64> = members.iter().map(|member| -member).collect();
        close(crps(&mirrored, -observed), crps(&members, observed), 1e-9);
        close(fair_crps(&mirrored, -observed), fair_crps(&members, observed), 1e-9);
        close(pit(&mirrored, -observed), 1.0 - pit(&members, observed), 1e-15);
    }

    /// A turn by any angle: the energy score knows no axes.
    #[test]
    fn a_turn_changes_no_energy_score(
        members in prop::collection::vec((value(), value()), 1..20),
        observed in (value(), value()),
        angle in 0.0..6.3_f64,
    ) {
        let (sin, cos) = (libm::sin(angle), libm::cos(angle));
        let turned = |(x, y): (f64, f64)| vec![cos * x - sin * y, sin * x + cos * y];
        let plain = |(x, y): (f64, f64)| vec![x, y];
        let before: Vec<Vec<f64>> = members.iter().copied().map(plain).collect();
        let after: Vec<Vec<f64>> = members.iter().copied().map(turned).collect();
        close(
            energy_score(&after, &turned(observed)),
            energy_score(&before, &plain(observed)),
            1e-9,
        );
    }

    #[test]
    fn a_wider_band_holds_the_narrower(
        members in members(),
        observed in value(),
        narrow in 0.0..=1.0_f64,
        more in 0.0..=1.0_f64,
    ) {
        let wide = narrow + more * (1.0 - narrow);
        let (inner, outer) = (band(&members, narrow), band(&members, wide.min(1.0)));
        prop_assert!(outer.0 <= inner.0 && inner.0 <= inner.1 && inner.1 <= outer.1);
        prop_assert_eq!(
            covers(&members, observed, narrow),
            inner.0 <= observed && observed <= inner.1
        );
    }
}
