//! One table of a version: slices page by page, and rows with their entities.

use core::marker::PhantomData;
use core::ptr;

use super::iter::QueryIter;
use super::view::View;
use super::words::Filters;
use crate::bytes::{self, Line, rows_of};
use crate::component::Component;
use crate::entity::Entity;
use crate::limits::{PAGE_BYTES, PAGES_AHEAD};
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

    /// All rows as slices without holes: the fastest way to read a whole table. A slice is half a page: up to 512 rows, in about
    /// 2 KiB. While it is read the processor is asked for what comes later, which a longer one would leave too little time for.
    ///
    /// For native rows that is `&[T]`. The strings and lists of a component are not in its row: read these with [`Self::iter`].
    pub fn pages(self) -> Pages<'v, T> {
        Pages { table: self.table(), chunk: None, next_chunk: 0, next_page: 0, rest: &[], ahead: 0 }
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

/// The most cache lines that are asked for at once.
const LINES_MAX: usize = PAGE_BYTES / 2 / Line::BYTES;

/// The rows of a table, half a page at a time.
pub struct Pages<'v, T: Component> {
    /// Invariant: its rows are values of `T::Row`.
    table: &'v Table,
    chunk: Option<&'v Chunk>,
    next_chunk: usize,
    next_page: usize,
    /// What is left of a page.
    rest: &'v [T::Row],
    /// Where the page after the next one has what `rest` begins with, or 0. Only to ask the processor for it.
    ahead: usize,
}

debug_as!(['v, T: Component] Pages<'v, T>);

impl<'v, T: Component> Pages<'v, T> {
    const GEOMETRY: PageGeometry = PageGeometry::of(size_of::<T::Row>());

    /// How many rows are handed out at once.
    const AT_ONCE: usize = Self::GEOMETRY.page_slots().div_ceil(2);

    /// How many cache lines are asked for at once: those of as many rows, or of 2 KiB of a wide one.
    const LINES: usize = {
        let lines = Self::GEOMETRY.lines(Self::AT_ONCE);
        if lines < LINES_MAX { lines } else { LINES_MAX }
    };

    /// The address of the rows of a page, or null.
    #[inline]
    fn address(chunk: &Chunk, page: usize) -> *const u8 {
        if Self::GEOMETRY.is_wide() {
            chunk.pages()[page].page.as_ref().map_or(Self::GEOMETRY.no_rows(), |page| page.rows())
        } else {
            chunk.block_rows(page * Self::GEOMETRY.page_words())
        }
    }

    /// How many rows a page has.
    #[inline]
    fn len(chunk: &Chunk, page: usize) -> usize {
        if Self::GEOMETRY.is_wide() {
            return chunk.pages()[page].len as usize;
        }
        // The words lie beside the address, the writer's notes do not.
        let first = page * Self::GEOMETRY.page_words();
        chunk.rows_in(Self::GEOMETRY, first..first + Self::GEOMETRY.page_words())
    }

    /// Goes to the next page that has rows. Returns `false` at the end.
    #[inline]
    fn advance(&mut self) -> bool {
        loop {
            let Some(chunk) = self.chunk else {
                if self.next_chunk == self.table.chunk_count() {
                    return false;
                }
                self.chunk = self.table.chunk(self.next_chunk);
                self.next_chunk += 1;
                self.next_page = 0;
                if let Some(behind) = self.table.chunk(self.next_chunk) {
                    behind.prefetch();
                }
                continue;
            };
            let page = self.next_page;
            if page == Self::GEOMETRY.chunk_pages() {
                self.chunk = None;
                continue;
            }
            self.next_page += 1;
            let len = Self::len(chunk, page);
            if len == 0 {
                continue;
            }
            // SAFETY: invariant of `Chunk`: the page holds `len` rows from this address on, and it lives for `'v`; the rows
            // are values of `T::Row` (invariant of `Pages`, from that of the view it was made from).
            self.rest = unsafe { rows_of(Self::address(chunk, page), len) };
            let later = page + PAGES_AHEAD;
            self.ahead = if later < Self::GEOMETRY.chunk_pages() {
                Self::address(chunk, later).addr()
            } else {
                self.table
                    .chunk(self.next_chunk)
                    .map_or(0, |next| Self::address(next, later - Self::GEOMETRY.chunk_pages()).addr())
            };
            return true;
        }
    }
}

impl<'v, T: Component> Iterator for Pages<'v, T> {
    type Item = &'v [T::Row];

    #[inline]
    fn next(&mut self) -> Option<&'v [T::Row]> {
        if self.rest.is_empty() && !self.advance() {
            return None;
        }
        let (rows, rest) = self.rest.split_at(Self::AT_ONCE.min(self.rest.len()));
        self.rest = rest;
        if self.ahead != 0 {
            bytes::prefetch(ptr::without_provenance(self.ahead), Self::LINES);
            self.ahead = self.ahead.wrapping_add(Self::AT_ONCE * Self::GEOMETRY.stride());
        }
        Some(rows)
    }
}
