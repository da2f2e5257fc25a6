//! What is kept and how it comes back: a million rows of nine floats in ecsdb, redb, fjall, SQLite and LMDB, in one run, as tables in
//! Markdown. How long a copy takes while the store goes on and what the writer notices of it, what lies on the disk, and how long it
//! takes to open after a clean close and after a kill.
//!
//! ecsdb has everything in memory when it is open, the others read what they are asked for. So each opening is measured twice: until
//! the store is open, and until every row was read. Files are in the cache of the system throughout.
//!
//! `cargo bench -p ecsdb-peers --bench durability`

use core::time::Duration;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;
use ecsdb_benches::report::{rate, time};
use ecsdb_benches::world::{Pos, three};
use ecsdb_benches::{entity_count, is_smoke_run};
use ecsdb_peers::kept::{Ecsdb, Fjall, Kept, Lmdb, Redb, Sqlite, bytes_on_disk, copy_files, expected};
use ecsdb_peers::stores::Failure;

/// Changes of one row each, durable, between the last copy and the kill.
const CHANGES: usize = 200;

struct Setup {
    count: usize,
    rounds: usize,
    place: Place,
}

/// What was measured of one store.
struct Measured {
    fill: f64,
    copy: Option<f64>,
    bytes: u64,
    /// Until it was open, and until every row was read.
    clean: [f64; 2],
    killed: [f64; 2],
}

/// The middle one.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn seconds<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<(f64, R), Failure> {
    let began = Instant::now();
    let result = work()?;
    Ok((began.elapsed().as_secs_f64(), result))
}

/// Opens the store in `dir` and reads everything.
fn open_and_read<S: Kept>(dir: &Path, count: usize) -> Result<[f64; 2], Failure> {
    let began = Instant::now();
    let store = S::open(dir)?;
    let opened = began.elapsed().as_secs_f64();
    let found = store.read_all()?;
    let read = began.elapsed().as_secs_f64();
    if found != (expected(count), count) {
        return Err(format!("{} has lost something: {found:?}", S::NAME).into());
    }
    Ok([opened, read])
}

fn medians(times: Vec<[f64; 2]>) -> [f64; 2] {
    [0, 1].map(|at| median(times.iter().map(|time| time[at]).collect()))
}

fn measure<S: Kept>(setup: &Setup) -> Result<Measured, Failure> {
    let dir = setup.place.fresh(S::NAME);
    fs::create_dir_all(&dir)?;
    let store = S::open(&dir)?;
    let (fill, ()) = seconds(|| store.fill(setup.count))?;
    let mut copies = Vec::new();
    for round in 0..setup.rounds {
        let to = setup.place.fresh("copy");
        fs::create_dir_all(&to)?;
        // So that there is something to copy, also for a store that has a copy of this version already.
        store.change(round)?;
        let Some(copied) = ({
            let began = Instant::now();
            store.copy(&to).map(|copied| copied.map(|()| began.elapsed().as_secs_f64()))
        }) else {
            break;
        };
        copies.push(copied?);
        fs::remove_dir_all(to)?;
    }
    store.settle()?;
    drop(store);
    let mut clean = Vec::new();
    for _ in 0..setup.rounds {
        clean.push(open_and_read::<S>(&dir, setup.count)?);
    }
    let bytes = bytes_on_disk(&dir)?;
    let store = S::open(&dir)?;
    let mut random = Random::new(5);
    for _ in 0..CHANGES.min(setup.count) {
        store.change(random.below(setup.count))?;
    }
    let left: Vec<PathBuf> = (0..setup.rounds).map(|_| setup.place.fresh("killed")).collect();
    left.iter().try_for_each(|to| copy_files(&dir, to))?;
    drop(store);
    let mut killed = Vec::new();
    for dir in left {
        killed.push(open_and_read::<S>(&dir, setup.count)?);
        fs::remove_dir_all(dir)?;
    }
    fs::remove_dir_all(dir)?;
    let copy = (!copies.is_empty()).then(|| median(copies));
    Ok(Measured { fill, copy, bytes, clean: medians(clean), killed: medians(killed) })
}

