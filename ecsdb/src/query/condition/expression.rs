//! Conditions as they are written: tests of typed columns, put together with `and`, `or` and `not`.
//!
//! Owns the types that an expression has before it is known of which schema it is. What it is made of is decided here, at
//! compile time; what it does is decided in `node` and `test`.

use core::marker::PhantomData;
use std::collections::VecDeque;

use super::node::Node;
use super::test::{Test, Tested, What};
use super::{Condition, Only};
use crate::bytes::RowBytes;
use crate::component::{Column, CompareOp, Component, Field, Ordered, Predicate, TextField};
use crate::query::rows::check_column;
use crate::schema::{Encoded, Schema, TableOf, TypeRef};

/// What can be a condition on the entities of a database with schema `S`: a comparison of a column of one of its tables,
/// [`has`], what `and`, `or` and `not` make of these, or a [`Condition`] itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition on the entities of `{S}`",
    label = "not a condition of `{S}`",
    note = "a condition compares a column: `Purse::C.gold.ge(100)`, and is put together with `and`, `or` and `not`"
)]
pub trait IntoCondition<S: Schema> {
    /// The condition.
    fn into_condition(self) -> Condition<S>;
}

/// A test of a column of the table of `T` that only conditions can make, such as
/// [`is_in`](Column::is_in), [`between`](Column::between) and [`starts_with`](Column::starts_with).
pub struct ColumnTest<T> {
    /// The column; the number of the table is not known yet.
    tested: Tested,
    what: What,
    table: PhantomData<fn() -> T>,
}

debug_as!([T] ColumnTest<T>);

/// Whether the entity has a row of `T`; made by [`has`].
pub struct Has<T>(PhantomData<fn() -> T>);

debug_as!([T] Has<T>);

/// Both conditions.
#[derive(Clone)]
pub struct And<A, B>(A, B);

debug_as!([A, B] And<A, B>);

/// One of two conditions, or both.
#[derive(Clone)]
pub struct Or<A, B>(A, B);

debug_as!([A, B] Or<A, B>);

/// A condition turned round.
#[derive(Clone)]
pub struct Not<A>(A);

debug_as!([A] Not<A>);

/// The condition that an entity has a `T`.
///
/// ```
/// # use ecsdb::query::{Condition, has};
/// # use ecsdb::Component;
/// # #[derive(Component)] struct Frozen;
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Frozen, Purse }
/// let free = Condition::<World>::new(has::<Purse>().and(has::<Frozen>().not()));
/// assert_eq!(free.to_string(), "has purse and not (has frozen)");
/// ```
pub const fn has<T: Component>() -> Has<T> {
    Has(PhantomData)
}

impl<T> Clone for ColumnTest<T> {
    fn clone(&self) -> Self {
        Self { tested: self.tested.clone(), what: self.what.clone(), table: PhantomData }
    }
}

impl<T> Clone for Has<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Has<T> {}

/// What puts conditions together.
macro_rules! connectives {
    ($([$($generics:tt)*] $ty:ty),+ $(,)?) => {$(
        impl<$($generics)*> $ty {
            /// Both this and `other`. What holds for fewer entities should come first.
            pub fn and<B>(self, other: B) -> And<Self, B> {
                And(self, other)
            }

            /// This or `other`, or both.
            pub fn or<B>(self, other: B) -> Or<Self, B> {
                Or(self, other)
            }

            /// Not this. Holds also for entities that lack what is tested, see [`Condition`].
            #[expect(clippy::should_implement_trait, reason = "as `and` and `or`, which are no operators")]
            pub fn not(self) -> Not<Self> {
                Not(self)
            }
        }
    )+};
}
connectives!(
    [T: Component, F: Field] Predicate<T, F>,
    [T: Component] ColumnTest<T>,
    [T: Component] Has<T>,
    [A, C] And<A, C>,
    [A, C] Or<A, C>,
    [A] Not<A>,
    [S: Schema] Condition<S>,
);

impl<S: Schema> IntoCondition<S> for Condition<S> {
    fn into_condition(self) -> Self {
        self
    }
}

impl<S: Schema> IntoCondition<S> for &Condition<S> {
    fn into_condition(self) -> Condition<S> {
        self.clone()
    }
}

impl<S: Schema, T: TableOf<S>> IntoCondition<S> for Has<T> {
    fn into_condition(self) -> Condition<S> {
        Condition::of(Node::Has(T::INDEX))
    }
}

impl<S: Schema, T: TableOf<S>, F: Field> IntoCondition<S> for Predicate<T, F> {
    fn into_condition(self) -> Condition<S> {
        let operand = Encoded::of_operand(&self.operand);
        test::<T>(tested(self.column, false), What::Compare(self.op, operand)).into_condition()
    }
}

impl<S: Schema, T: TableOf<S>> IntoCondition<S> for ColumnTest<T> {
    fn into_condition(self) -> Condition<S> {
        Condition::of(Node::Test(Box::new(Test::new(Tested { table: T::INDEX, ..self.tested }, self.what))))
    }
}

impl<S: Schema, A: IntoCondition<S>, B: IntoCondition<S>> IntoCondition<S> for And<A, B> {
    fn into_condition(self) -> Condition<S> {
        Condition::of(self.0.into_condition().into_node().and(self.1.into_condition().into_node()))
    }
}

