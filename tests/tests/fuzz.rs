//! The fuzz targets of `fuzz/` on their seeds, and on what becomes of these with a few changes: so they are exercised wherever tests
//! run. Every input that a fuzzer finds becomes a seed.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ecsdb_tests::fuzzed::{TARGETS, bytes_of, records_of};
use ecsdb_tests::golden;
use fastrand::Rng;

/// Changed inputs for each seed.
const CHANGED: usize = 24;

fn seeds(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut seeds: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    seeds.sort();
    seeds
}

/// What a fuzzer would try next.
fn change(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(1..4) {
        if bytes.is_empty() {
            bytes.push(rng.u8(..));
        }
        let at = rng.usize(..bytes.len());
        match rng.u8(..6) {
            0 => bytes[at] ^= 1 << rng.u8(..8),
            1 => bytes[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF]).expect("one of them"),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, rng.u8(..)),
            4 => drop(bytes.remove(at)),
            _ => {
                let copied = bytes[at..(at + rng.usize(1..40)).min(bytes.len())].to_vec();
                let to = rng.usize(..bytes.len());
                bytes.splice(to..to, copied);
            }
        }
    }
}

fn run(target: &str, run: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for (number, path) in seeds.iter().enumerate() {
        let seed = fs::read(path).expect("it can be read");
        let mut rng = Rng::with_seed(number as u64);
        for changed in 0..=CHANGED {
            let mut bytes = seed.clone();
            if changed > 0 {
                change(&mut bytes, &mut rng);
            }
            if catch_unwind(AssertUnwindSafe(|| run(&bytes))).is_err() {
                let left = std::env::temp_dir().join(format!("ecsdb-fuzz-{target}-{number}-{changed}"));
                fs::write(&left, &bytes).expect("it can be written");
                panic!("{target} on {}, changed {changed} times: {}", path.display(), left.display());
            }
        }
    }
}

fn target(name: &str) {
    let (_, body) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    run(name, *body);
}

#[test]
fn records_that_are_whole_and_say_anything() {
    target("wal_record");
}

#[test]
fn directories_of_anything() {
    target("wal_directory");
}

#[test]
fn snapshot_files_of_anything() {
    target("snapshot");
}

#[test]
fn operations_on_a_medium_that_fails() {
    target("operations");
}

#[test]
fn schemas_of_any_text() {
    target("schema_toml");
}

#[test]
fn every_target_has_a_file_and_every_file_a_target() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/targets");
    let mut files: Vec<String> = fs::read_dir(dir)
        .expect("the targets are there")
        .map(|entry| entry.expect("it can be read").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/Cargo.toml"));
    let manifest = manifest.expect("the manifest is there");
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
    }
}

/// Writes the first seeds of each target, most of them out of golden directories: `cargo test -p ecsdb-tests --test fuzz -- --ignored`.
#[test]
#[ignore = "writes into the repository"]
fn seeds_from_golden_directories() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for format in fs::read_dir(golden::root()).expect("there are golden directories") {
        for case in fs::read_dir(format.expect("it can be read").path()).expect("a directory") {
            let case = case.expect("it can be read").path();
            let bytes = if case.is_dir() { bytes_of(&golden::read(&case)) } else { continue };
            let name = case.file_name().expect("a name");
            fs::write(seeds.join("wal_directory").join(name), bytes).expect("it can be written");
        }
    }
    let files = golden::named("1/log-killed");
    let records = files.iter().filter(|(name, _)| name.ends_with(".wal")).flat_map(|(_, segment)| records_of(segment));
    for (number, record) in records.enumerate() {
        fs::write(seeds.join("wal_record").join(format!("golden-{number}")), record).expect("it can be written");
    }
    let files = golden::named("1/snapshot-killed");
    let snapshots = files.iter().filter(|(name, _)| name.ends_with(".snap"));
    for (number, (_, content)) in snapshots.enumerate() {
        for flags in 0..4 {
            let bytes = [&[flags], &content[..]].concat();
            fs::write(seeds.join("snapshot").join(format!("golden-{number}-{flags}")), bytes)
                .expect("it can be written");
        }
    }
    for number in 0..6 {
        let mut rng = Rng::with_seed(number);
        let bytes: Vec<u8> = (0..60).map(|_| rng.u8(..)).collect();
        fs::write(seeds.join("operations").join(format!("drawn-{number}")), bytes).expect("it can be written");
    }
}
