//! Reads without static types: by the names of tables and fields.

use std::borrow::Cow;

use super::dyn_index::DynIndex;
use super::dyn_query::DynQuery;
use super::relations::{Hierarchy, Relation};
use crate::bytes::RowBytes;
use crate::entity::Entity;
use crate::schema::{DatabaseSchema, ENTITIES, RowLayout, TableSchema, Value};
use crate::storage::{IndexRead, IndexRole, Version};

/// The table that lists the tables of a database, one row each.
pub const TABLES_TABLE: &str = "ecsdb_tables";

/// The table that lists the fields of all tables, one row each.
pub const FIELDS_TABLE: &str = "ecsdb_fields";

/// The table that lists the indexes of all tables, one row each.
pub const INDEXES_TABLE: &str = "ecsdb_indexes";

/// A version of a database, to be read by names.
///
/// Besides the tables of the schema there are four that every database has: `entities`, the registry;
/// [`ecsdb_tables`](TABLES_TABLE), [`ecsdb_fields`](FIELDS_TABLE) and [`ecsdb_indexes`](INDEXES_TABLE), which describe the
/// tables, fields and indexes and count the rows.
#[derive(Clone, Copy)]
pub struct DynView<'v> {
    version: &'v Version,
    schema: &'v DatabaseSchema,
}

debug_as!(['v] DynView<'v>, view: version = view.version.number);

/// One table, read by names.
#[derive(Clone, Copy)]
pub struct DynTable<'v> {
    view: DynView<'v>,
    source: Source,
}

debug_as!(['v] DynTable<'v>);

#[derive(Clone, Copy)]
enum Source {
    Rows(u16),
    Entities,
    Tables,
    Fields,
    Indexes,
}

/// One row, read by the names of its fields.
#[derive(Clone)]
pub struct DynRow<'v> {
    entity: Option<Entity>,
    content: Content<'v>,
}

debug_as!(['v] DynRow<'v>, row: entity = row.entity(), values = row.values());

#[derive(Clone)]
enum Content<'v> {
    Stored { schema: &'v TableSchema, row: RowBytes<'v> },
    Computed(Vec<(Cow<'v, str>, Value)>),
}

impl<'v> DynView<'v> {
    /// `version` must have been made for the tables of `schema`; the reads are safe even if it was not.
    pub(crate) fn new(version: &'v Version, schema: &'v DatabaseSchema) -> Self {
        Self { version, schema }
    }

    /// The number of the version: how many times something has been published. Transactions of one batch share a version.
    pub fn version(self) -> u64 {
        self.version.number
    }

    /// The schema.
    pub fn schema(self) -> &'v DatabaseSchema {
        self.schema
    }

    /// How many entities are alive.
    pub fn entity_count(self) -> u64 {
        self.version.entities.count()
    }

    /// Whether `entity` is alive.
    pub fn is_alive(self, entity: Entity) -> bool {
        self.version.entities.is_alive(entity)
    }

    /// The table with this name, if there is one.
    pub fn table(self, name: &str) -> Option<DynTable<'v>> {
        let source = match name {
            ENTITIES => Source::Entities,
            TABLES_TABLE => Source::Tables,
            FIELDS_TABLE => Source::Fields,
            INDEXES_TABLE => Source::Indexes,
            name => Source::Rows(self.schema.table(name)?.0 as u16),
        };
        Some(DynTable { view: self, source })
    }

    /// The row of `entity` in `table`, if there are such a table and such a row.
    pub fn get(self, table: &str, entity: Entity) -> Option<DynRow<'v>> {
        self.table(table)?.get(entity)
    }

    /// The index of a table with this name, if there is one. That of a reference has the name of its field.
    pub fn index(self, table: &str, index: &str) -> Option<DynIndex<'v>> {
        let (number, table) = self.schema.table(table)?;
        let role = match (table.index(index), table.field(index)) {
            (Some((index, _)), _) => IndexRole::Declared(index as u16),
            (None, Some((field, _))) => IndexRole::Reference(field as u16),
            (None, None) => return None,
        };
        Some(DynIndex::new(self, IndexRead::find(self.version, number as u16, role)?))
    }

    fn relation(self, table: &str, field: &str) -> Option<Relation<'v>> {
        let (number, table) = self.schema.table(table)?;
        let column = table.column(field)?;
        column.field_type.entity_inside()?;
        Relation::new(self.version, number as u16, table, column.index)
    }

    /// The entities whose rows in `table` refer to `entity` by `field`; nothing if there is no such field that holds entities. A part of
    /// a field is named as `stance.holder`. Cost: one way down the reverse index; if it is no reference, a look at every row.
    pub fn children(self, table: &str, field: &str, entity: Entity) -> Option<impl Iterator<Item = Entity> + use<'v>> {
        Some(self.relation(table, field)?.children(entity))
    }

    /// What `entity` refers to by `field` of `table`, what that refers to, and so on up: each once, the nearest first, with how many
    /// steps away it is; nothing if there is no such field that holds entities.
    pub fn ancestors(self, table: &str, field: &str, entity: Entity) -> Option<Hierarchy<'v>> {
        Some(self.relation(table, field)?.ancestors(entity))
    }

    /// What refers to `entity` by `field` of `table`, what refers to that, and so on down, as [`Self::ancestors`].
    pub fn descendants(self, table: &str, field: &str, entity: Entity) -> Option<Hierarchy<'v>> {
        Some(self.relation(table, field)?.descendants(entity))
    }

    /// The names of the tables in which `entity` has a row; none if it is not alive.
    pub fn components_of(self, entity: Entity) -> impl Iterator<Item = &'v str> {
        let alive = self.is_alive(entity);
        let tables = self.version.tables.iter().zip(self.schema.tables());
        tables.filter(move |(table, _)| alive && table.contains(entity.slot())).map(|(_, schema)| &*schema.name)
    }

    fn registry_row(self, entity: Entity) -> DynRow<'v> {
        let registry = self.schema.registry();
        let values = vec![
            (Cow::Borrowed(&*registry.id.name), Value::U64(entity.to_bits())),
            (Cow::Borrowed(&*registry.version.name), Value::U32(entity.generation())),
        ];
        DynRow { entity: Some(entity), content: Content::Computed(values) }
    }

    /// The row in slot `slot` of a table.
    pub(super) fn row_in(self, table: u16, slot: u32) -> Option<DynRow<'v>> {
        self.stored_row(table, self.version.entities.in_slot(slot)?)
    }

    pub(super) fn storage(self) -> &'v Version {
        self.version
    }

    pub(super) fn stored_row(self, table: u16, entity: Entity) -> Option<DynRow<'v>> {
        let schema = self.schema.table_at(usize::from(table))?;
        let row = self.version.tables[usize::from(table)].stored(entity.slot())?;
        Some(DynRow { entity: Some(entity), content: Content::Stored { schema, row } })
    }
}

