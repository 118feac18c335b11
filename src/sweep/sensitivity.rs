//! Which axes matter: the part of the variance of a metric's mean over the points that each axis explains.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::additive::{Factor, fit_additive};
use super::design::lever_count;
use super::plan::{Plan, SweepError};
use super::point::Row;
use super::positions::Positions;
use crate::random::{Purpose, Streams, normal, uniform};
use crate::scenario::{Design, RandomNumbers, Role};
use crate::statistics::{mean_and_sd, quantile_of_sorted, rank_correlation, ranks};

/// What explains the variance of a metric's mean over the points of a sweep.
///
/// The parts add up to 1 but for chance: each axis, `noise`, `rest`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// Points with a value.
    pub points: usize,
    /// Mean over them.
    pub mean: f64,
    /// Standard deviation over them, with divisor `points`.
    pub sd: f64,
    /// What the axes explain, in their order.
    pub effects: Vec<Effect>,
    /// What the luck of the replicas explains: the mean of the squared standard errors over the variance. With common random numbers
    /// it is an upper bound, since luck that all points share makes no difference between them. `None` if no point has two replicas.
    pub noise: Option<f64>,
    /// What is left: interactions of axes, and with a single replica the noise; never below 0.
    pub rest: f64,
}

/// What an axis explains on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The axis; those of a zip design, which move together and cannot be told apart.
    pub axes: Vec<usize>,
    /// Groups of points that were compared: its levels, or classes of equal probability.
    pub groups: usize,
    /// First-order share of the variance, from 0 to 1.
    pub share: f64,
    /// Its standard error.
    pub error: Option<f64>,
    /// An interval that holds it with a probability of 90 %.
    pub interval: Option<(f64, f64)>,
    /// Spearman's rank correlation of level and mean: above 0 if the metric rises with the axis. `None` if its levels are no numbers.
    pub rank_correlation: Option<f64>,
}

/// Fewest points of a drawn design.
const FEWEST: usize = 8;
/// Most classes of a continuous axis.
const MOST_CLASSES: usize = 48;
/// Probability of an interval.
const HELD: f64 = 0.9;

/// The first-order sensitivity of what came out at the points of a plan; `positions` by axis, `rows` by point.
///
/// For each axis it is `Var(E[Y | x]) / Var(Y)`, the first-order index of Sobol, also called main effect or correlation ratio: how much
/// less the mean `Y` would vary, on average, if the axis were known. It is estimated from the points that there are, whatever the
/// design, as the variance of an axis' effects in an additive model of all axes. Points of an axis with levels are grouped by
/// these; others by classes of equal probability, the square root of as many as there are points, at most 48 and at most a third of
/// the points over all axes.
///
/// In a design that is drawn, groups differ by chance as well. What that adds is taken off, as in the adjusted R squared: for each
/// group but one, the variance of what the model leaves. Its standard errors and intervals are those of 1,000 bootstrap samples of
/// the points (fewer, but at least 200, where they are many), moved by their bias. They do not know that the points of a Latin
/// hypercube or a Sobol sequence are spread evenly, and are wider than they need be.
///
/// A factorial or zip design has every level of every axis equally often, and nothing is drawn but the replicas. Their noise is taken
/// off if the random numbers of the points are independent. With common ones, noise that points share makes no difference between them:
/// nothing is taken off. The errors are those of 1,000 tables of means drawn around the ones found, each with its own standard error
/// and independently; with common random numbers they are too large.
///
/// With common random numbers there is an error that none of these intervals holds: all points meet the same few histories, and what is
/// peculiar to these bends the whole curve over an axis. It shrinks with the replicas, and `noise` bounds it.
///
/// Levers are crossed with all other points. The uncertain axes are judged by means over the levers, levers by differences from these.
///
/// # Errors
/// [`SweepError::Invalid`] if there are too few points, or the metric is the same at all of them.
///
/// # Source
/// Sobol (1993), *Sensitivity Estimates for Nonlinear Mathematical Models*, Mathematical Modelling and Computational Experiments 1;
/// Plischke, Borgonovo & Smith (2013), *Global sensitivity measures from given data*, European Journal of Operational Research 226;
/// Kelley (1935), *An unbiased correlation ratio measure*, PNAS 21: epsilon squared; Efron & Tibshirani (1993), *An Introduction to the
/// Bootstrap*.
pub fn sensitivity(
    plan: &Plan,
    positions: &[Positions],
    rows: &[Option<Row>],
) -> Result<Sensitivity, SweepError> {
    let study = Study::new(plan, positions, rows)?;
    let n = study.values.len() as f64;
    let fit = fit_additive(&[], &study.values, &vec![1.0; study.values.len()]);
    let variance = fit.left / n;
    let known = study.shares(&study.values, &vec![1.0; study.units]);
    let draws = study.draws(plan.seed);
    let effects: Vec<Effect> = study
        .axes
        .iter()
        .enumerate()
        .map(|(index, axes)| {
            let of_draws = draws.as_ref().map(|draws| {
                let mut draws: Vec<f64> = draws.iter().map(|shares| shares[index]).collect();
                spread(&mut draws, known[index])
            });
            Effect {
                axes: axes.clone(),
                groups: study.factors[index].groups,
                share: known[index].clamp(0.0, 1.0),
                error: of_draws.map(|(error, _)| error),
                interval: of_draws.map(|(_, interval)| interval),
                rank_correlation: match axes[..] {
                    [axis] => study.rank_correlation(&positions[axis]),
                    _ => None,
                },
            }
        })
        .collect();
    let noise = study.noise.map(|noise| noise / variance);
    let explained: f64 = effects.iter().map(|effect| effect.share).sum();
    Ok(Sensitivity {
        points: study.values.len(),
        mean: fit.mean,
        sd: variance.sqrt(),
        effects,
        noise,
        rest: (1.0 - explained - noise.unwrap_or(0.0)).max(0.0),
    })
}

