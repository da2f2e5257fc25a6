//! Instructions of the hot paths, counted by callgrind, with limits that fail the run: a guard that needs no quiet machine.
//!
//! A limit is about a twentieth above what was counted when it was set, with rustc 1.95 on x86-64. Who makes a path faster lowers
//! its limit; who has a reason to make one slower raises it, and says why in the commit.
//!
//! All counts but one are the same in every run of one build. That of whole commits varies by a few instructions in ten thousand, since
//! the writer's own thread and the caller may meet. Another build may inline otherwise: that moved single counts by up to 4 %. Not counted are reads and writes of files and waking threads, which are the system's,
//! and commits that several threads wait for: how many of them go into one batch depends on when they come.

#![expect(unused_qualifications, reason = "the macros make paths")]

use core::hint::black_box;

use ecsdb_instructions::{
    Logged, Pinned, commits, components_that_come_and_go, enqueues, entities_that_live_and_end, get, get_each, join,
    logged, logged_commits, pin, pinned, scan, worn_in,
};
use gungraun::prelude::*;
use gungraun::{Callgrind, EntryPoint, EventKind};

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    limited(Callgrind::default(), instructions)
}

/// Counts nothing but what the function `name` does and what it calls, whoever calls it; also while the world is filled.
fn within(name: &str, instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.entry_point(EntryPoint::Custom(name.to_owned()));
    limited(callgrind, instructions)
}

fn limited(mut callgrind: Callgrind, instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind.hard_limits([(EventKind::Ir, instructions)]));
    config
}

#[library_benchmark(config = at_most(52_600))]
#[bench::thousand(pinned())]
fn get_rows(world: Pinned) -> (f32, Pinned) {
    (black_box(get(&world)), world)
}

#[library_benchmark(config = at_most(84_400))]
#[bench::thousand(pinned())]
fn get_each_of_many(world: Pinned) -> (f32, Pinned) {
    (black_box(get_each(&world)), world)
}

#[library_benchmark(config = at_most(26_900))]
#[bench::ten_thousand(pinned())]
fn scan_rows(world: Pinned) -> (f32, Pinned) {
    (black_box(scan(&world)), world)
}

#[library_benchmark(config = at_most(152_000))]
#[bench::ten_thousand(pinned())]
fn join_rows(world: Pinned) -> (f32, Pinned) {
    (black_box(join(&world)), world)
}

#[library_benchmark(config = at_most(60_000))]
#[bench::thousand(pinned())]
fn pin_versions(world: Pinned) -> (u64, Pinned) {
    (black_box(pin(&world)), world)
}

// On the thread that sends; the writer is held up meanwhile.
#[library_benchmark(config = within("ecsdb_instructions::enqueue", 603_000))]
#[bench::thousand(worn_in())]
fn enqueue_transactions(world: Pinned) -> Pinned {
    enqueues(&world);
    world
}

// What the writer does while it changes a row, on its own thread.
#[library_benchmark(config = within("ecsdb_instructions::change", 1_376_000))]
#[bench::thousand(pinned())]
fn change_rows(world: Pinned) -> Pinned {
    commits(&world);
    world
}

// What the writer does when a version is ready: it becomes the newest, and what has changed is noted for the versions that are
// brought up to it when they are used again, which the count of whole commits has.
#[library_benchmark(config = within("ecsdb::storage::store::Store::publish", 376_000))]
#[bench::thousand(pinned())]
fn publish_versions(world: Pinned) -> Pinned {
    commits(&world);
    world
}

// From the closure to the answer, on the thread that waits and is the writer meanwhile.
#[library_benchmark(config = within("ecsdb_instructions::commit", 4_690_000))]
#[bench::thousand(worn_in())]
fn commit_rows(world: Pinned) -> Pinned {
    commits(&world);
    world
}

#[library_benchmark(config = within("ecsdb_instructions::come_and_go", 1_381_000))]
#[bench::thousand(pinned())]
fn insert_and_remove(world: Pinned) -> Pinned {
    components_that_come_and_go(&world);
    world
}

#[library_benchmark(config = within("ecsdb_instructions::live_and_end", 4_293_000))]
#[bench::thousand(pinned())]
fn spawn_and_despawn(world: Pinned) -> Pinned {
    entities_that_live_and_end(&world);
    world
}

// What a transaction becomes in the log, up to the buffer that the next write takes. That write and the sync are the system's.
#[library_benchmark(config = within("*wal::Wal*CommitLog*::append", 910_000))]
#[bench::thousand(logged())]
fn append_to_log(world: Logged) -> Logged {
    logged_commits(&world);
    world
}

library_benchmark_group!(
    name = hot_paths,
    benchmarks = [
        get_rows,
        get_each_of_many,
        scan_rows,
        join_rows,
        pin_versions,
        enqueue_transactions,
        change_rows,
        publish_versions,
        commit_rows,
        insert_and_remove,
        spawn_and_despawn,
        append_to_log
    ]
);

main!(library_benchmark_groups = hot_paths);
