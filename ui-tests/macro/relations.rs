//! Relations that cannot be. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Entity, Ref};

#[derive(Component)]
struct Purse(u64);

#[derive(Component)]
struct Item {
    #[component(references = Purse)]
    number: u64,
    #[component(references = Purse)]
    typed: Ref<Purse>,
    #[component(on_delete = "set_null")]
    required: Ref<Purse>,
    #[component(references = Purse, on_delete = "set_null")]
    untyped: Entity,
    #[component(on_delete = "cascade")]
    alone: Entity,
    #[component(on_delete = "restrict")]
    plain: u32,
}

#[derive(Component)]
#[component(durability = "snapshot")]
struct Passing {
    #[component(unique)]
    number: u64,
    #[component(references = Purse)]
    of: Option<Entity>,
}

fn main() {}
