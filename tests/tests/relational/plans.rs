//! Every plan that a query can have finds the same, and the cheap one is taken.

#![allow(clippy::duplicated_attributes, reason = "two indexes may have a column in common")]

use ecsdb::error::PlanError;
use ecsdb::query::{Condition, IntoCondition, Plan};
use ecsdb::{Component, Db, Entity, Field, Ref, Snapshot};
use proptest::prelude::*;

#[derive(Component, Clone, Debug)]
#[component(index(name = "by_kind", columns(kind, level)), index(name = "exact", columns(kind, name), hash))]
struct Item {
    #[component(index)]
    level: u16,
    kind: Kind,
    #[component(index)]
    name: String,
    #[component(index)]
    bonus: Option<i16>,
    #[component(index(total_order))]
    luck: f32,
    #[component(index(total_order))]
    spot: [f32; 2],
    #[component(index)]
    marks: Vec<u8>,
    owner: Option<Ref<Owner>>,
    others: Vec<Ref<Owner>>,
    worth: u32,
}

#[derive(Field, Clone, Copy, Debug, PartialEq)]
enum Kind {
    Sword,
    Bow,
    Ring,
}

#[derive(Component, Clone, Debug)]
#[component(index(name = "place", columns(x, y), spatial(cell = 2.0)))]
#[repr(C)]
struct Pos {
    x: f32,
    y: f32,
}

#[derive(Component, Clone, Debug)]
struct Owner {
    gold: u8,
}

ecsdb::schema! { World: Item, Pos, Owner }

/// Long enough to be cut in a key, or not.
const NAMES: [&str; 5] = [
    "",
    "ab",
    "abc",
    "a name that is longer than a key has room for, one",
    "a name that is longer than a key has room for, two",
];
const KINDS: [Kind; 3] = [Kind::Sword, Kind::Bow, Kind::Ring];
const LUCK: [f32; 6] = [0.0, -0.0, 1.5, -1.5, f32::NAN, f32::INFINITY];

fn spot(a: u8, b: u8) -> [f32; 2] {
    [LUCK[usize::from(a % 3)], LUCK[usize::from(b % 2)]]
}

/// Items with random columns; the first entities are owners.
fn world(rows: &[[u8; 8]]) -> (Db<World>, Vec<Entity>) {
    let db = Db::<World>::builder().worker_threads(1).open().unwrap();
    let rows = rows.to_vec();
    let owners = db
        .write(move |tx| {
            let owners = tx.spawn_all((0..5).map(|gold| (Owner { gold }, Pos { x: f32::from(gold), y: 0.0 })))?;
            for row in rows {
                let owner = |n: u8| Ref::to(owners[usize::from(n % 5)]);
                let item = Item {
                    level: u16::from(row[0] % 8),
                    kind: KINDS[usize::from(row[1] % 3)],
                    name: NAMES[usize::from(row[2] % 5)].to_owned(),
                    bonus: (row[3] % 4 != 0).then(|| i16::from(row[3] % 5) - 2),
                    luck: LUCK[usize::from(row[4] % 6)],
                    spot: spot(row[4], row[5]),
                    marks: (0..row[5] % 3).map(|n| (row[5] / 3 + n) % 4).collect(),
                    owner: (row[6] % 3 != 0).then(|| owner(row[6])),
                    others: (0..row[6] % 4).map(|n| owner(row[7].wrapping_add(n * 2))).collect(),
                    worth: u32::from(row[7]),
                };
                let pos = Pos { x: f32::from(row[4] % 9), y: f32::from(row[5] % 9) - 4.0 };
                if row[7] % 5 == 0 {
                    tx.spawn(item)?
                } else {
                    tx.spawn((item, pos))?
                };
            }
            Ok(owners)
        })
        .unwrap();
    (db, owners)
}

