//! Operations in one buffer, as a builder writes them and the writer reads them: no allocation for each.
//!
//! The buffer never leaves the process, so it has no format to keep.

use smallvec::SmallVec;

use super::apply::Apply;
use super::catalog::{Catalog, ColumnId};
use super::error::OpError;
use crate::bytes::{HeapPlace, RowBytes};
use crate::component::{CompareOp, Field, Operand, UpdateOp};
use crate::entity::Entity;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Spawn,
    Insert,
    Replace,
    Remove,
    Despawn,
    Assign,
    Require,
    Expect,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Spawn,
        Self::Insert,
        Self::Replace,
        Self::Remove,
        Self::Despawn,
        Self::Assign,
        Self::Require,
        Self::Expect,
    ];
}

const UPDATE_OPS: [UpdateOp; 3] = [UpdateOp::Set, UpdateOp::Add, UpdateOp::Subtract];

const COMPARE_OPS: [CompareOp; 6] = [
    CompareOp::Equal,
    CompareOp::NotEqual,
    CompareOp::Less,
    CompareOp::LessOrEqual,
    CompareOp::Greater,
    CompareOp::GreaterOrEqual,
];

/// Operations, one after the other.
#[derive(Default)]
pub struct OpBuffer {
    bytes: SmallVec<[u8; INLINE]>,
    /// What it spawns, if anything.
    spawns: Option<Box<Spawns>>,
}

/// What a buffer spawns.
#[derive(Default)]
struct Spawns {
    /// How many entities it promises.
    promises: u32,
    /// Tables that promised entities get after their spawn: they count for where the entity is put.
    later: Vec<(u32, u16)>,
}

/// How many bytes travel inside the message: enough for two updates of a number. They need no allocation, which the
/// writer would have to give back to the heap of another thread, and lie where the writer looks anyway.
const INLINE: usize = 48;

/// Bytes of what every operation but a spawn starts with: kind, table and entity.
const HEAD: usize = 11;

/// Bytes of what follows if the operation is on a field: its number, and what is to be done.
const FIELD: usize = 3;

fn head(kind: Kind, table: u16, entity: Entity) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0] = kind as u8;
    head[1..3].copy_from_slice(&table.to_le_bytes());
    head[3..].copy_from_slice(&entity.to_bits().to_le_bytes());
    head
}

