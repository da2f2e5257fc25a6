//! Bugs that other databases had, each as a test from the first day.
//!
//! The names of the systems stand where the bug was reported; the tests are about what the bug does to a user of this log.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ecsdb::TransactionError;
use ecsdb::error::with_causes;
use ecsdb::media::{Media, Open};
use ecsdb_tests::simulated::{Call, Failure, Fault, Simulated, State, Survival};
use fastrand::Rng;

use super::LARGE;
use ecsdb_tests::crash::check::{in_context, recovered};
use ecsdb_tests::crash::game::{Game, History, Outcome};
use ecsdb_tests::crash::setup::{DIR, Layout, is_clean, open, torn_bytes};
use ecsdb_tests::crash::workload::{End, Op, Step, Tx, steps};
use ecsdb_tests::crash::world::Rows;

/// A step that spawns one entity and waits until it is durable.
pub fn durable(n: u32) -> Step {
    spawn(n, 1, true)
}

fn spawn(n: u32, count: usize, is_durable: bool) -> Step {
    spawn_kind(1, n, count, is_durable)
}

/// A step that spawns `count` entities of a kind.
pub fn spawn_kind(kind: u8, n: u32, count: usize, is_durable: bool) -> Step {
    let ops = vec![Op::Spawn { kind, count, n }];
    Step::Batch { transactions: vec![Tx { ops, end: End::Commit, is_builder: false }], is_durable }
}

/// Does steps that must succeed.
pub fn play(game: &mut Game, steps: &[Step]) {
    for (number, step) in steps.iter().enumerate() {
        assert_eq!(game.step(number, step), Outcome::Done, "step {number}");
    }
}

/// The segments in `state`, in order.
fn segments(state: &State) -> Vec<PathBuf> {
    state.paths().filter(|path| path.extension().is_some_and(|end| end == "wal")).map(Path::to_owned).collect()
}

/// What is left when the process is killed now, and the history until now.
fn kill(game: &mut Game) -> (State, History) {
    let image = game.medium.state().image(Survival::Everything);
    (image, core::mem::take(&mut game.history))
}

/// A database with a few versions in one segment.
fn few() -> (State, History) {
    let mut game = Game::new(&Simulated::new(), LARGE).expect("it opens");
    play(&mut game, &(0..8).map(durable).collect::<Vec<_>>());
    kill(&mut game)
}

fn opens(state: &State, layout: Layout) -> Result<u64, String> {
    open(&Simulated::of(state.clone()), layout).map(|db| Rows::of(&db).0).map_err(|error| error.to_string())
}

/// SpacetimeDB #5785: the directory was not synced, and the file was gone.
#[test]
fn names_are_durable_before_the_first_commit_is() {
    let medium = Simulated::new();
    let mut game = Game::new(&medium, LARGE).expect("it opens");
    play(&mut game, &[durable(1)]);
    let image = Simulated::of(medium.state().image(Survival::Nothing));
    assert_eq!(recovered(&image, LARGE, &game.history, 1).version, 1);
}

/// fjall #304 and #308: a write failed, and what came after it was acknowledged all the same.
#[test]
fn nothing_is_acknowledged_after_a_write_or_a_sync_that_failed() {
    for call in [Call::Write, Call::SyncFile] {
        let medium = Simulated::new();
        let mut game = Game::new(&medium, LARGE).expect("it opens");
        play(&mut game, &[durable(1), durable(2)]);
        // The next such call fails, and then the medium is as good as new.
        let mut number = 10;
        medium.set_faults(vec![Fault::of(call, Failure::Device)]);
        assert_eq!(game.step(number, &durable(3)), Outcome::Refused, "{call:?}");
        medium.set_faults(Vec::new());
        for n in 0..5 {
            number += 1;
            assert_eq!(game.step(number, &durable(4 + n)), Outcome::Refused, "{call:?}: nothing is retried");
        }
        let error = game.db().spawn(()).expect_err("the log has failed");
        assert!(matches!(error, TransactionError::Log(_)), "{error}");
        assert!(
            with_causes(&error).to_string().contains("simulated input/output error"),
            "the cause is named: {error:?}"
        );
        let (state, history) = kill(&mut game);
        drop(recovered(&Simulated::of(state), LARGE, &history, 2));
    }
}

