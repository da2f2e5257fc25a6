//! The game: what happens in a tick, in which order.

use std::sync::Arc;

use ecsdb::{Db, Entity, OpenError, TransactionError};
use thiserror::Error;

use super::combat::{Blow, fight};
use super::components::{Purse, Treasury, Vel, World};
use super::definitions::{Definitions, DefinitionsError};
use super::market::{self, Outcome};
use super::movement::move_all;
use super::population::{spawn_items, spawn_mobs};

/// How many mobs are spawned in one transaction when the world is made.
const SPAWN_BATCH: usize = 10_000;

/// Why a world could not be made or played on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The kinds of mobs and items could not be loaded.
    #[error("cannot load the definitions: {0}")]
    Definitions(#[from] DefinitionsError),
    /// The database could not be opened.
    #[error("cannot open the database: {0}")]
    Open(#[from] OpenError),
    /// A transaction failed that should not.
    #[error("a transaction failed: {0}")]
    Transaction(#[from] TransactionError),
}

/// What kind of world it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many mobs live in it. Whoever dies is replaced in the same tick.
    pub mobs: usize,
    /// Ticks in a second.
    pub tick_rate: u32,
    /// Where all randomness comes from.
    pub seed: u64,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ticks played.
    pub ticks: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions refused by a guard.
    pub refused: u64,
    /// Rows written or removed.
    pub rows: u64,
    /// Trades committed.
    pub trades: u64,
    /// Items and piles of gold picked up.
    pub picked_up: u64,
    /// Items that fell to the ground.
    pub dropped: u64,
    /// Mobs that died; as many were spawned.
    pub deaths: u64,
}

/// A world that is played tick by tick.
pub struct Simulation {
    db: Db<World>,
    definitions: Arc<Definitions>,
    settings: Settings,
    rng: fastrand::Rng,
    treasury: Entity,
    gold: u64,
    /// All living mobs, in no order.
    mobs: Vec<Entity>,
    /// All items. They change hands but never go.
    items: Vec<Entity>,
    tally: Tally,
}

impl Simulation {
    /// Opens a database and populates it: the treasury gets all the gold there will ever be, 200 pieces a mob; then
    /// mobs are spawned from it, and an item for every second one.
    ///
    /// # Errors
    /// If something cannot be loaded, opened or spawned.
    pub fn new(settings: Settings) -> Result<Self, SimulationError> {
        let definitions = Arc::new(Definitions::load()?);
        let db = Db::<World>::in_memory()?;
        let gold = settings.mobs as u64 * 200;
        let treasury = db.spawn((Treasury, Purse { gold }))?;
        let mut world = Self {
            db,
            definitions,
            settings,
            rng: fastrand::Rng::with_seed(settings.seed),
            treasury,
            gold,
            mobs: Vec::with_capacity(settings.mobs),
            items: Vec::new(),
            tally: Tally::default(),
        };
        while world.mobs.len() < settings.mobs {
            world.spawn((settings.mobs - world.mobs.len()).min(SPAWN_BATCH))?;
        }
        let owners: Vec<Entity> = world.mobs.iter().copied().step_by(2).collect();
        let (definitions, mut rng) = (Arc::clone(&world.definitions), world.rng.fork());
        world.items = world.db.write(move |tx| spawn_items(tx, &definitions, owners, &mut rng))?;
        Ok(world)
    }

    /// The database that the world lives in.
    pub fn db(&self) -> &Db<World> {
        &self.db
    }

    /// All gold in the world, now and always.
    pub fn gold(&self) -> u64 {
        self.gold
    }

    /// The kinds of mobs and items.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// All living mobs, in no order.
    pub fn mobs(&self) -> &[Entity] {
        &self.mobs
    }

    /// All items.
    pub fn items(&self) -> &[Entity] {
        &self.items
    }

    /// What has happened since the world was made.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Plays one tick, and returns when all of it is visible.
    ///
    /// Deals are queued first and carried out by the writer while this thread prepares the rest; the queue keeps the
    /// order, so everybody in a deal still lives when its turn comes.
    ///
    /// # Errors
    /// If a transaction fails for another reason than a guard.
    pub fn tick(&mut self) -> Result<(), SimulationError> {
        let mobs = self.mobs.len();
        let snapshot = self.db.snapshot();
        let found = market::pick_ups(&self.db, &snapshot, &self.mobs, mobs.div_ceil(1000), &mut self.rng)?;
        let everyone = (&self.items[..], &self.mobs[..]);
        let sold = market::trades(&self.db, &snapshot, everyone, mobs.div_ceil(200), &mut self.rng)?;
        // A pinned version cannot be written to again, so it is let go as soon as it was read.
        drop(snapshot);
        self.move_everyone(mobs.div_ceil(500))?;
        let deaths = self.fight(mobs.div_ceil(500))?;
        if deaths > 0 {
            self.spawn(deaths)?;
        }
        let (found, sold) = (found.settle()?, sold.settle()?);
        self.count_deals(found);
        self.count_deals(sold);
        self.tally.picked_up += found.done;
        self.tally.trades += sold.done;
        self.tally.ticks += 1;
        Ok(())
    }

    fn count_deals(&mut self, deals: Outcome) {
        self.tally.commits += deals.done;
        self.tally.refused += deals.refused;
        self.tally.rows += deals.rows;
    }

    fn count_commit(&mut self, rows: u64) {
        self.tally.commits += 1;
        self.tally.rows += rows;
    }

    fn any_mob(&mut self) -> usize {
        self.rng.usize(..self.mobs.len())
    }

    fn move_everyone(&mut self, turns: usize) -> Result<(), SimulationError> {
        let turns = (0..turns)
            .map(|_| {
                let mob = self.any_mob();
                (self.mobs[mob], Vel::any(&mut self.rng))
            })
            .collect();
        let dt = 1.0 / self.settings.tick_rate as f32;
        let rows = self.db.write(move |tx| move_all(tx, dt, turns))?;
        self.count_commit(rows);
        Ok(())
    }

    /// Deals `count` blows. Returns how many mobs died.
    fn fight(&mut self, count: usize) -> Result<usize, SimulationError> {
        let mut victims = Vec::with_capacity(count);
        let mut blows = Vec::with_capacity(count);
        for _ in 0..count {
            let (attacker, victim) = (self.any_mob(), self.any_mob());
            if attacker != victim {
                let strength = self.rng.u16(2..=20);
                victims.push(victim);
                blows.push(Blow { attacker: self.mobs[attacker], victim: self.mobs[victim], strength });
            }
        }
        let treasury = self.treasury;
        let after = self.db.write(move |tx| fight(tx, &blows, treasury))?;
        self.count_commit(after.rows);
        let mut dead: Vec<usize> = after.deadly.iter().map(|blow| victims[*blow]).collect();
        // From the end, so that what takes a dead one's place is never one of them.
        dead.sort_unstable_by(|a, b| b.cmp(a));
        for index in &dead {
            self.mobs.swap_remove(*index);
        }
        self.tally.deaths += dead.len() as u64;
        self.tally.dropped += after.dropped;
        Ok(dead.len())
    }

    fn spawn(&mut self, count: usize) -> Result<(), SimulationError> {
        let (definitions, treasury, mut rng) = (Arc::clone(&self.definitions), self.treasury, self.rng.fork());
        let spawned = self.db.write(move |tx| spawn_mobs(tx, &definitions, count, treasury, &mut rng))?;
        self.mobs.extend(spawned);
        self.count_commit(count as u64 * 6 + 1);
        Ok(())
    }
}
