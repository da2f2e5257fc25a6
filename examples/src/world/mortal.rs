//! A world in a directory that is played until somebody kills it: the half of the demonstration that dies.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ecsdb::Db;
use thiserror::Error;

use super::chronicle::{Chronicle, Message, Teller};
use super::clock::Clock;
use super::components::World;
use super::options::Options;
use super::report::Progress;
use super::run::{RunError, run};
use super::simulation::{Settings, Simulation, SimulationError};

/// Why the world came to an end by itself.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MortalError {
    /// The game stopped.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Nobody listens any more, or the system gave no thread.
    #[error("cannot tell what happens")]
    Teller(#[from] io::Error),
    /// Nobody killed it.
    #[error("nobody has stopped the game in {} s", PATIENCE.as_secs())]
    Immortal,
}

impl From<SimulationError> for MortalError {
    fn from(error: SimulationError) -> Self {
        Self::Run(error.into())
    }
}

/// How long the game goes on after its report.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the durable version is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How long a commit may stay unsynced: a tick, about. The game does not wait for it.
const SYNC_WITHIN: Duration = Duration::from_millis(10);

/// Plays in `directory` as `options` say, and tells `teller` of every commit, every tick, and how it went; then goes on.
///
/// # Errors
/// Always, unless the process is killed.
pub fn play_until_killed(
    options: &Options,
    directory: &Path,
    teller: Teller,
    interval: Duration,
    progress: impl FnMut(&Progress),
) -> Result<(), MortalError> {
    let chronicle = Chronicle::new(teller.clone());
    let db = Db::<World>::builder().directory(directory).sync_within(SYNC_WITHIN).commit_log(chronicle.clone());
    let db = db.open().map_err(SimulationError::from)?;
    chronicle.begin(&db)?;
    let _durable = Durable::tell(&db, &teller)?;
    let mut world = Simulation::new(db, Settings::from(options))?;
    let mut tick = 0;
    let mut told = |world: &mut Simulation| {
        tick += 1;
        teller.tell(&Message::Tick(tick)).map_err(SimulationError::Told)?;
        world.tick()?;
        teller.tell(&Message::Visible(world.db().stats().version)).map_err(SimulationError::Told)?;
        teller.tell(&Message::Tock(tick)).map_err(SimulationError::Told)
    };
    let report = run(&mut world, options, interval, &mut told, progress)?;
    for line in report.to_string().lines() {
        teller.tell(&Message::Report(line.to_owned()))?;
    }
    teller.tell(&Message::Played)?;
    // A tick is over sooner than a process is killed.
    chronicle.dawdle();
    let begin = Instant::now();
    let mut clock = Clock::new(options.tick_rate, begin);
    while begin.elapsed() < PATIENCE {
        clock.wait();
        told(&mut world)?;
        clock.finish(Instant::now());
    }
    Err(MortalError::Immortal)
}

/// A thread that tells which version is durable. Dropping this ends it.
struct Durable(Arc<AtomicBool>);

impl Durable {
    fn tell(db: &Db<World>, teller: &Teller) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (db, teller, stopped) = (db.clone(), teller.clone(), Arc::clone(&stop));
        std::thread::Builder::new().name("durable".to_owned()).spawn(move || {
            let mut told = None;
            while !stopped.load(Ordering::Relaxed) {
                let durable = db.stats().durable_version;
                if let Some(version) = durable.filter(|_| durable != told)
                    && teller.tell(&Message::Durable(version)).is_err()
                {
                    // The game finds out by itself that nobody listens.
                    return;
                }
                told = durable;
                std::thread::sleep(LOOK_EVERY);
            }
        })?;
        Ok(Self(stop))
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
