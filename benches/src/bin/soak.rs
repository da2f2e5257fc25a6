//! Runs a database for long and watches its memory: `soak [seconds]`, 20 by default; a day by hand. `soak [seconds] [directory]` keeps
//! it in a directory, with checkpoints all the time, and watches that as well; it must be empty, and has the database in it afterwards.
//!
//! One thread commits: rows change, entities end and others begin, so that their number stays. Readers pin and let go, one follows
//! the changes. In turns, nobody holds on to anything, a snapshot is held all the time, and it is let go. After each turn all rest,
//! until the writer has given back what nobody holds. It prints two lines for every turn, and panics if at work more is retained or
//! spare than the versions can have that are there, if a snapshot that is held keeps more at rest than the pages that it had, if
//! anything is left when it was let go, or if memory grows ([`ecsdb_benches::soak`]). In a directory it panics too if there is more
//! than the last two complete snapshot files ask for, or if what is opened at the end is not what was closed.

use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ecsdb::{Db, DbBuilder, Snapshot};
use ecsdb_allocations::{Counting, bytes_in_use};
use ecsdb_benches::entity_count;
use ecsdb_benches::random::Random;
use ecsdb_benches::soak::gate::{Gate, Worker};
use ecsdb_benches::soak::{Excess, Figures, Watch};
use ecsdb_benches::world::{Filled, Pos, Vel, World, body, fill};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What of the last commits is kept for those who follow the changes.
const HISTORY: usize = 4 << 20;

/// Bytes of log after which a checkpoint is made.
const CHECKPOINT: u64 = 4 << 20;

/// How large the files of the log are.
const SEGMENT: u64 = 1 << 20;

/// How many snapshot files go on from one another, at the most.
const CHAIN: u64 = 8;

/// How often memory is looked at in a turn.
const LOOKS: u32 = 10;

/// How many cycles there are at the most: the longer the soak, the longer everybody works without a rest.
const CYCLES: f64 = 60.0;

