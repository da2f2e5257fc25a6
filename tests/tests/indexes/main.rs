//! Indexes of whole databases: they find what a look at all rows finds, in every version and inside of transactions; what is
//! unique stays unique; they come back when a directory is opened, and with another schema.

mod hashed;
mod lasting;
mod model;
mod typed;
mod unique;

use ecsdb::query::{DynRow, DynView};
use ecsdb::schema::{DatabaseSchema, FieldSchema, IndexKind, IndexSchema, TableSchema, Value};
use ecsdb::{DynDb, Entity};

/// An index of a table, over these columns.
fn index(name: &str, columns: &[&str], kind: IndexKind, unique: bool) -> IndexSchema {
    IndexSchema {
        name: name.to_owned().into(),
        columns: columns.iter().map(|column| (*column).to_owned().into()).collect(),
        kind,
        unique,
        total_order: true,
    }
}

/// A table of packed rows with fields of these names and types.
fn table(name: &str, fields: &[(&str, &str)], indexes: Vec<IndexSchema>) -> TableSchema {
    let mut offset = 0;
    let fields = fields.iter().map(|(name, of)| {
        let field_type: ecsdb::schema::FieldType = of.parse().unwrap();
        let field = FieldSchema::new((*name).to_owned(), field_type.clone(), offset);
        offset += field_type.size() as u32;
        field
    });
    let mut table = TableSchema::packed(name.to_owned(), fields.collect());
    table.indexes = indexes.into();
    table
}

fn schema(tables: Vec<TableSchema>) -> DatabaseSchema {
    DatabaseSchema::new("indexed", "", ecsdb::schema::RegistrySchema::default(), tables).unwrap()
}

/// Fields of every kind that a key is made of.
const FIELDS: [(&str, &str); 6] =
    [("kind", "u8"), ("level", "i16"), ("name", "string"), ("owner", "entity?"), ("tags", "[u8]"), ("speed", "f32")];

/// Items, with these indexes.
fn items(indexes: Vec<IndexSchema>) -> TableSchema {
    table("item", &FIELDS, indexes)
}

fn ordered(name: &str, columns: &[&str]) -> IndexSchema {
    index(name, columns, IndexKind::Ordered, false)
}

fn unique(name: &str, columns: &[&str]) -> IndexSchema {
    index(name, columns, IndexKind::Ordered, true)
}

/// An item of which everything follows from a number.
fn item(number: u64, owner: Option<Entity>) -> Vec<(&'static str, Value)> {
    let n = |modulus: u64| number % modulus;
    // Names that differ only behind what a key has of them, and short ones.
    let name = if n(3) == 0 { format!("{}{}", "long ".repeat(8), n(40)) } else { format!("n{}", n(50)) };
    vec![
        ("kind", (n(5) as u8).into()),
        ("level", (n(30) as i16 - 15).into()),
        ("name", name.into()),
        ("owner", owner.into()),
        ("tags", (0..n(4)).map(|tag| (tag * n(3)) as u8).collect::<Vec<u8>>().into()),
        ("speed", ((n(16) as f32) / 4.0 - 2.0).into()),
    ]
}

/// The entities of rows, in their order.
fn entities<'v>(rows: impl Iterator<Item = DynRow<'v>>) -> Vec<Entity> {
    rows.filter_map(|row| row.entity()).collect()
}

/// All rows of the items.
fn all(view: DynView<'_>) -> Vec<DynRow<'_>> {
    view.table("item").unwrap().rows().collect()
}

fn open(indexes: Vec<IndexSchema>) -> DynDb {
    DynDb::in_memory(schema(vec![items(indexes)])).unwrap()
}
