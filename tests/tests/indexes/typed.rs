//! Indexes with the types of their keys, over every way in which rows change.

use std::borrow::Cow;

use ecsdb::query::IndexRows;
use ecsdb::{Component, Db, Entity, FixedStr, Ref};
use ecsdb_tests::why;

#[derive(Component, Clone, Debug, PartialEq)]
#[component(index(name = "place", columns(x, y), spatial(cell = 5.0)))]
#[repr(C)]
struct Pos {
    #[component(index(total_order))]
    x: f32,
    y: f32,
}

#[derive(Component, Clone, Debug, PartialEq)]
struct Owner {
    #[component(unique = "hash")]
    name: String,
}

#[derive(Component, Clone, Debug, PartialEq)]
#[component(index(name = "by_owner", columns(owner, level)))]
struct Item {
    owner: Option<Ref<Owner>>,
    level: u16,
}

ecsdb::schema! { World: Pos, Owner, Item }

fn pos(x: f32, y: f32) -> Pos {
    Pos { x, y }
}

#[test]
fn a_table_that_is_changed_as_a_whole_is_found_where_it_is_then() {
    let db = Db::<World>::builder().worker_threads(2).open().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..500).map(|n| pos((n % 25) as f32, (n / 25) as f32)))?)).unwrap();
    let before = db.snapshot();
    db.write(|tx| {
        tx.update_all(|pos: &mut Pos| pos.x += 100.0)?;
        assert_eq!(tx.spatial(Pos::I.place)?.within([100.0, 0.0], 1.0).count(), 3);
        tx.update_all(|pos: &mut Pos| pos.y -= 1.0)?;
        assert_eq!(
            tx.view().spatial(Pos::I.place).within([100.0, -1.0], 1.0).count(),
            3,
            "behind, and right all the same"
        );
        Ok(())
    })
    .unwrap();
    let after = db.snapshot();
    assert_eq!(before.spatial(Pos::I.place).in_box([0.0, 0.0], [4.0, 1.0]).count(), 10);
    assert_eq!(after.spatial(Pos::I.place).in_box([0.0, 0.0], [50.0, 50.0]).count(), 0);
    assert_eq!(after.spatial(Pos::I.place).in_box([100.0, -1.0], [104.0, 0.0]).count(), 10);
    assert_eq!(after.index(Pos::I.x).first().map(|(_, pos)| pos.x), Some(100.0));
    assert_eq!(after.index(Pos::I.x).range(110.0..=111.0).count(), 40);
    assert_eq!(before.index(Pos::I.x).last().map(|(_, pos)| pos.x), Some(24.0));
    let place = after.untyped().index("pos", "place").unwrap();
    assert_eq!(place.within(&[100.0, 0.0], 1.0).unwrap().count(), 4);
    assert_eq!(place.nearest(&[0.0, 0.0], 2).unwrap().count(), 2);
    assert!(place.in_box(&[0.0], &[1.0]).is_none(), "another number of axes");
}

#[test]
fn a_hash_finds_texts_and_keeps_them_apart() {
    let db = Db::<World>::in_memory().unwrap();
    let owners: Vec<Entity> =
        (0..200).map(|n| db.spawn(Owner { name: format!("{}{n}", "very long ".repeat(5)) }).unwrap()).collect();
    let snapshot = db.snapshot();
    let names = snapshot.index(Owner::I.name);
    for (n, owner) in owners.iter().enumerate() {
        let found = names.one(format!("{}{n}", "very long ".repeat(5))).map(|(entity, _)| entity);
        assert_eq!(found, Some(*owner));
    }
    assert!(!names.contains("very long".to_owned()));
    assert_eq!(names.iter().count(), 200, "a hash keeps no order, and all rows are sorted");
    let text = why(db.spawn(Owner { name: "very long ".repeat(5) + "7" }));
    assert!(text.starts_with("index `owner.name` is unique"), "{text}");
}

