//! Whole stores: random transactions, and in every state the indexes say what the rows say.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::trees::check;
use crate::bytes::{HeapBuf, RowBytes};
use crate::change_set::ChangeSet;
use crate::changes::ColumnSet;
use crate::entity::Entity;
use crate::limits::CHUNK_BLOCKS;
use crate::schema::{FieldSchema, FieldType, IndexKind, KeyBuf, KeySpec, TableSchema, Value};
use crate::storage::index::build::{BuildError, build};
use crate::storage::index::definition::{Definitions, IndexDefinition, IndexRole};
use crate::storage::{RowShape, Store, Version};

/// A table with numbers and a long key, and one with a text and a list.
fn tables() -> &'static [TableSchema; 2] {
    static TABLES: LazyLock<[TableSchema; 2]> = LazyLock::new(make_tables);
    &TABLES
}

fn make_tables() -> [TableSchema; 2] {
    let table = |types: &[&str]| {
        let mut offset = 0;
        let fields = types.iter().zip('a'..).map(|(of, name)| {
            let field_type: FieldType = of.parse().unwrap();
            let field = FieldSchema::new(name.to_string(), field_type.clone(), offset);
            offset += field_type.size() as u32;
            field
        });
        TableSchema::packed("t", fields.collect())
    };
    [table(&["u8", "u8?", "str<250>"]), table(&["string", "[u16]"])]
}

fn definitions(unique: bool) -> Definitions {
    let tables = tables();
    let index = |table: usize, number: u16, columns: &[&str], is_unique| {
        let key = KeySpec::of(&tables[table], columns.iter().copied()).unwrap();
        let fields = columns.iter().map(|name| ColumnSet::one(tables[table].field(name).unwrap().0 as u16));
        IndexDefinition {
            table: table as u16,
            table_name: "t".into(),
            kind: IndexKind::Ordered,
            name: columns.concat().into(),
            role: IndexRole::Declared(number),
            is_unique,
            fields: fields.fold(ColumnSet::NONE, ColumnSet::union),
            key,
            grid: None,
        }
    };
    Definitions::new(
        2,
        vec![
            index(1, 0, &["a"], unique),
            index(1, 1, &["b"], false),
            index(0, 0, &["a"], false),
            index(0, 1, &["b"], unique),
            index(0, 2, &["c", "a"], false),
            IndexDefinition { kind: IndexKind::Hash, ..index(0, 3, &["b", "a"], unique) },
            IndexDefinition { kind: IndexKind::Hash, ..index(1, 2, &["a"], unique) },
            IndexDefinition { kind: IndexKind::Hash, ..index(1, 3, &["b"], false) },
        ],
    )
}

fn store(unique: bool) -> Store {
    Store::with_indexes(tables().iter().map(RowShape::of), definitions(unique), usize::MAX)
}

/// A row of a table, told by a number.
fn row(table: usize, value: u8) -> Vec<u8> {
    let schema = &tables()[table];
    if table == 0 {
        let optional = if value.is_multiple_of(4) { Value::Optional(None) } else { Value::from(Some(value / 2)) };
        let text = "c".repeat(usize::from(value % 7) * 40);
        return schema.encode_row(&[("a", (value % 16).into()), ("b", optional), ("c", Value::Text(text))]).unwrap();
    }
    // Texts that differ behind what a key has of them.
    let text = "t".repeat(usize::from(value % 3) * 20) + &(value % 32).to_string();
    let list: Vec<u16> = (0..value % 5).map(|n| u16::from(value / 8 + n % 3)).collect();
    schema.encode_row(&[("a", Value::Text(text)), ("b", list.into())]).unwrap()
}

fn parts(table: usize, row: &[u8]) -> RowBytes<'_> {
    let (row, heap) = row.split_at(tables()[table].size as usize);
    RowBytes { row, heap }
}

