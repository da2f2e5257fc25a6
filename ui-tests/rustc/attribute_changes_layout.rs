//! An attribute macro changes the layout after the derive. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;
use ecsdb_ui_attributes::add_attribute;

#[derive(Component)]
#[add_attribute(#[repr(align(16))])]
#[repr(C)]
struct Wide {
    a: u32,
}

#[derive(Component)]
#[add_attribute(#[repr(align(16))])]
#[repr(C)]
struct OfTheSameSize {
    a: [u64; 2],
}

#[derive(Component)]
#[add_attribute(#[repr(align(16))])]
struct Tag;

fn main() {}
