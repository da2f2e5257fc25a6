//! A little of everything that rests on unsafe code, small enough for Miri: rows of every form, read and written in every way.
//!
//! `docs/unsafe.md` says which file is run by which test. Sizes are the smallest at which the code in question is reached.

use ecsdb::changes::Event;
use ecsdb::component::Stored;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{Component, Db, DynDb, Entity, Field, Procedure, Ref, TickLoop, TransactionError};

/// A row that lies as the struct does.
#[derive(Component, Clone, Debug, PartialEq)]
#[component(index(name = "place", columns(x, y), spatial(cell = 4.0)))]
#[repr(C)]
struct Pos {
    x: f32,
    y: f32,
}

/// A packed row without a heap.
#[derive(Component, Clone, Debug, PartialEq)]
struct Purse {
    #[component(index)]
    gold: u64,
    open: bool,
    mood: Option<Mood>,
}

/// A field that is an enum in one byte.
#[derive(Field, Clone, Copy, Debug, PartialEq)]
enum Mood {
    Calm,
    Angry,
}

/// A packed row with texts, lists, structs and variants in its heap.
#[derive(Component, Clone, Debug, PartialEq)]
struct Bag {
    name: String,
    numbers: Vec<u32>,
    corners: Vec<Corner>,
    stacks: Vec<Stack>,
    state: State,
    owner: Option<Ref<Purse>>,
}

/// In lists it is read as it lies.
#[derive(Field, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Corner {
    x: f32,
    y: f32,
}

#[derive(Field, Clone, Debug, PartialEq)]
struct Stack {
    item: String,
    count: u16,
}

#[derive(Field, Clone, Debug, PartialEq)]
enum State {
    Closed,
    Named(String),
    Shared { with: Vec<Entity> },
}

/// A component that is an enum.
#[derive(Component, Clone, Debug, PartialEq)]
enum Door {
    Open,
    Locked { by: u32 },
}

/// A row a page.
#[derive(Component, Clone, Debug, PartialEq)]
#[repr(C)]
struct Wide {
    words: [u64; 300],
}

/// No bytes at all.
#[derive(Component, Clone, Debug, PartialEq)]
struct Frozen;

ecsdb::schema! { World: Pos, Purse, Bag, Door, Wide, Frozen }

fn open() -> Db<World> {
    // A queue is made with all its places, which takes time under Miri.
    Db::<World>::builder().worker_threads(1).queue_limits(8, 1 << 16).open().unwrap()
}

fn purse(gold: u64) -> Purse {
    Purse { gold, open: gold % 2 == 1, mood: [None, Some(Mood::Calm), Some(Mood::Angry)][gold as usize % 3] }
}

fn bag(name: &str) -> Bag {
    Bag {
        name: name.to_owned(),
        numbers: vec![1, 2, 3],
        corners: vec![Corner { x: 1.0, y: 2.0 }; 2],
        stacks: vec![Stack { item: "rope".to_owned(), count: 2 }, Stack { item: String::new(), count: 0 }],
        state: State::Named(name.to_uppercase()),
        owner: None,
    }
}

#[test]
fn rows_of_every_form_come_back_as_they_were() {
    let db = open();
    let wide = Wide { words: std::array::from_fn(|index| index as u64) };
    let door = Door::Locked { by: 7 };
    let all = db.spawn((Pos { x: 1.0, y: 2.0 }, purse(5), bag("a"), door.clone(), wide.clone(), Frozen)).unwrap();
    let other = db.spawn((bag(""), Door::Open, Wide { words: [9; 300] })).unwrap();
    let snapshot = db.snapshot();
    assert_eq!(snapshot.get::<Pos>(all), Some(&Pos { x: 1.0, y: 2.0 }));
    assert_eq!(snapshot.get::<Purse>(all).map(|row| row.to_owned()), Some(purse(5)));
    assert_eq!(snapshot.get::<Door>(all).map(|row| row.to_owned()), Some(door));
    assert_eq!(snapshot.get::<Wide>(all), Some(&wide));
    assert_eq!(snapshot.get::<Frozen>(all), Some(&Frozen));
    let row = snapshot.get::<Bag>(all).unwrap();
    let (name, numbers): (&str, &[u32]) = (row.name(), row.numbers());
    assert_eq!((name, numbers, row.to_owned()), ("a", &[1, 2, 3][..], bag("a")));
    let corners: &[Corner] = row.corners();
    assert_eq!(corners[1], Corner { x: 1.0, y: 2.0 });
    let mut met = Vec::new();
    for (entity, bag, door, wide) in snapshot.query::<(Entity, BagRef<'_>, DoorRef<'_>, &Wide)>() {
        met.push((entity, bag.name().len(), door.to_owned() == Door::Open, wide.words[1]));
    }
    assert_eq!(met, [(all, 1, false, 1), (other, 0, true, 9)]);
    let table = snapshot.table::<Wide>();
    assert_eq!(table.iter().map(|(_, wide)| wide.words[299]).sum::<u64>(), 299 + 9);
}

