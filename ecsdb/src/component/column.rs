//! Typed columns, and the guards and updates that are built from them.

use core::fmt;
use core::marker::PhantomData;

use super::{Component, Field};
use crate::bytes::{HeapBuf, RowBytes, bytes_of};

/// Column `F` of table `T`: `Health::C.hp`.
///
/// It knows where the column lies, so a guard or an update on a column that does not exist does not compile. The derive puts
/// the columns of a component under the one name `C`, with the names and the visibility of its fields.
///
/// ```
/// use ecsdb::Component;
///
/// #[derive(Component)]
/// struct Health {
///     hp: u32,
/// }
///
/// let enough = Health::C.hp.ge(10); // a guard: `tx.require(entity, enough)`
/// let hit = Health::C.hp.sub(10); // an update: `tx.update(entity, hit)`
/// # let _ = (enough, hit);
/// assert_eq!(format!("{:?}", Health::C.hp), "health.hp");
/// ```
pub struct Column<T, F> {
    index: u16,
    offset: u32,
    marker: PhantomData<fn() -> (T, F)>,
}

impl<T, F> Column<T, F> {
    /// The column number `index` of the table, at `offset` bytes in the row. For derives only: the numbers are
    /// checked against the schema when they are used. Without bounds, so that a field type that is refused is refused
    /// once.
    #[doc(hidden)]
    pub const fn new(index: u16, offset: u32) -> Self {
        Self { index, offset, marker: PhantomData }
    }
}

impl<T: Component, F: Field> Column<T, F> {
    /// The column's name; that of a part of a struct is `pos.x`.
    pub fn name(self) -> String {
        T::SCHEMA.column_at(self.index.into()).map(|column| column.name()).unwrap_or_default()
    }

    /// The column's number in the table, from 0: a struct comes before its parts, and all of them before the next field.
    pub const fn index(self) -> u16 {
        self.index
    }

    /// Where the column starts in a row, in bytes.
    pub const fn offset(self) -> u32 {
        self.offset
    }

    /// Puts `value` there.
    pub fn set(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::Set, value)
    }

    fn assign(self, op: UpdateOp, value: F::Value) -> Assignment<T, F> {
        Assignment { column: self, op, operand: Operand::new(value) }
    }

    /// Holds if the field is `value`. Numbers compare as numbers (so `NaN` equals nothing), arrays element by element.
    pub fn eq(self, value: F::Value) -> Predicate<T, F> {
        self.compare(CompareOp::Equal, value)
    }

    /// Holds if the field is not `value`.
    pub fn ne(self, value: F::Value) -> Predicate<T, F> {
        self.compare(CompareOp::NotEqual, value)
    }

    fn compare(self, op: CompareOp, value: F::Value) -> Predicate<T, F> {
        Predicate { column: self, op, operand: Operand::new(value) }
    }
}

impl<T: Component, F: Ordered> Column<T, F> {
    /// Holds if the field is less than `value`.
    pub fn lt(self, value: F::Value) -> Predicate<T, F> {
        self.compare(CompareOp::Less, value)
    }

    /// Holds if the field is at most `value`.
    pub fn le(self, value: F::Value) -> Predicate<T, F> {
        self.compare(CompareOp::LessOrEqual, value)
    }

    /// Holds if the field is greater than `value`.
    pub fn gt(self, value: F::Value) -> Predicate<T, F> {
        self.compare(CompareOp::Greater, value)
    }

    /// Holds if the field is at least `value`.
    pub fn ge(self, value: F::Value) -> Predicate<T, F> {
        self.compare(CompareOp::GreaterOrEqual, value)
    }
}

impl<T: Component, F: Number> Column<T, F> {
    /// Adds `value`. An integer that would leave its range fails the transaction.
    #[expect(clippy::should_implement_trait, reason = "it builds an update, it does not add two columns")]
    pub fn add(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::Add, value)
    }

    /// Subtracts `value`. An integer that would leave its range fails the transaction.
    #[expect(clippy::should_implement_trait, reason = "it builds an update, it does not subtract two columns")]
    pub fn sub(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::Subtract, value)
    }

    /// Multiplies by `value`. An integer that would leave its range fails the transaction.
    #[expect(clippy::should_implement_trait, reason = "it builds an update, it does not multiply two columns")]
    pub fn mul(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::Multiply, value)
    }

    /// Keeps what is there or `value`, whichever is smaller: `Health::C.hp.min(100)` heals nobody above 100. Of a float that
    /// is not a number and one that is, it keeps the number.
    pub fn min(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::Min, value)
    }

    /// Keeps what is there or `value`, whichever is larger. Of a float that is not a number and one that is, it keeps the
    /// number.
    pub fn max(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::Max, value)
    }
}

