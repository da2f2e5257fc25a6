//! The rows of one table, found chunk by chunk, as what they are in Rust.
//!
//! Owns the promise that the rows of a table are values of its component's row type.

use core::marker::PhantomData;
use core::ops::Range;

use super::block::BlockRows;
use super::view::View;
use crate::component::Component;
use crate::schema::{Schema, TableOf};
use crate::storage::{Chunk, Table};

/// The table of `T` in a version.
pub fn table_of<'v, S: Schema, T: TableOf<S>>(view: View<'v, S>) -> TableSource<'v, T> {
    TableSource { table: &view.storage().tables[usize::from(T::INDEX)], component: PhantomData }
}

/// The table of `T`.
///
/// Invariant: its rows are values of `T::Row`. Only `table_of` makes one, from a view whose invariant says so.
pub struct TableSource<'v, T> {
    table: &'v Table,
    component: PhantomData<fn() -> T>,
}

debug_as!(['v, T] TableSource<'v, T>);

impl<T> Clone for TableSource<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TableSource<'_, T> {}

/// A chunk of the table of `T`, if the table has rows there. Invariant as that of [`TableSource`].
pub struct TableChunk<'v, T> {
    chunk: Option<&'v Chunk>,
    /// The one behind it. Only to ask the processor for its rows.
    behind: Option<&'v Chunk>,
    component: PhantomData<fn() -> T>,
}

debug_as!(['v, T] TableChunk<'v, T>);

impl<T> Clone for TableChunk<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TableChunk<'_, T> {}

impl<'v, T> TableSource<'v, T> {
    /// Chunk number `index`.
    #[inline]
    pub fn chunk(self, index: usize) -> TableChunk<'v, T> {
        TableChunk { chunk: self.table.chunk(index), behind: self.table.chunk(index + 1), component: PhantomData }
    }
}

impl<'v, T: Component> TableChunk<'v, T> {
    /// Which blocks of the chunk have rows; nothing if none has.
    #[inline]
    pub fn summary(self) -> Option<u64> {
        self.chunk.map(Chunk::summary)
    }

    /// Asks the processor for the directory of the chunk behind.
    #[inline]
    pub fn prefetch_behind(self) {
        if let Some(behind) = self.behind {
            behind.prefetch();
        }
    }

    /// Which slots of a block of the chunk have rows.
    #[inline]
    pub fn word(self, block: usize) -> u64 {
        self.chunk.map_or(0, |chunk| chunk.word(block))
    }

    /// The rows of a block of the chunk.
    #[inline]
    pub fn rows(self, block: usize) -> BlockRows<'v, T::Row> {
        match self.chunk {
            // SAFETY: the chunk is one of the table of `T`, whose rows are values of `T::Row` (invariant).
            Some(chunk) => unsafe { BlockRows::new(chunk, block, self.behind) },
            None => BlockRows::empty(),
        }
    }

    /// The rows of several blocks of one page of the chunk, of which the first one has rows, which are not wide.
    #[inline(always)]
    pub fn run(self, blocks: Range<usize>) -> BlockRows<'v, T::Row> {
        match self.chunk {
            // SAFETY: as in `rows`.
            Some(chunk) => unsafe { BlockRows::run(chunk, blocks, self.behind) },
            None => BlockRows::empty(),
        }
    }
}
