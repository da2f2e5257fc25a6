//! The numbers by which a directory knows tables and fields, whatever their order in the program is.
//!
//! A table and a field are what their names say, or the names that they had before. The directory gives each a number when it
//! first sees it, and never gives that number to another one.

use std::borrow::Cow;
use std::fmt::Write;

use super::format::{Cursor, Malformed};
use crate::limits::{FIELDS_MAX, TABLES_MAX};
use crate::schema::{
    DatabaseSchema, Durability, FieldSchema, FieldType, Names, RegistrySchema, SchemaError, TableSchema, put_type,
    take_type,
};

/// The tables of a directory, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The id of the next table that comes.
    pub next: u16,
    /// The tables.
    pub tables: Vec<TableIds>,
}

/// A table of a directory, with its fields in the order of their ids: the order in which rows have them in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableIds {
    /// Its number.
    pub id: u16,
    /// How many times its rows were written anew under another schema: rows of an earlier revision mean nothing any more.
    pub revision: u16,
    /// Its name.
    pub name: String,
    /// How much of it is logged.
    pub durability: Durability,
    /// Whether a later schema may leave it out.
    pub is_deprecated: bool,
    /// The id of the next field that comes.
    pub next: u16,
    /// Its fields.
    pub fields: Vec<FieldIds>,
}

/// A field of a table of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldIds {
    /// Its number in the table.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub field_type: FieldType,
    /// Whether a later schema may leave it out.
    pub is_deprecated: bool,
}

impl Ids {
    /// The ids of a new directory: in the order of `schema`, from 1.
    pub fn assign(schema: &DatabaseSchema) -> Self {
        let mut ids = Self { next: 1, tables: Vec::new() };
        for table in schema.tables() {
            ids.add(table);
        }
        ids
    }

    /// Gives a new table its numbers.
    pub fn add(&mut self, table: &TableSchema) {
        let fields: Vec<FieldIds> =
            (1..).zip(table.fields.iter()).map(|(id, field)| FieldIds::new(id, field)).collect();
        self.tables.push(TableIds {
            id: self.next,
            revision: 0,
            name: table.name.to_string(),
            durability: table.durability,
            is_deprecated: table.deprecated.is_some(),
            next: fields.len() as u16 + 1,
            fields,
        });
        self.next += 1;
    }

    /// The tables as a schema, in the order of their ids, with fields in the order of theirs.
    pub fn schema(&self) -> Result<DatabaseSchema, SchemaError> {
        /// What stands for the reason that was given: that is not kept.
        const REASON: &str = "deprecated";
        let deprecated = |is: bool| is.then_some(Cow::Borrowed(REASON));
        let table = |table: &TableIds| {
            let mut offset = 0;
            let mut fields = Vec::with_capacity(table.fields.len());
            for field in &table.fields {
                let mut schema = FieldSchema::new(field.name.clone(), field.field_type.clone(), offset);
                schema.deprecated = deprecated(field.is_deprecated);
                offset += field.field_type.size() as u32;
                fields.push(schema);
            }
            let mut schema = TableSchema::packed(table.name.clone(), fields);
            schema.durability = table.durability;
            schema.deprecated = deprecated(table.is_deprecated);
            schema
        };
        DatabaseSchema::new("directory", "", RegistrySchema::default(), self.tables.iter().map(table).collect())
    }

    /// Whether a segment with these ids can follow one with the ids `before`: nothing that has a number means something else.
    pub fn can_follow(&self, before: &Self) -> bool {
        let same = |table: &TableIds| {
            let Some(earlier) = before.tables.iter().find(|earlier| earlier.id == table.id) else { return true };
            let stored = |field: &FieldIds| (field.id, field.field_type.size(), field.field_type.has_heap());
            earlier.revision < table.revision
                || earlier.revision == table.revision
                    && earlier.fields.iter().map(stored).eq(table.fields.iter().map(stored))
        };
        self.next >= before.next && self.tables.iter().all(same)
    }

    /// As they stand in the header of a segment.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, &[self.next, self.tables.len() as u16]);
        for table in &self.tables {
            put(&mut out, &[table.id, table.revision]);
            out.push(durability_code(table.durability));
            out.push(u8::from(table.is_deprecated));
            put_name(&mut out, &table.name);
            put(&mut out, &[table.next, table.fields.len() as u16]);
            for field in &table.fields {
                put(&mut out, &[field.id]);
                out.push(u8::from(field.is_deprecated));
                put_name(&mut out, &field.name);
                put_type(&mut out, &field.field_type, Names::All);
            }
        }
        out
    }

    /// What a header says. `at` is where `bytes` stand in it.
    pub fn read(bytes: &[u8], at: usize) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes, at);
        let (next, count) = (cursor.u16()?, cursor.u16()?);
        if usize::from(count) > TABLES_MAX {
            return Err(cursor.malformed(format!("{count} tables")));
        }
        let mut tables: Vec<TableIds> = Vec::new();
        for _ in 0..count {
            let start = cursor;
            let table = read_table(&mut cursor)?;
            if table.id >= next || tables.last().is_some_and(|last| last.id >= table.id) {
                return Err(start.malformed("the ids of tables do not ascend"));
            }
            tables.push(table);
        }
        if !cursor.rest().is_empty() {
            return Err(cursor.malformed("something stands behind the last table"));
        }
        Ok(Self { next, tables })
    }

    /// Comments for a schema file that say which id is which.
    pub fn comments(&self) -> String {
        let mut out = String::from(
            "# A copy for readers: the database goes by the headers of its log. The ids that tables and fields have there:\n",
        );
        for table in &self.tables {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "#   {} = {}", table.name, table.id);
            for (index, field) in table.fields.iter().enumerate() {
                let _ = write!(out, "{} {} = {}", if index == 0 { ":" } else { "," }, field.name, field.id);
            }
            out.push('\n');
        }
        out
    }
}

