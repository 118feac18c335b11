//! From axes to points: each a level of every axis.

use rand::Rng;

use super::plan::{Plan, SweepError};
use crate::random::{
    LatinDimension, MOST_SOBOL_DIMENSIONS, MOST_SOBOL_POINTS, Purpose, Streams, independent, sobol,
};
use crate::scenario::{Axis, Design, Label, Level, Levels, RandomNumbers, Role};

/// One point of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its number, from 0.
    pub number: u32,
    /// Its level on each axis.
    pub labels: Vec<Label>,
    /// What it changes of the scenario, `KEY=VALUE`.
    pub changes: Vec<String>,
    /// Its seed.
    pub seed: u64,
}

/// The points of a plan, one at a time.
#[derive(Debug)]
pub struct Points<'p> {
    plan: &'p Plan,
    /// For each uncertain axis of a Latin hypercube, the order of its cells.
    latin: Vec<LatinDimension>,
    levers: u32,
}

/// Most points of a sweep.
const MOST_POINTS: u64 = 1_000_000;

/// How many points a design makes of the axes.
///
/// # Errors
/// [`SweepError`] if it cannot make any of them, or too many.
pub fn count(axes: &[Axis], design: Design, drawn: Option<u32>) -> Result<u32, SweepError> {
    let wrong = |text: String| Err(SweepError::Invalid(text));
    let levers = lever_count(axes);
    let uncertain: Vec<&Axis> = uncertain(axes).collect();
    let named = design.name();
    let listed: Vec<Option<u64>> = uncertain.iter().map(|axis| listed(axis)).collect();
    let points = match (design.is_drawn(), drawn) {
        (true, None) => {
            return wrong(format!(
                "a {named} design draws its points, and nothing says how many\nadd --points N, or `points` in [sweep]"
            ));
        }
        (true, Some(_)) if uncertain.is_empty() => {
            return wrong(format!(
                "there are only levers, of which a {named} design draws nothing\nadd an --axis, or use the factorial design"
            ));
        }
        (true, Some(points)) => {
            if design == Design::Sobol
                && (points > MOST_SOBOL_POINTS || uncertain.len() > MOST_SOBOL_DIMENSIONS)
            {
                return wrong(format!(
                    "a Sobol sequence has at most {MOST_SOBOL_POINTS} points in at most {MOST_SOBOL_DIMENSIONS} dimensions, and this one would have {points} in {}\nuse fewer, or a Latin hypercube",
                    uncertain.len()
                ));
            }
            u64::from(points)
        }
        (false, Some(_)) => {
            return wrong(format!(
                "a {named} design has as many points as its axes say, so `points` says nothing\nleave it out, or draw points: --design latin-hypercube"
            ));
        }
        (false, None) => {
            if let Some(axis) = uncertain.iter().find(|axis| listed_none(axis)) {
                return wrong(format!(
                    "the axis `{}` has bounds and no levels, which a {named} design needs\nlist them (40:120:5, linspace(40,120,17)), or draw points: --design latin-hypercube --points N",
                    axis.name
                ));
            }
            let mut counts = listed.iter().copied().flatten();
            match design {
                Design::Zip => {
                    let first = counts.next().unwrap_or(1);
                    if counts.any(|count| count != first) {
                        let each: Vec<String> = uncertain
                            .iter()
                            .zip(&listed)
                            .map(|(axis, count)| format!("{} of {}", count.unwrap_or(0), axis.name))
                            .collect();
                        return wrong(format!(
                            "a zip design takes the levels of all axes together, and there are {}\ngive all as many, or use the factorial design",
                            each.join(", ")
                        ));
                    }
                    first
                }
                _ => counts.fold(1, u64::saturating_mul),
            }
        }
    };
    let all = points.saturating_mul(levers);
    match u32::try_from(all) {
        Ok(points) if all <= MOST_POINTS => Ok(points),
        _ => wrong(format!(
            "these axes make {all} points; a sweep has at most {MOST_POINTS}\ntake larger steps, fewer axes, or draw points: --design latin-hypercube --points N"
        )),
    }
}

fn uncertain(axes: &[Axis]) -> impl Iterator<Item = &Axis> {
    axes.iter().filter(|axis| axis.role == Role::Uncertainty)
}

/// Combinations of the levels of the levers.
pub fn lever_count(axes: &[Axis]) -> u64 {
    let levers = axes.iter().filter(|axis| axis.role == Role::Lever);
    levers.filter_map(listed).fold(1, u64::saturating_mul)
}

fn listed(axis: &Axis) -> Option<u64> {
    match &axis.levels {
        Levels::Listed(levels) => Some(levels.len() as u64),
        Levels::Between(_) => None,
    }
}

fn listed_none(axis: &Axis) -> bool {
    listed(axis).is_none()
}

