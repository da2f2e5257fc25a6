//! Wolves and sheep on a meadow: the nearest sheep is found through a grid, not by looking at all of them.
//!
//! Owns the rules. Each round is one transaction, and what it reads is what it changes; a run with the same seed is the same.

use core::fmt;

use ecsdb::query::{count, max};
use ecsdb::{Component, Db, Entity, Ref, TransactionError};

/// Where somebody stands. The grid has cells of ten metres.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[component(index(name = "place", columns(x, y), spatial(cell = 10.0)))]
#[repr(C)]
pub struct Pos {
    x: f32,
    y: f32,
}

/// Somebody who eats.
#[derive(Component)]
pub struct Wolf {
    /// How many sheep it has had.
    eaten: u32,
}

/// Somebody who is eaten, and the shepherd who would mind.
#[derive(Component)]
pub struct Sheep {
    shepherd: Ref<Shepherd>,
}

/// Somebody who counts.
#[derive(Component)]
pub struct Shepherd {
    name: String,
}

ecsdb::schema! {
    /// The meadow.
    pub Meadow: Pos, Wolf, Sheep, Shepherd
}

/// How far a wolf sees and goes in a round, in metres.
const SIGHT: f32 = 25.0;
const STEP: f32 = 4.0;
/// How near a wolf has to be to bite.
const REACH: f64 = 1.5;

/// A meadow with everybody on it.
pub struct Field {
    db: Db<Meadow>,
    /// Its length and breadth in metres.
    edge: f32,
    random: fastrand::Rng,
}

/// What became of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Sheep that are left.
    pub sheep: u64,
    /// What the best wolf has had.
    pub most: Option<u32>,
    /// How many sheep each shepherd has.
    pub flocks: Vec<(String, usize)>,
    /// How many stand in the middle of the meadow.
    pub in_the_middle: usize,
}

impl Field {
    /// A meadow with so many sheep, and a wolf for every twenty of them.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn new(sheep: usize, seed: u64) -> Result<Self, Box<dyn std::error::Error>> {
        let mut random = fastrand::Rng::with_seed(seed);
        let edge = (sheep as f32).sqrt() * 6.0;
        let mut places: Vec<Pos> = Vec::new();
        places.resize_with(sheep + sheep / 20, || Pos { x: random.f32() * edge, y: random.f32() * edge });
        let db = Db::<Meadow>::in_memory()?;
        db.write(move |tx| {
            let names = ["Ann", "Bob"].map(str::to_owned);
            let shepherds = tx.spawn_all(names.map(|name| Shepherd { name }))?;
            let (flock, pack) = places.split_at(sheep);
            let flock = flock.iter().enumerate().map(|(n, pos)| (Sheep { shepherd: Ref::to(shepherds[n % 2]) }, *pos));
            tx.spawn_all(flock)?;
            tx.spawn_all(pack.iter().map(|pos| (Wolf { eaten: 0 }, *pos)))?;
            Ok(())
        })?;
        Ok(Self { db, edge, random })
    }

    /// Everybody goes a step; wolves go to the nearest sheep, and eat what is in reach.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn round(&mut self) -> Result<(), TransactionError> {
        let (edge, seed) = (self.edge, self.random.u64(..));
        self.db.write(move |tx| {
            let mut random = fastrand::Rng::with_seed(seed);
            let wolves: Vec<(Entity, Pos)> =
                tx.query::<(Entity, &Pos)>().with::<Wolf>().into_iter().map(|(wolf, pos)| (wolf, *pos)).collect();
            for (wolf, at) in wolves {
                // The index sees what the wolves before this one have eaten.
                let near = tx.spatial(Pos::I.place)?.nearest([at.x, at.y], 8);
                let near: Vec<(f64, Entity, Pos)> = near.map(|(far, who, pos)| (far, who, *pos)).collect();
                let prey = near.into_iter().find(|(_, who, _)| tx.contains::<Sheep>(*who));
                match prey.filter(|(far, ..)| *far <= f64::from(SIGHT)) {
                    Some((far, sheep, _)) if far <= REACH => {
                        tx.despawn(sheep)?;
                        tx.update(wolf, Wolf::C.eaten.add(1))?;
                    }
                    Some((far, _, pos)) => {
                        let step = (f64::from(STEP) / far).min(1.0) as f32;
                        let to = Pos { x: at.x + (pos.x - at.x) * step, y: at.y + (pos.y - at.y) * step };
                        tx.insert(wolf, to)?;
                    }
                    None => {
                        let to = |at: f32, random: &mut fastrand::Rng| {
                            (at + (random.f32() - 0.5) * 2.0 * STEP).clamp(0.0, edge)
                        };
                        tx.insert(wolf, Pos { x: to(at.x, &mut random), y: to(at.y, &mut random) })?;
                    }
                }
            }
            Ok(())
        })
    }

    /// How things stand.
    pub fn look(&self) -> Round {
        let snapshot = self.db.snapshot();
        let (low, high) = (self.edge * 0.45, self.edge * 0.55);
        let middle = Pos::C.x.between(low, high).and(Pos::C.y.between(low, high));
        let sheep = snapshot.query::<Entity>().with::<Sheep>();
        let flocks = sheep.clone().group_by(Sheep::C.shepherd).count();
        let name = |shepherd: Ref<Shepherd>| snapshot.get::<Shepherd>(shepherd.entity()).map(|of| of.name().to_owned());
        let flocks = flocks.into_iter().filter_map(|(of, sheep)| Some((name(of)?, sheep as usize))).collect();
        let in_the_middle = snapshot.query::<&Pos>().filter(middle).count();
        let most = snapshot.query::<Entity>().with::<Wolf>().aggregate(max(Wolf::C.eaten));
        Round { sheep: sheep.aggregate(count()), most, flocks, in_the_middle }
    }

    /// How the middle of the meadow is found.
    pub fn plan(&self) -> String {
        let snapshot = self.db.snapshot();
        let (low, high) = (self.edge * 0.45, self.edge * 0.55);
        let middle = Pos::C.x.between(low, high).and(Pos::C.y.between(low, high));
        snapshot.query::<&Pos>().filter(middle).explain().to_string()
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sheep left", self.sheep)?;
        for (shepherd, sheep) in &self.flocks {
            write!(f, ", {sheep} of {shepherd}")?;
        }
        write!(f, "; the best wolf had {}; {} in the middle", self.most.unwrap_or(0), self.in_the_middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wolves_find_the_nearest_sheep_and_nobody_is_lost() {
        let mut field = Field::new(400, 3).unwrap();
        let before = field.look();
        assert_eq!((before.sheep, before.most), (400, Some(0)));
        for _ in 0..15 {
            field.round().unwrap();
        }
        let after = field.look();
        let eaten = field.db.snapshot().query::<Entity>().sum(Wolf::C.eaten).unwrap();
        assert!(eaten > 0, "twenty wolves among four hundred sheep");
        assert_eq!(u128::from(after.sheep) + eaten, 400);
        assert_eq!(after.flocks.iter().map(|(_, sheep)| *sheep as u64).sum::<u64>(), after.sheep);
    }
}
