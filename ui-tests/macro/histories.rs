//! Defaults, versions and former names that contradict each other. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component(table = "healths", renamed_from = "healths", version = 2)]
struct Health {
    #[component(renamed_from = "armour")]
    hp: u32,
    #[component(renamed_from = "armour")]
    armour: u32,
    #[component(renamed_from = "old")]
    a: u32,
    #[component(renamed_from = "old")]
    b: u32,
    #[component(since = 3)]
    c: u32,
    #[component(default = 1, unique)]
    d: u32,
    #[component(default = 1, auto_increment)]
    e: u32,
}

#[derive(Field)]
enum Ai {
    Idle,
    #[component(renamed_from = "Idle")]
    Waiting,
    #[component(renamed_from = "Gone")]
    Gone,
}

fn main() {}
