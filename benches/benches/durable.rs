//! The log beside its limits, which are the same bytes written and synced with nothing around: one table in Markdown, from
//! one run.

use core::cell::Cell;
use core::time::Duration;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use ecsdb::{Db, Entity, Transaction};
use ecsdb_benches::commits::{QUEUED, pipelined};
use ecsdb_benches::durable::{bytes_of_commits, commit_durably, filled, open, open_unsynced, pick};
use ecsdb_benches::load::{Waits, load};
use ecsdb_benches::paired::{Medians, clocked, median, paired, timed, turns};
use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;
use ecsdb_benches::raw_log::{FoldedLog, RawLog};
use ecsdb_benches::report::{Goal, Report};
use ecsdb_benches::work::{self, Raw};
use ecsdb_benches::world::{Filled, Pos, Vel, World, body, empty, fresh, three};
use ecsdb_benches::{entity_count, is_smoke_run};

/// What one run measures with.
struct Setup {
    count: usize,
    rounds: usize,
    /// Turns of what changes a whole world.
    few: usize,
    /// Commits of a turn, by one thread; in all, by several.
    commits: usize,
    /// Bytes of the files that are written over.
    filled_bytes: u64,
    place: Place,
}

type Out<'a> = Report<&'a mut dyn Write>;

fn main() -> io::Result<()> {
    let smoke = is_smoke_run();
    let setup = Setup {
        count: entity_count(),
        rounds: if smoke { 1 } else { 21 },
        few: if smoke { 1 } else { 9 },
        commits: if smoke { 10 } else { 400 },
        filled_bytes: if smoke { 1 << 20 } else { 32 << 20 },
        place: Place::new(env!("CARGO_TARGET_TMPDIR"))?,
    };
    // Parts can be asked for by name.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} entities on {}; time an operation on the clock unless said, medians; ratio: median of neighbouring turns\n",
        setup.count,
        setup.place.file_system()
    )?;
    let mut report = Report::new(&mut out as &mut dyn Write, "ecsdb", "limit")?;
    if wants("single") {
        single(&mut report, &setup)?;
    }
    if wants("batches") {
        batches(&mut report, &setup)?;
    }
    if wants("unsynced") {
        unsynced(&mut report, &setup)?;
    }
    if wants("bulk") || wants("update") {
        bulk(&mut report, &setup, &wants)?;
    }
    if wants("spawn") {
        spawn(&mut report, &setup)?;
    }
    if wants("recovery") {
        recovery(&mut report, &setup)?;
    }
    let missed = report.missed();
    writeln!(out, "\n{missed} goals missed")
}

/// Commits of one row in random places, each waited for by the thread that made it.
fn single(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let dir = setup.place.fresh("single");
    let Filled { db, entities } = filled(open(&dir), setup.count);
    drop(db);
    let mut random = Random::new(1);
    let one = |db: &Db<World>| commit_durably(db, pick(&entities, &mut random, 1, true));
    let bytes = vec![0xa5; bytes_of_commits(&dir, setup.commits, one)];
    report.note(&format!("a commit of one row: {} bytes of log", bytes.len()))?;

    let db = open(&dir);
    let seed = Cell::new(0);
    let ecsdb = |threads, commits| {
        seed.set(seed.get() + (1 << 40));
        let seed = seed.get();
        load(threads, commits, &|thread, number| {
            let mut random = Random::new(seed + ((thread as u64) << 20) + number as u64);
            commit_durably(&db, pick(&entities, &mut random, 1, true));
        })
    };
    let append = Mutex::new(RawLog::extending(&setup.place.fresh("append"))?);
    let over = || RawLog::filled(&setup.place.fresh("over"), setup.filled_bytes);
    let write_over = Mutex::new(over()?);
    let raw = |log: &Mutex<RawLog>, commits| {
        load(1, commits, &|_, _| log.lock().expect("the disk works").commit(&bytes).expect("the disk works"))
    };
    let [mut waits, mut of_append, mut of_over] = <[Waits; 3]>::default();
    let commits = setup.commits;
    let turns = turns(
        setup.rounds,
        [&mut || waits.take(ecsdb(1, commits)), &mut || of_append.take(raw(&append, commits)), &mut || {
            of_over.take(raw(&write_over, commits))
        }],
    );
    let name = "durable one-row commit, 1 thread (limit: append + fdatasync)";
    report.rates(name, commits, turns.beside(0, 1), Goal::Ratio(1.0))?;
    let name = "durable one-row commit, 1 thread (limit: write over zeros + fdatasync)";
    report.rates(name, commits, turns.beside(0, 2), Goal::None)?;
    wait_rows(report, "1 thread", waits, of_over)?;

    let folded = FoldedLog::new(over()?);
    for threads in [2, 16, 64] {
        let commits = 8 * setup.commits / threads + 1;
        let [mut waits, mut of_folded] = <[Waits; 2]>::default();
        let medians = paired(
            setup.rounds,
            || waits.take(ecsdb(threads, commits)),
            || of_folded.take(load(threads, commits, &|_, _| folded.commit(&bytes))),
        );
        let name = format!("durable one-row commit, {threads} threads (limit: folded log)");
        let goal = if threads == 64 { Goal::Ratio(1.0) } else { Goal::None };
        report.rates(&name, threads * commits, medians, goal)?;
        wait_rows(report, &format!("{threads} threads"), waits, of_folded)?;
    }
    Ok(())
}

