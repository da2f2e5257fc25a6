//! Indexes whose columns turn out to be no keys, lookups with the wrong type, and references to tables that are not there. Passing twin: `pass/indexes.rs`.

use ecsdb::component::Index;
use ecsdb::{Component, Field, Ref};

type Real = f64;

#[derive(Field)]
enum Ai {
    Idle,
    Fleeing(u8),
}

#[derive(Component)]
struct Mob {
    #[component(index)]
    speed: Real,
    #[component(index)]
    ai: Ai,
    #[component(index)]
    level: u16,
    mother: Option<Ref<Mob>>,
}

#[derive(Component)]
struct Egg {
    of: Ref<Mob>,
}

ecsdb::schema! { Nest: Egg }

const _: Index<Mob, u32> = Mob::I.level;
const _: Index<Mob, u32> = Mob::I.levels;

fn main() {}
