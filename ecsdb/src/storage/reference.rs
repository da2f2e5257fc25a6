//! References: which fields name rows of which tables, and whether the rows are there.
//!
//! Owns what the writer has to note while a transaction runs: rows that went and that others may refer to, and references that
//! came. What follows from them is decided by `transaction`.

use core::fmt;

use super::version::Version;
use crate::bytes::RowBytes;
use crate::entity::Entity;
use crate::schema::{DatabaseSchema, FieldType, OnDelete, Scalar, Value};

/// A field that refers to rows of a table.
#[derive(Clone, Debug)]
pub struct ReferenceField {
    /// The number of its table.
    pub table: u16,
    /// Its number in the table.
    pub field: u16,
    /// The number of the table that it refers to.
    pub target: u16,
    /// What happens when a row goes that it refers to.
    pub on_delete: OnDelete,
    /// Where it starts in the row.
    pub start: usize,
    /// What it holds.
    pub field_type: FieldType,
}

impl ReferenceField {
    /// The entities that a row names.
    pub fn targets(&self, row: RowBytes<'_>) -> Vec<Entity> {
        if self.is_single() {
            return self.target(row.row).into_iter().collect();
        }
        let mut found = Vec::new();
        named(Value::decode(&self.field_type, &row.row[self.start..], row.heap), &mut found);
        found
    }

    /// Whether it holds one entity, or none.
    pub fn is_single(&self) -> bool {
        let inner = if let FieldType::Optional(inner) = &self.field_type { inner } else { &self.field_type };
        matches!(inner, FieldType::Reference { .. } | FieldType::Scalar(Scalar::Entity))
    }

    /// The entity that a row names in a field that holds one.
    pub fn target(&self, row: &[u8]) -> Option<Entity> {
        let bytes = row[self.start..].first_chunk()?;
        Entity::from_bits(u64::from_le_bytes(*bytes))
    }
}

/// Adds the entities in `value` to `found`, in their order.
fn named(value: Value, found: &mut Vec<Entity>) {
    match value {
        Value::Entity(entity) => found.push(entity),
        Value::Optional(Some(inner)) => named(*inner, found),
        Value::Array(elements) => elements.into_iter().for_each(|element| named(element, found)),
        _ => {}
    }
}

/// All references of a database.
#[derive(Clone, Debug, Default)]
pub struct References {
    all: Box<[ReferenceField]>,
    /// Whether each table is referred to.
    is_target: Box<[bool]>,
}

/// A reference, and what is wrong with it: its two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReferenceFailure {
    /// The table with the reference.
    pub table: String,
    /// The field that is the reference.
    pub field: String,
    /// The entity whose row has the reference.
    pub entity: Entity,
    /// The table that is referred to.
    pub target_table: String,
    /// The entity that is referred to.
    pub target: Entity,
}

/// The reference in words.
impl fmt::Display for ReferenceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, field, entity, target_table, target } = self;
        write!(f, "`{table}.{field}` of entity {entity} refers to the `{target_table}` of entity {target}")
    }
}