#[test]
fn full_blocks_are_read_as_one_and_holes_are_passed_over() {
    let db = open();
    let all = db.write(|tx| Ok(tx.spawn_all((0..150).map(|n| (Pos { x: n as f32, y: 0.0 }, purse(n))))?)).unwrap();
    let sum = || {
        let snapshot = db.snapshot();
        let slices: f32 = snapshot.table::<Pos>().pages().flatten().map(|pos| pos.x).sum();
        let rows: f32 = snapshot.query::<&Pos>().iter().map(|pos| pos.x).sum();
        let folded = snapshot.query::<(&Pos, PurseRef<'_>)>().par_fold(
            || 0.0,
            |sum, (pos, purse)| sum + pos.x + purse.gold() as f32,
            |a, b| a + b,
        );
        assert_eq!(
            (slices, folded),
            (
                rows,
                rows + snapshot
                    .query::<(&Pos, PurseRef<'_>)>()
                    .iter()
                    .map(|(_, purse)| purse.gold() as f32)
                    .sum::<f32>()
            )
        );
        rows
    };
    assert_eq!(sum(), (0..150).sum::<u32>() as f32);
    db.despawn(all[3]).unwrap();
    db.insert(all[149], Pos { x: 1.0, y: 0.0 }).unwrap();
    assert_eq!(sum(), (0..149).sum::<u32>() as f32 - 3.0 + 1.0);
}

#[test]
fn conditions_indexes_and_places_find_rows_by_their_bytes() {
    let db = open();
    let all = db.write(|tx| Ok(tx.spawn_all((0..70).map(|n| (Pos { x: n as f32, y: 1.0 }, purse(n))))?)).unwrap();
    db.insert(all[0], bag("zebra")).unwrap();
    let snapshot = db.snapshot();
    let rich = snapshot.query::<Entity>().filter(Purse::C.gold.ge(60).and(Purse::C.open.eq(true)));
    assert_eq!(rich.iter().count(), 5);
    assert_eq!(snapshot.query::<Entity>().filter(Bag::C.name.starts_with("zeb")).iter().next(), Some(all[0]));
    assert_eq!(snapshot.index(Purse::I.gold).range(10..12).map(|(entity, _)| entity).collect::<Vec<_>>(), all[10..12]);
    let groups = snapshot.query::<PurseRef<'_>>().group_by(Purse::C.open).count();
    assert_eq!(groups, [(false, 35), (true, 35)]);
    let near = snapshot.spatial(Pos::I.place).within([10.0, 1.0], 1.5);
    assert_eq!(near.count(), 3);
    assert_eq!(
        snapshot.query::<PurseRef<'_>>().order_by(Purse::C.gold.desc()).limit(1).iter().next().unwrap().gold(),
        69
    );
}

#[test]
fn rows_are_changed_in_place_field_by_field_and_all_together() {
    let db = open();
    let (a, b) = (db.spawn((purse(1), bag("one"), Pos { x: 0.0, y: 0.0 })).unwrap(), db.spawn(purse(2)).unwrap());
    db.write(move |tx| {
        tx.modify(a, |bag: &mut Bag| {
            bag.name.push_str(" and two");
            bag.state = State::Shared { with: vec![b] };
        })?;
        tx.update(a, Bag::C.owner.set(Some(Ref::to(b))))?;
        assert_eq!(tx.view().get::<Bag>(a).unwrap().name(), "one and two");
        tx.update_all(|purse: &mut Purse| purse.gold *= 10)?;
        tx.update_all(|pos: &mut Pos, entity: Entity, purse: PurseRef<'_>| {
            *pos = Pos { x: purse.gold() as f32, y: entity.slot() as f32 };
        })?;
        Ok(())
    })
    .unwrap();
    let held = db.snapshot();
    assert_eq!(held.get::<Pos>(a).unwrap().x, 10.0);
    let outcome = db.write(move |tx| {
        tx.update(a, Bag::C.numbers.set(vec![4; 40]))?;
        tx.despawn(b)?;
        Err::<(), _>(tx.abort("no"))
    });
    assert!(matches!(outcome, Err(TransactionError::Aborted(_))));
    let snapshot = db.snapshot();
    let row = snapshot.get::<Bag>(a).unwrap().to_owned();
    assert_eq!((row.numbers, row.state), (vec![1, 2, 3], State::Shared { with: vec![b] }));
    assert_eq!(snapshot.get::<Purse>(b).map(|purse| purse.gold()), Some(20));

    let done = db.optimistic(1, |tx| {
        let (gold, owner) = (tx.read::<Purse>(b)?.gold, tx.find::<Bag>(a)?.and_then(|bag| bag.owner));
        tx.update(b, Purse::C.gold.set(gold + 1));
        assert_eq!(tx.read::<Purse>(b)?.gold, gold + 1, "it reads its own writes");
        Ok(owner)
    });
    assert_eq!(done.unwrap().value, Some(Ref::to(b)));
    assert_eq!(held.get::<Purse>(b).map(|purse| purse.gold()), Some(20), "what is held stays");

    let mut stored = Stored::new(bag("three"));
    stored.modify(|bag| bag.numbers.clear());
    assert_eq!((stored.view().name(), stored.get().numbers), ("three", vec![]));
}

