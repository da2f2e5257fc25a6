//! Walking references, both ways: what a row refers to, what refers to it, and hierarchies of both.
//!
//! Forwards reads rows, backwards the reverse index that every reference has. Neither looks at rows that have nothing to do with it.

use core::marker::PhantomData;
use std::collections::{HashSet, VecDeque};

use super::view::View;
use crate::bytes::{RowBytes, bytes_of};
use crate::component::{Column, Refers};
use crate::entity::Entity;
use crate::schema::{OnDelete, Schema, TableOf, TableSchema};
use crate::storage::{IndexRead, IndexRole, ReferenceField, Version};

/// One reference of one version, without types.
#[derive(Clone)]
pub(crate) struct Relation<'v> {
    version: &'v Version,
    field: ReferenceField,
    /// The reverse index. An entity that is no reference by the schema has none.
    index: Option<IndexRead<'v>>,
}

impl<'v> Relation<'v> {
    /// The column with this number of a table, which holds entities. `None` if there is no such column.
    pub fn new(version: &'v Version, number: u16, table: &TableSchema, column: usize) -> Option<Self> {
        let of = table.column_at(column)?;
        let field = ReferenceField {
            table: number,
            field: of.field as u16,
            // Nothing here looks at these two.
            target: number,
            on_delete: OnDelete::Restrict,
            start: of.offset as usize,
            field_type: of.field_type.clone(),
        };
        // A reference is a field: a part of one has no index.
        let index =
            of.is_field().then(|| IndexRead::find(version, number, IndexRole::Reference(field.field))).flatten();
        Some(Self { version, field, index })
    }

    /// The entities that the row of `entity` names.
    fn targets(&self, entity: Entity) -> Vec<Entity> {
        if !self.version.has_row(self.field.table, entity) {
            return Vec::new();
        }
        let row = self.version.tables[usize::from(self.field.table)].stored(entity.slot());
        row.map(|row| self.field.targets(row)).unwrap_or_default()
    }

    /// The first entity that the row of `entity` names.
    fn target(&self, entity: Entity) -> Option<Entity> {
        if !self.field.is_single() {
            return self.targets(entity).first().copied();
        }
        let row = self.version.tables[usize::from(self.field.table)].row_bytes(entity.slot())?;
        self.field.target(row).filter(|_| self.version.entities.is_alive(entity))
    }

    /// The slots of the rows that name `target`.
    fn sources(&self, target: Entity) -> Box<dyn Iterator<Item = u32> + 'v> {
        if let Some(index) = self.index {
            let probe = index.definition().key.probe(RowBytes::plain(bytes_of(&target)), 1);
            return Box::new(index.equal(probe));
        }
        let (table, field) = (&self.version.tables[usize::from(self.field.table)], self.field.clone());
        let names = move |slot: &u32| table.stored(*slot).is_some_and(|row| field.targets(row).contains(&target));
        Box::new(table.slots().filter(names))
    }

    /// The entities whose rows name `target`.
    pub fn children(&self, target: Entity) -> impl Iterator<Item = Entity> + use<'v> {
        let version = self.version;
        self.sources(target).filter_map(|slot| version.entities.in_slot(slot))
    }

    /// What `entity` names, what that names, and so on: each once, the nearest first, with how far away it is.
    pub fn ancestors(self, entity: Entity) -> Hierarchy<'v> {
        Hierarchy { next: |relation, entity| relation.targets(entity), ..Hierarchy::from(self, entity) }
    }

    /// What names `entity`, what names that, and so on: each once, the nearest first, with how far away it is.
    pub fn descendants(self, entity: Entity) -> Hierarchy<'v> {
        Hierarchy::from(self, entity)
    }
}

/// The entities of a hierarchy above or below one, the nearest first: how many steps away each is, and which it is.
///
/// An entity comes once, at its least distance, so cycles end; the one that was asked for never comes.
pub struct Hierarchy<'v> {
    relation: Relation<'v>,
    next: fn(&Relation<'v>, Entity) -> Vec<Entity>,
    seen: HashSet<Entity>,
    queue: VecDeque<(usize, Entity)>,
}

debug_as!(['v] Hierarchy<'v>);

impl<'v> Hierarchy<'v> {
    fn from(relation: Relation<'v>, entity: Entity) -> Self {
        let mut hierarchy = Self {
            relation,
            next: |relation, entity| relation.children(entity).collect(),
            seen: HashSet::from([entity]),
            queue: VecDeque::new(),
        };
        hierarchy.queue.push_back((0, entity));
        hierarchy
    }
}

impl Iterator for Hierarchy<'_> {
    type Item = (usize, Entity);

    fn next(&mut self) -> Option<(usize, Entity)> {
        // An entity is asked for its neighbours when it leaves the queue, so what nobody waits for is not looked up.
        let (depth, entity) = self.queue.pop_front()?;
        for neighbour in (self.next)(&self.relation, entity) {
            if self.seen.insert(neighbour) {
                self.queue.push_back((depth + 1, neighbour));
            }
        }
        if depth == 0 { self.next() } else { Some((depth, entity)) }
    }
}