/// The entries of the rows of a version in an index.
fn entries_of(version: &Version, index: &IndexDefinition) -> BTreeSet<Vec<u8>> {
    let table = &version.tables[usize::from(index.table)];
    let (mut entries, mut buffer) = (Vec::new(), KeyBuf::new());
    for slot in table.slots() {
        index.entries(table.stored(slot).unwrap(), slot, &mut buffer, &mut entries);
    }
    entries.chunks_exact(index.width()).map(<[u8]>::to_vec).collect()
}

/// Checks each index of a version against its rows.
fn check_version(version: &Version) {
    assert!(!version.unsettled);
    for (number, index) in version.indexes.definitions.all().iter().enumerate() {
        let entries = entries_of(version, index);
        check(&version.indexes.nodes[number], index.layout(), &entries);
    }
}

/// Whether two rows have the same key in a unique index, as everybody would find out.
fn has_twins(version: &Version) -> bool {
    version.indexes.definitions.all().iter().filter(|index| index.is_unique).any(|index| {
        let table = &version.tables[usize::from(index.table)];
        let mut seen = BTreeSet::new();
        let (mut keys, mut none, mut buffer) = (Vec::new(), Vec::new(), KeyBuf::new());
        for slot in table.slots() {
            let row = table.stored(slot).unwrap();
            index.key.keys(row, &mut buffer, |key| none.push(index.key.has_none(key)));
            index.key.full_keys(row, &mut buffer, |key| keys.push(key.to_vec()));
        }
        keys.into_iter().zip(none).any(|(key, none)| !none && !seen.insert(key))
    })
}

#[derive(Clone, Debug)]
enum Op {
    Spawn(u8, u8),
    SpawnMany(u8, u8),
    Despawn(u8),
    Put(u8, usize, u8),
    Remove(u8, usize),
    Swap(u8, u8),
    RewriteAll(u8),
    Settle,
    End(bool),
    Publish(bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..4_u8, any::<u8>()).prop_map(|(set, value)| Op::Spawn(set, value)),
        2 => (1..4_u8, any::<u8>()).prop_map(|(set, value)| Op::SpawnMany(set, value)),
        3 => any::<u8>().prop_map(Op::Despawn),
        6 => (any::<u8>(), 0..2_usize, any::<u8>()).prop_map(|(nth, table, value)| Op::Put(nth, table, value)),
        3 => (any::<u8>(), 0..2_usize).prop_map(|(nth, table)| Op::Remove(nth, table)),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(one, other)| Op::Swap(one, other)),
        1 => any::<u8>().prop_map(Op::RewriteAll),
        3 => Just(Op::Settle),
        4 => prop::bool::weighted(0.7).prop_map(Op::End),
        2 => prop::bool::weighted(0.7).prop_map(Op::Publish),
    ]
}

fn nth(store: &mut Store, nth: u8) -> Option<Entity> {
    let batch = store.batch();
    let entities = &batch.version().entities;
    entities.iter().nth(usize::from(nth) % entities.count().max(1) as usize)
}

fn spawn(store: &mut Store, set: u8, value: u8) {
    let mut batch = store.batch();
    let tables: Vec<u16> = (0..2).filter(|table| set >> table & 1 == 1).collect();
    let id = batch.sets().intern(&tables);
    let taken = batch.spawn(id, 1).unwrap();
    let slot = batch.entity_in(taken.block, taken.mask.trailing_zeros()).slot();
    for table in tables {
        let row = row(table.into(), value);
        batch.insert_row(table, slot, parts(table.into(), &row)).unwrap();
    }
}

