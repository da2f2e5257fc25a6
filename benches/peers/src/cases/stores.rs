//! Rows on disk: commits, reads, openings.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ecsdb_benches::load::load;
use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;

use super::Unit::{Bytes, Rate, Time};
use super::{Case, Contender, Group};
use crate::Failure;
use crate::contenders::stores::{Ecsdb, Fjall, Lmdb, Redb, Row, Sqlite, Store, row};
use crate::sheet::{Scale, Sheet};

/// What is stored in place of rows.
const VALUE: Row = [7.0, 0.0, 1.0];

/// Rows of a commit of many.
const MANY: usize = 1000;

/// Threads that commit at the same time.
const THREADS: usize = 64;

/// The group.
pub fn group() -> Group {
    macro_rules! contenders {
        ($($store:ident),*) => {
            vec![$(Contender { name: $store::NAME, does: $store::DOES, run: measure::<$store> }),*]
        };
    }
    Group {
        key: "stores",
        title: "Stores",
        intro: "Rows of three floats (12 bytes) by a number, in files in the cache of the system, on the clock. Durable: survives a loss of \
                power when the call returns. Visible: any reader sees it, and it survives the end of the process, unless something else is \
                said below. ecsdb has everything in memory while it is open, the others read what they are asked for; so each opening is \
                measured until the store is open and until every row was read.",
        contenders: contenders!(Ecsdb, Redb, Fjall, Lmdb, Sqlite),
        cases,
        passes: 2,
    }
}

fn cases(_: &Scale) -> Vec<Case> {
    let killed = "loses the last commits when the process is killed";
    let unsafe_file = "a loss of power may leave a damaged file";
    let visible = |key, what, unit| Case::new(key, what, unit).but(Redb::NAME, killed).but(Lmdb::NAME, unsafe_file);
    let loads = "reads everything into memory, the others nothing yet";
    vec![
        Case::new("durable, one row", "durable commit of one row, one thread", Time),
        Case::new("durable, one row, 64 threads", "durable commits of one row, 64 threads", Rate),
        Case::new("durable, 1,000 rows", "rows in durable commits of 1,000 at random", Rate),
        visible("visible, one row", "visible commit of one row, waited for", Time),
        visible("visible, one row, queued", "visible commits of one row, one thread", Rate)
            .but(Ecsdb::NAME, "sends all of them before it waits for the last, which the others cannot"),
        visible("visible, 1,000 rows", "rows in visible commits of 1,000 at random", Rate),
        Case::new("read one", "row at random, all in one transaction", Time),
        Case::new("read all", "all rows in their order, a row", Time),
        Case::new("fill", "filling an empty store durably, a row", Time),
        Case::new("copy", "a copy of everything while it is open, durable, a row", Time),
        Case::new("disk", "bytes on disk, a row", Bytes),
        Case::new("open", "opening after a clean close", Time).but(Ecsdb::NAME, loads),
        Case::new("open, read", "opening after a clean close, and reading all rows", Time),
        Case::new("open, killed", "opening after a kill", Time).but(Ecsdb::NAME, loads),
        Case::new("open, killed, read", "opening after a kill, and reading all rows", Time),
    ]
}

fn measure<S: Store>(sheet: &mut Sheet) -> Result<(), Failure> {
    let (count, quick) = (sheet.scale.count, sheet.scale.quick);
    let place = Place::new("target/compare")?;
    let dir = place.fresh(S::NAME);
    fs::create_dir_all(&dir)?;
    let store = S::open(&dir)?;
    let began = Instant::now();
    store.fill(count)?;
    sheet.put("fill", began.elapsed().as_secs_f64() / count as f64, None);
    store.settle()?;
    reads(sheet, &store)?;
    copies(sheet, &store, &place)?;
    let mut random = Random::new(5);
    commits(sheet, &store, &mut random, if quick { 3 } else { 100 });
    let commit = |store: &S, rows: usize, random: &mut Random| {
        store.commit(&pick(count, rows, random), VALUE, true).expect("the disk works");
    };
    store.settle()?;
    let expected = store.read_all()?;
    drop(store);
    openings::<S>(sheet, &place, &dir, expected)?;
    sheet.put("disk", bytes_on_disk(&dir)? as f64 / count as f64, None);
    // What lies there when a process was killed that had changed a few rows.
    let store = S::open(&dir)?;
    (0..if quick { 3 } else { 200 }).for_each(|_| commit(&store, 1, &mut random));
    let expected = store.read_all()?;
    let left = place.fresh("killed");
    copy_files(&dir, &left)?;
    drop(store);
    killed::<S>(sheet, &place, &left, expected)
}

/// Numbers of rows at random.
fn pick(count: usize, rows: usize, random: &mut Random) -> Vec<u32> {
    (0..rows).map(|_| random.below(count) as u32).collect()
}

