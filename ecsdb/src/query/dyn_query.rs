//! Filters and orders by the names of columns: for servers and tools.
//!
//! Owns the step from names and values to conditions. What these mean is the business of `condition`.

use super::condition::{Node, Test, Tested, What};
use super::dyn_view::{DynRow, DynView};
use super::matching::matching;
use super::sort_key::SortColumn;
use super::sorted::{SortBy, chosen};
use crate::component::CompareOp;
use crate::limits::CHUNK_BLOCKS;
use crate::schema::{ColumnSchema, Encoded, FieldType, TableSchema, TypeRef, Value, ValueError};

/// The rows of one table that pass some tests, in an order; made by [`DynTable::query`](crate::query::DynTable::query).
///
/// ```
/// # use ecsdb::component::CompareOp;
/// # use ecsdb::{Component, Db};
/// # #[derive(Component)] struct Purse { gold: u64, owner: String }
/// # ecsdb::schema! { World: Purse }
/// # let db = Db::<World>::in_memory()?;
/// for (gold, owner) in [(7, "bob"), (9, "ann"), (1, "kim")] {
///     db.spawn(Purse { gold, owner: owner.to_owned() })?;
/// }
/// let snapshot = db.snapshot();
/// let purses = snapshot.untyped().table("purse").and_then(|table| table.query()).unwrap();
/// let rich = purses.filter("gold", CompareOp::GreaterOrEqual, 5)?.order_by("owner")?.limit(10);
/// let owners: Vec<_> = rich.rows().map(|row| row.get("owner").unwrap().to_string()).collect();
/// assert_eq!(owners, ["\"ann\"", "\"bob\""]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a query does nothing until its rows are asked for"]
pub struct DynQuery<'v> {
    view: DynView<'v>,
    table: u16,
    condition: Node,
    orders: Vec<SortBy>,
    offset: usize,
    limit: Option<usize>,
}

debug_as!(['v] DynQuery<'v>);

impl<'v> DynQuery<'v> {
    pub(super) fn new(view: DynView<'v>, table: u16) -> Self {
        Self { view, table, condition: Node::All(Vec::new()), orders: Vec::new(), offset: 0, limit: None }
    }

    fn schema(&self) -> &'v TableSchema {
        self.view.schema().table_at(usize::from(self.table)).expect("a query is made for a table that there is")
    }

    fn no_order(&self, column: &ColumnSchema<'_>) -> ValueError {
        let (table, field) = (self.schema().name.to_string(), column.name());
        ValueError::NoOrder { table, field, found: column.field_type.to_string() }
    }

    /// Only rows in which the column (`gold`, or `pos.x` for a part of a struct) compares like that with `value`. Several
    /// filters must all hold. Empty options are `Value::Optional(None)`; they are neither less nor greater than anything.
    ///
    /// # Errors
    /// If there is no such column, `value` does not fit it, or it has no order and `op` asks for one.
    pub fn filter(mut self, column: &str, op: CompareOp, value: impl Into<Value>) -> Result<Self, ValueError> {
        let schema = self.schema();
        let column = schema.column_or_error(column)?;
        let is_equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        let (of, in_option) = match column.field_type {
            FieldType::Optional(inner) if !is_equality => (&**inner, true),
            field_type => (field_type, false),
        };
        let is_ordered = matches!(of, FieldType::Scalar(_) | FieldType::Text | FieldType::FixedText { .. });
        if !is_equality && !is_ordered {
            return Err(self.no_order(&column));
        }
        let operand = Encoded::from_value(&value.into(), of).map_err(|error| ValueError::Field {
            table: schema.name.to_string(),
            field: column.name(),
            error: Box::new(error),
        })?;
        let (table, field_type) = (self.table, TypeRef::from(column.field_type.clone()));
        let tested = Tested { table, column: column.index as u16, offset: column.offset, field_type, in_option };
        self.condition = self.condition.and(Node::Test(Box::new(Test::new(tested, What::Compare(op, operand)))));
        Ok(self)
    }

    /// The rows ordered by a column, the least first; those that are alike by the next one that is given, then in the order of slots.
    /// Empty options come first.
    ///
    /// # Errors
    /// If there is no such column, or its values have no order.
    pub fn order_by(self, column: &str) -> Result<Self, ValueError> {
        self.ordered(column, false)
    }

    /// As [`Self::order_by`], the greatest first. Empty options come last.
    ///
    /// # Errors
    /// As there.
    pub fn order_by_desc(self, column: &str) -> Result<Self, ValueError> {
        self.ordered(column, true)
    }

    fn ordered(mut self, column: &str, descending: bool) -> Result<Self, ValueError> {
        let column = self.schema().column_or_error(column)?;
        let sorted = SortColumn::new(self.table, column.offset, column.field_type.clone().into());
        let Some(sorted) = sorted else { return Err(self.no_order(&column)) };
        self.orders.push(SortBy { column: sorted, descending });
        Ok(self)
    }

    /// The first `count` rows at most, after those that [`offset`](Self::offset) leaves out.
    pub fn limit(self, count: usize) -> Self {
        Self { limit: Some(count), ..self }
    }

    /// Without the first `count` rows.
    pub fn offset(self, count: usize) -> Self {
        Self { offset: count, ..self }
    }

    /// The blocks with rows that pass, and which these are.
    fn blocks(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let version = self.view.storage();
        let table = &version.tables[usize::from(self.table)];
        matching(version, &self.condition, |block| {
            table.chunk(block / CHUNK_BLOCKS).map_or(0, |chunk| chunk.word(block % CHUNK_BLOCKS))
        })
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = DynRow<'v>> + use<'v> {
        let (view, table) = (self.view, self.table);
        let slots = chosen(view.storage(), &self.orders, self.offset, self.limit, self.blocks());
        let entity = move |slot| view.storage().entities.in_slot(slot);
        slots.into_iter().filter_map(move |slot| view.stored_row(table, entity(slot)?))
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        let all: usize = self.blocks().map(|(_, word)| word.count_ones() as usize).sum();
        let left = all.saturating_sub(self.offset);
        self.limit.map_or(left, |limit| left.min(limit))
    }
}
