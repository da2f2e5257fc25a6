//! flecs, through flecs_ecs.

use core::ops::Range;

use flecs_ecs::prelude::*;

use super::{Does, Entities};
use crate::components::*;
use crate::for_each_letter;

/// flecs with a world, and the cached queries that systems would keep.
pub struct Flecs {
    // Queries go before their world does.
    one: Query<&'static Pos>,
    two: Query<(&'static Pos, &'static Vel)>,
    three: Query<(&'static Pos, &'static Vel, &'static Acc)>,
    moved: Query<(&'static mut Pos, &'static Vel)>,
    data: Query<&'static mut Data>,
    world: World,
}

macro_rules! insert {
    ($world:expr, $ids:expr, $letter:ident) => {
        $ids.iter().for_each(|id| {
            $world.entity_from_id(*id).set($letter { value: 1.0 });
        })
    };
}

impl Entities for Flecs {
    const NAME: &'static str = "flecs";
    const DOES: Does = Does {
        package: Some("flecs_ecs"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "default features; `entity_bulk`, `entity().set`, cached queries with `each`, `cloned` for `get` (plainly `get` with a closure), `set` and `remove`",
    };
    type Id = Entity;

    fn new() -> Self {
        let world = World::new();
        let one = world.query::<&Pos>().set_cached().build();
        let two = world.query::<(&Pos, &Vel)>().set_cached().build();
        let three = world.query::<(&Pos, &Vel, &Acc)>().set_cached().build();
        let moved = world.query::<(&mut Pos, &Vel)>().set_cached().build();
        let data = world.query::<&mut Data>().set_cached().build();
        Self { one, two, three, moved, data, world }
    }

    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<Entity> {
        let pos: Vec<Pos> = numbers.clone().map(|number| body(number).0).collect();
        let vel: Vec<Vel> = numbers.clone().map(|number| body(number).1).collect();
        let acc: Vec<Acc> = numbers.clone().map(|number| body(number).2).collect();
        self.world.entity_bulk(numbers.len() as u32).set(&pos).set(&vel).set(&acc).build().to_vec()
    }

    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<Entity> {
        let spawn = |number: &u32| {
            let (pos, vel, acc) = body(*number as usize);
            self.world.entity().set(pos).set(vel).set(acc).id()
        };
        numbers.iter().map(spawn).collect()
    }

    fn despawn(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| self.world.entity_from_id(*id).destruct());
    }

    fn count(&mut self) -> usize {
        let mut count = 0;
        self.one.each(|_| count += 1);
        count
    }

    fn sum(&mut self) -> f64 {
        let mut sum = 0.0;
        self.one.each(|pos| sum = add(sum, pos));
        sum
    }

    fn join_two(&mut self) -> f64 {
        let mut sum = 0.0;
        self.two.each(|(pos, vel)| sum = add_two(sum, pos, vel));
        sum
    }

    fn join_three(&mut self) -> f64 {
        let mut sum = 0.0;
        self.three.each(|(pos, vel, acc)| sum = add_three(sum, pos, vel, acc));
        sum
    }

    fn get(&mut self, ids: &[Entity]) -> f64 {
        ids.iter().map(|id| f64::from(self.world.entity_from_id(*id).cloned::<&Pos>().x)).sum()
    }

    fn get_plainly(&mut self, ids: &[Entity]) -> f64 {
        ids.iter().map(|id| self.world.entity_from_id(*id).get::<&Pos>(|pos| f64::from(pos.x))).sum()
    }

    fn set(&mut self, ids: &[Entity], x: f32) {
        ids.iter().for_each(|id| self.world.entity_from_id(*id).get::<&mut Pos>(|pos| pos.x = x));
    }

    fn step(&mut self) {
        self.moved.each(|(pos, vel)| step(pos, vel));
    }

    fn toil(&mut self) {
        self.moved.each(|(pos, vel)| toil(pos, vel));
    }

    fn add(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| {
            self.world.entity_from_id(*id).set(Target { id: 1.0 });
        });
    }

    fn remove(&mut self, ids: &[Entity]) {
        ids.iter().for_each(|id| {
            self.world.entity_from_id(*id).remove(Target::id());
        });
    }

    fn added(&mut self) -> f64 {
        let mut sum = 0.0;
        self.world.new_query::<&Target>().each(|target| sum += f64::from(target.id));
        sum
    }

    fn fragment(&mut self, each: usize) {
        macro_rules! spawn {
            ($($letter:ident),*) => {
                $((0..each).for_each(|number| {
                    self.world.entity().set($letter { value: 1.0 }).set(data(number));
                });)*
            };
        }
        for_each_letter!(spawn);
    }

    fn sum_data(&mut self) -> f64 {
        let mut sum = 0.0;
        self.data.each(|data| sum += f64::from(data.value));
        sum
    }

    fn scale_data(&mut self, factor: f32) {
        self.data.each(|data| data.value *= factor);
    }

    fn mark(&mut self, ids: &[Entity], mark: usize) {
        match mark {
            0 => insert!(self.world, ids, A),
            1 => insert!(self.world, ids, B),
            2 => insert!(self.world, ids, C),
            3 => insert!(self.world, ids, D),
            4 => insert!(self.world, ids, E),
            _ => insert!(self.world, ids, F),
        }
    }

    fn marked(&mut self) -> f64 {
        let mut count = 0;
        macro_rules! count {
            ($($letter:ident),*) => {
                $(self.world.new_query::<&$letter>().each(|_| count += 1);)*
            };
        }
        count!(A, B, C, D, E, F);
        f64::from(count)
    }
}