/// A test that an index may be of use for.
fn test((column, op, a, b): (u8, u8, u8, u8)) -> Condition<World> {
    fn ordered<T, F>(column: ecsdb::component::Column<T, F>, op: u8, a: F, b: F) -> Condition<World>
    where
        T: ecsdb::schema::TableOf<World>,
        F: ecsdb::component::Ordered<Value = F> + Clone,
    {
        match op % 8 {
            0 => Condition::new(column.lt(a)),
            1 => Condition::new(column.le(a)),
            2 => Condition::new(column.gt(a)),
            3 => Condition::new(column.ge(a)),
            4 => Condition::new(column.between(a, b)),
            5 => Condition::new(column.is_in([a, b])),
            6 => Condition::new(column.ne(a)),
            _ => Condition::new(column.eq(a)),
        }
    }
    fn new(condition: impl IntoCondition<World>) -> Condition<World> {
        Condition::new(condition)
    }
    let kind = |n: u8| KINDS[usize::from(n % 3)];
    let name = |n: u8| NAMES[usize::from(n % 5)].to_owned();
    let bonus = |n: u8| i16::from(n % 5) - 2;
    match column % 12 {
        0 => ordered(Item::C.level, op, u16::from(a % 8), u16::from(b % 8)),
        1 | 2 => new(Item::C.kind.eq(kind(a))),
        3 => new(Item::C.kind.is_in([kind(a), kind(b)])),
        4 => ordered(Item::C.name, op, name(a), name(b)),
        5 => new(Item::C
            .name
            .starts_with(["", "a", "a name that is longer than a key has room for, "][usize::from(a % 3)])),
        6 => match op % 7 {
            0 => new(Item::C.bonus.is_none()),
            1 => new(Item::C.bonus.is_some()),
            2 => new(Item::C.bonus.lt(bonus(a))),
            3 => new(Item::C.bonus.ge(bonus(a))),
            4 => new(Item::C.bonus.between(bonus(a), bonus(b))),
            5 => new(Item::C.bonus.eq(Some(bonus(a)))),
            _ => new(Item::C.bonus.is_in([Some(bonus(a)), None])),
        },
        7 => ordered(Item::C.luck, op, LUCK[usize::from(a % 6)], LUCK[usize::from(b % 6)]),
        8 => new(Item::C.marks.contains(a % 4)),
        9 => new(Pos::C.x.between(f32::from(a % 9), f32::from(b % 9)).and(Pos::C.y.between(-2.0, f32::from(b % 5)))),
        10 if op.is_multiple_of(2) => new(Item::C.spot.eq(spot(a, b))),
        10 => new(Item::C.spot.is_in([spot(a, b), spot(b, a)])),
        _ => ordered(Item::C.worth, op, a.into(), b.into()),
    }
}

/// All plans of a query find what the scan finds.
fn plans_agree(snapshot: &Snapshot<World>, condition: &Condition<World>) -> Result<usize, TestCaseError> {
    let query = snapshot.query::<(Entity, ItemRef<'_>)>().filter(condition);
    let found = |query: ecsdb::Query<'_, World, (Entity, ItemRef<'_>)>| -> Vec<Entity> {
        query.into_iter().map(|(entity, _)| entity).collect()
    };
    let scanned = found(query.clone().plan(Plan::Scan).unwrap());
    prop_assert_eq!(&found(query.clone()), &scanned);
    let explanation = query.explain();
    let plans: Vec<Plan> = explanation.others.iter().map(|(plan, _)| plan.clone()).chain([explanation.plan]).collect();
    for plan in &plans {
        let planned = query.clone().plan(plan.clone()).unwrap();
        prop_assert_eq!(&planned.explain().plan, plan);
        prop_assert_eq!(planned.count(), scanned.len(), "{} of {}", plan, condition);
        prop_assert_eq!(planned.sum(Item::C.worth), query.clone().plan(Plan::Scan).unwrap().sum(Item::C.worth));
        prop_assert_eq!(found(planned), scanned.clone(), "{} of {}", plan, condition);
    }
    Ok(plans.len())
}

