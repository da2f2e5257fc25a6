//! Whatever a store does, what was encoded of it puts together the same store: the same rows, the same entities, and the
//! same ids from then on.

use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{ApplyError, Encoder, Era, Tables, apply};
use crate::bits::bits;
use crate::bytes::RowBytes;
use crate::change_set::{ChangeSet, ColumnSet};
use crate::entity::Entity;
use crate::persistence::format::{Kind, frame};
use crate::persistence::ids::Ids;
use crate::schema::{DatabaseSchema, Durability, Encoded, FieldSchema, Value};
use crate::storage::{Batch, RowShape, Store, Version};

/// Tables with rows of many widths: a tag, narrow and packed ones, one with values that bytes can get wrong, one that is not
/// logged in full, wide ones, and one with strings and lists.
const SCHEMA: &str = r#"
[database]
name = "codec"

[tables.tag]

[[tables.small.fields]]
name = "n"
type = "u32"

[[tables.mixed.fields]]
name = "a"
type = "u8"
[[tables.mixed.fields]]
name = "b"
type = "u64"
[[tables.mixed.fields]]
name = "c"
type = "bool"

[tables.fast]
durability = "none"
[[tables.fast.fields]]
name = "x"
type = "u16"
[[tables.fast.fields]]
name = "y"
type = "u16"

[[tables.half.fields]]
name = "rest"
type = "[u8; 100]"

[[tables.wide.fields]]
name = "rest"
type = "[u128; 312]"
[[tables.wide.fields]]
name = "last"
type = "u8"

[[tables.note.fields]]
name = "list"
type = "[(u16, string?)]"
[[tables.note.fields]]
name = "n"
type = "u8"
[[tables.note.fields]]
name = "text"
type = "string"
"#;

const TABLES: u16 = 7;
const FAST: u16 = 3;

/// [`SCHEMA`], read once: that takes longer than most operations.
fn schema() -> Arc<DatabaseSchema> {
    static READ: LazyLock<Arc<DatabaseSchema>> =
        LazyLock::new(|| Arc::new(DatabaseSchema::from_toml(SCHEMA, "codec.toml").unwrap()));
    Arc::clone(&READ)
}

/// The same tables with their fields, and the tables themselves, the other way round.
fn reversed() -> Arc<DatabaseSchema> {
    let schema = schema();
    let mut tables = schema.tables().to_vec();
    for table in &mut tables {
        let mut fields = table.fields.to_vec();
        fields.reverse();
        let mut offset = 0;
        for field in &mut fields {
            field.offset = offset;
            offset += field.field_type.size() as u32;
        }
        table.fields = fields.into();
    }
    tables.reverse();
    Arc::new(DatabaseSchema::new("codec", "", schema.registry().clone(), tables).unwrap())
}

#[derive(Clone, Debug)]
enum Op {
    Spawn(u8, u8),
    Despawn(usize),
    Put(usize, u16, u8),
    Field(usize, u16, u8),
    Remove(usize, u16),
    Keep,
    Rollback,
    Publish,
    Discard,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<u8>(), 1..if cfg!(miri) { 6 } else { 100_u8 }).prop_map(|(set, count)| Op::Spawn(set, count)),
        5 => any::<usize>().prop_map(Op::Despawn),
        5 => (any::<usize>(), 0..TABLES, any::<u8>()).prop_map(|(e, t, v)| Op::Put(e, t, v)),
        5 => (any::<usize>(), 0..TABLES, any::<u8>()).prop_map(|(e, t, v)| Op::Field(e, t, v)),
        3 => (any::<usize>(), 0..TABLES).prop_map(|(e, t)| Op::Remove(e, t)),
        3 => Just(Op::Keep),
        2 => Just(Op::Rollback),
        3 => Just(Op::Publish),
        1 => Just(Op::Discard),
    ]
}

/// A store, and the records that a log would have of it.
struct Logged {
    schema: Arc<DatabaseSchema>,
    store: Store,
    encoder: Encoder,
    records: Vec<Vec<u8>>,
}

