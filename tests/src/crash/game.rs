//! A database and its model, side by side, and the history of what was committed and acknowledged.
//!
//! Panics if the engine answers anything that the model does not. Errors of the medium are no surprise: a transaction that
//! the log refuses changes nothing, and from then on the log refuses all.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use crate::simulated::Simulated;
use crate::{block_on, block_writer};
use ecsdb::{Commit, Db, Entity, OpenError, Ticket, TransactionError};

use super::setup::{Kept, Layout, open, timeline};
use super::workload::{End, Op, Step, Tx, apply, build, run};
use super::world::{Rows, World};

/// A version: what is in it, and what came after it.
#[derive(Debug)]
pub struct Point {
    pub rows: Rows,
    /// The entities that may be picked, the dead ones included.
    pub known: Vec<Entity>,
    /// The step that comes next.
    pub step: usize,
}

/// Somebody was told that a version is there.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledgement {
    /// How many operations of the medium were done by then.
    pub operations: usize,
    pub version: u64,
    /// Whether it was called durable, or only visible.
    pub is_durable: bool,
}

/// All versions, and all that was acknowledged.
#[derive(Debug, Default)]
pub struct History {
    pub points: BTreeMap<u64, Arc<Point>>,
    pub acknowledged: Vec<Acknowledgement>,
    /// The timelines that versions belonged to.
    pub timelines: BTreeSet<u64>,
    /// Which entities each step has handed out, those of transactions that were rolled back included.
    pub spawned: BTreeMap<usize, Vec<Entity>>,
    /// Versions after which ids were handed out to transactions that were rolled back. A log hears of them with the next
    /// version, or with the close: after a crash before that they are handed out again, in another timeline.
    pub burned: BTreeSet<u64>,
}

impl History {
    /// A history in which nothing has happened.
    pub fn of_nothing() -> Self {
        let nothing = Point { rows: Rows::default(), known: Vec::new(), step: 0 };
        Self { points: BTreeMap::from([(0, Arc::new(nothing))]), ..Self::default() }
    }

    /// The version of the snapshot file that `db` was opened from, if there was one.
    ///
    /// # Panics
    /// If no such version was committed.
    pub fn base_of(&self, db: &Db<World>) -> Option<(u64, &Arc<Point>)> {
        let version = db.recovery().and_then(|found| found.snapshot)?;
        let point = self.points.get(&version);
        Some((version, point.unwrap_or_else(|| panic!("a snapshot file of version {version}, which never was"))))
    }

    /// What `db` must hold, which has just been opened.
    ///
    /// # Panics
    /// If it has a version that was never committed.
    pub fn reopened(&self, db: &Db<World>) -> Rows {
        let version = db.snapshot().version();
        let point = self.points.get(&version).unwrap_or_else(|| panic!("version {version} was never committed"));
        point.rows.reopened(self.base_of(db).map(|(version, base)| (version, &base.rows)))
    }

    /// The version that must be there when the medium stops after so many operations. If the process alone was killed, what was
    /// only visible must be there as well.
    pub fn required(&self, operations: usize, is_kill: bool) -> u64 {
        let told = self.acknowledged.iter().filter(|told| told.operations <= operations);
        told.filter(|told| told.is_durable || is_kill).map(|told| told.version).max().unwrap_or(0)
    }
}

/// What the operations of a closure did: whether each succeeded, and what it spawned.
type Answers = Vec<(bool, Vec<Entity>)>;

/// A transaction that was queued.
enum Queued {
    Closure(Box<dyn Future<Output = Result<(), TransactionError>> + Unpin>, Arc<Mutex<Answers>>),
    Builder(Ticket),
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The log has refused it, or cannot say that it is durable.
    Refused,
    /// The database could not be opened again.
    Closed,
}

/// A database, its medium and its model.
pub struct Game {
    pub medium: Simulated,
    layout: Layout,
    db: Option<Db<World>>,
    rows: Rows,
    known: Vec<Entity>,
    /// All entities that were ever handed out.
    seen: BTreeSet<Entity>,
    pub history: History,
    /// Whether the log has refused something.
    is_poisoned: bool,
    /// Whether a transaction was rolled back that had spawned something, and none was committed since.
    has_burned: bool,
}

impl Game {
    /// Goes on with `db`, which was opened from `medium` and has a version of `before`.
    ///
    /// # Panics
    /// If it has no such version.
    pub fn resume(db: Db<World>, medium: &Simulated, layout: Layout, before: &History) -> Self {
        let point = &before.points[&db.snapshot().version()];
        let mut game = Self {
            medium: medium.clone(),
            layout,
            rows: before.reopened(&db),
            db: Some(db),
            known: point.known.clone(),
            seen: point.known.iter().copied().collect(),
            history: History::default(),
            is_poisoned: false,
            has_burned: false,
        };
        // The file that it was opened from may be opened from again.
        game.history.points.extend(before.base_of(game.db()).map(|(version, point)| (version, Arc::clone(point))));
        // It was there before anything was done, so it is there whatever happens.
        let version = game.version();
        game.history.acknowledged.push(Acknowledgement { operations: 0, version, is_durable: true });
        game.look(point.step);
        game
    }

