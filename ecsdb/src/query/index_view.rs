//! Reading indexes with the types of their keys.

use core::marker::PhantomData;
use core::ops::{Bound, RangeBounds};

use super::one_each::OneEach;
use super::view::View;
use crate::bytes::{HeapBuf, RowBytes, bytes_of};
use crate::component::{Field, Index, TextField};
use crate::entity::Entity;
use crate::limits::INDEX_COLUMNS_MAX;
use crate::schema::{KeyRange, Probe, Schema, TableOf};
use crate::storage::{IndexRead, IndexRole, LookUp, Slots};

/// An index of one version: the rows of `T` by their keys.
///
/// It is cheap to copy; rows borrow from the version. An index follows its table in the same transaction, so what it finds is what a look
/// at all rows would find.
///
/// ```
/// use ecsdb::{Component, Db};
///
/// #[derive(Component)]
/// #[component(index(name = "by_kind", columns(kind, level)))]
/// struct Item {
///     kind: u8,
///     #[component(index)]
///     level: u16,
///     #[component(unique)]
///     name: String,
/// }
/// ecsdb::schema! { World: Item }
///
/// let db = Db::<World>::in_memory()?;
/// db.write(|tx| {
///     for (kind, level, name) in [(1, 10, "axe"), (2, 5, "bow"), (1, 7, "sword")] {
///         tx.spawn(Item { kind, level, name: name.to_owned() })?;
///     }
///     // A transaction reads its own writes.
///     assert_eq!(tx.index(Item::I.level)?.range(6..).count(), 2);
///     Ok(())
/// })?;
///
/// let snapshot = db.snapshot();
/// let (_, bow) = snapshot.index(Item::I.name).one("bow".to_owned()).unwrap();
/// assert_eq!(bow.level(), 5);
///
/// let levels = snapshot.index(Item::I.level).range(..8).rev();
/// assert_eq!(levels.map(|(_, item)| item.level()).collect::<Vec<_>>(), [7, 5]);
///
/// let by_kind = snapshot.index(Item::I.by_kind);
/// assert_eq!(by_kind.get((1, 7)).count(), 1);
/// assert_eq!(by_kind.prefix((1_u8,)).map(|(_, item)| item.level()).collect::<Vec<_>>(), [7, 10]);
///
/// // What is unique stays unique.
/// let error = db.spawn(Item { kind: 3, level: 1, name: "axe".to_owned() }).unwrap_err();
/// assert!(error.to_string().starts_with("index `item.name` is unique: entities"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct IndexView<'v, S, T, K> {
    view: View<'v, S>,
    read: IndexRead<'v>,
    marker: PhantomData<fn() -> (T, K)>,
}

debug_as!(['v, S, T, K] IndexView<'v, S, T, K>);

impl<S, T, K> Clone for IndexView<'_, S, T, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, T, K> Copy for IndexView<'_, S, T, K> {}

impl<'v, S: Schema> View<'v, S> {
    /// The index, to be looked into.
    ///
    /// In a transaction that has changed rows of the table, and has not asked [`Transaction::index`](crate::Transaction::index) since,
    /// reading the index looks at all rows of the table.
    ///
    /// # Panics
    /// Never with an index that a derive has made of a component of the schema.
    pub fn index<T: TableOf<S>, K: Field>(self, index: Index<T, K>) -> IndexView<'v, S, T, K> {
        let read = IndexRead::find(self.storage(), T::INDEX, IndexRole::Declared(index.number()));
        let read = read.expect("a database has the indexes of its schema");
        IndexView { view: self, read, marker: PhantomData }
    }
}

impl<'v, S: Schema, T: TableOf<S>, K: Field> IndexView<'v, S, T, K> {
    /// How many entries it has: rows, or elements of their lists. It knows that, except in a transaction where it has to look at all
    /// rows, see [`View::index`].
    pub fn len(self) -> usize {
        self.read.len() as usize
    }

    /// Whether it has no entries.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many different keys there are, roughly; in a transaction, as of when [`Transaction::index`](crate::Transaction::index) was
    /// last asked.
    pub fn distinct(self) -> usize {
        self.read.keys() as usize
    }

    fn probe<P: Field>(self, key: P, columns: usize) -> Probe {
        packed(key, |values| self.read.definition().key.probe(values, columns))
    }

    fn whole(self, key: K::Value) -> Probe {
        self.probe(K::from_value(key), self.read.definition().key.column_count())
    }

