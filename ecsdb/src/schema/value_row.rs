//! Whole rows from values and back, by the names of the fields.

use super::names::nearest;
use super::{ColumnSchema, FieldSchema, InvalidRow, TableSchema, Value, ValueError};
use crate::bytes::{HeapBuf, HeapPlace};

impl TableSchema {
    /// The bytes of a row with these values, in any order, and behind them those of its heap if the table has strings or
    /// lists. Every field must be given once; a tag has none.
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
        let mut given: Vec<Option<&Value>> = vec![None; self.fields.len()];
        for (name, value) in values {
            let (index, _) = self.field_or_error(name)?;
            if given[index].replace(value).is_some() {
                return Err(ValueError::DuplicateField { table: self.name.to_string(), field: (*name).to_owned() });
            }
        }
        let (mut row, mut heap) = (vec![0; self.size as usize], HeapBuf::new());
        // In the order of the schema, which is the order of the heap.
        for (field, value) in self.fields.iter().zip(given) {
            let (table, name) = (self.name.to_string(), field.name.to_string());
            let Some(value) = value else { return Err(ValueError::MissingField { table, field: name }) };
            let start = field.offset as usize;
            value
                .encode(&field.field_type, &mut row[start..start + field.field_type.size()], &mut heap)
                .map_err(|error| ValueError::Field { table, field: name, error: Box::new(error) })?;
        }
        if self.has_heap() {
            let at = row.len() - HeapPlace::BYTES;
            row[at..].copy_from_slice(&heap.place().to_bytes());
            row.extend_from_slice(heap.bytes());
        }
        Ok(row)
    }

    /// The values of a row, and of the heap behind it if the table has strings or lists, in the order of the fields.
    ///
    /// # Errors
    /// If the bytes are no row of this table.
    pub fn decode_row(&self, row: &[u8]) -> Result<Vec<(&str, Value)>, InvalidRow> {
        self.validate(row)?;
        let (row, heap) = row.split_at(self.size as usize);
        let value = |field: &FieldSchema| Value::decode(&field.field_type, &row[field.offset as usize..], heap);
        Ok(self.fields.iter().map(|field| (&*field.name, value(field))).collect())
    }

    /// The column with this name: a field, or a part of one, such as `pos.x`.
    ///
    /// # Errors
    /// If the table has no such column; the error names the nearest one.
    pub fn column_or_error(&self, name: &str) -> Result<ColumnSchema<'_>, ValueError> {
        self.column(name).ok_or_else(|| {
            let names: Vec<String> = self.columns().iter().map(ColumnSchema::name).collect();
            let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
            ValueError::UnknownField { table: self.name.to_string(), field: name.to_owned(), nearest }
        })
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
