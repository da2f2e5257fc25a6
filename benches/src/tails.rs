//! How long the slowest reads and commits take while others read, write and hold on to what they read: ecsdb, and the same rows
//! behind a `RwLock`.
//!
//! A read is what a system of a game does between frames: get at the newest state, look at one row, let go. A holder keeps one
//! state for [`HELD`] and looks at it again before it lets go, as a long system or a save does. A commit is one row, and is over
//! when every reader can see it.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::RwLock;
use std::time::Instant;

use hdrhistogram::Histogram;

use crate::random::Random;
use crate::work::Raw;
use crate::world::{Filled, Pos, fresh};

/// How many reads a reader makes in a row, and how long it pauses then: readers that never pause take all processors, and the
/// longest times are those of the scheduler.
const BURST: usize = 64;
const PAUSE: Duration = Duration::from_micros(200);

/// What a time counts as that is longer, in nanoseconds: a minute.
const LONGEST: u64 = 60_000_000_000;

/// How long a holder keeps a state.
pub const HELD: Duration = Duration::from_millis(5);

/// A store that several threads read and one writes.
pub trait Shared: Sync {
    /// What it is called in the table.
    const NAME: &'static str;

    /// How many rows it has.
    fn rows(&self) -> usize;

    /// Reads row `row` of the newest state.
    fn read(&self, row: usize) -> f32;

    /// Keeps the newest state for `time`, and says whether row `row` has changed under it meanwhile.
    fn hold(&self, row: usize, time: Duration) -> bool;

    /// Changes row `row`, and returns when everybody can see it.
    fn commit(&self, row: usize, x: f32);
}

/// The world of the benchmarks.
pub struct Versions(pub Filled);

impl Versions {
    /// A world of `count` bodies.
    pub fn filled(count: usize) -> Self {
        Self(fresh(count))
    }
}

impl Shared for Versions {
    const NAME: &'static str = "ecsdb";

    fn rows(&self) -> usize {
        self.0.entities.len()
    }

    fn read(&self, row: usize) -> f32 {
        self.0.db.snapshot().get::<Pos>(self.0.entities[row]).map_or(0.0, |pos| pos.x)
    }

    fn hold(&self, row: usize, time: Duration) -> bool {
        let snapshot = self.0.db.snapshot();
        let x = || snapshot.get::<Pos>(self.0.entities[row]).map(|pos| pos.x);
        let before = x();
        std::thread::sleep(time);
        x() != before
    }

    fn commit(&self, row: usize, x: f32) {
        let mut tx = self.0.db.begin();
        tx.update(self.0.entities[row], Pos::C.x.set(x));
        tx.commit().and_then(ecsdb::Ticket::visible).expect("the entity is alive");
    }
}

/// The same rows in vectors behind a lock: no log, no undo, no versions. Who wants a state that stays as it is holds the lock.
pub struct Locked(RwLock<Raw>);

impl Locked {
    /// A world of `count` bodies.
    pub fn filled(count: usize) -> Self {
        Self(RwLock::new(Raw::filled(count)))
    }
}

impl Shared for Locked {
    const NAME: &'static str = "`RwLock`";

    fn rows(&self) -> usize {
        self.0.read().expect("nobody panics").pos.len()
    }

    fn read(&self, row: usize) -> f32 {
        self.0.read().expect("nobody panics").pos[row].x
    }

    fn hold(&self, row: usize, time: Duration) -> bool {
        let raw = self.0.read().expect("nobody panics");
        let before = raw.pos[row].x;
        std::thread::sleep(time);
        raw.pos[row].x != before
    }

    fn commit(&self, row: usize, x: f32) {
        self.0.write().expect("nobody panics").pos[row].x = x;
    }
}

/// How long each of many took, in nanoseconds.
pub struct Tail(Histogram<u64>);

impl Tail {
    fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 3).expect("three digits are possible"))
    }

    fn note(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that a share of `part` of them took at the most: 0.5 gives the median, 1 the longest.
    pub fn quantile(&self, part: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(part))
    }
}

/// What some threads have met.
pub struct Tails {
    /// Of all reads.
    pub reads: Tail,
    /// Of all commits.
    pub commits: Tail,
    /// How often a state has changed under its holder.
    pub torn: usize,
}

/// Lets one thread commit without a pause, `readers` threads read, and `holders` threads hold one state after the other, for `time`.
pub fn run<S: Shared>(store: &S, readers: usize, holders: usize, time: Duration) -> Tails {
    let stop = &AtomicBool::new(false);
    let rows = store.rows();
    let go_on = || !stop.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let reading: Vec<_> = (0..readers)
            .map(|number| {
                scope.spawn(move || {
                    let (mut tail, mut random) = (Tail::new(), Random::new(number as u64));
                    // Once at least, however late the thread begins.
                    loop {
                        for _ in 0..BURST {
                            let row = random.below(rows);
                            let began = Instant::now();
                            black_box(store.read(row));
                            tail.note(began.elapsed());
                        }
                        if !go_on() {
                            return tail;
                        }
                        std::thread::sleep(PAUSE);
                    }
                })
            })
            .collect();
        let holding: Vec<_> = (0..holders)
            .map(|number| {
                scope.spawn(move || {
                    let mut random = Random::new(1000 + number as u64);
                    let mut torn = 0;
                    while go_on() {
                        torn += usize::from(store.hold(random.below(rows), HELD));
                    }
                    torn
                })
            })
            .collect();
        let mut random = Random::new(2000);
        let (mut commits, began) = (Tail::new(), Instant::now());
        let mut last = began;
        while last - began < time {
            store.commit(random.below(rows), random.below(1 << 20) as f32);
            let now = Instant::now();
            commits.note(now - last);
            last = now;
        }
        stop.store(true, Ordering::Relaxed);
        let mut reads = Tail::new();
        for thread in reading {
            reads.0.add(thread.join().expect("no reader panics").0).expect("all histograms have one shape");
        }
        let torn = holding.into_iter().map(|thread| thread.join().expect("no holder panics")).sum();
        Tails { reads, commits, torn }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_through_and_nothing_is_torn() {
        fn check<S: Shared>(store: &S) {
            let tails = run(store, 2, 1, Duration::from_millis(30));
            assert!(tails.reads.count() > 0 && tails.commits.count() > 0, "{}", S::NAME);
            assert_eq!(tails.torn, 0, "{}", S::NAME);
            assert!(tails.reads.quantile(0.5) <= tails.reads.quantile(1.0), "{}", S::NAME);
        }
        check(&Versions::filled(100));
        check(&Locked::filled(100));
    }
}
