//! Random transactions: whatever an index is asked, it answers what a look at all rows answers.

use core::ops::Bound;

use ecsdb::query::{DynIndex, DynRow, DynView};
use ecsdb::schema::{IndexKind, IndexSchema, Value};
use ecsdb::{DynTransaction, Entity, OpError};
use proptest::prelude::*;

use super::*;

fn indexes() -> Vec<IndexSchema> {
    vec![
        ordered("kind", &["kind"]),
        ordered("by_kind", &["kind", "level", "name"]),
        ordered("name", &["name"]),
        index("hashed", &["name", "kind"], IndexKind::Hash, false),
        ordered("owner", &["owner"]),
        ordered("tags", &["tags"]),
        ordered("speed", &["speed"]),
    ]
}

fn columns(name: &str) -> Vec<String> {
    let of = indexes().into_iter().find(|index| index.name == name).unwrap();
    of.columns.iter().map(ToString::to_string).collect()
}

/// The keys of a row: the values of the columns, one for each element of a list.
fn keys(row: &DynRow<'_>, name: &str) -> Vec<Vec<Value>> {
    let values: Vec<Value> = columns(name).iter().map(|column| row.get(column).unwrap()).collect();
    match &values[..] {
        [Value::Array(elements)] => {
            let mut seen: Vec<Vec<Value>> = Vec::new();
            for element in elements {
                if seen.iter().all(|other| other[0] != *element) {
                    seen.push(vec![element.clone()]);
                }
            }
            seen
        }
        _ => vec![values],
    }
}

/// The order of the values of two keys.
fn order(one: &[Value], other: &[Value]) -> core::cmp::Ordering {
    let of = |one: &Value, other: &Value| match (one, other) {
        (Value::U8(one), Value::U8(other)) => one.cmp(other),
        (Value::I16(one), Value::I16(other)) => one.cmp(other),
        (Value::F32(one), Value::F32(other)) => one.total_cmp(other),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Optional(None), Value::Optional(other)) => false.cmp(&other.is_some()),
        (Value::Optional(Some(_)), Value::Optional(None)) => core::cmp::Ordering::Greater,
        (Value::Optional(Some(one)), Value::Optional(Some(other))) => match (&**one, &**other) {
            (Value::Entity(one), Value::Entity(other)) => one.slot().cmp(&other.slot()).then(one.cmp(other)),
            (one, other) => panic!("{one} and {other} are no entities"),
        },
        (one, other) => panic!("{one} and {other} are not compared"),
    };
    one.iter()
        .zip(other)
        .map(|(one, other)| of(one, other))
        .find(|order| order.is_ne())
        .unwrap_or(core::cmp::Ordering::Equal)
}

/// Every key of every row in order, with its entity.
fn sorted(view: DynView<'_>, name: &str) -> Vec<(Vec<Value>, Entity)> {
    let rows = all(view);
    let mut all: Vec<(Vec<Value>, Entity)> =
        rows.iter().flat_map(|row| keys(row, name).into_iter().map(|key| (key, row.entity().unwrap()))).collect();
    all.sort_by(|(key, entity), (other, other_entity)| order(key, other).then(entity.slot().cmp(&other_entity.slot())));
    all
}

