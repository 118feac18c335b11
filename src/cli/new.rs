//! `hashdrift new`: a commented scenario to start from.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use super::Common;

/// The smallest instructive scenario, as shipped.
const TEMPLATE: &str = include_str!("../../scenarios/three-regions.toml");

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// File to write; `-` is standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn new(arguments: &Arguments, common: &Common) -> anyhow::Result<()> {
    if arguments.file.as_os_str() == "-" {
        return Ok(io::stdout().write_all(TEMPLATE.as_bytes())?);
    }
    // `create_new` refuses to touch a file that exists.
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&arguments.file)
        .and_then(|mut file| file.write_all(TEMPLATE.as_bytes()));
    written.map_err(|error| {
        let file = arguments.file.display();
        if error.kind() == io::ErrorKind::AlreadyExists {
            let next = "choose another name, or `-` for standard output";
            return anyhow::Error::new(error)
                .context(format!("cannot write {file}, which exists; {next}"));
        }
        anyhow::Error::new(error).context(format!("cannot write {file}"))
    })?;
    if !common.quiet {
        let file = arguments.file.display();
        writeln!(io::stdout(), "{file}\nnext: hashdrift run {file}")?;
    }
    Ok(())
}
