//! The whole database as a naive map, and operations that can be done to both.
//!
//! The model knows nothing of pages, slots or versions. It is the same for closures and builders, and says what each
//! operation must answer.

mod check;

use std::collections::BTreeMap;

use ecsdb::component::{Assignment, Column, Integer};
use ecsdb::{Component, Entity, OpError};

pub use self::check::{check, check_view};
use crate::world::*;

/// One entity: what its rows stand for, by table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The numbers of the samples.
    pub samples: [Option<u64>; SAMPLES],
    /// The owner in the item, if there is an item.
    pub item: Option<Option<Entity>>,
    /// The numbers of the text and of the list in the note, if there is one.
    pub note: Option<(u64, u64)>,
}

/// All living entities.
pub type Rows = BTreeMap<Entity, Row>;

/// Which entity an operation means, as a number that is taken modulo what there is.
pub type Pick = usize;

/// The tables of a bundle that `spawn` is called with. Each is one Rust type.
pub const BUNDLES: [&[usize]; 9] =
    [&[], &[1], &[1, 2], &[0, 3, 6], &[2, 4, 5], &[11], &[7, 8, 1], &[9, 10, 0], &[3, 1, 2, 5, 11]];

/// Makes the bundle number `$bundle` of [`BUNDLES`] and evaluates an expression with it.
#[macro_export]
macro_rules! on_bundle {
    (@all $bundle:expr, $values:expr, $tx:ident) => {{
        use $crate::world::*;
        match $bundle {
            0 => $tx.spawn_all($values.map(|_| ())),
            1 => $tx.spawn_all($values.map(Small::sample)),
            2 => $tx.spawn_all($values.map(|v| (Small::sample(v), Pos::sample(v)))),
            3 => $tx.spawn_all($values.map(|v| (Frozen, Purse::sample(v), R100::sample(v)))),
            4 => $tx.spawn_all($values.map(|v| (Pos::sample(v), R32::sample(v), R64::sample(v)))),
            5 => $tx.spawn_all($values.map(Wide::sample)),
            6 => $tx.spawn_all($values.map(|v| (R200::sample(v), R400::sample(v), Small::sample(v)))),
            7 => $tx.spawn_all($values.map(|v| (R800::sample(v), R1500::sample(v), Frozen))),
            8 => $tx.spawn_all(
                $values.map(|v| (Purse::sample(v), Small::sample(v), Pos::sample(v), R64::sample(v), Wide::sample(v))),
            ),
            other => unreachable!("there is no bundle {other}"),
        }
        .unwrap()
    }};
    ($bundle:expr, $v:expr, $b:ident => $work:expr) => {{
        use $crate::world::*;
        match $bundle {
            0 => {
                let $b = ();
                $work
            }
            1 => {
                let $b = Small::sample($v);
                $work
            }
            2 => {
                let $b = (Small::sample($v), Pos::sample($v));
                $work
            }
            3 => {
                let $b = (Frozen, Purse::sample($v), R100::sample($v));
                $work
            }
            4 => {
                let $b = (Pos::sample($v), R32::sample($v), R64::sample($v));
                $work
            }
            5 => {
                let $b = Wide::sample($v);
                $work
            }
            6 => {
                let $b = (R200::sample($v), R400::sample($v), Small::sample($v));
                $work
            }
            7 => {
                let $b = (R800::sample($v), R1500::sample($v), Frozen);
                $work
            }
            8 => {
                let $b = (Purse::sample($v), Small::sample($v), Pos::sample($v), R64::sample($v), Wide::sample($v));
                $work
            }
            other => unreachable!("there is no bundle {other}"),
        }
    }};
}

/// A change of a number.
#[derive(Clone, Copy, Debug)]
pub enum Sum {
    Set,
    Add,
    Sub,
    Mul,
    SaturatingAdd,
    SaturatingSub,
    SaturatingMul,
    WrappingAdd,
    WrappingSub,
    WrappingMul,
    Min,
    Max,
}

