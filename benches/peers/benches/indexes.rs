//! Indexes beside those of SQLite in memory, and beside an R*-tree: the same look-ups over the same rows, as a table in
//! Markdown.

use std::error::Error;
use std::io::{self, Write};

use ecsdb::Entity;
use ecsdb_benches::indexed::{Four, place, rows};
use ecsdb_benches::paired::{Medians, paired, timed};
use ecsdb_benches::random::Random;
use ecsdb_benches::report::{Goal, Report};
use ecsdb_benches::{entity_count, is_smoke_run};
use rstar::RTree;
use rstar::primitives::GeomWithData;
use rusqlite::{Connection, params};

/// Look-ups in a turn.
const LOOK_UPS: usize = 1000;

/// Rows of a range.
const RANGE: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let (count, rounds) = (entity_count(), if is_smoke_run() { 1 } else { 31 });
    let mut out = io::stdout().lock();
    writeln!(out, "{count} rows; processor time an operation, medians; ratio: median of neighbouring turns\n")?;
    let mut report = Report::new(&mut out as &mut dyn Write, "ecsdb", "peer")?;
    let world = rows::<Four>(count);
    let snapshot = world.db.snapshot();
    let rows: Vec<(Entity, Four)> =
        snapshot.query::<(Entity, &Four)>().iter().map(|(entity, row)| (entity, *row)).collect();
    let mut random = Random::new(21);
    let wanted: Vec<u32> = (0..LOOK_UPS).map(|_| random.below(count) as u32).collect();

    let sqlite = sqlite(&rows)?;
    let index = snapshot.index(Four::I.number);
    let mut one = sqlite.prepare("SELECT id FROM rows WHERE number = ?1")?;
    let mut get =
        |number: u32| one.query_row(params![number], |row| row.get::<_, i64>(0)).expect("there is such a row");
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
        || timed(|| wanted.iter().map(|number| get(*number)).sum::<i64>()),
    );
    report.row("look-up (peer: SQLite in memory, prepared)", LOOK_UPS, found, Goal::None)?;
    let mut many = sqlite.prepare("SELECT sum(x) FROM rows WHERE number >= ?1 AND number < ?2")?;
    let mut sum =
        |from: u32| many.query_row(params![from, from + RANGE], |row| row.get::<_, Option<f64>>(0)).expect("a sum");
    let found = paired(
        rounds,
        || {
            timed(|| {
                let range =
                    |from: &u32| index.range(*from..*from + RANGE).map(|(_, row)| f64::from(row.x)).sum::<f64>();
                wanted.iter().map(range).sum::<f64>()
            })
        },
        || timed(|| wanted.iter().filter_map(|number| sum(*number)).sum::<f64>()),
    );
    report.row("sum over a range of 100, a row (peer: SQLite)", LOOK_UPS * RANGE as usize, found, Goal::None)?;
    places(&mut report, &snapshot, &rows, rounds)?;
    Ok(())
}

/// The rows in SQLite, with an index.
fn sqlite(rows: &[(Entity, Four)]) -> Result<Connection, rusqlite::Error> {
    let mut connection = Connection::open_in_memory()?;
    connection
        .execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, kind INTEGER, number INTEGER, x REAL, y REAL)")?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO rows VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (entity, row) in rows {
            insert.execute(params![entity.slot(), row.kind, row.number, row.x, row.y])?;
        }
    }
    transaction.execute_batch("CREATE INDEX by_number ON rows (number)")?;
    transaction.commit()?;
    Ok(connection)
}

fn places(
    report: &mut Report<&mut dyn Write>,
    snapshot: &ecsdb::Snapshot<ecsdb_benches::indexed::Indexed>,
    rows: &[(Entity, Four)],
    rounds: usize,
) -> io::Result<()> {
    let points = rows.iter().map(|(entity, row)| GeomWithData::new([row.x, row.y], entity.slot())).collect();
    let tree: RTree<GeomWithData<[f32; 2], u32>> = RTree::bulk_load(points);
    let mut random = Random::new(22);
    let centers: Vec<[f32; 2]> = (0..100).map(|_| place(&mut random, rows.len()).into()).collect();
    let grid = snapshot.spatial(Four::I.place);
    let found: Medians = paired(
        rounds,
        || {
            timed(|| {
                centers
                    .iter()
                    .map(|at| grid.within(*at, 4.0).map(|(_, row)| u64::from(row.number)).sum::<u64>())
                    .sum::<u64>()
            })
        },
        || {
            timed(|| {
                centers
                    .iter()
                    .map(|at| tree.locate_within_distance(*at, 16.0).map(|found| u64::from(found.data)).sum::<u64>())
                    .sum::<u64>()
            })
        },
    );
    report.row("within a radius, about 200 rows (peer: rstar)", centers.len(), found, Goal::None)?;
    let found = paired(
        rounds,
        || {
            timed(|| {
                centers
                    .iter()
                    .map(|at| grid.nearest(*at, 10).map(|(_, _, row)| u64::from(row.number)).sum::<u64>())
                    .sum::<u64>()
            })
        },
        || {
            timed(|| {
                centers
                    .iter()
                    .map(|at| tree.nearest_neighbor_iter(at).take(10).map(|found| u64::from(found.data)).sum::<u64>())
                    .sum::<u64>()
            })
        },
    );
    report.row("nearest 10 (peer: rstar)", centers.len(), found, Goal::None)
}
