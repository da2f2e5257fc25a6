//! Rows on disk: commits, reads, openings.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ecsdb_benches::load::load;
use ecsdb_benches::paired::clocked;
use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;

use super::Unit::{Bytes, Rate, Time};
use super::{Case, Contender, Group};
use crate::Failure;
use crate::contenders::stores::{Ecsdb, EcsdbByNumber, Fjall, Lmdb, Redb, Row, Sqlite, Store, row};
use crate::sheet::{Scale, Sheet};

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
                measured until the store is open and until every row was read. Files that are copied while the store is open and at rest are \
                what a process leaves that is killed then; nothing is killed here. The last column is of ecsdb as it is used like the others, by \
                number.",
        contenders: contenders!(Ecsdb, EcsdbByNumber, Redb, Fjall, Lmdb, Sqlite),
        cases,
    }
}

fn cases(_: &Scale) -> Vec<Case> {
    let handles =
        "finds rows by entities that it has kept, and has no number in its rows; the others find rows by a number";
    let killed = "loses the last commits when the process is killed";
    let unsafe_file = "may be left with a damaged file by a loss of power";
    let visible = |key, what, unit| Case::new(key, what, unit).but(Redb::NAME, killed).but(Lmdb::NAME, unsafe_file);
    let loads = "reads everything into memory, the others nothing yet";
    let loaded = |key, what| Case::new(key, what, Time).but(Ecsdb::NAME, loads).but(EcsdbByNumber::NAME, loads);
    let none = "has no copy of a store that is open";
    let all = [
        Case::new("durable, one row", "durable commit of one row, one thread", Time),
        Case::new("durable, one row, 64 threads", "durable commits of one row, 64 threads", Rate),
        Case::new("durable, 1,000 rows", "rows in durable commits of 1,000 at random", Rate),
        visible("visible, one row", "visible commit of one row, waited for", Time),
        visible("visible, one row, queued", "visible commits of one row, one thread", Rate).but(
            Ecsdb::NAME,
            "finds rows by entities that it has kept, and sends all commits before it waits for the last",
        ),
        visible("visible, 1,000 rows", "rows in visible commits of 1,000 at random", Rate),
        Case::new("read one", "row at random, all in one transaction", Time),
        Case::new("read all", "all rows in their order, a row", Time),
        Case::new("fill", "filling an empty store durably, a row", Time),
        Case::new("copy", "a copy of everything while it is open, durable, a row", Time)
            .but(Redb::NAME, none)
            .but(Fjall::NAME, none),
        Case::new("disk", "bytes on disk, a row", Bytes),
        loaded("open", "opening after a clean close"),
        Case::new("open, read", "opening after a clean close, and reading all rows", Time),
        loaded("open, killed", "opening files that were copied while the store was open"),
        Case::new(
            "open, killed, read",
            "opening files that were copied while the store was open, and reading all rows",
            Time,
        ),
    ];
    let marked = |case: Case| {
        if case.other.iter().any(|(name, _)| *name == Ecsdb::NAME) { case } else { case.but(Ecsdb::NAME, handles) }
    };
    all.map(marked).into()
}

pub(super) fn measure<S: Store>(sheet: &mut Sheet) -> Result<(), Failure> {
    let (count, quick) = (sheet.scale.count, sheet.scale.quick);
    let place = Place::new("target/compare")?;
    let dir = place.fresh(S::NAME);
    fs::create_dir_all(&dir)?;
    let store = S::open(&dir)?;
    let mut model = Model::new(count);
    let began = Instant::now();
    store.fill(count)?;
    sheet.put("fill", began.elapsed().as_secs_f64() / count as f64);
    model.look_at("fill", &store)?;
    store.settle()?;
    reads(sheet, &store)?;
    copies(sheet, &store, &mut model, &place)?;
    commits(sheet, &store, &mut model, if quick { 3 } else { 100 })?;
    store.settle()?;
    drop(store);
    openings::<S>(sheet, &dir, model.expected())?;
    sheet.put("disk", bytes_on_disk(&dir)? as f64 / count as f64);
    // What lies there when a process was killed that had changed a few rows.
    let store = S::open(&dir)?;
    for rows in model.change(if quick { 3 } else { 200 }, 1) {
        store.commit(&rows, model.value, true)?;
    }
    let left = place.fresh("killed");
    copy_files(&dir, &left)?;
    drop(store);
    killed::<S>(sheet, &place, &left, model.expected())
}

