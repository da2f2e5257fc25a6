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
use ecsdb_tests::crash::workload::{Step, steps, steps_with_checkpoints};
use ecsdb_tests::tell;

/// The smallest segments, synced as soon as something is written.
const SMALL: Layout = Layout { segment_bytes: 16 << 10, sync_within: Duration::ZERO, kept: Kept::Usual };

/// Larger ones, synced when somebody waits.
const LARGE: Layout = Layout { segment_bytes: 40 << 10, sync_within: Duration::from_secs(3600), kept: Kept::Usual };

/// How many more workloads are tried, at most, for as many images as are asked for.
///
/// Threads decide which operation comes when, and so how many images a workload has, and what is in them.
const MORE: u64 = 3;

/// Crashes workloads of `layout`, from `seed` on, until there are as many images of each kind as in `least`.
fn crash(what: &str, layout: Layout, seed: u64, steps: impl Fn(u64) -> Vec<Step>, least: &Tally) {
    let mut all = Tally::default();
    for seed in (0..=MORE).map(|more| seed + 1000 * more) {
        all += Matrix::run(layout, seed, steps(seed), 4).check();
        if all.reaches(least) {
            break;
        }
    }
    let Tally { images, torn, behind, second, snapshots } = all;
    tell(&format!(
        "crashes of {what}: {images} images, {torn} with a torn tail, {behind} that had lost a visible version, {second} of a \
         recovery or after one, {snapshots} opened from a snapshot file"
    ));
    assert!(all.reaches(least), "{all:?} instead of {least:?}");
}

/// So many images, with enough of each kind among them for their number to say something.
fn least(images: usize) -> Tally {
    Tally { images, torn: images / 100, behind: images / 50, second: images / 10, snapshots: 0 }
}

fn with_snapshots(images: usize) -> Tally {
    Tally { snapshots: images / 4, ..least(images) }
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
    crash("many segments", SMALL, 1, |seed| steps(seed, 70), &least(MANY));
}

#[test]
fn crashes_of_a_log_of_few_segments() {
    crash("few segments", LARGE, 2, |seed| steps(seed, 90), &least(FEW));
}

#[test]
fn crashes_of_checkpoints() {
    for (seed, layout) in [(3, SMALL), (4, LARGE)] {
        crash("checkpoints", layout, seed, |seed| steps_with_checkpoints(seed, 64), &with_snapshots(CHECKPOINTS));
    }
}

#[test]
fn crashes_of_a_log_whose_past_goes() {
    let layout = Layout { kept: Kept::Little, ..SMALL };
    crash("a log whose past goes", layout, 5, |seed| steps_with_checkpoints(seed, 46), &with_snapshots(LITTLE));
}

#[test]
fn crashes_of_a_log_whose_past_is_archived() {
    let layout = Layout { kept: Kept::Archived, ..SMALL };
    crash(
        "a log whose past is archived",
        layout,
        6,
        |seed| steps_with_checkpoints(seed, 34),
        &with_snapshots(ARCHIVED),
    );
}

/// A process that is killed leaves what it has not synced to be read. Who goes on from there and calls something durable must not
/// lose it by a loss of power.
#[test]
fn kills_and_then_a_loss_of_power() {
    let mut kills = 0;
    for (seed, layout) in [(7, SMALL), (8, LARGE), (9, Layout { kept: Kept::Little, ..SMALL })] {
        kills += Matrix::run(layout, seed, steps_with_checkpoints(seed, 70), 0).check_kills();
    }
    tell(&format!("kills, and then a loss of power: {kills}"));
    assert!(kills > 500, "{kills}");
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
