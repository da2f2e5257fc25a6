//! Sizes and offsets that are not what somebody claims. Passing twin: `pass/attributes.rs`.

use ecsdb::Component;

#[derive(Component)]
#[component(size = 16)]
struct Packed {
    a: u8,
    #[component(offset = 4)]
    b: u32,
}

#[derive(Component)]
#[repr(C)]
#[component(size = 4)]
struct Native {
    a: u32,
    #[component(offset = 2)]
    b: u32,
}

#[derive(Component)]
#[component(size = 8)]
struct Text(String);

#[derive(Component)]
#[component(size = 1)]
enum Whole {
    A(u8),
}

fn main() {}