/// Standard error of a share, and its interval, by the spread of its draws around their mean.
fn spread(draws: &mut [f64], share: f64) -> (f64, (f64, f64)) {
    let moments = mean_and_sd(draws);
    let mean = moments.map_or(share, |moments| moments.mean);
    draws.sort_by(f64::total_cmp);
    let at = |probability| (quantile_of_sorted(draws, probability) - mean + share).clamp(0.0, 1.0);
    let tail = (1.0 - HELD) / 2.0;
    let error = moments.and_then(|moments| moments.sd).unwrap_or(0.0);
    (error, (at(tail), at(1.0 - tail)))
}

/// What is studied: the points with a value.
struct Study {
    /// The axes of each factor.
    axes: Vec<Vec<usize>>,
    /// By axis that is crossed with all others, groups of points; by one that is drawn, groups of units.
    factors: Vec<Factor>,
    crossed: Vec<bool>,
    /// Whether there are axes whose levels are drawn.
    drawn: bool,
    /// Number of each point with a value.
    points: Vec<usize>,
    /// Its mean.
    values: Vec<f64>,
    /// Standard error of the mean, if any has one.
    errors: Option<Vec<f64>>,
    /// Mean of their squares.
    noise: Option<f64>,
    /// The part of it that makes points differ and is known to.
    noise_between: f64,
    /// By point, its unit: points that differ in levers only, and are drawn together.
    unit: Vec<u32>,
    units: usize,
}