impl OpBuffer {
    /// What it takes in the queue, in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn head(&mut self, kind: Kind, table: u16, entity: Entity) {
        self.put(&head(kind, table, entity));
    }

    /// An operation on a field.
    fn field<F: Field>(&mut self, kind: Kind, id: ColumnId, entity: Entity, op: u8, operand: &Operand<F>) {
        let value = operand.bytes();
        // Put together first: a small value goes in with one step.
        let mut bytes = [0; HEAD + FIELD + 8];
        bytes[..HEAD].copy_from_slice(&head(kind, id.table, entity));
        bytes[HEAD..HEAD + 2].copy_from_slice(&id.column.to_le_bytes());
        bytes[HEAD + 2] = op;
        match bytes.get_mut(HEAD + FIELD..HEAD + FIELD + value.len()) {
            Some(room) => {
                room.copy_from_slice(value);
                self.put(&bytes[..HEAD + FIELD + value.len()]);
            }
            None => {
                self.put(&bytes[..HEAD + FIELD]);
                self.put(value);
            }
        }
        if F::TYPE.has_heap() {
            self.put(&operand.heap().place().to_bytes());
            self.put(operand.heap().bytes());
        }
    }

    /// A new entity with rows in `tables`. The rows follow with [`Self::row`], in the order of calls.
    pub fn spawn(&mut self, tables: usize) -> Entity {
        self.put(&[Kind::Spawn as u8]);
        self.put(&(tables as u16).to_le_bytes());
        let spawns = self.spawns.get_or_insert_default();
        let entity = Entity::promised(spawns.promises);
        spawns.promises += 1;
        entity
    }

    /// One row of the entity that was spawned last.
    pub fn row(&mut self, table: u16, row: RowBytes<'_>) {
        self.put(&table.to_le_bytes());
        self.put(row.row);
        self.put(row.heap);
    }

    /// Store a row.
    pub fn insert(&mut self, table: u16, entity: Entity, row: RowBytes<'_>) {
        if let Some(index) = entity.promise()
            && let Some(spawns) = &mut self.spawns
        {
            spawns.later.push((index, table));
        }
        self.head(Kind::Insert, table, entity);
        self.put(row.row);
        self.put(row.heap);
    }

    /// Replace a row.
    pub fn replace(&mut self, table: u16, entity: Entity, row: RowBytes<'_>) {
        self.head(Kind::Replace, table, entity);
        self.put(row.row);
        self.put(row.heap);
    }

    /// Remove a row.
    pub fn remove(&mut self, table: u16, entity: Entity) {
        self.head(Kind::Remove, table, entity);
    }

    /// End a life.
    pub fn despawn(&mut self, entity: Entity) {
        self.head(Kind::Despawn, 0, entity);
    }

    /// Fail unless `entity` is alive.
    pub fn expect(&mut self, entity: Entity) {
        self.head(Kind::Expect, 0, entity);
    }

    /// Change a field.
    pub fn assign<F: Field>(&mut self, id: ColumnId, entity: Entity, op: UpdateOp, operand: &Operand<F>) {
        self.field(Kind::Assign, id, entity, op as u8, operand);
    }

    /// Fail unless a field compares as asked.
    pub fn require<F: Field>(&mut self, id: ColumnId, entity: Entity, op: CompareOp, expected: &Operand<F>) {
        self.field(Kind::Require, id, entity, op as u8, expected);
    }

    /// The table and the entity of the first operation, unless that is a spawn.
    #[inline]
    pub fn first(&self) -> Option<(u16, Entity)> {
        let mut head = Reader { rest: self.bytes.get(..HEAD)? };
        let kind = head.take(1)[0];
        let (table, entity) = (head.u16(), head.take(size_of::<Entity>()));
        if kind == Kind::Spawn as u8 {
            return None;
        }
        Some((table, read_entity(entity)))
    }

    /// Does everything in order, up to the first operation that fails.
    pub fn run(&mut self, apply: &mut Apply<'_>) -> Result<(), OpError> {
        let mut later = match &mut self.spawns {
            Some(spawns) => {
                spawns.later.sort_unstable();
                &spawns.later[..]
            }
            None => &[],
        };
        let mut tables = Vec::new();
        let mut reader = Reader { rest: &self.bytes };
        while !reader.rest.is_empty() {
            let kind = Kind::ALL[usize::from(reader.take(1)[0])];
            let table = reader.u16();
            if kind == Kind::Spawn {
                reader = spawn(reader, usize::from(table), &mut later, &mut tables, apply)?;
                continue;
            }
            let entity = reader.entity();
            match kind {
                Kind::Spawn => unreachable!("handled above"),
                Kind::Despawn => apply.despawn(entity)?,
                Kind::Expect => apply.living(entity).map(|_| ())?,
                Kind::Remove => apply.remove(table, entity)?,
                Kind::Insert | Kind::Replace => {
                    let row = reader.row(apply.catalog, table);
                    if kind == Kind::Insert {
                        apply.insert(table, entity, row)?
                    } else {
                        apply.replace(table, entity, row)?
                    }
                }
                Kind::Assign | Kind::Require => {
                    let id = ColumnId { table, column: reader.u16() };
                    let op = usize::from(reader.take(1)[0]);
                    let value = reader.value(apply.catalog, id);
                    if kind == Kind::Assign {
                        apply.assign(id, entity, UPDATE_OPS[op], value)?;
                    } else {
                        apply.require(id, entity, COMPARE_OPS[op], value)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Spawns the next promised entity with the `count` rows that follow, in the extent of all components that it will have.
fn spawn<'b>(
    mut reader: Reader<'b>,
    count: usize,
    later: &mut &[(u32, u16)],
    tables: &mut Vec<u16>,
    apply: &mut Apply<'_>,
) -> Result<Reader<'b>, OpError> {
    let promise = apply.promises.len() as u32;
    tables.clear();
    let mut ahead = Reader { rest: reader.rest };
    for _ in 0..count {
        let table = ahead.u16();
        ahead.row(apply.catalog, table);
        tables.push(table);
    }
    while let Some(((_, table), rest)) = later.split_first().filter(|((index, _), _)| *index == promise) {
        tables.push(*table);
        *later = rest;
    }
    tables.sort_unstable();
    tables.dedup();
    let set = apply.batch.sets().intern(tables);
    let entity = apply.spawn(set)?;
    // From here on the entity's own rows may name it.
    apply.promises.push(entity);
    for _ in 0..count {
        let table = reader.u16();
        let row = reader.row(apply.catalog, table);
        apply.insert_new(table, entity.slot(), row)?;
    }
    Ok(reader)
}

/// Reads what an `OpBuffer` wrote, so it never runs short.
struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    /// A row and its heap.
    #[inline]
    fn row(&mut self, catalog: &Catalog, table: u16) -> RowBytes<'b> {
        let row = self.take(catalog.table(table).size as usize);
        if !catalog.has_heap(table) {
            return RowBytes::plain(row);
        }
        let len = HeapPlace::read(&row[row.len() - HeapPlace::BYTES..]).len();
        RowBytes { row, heap: self.take(len) }
    }

    /// The value of a column and its heap.
    #[inline]
    fn value(&mut self, catalog: &Catalog, id: ColumnId) -> RowBytes<'b> {
        let place = catalog.place(id);
        let row = self.take(place.size);
        if !place.has_heap {
            return RowBytes::plain(row);
        }
        let len = HeapPlace::read(self.take(HeapPlace::BYTES)).len();
        RowBytes { row, heap: self.take(len) }
    }

    fn u16(&mut self) -> u16 {
        let bytes = self.take(2);
        u16::from_le_bytes([bytes[0], bytes[1]])
    }

    fn entity(&mut self) -> Entity {
        read_entity(self.take(size_of::<Entity>()))
    }
}

fn read_entity(bytes: &[u8]) -> Entity {
    let bits = bytes.try_into().map(u64::from_le_bytes);
    bits.ok().and_then(Entity::from_bits).expect("an entity was written here")
}
