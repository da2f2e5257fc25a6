//! The rows that relational features are compared on: in ecsdb, in SQLite in memory, in an R-tree and in plain vectors.
//!
//! Owns how each is filled, with the same rows and the same indexes. It must not favour anyone: SQLite has prepared statements,
//! statistics and no disk, the R-tree is bulk-loaded.

use ecsdb::schema::TableOf;
use ecsdb::transaction::Bundle;
use ecsdb::{Component, Db, Entity, Ref};
use ecsdb_benches::indexed::{Indexed, KINDS, Rows, Sample};
use ecsdb_benches::random::Random;
use rstar::RTree;
use rstar::primitives::GeomWithData;
use rusqlite::{Connection, Statement, params};

use crate::Failure;

/// Levels, worths, speeds and weights are below this.
pub const SCALE: usize = 1000;

/// Places are multiples of one divided by this, so that floats of 32 bits compare distances exactly, and all agree.
pub const STEPS: f32 = 16.0;

/// The length of the edge of a square in which there is one place on average for each unit of its area.
fn edge(count: usize) -> f64 {
    (count as f64).sqrt()
}

/// Something with a number of its own, by which it is found, and columns that have no index.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[component(index(name = "hashed", columns(number), hash, unique))]
#[repr(C)]
pub struct Unit {
    /// The number.
    #[component(unique)]
    pub number: u32,
    /// Random.
    pub level: u32,
    /// Random.
    pub worth: u32,
    /// One of 100.
    pub kind: u32,
    /// Random.
    pub speed: f32,
}

/// What a unit has.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Who has it. A reference has an index of its own.
    pub owner: Ref<Unit>,
    /// Random.
    pub weight: u32,
}

/// Where something is.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[component(index(name = "at", columns(x, y), spatial(cell = 8.0)))]
#[repr(C)]
pub struct Place {
    /// Whose place it is.
    pub number: u32,
    /// Along one axis.
    pub x: f32,
    /// Along the other one.
    pub y: f32,
}

ecsdb::schema! {
    /// What relational features are compared on.
    pub Relational: Unit, Item, Place
}

/// Units and as many items in each engine.
pub struct World {
    /// ecsdb.
    pub db: Db<Relational>,
    /// Its units, in the order of `units`.
    pub entities: Vec<Entity>,
    /// SQLite: the number of a unit in `units` is its `id`.
    pub sqlite: Connection,
    /// The units in a vector.
    pub units: Vec<Unit>,
    /// The items in a vector: which unit has it, and its weight.
    pub items: Vec<(u32, u32)>,
}

/// A new database of SQLite in memory: one connection, no disk, rollback by a journal in memory.
///
/// # Errors
/// Those of SQLite.
pub fn sqlite() -> Result<Connection, Failure> {
    let connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "journal_mode", "MEMORY")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// The one number that a statement gives; 0 for null, which is what SQLite has for the sum of nothing.
///
/// # Panics
/// If it gives no row, or the row is not a number.
pub fn number(statement: &mut Statement<'_>, params: impl rusqlite::Params) -> u64 {
    let found = statement.query_row(params, |row| row.get::<_, Option<i64>>(0)).expect("the statement gives a number");
    found.unwrap_or_default() as u64
}

fn ecsdb() -> Db<Relational> {
    Db::builder().worker_threads(1).open().expect("a database in memory opens")
}

/// `count` units and `count` items, which belong to units at random.
///
/// # Errors
/// Those of SQLite.
pub fn world(count: usize) -> Result<World, Failure> {
    let mut random = Random::new(31);
    let numbers = random.order(count);
    let mut below = |end: usize| random.below(end) as u32;
    let unit = |number| {
        let (level, worth, kind) = (below(SCALE), below(SCALE), below(KINDS));
        Unit { number, level, worth, kind, speed: below(SCALE) as f32 }
    };
    let units: Vec<Unit> = numbers.into_iter().map(unit).collect();
    let items: Vec<(u32, u32)> = (0..count).map(|_| (below(count), below(SCALE))).collect();
    let db = ecsdb();
    let (all, owned) = (units.clone(), items.clone());
    let entities = db.write(move |tx| {
        let entities = tx.spawn_all(all)?;
        let item = |(owner, weight)| Item { owner: Ref::to(entities[owner as usize]), weight };
        tx.spawn_all(owned.into_iter().map(item).collect::<Vec<_>>())?;
        Ok(entities)
    });
    let entities = entities.expect("there is room");
    Ok(World { db, entities, sqlite: filled(&units, &items)?, units, items })
}

fn filled(units: &[Unit], items: &[(u32, u32)]) -> Result<Connection, Failure> {
    let mut sqlite = sqlite()?;
    sqlite.execute_batch(
        "CREATE TABLE units (id INTEGER PRIMARY KEY, number INTEGER, level INTEGER, worth INTEGER, kind INTEGER, speed REAL);
         CREATE TABLE items (id INTEGER PRIMARY KEY, owner INTEGER, weight INTEGER);",
    )?;
    let transaction = sqlite.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO units VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for (id, unit) in (0_u32..).zip(units) {
            insert.execute(params![id, unit.number, unit.level, unit.worth, unit.kind, unit.speed])?;
        }
        let mut insert = transaction.prepare("INSERT INTO items (owner, weight) VALUES (?1, ?2)")?;
        for (owner, weight) in items {
            insert.execute(params![owner, weight])?;
        }
    }
    transaction.commit()?;
    sqlite.execute_batch(
        "CREATE UNIQUE INDEX units_by_number ON units (number);
         CREATE INDEX items_by_owner ON items (owner);
         ANALYZE;",
    )?;
    Ok(sqlite)
}