impl Sum {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Set,
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::SaturatingAdd,
        Self::SaturatingSub,
        Self::SaturatingMul,
        Self::WrappingAdd,
        Self::WrappingSub,
        Self::WrappingMul,
        Self::Min,
        Self::Max,
    ];

    /// The change of the engine.
    pub fn of<T: Component, F: Integer>(self, column: Column<T, F>, value: F::Value) -> Assignment<T, F> {
        match self {
            Self::Set => column.set(value),
            Self::Add => column.add(value),
            Self::Sub => column.sub(value),
            Self::Mul => column.mul(value),
            Self::SaturatingAdd => column.saturating_add(value),
            Self::SaturatingSub => column.saturating_sub(value),
            Self::SaturatingMul => column.saturating_mul(value),
            Self::WrappingAdd => column.wrapping_add(value),
            Self::WrappingSub => column.wrapping_sub(value),
            Self::WrappingMul => column.wrapping_mul(value),
            Self::Min => column.min(value),
            Self::Max => column.max(value),
        }
    }

    /// What it makes of `found`, a number from 0 to `max`, which has only ones. In wider numbers than the engine's.
    fn on(self, found: u64, by: u64, max: u64) -> Option<u64> {
        let (a, b, max) = (i128::from(found), i128::from(by), i128::from(max));
        let exact = match self {
            Self::Set => b,
            Self::Add | Self::SaturatingAdd | Self::WrappingAdd => a + b,
            Self::Sub | Self::SaturatingSub | Self::WrappingSub => a - b,
            // The product of two numbers of 64 bits may have 128; then the lower ones are all that counts.
            Self::WrappingMul => return Some(found.wrapping_mul(by) & max as u64),
            Self::Mul | Self::SaturatingMul => a.checked_mul(b).unwrap_or(i128::MAX),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        };
        match self {
            Self::SaturatingAdd | Self::SaturatingSub | Self::SaturatingMul => Some(exact.clamp(0, max) as u64),
            Self::WrappingAdd | Self::WrappingSub => Some(exact.rem_euclid(max + 1) as u64),
            _ => (0..=max).contains(&exact).then_some(exact as u64),
        }
    }
}

/// One operation. Those that only closures have come last.
#[derive(Clone, Debug)]
pub enum Op {
    Spawn(usize, u64),
    SpawnItem(Pick),
    Despawn(Pick),
    Insert(Pick, usize, u64),
    InsertItem(Pick, Pick),
    Remove(Pick, usize),
    /// Of `Small::n`.
    Number(Pick, Sum, u32),
    /// Of `Purse::gold`.
    Gold(Pick, Sum, u64),
    /// Of both numbers of `Pos`: add to one, subtract from the other.
    Move(Pick, i32),
    /// Change `Purse::gold`, or store a purse with the number.
    Upsert(Pick, Sum, u64),
    InsertIfAbsent(Pick, usize, u64),
    /// That `Small::n` is less than so much.
    RequireBelow(Pick, u32),
    RequirePresent(Pick, usize),
    RequireAbsent(Pick, usize),
    /// That the row is the sample.
    RequireRow(Pick, usize, u64),
    /// That the item has this owner.
    RequireOwner(Pick, Pick),
    RequireAlive(Pick),
    Replace(Pick, usize, u64),
    InsertNote(Pick, u64),
    /// Of the note: its text if the number is even, otherwise its list.
    Rewrite(Pick, u64),
    /// Of so many entities from the one that is picked on.
    InsertAll(Pick, usize, usize, u64),
    /// Of `Small::n`, where `Purse::gold` is less than so much.
    UpdateWhere(u64, Sum, u32),
    /// Of `Pos`, where `Small::n` is less than so much.
    RemoveWhere(u32),
    /// Where `Small::n` is less than so much, of those that are frozen.
    DespawnWhere(u32),
    SpawnAll(usize, usize, u64),
    Modify(Pick, usize, u64),
    UpdateAll(usize),
    Read(Pick, usize),
}

impl Op {
    /// Whether a builder has it too.
    pub fn is_for_builders(&self) -> bool {
        !matches!(self, Self::SpawnAll(..) | Self::Modify(..) | Self::UpdateAll(_) | Self::Read(..))
    }
}

/// What an operation must answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Done,
    /// It made so many entities.
    Spawned(usize),
    /// A count, or what was read.
    Number(Option<u64>),
    Failed(Failure),
}

