//! The store against a plain map, without types and transactions above it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Batch, RowShape, SlotMask, Store};
use crate::bytes::{HeapPlace, RowBytes};
use crate::change_set::{ChangeSet, ColumnSet};
use crate::entity::Entity;
use crate::limits::CHUNK_BLOCKS;

/// A tag, narrow rows of two sizes, rows of a whole page, and rows with fewer than a block a page.
const STRIDES: [usize; 5] = [0, 4, 12, 100, 5000];

/// Of these, narrow and wide rows with strings and lists.
const HAS_HEAP: [bool; 5] = [false, false, true, false, true];

/// What a row is filled with, and its heap.
type Stored = (u8, u8);

type Model = BTreeMap<u64, [Option<Stored>; 5]>;

fn shapes() -> impl Iterator<Item = RowShape> {
    STRIDES.into_iter().zip(HAS_HEAP).map(|(stride, has_heap)| RowShape { stride, has_heap })
}

/// The part of a row that is filled with one value.
fn filled(table: usize) -> usize {
    STRIDES[table] - if HAS_HEAP[table] { HeapPlace::BYTES } else { 0 }
}

/// A heap that is told by its value.
fn heap(table: usize, value: u8) -> Vec<u8> {
    if HAS_HEAP[table] { vec![value; usize::from(value) * 37 % 300] } else { Vec::new() }
}

fn row(table: usize, value: u8) -> (Vec<u8>, Vec<u8>) {
    let (mut row, heap) = (vec![value; filled(table)], heap(table, value));
    if HAS_HEAP[table] {
        row.extend_from_slice(&HeapPlace::new(0, heap.len() as u32).to_bytes());
    }
    (row, heap)
}

#[derive(Clone, Debug)]
enum Op {
    Spawn(u8),
    Despawn(usize),
    Put(usize, usize, u8),
    Remove(usize, usize),
    /// Of every block, those in the slots of the mask.
    DespawnAll(u64),
    RemoveAll(usize, u64),
    /// A row for each that has none, in a table without heaps.
    InsertAll(usize, u64, u8),
    Rewrite(usize, u8),
    End(bool),
    Publish,
    Discard,
}

/// Few slots, about half of them, or all.
fn mask() -> impl Strategy<Value = u64> {
    prop_oneof![(any::<u64>(), any::<u64>()).prop_map(|(a, b)| a & b), any::<u64>(), Just(u64::MAX)]
}

/// The entities in the slots `mask` of every block.
fn in_slots(model: &Model, mask: u64) -> Vec<u64> {
    model.keys().copied().filter(|bits| mask >> (*bits as u32 % 64) & 1 == 1).collect()
}

/// Their slots, block by block.
fn by_block(entities: &[u64]) -> Vec<SlotMask> {
    let mut blocks = BTreeMap::new();
    for bits in entities {
        *blocks.entry(*bits as u32 as usize / 64).or_insert(0) |= 1_u64 << (*bits as u32 % 64);
    }
    blocks.into_iter().map(|(block, mask)| SlotMask { block, mask }).collect()
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..32_u8).prop_map(Op::Spawn),
        3 => any::<usize>().prop_map(Op::Despawn),
        6 => (any::<usize>(), 0..5_usize, any::<u8>()).prop_map(|(e, t, v)| Op::Put(e, t, v)),
        3 => (any::<usize>(), 0..5_usize).prop_map(|(e, t)| Op::Remove(e, t)),
        1 => mask().prop_map(Op::DespawnAll),
        2 => (0..5_usize, mask()).prop_map(|(t, mask)| Op::RemoveAll(t, mask)),
        2 => (prop::sample::select(&[0, 1, 3][..]), mask(), any::<u8>()).prop_map(|(t, mask, v)| Op::InsertAll(t, mask, v)),
        1 => (1..5_usize, any::<u8>()).prop_map(|(t, v)| Op::Rewrite(t, v)),
        3 => prop::bool::weighted(0.7).prop_map(Op::End),
        2 => Just(Op::Publish),
        1 => Just(Op::Discard),
    ]
}