fn apply(store: &mut Store, op: &Op, workers: &rayon::ThreadPool) {
    match *op {
        Op::Spawn(set, value) => spawn(store, set, value),
        Op::SpawnMany(set, value) => {
            let count = value / if cfg!(miri) { 8 } else { 2 };
            (0..count).for_each(|step| spawn(store, set, value.wrapping_add(step.wrapping_mul(3))))
        }
        Op::Despawn(at) => {
            if let Some(entity) = nth(store, at) {
                store.batch().despawn(entity).unwrap();
            }
        }
        Op::Put(at, table, value) => {
            if let Some(entity) = nth(store, at) {
                let row = row(table, value);
                store.batch().put(table as u16, entity.slot(), parts(table, &row)).unwrap();
            }
        }
        Op::Remove(at, table) => {
            if let Some(entity) = nth(store, at) {
                store.batch().remove(table as u16, entity.slot()).unwrap();
            }
        }
        Op::Swap(one, other) => {
            let (Some(one), Some(other)) = (nth(store, one), nth(store, other)) else { return };
            let mut batch = store.batch();
            for table in 0..2 {
                let stored = |slot| {
                    let row = batch.version().tables[table].stored(slot)?;
                    Some((row.row.to_vec(), HeapBuf::of(row.heap)))
                };
                let (Some(first), Some(second)) = (stored(one.slot()), stored(other.slot())) else { continue };
                for (slot, (row, heap)) in [(one.slot(), second), (other.slot(), first)] {
                    let row = RowBytes { row: &row, heap: heap.bytes() };
                    batch.replace(table as u16, slot, ColumnSet::ALL, row).unwrap();
                }
            }
        }
        Op::RewriteAll(value) => {
            let stride = tables()[0].size as usize;
            let everything = |_: &Version, _, _: &mut [u64; CHUNK_BLOCKS]| {};
            let rewrite = |page: crate::storage::PageRewrite<'_>| {
                page.rows.copy_from_slice(page.before);
                for row in page.rows.chunks_exact_mut(stride) {
                    row[0] = row[0].wrapping_add(value % 3);
                }
            };
            store.batch().rewrite(0, ColumnSet::ALL, everything, workers, rewrite).unwrap();
        }
        Op::Settle => {
            let mut batch = store.batch();
            batch.settle_indexes().unwrap();
            check_version(batch.version());
        }
        Op::End(_) | Op::Publish(_) => unreachable!("handled by the caller"),
    }
}

/// Slots, rows and heaps.
type Rows = Vec<(u32, Vec<u8>, Vec<u8>)>;

/// The rows of a table, as bytes with their heaps.
fn rows(version: &Version, table: usize) -> Rows {
    let table = &version.tables[table];
    let stored = |slot| (slot, table.stored(slot).unwrap());
    let own = |(slot, row): (u32, RowBytes<'_>)| {
        // Where a heap lies is nobody's business.
        let end = row.row.len() - if table.has_heap() { crate::bytes::HeapPlace::BYTES } else { 0 };
        (slot, row.row[..end].to_vec(), row.heap.to_vec())
    };
    table.slots().map(stored).map(own).collect()
}

