//! flecs, through flecs_ecs: a table for each set of components.

use flecs_ecs::prelude::*;

use super::components::*;
use super::{Does, Tables, further};
use crate::components::{Pos, add, body};

/// flecs with a world.
pub struct Flecs {
    // The query goes before its world does.
    read: Query<&'static Pos>,
    world: World,
    ids: Vec<Entity>,
}

impl Tables for Flecs {
    const NAME: &'static str = "flecs";
    const DOES: Does = Does {
        package: Some("flecs_ecs"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "a cached query, `cloned`, `get` with a closure; a further component is a further archetype",
    };

    fn filled(count: usize, tables: usize) -> Self {
        let world = World::new();
        let read = world.query::<&Pos>().set_cached().build();
        let spawn = |number| {
            let entity = world.entity().set(body(number).0);
            macro_rules! set {
                ($($name:ident $number:literal),*) => {
                    match further(number, tables) {
                        $(Some($number) => entity.set($name { value: 1.0 }),)*
                        _ => entity,
                    }
                };
            }
            for_each_further!(set).id()
        };
        let ids = (0..count).map(spawn).collect();
        Self { read, world, ids }
    }

    fn sum(&mut self) -> f64 {
        let mut sum = 0.0;
        self.read.each(|pos| sum = add(sum, pos));
        sum
    }

    fn get(&mut self, numbers: &[u32]) -> f64 {
        let entity = |number: &u32| self.world.entity_from_id(self.ids[*number as usize]);
        numbers.iter().map(|number| f64::from(entity(number).cloned::<&Pos>().x)).sum()
    }

    fn set(&mut self, numbers: &[u32], x: f32) {
        for number in numbers {
            self.world.entity_from_id(self.ids[*number as usize]).get::<&mut Pos>(|pos| pos.x = x);
        }
    }

    fn further_rows(&mut self) -> usize {
        let mut count = 0;
        macro_rules! count {
            ($($name:ident $number:literal),*) => {
                $(self.world.new_query::<&$name>().each(|_| count += 1);)*
            };
        }
        for_each_further!(count);
        count
    }
}