/// How long those have waited who made the commits of the row above.
fn wait_rows(report: &mut Out<'_>, who: &str, mut ecsdb: Waits, mut limit: Waits) -> io::Result<()> {
    for (part, name) in [(0.5, "median"), (0.99, "p99")] {
        let (measured, limit) = (ecsdb.quantile(part), limit.quantile(part));
        let ratio = measured.as_secs_f64() / limit.as_secs_f64();
        report.row(&format!("wait for it, {who}, {name}"), 1, Medians { measured, limit, ratio }, Goal::None)?;
    }
    Ok(())
}

/// Commits of several rows, one after the other.
fn batches(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let dir = setup.place.fresh("batches");
    let Filled { db, entities } = filled(open(&dir), setup.count);
    drop(db);
    let mut random = Random::new(2);
    for scattered in [false, true] {
        for rows in [100, 1000, 10_000] {
            let commits = (setup.commits * 100 / rows).clamp(4, setup.commits);
            let mut one = |db: &Db<World>| commit_durably(db, pick(&entities, &mut random, rows, scattered));
            let bytes = vec![0xa5; bytes_of_commits(&dir, 20, &mut one)];
            let db = open(&dir);
            let mut log = RawLog::extending(&setup.place.fresh("append"))?;
            let medians = paired(
                setup.rounds,
                || clocked(|| (0..commits).for_each(|_| one(&db))),
                || clocked(|| (0..commits).for_each(|_| log.commit(&bytes).expect("the disk works"))),
            );
            let goal = if rows == 1000 { Goal::Ratio(1.0 / 0.9) } else { Goal::None };
            let place = if scattered { "random rows" } else { "neighbouring rows" };
            let each = bytes.len() as f64 / rows as f64;
            let name =
                format!("durable commit of {rows} {place}, a row (limit: append + fdatasync; {each:.1} B a row)");
            report.rates(&name, rows * commits, medians, goal)?;
        }
    }
    Ok(())
}

/// Commits of one row that nobody waits for, and that nobody syncs.
fn unsynced(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let logged = filled(open_unsynced(&setup.place.fresh("unsynced")), setup.count);
    let memory = fresh(setup.count);
    let mut log = RawLog::filled(&setup.place.fresh("over"), setup.filled_bytes)?;
    let bytes = [0xa5; 88];
    let many = 5 * QUEUED;
    let (mut random, mut other) = (Random::new(3), Random::new(3));
    let [mut of_log, mut of_memory] = <[Vec<Duration>; 2]>::default();
    let turns = turns(
        setup.rounds,
        [
            &mut || {
                let time = pipelined(&logged, &mut random, many);
                logged.db.sync().expect("the disk works");
                of_log.push(time.writer);
                time.wall
            },
            &mut || {
                let time = clocked(|| (0..many).for_each(|_| log.write(&bytes).expect("the disk works")));
                log.sync().expect("the disk works");
                time
            },
            &mut || {
                let time = pipelined(&memory, &mut other, many);
                of_memory.push(time.writer);
                time.wall
            },
        ],
    );
    let name = "one-row commit, logged, not synced, pipelined from one thread (limit: a write each)";
    report.rates(name, many, turns.beside(0, 1), Goal::Below(Duration::from_micros(1)))?;
    let name = "one-row commit, logged, not synced, pipelined (beside: the same in memory)";
    report.rates(name, many, turns.beside(0, 2), Goal::None)?;
    let [measured, limit] = [of_log, of_memory].map(|times| median(times.into_iter()));
    let medians = Medians { measured, limit, ratio: measured.as_secs_f64() / limit.as_secs_f64() };
    let name = "one-row commit, logged, not synced, pipelined: writer time (beside: the same in memory)";
    report.row(name, many, medians, Goal::None)
}