/// What stops or starts again at the ends of the range. Floats have no such ends: their sums reach infinity by themselves.
impl<T: Component, F: Integer> Column<T, F> {
    /// Adds `value`, and stops at the end of the range: `Health::C.hp.saturating_add(5)`.
    pub fn saturating_add(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::SaturatingAdd, value)
    }

    /// Subtracts `value`, and stops at the end of the range: damage that leaves 0.
    pub fn saturating_sub(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::SaturatingSubtract, value)
    }

    /// Multiplies by `value`, and stops at the end of the range.
    pub fn saturating_mul(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::SaturatingMultiply, value)
    }

    /// Adds `value`; behind the end of the range its other end follows, as for counters that go round.
    pub fn wrapping_add(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::WrappingAdd, value)
    }

    /// Subtracts `value`; behind the end of the range its other end follows.
    pub fn wrapping_sub(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::WrappingSubtract, value)
    }

    /// Multiplies by `value`; behind the end of the range its other end follows.
    pub fn wrapping_mul(self, value: F::Value) -> Assignment<T, F> {
        self.assign(UpdateOp::WrappingMultiply, value)
    }
}

/// Column `G` inside of a struct `F`: `Pos::F.x`.
///
/// `#[derive(Field)]` puts one for each field under the one name `F`. It leads from a column to a part of it:
/// `Unit::C.pos.at(Pos::F.x)`.
pub struct Part<F, G> {
    /// How many columns further on it is.
    index: u16,
    offset: u32,
    marker: PhantomData<fn() -> (F, G)>,
}

debug_as!([F, G] Part<F, G>);

impl<F, G> Part<F, G> {
    /// The part `index` columns and `offset` bytes behind the start of the struct. For derives only.
    #[doc(hidden)]
    pub const fn new(index: u16, offset: u32) -> Self {
        Self { index, offset, marker: PhantomData }
    }

    /// The part `inner` of this part.
    pub const fn at<H>(self, inner: Part<G, H>) -> Part<F, H> {
        Part::new(self.index + inner.index, self.offset + inner.offset)
    }
}

impl<F, G> Clone for Part<F, G> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, G> Copy for Part<F, G> {}

impl<T, F> Column<T, F> {
    /// The column of a part of the field, which is a struct: `Unit::C.pos.at(Pos::F.x)`.
    pub const fn at<G>(self, part: Part<F, G>) -> Column<T, G> {
        Column::new(self.index + part.index, self.offset + part.offset)
    }
}

impl<T, F> Clone for Column<T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F> Copy for Column<T, F> {}

impl<T: Component, F: Field> fmt::Debug for Column<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", T::SCHEMA.name, self.name())
    }
}

/// A field type whose values have an order: numbers, `bool`, `char`, durations and texts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no order",
    label = "not a number, `bool`, `char`, duration or text"
)]
pub trait Ordered: Field {
    /// Whether [`Self::rank`] says the order.
    #[doc(hidden)]
    const HAS_RANK: bool = false;

    /// A number whose order is that of the values; nothing of a float that is not a number.
    #[doc(hidden)]
    #[inline]
    fn rank(self) -> Option<u128> {
        None
    }
}

/// A field type that rows can be ordered by: what is [`Ordered`], entities and references, and options of these.
#[diagnostic::on_unimplemented(
    message = "rows cannot be ordered by a `{Self}`",
    label = "not a number, `bool`, `char`, duration, text or entity, or an option of one"
)]
pub trait Sortable: Field {}

impl<F: Ordered> Sortable for F {}
impl<F: Sortable> Sortable for Option<F> {}
impl Sortable for crate::Entity {}
impl<T: Component> Sortable for crate::Ref<T> {}

/// A field type with an order and arithmetic: every integer and float.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a number", label = "not an integer or a float")]
pub trait Number: Ordered {
    /// What values add up to: `u128` and `i128` of integers, which only those of 128 bits can leave, and `f64` of floats.
    type Sum: Copy + Default + Send;

    /// The sum of some values. Integers of 128 bits stay at the end of the range that they would leave.
    #[doc(hidden)]
    fn sum(values: impl Iterator<Item = Self>) -> Self::Sum;

    /// The sum of two sums.
    #[doc(hidden)]
    fn sum_of(one: Self::Sum, other: Self::Sum) -> Self::Sum;

    /// The sum as a float, for the average.
    #[doc(hidden)]
    fn to_float(sum: Self::Sum) -> f64;

    /// Whether a sum of some values may have no room in [`Self::Sum`].
    #[doc(hidden)]
    const IS_WIDE: bool;

    /// The float next to the value, for the average of wide ones.
    #[doc(hidden)]
    fn rounded(self) -> f64;
}

