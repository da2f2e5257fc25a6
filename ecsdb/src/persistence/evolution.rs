//! From the schema of a directory to that of the program: what is allowed, which numbers tables and fields have then, and
//! which rows have to be written anew.

use std::path::Path;
use std::sync::Arc;

use super::handshake::SchemaMismatch;
use super::ids::{FieldIds, Ids, TableIds};
use super::migration::Migrations;
use crate::schema::diff::{Plan, Source, Step, TablePlan};
use crate::schema::{DatabaseSchema, SchemaError, TableSchema};

/// What opening a directory with a schema comes to.
pub struct Evolution {
    /// The tables under their new names, with their numbers.
    pub ids: Ids,
    /// What changes, for people. Empty if nothing does that matters to what is stored.
    pub steps: Vec<String>,
    /// What becomes of rows, if some have to be written anew.
    pub rewrite: Option<Rewrite>,
}

/// Rows that have to be written anew.
pub struct Rewrite {
    /// The tables as the directory has them.
    pub old: Arc<DatabaseSchema>,
    /// What becomes of each table of the new schema.
    pub tables: Vec<TablePlan>,
    /// Which of them have rows that change.
    pub rewritten: Vec<bool>,
}

impl Rewrite {
    /// Which table of the directory each table of the new schema was.
    pub fn origins(&self) -> Vec<Option<usize>> {
        self.tables.iter().map(|table| table.from).collect()
    }
}

impl Evolution {
    /// Compares the tables `ids` of a directory with `schema`.
    ///
    /// # Errors
    /// If something was changed that loses values, and no migration takes care of it.
    pub fn judge(
        directory: &Path,
        ids: &Ids,
        schema: &DatabaseSchema,
        migrations: &Migrations,
    ) -> Result<Self, SchemaMismatch> {
        let mismatch = |refused| SchemaMismatch { directory: directory.to_owned(), refused, invalid: None };
        let old =
            ids.schema().map_err(|error| SchemaMismatch { invalid: Some(error.into()), ..mismatch(Vec::new()) })?;
        let Plan { steps, mut refused, tables, .. } = Plan::between(&old, schema);
        refused.retain(|refusal| !migrations.has(&refusal.table));
        if !refused.is_empty() {
            return Err(mismatch(refused));
        }
        let changes = |table: &TablePlan, name: &str| {
            let Some(from) = table.from else { return false };
            let is_refused = |source: &Source| matches!(source, Source::Refused { .. });
            !table.keeps_fields(&old.tables()[from]) || migrations.has(name) && table.fields.iter().any(is_refused)
        };
        let rewritten: Vec<bool> =
            tables.iter().zip(schema.tables()).map(|(plan, table)| changes(plan, &table.name)).collect();
        if let Some(found) = too_many_numbers(ids, schema, &tables, &rewritten) {
            let error = SchemaError::too_many("numbers of tables or fields in the directory", u16::MAX.into(), found);
            return Err(SchemaMismatch { invalid: Some(error.into()), ..mismatch(Vec::new()) });
        }
        let followed = follow(ids, schema, &tables, &rewritten);
        // The numbers keep nothing of the database as a whole, and rows in files have an order of their own.
        let matters = |step: &&Step| {
            let kind = step.change.kind();
            step.table.is_some()
                && kind != "reordered"
                && (step.changes_data() || matches!(kind, "deprecated" | "restored"))
        };
        let mut told: Vec<String> = steps.iter().filter(matters).map(ToString::to_string).collect();
        for (table, _) in
            schema.tables().iter().zip(&rewritten).filter(|(table, is)| **is && migrations.has(&table.name))
        {
            told.push(format!("table `{}`: rows made by a migration of the program", table.name));
        }
        let rewrite = rewritten.contains(&true).then(|| Rewrite { old: Arc::new(old), tables, rewritten });
        Ok(Self { ids: followed, steps: told, rewrite })
    }
}

/// How many numbers of tables, of fields of one table, or of revisions there would be, if that is more than there are: a number is
/// never given twice.
fn too_many_numbers(ids: &Ids, schema: &DatabaseSchema, plans: &[TablePlan], rewritten: &[bool]) -> Option<u64> {
    let new_tables = plans.iter().filter(|plan| plan.from.is_none()).count();
    let of_table = |((plan, rewritten), table): ((&TablePlan, &bool), &TableSchema)| {
        let before = &ids.tables[plan.from?];
        let new_fields = table.fields.iter().zip(&plan.fields).filter(|(_, source)| source.field().is_none()).count();
        let (fields, revisions) = (usize::from(before.next) + new_fields, usize::from(before.revision));
        Some(fields.max(revisions + usize::from(*rewritten)))
    };
    let fields = plans.iter().zip(rewritten).zip(schema.tables()).filter_map(of_table).max().unwrap_or(0);
    let found = fields.max(usize::from(ids.next) + new_tables);
    (found > usize::from(u16::MAX)).then_some(found as u64)
}

/// The numbers of the tables of `schema`: those that they had, and new ones. Numbers that are gone never come again.
fn follow(ids: &Ids, schema: &DatabaseSchema, plans: &[TablePlan], rewritten: &[bool]) -> Ids {
    let mut followed = Ids { next: ids.next, tables: Vec::new() };
    for ((table, plan), rewritten) in schema.tables().iter().zip(plans).zip(rewritten) {
        let Some(before) = plan.from.map(|from| &ids.tables[from]) else {
            followed.add(table);
            continue;
        };
        let mut next = before.next;
        let mut fields: Vec<FieldIds> = Vec::with_capacity(table.fields.len());
        for (field, source) in table.fields.iter().zip(&plan.fields) {
            let id = match source.field() {
                Some(index) => before.fields[index].id,
                None => {
                    next += 1;
                    next - 1
                }
            };
            fields.push(FieldIds::new(id, field));
        }
        fields.sort_by_key(|field| field.id);
        followed.tables.push(TableIds {
            id: before.id,
            revision: before.revision + u16::from(*rewritten),
            name: table.name.to_string(),
            durability: table.durability,
            is_deprecated: table.deprecated.is_some(),
            next,
            fields,
        });
    }
    followed.tables.sort_by_key(|table| table.id);
    followed
}
