//! Items with the same value of a column, together.
//!
//! Owns which group a row belongs to. What groups come to is the business of `aggregate`.

use core::hash::{BuildHasher, Hasher};
use std::collections::HashMap;
use std::hash::RandomState;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::aggregate::{Aggregate, InGroups, count};
use super::builder::Query;
use super::param::QueryParam;
use super::rows::{Reader, block_rows, check_column};
use super::sort_key::{SortColumn, SortKey};
use crate::bytes::{Heap, HeapBuf, Slot, bytes_of};
use crate::component::{Column, Component, Field};
use crate::limits::BLOCK_SLOTS;
use crate::schema::{FieldType, Schema, TableOf, TypeRef};

/// A query whose items are grouped by a column; made by [`Query::group_by`].
///
/// Groups come in the order of their values as for [`order_by`](Query::order_by), where values have an order (that of an enum
/// without data is that of its variants), otherwise as they first occur. Values are the same if they are stored alike: 0.0
/// and -0.0 are two groups. Entities that lack the component belong to none.
///
/// ```
/// # use ecsdb::query::{max, sum};
/// # use ecsdb::{Component, Db, Field};
/// #[derive(Field, Debug, PartialEq)]
/// enum Kind {
///     Sword,
///     Bow,
/// }
/// # #[derive(Component)] struct Item { kind: Kind, worth: u32 }
/// # ecsdb::schema! { World: Item }
/// # let db = Db::<World>::in_memory()?;
/// for (kind, worth) in [(Kind::Bow, 3), (Kind::Sword, 10), (Kind::Bow, 5)] {
///     db.spawn(Item { kind, worth })?;
/// }
/// let snapshot = db.snapshot();
/// let items = snapshot.query::<ItemRef<'_>>().group_by(Item::C.kind);
/// assert_eq!(items.count(), [(Kind::Sword, 1), (Kind::Bow, 2)]);
/// let worth = items.aggregate((sum(Item::C.worth), max(Item::C.worth)));
/// assert_eq!(worth, [(Kind::Sword, (Some(10), Some(10))), (Kind::Bow, (Some(8), Some(5)))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a query does nothing until it is asked for something"]
pub struct Grouped<'v, S, Q, T, F> {
    query: Query<'v, S, Q>,
    column: Column<T, F>,
}

debug_as!(['v, S, Q, T, F] Grouped<'v, S, Q, T, F>);

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    /// The items grouped by a column, which may be one of a component that the query does not ask for. See [`Grouped`].
    pub fn group_by<T: TableOf<S>, F: Field>(self, column: Column<T, F>) -> Grouped<'v, S, Q, T, F> {
        Grouped { query: self, column }
    }

    /// The values of a column, each once, in the order of [`Grouped`].
    pub fn distinct<T: TableOf<S>, F: Field>(&self, column: Column<T, F>) -> Vec<F> {
        self.clone().group_by(column).count().into_iter().map(|(value, _)| value).collect()
    }
}

impl<S: Schema, Q: QueryParam<S>, T: TableOf<S>, F: Field> Grouped<'_, S, Q, T, F> {
    /// How many items each group has.
    pub fn count(&self) -> Vec<(F, u64)> {
        self.aggregate(count())
    }

    /// What the items of each group come to; see [`Aggregate`].
    ///
    /// Cost: one pass over the columns, and finding the group of each row: by one look where the column is one byte, otherwise in
    /// a hash table.
    pub fn aggregate<A: Aggregate<S>>(&self, aggregate: A) -> Vec<(F, A::Output)> {
        let (view, reader) = (self.query.view, Reader::new(self.column));
        let (mut words, mut keys, mut states) =
            (self.query.words(), Keys::new(check_column(self.column)), A::States::default());
        while let Some(found) = words.next() {
            let rows = block_rows::<S, T>(view, found.block);
            let mut groups = [0; BLOCK_SLOTS];
            let first = (found.block * BLOCK_SLOTS) as u32;
            match rows.all(found.word).and_then(|all| <&[T::Row; BLOCK_SLOTS]>::try_from(all).ok()) {
                // A full block needs no look at its bits.
                Some(all) if !F::USES_HEAP => {
                    for ((bit, row), group) in (0..).zip(all).zip(&mut groups) {
                        *group = keys.group(&reader, row, Heap::EMPTY, first + bit);
                    }
                }
                _ => {
                    for (bit, row) in rows.chosen(found.word) {
                        let heap = if F::USES_HEAP { rows.heap(row, bit) } else { Heap::EMPTY };
                        groups[bit as usize] = keys.group(&reader, row, heap, first + bit);
                    }
                }
            }
            let (word, count) = (found.word & rows.word, keys.firsts.len());
            aggregate.add_to_groups(InGroups { view, block: found.block, word, groups: &groups, count }, &mut states);
        }
        let result = |(group, slot): (usize, u32)| {
            let (row, heap) = view.stored::<T>(slot)?;
            Some((reader.value(row, heap), aggregate.finish(view, A::take(&mut states, group))))
        };
        self.ordered(keys.firsts).into_iter().filter_map(result).collect()
    }

    /// Groups with their first slots, in the order of their values if these have one.
    fn ordered(&self, firsts: Vec<u32>) -> Vec<(usize, u32)> {
        let groups = firsts.into_iter().enumerate();
        let of = TypeRef::Static(check_column(self.column));
        let Some(column) = SortColumn::new(T::INDEX, self.column.offset(), of) else { return groups.collect() };
        let version = self.query.view.storage();
        let keyed = groups.map(|(group, slot)| (column.key_at(version, slot), group, slot));
        let mut keyed: Vec<(SortKey, usize, u32)> = keyed.collect();
        let table = column.table(version);
        keyed.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| column.rest(table, one.2, other.2)));
        keyed.into_iter().map(|(_, group, slot)| (group, slot)).collect()
    }
}

