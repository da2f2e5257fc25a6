//! A raw name is the same attribute. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

#[derive(Component)]
#[r#repr(r#C)]
struct Gap {
    a: u8,
    b: u16,
}

fn main() {}