/// The kinds of errors that operations may meet here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Stale,
    Missing,
    Guard,
    RowGuard,
    Range,
}

impl Failure {
    /// The kind of an error that the engine has given.
    pub fn of(error: &OpError) -> Self {
        match error {
            OpError::StaleEntity { .. } => Self::Stale,
            OpError::ComponentMissing { .. } => Self::Missing,
            OpError::GuardFailed(_) => Self::Guard,
            OpError::RowGuardFailed(_) => Self::RowGuard,
            OpError::OutOfRange(_) => Self::Range,
            other => panic!("nothing here can fail with {other}"),
        }
    }
}

/// How many forms of `update_all` there are.
pub const UPDATES: usize = 6;

/// The entity that is picked among those that are known, the dead ones included.
pub fn pick(known: &[Entity], pick: Pick) -> Option<Entity> {
    if known.is_empty() { None } else { Some(known[pick % known.len()]) }
}

/// The `count` entities from the one that is picked on, each as often as it comes round.
pub fn pick_all(known: &[Entity], pick: Pick, count: usize) -> Vec<Entity> {
    known
        .iter()
        .cycle()
        .skip(pick % known.len().max(1))
        .take(if known.is_empty() { 0 } else { count })
        .copied()
        .collect()
}

/// Does `op` to `rows`. `known` are the entities that may be picked; `spawned` are the ids that the engine has given to
/// those that the operation makes, and are added to `known`. Operations on nobody do nothing.
pub fn apply(rows: &mut Rows, known: &mut Vec<Entity>, op: &Op, spawned: &[Entity]) -> Answer {
    let spawn = |rows: &mut Rows, known: &mut Vec<Entity>, entity: Entity, row: Row| {
        assert!(rows.insert(entity, row).is_none(), "{entity} lives already");
        known.push(entity);
    };
    let bundle = |bundle: usize, value: u64| {
        let mut row = Row::default();
        for table in BUNDLES[bundle] {
            row.samples[*table] = Some(normal(*table, value));
        }
        row
    };
    match *op {
        Op::Spawn(b, value) => {
            spawn(rows, known, spawned[0], bundle(b, value));
            return Answer::Spawned(1);
        }
        Op::SpawnAll(b, count, value) => {
            assert_eq!(spawned.len(), count);
            for (n, entity) in spawned.iter().enumerate() {
                spawn(rows, known, *entity, bundle(b, value + n as u64));
            }
            return Answer::Spawned(count);
        }
        Op::SpawnItem(owner) => {
            let row = Row { item: Some(pick(known, owner)), ..Row::default() };
            spawn(rows, known, spawned[0], row);
            return Answer::Spawned(1);
        }
        Op::UpdateAll(form) => return Answer::Number(Some(rows.values_mut().map(|row| update_row(row, form)).sum())),
        Op::InsertAll(who, count, table, value) => {
            let all = pick_all(known, who, count);
            for (n, entity) in all.iter().enumerate() {
                let Some(row) = rows.get_mut(entity) else { return Answer::Failed(Failure::Stale) };
                row.samples[table] = Some(normal(table, value.wrapping_add(n as u64)));
            }
            return Answer::Number(Some(all.len() as u64));
        }
        Op::UpdateWhere(..) | Op::RemoveWhere(_) | Op::DespawnWhere(_) => return where_it_holds(rows, op),
        _ => {}
    }
    let (Op::Despawn(who)
    | Op::Insert(who, ..)
    | Op::InsertItem(who, _)
    | Op::Remove(who, _)
    | Op::Number(who, ..)
    | Op::Gold(who, ..)
    | Op::Move(who, _)
    | Op::Upsert(who, ..)
    | Op::InsertIfAbsent(who, ..)
    | Op::RequireBelow(who, _)
    | Op::RequirePresent(who, _)
    | Op::RequireAbsent(who, _)
    | Op::RequireRow(who, ..)
    | Op::RequireOwner(who, _)
    | Op::RequireAlive(who)
    | Op::Replace(who, ..)
    | Op::InsertNote(who, _)
    | Op::Rewrite(who, _)
    | Op::Modify(who, ..)
    | Op::Read(who, _)) = *op
    else {
        unreachable!("handled above")
    };
    let Some(entity) = pick(known, who) else { return Answer::Done };
    let Some(row) = rows.get_mut(&entity) else {
        return if matches!(op, Op::Read(..)) { Answer::Number(None) } else { Answer::Failed(Failure::Stale) };
    };
    let changed = match *op {
        Op::Despawn(_) => {
            rows.remove(&entity);
            Ok(())
        }
        Op::Insert(_, table, value) => {
            row.samples[table] = Some(normal(table, value));
            Ok(())
        }
        Op::InsertItem(_, owner) => {
            row.item = Some(pick(known, owner));
            Ok(())
        }
        Op::InsertNote(_, value) => {
            row.note = Some((value, value));
            Ok(())
        }
        Op::Rewrite(_, value) => match &mut row.note {
            None => Err(Failure::Missing),
            Some((text, numbers)) => {
                *(if value % 2 == 0 { text } else { numbers }) = value;
                Ok(())
            }
        },
        Op::Remove(_, ITEM) => row.item.take().map(drop).ok_or(Failure::Missing),
        Op::Remove(_, NOTE) => row.note.take().map(drop).ok_or(Failure::Missing),
        Op::Remove(_, table) => row.samples[table].take().map(drop).ok_or(Failure::Missing),
        Op::Number(_, sum, by) => change(&mut row.samples[1], sum, u64::from(by), u64::from(u32::MAX)),
        Op::Gold(_, sum, by) => change(&mut row.samples[3], sum, by, u64::MAX),
        Op::Move(_, by) => match &mut row.samples[2] {
            None => Err(Failure::Missing),
            Some(pos) => match ((*pos as u32 as i32).checked_add(by), ((*pos >> 32) as u32 as i32).checked_sub(by)) {
                (Some(x), Some(y)) => {
                    *pos = u64::from(x as u32) | u64::from(y as u32) << 32;
                    Ok(())
                }
                _ => Err(Failure::Range),
            },
        },
        Op::Upsert(_, sum, value) => match row.samples[3] {
            None => {
                row.samples[3] = Some(value);
                Ok(())
            }
            Some(_) => change(&mut row.samples[3], sum, value, u64::MAX),
        },
        Op::InsertIfAbsent(_, table, value) => {
            row.samples[table].get_or_insert(normal(table, value));
            Ok(())
        }
        Op::RequirePresent(_, table) => row.samples[table].map(drop).ok_or(Failure::Missing),
        Op::RequireAbsent(_, table) => row.samples[table].map_or(Ok(()), |_| Err(Failure::RowGuard)),
        Op::RequireRow(_, table, value) if row.samples[table] == Some(normal(table, value)) => Ok(()),
        Op::RequireRow(..) => Err(Failure::RowGuard),
        Op::RequireBelow(_, limit) => match row.samples[1] {
            None => Err(Failure::Missing),
            Some(n) if n < u64::from(limit) => Ok(()),
            Some(_) => Err(Failure::Guard),
        },
        Op::RequireOwner(_, owner) => match row.item {
            None => Err(Failure::Missing),
            Some(found) if found == pick(known, owner) => Ok(()),
            Some(_) => Err(Failure::Guard),
        },
        Op::RequireAlive(_) => Ok(()),
        Op::Modify(_, table, value) | Op::Replace(_, table, value) => match &mut row.samples[table] {
            None => Err(Failure::Missing),
            Some(sample) => {
                *sample = normal(table, value);
                Ok(())
            }
        },
        Op::Read(_, table) => return Answer::Number(row.samples[table]),
        _ => unreachable!("handled above"),
    };
    changed.map_or_else(Answer::Failed, |()| Answer::Done)
}

