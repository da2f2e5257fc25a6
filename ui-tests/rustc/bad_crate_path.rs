//! A path at which ecsdb is not. Passing twin: `renamed/src/lib.rs`.

use ecsdb::Component;

#[derive(Component)]
#[component(crate = nowhere::ecsdb)]
struct Health {
    hp: u32,
    armour: u32,
}

fn main() {}
