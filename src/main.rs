//! The `hashdrift` program: prints what went wrong and chooses the exit code; the rest is in `cli`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
