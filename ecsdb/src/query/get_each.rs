//! The rows of many entities in any order: each is asked for long before it is handed out.
//!
//! A look-up at random waits for memory, and the processor sees only a few of them ahead. Here so many are under way at a time
//! that memory answers one while it looks for the others.

use core::borrow::Borrow;
use core::iter::Fuse;

use super::view::View;
use crate::bytes::{self, Line};
use crate::component::Component;
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};

/// How many rows are under way: enough for memory, and few enough for the nearest cache.
const AHEAD: usize = 16;

/// The most cache lines of a row that are asked for.
const LINES_MAX: usize = 4;

/// What [`Snapshot::get_each`](crate::Snapshot::get_each) finds, in the order of the entities it was given.
pub struct GetEach<'v, S, T: Component, I: Iterator> {
    view: View<'v, S>,
    entities: Fuse<I>,
    /// What was found of the next ones, each with its slot, in a ring.
    ahead: [(u32, Option<&'v T::Row>); AHEAD],
    /// Where the next one is in the ring, and how many there are.
    first: usize,
    len: usize,
    has_begun: bool,
}

debug_as!(['v, S, T: Component, I: Iterator] GetEach<'v, S, T, I>);

impl<'v, S: Schema, T: TableOf<S>, I: Iterator<Item: Borrow<Entity>>> GetEach<'v, S, T, I> {
    pub(super) fn new(view: View<'v, S>, entities: I) -> Self {
        Self { view, entities: entities.fuse(), ahead: [(0, None); AHEAD], first: 0, len: 0, has_begun: false }
    }

    /// Looks where the row of `entity` is, and asks the processor for it.
    #[inline]
    fn look_up(&self, entity: Entity) -> (u32, Option<&'v T::Row>) {
        let found = self.view.row_of::<T>(entity);
        if let Some(row) = found {
            let start = (&raw const *row).cast::<u8>();
            let bytes = size_of::<T::Row>();
            bytes::prefetch(start, bytes.div_ceil(Line::BYTES).min(LINES_MAX));
            // It may begin anywhere in a line, and end in one more.
            bytes::prefetch(start.wrapping_add(bytes.min(LINES_MAX * Line::BYTES).saturating_sub(1)), 1);
        }
        (entity.slot(), found)
    }

    #[inline(never)]
    fn begin(&mut self) {
        self.has_begun = true;
        while self.len < AHEAD
            && let Some(entity) = self.entities.next()
        {
            self.ahead[self.len] = self.look_up(*entity.borrow());
            self.len += 1;
        }
    }
}

impl<'v, S: Schema, T: TableOf<S>, I: Iterator<Item: Borrow<Entity>>> Iterator for GetEach<'v, S, T, I> {
    type Item = Option<T::Ref<'v>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if !self.has_begun {
            self.begin();
        }
        if self.len == 0 {
            return None;
        }
        let at = self.first;
        let (slot, found) = self.ahead[at];
        match self.entities.next() {
            Some(entity) => self.ahead[at] = self.look_up(*entity.borrow()),
            None => self.len -= 1,
        }
        self.first = (at + 1) % AHEAD;
        Some(found.map(|row| self.view.seen::<T>(row, slot)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.entities.size_hint();
        (least.saturating_add(self.len), most.and_then(|most| most.checked_add(self.len)))
    }
}
