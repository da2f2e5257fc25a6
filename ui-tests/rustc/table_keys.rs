//! What only a table can have, on a type that is none. Passing twin: `pass/attributes.rs`.

use ecsdb::Field;

#[derive(Field)]
struct Value {
    a: u8,
    #[component(index)]
    b: u8,
}

#[derive(Field)]
struct Other {
    #[component(default = 7)]
    a: u8,
}

fn main() {}