    fn with_key(self, key: K::Value) -> Slots<'v> {
        packed(K::from_value(key), |values| self.read.with_values(values))
    }

    fn rows(self, slots: Slots<'v>) -> IndexRows<'v, S, T> {
        IndexRows { view: self.view, slots, marker: PhantomData }
    }

    /// The rows with this key, in the order of slots. Cost: one way down the index, and the rows that are asked for.
    pub fn get(self, key: K::Value) -> IndexRows<'v, S, T> {
        self.rows(self.with_key(key))
    }

    /// The first row with this key: the only one, if the index is unique.
    pub fn one(self, key: K::Value) -> Option<(Entity, T::Ref<'v>)> {
        let key = PackedKey::new(K::from_value(key));
        self.end_look_up(self.begin_look_up(&key), &key)
    }

    /// As [`Self::one`], for each of many keys, in their order. A hash index looks several of them up at a time, so that they wait for
    /// memory together.
    ///
    /// ```
    /// use ecsdb::{Component, Db};
    ///
    /// #[derive(Component, Clone, Debug, PartialEq)]
    /// struct Player {
    ///     #[component(unique = "hash")]
    ///     number: u32,
    ///     gold: u64,
    /// }
    ///
    /// ecsdb::schema! { World: Player }
    ///
    /// let db = Db::<World>::in_memory()?;
    /// db.write(|tx| {
    ///     tx.spawn_all((0..100).map(|number| (Player { number, gold: 10 },)))?;
    ///     Ok(())
    /// })?;
    ///
    /// let snapshot = db.snapshot();
    /// let found = snapshot.index(Player::I.number).one_each([7, 300, 42]);
    /// let numbers = found.map(|found| found.map(|(_, player)| player.number()));
    /// assert_eq!(numbers.collect::<Vec<_>>(), [Some(7), None, Some(42)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn one_each(
        self,
        keys: impl IntoIterator<Item = K::Value>,
    ) -> impl Iterator<Item = Option<(Entity, T::Ref<'v>)>> {
        OneEach::new(self, keys.into_iter())
    }

    pub(super) fn begin_look_up(self, key: &PackedKey<K>) -> LookUp<'v> {
        self.read.begin_look_up(key.bytes())
    }

    pub(super) fn go_on(self, look_up: &mut LookUp<'v>) {
        self.read.go_on(look_up);
    }

    pub(super) fn end_look_up(self, look_up: LookUp<'v>, key: &PackedKey<K>) -> Option<(Entity, T::Ref<'v>)> {
        self.view.entity_and_row::<T>(self.read.end_look_up(look_up, key.bytes())?)
    }

    /// Whether there is a row with this key.
    pub fn contains(self, key: K::Value) -> bool {
        self.one(key).is_some()
    }

    /// The rows whose keys are in a range, in the order of the keys; backwards with `rev`. A row whose list has several elements in the
    /// range comes several times.
    ///
    /// A hash index keeps no order: there, this looks at all rows and sorts them.
    pub fn range(self, range: impl RangeBounds<K::Value>) -> IndexRows<'v, S, T>
    where
        K::Value: Clone,
    {
        self.rows(self.read.range(self.key_range(range)))
    }

    fn key_range(self, range: impl RangeBounds<K::Value>) -> KeyRange
    where
        K::Value: Clone,
    {
        let bound = |bound: Bound<&K::Value>| bound.map(|key| self.whole(key.clone()));
        KeyRange::new(bound(range.start_bound()), bound(range.end_bound()))
    }

    /// The rows whose keys begin with these values: `prefix((kind,))` of an index over a kind and a level.
    pub fn prefix<P: KeyPrefix<K>>(self, values: P) -> IndexRows<'v, S, T> {
        self.rows(self.read.equal(self.probe(values, <P as KeyPrefix<K>>::COLUMNS)))
    }

    /// All rows in the order of their keys.
    pub fn iter(self) -> IndexRows<'v, S, T> {
        self.rows(self.read.range(KeyRange::ALL))
    }

    /// The row with the least key.
    pub fn first(self) -> Option<(Entity, T::Ref<'v>)> {
        self.iter().next()
    }

    /// The row with the greatest key.
    pub fn last(self) -> Option<(Entity, T::Ref<'v>)> {
        self.iter().next_back()
    }

    /// About how many entries a range has; exactly, if they are few. All of them, where the index would have to look at all rows. Cost: two
    /// ways down the index, whatever the range.
    pub fn estimate(self, range: impl RangeBounds<K::Value>) -> u64
    where
        K::Value: Clone,
    {
        self.read.estimate(&self.key_range(range)).unwrap_or_else(|| self.read.len())
    }
}

impl<'v, S: Schema, T: TableOf<S>, K: TextField> IndexView<'v, S, T, K> {
    /// The rows whose text begins with `prefix`, in the order of their texts.
    pub fn starts_with(self, prefix: &str) -> IndexRows<'v, S, T> {
        let key = &self.read.definition().key;
        let probe = self.probe((), 0).with_text_prefix(key, 0, prefix);
        self.rows(self.read.equal(probe))
    }
}

