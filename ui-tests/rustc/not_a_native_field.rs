//! Types that have no fixed form in memory. Passing twin: `pass/layouts.rs`.

use ecsdb::Component;

struct Vec3 {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Component)]
#[repr(C)]
struct Pos {
    id: u8,
    at: [Vec3; 2],
}

fn main() {}
