//! The relational features of ecsdb beside SQLite in memory, an R-tree (rstar) and plain vectors: the same work on the same rows in
//! one run, as a table in Markdown. What all of them answer is compared in every turn.

use core::fmt::Debug;
use core::hint::black_box;
use std::cmp::Reverse;
use std::io::{self, Write};

use ecsdb::schema::TableOf;
use ecsdb::transaction::Bundle;
use ecsdb::{Component, Entity, Ticket};
use ecsdb_benches::indexed::{Four, Indexed, KINDS, One, Plain, Rows, Sample, Two, place, rows};
use ecsdb_benches::random::Random;
use ecsdb_benches::{entity_count, is_smoke_run};
use ecsdb_peers::Failure;
use ecsdb_peers::compared::Engine::{Ecsdb, Raw, Rstar, Sqlite};
use ecsdb_peers::compared::{Engine, Side, Table};
use ecsdb_peers::relational::{
    self as engines, Item, ItemRef, Leaf, Map, Place, SCALE, STEPS, Unit, World, bodies, number,
};
use rstar::AABB;
use rusqlite::{Statement, params};

/// Look-ups, ranges and places in a turn.
const KEYS: usize = 1000;

/// Rows of a range.
const RANGE: usize = 100;

/// Rows that an order is cut off at.
const FIRST: usize = 100;

/// Commits in a turn: few enough for any queue.
const COMMITS: usize = 2000;

/// What a part measures, and its name on the command line.
type Part<'a> = (&'a str, &'a dyn Fn(&mut Table<'_>, &World) -> Result<(), Failure>);

fn main() -> Result<(), Failure> {
    let count = entity_count();
    // Parts can be asked for by name.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{count} rows; processor time an operation unless said, medians; ratios: medians of neighbouring turns\n"
    )?;
    let mut table = Table::new(&mut out, is_smoke_run())?;
    let parts: [Part<'_>; 4] = [("keys", &keys), ("scans", &scans), ("groups", &groups), ("joins", &joins)];
    if parts.iter().any(|(part, _)| wants(part)) {
        let world = engines::world(count)?;
        for (_, measure) in parts.iter().filter(|(part, _)| wants(part)) {
            measure(&mut table, &world)?;
        }
    }
    if wants("places") {
        places(&mut table, engines::map(count))?;
    }
    if wants("commits") {
        commits::<Plain>(&mut table, "no index", count, &[])?;
        commits::<One>(&mut table, "1 index", count, &["number"])?;
        commits::<Two>(&mut table, "2 indexes", count, &["number", "kind"])?;
        // SQLite has B-trees instead of a hash index and a grid.
        commits::<Four>(&mut table, "4 indexes", count, &["number", "kind", "number", "x, y"])?;
    }
    Ok(())
}

/// A sum in which the order of what is added counts.
fn in_order(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, |sum: u64, number| sum.wrapping_mul(31).wrapping_add(number))
}

/// The rows of a statement, as [`in_order`] has them.
fn rows_in_order(statement: &mut Statement<'_>, params: impl rusqlite::Params) -> u64 {
    let rows = statement.query_map(params, |row| row.get::<_, u32>(0)).expect("SQLite answers");
    in_order(rows.map(|row| row.expect("it is a number").into()))
}