/// What the change set says of rows before and after, against two states.
fn check_changes(changes: &ChangeSet, before: &[Rows], now: &Version) {
    let mut seen = BTreeSet::new();
    for page in changes.pages() {
        assert!(seen.insert((page.table(), page.first_slot())), "a page comes once");
        for row in page.rows() {
            let table = usize::from(page.table());
            let find = |rows: &Rows| {
                rows.iter().find(|(slot, ..)| *slot == row.slot).map(|(_, row, heap)| (row.clone(), heap.clone()))
            };
            let said = |bytes: Option<&[u8]>, heap: &[u8]| {
                let end = |bytes: &[u8]| bytes.len() - if table == 1 { crate::bytes::HeapPlace::BYTES } else { 0 };
                bytes.map(|bytes| (bytes[..end(bytes)].to_vec(), heap.to_vec()))
            };
            let (then, after) = (find(&before[table]), find(&rows(now, table)));
            assert_eq!(said(row.before, row.heap_before), then);
            assert_eq!(said(row.after, row.heap_after), after);
            if let (Some(then), Some(after)) = (then, after) {
                assert!(then == after || page.columns() != ColumnSet::NONE, "it says that columns were written");
            }
        }
    }
    let touched: BTreeSet<(usize, u32)> =
        changes.pages().flat_map(|page| page.rows().map(move |row| (usize::from(page.table()), row.slot))).collect();
    for (table, before) in before.iter().enumerate() {
        let (before, after) = (before.iter().collect::<BTreeSet<_>>(), rows(now, table));
        let after: BTreeSet<_> = after.iter().collect();
        assert!(before.symmetric_difference(&after).all(|(slot, ..)| touched.contains(&(table, *slot))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 1 } else { ProptestConfig::default().cases.max(60) },
        ..ProptestConfig::default()
    })]

    #[test]
    fn indexes_say_what_rows_say(
        unique in any::<bool>(),
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 6 } else { 80 }),
    ) {
        let workers = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let mut store = store(unique);
        let published = store.published();
        let mut pinned = Vec::new();
        let mut is_running = false;
        let mut changes = ChangeSet::default();
        let mut before = Vec::new();
        for op in &ops {
            match op {
                Op::End(keep) if is_running => {
                    is_running = false;
                    let next = store.next_version();
                    let mut batch = store.batch();
                    batch.settle_indexes().unwrap();
                    let twins = batch.twins();
                    prop_assert_eq!(twins.is_some(), has_twins(batch.version()));
                    if *keep && twins.is_none() {
                        batch.commit_with_changes(next, &mut changes);
                        check_changes(&changes, &before, batch.version());
                        batch.let_go(&mut changes);
                    } else {
                        batch.rollback();
                        prop_assert_eq!(&before, &[rows(batch.version(), 0), rows(batch.version(), 1)]);
                    }
                    check_version(batch.version());
                }
                Op::Publish(keep) if !is_running => {
                    if *keep {
                        store.publish();
                    } else {
                        store.discard();
                    }
                    check_version(store.batch().version());
                    pinned.push(published.load());
                    if pinned.len() > 3 {
                        check_version(&pinned.remove(0));
                    }
                }
                Op::Settle if !is_running => {}
                Op::End(_) | Op::Publish(_) => {}
                op => {
                    if !is_running {
                        let mut batch = store.batch();
                        batch.begin();
                        before = vec![rows(batch.version(), 0), rows(batch.version(), 1)];
                        is_running = true;
                    }
                    apply(&mut store, op, &workers);
                }
            }
        }
        pinned.iter().for_each(|version| check_version(version));
        // What is built at once is what has come about step by step.
        let live = store.live();
        let meter = std::sync::Arc::default();
        for index in live.indexes.definitions.all() {
            let node = |lines| Ok(crate::bytes::PageRef::new(crate::bytes::Page::zeroed(lines, &meter)));
            let built = build(index, &live.tables[usize::from(index.table)], None, node).unwrap();
            check(&built, index.layout(), &entries_of(live, index));
        }
        drop(pinned);
        let meter = std::sync::Arc::clone(store.meter());
        drop((store, published));
        prop_assert_eq!(meter.allocated_bytes(), 0, "no node and no page is lost");
    }
}

#[test]
fn what_is_built_finds_rows_with_the_same_key() {
    let mut store = store(false);
    store.batch().begin();
    // Texts of 40 bytes that begin alike, then the same one again.
    for value in [2, 5, 8, 5] {
        spawn(&mut store, 2, value);
    }
    let mut index = definitions(true).all()[4].clone();
    assert_eq!((&*index.name, index.is_unique), ("a", true));
    let meter = std::sync::Arc::default();
    let node = |lines| Ok(crate::bytes::PageRef::new(crate::bytes::Page::zeroed(lines, &meter)));
    let batch = store.batch();
    let found = build(&index, &batch.version().tables[1], None, node).err();
    assert_eq!(found, Some(BuildError::Twins(1, 3)));
    index.is_unique = false;
    assert_eq!(build(&index, &batch.version().tables[1], None, node).unwrap().shape.entries, 4);
}
