//! An attribute macro below the derive runs after it. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;
use ecsdb_ui_attributes::add_field;

#[derive(Component)]
#[add_field(extra: u64)]
struct Packed {
    a: u32,
}

#[derive(Component)]
#[add_field(extra: u32)]
#[repr(C)]
struct Native {
    a: u32,
}

#[derive(Component)]
#[add_field(extra: std::marker::PhantomData<String>)]
#[repr(C)]
struct NativeOfTheSameSize {
    a: u32,
}

#[derive(Component)]
#[add_field(extra: u64)]
struct Tag {}

fn main() {}