fn apply(batch: &mut Batch<'_>, model: &mut Model, op: &Op, workers: &rayon::ThreadPool) {
    let nth = |model: &Model, n: usize| model.keys().nth(n % model.len().max(1)).copied();
    match *op {
        Op::Spawn(set) => {
            let tables: Vec<u16> = (0..5).filter(|table| set >> table & 1 == 1).collect();
            let id = batch.sets().intern(&tables);
            let taken = batch.spawn(id, 1).unwrap();
            let entity = batch.entity_in(taken.block, taken.mask.trailing_zeros());
            let mut rows = [None; 5];
            for table in tables {
                let (row, heap) = row(table.into(), set);
                batch.insert_row(table, entity.slot(), RowBytes { row: &row, heap: &heap }).unwrap();
                rows[usize::from(table)] = Some((set, set));
            }
            assert!(model.insert(entity.to_bits(), rows).is_none());
        }
        Op::Despawn(n) => {
            if let Some(bits) = nth(model, n) {
                batch.despawn(Entity::from_bits(bits).unwrap()).unwrap();
                model.remove(&bits);
            }
        }
        Op::Put(n, table, value) => {
            if let Some(bits) = nth(model, n) {
                let (row, heap) = row(table, value);
                batch.put(table as u16, bits as u32, RowBytes { row: &row, heap: &heap }).unwrap();
                model.get_mut(&bits).unwrap()[table] = Some((value, value));
            }
        }
        Op::Remove(n, table) => {
            if let Some(bits) = nth(model, n) {
                let had = batch.remove(table as u16, bits as u32).unwrap();
                assert_eq!(had, model.get_mut(&bits).unwrap()[table].take().is_some());
            }
        }
        Op::DespawnAll(mask) => {
            let doomed = in_slots(model, mask);
            batch.despawn_all(&by_block(&doomed)).unwrap();
            doomed.iter().for_each(|bits| assert!(model.remove(bits).is_some()));
        }
        Op::RemoveAll(table, mask) => {
            let meant = in_slots(model, mask);
            let removed = batch.remove_all(table as u16, &by_block(&meant)).unwrap();
            let had = meant.iter().filter(|bits| model.get_mut(*bits).unwrap()[table].take().is_some());
            assert_eq!(removed, had.count() as u64);
        }
        Op::InsertAll(table, mask, value) => insert_all(batch, model, table, mask, value),
        Op::Rewrite(table, value) => rewrite(batch, model, table, value, workers),
        Op::End(_) | Op::Publish | Op::Discard => unreachable!("handled by the caller"),
    }
}

/// A row for each entity in the slots of `mask` that has none in `table`.
fn insert_all(batch: &mut Batch<'_>, model: &mut Model, table: usize, mask: u64, value: u8) {
    let new = in_slots(model, mask).into_iter().filter(|bits| model[bits][table].is_none());
    let new: Vec<u64> = new.collect();
    let geometry = batch.version().tables[table].geometry();
    let mut slots: Vec<usize> = new.iter().map(|bits| *bits as u32 as usize).collect();
    slots.sort_unstable();
    let page = |slot: usize| slot >> geometry.page_shift();
    for of_page in slots.chunk_by(|one, other| page(*one) == page(*other)) {
        let mut masks = vec![0; geometry.page_words()];
        for slot in of_page {
            let in_page = slot & (geometry.page_slots() - 1);
            masks[in_page / 64] |= 1 << (in_page % 64);
        }
        let row = row(table, value).0;
        let rows = core::iter::repeat_n(&*row, of_page.len());
        batch.insert_in_page(table as u16, page(of_page[0]), &masks, rows).unwrap();
    }
    new.iter().for_each(|bits| model.get_mut(bits).unwrap()[table] = Some((value, value)));
}