impl References {
    /// Those of a schema, in the order of tables and fields.
    pub fn of(schema: &DatabaseSchema) -> Self {
        let (mut all, mut is_target) = (Vec::new(), vec![false; schema.tables().len()]);
        for (table, of) in schema.tables().iter().enumerate() {
            for (number, field) in of.fields.iter().enumerate() {
                let Some(reference) = &field.reference else { continue };
                // A schema has no references that lead nowhere.
                let Some((target, _)) = schema.table(&reference.table) else { continue };
                is_target[target] = true;
                all.push(ReferenceField {
                    table: table as u16,
                    field: number as u16,
                    target: target as u16,
                    on_delete: reference.on_delete,
                    start: field.offset as usize,
                    field_type: field.field_type.clone(),
                });
            }
        }
        Self { all: all.into(), is_target: is_target.into() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The reference that a field is.
    pub fn find(&self, table: u16, field: u16) -> Option<&ReferenceField> {
        self.all.iter().find(|of| of.table == table && of.field == field)
    }

    /// Those that refer to rows of a table.
    pub fn to_table(&self, table: u16) -> impl Iterator<Item = &ReferenceField> {
        self.all.iter().filter(move |of| of.target == table)
    }

    /// Whether `schema`, whose references these are, has some that `before`, whose tables have the same numbers, has not.
    pub fn have_more_than(&self, schema: &DatabaseSchema, before: &DatabaseSchema) -> bool {
        self.all.iter().any(|of| {
            let field = &schema.tables()[usize::from(of.table)].fields[usize::from(of.field)];
            let earlier = before.table_at(usize::from(of.table)).and_then(|table| {
                table
                    .field(&field.name)
                    .or_else(|| table.field(&field.renamed_from))
                    .and_then(|(_, field)| field.reference.as_ref())
            });
            let target = earlier.and_then(|reference| before.table(&reference.table)).map(|(number, _)| number);
            target != Some(usize::from(of.target))
        })
    }

    /// A reference of a row to a row that is not there, if there is one in `version`, whose schema is `schema`.
    ///
    /// Cost: a look at every row with references.
    pub fn broken(&self, version: &Version, schema: &DatabaseSchema) -> Option<Box<ReferenceFailure>> {
        for field in &self.all {
            let table = &version.tables[usize::from(field.table)];
            for slot in table.slots() {
                let Some(row) = table.stored(slot) else { continue };
                let targets = field.targets(row);
                if let Some(target) = targets.into_iter().find(|target| !version.has_row(field.target, *target)) {
                    return version.reference_failure(schema, field, slot, target);
                }
            }
        }
        None
    }
}

impl Version {
    /// Whether `entity` lives and has a row in the table.
    pub fn has_row(&self, table: u16, entity: Entity) -> bool {
        self.entities.is_alive(entity) && self.tables[usize::from(table)].contains(entity.slot())
    }

    /// The two ends of a reference of the row in `slot`, by their names.
    pub fn reference_failure(
        &self,
        schema: &DatabaseSchema,
        field: &ReferenceField,
        slot: u32,
        target: Entity,
    ) -> Option<Box<ReferenceFailure>> {
        let table = &schema.tables()[usize::from(field.table)];
        Some(Box::new(ReferenceFailure {
            table: table.name.to_string(),
            field: table.fields[usize::from(field.field)].name.to_string(),
            entity: self.entities.in_slot(slot)?,
            target_table: schema.tables()[usize::from(field.target)].name.to_string(),
            target,
        }))
    }
}

/// A reference that has come.
#[derive(Clone, Copy, Debug)]
pub struct NewReference {
    /// The table of the row that has it.
    pub table: u16,
    /// The field.
    pub field: u16,
    /// The slot of the row.
    pub slot: u32,
    /// The entity that it names.
    pub target: Entity,
}

/// What the running transaction has done to references and their targets.
#[derive(Default)]
pub struct ReferenceNotes {
    /// Whether each table is referred to.
    is_target: Box<[bool]>,
    /// Rows that went from tables that are referred to.
    removed: Vec<(u16, Entity)>,
    /// References that came, as far as the indexes are in line with the rows.
    new: Vec<NewReference>,
}

impl ReferenceNotes {
    /// For these references.
    pub fn for_references(references: &References) -> Self {
        Self { is_target: references.is_target.clone(), ..Self::default() }
    }

    /// Whether somebody has to know of rows that go from the table.
    #[inline]
    pub fn is_target(&self, table: u16) -> bool {
        self.is_target.get(usize::from(table)).copied().unwrap_or(false)
    }

    /// Notes that the row of `entity` goes from a table that is referred to.
    pub fn note_removed(&mut self, table: u16, entity: Entity) {
        self.removed.push((table, entity));
    }

    /// Notes that a reference has come.
    pub fn note_new(&mut self, reference: NewReference) {
        self.new.push(reference);
    }

    /// The rows that went since the last time.
    pub fn take_removed(&mut self) -> Vec<(u16, Entity)> {
        core::mem::take(&mut self.removed)
    }

    /// The references that came since the last time.
    pub fn take_new(&mut self) -> Vec<NewReference> {
        core::mem::take(&mut self.new)
    }

    /// Ends a transaction.
    pub fn clear(&mut self) {
        self.removed.clear();
        self.new.clear();
    }
}
