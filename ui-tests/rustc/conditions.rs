//! Conditions that are none. Passing twin: `pass/conditions.rs`.

use ecsdb::query::{Condition, Only};
use ecsdb::{Component, Db, Entity, Field};

#[derive(Component)]
struct Purse {
    gold: u64,
    owner: Option<Entity>,
    name: String,
}

#[derive(Component)]
struct Foreign {
    gold: u64,
}

#[derive(Field, Clone, Copy)]
enum Rank {
    Low,
}

#[derive(Component)]
struct Soldier {
    rank: Rank,
}

ecsdb::schema! { pub World: Purse, Soldier }

fn main() {}

fn foreign_tables(db: &Db<World>) {
    let snapshot = db.snapshot();
    // A column of a table that the database does not have.
    let _ = snapshot.query::<Entity>().filter(Foreign::C.gold.ge(1));
    // The same, deep inside.
    let _ = snapshot.query::<Entity>().filter(Purse::C.gold.ge(1).and(Foreign::C.gold.eq(2).not()));
    // A component that it does not have.
    let _ = snapshot.query::<Entity>().filter(ecsdb::query::has::<Foreign>());
    // A column of another table, where only one is at hand.
    let _ = Condition::<Only<Purse>>::new(Soldier::C.rank.eq(Rank::Low));
}

fn wrong_types() {
    let _ = Purse::C.gold.ge("many");
    let _ = Purse::C.owner.eq(7);
    let _ = Purse::C.gold.is_in([1.5, 2.5]);
    // No order.
    let _ = Soldier::C.rank.lt(Rank::Low);
    let _ = Purse::C.owner.between(1, 2);
    // No text.
    let _ = Purse::C.gold.starts_with("1");
    // No option.
    let _ = Purse::C.name.is_none();
}

fn no_condition(db: &Db<World>) {
    let _ = db.snapshot().query::<Entity>().filter(true);
    let _ = db.snapshot().query::<&Purse>().filter(|purse: PurseRef<'_>| purse.gold() > 1);
}
