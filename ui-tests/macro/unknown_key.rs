//! Keys that do not exist, or not yet. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component(tabel = "healths", replicate = "none", primary_key = "id")]
#[component(index(column(hp)), index(columns(hp), uniq))]
struct Health {
    #[component(renam = "points")]
    hp: u32,
    #[component(offst = 4, refrences = Health, on_deleted = "cascade", skip)]
    armour: u32,
}

/// As it is written for an engine.
#[derive(Component)]
#[component(storage = "SparseSet", on_add = noticed)]
struct Marked {
    #[component(ignore)]
    by: u32,
}

#[derive(Field)]
enum Ai {
    #[component(renamed = "Bored")]
    Idle,
}

fn main() {}
