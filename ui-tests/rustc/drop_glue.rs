//! Types that do something when they are dropped. Passing twin: `pass/values.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
struct Packed {
    a: u32,
}

impl Drop for Packed {
    fn drop(&mut self) {}
}

#[derive(Component)]
#[repr(C)]
struct Native {
    a: u32,
}

impl Drop for Native {
    fn drop(&mut self) {}
}

#[derive(Component)]
struct Tag;

impl Drop for Tag {
    fn drop(&mut self) {}
}

#[derive(Component)]
struct Text {
    text: String,
}

impl Drop for Text {
    fn drop(&mut self) {}
}

#[derive(Field)]
struct Value(u8);

impl Drop for Value {
    fn drop(&mut self) {}
}

#[derive(Field)]
enum Choice {
    A,
    B(u8),
}

impl Drop for Choice {
    fn drop(&mut self) {}
}

fn main() {}
