//! Defaults of other types than their fields. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;

#[derive(Component)]
struct Health {
    #[component(default = "full")]
    hp: u32,
    #[component(default = 1.5)]
    armour: u8,
    #[component(default = "nobody")]
    name: String,
    #[component(default = nothing)]
    missing: u8,
}

fn main() {}