impl<'p> Points<'p> {
    /// Prepares the points of a plan.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        // A plan has at most as many points as fit.
        let levers = u32::try_from(lever_count(&plan.axes)).unwrap_or(u32::MAX);
        let latin = if plan.design == Design::LatinHypercube {
            let drawn = plan.points / levers;
            (0..uncertain(&plan.axes).count() as u64)
                .map(|dimension| LatinDimension::new(plan.seed, drawn, dimension))
                .collect()
        } else {
            Vec::new()
        };
        Self {
            plan,
            latin,
            levers,
        }
    }

    /// The point with this number, below `plan.points`.
    #[must_use]
    pub fn at(&self, number: u32) -> Point {
        let plan = self.plan;
        let (drawn, mut lever) = (number / self.levers, number % self.levers);
        let mut levels: Vec<Option<Level>> = vec![None; plan.axes.len()];
        // The last axis runs fastest.
        let mut rest = drawn;
        let mut dimension = uncertain(&plan.axes).count();
        for (axis, level) in plan.axes.iter().zip(&mut levels).rev() {
            let take = |from: &mut u32| match &axis.levels {
                Levels::Listed(listed) => {
                    let index = *from as usize % listed.len();
                    *from /= listed.len() as u32;
                    listed[index].clone()
                }
                // Only designs that are drawn have bounds.
                Levels::Between(_) => axis.levels.at(0.5),
            };
            if axis.role == Role::Lever {
                *level = Some(take(&mut lever));
                continue;
            }
            dimension -= 1;
            let place = dimension as u64;
            *level = Some(match plan.design {
                Design::Factorial => take(&mut rest),
                Design::Zip => take(&mut drawn.clone()),
                Design::MonteCarlo => {
                    axis.levels
                        .at(independent(plan.seed, u64::from(drawn), place))
                }
                Design::LatinHypercube => axis.levels.at(self.latin[dimension].at(drawn)),
                Design::Sobol => axis.levels.at(sobol(plan.seed, drawn, dimension as u32)),
            });
        }
        let (labels, changes): (Vec<Label>, Vec<Vec<String>>) = levels
            .into_iter()
            .flatten()
            .map(|level| (level.label, level.changes))
            .unzip();
        Point {
            number,
            labels,
            changes: changes.concat(),
            seed: match plan.random_numbers {
                RandomNumbers::Common => plan.seed,
                RandomNumbers::Independent => seed_of_its_own(plan.seed, number),
            },
        }
    }
}

/// A seed below 2^63, as scenarios have them.
fn seed_of_its_own(seed: u64, number: u32) -> u64 {
    let streams = Streams::new(seed, 0).at_point(u64::from(number) + 1);
    streams.open(Purpose::PointSeed, 0).next_u64() >> 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::{TypedAxes, parse_scenario};
    use crate::sweep::Request;

    fn plan(axes: &[&str], levers: &[&str], design: Design, points: Option<u32>) -> Plan {
        let text = include_str!("../../scenarios/three-regions.toml");
        let scenario = parse_scenario("three", text, &[], &[]).unwrap();
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let request = Request {
            axes: TypedAxes {
                uncertainties: owned(axes),
                levers: owned(levers),
            },
            design: Some(design),
            points,
            ..Request::default()
        };
        Plan::new(&scenario, &request).unwrap_or_else(|error| panic!("{error}"))
    }

    const US: &str = "regions.us.power.usd_per_mwh=";
    const PARAGUAY: &str = "regions.paraguay.power.usd_per_mwh=";

    fn labels(plan: &Plan) -> Vec<Vec<f64>> {
        let points = Points::new(plan);
        (0..plan.points)
            .map(|number| {
                let labels = points.at(number).labels;
                labels
                    .iter()
                    .map(|label| match label {
                        Label::Number(number) => *number,
                        Label::Text(text) => panic!("{text} is no number"),
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_factorial_design_has_every_combination_once_and_the_last_axis_runs_fastest() {
        let plan = plan(
            &[&format!("{US}40,50"), &format!("{PARAGUAY}1,2,3")],
            &[],
            Design::Factorial,
            None,
        );
        let found = labels(&plan);
        assert_eq!(found.len(), 6);
        assert_eq!(found[1], [40.0, 2.0]);
        let all: BTreeSet<String> = found.iter().map(|point| format!("{point:?}")).collect();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn a_zip_takes_levels_together_and_levers_cross_it() {
        let plan = plan(
            &[&format!("{US}40,50"), &format!("{PARAGUAY}1,2")],
            &["moving.review_days=10,20,30"],
            Design::Zip,
            None,
        );
        let found = labels(&plan);
        assert_eq!(found.len(), 6);
        assert_eq!(found[0], [40.0, 1.0, 10.0]);
        assert_eq!(found[5], [50.0, 2.0, 30.0]);
    }

    #[test]
    fn drawn_designs_stay_within_their_bounds_and_are_spread() {
        for design in [Design::MonteCarlo, Design::LatinHypercube, Design::Sobol] {
            let plan = plan(
                &[
                    &format!("{US}40..60"),
                    &format!("{PARAGUAY}loguniform(1,100)"),
                ],
                &["moving.review_days=10,20"],
                design,
                Some(512),
            );
            let found = labels(&plan);
            assert_eq!(found.len(), 1024);
            for pair in found.chunks(2) {
                assert_eq!(pair[0][..2], pair[1][..2], "each meets both levers");
                assert!((40.0..=60.0).contains(&pair[0][0]));
                assert!((1.0..=100.0).contains(&pair[0][1]));
            }
            let mean = found.iter().map(|point| point[0]).sum::<f64>() / 1024.0;
            assert!((mean - 50.0).abs() < 1.2, "{design:?}: {mean}");
            let below = found.iter().filter(|point| point[1] < 10.0).count();
            assert!((below as f64 - 512.0).abs() < 80.0, "{design:?}: {below}");
        }
    }

    #[test]
    fn points_of_common_random_numbers_have_one_seed_and_others_have_each_their_own() {
        let mut plan = plan(&[&format!("{US}1:100:1")], &[], Design::Factorial, None);
        let seeds = |plan: &Plan| -> BTreeSet<u64> {
            let points = Points::new(plan);
            (0..plan.points)
                .map(|number| points.at(number).seed)
                .collect()
        };
        assert_eq!(seeds(&plan), BTreeSet::from([plan.seed]));
        plan.random_numbers = RandomNumbers::Independent;
        let own = seeds(&plan);
        assert_eq!(own.len(), 100);
        assert!(!own.contains(&plan.seed) && own.iter().all(|seed| *seed < 1 << 63));
    }
}