#[test]
fn references_are_found_by_an_index_over_several_columns() {
    let db = Db::<World>::in_memory().unwrap();
    let owner = db.spawn(Owner { name: "Ann".to_owned() }).unwrap();
    for level in [3, 1, 2] {
        db.spawn(Item { owner: Some(Ref::to(owner)), level }).unwrap();
        db.spawn(Item { owner: None, level }).unwrap();
    }
    let snapshot = db.snapshot();
    let by_owner = snapshot.index(Item::I.by_owner);
    let levels: Vec<u16> = by_owner.prefix((Some(Ref::to(owner)),)).map(|(_, item)| item.level()).collect();
    assert_eq!(levels, [1, 2, 3]);
    assert_eq!(by_owner.get((None, 2)).count(), 1);
    assert_eq!((by_owner.len(), by_owner.distinct()), (6, 6));
    // The index that comes with the reference has the rows that refer to somebody.
    assert_eq!(snapshot.untyped().index("item", "owner").unwrap().len(), 3);
    let memory = db.memory().unwrap();
    assert!(memory.index_bytes >= 3 * 1024 && memory.total_bytes() > memory.index_bytes, "{memory:?}");
}

#[derive(Component)]
#[component(index(name = "parts", columns(a, b, c, d, e)))]
struct Coded {
    a: u8,
    b: u8,
    c: u8,
    d: u8,
    e: u8,
    #[component(index)]
    code: FixedStr<8>,
    #[component(index)]
    note: Cow<'static, str>,
}

ecsdb::schema! { Codes: Coded }

#[test]
fn prefixes_are_as_long_as_indexes_and_texts_are_texts() {
    let db = Db::<Codes>::in_memory().unwrap();
    for (n, text) in ["ab", "abc", "b", "a"].into_iter().enumerate() {
        let (e, code, note) = (n as u8, FixedStr::new(text).unwrap(), text.into());
        db.spawn(Coded { a: 1, b: 2, c: 3, d: e / 2, e, code, note }).unwrap();
    }
    let snapshot = db.snapshot();
    let parts = snapshot.index(Coded::I.parts);
    let last = |rows: IndexRows<'_, Codes, Coded>| rows.map(|(_, row)| row.e()).collect::<Vec<_>>();
    assert_eq!(last(parts.prefix((1, 2, 3, 1))), [2, 3]);
    assert_eq!(last(parts.prefix((1, 2, 3))), [0, 1, 2, 3]);
    assert_eq!(last(snapshot.index(Coded::I.code).starts_with("ab")), [0, 1]);
    assert_eq!(last(snapshot.index(Coded::I.note).starts_with("a")), [3, 0, 1]);
}

#[test]
fn a_transaction_that_is_rolled_back_leaves_the_indexes_as_they_were() {
    let db = Db::<World>::in_memory().unwrap();
    let here = db.spawn(pos(1.0, 1.0)).unwrap();
    let outcome = db.write(move |tx| {
        tx.modify(here, |pos: &mut Pos| pos.x = 50.0)?;
        assert_eq!(tx.spatial(Pos::I.place)?.within([1.0, 1.0], 1.0).count(), 0);
        tx.spawn(pos(1.0, 1.0))?;
        assert_eq!(tx.spatial(Pos::I.place)?.within([1.0, 1.0], 1.0).count(), 1);
        Err::<(), _>(tx.abort("never mind"))
    });
    assert!(outcome.is_err());
    let snapshot = db.snapshot();
    assert_eq!(
        snapshot.spatial(Pos::I.place).within([1.0, 1.0], 1.0).map(|(entity, _)| entity).collect::<Vec<_>>(),
        [here]
    );
    assert_eq!(snapshot.spatial(Pos::I.place).len(), 1);
}

#[test]
fn an_index_knows_how_many_entries_it_has_also_within_a_transaction() {
    let db = Db::<World>::in_memory().unwrap();
    let counted = db.write(|tx| {
        tx.spawn_all([pos(0.0, 0.0), pos(f32::NAN, 0.0)])?;
        let owner = tx.spawn(Owner { name: "ann".to_owned() })?;
        tx.spawn(Item { owner: Some(Ref::to(owner)), level: 1 })?;
        let counts = |view: ecsdb::View<'_, World>| {
            [
                view.index(Pos::I.x).len(),
                view.spatial(Pos::I.place).len(),
                view.index(Owner::I.name).len(),
                view.index(Item::I.by_owner).len(),
            ]
        };
        let behind = counts(tx.view());
        tx.settle_indexes()?;
        Ok((behind, counts(tx.view())))
    });
    // What is not a number is nowhere.
    assert_eq!(counted.unwrap(), ([2, 1, 1, 1], [2, 1, 1, 1]));
}
