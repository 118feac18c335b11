//! Parameters that are not known well enough for one value: every replica has its own, on streams of their own, so that two scenarios
//! with one seed meet the same.

use super::Scenario;
use crate::random::{Purpose, Streams, entity_of_name, normal, uniform};

/// Parameters of which every replica has its own values.
#[derive(Debug, Clone, Default)]
pub struct Uncertain {
    /// Laws, each of the keys that one draw moves.
    pub factors: Vec<Factor>,
    /// Keys whose values are drawn together.
    pub drawn_keys: Vec<String>,
    /// Equally likely values of them.
    pub draws: Vec<Vec<f64>>,
}

impl Uncertain {
    /// Whether there is anything to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.factors.is_empty() && self.draws.is_empty()
    }
}

/// The law of keys that one draw moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// The keys.
    pub keys: Vec<String>,
    /// How.
    pub law: Law,
}

/// How a value is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// The scenario's value times `exp(sd z)`.
    LogNormal(f64),
    /// The scenario's value plus `sd z`.
    Normal(f64),
    /// Between two values.
    Uniform(f64, f64),
    /// Between two values, evenly in its log.
    LogUniform(f64, f64),
}

impl Law {
    /// As scenarios write it.
    fn name(self) -> &'static str {
        match self {
            Self::LogNormal(_) => "log-normal",
            Self::Normal(_) => "normal",
            Self::Uniform(..) => "uniform",
            Self::LogUniform(..) => "log-uniform",
        }
    }

    /// Whether it moves the scenario's value, and does not replace it.
    pub(super) fn moves(self) -> bool {
        matches!(self, Self::LogNormal(_) | Self::Normal(_))
    }

    /// The value drawn, where the scenario says `base`.
    fn draw(self, base: f64, z: f64, u: f64) -> f64 {
        match self {
            Self::LogNormal(sd) => base * libm::exp(sd * z),
            Self::Normal(sd) => base + sd * z,
            Self::Uniform(low, high) => low + u * (high - low),
            Self::LogUniform(low, high) => low * libm::exp(u * libm::log(high / low)),
        }
    }
}

impl Scenario {
    /// The scenario as one replica has it: its own values in place of those that are uncertain. `None` where nothing is.
    #[must_use]
    pub fn of_replica(&self, replica: u64) -> Option<Self> {
        if self.uncertain.is_empty() {
            return None;
        }
        let streams = Streams::new(self.seed, replica);
        let mut own = self.clone();
        let uncertain = std::mem::take(&mut own.uncertain);
        if !uncertain.draws.is_empty() {
            let draw = uniform(&mut streams.open(Purpose::Uncertain, 0));
            let row = &uncertain.draws[(draw * uncertain.draws.len() as f64) as usize];
            for (key, value) in uncertain.drawn_keys.iter().zip(row) {
                own.adjust(key, |_| *value);
            }
        }
        // What replaces a value comes before what moves it.
        let moves = |factor: &&Factor| factor.law.moves();
        let replacing = uncertain.factors.iter().filter(|factor| !moves(factor));
        for factor in replacing.chain(uncertain.factors.iter().filter(moves)) {
            let name = format!("{} {}", factor.law.name(), factor.keys.join(" "));
            let entity = entity_of_name(&name);
            let mut stream = streams.open(Purpose::Uncertain, entity);
            let (z, u) = (normal(&mut stream), uniform(&mut stream));
            for key in &factor.keys {
                own.adjust(key, |base| factor.law.draw(base, z, u));
            }
        }
        Some(own)
    }

    /// Changes a number, kept inside its range. Keys were checked when the scenario was.
    fn adjust(&mut self, key: &str, change: impl Fn(f64) -> f64) {
        let (low, high) = self.range_of(key);
        for key in self.keys_of(key) {
            let changed = self
                .number(&key)
                .and_then(|base| self.set_number(&key, change(base).clamp(low, high)));
            debug_assert!(changed.is_ok(), "{changed:?}");
        }
    }
}

impl Scenario {
    /// Takes a key out of what replaces its value in each replica; laws that move it stay.
    pub fn fix(&mut self, key: &str) {
        let fixed = self.keys_of(key);
        let mut uncertain = std::mem::take(&mut self.uncertain);
        for factor in uncertain
            .factors
            .iter_mut()
            .filter(|factor| !factor.law.moves())
        {
            let all = |key: &String, scenario: &mut Self| scenario.keys_of(key);
            let touched = |key: &String, scenario: &mut Self| {
                all(key, scenario).iter().any(|key| fixed.contains(key))
            };
            if factor.keys.iter().any(|key| touched(key, self)) {
                let every = factor.keys.iter().flat_map(|key| all(key, self));
                factor.keys = every.filter(|key| !fixed.contains(key)).collect();
            }
        }
        uncertain.factors.retain(|factor| !factor.keys.is_empty());
        self.uncertain = uncertain;
    }
}