/// What only ecsdb is asked.
struct Own {
    /// Complete snapshot files, and the same bytes written and synced without looking at them.
    checkpoint: f64,
    raw: f64,
    file_bytes: u64,
    /// The longest time that the writer took for a commit of one row, without and with a checkpoint beside it.
    alone: Duration,
    beside: Duration,
    /// Opening from a snapshot file, and from the log alone.
    from_snapshot: f64,
    from_log: f64,
}

/// Commits one row after the other, without waiting for the disk, until `done`. The longest that one took.
fn longest_commit(store: &Ecsdb, count: usize, done: impl Fn() -> bool) -> Duration {
    let entities: Vec<ecsdb::Entity> = store.0.snapshot().query::<ecsdb::Entity>().into_iter().collect();
    let (mut random, mut longest) = (Random::new(9), Duration::ZERO);
    while !done() {
        let row = random.below(count);
        let mut tx = store.0.begin();
        tx.update(entities[row], Pos::C.x.set(three(row).0.x));
        let began = Instant::now();
        tx.commit().and_then(ecsdb::Ticket::visible).expect("the row is there");
        longest = longest.max(began.elapsed());
    }
    longest
}

fn own(setup: &Setup) -> Result<Own, Failure> {
    let dir = setup.place.fresh("own");
    let from_log = {
        let store = Ecsdb::open(&dir)?;
        store.fill(setup.count)?;
        drop(store);
        let opens = (0..setup.rounds).map(|_| open_and_read::<Ecsdb>(&dir, setup.count).map(|times| times[0]));
        median(opens.collect::<Result<_, _>>()?)
    };
    let (mut checkpoints, mut raws, mut file_bytes) = (Vec::new(), Vec::new(), 0);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds {
        // The first one after an opening is complete.
        let store = Ecsdb::open(&dir)?;
        store.change(1)?;
        let until = Instant::now() + Duration::from_millis(if is_smoke_run() { 1 } else { 200 });
        alone.push(longest_commit(&store, setup.count, || Instant::now() >= until));
        let (is_done, count) = (AtomicBool::new(false), setup.count);
        let report = std::thread::scope(|scope| {
            let commits = scope.spawn(|| longest_commit(&store, count, || is_done.load(Ordering::Relaxed)));
            let began = Instant::now();
            let report = store.0.checkpoint().map(ecsdb::Checkpoint::wait);
            checkpoints.push(began.elapsed().as_secs_f64());
            is_done.store(true, Ordering::Relaxed);
            beside.push(commits.join().expect("no commit fails"));
            report
        })??;
        file_bytes = report.bytes;
        let raw = vec![0x5A_u8; usize::try_from(file_bytes)?];
        let path = dir.join("raw");
        let (took, ()) = seconds(|| {
            let mut file = fs::File::create(&path)?;
            raw.chunks(1 << 20).try_for_each(|chunk| file.write_all(chunk))?;
            Ok(file.sync_all()?)
        })?;
        raws.push(took);
        fs::remove_file(path)?;
    }
    let opens = (0..setup.rounds).map(|_| open_and_read::<Ecsdb>(&dir, setup.count).map(|times| times[0]));
    let from_snapshot = median(opens.collect::<Result<_, _>>()?);
    let longest = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    Ok(Own {
        checkpoint: median(checkpoints),
        raw: median(raws),
        file_bytes,
        alone: longest(alone),
        beside: longest(beside),
        from_snapshot,
        from_log,
    })
}

/// Says whether a goal was reached; a smoke run says nothing of that.
fn holds(is_reached: bool, missed: &mut usize) -> &'static str {
    if is_smoke_run() {
        return "";
    }
    *missed += usize::from(!is_reached);
    if is_reached { "yes" } else { "**no**" }
}

