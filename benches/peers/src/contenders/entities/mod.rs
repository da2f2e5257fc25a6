//! Entity-component systems, and plain vectors as their limit.

mod bevy;
mod ecsdb;
mod flecs;
mod hecs;
mod raw;
mod shipyard;

use core::ops::Range;

use ecsdb_benches::random::Random;

pub use self::bevy::Bevy;
pub use self::ecsdb::Ecsdb;
pub use self::flecs::Flecs;
pub use self::hecs::Hecs;
pub use self::raw::Raw;
pub use self::shipyard::Shipyard;
use super::Does;

/// How many letters mark archetypes: there are at most two to the power of it.
pub const MARKS: usize = 6;

/// A world of entities with [`Body`](crate::components::Body)s.
pub trait Entities: Sized {
    /// What it is called.
    const NAME: &'static str;
    /// What it does besides.
    const DOES: Does;
    /// What an entity is called by.
    type Id: Copy;
    /// Whether it is still called so when others have ended.
    const KEEPS_NAMES: bool = true;

    /// An empty world.
    fn new() -> Self;

    /// Spawns the bodies of these numbers, in the fastest way for many.
    fn spawn_many(&mut self, numbers: Range<usize>) -> Vec<Self::Id>;

    /// Spawns the bodies of these numbers, one by one.
    fn spawn_each(&mut self, numbers: &[u32]) -> Vec<Self::Id>;

    /// Despawns these, one by one.
    fn despawn(&mut self, ids: &[Self::Id]);

    /// Counts entities.
    fn count(&mut self) -> usize;

    /// Sums one component.
    fn sum(&mut self) -> f64;

    /// Sums products of two components.
    fn join_two(&mut self) -> f64;

    /// Sums products of three components.
    fn join_three(&mut self) -> f64;

    /// Sums `pos.x` of these, in the fastest way to get rows of many entities.
    fn get(&mut self, ids: &[Self::Id]) -> f64;

    /// Sums `pos.x` of these, in the way that a user meets first.
    fn get_plainly(&mut self, ids: &[Self::Id]) -> f64;

    /// Sets `pos.x` of these, one by one.
    fn set(&mut self, ids: &[Self::Id], x: f32);

    /// Moves all of them.
    fn step(&mut self);

    /// Computes much for all of them.
    fn toil(&mut self);

    /// Gives each of these a component, one by one.
    fn add(&mut self, ids: &[Self::Id]);

    /// Takes it away again, one by one.
    fn remove(&mut self, ids: &[Self::Id]);

    /// Sums it: 1 for each that has it.
    fn added(&mut self) -> f64;

    /// As [`Self::add`], with a component that was declared as one that comes and goes.
    fn add_declared(&mut self, ids: &[Self::Id]) {
        self.add(ids);
    }

    /// As [`Self::remove`], with a component that was declared as one that comes and goes.
    fn remove_declared(&mut self, ids: &[Self::Id]) {
        self.remove(ids);
    }

    /// As [`Self::added`], with a component that was declared as one that comes and goes.
    fn added_declared(&mut self) -> f64 {
        self.added()
    }

    /// Spawns `each` entities with `Data` for each letter, and gives them the letter.
    fn fragment(&mut self, each: usize);

    /// Sums `Data`.
    fn sum_data(&mut self) -> f64;

    /// Multiplies `Data` with `factor`.
    fn scale_data(&mut self, factor: f32);

    /// Multiplies `Data` with each of `factors`, one after the other, where that can be one piece of work.
    fn scale_data_often(&mut self, factors: &[f32]) {
        factors.iter().for_each(|factor| self.scale_data(*factor));
    }

    /// Gives mark number `mark` (below [`MARKS`]) to these.
    fn mark(&mut self, ids: &[Self::Id], mark: usize);

    /// Sums all marks: 1 for each.
    fn marked(&mut self) -> f64;

    /// Lets go of memory that only serves changes to come.
    fn trim(&mut self) {}

    /// Wears out what else wears out in a world that has been running for long, besides entities that came and went.
    fn wear(&mut self, _ids: &[Self::Id]) {}

    /// Makes a world that has been running for long: a tenth of the entities ends at random and as many come, 30 times.
    fn churn(&mut self, ids: &mut [Self::Id]) {
        let mut random = Random::new(7);
        self.wear(ids);
        for _ in 0..30 {
            let order = random.order(ids.len());
            for places in order[..ids.len() / 10].chunks(1000) {
                let ended: Vec<Self::Id> = places.iter().map(|place| ids[*place as usize]).collect();
                self.despawn(&ended);
                for (place, id) in places.iter().zip(self.spawn_each(places)) {
                    ids[*place as usize] = id;
                }
            }
        }
        self.wear(ids);
    }
}