    /// An empty database on an empty medium.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn new(medium: &Simulated, layout: Layout) -> Result<Self, OpenError> {
        Ok(Self::resume(open(medium, layout)?, medium, layout, &History::of_nothing()))
    }

    pub fn db(&self) -> &Db<World> {
        self.db.as_ref().expect("it is open")
    }

    /// Compares what readers see with the model, and notes the version.
    fn look(&mut self, next_step: usize) {
        let (version, found) = Rows::of(self.db());
        self.rows.settle(version);
        if let Some(difference) = found.difference(&self.rows.visible()) {
            panic!("version {version}, before step {next_step}: {difference}");
        }
        let point = Point { rows: self.rows.clone(), known: self.known.clone(), step: next_step };
        match self.history.points.get(&version) {
            None => drop(self.history.points.insert(version, Arc::new(point))),
            Some(noted) => assert_eq!(noted.rows, self.rows, "version {version} has changed"),
        }
        if self.has_burned {
            self.history.burned.insert(version);
        }
        self.tell(version, false);
    }

    fn tell(&mut self, version: u64, is_durable: bool) {
        self.history.timelines.extend(self.db.as_ref().map(timeline));
        let operations = self.medium.operations();
        self.history.acknowledged.push(Acknowledgement { operations, version, is_durable });
    }

    /// The version that is published.
    pub fn version(&self) -> u64 {
        self.db().snapshot().version()
    }

    /// Does step number `number`.
    pub fn step(&mut self, number: usize, step: &Step) -> Outcome {
        match step {
            Step::Reopen => self.reopen(number + 1),
            Step::Checkpoint { waits } => self.checkpoint(*waits),
            Step::Batch { transactions, is_durable } => {
                let outcome = self.batch(number, transactions);
                self.look(number + 1);
                if outcome == Outcome::Done && *is_durable {
                    return self.sync();
                }
                outcome
            }
        }
    }

    /// Waits until all that is visible is durable.
    pub fn sync(&mut self) -> Outcome {
        let version = self.version();
        match self.db().sync() {
            Ok(durable) => {
                assert!(durable >= version, "version {durable} is durable, {version} was asked for");
                self.tell(version, true);
                Outcome::Done
            }
            Err(_) => {
                self.is_poisoned = true;
                Outcome::Refused
            }
        }
    }

    /// Makes a checkpoint. One that fails harms nothing; whatever it is, what is visible stays as it was.
    fn checkpoint(&mut self, waits: bool) -> Outcome {
        let version = self.version();
        let Ok(checkpoint) = self.db().checkpoint() else { panic!("it is open, and has a directory") };
        if waits {
            match checkpoint.wait() {
                Ok(report) => {
                    assert_eq!(report.version, version, "nothing was committed meanwhile");
                    self.tell(version, true);
                }
                Err(error) => assert!(self.medium.struck() > 0 || self.is_poisoned, "no checkpoint: {error}"),
            }
        }
        Outcome::Done
    }

    fn reopen(&mut self, next_step: usize) -> Outcome {
        let version = self.version();
        let closed = self.close();
        let Ok(db) = open(&self.medium, self.layout) else { return Outcome::Closed };
        self.db = Some(db);
        if self.is_poisoned || closed.is_err() {
            // What is there is for those to judge who know what was durable.
            return Outcome::Closed;
        }
        assert_eq!(self.version(), version, "the version after a clean close");
        self.has_burned = false;
        // It is the same version, but hot values are those that were logged.
        self.rows = self.history.reopened(self.db());
        if let Some(point) = self.history.points.remove(&version) {
            let point = Point { rows: self.rows.clone(), known: self.known.clone(), step: point.step };
            self.history.points.insert(version, Arc::new(point));
        }
        self.look(next_step);
        Outcome::Done
    }

    /// Closes the database. Then all is durable.
    pub fn close(&mut self) -> Result<(), TransactionError> {
        let Some(db) = self.db.take() else { return Ok(()) };
        let version = db.snapshot().version();
        db.close()?;
        self.tell(version, true);
        Ok(())
    }

    /// Does transactions that become visible together.
    fn batch(&mut self, number: usize, transactions: &[Tx]) -> Outcome {
        if transactions.len() > 1 && self.layout.kept != Kept::Usual {
            // One that the database is about to make by itself would come in between, and part the batch.
            self.checkpoint(true);
        }
        let blocked = (transactions.len() > 1).then(|| block_writer(self.db()));
        let queued: Vec<Queued> = transactions.iter().map(|tx| queue(self.db(), tx, &self.known)).collect();
        drop(blocked);
        // Picks are among what was known when the batch was queued.
        let known = self.known.clone();
        let mut new = Vec::new();
        let mut refused = 0;
        let before = self.rows.clone();
        for (tx, queued) in transactions.iter().zip(queued) {
            self.known.clone_from(&known);
            let rows = self.rows.clone();
            let known_before = self.known.len();
            let is_refused = match queued {
                Queued::Builder(ticket) => self.builder(number, tx, refused > 0, ticket.visible()),
                Queued::Closure(future, answers) => {
                    let outcome = block_on(future);
                    let answers = core::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
                    self.closure(number, tx, refused > 0, outcome, answers)
                }
            };
            if self.rows != rows {
                self.has_burned = false;
            } else if self.known.len() == known_before && tx.spawns() {
                self.has_burned = true;
            }
            if is_refused {
                refused += 1;
            } else if self.is_poisoned {
                assert_eq!(self.rows, rows, "a log that has failed took a transaction");
            }
            new.extend_from_slice(&self.known[known.len()..]);
        }
        self.known = known;
        self.known.extend(new);
        if refused == 0 {
            return Outcome::Done;
        }
        assert_eq!(self.rows, before, "some of the batch was refused, and some was not");
        self.is_poisoned = true;
        Outcome::Refused
    }

    fn note(&mut self, number: usize, spawned: &[Entity]) {
        for entity in spawned {
            assert!(self.seen.insert(*entity), "{entity} was handed out before");
        }
        if !spawned.is_empty() {
            self.history.spawned.entry(number).or_default().extend_from_slice(spawned);
        }
    }

    /// Checks what became of a transaction. `is_refused` says whether the log has refused an earlier one of the same batch.
    /// Returns whether it has refused this one.
    fn closure(
        &mut self,
        number: usize,
        tx: &Tx,
        is_refused: bool,
        outcome: Result<(), TransactionError>,
        answers: Answers,
    ) -> bool {
        let (before, mut rows, mut known) = (self.rows.clone(), self.rows.clone(), self.known.clone());
        assert_eq!(answers.len(), tx.ops.len(), "every operation was done");
        for ((answer, spawned), op) in answers.iter().zip(&tx.ops) {
            self.note(number, spawned);
            // What it saw of a batch that is refused is not known any more.
            if !is_refused {
                assert_eq!(apply(&mut rows, &mut known, op, spawned), *answer, "{op:?}");
            }
        }
        match (outcome, tx.end) {
            (Ok(()), End::Commit) => {
                rows.log_hot(&before);
                (self.rows, self.known) = (rows, known);
                false
            }
            (Err(TransactionError::Log(_)), End::Commit) => true,
            (Err(TransactionError::Aborted(_)), End::Abort) => false,
            (Err(TransactionError::Panicked { .. }), End::Panic) => false,
            (outcome, end) => panic!("{outcome:?} although it ends with {end:?}"),
        }
    }

    /// As [`Self::closure`].
    fn builder(&mut self, number: usize, tx: &Tx, is_refused: bool, outcome: Result<Commit, TransactionError>) -> bool {
        let (before, mut rows, mut known) = (self.rows.clone(), self.rows.clone(), self.known.clone());
        let mut spawned = match &outcome {
            Err(TransactionError::Log(_)) => return true,
            Err(TransactionError::Op(_)) if is_refused => return false,
            Ok(commit) => commit.entities.clone(),
            // Not told; any that live nowhere will do.
            Err(_) => (0..10_000).filter_map(|n| Entity::from_bits(u64::MAX - n)).collect(),
        };
        let succeeds = tx.ops.iter().all(|op| {
            let count = if let Op::Spawn { count, .. } = op { *count } else { 0 };
            let rest = spawned.split_off(count);
            let succeeds = apply(&mut rows, &mut known, op, &spawned);
            spawned = rest;
            succeeds
        });
        match outcome {
            Ok(commit) => {
                assert!(succeeds, "{tx:?} succeeded");
                self.note(number, &commit.entities);
                rows.log_hot(&before);
                (self.rows, self.known) = (rows, known);
            }
            Err(TransactionError::Op(_)) if !succeeds => {}
            Err(error) => panic!("{tx:?} failed: {error}"),
        }
        false
    }
}

fn queue(db: &Db<World>, tx: &Tx, known: &[Entity]) -> Queued {
    if tx.is_builder {
        return Queued::Builder(build(db, &tx.ops, known).expect("the queue has room"));
    }
    let answers: Arc<Mutex<Answers>> = Arc::default();
    let (told, mut known, Tx { ops, end, .. }) = (Arc::clone(&answers), known.to_vec(), tx.clone());
    let future = db.write_async(move |tx| {
        for op in &ops {
            let answer = run(tx, &mut known, op);
            told.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
        }
        match end {
            End::Commit => Ok(()),
            End::Abort => Err(tx.abort("the end")),
            // Without a message on the terminal.
            End::Panic => resume_unwind(Box::new("the end")),
        }
    });
    Queued::Closure(Box::new(Box::pin(future)), answers)
}
