//! The game: what happens in a tick, in which order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ecsdb::{Db, Entity, OpenError, Snapshot, TransactionError};
use thiserror::Error;

use super::combat::{Blow, fight};
use super::components::{Item, Mob, Purse, PurseRef, Treasury, Vel, World};
use super::definitions::{Definitions, DefinitionsError};
use super::market::{self, Outcome};
use super::movement::move_all;
use super::options::Options;
use super::population::{spawn_items, spawn_mobs};
use super::readers::Constants;

/// How many mobs are spawned in one transaction when the world is made.
const SPAWN_BATCH: usize = 10_000;

/// How many rows a mob has: one for each of [`MobParts`](super::components::MobParts).
const ROWS_OF_A_MOB: u64 = 6;

/// Why a world could not be made or played on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The kinds of mobs and items could not be loaded.
    #[error("cannot load the definitions")]
    Definitions(#[from] DefinitionsError),
    /// The database could not be opened.
    #[error("cannot open the database")]
    Open(#[from] OpenError),
    /// A transaction failed that should not.
    #[error("a transaction failed")]
    Transaction(#[from] TransactionError),
    /// Nobody listens any more to what happens.
    #[error("cannot tell what happens")]
    Told(#[source] std::io::Error),
    /// The database holds something, but no world: nobody has the gold.
    #[error("the database holds something else than a world: there is no treasury")]
    NoTreasury,
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

impl From<&Options> for Settings {
    fn from(options: &Options) -> Self {
        Self { mobs: options.entities as usize, tick_rate: options.tick_rate, seed: options.seed }
    }
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
    made: Duration,
}

/// What stays the same in the world of `snapshot` from then on.
pub fn constants_of(snapshot: &Snapshot<World>) -> Constants {
    Constants {
        gold: snapshot.query::<PurseRef<'_>>().iter().map(|purse| purse.gold()).sum(),
        mobs: snapshot.table::<Mob>().len(),
        items: snapshot.table::<Item>().len(),
    }
}

impl Simulation {
    /// Goes on with the world in `db`. If there is none, populates it: the treasury gets all the gold there will ever be, 200
    /// pieces a mob; then mobs are spawned from it, and an item for every second one.
    ///
    /// # Errors
    /// If something cannot be loaded or spawned, or `db` holds something else.
    pub fn new(db: Db<World>, mut settings: Settings) -> Result<Self, SimulationError> {
        let definitions = Arc::new(Definitions::load()?);
        let begin = Instant::now();
        let snapshot = db.snapshot();
        let is_new = snapshot.entity_count() == 0;
        let mut world = if is_new {
            let gold = settings.mobs as u64 * 200;
            let treasury = db.spawn((Treasury, Purse { gold }))?;
            Self {
                definitions,
                settings,
                rng: fastrand::Rng::with_seed(settings.seed),
                treasury,
                gold,
                mobs: Vec::with_capacity(settings.mobs),
                items: Vec::new(),
                tally: Tally::default(),
                made: Duration::ZERO,
                db,
            }
        } else {
            let treasury = snapshot.query::<Entity>().with::<Treasury>().iter().next();
            let Constants { gold, mobs, .. } = constants_of(&snapshot);
            settings.mobs = mobs;
            Self {
                definitions,
                settings,
                // Another game than the one that was played so far.
                rng: fastrand::Rng::with_seed(settings.seed ^ snapshot.version()),
                treasury: treasury.ok_or(SimulationError::NoTreasury)?,
                gold,
                mobs: snapshot.query::<Entity>().with::<Mob>().iter().collect(),
                items: snapshot.query::<Entity>().with::<Item>().iter().collect(),
                tally: Tally::default(),
                made: Duration::ZERO,
                db,
            }
        };
        drop(snapshot);
        while world.mobs.len() < settings.mobs {
            world.spawn((settings.mobs - world.mobs.len()).min(SPAWN_BATCH))?;
        }
        if is_new {
            let owners: Vec<Entity> = world.mobs.iter().copied().step_by(2).collect();
            let (definitions, mut rng) = (Arc::clone(&world.definitions), world.rng.fork());
            world.items = world.db.write(move |tx| spawn_items(tx, &definitions, owners, &mut rng))?;
        }
        world.made = begin.elapsed();
        Ok(world)
    }

    /// How long it took to make it.
    pub fn made(&self) -> Duration {
        self.made
    }

    /// The database that the world lives in.
    pub fn db(&self) -> &Db<World> {
        &self.db
    }

    /// What stays the same while the world is played.
    pub fn constants(&self) -> Constants {
        Constants { gold: self.gold, mobs: self.settings.mobs, items: self.items.len() }
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
    /// Deals are queued first, each as a transaction of its own, then what happens to the mobs as one large one; this
    /// thread waits only once, for the end. The queue keeps the order, so whoever is in a deal still lives when its turn
    /// comes.
    ///
    /// # Errors
    /// If a transaction fails for another reason than a guard.
    pub fn tick(&mut self) -> Result<(), SimulationError> {
        let mobs = self.mobs.len();
        let snapshot = self.db.snapshot();
        let found = market::pick_ups(&self.db, &snapshot, &self.mobs, mobs.div_ceil(1000), &mut self.rng)?;
        let everyone = (&self.items[..], &self.mobs[..]);
        let sold = market::trades(&self.db, &snapshot, everyone, mobs.div_ceil(400), &mut self.rng)?;
        // A pinned version cannot be written to again, so it is let go as soon as it was read.
        drop(snapshot);
        self.live(mobs.div_ceil(1000))?;
        let (found, sold) = (found.settle()?, sold.settle()?);
        self.count(found);
        self.count(sold);
        self.tally.picked_up += found.done;
        self.tally.trades += sold.done;
        self.tally.ticks += 1;
        Ok(())
    }

    fn count(&mut self, outcome: Outcome) {
        self.tally.commits += outcome.done;
        self.tally.refused += outcome.refused;
        self.tally.rows += outcome.rows;
    }

    /// Moves everyone, deals `count` blows, and replaces the dead, all in one transaction: no reader ever sees the world
    /// with a mob too few.
    fn live(&mut self, count: usize) -> Result<(), SimulationError> {
        let turns = self.turns(count);
        let (blows, victims) = self.blows(count);
        let (definitions, treasury, mut rng) = (Arc::clone(&self.definitions), self.treasury, self.rng.fork());
        let dt = 1.0 / self.settings.tick_rate as f32;
        let (moved, after, spawned) = self.db.write(move |tx| {
            let moved = move_all(tx, dt, turns)?;
            let after = fight(tx, &blows, treasury)?;
            let spawned = spawn_mobs(tx, &definitions, after.deadly.len(), treasury, &mut rng)?;
            Ok((moved, after, spawned))
        })?;
        let mut dead: Vec<usize> = after.deadly.iter().map(|blow| victims[*blow]).collect();
        // From the end, so that what takes a dead one's place is never one of them.
        dead.sort_unstable_by(|a, b| b.cmp(a));
        for index in dead {
            self.mobs.swap_remove(index);
        }
        let rows = moved + after.rows + spawned.len() as u64 * ROWS_OF_A_MOB;
        self.count(Outcome { done: 1, refused: 0, rows });
        self.tally.deaths += spawned.len() as u64;
        self.tally.dropped += after.dropped;
        self.mobs.extend(spawned);
        Ok(())
    }

    fn any_mob(&mut self) -> usize {
        self.rng.usize(..self.mobs.len())
    }

    fn turns(&mut self, count: usize) -> Vec<(Entity, Vel)> {
        (0..count)
            .map(|_| {
                let mob = self.any_mob();
                (self.mobs[mob], Vel::any(&mut self.rng))
            })
            .collect()
    }

    /// Up to `count` blows, with the place of each victim in `mobs`.
    fn blows(&mut self, count: usize) -> (Vec<Blow>, Vec<usize>) {
        let mut blows = Vec::with_capacity(count);
        let mut victims = Vec::with_capacity(count);
        for _ in 0..count {
            let (attacker, victim) = (self.any_mob(), self.any_mob());
            if attacker != victim {
                let strength = self.rng.u16(2..=20);
                blows.push(Blow { attacker: self.mobs[attacker], victim: self.mobs[victim], strength });
                victims.push(victim);
            }
        }
        (blows, victims)
    }

    /// Spawns `count` mobs more, in a transaction of its own.
    fn spawn(&mut self, count: usize) -> Result<(), SimulationError> {
        let (definitions, treasury, mut rng) = (Arc::clone(&self.definitions), self.treasury, self.rng.fork());
        let spawned = self.db.write(move |tx| spawn_mobs(tx, &definitions, count, treasury, &mut rng))?;
        self.mobs.extend(spawned);
        Ok(())
    }
}
