//! A sweep that is stopped, killed, damaged or without room goes on, and comes to the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hashdrift::random::{Purpose, Streams, uniform};
use rand::Rng;

use crate::cli::{Place, interrupt, stderr};
use crate::cluster::say_aloud;
use crate::sweep_files::{LONG, files, kill, parts, place, same, stopped, undisturbed, with_axes};

/// How many times sweeps are killed: 50, or as many as `HASHDRIFT_KILLS` says.
fn kills() -> u32 {
    let told = std::env::var("HASHDRIFT_KILLS").ok();
    told.map_or(50, |text| {
        text.parse().expect("HASHDRIFT_KILLS is a number")
    })
}

#[test]
fn killed_at_any_moment_a_sweep_goes_on_and_comes_to_the_same_bytes() {
    let place = place();
    let calm = undisturbed(&place);
    let mut random = Streams::new(1, 0).open(Purpose::Review, 0);
    let wanted = kills();
    let mut killed = 0;
    let mut sweep = 0;
    let mut resumed_with_points = 0;
    while killed < wanted {
        sweep += 1;
        let folder = format!("killed-{sweep}");
        let begin = with_axes(&["sweep", "run", "small.toml", "--out", &folder], &[]);
        let mut begun = false;
        loop {
            let resume = ["sweep", "run", "--resume", &folder];
            let arguments: &[&str] = if begun { &resume } else { &begin };
            let mut child = place
                .command(arguments)
                .args(["--threads", "2"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            std::thread::sleep(Duration::from_secs_f64(0.12 * uniform(&mut random)));
            let ended = child.try_wait().expect("it can be asked");
            if let Some(status) = ended {
                assert!(status.success(), "{arguments:?}");
                break;
            }
            kill(child);
            killed += 1;
            // Killed before it had a plan, there is nothing to go on with.
            begun = place.path(&folder).join("plan.json").exists();
            if !begun {
                let _ = fs::remove_dir_all(place.path(&folder));
            }
            let journals = fs::read_dir(place.path(&folder).join("journal"));
            resumed_with_points +=
                u32::from(journals.is_ok_and(|mut found| found.next().is_some()));
        }
        same(&place, &folder, &calm);
    }
    assert!(killed >= wanted && resumed_with_points > wanted / 10);
}

#[test]
fn damage_to_what_was_kept_is_seen_and_computed_again() {
    let place = place();
    let run = ["sweep", "run", "small.toml", "--out", "calm", "-q"];
    place.ok(&with_axes(&run, &LONG));
    let calm = files(&place.path("calm"));
    stopped(&place, "whole");
    let mut random = Streams::new(2, 0).open(Purpose::Review, 0);
    for round in 0..12 {
        let folder = format!("damaged-{round}");
        copy(&place.path("whole"), &place.path(&folder));
        let mut kept = parts(place.path(&folder).join("journal"));
        kept.extend(parts(place.path(&folder).join("shards")));
        for path in &kept {
            let mut bytes = fs::read(path).expect("it can be read");
            let at = (uniform(&mut random) * bytes.len() as f64) as usize;
            if round % 2 == 0 {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << (random.next_u64() % 8);
            }
            fs::write(path, bytes).expect("it can be written");
        }
        // A damaged shard counts as missing.
        assert_eq!(
            place.ok(&["sweep", "status", &folder, "--missing"]),
            "0-1\n"
        );
        place.fails(2, &["sweep", "merge", &folder]);
        place.ok(&["sweep", "run", "--resume", &folder, "-q"]);
        same(&place, &folder, &calm);
    }
    // What damaged lines are told as.
    copy(&place.path("whole"), &place.path("told"));
    let journal = &parts(place.path("told/journal"))[0];
    let mut bytes = fs::read(journal).expect("it can be read");
    let second = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("there are lines")
        + 1;
    bytes[second] ^= 1;
    fs::write(journal, bytes).expect("it can be written");
    let output = place.run(&["sweep", "worker", "told", "--shard", "1"]);
    assert!(output.status.success());
    assert!(
        stderr(&output)
            .contains("damaged lines in the journal: 1; their points are computed again"),
        "{}",
        stderr(&output)
    );
    // A plan that was changed is no plan.
    let plan = fs::read_to_string(place.path("told/plan.json")).expect("it can be read");
    fs::write(
        place.path("told/plan.json"),
        plan.replace("\"seed\": 1", "\"seed\": 2"),
    )
    .expect("it can be written");
    assert!(
        place
            .fails(74, &["sweep", "merge", "told"])
            .contains("it was changed since it was made; plan the sweep anew")
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for path in parts(from.to_owned()) {
        let target = to.join(path.file_name().expect("it has one"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("it can be copied");
        }
    }
}

#[test]
fn ctrl_c_finishes_the_points_under_way_and_says_how_to_go_on() {
    let place = place();
    let begin = with_axes(&["sweep", "run", "small.toml", "--out", "stopped"], &[]);
    let child = place
        .command(&begin)
        // Long enough to be met in the middle.
        .args(["--replicas", "2000", "--threads", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let journal = place.path("stopped/journal");
    while !journal.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(&child);
    let output = child.wait_with_output().expect("it ends");
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(
        text.contains("stopping: finishing the points under way"),
        "{text}"
    );
    let last = text.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("error: interrupted; ")
            && last.ends_with(
                "of 24 points are done and kept; go on with hashdrift sweep run --resume stopped"
            ),
        "{last}"
    );
    place.ok(&["sweep", "run", "--resume", "stopped", "-q"]);
    place.ok(&with_axes(
        &["sweep", "run", "small.toml", "--out", "calm", "-q"],
        &["--replicas", "2000"],
    ));
    same(&place, "stopped", &files(&place.path("calm")));
}

/// A small file system of its own; `None`, said aloud, where this user may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(place: &Place) -> Option<Self> {
        let path = place.path("disk");
        fs::create_dir(&path).expect("it can be made");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=20m", "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if mounted {
            return Some(Self(path));
        }
        // A privilege, and no tool that could be installed: never a failure.
        say_aloud("a full disk: this user may not mount a small file system");
        None
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0)
            .status()
            .expect("mount is there");
        assert!(status.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_and_a_read_only_one_end_in_a_sentence_and_the_sweep_goes_on_after() {
    let place = place();
    let calm = undisturbed(&place);
    let Some(disk) = SmallDisk::mount(&place) else {
        return;
    };
    // Results from before, which have to stay as they are.
    place.ok(&[
        "run",
        "small.toml",
        "--replicas",
        "2",
        "--out",
        "disk/before",
        "-q",
    ]);
    let before = files(&place.path("disk/before"));
    let used = |folder: &str| parts(place.path(folder)).len();
    let bytes: usize = before.iter().map(|(_, bytes)| bytes.len()).sum();
    // Room for the plan and a few points.
    disk.remount(&format!("size={}k", bytes.div_ceil(1024) + 250));
    let message = place.fails(
        74,
        &with_axes(
            &["sweep", "run", "small.toml", "--out", "disk/sweep", "-q"],
            &[],
        ),
    );
    assert!(
        message.contains("error: cannot write disk/sweep/")
            && message.contains("No space left on device"),
        "{message}"
    );
    assert!(
        message.contains("go on with hashdrift sweep run --resume disk/sweep"),
        "{message}"
    );
    assert!(used("disk/sweep") > 0);
    assert_eq!(files(&place.path("disk/before")), before);

    disk.remount("ro");
    let message = place.fails(74, &["sweep", "run", "--resume", "disk/sweep", "-q"]);
    assert!(message.contains("Read-only file system"), "{message}");
    let message = place.fails(
        74,
        &with_axes(
            &["sweep", "run", "small.toml", "--out", "disk/other", "-q"],
            &[],
        ),
    );
    assert!(
        message.contains("error: cannot make the results folder disk/other: Read-only file system"),
        "{message}"
    );

    disk.remount("rw,size=20m");
    place.ok(&["sweep", "run", "--resume", "disk/sweep", "-q"]);
    same(&place, "disk/sweep", &calm);
    assert_eq!(files(&place.path("disk/before")), before);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_points() {
    let place = place();
    let peak = |points: u32, out: &str| -> u64 {
        let mut child = place
            .command(&["sweep", "run", "small.toml", "--out", out, "-q"])
            .args(["--axis", "regions.us.power.usd_per_mwh=40..90"])
            .args(["--design", "monte-carlo", "--points", &points.to_string()])
            .args([
                "--replicas",
                "2",
                "--set",
                "days=2",
                "--set",
                "firms.count=4",
            ])
            .args(["--threads", "2"])
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut peak = 0;
        while child.try_wait().expect("it can be asked").is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
            let line = status.ok().and_then(|text| {
                let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            });
            peak = peak.max(line.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    };
    let (few, many) = (peak(400, "few"), peak(4000, "many"));
    // The allocator takes a while to have what it needs. Kept, the numbers of 3,600 points would be 180 MB.
    assert!(few > 0 && many < few + 15_000, "{few} KiB, {many} KiB");
}
