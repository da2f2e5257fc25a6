//! The whole path once: derive, schema, open, write, read.

use ecsdb::{Component, Db, Entity, OpError, TransactionError};

#[derive(Component, Debug, PartialEq, Clone)]
#[repr(C)]
struct Pos {
    x: f32,
    y: f32,
}

#[derive(Component, Debug, PartialEq, Clone)]
#[repr(C)]
struct Vel {
    x: f32,
    y: f32,
}

#[derive(Component, Debug, PartialEq, Clone)]
struct Purse {
    gold: u64,
    open: bool,
}

#[derive(Component, Debug, PartialEq, Clone)]
struct Item {
    owner: Option<Entity>,
    kind: u16,
}

#[derive(Component, Debug, PartialEq, Clone)]
struct Frozen;

ecsdb::schema! {
    /// A small world.
    pub World: Pos, Vel, Purse, Item, Frozen
}

#[test]
fn a_trade_with_guards() {
    let db = Db::<World>::in_memory().unwrap();
    let (a, b) = db
        .write(|tx| {
            let a = tx.spawn((Pos { x: 0.0, y: 0.0 }, Vel { x: 1.0, y: 2.0 }, Purse { gold: 100, open: true }))?;
            let b = tx.spawn(Purse { gold: 0, open: false })?;
            Ok((a, b))
        })
        .unwrap();
    let mut tx = db.begin();
    tx.require(a, Purse::C.gold.ge(50));
    tx.update(a, Purse::C.gold.sub(50));
    tx.update(b, Purse::C.gold.add(50));
    let item = tx.spawn(Item { owner: Some(b), kind: 7 });
    let other = tx.spawn((Item { owner: Some(item), kind: 8 }, Frozen));
    let commit = tx.commit().unwrap().visible().unwrap();
    let (item, other) = (commit[item], commit[other]);

    let s = db.snapshot();
    assert_eq!(s.get::<Purse>(a).unwrap().gold(), 50);
    assert_eq!(s.get::<Purse>(b).unwrap().to_owned(), Purse { gold: 50, open: false });
    assert_eq!(s.get::<Item>(other).unwrap().owner(), Some(item));
    let names: Vec<_> = s.components_of(other).map(|table| table.name.to_string()).collect();
    assert_eq!(names, ["item", "frozen"]);

    db.write(|tx| Ok(tx.update_all(|p: &mut Pos, v: &Vel| p.x += v.x)?)).unwrap();
    db.write(|tx| {
        Ok(tx.update_all(|p: &mut Pos, e: Entity, purse: PurseRef<'_>| {
            p.y += purse.gold() as f32 + e.slot() as f32 * 0.0
        })?)
    })
    .unwrap();
    assert_eq!(db.snapshot().get::<Pos>(a), Some(&Pos { x: 1.0, y: 50.0 }));
    assert_eq!(s.get::<Pos>(a), Some(&Pos { x: 0.0, y: 0.0 }), "the older snapshot stays as it was");

    let mut tx = db.begin();
    tx.update(b, Purse::C.gold.add(1));
    tx.require(a, Purse::C.gold.ge(51));
    match tx.commit().unwrap().visible() {
        Err(TransactionError::Op(OpError::GuardFailed(guard))) => {
            assert_eq!(guard.to_string(), format!("guard on `purse.gold` of entity {a}: expected >= 51, found 50"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(db.snapshot().get::<Purse>(b).unwrap().gold(), 50);
    let s = db.snapshot();
    let both: Vec<(Entity, bool)> = s
        .query::<(Entity, ItemRef<'_>, Option<&Frozen>)>()
        .iter()
        .map(|(e, _, frozen)| (e, frozen.is_some()))
        .collect();
    assert_eq!(both, [(item, false), (other, true)]);
    assert_eq!(s.query::<&Item>().without::<Frozen>().count(), 1);
    assert!(matches!(
        db.write({
            let db = db.clone();
            move |_| db.write(|_| Ok(()))
        }),
        Err(TransactionError::Reentrant)
    ));
    assert!(matches!(db.write::<()>(|_| panic!("oh")), Err(TransactionError::Panicked { .. })));
    db.close().unwrap();
    assert!(matches!(db.spawn(()), Err(TransactionError::Closed)));
    assert_eq!(s.get::<Pos>(a), Some(&Pos { x: 1.0, y: 50.0 }));
}