/// fjall #311: damage in the middle was taken for a torn tail, and what followed was thrown away. redb #1334: a flipped byte
/// was not noticed.
#[test]
fn a_flipped_byte_is_an_error_that_names_its_place_or_costs_the_tail_alone() {
    let (state, history) = few();
    let path = segments(&state).pop().expect("a segment");
    let content = state.content(&path).expect("it is there").to_vec();
    let used = content.iter().rposition(|byte| *byte != 0).expect("it is not empty") + 1;
    let last = *history.points.keys().last().expect("versions");
    let mut outcomes = BTreeSet::new();
    for at in (0..used).step_by(7) {
        let mut damaged = state.clone();
        let mut bytes = content.clone();
        bytes[at] ^= 1 << (at % 8);
        damaged.damage(&path, bytes.clone());
        let medium = Simulated::of(damaged.clone());
        in_context(&format!("byte {at} of {used}"), || match open(&medium, LARGE) {
            Ok(db) => {
                let (version, rows) = Rows::of(&db);
                assert!(version + 1 >= last, "version {version} of {last}");
                assert_eq!(rows.difference(&history.reopened(&db).visible()), None);
                outcomes.insert(version);
            }
            Err(error) => {
                let text = error.to_string();
                let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
                assert!(text.contains(name), "the file is not named: {text}");
                assert_eq!(medium.state().content(&path), Some(&*bytes), "nothing on the medium is changed");
                outcomes.insert(0);
            }
        });
    }
    assert!(outcomes.contains(&0), "no byte in the middle matters");
}

/// fjall #112: writes were lost when a database was opened again and again.
#[test]
fn every_opening_finds_what_the_one_before_has_left() {
    let medium = Simulated::new();
    let mut game = Game::new(&medium, LARGE).expect("it opens");
    let steps: Vec<Step> = (0..12).flat_map(|n| [spawn(n, 1, false), Step::Reopen]).collect();
    play(&mut game, &steps);
    assert_eq!(game.version(), 12);
}

/// fjall #242: what was removed came back.
#[test]
fn what_was_removed_stays_removed() {
    let medium = Simulated::new();
    let mut game = Game::new(&medium, LARGE).expect("it opens");
    let all = (0..40).map(|_| Op::Despawn(0)).collect();
    let clear = Tx { ops: all, end: End::Commit, is_builder: false };
    let (cleared, filled) = (Step::Batch { transactions: vec![clear], is_durable: true }, spawn(1, 30, true));
    play(&mut game, &[filled.clone(), cleared.clone(), Step::Reopen, filled, cleared, Step::Reopen]);
    assert!(Rows::of(game.db()).1.0.len() < 60, "some are gone");
}

/// fjall #68: recovery panicked on garbage.
#[test]
fn garbage_is_an_error_or_is_cut() {
    let (state, history) = few();
    let path = segments(&state).pop().expect("a segment");
    let content = state.content(&path).expect("it is there").to_vec();
    for seed in 0..200 {
        let mut rng = Rng::with_seed(seed);
        let mut damaged = state.clone();
        let mut bytes = content.clone();
        match rng.u8(..4) {
            0 => bytes.truncate(rng.usize(..bytes.len())),
            1 => {
                let from = rng.usize(..bytes.len());
                bytes[from..].iter_mut().for_each(|byte| *byte = rng.u8(..));
            }
            2 => bytes.extend((0..rng.usize(..9000)).map(|_| rng.u8(..))),
            _ => bytes = (0..rng.usize(..9000)).map(|_| rng.u8(..)).collect(),
        }
        damaged.damage(&path, bytes);
        in_context(&format!("seed {seed}"), || {
            let medium = Simulated::of(damaged);
            if let Ok(db) = open(&medium, LARGE) {
                let (_, rows) = Rows::of(&db);
                assert_eq!(rows.difference(&history.reopened(&db).visible()), None);
            }
        });
    }
}

/// Files that are none of ours are left alone.
#[test]
fn other_files_in_the_directory_are_in_nobodys_way() {
    let (state, history) = few();
    let medium = Simulated::of(state.clone());
    let folder = segments(&state)[0].parent().expect("a directory").to_owned();
    let names = ["README.txt", "1.wal.bak", "x.wal", ".wal", "00000000000000000001.wal.tmp"];
    for name in names {
        let file = medium.open(&folder.join(name), Open::CreateNew).expect("it is made");
        file.write_all_at(b"mine", 0).expect("it is written");
    }
    let last = *history.points.keys().last().expect("versions");
    assert_eq!(recovered(&medium, LARGE, &history, last).version, last);
    for name in ["README.txt", "1.wal.bak", "x.wal", ".wal"] {
        assert_eq!(medium.state().content(&folder.join(name)), Some(&b"mine"[..]), "{name}");
    }
}