/// A field type with a range that arithmetic can stop at, or go round: every integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an integer",
    label = "not an integer",
    note = "floats have `add`, `sub`, `mul`, `min` and `max`"
)]
pub trait Integer: Number {}

/// A field type that is text: `String`, `Cow<'static, str>` and [`FixedStr`](crate::FixedStr).
#[diagnostic::on_unimplemented(message = "`{Self}` is not text", label = "not a `String` or `FixedStr`")]
pub trait TextField: Ordered {}

/// How a guard or a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl fmt::Display for CompareOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

/// How an update changes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum UpdateOp {
    /// Replace the value.
    Set,
    /// Add to it. An integer that would leave its range is an error.
    Add,
    /// Subtract from it. An integer that would leave its range is an error.
    Subtract,
    /// Multiply it. An integer that would leave its range is an error.
    Multiply,
    /// Add to an integer, and stop at the end of the range.
    SaturatingAdd,
    /// Subtract from an integer, and stop at the end of the range.
    SaturatingSubtract,
    /// Multiply an integer, and stop at the end of the range.
    SaturatingMultiply,
    /// Add to an integer, and go on at the other end of the range.
    WrappingAdd,
    /// Subtract from an integer, and go on at the other end of the range.
    WrappingSubtract,
    /// Multiply an integer, and go on at the other end of the range.
    WrappingMultiply,
    /// Keep the smaller number.
    Min,
    /// Keep the larger number.
    Max,
}

impl CompareOp {
    /// All of them, each at the place of its number.
    pub(crate) const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];
}

impl UpdateOp {
    /// All of them, each at the place of its number.
    pub(crate) const ALL: [Self; 12] = [
        Self::Set,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::SaturatingAdd,
        Self::SaturatingSubtract,
        Self::SaturatingMultiply,
        Self::WrappingAdd,
        Self::WrappingSubtract,
        Self::WrappingMultiply,
        Self::Min,
        Self::Max,
    ];
}

impl fmt::Display for UpdateOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set => "setting",
            Self::Add => "adding",
            Self::Subtract => "subtracting",
            Self::Multiply => "multiplying by",
            Self::SaturatingAdd => "adding, up to the end of the range,",
            Self::SaturatingSubtract => "subtracting, down to the end of the range,",
            Self::SaturatingMultiply => "multiplying, up to the end of the range, by",
            Self::WrappingAdd => "adding, around the range,",
            Self::WrappingSubtract => "subtracting, around the range,",
            Self::WrappingMultiply => "multiplying, around the range, by",
            Self::Min => "keeping the smaller of itself and",
            Self::Max => "keeping the larger of itself and",
        })
    }
}

/// The value that a guard compares with, or an update puts there: as it is stored.
pub struct Operand<F: Field> {
    value: F::Packed,
    heap: HeapBuf,
}

debug_as!([F: Field] Operand<F>);

impl<F: Field> Operand<F> {
    fn new(value: F::Value) -> Self {
        let mut heap = HeapBuf::new();
        let value = F::from_value(value).pack(&mut heap);
        Self { value, heap }
    }

    /// Its bytes in the row.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        bytes_of(&self.value)
    }

    /// Its heap.
    #[inline]
    pub fn heap(&self) -> &HeapBuf {
        &self.heap
    }

    /// Both.
    #[inline]
    pub fn row_bytes(&self) -> RowBytes<'_> {
        RowBytes { row: self.bytes(), heap: self.heap.bytes() }
    }
}

impl<F: Field> Clone for Operand<F> {
    fn clone(&self) -> Self {
        Self { value: self.value, heap: self.heap.clone() }
    }
}

/// A condition on one field, made by [`Column::eq`] and its neighbours: a guard of a transaction, or a
/// [`Condition`](crate::query::Condition) of a query or a part of one.
pub struct Predicate<T, F: Field> {
    pub(crate) column: Column<T, F>,
    pub(crate) op: CompareOp,
    pub(crate) operand: Operand<F>,
}

debug_as!([T, F: Field] Predicate<T, F>);

/// A change of one field, made by [`Column::set`] and its neighbours.
pub struct Assignment<T, F: Field> {
    pub(crate) column: Column<T, F>,
    pub(crate) op: UpdateOp,
    pub(crate) operand: Operand<F>,
}

debug_as!([T, F: Field] Assignment<T, F>);

impl<T, F: Field> Clone for Predicate<T, F> {
    fn clone(&self) -> Self {
        Self { operand: self.operand.clone(), ..*self }
    }
}

impl<T, F: Field> Clone for Assignment<T, F> {
    fn clone(&self) -> Self {
        Self { operand: self.operand.clone(), ..*self }
    }
}