fn keys(table: &mut Table<'_>, world: &World) -> Result<(), Failure> {
    let count = world.units.len();
    let snapshot = world.db.snapshot();
    let (ordered, hashed) = (snapshot.index(Unit::I.number), snapshot.index(Unit::I.hashed));
    let key = |random: &mut Random| random.below(count) as u32;
    let worth = |(_, unit): (Entity, &Unit)| u64::from(unit.worth);
    let mut one = world.sqlite.prepare("SELECT worth FROM units WHERE number = ?1")?;
    let mut sqlite = |random: &mut Random| (0..KEYS).map(|_| number(&mut one, [key(random)])).sum();
    let mut ecsdb = |random: &mut Random| (0..KEYS).filter_map(|_| ordered.one(key(random))).map(worth).sum();
    table.row("row by its unique key (ecsdb: ordered)", KEYS, [(Ecsdb, &mut ecsdb), (Sqlite, &mut sqlite)])?;
    let mut ecsdb = |random: &mut Random| (0..KEYS).filter_map(|_| hashed.one(key(random))).map(worth).sum();
    table.row("row by its unique key (ecsdb: hash)", KEYS, [(Ecsdb, &mut ecsdb), (Sqlite, &mut sqlite)])?;

    let range = |random: &mut Random| {
        let low = random.below(count.saturating_sub(RANGE) + 1) as u32;
        low..low + RANGE as u32
    };
    let mut ecsdb = |random: &mut Random| {
        let all = |_| in_order(ordered.range(range(random)).map(worth));
        (0..KEYS).map(all).fold(0, u64::wrapping_add)
    };
    let mut between =
        world.sqlite.prepare("SELECT worth FROM units WHERE number >= ?1 AND number < ?2 ORDER BY number")?;
    let mut sqlite = |random: &mut Random| {
        let all = |_| {
            let range = range(random);
            rows_in_order(&mut between, [range.start, range.end])
        };
        (0..KEYS).map(all).fold(0, u64::wrapping_add)
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut ecsdb), (Sqlite, &mut sqlite)];
    Ok(table.row("range of 100 keys in their order, a row", KEYS * RANGE, sides)?)
}

