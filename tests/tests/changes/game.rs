//! A small world in which every kind of row occurs, random transactions on it, and naive copies of its tables.

use std::collections::BTreeMap;
use std::fmt::Debug;

use ecsdb::changes::{Changes, Event};
use ecsdb::schema::TableOf;
use ecsdb::{Component, Db, Entity, Snapshot, Transaction, TransactionError};
use ecsdb_tests::block_writer;
use ecsdb_tests::world::{Frozen, Purse, Sample, Small, Wide};
use proptest::prelude::*;

/// With a heap.
#[derive(Component, Debug)]
pub struct Sign {
    pub lit: bool,
    pub text: String,
    pub marks: Vec<u16>,
}

impl Sample for Sign {
    fn sample(value: u64) -> Self {
        let text = "x".repeat((value % 5) as usize) + &value.to_string();
        Self { lit: value % 2 == 1, text, marks: vec![value as u16; (value % 3) as usize] }
    }
    fn number(row: SignRef<'_>) -> u64 {
        assert!(row.marks().iter().all(|mark| u64::from(*mark) == row.text().trim_start_matches('x').parse().unwrap()));
        row.text().trim_start_matches('x').parse().unwrap()
    }
}

ecsdb::schema! { pub Game: Small, Purse, Wide, Frozen, Sign }

/// How many tables there are.
pub const TABLES: usize = 5;

/// Evaluates an expression with `$t` standing for the component of table number `$table`.
#[rustfmt::skip]
macro_rules! on_game_table {
    ($table:expr, $t:ident => $work:expr) => {
        match $table % TABLES {
            0 => { type $t = Small; $work }
            1 => { type $t = Purse; $work }
            2 => { type $t = Wide; $work }
            3 => { type $t = Frozen; $work }
            _ => { type $t = Sign; $work }
        }
    };
}

#[derive(Clone, Debug)]
pub enum Op {
    Spawn(u64),
    SpawnAll(usize, u64),
    Despawn(usize),
    /// Somebody dies and somebody is born, who often gets the slot.
    Replace(usize, u64),
    Insert(usize, usize, u64),
    Remove(usize, usize),
    Gold(usize, u64),
    /// Writes what is there.
    Again(usize),
    Everybody(u32),
    Fail,
}

pub fn op() -> impl Strategy<Value = Op> {
    let (who, table, value) = (any::<usize>, 0..TABLES, 0..300_u64);
    prop_oneof![
        3 => value.clone().prop_map(Op::Spawn),
        1 => (0..100_usize, value.clone()).prop_map(|(count, v)| Op::SpawnAll(count, v)),
        3 => who().prop_map(Op::Despawn),
        3 => (who(), value.clone()).prop_map(|(e, v)| Op::Replace(e, v)),
        6 => (who(), table.clone(), value.clone()).prop_map(|(e, t, v)| Op::Insert(e, t, v)),
        4 => (who(), table).prop_map(|(e, t)| Op::Remove(e, t)),
        5 => (who(), value).prop_map(|(e, v)| Op::Gold(e, v)),
        2 => who().prop_map(Op::Again),
        1 => (0..2_u32).prop_map(Op::Everybody),
        1 => Just(Op::Fail),
    ]
}

/// Some transactions that become visible together.
pub fn batch() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(op(), 0..6), 1..4)
}

fn pick(tx: &Transaction<'_, Game>, index: usize) -> Option<Entity> {
    let count = tx.view().entity_count() as usize;
    if count == 0 { None } else { tx.view().entities().nth(index % count) }
}

fn run(tx: &mut Transaction<'_, Game>, op: &Op) -> Result<(), TransactionError> {
    let who = |tx: &Transaction<'_, Game>, index| pick(tx, index);
    match *op {
        Op::Spawn(v) => drop(tx.spawn((Small::sample(v), Purse::sample(v), Sign::sample(v)))?),
        Op::SpawnAll(count, v) => drop(tx.spawn_all((0..count as u64).map(|n| (Purse::sample(v + n), Frozen)))?),
        Op::Despawn(e) => who(tx, e).map_or(Ok(()), |e| tx.despawn(e))?,
        Op::Replace(e, v) => {
            who(tx, e).map_or(Ok(()), |e| tx.despawn(e))?;
            tx.spawn((Small::sample(v), Purse::sample(v), Sign::sample(v)))?;
        }
        Op::Insert(e, t, v) => {
            if let Some(e) = who(tx, e) {
                on_game_table!(t, T => tx.insert(e, T::sample(v)))?;
            }
        }
        Op::Remove(e, t) => {
            if let Some(e) = who(tx, e) {
                on_game_table!(t, T => if tx.contains::<T>(e) { tx.remove::<T>(e)? });
            }
        }
        Op::Gold(e, v) => {
            if let Some(e) = who(tx, e)
                && tx.contains::<Purse>(e)
            {
                tx.update(e, Purse::C.gold.set(v % 200))?;
            }
        }
        Op::Again(e) => {
            if let Some(e) = who(tx, e)
                && let Some(v) = tx.get::<Sign>(e).map(Sign::number)
            {
                tx.insert(e, Sign::sample(v))?;
            }
        }
        Op::Everybody(by) => {
            tx.update_all(move |small: &mut Small| small.n = small.n.wrapping_add(by))?;
        }
        Op::Fail => return Err(tx.abort("on purpose")),
    }
    Ok(())
}

/// Carries out the transactions in one batch.
pub fn commit(db: &Db<Game>, transactions: Vec<Vec<Op>>) {
    let blocked = block_writer(db);
    let waiting: Vec<_> = transactions
        .into_iter()
        .map(|ops| db.write_async(move |tx| ops.iter().try_for_each(|op| run(tx, op))))
        .collect();
    drop(blocked);
    for waiting in waiting {
        // Some are meant to fail.
        let _ = ecsdb_tests::block_on(waiting);
    }
}

/// A table as a plain map: what its rows stand for.
pub type Copy = BTreeMap<Entity, u64>;

pub fn copy<T: TableOf<Game> + Sample>(snapshot: &Snapshot<Game>) -> Copy {
    snapshot.table::<T>().iter().map(|(entity, row)| (entity, T::number(row))).collect()
}

/// Plays the events on the copy, and checks what they say of the state before.
pub fn play<T: TableOf<Game> + Sample + Debug>(copy: &mut Copy, changes: &Changes<T>) {
    let mut seen = std::collections::BTreeSet::new();
    for event in changes.iter() {
        let entity = event.entity();
        assert!(seen.insert(entity), "{entity} occurs twice in one commit");
        let before = match event {
            Event::Added { new, .. } => {
                let before = copy.insert(entity, T::number(new));
                assert_eq!(before, None, "{entity} was there");
                None
            }
            Event::Changed { columns, old, new, .. } => {
                assert!(columns.names().next().is_some(), "{entity} has not changed");
                let before = copy.insert(entity, T::number(new));
                assert_eq!(before, Some(T::number(old)), "{entity} was not that");
                before
            }
            Event::Removed { old, .. } => {
                let before = copy.remove(&entity);
                assert_eq!(before, Some(T::number(old)), "{entity} was not that");
                before
            }
        };
        assert_eq!(before.is_some(), event.before().is_some());
    }
    assert_eq!(changes.is_empty(), seen.is_empty());
}
