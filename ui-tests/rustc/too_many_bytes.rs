//! Rows that are too large. Passing twin: `pass/limits.rs`.

use ecsdb::Component;

#[derive(Component)]
struct Packed {
    a: u8,
    b: [u64; 8192],
}

#[derive(Component)]
#[repr(C)]
struct Native {
    a: [[u64; 64]; 129],
}

fn main() {}
