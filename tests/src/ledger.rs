//! A database whose contents follow from three numbers, so that a process can be killed at any moment and another one can tell
//! what is missing.
//!
//! Each *lane* is a thread that commits transactions numbered from 1. Transaction `n` of a lane adds entry `n`, removes entry
//! `n - KEPT`, and notes `n` in the lane's total; so what a lane has left is known from its last number alone, and a transaction that
//! was taken in half is seen.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use ecsdb::{Component, Db, DbBuilder, Entity, Ticket, TransactionError};

/// How many lanes there are.
pub const LANES: u8 = 3;

/// How many entries of a lane stay.
pub const KEPT: u64 = 40;

/// How many transactions of a lane are on their way at once. Less than [`KEPT`]: what is removed is known.
const AHEAD: [usize; LANES as usize] = [1, 8, 24];

/// After so many transactions a lane asks for a checkpoint.
const CHECKPOINT_EVERY: u64 = 100;

/// What a transaction adds. One that is stored as it lies.
#[derive(Component, Debug)]
#[repr(C)]
pub struct Entry {
    /// The transaction.
    pub number: u64,
    /// Follows from the number and the lane.
    pub check: u64,
}

/// The same, in a table with texts.
#[derive(Component, Debug)]
pub struct Note {
    /// Whose it is.
    pub lane: u8,
    /// As long as the number says.
    pub text: String,
}

/// The last number of a lane.
#[derive(Component, Debug)]
pub struct Total {
    /// Whose it is.
    pub lane: u8,
    /// The last transaction.
    pub last: u64,
    /// All checks so far, one after the other.
    pub sum: u64,
}

ecsdb::schema! { pub Ledger: Entry, Note, Total }

/// What follows from a number.
fn check_of(lane: u8, number: u64) -> u64 {
    (number ^ u64::from(lane) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

fn text_of(lane: u8, number: u64) -> String {
    format!("{lane}:{number}:").repeat((number % 37) as usize)
}

fn sum_of(lane: u8, last: u64) -> u64 {
    (1..=last).fold(0_u64, |sum, number| sum.rotate_left(1) ^ check_of(lane, number))
}

/// Where a lane is.
#[derive(Debug)]
pub struct Lane {
    /// The last transaction that is there.
    pub last: u64,
    total: Option<Entity>,
    /// The entries that are there, the oldest first.
    entries: VecDeque<Entity>,
}

/// How a ledger is opened: small files, so that there are many of them.
pub fn builder() -> DbBuilder<Ledger> {
    Db::builder().segment_bytes(64 << 10).sync_within(Duration::from_millis(2)).worker_threads(1)
}

/// What is in `db`.
///
/// # Panics
/// If it is not what its lanes have committed.
pub fn check(db: &Db<Ledger>) -> Vec<Lane> {
    let snapshot = db.snapshot();
    let mut lanes: Vec<Lane> = (0..LANES).map(|_| Lane { last: 0, total: None, entries: VecDeque::new() }).collect();
    for (entity, total) in snapshot.query::<(Entity, TotalRef<'_>)>() {
        let lane = &mut lanes[usize::from(total.lane())];
        assert!(lane.total.is_none(), "lane {} has two totals", total.lane());
        assert_eq!(total.sum(), sum_of(total.lane(), total.last()), "the sum of lane {}", total.lane());
        (lane.last, lane.total) = (total.last(), Some(entity));
    }
    let mut entries: Vec<(u8, u64, Entity)> = snapshot
        .query::<(Entity, &Entry, NoteRef<'_>)>()
        .iter()
        .map(|(entity, entry, note)| {
            assert_eq!(entry.check, check_of(note.lane(), entry.number), "{entry:?}");
            assert_eq!(note.text(), text_of(note.lane(), entry.number), "{entry:?}");
            (note.lane(), entry.number, entity)
        })
        .collect();
    entries.sort_unstable();
    let known = entries.len() as u64 + lanes.iter().filter(|lane| lane.total.is_some()).count() as u64;
    assert_eq!(known, snapshot.entity_count(), "entities that no transaction has left");
    for (number, lane) in lanes.iter_mut().enumerate() {
        let of_lane = entries.iter().filter(|(of, ..)| usize::from(*of) == number);
        let numbers: Vec<u64> = of_lane.clone().map(|(_, entry, _)| *entry).collect();
        let expected: Vec<u64> = (lane.last.saturating_sub(KEPT) + 1..=lane.last).collect();
        assert_eq!(numbers, expected, "the entries of lane {number}");
        lane.entries = of_lane.map(|(.., entity)| *entity).collect();
    }
    lanes
}

/// Where a process says what it has done: a line each, written at once, so that one that is killed has said it or not.
pub struct Told<W>(Mutex<W>);

impl<W: Write> Told<W> {
    /// Tells `out`.
    pub fn new(out: W) -> Self {
        Self(Mutex::new(out))
    }

    /// Says `what` of transaction `number` of a lane. `false` if nobody listens any more.
    pub fn say(&self, what: &str, lane: u8, number: u64) -> bool {
        let line = format!("{what} {lane} {number}\n");
        let mut out = self.0.lock().expect("nobody panics here");
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_ok()
    }
}

/// Commits up to `count` transactions in `lane`, and asks for a checkpoint now and then. Says `begun` before each, and then `visible`, or `durable`.
///
/// # Errors
/// Those of the database.
pub fn run<W: Write>(
    db: &Db<Ledger>,
    number: u8,
    lane: Lane,
    count: u64,
    told: &Told<W>,
) -> Result<(), TransactionError> {
    let Lane { mut last, total, mut entries } = lane;
    let total = match total {
        Some(total) => total,
        None => db.spawn(Total { lane: number, last: 0, sum: 0 })?,
    };
    let (mut sum, end) = (sum_of(number, last), last + count);
    let mut ahead: VecDeque<(u64, Ticket)> = VecDeque::new();
    loop {
        if last < end && ahead.len() < AHEAD[usize::from(number)] {
            last += 1;
            if !told.say("begun", number, last) {
                return Ok(());
            }
            let check = check_of(number, last);
            sum = sum.rotate_left(1) ^ check;
            let mut tx = db.begin();
            tx.spawn((Entry { number: last, check }, Note { lane: number, text: text_of(number, last) }));
            tx.update(total, (Total::C.last.set(last), Total::C.sum.set(sum)));
            if last > KEPT {
                tx.despawn(entries.pop_front().expect("entries that were committed long ago are known"));
            }
            ahead.push_back((last, tx.commit()?));
            if last % CHECKPOINT_EVERY == 0 {
                // It goes on beside, and whoever is killed has made it or not.
                drop(db.checkpoint()?);
            }
            continue;
        }
        let Some((done, ticket)) = ahead.pop_front() else { return Ok(()) };
        // Some wait for the disk, and some do not.
        let is_durable = number == 0 || done % 16 == 0;
        let commit = if is_durable { ticket.durable()? } else { ticket.visible()? };
        entries.push_back(commit.entities[0]);
        if !told.say(if is_durable { "durable" } else { "visible" }, number, done) {
            return Ok(());
        }
    }
}
