//! A component in its stored form, outside of a database.

use super::Component;
use crate::bytes::{HeapBuf, RowBytes, bytes_of};
use crate::schema::InvalidRow;

/// A row with its heap: what a table stores of one component.
///
/// ```
/// use ecsdb::component::Stored;
/// use ecsdb::Component;
///
/// #[derive(Component)]
/// struct Sign {
///     lit: bool,
///     text: String,
/// }
///
/// let sign = Stored::new(Sign { lit: true, text: "inn".to_owned() });
/// assert_eq!(sign.view().text(), "inn");
/// // A byte, where the text is and where the heap is: then the heap.
/// assert_eq!(sign.to_bytes().len(), 1 + 8 + 8 + 3);
/// ```
pub struct Stored<T: Component> {
    row: T::Row,
    heap: HeapBuf,
}

debug_as!([T: Component] Stored<T>);

impl<T: Component> Stored<T> {
    /// The stored form of `component`.
    pub fn new(component: T) -> Self {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        Self { row, heap }
    }

    /// The component as reading it from a database gives it.
    pub fn view(&self) -> T::Ref<'_> {
        T::view(&self.row, self.heap.as_heap())
    }

    /// The component.
    pub fn get(&self) -> T {
        T::from_row(&self.row, self.heap.as_heap())
    }

    /// The row.
    pub fn row(&self) -> &T::Row {
        &self.row
    }

    /// The bytes of both.
    pub(crate) fn row_bytes(&self) -> RowBytes<'_> {
        RowBytes { row: bytes_of(&self.row), heap: self.heap.bytes() }
    }

    /// Changes the component. If `change` panics, it stays as it was.
    pub fn modify<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the row and its heap were made together, and are only changed together, here.
        unsafe { T::with_mut(&mut self.row, &mut self.heap, change) }
    }

    /// The bytes of the row, then those of its heap: what [`Component::validate`] takes.
    pub fn to_bytes(&self) -> Vec<u8> {
        [bytes_of(&self.row), self.heap.bytes()].concat()
    }

    /// Whether it can be stored: that it is not larger than a row may be.
    ///
    /// # Errors
    /// If its strings and lists take more than 16 MiB.
    pub fn validate(&self) -> Result<(), InvalidRow> {
        T::SCHEMA.check_heap(self.heap.bytes())
    }
}