proptest! {
    #[test]
    fn every_plan_finds_the_same(
        rows in prop::collection::vec(any::<[u8; 8]>(), 0..150),
        tests in prop::collection::vec(prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..4), 6),
    ) {
        let (db, _) = world(&rows);
        let snapshot = db.snapshot();
        for tests in tests {
            let parts = tests.into_iter().map(test);
            let condition = parts.fold(Condition::always(), |all, part| Condition::new(all.and(part)));
            plans_agree(&snapshot, &condition)?;
        }
    }

    #[test]
    fn every_plan_joins_the_same(rows in prop::collection::vec(any::<[u8; 8]>(), 0..120), level in 0..8_u16, gold in 0..5_u8) {
        let (db, _) = world(&rows);
        let snapshot = db.snapshot();
        let items = || snapshot.query::<(Entity, ItemRef<'_>)>().filter(Item::C.level.ge(level));
        let owners = || snapshot.query::<(Entity, OwnerRef<'_>)>().filter(Owner::C.gold.le(gold));
        macro_rules! agree {
            ($column:expr, $name:literal) => {{
                for plan in [Plan::Scan, Plan::index($name)] {
                    let join = items().join($column, owners()).plan(plan.clone()).unwrap();
                    prop_assert_eq!(&join.explain().plan, &plan);
                    let pairs: Vec<_> = join.iter().map(|((item, _), (owner, _))| (item, owner)).collect();
                    let usual: Vec<_> = items().join($column, owners()).iter().map(|(l, r)| (l.0, r.0)).collect();
                    prop_assert_eq!(&pairs, &usual);
                    let children = owners().join_children($column, items()).plan(plan).unwrap();
                    let mut children: Vec<_> = children.iter().map(|((owner, _), (item, _))| (item, owner)).collect();
                    children.sort_by_key(|(item, owner)| (item.slot(), owner.slot()));
                    prop_assert_eq!(children, pairs);
                }
            }};
        }
        agree!(Item::C.owner, "item.owner");
        agree!(Item::C.others, "item.others");
    }
}

/// 5,000 items, each with a level of its own.
fn many() -> (Db<World>, Vec<Entity>) {
    let (db, owners) = world(&[]);
    db.write({
        let owner = Ref::to(owners[0]);
        move |tx| {
            let item = |n: u32| Item {
                level: n as u16,
                kind: KINDS[n as usize % 3],
                name: format!("item {n}"),
                bonus: None,
                luck: n as f32,
                spot: [n as f32, 1.0],
                marks: Vec::new(),
                owner: (n < 10).then_some(owner),
                others: Vec::new(),
                worth: n,
            };
            Ok(tx.spawn_all((0..5000).map(|n| (item(n), Pos { x: n as f32, y: 1.0 })))?)
        }
    })
    .unwrap();
    (db, owners)
}

#[test]
fn the_cheap_plan_is_taken_and_explained() {
    let (db, owners) = many();
    let snapshot = db.snapshot();
    let plan = |condition: Condition<World>| snapshot.query::<ItemRef<'_>>().filter(condition).explain().plan;
    assert_eq!(plan(Condition::new(Item::C.level.eq(7))), Plan::index("item.level"));
    assert_eq!(plan(Condition::new(Item::C.level.ge(7))), Plan::Scan, "nearly all rows pass");
    assert_eq!(plan(Condition::new(Item::C.level.lt(7).and(Item::C.worth.ge(3)))), Plan::index("item.level"));
    assert_eq!(plan(Condition::new(Item::C.level.lt(7).or(Item::C.worth.ge(3)))), Plan::Scan, "one side has no index");
    assert_eq!(plan(Condition::new(Item::C.name.starts_with("item 77"))), Plan::index("item.name"));
    let both = Item::C.kind.eq(Kind::Bow).and(Item::C.name.eq("item 4".to_owned()));
    assert!(matches!(plan(Condition::new(both)), Plan::Index(_)));
    assert_eq!(plan(Condition::new(Item::C.spot.eq([9.0, 1.0]))), Plan::index("item.spot"));
    assert_eq!(plan(Condition::new(Item::C.spot.eq([0.0, 1.0]))), Plan::Scan, "-0.0 is the same and has another key");
    let near = Pos::C.x.between(10.0, 12.0).and(Pos::C.y.between(0.0, 2.0));
    assert_eq!(plan(Condition::new(near)), Plan::index("pos.place"));

    let query = snapshot.query::<ItemRef<'_>>().filter(Item::C.kind.eq(Kind::Bow).and(Item::C.level.between(100, 105)));
    let shown = query.explain().to_string();
    assert_eq!(
        shown,
        "index item.by_kind: about 2 rows\n  where item.kind == Bow and item.level between 100 and 105\n  \
         instead of scan: about 5000 rows\n  instead of index item.level: about 6 rows"
    );

    let owner = snapshot.query::<Entity>().among([owners[0]]);
    let items = owner.join_children(Item::C.owner, snapshot.query::<ItemRef<'_>>());
    assert_eq!(items.explain().plan, Plan::index("item.owner"));
    assert_eq!(items.count(), 10);
}

#[test]
fn a_plan_that_cannot_be_is_refused() {
    let (db, _) = many();
    let snapshot = db.snapshot();
    let query = || snapshot.query::<ItemRef<'_>>().filter(Item::C.level.eq(7));
    let error = query().plan(Plan::index("item.name")).map(|query| query.count()).unwrap_err();
    assert_eq!(error.to_string(), "index `item.name` is of no use here: of use are `item.level`");
    let error = snapshot.query::<Entity>().plan(Plan::index("item.level")).map(|query| query.count()).unwrap_err();
    assert_eq!(error, PlanError::Unusable { index: "item.level".to_owned(), usable: Vec::new() });
}

#[test]
fn a_transaction_finds_its_own_writes_whatever_the_plan() {
    let (db, _) = many();
    db.write(|tx| {
        let seven: Vec<Entity> = tx.query::<Entity>().filter(Item::C.level.eq(7)).into_iter().collect();
        assert_eq!(tx.query::<Entity>().filter(Item::C.level.eq(7)).explain().plan, Plan::index("item.level"));
        tx.update(seven[0], Item::C.level.set(8))?;
        // The index is behind now, and nobody has brought it up to date.
        assert_eq!(tx.query::<Entity>().filter(Item::C.level.eq(8)).explain().plan, Plan::Scan);
        let count =
            |tx: &ecsdb::Transaction<'_, World>, level| tx.query::<Entity>().filter(Item::C.level.eq(level)).count();
        assert_eq!((count(tx, 7), count(tx, 8)), (0, 2));
        tx.settle_indexes()?;
        assert_eq!(tx.query::<Entity>().filter(Item::C.level.eq(8)).explain().plan, Plan::index("item.level"));
        assert_eq!((count(tx, 7), count(tx, 8)), (0, 2));
        Ok(())
    })
    .unwrap();
}
