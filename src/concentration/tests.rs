use super::MajorityRule::{AtLeast, StrictlyAbove};
use super::*;
use crate::testing::close;
use proptest::prelude::*;

/// The definitions, written out one by one: quadratic, any order.
struct Reference {
    hhi: f64,
    gini: f64,
    entropy_bits: f64,
    theil: f64,
}

fn reference(weights: &[f64]) -> Reference {
    let n = weights.len() as f64;
    let total: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
    let over_present = |f: &dyn Fn(f64) -> f64| -> f64 {
        shares
            .iter()
            .filter(|share| **share > 0.0)
            .map(|share| f(*share))
            .sum()
    };
    let differences: f64 = shares
        .iter()
        .flat_map(|a| shares.iter().map(move |b| (a - b).abs()))
        .sum();
    Reference {
        hhi: over_present(&|s| s * s),
        gini: differences / (2.0 * n),
        entropy_bits: -over_present(&|s| s * libm::log2(s)),
        theil: over_present(&|s| s * libm::log(s * n)),
    }
}

fn at(weights: &[f64], threshold: f64) -> (u32, u32) {
    (
        nakamoto(weights, threshold, StrictlyAbove).unwrap(),
        nakamoto(weights, threshold, AtLeast).unwrap(),
    )
}

#[test]
fn three_unequal_units_have_their_textbook_values() {
    let found = concentration(&[50.0, 30.0, 20.0]).unwrap();
    close(found.hhi, 0.38, 1e-15);
    close(found.hhi_10000(), 3_800.0, 1e-11);
    close(found.effective_number(), 2.6316, 5e-5);
    close(found.gini, 0.2, 1e-15);
    close(found.entropy_bits, 1.48548, 5e-6);
    close(found.effective_number_entropy(), 2.8001, 5e-5);
    close(found.theil, 0.06896, 5e-6);
    close(found.top_1, 0.5, 1e-15);
    assert_eq!((found.top_3, found.top_10), (1.0, 1.0));
}

#[test]
fn four_unequal_units_have_their_textbook_values() {
    let found = concentration(&[10.0, 40.0, 20.0, 30.0]).unwrap();
    close(found.hhi, 0.30, 1e-15);
    close(found.effective_number(), 3.3333, 5e-5);
    close(found.gini, 0.25, 1e-15);
    close(found.entropy_bits, 1.84644, 5e-6);
    close(found.theil, 0.10644, 5e-6);
    close(found.top_3, 0.9, 1e-15);
    close(
        concentration(&[8.0, 6.0, 3.0, 3.0]).unwrap().hhi_10000(),
        2_950.0,
        1e-11,
    );
}

#[test]
fn the_single_metrics_are_those_of_the_whole() {
    let weights = [3.0, 0.0, 7.5, 1.25, 0.5];
    let whole = concentration(&weights).unwrap();
    assert_eq!(herfindahl_hirschman(&weights), Ok(whole.hhi));
    assert_eq!(gini(&weights), Ok(whole.gini));
    assert_eq!(entropy_bits(&weights), Ok(whole.entropy_bits));
    assert_eq!(theil(&weights), Ok(whole.theil));
    assert_eq!(top_share(&weights, 1), Ok(whole.top_1));
    assert_eq!(top_share(&weights, 3), Ok(whole.top_3));
    assert_eq!(top_share(&weights, 10), Ok(whole.top_10));
    assert_eq!(top_share(&weights, 0), Ok(0.0));
}

