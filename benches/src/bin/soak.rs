//! Runs a database for long and watches its memory: `soak [seconds]`, 20 by default; a day by hand. `soak [seconds] [directory]` keeps
//! it in a directory, with checkpoints all the time, and watches that as well; it must be empty, and has the database in it afterwards.
//!
//! One thread commits: rows change, entities end and others begin, so that their number stays. Readers pin and let go, one follows
//! the changes. In turns, nobody holds on to anything, a snapshot is held all the time, and it is let go. It prints a line for every
//! turn, and panics if memory grows when nothing does, if more of it is spare than versions could have had that somebody held, if a
//! held snapshot keeps more than it may (the pages that it had, and what commits need anyway), or if that does not come back. In a
//! directory it panics too if there is more than the last two complete snapshot files ask for, or if what is opened at the end is not
//! what was closed.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ecsdb::stats::MemoryUsage;
use ecsdb::{Db, DbBuilder, Snapshot};
use ecsdb_benches::allocations::{Counting, bytes_in_use};
use ecsdb_benches::entity_count;
use ecsdb_benches::random::Random;
use ecsdb_benches::world::{Filled, Pos, Vel, World, body, fill};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What memory may differ by from one turn to the next for other reasons: lists that grow, pages on their way.
const NOISE: usize = 1 << 20;

/// What of the last commits is kept for those who follow the changes.
const HISTORY: usize = 4 << 20;

/// Who may hold a version: two readers, the snapshot of a turn, who follows, a checkpoint, and the writer, which has one to write into.
const HOLDERS: usize = 6;

/// Bytes of log after which a checkpoint is made.
const CHECKPOINT: u64 = 4 << 20;

/// How large the files of the log are.
const SEGMENT: u64 = 1 << 20;

/// How many snapshot files go on from one another, at the most.
const CHAIN: u64 = 8;

/// How often memory is looked at in a turn.
const LOOKS: u32 = 10;

/// What was seen in one turn.
#[derive(Clone, Copy)]
struct Seen {
    /// Pages that the published version does not have, at the most: of snapshots, and of versions that will be written again.
    retained: usize,
    /// The same for each version that a snapshot holds. A reader that the system leaves waiting holds one as well.
    retained_each: usize,
    /// Everything that the process has allocated but the spare memory, at the least: what a leak moves, whatever comes and goes.
    allocated: usize,
    /// What the writer keeps for the next commits, at the most. It stays as large as it ever had to be, because this writer never
    /// rests; and that depends on how long the system has left a reader waiting with a version in its hands.
    spare: usize,
    /// What is in the directory, at the most.
    on_disk: OnDisk,
}

