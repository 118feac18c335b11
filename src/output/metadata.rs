//! The metadata file beside the tables: what ran, on what, and the digests of what came out.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{OutputError, write_json};
use crate::ensemble::Ensemble;
use crate::scenario::{Axis, Scenario, Source, warnings};

/// Name of the metadata file in a results folder.
pub const METADATA_FILE: &str = "metadata.json";

/// What results are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A run. Metadata files that do not say it are from when there was nothing else.
    #[default]
    Run,
    /// A stress test.
    Stress,
    /// A backtest.
    Backtest,
    /// Trajectories of mining and AI.
    Trajectories,
}

/// Enough to run again what was run, and to tell whether the same came out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Metadata {
    /// What it describes.
    #[serde(default)]
    pub kind: Kind,
    /// `hashdrift`.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// Commit that it was built from, if known.
    pub commit: Option<String>,
    /// Version of the model: changes when the same input gives other results.
    pub model_version: u32,
    /// Command line.
    pub command: Vec<String>,
    /// When the run began, UTC.
    pub started: String,
    /// How long it took, seconds.
    pub elapsed_seconds: f64,
    /// Threads used; results do not depend on them.
    pub threads: usize,
    /// Seed, overrides applied.
    pub seed: u64,
    /// Replicas, overrides applied; of a stress test, pairs of twins for each case.
    pub replicas: u32,
    /// Whether every replica was written.
    pub keep_replicas: bool,
    /// Warnings shown.
    pub warnings: Vec<String>,
    /// The scenario.
    pub scenario: ScenarioText,
    /// What was asked of a stress test, and of nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress: Option<StressOptions>,
    /// What was asked of trajectories, and of nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trajectories: Option<TrajectoriesOptions>,
    /// The files written, but for the metadata itself.
    pub tables: Vec<TableDigest>,
}

/// What was asked of a stress test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressOptions {
    /// Day on which each region is lost; it does not matter where there are scenarios to compare with.
    pub at: u32,
    /// Yearly rate of a ban in every country, where all are threatened alike.
    pub hazard: f64,
    /// Simulated years for each network and threat; there are none where there are scenarios to compare with.
    pub years: u32,
    /// The scenarios to compare with, as they were read; without any, each region is lost.
    pub with: Vec<ScenarioText>,
}

/// What was asked of trajectories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrajectoriesOptions {
    /// Mining before, as it was read.
    pub past: Option<ScenarioText>,
    /// What is varied, one axis at a time.
    pub axes: Vec<Axis>,
    /// Files that only levels of the axes name, with their text.
    pub inputs: Vec<(String, String)>,
}

/// The scenario as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioText {
    /// Its name.
    pub name: String,
    /// File that it was read from.
    pub file: String,
    /// Digest over text, overrides and inputs.
    pub sha256: String,
    /// Overrides, `KEY=VALUE`.
    pub overrides: Vec<String>,
    /// Its text.
    pub text: String,
    /// Files that it names, with their text.
    pub inputs: Vec<(String, String)>,
}

impl ScenarioText {
    /// The texts of a scenario.
    #[must_use]
    pub fn new(name: &str, source: &Source) -> Self {
        Self {
            name: name.to_owned(),
            file: source.file.clone(),
            sha256: source.digest(),
            overrides: source.overrides.clone(),
            text: source.text.clone(),
            inputs: source.inputs.clone(),
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// Its name in the results folder.
    pub file: String,
    /// Rows without the header; 0 for what is no table.
    pub rows: u64,
    /// Size.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// How a run came about, as its program knows.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// Command line.
    pub command: Vec<String>,
    /// Commit that the program was built from, if known.
    pub commit: Option<String>,
    /// When the run began, UTC.
    pub started: String,
    /// How long it took, seconds.
    pub elapsed_seconds: f64,
    /// Threads used.
    pub threads: usize,
    /// Whether every replica was written.
    pub keep_replicas: bool,
}

impl Metadata {
    /// Describes a run.
    #[must_use]
    pub fn of(
        scenario: &Scenario,
        ensemble: &Ensemble,
        circumstances: Circumstances,
        tables: Vec<TableDigest>,
    ) -> Self {
        let mut metadata = Self::of_kind(Kind::Run, scenario, circumstances, tables);
        metadata.warnings.extend(ensemble.warning());
        metadata
    }

    /// Describes a stress test; `warnings` are those that came up besides the scenario's.
    #[must_use]
    pub fn of_stress(
        scenario: &Scenario,
        options: StressOptions,
        warnings: Vec<String>,
        circumstances: Circumstances,
        tables: Vec<TableDigest>,
    ) -> Self {
        let mut metadata = Self::of_kind(Kind::Stress, scenario, circumstances, tables);
        metadata.stress = Some(options);
        metadata.warnings.extend(warnings);
        metadata
    }

    /// Describes trajectories; `warnings` are those that came up besides the scenario's.
    #[must_use]
    pub fn of_trajectories(
        scenario: &Scenario,
        options: TrajectoriesOptions,
        warnings: Vec<String>,
        circumstances: Circumstances,
        tables: Vec<TableDigest>,
    ) -> Self {
        let mut metadata = Self::of_kind(Kind::Trajectories, scenario, circumstances, tables);
        metadata.trajectories = Some(options);
        metadata.warnings.extend(warnings);
        metadata
    }

    /// Describes a backtest.
    #[must_use]
    pub fn of_backtest(
        scenario: &Scenario,
        circumstances: Circumstances,
        tables: Vec<TableDigest>,
    ) -> Self {
        Self::of_kind(Kind::Backtest, scenario, circumstances, tables)
    }

    fn of_kind(
        kind: Kind,
        scenario: &Scenario,
        circumstances: Circumstances,
        tables: Vec<TableDigest>,
    ) -> Self {
        let of_scenario = warnings(scenario)
            .into_iter()
            .map(|warning| warning.to_string());
        Self {
            kind,
            program: "hashdrift".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: circumstances.commit,
            model_version: crate::MODEL_VERSION,
            command: circumstances.command,
            started: circumstances.started,
            elapsed_seconds: circumstances.elapsed_seconds,
            threads: circumstances.threads,
            seed: scenario.seed,
            replicas: scenario.replicas,
            keep_replicas: circumstances.keep_replicas,
            warnings: of_scenario.collect(),
            scenario: ScenarioText::new(&scenario.name, &scenario.source),
            stress: None,
            trajectories: None,
            tables,
        }
    }

    /// Writes the metadata file into `folder`.
    ///
    /// # Errors
    /// [`OutputError`] if it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), OutputError> {
        write_json(self, &folder.join(METADATA_FILE))
    }
}

/// Reads a metadata file, or that of a results folder.
///
/// # Errors
/// [`OutputError`] if it cannot be read or is not a metadata file.
pub fn read_metadata(path: &Path) -> Result<Metadata, OutputError> {
    let path = if path.is_dir() {
        path.join(METADATA_FILE)
    } else {
        path.to_owned()
    };
    let fail = |source| OutputError::new("cannot read", &path, source);
    let text = std::fs::read_to_string(&path).map_err(fail)?;
    serde_json::from_str(&text)
        .map_err(|error| OutputError::new("this is not a metadata file:", &path, error.into()))
}
