//! Closures that `update_all` cannot run. Passing twin: `pass/handles.rs`.

use ecsdb::{Component, Transaction};

#[derive(Component)]
#[repr(C)]
struct Pos {
    x: f32,
}

#[derive(Component)]
struct Purse {
    gold: u64,
}

#[derive(Component)]
struct Elsewhere;

ecsdb::schema! { pub World: Pos, Purse }

fn main() {}

fn uses(tx: &mut Transaction<'_, World>) {
    // The first parameter is what is changed.
    let _ = tx.update_all(|pos: &Pos| drop(pos.x));
    // Nothing else is changed.
    let _ = tx.update_all(|pos: &mut Pos, purse: &mut Purse| purse.gold += pos.x as u64);
    // A table of another database.
    let _ = tx.update_all(|pos: &mut Pos, _: &Elsewhere| pos.x = 0.0);
    // The closure runs on many threads at once.
    let cell = std::cell::Cell::new(0);
    let _ = tx.update_all(|_: &mut Pos| cell.set(1));
}
