//! Types on which no derive stands, as fields. Passing twin: `pass/by_hand.rs`.

use ecsdb::Component;

struct Vec3 {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Component)]
struct Pos {
    at: Vec3,
}

fn main() {}