impl<S: Schema, A: IntoCondition<S>, B: IntoCondition<S>> IntoCondition<S> for Or<A, B> {
    fn into_condition(self) -> Condition<S> {
        Condition::of(self.0.into_condition().into_node().or(self.1.into_condition().into_node()))
    }
}

impl<S: Schema, A: IntoCondition<S>> IntoCondition<S> for Not<A> {
    fn into_condition(self) -> Condition<S> {
        Condition::of(match self.0.into_condition().into_node() {
            Node::Not(inner) => *inner,
            node => Node::Not(Box::new(node)),
        })
    }
}

/// What is tested: the column, or what is in the option that it is.
fn tested<T: Component, F: Field>(column: Column<T, F>, in_option: bool) -> Tested {
    let of = check_column(column);
    Tested {
        table: <T as TableOf<Only<T>>>::INDEX,
        column: column.index(),
        offset: column.offset(),
        field_type: TypeRef::Static(of),
        in_option,
    }
}

fn test<T>(tested: Tested, what: What) -> ColumnTest<T> {
    ColumnTest { tested, what, table: PhantomData }
}

fn encoded<F: Field>(value: F::Value) -> Encoded {
    Encoded::of(F::from_value(value))
}

impl<T: Component, F: Field> Column<T, F> {
    /// Holds if the field is what it is in `row`, a row of `T`.
    pub(crate) fn same_as(self, row: RowBytes<'_>) -> ColumnTest<T> {
        let tested = tested(self, false);
        let value = &row.row[tested.offset as usize..][..tested.field_type.size()];
        test(tested, What::Compare(CompareOp::Equal, Encoded::of_stored(RowBytes { row: value, ..row })))
    }

    /// Holds if the field is one of `values`, by [`eq`](Self::eq).
    pub fn is_in(self, values: impl IntoIterator<Item = F::Value>) -> ColumnTest<T> {
        test(tested(self, false), What::OneOf(values.into_iter().map(encoded::<F>).collect()))
    }
}

impl<T: Component, F: Ordered> Column<T, F> {
    /// Holds if the field is neither less than `low` nor greater than `high`.
    pub fn between(self, low: F::Value, high: F::Value) -> ColumnTest<T> {
        test(tested(self, false), What::Between(encoded::<F>(low), encoded::<F>(high)))
    }
}

impl<T: Component, F: TextField> Column<T, F> {
    /// Holds if the text begins with `start`.
    pub fn starts_with(self, start: impl Into<String>) -> ColumnTest<T> {
        test(tested(self, false), What::StartsWith(start.into()))
    }

    /// Holds if `part` stands somewhere in the text.
    pub fn contains(self, part: impl Into<String>) -> ColumnTest<T> {
        test(tested(self, false), What::Contains(part.into()))
    }
}

impl<T: Component, F: Field> Column<T, Option<F>> {
    /// Holds if the field is `None`.
    pub fn is_none(self) -> ColumnTest<T> {
        test(tested(self, false), What::IsNone)
    }

    /// Holds if the field is not `None`.
    pub fn is_some(self) -> ColumnTest<T> {
        test(tested(self, false), What::IsSome)
    }
}

/// What is in an option has an order, and an empty option no place in it: it fails all of these.
impl<T: Component, F: Ordered> Column<T, Option<F>> {
    fn inside(self, op: CompareOp, value: F::Value) -> ColumnTest<T> {
        test(tested(self, true), What::Compare(op, encoded::<F>(value)))
    }

    /// Holds if the field is `Some` of less than `value`.
    pub fn lt(self, value: F::Value) -> ColumnTest<T> {
        self.inside(CompareOp::Less, value)
    }

    /// Holds if the field is `Some` of at most `value`.
    pub fn le(self, value: F::Value) -> ColumnTest<T> {
        self.inside(CompareOp::LessOrEqual, value)
    }

    /// Holds if the field is `Some` of more than `value`.
    pub fn gt(self, value: F::Value) -> ColumnTest<T> {
        self.inside(CompareOp::Greater, value)
    }

    /// Holds if the field is `Some` of at least `value`.
    pub fn ge(self, value: F::Value) -> ColumnTest<T> {
        self.inside(CompareOp::GreaterOrEqual, value)
    }

    /// Holds if the field is `Some` of neither less than `low` nor more than `high`.
    pub fn between(self, low: F::Value, high: F::Value) -> ColumnTest<T> {
        test(tested(self, true), What::Between(encoded::<F>(low), encoded::<F>(high)))
    }
}

impl<T: Component, F: TextField> Column<T, Option<F>> {
    /// Holds if the field is `Some` text that begins with `start`.
    pub fn starts_with(self, start: impl Into<String>) -> ColumnTest<T> {
        test(tested(self, true), What::StartsWith(start.into()))
    }

    /// Holds if the field is `Some` text in which `part` stands somewhere.
    pub fn contains(self, part: impl Into<String>) -> ColumnTest<T> {
        test(tested(self, true), What::Contains(part.into()))
    }
}

macro_rules! lists {
    ($($list:ident),+) => {$(
        impl<T: Component, F: Field> Column<T, $list<F>> {
            /// Holds if the list has an element that is `value`.
            pub fn contains(self, value: F::Value) -> ColumnTest<T> {
                test(tested(self, false), What::Includes(encoded::<F>(value)))
            }
        }
    )+};
}
lists!(Vec, VecDeque);
