//! From scores to estimates: the points that fit best, what they leave open, and what they cannot tell apart.

use super::{Episode, Evaluation, Plan};
use crate::scenario::Metric;
use crate::statistics::{quantile_of_sorted, rank_correlation};

/// How bad an undefined value is, in scores of persistence.
const UNDEFINED: f64 = 2.0;

/// Loss of a point over the episodes but `left_out`: the mean over them of the mean over what was measured (hash rate, shares,
/// efficiency) of the score, relative to that of the forecast that everything stays as it is. Values of the other episodes that were
/// measured in the time of the one left out are left out as well; an episode that begins in that time still knows its start. A value that is
/// defined in no replica counts as twice as bad as persistence. Infinite where an episode could not be simulated.
#[must_use]
pub fn loss(episodes: &[Episode], evaluation: &Evaluation, left_out: Option<usize>) -> f64 {
    let hidden = left_out.map(|index| episodes[index].span());
    let mut losses = Vec::new();
    for (index, (episode, scores)) in episodes.iter().zip(&evaluation.scores).enumerate() {
        if Some(index) == left_out {
            continue;
        }
        let Some(scores) = scores else {
            return f64::INFINITY;
        };
        let mut ratios = Vec::new();
        for metric in [Metric::HashRate, Metric::Share, Metric::Efficiency] {
            let values = episode.reference.iter().zip(scores).filter(|(value, _)| {
                let (from, until) = value.days;
                let known = hidden.is_none_or(|(first, last)| until < first || from > last);
                value.metric == metric && known && value.persistence.is_finite()
            });
            let (own, kept) = values.fold((0.0, 0.0), |(own, kept), (value, score)| {
                let score = score.unwrap_or(UNDEFINED * value.persistence);
                (own + score, kept + value.persistence)
            });
            if kept > 0.0 {
                ratios.push(own / kept);
            }
        }
        if !ratios.is_empty() {
            losses.push(ratios.iter().sum::<f64>() / ratios.len() as f64);
        }
    }
    if losses.is_empty() {
        return f64::INFINITY;
    }
    losses.iter().sum::<f64>() / losses.len() as f64
}

/// What a set of episodes says of the parameters.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Index of the episode that was left out.
    pub left_out: Option<usize>,
    /// Accepted points, best first.
    pub accepted: Vec<Vec<f64>>,
    /// Their losses.
    pub losses: Vec<f64>,
    /// Loss of the median point of the design, for comparison.
    pub median_loss: f64,
    /// By parameter.
    pub estimates: Vec<Estimate>,
    /// Pairs of parameters that go together in the accepted points.
    pub pairs: Vec<Pair>,
}

impl Fit {
    /// Takes a point that was found by a search as the best.
    pub fn take_as_best(&mut self, loss: f64, point: &[f64]) {
        self.losses[0] = loss;
        for (estimate, value) in self.estimates.iter_mut().zip(point) {
            estimate.best = *value;
        }
    }
}

/// What is left of a parameter's prior.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The point with the lowest loss.
    pub best: f64,
    /// Median of the accepted points, and the band that holds nine tenths of them.
    pub median: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Width of the band by the prior's own weight, relative to that of as many draws from the prior: about 1 where the data say nothing.
    pub width: f64,
    /// Points behind it.
    pub points: usize,
}

impl Estimate {
    /// Whether the data narrow the parameter down to less than two thirds of what was thought before.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        /// With fewer, a narrow band may be chance.
        const FEWEST: usize = 20;
        self.points >= FEWEST && self.width < 2.0 / 3.0
    }
}

/// Two parameters that the data tell together better than each.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The one.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// Rank correlation in the accepted points.
    pub correlation: f64,
}

/// Smallest rank correlation, in standard errors, that is named: one in 300 by chance.
const NOTABLE: f64 = 3.0;

/// Fits the parameters to all episodes but `left_out`.
#[must_use]
pub fn fit(
    plan: &Plan,
    episodes: &[Episode],
    evaluations: &[Evaluation],
    left_out: Option<usize>,
) -> Fit {
    let mut ranked: Vec<(f64, &Evaluation)> = evaluations
        .iter()
        .map(|evaluation| (loss(episodes, evaluation, left_out), evaluation))
        .collect();
    // Equal losses keep the order of the design.
    ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let wanted = (plan.accepted * f64::from(plan.points)).ceil().max(1.0) as usize;
    let best: Vec<&(f64, &Evaluation)> = ranked
        .iter()
        .take(wanted)
        .filter(|(loss, _)| loss.is_finite())
        .collect();
    let accepted: Vec<Vec<f64>> = best
        .iter()
        .map(|(_, evaluation)| evaluation.point.clone())
        .collect();
    let ranks: Vec<Vec<f64>> = (0..plan.parameters.len())
        .map(|parameter| {
            let prior = plan.parameters[parameter].prior;
            accepted
                .iter()
                .map(|point| prior.rank(point[parameter]))
                .collect()
        })
        .collect();
    let estimates = (0..plan.parameters.len())
        .filter(|_| !accepted.is_empty())
        .map(|parameter| {
            let sorted = |values: &mut dyn Iterator<Item = f64>| {
                let mut values: Vec<f64> = values.collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let values = sorted(&mut accepted.iter().map(|point| point[parameter]));
            let ranks = sorted(&mut ranks[parameter].iter().copied());
            let band = |sorted: &[f64]| {
                (
                    quantile_of_sorted(sorted, 0.05),
                    quantile_of_sorted(sorted, 0.95),
                )
            };
            let ((low, high), (below, above)) = (band(&values), band(&ranks));
            Estimate {
                best: accepted[0][parameter],
                median: quantile_of_sorted(&values, 0.5),
                low,
                high,
                // Nine tenths of n uniform draws span 0.9 (n - 1) / (n + 1) on average.
                width: (above - below) / 0.9 * (accepted.len() as f64 + 1.0)
                    / (accepted.len() as f64 - 1.0).max(1.0),
                points: accepted.len(),
            }
        });
    let mut pairs = Vec::new();
    for first in 0..ranks.len() {
        for second in first + 1..ranks.len() {
            let correlation = rank_correlation(&ranks[first], &ranks[second]);
            if correlation.abs() * (accepted.len() as f64).sqrt() >= NOTABLE {
                pairs.push(Pair {
                    first,
                    second,
                    correlation,
                });
            }
        }
    }
    pairs.sort_by(|a, b| b.correlation.abs().total_cmp(&a.correlation.abs()));
    Fit {
        left_out,
        losses: best.iter().map(|(loss, _)| *loss).collect(),
        median_loss: ranked
            .get(ranked.len() / 2)
            .map_or(f64::NAN, |(loss, _)| *loss),
        estimates: estimates.collect(),
        accepted,
        pairs,
    }
}
