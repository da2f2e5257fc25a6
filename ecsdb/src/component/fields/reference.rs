//! Typed references to the rows of a table.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use std::borrow::Cow;
use std::collections::VecDeque;

use crate::bytes::{Heap, HeapBuf, Row};
use crate::component::packed::{self, Niche};
use crate::component::{Component, Field, NativeField, NicheField};
use crate::entity::Entity;
use crate::schema::{FieldType, Scalar};

/// An entity that has a `T`: eight bytes, like the [`Entity`] in it.
///
/// The type says in the schema which table is meant. Making one checks nothing; a field that is a `Ref<T>`, an option or a list of
/// them is held to lead to rows at the end of each transaction. `docs/relations.md` is the guide.
///
/// ```
/// use ecsdb::{Component, Entity, Ref};
///
/// #[derive(Component)]
/// struct Node {
///     parent: Option<Ref<Node>>,
/// }
///
/// let root = Entity::from_bits(7).unwrap();
/// let leaf = Node { parent: Some(Ref::to(root)) };
/// assert_eq!(leaf.parent.map(Ref::entity), Some(root));
/// assert_eq!(Node::SCHEMA.fields[0].field_type.to_string(), "ref<node>?");
/// ```
#[repr(transparent)]
pub struct Ref<T> {
    entity: Entity,
    table: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    /// The reference to the `T` of `entity`.
    pub const fn to(entity: Entity) -> Self {
        Self { entity, table: PhantomData }
    }

    /// The entity.
    pub const fn entity(self) -> Entity {
        self.entity
    }
}

impl<T> From<Entity> for Ref<T> {
    fn from(entity: Entity) -> Self {
        Self::to(entity)
    }
}

impl<T> From<Ref<T>> for Entity {
    fn from(reference: Ref<T>) -> Self {
        reference.entity
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Ref<T> {}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.entity == other.entity
    }
}

impl<T> Eq for Ref<T> {}

impl<T> Hash for Ref<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entity.hash(state);
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.entity, f)
    }
}

// SAFETY: transparent over an entity, which is a row.
unsafe impl<T: 'static> Row for Ref<T> {}
// SAFETY: transparent over an entity, whose option is a row.
unsafe impl<T: 'static> Row for Option<Ref<T>> {}

// SAFETY: in every way an entity, which the type says as well.
unsafe impl<T: Component> Field for Ref<T> {
    type Value = Self;
    type Packed = packed::Entity;
    type Optional = Niche<packed::Entity>;
    type Element = Self;
    type View<'a> = Self;
    type List<'a> = &'a [Self];

    const TYPE: FieldType = FieldType::Reference { table: Cow::Borrowed(T::TABLE) };

    #[inline]
    fn from_value(value: Self) -> Self {
        value
    }

    #[inline]
    fn pack(self, _: &mut HeapBuf) -> packed::Entity {
        packed::Entity::new(self.entity)
    }

    #[inline]
    fn unpack(packed: &packed::Entity, _: Heap<'_>) -> Self {
        Self::to(packed.get())
    }

    #[inline]
    fn view<'a>(packed: &'a packed::Entity, _: Heap<'a>) -> Self {
        Self::to(packed.get())
    }

    #[inline]
    fn list<'a>(elements: &'a [Self], _: Heap<'a>) -> &'a [Self] {
        elements
    }
}

/// A field type that refers to entities: `Entity`, [`Ref`], an option of these, or a list of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to entities",
    label = "not an `Entity` or `Ref`, or an option or list of them"
)]
pub trait Refers: Field {
    /// Calls `each` with every entity that a value refers to.
    #[doc(hidden)]
    fn each_entity(value: Self::View<'_>, each: &mut impl FnMut(Entity));
}

impl Refers for Entity {
    #[inline]
    fn each_entity(value: Self, each: &mut impl FnMut(Entity)) {
        each(value);
    }
}

impl<T: Component> Refers for Ref<T> {
    #[inline]
    fn each_entity(value: Self, each: &mut impl FnMut(Entity)) {
        each(value.entity);
    }
}

impl<F: Refers> Refers for Option<F> {
    #[inline]
    fn each_entity(value: Option<F::View<'_>>, each: &mut impl FnMut(Entity)) {
        if let Some(value) = value {
            F::each_entity(value, each);
        }
    }
}

macro_rules! lists_refer {
    ($($list:ident),+) => {$(
        impl Refers for $list<Entity> {
            #[inline]
            fn each_entity(value: &[Entity], each: &mut impl FnMut(Entity)) {
                value.iter().copied().for_each(each);
            }
        }

        impl<T: Component> Refers for $list<Ref<T>> {
            #[inline]
            fn each_entity(value: &[Ref<T>], each: &mut impl FnMut(Entity)) {
                value.iter().map(|reference| reference.entity).for_each(each);
            }
        }
    )+};
}

lists_refer!(Vec, VecDeque);

// SAFETY: transparent over an entity, which is native.
unsafe impl<T: Component> NativeField for Ref<T> {
    const ALIGN: usize = Scalar::Entity.align();
}

// SAFETY: transparent over an entity, which has a niche.
unsafe impl<T: Component> NicheField for Ref<T> {}