#[test]
fn events_show_rows_and_columns_as_they_were_and_as_they_are() {
    let db = open();
    let entity = db.spawn((purse(1), bag("old"))).unwrap();
    let mut all = db.subscribe::<Bag>().unwrap();
    let mut rich = db.subscribe::<Purse>().unwrap().filter_by(|purse| purse.gold() >= 5);
    let since = db.snapshot().version();
    db.write(move |tx| {
        tx.update(entity, Bag::C.name.set("new".to_owned()))?;
        tx.update(entity, Purse::C.gold.add(6))?;
        Ok(())
    })
    .unwrap();
    let changes = all.recv().unwrap();
    let Some(Event::Changed { old, new, .. }) = changes.iter().next() else { panic!("one row has changed") };
    assert_eq!((old.name(), new.name(), new.numbers()), ("old", "new", &[1, 2, 3][..]));
    let column = changes.column(Bag::C.name).next().unwrap();
    assert_eq!((column.old, column.new), (Some("old"), Some("new")));
    let changes = rich.recv().unwrap();
    assert!(matches!(changes.iter().next(), Some(Event::Added { .. })), "it is among the rich now");
    let resynced = all.resync();
    assert_eq!(resynced.get::<Bag>(entity).map(|bag| bag.name()), Some("new"));
    let net = db.snapshot().changed_since::<Purse>(since).unwrap();
    assert_eq!(
        net.column(Purse::C.gold).map(|change| (change.old, change.new)).collect::<Vec<_>>(),
        [(Some(1), Some(7))]
    );
    let mut live = db.watch::<(Entity, PurseRef<'static>)>().unwrap();
    db.despawn(entity).unwrap();
    assert_eq!(live.recv().unwrap().iter().count(), 1);
    assert!(matches!(all.recv().unwrap().iter().next(), Some(Event::Removed { .. })));
}

#[derive(Field)]
struct Payment {
    to: Entity,
    gold: u64,
}

const PAY: Procedure<World, Payment, String> = Procedure::new("pay", "Puts gold into a purse.", |tx, payment| {
    tx.update(payment.to, Purse::C.gold.add(payment.gold))?;
    Ok(format!("{} paid", payment.gold))
});

#[test]
fn procedures_lanes_and_ticks_work_on_typed_rows() {
    let builder = Db::<World>::builder().worker_threads(1).queue_limits(8, 1 << 16);
    let db = builder.procedure(&PAY).open().unwrap();
    let entity = db.spawn(purse(1)).unwrap();
    assert_eq!(db.call(&PAY, Payment { to: entity, gold: 2 }).unwrap(), "2 paid");
    let arguments = Value::Struct(vec![("to".to_owned(), Value::Entity(entity)), ("gold".to_owned(), Value::U64(3))]);
    assert_eq!(db.call_by_name("pay", &arguments).unwrap(), Value::Text("3 paid".into()));
    let written = db.lane().submit(move |tx| Ok(tx.view().get::<Purse>(entity).map(|purse| purse.gold())));
    assert_eq!(written.unwrap().visible().unwrap().result, Some(6));
    let ticks = TickLoop::builder(&db, 60).handler("earn", move |tx, _| {
        tx.modify(entity, |purse: &mut Purse| purse.gold += 1)?;
        Ok(())
    });
    let ticks = ticks.paused().start().unwrap();
    ticks.step().unwrap();
    drop(ticks);
    assert_eq!(db.table::<Purse>().get(entity).map(|purse| purse.gold), Some(7));
}

const ITEMS: &str = r#"
[database]
name = "items"
version = "1.0.0"

[tables.item]
[[tables.item.fields]]
name = "name"
type = "string"

[[tables.item.fields]]
name = "count"
type = "u16"
"#;

#[test]
fn rows_are_read_and_written_by_names() {
    let schema = DatabaseSchema::from_toml(ITEMS, "items.toml").unwrap();
    let db = DynDb::in_memory(schema).unwrap();
    let fields = [("name", Value::Text("rope".into())), ("count", Value::U16(2))];
    let entity = db.write(move |tx| Ok(tx.spawn(&[("item", &fields)])?)).unwrap();
    let mut changes = db.subscribe("item").unwrap();
    db.write(move |tx| Ok(tx.set("item", entity, "count", Value::U16(3))?)).unwrap();
    assert_eq!(changes.recv().unwrap().iter().count(), 1);
    let snapshot = db.snapshot();
    let row = snapshot.view().get("item", entity).unwrap();
    assert_eq!((row.get("name"), row.get("count")), (Some(Value::Text("rope".into())), Some(Value::U16(3))));
    let ticks = TickLoop::builder_dyn(&db, 60)
        .handler("more", move |tx, _| Ok(tx.add("item", entity, "count", Value::U16(1))?));
    ticks.paused().start().unwrap().step().unwrap();
    assert_eq!(db.snapshot().view().get("item", entity).unwrap().get("count"), Some(Value::U16(4)));
    assert_eq!(Value::Array(vec![Value::U32(1)]).to_field::<Vec<u32>>().unwrap(), [1]);
}
