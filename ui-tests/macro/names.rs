//! Names that tables, columns and variants cannot have. Passing twin: `pass/names.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component(table = "")]
struct Nameless {
    #[component(rename = "hit points")]
    hp: u32,
    #[component(rename = "1st")]
    first: u32,
}

#[derive(Component)]
struct Twice {
    a: u32,
    #[component(rename = "a")]
    b: u32,
}

#[derive(Component)]
struct Entities {
    maxHp: u32,
    größe: u32,
}

#[derive(Component)]
#[component(table = "ecsdb_log")]
struct Log;

#[derive(Field)]
struct Value {
    a: u8,
    #[component(rename = "a")]
    b: u8,
    maxHp: u8,
}

#[derive(Field)]
enum Choice {
    A,
    #[component(rename = "A")]
    B,
    #[component(rename = "with space")]
    C,
    Größe,
    D {
        x: u8,
        #[component(rename = "x")]
        y: u8,
    },
}

fn main() {}
