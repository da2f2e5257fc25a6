//! The identity of a row: slot and generation in eight bytes.

use core::fmt;
use core::num::NonZeroU64;

use crate::bytes::Row;

/// The identity of one entity.
///
/// The lower 32 bits are the slot: the place of the entity's rows in every table. The upper 32 bits are the
/// generation: how often the slot has been handed out, counted from 1. A slot that is used again gets a new
/// generation, so an old `Entity` never reaches the new owner's rows. `Option<Entity>` has eight bytes too.
///
/// ```
/// use ecsdb::Entity;
///
/// let entity = Entity::from_bits(7 | 3 << 32).unwrap();
/// assert_eq!((entity.slot(), entity.generation()), (7, 3));
/// assert_eq!(entity.to_string(), "7v3");
/// assert_eq!(size_of::<Option<Entity>>(), 8);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Entity(NonZeroU64);

// SAFETY: eight initialised bytes without padding, pointers, drop glue or interior mutability.
unsafe impl Row for Entity {}
// SAFETY: as above; `None` is documented to be the zero that `NonZeroU64` leaves free, for a `repr(transparent)` too.
unsafe impl Row for Option<Entity> {}

impl Entity {
    /// The entity with this slot and generation.
    ///
    /// Returns `None` for slot 0 in generation 0, which is nobody.
    pub(crate) const fn new(slot: u32, generation: u32) -> Option<Self> {
        Self::from_bits((generation as u64) << 32 | slot as u64)
    }

    /// The entity with these [bits](Self::to_bits), or `None` for 0.
    ///
    /// Whether such an entity exists is for a database to say: reading with a made-up entity finds nothing.
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// Slot and generation as one number: `generation << 32 | slot`.
    pub const fn to_bits(self) -> u64 {
        self.0.get()
    }

    /// The place of the entity's rows in every table.
    pub const fn slot(self) -> u32 {
        self.0.get() as u32
    }

    /// How often the slot has been handed out, counted from 1; 0 stands for an entity that a
    /// transaction builder has promised and that has no slot yet.
    pub const fn generation(self) -> u32 {
        (self.0.get() >> 32) as u32
    }

    /// The `index`th entity that a transaction builder promises: generation 0, slot counted from 1.
    pub(crate) const fn promised(index: u32) -> Self {
        match NonZeroU64::new(index as u64 + 1) {
            Some(bits) => Self(bits),
            None => unreachable!(),
        }
    }

    /// The number of the promise, if this is one.
    pub(crate) const fn promise(self) -> Option<u32> {
        if self.generation() == 0 { Some(self.slot() - 1) } else { None }
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.promise() {
            None => write!(f, "{}v{}", self.slot(), self.generation()),
            Some(index) => write!(f, "promised#{index}"),
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_the_zero_of_the_option() {
        assert_eq!(Entity::from_bits(0), None);
        assert_eq!(Entity::new(0, 0), None);
        assert_eq!(crate::bytes::bytes_of(&None::<Entity>), [0; 8]);
    }

    #[test]
    fn a_promise_is_no_entity_that_a_database_hands_out() {
        let first = Entity::promised(0);
        assert_eq!((first.slot(), first.generation(), first.promise()), (1, 0, Some(0)));
        assert_eq!(Entity::new(5, 1).unwrap().promise(), None);
        assert_eq!(format!("{first:?}"), "promised#0");
    }
}
