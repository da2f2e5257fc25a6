//! One number for a whole state, that can be kept up to date change by change.
//!
//! It is the sum of a hash of every living entity and of every row with its place. The order of a sum does not matter, and
//! what goes can be taken off again, so a commit costs as much as it changes.

use ecsdb::changes::ChangeSet;
use ecsdb::{Db, Entity};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::components::World;

/// The digest of a state. Two states that differ have different digests, but for one pair in 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub u64);

impl Digest {
    /// That of all that `db` has published, and the version of it.
    pub fn of(db: &Db<World>) -> (u64, Self) {
        let snapshot = db.snapshot();
        let mut digest = Self::default();
        snapshot.entities().for_each(|entity| digest.add(of_entity(entity)));
        let view = snapshot.untyped();
        for (number, table) in view.schema().tables().iter().enumerate() {
            for row in view.table(&table.name).into_iter().flat_map(|table| table.rows()) {
                if let Some(entity) = row.entity() {
                    digest.add(of_row(number as u16, entity.slot(), row.bytes()));
                }
            }
        }
        (snapshot.version(), digest)
    }

    /// Goes on to the state after `changes`.
    pub fn follow(&mut self, changes: &ChangeSet) {
        changes.despawned().for_each(|entity| self.subtract(of_entity(entity)));
        changes.spawned().for_each(|entity| self.add(of_entity(entity)));
        for page in changes.pages() {
            for row in page.rows() {
                if let Some(before) = row.before {
                    self.subtract(of_row(page.table(), row.slot, before));
                }
                if let Some(after) = row.after {
                    self.add(of_row(page.table(), row.slot, after));
                }
            }
        }
    }

    fn add(&mut self, hash: u64) {
        self.0 = self.0.wrapping_add(hash);
    }

    fn subtract(&mut self, hash: u64) {
        self.0 = self.0.wrapping_sub(hash);
    }
}

fn of_entity(entity: Entity) -> u64 {
    xxh3_64(&entity.to_bits().to_le_bytes())
}

fn of_row(table: u16, slot: u32, row: &[u8]) -> u64 {
    xxh3_64_with_seed(row, u64::from(table) << 32 | u64::from(slot))
}
