//! What is said of one pair of paths.

use super::{History, Track};

/// A change by less than this part is called none: sums in another order differ by less, and nobody would see it.
const NO_CHANGE: f64 = 1e-9;

/// A measure of concentration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Herfindahl-Hirschman index: higher is more concentrated.
    Hhi,
    /// Fewest that together have more than half: lower is more concentrated.
    Nakamoto,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Hhi, Self::Nakamoto];

    /// As written in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hhi => "hhi",
            Self::Nakamoto => "nakamoto_half",
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Hhi => "1",
            Self::Nakamoto => "units",
        }
    }

    /// The path of it.
    #[must_use]
    pub fn of(self, track: &Track) -> &[f64] {
        match self {
            Self::Hhi => &track.hhi,
            Self::Nakamoto => &track.nakamoto,
        }
    }

    /// Which way a path goes from its first to its last value; `None` where one of them is not defined.
    #[must_use]
    pub fn direction(self, path: &[f64]) -> Option<Direction> {
        let (first, last) = ends(path)?;
        let change = last - first;
        if change.abs() <= NO_CHANGE * first.abs() {
            return Some(Direction::Stays);
        }
        let concentrates = match self {
            Self::Hhi => change > 0.0,
            Self::Nakamoto => change < 0.0,
        };
        Some(if concentrates {
            Direction::Concentrates
        } else {
            Direction::Spreads
        })
    }
}

/// First and last value of a path, if both are defined.
pub fn ends(path: &[f64]) -> Option<(f64, f64)> {
    let (first, last) = (*path.first()?, *path.last()?);
    (!first.is_nan() && !last.is_nan()).then_some((first, last))
}

/// Which way a concentration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It ends higher than it began.
    Concentrates,
    /// It ends lower.
    Spreads,
    /// It ends where it began.
    Stays,
}

/// What a pair of paths does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Mining concentrates and AI spreads.
    Claim,
    /// Mining spreads and AI concentrates.
    Reverse,
    /// Both concentrate.
    BothConcentrate,
    /// Both spread.
    BothSpread,
    /// One of them, or both, ends where it began.
    Unchanged,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Claim,
        Self::Reverse,
        Self::BothConcentrate,
        Self::BothSpread,
        Self::Unchanged,
    ];

    /// That of two directions, mining's first.
    #[must_use]
    pub const fn of(mining: Direction, ai: Direction) -> Self {
        use Direction::{Concentrates, Spreads};
        match (mining, ai) {
            (Concentrates, Spreads) => Self::Claim,
            (Spreads, Concentrates) => Self::Reverse,
            (Concentrates, Concentrates) => Self::BothConcentrate,
            (Spreads, Spreads) => Self::BothSpread,
            _ => Self::Unchanged,
        }
    }

    /// Whether the two run in opposite directions.
    #[must_use]
    pub const fn is_opposite(self) -> bool {
        matches!(self, Self::Claim | Self::Reverse)
    }

    /// As written in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Reverse => "reverse",
            Self::BothConcentrate => "both_concentrate",
            Self::BothSpread => "both_spread",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Whether two paths change their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// The one that was higher first is never lower.
    Never,
    /// It is lower.
    At {
        /// The first place at which it is.
        place: usize,
        /// Whether it is higher again later.
        back: bool,
        /// Whether it is lower at the end.
        at_end: bool,
    },
}

/// Whether `ai` and `mining` change their order; `None` where one of them is not defined at the start or at the end.
///
/// The order is that of the first place at which they differ. To touch is not to cross: only being on the other side is. Places at
/// which one of them is not defined say nothing.
#[must_use]
pub fn crossing(mining: &[f64], ai: &[f64]) -> Option<Crossing> {
    ends(mining)?;
    ends(ai)?;
    let sides = mining.iter().zip(ai).enumerate();
    let sides = sides.filter_map(|(place, (mining, ai))| {
        let side = ai.partial_cmp(mining)?;
        side.is_ne().then_some((place, side))
    });
    let sides: Vec<_> = sides.collect();
    let Some((_, first)) = sides.first().copied() else {
        return Some(Crossing::Never);
    };
    let mut later = sides.iter().skip_while(|(_, side)| *side == first);
    let Some((place, other)) = later.next().copied() else {
        return Some(Crossing::Never);
    };
    Some(Crossing::At {
        place,
        back: later.any(|(_, side)| *side == first),
        at_end: ai.last().partial_cmp(&mining.last()) == Some(other),
    })
}