impl Study {
    fn new(plan: &Plan, positions: &[Positions], rows: &[Option<Row>]) -> Result<Self, SweepError> {
        let levers = lever_count(&plan.axes).max(1) as usize;
        let drawn = plan.design.is_drawn();
        let (mut points, mut values, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        let (mut unit, mut first_of_unit): (Vec<u32>, Vec<usize>) = (Vec::new(), Vec::new());
        for (point, row) in rows.iter().enumerate() {
            let Some(row) = row else { continue };
            let begins = points
                .last()
                .is_none_or(|last| last / levers != point / levers);
            if begins {
                first_of_unit.push(point);
            }
            points.push(point);
            unit.push((first_of_unit.len() - 1) as u32);
            values.push(row.1);
            errors.push(row.standard_error());
        }
        let units = first_of_unit.len();
        let few = |least: usize| {
            SweepError::Invalid(format!(
                "there are {units} points with a value, and it takes {least}\nadd points, or look at another metric or date"
            ))
        };
        let fewest = if drawn { FEWEST } else { 2 };
        if units < fewest && (drawn || points.len() < fewest) {
            return Err(few(fewest));
        }
        if values.iter().all(|value| *value == values[0]) {
            return Err(SweepError::Invalid(format!(
                "it is {} at all {} points, and no axis explains anything\nlook at another metric or date",
                values[0],
                points.len()
            )));
        }
        let known: Vec<f64> = errors.iter().copied().flatten().collect();
        let squares: f64 = known.iter().map(|error| error * error).sum();
        let noise = (!known.is_empty()).then(|| squares / known.len() as f64);
        // A point with one replica in which there is a value errs like the others.
        let errors = noise.map(|noise| {
            let errors = errors.iter();
            errors.map(|error| error.unwrap_or(noise.sqrt())).collect()
        });
        let uncertain: Vec<usize> = (0..plan.axes.len())
            .filter(|axis| plan.axes[*axis].role == Role::Uncertainty)
            .collect();
        let classes = (units as f64).sqrt().round() as usize;
        let classes = classes
            .min(MOST_CLASSES)
            .min(1 + units / (3 * uncertain.len().max(1)))
            .max(2);
        let mut study = Self {
            axes: Vec::new(),
            factors: Vec::new(),
            crossed: Vec::new(),
            drawn,
            noise,
            noise_between: 0.0,
            points,
            values,
            errors,
            unit,
            units,
        };
        for (axis, (own, positions)) in plan.axes.iter().zip(positions).enumerate() {
            let together = plan.design == Design::Zip && uncertain.contains(&axis);
            if together && axis != uncertain[0] {
                continue;
            }
            let crossed = !drawn || own.role == Role::Lever;
            study.factors.push(if together {
                Factor {
                    group: study.unit.clone(),
                    groups: units,
                }
            } else if crossed {
                groups_of(positions, &study.points, usize::MAX)
            } else {
                groups_of(positions, &first_of_unit, classes)
            });
            study.axes.push(if together {
                uncertain.clone()
            } else {
                vec![axis]
            });
            study.crossed.push(crossed);
        }
        if drawn && study.freedom() < 1.0 {
            return Err(few(study
                .factors
                .iter()
                .map(|factor| factor.groups)
                .sum::<usize>()
                + 1));
        }
        if plan.random_numbers == RandomNumbers::Independent {
            study.noise_between = study.noise.unwrap_or(0.0);
        }
        Ok(study)
    }

    /// Units that the model of those axes that are drawn leaves free.
    fn freedom(&self) -> f64 {
        let drawn = self
            .factors
            .iter()
            .zip(&self.crossed)
            .filter(|(_, crossed)| !**crossed);
        let taken: usize = drawn.map(|(factor, _)| factor.groups - 1).sum();
        self.units as f64 - 1.0 - taken as f64
    }

    fn rank_correlation(&self, positions: &Positions) -> Option<f64> {
        let levels: Option<Vec<f64>> = self
            .points
            .iter()
            .map(|point| positions.number(*point))
            .collect();
        levels.map(|levels| rank_correlation(&levels, &self.values))
    }

    /// By factor, its share of the variance of `values`, where each unit counts as often as its weight says; it may be below 0.
    fn shares(&self, values: &[f64], weights: &[f64]) -> Vec<f64> {
        let of_points: Vec<f64> = self
            .unit
            .iter()
            .map(|unit| weights[*unit as usize])
            .collect();
        let which = |crossed: bool| -> Vec<&Factor> {
            let all = self.factors.iter().zip(&self.crossed);
            all.filter(|(_, own)| **own == crossed)
                .map(|(factor, _)| factor)
                .collect()
        };
        let total = fit_additive(&[], values, &of_points);
        let variance = total.left / of_points.iter().sum::<f64>();
        if variance <= 0.0 {
            // Of a resample that drew the same point only.
            return vec![0.0; self.factors.len()];
        }
        let share = |factor: &Factor, explained: f64, by_chance: f64, n: f64| {
            (explained - (factor.groups - 1) as f64 * by_chance) / n / variance
        };
        let mut differences = total.residuals;
        let mut drawn = Vec::new().into_iter();
        if self.drawn {
            let mut means = vec![0.0; self.units];
            let mut sizes = vec![0.0; self.units];
            for (unit, difference) in self.unit.iter().zip(&differences) {
                means[*unit as usize] += difference;
                sizes[*unit as usize] += 1.0;
            }
            for (mean, size) in means.iter_mut().zip(&sizes) {
                *mean /= size;
            }
            let factors = which(false);
            let fit = fit_additive(&factors, &means, weights);
            let by_chance = fit.left / self.freedom();
            let n: f64 = weights.iter().sum();
            let shares: Vec<f64> = factors
                .iter()
                .zip(fit.explained)
                .map(|(factor, explained)| share(factor, explained, by_chance, n))
                .collect();
            drawn = shares.into_iter();
            for (unit, difference) in self.unit.iter().zip(&mut differences) {
                *difference -= means[*unit as usize];
            }
        }
        let factors = which(true);
        let fit = fit_additive(&factors, &differences, &of_points);
        let n: f64 = of_points.iter().sum();
        let shares: Vec<f64> = factors
            .iter()
            .zip(fit.explained)
            .map(|(factor, explained)| share(factor, explained, self.noise_between, n))
            .collect();
        let mut crossed = shares.into_iter();
        let next = |own: &bool| if *own { crossed.next() } else { drawn.next() };
        self.crossed.iter().filter_map(next).collect()
    }

    /// Shares as they might have come out; `None` if nothing says how much the means err.
    fn draws(&self, seed: u64) -> Option<Vec<Vec<f64>>> {
        const MOST: usize = 1000;
        const FEWEST: usize = 200;
        /// Points that are drawn in all, about, where they are many.
        const POINTS: usize = 50_000_000;
        let streams = Streams::new(seed, 0);
        let stream = |draw: usize| streams.of_replica(draw as u64).open(Purpose::Resampling, 0);
        let work = self.values.len() * self.factors.len();
        let draws = (0..(POINTS / work).clamp(FEWEST, MOST)).into_par_iter();
        if self.drawn {
            let draws = draws.map(|draw| {
                let mut stream = stream(draw);
                let mut weights = vec![0.0; self.units];
                for _ in 0..self.units {
                    let unit = (uniform(&mut stream) * self.units as f64) as usize;
                    weights[unit.min(self.units - 1)] += 1.0;
                }
                self.shares(&self.values, &weights)
            });
            return Some(draws.collect());
        }
        let errors = self.errors.as_ref()?;
        let weights = vec![1.0; self.units];
        let draws = draws.map(|draw| {
            let mut stream = stream(draw);
            let values: Vec<f64> = self
                .values
                .iter()
                .zip(errors)
                .map(|(value, error)| value + error * normal(&mut stream))
                .collect();
            self.shares(&values, &weights)
        });
        Some(draws.collect())
    }
}

/// Groups of points by where they lie on an axis: its levels; or classes of as many points each, if the levels are more than `most`
/// numbers or none are listed.
fn groups_of(positions: &Positions, points: &[usize], most: usize) -> Factor {
    let keys: Vec<usize> = match positions {
        Positions::Listed { labels, levels } if labels.len() <= most || !positions.is_numeric() => {
            points.iter().map(|point| levels[*point] as usize).collect()
        }
        _ => {
            let numbers = points.iter().map(|point| positions.number(*point));
            let numbers: Vec<f64> = numbers.flatten().collect();
            let class = |rank: f64| ((rank + 0.5) * most as f64 / numbers.len() as f64) as usize;
            ranks(&numbers).into_iter().map(class).collect()
        }
    };
    // Levels at which there is no point are no groups.
    let mut met: Vec<usize> = keys.clone();
    met.sort_unstable();
    met.dedup();
    let place = |key: usize| met.binary_search(&key).map_or(0, |place| place as u32);
    Factor {
        group: keys.into_iter().map(place).collect(),
        groups: met.len(),
    }
}
