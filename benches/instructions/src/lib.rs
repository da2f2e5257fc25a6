//! How many instructions the hot paths take: what they are measured on. Unpublished member of the ecsdb workspace.
//!
//! Owns the work of `benches/instructions.rs`, which counts it with callgrind. It must do the same work in every run: nothing
//! here depends on time or on other threads. What is counted on the writer is a function of its own that is never inlined, so that
//! it can be counted by its name.

use core::hint::black_box;

use ecsdb::{Db, Entity, OpError, Snapshot, Ticket, Transaction};
use ecsdb_benches::commits::{Hold, queued, wait};
use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;
use ecsdb_benches::work;
use ecsdb_benches::world::{Filled, Pos, Target, World, body, fill, fresh};

/// Rows that a scan goes over.
pub const SCANNED: usize = 10_000;

/// Rows that are looked up, changed, or come and go.
pub const PICKED: usize = 1000;

/// A world to read, pinned, so that the version is in the cache of whoever measures.
pub struct Pinned {
    /// What is read.
    pub snapshot: Snapshot<World>,
    /// Its entities.
    pub world: Filled,
    /// One in ten of them.
    pub picked: Vec<Entity>,
}

/// A world of [`SCANNED`] bodies.
pub fn pinned() -> Pinned {
    let world = fresh(SCANNED);
    let picked = world.entities.iter().copied().step_by(SCANNED / PICKED).collect();
    Pinned { snapshot: world.db.snapshot(), world, picked }
}

/// The same after some thousand commits: what they have allocated is there to be used again.
pub fn worn_in() -> Pinned {
    let pinned = pinned();
    queued(&pinned.world, &mut Random::new(1));
    pinned
}

/// Gets [`PICKED`] rows, one by one.
pub fn get(pinned: &Pinned) -> f32 {
    work::get(&pinned.snapshot, &pinned.picked)
}

/// Gets the same rows, all of them named beforehand.
pub fn get_each(pinned: &Pinned) -> f32 {
    work::get_each(&pinned.snapshot, &pinned.picked)
}

/// Goes over all rows of a table.
pub fn scan(pinned: &Pinned) -> f32 {
    let mut sum = 0.0;
    pinned.snapshot.query::<&Pos>().for_each(|pos| sum += pos.x);
    sum
}

/// Goes over the rows of two tables.
pub fn join(pinned: &Pinned) -> f32 {
    work::join_two(&pinned.snapshot)
}

/// Pins the newest version and lets it go, 1,000 times.
pub fn pin(pinned: &Pinned) -> u64 {
    (0..1000).map(|_| black_box(pinned.world.db.snapshot()).version()).sum()
}

/// Commits a change of each picked row, each of them alone. [`commit`], [`change`], and within the engine the publication are counted.
pub fn commits(pinned: &Pinned) {
    for entity in &pinned.picked {
        commit(&pinned.world.db, *entity);
    }
}

/// Commits a change of one row, and is the writer meanwhile: everything from the closure to the answer.
#[inline(never)]
pub fn commit(db: &Db<World>, entity: Entity) {
    db.write(move |tx| Ok(change(tx, entity)?)).expect("the entity is alive");
}

/// Changes one row, on the thread of the writer: the undo, the page and the row.
///
/// # Errors
/// If the entity is gone.
#[inline(never)]
pub fn change(tx: &mut Transaction<'_, World>, entity: Entity) -> Result<(), OpError> {
    tx.update(entity, Pos::C.x.set(1.0))
}

/// Puts together and queues a change of each picked row, while the writer is held up. [`enqueue`] is counted.
pub fn enqueues(pinned: &Pinned) {
    let hold = Hold::new(&pinned.world.db);
    let mut last = None;
    for entity in &pinned.picked {
        last = Some(enqueue(&pinned.world.db, *entity));
    }
    hold.release();
    wait(last);
}

/// Puts a transaction of one row together and queues it, on the thread of the caller.
#[inline(never)]
pub fn enqueue(db: &Db<World>, entity: Entity) -> Ticket {
    let mut tx = db.begin();
    tx.update(entity, Pos::C.x.set(1.0));
    tx.commit().expect("the database is open")
}

/// Has a component come to each picked entity, and go, all in one transaction. [`come_and_go`] is counted.
pub fn components_that_come_and_go(pinned: &Pinned) {
    let picked = pinned.picked.clone();
    let all =
        move |tx: &mut Transaction<'_, World>| Ok(picked.into_iter().try_for_each(|entity| come_and_go(tx, entity))?);
    pinned.world.db.write(all).expect("all are alive");
}

/// Inserts a component and removes it.
///
/// # Errors
/// If the entity is gone.
#[inline(never)]
pub fn come_and_go(tx: &mut Transaction<'_, World>, entity: Entity) -> Result<(), OpError> {
    tx.insert(entity, Target { id: 1 })?;
    tx.remove::<Target>(entity)
}

/// Has [`PICKED`] entities live and end, all in one transaction. [`live_and_end`] is counted.
pub fn entities_that_live_and_end(pinned: &Pinned) {
    let all = |tx: &mut Transaction<'_, World>| Ok((0..PICKED).try_for_each(|index| live_and_end(tx, index))?);
    pinned.world.db.write(all).expect("there are slots");
}

/// Spawns an entity with four components and despawns it.
///
/// # Errors
/// If no slot is left.
#[inline(never)]
pub fn live_and_end(tx: &mut Transaction<'_, World>, index: usize) -> Result<(), OpError> {
    let entity = tx.spawn(body(index))?;
    tx.despawn(entity)
}

/// A world with a log.
pub struct Logged {
    /// Closed before its files go.
    world: Filled,
    _place: Place,
}

/// A world of [`PICKED`] bodies with a log, in the directory for temporary files.
///
/// # Panics
/// If that cannot be written to.
pub fn logged() -> Logged {
    let place = Place::new(&std::env::temp_dir().to_string_lossy()).expect("there is room for temporary files");
    let db = Db::builder()
        .worker_threads(1)
        .directory(place.fresh("world"))
        .open()
        .expect("an empty directory can be opened");
    Logged { world: fill(db, PICKED), _place: place }
}

/// Commits a change of each row, each of them alone. What the log encodes is counted.
pub fn logged_commits(logged: &Logged) {
    for entity in &logged.world.entities {
        commit(&logged.world.db, *entity);
    }
}
