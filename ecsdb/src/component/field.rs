//! The contract of the types that can stand in a component.

use bytemuck::Zeroable;

use crate::bytes::{Heap, HeapBuf, Row};
use crate::component::constants::type_has_heap;
use crate::component::packed::OptionalOf;
use crate::component::same::same;
use crate::schema::FieldType;

/// A type that can be a field of a component. Write `#[derive(Field)]` on a struct or an enum of your own.
///
/// A value has a *packed* form of fixed size, little-endian and without gaps, which is what stands in a packed row. What
/// has no fixed size (the text of a `String`, the elements of a `Vec`) stands in the heap of the row, and the packed form
/// says where.
///
/// ```
/// use ecsdb::component::Stored;
/// use ecsdb::{Component, Entity, Field};
///
/// #[derive(Field)]
/// struct Pos {
///     x: f32,
///     y: f32,
/// }
///
/// #[derive(Field, Debug, PartialEq)]
/// enum Ai {
///     Idle,
///     Chasing { target: Entity },
///     Talking(String),
/// }
///
/// #[derive(Component)]
/// struct Mob {
///     pos: Pos,
///     ai: Ai,
///     path: Vec<Pos>,
/// }
///
/// let mob = Mob { pos: Pos { x: 1.0, y: 2.0 }, ai: Ai::Talking("hi".to_owned()), path: vec![Pos { x: 3.0, y: 4.0 }] };
/// let stored = Stored::new(mob);
/// let mob: MobRef<'_> = stored.view();
/// assert_eq!((mob.pos().y(), mob.ai()), (2.0, Ai::Talking("hi".to_owned())));
/// assert_eq!(mob.path().iter().map(|pos| pos.x()).sum::<f32>(), 3.0);
/// assert_eq!(Mob::C.pos.at(Pos::F.y).name(), "pos.y");
/// ```
///
/// # Safety
/// Implemented by this crate and by derives. Whoever does it by hand passes all types, `TYPE` and all functions on to a field
/// type that there is; the value may be another one, and so may `View`. `Packed` has alignment 1 and as many bytes as `TYPE` says, and bytes
/// that are valid for `TYPE` are a value of it. `Element` has the same bytes, and an alignment of at most that of `TYPE`. `Optional` is [`packed::Niche`](crate::component::packed::Niche) if
/// `TYPE` has a niche and [`packed::Optional`](crate::component::packed::Optional) otherwise. `COLUMNS` is
/// [`FieldType::column_count`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a component: write `#[derive(ecsdb::Field)]` on it, or store it through a \
               type of your own with `#[component(as = Type)]`",
    label = "not a field type",
    note = "a handle of an asset, a socket or a task means nothing in a saved row: store the name or the id by which it \
            is found again"
)]
pub unsafe trait Field: Sized + Send + Sync + 'static {
    /// What [`Column`](crate::component::Column) takes to set or compare the field: nearly always `Self`.
    type Value;
    /// The stored form in a packed row: little-endian bytes.
    type Packed: Row + Copy + PartialEq + Zeroable;
    /// The stored form of an `Option<Self>`.
    type Optional: OptionalOf<Self::Packed>;
    /// The stored form in a list, which is aligned: a number is itself, so that a list of numbers is read as a slice of
    /// them.
    type Element: Row;
    /// What reading the field of a packed row gives: the value, or something that borrows from the row.
    type View<'a>;
    /// What reading a list of these gives: a slice of elements, or a [`List`](crate::component::List) where they have strings or
    /// lists in them or are best read through views.
    type List<'a>;

    /// The type in the schema.
    const TYPE: FieldType;

    /// Whether the type has strings or lists in it. It follows from `TYPE`, and is looked up by every derive.
    #[doc(hidden)]
    const USES_HEAP: bool = type_has_heap(const { &Self::TYPE });

    /// How many columns the field makes: itself, and for a struct those of its fields.
    const COLUMNS: u16 = 1;

    /// What a column was given, as the field.
    fn from_value(value: Self::Value) -> Self;

    /// The stored form of the value. What has no fixed size goes into `heap`.
    fn pack(self, heap: &mut HeapBuf) -> Self::Packed;

    /// The value of a stored form.
    fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self;

    /// The view of a stored form.
    fn view<'a>(packed: &'a Self::Packed, heap: Heap<'a>) -> Self::View<'a>;

    /// Whether two stored forms, each with its heap, are the same value. Floats compare as floats, strings and lists by what
    /// is in them.
    #[doc(hidden)]
    #[inline]
    fn same(one: (&Self::Packed, Heap<'_>), other: (&Self::Packed, Heap<'_>)) -> bool {
        same(const { &Self::TYPE }, one, other)
    }

    /// The view of a list of these.
    fn list<'a>(elements: &'a [Self::Element], heap: Heap<'a>) -> Self::List<'a>;
}

/// A field type whose own memory is the stored form, so that it can stand in a native (`#[repr(C)]`) row.
///
/// # Safety
/// The type keeps the contract of [`Row`], which it need not implement (a type that is a component as well does that
/// there), and its bytes are those of its packed form, on every supported target. `ALIGN` is at least the alignment of the
/// type on every target, a power of two, and at most 16.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a `#[repr(C)]` component",
    label = "has no fixed form in memory",
    note = "drop `#[repr(C)]` to store the component packed"
)]
pub unsafe trait NativeField: Field {
    /// The canonical alignment in bytes, which is not always that of the host.
    const ALIGN: usize;
}

/// A field type of which no value is all zero bytes: in an `Option`, these stand for `None`, in every layout.
///
/// # Safety
/// [`Field::TYPE`] has a niche. If the type is also a [`NativeField`], Rust promises that its `Option` has no more bytes, and
/// that `None` is all zero.
pub unsafe trait NicheField: Field {}
