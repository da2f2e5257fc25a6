//! The bytes of the log: segment headers, records, and the items in them. `docs/wal.md` describes them byte by byte.
//!
//! Owns positions and checks of bytes. It knows no tables and no files, allocates nothing when it reads, and never trusts
//! what it reads.

mod cursor;
mod ending;
mod header;
mod item;
mod record;

pub use cursor::{Cursor, Malformed};
pub use ending::Ending;
pub use header::{CRC, HEADER_STEP, Header, HeaderError, PREFIX_BYTES, checksum, seal_header};
pub use item::{ITEM_BYTES, ItemHead, Masks, Tag};
pub use record::{ALIGN, Kind, RECORD_BYTES, RecordHead, TRANSACTION_BYTES, frame, frame_unchecked, seal};