/// Writes `value` into the rows of `table` whose entities have one in the first table: the selection joins two tables.
fn rewrite(batch: &mut Batch<'_>, model: &mut Model, table: usize, value: u8, workers: &rayon::ThreadPool) {
    let stride = STRIDES[table];
    let rewritten = batch
        .rewrite(
            table as u16,
            ColumnSet::ALL,
            |version, chunk, words| {
                for (block, word) in words.iter_mut().enumerate() {
                    *word &= version.tables[0].word(chunk * CHUNK_BLOCKS + block);
                }
            },
            workers,
            |page| {
                page.rows.copy_from_slice(page.before);
                let mut row = 0;
                for (present, selected) in page.present.iter().zip(page.selected) {
                    for bit in crate::bits::bits(*present) {
                        if selected >> bit & 1 == 1 {
                            page.rows[row * stride..][..filled(table)].fill(value);
                        }
                        row += 1;
                    }
                }
            },
        )
        .unwrap();
    let mut expected = 0;
    for rows in model.values_mut() {
        if rows[0].is_some()
            && let Some((row, _)) = &mut rows[table]
        {
            *row = value;
            expected += 1;
        }
    }
    assert_eq!(rewritten, expected);
}

fn check(version: &super::Version, model: &Model) {
    let alive: Vec<u64> = version.entities.iter().map(Entity::to_bits).collect();
    let mut expected: Vec<u64> = model.keys().copied().collect();
    expected.sort_by_key(|bits| *bits as u32);
    assert_eq!(alive, expected);
    assert_eq!(version.entities.count(), model.len() as u64);
    for table in 0..STRIDES.len() {
        let directory = &version.tables[table];
        let mut rows = 0;
        for (bits, values) in model {
            let found =
                directory.stored(*bits as u32).map(|found| (found.row[..filled(table)].to_vec(), found.heap.to_vec()));
            let expected = values[table].map(|(row, of_heap)| (vec![row; filled(table)], heap(table, of_heap)));
            assert_eq!(found, expected, "table {table} of {bits:x}");
            assert_eq!(directory.contains(*bits as u32), values[table].is_some());
            rows += u64::from(values[table].is_some());
        }
        assert_eq!(directory.rows(), rows);
        let by_pages: u32 = (0..directory.chunk_count())
            .filter_map(|chunk| directory.chunk(chunk))
            .flat_map(|chunk| chunk.pages())
            .map(|page| page.len)
            .sum();
        assert_eq!(u64::from(by_pages), rows);
    }
}

/// Plays a change set on the model of the state before it.
fn replay(model: &mut Model, changes: &ChangeSet) {
    let mut slots: BTreeMap<u32, u64> = model.keys().map(|bits| (*bits as u32, *bits)).collect();
    for entity in changes.despawned() {
        model.remove(&entity.to_bits()).unwrap();
        slots.remove(&entity.slot());
    }
    for entity in changes.spawned() {
        model.insert(entity.to_bits(), [None; 5]);
        slots.insert(entity.slot(), entity.to_bits());
    }
    for page in changes.pages() {
        let table = usize::from(page.table());
        for row in page.rows() {
            assert!(row.before.or(row.after).is_none_or(|bytes| bytes.len() == STRIDES[table]));
            let Some(rows) = slots.get(&row.slot).and_then(|bits| model.get_mut(bits)) else {
                assert_eq!(row.after, None, "only rows of the living are left");
                continue;
            };
            let first = |bytes: &[u8]| bytes.first().copied();
            rows[table] = row.after.map(|bytes| match first(bytes) {
                Some(value) if HAS_HEAP[table] => (value, first(row.heap_after).unwrap_or(0)),
                Some(value) => (value, value),
                None => rows[table].unwrap_or_default(),
            });
        }
    }
}

fn without_tag_values(model: &Model) -> Model {
    // Nor those of heaps that are empty, or are none.
    let value = |table: usize, stored: Option<Stored>| {
        let of_heap = |value| if heap(table, value).is_empty() { 0 } else { value };
        stored.map(|(row, value)| if STRIDES[table] == 0 { (0, 0) } else { (row, of_heap(value)) })
    };
    let rows = |rows: &[Option<Stored>; 5]| core::array::from_fn(|table| value(table, rows[table]));
    model.iter().map(|(bits, stored)| (*bits, rows(stored))).collect()
}

