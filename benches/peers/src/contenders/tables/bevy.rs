//! bevy_ecs: a table for each set of components.

use bevy_ecs::archetype::Archetype;
use bevy_ecs::entity::Entity;
use bevy_ecs::query::QueryState;
use bevy_ecs::world::World;

use super::components::*;
use super::{Does, Tables, further};
use crate::components::{Pos, add, body};

/// bevy_ecs with a world.
pub struct Bevy {
    world: World,
    ids: Vec<Entity>,
    read: QueryState<&'static Pos>,
    written: QueryState<&'static mut Pos>,
}

impl Tables for Bevy {
    const NAME: &'static str = "bevy_ecs";
    const DOES: Does = Does {
        package: Some("bevy_ecs"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "a kept `QueryState`; a further component is a further archetype",
    };

    fn filled(count: usize, tables: usize) -> Self {
        let mut world = World::new();
        let spawn = |number| {
            let mut entity = world.spawn(body(number).0);
            macro_rules! insert {
                ($($name:ident $number:literal),*) => {
                    match further(number, tables) {
                        $(Some($number) => entity.insert($name { value: 1.0 }),)*
                        _ => &mut entity,
                    }
                };
            }
            for_each_further!(insert).id()
        };
        let ids = (0..count).map(spawn).collect();
        let (read, written) = (world.query(), world.query());
        Self { world, ids, read, written }
    }

    fn sum(&mut self) -> f64 {
        self.read.iter(&self.world).fold(0.0, add)
    }

    fn get(&mut self, numbers: &[u32]) -> f64 {
        let query = self.read.query(&self.world);
        numbers.iter().map(|number| query.get(self.ids[*number as usize]).map_or(0.0, |pos| f64::from(pos.x))).sum()
    }

    fn set(&mut self, numbers: &[u32], x: f32) {
        let mut query = self.written.query_mut(&mut self.world);
        numbers.iter().for_each(|number| query.get_mut(self.ids[*number as usize]).expect("it is alive").x = x);
    }

    fn further_rows(&mut self) -> usize {
        let components =
            |archetype: &Archetype| archetype.len() as usize * archetype.component_count().saturating_sub(1);
        let pos = self.world.component_id::<Pos>().expect("it has one");
        self.world.archetypes().iter().filter(|archetype| archetype.contains(pos)).map(components).sum()
    }
}
