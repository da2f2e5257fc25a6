//! The fixed limits of the engine, asserted against each other at compile time.
//!
//! Owns numbers only. Nothing here allocates, and nothing here can be configured at run time: what a user may choose
//! is in `database::Config`.

/// Slots in one block: the bits of one presence word, the unit of every join.
pub const BLOCK_SLOTS: usize = 64;

/// Blocks in one chunk, so that the blocks in use of a chunk are one summary word.
pub const CHUNK_BLOCKS: usize = 64;

/// Slots in one chunk of a directory.
pub const CHUNK_SLOTS: usize = BLOCK_SLOTS * CHUNK_BLOCKS;

/// The size in bytes up to which rows share a page.
pub const PAGE_BYTES: usize = 4096;

/// The most slots that one page covers, and the most slots that one extent covers.
pub const PAGE_SLOTS_MAX: usize = 1024;

/// The most blocks that one page covers.
pub const PAGE_BLOCKS_MAX: usize = PAGE_SLOTS_MAX / BLOCK_SLOTS;

/// How many pages further on a walk over pages asks for rows. Those of the next page would come too late: it is done with the page at
/// hand in about the time that memory takes to answer.
pub const PAGES_AHEAD: usize = 2;

/// For how many rows at once a walk over pages asks that way: a quarter of a block, which takes as many cache lines as a row takes words
/// of four bytes. Asked for 64 at once, two or three tables would fill what the processor keeps of open misses.
pub const ROWS_AHEAD: usize = 16;

/// The most tables that a schema may have.
pub const TABLES_MAX: usize = 1024;

/// The most fields that a table may have.
pub const FIELDS_MAX: usize = 1024;

/// The most indexes that a table may have, without those that come with references.
pub const INDEXES_MAX: usize = 64;

/// The most columns that an index may have.
pub const INDEX_COLUMNS_MAX: usize = 8;

/// The most bytes that the fixed part of a row may have.
pub const ROW_BYTES_MAX: usize = 64 * 1024;

/// The strictest alignment that a row may ask for, in bytes.
pub const ROW_ALIGN_MAX: usize = 16;

/// The most bytes that the strings and lists of one row may have.
pub const HEAP_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The alignment of the heap of a row, in bytes, and the unit in which its place is counted.
pub const HEAP_ALIGN: usize = 16;

/// The most slots that a database can hand out: the slot index has 32 bits, the last chunk stays unused so that
/// `slot + 1` never overflows.
pub const SLOTS_MAX: usize = (u32::MAX as usize + 1) - CHUNK_SLOTS;

const _: () = {
    assert!(BLOCK_SLOTS == u64::BITS as usize, "a block is one presence word");
    assert!(CHUNK_BLOCKS == u64::BITS as usize, "a chunk's summary is one word");
    assert!(CHUNK_SLOTS.is_multiple_of(PAGE_SLOTS_MAX), "no page crosses a chunk");
    assert!(PAGES_AHEAD * PAGE_BLOCKS_MAX <= CHUNK_BLOCKS, "a page ahead lies in the next chunk at the furthest");
    assert!(BLOCK_SLOTS.is_multiple_of(ROWS_AHEAD), "a block is asked for in parts of the same size");
    assert!(PAGE_SLOTS_MAX.is_multiple_of(BLOCK_SLOTS), "a page is whole blocks, or a part of one");
    assert!(TABLES_MAX <= u16::MAX as usize, "table ids have 16 bits");
    assert!(
        HEAP_BYTES_MAX / HEAP_ALIGN * PAGE_SLOTS_MAX < u32::MAX as usize / 2,
        "the heap of a page is counted in 32 bits"
    );
    assert!(HEAP_ALIGN == ROW_ALIGN_MAX, "an element of a list is no more aligned than a row");
    assert!(FIELDS_MAX <= u16::MAX as usize, "field ids have 16 bits");
};

/// How many slots one page of rows of `stride` bytes covers: the largest power of two up to [`PAGE_SLOTS_MAX`] whose
/// rows fit [`PAGE_BYTES`], and at least one. Tags (`stride` 0) have pages of presence words only.
pub const fn page_slots(stride: usize) -> usize {
    let mut slots = PAGE_SLOTS_MAX;
    while slots > 1 && slots * stride > PAGE_BYTES {
        slots /= 2;
    }
    slots
}
