//! The numbers by which a directory knows tables and fields, whatever their order in the program is.
//!
//! A table and a field are what their names say. The directory gives each a number when it first sees it, and never gives
//! that number to another one.

use std::fmt::Write;

use super::format::{Cursor, Malformed};
use crate::limits::{FIELDS_MAX, TABLES_MAX};
use crate::schema::{DatabaseSchema, Durability, FieldType, Names, put_type, take_type};

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
    /// Its name.
    pub name: String,
    /// How much of it is logged.
    pub durability: Durability,
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
}

impl Ids {
    /// The ids of a new directory: in the order of `schema`, from 1.
    pub fn assign(schema: &DatabaseSchema) -> Self {
        let tables: Vec<TableIds> = (1..)
            .zip(schema.tables())
            .map(|(id, table)| {
                let field = |(id, field): (u16, &crate::schema::FieldSchema)| FieldIds {
                    id,
                    name: field.name.to_string(),
                    field_type: field.field_type.clone(),
                };
                let fields: Vec<FieldIds> = (1..).zip(table.fields.iter()).map(field).collect();
                let next = fields.len() as u16 + 1;
                TableIds { id, name: table.name.to_string(), durability: table.durability, next, fields }
            })
            .collect();
        Self { next: tables.len() as u16 + 1, tables }
    }

    /// The same ids, with the durabilities that `schema` has now.
    #[must_use]
    pub fn with_durabilities(&self, schema: &DatabaseSchema) -> Self {
        let mut ids = self.clone();
        for table in &mut ids.tables {
            if let Some((_, now)) = schema.table(&table.name) {
                table.durability = now.durability;
            }
        }
        ids
    }

    /// As they stand in the header of a segment.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, &[self.next, self.tables.len() as u16]);
        for table in &self.tables {
            put(&mut out, &[table.id]);
            out.push(durability_code(table.durability));
            out.push(0);
            put_name(&mut out, &table.name);
            put(&mut out, &[table.next, table.fields.len() as u16]);
            for field in &table.fields {
                put(&mut out, &[field.id]);
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
    let id = cursor.u16()?;
    let at = *cursor;
    let durability = match (cursor.u8()?, cursor.u8()?) {
        (0, 0) => Durability::Wal,
        (1, 0) => Durability::Snapshot,
        (2, 0) => Durability::None,
        _ => return Err(at.malformed("an unknown durability")),
    };
    let name = cursor.name()?.to_owned();
    let (next, count) = (cursor.u16()?, cursor.u16()?);
    if usize::from(count) > FIELDS_MAX {
        return Err(cursor.malformed(format!("{count} fields")));
    }
    let mut fields: Vec<FieldIds> = Vec::new();
    for _ in 0..count {
        let start = *cursor;
        let id = cursor.u16()?;
        let name = cursor.name()?.to_owned();
        let (field_type, len) = take_type(cursor.rest()).ok_or_else(|| cursor.malformed("an unknown type"))?;
        cursor.bytes(len)?;
        if id >= next || fields.last().is_some_and(|last| last.id >= id) {
            return Err(start.malformed("the ids of fields do not ascend"));
        }
        fields.push(FieldIds { id, name, field_type });
    }
    Ok(TableIds { id, name, durability, next, fields })
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