impl<'v> DynTable<'v> {
    /// How many rows it has.
    pub fn len(self) -> usize {
        match self.source {
            Source::Rows(table) => self.view.version.tables[usize::from(table)].rows() as usize,
            Source::Entities => self.view.version.entities.count() as usize,
            Source::Tables => self.view.schema.tables().len(),
            Source::Fields => self.view.schema.tables().iter().map(|table| table.fields.len()).sum(),
            Source::Indexes => self.view.version.indexes.definitions.all().len(),
        }
    }

    /// Whether it has no rows.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The rows of entities that are to be found by what is in them; `None` of a table that describes others. See
    /// [`DynQuery`].
    pub fn query(self) -> Option<DynQuery<'v>> {
        match self.source {
            Source::Rows(table) => Some(DynQuery::new(self.view, table)),
            _ => None,
        }
    }

    /// The row of `entity`, if it has one here.
    pub fn get(self, entity: Entity) -> Option<DynRow<'v>> {
        if !self.view.is_alive(entity) {
            return None;
        }
        match self.source {
            Source::Rows(table) => self.view.stored_row(table, entity),
            Source::Entities => Some(self.view.registry_row(entity)),
            Source::Tables | Source::Fields | Source::Indexes => None,
        }
    }

    /// All rows: those of entities in the order of slots, those of descriptions in the order of the schema.
    pub fn rows(self) -> Box<dyn Iterator<Item = DynRow<'v>> + 'v> {
        let view = self.view;
        match self.source {
            Source::Rows(table) => Box::new(view.version.tables[usize::from(table)].slots().filter_map(move |slot| {
                let entity = view.version.entities.in_slot(slot)?;
                view.stored_row(table, entity)
            })),
            Source::Entities => Box::new(view.version.entities.iter().map(move |entity| view.registry_row(entity))),
            Source::Indexes => {
                let all = view.version.indexes.definitions.all();
                Box::new((0..all.len() as u16).map(move |number| describe_index(view, number)))
            }
            Source::Tables => Box::new((0..view.schema.tables().len()).map(move |table| describe_table(view, table))),
            Source::Fields => Box::new((0..view.schema.tables().len()).flat_map(move |table| {
                (0..view.schema.tables()[table].fields.len()).map(move |field| describe_field(view, table, field))
            })),
        }
    }
}

