//! Indexes beside what is done without a database: look-ups, ranges, places, and what they add to a commit and to memory.
//! One table in Markdown, from one run.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use ecsdb::schema::TableOf;
use ecsdb_allocations::{Counting, bytes_in_use};
use ecsdb_benches::indexed::{Four, Indexed, One, Plain, Rows, Sample, Two, changes, place, rows};
use ecsdb_benches::paired::{Medians, median, paired, timed};
use ecsdb_benches::random::Random;
use ecsdb_benches::report::{Goal, Report};
use ecsdb_benches::{entity_count, is_smoke_run};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Look-ups in a turn.
const LOOK_UPS: usize = 1000;

/// Rows of a range.
const RANGE: u32 = 100;

/// Commits in a turn: few enough for any queue.
const COMMITS: usize = 2000;

/// Commits whose copies are counted.
const COUNTED: usize = 64;

type Out<'a> = Report<&'a mut dyn Write>;

fn main() -> io::Result<()> {
    let (count, rounds) = (entity_count(), if is_smoke_run() { 1 } else { 31 });
    let mut out = io::stdout().lock();
    writeln!(out, "{count} rows; processor time an operation, medians; ratio: median of neighbouring turns\n")?;
    let mut report = Report::new(&mut out as &mut dyn Write, "ecsdb", "raw")?;
    look_ups(&mut report, &rows::<Four>(count), rounds)?;
    places(&mut report, &rows::<Four>(count), rounds)?;
    commits::<Plain>(&mut report, "no index", count, rounds)?;
    commits::<One>(&mut report, "1 index", count, rounds)?;
    commits::<Two>(&mut report, "2 indexes", count, rounds)?;
    commits::<Four>(&mut report, "4 indexes", count, rounds)?;
    Ok(())
}

fn look_ups(report: &mut Out<'_>, rows: &Rows, rounds: usize) -> io::Result<()> {
    let snapshot = rows.db.snapshot();
    let count = rows.entities.len();
    let all: Vec<(u32, u32)> =
        snapshot.query::<(ecsdb::Entity, &Four)>().iter().map(|(e, row)| (row.number, e.slot())).collect();
    let ordered: BTreeMap<u32, u32> = all.iter().copied().collect();
    let hashed: HashMap<u32, u32> = all.iter().copied().collect();
    let xs: Vec<f32> =
        (0..count).map(|row| snapshot.get::<Four>(rows.entities[row]).map_or(0.0, |row| row.x)).collect();
    let mut random = Random::new(21);
    let wanted: Vec<u32> = (0..LOOK_UPS).map(|_| random.below(count) as u32).collect();
    let (index, hash) = (snapshot.index(Four::I.number), snapshot.index(Four::I.hashed));

    let found = paired(
        rounds,
        || {
            timed(|| {
                wanted
                    .iter()
                    .filter_map(|number| index.get(*number).entities().next())
                    .map(|e| u64::from(e.slot()))
                    .sum::<u64>()
            })
        },
        || timed(|| wanted.iter().filter_map(|number| ordered.get(number)).map(|slot| u64::from(*slot)).sum::<u64>()),
    );
    report.row("look-up, ordered (raw: BTreeMap)", LOOK_UPS, found, Goal::None)?;
    let found = paired(
        rounds,
        || {
            timed(|| {
                wanted
                    .iter()
                    .filter_map(|number| hash.get(*number).entities().next())
                    .map(|e| u64::from(e.slot()))
                    .sum::<u64>()
            })
        },
        || timed(|| wanted.iter().filter_map(|number| hashed.get(number)).map(|slot| u64::from(*slot)).sum::<u64>()),
    );
    report.row("look-up, hash (raw: HashMap)", LOOK_UPS, found, Goal::None)?;
    let found = paired(
        rounds,
        || {
            timed(|| {
                let found = hash.one_each(wanted.iter().copied());
                found.flatten().map(|(_, row)| row.x).sum::<f32>()
            })
        },
        || timed(|| wanted.iter().filter_map(|number| hashed.get(number)).map(|slot| xs[*slot as usize]).sum::<f32>()),
    );
    report.row("look-up of many and their rows, hash (raw: HashMap and a slice)", LOOK_UPS, found, Goal::None)?;
    let found = paired(
        rounds,
        || {
            timed(|| {
                let range =
                    |from: &u32| index.range(*from..*from + RANGE).entities().map(|e| u64::from(e.slot())).sum::<u64>();
                wanted.iter().map(range).sum::<u64>()
            })
        },
        || {
            timed(|| {
                let range =
                    |from: &u32| ordered.range(*from..*from + RANGE).map(|(_, slot)| u64::from(*slot)).sum::<u64>();
                wanted.iter().map(range).sum::<u64>()
            })
        },
    );
    report.row("range of 100, an entry (raw: BTreeMap)", LOOK_UPS * RANGE as usize, found, Goal::None)
}

fn places(report: &mut Out<'_>, rows: &Rows, rounds: usize) -> io::Result<()> {
    let snapshot = rows.db.snapshot();
    let count = rows.entities.len();
    let all: Vec<(f32, f32)> = snapshot.query::<&Four>().iter().map(|row| (row.x, row.y)).collect();
    let mut random = Random::new(22);
    let centers: Vec<(f32, f32)> = (0..16).map(|_| place(&mut random, count)).collect();
    let grid = snapshot.spatial(Four::I.place);
    let found = paired(
        rounds,
        || timed(|| centers.iter().map(|(x, y)| grid.within([*x, *y], 4.0).count()).sum::<usize>()),
        || {
            timed(|| {
                let is_near = |(x, y): &(f32, f32), at: &(f32, f32)| (x - at.0).powi(2) + (y - at.1).powi(2) <= 16.0;
                centers.iter().map(|center| all.iter().filter(|at| is_near(center, at)).count()).sum::<usize>()
            })
        },
    );
    report.row("within a radius, about 200 rows (raw: scan of a slice)", centers.len(), found, Goal::None)?;
    let found = median(
        (0..rounds).map(|_| timed(|| centers.iter().map(|(x, y)| grid.nearest([*x, *y], 10).len()).sum::<usize>())),
    );
    report.row("nearest 10", centers.len(), Medians { measured: found, limit: Duration::ZERO, ratio: 0.0 }, Goal::None)
}

fn commits<T: Sample + TableOf<Indexed> + ecsdb::transaction::Bundle<Indexed>>(
    report: &mut Out<'_>,
    what: &str,
    count: usize,
    rounds: usize,
) -> io::Result<()> {
    let before = bytes_in_use();
    let rows = rows::<T>(count);
    rows.db.trim().expect("the database is open");
    let used = bytes_in_use() - before;
    let mut random = Random::new(23);
    let times = median((0..rounds).map(|_| changes::<T>(&rows, &mut random, COMMITS)));
    let medians = Medians { measured: times, limit: Duration::ZERO, ratio: 0.0 };
    report.row(&format!("commit of one row, every column, {what}: writer time"), COMMITS, medians, Goal::None)?;
    rows.db.trim().expect("the database is open");
    // What a version that is held keeps of what was copied.
    let pinned = rows.db.snapshot();
    let held = rows.db.memory().expect("the database is open").retained_bytes;
    changes::<T>(&rows, &mut random, COUNTED);
    rows.db.trim().expect("the database is open");
    let copied = (rows.db.memory().expect("the database is open").retained_bytes - held) / COUNTED;
    drop(pinned);
    let each = used as f64 / count as f64;
    report.note(&format!("{what}: {copied} B copied a commit, {each:.1} B of memory a row"))
}
