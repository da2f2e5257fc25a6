//! Enums that cannot be stored. Passing twin: `pass/values.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
enum Nothing {}

#[derive(Field)]
enum NoValue {}

#[derive(Field)]
union Bits {
    a: u32,
    b: f32,
}

#[derive(Field)]
#[repr(C, packed)]
struct Packed {
    a: u8,
}

#[derive(Field)]
#[repr(C, align(16))]
struct Aligned {
    a: u8,
}

fn main() {}
