//! Keys that belong elsewhere. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component(rename = "healths", unique)]
struct Health {
    #[component(table = "points")]
    hp: u32,
}

#[derive(Component)]
#[component(row = PosData, view = PosView)]
#[repr(C)]
struct Pos {
    x: f32,
}

#[derive(Component)]
#[component(row = FrozenData)]
struct Frozen;

#[derive(Component)]
#[component(row = Same, view = Same)]
struct Clash(u8);

#[derive(Component)]
enum Ai {
    #[component(default = 3)]
    Idle,
    Waiting {
        #[component(index)]
        since: u8,
        #[component(since = 3)]
        until: u8,
    },
}

#[derive(Field)]
enum Choice {
    #[component(table = "choices")]
    A,
    B(#[component(offset = 1)] u8),
}

fn main() {}
