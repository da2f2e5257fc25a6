//! Layouts that cannot be asked for. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

#[derive(Component)]
#[repr(packed)]
struct Packed {
    a: u8,
    b: u32,
}

#[derive(Component)]
#[repr(C, packed)]
struct PackedC {
    a: u8,
    b: u32,
}

#[derive(Component)]
#[repr(C)]
#[repr(packed(2))]
struct PackedTwo {
    a: u8,
    b: u32,
}

#[derive(Component)]
#[repr(align(16))]
struct Aligned {
    a: u8,
}

#[derive(Component)]
#[repr(C, align(16))]
struct AlignedC {
    a: u8,
}

#[derive(Component)]
#[r#repr(r#packed)]
struct Raw {
    a: u8,
    b: u32,
}

#[derive(Component)]
#[repr(align(16))]
struct AlignedTag;

fn main() {}
