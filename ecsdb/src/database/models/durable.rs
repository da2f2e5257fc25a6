//! A database in a directory: its log, the thread that syncs it, those who sync rather than to wait, and its keeper, on a medium that
//! loses what was not synced.

use std::path::Path;

use super::super::{Checkpoint, Db};
use crate::Component;
use crate::media::memory::Memory;
use crate::persistence::CheckpointError;
use crate::sync::shim::schedules::{check, models};
use crate::sync::shim::thread;
use crate::transaction::TransactionError;

/// Two of them do not fit into one segment of the log.
#[derive(Component, Clone, Debug, PartialEq)]
struct Letter {
    number: u32,
    text: String,
}

crate::schema! { Post: Letter }

const SEGMENT: usize = 16 << 10;

fn open(medium: &Memory) -> Db<Post> {
    let settings = Db::<Post>::builder().directory(Path::new("post")).media(medium.clone()).segment_bytes(SEGMENT);
    // One worker: nobody reads files ahead.
    settings.worker_threads(1).checkpoint_every(u64::MAX, None).open().expect("what is there can be opened")
}

/// Sends letter `number`, and waits until it is durable. Returns its version.
fn send(db: &Db<Post>, number: u32) -> Result<u64, TransactionError> {
    let mut tx = db.begin();
    tx.spawn(Letter { number, text: "x".repeat(SEGMENT * 5 / 8) });
    Ok(tx.commit()?.durable()?.version)
}

/// Fails unless `medium` has a version as late as `version`, with the letters `numbers`, all letters of which are whole.
fn has_arrived(medium: &Memory, version: u64, numbers: &[u32]) {
    let db = open(medium);
    let snapshot = db.snapshot();
    let found = snapshot.version();
    assert!(found >= version, "version {version} was acknowledged, and version {found} has survived");
    let mut there = Vec::new();
    for letter in snapshot.query::<&Letter>() {
        assert_eq!(letter.text().len(), SEGMENT * 5 / 8, "half a letter");
        there.push(letter.number());
    }
    for number in numbers {
        assert!(there.contains(number), "letter {number} was acknowledged, and {there:?} have survived");
    }
}

/// Three send letters, each of which goes to another file of the log, and look at once what would survive.
fn what_is_durable_survives() {
    let medium = Memory::default();
    let db = open(&medium);
    let sent =
        |db: &Db<Post>, medium: &Memory, number| (number, send(db, number).expect("there is room"), medium.survivor());
    let sending: Vec<_> = (1..=2)
        .map(|number| {
            let (db, medium) = (db.clone(), medium.clone());
            thread::spawn(move || sent(&db, &medium, number))
        })
        .collect();
    let mine = sent(&db, &medium, 3);
    let sent: Vec<_> = sending.into_iter().map(|thread| thread.join().expect("no panic")).chain([mine]).collect();
    db.close().expect("the medium is good");
    drop(db);
    for (number, version, survivor) in sent {
        has_arrived(&survivor, version, &[number]);
    }
    has_arrived(&medium.survivor(), 1, &[1, 2, 3]);
}

/// Somebody sends letters while a checkpoint is made: both are there afterwards.
fn a_checkpoint_beside_letters() {
    let medium = Memory::default();
    let db = open(&medium);
    let checkpointing = thread::spawn({
        let db = db.clone();
        move || db.checkpoint().expect("the database is open").wait().expect("the medium is good").version
    });
    let sent = [send(&db, 1), send(&db, 2)].map(|sent| sent.expect("there is room"));
    assert_eq!(sent, [1, 2]);
    let version = checkpointing.join().expect("no panic");
    assert!(version <= 2);
    db.close().expect("the medium is good");
    drop(db);
    has_arrived(&medium.survivor(), 2, &[1, 2]);
}

/// The database is closed while somebody sends a letter and another waits for a checkpoint: all are told, and it is true.
fn closed_beside_a_checkpoint() {
    let medium = Memory::default();
    let db = open(&medium);
    let sending = thread::spawn({
        let db = db.clone();
        move || send(&db, 1)
    });
    let checkpointing = thread::spawn({
        let db = db.clone();
        move || match db.checkpoint().map(Checkpoint::wait) {
            Ok(Ok(_) | Err(CheckpointError::Closed)) | Err(TransactionError::Closed) => {}
            other => panic!("{other:?}"),
        }
    });
    db.close().expect("the medium is good");
    let sent = sending.join().expect("no panic");
    checkpointing.join().expect("no panic");
    match sent {
        Ok(version) => has_arrived(&medium.survivor(), version, &[1]),
        Err(TransactionError::Closed) => has_arrived(&medium.survivor(), 0, &[]),
        Err(error) => panic!("{error}"),
    }
}

models! {
    what_is_durable_survives:
        "unsynced/take in two steps" as shuttle_finds_take_in_two_steps,
        "unsynced/go on in two steps" as shuttle_finds_go_on_in_two_steps,
        "unsynced/forget the name" as shuttle_finds_forget_the_name,
        "watermark/advance before sync" as shuttle_finds_advance_before_sync,
        "watermark/look after sync" as shuttle_finds_a_look_after_sync;
    a_checkpoint_beside_letters:
        "mailbox/ask in silence" as shuttle_finds_ask_in_silence;
    closed_beside_a_checkpoint:
        "mailbox/close in silence" as shuttle_finds_close_in_silence;
}