proptest! {
    // More with PROPTEST_CASES.
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { ProptestConfig::default().cases.max(400) },
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_does_what_a_map_does(ops in prop::collection::vec(op(), 1..if cfg!(miri) { 40 } else { 200 })) {
        let workers = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let mut store = Store::new(shapes(), usize::MAX);
        let published = store.published();
        let mut committed = Model::new();
        let mut published_model = Model::new();
        let mut running = Model::new();
        let mut replayed = Model::new();
        let mut pinned = Vec::new();
        let mut in_transaction = false;
        for op in &ops {
            match op {
                Op::End(keep) if in_transaction => {
                    let next = store.next_version();
                    let mut batch = store.batch();
                    if *keep {
                        let mut changes = ChangeSet::default();
                        batch.commit_with_changes(next, &mut changes);
                        replay(&mut replayed, &changes);
                        committed = running.clone();
                        prop_assert_eq!(without_tag_values(&replayed), without_tag_values(&committed));
                    } else {
                        batch.rollback();
                        running = committed.clone();
                    }
                    in_transaction = false;
                    check(store.batch().version(), &committed);
                }
                Op::Publish if !in_transaction => {
                    store.publish();
                    published_model = committed.clone();
                    let snapshot = published.load();
                    check(&snapshot, &committed);
                    if pinned.len() < 4 {
                        pinned.push((snapshot, committed.clone()));
                    } else if ops.len() % 2 == 0 {
                        let (snapshot, model) = pinned.remove(0);
                        check(&snapshot, &model);
                    }
                }
                Op::Discard if !in_transaction => {
                    store.discard();
                    committed = published_model.clone();
                    running = committed.clone();
                    replayed = committed.clone();
                    check(store.batch().version(), &committed);
                }
                Op::End(_) | Op::Publish | Op::Discard => {}
                op => {
                    let mut batch = store.batch();
                    if !in_transaction {
                        batch.begin();
                        in_transaction = true;
                    }
                    apply(&mut batch, &mut running, op, &workers);
                }
            }
        }
        for (snapshot, model) in &pinned {
            check(snapshot, model);
        }
        drop(pinned);
        let meter = std::sync::Arc::clone(store.meter());
        drop((store, published));
        prop_assert_eq!(meter.allocated_bytes(), 0, "no page is lost");
    }
}

#[test]
fn an_id_of_a_transaction_that_was_rolled_back_is_never_handed_out_again() {
    let mut store = Store::new([RowShape::plain(4)], usize::MAX);
    let mut seen = std::collections::HashSet::new();
    for round in 0..if cfg!(miri) { 7 } else { 50 } {
        let mut batch = store.batch();
        batch.begin();
        let set = batch.sets().intern(&[0]);
        for _ in 0..3 {
            let taken = batch.spawn(set, 1).unwrap();
            let entity = batch.entity_in(taken.block, taken.mask.trailing_zeros());
            assert!(seen.insert(entity), "{entity} in round {round}");
            batch.insert_run(0, entity.slot(), 1).unwrap();
            if round % 3 == 0 {
                batch.despawn(entity).unwrap();
            }
        }
        batch.rollback();
        store.publish();
    }
    assert_eq!(store.live().number, 0, "nothing was ever committed");
}

