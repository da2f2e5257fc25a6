//! Random transactions of every kind on many threads, recorded for the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ecsdb::changes::ChangeSet;
use ecsdb::error::LogError;
use ecsdb::transaction::CommitLog;
use ecsdb::{Component, Db, Entity, Optimistic, Snapshot, Transaction, TransactionError};
use ecsdb_tests::history::{Done, End, Key, Logged, Read, Search, Value};

/// Who has written here.
#[derive(Component)]
#[repr(C)]
struct Cell {
    writer: u64,
}

/// Each thread writes here in every transaction, so that the log tells whose it is.
#[derive(Component)]
#[repr(C)]
struct Ledger {
    last: u64,
}

ecsdb::schema! {
    /// Cells that threads fight for.
    Cells: Cell, Ledger
}

/// Few cells, so that transactions meet.
const CELLS: usize = 6;

/// Keeps the commits in their order.
#[derive(Clone, Default)]
struct Order(Arc<Mutex<Vec<Logged>>>);

impl CommitLog for Order {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        let (mut id, mut writes) = (None, BTreeMap::new());
        for page in changes.pages() {
            for row in page.rows() {
                let value = row.after.map(|bytes| u64::from_le_bytes(bytes.try_into().expect("a row of eight bytes")));
                if page.table() == 1 {
                    id = value;
                } else {
                    writes.insert(row.slot, value);
                }
            }
        }
        self.0.lock().unwrap().push(Logged { id: id.unwrap_or(0), version: changes.version(), writes });
        Ok(())
    }

    fn commit(&mut self, _: u64) -> Result<(), LogError> {
        Ok(())
    }

    fn abort(&mut self) {}
}

/// One thread at work.
struct Worker<'a> {
    db: &'a Db<Cells>,
    cells: &'a [Entity],
    ledger: Entity,
    thread: usize,
    ids: &'a AtomicU64,
    random: fastrand::Rng,
    history: Vec<Done>,
}

/// What a transaction does to a cell.
#[derive(Clone, Copy)]
enum Step {
    Read(Entity),
    Write(Entity),
    Remove(Entity),
}

/// What a transaction has seen and done so far.
#[derive(Clone, Default)]
struct Notes {
    reads: Vec<Read>,
    searches: Vec<Search>,
    writes: BTreeMap<Key, Value>,
}

impl Notes {
    fn read(&mut self, entity: Entity, value: Value) {
        let key = entity.slot();
        self.reads.push(Read { key, value, is_own: self.writes.contains_key(&key) });
    }

    fn search(&mut self, below: u64, found: impl IntoIterator<Item = Entity>) {
        let found: BTreeSet<Key> = found.into_iter().map(|entity| entity.slot()).collect();
        self.searches.push(Search { below, found });
    }
}

impl Worker<'_> {
    fn id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    fn steps(&mut self) -> Vec<Step> {
        let count = self.random.usize(2..6);
        (0..count)
            .map(|_| {
                let cell = self.cells[self.random.usize(..self.cells.len())];
                match self.random.u8(..10) {
                    0..=5 => Step::Read(cell),
                    6..=8 => Step::Write(cell),
                    _ => Step::Remove(cell),
                }
            })
            .collect()
    }

    fn note(&mut self, id: u64, notes: Notes, end: End) {
        let Notes { reads, searches, writes } = notes;
        self.history.push(Done { id, thread: self.thread, reads, searches, writes, end });
    }

    fn ended<T>(outcome: &Result<T, TransactionError>, version: impl FnOnce(&T) -> u64) -> End {
        match outcome {
            Ok(done) => End::Committed(version(done)),
            Err(_) => End::RolledBack,
        }
    }

    /// A closure on the writer; some give up at the end, or panic.
    fn closure(&mut self) {
        let (id, steps, end, ledger) = (self.id(), self.steps(), self.random.u8(..8), self.ledger);
        let notes: Arc<Mutex<Notes>> = Arc::default();
        let told = Arc::clone(&notes);
        let outcome = self.db.write(move |tx| {
            let result = on_the_writer(tx, id, &steps, ledger, &mut told.lock().unwrap());
            match end {
                0 => Err(tx.abort("not this time")),
                1 => std::panic::resume_unwind(Box::new("in the middle")),
                _ => result,
            }
        });
        let notes = notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        // The version of a closure's commit is not told: the ledger is looked up in the order.
        let end = Self::ended(&outcome, |()| 0);
        self.note(id, notes, end);
    }

    /// A message whose guards are what a snapshot has shown.
    fn message(&mut self) {
        let (id, steps) = (self.id(), self.steps());
        let (snapshot, mut tx, mut notes) = (self.db.snapshot(), self.db.begin(), Notes::default());
        for step in &steps {
            if let Step::Read(cell) = *step {
                notes.read(cell, seen(&snapshot, cell));
                tx.expect_unchanged::<Cell>(cell, &snapshot);
            }
        }
        tx.insert(self.ledger, Ledger { last: id });
        for step in &steps {
            if let Step::Write(cell) = *step {
                tx.upsert(cell, Cell { writer: id }, Cell::C.writer.set(id));
                notes.writes.insert(cell.slot(), Some(id));
            }
        }
        let outcome = tx.commit().unwrap().visible();
        let end = Self::ended(&outcome, |commit| commit.version);
        self.note(id, notes, end);
    }

    /// An optimistic transaction; each attempt that failed is one that was rolled back.
    fn optimistic(&mut self) {
        let (steps, ids, ledger) = (self.steps(), self.ids, self.ledger);
        let mut attempts: Vec<(u64, Notes)> = Vec::new();
        let outcome = self.db.optimistic(3, |tx| {
            let id = ids.fetch_add(1, Ordering::Relaxed);
            let mut notes = Notes::default();
            let result = optimistically(tx, id, &steps, ledger, &mut notes);
            attempts.push((id, notes));
            result
        });
        let end = Self::ended(&outcome, |done| done.commit.version);
        let last = attempts.pop().unwrap();
        for (id, notes) in attempts {
            self.note(id, notes, End::RolledBack);
        }
        self.note(last.0, last.1, end);
    }

    fn snapshot(&mut self) {
        let (id, snapshot, mut notes) = (self.id(), self.db.snapshot(), Notes::default());
        for cell in self.cells {
            notes.read(*cell, seen(&snapshot, *cell));
            if self.random.u8(..3) == 0 {
                std::thread::yield_now();
            }
        }
        self.note(id, notes, End::Snapshot(snapshot.version()));
    }

    fn work(mut self, transactions: usize) -> Vec<Done> {
        for _ in 0..transactions {
            match self.random.u8(..4) {
                0 => self.closure(),
                1 => self.message(),
                2 => self.optimistic(),
                _ => self.snapshot(),
            }
        }
        self.history
    }
}

