//! Values of a count in few classes, where there are too many to tell apart.

use std::collections::BTreeMap;

/// Classes of values, each from the first to the last, at most `most` of them: each value by itself if they are few; small values by
/// themselves and the rest together if those are half of all; otherwise classes of about equal weight.
///
/// `found` has the weight of each value.
pub fn classes(found: &BTreeMap<u32, u64>, most: usize) -> Vec<(u32, u32)> {
    let all: u64 = found.values().sum();
    let singly = |count: usize| found.keys().take(count).map(|value| (*value, *value));
    if found.len() <= most {
        return singly(most).collect();
    }
    let small: u64 = found.values().take(most - 1).sum();
    if 2 * small >= all {
        let mut rest = found.keys().skip(most - 1);
        let (first, last) = (rest.next(), found.keys().next_back());
        return singly(most - 1)
            .chain(first.zip(last).map(|(first, last)| (*first, *last)))
            .collect();
    }
    let mut classes: Vec<(u32, u32)> = Vec::new();
    let (mut from, mut done) = (None, 0);
    for (value, weight) in found {
        let first = *from.get_or_insert(*value);
        done += weight;
        if done * most as u64 >= all * (classes.len() as u64 + 1) {
            classes.push((first, *value));
            from = None;
        }
    }
    classes
}

/// What a class is called.
pub fn class_name((first, last): (u32, u32)) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}–{last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_told_one_by_one_small_ones_too_and_many_in_equal_classes() {
        let of = |counts: &[(u32, u64)]| classes(&counts.iter().copied().collect(), 5);
        assert_eq!(of(&[(1, 10), (2, 60)]), [(1, 1), (2, 2)]);
        let long: Vec<(u32, u64)> = (1..10)
            .map(|value| (value, 100 / u64::from(value)))
            .collect();
        assert_eq!(of(&long), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 9)]);
        let many: Vec<(u32, u64)> = (10..30).map(|value| (value, 5)).collect();
        assert_eq!(
            of(&many),
            [(10, 13), (14, 17), (18, 21), (22, 25), (26, 29)]
        );
        assert_eq!(class_name((1, 1)), "1");
        assert_eq!(class_name((5, 9)), "5–9");
    }
}
