//! bevy_ecs.

use core::ops::Range;

use bevy_ecs::bundle::Bundle;
use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use bevy_ecs::query::QueryState;
use bevy_ecs::world::World;

use super::{Does, Entities};
use crate::components::*;
use crate::for_each_letter;

/// A component in a sparse set: what bevy_ecs has for those that come and go.
#[derive(Component, Clone, Copy)]
#[component(storage = "SparseSet")]
struct InSparseSet(Target);

/// bevy_ecs with a world, and the queries that systems would keep.
pub struct Bevy {
    world: World,
    one: QueryState<&'static Pos>,
    two: QueryState<(&'static Pos, &'static Vel)>,
    three: QueryState<(&'static Pos, &'static Vel, &'static Acc)>,
    moved: QueryState<(&'static mut Pos, &'static Vel)>,
    data: QueryState<&'static mut Data>,
}

impl Bevy {
    fn insert<T: Bundle + Copy>(&mut self, ids: &[Entity], component: T) {
        ids.iter().for_each(|id| {
            self.world.entity_mut(*id).insert(component);
        });
    }

    fn take<T: Bundle>(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| {
            self.world.entity_mut(*id).remove::<T>();
        });
    }

    fn count_of<T: Component>(&mut self) -> f64 {
        self.world.query::<&T>().iter(&self.world).count() as f64
    }
}

impl Entities for Bevy {
    const NAME: &'static str = "bevy_ecs";
    const DOES: Does = Does {
        package: Some("bevy_ecs"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "`spawn_batch`, `spawn`, kept `QueryState`s also for `get` (plainly `World::get`), `insert` and `remove`, a sparse set for what is declared to come and go",
    };
    type Id = Entity;

    fn new() -> Self {
        let mut world = World::new();
        let (one, two, three) = (world.query(), world.query(), world.query());
        let (moved, data) = (world.query(), world.query());
        Self { world, one, two, three, moved, data }
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<Entity> {
        self.world.spawn_batch(numbers.map(body)).collect()
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<Entity> {
        numbers.iter().map(|number| self.world.spawn(body(*number as usize)).id()).collect()
    }

    fn despawn(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| assert!(self.world.despawn(*id), "it is alive"));
    }

    fn count(&mut self) -> usize {
        self.one.iter(&self.world).count()
    }

    fn sum(&mut self) -> f64 {
        self.one.iter(&self.world).fold(0.0, add)
    }

    fn join_two(&mut self) -> f64 {
        self.two.iter(&self.world).fold(0.0, |sum, (pos, vel)| add_two(sum, pos, vel))
    }

    fn join_three(&mut self) -> f64 {
        self.three.iter(&self.world).fold(0.0, |sum, (pos, vel, acc)| add_three(sum, pos, vel, acc))
    }

    fn get(&mut self, ids: &[Entity]) -> f64 {
        let query = self.one.query(&self.world);
        ids.iter().map(|id| query.get(*id).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn get_plainly(&mut self, ids: &[Entity]) -> f64 {
        ids.iter().map(|id| self.world.get::<Pos>(*id).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn set(&mut self, ids: &[Entity], x: f32) {
        let mut query = self.moved.query_mut(&mut self.world);
        ids.iter().for_each(|id| query.get_mut(*id).expect("it is alive").0.x = x);
    }

    fn step(&mut self) {
        self.moved.iter_mut(&mut self.world).for_each(|(mut pos, vel)| step(&mut pos, vel));
    }

    fn toil(&mut self) {
        self.moved.iter_mut(&mut self.world).for_each(|(mut pos, vel)| toil(&mut pos, vel));
    }

    fn add(&mut self, ids: &[Entity]) {
        self.insert(ids, Target { id: 1.0 });
    }

    fn remove(&mut self, ids: &[Entity]) {
        self.take::<Target>(ids);
    }

    fn added(&mut self) -> f64 {
        self.world.query::<&Target>().iter(&self.world).map(|target| f64::from(target.id)).sum()
    }

    fn add_declared(&mut self, ids: &[Entity]) {
        self.insert(ids, InSparseSet(Target { id: 1.0 }));
    }

    fn remove_declared(&mut self, ids: &[Entity]) {
        self.take::<InSparseSet>(ids);
    }

    fn added_declared(&mut self) -> f64 {
        self.world.query::<&InSparseSet>().iter(&self.world).map(|target| f64::from(target.0.id)).sum()
    }

    fn fragment(&mut self, each: usize) {
        macro_rules! spawn {
            ($($letter:ident),*) => {
                $((0..each).for_each(|number| { self.world.spawn(($letter { value: 1.0 }, data(number))); });)*
            };
        }
        for_each_letter!(spawn);
    }

    fn sum_data(&mut self) -> f64 {
        self.data.iter(&self.world).map(|data| f64::from(data.value)).sum()
    }

    fn scale_data(&mut self, factor: f32) {
        self.data.iter_mut(&mut self.world).for_each(|mut data| data.value *= factor);
    }

    fn mark(&mut self, ids: &[Entity], mark: usize) {
        match mark {
            0 => self.insert(ids, A { value: 1.0 }),
            1 => self.insert(ids, B { value: 1.0 }),
            2 => self.insert(ids, C { value: 1.0 }),
            3 => self.insert(ids, D { value: 1.0 }),
            4 => self.insert(ids, E { value: 1.0 }),
            _ => self.insert(ids, F { value: 1.0 }),
        }
    }

    fn marked(&mut self) -> f64 {
        self.count_of::<A>()
            + self.count_of::<B>()
            + self.count_of::<C>()
            + self.count_of::<D>()
            + self.count_of::<E>()
            + self.count_of::<F>()
    }
}
