//! An attribute macro changes types after the derive. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;
use ecsdb_ui_attributes::floats;

#[derive(Component)]
#[floats]
struct Packed {
    a: u32,
}

#[derive(Component)]
#[floats]
#[repr(C)]
struct Native {
    a: u32,
}

fn main() {}
