//! Looking for the lowest loss near the best points of the design.

use std::cell::{Cell, RefCell};

use argmin::core::{CostFunction, Error, Executor};
use argmin::solver::neldermead::NelderMead;

use super::{CalibrationError, Evaluation, Plan};

/// Simulates a point.
pub type Evaluate<'a> = dyn FnMut(&[f64]) -> Result<Evaluation, CalibrationError> + 'a;

/// The search sees ranks under the priors, so that all directions are alike.
struct Search<'a, 'e> {
    plan: &'a Plan,
    evaluate: RefCell<&'a mut Evaluate<'e>>,
    loss: &'a dyn Fn(&Evaluation) -> f64,
    found: RefCell<Vec<Evaluation>>,
    stopped: RefCell<Option<CalibrationError>>,
    left: Cell<u32>,
    /// The corners from which the search begins: ranks, and the points that they stand for.
    corners: Vec<(Vec<f64>, &'a Vec<f64>)>,
}

/// Loss outside the priors, and where an episode cannot be simulated: worse than any other, and finite.
const OUTSIDE: f64 = 1e6;
/// Ranks that the search keeps away from the ends of the priors.
const EDGE: f64 = 1e-3;

impl CostFunction for Search<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, ranks: &Vec<f64>) -> Result<f64, Error> {
        if ranks.iter().any(|rank| !(EDGE..=1.0 - EDGE).contains(rank)) {
            return Ok(OUTSIDE);
        }
        let corner = self.corners.iter().find(|(corner, _)| corner == ranks);
        let point = match corner {
            // It is a point of the design, to the bit, and costs nothing.
            Some((_, point)) => (*point).clone(),
            None if self.left.get() == 0 => return Err(Error::msg("enough")),
            None => {
                self.left.set(self.left.get() - 1);
                let parameters = self.plan.parameters.iter().zip(ranks);
                parameters
                    .map(|(parameter, rank)| parameter.prior.quantile(*rank))
                    .collect()
            }
        };
        match (self.evaluate.borrow_mut())(&point) {
            Ok(evaluation) => {
                let loss = (self.loss)(&evaluation);
                if corner.is_none() {
                    self.found.borrow_mut().push(evaluation);
                }
                Ok(if loss.is_finite() { loss } else { OUTSIDE })
            }
            Err(error) => {
                *self.stopped.borrow_mut() = Some(error);
                Err(Error::msg("stopped"))
            }
        }
    }
}

/// Looks for a lower loss from the best points of the design on, by the simplex of Nelder and Mead, with at most `plan.polish` new points;
/// returns them in the order in which they were tried.
///
/// # Errors
/// What simulating a point returns.
///
/// # Source
/// Nelder & Mead (1965), *A Simplex Method for Function Minimization*, The Computer Journal 7.
pub fn polish(
    plan: &Plan,
    best: &[Vec<f64>],
    evaluate: &mut Evaluate<'_>,
    loss: &dyn Fn(&Evaluation) -> f64,
) -> Result<Vec<Evaluation>, CalibrationError> {
    let corners = plan.parameters.len() + 1;
    if plan.polish == 0 || best.len() < corners {
        return Ok(Vec::new());
    }
    let ranks = |point: &Vec<f64>| -> Vec<f64> {
        let parameters = plan.parameters.iter().zip(point);
        parameters
            .map(|(parameter, value)| parameter.prior.rank(*value).clamp(EDGE, 1.0 - EDGE))
            .collect()
    };
    let corners: Vec<(Vec<f64>, &Vec<f64>)> = best[..corners]
        .iter()
        .map(|point| (ranks(point), point))
        .collect();
    let simplex: Vec<Vec<f64>> = corners.iter().map(|(ranks, _)| ranks.clone()).collect();
    let search = Search {
        plan,
        evaluate: RefCell::new(evaluate),
        loss,
        found: RefCell::new(Vec::new()),
        stopped: RefCell::new(None),
        left: Cell::new(plan.polish),
        corners,
    };
    let found = {
        // It ends by running out of points, which it takes for an error.
        let run = Executor::new(&search, NelderMead::new(simplex))
            .configure(|state| state.max_iters(u64::from(plan.polish)))
            .run();
        drop(run);
        search.found.take()
    };
    match search.stopped.take() {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

impl CostFunction for &Search<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, ranks: &Vec<f64>) -> Result<f64, Error> {
        Search::cost(self, ranks)
    }
}
