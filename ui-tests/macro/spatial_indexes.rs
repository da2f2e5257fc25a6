//! Spatial indexes and keys that cannot be. Passing twin: `pass/indexes.rs`.

use ecsdb::{Component, Entity, Ref};

#[derive(Component)]
#[component(index(columns(x), spatial(cell = 1.0)), index(name = "flat", columns(x, y), spatial(cell = 0.0)))]
#[component(index(name = "twice", columns(x, y), spatial(cell = 2), unique, hash))]
#[component(index(name = "named", columns(x, name), spatial(cell = 2)), index(name = "lost", columns(x..y)))]
struct Unit {
    x: f32,
    y: f32,
    name: String,
    #[component(index = "tree")]
    owner: Entity,
    #[component(unique(total))]
    level: u8,
    #[component(cardinality = "one")]
    lonely: u64,
    #[component(cardinality = "few")]
    of: Ref<Unit>,
}

#[derive(Component)]
#[component(durability = "none", index(name = "only", columns(number), unique))]
struct Passing {
    #[component(auto_increment)]
    number: u32,
    of: Option<Ref<Unit>>,
}

fn main() {}
