//! Checkpoints beside a plain write of the same bytes, what the writer notices of them, and opening from a snapshot file beside reading
//! it: one table in Markdown, from one run.

use core::cell::Cell;
use core::time::Duration;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use ecsdb::durability::CheckpointReport;
use ecsdb::{Db, Entity};
use ecsdb_benches::paired::{Medians, clocked, median, paired};
use ecsdb_benches::place::Place;
use ecsdb_benches::report::{Goal, Report, time};
use ecsdb_benches::world::{Filled, Pos, World, three};
use ecsdb_benches::{entity_count, is_smoke_run};

/// What one run measures with.
struct Setup {
    count: usize,
    turns: usize,
    place: Place,
}

type Out<'a> = Report<&'a mut dyn Write>;

fn main() -> io::Result<()> {
    let setup = Setup {
        count: entity_count(),
        turns: if is_smoke_run() { 1 } else { 7 },
        place: Place::new(env!("CARGO_TARGET_TMPDIR"))?,
    };
    let mut out = io::stdout().lock();
    let file_system = setup.place.file_system();
    writeln!(out, "{} entities with 3 components of 12 bytes on {file_system}, on the clock, medians\n", setup.count)?;
    let mut report = Report::new(&mut out as &mut dyn Write, "ecsdb", "limit")?;
    let dir = setup.place.fresh("world");
    let count = setup.count;
    let db = open(&dir);
    let entities = db.write(move |tx| Ok(tx.spawn_all((0..count).map(three)).map(Vec::from_iter)?)).expect("it fits");
    let world = Filled { db, entities };
    world.db.sync().expect("the disk works");
    let world = checkpoints(&mut report, &setup, world, &dir)?;
    stalls(&mut report, &setup, &world)?;
    drop(world);
    recovery(&mut report, &setup, &dir)?;
    let missed = report.missed();
    writeln!(out, "\n{missed} goals missed")
}

/// Opens the world in `dir`. Nothing is synced or written to a snapshot file unless somebody asks for it.
fn open(dir: &Path) -> Db<World> {
    let builder = Db::builder().directory(dir).checkpoint_every(u64::MAX, None);
    builder.sync_within(Duration::from_secs(3600)).open().expect("the directory can be opened")
}

fn checkpoint(db: &Db<World>) -> CheckpointReport {
    db.checkpoint().expect("it is open").wait().expect("the disk works")
}

fn touch(db: &Db<World>, entity: Entity) {
    db.update(entity, Pos::C.x.set(1.0)).expect("it is alive");
}

/// Complete files beside files of the same bytes, and files that go on from others.
fn checkpoints(report: &mut Out<'_>, setup: &Setup, mut world: Filled, dir: &Path) -> io::Result<Filled> {
    let bytes = Cell::new(0);
    let raw = setup.place.fresh("raw");
    let mut some = Vec::new();
    let medians = paired(
        setup.turns,
        || {
            // The first file of a life is complete.
            drop(core::mem::replace(&mut world.db, Db::in_memory().expect("there are threads")));
            world.db = open(dir);
            touch(&world.db, world.entities[0]);
            world.db.sync().expect("the disk works");
            // Until the file counts: what is let go of afterwards is not in it.
            let report = checkpoint(&world.db);
            bytes.set(report.bytes);
            touch(&world.db, world.entities[world.entities.len() / 2]);
            world.db.sync().expect("the disk works");
            let next = checkpoint(&world.db);
            assert!(next.base.is_some(), "little has changed");
            some.push(next.time);
            report.time
        },
        || {
            let content = vec![7_u8; bytes.get() as usize];
            clocked(|| {
                let mut file = File::create(&raw).expect("it can be made");
                content.chunks(2 << 20).for_each(|part| file.write_all(part).expect("the disk works"));
                file.sync_data().expect("the disk works");
            })
        },
    );
    report.note(&format!("{} bytes, {:.1} an entity", bytes.get(), bytes.get() as f64 / setup.count as f64))?;
    let goal = if is_smoke_run() { Goal::None } else { Goal::Below(medians.limit + Duration::from_millis(100)) };
    report.row("a complete checkpoint (limit: writing and syncing its bytes)", 1, medians, goal)?;
    let some = median(some.into_iter());
    report.note(&format!("one that goes on from it, after one row was changed: {}", time(some.as_secs_f64())))?;
    Ok(world)
}

/// The longest that a commit takes to become visible, while a checkpoint is made and in as much time without one: of each turn, and of
/// all. A checkpoint is to hold nobody up.
fn stalls(report: &mut Out<'_>, setup: &Setup, world: &Filled) -> io::Result<()> {
    let commit = |n: usize| clocked(|| touch(&world.db, world.entities[n * 7919 % world.entities.len()]));
    let mut with = Vec::new();
    let mut without = Vec::new();
    for _ in 0..setup.turns {
        let (began, asked) = (Instant::now(), world.db.checkpoint().expect("it is open"));
        let mut asked = Some(asked);
        let mut longest = Duration::ZERO;
        let mut count = 0;
        while let Some(mut checkpoint) = asked.take() {
            longest = longest.max(commit(count));
            count += 1;
            if checkpoint.wait_timeout(Duration::ZERO).expect("the disk works").is_none() {
                asked = Some(checkpoint);
            }
        }
        with.push(longest);
        let took = began.elapsed();
        let (began, mut longest) = (Instant::now(), Duration::ZERO);
        while began.elapsed() < took {
            longest = longest.max(commit(count));
            count += 1;
        }
        without.push(longest);
    }
    let beside = |measured: Duration, limit: Duration| Medians {
        measured,
        limit,
        ratio: measured.as_secs_f64() / limit.as_secs_f64(),
    };
    let longest = beside(longest_of(&with), longest_of(&without));
    let usual = beside(median(with.into_iter()), median(without.into_iter()));
    let (turns, limit) = (setup.turns, "(limit: in as much time without one)");
    let name = format!("the longest commit while a checkpoint is made, median of {turns} turns {limit}");
    report.row(&name, 1, usual, Goal::None)?;
    let goal = if is_smoke_run() { Goal::None } else { Goal::Ratio(1.0) };
    report.row(&format!("the same, the longest of all {turns} turns {limit}"), 1, longest, goal)
}

fn longest_of(times: &[Duration]) -> Duration {
    times.iter().max().copied().unwrap_or_default()
}

/// Opens the world over and over from a snapshot file that is in the memory of the system.
fn recovery(report: &mut Out<'_>, setup: &Setup, dir: &Path) -> io::Result<()> {
    let db = open(dir);
    let file = checkpoint(&db).file;
    drop(db);
    let rows = Cell::new(0);
    let opened = || {
        let mut opened = None;
        let time = clocked(|| opened = Some(open(dir)));
        let found = opened.as_ref().and_then(|db| db.recovery().cloned()).expect("there is a directory");
        assert!(found.passed_over.is_empty(), "it is whole: {found:?}");
        rows.set(found.snapshot_rows as usize);
        time
    };
    let read = || clocked(|| fs::read(&file).expect("it can be read").len());
    let medians = paired(setup.turns, opened, read);
    let goal = if is_smoke_run() { Goal::None } else { Goal::Below(Duration::from_nanos(200)) };
    report.rates("opening from a snapshot file, a row (limit: reading it)", rows.get(), medians, goal)
}
