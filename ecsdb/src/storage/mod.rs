//! Storage: versions of the whole database, made of pages that they share.
//!
//! Owns the directories, the pages, the allocation of slots, and the way from one version to the next. It knows strides
//! and bytes, no component types; it does not know what a transaction is for, or who wants to hear of it.

mod chunk;
mod counters;
mod edit;
mod entities;
mod evolve;
mod index;
mod memory;
mod migrate;
#[cfg(all(test, ecsdb_loom))]
mod models;
mod pinned;
mod pool;
mod recording;
mod reference;
mod restore;
mod roots;
mod slots;
mod store;
mod table;
mod table_sets;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;
mod version;

pub use chunk::{Chunk, count};
pub use edit::{Batch, PageRewrite, StorageError};
pub use entities::{BlockGenerations, Entities};
pub use index::{
    Definitions, DuplicateKey, GridRead, IndexDefinition, IndexFailure, IndexRead, IndexRole, LookUp, Point, Prebuilt,
    Slots,
};
pub use memory::MemoryUsage;
pub use migrate::MovedRow;
pub use pinned::Pinned;
pub use pool::MemoryLimit;
pub use recording::{CommitCursor, CommitHistory, HeldChanges};
pub use reference::{ReferenceFailure, ReferenceField, References};
pub use restore::{RestoreError, RestoredBlock};
pub use slots::{SlotMask, SlotsExhausted};
pub use store::Store;
pub use table::{PageGeometry, RowShape, Table};
pub use table_sets::TableSetId;
pub use version::Version;
