//! The arena: who fights, and how a round goes.

use ecsdb::{Component, Db, Entity, TransactionError};

/// Somebody who fights.
#[derive(Component)]
pub struct Fighter {
    /// How they are called.
    pub name: String,
    /// How much they can still take.
    pub hp: u32,
    /// How many they have beaten.
    pub wins: u32,
}

ecsdb::schema! {
    /// The tables of the arena.
    pub Pit: Fighter
}

const NAMES: [&str; 8] = ["Ann", "Bob", "Cid", "Dot", "Eve", "Fay", "Gus", "Hal"];

/// With what a fighter begins.
const HP: u32 = 20;

/// Fighters that hit each other, round by round.
pub struct Arena {
    db: Db<Pit>,
    fighters: Vec<Entity>,
    random: fastrand::Rng,
    named: usize,
}

impl Arena {
    /// `fighters` fighters in `db`. The same seed fights the same fights.
    ///
    /// # Errors
    /// If the database refuses.
    pub fn new(db: Db<Pit>, fighters: usize, seed: u64) -> Result<Self, TransactionError> {
        let mut arena = Self { db, fighters: Vec::new(), random: fastrand::Rng::with_seed(seed), named: 0 };
        for _ in 0..fighters.max(2) {
            let fighter = arena.newcomer();
            arena.fighters.push(arena.db.spawn(fighter)?);
        }
        Ok(arena)
    }

    fn newcomer(&mut self) -> Fighter {
        let (name, round) = (NAMES[self.named % NAMES.len()], self.named / NAMES.len() + 1);
        self.named += 1;
        Fighter { name: format!("{name} {round}"), hp: HP, wins: 0 }
    }

    /// One hits another, who may fall and make place for a newcomer. A transaction.
    ///
    /// # Errors
    /// If the database refuses.
    pub fn round(&mut self) -> Result<(), TransactionError> {
        let attacker = self.random.usize(..self.fighters.len());
        let other = (attacker + self.random.usize(1..self.fighters.len())) % self.fighters.len();
        let (winner, victim, damage) = (self.fighters[attacker], self.fighters[other], self.random.u32(1..=6));
        let newcomer = self.newcomer();
        let came = self.db.write(move |tx| {
            let left = tx.get::<Fighter>(victim).map_or(0, |fighter| fighter.hp().saturating_sub(damage));
            if left > 0 {
                tx.update(victim, Fighter::C.hp.set(left))?;
                return Ok(None);
            }
            tx.despawn(victim)?;
            tx.update(winner, Fighter::C.wins.add(1))?;
            Ok(Some(tx.spawn(newcomer)?))
        })?;
        match came {
            Some(entity) => self.fighters[other] = entity,
            // Nobody has seen the name.
            None => self.named -= 1,
        }
        Ok(())
    }
}
