//! Attribute macros below the derive run after it. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};
use ecsdb_ui_attributes::{add_attribute, add_field, floats};

#[derive(Field)]
#[add_field(C)]
enum More {
    A,
    B,
}

#[derive(Component)]
#[floats]
enum Other {
    A(u32),
}

#[derive(Field)]
#[add_attribute(#[repr(u16)])]
#[repr(u8)]
enum Wider {
    A,
}

#[derive(Field)]
#[add_field(extra: u8)]
struct MoreFields {
    a: u8,
}

fn main() {}
