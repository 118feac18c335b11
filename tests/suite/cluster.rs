//! Sweeps spread by real schedulers, with a worker killed on the way: the scripts in `tests/cluster`.

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// What a script ends with where its scheduler is not on this machine.
const MISSING: i32 = 77;

/// With this variable set, nothing may be skipped.
const NO_SKIPS: &str = "HASHDRIFT_NO_SKIPS";

/// Says that something was skipped: tests that pass have what `eprintln!` writes thrown away.
pub fn say_aloud(what: &str) {
    writeln!(std::io::stderr().lock(), "SKIPPED: {what}").expect("standard error takes it");
}

/// Runs a test that needs tools besides Rust; says aloud that it is skipped where they are missing.
pub fn passes_or_is_skipped(command: &mut Command, name: &str) {
    let skip = |why: &str| {
        assert!(
            std::env::var_os(NO_SKIPS).is_none(),
            "{name} may not be skipped: {why}"
        );
        say_aloud(&format!("{name}: {why}"));
    };
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return skip(&format!("{}: {error}", command.get_program().display())),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(MISSING) {
        return skip(complained.trim());
    }
    assert!(
        output.status.success(),
        "{}\n{said}\n{complained}",
        output.status
    );
}

#[cfg(target_os = "linux")]
fn passes(name: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cluster")
        .join(name);
    let mut command = Command::new(script);
    command.env("HASHDRIFT", env!("CARGO_BIN_EXE_hashdrift"));
    passes_or_is_skipped(&mut command, &format!("tests/cluster/{name}"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_slurm_array_that_loses_a_worker_gives_the_bytes_of_one_machine() {
    passes("slurm");
}

#[cfg(target_os = "linux")]
#[test]
fn a_dask_cluster_that_loses_a_worker_gives_the_bytes_of_one_machine() {
    passes("dask");
}
