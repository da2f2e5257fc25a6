//! Items: what a transaction is made of.

use super::cursor::{Cursor, Malformed};

/// Bytes at the front of every item.
pub const ITEM_BYTES: usize = 8;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// The entities of a block.
    Block = 1,
    /// Rows that are stored, in place of earlier ones if there are some.
    Insert = 2,
    /// Rows that are removed.
    Remove = 3,
    /// Fields of rows that exist.
    Update = 4,
    /// Generations that were burned by transactions that were rolled back.
    Burned = 5,
    /// How many blocks the slot allocator reaches over.
    End = 6,
}

/// The front of an item. What the numbers mean depends on the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemHead {
    /// What it is.
    pub tag: Tag,
    /// A small number: how many words of slots, or flags.
    pub small: u8,
    /// A table, or how many.
    pub table: u16,
    /// A block, or how many.
    pub block: u32,
}

impl ItemHead {
    /// As it stands in a file.
    #[inline]
    pub fn to_bytes(self) -> [u8; ITEM_BYTES] {
        let (table, block) = (self.table.to_le_bytes(), self.block.to_le_bytes());
        [self.tag as u8, self.small, table[0], table[1], block[0], block[1], block[2], block[3]]
    }

    /// The next item.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = *cursor;
        let tag = match cursor.u8()? {
            1 => Tag::Block,
            2 => Tag::Insert,
            3 => Tag::Remove,
            4 => Tag::Update,
            5 => Tag::Burned,
            6 => Tag::End,
            other => return Err(at.malformed(format!("{other} is no item"))),
        };
        Ok(Self { tag, small: cursor.u8()?, table: cursor.u16()?, block: cursor.u32()? })
    }
}

/// Words of slots, block by block.
#[derive(Clone, Copy)]
pub struct Masks<'a>(&'a [u8]);

impl<'a> Masks<'a> {
    /// The next `count` words.
    pub fn read(cursor: &mut Cursor<'a>, count: u8) -> Result<Self, Malformed> {
        if count == 0 {
            return Err(cursor.malformed("an item without slots"));
        }
        Ok(Self(cursor.bytes(usize::from(count) * size_of::<u64>())?))
    }

    /// The words.
    pub fn words(self) -> impl Iterator<Item = u64> + 'a {
        self.0.chunks_exact(size_of::<u64>()).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default()))
    }

    /// How many slots are set.
    pub fn count(self) -> usize {
        self.words().map(|word| word.count_ones() as usize).sum()
    }
}
