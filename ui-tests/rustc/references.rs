//! References to what is no component. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Entity, Ref};

struct Plain(u64);

#[derive(Component)]
struct Item {
    #[component(references = Plain)]
    of: Entity,
}

#[derive(Component)]
struct Typed {
    of: Ref<Plain>,
}

fn main() {}
