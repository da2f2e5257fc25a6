//! hecs: columns for each set of components.

use hecs::{Archetype, Entity, PreparedQuery, World};

use super::components::*;
use super::{Does, Tables, further};
use crate::components::{Pos, add, body};

/// hecs with a world.
pub struct Hecs {
    world: World,
    ids: Vec<Entity>,
}

impl Tables for Hecs {
    const NAME: &'static str = "hecs";
    const DOES: Does = Does {
        package: Some("hecs"),
        readers: false,
        versions: false,
        rollback: false,
        durable: false,
        how: "a prepared view for `get`, `query_one_mut`; a further component is a further archetype",
    };

    fn filled(count: usize, tables: usize) -> Self {
        let mut world = World::new();
        let spawn = |number| {
            let pos = body(number).0;
            macro_rules! spawn {
                ($($name:ident $number:literal),*) => {
                    match further(number, tables) {
                        $(Some($number) => world.spawn((pos, $name { value: 1.0 })),)*
                        _ => world.spawn((pos,)),
                    }
                };
            }
            for_each_further!(spawn)
        };
        let ids = (0..count).map(spawn).collect();
        Self { world, ids }
    }

    fn sum(&mut self) -> f64 {
        self.world.query::<&Pos>().iter().fold(0.0, add)
    }

    fn get(&mut self, numbers: &[u32]) -> f64 {
        let mut prepared = PreparedQuery::<&Pos>::new();
        let view = prepared.view_mut(&mut self.world);
        let x = |number: &u32| view.get(self.ids[*number as usize]).map_or(0.0, |pos: &Pos| f64::from(pos.x));
        numbers.iter().map(x).sum()
    }

    fn set(&mut self, numbers: &[u32], x: f32) {
        for number in numbers {
            self.world.query_one_mut::<&mut Pos>(self.ids[*number as usize]).expect("it is alive").x = x;
        }
    }

    fn further_rows(&mut self) -> usize {
        let components =
            |archetype: &Archetype| archetype.len() as usize * archetype.component_types().len().saturating_sub(1);
        self.world.archetypes().map(components).sum()
    }
}