/// redb #1385: after a repair a transaction id was used twice. Here that would be a version of the lost history that is taken for
/// one of the new history.
#[test]
fn what_was_cut_never_comes_back() {
    let (state, history) = few();
    let last = *history.points.keys().last().expect("versions");
    let path = segments(&state).pop().expect("a segment");
    let content = state.content(&path).expect("it is there").to_vec();
    let used = content.iter().rposition(|byte| *byte != 0).expect("it is not empty") + 1;
    let mut torn = state.clone();
    let mut bytes = content.clone();
    // The end of the last record.
    bytes[used - 1] ^= 1;
    torn.damage(&path, bytes);
    let medium = Simulated::of(torn);
    let opened = recovered(&medium, LARGE, &history, last - 1);
    assert_eq!((opened.version, opened.torn > 0), (last - 1, true));
    let mut game = Game::resume(opened.db, &medium, LARGE, &history);
    assert_eq!(game.step(90, &durable(77)), Outcome::Done);
    assert_eq!(game.version(), last, "the number is given again");
    for survival in [Survival::Nothing, Survival::Everything] {
        let again = Simulated::of(medium.state().image(survival));
        let opened = recovered(&again, LARGE, &game.history, last);
        assert_eq!(opened.version, last);
        assert_eq!(opened.torn, 0, "the tail was cut for good");
    }
}

/// redb #885: a panic was taken for a clean close.
#[test]
fn only_a_clean_close_is_called_clean() {
    let medium = Simulated::new();
    let mut game = Game::new(&medium, LARGE).expect("it opens");
    let panics = Tx { ops: vec![Op::Spawn { kind: 0, count: 1, n: 1 }], end: End::Panic, is_builder: false };
    play(&mut game, &[durable(1), Step::Batch { transactions: vec![panics], is_durable: false }]);
    let killed = Simulated::of(medium.state().image(Survival::Everything));
    let db = open(&killed, LARGE).expect("it opens");
    assert!(!is_clean(&db), "it was killed");
    assert_eq!(torn_bytes(&db), 0);
    game.close().expect("it closes");
    let db = open(&Simulated::of(medium.state().image(Survival::Nothing)), LARGE).expect("it opens");
    assert!(is_clean(&db), "a transaction that panics does no harm");
    // A log that has failed is not closed cleanly.
    let broken = Simulated::of(medium.state().image(Survival::Nothing));
    let db = open(&broken, LARGE).expect("it opens");
    broken.set_faults(vec![Fault::at(broken.calls().len(), Failure::Device)]);
    drop(db.spawn(()).and_then(|_| db.sync().map_err(|_| TransactionError::Closed)).expect_err("the write fails"));
    drop(db.close());
    drop(db);
    broken.set_faults(Vec::new());
    assert!(!is_clean(&open(&broken, LARGE).expect("it opens")), "a log that has failed is not closed");
}

/// RocksDB #1780: a second opening by the same process was refused, and ended the lock of the first.
#[test]
fn a_refused_opening_leaves_the_lock_where_it_is() {
    let medium = Simulated::new();
    let db = open(&medium, LARGE).expect("it opens");
    db.spawn(()).expect("it commits");
    let before = medium.operations();
    for _ in 0..3 {
        let error = open(&medium, LARGE).expect_err("it is open already").to_string();
        assert!(error.contains("LOCK") || error.contains(DIR), "{error}");
    }
    assert_eq!(medium.operations(), before, "a refused opening touches nothing");
    let copy = db.clone();
    drop(db);
    assert!(open(&medium, LARGE).is_err(), "a handle is left");
    drop(copy);
    assert_eq!(opens(&medium.state(), LARGE), Ok(1));
    drop(open(&medium, LARGE).expect("the lock ends with the last handle"));
}