fn own_table(out: &mut dyn Write, setup: &Setup, own: &Own) -> io::Result<usize> {
    let mut missed = 0;
    let rows = 3 * setup.count;
    let scale = setup.count as f64 / 1e6;
    writeln!(out, "| ecsdb | | beside | goal | holds |")?;
    writeln!(out, "|---|--:|--:|--:|---|")?;
    let extra = own.checkpoint - own.raw;
    writeln!(
        out,
        "| complete snapshot file of {rows} rows, {:.1} MB, while commits go on; raw write and sync of as many bytes | {} | {} | + 100 ms a million | {} |",
        own.file_bytes as f64 / 1e6,
        time(own.checkpoint),
        time(own.raw),
        holds(extra <= 0.1 * scale.max(0.01), &mut missed),
    )?;
    writeln!(
        out,
        "| longest commit of one row meanwhile; without a checkpoint | {} | {} | | |",
        time(own.beside.as_secs_f64()),
        time(own.alone.as_secs_f64()),
    )?;
    for (what, took) in [("the newest snapshot file", own.from_snapshot), ("the log alone", own.from_log)] {
        let each = took / rows as f64;
        let reached = holds(each <= 1.0 / 5e6, &mut missed);
        writeln!(out, "| opening from {what} | {} | {} | 5 M rows/s | {reached} |", time(took), rate(each))?;
    }
    writeln!(out)?;
    Ok(missed)
}

fn main() -> Result<(), Failure> {
    let smoke = is_smoke_run();
    let place = Place::new(env!("CARGO_TARGET_TMPDIR"))?;
    let setup = Setup { count: entity_count(), rounds: if smoke { 1 } else { 5 }, place };
    let mut out = io::stdout().lock();
    writeln!(out, "{} rows of nine floats on {}; medians\n", setup.count, setup.place.file_system())?;
    let mut missed = own_table(&mut out, &setup, &own(&setup)?)?;
    let all = [
        (Ecsdb::NAME, measure::<Ecsdb>(&setup)?),
        (Redb::NAME, measure::<Redb>(&setup)?),
        (Fjall::NAME, measure::<Fjall>(&setup)?),
        (Sqlite::NAME, measure::<Sqlite>(&setup)?),
        (Lmdb::NAME, measure::<Lmdb>(&setup)?),
    ];
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    writeln!(out, "| what | {} | ahead of all |", names.join(" | "))?;
    writeln!(out, "|---|{}---|", "--:|".repeat(names.len()))?;
    // The less, the better, in all of them. Whether all do the same work in it.
    type Figure = fn(&Measured) -> Option<f64>;
    let rows: [(&str, Figure, bool); 7] = [
        ("filling it, durably", |of| Some(of.fill), true),
        ("a copy of everything while it is open", |of| of.copy, true),
        ("bytes on disk a row", |of| Some(of.bytes as f64), true),
        ("open after a clean close", |of| Some(of.clean[0]), false),
        ("open after a clean close, and read all rows", |of| Some(of.clean[1]), true),
        ("open after a kill", |of| Some(of.killed[0]), false),
        ("open after a kill, and read all rows", |of| Some(of.killed[1]), true),
    ];
    for (what, figure, is_same_work) in rows {
        let figures: Vec<Option<f64>> = all.iter().map(|(_, measured)| figure(measured)).collect();
        let is_bytes = what.starts_with("bytes");
        let shown = figures.iter().map(|figure| match figure {
            None => "none".to_owned(),
            Some(bytes) if is_bytes => format!("{:.1}", bytes / setup.count as f64),
            Some(seconds) => time(*seconds),
        });
        let best = figures[1..].iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let is_ahead = figures[0].is_some_and(|own| own <= best);
        let verdict = match is_same_work {
            true => holds(is_ahead, &mut missed),
            false if is_ahead => "yes",
            false => "no, the others read nothing yet",
        };
        writeln!(out, "| {what} | {} | {verdict} |", shown.collect::<Vec<_>>().join(" | "))?;
    }
    Ok(writeln!(out, "\n{missed} goals missed")?)
}
