//! `hashdrift check`: validates and runs nothing.

use std::io::{self, Write};

use hashdrift::ensemble::{bytes_for_people, memory_needed};
use hashdrift::scenario::{LoadError, TypedAxes, axes_of};

use super::{Common, ScenarioArguments};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
}

pub fn check(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    let scenario = arguments.scenario.load(None, common.quiet)?;
    // The axes of a sweep are keys of this scenario, or of none.
    axes_of(&scenario, &TypedAxes::default()).map_err(LoadError::Refused)?;
    if !common.quiet {
        let memory = memory_needed(&scenario, rayon::current_num_threads());
        writeln!(
            io::stdout(),
            "{}: ok ({} regions, {} firms, {} days, {} replicas, about {} of memory)",
            arguments.scenario.file.display(),
            scenario.regions.len(),
            u64::from(scenario.firms.count) + scenario.firms.named.len() as u64,
            scenario.days,
            scenario.replicas,
            bytes_for_people(memory),
        )?;
    }
    Ok(())
}