/// The part of AI's compute that would have to be on devices for its HHI to be no higher than mining's; 0 if it is so without any.
/// NaN where that is not defined, as where nothing is hosted.
///
/// Devices are too many to add to the HHI, so with a part `e` on them it is `(1 - e)^2` that of the hosted compute alone.
#[must_use]
pub fn needed_edge_share(mining: f64, ai: f64, edge_share: f64) -> f64 {
    let hosted = 1.0 - edge_share;
    if !(mining >= 0.0 && ai > 0.0 && hosted > 0.0) {
        return f64::NAN;
    }
    (1.0 - hosted * (mining / ai).sqrt()).max(0.0)
}

impl History {
    /// What the two do; `None` where one of them is not defined at its start or its end.
    pub(super) fn class(&self, measure: Measure) -> Option<Class> {
        class_of(measure, &self.mining, self.ai.as_ref()?)
    }

    /// Whether they cross.
    pub(super) fn crossing(&self, measure: Measure) -> Option<Crossing> {
        crossing(measure.of(&self.mining), measure.of(self.ai.as_ref()?))
    }

    /// Part of AI's compute on devices at the end; NaN if it is not known.
    pub(super) fn last_edge_share(&self) -> f64 {
        self.edge_share.last().copied().unwrap_or(f64::NAN)
    }

    /// What it would have to be at the end for AI to be no more concentrated than mining.
    pub(super) fn needed_edge_share(&self) -> f64 {
        let last = |track: &Track| track.hhi.last().copied().unwrap_or(f64::NAN);
        let ai = self.ai.as_ref().map_or(f64::NAN, last);
        needed_edge_share(last(&self.mining), ai, self.last_edge_share())
    }
}

