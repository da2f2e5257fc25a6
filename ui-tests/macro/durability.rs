//! How much of a table is kept can be said in three ways. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;

#[derive(Component)]
#[component(durability = "fast")]
struct Health {
    hp: u32,
}

#[derive(Component)]
#[component(durability = none)]
struct Mana {
    points: u32,
}

fn main() {}
