//! How many instructions the hot paths take: what they are measured on. Unpublished member of the ecsdb workspace.
//!
//! Owns the work of `benches/instructions.rs`, which counts it with callgrind. It must do the same work in every run: nothing
//! here depends on time or on other threads.

use core::hint::black_box;

use ecsdb::{Entity, Snapshot, Transaction};
use ecsdb_benches::world::{Filled, Pos, World, fresh};

/// Rows that a scan goes over.
pub const SCANNED: usize = 10_000;

/// A world to read, pinned, so that the version is in the cache of whoever measures.
pub struct Pinned {
    /// What is read.
    pub snapshot: Snapshot<World>,
    /// Its entities.
    pub world: Filled,
}

/// A world of [`SCANNED`] bodies.
pub fn pinned() -> Pinned {
    let world = fresh(SCANNED);
    Pinned { snapshot: world.db.snapshot(), world }
}

/// Gets 1,000 rows, one by one.
pub fn get(pinned: &Pinned) -> f32 {
    let some = pinned.world.entities.iter().step_by(SCANNED / 1000);
    some.filter_map(|entity| pinned.snapshot.get::<Pos>(*entity)).map(|pos| pos.x).sum()
}

/// Goes over all rows of a table.
pub fn scan(pinned: &Pinned) -> f32 {
    let mut sum = 0.0;
    pinned.snapshot.query::<&Pos>().for_each(|pos| sum += pos.x);
    sum
}

/// Pins the newest version and lets it go, 1,000 times.
pub fn pin(pinned: &Pinned) -> u64 {
    (0..1000).map(|_| black_box(pinned.world.db.snapshot()).version()).sum()
}

/// Commits a change of one row 1,000 times, each of them alone. [`change`] is the part that is counted.
pub fn commits(pinned: &Pinned) {
    for entity in pinned.world.entities.iter().step_by(SCANNED / 1000) {
        let entity = *entity;
        pinned.world.db.write(move |tx| Ok(change(tx, entity)?)).expect("the entity is alive");
    }
}

/// Changes one row, on the thread of the writer: the undo, the page and the row.
///
/// # Errors
/// If the entity is gone.
#[inline(never)]
pub fn change(tx: &mut Transaction<'_, World>, entity: Entity) -> Result<(), ecsdb::OpError> {
    tx.update(entity, Pos::C.x.set(1.0))
}