/// What two tracks do, each over its own days.
pub fn class_of(measure: Measure, mining: &Track, ai: &Track) -> Option<Class> {
    let mining = measure.direction(measure.of(mining))?;
    let ai = measure.direction(measure.of(ai))?;
    Some(Class::of(mining, ai))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::close;
    use Direction::{Concentrates, Spreads, Stays};

    const NULL: f64 = f64::NAN;

    #[test]
    fn a_direction_is_that_of_concentration_whatever_the_measure() {
        for (path, hhi, nakamoto) in [
            (&[0.2, 0.9, 0.3][..], Some(Concentrates), Some(Spreads)),
            (&[0.3, 0.1, 0.2], Some(Spreads), Some(Concentrates)),
            (&[0.3, 0.9, 0.3], Some(Stays), Some(Stays)),
            // What only rounding tells apart is the same.
            (&[0.3, 0.3 * (1.0 + 1e-12)], Some(Stays), Some(Stays)),
            (
                &[0.3, 0.3 * (1.0 + 1e-6)],
                Some(Concentrates),
                Some(Spreads),
            ),
            (&[0.3, NULL, 0.2], Some(Spreads), Some(Concentrates)),
            (&[NULL, 0.3, 0.2], None, None),
            (&[0.3, 0.2, NULL], None, None),
            (&[0.3], Some(Stays), Some(Stays)),
            (&[], None, None),
        ] {
            assert_eq!(Measure::Hhi.direction(path), hhi, "{path:?}");
            assert_eq!(Measure::Nakamoto.direction(path), nakamoto, "{path:?}");
        }
    }

    #[test]
    fn every_pair_of_directions_has_its_class() {
        use Class::{BothConcentrate, BothSpread, Claim, Reverse, Unchanged};
        let all = [Concentrates, Spreads, Stays];
        let found: Vec<Class> = all
            .iter()
            .flat_map(|mining| all.iter().map(|ai| Class::of(*mining, *ai)))
            .collect();
        assert_eq!(
            found,
            [
                BothConcentrate,
                Claim,
                Unchanged,
                Reverse,
                BothSpread,
                Unchanged,
                Unchanged,
                Unchanged,
                Unchanged
            ]
        );
        let opposite = Class::ALL.into_iter().filter(|class| class.is_opposite());
        assert_eq!(opposite.collect::<Vec<_>>(), [Claim, Reverse]);
    }

    #[test]
    fn a_crossing_is_the_first_day_on_the_other_side() {
        let at = |place, back, at_end| {
            Some(Crossing::At {
                place,
                back,
                at_end,
            })
        };
        for (mining, ai, found) in [
            (
                [1.0, 1.0, 1.0, 1.0],
                [2.0, 2.0, 1.5, 1.1],
                Some(Crossing::Never),
            ),
            (
                [1.0, 1.0, 1.0, 1.0],
                [2.0, 0.9, 0.8, 0.7],
                at(1, false, true),
            ),
            // From below as well.
            (
                [1.0, 1.0, 1.0, 1.0],
                [0.5, 0.9, 1.2, 1.3],
                at(2, false, true),
            ),
            // There and back again.
            (
                [1.0, 1.0, 1.0, 1.0],
                [2.0, 0.9, 0.8, 1.3],
                at(1, true, false),
            ),
            (
                [1.0, 1.0, 1.0, 1.0],
                [2.0, 0.9, 1.8, 0.7],
                at(1, true, true),
            ),
            // To touch is not to cross, and not to be on the other side at the end.
            (
                [1.0, 1.0, 1.0, 1.0],
                [2.0, 1.0, 1.0, 1.5],
                Some(Crossing::Never),
            ),
            (
                [1.0, 1.0, 1.0, 1.0],
                [2.0, 0.5, 1.0, 1.0],
                at(1, false, false),
            ),
            // Equal at the start: the order is that of the first day on which they differ.
            (
                [1.0, 1.0, 1.0, 1.0],
                [1.0, 1.2, 1.2, 0.7],
                at(3, false, true),
            ),
            (
                [1.0, 1.0, 1.0, 1.0],
                [1.0, 1.0, 1.0, 1.0],
                Some(Crossing::Never),
            ),
            // Days without a value say nothing; at the ends they are needed.
            (
                [1.0, NULL, 1.0, 1.0],
                [2.0, 0.5, NULL, 0.7],
                at(3, false, true),
            ),
            ([NULL, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 0.7], None),
            ([1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 0.7, NULL], None),
        ] {
            assert_eq!(crossing(&mining, &ai), found, "{mining:?} {ai:?}");
        }
    }

    #[test]
    fn the_needed_edge_share_brings_the_two_together() {
        // A hosted HHI of 0.25, a fifth on devices: 0.8^2 x 0.25.
        let (mining, hosted, edge) = (0.01, 0.25, 0.2_f64);
        let ai = (1.0 - edge) * (1.0 - edge) * hosted;
        let needed = needed_edge_share(mining, ai, edge);
        close(needed, 0.8, 1e-12);
        close((1.0 - needed) * (1.0 - needed) * hosted, mining, 1e-12);
        // It does not hang on how much is on devices now.
        close(needed_edge_share(mining, 0.25, 0.0), 0.8, 1e-12);
        // AI is no more concentrated as it is.
        assert_eq!(needed_edge_share(0.3, 0.25, 0.0), 0.0);
        // Mining of infinitely many: everything.
        assert_eq!(needed_edge_share(0.0, 0.25, 0.1), 1.0);
        for (mining, ai, edge) in [
            (NULL, 0.2, 0.1),
            (0.1, NULL, 0.1),
            (0.1, 0.2, NULL),
            (0.1, 1e-9, 1.0),
        ] {
            assert!(needed_edge_share(mining, ai, edge).is_nan());
        }
    }
}
