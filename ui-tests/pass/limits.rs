//! As many fields, and as many bytes, as a component can have.

use ecsdb::Component;

macro_rules! wide {
    ($name:ident [$($bits:tt)*] $($fields:tt)*) => {
        wide!(@double $name [$($bits)*] [$($fields)*]);
    };
    (@double $name:ident [] [$($fields:tt)*]) => {
        #[derive(Component)]
        struct $name($($fields)*);
    };
    (@double $name:ident [* $($rest:tt)*] [$($fields:tt)*]) => {
        wide!(@double $name [$($rest)*] [$($fields)* $($fields)*]);
    };
}

wide!(Wide [* * * * * * * * * *] u8,);

#[derive(Component)]
struct Packed {
    a: u8,
    b: [u64; 8191],
    c: [u8; 7],
}

#[derive(Component)]
#[repr(C)]
struct Native {
    a: [[u64; 64]; 128],
}

fn main() {
    assert_eq!(Wide::SCHEMA.fields.len(), 1024);
    assert_eq!((Packed::SCHEMA.size, Native::SCHEMA.size), (65536, 65536));
}