/// Transactions that change a whole world.
fn bulk(report: &mut Out<'_>, setup: &Setup, wants: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let count = setup.count;
    let world = filled(open_unsynced(&setup.place.fresh("bulk")), count);
    let mut log = RawLog::extending(&setup.place.fresh("append"))?;
    // Every turn leaves the disk in peace before the next one begins.
    let synced = |time: Duration| {
        world.db.sync().expect("the disk works");
        time
    };
    let field = vec![0xa5; count * size_of::<f32>()];
    let mut write = |bytes: &[u8]| {
        let time = timed(|| log.write(bytes).expect("the disk works"));
        log.sync().expect("the disk works");
        time
    };
    if wants("bulk") {
        let each = || {
            let entities = world.entities.clone();
            let all = move |tx: &mut Transaction<'_, World>| -> Result<(), ecsdb::TransactionError> {
                for entity in entities {
                    tx.update(entity, Pos::C.x.set(2.0))?;
                }
                Ok(())
            };
            synced(timed(|| world.db.write(all).expect("all are alive")))
        };
        let name =
            "update of a field of all rows, one by one in one transaction, logged: processor time (limit: an append)";
        report.rates(name, count, paired(setup.few, each, || write(&field)), Goal::Below(Duration::from_nanos(100)))?;
    }
    if !wants("update") {
        return Ok(());
    }

    let step = || {
        let change = |pos: &mut Pos, vel: &Vel| work::step(pos, vel);
        world.db.write(move |tx| Ok(tx.update_all(change)?)).expect("the database is open");
    };
    let mut raw = Raw::filled(count);
    let medians = paired(4 * setup.few, || synced(timed(step)), || timed(|| raw.update_all()));
    let name = "`update_all`, logged: processor time (limit: the raw loop)";
    report.rates(name, count, medians, Goal::Ratio(3.0))?;
    let rows = vec![0xa5; count * size_of::<Pos>()];
    let name = "`update_all`, logged: processor time (limit: an append)";
    report.rates(name, count, paired(setup.few, || synced(timed(step)), || write(&rows)), Goal::Ratio(1.25))?;
    let durable = || {
        clocked(|| {
            step();
            world.db.sync().expect("the disk works");
        })
    };
    let append = || clocked(|| log.commit(&rows).expect("the disk works"));
    let name = "`update_all`, durable (limit: append + fdatasync)";
    report.rates(name, count, paired(setup.few, durable, append), Goal::None)
}

/// Transactions that make a whole world.
fn spawn(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let count = setup.count;
    let spawn_all = |db: &Db<World>| {
        db.write(move |tx| Ok(tx.spawn_all((0..count).map(three))?)).expect("it fits in memory");
    };
    let spawn_each = |db: &Db<World>| {
        let each = move |tx: &mut Transaction<'_, World>| {
            (0..count).try_for_each(|index| tx.spawn(three(index)).map(|_: Entity| ()))?;
            Ok::<(), ecsdb::TransactionError>(())
        };
        db.write(each).expect("it fits in memory");
    };
    let logged = |spawn: &dyn Fn(&Db<World>)| {
        let dir = setup.place.fresh("spawned");
        let db = open_unsynced(&dir);
        let time = timed(|| spawn(&db));
        drop(db);
        fs::remove_dir_all(dir).expect("the directory can be removed");
        time
    };
    let in_memory = |spawn: &dyn Fn(&Db<World>)| {
        let db = empty();
        timed(|| spawn(&db))
    };
    // Twice what hecs takes without a log.
    let [in_bulk, one_by_one] = [2 * 13, 2 * 59].map(|most| Goal::Below(Duration::from_nanos(most)));
    let name = "spawn of three components, `spawn_all`, logged: processor time (beside: in memory)";
    let medians = paired(setup.few, || logged(&spawn_all), || in_memory(&spawn_all));
    report.rates(name, count, medians, in_bulk)?;
    let name = "spawn of three components, one by one, logged: processor time (beside: in memory)";
    let medians = paired(setup.few, || logged(&spawn_each), || in_memory(&spawn_each));
    report.rates(name, count, medians, one_by_one)
}

/// Opening a directory.
fn recovery(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let goal = Goal::Below(Duration::from_nanos(200));
    let dir = setup.place.fresh("spawned");
    drop(filled(open_unsynced(&dir), setup.count));
    recover(report, setup, &dir, "spawned in one transaction", goal)?;

    let dir = setup.place.fresh("thousands");
    let db = open_unsynced(&dir);
    let mut entities = Vec::new();
    for first in (0..setup.count).step_by(1000) {
        let some = first..setup.count.min(first + 1000);
        entities.extend(db.write(move |tx| Ok(tx.spawn_all(some.map(body))?)).expect("it fits in memory"));
    }
    let world = Filled { db, entities };
    world.db.close().expect("the disk works");
    recover(report, setup, &dir, "spawned in transactions of 1,000", goal)?;

    // The rows are few and the transactions many.
    let world = Filled { db: open_unsynced(&dir), ..world };
    pipelined(&world, &mut Random::new(4), setup.count);
    drop(world);
    recover(report, setup, &dir, "the same, and then one row changed at random for each entity", goal)
}

/// Opens the world in `dir` over and over. What it reads is in the memory of the system.
fn recover(report: &mut Out<'_>, setup: &Setup, dir: &Path, how: &str, goal: Goal) -> io::Result<()> {
    let rows = Cell::new(0);
    let opened = || {
        let mut opened = None;
        let time = clocked(|| opened = Some(open(dir)));
        let found = opened.as_ref().and_then(|db| db.recovery().cloned()).expect("there is a directory");
        assert!(found.was_closed && found.torn_bytes == 0, "the log is whole: {found:?}");
        rows.set(found.rows as usize);
        time
    };
    let read = || {
        let files = fs::read_dir(dir.join("wal")).expect("there is a log");
        let paths: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
        clocked(|| paths.iter().map(|path| fs::read(path).expect("it can be read").len()).sum::<usize>())
    };
    let medians = paired(setup.few, opened, read);
    report.rates(&format!("recovery, a row: {how} (limit: reading the files)"), rows.get(), medians, goal)
}
