//! A bundle with a component that stands twice. Passing twin: `pass/handles.rs`.

use ecsdb::{Component, Db};

#[derive(Component)]
struct Pos(f32);

#[derive(Component)]
struct Frozen;

ecsdb::schema! { pub World: Pos, Frozen }

fn main() {
    let db = Db::<World>::in_memory().unwrap();
    let _ = db.spawn((Pos(1.0), Frozen, Pos(2.0)));
}