/// The rows that refer to an entity, with their entities, in the order of slots.
pub struct Children<'v, S, T> {
    view: View<'v, S>,
    slots: Box<dyn Iterator<Item = u32> + 'v>,
    marker: PhantomData<fn() -> T>,
}

debug_as!(['v, S, T] Children<'v, S, T>);

impl<'v, S: Schema, T: TableOf<S>> Iterator for Children<'v, S, T> {
    type Item = (Entity, T::Ref<'v>);

    fn next(&mut self) -> Option<Self::Item> {
        self.slots.by_ref().find_map(|slot| self.view.entity_and_row::<T>(slot))
    }
}

impl<'v, S: Schema> View<'v, S> {
    fn relation<T: TableOf<S>, F: Refers>(self, column: Column<T, F>) -> Relation<'v> {
        Relation::new(self.storage(), T::INDEX, T::SCHEMA, column.index().into()).expect("a column is one of its table")
    }

    /// The rows that refer to `entity` by this column: `snapshot.children(Item::C.owner, bag)`. Where the column is a list, those
    /// with `entity` in it.
    ///
    /// Cost: one way down the reverse index, and the rows that are asked for. A column of entities that is no reference has no such
    /// index: every row of its table is looked at.
    ///
    /// ```
    /// use ecsdb::{Component, Db, Entity, Ref};
    ///
    /// #[derive(Component)]
    /// struct Node {
    ///     name: String,
    ///     #[component(on_delete = "cascade")]
    ///     parent: Option<Ref<Node>>,
    /// }
    /// ecsdb::schema! { World: Node }
    ///
    /// let db = Db::<World>::in_memory()?;
    /// let node = |name: &str, parent: Option<Entity>| {
    ///     db.spawn(Node { name: name.to_owned(), parent: parent.map(Ref::to) })
    /// };
    /// let body = node("body", None)?;
    /// let arm = node("arm", Some(body))?;
    /// let hand = node("hand", Some(arm))?;
    ///
    /// let snapshot = db.snapshot();
    /// let names: Vec<&str> = snapshot.children(Node::C.parent, body).map(|(_, node)| node.name()).collect();
    /// assert_eq!(names, ["arm"]);
    /// assert_eq!(snapshot.parent(Node::C.parent, hand), Some(arm));
    /// assert_eq!(snapshot.ancestors(Node::C.parent, hand).collect::<Vec<_>>(), [(1, arm), (2, body)]);
    /// assert_eq!(snapshot.descendants(Node::C.parent, body).collect::<Vec<_>>(), [(1, arm), (2, hand)]);
    ///
    /// // What refers to the body goes with it, and what refers to that.
    /// db.despawn(body)?;
    /// assert_eq!(db.snapshot().entity_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn children<T: TableOf<S>, F: Refers>(self, column: Column<T, F>, entity: Entity) -> Children<'v, S, T> {
        Children { view: self, slots: self.relation(column).sources(entity), marker: PhantomData }
    }

    /// The entity that the row of `entity` refers to by this column; of a list, the first. Cost: that of [`get`](Self::get).
    pub fn parent<T: TableOf<S>, F: Refers>(self, column: Column<T, F>, entity: Entity) -> Option<Entity> {
        self.relation(column).target(entity)
    }

    /// All entities that the row of `entity` refers to by this column, in the order of the list.
    pub fn targets<T: TableOf<S>, F: Refers>(self, column: Column<T, F>, entity: Entity) -> Vec<Entity> {
        self.relation(column).targets(entity)
    }

    /// What `entity` refers to by this column, what that refers to, and so on up: each once, the nearest first, with how many steps
    /// away it is. Ends in cycles, too. Cost: a look at the row of each.
    pub fn ancestors<T: TableOf<S>, F: Refers>(self, column: Column<T, F>, entity: Entity) -> Hierarchy<'v> {
        self.relation(column).ancestors(entity)
    }

    /// What refers to `entity` by this column, what refers to that, and so on down: each once, the nearest first, with how many
    /// steps away it is. Ends in cycles, too. Cost: that of [`children`](Self::children) of each.
    pub fn descendants<T: TableOf<S>, F: Refers>(self, column: Column<T, F>, entity: Entity) -> Hierarchy<'v> {
        self.relation(column).descendants(entity)
    }
}