impl Logged {
    fn over(schema: Arc<DatabaseSchema>, store: Store, block_end: u32) -> Self {
        let tables = Arc::new(Tables::new(&Ids::assign(&self::schema()), Arc::clone(&schema)));
        Self { schema, store, encoder: Encoder::new(tables, block_end), records: Vec::new() }
    }

    fn new() -> Self {
        let schema = schema();
        let mut store = Store::new(schema.tables().iter().map(RowShape::of), usize::MAX);
        store.batch().begin();
        Self::over(schema, store, 0)
    }

    fn keep(&mut self) {
        let next = self.store.next_version();
        let mut batch = self.store.batch();
        if batch.is_untouched() {
            batch.commit();
        } else {
            let mut changes = ChangeSet::default();
            batch.commit_with_changes(next, &mut changes);
            self.encoder.append(&changes);
        }
        self.store.batch().begin();
    }

    fn record(&mut self, kind: Kind) {
        let version = if kind == Kind::Close { self.store.live().number } else { self.store.next_version() };
        let record = self.encoder.seal(9, version, 0, 0, kind).to_vec();
        self.encoder.clear(true);
        self.records.push(record);
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Keep => self.keep(),
            Op::Rollback => {
                self.store.batch().rollback();
                self.store.batch().begin();
            }
            Op::Publish => {
                self.keep();
                if self.store.has_changes() {
                    self.record(Kind::Commit);
                }
                self.store.publish();
                self.store.batch().begin();
            }
            Op::Discard => {
                self.keep();
                self.encoder.clear(false);
                self.store.discard();
                self.store.batch().begin();
            }
            change => transact(&mut self.store.batch(), &self.schema, change),
        }
    }

    /// What a database has that closes here: a record of everything, and the store that it gives under `schema`.
    fn close_and_reopen(&mut self, schema: Arc<DatabaseSchema>) -> Store {
        self.run(&Op::Publish);
        let rest = self.store.left_over();
        self.encoder.note(&rest);
        self.record(Kind::Close);
        let ids = Ids::assign(&self::schema());
        let tables = Tables::new(&ids, Arc::clone(&schema));
        let era = Era::new(&tables, &ids, &ids);
        let mut store = Store::new(schema.tables().iter().map(RowShape::of), usize::MAX);
        store.begin_restore();
        let mut version = 0;
        for record in &self.records {
            let (head, body) = frame(record, Some(9)).unwrap();
            let mut batch = store.batch();
            apply(&mut batch, &era, body, head.transactions).unwrap();
            version = head.version;
        }
        store.finish_restore(version).unwrap();
        store.batch().begin();
        store
    }
}

/// Table `number` of [`SCHEMA`], where `schema` has it.
fn at(schema: &DatabaseSchema, number: u16) -> u16 {
    schema.table(&self::schema().tables()[usize::from(number)].name).unwrap().0 as u16
}

/// A row with its heap behind it.
fn row(schema: &DatabaseSchema, table: u16, value: u8) -> Vec<u8> {
    let table = &schema.tables()[usize::from(table)];
    if table.has_heap() {
        let text = "x".repeat(value.into());
        return table.encode_row(&[("n", value.into()), ("text", text.into()), ("list", list(value))]).unwrap();
    }
    let mut row = vec![value; table.size as usize];
    if let Some((_, flag)) = table.field("c") {
        row[flag.offset as usize] = value & 1;
    }
    row
}

/// A list of pairs, some of which have a text.
fn list(value: u8) -> Value {
    let pair = |n: u8| {
        let text = Value::from(n.is_multiple_of(2).then(|| "y".repeat(n.into())));
        Value::Struct(vec![("0".to_owned(), n.into()), ("1".to_owned(), text)])
    };
    Value::Array((0..value % 8).map(pair).collect())
}

fn put(batch: &mut Batch<'_>, schema: &DatabaseSchema, table: u16, slot: u32, value: u8) {
    let row = row(schema, table, value);
    let (row, heap) = row.split_at(schema.tables()[usize::from(table)].size as usize);
    batch.put(table, slot, RowBytes { row, heap }).unwrap();
}

