//! Orders, aggregates and joins. Twin of `rustc/relational.rs`.

use ecsdb::query::{avg, count, max, sum};
use ecsdb::{Component, Db, Entity, Field, Ref};

#[derive(Component)]
struct Purse {
    gold: u64,
    name: String,
}

#[derive(Field, Clone, Copy, Debug, PartialEq)]
enum Kind {
    Sword,
    Bow,
}

#[derive(Component)]
struct Item {
    owner: Ref<Purse>,
    kind: Kind,
}

ecsdb::schema! { pub World: Purse, Item }

fn main() {
    let db = Db::<World>::in_memory().unwrap();
    let ann = db.spawn(Purse { gold: 10, name: "ann".to_owned() }).unwrap();
    let bob = db.spawn(Purse { gold: 20, name: "bob".to_owned() }).unwrap();
    let bow = db.spawn(Item { owner: Ref::to(bob), kind: Kind::Bow }).unwrap();
    let sword = db.spawn(Item { owner: Ref::to(ann), kind: Kind::Sword }).unwrap();

    let snapshot = db.snapshot();
    let all = || snapshot.query::<Entity>();
    let found = all().aggregate((count(), sum(Purse::C.gold), avg(Purse::C.gold), max(Purse::C.name)));
    assert_eq!(found, (4, Some(30), Some(15.0), Some("bob".to_owned())));
    assert_eq!(all().group_by(Item::C.kind).count(), [(Kind::Sword, 1), (Kind::Bow, 1)]);
    assert_eq!(all().distinct(Item::C.owner), [Ref::to(ann), Ref::to(bob)]);
    let ordered = all().order_by(Purse::C.gold.desc()).then_by(Purse::C.name).limit(2);
    assert_eq!(ordered.iter().collect::<Vec<_>>(), [bob, ann]);
    let pairs: Vec<_> = all().with::<Purse>().join_children(Item::C.owner, all()).into_iter().collect();
    assert_eq!(pairs, [(ann, sword), (bob, bow)]);
}
