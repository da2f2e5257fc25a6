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
use ecsdb_tests::crash::setup::{Kept, Layout};
use ecsdb_tests::crash::workload::{steps, steps_with_checkpoints};
use ecsdb_tests::tell;

/// The smallest segments, synced as soon as something is written.
const SMALL: Layout = Layout { segment_bytes: 16 << 10, sync_within: Duration::ZERO, kept: Kept::Usual };

/// Larger ones, synced when somebody waits.
const LARGE: Layout = Layout { segment_bytes: 40 << 10, sync_within: Duration::from_secs(3600), kept: Kept::Usual };

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

/// How many images each of the tests below opens at least.
const FEW: usize = 3000;
const MANY: usize = 4500;
const CHECKPOINTS: usize = 2500;
const LITTLE: usize = 4500;
const ARCHIVED: usize = 4000;

const _: () = assert!(FEW + MANY + 2 * CHECKPOINTS + LITTLE + ARCHIVED >= 20_000, "in each ordinary run");

#[test]
fn crashes_of_a_log_of_many_segments() {
    demand("many segments", &Matrix::run(SMALL, 1, steps(1, 70), 4).check(), MANY);
}

#[test]
fn crashes_of_a_log_of_few_segments() {
    demand("few segments", &Matrix::run(LARGE, 2, steps(2, 90), 4).check(), FEW);
}

#[test]
fn crashes_of_checkpoints() {
    for (seed, layout) in [(3, SMALL), (4, LARGE)] {
        let tally = Matrix::run(layout, seed, steps_with_checkpoints(seed, 64), 4).check();
        demand("checkpoints", &tally, CHECKPOINTS);
        assert!(tally.snapshots > CHECKPOINTS / 4, "{tally:?}: hardly any were opened from a snapshot file");
    }
}

fn of_which_is_kept(kept: Kept, seed: u64, steps: usize, least: usize) {
    let tally = Matrix::run(Layout { kept, ..SMALL }, seed, steps_with_checkpoints(seed, steps), 4).check();
    demand(&format!("a log of which is kept: {kept:?}"), &tally, least);
    assert!(tally.snapshots > least / 4, "{tally:?}: hardly any were opened from a snapshot file");
}

#[test]
fn crashes_of_a_log_whose_past_goes() {
    of_which_is_kept(Kept::Little, 5, 70, LITTLE);
}

#[test]
fn crashes_of_a_log_whose_past_is_archived() {
    of_which_is_kept(Kept::Archived, 6, 54, ARCHIVED);
}

#[test]
fn crashes_of_more_workloads() {
    let more = std::env::var("ECSDB_CRASH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2);
    for seed in 0..more {
        let kept = [Kept::Usual, Kept::Little, Kept::Archived][seed as usize / 2 % 3];
        let layout = Layout { kept, ..if seed % 2 == 0 { SMALL } else { LARGE } };
        Matrix::run(layout, 100 + seed, steps_with_checkpoints(100 + seed, 12), 3).check();
    }
}
