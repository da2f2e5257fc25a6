//! Whole rows from values and back, by the names of the fields.

use super::names::nearest;
use super::{FieldSchema, InvalidRow, TableSchema, Value, ValueError};

impl TableSchema {
    /// The bytes of a row with these values, in any order. Every field must be given once; a tag has none.
    ///
    /// ```
    /// use ecsdb::schema::{DatabaseSchema, Value};
    ///
    /// let text = "[database]\nname = \"x\"\n[[tables.a.fields]]\nname = \"hp\"\ntype = \"u32\"";
    /// let schema = DatabaseSchema::from_toml(text, "x.toml").unwrap();
    /// let (_, table) = schema.table("a").unwrap();
    /// assert_eq!(table.encode_row(&[("hp", Value::U32(7))]).unwrap(), [7, 0, 0, 0]);
    /// assert_eq!(table.encode_row(&[]).unwrap_err().to_string(), "field `a.hp` has no value");
    /// ```
    ///
    /// # Errors
    /// If a field is unknown, missing or given twice, or a value [does not fit](Value::encode).
    pub fn encode_row(&self, values: &[(&str, Value)]) -> Result<Vec<u8>, ValueError> {
        let mut row = vec![0; self.size as usize];
        let mut given = vec![false; self.fields.len()];
        for (name, value) in values {
            let (index, field) = self.field_or_error(name)?;
            if core::mem::replace(&mut given[index], true) {
                return Err(ValueError::DuplicateField { table: self.name.to_string(), field: (*name).to_owned() });
            }
            let start = field.offset as usize;
            value.encode(&field.field_type, &mut row[start..start + field.field_type.size()]).map_err(|error| {
                ValueError::Field { table: self.name.to_string(), field: (*name).to_owned(), error: Box::new(error) }
            })?;
        }
        match given.iter().position(|given| !given) {
            None => Ok(row),
            Some(index) => {
                let field = self.fields[index].name.to_string();
                Err(ValueError::MissingField { table: self.name.to_string(), field })
            }
        }
    }

    /// The values of a row, in the order of the fields.
    ///
    /// # Errors
    /// If the bytes are no row of this table.
    pub fn decode_row(&self, row: &[u8]) -> Result<Vec<(&str, Value)>, InvalidRow> {
        self.validate(row)?;
        let value = |field: &FieldSchema| Value::decode(&field.field_type, &row[field.offset as usize..]);
        Ok(self.fields.iter().map(|field| (&*field.name, value(field))).collect())
    }

    /// The field with this name, and its number.
    ///
    /// # Errors
    /// If the table has no such field; the error names the nearest one.
    pub fn field_or_error(&self, name: &str) -> Result<(usize, &FieldSchema), ValueError> {
        self.field(name).ok_or_else(|| ValueError::UnknownField {
            table: self.name.to_string(),
            field: name.to_owned(),
            nearest: nearest(name, self.fields.iter().map(|field| &*field.name)).map(str::to_owned),
        })
    }
}