fn read_table(cursor: &mut Cursor<'_>) -> Result<TableIds, Malformed> {
    let (id, revision) = (cursor.u16()?, cursor.u16()?);
    let at = *cursor;
    let durability = match cursor.u8()? {
        0 => Durability::Wal,
        1 => Durability::Snapshot,
        2 => Durability::None,
        _ => return Err(at.malformed("an unknown durability")),
    };
    let is_deprecated = flag(cursor)?;
    let name = cursor.name()?.to_owned();
    let (next, count) = (cursor.u16()?, cursor.u16()?);
    if usize::from(count) > FIELDS_MAX {
        return Err(cursor.malformed(format!("{count} fields")));
    }
    let mut fields: Vec<FieldIds> = Vec::new();
    for _ in 0..count {
        let start = *cursor;
        let id = cursor.u16()?;
        let is_deprecated = flag(cursor)?;
        let name = cursor.name()?.to_owned();
        let (field_type, len) = take_type(cursor.rest()).ok_or_else(|| cursor.malformed("an unknown type"))?;
        cursor.bytes(len)?;
        if id >= next || fields.last().is_some_and(|last| last.id >= id) {
            return Err(start.malformed("the ids of fields do not ascend"));
        }
        fields.push(FieldIds { id, name, field_type, is_deprecated });
    }
    Ok(TableIds { id, revision, name, durability, is_deprecated, next, fields })
}

fn flag(cursor: &mut Cursor<'_>) -> Result<bool, Malformed> {
    let at = *cursor;
    match cursor.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(at.malformed("an unknown flag")),
    }
}

impl FieldIds {
    /// A field with the number `id`.
    pub fn new(id: u16, field: &FieldSchema) -> Self {
        Self {
            id,
            name: field.name.to_string(),
            field_type: field.field_type.clone(),
            is_deprecated: field.deprecated.is_some(),
        }
    }
}

const fn durability_code(durability: Durability) -> u8 {
    match durability {
        Durability::Wal => 0,
        Durability::Snapshot => 1,
        Durability::None => 2,
    }
}

fn put(out: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Names are far shorter than what 16 bits can count.
fn put_name(out: &mut Vec<u8>, name: &str) {
    put(out, &[name.len() as u16]);
    out.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game() -> DatabaseSchema {
        let text = "[database]\nname = \"g\"\n[tables.a]\ndurability = \"none\"\n[[tables.a.fields]]\nname = \"hp\"\ntype = \
                    \"[u32; 2]\"\n[[tables.a.fields]]\nname = \"on\"\ntype = \"bool\"\n[tables.tag]\n";
        DatabaseSchema::from_toml(text, "game.toml").unwrap()
    }

    #[test]
    fn ids_read_as_they_were_written() {
        let ids = Ids::assign(&game());
        let bytes = ids.to_bytes();
        assert_eq!(Ids::read(&bytes, 0), Ok(ids.clone()));
        for len in 0..bytes.len() {
            assert!(Ids::read(&bytes[..len], 0).is_err(), "{len} bytes");
        }
        assert!(ids.comments().ends_with("#   a = 1: hp = 1, on = 2\n#   tag = 2\n"));
    }

    #[test]
    fn ids_that_do_not_ascend_are_refused() {
        let mut ids = Ids::assign(&game());
        ids.tables.swap(0, 1);
        assert_eq!(Ids::read(&ids.to_bytes(), 80).unwrap_err().what, "the ids of tables do not ascend");
        ids.tables.swap(0, 1);
        ids.tables[0].fields[1].id = 1;
        assert_eq!(Ids::read(&ids.to_bytes(), 80).unwrap_err().what, "the ids of fields do not ascend");
        ids.tables[0].fields[1].id = 3;
        assert!(Ids::read(&ids.to_bytes(), 80).is_err(), "an id that was not given out yet");
    }

    #[test]
    fn the_copy_for_readers_is_a_schema() {
        let schema = game();
        let text = Ids::assign(&schema).comments() + &schema.to_toml();
        assert_eq!(DatabaseSchema::from_toml(&text, "schema.toml"), Ok(schema));
    }
}