/// The `n`th living entity, in the order of slots.
fn nth(version: &Version, n: usize) -> Option<Entity> {
    let count = version.entities.count() as usize;
    if count == 0 { None } else { version.entities.iter().nth(n % count) }
}

fn transact(batch: &mut Batch<'_>, schema: &DatabaseSchema, op: &Op) {
    match *op {
        Op::Spawn(set, count) => {
            let mut tables: Vec<u16> =
                (0..TABLES).filter(|table| set >> table & 1 == 1).map(|table| at(schema, table)).collect();
            tables.sort_unstable();
            let id = batch.sets().intern(&tables);
            let taken = batch.spawn(id, count.into()).unwrap();
            for bit in bits(taken.mask) {
                let slot = batch.entity_in(taken.block, bit).slot();
                for table in &tables {
                    put(batch, schema, *table, slot, set);
                }
            }
        }
        Op::Despawn(n) => {
            // Now and then a whole neighbourhood, so that blocks become empty.
            let neighbours = if cfg!(miri) { 6 } else { 64 };
            for n in if n.is_multiple_of(4) { n..n + neighbours } else { n..n + 1 } {
                if let Some(entity) = nth(batch.version(), n) {
                    batch.despawn(entity).unwrap();
                }
            }
        }
        Op::Put(n, table, value) => {
            if let Some(entity) = nth(batch.version(), n) {
                let table = at(schema, table);
                put(batch, schema, table, entity.slot(), value);
            }
        }
        Op::Field(n, table, value) => {
            let Some(entity) = nth(batch.version(), n) else { return };
            let name = schema.tables()[usize::from(at(schema, table))].fields.iter().map(|field| &*field.name).min();
            let table = at(schema, table);
            let Some((column, field)) = name.and_then(|name| schema.tables()[usize::from(table)].field(name)) else {
                return;
            };
            let (start, len) = (field.offset as usize, field.field_type.size());
            let columns = ColumnSet::one(column as u16);
            if field.field_type.has_heap() {
                let Some(before) = batch.version().tables[usize::from(table)].stored(entity.slot()) else { return };
                let list = Encoded::from_value(&list(value), &field.field_type).unwrap();
                let (row, heap) = schema.tables()[usize::from(table)].with_value(before, start, list.row_bytes());
                let row = RowBytes { row: &row, heap: heap.bytes() };
                assert!(batch.replace(table, entity.slot(), columns, row).unwrap());
            } else if let Some(row) = batch.row_mut(table, entity.slot(), columns).unwrap() {
                row[start..start + len].fill(value);
            }
        }
        Op::Remove(n, table) => {
            if let Some(entity) = nth(batch.version(), n) {
                batch.remove(at(schema, table), entity.slot()).unwrap();
            }
        }
        _ => unreachable!("the end of a transaction"),
    }
}

/// The name of its table, its entity, and its fields in the order of their names.
type Row = (String, Entity, Vec<String>);

