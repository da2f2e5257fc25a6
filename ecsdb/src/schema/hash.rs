//! The canonical hash of a schema, described byte by byte in `docs/schema.md`.

use xxhash_rust::xxh3::xxh3_64;

use super::type_code::{Names, put_type};
use super::{DatabaseSchema, TableSchema};

/// What the hashed bytes begin with. The last character counts the versions of this form.
const MAGIC: &[u8; 8] = b"ecsdbSH1";

impl DatabaseSchema {
    /// The hash of what the rows are: names of tables, and names, types and order of their fields.
    ///
    /// Two schemas with the same hash have the same rows, byte for byte, in their packed form. The order of the tables,
    /// descriptions, layouts in memory, the name and version of the database and the names of key columns play no
    /// part: none of them changes a row in a file. The hash is the same on every machine and in every version of this
    /// crate; it is not a defence against someone who looks for two schemas with one hash.
    pub fn hash(&self) -> u64 {
        xxh3_64(&self.canonical_bytes())
    }

    /// The bytes that are hashed.
    pub(super) fn canonical_bytes(&self) -> Vec<u8> {
        let mut tables: Vec<&TableSchema> = self.tables().iter().collect();
        tables.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        let mut out = MAGIC.to_vec();
        put_len(&mut out, tables.len());
        for table in tables {
            put_name(&mut out, &table.name);
            put_len(&mut out, table.fields.len());
            for field in table.fields.iter() {
                put_name(&mut out, &field.name);
                put_type(&mut out, &field.field_type, Names::OfValues);
            }
        }
        out
    }
}

/// Names, tables and fields are counted in 16 bits: the limits are far below.
fn put_len(out: &mut Vec<u8>, len: usize) {
    debug_assert!(len <= usize::from(u16::MAX), "checked when the schema was made");
    out.extend_from_slice(&(len as u16).to_le_bytes());
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    put_len(out, name.len());
    out.extend_from_slice(name.as_bytes());
}
