//! What a sweep of the scenario varies.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// What a sweep varies, and how.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// What is varied. `--axis` adds to them, and takes the place of one that sets the same key.
    #[serde(default)]
    pub axes: Vec<SweepAxis>,
    /// How points are made of the axes that are not levers.
    #[serde(default)]
    pub design: Design,
    /// Points of a design that is drawn (`monte-carlo`, `latin-hypercube`, `sobol`), before they are crossed with the levers.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub points: Option<u32>,
    /// Replicas of a point; with `until`, of its first batch. Without it, the scenario's.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub replicas: Option<u32>,
    /// Draws more replicas of a point until a standard error is small enough.
    pub until: Option<Until>,
    /// Whether all points meet the same luck, so that their differences are not luck, or each its own.
    #[serde(default)]
    pub random_numbers: RandomNumbers,
    /// Quantities in the results, as `LEVEL/NAME/METRIC` with `*` for any (`region/*/share`), or a metric alone. Without any, all.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Dates in the results: days, or `first`, `last`, `all` of those on which the scenario records. Without any, the last.
    #[serde(default)]
    pub dates: Vec<String>,
}

/// One thing that is varied: keys that move together, or cases.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepAxis {
    /// Name of its column. Without it, the first key.
    pub name: Option<String>,
    /// Whether it is something that somebody chooses (a lever), or does not know.
    #[serde(default)]
    pub role: Role,
    /// Keys and their values, which move together: a list, or a text as for `--axis` (`40:120:5`, `x0.5..x2`).
    #[serde(default)]
    pub set: Changes<Values>,
    /// In place of `set`: cases by name, each with the keys that it sets.
    #[serde(default)]
    pub cases: Cases,
}

/// Whether an axis is chosen or unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Nobody knows it: the design says how it is varied.
    #[default]
    Uncertainty,
    /// Somebody chooses it: each of its levels meets all that is uncertain.
    Lever,
}

/// How points are made of axes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Every level of every axis with every level of the others; the last axis runs fastest.
    #[default]
    Factorial,
    /// The first levels of all axes, then the second ones, and so on.
    Zip,
    /// Points drawn independently.
    MonteCarlo,
    /// As many cells as points on every axis, each with one point.
    LatinHypercube,
    /// A scrambled Sobol sequence.
    Sobol,
}

impl Design {
    /// Its name in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Factorial => "factorial",
            Self::Zip => "zip",
            Self::MonteCarlo => "Monte Carlo",
            Self::LatinHypercube => "Latin hypercube",
            Self::Sobol => "Sobol",
        }
    }

    /// Whether points are drawn rather than listed.
    #[must_use]
    pub const fn is_drawn(self) -> bool {
        matches!(self, Self::MonteCarlo | Self::LatinHypercube | Self::Sobol)
    }
}

/// What luck the points of a sweep meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RandomNumbers {
    /// All the same.
    #[default]
    Common,
    /// Each its own.
    Independent,
}

/// When there are enough replicas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// The quantity, as `LEVEL/NAME/METRIC`: its mean on the last of the dates.
    pub metric: String,
    /// Standard error that is small enough, in the unit of the metric.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub se: f64,
    /// Most replicas of a point.
    #[serde(default = "ten_thousand")]
    #[schemars(range(min = 2, max = 10_000_000))]
    pub most: u32,
}

fn ten_thousand() -> u32 {
    10_000
}

/// Values by key path.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Changes<T>(pub IndexMap<String, T>);

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<T> JsonSchema for Changes<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Changes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Its keys are paths of the scenario's keys, which the sweep looks at.
        json_schema!({
            "type": "object",
            "description": "What the key is set to.",
            "additionalProperties": {},
            "x-paths": true
        })
    }
}

/// Cases by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Cases(pub IndexMap<String, Changes<Value>>);

impl JsonSchema for Cases {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cases".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let case = Changes::<Value>::json_schema(generator);
        json_schema!({ "type": "object", "additionalProperties": case })
    }
}

/// The levels of a key.
#[derive(Debug, Clone)]
pub enum Values {
    /// As for `--axis`.
    Text(String),
    /// Values as TOML.
    List(Vec<Value>),
}

/// A value as TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(pub String);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        Ok(Self(value.to_string()))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Self::Text(text),
            toml::Value::Array(values) => {
                let values = values.iter().map(|value| Value(value.to_string()));
                Self::List(values.collect())
            }
            other => Self::List(vec![Value(other.to_string())]),
        })
    }
}
