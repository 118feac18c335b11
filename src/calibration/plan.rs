//! What is fitted to what: the file of a calibration.

use serde::Deserialize;

use crate::random::{
    MOST_SOBOL_DIMENSIONS, MOST_SOBOL_POINTS, sobol, standard_normal_cdf, standard_normal_quantile,
};

/// What is fitted, to which episodes, and how hard.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Name shown in tables.
    pub name: String,
    /// Scenario files with an `[observed]` part, relative to this file.
    pub episodes: Vec<String>,
    /// Points of the design.
    #[serde(default = "points")]
    pub points: u32,
    /// Replicas of each episode at a point.
    #[serde(default = "replicas")]
    pub replicas: u32,
    /// Part of the points that the posterior takes.
    #[serde(default = "accepted")]
    pub accepted: f64,
    /// Points that the search for the lowest score may add.
    #[serde(default = "polish")]
    pub polish: u32,
    /// Seed of the episodes' luck, which is the same at every point, and of the design.
    #[serde(default = "seed")]
    pub seed: u64,
    /// What is fitted.
    pub parameters: Vec<Parameter>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The key that it sets; `regions.*.` stands for every region that has it.
    pub key: String,
    /// What was thought of it before.
    pub prior: Prior,
    /// Why this prior.
    pub why: String,
    /// Episodes that keep their own value, by file name without its ending.
    #[serde(default)]
    pub except: Vec<String>,
}

/// What was thought of a parameter before.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Prior {
    /// Anywhere between two values.
    Uniform {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Anywhere between two values, evenly in its log.
    LogUniform {
        /// Lowest, above 0.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Near a value: a ridge that holds what the data say little of.
    Normal {
        /// The value.
        mean: f64,
        /// How near.
        sd: f64,
    },
}

impl Prior {
    /// The value below which the prior has the part `u` of its weight, `0 < u < 1`.
    #[must_use]
    pub fn quantile(self, u: f64) -> f64 {
        match self {
            Self::Uniform { low, high } => low + u * (high - low),
            Self::LogUniform { low, high } => low * libm::exp(u * libm::log(high / low)),
            Self::Normal { mean, sd } => mean + sd * standard_normal_quantile(u),
        }
    }

    /// The part of the prior's weight below a value.
    #[must_use]
    pub fn rank(self, value: f64) -> f64 {
        match self {
            Self::Uniform { low, high } => (value - low) / (high - low),
            Self::LogUniform { low, high } => libm::log(value / low) / libm::log(high / low),
            Self::Normal { mean, sd } => standard_normal_cdf((value - mean) / sd),
        }
    }

    fn is_proper(self) -> bool {
        match self {
            Self::Uniform { low, high } => low < high && low.is_finite() && high.is_finite(),
            Self::LogUniform { low, high } => 0.0 < low && low < high && high.is_finite(),
            Self::Normal { mean, sd } => mean.is_finite() && sd > 0.0 && sd.is_finite(),
        }
    }
}

/// A plan that makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(String);

impl Plan {
    /// Whether the plan makes sense by itself.
    ///
    /// # Errors
    /// The first rule that it breaks, and what to do.
    pub fn check(&self) -> Result<(), PlanError> {
        let wrong = |text: String| Err(PlanError(text));
        if self.episodes.is_empty() || self.parameters.is_empty() {
            return wrong(
                "there is nothing to fit\nname at least one episode and one parameter".into(),
            );
        }
        if self.parameters.len() > MOST_SOBOL_DIMENSIONS {
            return wrong(format!(
                "there are {} parameters; at most {MOST_SOBOL_DIMENSIONS} can be drawn",
                self.parameters.len()
            ));
        }
        if !(1..=MOST_SOBOL_POINTS).contains(&self.points) {
            return wrong(format!(
                "points = {}: it must be between 1 and {MOST_SOBOL_POINTS}",
                self.points
            ));
        }
        if self.replicas < 2 {
            return wrong(format!(
                "replicas = {}: a score takes at least 2",
                self.replicas
            ));
        }
        if !(self.accepted > 0.0 && self.accepted <= 1.0) {
            return wrong(format!(
                "accepted = {}: it must be above 0 and at most 1",
                self.accepted
            ));
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            if !parameter.prior.is_proper() {
                return wrong(format!(
                    "parameters.{index}.prior of `{}` is no law\nput the lower value first (above 0 in logs), and sd above 0",
                    parameter.key
                ));
            }
            if self.parameters[..index]
                .iter()
                .any(|other| other.key == parameter.key)
            {
                return wrong(format!(
                    "`{}` is fitted twice\nkeep one of the two",
                    parameter.key
                ));
            }
        }
        Ok(())
    }

    /// Points of the design, from the priors: a scrambled Sobol sequence.
    #[must_use]
    pub fn design(&self) -> Vec<Vec<f64>> {
        (0..self.points)
            .map(|index| {
                let parameters = self.parameters.iter().zip(0_u32..);
                parameters
                    .map(|(parameter, dimension)| {
                        parameter.prior.quantile(sobol(self.seed, index, dimension))
                    })
                    .collect()
            })
            .collect()
    }
}

fn points() -> u32 {
    256
}
fn replicas() -> u32 {
    32
}
fn accepted() -> f64 {
    0.1
}
fn polish() -> u32 {
    0
}
fn seed() -> u64 {
    1
}
