//! shipyard: a sparse set for each component.

use core::ops::Range;

use shipyard::{EntitiesView, EntityId, Get, IntoIter, Remove, View, ViewMut, World};

use super::{Does, Entities};
use crate::components::*;
use crate::for_each_letter;

/// shipyard with a world.
pub struct Shipyard(World);

/// That a storage is there, and that nobody else has it.
const FREE: &str = "no other view is open";

/// Borrows a view.
macro_rules! borrow {
    ($world:expr, $view:ty) => {
        $world.0.borrow::<$view>().expect(FREE)
    };
}

impl Shipyard {
    fn insert<T: shipyard::Component + Send + Sync + Copy>(&mut self, ids: &[EntityId], component: T) {
        ids.iter().for_each(|id| self.0.add_component(*id, (component,)));
    }

    fn count_of<T: shipyard::Component + Send + Sync>(&self) -> f64 {
        borrow!(self, View<'_, T>).len() as f64
    }
}

impl Entities for Shipyard {
    const NAME: &'static str = "shipyard";
    const DOES: Does = Does {
        package: Some("shipyard"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "`bulk_add_entity`, `add_entity`, views that are borrowed once for a loop (plainly `World::get`), `add_component` and `remove` of views",
    };
    type Id = EntityId;

    fn new() -> Self {
        Self(World::new())
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<EntityId> {
        self.0.bulk_add_entity(numbers.map(body)).collect()
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<EntityId> {
        numbers.iter().map(|number| self.0.add_entity(body(*number as usize))).collect()
    }

    fn despawn(&mut self, ids: &[EntityId]) {
        ids.iter().for_each(|id| assert!(self.0.delete_entity(*id), "it is alive"));
    }

    fn count(&mut self) -> usize {
        borrow!(self, View<'_, Pos>).len()
    }

    fn sum(&mut self) -> f64 {
        let pos = borrow!(self, View<'_, Pos>);
        pos.iter().fold(0.0, add)
    }

    fn join_two(&mut self) -> f64 {
        let (pos, vel) = (borrow!(self, View<'_, Pos>), borrow!(self, View<'_, Vel>));
        (&pos, &vel).iter().fold(0.0, |sum, (pos, vel)| add_two(sum, pos, vel))
    }

    fn join_three(&mut self) -> f64 {
        let (pos, vel, acc) =
            (borrow!(self, View<'_, Pos>), borrow!(self, View<'_, Vel>), borrow!(self, View<'_, Acc>));
        (&pos, &vel, &acc).iter().fold(0.0, |sum, (pos, vel, acc)| add_three(sum, pos, vel, acc))
    }

    fn get(&mut self, ids: &[EntityId]) -> f64 {
        let pos = borrow!(self, View<'_, Pos>);
        ids.iter().map(|id| (&pos).get(*id).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn get_plainly(&mut self, ids: &[EntityId]) -> f64 {
        ids.iter().map(|id| self.0.get::<&Pos>(*id).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn set(&mut self, ids: &[EntityId], x: f32) {
        let mut pos = borrow!(self, ViewMut<'_, Pos>);
        ids.iter().for_each(|id| pos[*id].x = x);
    }

    fn step(&mut self) {
        let (mut pos, vel) = (borrow!(self, ViewMut<'_, Pos>), borrow!(self, View<'_, Vel>));
        (&mut pos, &vel).iter().for_each(|(pos, vel)| step(pos, vel));
    }

    fn toil(&mut self) {
        let (mut pos, vel) = (borrow!(self, ViewMut<'_, Pos>), borrow!(self, View<'_, Vel>));
        (&mut pos, &vel).iter().for_each(|(pos, vel)| toil(pos, vel));
    }

    fn add(&mut self, ids: &[EntityId]) {
        let entities = borrow!(self, EntitiesView<'_>);
        let mut targets = borrow!(self, ViewMut<'_, Target>);
        ids.iter().for_each(|id| entities.add_component(*id, &mut targets, Target { id: 1.0 }));
    }

    fn remove(&mut self, ids: &[EntityId]) {
        let mut targets = borrow!(self, ViewMut<'_, Target>);
        ids.iter().for_each(|id| {
            targets.remove(*id).expect("it has one");
        });
    }

    fn added(&mut self) -> f64 {
        borrow!(self, View<'_, Target>).iter().map(|target| f64::from(target.id)).sum()
    }

    fn fragment(&mut self, each: usize) {
        macro_rules! spawn {
            ($($letter:ident),*) => {
                $((0..each).for_each(|number| { self.0.add_entity(($letter { value: 1.0 }, data(number))); });)*
            };
        }
        for_each_letter!(spawn);
    }

    fn sum_data(&mut self) -> f64 {
        let data = borrow!(self, View<'_, Data>);
        data.iter().map(|data| f64::from(data.value)).sum()
    }

    fn scale_data(&mut self, factor: f32) {
        let mut data = borrow!(self, ViewMut<'_, Data>);
        (&mut data).iter().for_each(|data| data.value *= factor);
    }

    fn mark(&mut self, ids: &[EntityId], mark: usize) {
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
