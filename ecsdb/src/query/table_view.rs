//! One table of a version: slices page by page, and rows with their entities.

use core::marker::PhantomData;

use super::iter::QueryIter;
use super::view::View;
use super::words::Filters;
use crate::bytes::rows_of;
use crate::component::Component;
use crate::entity::Entity;
use crate::limits::BLOCK_SLOTS;
use crate::schema::{Schema, TableOf};
use crate::storage::{Chunk, PageGeometry, Table};

/// The table of `T` in one version.
pub struct TableView<'v, S, T> {
    view: View<'v, S>,
    component: PhantomData<fn() -> T>,
}

debug_as!(['v, S, T] TableView<'v, S, T>);

impl<S, T> Clone for TableView<'_, S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T> Copy for TableView<'_, S, T> {}

impl<'v, S: Schema, T: TableOf<S>> TableView<'v, S, T> {
    pub(super) fn new(view: View<'v, S>) -> Self {
        Self { view, component: PhantomData }
    }

    fn table(self) -> &'v Table {
        &self.view.storage().tables[usize::from(T::INDEX)]
    }

    /// How many rows there are.
    pub fn len(self) -> usize {
        self.table().rows() as usize
    }

    /// Whether there are no rows.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The row of `entity`.
    #[inline]
    pub fn get(self, entity: Entity) -> Option<T::Ref<'v>> {
        self.view.get::<T>(entity)
    }

    /// Every row with its entity, in the order of slots.
    pub fn iter(self) -> TableIter<'v, S, T> {
        QueryIter::new(self.view, Filters::NONE, 0..self.view.storage().chunk_count())
    }

    /// All rows, page by page, as slices without holes: the fastest way to read a whole table. A page has up to 1,024
    /// rows, in about 4 KiB.
    ///
    /// For native rows that is `&[T]`. The strings and lists of a component are not in its row: read these with [`Self::iter`].
    pub fn pages(self) -> Pages<'v, T> {
        Pages { table: self.table(), chunk: None, next_chunk: 0, next_page: 0, component: PhantomData }
    }
}

impl<'v, S: Schema, T: TableOf<S>> IntoIterator for TableView<'v, S, T> {
    type Item = (Entity, T::Ref<'v>);
    type IntoIter = TableIter<'v, S, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The rows of a table with their entities.
pub type TableIter<'v, S, T> = QueryIter<'v, S, (Entity, &'static T)>;

/// The rows of a table, page by page.
pub struct Pages<'v, T> {
    /// Invariant: its rows are values of `T::Row`.
    table: &'v Table,
    chunk: Option<&'v Chunk>,
    next_chunk: usize,
    next_page: usize,
    component: PhantomData<fn() -> T>,
}

debug_as!(['v, T] Pages<'v, T>);

impl<T: Component> Pages<'_, T> {
    const GEOMETRY: PageGeometry = PageGeometry::of(size_of::<T::Row>());

    #[inline]
    fn address(chunk: &Chunk, page: usize) -> *const u8 {
        if Self::GEOMETRY.is_wide() {
            chunk.pages()[page].page.as_ref().map_or(Self::GEOMETRY.no_rows(), |page| page.rows())
        } else {
            chunk.block_rows(page * Self::GEOMETRY.page_slots() / BLOCK_SLOTS)
        }
    }
}

impl<'v, T: Component> Iterator for Pages<'v, T> {
    type Item = &'v [T::Row];

    #[inline]
    fn next(&mut self) -> Option<&'v [T::Row]> {
        loop {
            let Some(chunk) = self.chunk else {
                if self.next_chunk == self.table.chunk_count() {
                    return None;
                }
                self.chunk = self.table.chunk(self.next_chunk);
                self.next_chunk += 1;
                self.next_page = 0;
                continue;
            };
            let pages = chunk.pages();
            let Some(page) = pages.get(self.next_page) else {
                self.chunk = None;
                continue;
            };
            let rows = Self::address(chunk, self.next_page);
            self.next_page += 1;
            if self.next_page < pages.len() {
                let behind = rows.wrapping_add(page.len as usize * Self::GEOMETRY.stride());
                super::prefetch::prefetch(behind, Self::address(chunk, self.next_page));
            }
            if page.len == 0 {
                continue;
            }
            // SAFETY: invariant of `Chunk`: the page holds `len` rows from this address on, and it lives for `'v`; the rows
            // are values of `T::Row` (invariant of `Pages`, from that of the view it was made from).
            return Some(unsafe { rows_of(rows, page.len as usize) });
        }
    }
}
