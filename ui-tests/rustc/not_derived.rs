//! Types inside of others on which no derive stands. Passing twin: `pass/values.rs`.

use ecsdb::{Component, Field};

struct Plain(u8);

#[derive(Field)]
struct Outer {
    inner: Plain,
}

#[derive(Field)]
enum Choice {
    A,
    B(Plain),
}

#[derive(Component)]
enum Whole {
    A,
    B { inner: Vec<Plain> },
}

fn main() {}
