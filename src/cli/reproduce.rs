//! `hashdrift reproduce`: the same again, and the digests compared.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use hashdrift::ensemble::EnsembleError;
use hashdrift::output::sweep::{PlanFile, SweepMetadata, merge, read_sweep_metadata};
use hashdrift::output::{
    Kind, OutputError, TableDigest, digest_file, digest_tables, read_metadata,
};

use super::interrupt::{FolderInCare, Interrupt, stop_on_interrupt};
use super::run::{parse_bytes, simulate};
use super::sweep::{Computed, compute_all};
use super::{Common, backtest, restored, stress, trajectories, warn};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A metadata file, or the results folder that holds it
    #[arg(value_name = "METADATA")]
    file: PathBuf,
    /// Refuse to use more memory than this
    #[arg(long, value_name = "SIZE", default_value = "8GiB", value_parser = parse_bytes)]
    max_memory: u64,
}

pub fn reproduce(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    if let Some(metadata) = read_sweep_metadata(&arguments.file) {
        return reproduce_sweep(arguments, &metadata, common);
    }
    let metadata = read_metadata(&arguments.file)?;
    if metadata.model_version != hashdrift::MODEL_VERSION {
        warn(&format!(
            "the results come from model version {}, this is {}: they are expected to differ; use hashdrift {}",
            metadata.model_version,
            hashdrift::MODEL_VERSION,
            metadata.version
        ));
    }
    let scenario = restored(&metadata.scenario)?;
    if scenario.seed != metadata.seed || scenario.replicas != metadata.replicas {
        bail!(
            "the metadata file says seed {} and {} replicas, its scenario {} and {}; the file was changed",
            metadata.seed,
            metadata.replicas,
            scenario.seed,
            scenario.replicas
        );
    }
    if metadata.tables.is_empty() {
        bail!("the metadata file lists no tables, so there is nothing to compare");
    }
    let care = FolderInCare::default();
    let stop = stop_on_interrupt(&care, Interrupt::InOrder);
    let tables = match metadata.kind {
        Kind::Run => {
            let ensemble = simulate(&scenario, arguments.max_memory, &stop, common.quiet)?;
            digest_tables(&scenario, &ensemble, metadata.keep_replicas)?
        }
        Kind::Stress => {
            let Some(options) = metadata.stress else {
                bail!(
                    "the metadata file does not say what was asked of the stress test; the file was changed"
                );
            };
            let others = options.with.iter().map(restored);
            let others = others.collect::<anyhow::Result<Vec<_>>>()?;
            let folder = make_temporary(&care)?;
            stress::again(scenario, others, options, &folder, &stop, common.quiet)?
        }
        Kind::Trajectories => {
            let Some(options) = metadata.trajectories else {
                bail!(
                    "the metadata file does not say what was asked of the trajectories; the file was changed"
                );
            };
            let past = options.past.as_ref().map(restored).transpose()?;
            let folder = make_temporary(&care)?;
            trajectories::again(scenario, past, options, &folder, &stop, common.quiet)?
        }
        Kind::Backtest => backtest::again(&scenario, &make_temporary(&care)?, &stop, common.quiet)?,
    };
    compare(&arguments.file, &metadata.tables, &tables)
}

/// A folder that is not kept, so it is removed however this ends.
fn make_temporary(care: &FolderInCare) -> Result<PathBuf, OutputError> {
    let name = format!("hashdrift-reproduce-{}", std::process::id());
    care.make(&std::env::temp_dir().join(name), false)
}

/// A sweep, computed again in a folder that is removed after.
fn reproduce_sweep(
    arguments: &Arguments,
    metadata: &SweepMetadata,
    common: &Common,
) -> anyhow::Result<()> {
    if metadata.missing > 0 {
        bail!(
            "the results were made without {} of {} points; merge them all first",
            metadata.missing,
            metadata.points
        );
    }
    let care = FolderInCare::default();
    let stop = stop_on_interrupt(&care, Interrupt::AfterPoints);
    let again = make_temporary(&care)?;
    let file = PlanFile::new(metadata.plan.clone(), 1);
    file.write(&again)?;
    // As whoever reads it in a folder does: it has to be of this version, and unchanged.
    let file = PlanFile::read(&again)?;
    let tables = match compute_all(&again, &file, &stop, arguments.max_memory, common)? {
        Computed::All => merge(&again, &file, &[], None)?.tables,
        Computed::Stopped { .. } => return Err(EnsembleError::Interrupted.into()),
    };
    compare(&arguments.file, &metadata.tables, &tables)
}

/// Says of each table whether the same came out again, and whether its file is still that.
fn compare(file: &Path, before: &[TableDigest], again: &[TableDigest]) -> anyhow::Result<()> {
    let folder = if file.is_dir() {
        file
    } else {
        file.parent().unwrap_or(Path::new(""))
    };
    let mut out = io::stdout().lock();
    let mut differ = Vec::new();
    for before in before {
        let again = again.iter().find(|table| table.file == before.file);
        let mut verdict = match again {
            Some(table) if table.sha256 == before.sha256 => "same bytes".to_owned(),
            Some(_) => {
                differ.push(before.file.as_str());
                "DIFFERS".to_owned()
            }
            None => "not made by this build".to_owned(),
        };
        // A metadata file may be kept without its tables; those that are there have to be the ones it describes.
        let path = folder.join(&before.file);
        if !path.exists() {
            verdict.push_str("; the file itself is not there");
        } else if digest_file(&path)?.1 != before.sha256 {
            verdict.push_str("; THE FILE WAS CHANGED since");
            differ.push(before.file.as_str());
        }
        writeln!(out, "{} {verdict}", before.file)?;
    }
    if !differ.is_empty() {
        differ.dedup();
        bail!("not the same bytes: {}", differ.join(", "));
    }
    Ok(())
}
