//! Keys that are written in another way. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component]
struct NoList {
    a: u32,
}

#[derive(Component)]
#[component = "a"]
struct Equals {
    a: u32,
}

#[derive(Component)]
#[component[table = "a"]]
struct Brackets {
    a: u32,
}

#[derive(Component)]
#[component(table, row = "Row", view(View), crate = "ecsdb")]
#[component(version = "3", size = -1, renamed_from = old, deprecated, schema(a))]
#[component(index)]
struct Values {
    #[component(rename = points)]
    a: u32,
    #[component(rename("b"))]
    b: u32,
    #[component(rename =)]
    c: u32,
    #[component("rename")]
    d: u32,
    #[component(rename = "d" "e")]
    e: u32,
    #[component(index = "by_f", unique(f), auto_increment = true)]
    f: u32,
    #[component(default, since = 4294967296, offset = 1.5)]
    g: u32,
    #[component(references, on_delete = cascade)]
    h: ecsdb::Entity,
    #[component(as)]
    i: u32,
    #[component(as = "u32")]
    k: char,
    #[component(on_delete = "ignore", references = Values)]
    j: ecsdb::Entity,
}

#[derive(Component)]
#[component(index(), index(columns), index(columns()), index(columns(a), unique = true), index(name = b, columns(a)))]
struct Indexes {
    a: u32,
}

#[derive(Field)]
enum Ai {
    #[component(rename(Bored))]
    Idle,
}

fn main() {}
