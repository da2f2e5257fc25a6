//! Padding in a tuple struct. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

#[derive(Component)]
#[repr(C)]
struct Gap(u32, u16, u64);

fn main() {}
