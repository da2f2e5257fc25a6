//! Schemas in which a table stands twice, by its type or by its name. Passing twin: `pass/handles.rs`.

use ecsdb::Component;

#[derive(Component)]
struct Pos(f32);

#[derive(Component)]
#[component(table = "pos")]
struct Position(f32);

ecsdb::schema! { pub Names: Pos, Position }

mod types {
    use super::Pos;

    ecsdb::schema! { pub Types: Pos, Pos }
}

fn main() {}
