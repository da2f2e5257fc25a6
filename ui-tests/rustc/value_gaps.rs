//! Values with padding that ask to be stored as they are. Passing twin: `pass/values.rs`.

use ecsdb::Field;

#[derive(Field)]
#[repr(C)]
struct Inner {
    a: u8,
    b: u32,
}

#[derive(Field)]
#[repr(C)]
struct Tail {
    a: u32,
    b: u8,
}

#[derive(Field)]
#[repr(C)]
struct Wide(u32, u64);

fn main() {}
