//! shipyard: a sparse set for each component.

use shipyard::{EntityId, Get, IntoIter, View, ViewMut, World};

use super::components::*;
use super::{Does, Tables, further};
use crate::components::{Pos, add, body};

/// shipyard with a world.
pub struct Shipyard {
    world: World,
    ids: Vec<EntityId>,
}

/// That a storage is there, and that nobody else has it.
const FREE: &str = "no other view is open";

impl Tables for Shipyard {
    const NAME: &'static str = "shipyard";
    const DOES: Does = Does {
        package: Some("shipyard"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "views that are borrowed once for a loop; a sparse set for each component",
    };

    fn filled(count: usize, tables: usize) -> Self {
        let mut world = World::new();
        let spawn = |number| {
            let pos = body(number).0;
            macro_rules! spawn {
                ($($name:ident $number:literal),*) => {
                    match further(number, tables) {
                        $(Some($number) => world.add_entity((pos, $name { value: 1.0 })),)*
                        _ => world.add_entity((pos,)),
                    }
                };
            }
            for_each_further!(spawn)
        };
        let ids = (0..count).map(spawn).collect();
        Self { world, ids }
    }

    fn sum(&mut self) -> f64 {
        self.world.borrow::<View<'_, Pos>>().expect(FREE).iter().fold(0.0, add)
    }

    fn get(&mut self, numbers: &[u32]) -> f64 {
        let pos = self.world.borrow::<View<'_, Pos>>().expect(FREE);
        let x = |number: &u32| (&pos).get(self.ids[*number as usize]).map_or(0.0, |pos| f64::from(pos.x));
        numbers.iter().map(x).sum()
    }

    fn set(&mut self, numbers: &[u32], x: f32) {
        let mut pos = self.world.borrow::<ViewMut<'_, Pos>>().expect(FREE);
        numbers.iter().for_each(|number| pos[self.ids[*number as usize]].x = x);
    }

    fn further_rows(&mut self) -> usize {
        macro_rules! count {
            ($($name:ident $number:literal),*) => {
                [$(self.world.borrow::<View<'_, $name>>().expect(FREE).len()),*]
            };
        }
        for_each_further!(count).iter().sum()
    }
}
