//! Worlds with many tables: components, and archetypes, in the words of the others.
//!
//! Owns what the tables are: one that all entities have, and further ones, each with the rows of one in 64 of them. So a world with
//! more tables has more rows, but none of its tables has.

mod bevy;
mod components;
mod ecsdb;
mod flecs;
mod hecs;
mod shipyard;

pub use self::bevy::Bevy;
pub use self::ecsdb::Ecsdb;
pub use self::flecs::Flecs;
pub use self::hecs::Hecs;
pub use self::shipyard::Shipyard;
use super::Does;

/// The most tables that a world has here.
pub const MOST: usize = 64;

/// A world with tables.
pub trait Tables: Sized {
    /// What it is called.
    const NAME: &'static str;
    /// What it does besides.
    const DOES: Does;

    /// A world of `count` entities with a `Pos`, and `tables` tables. The further row of an entity is [`further`]'s.
    fn filled(count: usize, tables: usize) -> Self;

    /// Sums `Pos`.
    fn sum(&mut self) -> f64;

    /// Sums `pos.x` of these entities, which are called by the order in which they came.
    fn get(&mut self, numbers: &[u32]) -> f64;

    /// Sets `pos.x` of these, each for itself.
    fn set(&mut self, numbers: &[u32], x: f32);

    /// Counts the rows of all further tables.
    fn further_rows(&mut self) -> usize;
}

/// Which further table entity number `number` has a row in.
fn further(number: usize, tables: usize) -> Option<usize> {
    Some(number % MOST).filter(|table| (1..tables).contains(table))
}

#[cfg(test)]
mod tests {
    use super::{Bevy, Ecsdb, Flecs, Hecs, Shipyard, Tables};

    fn has_rows<T: Tables>() {
        for (tables, further) in [(1, 0), (4, 3), (16, 15), (64, 63)] {
            let mut world = T::filled(128, tables);
            assert_eq!(world.further_rows(), 2 * further, "{} with {tables} tables", T::NAME);
            world.set(&[5, 100], 2000.0);
            assert_eq!(world.get(&[4, 5, 100]), 4004.0, "{}", T::NAME);
        }
    }

    #[test]
    fn every_world_has_the_tables_that_it_was_told_to_have() {
        has_rows::<Ecsdb>();
        has_rows::<Bevy>();
        has_rows::<Hecs>();
        has_rows::<Flecs>();
        has_rows::<Shipyard>();
    }
}
