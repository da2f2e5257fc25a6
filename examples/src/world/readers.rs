//! Threads that scan snapshots all the time, and check what only a consistent snapshot can satisfy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use ecsdb::{Db, Entity, Snapshot};
use thiserror::Error;

use super::components::{Item, ItemRef, Mob, Pos, Purse, World};

/// What is the same in every committed state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constants {
    /// The gold in all purses together.
    pub gold: u64,
    /// How many mobs live: whoever dies is replaced in the same transaction.
    pub mobs: usize,
    /// How many items there are: they change hands but never go.
    pub items: usize,
}

/// Something that no committed state shows.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// The purses do not add up.
    #[error("version {version}: all purses hold {found} gold, not {expected}")]
    Gold {
        /// The version read.
        version: u64,
        /// The gold there is.
        expected: u64,
        /// The gold found.
        found: u64,
    },
    /// There are too many rows of a table, or too few.
    #[error("version {version}: there are {found} {what}, not {expected}")]
    Count {
        /// The version read.
        version: u64,
        /// What was counted.
        what: &'static str,
        /// How many there are.
        expected: usize,
        /// How many were found.
        found: usize,
    },
    /// An item belongs to a mob that is not alive.
    #[error("version {version}: item {item} belongs to {owner}, who is not alive")]
    DeadOwner {
        /// The version read.
        version: u64,
        /// The item.
        item: Entity,
        /// Its owner.
        owner: Entity,
    },
    /// An item is neither owned nor on the ground, or both.
    #[error("version {version}: item {item} is {}", if *owned { "owned and lies on the ground" } else { "nowhere" })]
    ItemPlace {
        /// The version read.
        version: u64,
        /// The item.
        item: Entity,
        /// Whether it has an owner.
        owned: bool,
    },
    /// Something is outside the world.
    #[error("version {version}: something is at {place:?}, outside the world")]
    OutOfWorld {
        /// The version read.
        version: u64,
        /// Where it is.
        place: Pos,
    },
    /// A later snapshot is of an earlier version.
    #[error("version {later} was read after version {earlier}")]
    Backwards {
        /// The version of the earlier snapshot.
        earlier: u64,
        /// The version of the later one, which is less.
        later: u64,
    },
}

/// Why reading came to an end before its time.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReaderError {
    /// A snapshot was not consistent.
    #[error("a reader saw an inconsistent state")]
    Violation(#[from] Violation),
    /// A reader panicked.
    #[error("a reader panicked")]
    Panicked,
    /// The system gave no thread.
    #[error("cannot start a reader")]
    Thread(#[from] std::io::Error),
}

/// What readers have done, all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadTotals {
    /// Snapshots scanned, each with a check of the gold.
    pub checks: u64,
    /// Rows read.
    pub rows: u64,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    failed: AtomicBool,
    checks: AtomicU64,
    rows: AtomicU64,
}

/// Sets `failed` when a reader ends by itself, by a panic too.
struct Alarm<'a>(&'a Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if !self.0.stop.load(Ordering::Relaxed) {
            self.0.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Running readers. Dropping them stops them.
pub struct Readers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Result<(), Violation>>>,
}

impl Readers {
    /// Starts `count` threads that scan `db` over and over, and hold every snapshot to `constants`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(db: &Db<World>, count: usize, constants: Constants) -> Result<Self, ReaderError> {
        let mut readers = Self { shared: Arc::default(), threads: Vec::with_capacity(count) };
        for index in 0..count {
            let (db, shared) = (db.clone(), Arc::clone(&readers.shared));
            let thread = std::thread::Builder::new()
                .name(format!("reader-{index}"))
                .spawn(move || read_all_the_time(&db, constants, &shared))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Whether a reader has given up; [`finish`](Self::finish) says why.
    pub fn have_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// What they have done so far.
    pub fn totals(&self) -> ReadTotals {
        ReadTotals {
            checks: self.shared.checks.load(Ordering::Relaxed),
            rows: self.shared.rows.load(Ordering::Relaxed),
        }
    }

    /// Stops them and waits until they are gone.
    ///
    /// # Errors
    /// What the first of them has found, if one has found something.
    pub fn finish(mut self) -> Result<ReadTotals, ReaderError> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| ReaderError::Panicked)??;
        }
        Ok(self.totals())
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

fn read_all_the_time(db: &Db<World>, constants: Constants, shared: &Shared) -> Result<(), Violation> {
    let _alarm = Alarm(shared);
    let mut earlier = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        let snapshot = db.snapshot();
        let later = snapshot.version();
        if later < earlier {
            return Err(Violation::Backwards { earlier, later });
        }
        earlier = later;
        let rows = check(&snapshot, constants)?;
        shared.checks.fetch_add(1, Ordering::Relaxed);
        shared.rows.fetch_add(rows, Ordering::Relaxed);
        // Reading never waits for the writer, so where readers outnumber processors this is what lets the game run.
        std::thread::yield_now();
    }
    Ok(())
}

/// Scans one snapshot: it has what `constants` say, every item is either owned by someone alive or on the ground, and
/// everything is in the world. Returns how many rows were read.
///
/// # Errors
/// The first thing that is not so.
pub fn check(snapshot: &Snapshot<World>, constants: Constants) -> Result<u64, Violation> {
    let version = snapshot.version();
    let (mut found, mut rows) = (0, 0);
    for page in snapshot.table::<Purse>().pages() {
        found += page.iter().map(|purse| purse.gold.get()).sum::<u64>();
        rows += page.len() as u64;
    }
    if found != constants.gold {
        return Err(Violation::Gold { version, expected: constants.gold, found });
    }
    for (what, expected, found) in [
        ("mobs", constants.mobs, snapshot.table::<Mob>().len()),
        ("items", constants.items, snapshot.table::<Item>().len()),
    ] {
        if found != expected {
            return Err(Violation::Count { version, what, expected, found });
        }
    }
    for page in snapshot.table::<Pos>().pages() {
        if let Some(place) = page.iter().find(|place| !place.is_in_world()) {
            return Err(Violation::OutOfWorld { version, place: *place });
        }
        rows += page.len() as u64;
    }
    for (item, row, place) in snapshot.query::<(Entity, ItemRef<'_>, Option<&Pos>)>() {
        match row.owner() {
            Some(owner) if !snapshot.is_alive(owner) => return Err(Violation::DeadOwner { version, item, owner }),
            owner if owner.is_some() == place.is_some() => {
                return Err(Violation::ItemPlace { version, item, owned: owner.is_some() });
            }
            _ => rows += 1,
        }
    }
    Ok(rows)
}
