//! Discriminants that do not fit, and enums that cannot stand in native rows. Passing twin: `pass/values.rs`.

use ecsdb::{Component, Field};

#[derive(Field)]
#[repr(u8)]
enum TooLarge {
    A = 256,
}

#[derive(Field)]
#[repr(u8)]
enum Overflowing {
    A = 255,
    B,
}

#[derive(Field)]
enum Number {
    A,
}

#[derive(Field)]
#[repr(u8)]
enum WithData {
    A(u8),
}

#[derive(Component)]
#[repr(C)]
struct Own {
    number: Number,
    data: WithData,
    maybe: Option<Fits>,
}

#[derive(Field)]
#[repr(u8)]
enum Fits {
    A,
}

fn main() {}
