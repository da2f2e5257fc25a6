//! What reads files allocates at most twice what it is given, and a fixed amount: whatever a file says of lengths and counts, it cannot
//! make a program that opens it run out of memory.
//!
//! One test alone in this process: the allocator counts for all threads.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ecsdb::archive::{Archive, DirectoryArchive};
use ecsdb::maintenance::{ClosedDirectory, verify_archive};
use ecsdb_allocations::{Counting, most_during};
use ecsdb_tests::fuzzed::{files_of_record, files_of_snapshot, mend, open_within};
use ecsdb_tests::golden::{Files, medium, named};
use ecsdb_tests::simulated::Simulated;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What rows and the notes of blocks may take.
const LIMIT: usize = 1 << 20;

/// How much opening `files` may allocate at once beyond what opening nothing takes.
fn allowed(files: &Files) -> usize {
    2 * files.values().map(Vec::len).sum::<usize>() + (64 << 10) + LIMIT
}

/// Every place of `bytes` with the largest numbers that can stand there.
fn large_numbers(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let widths = (0..bytes.len()).flat_map(|at| [1, 2, 4, 8].map(|width| (at, width)));
    widths.map(|(at, width)| {
        let mut changed = bytes.to_vec();
        let end = (at + width).min(bytes.len());
        changed[at..end].fill(0xFF);
        // Also as a number that is not beyond all limits.
        if width == 4 && at % 2 == 1 {
            changed[end - 1] = 0x03;
        }
        changed
    })
}

#[test]
fn reading_allocates_twice_the_input_and_a_little() {
    let empty = (0..3)
        .map(|_| most_during(|| drop(open_within(&medium(&Files::new()), LIMIT).expect("it opens"))))
        .max()
        .expect("three");
    let check = |files: &Files, what: &dyn std::fmt::Display| {
        let medium = medium(files);
        let took = most_during(|| drop(open_within(&medium, LIMIT))).saturating_sub(empty);
        assert!(
            took <= allowed(files),
            "{what}: {took} bytes more than opening nothing, {} are allowed",
            allowed(files)
        );
    };
    for seed in ["golden-0", "golden-1", "golden-2"] {
        let seed = fs::read(seeds("wal_record").join(seed)).expect("it can be read");
        let most = seed.len().min(400);
        for (number, bytes) in large_numbers(&seed[..most]).enumerate() {
            check(&files_of_record(&bytes), &format_args!("record, number {number}"));
        }
    }
    let newest = named("1/snapshot-killed").into_iter().rfind(|(name, _)| name.ends_with(".snap"));
    let (_, newest) = newest.expect("a snapshot file");
    for (number, bytes) in large_numbers(&newest[..newest.len().min(900)]).enumerate() {
        let bytes = [&[1], &bytes[..], &newest[bytes.len()..]].concat();
        check(&files_of_snapshot(&bytes), &format_args!("snapshot file, number {number}"));
    }
    let whole = named("1/log-killed");
    let (name, segment) = whole.iter().find(|(name, _)| name.ends_with(".wal")).expect("a segment");
    for (number, front) in large_numbers(&segment[..400]).enumerate() {
        let mut segment = segment.clone();
        segment[..400].copy_from_slice(&front);
        mend(&mut segment);
        check(&Files::from([(name.clone(), segment)]), &format_args!("header, number {number}"));
    }
    check_objects(name, segment);
}

/// An object of an archive that was compressed says how much comes out of it. That is `segment`, if it tells the truth.
fn check_objects(name: &str, segment: &[u8]) {
    let directory = medium(&Files::from([(name.to_owned(), segment.to_vec())]));
    let shelf = |medium| DirectoryArchive::on(Arc::new(medium), "/shelf");
    let closed = ClosedDirectory::open_on(Arc::new(directory.clone()), "/golden").expect("it is there");
    let stored = closed.archive_to(Arc::new(shelf(directory.clone())), Some(3)).expect("it is in order").segments;
    let object = shelf(directory).get(&stored[0].name()).expect("it was stored");
    // What is read ahead of it, and a copy of the medium.
    let allowed = 4 * (object.len() + segment.len()) + (512 << 10);
    for (number, changed) in large_numbers(&object[..object.len().min(200)]).enumerate() {
        let changed = [&changed[..], &object[changed.len()..]].concat();
        let mut named = stored[0].clone();
        named.checksum = crc32c::crc32c(&changed);
        let archive = shelf(Simulated::new());
        archive.put_if_absent(&named.name(), &changed).expect("there is room");
        let took = most_during(|| drop(verify_archive(&archive, |_| ())));
        assert!(took <= allowed, "object, number {number}: {took} bytes, {allowed} are allowed");
    }
}

fn seeds(target: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target)
}