#[test]
fn one_unit_is_a_monopoly() {
    let found = concentration(&[1234.5]).unwrap();
    assert_eq!(
        (found.hhi, found.gini, found.entropy_bits, found.theil),
        (1.0, 0.0, 0.0, 0.0)
    );
    assert_eq!(
        (
            found.nakamoto_third,
            found.nakamoto_two_thirds,
            found.nakamoto_third_at_least
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (
            found.top_1,
            found.effective_number(),
            found.effective_number_entropy()
        ),
        (1.0, 1.0, 1.0)
    );
}

#[test]
fn equal_units_give_one_over_n() {
    for n in [2_u32, 3, 7, 10, 49, 1_000] {
        let found = concentration(&vec![0.1; n as usize]).unwrap();
        assert_eq!(found.hhi, 1.0 / f64::from(n));
        assert_eq!((found.gini, found.theil), (0.0, 0.0));
        close(found.entropy_bits, libm::log2(f64::from(n)), 1e-14);
        assert_eq!(found.nakamoto_half, n / 2 + 1);
        assert_eq!(found.nakamoto_half_at_least, n.div_ceil(2));
    }
}

#[test]
fn nakamoto_treats_exact_ties_as_ties() {
    assert_eq!(at(&[50.0, 50.0], 0.5), (2, 1));
    assert_eq!(at(&[0.1; 10], 0.5), (6, 5));
    assert_eq!(at(&[0.1; 3], 1.0 / 3.0), (2, 1));
    assert_eq!(at(&[0.1; 3], 2.0 / 3.0), (3, 2));
    assert_eq!(at(&[3.0, 2.0, 1.0, 1.0, 1.0, 1.0], 0.5), (2, 2));
    assert_eq!(at(&[3.0, 2.0, 1.0, 1.0, 1.0, 1.0], 1.0 / 3.0), (2, 1));
    // 0.1 + 0.2 against 0.3: a tie in decimal, not in binary.
    assert_eq!(at(&[0.3, 0.2, 0.1], 0.5), (2, 1));
    assert_eq!(at(&[0.7, 0.1, 0.2, 0.4], 0.5), (2, 1));
}

#[test]
fn a_share_beyond_the_tolerance_is_no_tie() {
    assert_eq!(at(&[50.0 + 1e-9, 50.0 - 1e-9], 0.5), (1, 1));
    assert_eq!(
        at(&[25.0 - 1e-9, 25.0 - 1e-9, 25.0, 25.0 + 2e-9], 0.5),
        (2, 2)
    );
    assert_eq!(at(&[50.0 - 1e-9, 25.0, 25.0 + 1e-9], 0.5), (2, 2));
}

#[test]
fn nakamoto_ties_survive_expansion_and_a_million_units() {
    let expanded = expand_members(&[1.0, 1.0, 1.0], &[3, 7, 11]);
    assert_eq!(expanded.len(), 21);
    // 1/3 sits in the 3 members of the first, 2/3 is reached with the 7 of the second.
    assert_eq!(at(&expanded, 1.0 / 3.0), (4, 3));
    assert_eq!(at(&expanded, 2.0 / 3.0), (11, 10));
    let mut million = vec![0.1; 1_000_000];
    million.insert(0, 0.3);
    million.insert(0, 0.3);
    million.insert(0, 0.2);
    // 0.3 + 0.3 + 0.2 is the weight of 8: 1,000,008 tenths, half of them 500,004 tenths.
    assert_eq!(at(&million, 0.5), (500_004 - 8 + 3 + 1, 500_004 - 8 + 3));
}

#[test]
fn nakamoto_at_the_ends_of_the_scale() {
    assert_eq!(at(&[5.0, 3.0, 2.0, 0.0], 0.0), (1, 1));
    assert_eq!(at(&[5.0, 3.0, 2.0, 0.0], 1.0), (3, 3));
}

#[test]
fn no_hash_rate_has_no_metrics() {
    assert_eq!(concentration(&[]), Err(NoHashRate));
    assert_eq!(of_sorted(&[0.0, 0.0], 5), Err(NoHashRate));
    assert_eq!(of_sorted_with(&[], 5, 0.0), Err(NoHashRate));
    assert_eq!(nakamoto(&[0.0, -0.0], 0.5, StrictlyAbove), Err(NoHashRate));
    assert_eq!(top_share(&[], 3), Err(NoHashRate));
    assert_eq!(
        NoHashRate.to_string(),
        "no hash rate: every unit is zero, so no share is defined"
    );
}

#[test]
fn members_split_evenly_and_keep_the_zeros() {
    assert_eq!(
        expand_members(&[6.0, 0.0, 1.0], &[3, 2, 1]),
        [2.0, 2.0, 2.0, 0.0, 0.0, 1.0]
    );
    close(
        herfindahl_hirschman(&expand_members(&[60.0, 40.0], &[3, 2])).unwrap(),
        0.2,
        1e-15,
    );
}

#[test]
#[should_panic(expected = "an entry without members")]
fn an_entry_without_members_is_a_bug() {
    let _ = expand_members(&[1.0], &[0]);
}

#[test]
fn the_largest_and_smallest_numbers_neither_overflow_nor_vanish() {
    for scale in [f64::MAX, f64::MIN_POSITIVE, 5e-324] {
        let found = concentration(&[scale, scale]).unwrap();
        assert_eq!(
            (found.hhi, found.gini, found.top_1, found.nakamoto_half),
            (0.5, 0.0, 0.5, 2)
        );
    }
    let found = concentration(&[f64::MAX, 5e-324]).unwrap();
    assert_eq!((found.hhi, found.nakamoto_half), (1.0, 1));
}

/// Hash rates over nine decades with many zeros and repeats, never all zero.
fn weights() -> impl Strategy<Value = Vec<f64>> {
    let weight = prop_oneof![
        1 => Just(0.0),
        2 => (1_u32..6).prop_map(f64::from),
        4 => (-3.0..6.0_f64).prop_map(libm::exp10),
    ];
    prop::collection::vec(weight, 1..60).prop_filter("some hash rate", |weights| {
        weights.iter().any(|weight| *weight > 0.0)
    })
}

fn present(weights: &[f64]) -> usize {
    weights.iter().filter(|weight| **weight > 0.0).count()
}

proptest! {
    #[test]
    fn agrees_with_the_definitions(weights in weights()) {
        let (found, expected) = (concentration(&weights).unwrap(), reference(&weights));
        close(found.hhi, expected.hhi, 1e-13);
        close(found.gini, expected.gini, 1e-13);
        close(found.entropy_bits, expected.entropy_bits, 1e-13);
        close(found.theil, expected.theil, 1e-13);
    }

    #[test]
    fn stays_in_range(weights in weights()) {
        let found = concentration(&weights).unwrap();
        let (present, registered) = (present(&weights) as f64, weights.len() as f64);
        prop_assert!((1.0 / present..=1.0).contains(&found.hhi));
        prop_assert!((0.0..=1.0 - 1.0 / registered).contains(&found.gini));
        prop_assert!((0.0..=libm::log2(present)).contains(&found.entropy_bits));
        prop_assert!((0.0..=libm::log(registered)).contains(&found.theil));
        prop_assert!([0.0, found.top_1, found.top_3, found.top_10, 1.0].is_sorted());
        prop_assert!(found.top_1 > 0.0);
        prop_assert!(f64::from(found.nakamoto_two_thirds) <= present);
    }

    #[test]
    fn order_does_not_matter(weights in weights().prop_shuffle(), turn in 0_usize..60) {
        let mut turned = weights.clone();
        turned.rotate_left(turn % weights.len());
        prop_assert_eq!(concentration(&turned), concentration(&weights));
    }

    #[test]
    fn the_unit_of_measure_does_not_matter(weights in weights(), scale in 1e-6..1e6_f64) {
        let scaled: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let found = concentration(&scaled).unwrap();
        let expected = concentration(&weights).unwrap();
        close(found.hhi, expected.hhi, 1e-13);
        close(found.gini, expected.gini, 1e-13);
        close(found.entropy_bits, expected.entropy_bits, 1e-13);
        close(found.theil, expected.theil, 1e-13);
        close(found.top_3, expected.top_3, 1e-13);
        prop_assert_eq!(found.nakamoto_third, expected.nakamoto_third);
        prop_assert_eq!(found.nakamoto_half, expected.nakamoto_half);
        prop_assert_eq!(found.nakamoto_half_at_least, expected.nakamoto_half_at_least);
        prop_assert_eq!(found.nakamoto_two_thirds, expected.nakamoto_two_thirds);
    }

    #[test]
    fn splitting_a_unit_never_concentrates(
        weights in weights(),
        which in 0_usize..60,
        part in 0.0..=1.0_f64,
    ) {
        let which = which % weights.len();
        let mut split = weights.clone();
        split[which] *= part;
        split.push(weights[which] * (1.0 - part));
        let (found, whole) = (concentration(&split).unwrap(), concentration(&weights).unwrap());
        prop_assert!(found.hhi <= whole.hhi + 1e-14);
        prop_assert!(found.entropy_bits >= whole.entropy_bits - 1e-13);
        prop_assert!(found.nakamoto_half >= whole.nakamoto_half);
    }

    #[test]
    fn a_higher_threshold_never_needs_fewer(
        weights in weights(),
        a in 0.0..=1.0_f64,
        b in 0.0..=1.0_f64,
    ) {
        let (low, high) = (at(&weights, a.min(b)), at(&weights, a.max(b)));
        prop_assert!(low.0 <= high.0 && low.1 <= high.1);
        prop_assert!(low.1 <= low.0 && high.1 <= high.0);
    }

    #[test]
    fn the_walk_finds_the_same_nakamoto_numbers(weights in weights()) {
        let found = concentration(&weights).unwrap();
        let walked = (found.nakamoto_third, found.nakamoto_third_at_least);
        prop_assert_eq!(walked, at(&weights, 1.0 / 3.0));
        let walked = (found.nakamoto_half, found.nakamoto_half_at_least);
        prop_assert_eq!(walked, at(&weights, 1.0 / 2.0));
        let walked = (found.nakamoto_two_thirds, found.nakamoto_two_thirds_at_least);
        prop_assert_eq!(walked, at(&weights, 2.0 / 3.0));
    }

    /// Small whole weights: the definition in integers, where ties are ties.
    #[test]
    fn nakamoto_agrees_with_integer_arithmetic(
        mut whole in prop::collection::vec(0_u64..12, 1..40),
        thirds in 1_u64..3,
        unit in 0.01..10.0_f64,
    ) {
        whole[0] += 1;
        let weights: Vec<f64> = whole.iter().map(|weight| *weight as f64 * unit).collect();
        whole.sort_unstable_by(|a, b| b.cmp(a));
        let total: u64 = whole.iter().sum();
        let least = |passes: &dyn Fn(u64) -> bool| {
            let top = |k: usize| whole[..k].iter().sum::<u64>();
            (1..=whole.len()).find(|&k| passes(top(k))).unwrap() as u32
        };

        let strict = least(&|sum| 3 * sum > thirds * total);
        let at_least = least(&|sum| 3 * sum >= thirds * total);
        prop_assert_eq!(at(&weights, thirds as f64 / 3.0), (strict, at_least));

        let strict = least(&|sum| 2 * sum > total);
        let at_least = least(&|sum| 2 * sum >= total);
        prop_assert_eq!(at(&weights, 0.5), (strict, at_least));
    }

    #[test]
    fn sorted_and_unsorted_agree(weights in weights()) {
        let sorted = descending(&weights);
        let expected = concentration(&weights);
        prop_assert_eq!(of_sorted(&sorted, weights.len()), expected);
        // Zeros in the slice, or only registered: the same.
        prop_assert_eq!(of_sorted(&sorted[..present(&weights)], weights.len()), expected);
    }

    #[test]
    fn a_given_sum_of_q_ln_q_gives_the_same(weights in weights()) {
        let sorted = descending(&weights);
        let sum_q_ln_q = sorted.iter().filter(|q| **q > 0.0).map(|q| q * libm::log(*q)).sum();
        let found = of_sorted_with(&sorted, weights.len(), sum_q_ln_q).unwrap();
        let expected = of_sorted(&sorted, weights.len()).unwrap();
        close(found.entropy_bits, expected.entropy_bits, 1e-13);
        close(found.theil, expected.theil, 1e-13);
        let Concentration { entropy_bits, theil, .. } = expected;
        prop_assert_eq!(Concentration { entropy_bits, theil, ..found }, expected);
    }

    #[test]
    fn a_zero_unit_changes_gini_and_theil_only(weights in weights()) {
        let before = concentration(&weights).unwrap();
        let mut more = weights.clone();
        more.push(0.0);
        let after = concentration(&more).unwrap();
        prop_assert!(after.gini > before.gini && after.theil > before.theil);
        let Concentration { gini, theil, .. } = before;
        prop_assert_eq!(Concentration { gini, theil, ..after }, before);
    }
}

#[test]
fn runs_of_equal_units_have_the_metrics_of_their_units() {
    let mut draws = crate::testing::Normals(5);
    for case in 0..200 {
        let runs: Vec<Run> = (0..=case % 7)
            .map(|_| Run {
                weight: if draws.uniform() < 0.1 {
                    0.0
                } else {
                    libm::exp(2.0 * draws.sample())
                },
                // Of some there are none.
                units: (draws.uniform() * 40.0) as u32,
            })
            .collect();
        let units: Vec<f64> = runs
            .iter()
            .flat_map(|run| std::iter::repeat_n(run.weight, run.units as usize))
            .collect();
        let (found, expected) = (of_runs(&runs), concentration(&units));
        assert_eq!(found.is_ok(), expected.is_ok());
        let (Ok(found), Ok(expected)) = (found, expected) else {
            continue;
        };
        for (found, expected) in [
            (found.hhi, expected.hhi),
            (found.gini, expected.gini),
            (found.entropy_bits, expected.entropy_bits),
            (found.theil, expected.theil),
            (found.top_1, expected.top_1),
            (found.top_3, expected.top_3),
            (found.top_10, expected.top_10),
        ] {
            close(found, expected, 1e-11 * (1.0 + expected));
        }
        assert_eq!(
            [
                found.nakamoto_third,
                found.nakamoto_third_at_least,
                found.nakamoto_half,
                found.nakamoto_half_at_least,
                found.nakamoto_two_thirds,
                found.nakamoto_two_thirds_at_least,
            ],
            [
                expected.nakamoto_third,
                expected.nakamoto_third_at_least,
                expected.nakamoto_half,
                expected.nakamoto_half_at_least,
                expected.nakamoto_two_thirds,
                expected.nakamoto_two_thirds_at_least,
            ],
            "{runs:?}"
        );
    }
}

#[test]
fn a_few_hosts_and_a_billion_devices() {
    // Half on devices: four hosts of an eighth each, and of the devices just enough to pass a half and two thirds.
    let devices = 1_000_000_000;
    let host = Run {
        weight: 0.125,
        units: 4,
    };
    let device = Run {
        weight: 0.5 / f64::from(devices),
        units: devices,
    };
    let found = of_runs(&[device, host]).unwrap();
    close(
        found.hhi,
        4.0 * 0.125 * 0.125 + 0.25 / f64::from(devices),
        1e-15,
    );
    assert_eq!((found.nakamoto_third, found.nakamoto_half), (3, 5));
    // A sixth of all is a third of the devices.
    let third = found.nakamoto_two_thirds - 4;
    assert!(third.abs_diff(devices / 3) <= 1, "{third}");
    assert_eq!((found.top_1, found.top_3), (0.125, 0.375));
    close(found.top_10, 0.5, 1e-8);
}
