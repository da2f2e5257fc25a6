//! Everything at once: random transactions over all kinds of indexes and references, within little memory, while others hold on
//! to old versions. Some give up, some are refused, now and then the database is closed and opened again. After each one,
//! every index says what a look at all rows says, and what did not commit has left nothing.
//!
//! A failure names the seed of its history. `ECSDB_EVERYTHING_SEEDS` says how many are tried.

mod check;
mod steps;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use check::check;
use ecsdb::{Db, Entity, OpError, Snapshot, TransactionError};
use ecsdb_tests::simulated::Simulated;
use fastrand::Rng;
use world::*;

/// Transactions of a history.
const ROUNDS: usize = 60;

/// How transactions ended.
#[derive(Debug, Default)]
struct Tally {
    committed: usize,
    out_of_memory: usize,
    refused: usize,
    reopened: usize,
}

struct History {
    rng: Rng,
    media: Simulated,
    db: Db<World>,
    /// Old versions, and what was in them.
    held: Vec<(Snapshot<World>, Rows)>,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let media = Simulated::new();
        let db = open(&media, 100_000 + rng.usize(0..120_000));
        Self { rng, media, db, held: Vec::new() }
    }

    fn round(&mut self, tally: &mut Tally) {
        let before = self.db.snapshot();
        let rows = lasting(&before);
        let alive: Vec<Entity> = before.query::<(Entity, &Node)>().into_iter().map(|(entity, _)| entity).collect();
        if self.rng.u8(..) < 40 {
            self.held.push((before.clone(), rows.clone()));
        }
        drop(before);
        if self.rng.u8(..) < 60 {
            self.let_go();
        }
        let seed = self.rng.u64(..);
        let outcome = self.db.write(move |tx| steps::transaction(tx, alive, seed));
        match &outcome {
            Ok(()) => tally.committed += 1,
            Err(TransactionError::Op(OpError::Memory(_))) => tally.out_of_memory += 1,
            Err(TransactionError::Op(_) | TransactionError::Aborted { .. }) => tally.refused += 1,
            Err(error) => panic!("{error}"),
        }
        let after = self.db.snapshot();
        check(&after);
        if outcome.is_err() {
            assert!(lasting(&after) == rows, "what did not commit has left something");
        }
        let is_crowded = after.entity_count() > 60;
        drop(after);
        if is_crowded && self.rng.bool() {
            self.make_room();
        }
        if self.rng.u8(..) < 12 {
            self.reopen();
            tally.reopened += 1;
        }
    }

    /// Old versions are still what they were.
    fn let_go(&mut self) {
        for (snapshot, rows) in self.held.drain(..) {
            check(&snapshot);
            assert!(lasting(&snapshot) == rows, "an old version has changed");
        }
    }

    /// Removes about half. That needs memory too, so it may be refused.
    fn make_room(&mut self) {
        self.let_go();
        if let Err(error) = self.db.write(|tx| Ok(tx.despawn_where(Node::C.kind.lt(2))?)) {
            assert!(matches!(error, TransactionError::Op(OpError::Memory(_))), "{error}");
        }
        check(&self.db.snapshot());
    }

    /// What the log keeps is there again.
    fn reopen(&mut self) {
        self.let_go();
        let rows = lasting(&self.db.snapshot());
        self.db.close().unwrap();
        self.db = open(&self.media, usize::MAX);
        let after = self.db.snapshot();
        check(&after);
        assert!(lasting(&after) == rows, "a directory gives back what was in it");
    }
}

#[test]
fn every_index_says_what_all_rows_say_whatever_happens() {
    let seeds = std::env::var("ECSDB_EVERYTHING_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(6);
    let mut tally = Tally::default();
    for seed in 0..seeds {
        let mut history = History::new(seed);
        for round in 0..ROUNDS {
            let outcome = catch_unwind(AssertUnwindSafe(|| history.round(&mut tally)));
            assert!(outcome.is_ok(), "seed {seed}, transaction {round}: the panic above");
        }
    }
    let Tally { committed, out_of_memory, refused, reopened } = tally;
    assert!(committed > 0 && out_of_memory > 0 && refused > 0 && reopened > 0, "{tally:?}: too tame");
}
