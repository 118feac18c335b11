//! Boxes that were planted are found, and none where there is none.

use super::*;
use crate::testing::{Normals, close};

fn drawn(random: &mut Normals, points: usize) -> Positions {
    Positions::Drawn((0..points).map(|_| random.uniform()).collect())
}

fn number(positions: &[Positions], axis: usize, point: usize) -> f64 {
    positions[axis].number(point).unwrap()
}

fn where_true(points: usize, of: impl Fn(usize) -> bool) -> Vec<Option<bool>> {
    (0..points).map(|point| Some(of(point))).collect()
}

/// Limits of a box on an axis.
fn limits(found: &FoundBox, axis: usize) -> Option<&Limits> {
    let own = found
        .restrictions
        .iter()
        .find(|restriction| restriction.axis == axis);
    own.map(|restriction| &restriction.limits)
}

#[test]
fn a_planted_box_is_found_with_its_bounds() {
    for seed in 1..6 {
        let mut random = Normals(seed);
        let positions: Vec<Positions> = (0..4).map(|_| drawn(&mut random, 1000)).collect();
        let at = |axis, point| number(&positions, axis, point);
        let interest = where_true(1000, |point| {
            at(0, point) > 0.6 && (0.2..0.7).contains(&at(2, point))
        });
        let found = conditions(&positions, &interest, &BoxOptions::default());
        assert_eq!(found.boxes.len(), 1, "{found:#?}");
        let best = &found.boxes[0];
        assert!(best.density > 0.97 && best.coverage > 0.97, "{best:?}");
        assert_eq!(best.restrictions.len(), 2);
        let Some(Limits::Between(Some(low), None)) = limits(best, 0) else {
            panic!("{best:?}")
        };
        close(*low, 0.6, 0.015);
        let Some(Limits::Between(Some(low), Some(high))) = limits(best, 2) else {
            panic!("{best:?}")
        };
        close(*low, 0.2, 0.015);
        close(*high, 0.7, 0.015);
        assert!(
            best.restrictions
                .iter()
                .all(|restriction| restriction.p_value < 1e-9)
        );
        let first = best.trajectory[0];
        assert_eq!(
            (first.points, first.coverage, first.restricted),
            (1000, 1.0, 0)
        );
        close(first.density, found.cases as f64 / 1000.0, 1e-12);
    }
}

#[test]
fn two_boxes_are_found_one_after_the_other() {
    let mut random = Normals(3);
    let positions: Vec<Positions> = (0..3).map(|_| drawn(&mut random, 2000)).collect();
    let at = |axis, point| number(&positions, axis, point);
    let interest = where_true(2000, |point| {
        at(0, point) < 0.3 || (at(0, point) > 0.5 && at(1, point) > 0.8)
    });
    let found = conditions(&positions, &interest, &BoxOptions::default());
    assert_eq!(found.boxes.len(), 2, "{found:#?}");
    let Some(Limits::Between(None, Some(high))) = limits(&found.boxes[0], 0) else {
        panic!("{found:#?}")
    };
    close(*high, 0.3, 0.01);
    let Some(Limits::Between(Some(low), None)) = limits(&found.boxes[1], 1) else {
        panic!("{found:#?}")
    };
    close(*low, 0.8, 0.01);
    let held: usize = found.boxes.iter().map(|one| one.cases).sum();
    assert!(held as f64 > 0.97 * found.cases as f64);
}

#[test]
fn levels_of_a_grid_are_peeled_whole_and_words_one_by_one() {
    let prices: Vec<Label> = (0..6)
        .map(|level| Label::Number(f64::from(level) * 10.0))
        .collect();
    let words = ["stay", "open", "close", "ban"]
        .map(|word| Label::Text(word.into()))
        .to_vec();
    let points = 6 * 4 * 5;
    let levels = |of: &dyn Fn(u32) -> u32| (0..points as u32).map(of).collect();
    let positions = [
        Positions::Listed {
            labels: prices,
            levels: levels(&|point| point / 20),
        },
        Positions::Listed {
            labels: words.clone(),
            levels: levels(&|point| point / 5 % 4),
        },
        Positions::Listed {
            labels: (0..5)
                .map(|level| Label::Number(f64::from(level)))
                .collect(),
            levels: levels(&|point| point % 5),
        },
    ];
    let interest = where_true(points, |point| {
        let word = point / 5 % 4;
        (20.0..45.0).contains(&number(&positions, 0, point)) && (word == 1 || word == 3)
    });
    let found = conditions(&positions, &interest, &BoxOptions::default());
    assert_eq!(found.boxes.len(), 1);
    let best = &found.boxes[0];
    assert_eq!((best.density, best.coverage, best.points), (1.0, 1.0, 30));
    assert_eq!(
        limits(best, 0),
        Some(&Limits::Between(Some(20.0), Some(40.0)))
    );
    let both = Limits::OneOf(vec![words[1].clone(), words[3].clone()]);
    assert_eq!(limits(best, 1), Some(&both));
    assert_eq!(limits(best, 2), None);
}

#[test]
fn nothing_of_interest_has_no_box_and_everything_has_the_whole_space() {
    let mut random = Normals(3);
    let positions: Vec<Positions> = (0..3).map(|_| drawn(&mut random, 300)).collect();
    let options = BoxOptions::default();
    let none = conditions(&positions, &where_true(300, |_| false), &options);
    assert!(none.boxes.is_empty() && none.cases == 0 && none.points == 300);
    let all = conditions(&positions, &where_true(300, |_| true), &options);
    assert_eq!(all.boxes.len(), 1);
    assert!(all.boxes[0].restrictions.is_empty());
    assert_eq!((all.boxes[0].density, all.boxes[0].coverage), (1.0, 1.0));
    let unknown = conditions(&positions, &[None; 300], &options);
    assert!(unknown.boxes.is_empty() && unknown.points == 0);
    // Of what hangs on no axis, little is ever found, and it is not told with a small p-value.
    let luck: Vec<Option<bool>> = (0..300).map(|_| Some(random.uniform() < 0.3)).collect();
    for found in conditions(&positions, &luck, &options).boxes {
        assert!(found.density < 0.75, "{found:?}");
    }
}

#[test]
fn a_least_density_is_kept_and_takes_as_many_cases_as_it_can() {
    let mut random = Normals(8);
    let positions: Vec<Positions> = (0..2).map(|_| drawn(&mut random, 2000)).collect();
    // The further up, the more likely.
    let interest: Vec<Option<bool>> = (0..2000)
        .map(|point| Some(random.uniform() < number(&positions, 0, point)))
        .collect();
    let of = |density: f64| {
        let options = BoxOptions {
            density: Some(density),
            most_boxes: 1,
            ..BoxOptions::default()
        };
        conditions(&positions, &interest, &options).boxes
    };
    let (loose, strict) = (of(0.7), of(0.9));
    assert!(
        loose[0].density >= 0.7 && loose[0].density < 0.75,
        "{loose:?}"
    );
    assert!(
        strict[0].density >= 0.9 && strict[0].coverage < loose[0].coverage,
        "{strict:?}"
    );
    // Above 0.4, seven in ten are of interest.
    let Some(Limits::Between(Some(low), None)) = limits(&loose[0], 0) else {
        panic!("{loose:?}")
    };
    close(*low, 0.4, 0.07);
    assert!(of(1.01).is_empty());
}
