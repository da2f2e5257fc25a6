//! The world of the benchmarks in hecs and in bevy_ecs, its rows in redb, fjall and SQLite, the rows of the relational
//! benchmarks in SQLite and rstar, and a million rows on disk in all of these and in LMDB. Unpublished member of the ecsdb workspace.
//!
//! Owns how each engine is filled and worn out, in its fastest way and with the same rows in the same order as ecsdb. It
//! must not favour anyone: where an engine has several ways, the bench takes the one that its users are told to take.

pub mod compared;
pub mod kept;
pub mod relational;
pub mod stores;

use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity as BevyEntity;
use bevy_ecs::world::World as BevyWorld;
use ecsdb_benches::random::Random;
use ecsdb_benches::world::{Acc, Body, Health, Pos, Vel, body, three};

/// A row as a component of bevy_ecs, in a table.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct InTable<T: Copy + Send + Sync + 'static>(pub T);

/// A row as a component of bevy_ecs, in a sparse set: what it has for components that come and go.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[component(storage = "SparseSet")]
pub struct InSparseSet<T: Copy + Send + Sync + 'static>(pub T);

/// A body as bevy_ecs takes it.
pub type BevyBody = (InTable<Pos>, InTable<Vel>, InTable<Acc>, InTable<Health>);

/// `body` for bevy_ecs.
pub fn for_bevy((pos, vel, acc, health): Body) -> BevyBody {
    (InTable(pos), InTable(vel), InTable(acc), InTable(health))
}

/// An engine with a world in it, and its entities in the order in which they were spawned.
pub struct Filled<W, E> {
    /// The engine.
    pub world: W,
    /// The living entities.
    pub entities: Vec<E>,
}

/// hecs with a world.
pub type Hecs = Filled<hecs::World, hecs::Entity>;

/// bevy_ecs with a world.
pub type Bevy = Filled<BevyWorld, BevyEntity>;

/// `count` bodies in hecs.
pub fn hecs_fresh(count: usize) -> Hecs {
    let mut world = hecs::World::new();
    let entities = world.spawn_batch((0..count).map(body)).collect();
    Filled { world, entities }
}

/// `count` bodies in bevy_ecs.
pub fn bevy_fresh(count: usize) -> Bevy {
    let mut world = BevyWorld::new();
    let entities = world.spawn_batch((0..count).map(|index| for_bevy(body(index)))).collect();
    Filled { world, entities }
}

/// Ends a tenth of the entities at random and brings as many to life in their place in the list, 30 times: what
/// `ecsdb_benches::world::churn` does.
fn replace<W, E>(filled: &mut Filled<W, E>, end: impl Fn(&mut W, &E), spawn: impl Fn(&mut W, Body) -> E) {
    let mut random = Random::new(7);
    for _ in 0..30 {
        let order = random.order(filled.entities.len());
        for places in order[..filled.entities.len() / 10].chunks(1000) {
            for place in places {
                end(&mut filled.world, &filled.entities[*place as usize]);
            }
            for place in places {
                filled.entities[*place as usize] = spawn(&mut filled.world, body(*place as usize));
            }
        }
    }
}

/// A world in hecs that has been running for long.
pub fn hecs_churned(count: usize) -> Hecs {
    let mut filled = hecs_fresh(count);
    let end = |world: &mut hecs::World, entity: &hecs::Entity| world.despawn(*entity).expect("it is alive");
    replace(&mut filled, end, |world, body| world.spawn(body));
    filled
}

/// A world in bevy_ecs that has been running for long.
pub fn bevy_churned(count: usize) -> Bevy {
    let mut filled = bevy_fresh(count);
    let end = |world: &mut BevyWorld, entity: &BevyEntity| assert!(world.despawn(*entity), "it is alive");
    replace(&mut filled, end, |world, body| world.spawn(for_bevy(body)).id());
    filled
}

/// hecs' fastest way to make many entities: column by column. Those of the floats of bodies.
pub fn hecs_columns(count: usize) -> hecs::World {
    let mut columns = hecs::ColumnBatchType::new();
    columns.add::<Pos>().add::<Vel>().add::<Acc>();
    let mut batch = columns.into_batch(count as u32);
    column(&mut batch, count, |index| three(index).0);
    column(&mut batch, count, |index| three(index).1);
    column(&mut batch, count, |index| three(index).2);
    let mut world = hecs::World::new();
    let spawned = world.spawn_column_batch(batch.build().expect("all columns are full")).count();
    assert_eq!(spawned, count);
    world
}

/// Fills one column of a batch.
fn column<T: hecs::Component>(batch: &mut hecs::ColumnBatchBuilder, count: usize, row: impl Fn(usize) -> T) {
    let mut column = batch.writer::<T>().expect("the batch has the column");
    for index in 0..count {
        assert!(column.push(row(index)).is_ok(), "the column has room");
    }
}
