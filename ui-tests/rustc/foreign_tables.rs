//! Tables of one database in another one. Passing twin: `pass/handles.rs`.

use ecsdb::{Component, Db, Table};

#[derive(Component)]
#[repr(C)]
struct Pos {
    x: f32,
}

#[derive(Component)]
struct Purse {
    gold: u64,
}

ecsdb::schema! { pub World: Pos }
ecsdb::schema! { pub Bank: Purse, Pos }

fn main() {}

fn handles(world: &Db<World>, bank: &Db<Bank>) {
    // A handle for a table that the database does not have.
    let _ = world.table::<Purse>();
    // A handle of another database.
    let _: Table<'_, World, Pos> = bank.table::<Pos>();
}

fn reads(world: &Db<World>, entity: ecsdb::Entity) {
    let snapshot = world.snapshot();
    let _ = snapshot.get::<Purse>(entity);
    let _ = snapshot.query::<&Purse>();
    let _ = snapshot.query::<(&Pos, Option<PurseRef<'_>>)>();
    let _ = snapshot.query::<&Pos>().without::<Purse>();
}

fn writes(world: &Db<World>, entity: ecsdb::Entity) {
    let _ = world.spawn(Purse { gold: 1 });
    let _ = world.spawn((Pos { x: 1.0 }, Purse { gold: 1 }));
    let _ = world.insert(entity, Purse { gold: 1 });
    world.begin().require(entity, Purse::C.gold.ge(1));
}