#[test]
fn a_pinned_version_keeps_only_what_has_changed_since() {
    let mut store = Store::new([RowShape::plain(4)], usize::MAX);
    let published = store.published();
    let mut batch = store.batch();
    batch.begin();
    let set = batch.sets().intern(&[0]);
    // The interpreter takes its time.
    let count = if cfg!(miri) { 3000 } else { 100_000 };
    let mut left = count;
    while left > 0 {
        let taken = batch.spawn(set, left.min(64)).unwrap();
        let count = taken.mask.count_ones() as usize;
        batch.insert_run(0, (taken.block * 64) as u32 + taken.mask.trailing_zeros(), count).unwrap().fill(1);
        left -= count;
    }
    batch.commit();
    store.publish();
    let snapshot = published.load();
    for value in 0..if cfg!(miri) { 30 } else { 1000_u32 } {
        let mut batch = store.batch();
        batch.begin();
        batch.put(0, value % 8, RowBytes::plain(&value.to_le_bytes())).unwrap();
        batch.commit();
        store.publish();
    }
    assert_eq!(snapshot.tables[0].row_bytes(5).unwrap(), [1; 4]);
    store.trim();
    let memory = store.memory();
    assert!(memory.retained_bytes > 0 && memory.retained_bytes < 10_000, "one page, not a table: {memory:?}");
    drop(snapshot);
    store.trim();
    assert_eq!(store.memory().retained_bytes, 0);
    assert_eq!(store.memory().retired_versions, 0);
    assert!(cfg!(miri) || store.memory().overhead_bytes() < 2 * count, "two bytes an entity: {:?}", store.memory());
}

#[test]
fn the_memory_limit_dooms_the_transaction_and_nothing_else() {
    let mut store = Store::new([RowShape::plain(1000)], 200_000);
    let spawn = |store: &mut Store, count: usize| {
        let mut batch = store.batch();
        batch.begin();
        let set = batch.sets().intern(&[0]);
        for _ in 0..count {
            let taken = batch.spawn(set, 1)?;
            batch.insert_run(0, (taken.block * 64) as u32 + taken.mask.trailing_zeros(), 1)?.fill(7);
        }
        Ok::<(), super::StorageError>(())
    };
    spawn(&mut store, 100).unwrap();
    store.batch().commit();
    store.publish();
    spawn(&mut store, 200).unwrap_err();
    store.batch().rollback();
    assert_eq!(store.batch().version().entities.count(), 100);
    spawn(&mut store, 50).unwrap();
    store.batch().commit();
    store.publish();
    assert_eq!(store.live().tables[0].rows(), 150);
}

#[test]
fn a_change_of_a_number_copies_no_heap_and_a_full_heap_keeps_what_is_needed() {
    const LONG: usize = 10_000;
    let shape = RowShape { stride: 12, has_heap: true };
    let mut store = Store::new([shape], usize::MAX);
    let row = |value: u8, len: usize| [&[value; 4][..], &HeapPlace::new(0, len as u32).to_bytes()].concat();
    let mut batch = store.batch();
    batch.begin();
    let set = batch.sets().intern(&[0]);
    batch.spawn(set, 8).unwrap();
    for slot in 0..8 {
        let heap = vec![slot as u8; LONG];
        batch.insert_row(0, slot, RowBytes { row: &row(0, LONG), heap: &heap }).unwrap();
    }
    batch.commit();
    store.publish();
    let published = store.published();
    let snapshot = published.load();
    let before = store.meter().allocated_bytes();
    let mut batch = store.batch();
    batch.begin();
    batch.row_mut(0, 3, ColumnSet::one(0)).unwrap().unwrap()[..4].fill(9);
    batch.commit();
    store.publish();
    assert!(store.meter().allocated_bytes() - before < 1000, "a page of rows at most");

    // One list is replaced again and again: the heap does not grow for ever, and old versions keep theirs.
    for round in 0..100_u8 {
        let mut batch = store.batch();
        batch.begin();
        let heap = vec![round; LONG];
        batch.put(0, 3, RowBytes { row: &row(9, LONG), heap: &heap }).unwrap();
        if round % 10 == 3 {
            batch.rollback()
        } else {
            batch.commit()
        }
        store.publish();
    }
    assert!(store.meter().allocated_bytes() < 10 * 8 * LONG, "{:?}", store.memory());
    for slot in 0..8 {
        let expected = if slot == 3 { 99 } else { slot as u8 };
        assert_eq!(published.load().tables[0].stored(slot).unwrap().heap, vec![expected; LONG]);
        assert_eq!(snapshot.tables[0].stored(slot).unwrap().heap, vec![slot as u8; LONG]);
        assert_eq!(snapshot.tables[0].stored(slot).unwrap().row[..4], [0; 4]);
    }
}