/// No group.
const NOBODY: u32 = u32::MAX;

/// The values that were found, and the numbers of their groups.
struct Keys {
    of: &'static FieldType,
    /// Of values of one byte.
    bytes: [u32; 256],
    /// Of values of up to eight bytes.
    small: HashMap<u64, u32, Seed>,
    /// Of values of up to sixteen bytes.
    medium: HashMap<u128, u32, Seed>,
    /// Of all others, as bytes that are the same for the same value.
    large: HashMap<Box<[u8]>, u32, Seed>,
    /// Where each value was found first.
    firsts: Vec<u32>,
}

impl Keys {
    fn new(of: &'static FieldType) -> Self {
        let seed = Seed(RandomState::new().hash_one(0));
        let (small, medium) = (HashMap::with_hasher(seed), HashMap::with_hasher(seed));
        Self { of, bytes: [NOBODY; 256], small, medium, large: HashMap::with_hasher(seed), firsts: Vec::new() }
    }

    /// The group of the row in a slot.
    #[inline]
    fn group<T: Component, F: Field>(&mut self, reader: &Reader<T, F>, row: &T::Row, heap: Heap<'_>, slot: u32) -> u32 {
        let next = self.firsts.len() as u32;
        let stored = bytes_of(reader.packed(row));
        let group = match (F::USES_HEAP, stored) {
            (false, []) => return self.only(slot),
            (false, [byte]) => {
                let group = &mut self.bytes[usize::from(*byte)];
                if *group == NOBODY {
                    *group = next;
                }
                *group
            }
            (false, value) if value.len() <= 8 => *self.small.entry(u64::from_le_bytes(padded(value))).or_insert(next),
            (false, value) if value.len() <= 16 => {
                *self.medium.entry(u128::from_le_bytes(padded(value))).or_insert(next)
            }
            (false, value) => find(&mut self.large, value, next),
            (true, value) if *self.of == FieldType::Text => {
                let slot = Slot::read(value);
                find(&mut self.large, &heap.bytes()[slot.start()..][..slot.len()], next)
            }
            (true, _) => {
                // Equal values have equal bytes when they are alone in a heap.
                let mut alone = HeapBuf::new();
                let packed = reader.value(row, heap).pack(&mut alone);
                find(&mut self.large, &[bytes_of(&packed), alone.bytes()].concat(), next)
            }
        };
        if group == next {
            self.firsts.push(slot);
        }
        group
    }

    /// The group of a value without bytes: there is but one.
    fn only(&mut self, slot: u32) -> u32 {
        if self.firsts.is_empty() {
            self.firsts.push(slot);
        }
        0
    }
}

/// `bytes` and zeros.
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    all[..bytes.len()].copy_from_slice(bytes);
    all
}

fn find(groups: &mut HashMap<Box<[u8]>, u32, Seed>, key: &[u8], next: u32) -> u32 {
    if let Some(group) = groups.get(key) {
        return *group;
    }
    groups.insert(key.into(), next);
    next
}

/// An odd number whose bits have no pattern: the part of the golden ratio behind the point, in 64 bits.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Where hashing starts: another number for each query, so that nobody can choose values that meet in one place.
#[derive(Clone, Copy)]
struct Seed(u64);

impl BuildHasher for Seed {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed(self.0)
    }
}

/// A hash of keys that costs one multiplication where these are numbers.
struct Mixed(u64);

impl Hasher for Mixed {
    #[inline]
    fn write_u64(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value) * u128::from(FACTOR);
        // What is high in the value shows in the upper half of the product, what is low in both.
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        self.write_u64((value >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
