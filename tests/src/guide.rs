//! The world that the guide to queries is about, as `docs/queries.md` has it.

use ecsdb::{Component, Db, Entity, Field, Ref};

#[derive(Component)]
#[repr(C)]
pub struct Pos {
    pub x: f32,
    pub y: f32,
}

#[derive(Component)]
pub struct Purse {
    pub gold: u64,
}

#[derive(Field, Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Sword,
    Bow,
    Ring,
}

#[derive(Component)]
pub struct Item {
    pub owner: Ref<Purse>,
    pub kind: Kind,
    pub level: u8,
    pub engraving: Option<String>,
}

#[derive(Component)]
pub struct Frozen;

ecsdb::schema! { pub World: Pos, Purse, Item, Frozen }

pub fn world() -> Result<(Db<World>, [Entity; 2]), Box<dyn std::error::Error>> {
    let db = Db::<World>::in_memory()?;
    let people = db.write(|tx| {
        let ann = tx.spawn((Purse { gold: 100 }, Pos { x: 0.0, y: 0.0 }))?;
        let bob = tx.spawn((Purse { gold: 7 }, Pos { x: 3.0, y: 4.0 }, Frozen))?;
        let item = |owner, kind, level, engraving: Option<&str>| Item {
            owner: Ref::to(owner),
            kind,
            level,
            engraving: engraving.map(str::to_owned),
        };
        tx.spawn(item(ann, Kind::Sword, 10, Some("to ann")))?;
        tx.spawn(item(ann, Kind::Ring, 3, None))?;
        tx.spawn(item(bob, Kind::Bow, 8, None))?;
        Ok([ann, bob])
    })?;
    Ok((db, people))
}
