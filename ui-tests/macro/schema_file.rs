//! Schema files that are not there, or not about the component. Passing twin: `tests/tests/derive/drift.rs`.

use ecsdb::Component;

#[derive(Component)]
#[component(schema = "schema/no_such_file.toml")]
struct Pos {
    x: f32,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Vel {
    x: f32,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Type {
    hp: u64,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Unreadable {
    a: u8,
}

#[derive(Component)]
#[component(schema = "schema/drift.toml")]
struct Marked<T>(std::marker::PhantomData<T>);

fn main() {}
