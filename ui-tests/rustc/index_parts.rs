//! Indexes over parts that are not there, and over what is no key. Passing twin: `pass/indexes.rs`.

use ecsdb::{Component, Field};

#[derive(Field)]
struct Pos {
    x: f32,
}

#[derive(Component)]
#[component(index(name = "missing", columns(pos.y), total_order))]
struct Missing {
    pos: Pos,
}

fn main() {}