/// An opening that fails gives the lock back.
#[test]
fn an_opening_that_fails_gives_the_lock_back() {
    let (state, _) = few();
    let path = segments(&state).pop().expect("a segment");
    let medium = Simulated::of(state.clone());
    let mut bytes = state.content(&path).expect("it is there").to_vec();
    bytes[20] ^= 1;
    let mut damaged = state.clone();
    damaged.damage(&path, bytes);
    assert!(opens(&damaged, LARGE).is_err());
    let calls = {
        drop(open(&medium, LARGE).expect("it opens"));
        medium.calls()
    };
    let first = calls.iter().position(|call| *call == Call::Read).expect("it reads");
    let medium = Simulated::of(state);
    medium.set_faults(vec![Fault::at(first, Failure::Device)]);
    assert!(open(&medium, LARGE).is_err(), "it cannot be read");
    medium.set_faults(Vec::new());
    drop(open(&medium, LARGE).expect("the lock was given back"));
}

/// Workloads that reopen all the time.
#[test]
fn a_workload_is_the_same_with_and_without_reopening() {
    for seed in 0..4 {
        let steps: Vec<Step> = steps(seed, 30).into_iter().filter(|step| !matches!(step, Step::Reopen)).collect();
        let mut straight = Game::new(&Simulated::new(), LARGE).expect("it opens");
        let mut reopened = Game::new(&Simulated::new(), LARGE).expect("it opens");
        for (number, step) in steps.iter().enumerate() {
            assert_eq!(straight.step(number, step), Outcome::Done);
            assert_eq!(reopened.step(number, step), Outcome::Done);
            assert_eq!(reopened.step(number, &Step::Reopen), Outcome::Done);
            let (version, rows) = Rows::of(straight.db());
            let (again, same) = Rows::of(reopened.db());
            assert_eq!(version, again, "seed {seed}, step {number}");
            assert_eq!(same.cold().difference(&rows.cold()), None, "seed {seed}, step {number}");
        }
        assert_eq!(straight.history.spawned, reopened.history.spawned, "seed {seed}: the same ids");
    }
}

/// A database with two snapshot files, the newest of the version that is current, and that version.
fn with_snapshot_files() -> (State, History) {
    let mut game = Game::new(&Simulated::new(), LARGE).expect("it opens");
    for n in 0..2 {
        play(&mut game, &[durable(n), spawn(n + 7, 30, true), Step::Checkpoint { waits: true }, durable(n + 50)]);
    }
    kill(&mut game)
}

/// The snapshot files in `state`, in order.
fn snapshot_files(state: &State) -> Vec<PathBuf> {
    state.paths().filter(|path| path.extension().is_some_and(|end| end == "snap")).map(Path::to_owned).collect()
}

/// sled #1527: a snapshot that was half written kept the database from opening.
#[test]
fn a_snapshot_file_that_was_half_written_is_passed_over() {
    let (state, history) = with_snapshot_files();
    let last = *history.points.keys().last().expect("versions");
    let newest = snapshot_files(&state).pop().expect("a snapshot file");
    let whole = state.content(&newest).expect("it is there").to_vec();
    for len in (0..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut torn = state.clone();
        torn.damage(&newest, whole[..len].to_vec());
        in_context(&format!("{len} bytes of {}", whole.len()), || {
            let opened = recovered(&Simulated::of(torn), LARGE, &history, last);
            let found = opened.db.recovery().expect("it has a directory");
            assert_eq!(found.passed_over.len(), 1, "and it says so: {found:?}");
            assert!(found.snapshot.is_none_or(|version| version < last), "{found:?}");
        });
    }
}

/// redb #1290: a crash during recovery left what could not be opened. The tests of crashes try it everywhere; here is the shortest one.
#[test]
fn a_crash_during_recovery_is_recovered_from() {
    let (state, history) = with_snapshot_files();
    let last = *history.points.keys().last().expect("versions");
    let torn = state.image(Survival::Random { seed: 5, unit: 512 });
    let medium = Simulated::of(torn);
    drop(recovered(&medium, LARGE, &history, last));
    let trace = medium.trace();
    assert!(trace.operations.len() > 3, "recovery writes");
    trace.for_each_state(|operations, state| {
        for survival in [Survival::Nothing, Survival::Random { seed: 1, unit: 1 }, Survival::Everything] {
            in_context(&format!("{operations} operations, {survival:?}"), || {
                drop(recovered(&Simulated::of(state.image(survival)), LARGE, &history, last));
            });
        }
    });
}