fn reads<S: Store>(sheet: &mut Sheet, store: &S) -> Result<(), Failure> {
    let count = sheet.scale.count;
    let rows = pick(count, count.div_ceil(5), &mut Random::new(6));
    sheet.time("read one", rows.len(), || store.read(&rows).expect("the disk works"));
    let expected: f64 = rows.iter().map(|number| f64::from(row(*number as usize)[0])).sum();
    if store.read(&rows)? != expected {
        return Err(format!("{} has other rows than it was filled with", S::NAME).into());
    }
    sheet.time("read all", count, || store.read_all().expect("the disk works").0);
    Ok(())
}

fn copies<S: Store>(sheet: &mut Sheet, store: &S, place: &Place) -> Result<(), Failure> {
    let to = place.fresh("copy");
    fs::create_dir_all(&to)?;
    let possible = store.copy(&to).transpose()?.is_some();
    fs::remove_dir_all(&to)?;
    if possible {
        let mut number = 0;
        let prepare = || {
            let to = place.fresh("copy");
            fs::create_dir_all(&to).expect("the disk works");
            number += 1;
            // So that there is something to copy, also for a store that has a copy of this version already.
            store.commit(&[number], row(number as usize), true).expect("the disk works");
            to
        };
        sheet.prepared("copy", sheet.scale.count, prepare, |to| {
            store.copy(to).map_or(0.0, |copied| copied.map(|()| 1.0).expect("the disk works"))
        });
    }
    Ok(())
}

fn commits<S: Store>(sheet: &mut Sheet, store: &S, random: &mut Random, commits: usize) {
    let count = sheet.scale.count;
    let commit = |rows: &[u32], durable| store.commit(rows, VALUE, durable).expect("the disk works");
    let mut many = |sheet: &mut Sheet, case: &str, (rows, commits): (usize, usize), durable: bool| {
        let prepare = || (0..commits).map(|_| pick(count, rows, random)).collect::<Vec<_>>();
        sheet.prepared(case, rows * commits, prepare, |all| {
            all.iter().for_each(|rows| commit(rows, durable));
            0.0
        });
    };
    many(sheet, "durable, one row", (1, commits), true);
    many(sheet, "durable, 1,000 rows", (MANY, commits.div_ceil(20)), true);
    let mut turn = 0;
    let each = commits.div_ceil(25);
    sheet.durations("durable, one row, 64 threads", THREADS * each, || {
        turn += 1;
        let rows = |thread: usize, number: usize| {
            pick(count, 1, &mut Random::new(((turn << 10) + thread as u64) << 20 | number as u64))
        };
        load(THREADS, each, &|thread, number| commit(&rows(thread, number), true)).wall
    });
    many(sheet, "visible, one row", (1, 10 * commits), false);
    many(sheet, "visible, 1,000 rows", (MANY, commits.div_ceil(20)), false);
    let prepare = || pick(count, 50 * commits, random);
    sheet.prepared("visible, one row, queued", 50 * commits, prepare, |rows| {
        store.commit_each(rows, VALUE).expect("the disk works");
        0.0
    });
}

/// Opens the store in `dir` and reads everything: until it was open, and until all was read.
fn open_and_read<S: Store>(dir: &Path, expected: (f64, usize)) -> Result<[f64; 2], Failure> {
    let began = Instant::now();
    let store = S::open(dir)?;
    let opened = began.elapsed().as_secs_f64();
    let found = store.read_all()?;
    let read = began.elapsed().as_secs_f64();
    if found != expected {
        return Err(format!("{} has lost something: {found:?} instead of {expected:?}", S::NAME).into());
    }
    Ok([opened, read])
}

/// The middle ones.
fn put_medians(sheet: &mut Sheet, cases: [&str; 2], times: &[[f64; 2]]) {
    for (at, case) in cases.into_iter().enumerate() {
        let mut times: Vec<f64> = times.iter().map(|both| both[at]).collect();
        times.sort_by(f64::total_cmp);
        sheet.put(case, times[times.len() / 2], None);
    }
}

fn openings<S: Store>(sheet: &mut Sheet, _: &Place, dir: &Path, expected: (f64, usize)) -> Result<(), Failure> {
    let times: Result<Vec<_>, _> = (0..sheet.scale.turns).map(|_| open_and_read::<S>(dir, expected)).collect();
    put_medians(sheet, ["open", "open, read"], &times?);
    Ok(())
}

fn killed<S: Store>(sheet: &mut Sheet, place: &Place, left: &Path, expected: (f64, usize)) -> Result<(), Failure> {
    let mut times = Vec::new();
    for _ in 0..sheet.scale.turns {
        let dir: PathBuf = place.fresh("left");
        copy_files(left, &dir)?;
        times.push(open_and_read::<S>(&dir, expected)?);
        fs::remove_dir_all(dir)?;
    }
    put_medians(sheet, ["open, killed", "open, killed, read"], &times);
    Ok(())
}

/// Bytes of the files below `dir`, as far as the disk has them: holes do not count.
///
/// # Errors
/// If they cannot be looked at.
fn bytes_on_disk(dir: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_on_disk(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}

/// Copies the files below `from` as they are now: what a process that is killed now leaves.
///
/// # Errors
/// If they cannot be copied.
pub(crate) fn copy_files(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy_files(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
