//! The world that the queries are about: few values, so that comparisons come out equal, and every sort of column.

use std::num::NonZero;
use std::time::Duration;

use ecsdb::{Component, Db, Entity, Field, FixedStr, Ref};
use proptest::prelude::*;

#[derive(Field, Clone, Copy, Debug, PartialEq)]
pub enum Rank {
    Low,
    High,
    Top,
}

#[derive(Field, Clone, Debug, PartialEq)]
pub enum Order {
    Idle,
    Guard { at: i16 },
    Say(String),
}

#[derive(Field, Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub x: i16,
    pub y: Option<i16>,
}

/// Packed, with a heap.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Unit {
    pub level: u8,
    pub gold: u64,
    pub debt: i32,
    pub worth: i128,
    pub score: f64,
    pub alive: bool,
    pub letter: char,
    pub rank: Rank,
    pub order: Order,
    pub owner: Option<Entity>,
    pub home: Ref<Anchor>,
    pub friends: Vec<Ref<Anchor>>,
    pub name: String,
    pub title: Option<String>,
    pub tag: FixedStr<6>,
    pub bonus: Option<i16>,
    pub serial: Option<NonZero<u32>>,
    pub age: Duration,
    pub rest: Option<Duration>,
    pub luck: Option<f32>,
    pub marks: Vec<u16>,
    pub place: Place,
}

/// Native.
#[derive(Component, Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Pos {
    pub x: f32,
    pub y: f32,
}

/// One column that is the whole row.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Purse {
    pub gold: u64,
}

/// Wider than a 64th of a page.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Wide {
    pub filler: [u64; 30],
    pub number: u32,
}

#[derive(Component, Clone, Debug, PartialEq)]
pub struct Frozen;

/// What the first four entities have, so that there is something to refer to.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Anchor;

ecsdb::schema! { pub World: Unit, Pos, Purse, Wide, Frozen, Anchor }

/// What one entity has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thing {
    pub unit: Option<Unit>,
    pub pos: Option<Pos>,
    pub purse: Option<Purse>,
    pub wide: Option<Wide>,
    pub frozen: bool,
}

/// One of the first four entities of a database.
pub fn entity(number: u8) -> Entity {
    Entity::from_bits(1 << 32 | u64::from(number % 4)).unwrap()
}

pub const NAMES: [&str; 6] = ["", "a", "ab", "abc", "bab", "ä"];

pub fn float(number: u8) -> f64 {
    [f64::NAN, -1.0, -0.0, 0.0, 0.5, f64::INFINITY][usize::from(number % 6)]
}

/// A unit out of random bytes.
pub fn unit(b: [u8; 20]) -> Unit {
    let name = |n: u8| NAMES[usize::from(n % 6)];
    let small = |n: u8| i16::from(n % 5) - 2;
    let option = |n: u8| !n.is_multiple_of(3);
    Unit {
        level: [0, 1, 2, 255][usize::from(b[0] % 4)],
        gold: [0, 1, 2, u64::MAX][usize::from(b[1] % 4)],
        debt: [i32::MIN, -1, 0, 1, i32::MAX][usize::from(b[2] % 5)],
        worth: [i128::MIN, -1, 0, 1 << 70][usize::from(b[3] % 4)],
        score: float(b[4]),
        alive: b[5].is_multiple_of(2),
        letter: ['a', 'b', 'é'][usize::from(b[5] % 3)],
        rank: [Rank::Low, Rank::High, Rank::Top][usize::from(b[6] % 3)],
        order: [Order::Idle, Order::Guard { at: small(b[7]) }, Order::Say(name(b[7]).to_owned())]
            [usize::from(b[6] % 3)]
        .clone(),
        owner: option(b[8]).then(|| entity(b[8])),
        home: Ref::to(entity(b[9])),
        friends: (0..b[9] % 3).map(|n| Ref::to(entity(b[10] / 3 + n))).collect(),
        name: name(b[10]).to_owned(),
        title: option(b[11]).then(|| name(b[11]).to_owned()),
        tag: name(b[12]).parse().unwrap(),
        bonus: option(b[13]).then(|| small(b[13] / 3)),
        serial: NonZero::new(u32::from(b[14] % 4)),
        age: Duration::from_millis(u64::from(b[15] % 5) * 500),
        rest: option(b[16]).then(|| Duration::from_millis(u64::from(b[16] % 5) * 500)),
        luck: option(b[17]).then(|| float(b[17]) as f32),
        marks: (0..b[18] % 4).map(u16::from).collect(),
        place: Place { x: small(b[19]), y: option(b[19] / 7).then(|| small(b[19] / 3)) },
    }
}

pub fn thing() -> impl Strategy<Value = Thing> {
    let maybe = |often: f64| prop::bool::weighted(often);
    (any::<[u8; 20]>(), maybe(0.8), maybe(0.7), maybe(0.7), maybe(0.3), maybe(0.3)).prop_map(
        |(bytes, has_unit, has_pos, has_purse, has_wide, frozen)| Thing {
            unit: has_unit.then(|| unit(bytes)),
            pos: has_pos.then(|| Pos { x: float(bytes[3]) as f32, y: f32::from(bytes[5] % 4) }),
            purse: has_purse.then(|| Purse { gold: u64::from(bytes[7] % 5) }),
            wide: has_wide.then(|| Wide { filler: [7; 30], number: u32::from(bytes[9] % 4) }),
            frozen,
        },
    )
}

/// Things in a database, in the order of slots.
pub fn database(things: &[Thing]) -> (Db<World>, Vec<Entity>) {
    let db = Db::<World>::builder().worker_threads(1).open().unwrap();
    let things = things.to_vec();
    let all = db
        .write(move |tx| {
            let mut all = Vec::new();
            for thing in things {
                let entity = tx.spawn(())?;
                if all.len() < 4 {
                    tx.insert(entity, Anchor)?;
                }
                if let Some(unit) = thing.unit {
                    tx.insert(entity, unit)?;
                }
                if let Some(pos) = thing.pos {
                    tx.insert(entity, pos)?;
                }
                if let Some(purse) = thing.purse {
                    tx.insert(entity, purse)?;
                }
                if let Some(wide) = thing.wide {
                    tx.insert(entity, wide)?;
                }
                if thing.frozen {
                    tx.insert(entity, Frozen)?;
                }
                all.push(entity);
            }
            Ok(all)
        })
        .unwrap();
    (db, all)
}
