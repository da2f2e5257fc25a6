//! Padding at the end. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

#[derive(Component)]
#[repr(C)]
struct Gap {
    a: u32,
    b: u8,
}

fn main() {}
