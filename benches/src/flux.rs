//! Batches of a server that collects what players do: conditional updates of fragments, and inserts, all in one message.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use ecsdb::optimistic::Context;
use ecsdb::{Commit, Component, Db, Entity, Ticket, TransactionBuilder, TransactionError};

use crate::random::Random;

/// What somebody has and bears.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Character {
    /// Coins.
    pub gold: u64,
    /// What is left of the health.
    pub hp: u32,
    /// Where it is.
    pub place: u32,
}

/// What somebody owns.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Who.
    pub owner: Entity,
    /// What it is.
    pub kind: u32,
    /// How many.
    pub count: u32,
}

ecsdb::schema! {
    /// Characters and what they own.
    pub Flux: Character, Item
}

/// What there is before a batch: 10,000 characters, as in the document, in 100 places.
pub struct World {
    /// The database.
    pub db: Db<Flux>,
    /// The characters.
    pub characters: Vec<Entity>,
    random: Random,
}

/// How many places there are.
const PLACES: usize = 100;

impl World {
    /// A world of `count` characters, in memory or in a directory.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub fn new(count: usize, directory: Option<&Path>) -> Self {
        let mut builder = Db::<Flux>::builder().worker_threads(1);
        if let Some(directory) = directory {
            builder = builder.directory(directory);
        }
        let db = builder.open().expect("the database can be opened");
        let character = move |n| Character { gold: 1_000_000_000, hp: 100, place: (n % PLACES) as u32 };
        let characters = db.write(move |tx| Ok(tx.spawn_all((0..count).map(character))?));
        Self { characters: characters.expect("there is memory"), db, random: Random::new(17) }
    }

    fn character(&mut self) -> Entity {
        self.characters[self.random.below(self.characters.len())]
    }

    /// A batch of `count` updates, each with its condition: `SET gold = gold - 1 WHERE gold >= 100`.
    pub fn updates(&mut self, count: usize) -> TransactionBuilder<Flux> {
        let mut tx = self.db.begin();
        for _ in 0..count {
            let entity = self.character();
            tx.require(entity, Character::C.gold.ge(100));
            tx.update(entity, Character::C.gold.sub(1));
        }
        tx
    }

    /// A batch of `count` inserts.
    pub fn inserts(&mut self, count: usize) -> TransactionBuilder<Flux> {
        let mut tx = self.db.begin();
        for n in 0..count {
            let owner = self.character();
            let _ = tx.spawn(Item { owner, kind: n as u32, count: 1 });
        }
        tx
    }

    /// As the document mixes them: of each three operations, two are conditional updates, one is an insert.
    pub fn mixed(&mut self, count: usize) -> TransactionBuilder<Flux> {
        let mut tx = self.updates(count - count / 3);
        for n in 0..count / 3 {
            let owner = self.character();
            let _ = tx.spawn(Item { owner, kind: n as u32, count: 1 });
        }
        tx
    }

    /// Takes the entities of a commit away again, so that all batches meet the same world.
    ///
    /// # Panics
    /// If they are gone.
    pub fn tidy(&self, commit: Commit) {
        let all = commit.entities;
        let gone = self.db.write(move |tx| all.into_iter().try_for_each(|entity| Ok(tx.despawn(entity)?)));
        gone.expect("they are alive");
    }
}

/// How a batch is waited for.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// Every reader sees it.
    Visible,
    /// It survives a loss of power.
    Durable,
}

/// Composes a batch, commits it and waits: what that took, with what became of it. It is one message and one version.
///
/// # Panics
/// If it is refused.
pub fn timed(
    world: &mut World,
    compose: impl FnOnce(&mut World) -> TransactionBuilder<Flux>,
    until: Until,
) -> Duration {
    let before = world.db.snapshot().version();
    let start = Instant::now();
    let ticket = compose(world).commit().expect("the database is open");
    let commit = match until {
        Until::Visible => Ticket::visible(ticket),
        Until::Durable => Ticket::durable(ticket),
    };
    let commit = commit.expect("every condition holds");
    let took = start.elapsed();
    assert_eq!(commit.version, before + 1, "a batch is one message, whatever its size");
    world.tidy(commit);
    took
}

/// A decision in the Flux way: pays one coin to the poorest in the same place.
///
/// # Errors
/// None.
pub fn pay(payer: &Context<'_, Flux>, effects: &mut TransactionBuilder<Flux>) -> Result<usize, TransactionError> {
    let beside = payer.beside(Character::C.place);
    let poorest = beside.iter().copied().min_by_key(|entity| payer.of::<Character>(*entity).map(|one| one.gold()));
    if let Some(poorest) = poorest {
        effects.update(payer.entity(), Character::C.gold.sub(1));
        effects.update(poorest, Character::C.gold.add(1));
    }
    Ok(beside.len())
}

/// Threads that each move coins between the first `rows` characters, `commits` times, optimistically: what it took, and how
/// many attempts there were.
///
/// # Panics
/// If one gives up.
pub fn optimistic(world: &World, threads: usize, rows: usize, commits: usize) -> (Duration, u64) {
    let start = Instant::now();
    let attempts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut random = Random::new(thread as u64);
                    let mut attempts = 0;
                    for _ in 0..commits {
                        let pair = [0, 1].map(|_| world.characters[random.below(rows)]);
                        let done = world.db.optimistic(u32::MAX, |tx| {
                            for (entity, change) in pair.into_iter().zip([-1, 1]) {
                                let gold = tx.read::<Character>(entity)?.gold;
                                tx.update(entity, Character::C.gold.set(gold.wrapping_add_signed(change)));
                            }
                            Ok(())
                        });
                        attempts += u64::from(done.expect("it is tried until it succeeds").attempts);
                    }
                    attempts
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no worker panics")).sum()
    });
    (start.elapsed(), attempts)
}