fn seen(snapshot: &Snapshot<Cells>, cell: Entity) -> Value {
    snapshot.get::<Cell>(cell).map(|cell| cell.writer)
}

fn on_the_writer(
    tx: &mut Transaction<'_, Cells>,
    id: u64,
    steps: &[Step],
    ledger: Entity,
    notes: &mut Notes,
) -> Result<(), TransactionError> {
    if id.is_multiple_of(3) {
        let below = id.saturating_sub(20);
        notes.search(below, tx.query::<Entity>().filter(Cell::C.writer.lt(below)));
    }
    tx.insert(ledger, Ledger { last: id })?;
    for step in steps {
        match *step {
            Step::Read(cell) => notes.read(cell, tx.get::<Cell>(cell).map(|cell| cell.writer)),
            Step::Write(cell) => {
                tx.insert(cell, Cell { writer: id })?;
                notes.writes.insert(cell.slot(), Some(id));
            }
            Step::Remove(cell) if tx.contains::<Cell>(cell) => {
                tx.remove::<Cell>(cell)?;
                notes.writes.insert(cell.slot(), None);
            }
            Step::Remove(_) => {}
        }
    }
    Ok(())
}

fn optimistically(
    tx: &mut Optimistic<'_, Cells>,
    id: u64,
    steps: &[Step],
    ledger: Entity,
    notes: &mut Notes,
) -> Result<(), TransactionError> {
    if id.is_multiple_of(3) {
        let below = id.saturating_sub(20);
        notes.search(below, tx.select(Cell::C.writer.lt(below)));
    }
    tx.insert(ledger, Ledger { last: id });
    for step in steps {
        match *step {
            Step::Read(cell) => notes.read(cell, tx.find::<Cell>(cell)?.map(|cell| cell.writer)),
            Step::Write(cell) => {
                tx.insert(cell, Cell { writer: id });
                notes.writes.insert(cell.slot(), Some(id));
            }
            Step::Remove(cell) => {
                if tx.contains::<Cell>(cell)? {
                    tx.remove::<Cell>(cell);
                    notes.writes.insert(cell.slot(), None);
                }
            }
        }
    }
    Ok(())
}

/// The first state, the commits in their order, and what `threads` threads have done and seen.
pub fn random_history(
    seed: u64,
    threads: usize,
    transactions: usize,
) -> (BTreeMap<Key, Value>, Vec<Logged>, Vec<Done>) {
    let order = Order::default();
    let db = Db::<Cells>::builder().commit_log(order.clone()).open().unwrap();
    let cells = db.write(|tx| Ok(tx.spawn_all((0..CELLS).map(|_| Cell { writer: 1 }))?)).unwrap();
    let ledgers = db.write(move |tx| Ok(tx.spawn_all((0..threads).map(|_| Ledger { last: 0 }))?)).unwrap();
    order.0.lock().unwrap().clear();
    let start = cells.iter().map(|cell| (cell.slot(), Some(1))).collect();
    let ids = AtomicU64::new(2);
    let mut history: Vec<Done> = std::thread::scope(|scope| {
        let workers: Vec<_> = ledgers
            .iter()
            .enumerate()
            .map(|(thread, ledger)| {
                let random = fastrand::Rng::with_seed(seed * 1000 + thread as u64);
                let (db, cells, ids, ledger) = (&db, &cells, &ids, *ledger);
                let worker = Worker { db, cells, ledger, thread, ids, random, history: Vec::new() };
                scope.spawn(move || worker.work(transactions))
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let order = order.0.lock().unwrap().clone();
    // Closures are not told their version.
    let versions: BTreeMap<u64, u64> = order.iter().map(|logged| (logged.id, logged.version)).collect();
    for done in &mut history {
        if done.end == End::Committed(0) {
            done.end = End::Committed(versions.get(&done.id).copied().unwrap_or(0));
        }
    }
    (start, order, history)
}
