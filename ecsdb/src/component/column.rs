//! Typed columns, and the guards and updates that are built from them.

use core::fmt;
use core::marker::PhantomData;

use super::{Component, Field};

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
    /// The column's name.
    pub fn name(self) -> &'static str {
        match &T::SCHEMA.fields {
            std::borrow::Cow::Borrowed(fields) => &fields[usize::from(self.index)].name,
            std::borrow::Cow::Owned(_) => unreachable!("the schema of a derived component is a constant"),
        }
    }

    /// The column's number in the table, from 0.
    pub const fn index(self) -> u16 {
        self.index
    }

    /// Where the column starts in a row, in bytes.
    pub const fn offset(self) -> u32 {
        self.offset
    }

    /// Puts `value` there.
    pub fn set(self, value: F) -> Assignment<T, F> {
        Assignment { column: self, op: UpdateOp::Set, value: value.pack() }
    }

    /// Holds if the field is `value`. Numbers compare as numbers (so `NaN` equals nothing), arrays element by element.
    pub fn eq(self, value: F) -> Predicate<T, F> {
        self.compare(CompareOp::Equal, value)
    }

    /// Holds if the field is not `value`.
    pub fn ne(self, value: F) -> Predicate<T, F> {
        self.compare(CompareOp::NotEqual, value)
    }

    fn compare(self, op: CompareOp, value: F) -> Predicate<T, F> {
        Predicate { column: self, op, value: value.pack() }
    }
}

impl<T: Component, F: Number> Column<T, F> {
    /// Holds if the field is less than `value`.
    pub fn lt(self, value: F) -> Predicate<T, F> {
        self.compare(CompareOp::Less, value)
    }

    /// Holds if the field is at most `value`.
    pub fn le(self, value: F) -> Predicate<T, F> {
        self.compare(CompareOp::LessOrEqual, value)
    }

    /// Holds if the field is greater than `value`.
    pub fn gt(self, value: F) -> Predicate<T, F> {
        self.compare(CompareOp::Greater, value)
    }

    /// Holds if the field is at least `value`.
    pub fn ge(self, value: F) -> Predicate<T, F> {
        self.compare(CompareOp::GreaterOrEqual, value)
    }

    /// Adds `value`. An integer that would leave its range fails the transaction.
    #[expect(clippy::should_implement_trait, reason = "it builds an update, it does not add two columns")]
    pub fn add(self, value: F) -> Assignment<T, F> {
        Assignment { column: self, op: UpdateOp::Add, value: value.pack() }
    }

    /// Subtracts `value`. An integer that would leave its range fails the transaction.
    #[expect(clippy::should_implement_trait, reason = "it builds an update, it does not subtract two columns")]
    pub fn sub(self, value: F) -> Assignment<T, F> {
        Assignment { column: self, op: UpdateOp::Subtract, value: value.pack() }
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

/// A field type with an order and arithmetic: every integer and float.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a number", label = "not an integer or a float")]
pub trait Number: Field {}

/// How a guard compares.
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
pub enum UpdateOp {
    /// Replace the value.
    Set,
    /// Add to it.
    Add,
    /// Subtract from it.
    Subtract,
}

/// A condition on one field, made by [`Column::eq`] and its neighbours, to be used as a guard.
pub struct Predicate<T, F: Field> {
    pub(crate) column: Column<T, F>,
    pub(crate) op: CompareOp,
    pub(crate) value: F::Packed,
}

/// A change of one field, made by [`Column::set`] and its neighbours.
pub struct Assignment<T, F: Field> {
    pub(crate) column: Column<T, F>,
    pub(crate) op: UpdateOp,
    pub(crate) value: F::Packed,
}

impl<T, F: Field> Clone for Predicate<T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F: Field> Copy for Predicate<T, F> {}

impl<T, F: Field> Clone for Assignment<T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F: Field> Copy for Assignment<T, F> {}
