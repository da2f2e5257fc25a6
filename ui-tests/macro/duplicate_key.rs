//! Keys that are given twice. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component(table = "a", table = "b")]
#[component(table = "c", index(columns(a), columns(a)))]
struct Health {
    #[component(rename = "a", rename = "a")]
    hp: u32,
    #[component(unique, unique)]
    number: u32,
}

#[derive(Field)]
enum Ai {
    #[component(rename = "A", rename = "B")]
    Idle,
}

fn main() {}
