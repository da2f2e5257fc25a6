//! Crashes: a log on a medium that loses what was not synced, against a map.
//!
//! A workload runs once. Then it is crashed before and after every operation of its medium, and from what each crash may have
//! left the database is opened. It must be a version that was committed, with everything that was acknowledged as durable,
//! whatever became of the rest. See `check` for what else is tried with each image.
//!
//! A failure names the seed, the operation and what survived; the same numbers give the same image again. Which operation comes
//! when depends on threads, so a number may have to be looked for in the neighbourhood. `ECSDB_CRASH_SEEDS` says how many
//! seeds more are tried.

mod faults;
mod found;
mod regressions;

use std::time::Duration;

use ecsdb_tests::crash::check::{Matrix, Tally};
use ecsdb_tests::crash::setup::Layout;
use ecsdb_tests::crash::workload::{steps, steps_with_checkpoints};
use ecsdb_tests::tell;

/// The smallest segments, synced as soon as something is written.
const SMALL: Layout = Layout { segment_bytes: 16 << 10, sync_within: Duration::ZERO };

/// Larger ones, synced when somebody waits.
const LARGE: Layout = Layout { segment_bytes: 40 << 10, sync_within: Duration::from_secs(3600) };

fn demand(what: &str, tally: &Tally, images: usize) {
    let Tally { images: all, torn, behind, second, snapshots } = tally;
    tell(&format!(
        "crashes of {what}: {all} images, {torn} with a torn tail, {behind} that had lost a visible version, {second} of a \
         recovery or after one, {snapshots} opened from a snapshot file"
    ));
    assert!(tally.images >= images, "{tally:?}: too few images");
    assert!(tally.second > images / 10, "{tally:?}: too few crashes after a crash");
    assert!(tally.torn > images / 100, "{tally:?}: hardly anything was torn");
    assert!(tally.behind > images / 50, "{tally:?}: hardly anything was lost");
}

#[test]
fn crashes_of_a_log_of_many_segments() {
    demand("many segments", &Matrix::run(SMALL, 1, steps(1, 70), 4).check(), 3000);
}

#[test]
fn crashes_of_a_log_of_few_segments() {
    demand("few segments", &Matrix::run(LARGE, 2, steps(2, 90), 4).check(), 2000);
}

#[test]
fn crashes_of_checkpoints() {
    for (seed, layout, images) in [(3, SMALL, 3000), (4, LARGE, 2000)] {
        let tally = Matrix::run(layout, seed, steps_with_checkpoints(seed, 90), 4).check();
        demand("checkpoints", &tally, images);
        assert!(tally.snapshots > images / 4, "{tally:?}: hardly any were opened from a snapshot file");
    }
}

#[test]
fn crashes_of_more_workloads() {
    let more = std::env::var("ECSDB_CRASH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2);
    for seed in 0..more {
        let layout = if seed % 2 == 0 { SMALL } else { LARGE };
        Matrix::run(layout, 100 + seed, steps(100 + seed, 12), 3).check();
    }
}
