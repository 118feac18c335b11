//! Under which conditions something comes about: boxes on the axes that hold the points of interest.

mod places;
#[cfg(test)]
mod tests;

use places::{Extent, Places, sum_in};

use super::positions::Positions;
use crate::scenario::Label;
use crate::statistics::binomial_upper_tail;
use crate::units::significant;

/// What boxes are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxOptions {
    /// Part of the points of a box that a step peels off an axis that is drawn.
    pub peel: f64,
    /// Fewest points of a box, as a part of all.
    pub least_points: f64,
    /// Most boxes.
    pub most_boxes: usize,
    /// Least share of the points of a box that are of interest; `None` for a compromise with how many of all these it holds.
    pub density: Option<f64>,
}

impl Default for BoxOptions {
    /// 5 % at a time, no box with fewer than 5 % of the points, three boxes, a compromise.
    fn default() -> Self {
        Self {
            peel: 0.05,
            least_points: 0.05,
            most_boxes: 3,
            density: None,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Points that are known to be of interest, or not.
    pub points: usize,
    /// Those of interest.
    pub cases: usize,
    /// The boxes, the best first.
    pub boxes: Vec<FoundBox>,
}

/// A box on the axes.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundBox {
    /// What it says of the axes; none if it is the whole space.
    pub restrictions: Vec<Restriction>,
    /// Points in it, without those of boxes before it.
    pub points: usize,
    /// Those of them that are of interest.
    pub cases: usize,
    /// Their share of its points.
    pub density: f64,
    /// Their share of all cases.
    pub coverage: f64,
    /// The boxes that peeling went through, from the whole space to the smallest.
    pub trajectory: Vec<Step>,
}

/// A box that peeling went through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Points in it.
    pub points: usize,
    /// Share of them that is of interest.
    pub density: f64,
    /// Share of all cases that is in it.
    pub coverage: f64,
    /// Axes that it restricts.
    pub restricted: usize,
}

/// What a box says of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Restriction {
    /// The axis.
    pub axis: usize,
    /// Where it lies.
    pub limits: Limits,
    /// Probability that chance gives the box as many cases if this restriction does nothing. It is not to be trusted to the
    /// letter, since the box was chosen for its cases.
    pub p_value: f64,
}

/// Where a box lies on an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Limits {
    /// Between two numbers, both in it; `None` where it has no end. For a list they are levels; otherwise half-way between the
    /// outermost point in the box and the next one.
    Between(Option<f64>, Option<f64>),
    /// At one of these levels.
    OneOf(Vec<Label>),
}

impl Limits {
    /// For people; `positions` are those of the axis.
    #[must_use]
    pub fn told(&self, positions: &Positions) -> String {
        let listed = matches!(positions, Positions::Listed { .. });
        let shown = |number: f64| {
            if listed {
                Label::Number(number).to_string()
            } else {
                significant(number)
            }
        };
        match self {
            Self::OneOf(labels) => {
                let labels: Vec<String> = labels.iter().map(Label::to_string).collect();
                labels.join(", ")
            }
            Self::Between(Some(low), Some(high)) if low == high => shown(*low),
            Self::Between(Some(low), Some(high)) => format!("{} to {}", shown(*low), shown(*high)),
            Self::Between(Some(low), None) if listed => format!("{} or more", shown(*low)),
            Self::Between(None, Some(high)) if listed => format!("{} or less", shown(*high)),
            Self::Between(Some(low), None) => format!("above {}", shown(*low)),
            Self::Between(None, Some(high)) => format!("below {}", shown(*high)),
            Self::Between(None, None) => "anything".to_owned(),
        }
    }
}

