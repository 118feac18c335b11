//! `hashdrift reproduce`: the same again, and the digests compared.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use hashdrift::output::{digest_tables, read_metadata};
use hashdrift::scenario::{LoadError, parse_scenario};

use super::run::{parse_bytes, simulate};
use super::{Common, warn};

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
    let metadata = read_metadata(&arguments.file)?;
    if metadata.model_version != hashdrift::MODEL_VERSION {
        warn(&format!(
            "the results come from model version {}, this is {}: they are expected to differ; use hashdrift {}",
            metadata.model_version,
            hashdrift::MODEL_VERSION,
            metadata.version
        ));
    }
    let text = &metadata.scenario;
    let scenario = parse_scenario(&text.file, &text.text, &text.overrides, &text.inputs)
        .map_err(LoadError::Refused)?;
    if scenario.source.digest() != text.sha256 {
        bail!(
            "the scenario in the metadata file does not have the digest written beside it; the file was changed"
        );
    }
    let ensemble = simulate(&scenario, arguments.max_memory, common.quiet)?;
    let tables = digest_tables(&scenario, &ensemble, metadata.keep_replicas)?;
    let mut out = io::stdout().lock();
    let mut differ = Vec::new();
    for before in &metadata.tables {
        let verdict = match tables.iter().find(|table| table.file == before.file) {
            Some(table) if table.sha256 == before.sha256 => "same bytes",
            Some(_) => {
                differ.push(before.file.as_str());
                "DIFFERS"
            }
            None => "not made by this build",
        };
        writeln!(out, "{} {verdict}", before.file)?;
    }
    if !differ.is_empty() {
        bail!("{} came out with other bytes", differ.join(", "));
    }
    Ok(())
}
