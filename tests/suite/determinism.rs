//! The same scenario and seed give the same bytes: at any number of threads, with and without fused
//! multiply-add, in debug and release builds.

use std::path::Path;
use std::process::Command;

use hashdrift::output::read_metadata;

/// Each shipped scenario, small enough for a debug build, and the digest of its quantiles.
///
/// The digests are the same in debug and release builds because both are compared with them here. They
/// change when results change, which is a breaking change: see CHANGELOG.md.
const PINNED: [(&str, &[&str], &str); 3] = [
    (
        "core",
        &["days=400", "firms.count=150"],
        "28c3bf4a9b39afaf1f23e044876bb6a587464bebd7feceda129cd69426921812",
    ),
    (
        "three-regions",
        &["days=300"],
        "5532a3ff451685b52cfe5f36ce07c76b26997f6f6c8a7ee72991d7e93dde7152",
    ),
    (
        "global-south",
        &["days=200"],
        "62c10b9857974fa1a5647efc1905dc13df862d313c0d2dc59a5dbfbc93786ff0",
    ),
];

/// Digests of all tables of a small run of a shipped scenario in a process of its own.
fn digests(name: &str, changes: &[&str], threads: &str, tunables: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let out = folder.path().join("results");
    let status = Command::new(env!("CARGO_BIN_EXE_hashdrift"))
        .arg("run")
        .arg(root.join(format!("scenarios/{name}.toml")))
        .args(["--replicas", "24", "--keep-replicas", "-q", "--json"])
        .args(["--threads", threads])
        .args(changes.iter().flat_map(|change| ["--set", change]))
        .arg("--out")
        .arg(&out)
        .env("GLIBC_TUNABLES", tunables)
        .stdout(std::process::Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success());
    let metadata = read_metadata(&out).expect("a run leaves metadata");
    metadata
        .tables
        .into_iter()
        .map(|table| (table.file, table.sha256))
        .collect()
}

#[test]
fn threads_and_fused_multiply_add_change_no_byte_and_every_build_gives_the_pinned_digests() {
    const WITHOUT_FMA: &str = "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4";
    for (name, changes, pinned) in PINNED {
        let one = digests(name, changes, "1", "");
        assert!(one.len() >= 3, "{name}: {one:?}");
        for (threads, tunables) in [("2", ""), ("8", ""), ("2", WITHOUT_FMA)] {
            let other = digests(name, changes, threads, tunables);
            assert_eq!(one, other, "{name}: {threads} threads, `{tunables}`");
        }
        let quantiles = one.iter().find(|(file, _)| file == "quantiles.csv");
        let digest = quantiles.map(|(_, digest)| digest.as_str());
        assert_eq!(digest, Some(pinned), "{name}: results have changed");
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    let with = |seed| digests("core", &["days=30", "firms.count=20", seed], "2", "");
    assert_ne!(with("seed=1"), with("seed=2"));
}
