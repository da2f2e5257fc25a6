//! Typed indexes: which there are, and what their keys are made of.
//!
//! Handles only, as columns are: where an index lies and how it is read is for storage and queries.

use core::fmt;
use core::marker::PhantomData;

use super::{Component, Field};
use crate::schema::IndexSchema;
use crate::text::fnv1a;

/// An index of table `T` with keys `K`: `Item::I.owner`.
///
/// The derive puts the indexes of a component under the one name `I`. `K` is the type of the column, or a tuple of the types
/// of the columns; that of the elements for a list. So a lookup by an index that does not exist, or with a key of another
/// type, does not compile. An index is as visible as the least visible of its columns.
///
/// ```
/// use ecsdb::{Component, Entity, FixedStr};
///
/// #[derive(Component)]
/// #[component(index(name = "by_owner", columns(owner, level)))]
/// struct Item {
///     owner: Entity,
///     level: u16,
///     #[component(unique)]
///     name: FixedStr<16>,
/// }
///
/// let by_owner: ecsdb::component::Index<Item, (Entity, u16)> = Item::I.by_owner;
/// assert_eq!((Item::I.name.name(), by_owner.name()), ("name", "by_owner"));
/// assert_eq!(format!("{by_owner:?}"), "item.by_owner");
/// ```
pub struct Index<T, K> {
    number: u16,
    marker: PhantomData<fn() -> (T, K)>,
}

/// A spatial index of table `T` over `N` columns of type `F`: `Unit::I.place`.
///
/// ```
/// use ecsdb::{Component, Field};
///
/// #[derive(Field)]
/// struct Pos {
///     x: f32,
///     y: f32,
/// }
///
/// #[derive(Component)]
/// #[component(index(name = "place", columns(pos.x, pos.y), spatial(cell = 8.0)))]
/// struct Unit {
///     pos: Pos,
/// }
///
/// let place: ecsdb::component::SpatialIndex<Unit, 2, f32> = Unit::I.place;
/// assert_eq!(place.name(), "place");
/// ```
pub struct SpatialIndex<T, const N: usize, F> {
    number: u16,
    marker: PhantomData<fn() -> (T, F)>,
}

macro_rules! handle {
    ($name:ident: [$($param:tt)+], [$($argument:ident),+]) => {
        impl<$($param)+> $name<$($argument),+> {
            /// Index number `number` of the table. For derives only.
            #[doc(hidden)]
            pub const fn new(number: u16) -> Self {
                Self { number, marker: PhantomData }
            }

            /// Its number in the table, from 0.
            pub const fn number(self) -> u16 {
                self.number
            }
        }

        impl<$($param)+> $name<$($argument),+>
        where
            T: Component,
        {
            /// What the schema says of it.
            pub fn schema(self) -> &'static IndexSchema {
                &T::SCHEMA.indexes[usize::from(self.number)]
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                &self.schema().name
            }
        }

        impl<$($param)+> Clone for $name<$($argument),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($param)+> Copy for $name<$($argument),+> {}

        impl<$($param)+> fmt::Debug for $name<$($argument),+>
        where
            T: Component,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", T::TABLE, self.name())
            }
        }
    };
}

handle! { Index: [T, K], [T, K] }
handle! { SpatialIndex: [T, const N: usize, F], [T, N, F] }

/// A struct that has a part of which [`part_name`] of the name is `NAME`: so an index over `pos.x` knows its type.
///
/// Implemented by derives, for what nobody could reach otherwise: a part that is less visible than the struct has none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no part of this name, or one that is less visible than `{Self}`",
    label = "an index names a part that cannot be found",
    note = "parts are the fields of a struct that derives `Field`, under their names in the schema"
)]
pub trait PartNamed<const NAME: u64> {
    /// The type of the part.
    type Type: Field;
}

/// A number for the name of a part (FNV-1a). The derive has the same function.
pub const fn part_name(name: &str) -> u64 {
    fnv1a(name)
}
