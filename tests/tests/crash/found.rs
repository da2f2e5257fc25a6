//! Bugs of this log that crashes and faults have found, each as small as it can be.

use std::time::Duration;

use ecsdb::TransactionError;
use ecsdb_tests::simulated::{Call, Failure, Fault, Simulated, Survival};

use super::SMALL;
use super::regressions::{durable, play, spawn_kind};
use ecsdb_tests::crash::check::{in_context, recovered};
use ecsdb_tests::crash::game::{Game, Outcome};
use ecsdb_tests::crash::setup::{Layout, open};
use ecsdb_tests::crash::workload::Step;

/// The kind of entities of 1,200 bytes.
const WIDE: u8 = 4;

/// A segment with the marks of closes and openings alone was left for a large commit, and the next one got its name.
#[test]
fn a_segment_without_commits_is_not_replaced_by_the_next_one() {
    let mut game = Game::new(&Simulated::new(), SMALL).expect("it opens");
    let large = spawn_kind(WIDE, 1, 30, true);
    play(
        &mut game,
        &[Step::Reopen, large.clone(), Step::Reopen, Step::Reopen, large.clone(), Step::Reopen, durable(1)],
    );
    // Small ones until the mark of the close is the first record of a segment.
    for n in 0..12 {
        play(&mut game, &[spawn_kind(WIDE, n, 3, true), Step::Reopen, large.clone(), Step::Reopen]);
    }
    assert_eq!(game.version(), 27);
}

/// Of two segments whose names were not synced the second one survived alone, which was taken for damage.
#[test]
fn names_that_were_not_synced_survive_in_any_order() {
    let layout = Layout { sync_within: Duration::from_secs(3600), ..SMALL };
    let medium = Simulated::new();
    let mut game = Game::new(&medium, layout).expect("it opens");
    play(&mut game, &[durable(1)]);
    let steps: Vec<Step> = (0..6).map(|n| spawn_kind(WIDE, n, 8, false)).collect();
    play(&mut game, &steps);
    let state = medium.state();
    for seed in 0..200 {
        in_context(&format!("seed {seed}"), || {
            let image = Simulated::of(state.image(Survival::Random { seed, unit: 4096 }));
            drop(recovered(&image, layout, &game.history, 1));
        });
    }
}

/// A sync failed, and the next opening read from the cache of the system what had never reached the medium, and built on it.
#[test]
fn what_a_failed_sync_gave_up_is_written_once_more() {
    for call in [Call::SyncFile, Call::SyncDir] {
        let layout = Layout { sync_within: Duration::from_secs(3600), ..SMALL };
        let medium = Simulated::new();
        let mut game = Game::new(&medium, layout).expect("it opens");
        play(&mut game, &[durable(1)]);
        // More than a segment, so that names are given up as well.
        let steps: Vec<Step> = (0..4).map(|n| spawn_kind(WIDE, n, 8, false)).collect();
        play(&mut game, &steps);
        let version = game.version();
        medium.set_faults(vec![Fault::of(call, Failure::Device)]);
        assert_eq!(game.sync(), Outcome::Refused, "{call:?}");
        let error = game.close().expect_err("what was visible is not durable");
        assert!(matches!(error, TransactionError::NotDurable { .. }), "{error}");
        medium.set_faults(Vec::new());

        // The machine goes on, and so does the game.
        let opened = recovered(&medium, layout, &game.history, version);
        assert_eq!(opened.version, version, "it can still be read");
        let mut again = Game::resume(opened.db, &medium, layout, &game.history);
        assert_eq!(again.step(90, &durable(9)), Outcome::Done);
        let image = Simulated::of(medium.state().image(Survival::Nothing));
        assert_eq!(recovered(&image, layout, &again.history, version + 1).version, version + 1);
    }
}

/// The same of the mark of a close, which was there to be read and not on the medium, so that later the log had a hole.
#[test]
fn a_mark_of_a_close_whose_sync_failed_leaves_no_hole() {
    let mut struck = 0;
    for ahead in 0..12 {
        let medium = Simulated::new();
        let mut game = Game::new(&medium, SMALL).expect("it opens");
        play(&mut game, &[durable(1)]);
        medium.set_faults(vec![Fault::at(medium.calls().len() + ahead, Failure::Device)]);
        // It may say that it has failed: then what is visible may be lost, and it is durable already.
        game.close().expect("version 1 is durable");
        struck += medium.struck();
        medium.set_faults(Vec::new());
        let opened = recovered(&medium, SMALL, &game.history, 1);
        let mut again = Game::resume(opened.db, &medium, SMALL, &game.history);
        assert_eq!(again.step(90, &durable(9)), Outcome::Done);
        let image = Simulated::of(medium.state().image(Survival::Nothing));
        assert_eq!(recovered(&image, SMALL, &again.history, 2).version, 2, "{ahead} calls ahead");
    }
    assert!(struck > 0, "no call of the close has failed");
}

/// A commit that was refused, because a sync failed while it was written, was there after the next opening.
#[test]
fn what_is_refused_does_not_come_back() {
    for ahead in 0..16 {
        let layout = Layout { sync_within: Duration::ZERO, ..SMALL };
        let medium = Simulated::new();
        let mut game = Game::new(&medium, layout).expect("it opens");
        play(&mut game, &[durable(1)]);
        medium.set_faults(vec![Fault::from(medium.calls().len() + ahead, Failure::Device)]);
        for n in 0..12 {
            if game.step(10 + n, &spawn_kind(0, n as u32, 1, false)) == Outcome::Refused {
                break;
            }
        }
        drop(game.close());
        let left = Simulated::of(medium.state().image(Survival::Everything));
        in_context(&format!("{ahead} calls ahead"), || drop(recovered(&left, layout, &game.history, 1)));
        drop(open(&left, layout).expect("it opens again"));
    }
}
