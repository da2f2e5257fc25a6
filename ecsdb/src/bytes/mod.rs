//! Rows as bytes: the [`Row`] contract, the cache-line buffers that pages are made of, and the casts between the two.
//!
//! This is the only place where bytes become typed references. It knows nothing of tables or schemas.

mod compare;
mod heap;
mod huge_pages;
mod meter;
mod page;
mod page_heap;
mod prefetch;
mod row;

pub use compare::are_same;
pub use heap::{Heap, HeapBuf, HeapPlace, RowBytes, Slot};
pub use huge_pages::{HugePages, Place};
pub use meter::Meter;
pub use page::{Line, Page, PageRef};
pub use page_heap::{PageHeap, PageHeapRef};
pub use prefetch::{prefetch, prefetch_to_write};
pub use row::{Row, bytes_of, duplicate, heap_place, row_of, rows_of, slice_bytes};
