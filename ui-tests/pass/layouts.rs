//! The twins of the layouts that are refused: reordered, filled, or packed.

use ecsdb::{Component, Entity, Field, FixedStr, Ref};
use std::num::NonZero;

#[derive(Component)]
#[repr(C)]
struct Reordered {
    b: u32,
    a: u16,
    c: u16,
}

#[derive(Component)]
#[repr(C)]
struct Filled {
    a: u8,
    _pad: [u8; 3],
    b: u32,
}

#[derive(Component)]
struct Packed {
    a: u8,
    b: u128,
    c: u16,
}

#[derive(Component)]
#[repr(C)]
struct Wide {
    a: u128,
    b: [u64; 2],
    c: Entity,
    d: Option<Entity>,
}

#[derive(Component)]
#[r#repr(r#C)]
struct Raw(u32, u32);

#[derive(Component)]
#[repr(Rust)]
struct Default(u8, u32);

#[derive(Component)]
#[repr(C)]
struct NativeTag;

#[derive(Component)]
#[repr(C)]
struct NoBytes {
    none: [u32; 0],
}

/// As many bytes as a row may have.
#[derive(Component)]
struct Large {
    bytes: [u8; 65536],
}

/// Everything that has a fixed form in memory.
#[derive(Component)]
#[repr(C)]
struct Fixed {
    number: Option<NonZero<u32>>,
    letter: char,
    of: Option<Ref<Fixed>>,
    text: FixedStr<6>,
    kind: Kind,
    color: Color,
    unit: (),
}

#[derive(Field)]
#[repr(u8)]
enum Kind {
    A,
    B = 9,
}

#[derive(Field)]
#[repr(C)]
struct Color([u8; 1]);

fn main() {
    assert_eq!(Fixed::SCHEMA.size, 24);
    let _ = (Kind::A, Kind::B);
    assert_eq!(Filled::SCHEMA.fields.len(), 3);
    assert_eq!(size_of::<<Packed as Component>::Row>(), 19);
    assert_eq!(size_of::<<Default as Component>::Row>(), 5);
    assert_eq!(size_of::<<Raw as Component>::Row>(), 8);
    assert_eq!(Wide::SCHEMA.size, 48);
    assert_eq!(Reordered::C.c.offset(), 6);
    assert_eq!(NativeTag::SCHEMA.size, 0);
    assert_eq!((NoBytes::SCHEMA.size, NoBytes::SCHEMA.align), (0, 4));
    assert_eq!(Large::SCHEMA.size, 65536);
}
