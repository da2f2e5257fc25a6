//! Components: what the derives implement, the types of fields, and typed columns.
//!
//! Owns the contract between the user's types and stored rows. It knows the shape of one table, nothing of storage.

mod assignments;
mod column;
mod constants;
mod field;
mod fields;
mod index;
pub mod packed;
mod same;
mod stored;

pub use crate::bytes::Row;
use crate::bytes::{Heap, HeapBuf};
use crate::schema::{InvalidRow, TableSchema};

pub use assignments::Assignments;
pub(crate) use assignments::Change;
pub(crate) use column::Operand;
pub use column::{
    Assignment, Column, CompareOp, Integer, Number, Ordered, Part, Predicate, Sortable, TextField, UpdateOp,
};
pub(crate) use constants::{constant, slice};
pub use field::{Field, NativeField, NicheField};
pub(crate) use fields::text_fault;
pub use fields::{FixedStr, List, Ref, Refers, Whole};
pub(crate) use index::part_name;
pub use index::{Index, SpatialIndex};

/// What users find in `ecsdb::error`, and generated code in `__private`.
pub(crate) mod elsewhere {
    pub use super::fields::{Packer, Payload, TooLong, WholeValue, enum_bytes, no_variant, tag};
    pub use super::index::PartNamed;
}
pub use stored::Stored;

/// A type whose values are the rows of one table. Write `#[derive(Component)]`.
///
/// ```
/// use ecsdb::component::Stored;
/// use ecsdb::{Component, Entity};
///
/// /// Stored packed: eight, one and four bytes, one after the other.
/// #[derive(Component)]
/// struct Item {
///     owner: Entity,
///     broken: bool,
///     charges: u32,
/// }
///
/// /// Stored as it is, and read as `&Pos`: `#[repr(C)]` asks for it, and does not compile with padding.
/// #[derive(Component)]
/// #[repr(C)]
/// struct Pos {
///     x: f32,
///     y: f32,
/// }
///
/// /// Stored by presence.
/// #[derive(Component)]
/// struct Frozen;
///
/// assert_eq!(Item::SCHEMA.size, 13);
/// assert_eq!(Item::C.charges.offset(), 9);
///
/// let item = Item { owner: Entity::from_bits(7).unwrap(), broken: false, charges: 3 };
/// let stored = Stored::new(item);
/// let item: ItemRef<'_> = stored.view();
/// assert_eq!((item.broken(), item.charges()), (false, 3));
/// assert_eq!(item.to_owned().charges, 3);
///
/// let stored = Stored::new(Pos { x: 1.0, y: 2.0 });
/// let pos: &Pos = stored.view();
/// assert_eq!(pos.y, 2.0);
///
/// assert_eq!(Frozen::SCHEMA.size, 0);
/// ```
///
/// # Safety
/// Implemented by the derive only. `SCHEMA` must describe `Row` exactly: its size is that of `Row`, its alignment at
/// least that of `Row` on every target, its fields cover every byte once, but for the [`HeapPlace`](crate::component::packed::HeapPlace) that a
/// row with strings or lists ends with, which `Row::HAS_HEAP` says, and bytes that [`validate`](Self::validate) accepts are a value of `Row`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a component: write `#[derive(Component)]` on it",
    label = "not a component"
)]
pub unsafe trait Component: Sized + Send + Sync + 'static {
    /// What is stored: `Self` for a native row, a generated type for a packed one.
    type Row: Row;
    /// What reading gives without copying: `&Self` for a native row, a small `Copy` view of a packed one.
    type Ref<'a>: Copy + Send + Sync;

    /// The name of the table. It stands in `SCHEMA` as well; a table that refers to itself needs it before that.
    const TABLE: &'static str;

    /// The table's name, layout and columns.
    const SCHEMA: &'static TableSchema;

    /// The row that stores this value. Strings and lists go into `heap`, which is empty before and belongs to the row then.
    fn into_row(self, heap: &mut HeapBuf) -> Self::Row;

    /// The value that a row with its heap stores.
    fn from_row(row: &Self::Row, heap: Heap<'_>) -> Self;

    /// The view of a stored row with its heap.
    fn view<'a>(row: &'a Self::Row, heap: Heap<'a>) -> Self::Ref<'a>;

    /// Lets `change` work on the stored value: in place for a native row, on a decoded value that is written back for
    /// a packed one, as here. If `change` panics, a packed row stays as it was.
    ///
    /// # Safety
    /// `heap` must be the heap of `row`: what the row says of its strings and lists is believed.
    #[inline]
    unsafe fn with_mut<R>(row: &mut Self::Row, heap: &mut HeapBuf, change: impl FnOnce(&mut Self) -> R) -> R {
        let mut value = Self::from_row(row, heap.as_heap());
        let result = change(&mut value);
        // Conversions of the user's run here: until they are through, the row and its heap stay as they are.
        let mut fresh = HeapBuf::new();
        *row = value.into_row(&mut fresh);
        *heap = fresh;
        result
    }

    /// Checks that `row`, and for a table with strings or lists the heap behind it, are the bytes of a row: its length, and
    /// every value of which there are bytes that are none.
    ///
    /// # Errors
    /// If they are not.
    fn validate(row: &[u8]) -> Result<(), InvalidRow> {
        Self::SCHEMA.validate(row)
    }
}
