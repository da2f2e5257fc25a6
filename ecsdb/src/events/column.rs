//! Which columns of a row differ, by their bytes.

use core::marker::PhantomData;

use crate::bytes::{Heap, HeapBuf, RowBytes, rows_of};
use crate::component::{Column, Component, Field};
use crate::entity::Entity;
use crate::schema::{FieldType, TableSchema, Value};

/// The columns in which a row differs from what it was before: exactly these, by comparing.
///
/// Values are the same if their bytes are: a float that was `NaN` and is the same `NaN` has not changed, one that was `0.0` and
/// is `-0.0` has.
pub struct ColumnsChanged<'a, T> {
    old: RowBytes<'a>,
    new: RowBytes<'a>,
    component: PhantomData<fn() -> T>,
}

impl<T> Clone for ColumnsChanged<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ColumnsChanged<'_, T> {}

impl<'a, T: Component> ColumnsChanged<'a, T> {
    pub(super) fn new(old: RowBytes<'a>, new: RowBytes<'a>) -> Self {
        Self { old, new, component: PhantomData }
    }

    /// Whether `column` has another value. Cost: its bytes.
    pub fn contains<F: Field>(self, column: Column<T, F>) -> bool {
        differs(const { &F::TYPE }, column.offset() as usize, self.old, self.new)
    }

    /// The names of the fields that have other values, in the order of the schema.
    pub fn names(self) -> impl Iterator<Item = &'static str> + 'a {
        changed_fields(T::SCHEMA, self.old, self.new)
    }
}

impl<T: Component> core::fmt::Debug for ColumnsChanged<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The names of the fields in which two rows of `table` differ.
pub fn changed_fields<'a, 's: 'a>(
    table: &'s TableSchema,
    old: RowBytes<'a>,
    new: RowBytes<'a>,
) -> impl Iterator<Item = &'s str> + 'a {
    let changed =
        move |field: &&'s crate::schema::FieldSchema| differs(&field.field_type, field.offset as usize, old, new);
    table.fields.iter().filter(changed).map(|field| &*field.name)
}

/// Whether the values of type `field_type` at `offset` differ.
fn differs(field_type: &FieldType, offset: usize, old: RowBytes<'_>, new: RowBytes<'_>) -> bool {
    let of = |row: &RowBytes<'_>| offset..offset + field_type.size().min(row.row.len() - offset);
    let (before, after) = (&old.row[of(&old)], &new.row[of(&new)]);
    if !field_type.has_heap() || old.heap == new.heap {
        // In heaps that are the same, places that are the same hold the same.
        return before != after;
    }
    alone(field_type, before, old.heap) != alone(field_type, after, new.heap)
}

/// The bytes of a value, and of a heap with nothing else in it: what its places say depends on its neighbours otherwise.
fn alone(field_type: &FieldType, bytes: &[u8], heap: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut value, mut alone) = (vec![0; field_type.size()], HeapBuf::new());
    // A value that was decoded fits into its own type.
    let encoded = Value::decode(field_type, bytes, heap).encode(field_type, &mut value, &mut alone);
    debug_assert!(encoded.is_ok());
    (value, alone.bytes().to_vec())
}

/// What became of one column of one row.
pub struct ColumnChange<'a, F: Field> {
    /// Whose row it is.
    pub entity: Entity,
    /// The value before; `None` if the row is new.
    pub old: Option<F::View<'a>>,
    /// The value now; `None` if the row is gone.
    pub new: Option<F::View<'a>>,
}

debug_as!(['a, F: Field] ColumnChange<'a, F>);

/// Where a column lies, checked against the schema of its table.
pub struct Place<F> {
    offset: usize,
    /// Invariant: rows of the table have a value of the type `F` at `offset`.
    field: PhantomData<fn() -> F>,
}

impl<F: Field> Place<F> {
    /// Where `column` lies.
    ///
    /// # Panics
    /// If the table has no such column, which no column of a derive is.
    pub fn of<T: Component>(column: Column<T, F>) -> Self {
        let found = T::SCHEMA.column_at(column.index().into());
        let is_there = found.is_some_and(|found| found.offset == column.offset() && *found.field_type == F::TYPE);
        assert!(is_there, "table `{}` has no such column", T::TABLE);
        Self { offset: column.offset() as usize, field: PhantomData }
    }

    /// The value in `row`.
    ///
    /// # Safety
    /// It is a row of the table, with its heap.
    pub unsafe fn view<'a>(&self, row: RowBytes<'a>) -> F::View<'a> {
        let bytes = &row.row[self.offset..][..size_of::<F::Packed>()];
        // SAFETY: a row of the table has a value of type `F` here (invariant), whose bytes are those of its packed form, in
        // packed and in native rows; packed forms have alignment 1. It is borrowed for `'a`.
        let packed = unsafe { rows_of::<F::Packed>(bytes.as_ptr(), 1) };
        F::view(&packed[0], Heap::new(row.heap))
    }

    /// Whether the values in two rows differ.
    pub fn differs(&self, old: RowBytes<'_>, new: RowBytes<'_>) -> bool {
        differs(const { &F::TYPE }, self.offset, old, new)
    }
}
