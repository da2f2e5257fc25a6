//! Orders, aggregates and joins that make no sense. Passing twin: `pass/relational.rs`.

use ecsdb::query::{avg, sum};
use ecsdb::{Component, Db, Entity, Field, Ref};

#[derive(Component)]
struct Purse {
    gold: u64,
    name: String,
}

#[derive(Field, Clone, Copy)]
enum Kind {
    Sword,
}

#[derive(Component)]
struct Item {
    owner: Ref<Purse>,
    kind: Kind,
}

#[derive(Component)]
struct Foreign {
    gold: u64,
}

ecsdb::schema! { pub World: Purse, Item }

fn main() {}

fn aggregates(db: &Db<World>) {
    let snapshot = db.snapshot();
    // The sum of a text.
    let _ = snapshot.query::<Entity>().sum(Purse::C.name);
    let _ = snapshot.query::<Entity>().aggregate((sum(Purse::C.gold), avg(Purse::C.name)));
    // The greatest of values without an order.
    let _ = snapshot.query::<Entity>().max(Item::C.kind);
    // Of a table that the database does not have.
    let _ = snapshot.query::<Entity>().sum(Foreign::C.gold);
    let _ = snapshot.query::<Entity>().group_by(Foreign::C.gold);
}

fn orders(db: &Db<World>) {
    let snapshot = db.snapshot();
    let _ = snapshot.query::<Entity>().order_by(Item::C.kind);
    let _ = snapshot.query::<Entity>().order_by(Foreign::C.gold);
}

fn joins(db: &Db<World>) {
    let snapshot = db.snapshot();
    // A column that refers to nobody.
    let _ = snapshot.query::<&Item>().join(Purse::C.gold, snapshot.query::<&Purse>());
}