/// Boxes that hold the points of interest; `positions` by axis, `interest` by point, `None` where that is not known.
///
/// The patient rule induction method. A box begins as the whole space. Each step peels off a little at one end of one axis: 5 % of the
/// points in the box where levels are drawn, a whole level of a list of numbers, one of several words. Of all that could be peeled off
/// it takes what raises the density most for each point that is lost, and goes on until all that is left is of interest or a
/// twentieth of the points is left. Of the boxes on this trajectory it takes the one with the largest product of density and
/// coverage, or of those that have a least density that is asked for, the one with the largest coverage; of all that come within 5 %
/// of it, the one that restricts the fewest axes.
///
/// Then its ends are moved, by a step or by one point, where that raises the product, or the coverage without going below the least
/// density (pasting). A restriction is dropped if its quasi-p-value is above 0.05 (and the density stays high enough), the least telling one first. Further boxes are looked for in the points that are
/// left, and kept if they hold a tenth of all cases.
///
/// # Source
/// Friedman & Fisher (1999), *Bump hunting in high-dimensional data*, Statistics and Computing 9; Bryant & Lempert (2010), *Thinking
/// inside the box*, Technological Forecasting & Social Change 77: coverage, quasi-p-values; Kwakkel & Jaxa-Rozen (2016), *Improving
/// scenario discovery for handling heterogeneous uncertainties and multinomial classified outcomes*, Environmental Modelling &
/// Software 79: the gain for each point lost, so that axes of different kinds can be compared.
#[must_use]
pub fn conditions(
    positions: &[Positions],
    interest: &[Option<bool>],
    options: &BoxOptions,
) -> Conditions {
    let known: Vec<usize> = (0..interest.len())
        .filter(|point| interest[*point].is_some())
        .collect();
    let of_interest: Vec<bool> = interest.iter().map(|known| *known == Some(true)).collect();
    let axes: Vec<Places> = positions
        .iter()
        .map(|positions| Places::of(positions, &known))
        .collect();
    let cases = known.iter().filter(|point| of_interest[**point]).count();
    let mut search = Search {
        axes: &axes,
        of_interest: &of_interest,
        options,
        cases,
        least: ((options.least_points * known.len() as f64).ceil() as usize).max(1),
        left: known.clone(),
    };
    let mut boxes: Vec<FoundBox> = Vec::new();
    while boxes.len() < options.most_boxes {
        let Some((extent, trajectory)) = search.next_box() else {
            break;
        };
        let found = search.found(&extent, trajectory, positions);
        // The whole space is an answer where everything is of interest.
        let says_something =
            !found.restrictions.is_empty() || (boxes.is_empty() && cases == known.len());
        let enough = found.cases as f64 >= LEAST_COVERAGE * cases as f64;
        if !(says_something && enough) {
            break;
        }
        boxes.push(found);
        search.left.retain(|point| {
            !extent
                .iter()
                .zip(&axes)
                .all(|(extent, axis)| axis.is_in(*point, extent))
        });
    }
    Conditions {
        points: known.len(),
        cases,
        boxes,
    }
}

/// Least share of all cases that a further box holds.
const LEAST_COVERAGE: f64 = 0.1;
/// Quasi-p-value above which a restriction says nothing.
const TELLING: f64 = 0.05;
/// How much worse a box may be that restricts fewer axes.
const AS_GOOD: f64 = 0.95;

/// The search for boxes among the points that are left.
struct Search<'s> {
    axes: &'s [Places],
    of_interest: &'s [bool],
    options: &'s BoxOptions,
    /// Among all points.
    cases: usize,
    /// Fewest points of a box.
    least: usize,
    left: Vec<usize>,
}

/// A box under way.
#[derive(Clone)]
struct Candidate {
    extents: Vec<Extent>,
    points: usize,
    cases: usize,
}

impl Candidate {
    fn density(&self) -> f64 {
        self.cases as f64 / self.points.max(1) as f64
    }

    /// Density times coverage, but for the number of all cases.
    fn product(&self) -> f64 {
        self.density() * self.cases as f64
    }
}

