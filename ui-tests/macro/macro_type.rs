//! Types that a macro makes. Passing twin: `pass/types.rs`.

use ecsdb::Component;

macro_rules! number {
    () => {
        u32
    };
}

macro_rules! three {
    () => {
        3
    };
}

#[derive(Component)]
struct Direct {
    value: number!(),
}

#[derive(Component)]
#[repr(C)]
struct Nested {
    elements: [number!(); 3],
    length: [u8; three!()],
    fine: [u8; if true != false { 1 } else { 2 }],
}

macro_rules! component {
    ($name:ident, $ty:ty) => {
        #[derive(Component)]
        struct $name($ty);
    };
}

component!(Hidden, number!());

fn main() {}
