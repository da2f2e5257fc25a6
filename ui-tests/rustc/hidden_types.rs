//! An alias hides a type from the derive, not from the compiler. Passing twin: `pass/types.rs`.

use ecsdb::Component;

type Name = String;
type Shared = &'static u32;

#[derive(Component)]
struct Hidden {
    name: Name,
}

#[derive(Component)]
#[repr(C)]
struct HiddenReference {
    shared: Shared,
}

fn main() {}