/// A place as the R-tree has it.
pub type Leaf = GeomWithData<[f32; 2], u32>;

/// Places in each engine that knows space.
pub struct Map {
    /// ecsdb.
    pub db: Db<Relational>,
    /// Its entities, by their numbers.
    pub entities: Vec<Entity>,
    /// The R-tree.
    pub tree: RTree<Leaf>,
    /// Where each number is: what one has to know to move it in the tree.
    pub places: Vec<[f32; 2]>,
}

/// A random place on a map of `count` places.
pub fn place(random: &mut Random, count: usize) -> [f32; 2] {
    let steps = (edge(count) * f64::from(STEPS)) as usize + 1;
    [(); 2].map(|()| random.below(steps) as f32 / STEPS)
}

/// A map of `count` places: one for each unit of area.
///
/// # Panics
/// If there is no memory for it.
pub fn map(count: usize) -> Map {
    let mut random = Random::new(32);
    let places: Vec<[f32; 2]> = (0..count).map(|_| place(&mut random, count)).collect();
    let db = ecsdb();
    let rows: Vec<Place> = (0..).zip(&places).map(|(number, [x, y])| Place { number, x: *x, y: *y }).collect();
    let entities = db.write(move |tx| Ok(tx.spawn_all(rows)?)).expect("there is room");
    let leaves = (0..).zip(&places).map(|(number, place)| Leaf::new(*place, number)).collect();
    Map { db, entities, tree: RTree::bulk_load(leaves), places }
}

/// The rows of `rows` in SQLite as the table `bodies`, with these indexes.
///
/// # Errors
/// Those of SQLite.
///
/// # Panics
/// If an entity has no `T`.
pub fn bodies<T>(rows: &Rows, indexes: &[&str]) -> Result<Connection, Failure>
where
    T: Sample + TableOf<Indexed> + Bundle<Indexed> + for<'a> Component<Ref<'a> = &'a T>,
{
    let mut sqlite = sqlite()?;
    sqlite
        .execute_batch("CREATE TABLE bodies (id INTEGER PRIMARY KEY, kind INTEGER, number INTEGER, x REAL, y REAL)")?;
    let transaction = sqlite.transaction()?;
    {
        let snapshot = rows.db.snapshot();
        let mut insert = transaction.prepare("INSERT INTO bodies VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (id, entity) in (0_u32..).zip(&rows.entities) {
            let (number, (x, y)) = snapshot.get::<T>(*entity).expect("each has a row").values();
            insert.execute(params![id, number % KINDS as u32, number, x, y])?;
        }
    }
    transaction.commit()?;
    for (number, columns) in indexes.iter().enumerate() {
        sqlite.execute_batch(&format!("CREATE INDEX bodies_{number} ON bodies ({columns})"))?;
    }
    Ok(sqlite)
}

#[cfg(test)]
mod tests {
    use ecsdb_benches::indexed::{Four, rows};

    use super::{Item, ItemRef, Place, Unit, bodies, map, number, world};

    #[test]
    fn all_have_the_same_rows() {
        let world = world(100).unwrap();
        let snapshot = world.db.snapshot();
        assert_eq!(snapshot.query::<&Unit>().iter().copied().collect::<Vec<_>>(), world.units);
        let weights: u64 = world.items.iter().map(|(_, weight)| u64::from(*weight)).sum();
        assert_eq!(snapshot.query::<ItemRef<'_>>().sum(Item::C.weight), Some(u128::from(weights)));
        let sum = "SELECT sum(weight) FROM items JOIN units ON units.id = owner";
        assert_eq!(number(&mut world.sqlite.prepare(sum).unwrap(), []), weights);
    }

    #[test]
    fn both_maps_have_the_same_places() {
        let map = map(100);
        let mut leaves: Vec<(u32, [f32; 2])> = map.tree.iter().map(|leaf| (leaf.data, *leaf.geom())).collect();
        leaves.sort_by_key(|(number, _)| *number);
        let snapshot = map.db.snapshot();
        let rows: Vec<_> = snapshot.query::<&Place>().iter().map(|row| (row.number, [row.x, row.y])).collect();
        assert_eq!(leaves, rows);
    }

    #[test]
    fn bodies_are_copied() {
        let rows = rows::<Four>(50);
        let sqlite = bodies::<Four>(&rows, &["kind", "x, y"]).unwrap();
        assert_eq!(number(&mut sqlite.prepare("SELECT sum(number) FROM bodies").unwrap(), []), 49 * 50 / 2);
        let indexes = "SELECT count(*) FROM sqlite_schema WHERE type = 'index'";
        assert_eq!(number(&mut sqlite.prepare(indexes).unwrap(), []), 2);
    }
}