impl<'v, S: Schema, T: TableOf<S>, K: Field> IntoIterator for IndexView<'v, S, T, K> {
    type Item = (Entity, T::Ref<'v>);
    type IntoIter = IndexRows<'v, S, T>;

    fn into_iter(self) -> IndexRows<'v, S, T> {
        self.iter()
    }
}

/// A key as it stands in a row.
pub(super) struct PackedKey<K: Field> {
    row: K::Packed,
    heap: HeapBuf,
}

impl<K: Field> PackedKey<K> {
    #[inline]
    pub(super) fn new(key: K) -> Self {
        let mut heap = HeapBuf::new();
        Self { row: key.pack(&mut heap), heap }
    }

    #[inline]
    fn bytes(&self) -> RowBytes<'_> {
        RowBytes { row: bytes_of(&self.row), heap: self.heap.bytes() }
    }
}

/// What `look` makes of a key as it stands in a row.
#[inline]
fn packed<K: Field, R>(key: K, look: impl FnOnce(RowBytes<'_>) -> R) -> R {
    look(PackedKey::new(key).bytes())
}

/// The types of the first columns of an index with keys `K`: `(A,)` and `(A, B)` of `(A, B, C)`.
pub trait KeyPrefix<K>: Field {
    /// How many columns.
    #[doc(hidden)]
    const COLUMNS: usize;
}

macro_rules! prefixes {
    ($(($($first:ident),+) of ($($rest:ident),+): $count:literal);+ $(;)?) => {$(
        impl<$($first: Field,)+ $($rest: Field),+> KeyPrefix<($($first,)+ $($rest,)+)> for ($($first,)+) {
            const COLUMNS: usize = $count;
        }
    )+};
}
prefixes! {
    (A) of (B): 1;
    (A) of (B, C): 1;
    (A, B) of (C): 2;
    (A) of (B, C, D): 1;
    (A, B) of (C, D): 2;
    (A, B, C) of (D): 3;
    (A) of (B, C, D, E): 1;
    (A, B) of (C, D, E): 2;
    (A, B, C) of (D, E): 3;
    (A, B, C, D) of (E): 4;
    (A) of (B, C, D, E, F): 1;
    (A, B) of (C, D, E, F): 2;
    (A, B, C) of (D, E, F): 3;
    (A, B, C, D) of (E, F): 4;
    (A, B, C, D, E) of (F): 5;
    (A) of (B, C, D, E, F, G): 1;
    (A, B) of (C, D, E, F, G): 2;
    (A, B, C) of (D, E, F, G): 3;
    (A, B, C, D) of (E, F, G): 4;
    (A, B, C, D, E) of (F, G): 5;
    (A, B, C, D, E, F) of (G): 6;
    (A) of (B, C, D, E, F, G, H): 1;
    (A, B) of (C, D, E, F, G, H): 2;
    (A, B, C) of (D, E, F, G, H): 3;
    (A, B, C, D) of (E, F, G, H): 4;
    (A, B, C, D, E) of (F, G, H): 5;
    (A, B, C, D, E, F) of (G, H): 6;
    (A, B, C, D, E, F, G) of (H): 7;
}

// An index may have as many columns, and no more.
const _: () = assert!(INDEX_COLUMNS_MAX == 8);

/// Rows that an index has found, with their entities, in the order of the keys.
pub struct IndexRows<'v, S, T> {
    view: View<'v, S>,
    slots: Slots<'v>,
    marker: PhantomData<fn() -> T>,
}

debug_as!(['v, S, T] IndexRows<'v, S, T>);

impl<S, T> Clone for IndexRows<'_, S, T> {
    fn clone(&self) -> Self {
        Self { view: self.view, slots: self.slots.clone(), marker: PhantomData }
    }
}

impl<'v, S: Schema, T: TableOf<S>> IndexRows<'v, S, T> {
    /// The entities only: no row is looked at, unless keys do not decide.
    pub fn entities(self) -> impl DoubleEndedIterator<Item = Entity> + 'v
    where
        S: 'v,
    {
        let version = self.view.storage();
        self.slots.filter_map(|slot| version.entities.in_slot(slot))
    }
}

impl<'v, S: Schema, T: TableOf<S>> Iterator for IndexRows<'v, S, T> {
    type Item = (Entity, T::Ref<'v>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next()?;
        self.view.entity_and_row::<T>(slot)
    }
}

impl<S: Schema, T: TableOf<S>> DoubleEndedIterator for IndexRows<'_, S, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next_back()?;
        self.view.entity_and_row::<T>(slot)
    }
}
