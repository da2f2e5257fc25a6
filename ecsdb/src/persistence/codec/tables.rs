//! The tables of a database as the codec sees them: ids, and where fields lie in memory and in files.

use std::sync::Arc;

use crate::bytes::{HeapPlace, RowBytes};
use crate::persistence::ids::{Ids, TableIds};
use crate::schema::{DatabaseSchema, Durability, InvalidRow, TableSchema};

/// A part of a row in memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Every table, by its number in the program and by its id in the directory.
pub struct Tables {
    schema: Arc<DatabaseSchema>,
    tables: Vec<TableCode>,
    /// The number of the table with this id.
    numbers: Vec<(u16, u16)>,
}

/// One table.
pub struct TableCode {
    /// Its id in the directory.
    pub id: u16,
    /// Its number in the program.
    pub number: u16,
    /// Bytes of a row.
    pub stride: usize,
    /// Whether changes of rows that stay are logged.
    pub logs_updates: bool,
    /// Whether rows lie in memory as they stand in files.
    pub is_plain: bool,
    /// Where the fields lie in memory, in the order in which they stand in files.
    fields: Vec<Span>,
    /// The numbers of these fields in the program.
    columns: Vec<u16>,
    /// Their ids in the directory.
    ids: Vec<u16>,
    /// Whether there are bytes that are no row.
    is_checked: bool,
    /// Whether rows end with the place of their heap.
    pub has_heap: bool,
    /// The columns of the program that have strings or lists.
    heap_columns: u64,
}

/// The bit of a set of columns that stands for column `position`.
const fn column_bit(position: usize) -> u64 {
    1 << if position < 63 { position } else { 63 }
}

impl Tables {
    /// The tables of `schema`, which has no differences from `ids`.
    pub fn new(ids: &Ids, schema: Arc<DatabaseSchema>) -> Self {
        let code = |(number, table): (usize, &TableSchema)| {
            let known = ids.tables.iter().find(|known| known.name == table.name);
            TableCode::new(known.expect("the schemas were compared"), number as u16, table)
        };
        let tables: Vec<TableCode> = schema.tables().iter().enumerate().map(code).collect();
        let mut numbers: Vec<(u16, u16)> = tables.iter().map(|table| (table.id, table.number)).collect();
        numbers.sort_unstable();
        Self { schema, tables, numbers }
    }

    /// The table with this number.
    #[inline]
    pub fn numbered(&self, number: u16) -> &TableCode {
        &self.tables[usize::from(number)]
    }

    /// The table with this id.
    pub fn with_id(&self, id: u16) -> Option<&TableCode> {
        let at = self.numbers.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.numbered(self.numbers[at].1))
    }

    /// Checks that `row` is a row of `table` but for what it has in its heap, which is as it was.
    pub fn validate_update(&self, table: &TableCode, row: &[u8]) -> Result<(), InvalidRow> {
        if !table.is_checked {
            return Ok(());
        }
        self.schema.tables()[usize::from(table.number)].validate_fixed(row)
    }

    /// Checks that `row` is a row of `table`, with its heap.
    pub fn validate(&self, table: &TableCode, row: RowBytes<'_>) -> Result<(), InvalidRow> {
        if !table.is_checked {
            return Ok(());
        }
        self.schema.tables()[usize::from(table.number)].validate_parts(row.row, row.heap)
    }
}

impl TableCode {
    /// The id of the field with the number `column` in the program.
    pub fn field_id(&self, column: u16) -> Option<u16> {
        let position = self.columns.iter().position(|known| *known == column)?;
        Some(self.ids[position])
    }

    /// The number in the program of the field with the id `id`.
    pub fn column(&self, id: u16) -> Option<u16> {
        let position = self.ids.iter().position(|known| *known == id)?;
        Some(self.columns[position])
    }

    /// Whether there are bytes that are no row.
    pub fn is_checked(&self) -> bool {
        self.is_checked
    }

    /// Bytes of the fields of a row, without the place of its heap.
    pub fn fields_bytes(&self) -> usize {
        self.stride - if self.has_heap { HeapPlace::BYTES } else { 0 }
    }

    fn new(ids: &TableIds, number: u16, table: &TableSchema) -> Self {
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for known in &ids.fields {
            let (column, field) = table.field(&known.name).expect("the schemas were compared");
            let start = field.offset as usize;
            fields.push(Span { start, end: start + field.field_type.size() });
            columns.push(column as u16);
        }
        let heaps = table.fields.iter().enumerate().filter(|(_, field)| field.field_type.has_heap());
        let heap_columns = heaps.fold(0, |bits, (column, _)| bits | column_bit(column));
        Self {
            id: ids.id,
            number,
            stride: table.size as usize,
            logs_updates: table.durability == Durability::Wal,
            is_plain: columns.is_sorted(),
            fields,
            columns,
            ids: ids.fields.iter().map(|known| known.id).collect(),
            is_checked: table.is_checked(),
            has_heap: table.has_heap(),
            heap_columns,
        }
    }

    /// Whether a change of these columns of the program may change the heap of a row.
    #[inline]
    pub fn touches_heap(&self, columns: u64) -> bool {
        columns & self.heap_columns != 0
    }

    /// All columns.
    pub fn all_columns(&self) -> u64 {
        (0..self.fields.len()).fold(0, |bits, position| bits | column_bit(position))
    }

    /// A set of columns of the program, as a set of columns in files.
    #[inline]
    pub fn to_file(&self, columns: u64) -> u64 {
        if self.is_plain {
            return columns & self.all_columns();
        }
        let is_in = |column: u16| columns & column_bit(column.into()) != 0;
        let positions = (0..self.columns.len()).filter(|position| is_in(self.columns[*position]));
        positions.fold(0, |bits, position| bits | column_bit(position))
    }

    /// A set of columns in files, as a set of columns of the program.
    pub fn to_program(&self, file_columns: u64) -> u64 {
        let positions = (0..self.columns.len()).filter(|position| file_columns & column_bit(*position) != 0);
        positions.fold(0, |bits, position| bits | column_bit(self.columns[position].into()))
    }

    /// Puts the parts of a row that the columns of `file_columns` are into `spans`, in the order of files; neighbours as one.
    pub fn spans(&self, file_columns: u64, spans: &mut Vec<Span>) {
        spans.clear();
        for (position, field) in self.fields.iter().enumerate() {
            if file_columns & column_bit(position) == 0 {
                continue;
            }
            match spans.last_mut() {
                Some(last) if last.end == field.start => last.end = field.end,
                _ => spans.push(*field),
            }
        }
    }
}