/// How long the writer may take to give back what nobody holds. It takes half a second, but for a process that gets no processor.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> io::Result<()> {
    let seconds = std::env::args().nth(1).map_or(20.0_f64, |text| text.parse().expect("a number of seconds"));
    let count = entity_count().min(200_000);
    let directory = std::env::args().nth(2).map(PathBuf::from);
    let world = fill(settings(directory.as_deref()).open().expect("the directory is empty, and can be written"), count);
    let db = world.db.clone();
    // The first cycle warms up; the second is what later ones are held to.
    let cycles = (seconds / 60.0).clamp(3.0, CYCLES) as u32;
    let turn = Duration::from_secs_f64(seconds) / (3 * cycles);
    let mut out = io::stdout().lock();
    writeln!(out, "{count} entities, {cycles} cycles of three turns, {turn:.1?} each")?;
    let (gate, commits) = (Gate::default(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let worker = gate.enter();
        scope.spawn(|| write_until(world, worker, &commits));
        for number in 0..2 {
            let (db, worker) = (&db, gate.enter());
            scope.spawn(move || read_until(db, number, worker));
        }
        let worker = gate.enter();
        scope.spawn(|| follow_until(&db, worker));
        // Also when a check fails: the others have to end before the panic can go on.
        let _end = End(&gate);
        let soak = Soak { db: &db, directory: directory.as_deref(), gate: &gate, commits: &commits, turn };
        soak.run(cycles, &mut out)?;
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

/// What is there at one moment.
struct Seen {
    memory: Figures,
    on_disk: OnDisk,
}

/// What is watched, while others work on it.
struct Soak<'a> {
    db: &'a Db<World>,
    directory: Option<&'a Path>,
    gate: &'a Gate,
    commits: &'a AtomicU64,
    turn: Duration,
}

impl Soak<'_> {
    fn run(&self, cycles: u32, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{:>9} {:<14} {:>10} {:>12} {:>12} {:>12} {:>9} {:>12} {:>6} {:>12}",
            "seconds", "turn", "commits", "live", "retained", "spare", "versions", "allocated", "files", "on disk"
        )?;
        let (mut watch, began) = (Watch::default(), Instant::now());
        for cycle in 0..cycles {
            let free = self.turn("free", 0, &mut watch, began, out)?;
            within(watch.let_go(&free, cycle > 0));
            // Everybody rests: this is the version whose pages are known.
            let snapshot = self.db.snapshot();
            let expected = sum(&snapshot);
            let held = self.turn("held", 1, &mut watch, began, out)?;
            within(watch.held(&held, free.live));
            assert_eq!(sum(&snapshot), expected, "what a snapshot sees has changed");
            drop(snapshot);
            let after = self.turn("let go", 0, &mut watch, began, out)?;
            within(watch.let_go(&after, cycle > 0));
        }
        Ok(())
    }

    /// Has everybody work for a turn, and rest, while somebody holds `held` versions. Returns the figures at rest, where everybody
    /// stays until the next turn.
    fn turn(
        &self,
        name: &str,
        held: usize,
        watch: &mut Watch,
        began: Instant,
        out: &mut impl Write,
    ) -> io::Result<Figures> {
        self.gate.open();
        for look in 0..LOOKS {
            std::thread::sleep(self.turn / LOOKS);
            let seen = self.look()?;
            if look + 1 == LOOKS {
                self.line(name, &seen, began, out)?;
            }
            within(watch.at_work(&seen.memory));
        }
        self.gate.close();
        if self.directory.is_some() {
            // Afterwards there is nothing that would begin another.
            let checkpoint = self.db.checkpoint().expect("the database is open");
            checkpoint.wait().expect("the directory can be written");
        }
        let asked = Instant::now();
        let mut seen = self.look()?;
        while !seen.memory.is_at_rest(held) && asked.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
            seen = self.look()?;
        }
        self.line(&format!("{name}, rest"), &seen, began, out)?;
        Ok(seen.memory)
    }

    /// Looks at memory and at the directory, of which there must not be more than there may.
    fn look(&self) -> io::Result<Seen> {
        let on_disk = self.directory.map_or(Ok(OnDisk::default()), OnDisk::of)?;
        let memory = Figures::new(&self.db.memory().expect("the database is open"), bytes_in_use());
        on_disk.check((memory.live + memory.directories) as u64);
        Ok(Seen { memory, on_disk })
    }

    fn line(&self, name: &str, seen: &Seen, began: Instant, out: &mut impl Write) -> io::Result<()> {
        let Seen { memory: now, on_disk } = seen;
        writeln!(
            out,
            "{:>9.1} {name:<14} {:>10} {:>12} {:>12} {:>12} {:>9} {:>12} {:>6} {:>12}",
            began.elapsed().as_secs_f64(),
            self.commits.load(Ordering::Relaxed),
            now.live,
            now.retained,
            now.spare,
            now.versions,
            now.allocated,
            on_disk.files,
            on_disk.bytes
        )
    }
}

/// Ends everything if there is too much of something.
fn within(limits: Result<(), Excess>) {
    if let Err(excess) = limits {
        panic!("{excess}");
    }
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

/// Has everybody end when it goes.
struct End<'a>(&'a Gate);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A number that depends on every row of a table.
fn sum(snapshot: &Snapshot<World>) -> f64 {
    let mut sum = 0.0;
    snapshot.query::<&Pos>().for_each(|pos| sum += f64::from(pos.x));
    sum
}

/// Changes rows, and replaces entities now and then, a hundred to a commit.
fn write_until(world: Filled, worker: Worker<'_>, commits: &AtomicU64) {
    let Filled { db, mut entities } = world;
    let mut random = Random::new(1);
    while worker.goes_on() {
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
fn read_until(db: &Db<World>, number: u64, worker: Worker<'_>) {
    let mut random = Random::new(100 + number);
    while worker.goes_on() {
        let snapshot = db.snapshot();
        let some = random.below(2000);
        black_box(snapshot.query::<(&Pos, &Vel)>().iter().take(some).map(|(pos, vel)| pos.x + vel.x).sum::<f32>());
        drop(snapshot);
        std::thread::sleep(Duration::from_micros(random.below(500) as u64));
    }
}

/// Follows the changes of a table, somewhat slowly.
fn follow_until(db: &Db<World>, worker: Worker<'_>) {
    let mut subscription = db.subscribe::<Pos>().expect("the database is open");
    while worker.goes_on() {
        match subscription.try_recv() {
            Ok(Some(changes)) => drop(black_box(changes)),
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(_) => drop(subscription.resync()),
        }
    }
}
