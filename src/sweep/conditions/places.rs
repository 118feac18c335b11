//! What of an axis is in a box, and what may be next.

use super::super::positions::Positions;
use super::Limits;

/// Places of the points on an axis: numbers by their rank, words by their level.
pub struct Places {
    /// By point; only of those that are known.
    pub place: Vec<u32>,
    /// Number of different places.
    pub count: u32,
    /// The number at each place, if all levels are numbers.
    numbers: Option<Vec<f64>>,
    /// Whether a step peels off a part of the points, rather than a level.
    drawn: bool,
}

/// What of an axis is in a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Places from the first to the last.
    Range(u32, u32),
    /// Whether each place is in it.
    These(Vec<bool>),
}

impl Places {
    pub fn of(positions: &Positions, points: &[usize]) -> Self {
        let drawn = matches!(positions, Positions::Drawn(_));
        match positions {
            Positions::Listed { labels, levels } if !positions.is_numeric() => Self {
                place: levels.clone(),
                count: labels.len() as u32,
                numbers: None,
                drawn,
            },
            _ => {
                let number = |point: &usize| positions.number(*point);
                let mut numbers: Vec<f64> = points.iter().filter_map(number).collect();
                numbers.sort_by(f64::total_cmp);
                numbers.dedup();
                let rank = |point: usize| {
                    let own = positions.number(point).unwrap_or(f64::NAN);
                    numbers.partition_point(|number| *number < own) as u32
                };
                Self {
                    place: (0..positions.len()).map(rank).collect(),
                    count: numbers.len() as u32,
                    numbers: Some(numbers),
                    drawn,
                }
            }
        }
    }

    pub fn whole(&self) -> Extent {
        if self.numbers.is_some() {
            Extent::Range(0, self.count.saturating_sub(1))
        } else {
            Extent::These(vec![true; self.count as usize])
        }
    }

    pub fn is_in(&self, point: usize, extent: &Extent) -> bool {
        let place = self.place[point];
        match extent {
            Extent::Range(first, last) => (*first..=*last).contains(&place),
            Extent::These(places) => places[place as usize],
        }
    }

    pub fn restricts(&self, extent: &Extent) -> bool {
        *extent != self.whole()
    }

    /// Points that a step moves, about: a part of those in the box, or the whole of a level.
    fn step(&self, points: usize, part: f64) -> usize {
        if self.drawn {
            ((part * points as f64).ceil() as usize).max(1)
        } else {
            1
        }
    }

    /// What the box may become by peeling this axis; `counts` of its points, by place.
    pub fn peeled(&self, extent: &Extent, counts: &[usize], part: f64) -> Vec<Extent> {
        match extent {
            Extent::Range(first, last) => {
                let (first, last) = (*first as usize, *last as usize);
                let points: usize = counts[first..=last].iter().sum();
                let wanted = self.step(points, part);
                let below = reach(first..=last, counts, wanted).filter(|place| *place < last);
                let above =
                    reach((first..=last).rev(), counts, wanted).filter(|place| *place > first);
                let below = below.map(|place| Extent::Range(place as u32 + 1, last as u32));
                let above = above.map(|place| Extent::Range(first as u32, place as u32 - 1));
                below.into_iter().chain(above).collect()
            }
            Extent::These(places) => {
                let present = |place: &usize| places[*place] && counts[*place] > 0;
                let without = |place: usize| {
                    let mut fewer = places.clone();
                    fewer[place] = false;
                    Extent::These(fewer)
                };
                (0..places.len()).filter(present).map(without).collect()
            }
        }
    }

    /// What the box may become by pasting; `counts` of the points that it would have without this axis, by place.
    pub fn pasted(&self, extent: &Extent, counts: &[usize], part: f64) -> Vec<Extent> {
        match extent {
            Extent::Range(first, last) => {
                let (from, to) = (*first as usize, *last as usize);
                let points: usize = counts[from..=to].iter().sum();
                let wanted = self.step(points, part);
                let below = reach((0..from).rev(), counts, wanted);
                let above = reach(to + 1..counts.len(), counts, wanted);
                let below = below.map(|place| Extent::Range(place as u32, *last));
                let above = above.map(|place| Extent::Range(*first, place as u32));
                below.into_iter().chain(above).collect()
            }
            Extent::These(places) => {
                let with = |place: usize| {
                    let mut more = places.clone();
                    more[place] = true;
                    Extent::These(more)
                };
                (0..places.len())
                    .filter(|place| !places[*place])
                    .map(with)
                    .collect()
            }
        }
    }

    pub fn limits(&self, extent: &Extent, positions: &Positions) -> Limits {
        match (extent, &self.numbers, positions) {
            (Extent::Range(first, last), Some(numbers), _) => {
                let (first, last) = (*first as usize, *last as usize);
                let between = |inside: usize, outside: usize| {
                    if self.drawn {
                        f64::midpoint(numbers[inside], numbers[outside])
                    } else {
                        numbers[inside]
                    }
                };
                let low = (first > 0).then(|| between(first, first - 1));
                let high = (last + 1 < numbers.len()).then(|| between(last, last + 1));
                Limits::Between(low, high)
            }
            (Extent::These(places), _, Positions::Listed { labels, .. }) => {
                let labels = labels.iter().zip(places).filter(|(_, inside)| **inside);
                Limits::OneOf(labels.map(|(label, _)| label.clone()).collect())
            }
            _ => Limits::Between(None, None),
        }
    }
}

/// The first of the places up to which there are as many points as wanted, or the last of all.
fn reach(places: impl Iterator<Item = usize>, counts: &[usize], wanted: usize) -> Option<usize> {
    let mut met = 0;
    let mut end = None;
    for place in places {
        end = Some(place);
        met += counts[place];
        if met >= wanted {
            break;
        }
    }
    end
}

/// Sum over the places that are in a box.
pub fn sum_in(counts: &[usize], extent: &Extent) -> usize {
    match extent {
        Extent::Range(first, last) => counts[*first as usize..=*last as usize].iter().sum(),
        Extent::These(places) => {
            let inside = counts.iter().zip(places).filter(|(_, inside)| **inside);
            inside.map(|(count, _)| count).sum()
        }
    }
}
