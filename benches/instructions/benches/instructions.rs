//! Instructions of the hot paths, counted by callgrind, with limits that fail the run: a guard that needs no quiet machine.
//!
//! A limit is about a twentieth above what was counted when it was set, with rustc 1.95 on x86-64. Who makes a path faster lowers
//! its limit; who has a reason to make one slower raises it, and says why in the commit.

#![expect(unused_qualifications, reason = "the macros make paths")]

use core::hint::black_box;

use ecsdb_instructions::{Pinned, commits, get, pin, pinned, scan};
use gungraun::prelude::*;
use gungraun::{Callgrind, EntryPoint, EventKind};

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions)]));
    config
}

/// What the writer does while it changes a row, on its own thread.
fn change_at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    let mut callgrind = Callgrind::default();
    callgrind.entry_point(EntryPoint::Custom("ecsdb_instructions::change".to_owned()));
    config.tool(callgrind.hard_limits([(EventKind::Ir, instructions)]));
    config
}

#[library_benchmark(config = at_most(58_000))]
#[bench::thousand(pinned())]
fn get_rows(world: Pinned) -> (f32, Pinned) {
    (black_box(get(&world)), world)
}

#[library_benchmark(config = at_most(36_000))]
#[bench::ten_thousand(pinned())]
fn scan_rows(world: Pinned) -> (f32, Pinned) {
    (black_box(scan(&world)), world)
}

#[library_benchmark(config = at_most(61_000))]
#[bench::thousand(pinned())]
fn pin_versions(world: Pinned) -> (u64, Pinned) {
    (black_box(pin(&world)), world)
}

#[library_benchmark(config = change_at_most(1_370_000))]
#[bench::thousand(pinned())]
fn change_rows(world: Pinned) -> Pinned {
    commits(&world);
    world
}

library_benchmark_group!(name = hot_paths, benchmarks = [get_rows, scan_rows, pin_versions, change_rows]);

main!(library_benchmark_groups = hot_paths);