fn main() -> io::Result<()> {
    let seconds = std::env::args().nth(1).map_or(20.0, |text| text.parse().expect("a number of seconds"));
    let count = entity_count().min(200_000);
    let directory = std::env::args().nth(2).map(PathBuf::from);
    let world = fill(settings(directory.as_deref()).open().expect("the directory is empty, and can be written"), count);
    let (stop, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    let db = world.db.clone();
    // The first cycle warms up; the second is what later ones are held to.
    let cycles = ((seconds / 60.0) as u32).max(3);
    let turn = Duration::from_secs_f64(seconds) / (3 * cycles);
    let mut out = io::stdout().lock();
    writeln!(out, "{count} entities, {cycles} cycles of three turns, {turn:.1?} each")?;
    writeln!(
        out,
        "{:>9} {:<8} {:>10} {:>12} {:>12} {:>12} {:>12} {:>6} {:>12}",
        "seconds", "turn", "commits", "live", "retained", "spare", "allocated", "files", "on disk"
    )?;
    let go_on = || !stop.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        scope.spawn(|| write_until(world, &go_on, &commits));
        for number in 0..2 {
            let (db, go_on) = (&db, &go_on);
            scope.spawn(move || read_until(db, number, go_on));
        }
        scope.spawn(|| follow_until(&db, &go_on));
        // Also when a check fails: the others have to end before the panic can go on.
        let _stop = Stop(&stop);
        let began = Instant::now();
        let mut first = None;
        for cycle in 0..cycles {
            let mut take = |name: &str, held: Option<&Snapshot<World>>| {
                let (seen, usage) = watch(&db, directory.as_deref(), turn)?;
                let live = live_bytes(&usage);
                writeln!(
                    out,
                    "{:>9.1} {name:<8} {:>10} {live:>12} {:>12} {:>12} {:>12} {:>6} {:>12}",
                    began.elapsed().as_secs_f64(),
                    commits.load(Ordering::Relaxed),
                    seen.retained,
                    seen.spare,
                    seen.allocated,
                    seen.on_disk.files,
                    seen.on_disk.bytes
                )?;
                seen.on_disk.check((live + usage.directory_bytes) as u64);
                // A spare page was once one of a version that somebody held.
                let limit = HOLDERS * live + NOISE;
                assert!(seen.spare <= limit, "{} bytes are spare, {limit} are allowed", seen.spare);
                black_box(held.map(sum));
                io::Result::Ok(seen)
            };
            let free = take("free", None)?;
            let before = live_bytes(&db.memory().expect("the database is open"));
            let snapshot = db.snapshot();
            let expected = sum(&snapshot);
            let held = take("held", Some(&snapshot))?;
            assert_eq!(sum(&snapshot), expected, "what a snapshot sees has changed");
            drop(snapshot);
            let after = take("let go", None)?;
            let limit = before + free.retained_each.max(after.retained_each) + NOISE;
            assert!(
                held.retained_each <= limit,
                "a snapshot retains {} bytes, {limit} are allowed",
                held.retained_each
            );
            if cycle == 0 {
                continue;
            }
            let first = *first.get_or_insert(after);
            let limit = first.allocated + first.allocated / 20 + HISTORY + NOISE;
            assert!(after.allocated <= limit, "memory grows: {} bytes, {limit} are allowed", after.allocated);
        }
        writeln!(out, "memory is flat, and a held snapshot keeps what it may")
    })?;
    if let Some(directory) = &directory {
        let expected = (db.snapshot().version(), sum(&db.snapshot()));
        db.close().expect("what was committed is durable");
        drop(db);
        let began = Instant::now();
        let again = settings(Some(directory)).open().expect("what was closed can be opened");
        assert_eq!(
            (again.snapshot().version(), sum(&again.snapshot())),
            expected,
            "what was opened is not what was closed"
        );
        writeln!(out, "the directory is bounded, and was opened again in {:.1?}", began.elapsed())?;
    }
    Ok(())
}

/// In memory, or in `directory`.
fn settings(directory: Option<&Path>) -> DbBuilder<World> {
    let settings = Db::builder().worker_threads(1).history(1024, HISTORY);
    match directory {
        None => settings,
        Some(directory) => {
            settings.directory(directory).segment_bytes(SEGMENT as usize).checkpoint_every(CHECKPOINT, None)
        }
    }
}

/// What is in a directory.
#[derive(Clone, Copy, Default)]
struct OnDisk {
    files: u64,
    bytes: u64,
}

impl OnDisk {
    /// What is in `directory`, and in those in it.
    fn of(directory: &Path) -> io::Result<Self> {
        let mut found = Self::default();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            // It may be gone by now.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                let within = Self::of(&entry.path())?;
                found = Self { files: found.files + within.files, bytes: found.bytes + within.bytes };
            } else {
                found = Self { files: found.files + 1, bytes: found.bytes + metadata.len() };
            }
        }
        Ok(found)
    }

    /// Fails if there is more than there may be for `complete` bytes in a complete snapshot file.
    fn check(self, complete: u64) {
        // What goes on from a complete file takes as much as that at the most, before the next complete one comes. Two chains are
        // kept, one more until its successor counts, and a file is being written. The log goes back to the oldest of them,
        // and twice as far if checkpoints do not keep up.
        let checkpoints = 3 * CHAIN;
        let log = 2 * checkpoints * CHECKPOINT;
        let bytes = 7 * (complete + complete / 4) + log;
        let files = checkpoints + log / SEGMENT + 2 * checkpoints;
        assert!(self.bytes <= bytes, "{} bytes are on disk, {bytes} are allowed", self.bytes);
        assert!(self.files <= files, "{} files are there, {files} are allowed", self.files);
    }
}