/// What a store comes down to, whatever the order of its tables and fields: every block of entities, and every row by the
/// names of table and fields.
fn state(schema: &DatabaseSchema, version: &Version) -> (Vec<String>, Vec<Row>) {
    let blocks = (0..version.chunk_count() * 64).map(|block| {
        let state = version.entities.state(block);
        let generations = match &state.generations {
            crate::entity::Generations::Pair(pair) => format!("{:?}", pair.parts()),
            crate::entity::Generations::Each(each) => format!("{each:?}"),
        };
        format!("{block}: {:x} {generations}", state.alive)
    });
    let mut rows = Vec::new();
    for (number, table) in schema.tables().iter().enumerate() {
        for entity in version.entities.iter() {
            let Some(row) = version.tables[number].stored(entity.slot()) else { continue };
            table.validate_parts(row.row, row.heap).unwrap();
            let mut fields: Vec<_> = table.fields.iter().collect();
            fields.sort_by(|a, b| a.name.cmp(&b.name));
            if table.durability != Durability::Wal {
                fields.clear();
            }
            let value = |field: &&FieldSchema| {
                Value::decode(&field.field_type, &row.row[field.offset as usize..], row.heap).to_string()
            };
            rows.push((table.name.to_string(), entity, fields.iter().map(value).collect()));
        }
    }
    rows.sort();
    (blocks.collect(), rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 96 }))]

    #[test]
    fn a_store_that_was_put_together_goes_on_like_the_one_that_was_logged(
        before in vec(op(), 1..if cfg!(miri) { 8 } else { 60 }),
        after in vec(op(), 1..if cfg!(miri) { 5 } else { 40 }),
        is_reversed in any::<bool>(),
    ) {
        let mut logged = Logged::new();
        before.iter().for_each(|op| logged.run(op));
        let other = if is_reversed { reversed() } else { schema() };
        let store = logged.close_and_reopen(Arc::clone(&other));
        prop_assert_eq!(
            state(&other, store.live()),
            state(&logged.schema, logged.store.live())
        );
        let mut reopened = Logged::over(Arc::clone(&other), store, 0);
        for op in after.iter().chain([&Op::Publish]) {
            logged.run(op);
            reopened.run(op);
        }
        prop_assert_eq!(
            state(&other, reopened.store.live()),
            state(&logged.schema, logged.store.live())
        );
    }

    /// Bytes that a checksum would have kept out: an answer, and nothing else.
    #[test]
    fn bytes_that_are_no_record_are_refused(
        ops in vec(op(), 1..if cfg!(miri) { 5 } else { 20 }),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut logged = Logged::new();
        ops.iter().for_each(|op| logged.run(op));
        logged.run(&Op::Publish);
        let ids = Ids::assign(&schema());
        let tables = Tables::new(&ids, schema());
        let era = Era::new(&tables, &ids, &ids);
        for record in &logged.records {
            let (head, body) = frame(record, Some(9)).unwrap();
            let mut body = body.to_vec();
            for (index, value) in &flips {
                let at = index.index(body.len());
                // The numbers of blocks are let be: a directory for four billion slots is a lot of memory, and no mistake.
                body[at] = body[at].wrapping_add(value % 16);
            }
            body.truncate(cut.map_or(body.len(), |cut| cut.index(body.len())));
            let mut store = Store::new(schema().tables().iter().map(RowShape::of), 64 << 20);
            store.begin_restore();
            match apply(&mut store.batch(), &era, &body, head.transactions) {
                Ok(_) | Err(ApplyError::Malformed(_) | ApplyError::Storage(_)) => {}
            }
            // Whether it fits together is for this to say.
            let _ = store.finish_restore(1);
        }
    }
}

#[test]
fn changes_of_rows_that_stay_are_left_out_where_the_table_says_so() {
    let mut logged = Logged::new();
    logged.run(&Op::Spawn(0xff, 2));
    logged.run(&Op::Publish);
    let len = |logged: &Logged| logged.records.last().unwrap().len();
    logged.run(&Op::Put(0, FAST, 77));
    logged.run(&Op::Publish);
    assert_eq!(len(&logged), 48 + 8, "a transaction without items");
    // A row that comes with a new entity is no such change, even where the earlier entity had one too.
    logged.run(&Op::Despawn(1));
    logged.run(&Op::Spawn(0xff, 1));
    logged.run(&Op::Publish);
    let store = logged.close_and_reopen(schema());
    let rows = |store: &Store| {
        let version = store.live();
        version
            .entities
            .iter()
            .map(|e| version.tables[usize::from(FAST)].row_bytes(e.slot()).unwrap().to_vec())
            .collect()
    };
    let (old, new): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (rows(&logged.store), rows(&store));
    assert_eq!((&old[0][..2], &new[0][..2]), (&[77, 77][..], &[0xff, 0xff][..]));
    assert_eq!(old[1], new[1]);
}

#[test]
fn a_field_is_logged_without_its_neighbours() {
    let mut logged = Logged::new();
    logged.run(&Op::Spawn(0b100, 1));
    logged.run(&Op::Publish);
    logged.run(&Op::Field(0, 2, 5));
    logged.run(&Op::Publish);
    // Head, transaction, item, slots, columns, and one byte.
    assert_eq!(logged.records.last().unwrap().len(), (48 + 8 + 8 + 8 + 8 + 1_usize).next_multiple_of(8));
}