/// What is done to all that a condition holds for.
fn where_it_holds(rows: &mut Rows, op: &Op) -> Answer {
    let before = rows.clone();
    let small_below = |row: &Row, limit: u32| row.samples[1].is_some_and(|n| n < u64::from(limit));
    let mut count = 0;
    for (entity, old) in &before {
        let [frozen, small, pos, purse, ..] = old.samples;
        match *op {
            Op::UpdateWhere(limit, sum, by) if small.is_some() && purse.is_some_and(|gold| gold < limit) => {
                let sample = &mut rows.get_mut(entity).expect("it was there").samples[1];
                if let Err(failure) = change(sample, sum, u64::from(by), u64::from(u32::MAX)) {
                    *rows = before;
                    return Answer::Failed(failure);
                }
            }
            Op::RemoveWhere(limit) if small_below(old, limit) && pos.is_some() => {
                rows.get_mut(entity).expect("it was there").samples[2] = None;
            }
            Op::DespawnWhere(limit) if small_below(old, limit) && frozen.is_some() => {
                rows.remove(entity);
            }
            _ => continue,
        }
        count += 1;
    }
    Answer::Number(Some(count))
}

/// The number that is read back where `value` was stored in `table`.
fn normal(table: usize, value: u64) -> u64 {
    match table {
        0 => 0,
        2 | 3 => value,
        _ => u64::from(value as u32),
    }
}

