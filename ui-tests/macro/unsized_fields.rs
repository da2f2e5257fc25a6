//! Fields that have no size. Passing twin: `pass/values.rs`.

use ecsdb::Component;

#[derive(Component)]
struct Slice {
    bytes: [u8],
}

#[derive(Component)]
struct Object {
    object: dyn Send + Sync,
}

fn main() {}
