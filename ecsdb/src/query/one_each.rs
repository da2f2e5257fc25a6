//! The rows with many keys: several look-ups are under way at a time.
//!
//! Each of them waits for memory twice, for a node of the index and for a row. They stand in a ring: when one is handed out, the
//! one that was begun half a ring ago is taken from the node to the row, and another one is begun.

use core::iter::Fuse;

use super::index_view::{IndexView, PackedKey};
use crate::component::Field;
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};
use crate::storage::LookUp;

/// How many look-ups are under way.
const AHEAD: usize = 16;

/// What [`IndexView::one_each`] finds, in the order of the keys it was given.
pub struct OneEach<'v, S, T, K: Field, I> {
    index: IndexView<'v, S, T, K>,
    keys: Fuse<I>,
    /// The next ones, each with its key, in a ring.
    ahead: [Option<(PackedKey<K>, LookUp<'v>)>; AHEAD],
    /// Where the next one is in the ring.
    first: usize,
    len: usize,
    has_begun: bool,
}

debug_as!(['v, S, T, K: Field, I] OneEach<'v, S, T, K, I>);

impl<'v, S: Schema, T: TableOf<S>, K: Field, I: Iterator<Item = K::Value>> OneEach<'v, S, T, K, I> {
    pub(super) fn new(index: IndexView<'v, S, T, K>, keys: I) -> Self {
        Self { index, keys: keys.fuse(), ahead: [const { None }; AHEAD], first: 0, len: 0, has_begun: false }
    }

    #[inline]
    fn begin_one(&self, key: K::Value) -> (PackedKey<K>, LookUp<'v>) {
        let key = PackedKey::new(K::from_value(key));
        let look_up = self.index.begin_look_up(&key);
        (key, look_up)
    }

    #[inline(never)]
    fn begin(&mut self) {
        self.has_begun = true;
        while self.len < AHEAD
            && let Some(key) = self.keys.next()
        {
            self.ahead[self.len] = Some(self.begin_one(key));
            self.len += 1;
        }
        for (_, look_up) in self.ahead[..AHEAD / 2].iter_mut().flatten() {
            self.index.go_on(look_up);
        }
    }
}

impl<'v, S: Schema, T: TableOf<S>, K: Field, I: Iterator<Item = K::Value>> Iterator for OneEach<'v, S, T, K, I> {
    type Item = Option<(Entity, T::Ref<'v>)>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if !self.has_begun {
            self.begin();
        }
        let at = self.first;
        let (key, look_up) = self.ahead[at].take()?;
        match self.keys.next() {
            Some(key) => self.ahead[at] = Some(self.begin_one(key)),
            None => self.len -= 1,
        }
        self.first = (at + 1) % AHEAD;
        if let Some((_, behind)) = &mut self.ahead[(at + AHEAD / 2) % AHEAD] {
            self.index.go_on(behind);
        }
        Some(self.index.end_look_up(look_up, &key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.keys.size_hint();
        (least.saturating_add(self.len), most.and_then(|most| most.checked_add(self.len)))
    }
}