/// Asks an index everything, with the keys of some rows, and compares with all rows.
fn check(index: DynIndex<'_>, view: DynView<'_>, name: &str, probes: &[Entity], is_settled: bool) {
    let expected = sorted(view, name);
    let ordered: Vec<Entity> = expected.iter().map(|(_, entity)| *entity).collect();
    assert_eq!(index.len(), expected.len(), "{name}");
    let range = |from, to| index.range(from, to).unwrap();
    assert_eq!(entities(range(Bound::Unbounded, Bound::Unbounded)), ordered, "{name}");
    let mut backwards = entities(range(Bound::Unbounded, Bound::Unbounded).rev());
    backwards.reverse();
    assert_eq!(backwards, ordered, "{name}, from the back");
    let probes: Vec<Vec<Value>> =
        probes.iter().filter_map(|entity| view.get("item", *entity)).flat_map(|row| keys(&row, name)).collect();
    for (from, to) in probes.iter().zip(probes.iter().rev()) {
        for columns in 1..=from.len() {
            let (from, to) = (&from[..columns], &to[..columns]);
            let find = |wanted: &dyn Fn(&[Value]) -> bool| -> Vec<Entity> {
                expected.iter().filter(|(key, _)| wanted(key)).map(|(_, entity)| *entity).collect()
            };
            assert_eq!(entities(index.get(from).unwrap()), find(&|key| order(key, from).is_eq()), "{name} {from:?}");
            let found = entities(range(Bound::Included(from), Bound::Excluded(to)));
            let wanted = find(&|key| order(key, from).is_ge() && order(key, to).is_lt());
            assert_eq!(found, wanted, "{name} from {from:?} to {to:?}");
            let found = entities(range(Bound::Excluded(from), Bound::Included(to)).rev());
            let mut wanted = find(&|key| order(key, from).is_gt() && order(key, to).is_le());
            wanted.reverse();
            assert_eq!(found, wanted, "{name} behind {from:?} up to {to:?}, backwards");
            if is_settled {
                let (low, high) = (Bound::Included(from), Bound::Included(to));
                let estimate = index.estimate(low, high).unwrap();
                assert!(estimate <= expected.len() as u64 + 1);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Spawn(u64, usize),
    Put(usize, u64, usize),
    SetKind(usize, u8),
    SetName(usize, u8),
    Remove(usize),
    Despawn(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let (nth, number) = (any::<usize>(), 0..2000_u64);
    prop_oneof![
        4 => (number.clone(), nth).prop_map(|(number, owner)| Op::Spawn(number, owner)),
        3 => (nth, number, nth).prop_map(|(at, number, owner)| Op::Put(at, number, owner)),
        2 => (nth, 0..6_u8).prop_map(|(at, kind)| Op::SetKind(at, kind)),
        2 => (nth, any::<u8>()).prop_map(|(at, name)| Op::SetName(at, name)),
        1 => nth.prop_map(Op::Remove),
        2 => nth.prop_map(Op::Despawn),
    ]
}

fn nth(tx: &DynTransaction<'_>, at: usize) -> Option<Entity> {
    let view = tx.view();
    let count = view.entity_count().max(1) as usize;
    view.table("entities").unwrap().rows().nth(at % count).and_then(|row| row.entity())
}

fn apply(tx: &mut DynTransaction<'_>, op: &Op) -> Result<(), OpError> {
    let owner = |tx: &DynTransaction<'_>, at: usize| if at.is_multiple_of(3) { None } else { nth(tx, at) };
    let target = match *op {
        Op::Spawn(number, at) => {
            let owner = owner(tx, at);
            tx.spawn(&[("item", &item(number, owner))])?;
            return Ok(());
        }
        Op::Put(at, ..) | Op::SetKind(at, _) | Op::SetName(at, _) | Op::Remove(at) | Op::Despawn(at) => nth(tx, at),
    };
    let Some(entity) = target else { return Ok(()) };
    let has_item = tx.view().get("item", entity).is_some();
    match *op {
        Op::Put(_, number, at) => {
            let owner = owner(tx, at);
            tx.insert("item", entity, &item(number, owner))
        }
        Op::SetKind(_, kind) if has_item => tx.set("item", entity, "kind", kind.into()),
        Op::SetName(_, name) if has_item => {
            tx.set("item", entity, "name", format!("{}{name}", "long ".repeat(usize::from(name) % 10)).into())
        }
        Op::Remove(_) if has_item => tx.remove("item", entity),
        Op::Despawn(_) => tx.despawn(entity),
        _ => Ok(()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(60), ..ProptestConfig::default() })]

    #[test]
    fn an_index_finds_what_a_look_at_all_rows_finds(
        transactions in prop::collection::vec((prop::collection::vec(op(), 0..12), any::<u8>()), 1..8),
    ) {
        let db = open(indexes());
        let mut pinned = Vec::new();
        for (ops, how) in transactions {
            let outcome = db.write(move |tx| {
                for (step, op) in ops.iter().enumerate() {
                    apply(tx, op)?;
                    let asks = how % 4 == 0 || usize::from(how) % 5 == step;
                    for (number, index) in indexes().iter().enumerate().filter(|_| asks) {
                        let probes: Vec<Entity> = (0..2).filter_map(|at| nth(tx, at * 7 + step)).collect();
                        if (number + step) % 2 == 0 {
                            // The view of a transaction has indexes too, though they may be behind.
                            let view = tx.view();
                            check(view.index("item", &index.name).unwrap(), view, &index.name, &probes, false);
                        }
                        tx.index("item", &index.name)?;
                        let view = tx.view();
                        check(view.index("item", &index.name).unwrap(), view, &index.name, &probes, true);
                    }
                }
                if how % 5 == 0 { Err(ecsdb::TransactionError::abort("not this one")) } else { Ok(()) }
            });
            prop_assert_eq!(outcome.is_err(), how % 5 == 0, "{:?}", outcome);
            pinned.push(db.snapshot());
        }
        for snapshot in pinned {
            let view = snapshot.view();
            let probes: Vec<Entity> = all(view).iter().filter_map(|row| row.entity()).take(3).collect();
            for of in indexes() {
                check(view.index("item", &of.name).unwrap(), view, &of.name, &probes, true);
            }
        }
    }
}
