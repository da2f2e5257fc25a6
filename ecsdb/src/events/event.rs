//! Events with the types of the table.

use super::column::ColumnsChanged;
use super::delta::Delta;
use crate::bytes::{Heap, Row, RowBytes, rows_of};
use crate::component::Component;
use crate::entity::Entity;
use crate::storage::PageGeometry;

/// What became of the `T` of one entity. The rows are read where they lie, and stay as long as the event's
/// [`Changes`](crate::changes::Changes).
pub enum Event<'a, T: Component> {
    /// The entity has a `T`, or one that the subscription is for, and had none before.
    Added {
        /// Whose it is.
        entity: Entity,
        /// The row.
        new: T::Ref<'a>,
    },
    /// The `T` of the entity has other values.
    Changed {
        /// Whose it is.
        entity: Entity,
        /// Which of its columns differ.
        columns: ColumnsChanged<'a, T>,
        /// The row before.
        old: T::Ref<'a>,
        /// The row now.
        new: T::Ref<'a>,
    },
    /// The entity has no `T` any more, or none that the subscription is for.
    Removed {
        /// Whose it was.
        entity: Entity,
        /// The row before.
        old: T::Ref<'a>,
    },
}

debug_as!(['a, T: Component] Event<'a, T>);

impl<'a, T: Component> Event<'a, T> {
    /// Whose row it is.
    pub fn entity(&self) -> Entity {
        match self {
            Self::Added { entity, .. } | Self::Changed { entity, .. } | Self::Removed { entity, .. } => *entity,
        }
    }

    /// The row before, if there was one.
    pub fn before(&self) -> Option<T::Ref<'a>> {
        match self {
            Self::Added { .. } => None,
            Self::Changed { old, .. } | Self::Removed { old, .. } => Some(*old),
        }
    }

    /// The row now, if there is one.
    pub fn after(&self) -> Option<T::Ref<'a>> {
        match self {
            Self::Added { new, .. } | Self::Changed { new, .. } => Some(*new),
            Self::Removed { .. } => None,
        }
    }

    /// The typed form of what became of a row.
    ///
    /// # Safety
    /// The rows are rows of `T`, in pages of its table.
    pub(super) unsafe fn of(delta: Delta<'a>) -> Self {
        // SAFETY: the caller's promise, for each row.
        let view = |row: RowBytes<'a>| unsafe { view::<T>(row) };
        match delta {
            Delta::Added { entity, new } => Self::Added { entity, new: view(new) },
            Delta::Removed { entity, old } => Self::Removed { entity, old: view(old) },
            Delta::Changed { entity, old, new } => {
                Self::Changed { entity, columns: ColumnsChanged::new(old, new), old: view(old), new: view(new) }
            }
        }
    }
}

/// The view of a row.
///
/// # Safety
/// It is a row of `T`, with its heap, in a page of the table of `T`.
pub unsafe fn view<'a, T: Component>(row: RowBytes<'a>) -> T::Ref<'a> {
    debug_assert_eq!(row.row.len(), size_of::<T::Row>());
    let geometry = const { PageGeometry::of(size_of::<T::Row>()) };
    let address = if geometry.stride() == 0 { geometry.no_rows() } else { row.row.as_ptr() };
    // SAFETY: a row of `T` (the caller's promise) is a value of `T::Row`, and aligned for it: pages start on a cache line and
    // the stride is a multiple of the alignment. It is borrowed for `'a`. For a tag it is an aligned address of no bytes.
    let rows = unsafe { rows_of::<T::Row>(address, 1) };
    let heap = if T::Row::HAS_HEAP { Heap::new(row.heap) } else { Heap::EMPTY };
    T::view(&rows[0], heap)
}
