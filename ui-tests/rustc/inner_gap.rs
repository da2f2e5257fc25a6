//! Padding between fields. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

#[derive(Component)]
#[repr(C)]
struct Gap {
    a: u8,
    b: u32,
}

fn main() {}
