//! A whole run: makes a world, plays it at its rate for some seconds while readers watch, and measures.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use thiserror::Error;

use super::clock::Clock;
use super::options::Options;
use super::readers::{ReaderError, Readers, check};
use super::report::{MemoryFigures, Progress, Report};
use super::simulation::{Simulation, SimulationError};

/// Why a run did not come to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The game stopped.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// A reader stopped.
    #[error(transparent)]
    Reader(#[from] ReaderError),
}

/// The longest tick that is told from longer ones, in microseconds.
const TICK_MAX_US: u64 = 600_000_000;

/// Plays `world` as `options` say, each tick through `tick`, and tells `progress` where it stands after every `interval`.
///
/// # Errors
/// If the world cannot be played on, or a reader sees a state that is not consistent.
pub fn run(
    world: &mut Simulation,
    options: &Options,
    interval: Duration,
    mut tick: impl FnMut(&mut Simulation) -> Result<(), SimulationError>,
    mut progress: impl FnMut(&Progress),
) -> Result<Report, RunError> {
    let readers = Readers::start(world.db(), options.readers as usize, world.constants())?;

    // A fixed range and precision that are valid, so making it cannot fail.
    let mut tick_us = Histogram::<u64>::new_with_bounds(1, TICK_MAX_US, 3).expect("the bounds are valid");
    let (mut held, mut running) = (0, MemoryFigures::default());
    let start = Instant::now();
    let length = Duration::from_secs(options.seconds.into());
    let mut clock = Clock::new(options.tick_rate, start);
    let mut next_progress = start + interval;
    let mut next_sample = start + Duration::from_millis(500);
    let planned = u64::from(options.seconds) * u64::from(options.tick_rate);
    while world.tally().ticks < planned && clock.due() < start + length && !readers.have_failed() {
        clock.wait();
        let begin = Instant::now();
        tick(world)?;
        let end = Instant::now();
        tick_us.saturating_record((end - begin).as_micros() as u64);
        held += u64::from(clock.finish(end));
        if end >= next_sample {
            running = running.max(memory(world)?);
            next_sample += Duration::from_secs(1);
        }
        if end >= next_progress {
            progress(&Progress {
                elapsed: end - start,
                length,
                held,
                tally: world.tally(),
                read: readers.totals(),
                tick_p50_us: tick_us.value_at_quantile(0.5),
            });
            next_progress = end + interval;
        }
    }
    let elapsed = start.elapsed();
    running = running.max(memory(world)?);
    let read = readers.finish()?;
    world.db().trim().map_err(SimulationError::from)?;
    let rest = memory(world)?;
    let snapshot = world.db().snapshot();
    check(&snapshot, world.constants()).map_err(ReaderError::from)?;
    Ok(Report {
        options: options.clone(),
        mob_kinds: world.definitions().mobs.len(),
        item_kinds: world.definitions().items.len(),
        items: world.items().len(),
        mobs: world.constants().mobs,
        populated: world.made(),
        elapsed,
        held,
        planned,
        tick_us,
        tally: world.tally(),
        read,
        gold: world.constants().gold,
        running,
        rest,
    })
}

fn memory(world: &Simulation) -> Result<MemoryFigures, SimulationError> {
    let usage = world.db().memory()?;
    Ok(MemoryFigures {
        entities: world.db().stats().entities,
        payload_bytes: usage.payload_bytes,
        total_bytes: usage.total_bytes(),
    })
}
