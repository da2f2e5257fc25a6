//! The first items of an order: the same with an index that has it as without.

#![allow(clippy::duplicated_attributes, reason = "two indexes may have a column in common")]

use std::sync::OnceLock;

use ecsdb::query::{Plan, Sorted};
use ecsdb::{Component, Db, Entity, Query};
use proptest::prelude::*;

#[derive(Component, Clone, Debug)]
#[component(index(name = "by_kind", columns(kind, level)))]
struct Item {
    #[component(index)]
    level: i32,
    kind: u16,
    #[component(index)]
    name: Option<String>,
    #[component(index(total_order))]
    luck: f32,
    #[component(index = "hash")]
    code: u32,
    #[component(unique)]
    serial: u64,
    marks: u8,
}

#[derive(Component)]
struct Lost;

ecsdb::schema! { World: Item, Lost }

const ROWS: u32 = 20_000;

/// Many rows, of which some went, some have changed, and some are of entities that have other components.
fn world() -> &'static Db<World> {
    static WORLD: OnceLock<Db<World>> = OnceLock::new();
    WORLD.get_or_init(|| {
        let db = Db::<World>::in_memory().unwrap();
        let item = |n: u32| {
            let mixed = n.wrapping_mul(2_654_435_761) >> 8;
            Item {
                level: (mixed % 9000) as i32 - 4500,
                kind: (mixed % 300) as u16,
                name: (!mixed.is_multiple_of(7))
                    .then(|| format!("a name longer than what a key has room for, {}", mixed % 5000)),
                luck: [f32::NAN, -f32::NAN, -0.0, 0.0, f32::INFINITY, (mixed % 7000) as f32 - 3500.5]
                    [mixed as usize % 6],
                code: mixed % 100,
                serial: u64::from(n),
                marks: (mixed % 50) as u8,
            }
        };
        db.write(move |tx| {
            let items = tx.spawn_all((0..ROWS).map(item))?;
            tx.spawn_all((0..500).map(|_| Lost))?;
            for (n, entity) in items.iter().enumerate() {
                match n % 11 {
                    0 => tx.despawn(*entity)?,
                    1 => tx.insert(*entity, Lost)?,
                    2 => tx.update(*entity, Item::C.level.set(n as i32 % 100))?,
                    _ => {}
                }
            }
            Ok(())
        })
        .unwrap();
        db
    })
}

fn ordered(query: Query<'_, World, Entity>, by: u8, descending: bool) -> Sorted<'_, World, Entity> {
    macro_rules! by {
        ($column:expr) => {
            if descending { query.order_by($column.desc()) } else { query.order_by($column) }
        };
    }
    match by {
        0 => by!(Item::C.level),
        1 => by!(Item::C.name),
        2 => by!(Item::C.luck),
        3 => by!(Item::C.kind).then_by(Item::C.level),
        4 => by!(Item::C.level).then_by(Item::C.luck.desc()),
        5 => by!(Item::C.serial),
        _ => by!(Item::C.code),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_first_items_are_the_same_by_an_index(
        by in 0..7_u8,
        descending in any::<bool>(),
        limit in 0..40_usize,
        offset in 0..40_usize,
        filter in 0..5_u8,
    ) {
        let snapshot = world().snapshot();
        let query = snapshot.query::<Entity>().with::<Item>();
        let query = match filter {
            0 => query,
            1 => query.filter(Item::C.marks.lt(25)),
            2 => query.filter(Item::C.marks.eq(77)),
            3 => query.with::<Lost>(),
            _ => query.without::<Lost>().filter(Item::C.level.ne(3)),
        };
        let taken = ordered(query.clone(), by, descending).limit(limit).offset(offset);
        let scanned = ordered(query.plan(Plan::Scan).unwrap(), by, descending).limit(limit).offset(offset);
        prop_assert_eq!(scanned.explain().plan, Plan::Scan);
        prop_assert_eq!(taken.iter().collect::<Vec<_>>(), scanned.iter().collect::<Vec<_>>(), "{}", taken.explain());
    }
}

#[test]
fn an_index_is_taken_if_it_leads_to_the_first_items_soon() {
    let db = world();
    let snapshot = db.snapshot();
    let items = || snapshot.query::<ItemRef<'_>>();
    let plan = |sorted: Sorted<'_, World, ItemRef<'_>>| sorted.explain().plan;
    assert_eq!(plan(items().order_by(Item::C.level).limit(10)), Plan::index("item.level"));
    assert_eq!(plan(items().order_by(Item::C.luck.desc()).limit(10)), Plan::index("item.luck"), "and given up");
    assert_eq!(plan(items().order_by(Item::C.serial.desc()).limit(10).offset(5)), Plan::index("item.serial"));
    let explanation = items().filter(Item::C.marks.lt(25)).order_by(Item::C.level).limit(10).explain();
    assert_eq!((&explanation.plan, explanation.rows), (&Plan::index("item.level"), 10));
    assert_eq!(explanation.others[0].0, Plan::Scan);

    assert_eq!(plan(items().order_by(Item::C.level)), Plan::Scan, "all of them");
    assert_eq!(plan(items().order_by(Item::C.level).limit(10_000)), Plan::Scan, "too many");
    assert_eq!(plan(items().order_by(Item::C.kind).limit(10)), Plan::index("item.by_kind"));
    assert_eq!(plan(items().order_by(Item::C.code).limit(10)), Plan::Scan, "a hash has no order");
    assert_eq!(plan(items().order_by(Item::C.marks).limit(10)), Plan::Scan, "no index");
    // What has no row comes first, and is in no index.
    let some = snapshot.query::<(Entity, Option<ItemRef<'_>>)>().order_by(Item::C.level).limit(10);
    assert_eq!(some.explain().plan, Plan::Scan);
    assert!(some.iter().all(|(_, item)| item.is_none()));
    assert!(snapshot.query::<(Entity, Option<ItemRef<'_>>)>().explain().rows > 18_000, "whoever has no item as well");
    // Its own condition leads to few items.
    let few = items().filter(Item::C.serial.lt(5)).order_by(Item::C.level).limit(3);
    assert_eq!(few.explain().plan, Plan::index("item.serial"));
    // A transaction that has changed rows looks at them.
    let aborted: Result<(), _> = db.write(|tx| {
        let least = tx.query::<Entity>().with::<Item>().order_by(Item::C.level).first().expect("there are items");
        tx.remove::<Item>(least)?;
        assert_ne!(tx.query::<Entity>().with::<Item>().order_by(Item::C.level).first(), Some(least));
        tx.settle_indexes()?;
        let sorted = tx.query::<Entity>().with::<Item>().order_by(Item::C.level).limit(1);
        assert_eq!(sorted.explain().plan, Plan::index("item.level"));
        assert_ne!(sorted.first(), Some(least));
        Err(tx.abort("only to see"))
    });
    assert!(matches!(aborted, Err(ecsdb::TransactionError::Aborted(_))), "{aborted:?}");
}
