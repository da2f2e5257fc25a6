//! A database whose schema lives: directories of every earlier version open in the newest, whatever the way there was; what
//! would lose something is refused and touches nothing; a crash in the middle leaves the one or the other.

mod chain;
mod checkpoints;
mod crashes;
mod programs;
mod refusals;
mod running;

use ecsdb::schema::DatabaseSchema;
use ecsdb::{DynDb, Entity, OpenError};
use ecsdb_tests::simulated::Simulated;

/// The schema `text`, of which the head is left out.
fn schema(text: &str) -> DatabaseSchema {
    DatabaseSchema::from_toml(&format!("[database]\nname = \"evolving\"\n{text}"), "evolving.toml").unwrap()
}

/// A table of the schema file.
fn table(name: &str, keys: &str, fields: &[&str]) -> String {
    let fields: String =
        fields.iter().map(|field| format!("[[tables.{name}.fields]]\n{}\n", field.replace("; ", "\n"))).collect();
    format!("[tables.{name}]\n{keys}\n{fields}")
}

/// Opens the database on a medium. Segments are as small as can be, so that a log has many.
fn open(media: &Simulated, schema: DatabaseSchema) -> Result<DynDb, OpenError> {
    DynDb::builder().media(media.clone()).directory("save").segment_bytes(16 << 10).open_schema(schema)
}

/// Every row of a database in words, by table and entity.
fn rows(db: &DynDb) -> Vec<String> {
    let snapshot = db.snapshot();
    let view = snapshot.view();
    let mut rows = Vec::new();
    for table in db.schema().tables() {
        for row in view.table(&table.name).unwrap().rows() {
            let values: Vec<String> = row.values().iter().map(|(name, value)| format!("{name}={value}")).collect();
            rows.push(format!("{} {}: {}", table.name, row.entity().unwrap(), values.join(" ")));
        }
    }
    rows.sort();
    rows
}

fn nth(db: &DynDb, n: usize) -> Entity {
    let snapshot = db.snapshot();
    let all: Vec<Entity> = snapshot.view().table("entities").unwrap().rows().map(|row| row.entity().unwrap()).collect();
    all[n % all.len()]
}