/// What must be in a store.
struct Model {
    /// The first float of each row.
    rows: Vec<f32>,
    random: Random,
    /// What rows are replaced with: other numbers in each turn, so that no change repeats an earlier one.
    value: Row,
}

impl Model {
    /// As a store is filled.
    fn new(count: usize) -> Self {
        let rows = (0..count).map(|number| row(number)[0]).collect();
        Self { rows, random: Random::new(5), value: [7.0, 0.0, 1.0] }
    }

    /// Chooses rows at random for so many commits, and replaces them.
    fn change(&mut self, commits: usize, rows: usize) -> Vec<Vec<u32>> {
        self.value[0] += 1.0;
        let all: Vec<Vec<u32>> = (0..commits).map(|_| pick(self.rows.len(), rows, &mut self.random)).collect();
        all.iter().flatten().for_each(|row| self.rows[*row as usize] = self.value[0]);
        all
    }

    /// What reading everything must find.
    fn expected(&self) -> (f64, usize) {
        (self.rows.iter().map(|x| f64::from(*x)).sum(), self.rows.len())
    }

    /// Compares it with what is in `store` after `case`.
    fn look_at<S: Store>(&self, case: &str, store: &S) -> Result<(), Failure> {
        let (found, expected) = (store.read_all()?, self.expected());
        if found == expected {
            return Ok(());
        }
        Err(format!("{case}: {} has {found:?} in all its rows instead of {expected:?}", S::NAME).into())
    }
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
    sheet.time("read all", count, || {
        let (sum, count) = store.read_all().expect("the disk works");
        [sum, count as f64]
    });
    Ok(())
}

fn copies<S: Store>(sheet: &mut Sheet, store: &S, model: &mut Model, place: &Place) -> Result<(), Failure> {
    if !S::COPIES || !sheet.wants("copy") {
        return Ok(());
    }
    let mut last = PathBuf::new();
    sheet.turns("copy", sheet.scale.count, || {
        // So that there is something to copy, also for a store that has a copy of this version already.
        for rows in model.change(1, 1) {
            store.commit(&rows, model.value, true).expect("the disk works");
        }
        last = place.fresh("copy");
        (clocked(|| store.copy(&last).expect("the disk works")), ())
    });
    model.look_at("copy", &S::open(&last)?)
}

fn commits<S: Store>(sheet: &mut Sheet, store: &S, model: &mut Model, commits: usize) -> Result<(), Failure> {
    let mut many = |sheet: &mut Sheet, case: &str, (rows, commits): (usize, usize), durable: bool| {
        sheet.turns(case, rows * commits, || {
            let all = model.change(commits, rows);
            let commit = |rows: &Vec<u32>| store.commit(rows, model.value, durable).expect("the disk works");
            (clocked(|| all.iter().for_each(commit)), ())
        });
        model.look_at(case, store)
    };
    many(sheet, "durable, one row", (1, commits), true)?;
    many(sheet, "durable, 1,000 rows", (MANY, commits.div_ceil(20)), true)?;
    many(sheet, "visible, one row", (1, 10 * commits), false)?;
    many(sheet, "visible, 1,000 rows", (MANY, commits.div_ceil(20)), false)?;
    let (threads, each, case) = (THREADS, commits.div_ceil(6), "durable, one row, 64 threads");
    sheet.turns(case, threads * each, || {
        let rows = model.change(threads, each);
        let commit = |thread: usize, number: usize| {
            store.commit(&[rows[thread][number]], model.value, true).expect("the disk works");
        };
        (load(threads, each, &commit).wall, ())
    });
    model.look_at(case, store)?;
    let case = "visible, one row, queued";
    sheet.turns(case, 50 * commits, || {
        let rows = model.change(1, 50 * commits).concat();
        (clocked(|| store.commit_each(&rows, model.value).expect("the disk works")), ())
    });
    model.look_at(case, store)
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
        sheet.put(case, times[times.len() / 2]);
    }
}

fn openings<S: Store>(sheet: &mut Sheet, dir: &Path, expected: (f64, usize)) -> Result<(), Failure> {
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