/// Sets a flag when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn live_bytes(usage: &MemoryUsage) -> usize {
    usage.payload_bytes + usage.heap_bytes + usage.index_bytes + usage.slack_bytes
}

/// Looks at memory, and at what is in `directory`, some times in `turn`. Returns the most of each, and the last.
fn watch(db: &Db<World>, directory: Option<&Path>, turn: Duration) -> io::Result<(Seen, MemoryUsage)> {
    let on_disk = OnDisk::default();
    let mut seen = Seen { retained: 0, retained_each: 0, allocated: usize::MAX, spare: 0, on_disk };
    let mut usage = MemoryUsage::default();
    for look in 0..LOOKS {
        std::thread::sleep(turn / LOOKS);
        if let Some(directory) = directory {
            let OnDisk { files, bytes } = OnDisk::of(directory)?;
            seen.on_disk.files = seen.on_disk.files.max(files);
            seen.on_disk.bytes = seen.on_disk.bytes.max(bytes);
        }
        // What the turn before has left goes in the first half.
        if look < LOOKS / 2 {
            continue;
        }
        let pinned = db.stats().pinned_versions;
        usage = db.memory().expect("the database is open");
        let pinned = pinned.max(db.stats().pinned_versions).max(1);
        seen.retained = seen.retained.max(usage.retained_bytes);
        seen.retained_each = seen.retained_each.max(usage.retained_bytes / pinned);
        seen.allocated = seen.allocated.min(bytes_in_use().saturating_sub(usage.spare_bytes));
        seen.spare = seen.spare.max(usage.spare_bytes);
    }
    Ok((seen, usage))
}

/// A number that depends on every row of a table.
fn sum(snapshot: &Snapshot<World>) -> f64 {
    let mut sum = 0.0;
    snapshot.query::<&Pos>().for_each(|pos| sum += f64::from(pos.x));
    sum
}

/// Changes rows, and replaces entities now and then, a hundred to a commit.
fn write_until(world: Filled, go_on: &impl Fn() -> bool, commits: &AtomicU64) {
    let Filled { db, mut entities } = world;
    let mut random = Random::new(1);
    while go_on() {
        let places: Vec<usize> = (0..100).map(|_| random.below(entities.len())).collect();
        if random.below(4) == 0 {
            let mut places = places;
            places.sort_unstable();
            places.dedup();
            let old: Vec<_> = places.iter().map(|place| entities[*place]).collect();
            let bodies = places.clone();
            let replaced = db.write(move |tx| {
                for entity in old {
                    tx.despawn(entity)?;
                }
                Ok(tx.spawn_all(bodies.into_iter().map(body))?)
            });
            for (place, entity) in places.into_iter().zip(replaced.expect("there is room")) {
                entities[place] = entity;
            }
        } else {
            let mut tx = db.begin();
            for place in places {
                tx.update(entities[place], Pos::C.x.set(place as f32));
                tx.update(entities[place], Vel::C.y.set(1.0));
            }
            tx.commit().and_then(ecsdb::Ticket::visible).expect("the entities are alive");
        }
        commits.fetch_add(1, Ordering::Relaxed);
    }
}

/// Pins, reads a little, and lets go.
fn read_until(db: &Db<World>, number: u64, go_on: &impl Fn() -> bool) {
    let mut random = Random::new(100 + number);
    while go_on() {
        let snapshot = db.snapshot();
        let some = random.below(2000);
        black_box(snapshot.query::<(&Pos, &Vel)>().iter().take(some).map(|(pos, vel)| pos.x + vel.x).sum::<f32>());
        drop(snapshot);
        std::thread::sleep(Duration::from_micros(random.below(500) as u64));
    }
}

/// Follows the changes of a table, somewhat slowly.
fn follow_until(db: &Db<World>, go_on: &impl Fn() -> bool) {
    let mut subscription = db.subscribe::<Pos>().expect("the database is open");
    while go_on() {
        match subscription.try_recv() {
            Ok(Some(changes)) => drop(black_box(changes)),
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(_) => drop(subscription.resync()),
        }
    }
}
