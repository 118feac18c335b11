//! Where the points of a sweep lie on an axis, as analyses of its results need it.

use crate::scenario::{Axis, Label, Levels};

/// Where the points of a sweep lie on one of its axes.
#[derive(Debug, Clone, PartialEq)]
pub enum Positions {
    /// Anywhere between two bounds: a number for each point.
    Drawn(Vec<f64>),
    /// On one of these levels: for each point, which.
    Listed {
        /// The levels, in the order of the axis.
        labels: Vec<Label>,
        /// By point, the place of its level among them.
        levels: Vec<u32>,
    },
}

impl Positions {
    /// No points yet on `axis`.
    #[must_use]
    pub fn on(axis: &Axis) -> Self {
        match &axis.levels {
            Levels::Between(_) => Self::Drawn(Vec::new()),
            Levels::Listed(listed) => Self::Listed {
                labels: listed.iter().map(|level| level.label.clone()).collect(),
                levels: Vec::new(),
            },
        }
    }

    /// Puts the next point at what stands in the column of the axis; `false` if no point of the axis can be there.
    pub fn push(&mut self, cell: &str) -> bool {
        let number: Option<f64> = cell.parse().ok();
        match self {
            Self::Drawn(numbers) => number.map(|number| numbers.push(number)).is_some(),
            Self::Listed { labels, levels } => {
                let level = labels.iter().position(|label| match label {
                    Label::Number(known) => number == Some(*known),
                    Label::Text(known) => known == cell,
                });
                level.map(|level| levels.push(level as u32)).is_some()
            }
        }
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Drawn(numbers) => numbers.len(),
            Self::Listed { levels, .. } => levels.len(),
        }
    }

    /// Whether there are no points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all levels are numbers.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        match self {
            Self::Drawn(_) => true,
            Self::Listed { labels, .. } => labels.iter().all(|label| number_of(label).is_some()),
        }
    }

    /// What stands in the column of the axis for a point.
    ///
    /// # Panics
    /// If there is no such point.
    #[must_use]
    pub fn label(&self, point: usize) -> Label {
        match self {
            Self::Drawn(numbers) => Label::Number(numbers[point]),
            Self::Listed { labels, levels } => labels[levels[point] as usize].clone(),
        }
    }

    /// The number of a point; `None` if its level is none.
    ///
    /// # Panics
    /// If there is no such point.
    #[must_use]
    pub fn number(&self, point: usize) -> Option<f64> {
        match self {
            Self::Drawn(numbers) => Some(numbers[point]),
            Self::Listed { labels, levels } => number_of(&labels[levels[point] as usize]),
        }
    }
}

fn number_of(label: &Label) -> Option<f64> {
    match label {
        Label::Number(number) => Some(*number),
        Label::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_among_the_levels_also_where_numbers_and_words_are_mixed() {
        let labels = vec![Label::Number(40.0), Label::Text("true".into())];
        let mut mixed = Positions::Listed {
            labels: labels.clone(),
            levels: Vec::new(),
        };
        assert!(mixed.push("true") && mixed.push("40") && mixed.push("40.0"));
        assert!(!mixed.push("41") && mixed.len() == 3 && !mixed.is_numeric());
        assert_eq!(mixed.label(0), labels[1]);
        assert_eq!([0, 1].map(|point| mixed.number(point)), [None, Some(40.0)]);
        let mut drawn = Positions::Drawn(Vec::new());
        assert!(drawn.is_empty() && drawn.push("1e-7") && !drawn.push(""));
        assert_eq!(drawn.number(0), Some(1e-7));
    }
}