fn described(values: Vec<(&'static str, Value)>) -> DynRow<'static> {
    let values = values.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    DynRow { entity: None, content: Content::Computed(values) }
}

fn describe_table(view: DynView<'_>, index: usize) -> DynRow<'static> {
    let schema = &view.schema.tables()[index];
    let layout = match schema.layout {
        RowLayout::Packed => "packed",
        RowLayout::Native => "native",
    };
    described(vec![
        ("id", Value::U16(index as u16)),
        ("name", Value::Text(schema.name.to_string())),
        ("layout", Value::Text(layout.to_owned())),
        ("row_bytes", Value::U32(schema.size)),
        ("row_align", Value::U32(schema.align)),
        ("fields", Value::U32(schema.fields.len() as u32)),
        ("rows", Value::U64(view.version.tables[index].rows())),
        ("doc", Value::Text(schema.doc.to_string())),
    ])
}

fn describe_field(view: DynView<'_>, table: usize, index: usize) -> DynRow<'static> {
    let schema = &view.schema.tables()[table];
    let field = &schema.fields[index];
    described(vec![
        ("table", Value::Text(schema.name.to_string())),
        ("id", Value::U16(index as u16)),
        ("name", Value::Text(field.name.to_string())),
        ("type", Value::Text(field.field_type.to_string())),
        ("offset", Value::U32(field.offset)),
        ("bytes", Value::U32(field.field_type.size() as u32)),
        ("doc", Value::Text(field.doc.to_string())),
    ])
}

fn describe_index(view: DynView<'_>, number: u16) -> DynRow<'static> {
    let read = IndexRead::new(view.version, number);
    let index = read.definition();
    let schema = &view.schema.tables()[usize::from(index.table)];
    let (columns, is_reference) = match index.role {
        IndexRole::Declared(number) => (schema.indexes[usize::from(number)].columns.join(", "), false),
        IndexRole::Reference(field) => (schema.fields[usize::from(field)].name.to_string(), true),
    };
    described(vec![
        ("table", Value::Text(index.table_name.to_string())),
        ("name", Value::Text(index.name.to_string())),
        ("columns", Value::Text(columns)),
        ("kind", Value::Text(index.kind.name().to_owned())),
        ("unique", Value::Bool(index.is_unique)),
        ("reference", Value::Bool(is_reference)),
        ("entries", Value::U64(read.entries())),
        ("keys", Value::U64(read.keys())),
    ])
}

impl<'v> DynRow<'v> {
    /// The row `row` of `entity` in a table with the schema `schema`.
    pub(crate) fn stored(entity: Entity, schema: &'v TableSchema, row: RowBytes<'v>) -> Self {
        Self { entity: Some(entity), content: Content::Stored { schema, row } }
    }

    /// Whose row it is; `None` for a row that describes the schema.
    pub fn entity(&self) -> Option<Entity> {
        self.entity
    }

    /// The value of the column `name` (a field, or a part of a struct such as `pos.x`), or of the key column if the schema
    /// gives it that name.
    pub fn get(&self, name: &str) -> Option<Value> {
        match &self.content {
            Content::Computed(values) => values.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()),
            Content::Stored { schema, row } => match schema.column(name) {
                Some(column) => Some(Value::decode(column.field_type, &row.row[column.offset as usize..], row.heap)),
                None if schema.key.as_deref() == Some(name) => self.entity.map(|entity| Value::U64(entity.to_bits())),
                None => None,
            },
        }
    }

    /// All fields with their values, the key column first if the schema names one.
    pub fn values(&self) -> Vec<(&str, Value)> {
        match &self.content {
            Content::Computed(values) => values.iter().map(|(name, value)| (&**name, value.clone())).collect(),
            Content::Stored { schema, row } => {
                let key = schema.key.as_deref().zip(self.entity);
                let key = key.map(|(name, entity)| (name, Value::U64(entity.to_bits())));
                let fields = schema.fields.iter().map(|field| {
                    (&*field.name, Value::decode(&field.field_type, &row.row[field.offset as usize..], row.heap))
                });
                key.into_iter().chain(fields).collect()
            }
        }
    }

    /// The stored bytes, without those of its heap; none for a computed row.
    pub fn bytes(&self) -> &'v [u8] {
        match &self.content {
            Content::Stored { row, .. } => row.row,
            Content::Computed(_) => &[],
        }
    }
}
