//! `plan.json`: what is swept, in how many parts.

use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{OutputError, write_json};
use crate::sweep::Plan;

/// Name of the plan in the folder of a sweep.
pub const PLAN_FILE: &str = "plan.json";

/// A plan in a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// SHA-256 over the plan.
    pub digest: String,
    /// Number of points.
    pub points: u32,
    /// Parts in which they are computed.
    pub shards: u32,
    /// The plan.
    pub plan: Plan,
}

impl PlanFile {
    /// A plan in `shards` parts.
    #[must_use]
    pub fn new(plan: Plan, shards: u32) -> Self {
        Self {
            digest: plan.digest(),
            points: plan.points,
            shards: shards.clamp(1, plan.points),
            plan,
        }
    }

    /// The points of a shard: contiguous, and as many as those of any other, or one more.
    #[must_use]
    pub fn range(&self, shard: u32) -> Range<u32> {
        let at = |shard: u32| {
            (u64::from(self.points) * u64::from(shard) / u64::from(self.shards)) as u32
        };
        at(shard)..at(shard + 1)
    }

    /// Writes the plan into `folder`.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), OutputError> {
        write_json(self, &folder.join(PLAN_FILE))
    }

    /// Reads the plan in `folder`.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be read, was changed, or belongs to another version of the program.
    pub fn read(folder: &Path) -> Result<Self, OutputError> {
        let path = folder.join(PLAN_FILE);
        let fail = |source| OutputError::new("cannot read the plan", &path, source);
        let other = |text: String| fail(std::io::Error::other(text));
        let text = std::fs::read_to_string(&path).map_err(fail)?;
        let file: Self = serde_json::from_str(&text)
            .map_err(|error| other(format!("it is no plan of a sweep ({error})")))?;
        let plan = &file.plan;
        if plan.version != env!("CARGO_PKG_VERSION") || plan.model_version != crate::MODEL_VERSION {
            return Err(other(format!(
                "it was made by hashdrift {} (model {}), and this is {} (model {}); use that one, or plan anew",
                plan.version,
                plan.model_version,
                env!("CARGO_PKG_VERSION"),
                crate::MODEL_VERSION
            )));
        }
        let sound = file.digest == plan.digest()
            && file.points == plan.points
            && (1..=plan.points).contains(&file.shards)
            && plan.is_sound();
        if !sound {
            return Err(other(
                "it was changed since it was made; plan the sweep anew".into(),
            ));
        }
        Ok(file)
    }
}
