//! Components that are not what the schema file says. Passing twin: `tests/tests/derive/drift.rs`.

use ecsdb::{Component, Field};

#[derive(Field)]
enum Ai {
    Idle,
    Walking { speed: f32 },
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Types {
    hp: u32,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Members {
    ai: Ai,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
#[repr(C)]
struct Names {
    y: f32,
    x: f32,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct More {
    a: u8,
    b: Vec<Ai>,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Fewer {
    a: u8,
}

fn main() {}