fn change(sample: &mut Option<u64>, sum: Sum, by: u64, max: u64) -> Result<(), Failure> {
    let number = sample.as_mut().ok_or(Failure::Missing)?;
    *number = sum.on(*number, by, max).ok_or(Failure::Range)?;
    Ok(())
}

/// Does what form `form` of `update_all` does to one row. Returns how many rows are changed, 0 or 1.
fn update_row(row: &mut Row, form: usize) -> u64 {
    let [_, small, pos, purse, _, r64, r100, r200, .., r1500, wide] = row.samples;
    let new = match form {
        0 => {
            pos.zip(small).map(|(pos, small)| (2, u64::from((pos as u32).wrapping_add(small as u32)) | pos >> 32 << 32))
        }
        1 => small.map(|n| (1, u64::from((n as u32).wrapping_add(1 + u32::from(row.item.is_some()))))),
        2 => r100.map(|n| (6, u64::from((n as u32).wrapping_add(purse.unwrap_or(5) as u32)))),
        3 => wide.zip(small).map(|(n, small)| (11, u64::from((n as u32).wrapping_add(small as u32)))),
        4 => purse.map(|gold| (3, gold.wrapping_add(r64.unwrap_or(1) + wide.unwrap_or(1)))),
        5 => r200.zip(r1500.or(small)).map(|(n, _)| (7, u64::from((n as u32).wrapping_mul(3)))),
        _ => unreachable!("there is no form {form}"),
    };
    // The last form needs a `Small`.
    let Some((table, value)) = new.filter(|_| form != 5 || small.is_some()) else { return 0 };
    row.samples[table] = Some(value);
    1
}

/// The closures of the forms of `update_all`, on the engine.
pub fn update_all(tx: &mut ecsdb::Transaction<'_, World>, form: usize) -> Result<u64, OpError> {
    match form {
        0 => tx.update_all(|pos: &mut Pos, small: &Small| pos.x = pos.x.wrapping_add(small.n as i32)),
        1 => tx.update_all(|small: &mut Small, _: Entity, item: Option<ItemRef<'_>>| {
            small.n = small.n.wrapping_add(1 + u32::from(item.is_some()));
        }),
        2 => tx.update_all(|row: &mut R100, purse: Option<PurseRef<'_>>| {
            *row = R100::sample(u64::from(row.n.wrapping_add(purse.map_or(5, |purse| purse.gold()) as u32)));
        }),
        3 => tx
            .update_all(|wide: &mut Wide, small: &Small| *wide = Wide::sample(u64::from(wide.n.wrapping_add(small.n)))),
        4 => tx.update_all(|purse: &mut Purse, r64: Option<&R64>, wide: Option<&Wide>| {
            let more = r64.map_or(1, |row| u64::from(row.n)) + wide.map_or(1, |row| u64::from(row.n));
            purse.gold = purse.gold.wrapping_add(more);
        }),
        5 => tx.update_all(|row: &mut R200, _: &Small| *row = R200::sample(u64::from(row.n.wrapping_mul(3)))),
        _ => unreachable!("there is no form {form}"),
    }
}
