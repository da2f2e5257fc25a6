//! Conditions on entities: what they are made of, and how they are evaluated.
//!
//! A [`Condition`] is made from typed columns, without a database at hand, and evaluated for whole blocks, for one
//! entity, or for one row. It never changes anything.

mod expression;
mod node;
mod scan;
mod test;

use core::fmt;
use core::marker::PhantomData;
use std::sync::Arc;

use super::view::View;
use crate::bytes::RowBytes;
use crate::component::{Component, Stored};
use crate::entity::Entity;
use crate::schema::{Schema, TableOf, TableSchema};

pub use expression::{And, ColumnTest, Has, IntoCondition, Not, Or, has};
pub use node::Node;
pub use scan::Form;
pub use test::{Test, Tested, What};

/// A condition on the entities of a database with schema `S`, over columns of any of its components.
///
/// It is made from columns, as in the example, and kept where it is needed more than once: it is cheap to clone, may go
/// to any thread, and needs no snapshot. Queries, bulk updates and subscriptions take whatever can become one
/// ([`IntoCondition`]), so it is rarely named.
///
/// **What an entity lacks fails.** A test of a column is false for an entity that has no such component, whatever is
/// tested; so is a test of what is in an option, such as `level.lt(3)` of an `Option<u32>`, where the option is empty. There are
/// two truth values, not three: `not` turns `false` into `true`. So `Purse::C.gold.ge(100).not()` holds for entities that
/// have no purse at all; to ask for poor ones that have, write `Purse::C.gold.lt(100)` or
/// `has::<Purse>().and(Purse::C.gold.ge(100).not())`. `ne` is a test like the others: `gold.ne(5)` asks for a purse with another
/// number of coins. An empty option is a value, so `owner.ne(Some(ann))` holds for it. A float that is not a number fails
/// every comparison but `ne`.
///
/// Cost: for a block of 64 entities and a column of fixed width, one pass over the column in one loop that knows the type;
/// *and*, *or* and *not* are one operation for 64 entities. Texts, lists and whole structs are compared row by row.
/// What stands before decides what has to be looked at: put what is cheap and rare first.
///
/// ```
/// use ecsdb::query::{Condition, has};
/// use ecsdb::{Component, Db, Entity};
///
/// #[derive(Component)]
/// struct Purse {
///     gold: u64,
/// }
/// #[derive(Component)]
/// #[repr(C)]
/// struct Pos {
///     x: f32,
///     y: f32,
/// }
/// #[derive(Component)]
/// struct Name {
///     name: String,
///     title: Option<String>,
/// }
/// ecsdb::schema! { World: Purse, Pos, Name }
///
/// let rich = Condition::<World>::new(Purse::C.gold.ge(100).and(Pos::C.x.between(0.0, 10.0)));
/// let noble = Name::C.title.is_some().or(Name::C.name.starts_with("von "));
///
/// let db = Db::<World>::in_memory()?;
/// let ann = db.spawn((Purse { gold: 100 }, Pos { x: 3.0, y: 0.0 }))?;
/// let bob = db.spawn((Purse { gold: 7 }, Name { name: "von Bob".to_owned(), title: None }))?;
///
/// let snapshot = db.snapshot();
/// assert!(rich.matches(snapshot.view(), ann));
/// let found: Vec<Entity> = snapshot.query::<Entity>().filter(rich.clone().or(noble)).into_iter().collect();
/// assert_eq!(found, [ann, bob]);
/// assert_eq!(snapshot.query::<Entity>().filter(has::<Purse>().and(rich.not())).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Condition<S> {
    node: Arc<Node>,
    schema: PhantomData<fn() -> S>,
}

impl<S> Clone for Condition<S> {
    fn clone(&self) -> Self {
        Self { node: Arc::clone(&self.node), schema: PhantomData }
    }
}

impl<S: Schema> Condition<S> {
    fn of(node: Node) -> Self {
        Self { node: Arc::new(node), schema: PhantomData }
    }

    /// The condition that `condition` makes: `Condition::<World>::new(Purse::C.gold.ge(100))`.
    pub fn new(condition: impl IntoCondition<S>) -> Self {
        condition.into_condition()
    }

    /// The condition that holds for every entity: what conditions are added to one by one.
    pub fn always() -> Self {
        Self::of(Node::All(Vec::new()))
    }

    /// The condition that holds for no entity.
    pub fn never() -> Self {
        Self::of(Node::Any(Vec::new()))
    }

    /// Whether it holds for `entity` in this version; `false` if the entity is not alive.
    ///
    /// Cost: a look-up for each test that is needed to know.
    pub fn matches(&self, view: View<'_, S>, entity: Entity) -> bool {
        let version = view.storage();
        view.is_alive(entity) && self.node.holds(&|table| version.tables[usize::from(table)].stored(entity.slot()))
    }

    /// Calls `each` with the number of every table whose rows it looks at.
    pub(crate) fn tables(&self, each: &mut impl FnMut(u16)) {
        self.node.tables(each);
    }

    /// Which of the slots `wanted` of block `block` it holds for. They must be slots of living entities.
    pub(crate) fn word(&self, view: View<'_, S>, block: usize, wanted: u64) -> u64 {
        self.node.word(view.storage(), block, wanted)
    }

    /// What it is made of, without the schema: for whoever knows the tables by number.
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    fn into_node(self) -> Node {
        Arc::unwrap_or_clone(self.node)
    }
}

impl<T: Component> Condition<Only<T>> {
    /// Whether it holds for an entity that has this `T`, or none.
    pub fn matches_stored(&self, stored: Option<&Stored<T>>) -> bool {
        self.matches_row(stored.map(Stored::row_bytes))
    }

    /// Whether it holds for an entity that has this row of `T`, with its heap, or none.
    pub(crate) fn matches_row(&self, row: Option<RowBytes<'_>>) -> bool {
        self.node.holds(&|_| row)
    }
}

/// As it would be written: `purse.gold >= 100 and not (has frozen)`.
impl<S: Schema> fmt::Display for Condition<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.show(f, S::TABLES)
    }
}

impl<S: Schema> fmt::Debug for Condition<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({self})")
    }
}

/// The schema whose only table is that of `T`: for conditions on one component alone, which single rows can answer.
///
/// `Condition<Only<Purse>>` takes columns of `Purse` and no others.
pub struct Only<T>(PhantomData<fn() -> T>);

debug_as!([T] Only<T>);

// SAFETY: one table that a derive has made, whose name was checked where it stands in a schema; the provided methods are
// not overridden.
unsafe impl<T: Component> Schema for Only<T> {
    const NAME: &'static str = T::TABLE;
    const VERSION: &'static str = "";
    const TABLES: &'static [&'static TableSchema] = &[T::SCHEMA];
}

// SAFETY: the only entry is `T::SCHEMA`.
#[diagnostic::do_not_recommend]
unsafe impl<T: Component> TableOf<Only<T>> for T {
    const INDEX: u16 = 0;
}