fn scans(table: &mut Table<'_>, world: &World) -> Result<(), Failure> {
    let (snapshot, units, count) = (world.db.snapshot(), &world.units, world.units.len());
    let mut counted = world.sqlite.prepare("SELECT count(*) FROM units WHERE level < ?1")?;
    let mut summed = world.sqlite.prepare("SELECT sum(worth) FROM units WHERE level < ?1")?;
    let mut counted_by_two = world.sqlite.prepare("SELECT count(*) FROM units WHERE level < ?1 AND speed < ?2")?;
    let mut summed_by_two = world.sqlite.prepare("SELECT sum(worth) FROM units WHERE level < ?1 AND speed < ?2")?;
    for percent in [1, 10, 50] {
        let level = black_box((percent * SCALE / 100) as u32);
        let query = || snapshot.query::<&Unit>().filter(Unit::C.level.lt(level));
        let passing = || units.iter().filter(|unit| unit.level < level);
        let sides: [(Engine, Side<'_>); 3] = [
            (Ecsdb, &mut |_| query().count() as u64),
            (Raw, &mut |_| passing().count() as u64),
            (Sqlite, &mut |_| number(&mut counted, [level])),
        ];
        table.long_row(&format!("scan: count of {percent} %, one column, a row"), count, sides)?;
        let sides: [(Engine, Side<'_>); 3] = [
            (Ecsdb, &mut |_| query().sum(Unit::C.worth).unwrap_or_default() as u64),
            (Raw, &mut |_| passing().map(|unit| u64::from(unit.worth)).sum()),
            (Sqlite, &mut |_| number(&mut summed, [level])),
        ];
        table.long_row(&format!("scan: sum of {percent} %, one column, a row"), count, sides)?;

        // Each of two columns lets the root of it pass.
        let level = black_box(((percent as f64 / 100.0).sqrt() * SCALE as f64) as u32);
        let speed = level as f32;
        let query = || snapshot.query::<&Unit>().filter(Unit::C.level.lt(level).and(Unit::C.speed.lt(speed)));
        let passing = || units.iter().filter(|unit| unit.level < level && unit.speed < speed);
        let sides: [(Engine, Side<'_>); 3] = [
            (Ecsdb, &mut |_| query().count() as u64),
            (Raw, &mut |_| passing().count() as u64),
            (Sqlite, &mut |_| number(&mut counted_by_two, params![level, speed])),
        ];
        table.long_row(&format!("scan: count of {percent} %, two columns, a row"), count, sides)?;
        let sides: [(Engine, Side<'_>); 3] = [
            (Ecsdb, &mut |_| query().sum(Unit::C.worth).unwrap_or_default() as u64),
            (Raw, &mut |_| passing().map(|unit| u64::from(unit.worth)).sum()),
            (Sqlite, &mut |_| number(&mut summed_by_two, params![level, speed])),
        ];
        table.long_row(&format!("scan: sum of {percent} %, two columns, a row"), count, sides)?;
    }
    Ok(())
}

fn groups(table: &mut Table<'_>, world: &World) -> Result<(), Failure> {
    let (snapshot, units, count) = (world.db.snapshot(), &world.units, world.units.len());
    let sum = |kind: u32, rows: u64| (u64::from(kind) + 1) * rows * rows;
    let mut grouped = world.sqlite.prepare("SELECT kind, count(*) FROM units GROUP BY kind")?;
    let mut ecsdb = |_: &mut Random| {
        let groups = snapshot.query::<&Unit>().group_by(Unit::C.kind).count();
        groups.into_iter().map(|(kind, rows)| sum(kind, rows)).sum()
    };
    let mut raw = |_: &mut Random| {
        let mut groups = [0; KINDS];
        units.iter().for_each(|unit| groups[unit.kind as usize] += 1);
        (0..).zip(groups).map(|(kind, rows)| sum(kind, rows)).sum()
    };
    let mut sqlite = |_: &mut Random| {
        let groups =
            grouped.query_map([], |row| Ok(sum(row.get(0)?, row.get::<_, i64>(1)? as u64))).expect("SQLite answers");
        groups.map(|group| group.expect("two numbers")).sum()
    };
    let sides: [(Engine, Side<'_>); 3] = [(Ecsdb, &mut ecsdb), (Raw, &mut raw), (Sqlite, &mut sqlite)];
    table.long_row("count for each of 100 kinds, a row", count, sides)?;

    let mut first = world.sqlite.prepare("SELECT number FROM units ORDER BY worth DESC, number LIMIT ?1")?;
    let mut ecsdb = |_: &mut Random| {
        let sorted = snapshot.query::<&Unit>().order_by(Unit::C.worth.desc()).then_by(Unit::C.number);
        in_order(sorted.limit(FIRST).iter().map(|unit| unit.number.into()))
    };
    let mut raw = |_: &mut Random| {
        let mut all: Vec<(Reverse<u32>, u32)> = units.iter().map(|unit| (Reverse(unit.worth), unit.number)).collect();
        all.select_nth_unstable(FIRST.min(count) - 1);
        all.truncate(FIRST);
        all.sort_unstable();
        in_order(all.iter().map(|(_, number)| u64::from(*number)))
    };
    let mut sqlite = |_: &mut Random| rows_in_order(&mut first, [FIRST as u32]);
    let sides: [(Engine, Side<'_>); 3] = [(Ecsdb, &mut ecsdb), (Raw, &mut raw), (Sqlite, &mut sqlite)];
    Ok(table.long_row("the first 100 by two columns, without an index, a row", count, sides)?)
}

fn joins(table: &mut Table<'_>, world: &World) -> Result<(), Failure> {
    let (snapshot, count) = (world.db.snapshot(), world.units.len());
    let light = (SCALE / 2) as u32;
    let mut children = world.sqlite.prepare("SELECT sum(weight) FROM items WHERE owner = ?1 AND weight < ?2")?;
    let mut ecsdb = |random: &mut Random| {
        let parents = (0..KEYS).map(|_| world.entities[random.below(count)]);
        let items = parents.flat_map(|parent| snapshot.children(Item::C.owner, parent));
        items.filter(|(_, item)| item.weight() < light).map(|(_, item)| u64::from(item.weight())).sum()
    };
    let mut sqlite = |random: &mut Random| {
        (0..KEYS).map(|_| number(&mut children, params![random.below(count) as u32, light])).sum()
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut ecsdb), (Sqlite, &mut sqlite)];
    table.row("children of a random parent, with a filter, a parent", KEYS, sides)?;

    // SQLite does not know that a condition without an index lets few rows pass, and takes the second plan unless it is told.
    for (percent, tables) in [(1, "units CROSS JOIN items"), (50, "units JOIN items")] {
        let level = black_box((percent * SCALE / 100) as u32);
        let mut joined = world.sqlite.prepare(&format!(
            "SELECT sum(weight) FROM {tables} ON items.owner = units.id WHERE units.level < ?1 AND items.weight < ?2"
        ))?;
        let mut ecsdb = |_: &mut Random| {
            let units = snapshot.query::<&Unit>().filter(Unit::C.level.lt(level));
            let items = snapshot.query::<ItemRef<'_>>().filter(Item::C.weight.lt(light));
            items.join(Item::C.owner, units).iter().map(|(item, _)| u64::from(item.weight())).sum()
        };
        let mut raw = |_: &mut Random| {
            let items = world.items.iter().filter(|(_, weight)| *weight < light);
            let of_such = items.filter(|(owner, _)| world.units[*owner as usize].level < level);
            of_such.map(|(_, weight)| u64::from(*weight)).sum()
        };
        let mut sqlite = |_: &mut Random| number(&mut joined, [level, light]);
        let sides: [(Engine, Side<'_>); 3] = [(Ecsdb, &mut ecsdb), (Raw, &mut raw), (Sqlite, &mut sqlite)];
        let what = format!("join: half of the items, with {percent} % of the units, an item");
        table.long_row(&what, count, sides)?;
    }
    Ok(())
}

/// Distances and places, as whole numbers of steps.
fn steps(length: f32) -> u64 {
    (length * STEPS) as i64 as u64
}

fn places(table: &mut Table<'_>, mut map: Map) -> Result<(), Failure> {
    const RADIUS: f32 = 8.0;
    const NEAREST: usize = 10;
    look_around(table, &map, "", RADIUS)?;
    let count = map.places.len();
    let snapshot = map.db.snapshot();
    let at = snapshot.spatial(Place::I.at);
    // Several may be as far away, so that it is the distances which must agree: their squares are whole.
    let square = |square: f64| (square * f64::from(STEPS * STEPS)).round() as u64;
    let mut ecsdb = |random: &mut Random| {
        let centers = (0..KEYS).map(|_| engines::place(random, count));
        let found = centers.flat_map(|center| at.nearest(center, NEAREST));
        found.map(|(distance, ..)| square(distance * distance)).sum()
    };
    let mut rstar = |random: &mut Random| {
        let centers = (0..KEYS).map(|_| engines::place(random, count));
        let tree = &map.tree;
        let found = centers
            .flat_map(|center| tree.nearest_neighbor_iter_with_distance_2(&center).take(NEAREST).collect::<Vec<_>>());
        found.map(|(_, distance)| square(distance.into())).sum()
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut ecsdb), (Rstar, &mut rstar)];
    table.row("nearest 10, a look", KEYS, sides)?;
    drop(snapshot);
    moves(table, &mut map)?;
    look_around(table, &map, ", after these moves", RADIUS)
}

/// Circles and boxes of about 200 places.
fn look_around(table: &mut Table<'_>, map: &Map, state: &str, radius: f32) -> Result<(), Failure> {
    let count = map.places.len();
    let snapshot = map.db.snapshot();
    let at = snapshot.spatial(Place::I.at);
    let number = |(_, place): (Entity, &Place)| u64::from(place.number) + 1;
    let leaf = |leaf: &Leaf| u64::from(leaf.data) + 1;
    let mut ecsdb = |random: &mut Random| {
        let centers = (0..KEYS).map(|_| engines::place(random, count));
        centers.flat_map(|center| at.within(center, radius)).map(number).sum()
    };
    let mut rstar = |random: &mut Random| {
        let centers = (0..KEYS).map(|_| engines::place(random, count));
        centers.flat_map(|center| map.tree.locate_within_distance(center, radius * radius)).map(leaf).sum()
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut ecsdb), (Rstar, &mut rstar)];
    table.row(&format!("about 200 places within a radius, a look{state}"), KEYS, sides)?;
    let corners = |random: &mut Random| {
        let low = engines::place(random, count);
        (low, low.map(|low| low + 14.0))
    };
    let mut ecsdb = |random: &mut Random| {
        let boxes = (0..KEYS).map(|_| corners(random));
        boxes.flat_map(|(low, high)| at.in_box(low, high)).map(number).sum()
    };
    let mut rstar = |random: &mut Random| {
        let boxes = (0..KEYS).map(|_| corners(random));
        let found = boxes.map(|(low, high)| AABB::from_corners(low, high));
        found.map(|around| map.tree.locate_in_envelope(&around).map(leaf).sum::<u64>()).sum()
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut ecsdb), (Rstar, &mut rstar)];
    Ok(table.row(&format!("about 200 places in a box, a look{state}"), KEYS, sides)?)
}

/// Moves by up to one unit along each axis.
fn moves(table: &mut Table<'_>, Map { db, entities, tree, places }: &mut Map) -> Result<(), Failure> {
    let count = places.len();
    let step = |random: &mut Random| [(); 2].map(|()| (random.below(32) as f32 - 15.0) / STEPS);
    let mut ecsdb = |random: &mut Random| {
        let moves: Vec<(Entity, [f32; 2])> = (0..KEYS).map(|_| (entities[random.below(count)], step(random))).collect();
        let moved = db.write(move |tx| {
            let mut sum = 0_u64;
            for (entity, [x, y]) in moves {
                let place = |place: &mut Place| {
                    (place.x, place.y) = (place.x + x, place.y + y);
                    steps(place.x).wrapping_add(steps(place.y))
                };
                sum = sum.wrapping_add(tx.modify(entity, place)?);
            }
            Ok(sum)
        });
        moved.expect("all are alive")
    };
    let mut rstar = |random: &mut Random| {
        let mut sum = 0_u64;
        for _ in 0..KEYS {
            let number = random.below(count);
            let ([x, y], old) = (step(random), places[number]);
            let new = [old[0] + x, old[1] + y];
            tree.remove(&Leaf::new(old, number as u32)).expect("it is where it was put");
            tree.insert(Leaf::new(new, number as u32));
            places[number] = new;
            sum = sum.wrapping_add(steps(new[0])).wrapping_add(steps(new[1]));
        }
        sum
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut ecsdb), (Rstar, &mut rstar)];
    Ok(table.row("1,000 places moved a little (ecsdb: one transaction; rstar: remove, insert), a move", KEYS, sides)?)
}

/// Commits of one row, in which every column changes.
fn commits<T>(table: &mut Table<'_>, what: &str, count: usize, indexes: &[&str]) -> Result<(), Failure>
where
    T: Sample + TableOf<Indexed> + Bundle<Indexed> + PartialEq + Debug + for<'a> Component<Ref<'a> = &'a T>,
{
    let rows = rows::<T>(count);
    let sqlite = bodies::<T>(&rows, indexes)?;
    let draw = |random: &mut Random| (random.below(count), random.below(count) as u32, place(random, count));
    let change = |random: &mut Random| -> (Ticket, u64) {
        let (id, number, at) = draw(random);
        (T::change(&rows.db, rows.entities[id], number, at), number.into())
    };
    let visible = |ticket: Ticket| ticket.visible().expect("the entity is alive");
    let mut update = sqlite.prepare("UPDATE bodies SET kind = ?2, number = ?3, x = ?4, y = ?5 WHERE id = ?1")?;
    let mut other = |random: &mut Random| {
        let one = |_| {
            let (id, number, (x, y)) = draw(random);
            let changed =
                update.execute(params![id as u32, number % KINDS as u32, number, x, y]).expect("SQLite has room");
            changed as u64 * u64::from(number)
        };
        (0..COMMITS).map(one).sum()
    };
    let mut alone = |random: &mut Random| {
        let one = |_| {
            let (ticket, number) = change(random);
            visible(ticket);
            number
        };
        (0..COMMITS).map(one).sum()
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut alone), (Sqlite, &mut other)];
    table.clocked_row(&format!("commit of one row, {what}, each waited for, on the clock"), COMMITS, sides)?;
    let mut pipelined = |random: &mut Random| {
        let mut last = None;
        let mut one = |_| {
            let (ticket, number) = change(random);
            last = Some(ticket);
            number
        };
        let sum = (0..COMMITS).map(&mut one).sum();
        last.map(visible);
        sum
    };
    let sides: [(Engine, Side<'_>); 2] = [(Ecsdb, &mut pipelined), (Sqlite, &mut other)];
    table.clocked_row(
        &format!("commit of one row, {what}, pipelined (SQLite: one by one), on the clock"),
        COMMITS,
        sides,
    )?;
    Ok(assert_same::<T>(&rows, &sqlite)?)
}

/// Both have the same bodies.
fn assert_same<T>(rows: &Rows, sqlite: &rusqlite::Connection) -> rusqlite::Result<()>
where
    T: Sample + TableOf<Indexed> + PartialEq + Debug + for<'a> Component<Ref<'a> = &'a T>,
{
    let snapshot = rows.db.snapshot();
    let mut all = sqlite.prepare("SELECT number, x, y FROM bodies ORDER BY id")?;
    let mut bodies = all.query([])?;
    for entity in &rows.entities {
        let body = bodies.next()?.expect("there are as many");
        let expected = T::sample(body.get(0)?, (body.get(1)?, body.get(2)?));
        assert_eq!(snapshot.get::<T>(*entity), Some(&expected), "{entity}");
    }
    Ok(())
}