impl Search<'_> {
    fn next_box(&self) -> Option<(Vec<Extent>, Vec<Step>)> {
        if !self.left.iter().any(|point| self.of_interest[*point]) {
            return None;
        }
        let trajectory = self.peel();
        let mut chosen = self.choose(&trajectory)?;
        self.refine(&mut chosen);
        self.drop_idle(&mut chosen);
        let steps = trajectory.iter().map(|candidate| Step {
            points: candidate.points,
            density: candidate.density(),
            coverage: candidate.cases as f64 / self.cases as f64,
            restricted: self.restricted(candidate),
        });
        let steps = steps.collect();
        Some((chosen.extents, steps))
    }

    fn restricted(&self, candidate: &Candidate) -> usize {
        let all = self.axes.iter().zip(&candidate.extents);
        all.filter(|(axis, extent)| axis.restricts(extent)).count()
    }

    fn candidate(&self, extents: Vec<Extent>) -> Candidate {
        let inside = self.inside(&extents, None);
        Candidate {
            cases: self.cases_in(&inside),
            points: inside.len(),
            extents,
        }
    }

    /// Points in a box, whatever they are on one axis.
    fn inside(&self, extents: &[Extent], but: Option<usize>) -> Vec<usize> {
        let is_in = |point: &&usize| {
            let mut all = self.axes.iter().zip(extents).enumerate();
            all.all(|(index, (axis, extent))| Some(index) == but || axis.is_in(**point, extent))
        };
        self.left.iter().filter(is_in).copied().collect()
    }

    fn cases_in(&self, points: &[usize]) -> usize {
        points
            .iter()
            .filter(|point| self.of_interest[**point])
            .count()
    }

    /// Points and cases by place on an axis.
    fn counts(&self, axis: &Places, points: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let mut counts = vec![0; axis.count as usize];
        let mut cases = counts.clone();
        for point in points {
            let place = axis.place[*point] as usize;
            counts[place] += 1;
            cases[place] += usize::from(self.of_interest[*point]);
        }
        (counts, cases)
    }

    /// The boxes from the whole space to the smallest.
    fn peel(&self) -> Vec<Candidate> {
        let whole = self.axes.iter().map(Places::whole).collect();
        let mut trajectory = vec![self.candidate(whole)];
        loop {
            let now = trajectory[trajectory.len() - 1].clone();
            if now.cases == now.points {
                return trajectory;
            }
            let inside = self.inside(&now.extents, None);
            let mut best: Option<(f64, Candidate)> = None;
            for (index, axis) in self.axes.iter().enumerate() {
                let (counts, cases) = self.counts(axis, &inside);
                for extent in axis.peeled(&now.extents[index], &counts, self.options.peel) {
                    let points = sum_in(&counts, &extent);
                    if points < self.least || points == now.points {
                        continue;
                    }
                    let mut peeled = Candidate {
                        extents: Vec::new(),
                        points,
                        cases: sum_in(&cases, &extent),
                    };
                    let gain = (peeled.density() - now.density()) / (now.points - points) as f64;
                    if best.as_ref().is_none_or(|(other, _)| gain > *other) {
                        peeled.extents.clone_from(&now.extents);
                        peeled.extents[index] = extent;
                        best = Some((gain, peeled));
                    }
                }
            }
            match best {
                Some((_, peeled)) if peeled.cases > 0 => trajectory.push(peeled),
                _ => return trajectory,
            }
        }
    }

    fn choose(&self, trajectory: &[Candidate]) -> Option<Candidate> {
        let good = |candidate: &&Candidate| match self.options.density {
            Some(least) => candidate.density() >= least,
            None => true,
        };
        let worth = |candidate: &Candidate| match self.options.density {
            Some(_) => candidate.cases as f64,
            None => candidate.product(),
        };
        let good: Vec<&Candidate> = trajectory.iter().filter(good).collect();
        let best = good
            .iter()
            .map(|candidate| worth(candidate))
            .fold(0.0, f64::max);
        let as_good = good
            .iter()
            .filter(|candidate| worth(candidate) >= AS_GOOD * best);
        let chosen = as_good.min_by(|a, b| {
            let restricted = self.restricted(a).cmp(&self.restricted(b));
            restricted
                .then(worth(b).total_cmp(&worth(a)))
                .then(b.density().total_cmp(&a.density()))
        });
        chosen.map(|chosen| (*chosen).clone())
    }

    fn is_better(&self, one: &Candidate, other: &Candidate) -> bool {
        match self.options.density {
            Some(least) => one.density() >= least && one.cases > other.cases,
            None => one.product() > other.product(),
        }
    }

    /// Moves ends by as much as a step of peeling, or by one place, as long as the box gets better.
    fn refine(&self, chosen: &mut Candidate) {
        loop {
            let mut best: Option<Candidate> = None;
            for (index, axis) in self.axes.iter().enumerate() {
                let now = &chosen.extents[index];
                if !axis.restricts(now) {
                    continue;
                }
                let (counts, cases) = self.counts(axis, &self.inside(&chosen.extents, Some(index)));
                for part in [self.options.peel, 0.0] {
                    let larger = axis.pasted(now, &counts, part);
                    let smaller = axis.peeled(now, &counts, part);
                    for extent in larger.into_iter().chain(smaller) {
                        let mut moved = Candidate {
                            points: sum_in(&counts, &extent),
                            cases: sum_in(&cases, &extent),
                            extents: Vec::new(),
                        };
                        let better = self.is_better(&moved, best.as_ref().unwrap_or(chosen));
                        if better && moved.points >= self.least {
                            moved.extents.clone_from(&chosen.extents);
                            moved.extents[index] = extent;
                            best = Some(moved);
                        }
                    }
                }
            }
            match best {
                Some(moved) => *chosen = moved,
                None => return,
            }
        }
    }

    /// Probability of as many cases in a box as it has if one of its restrictions does nothing.
    fn p_value(&self, chosen: &Candidate, axis: usize) -> f64 {
        let without = self.inside(&chosen.extents, Some(axis));
        let density = self.cases_in(&without) as f64 / without.len().max(1) as f64;
        binomial_upper_tail(chosen.cases, chosen.points, density)
    }

    /// Drops restrictions that say nothing.
    fn drop_idle(&self, chosen: &mut Candidate) {
        loop {
            let restricted = (0..self.axes.len())
                .filter(|axis| self.axes[*axis].restricts(&chosen.extents[*axis]))
                .map(|axis| (self.p_value(chosen, axis), axis));
            let Some((p_value, axis)) = restricted.max_by(|a, b| a.0.total_cmp(&b.0)) else {
                return;
            };
            if p_value <= TELLING {
                return;
            }
            let mut extents = chosen.extents.clone();
            extents[axis] = self.axes[axis].whole();
            let wider = self.candidate(extents);
            if self
                .options
                .density
                .is_some_and(|least| wider.density() < least)
            {
                return;
            }
            *chosen = wider;
        }
    }

    fn found(
        &self,
        extents: &[Extent],
        trajectory: Vec<Step>,
        positions: &[Positions],
    ) -> FoundBox {
        let candidate = self.candidate(extents.to_vec());
        let restrictions = (0..self.axes.len())
            .filter(|axis| self.axes[*axis].restricts(&extents[*axis]))
            .map(|axis| Restriction {
                axis,
                limits: self.axes[axis].limits(&extents[axis], &positions[axis]),
                p_value: self.p_value(&candidate, axis),
            });
        FoundBox {
            restrictions: restrictions.collect(),
            points: candidate.points,
            cases: candidate.cases,
            density: candidate.density(),
            coverage: candidate.cases as f64 / self.cases as f64,
            trajectory,
        }
    }
}
