//! The comparison of two schemas.

use core::fmt;

use super::conversion::{Conversion, nothing};
use super::rows::{Fill, Source, TablePlan};
use super::{Change, Reason, Refusal, Step};
use crate::schema::{DatabaseSchema, DefaultValue, FieldSchema, TableSchema};

/// How a database with an old schema becomes one with a new schema.
///
/// The old schema is the one that the data was stored with, the new one that of the program. The same two schemas
/// give the same plan.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The differences that are allowed, table by table.
    pub steps: Vec<Step>,
    /// The differences that are not. If there is one, the plan cannot be carried out.
    pub refused: Vec<Refusal>,
    /// What becomes of the rows of each table of the new schema, in its order.
    pub tables: Vec<TablePlan>,
}

impl Plan {
    /// The differences from the schema `old` to the schema `new`.
    ///
    /// Cost: proportional to the sizes of the schemas, and to the products of the numbers of fields of a table that is in both.
    pub fn between(old: &DatabaseSchema, new: &DatabaseSchema) -> Self {
        Comparison { old, new, plan: Self { steps: Vec::new(), refused: Vec::new(), tables: Vec::new() } }.run()
    }

    /// Whether nothing is refused.
    pub fn is_allowed(&self) -> bool {
        self.refused.is_empty()
    }

    /// Whether the schemas say the same.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.refused.is_empty()
    }

    /// Whether stored rows have to be written anew.
    pub fn rewrites_rows(&self) -> bool {
        self.steps.iter().any(Step::rewrites_rows)
    }

    /// Whether what is stored changes at all, or how it is found, and not only what is said about it.
    pub fn changes_data(&self) -> bool {
        self.steps.iter().any(Step::changes_data)
    }
}

/// A line for each step, and then one for each refusal, which begins with `refused: `.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        self.refused.iter().try_for_each(|refusal| writeln!(f, "refused: {refusal}"))
    }
}

struct Comparison<'s> {
    old: &'s DatabaseSchema,
    new: &'s DatabaseSchema,
    plan: Plan,
}

impl<'s> Comparison<'s> {
    fn run(mut self) -> Plan {
        self.head();
        let origins: Vec<Option<usize>> = self.new.tables().iter().map(|table| self.origin(table)).collect();
        for (table, origin) in self.new.tables().iter().zip(&origins) {
            let plan = match *origin {
                Some(number) => self.table(number, &self.old.tables()[number], table, &origins),
                None => {
                    self.step(table, None, Change::Added { field_type: None, fill: None });
                    TablePlan::of_new_table()
                }
            };
            self.plan.tables.push(plan);
        }
        for (number, table) in self.old.tables().iter().enumerate() {
            if !origins.contains(&Some(number)) {
                self.gone(table, None, table.deprecated.as_deref());
            }
        }
        self.plan
    }

    /// The number of the old table that a new one is.
    fn origin(&self, table: &TableSchema) -> Option<usize> {
        let number = |name: &str| self.old.table(name).map(|(number, _)| number);
        // A former name counts until the old schema knows the new one.
        number(&table.name).or_else(|| number(&table.renamed_from).filter(|_| !table.renamed_from.is_empty()))
    }

    fn step(&mut self, table: &TableSchema, field: Option<&FieldSchema>, change: Change) {
        let field = field.map(|field| field.name.to_string());
        self.plan.steps.push(Step { table: Some(table.name.to_string()), field, change });
    }

    fn refuse(&mut self, table: &TableSchema, field: Option<&FieldSchema>, reason: Reason) {
        let field = field.map(|field| field.name.to_string());
        self.plan.refused.push(Refusal { table: table.name.to_string(), field, reason });
    }

    /// Something of the old schema that the new one has not.
    fn gone(&mut self, table: &TableSchema, field: Option<&FieldSchema>, deprecated: Option<&str>) {
        match deprecated {
            Some(reason) => self.step(table, field, Change::Dropped { reason: reason.to_owned() }),
            None => self.refuse(table, field, Reason::Removed),
        }
    }

    /// What is said about the database itself.
    fn head(&mut self) {
        let (old, new) = (self.old, self.new);
        let mut steps = Vec::new();
        if old.name() != new.name() {
            steps.push(Change::Renamed { from: old.name().to_owned() });
        }
        if old.version() != new.version() {
            steps.push(Change::Version { from: old.version().to_owned(), to: new.version().to_owned() });
        }
        if old.registry() != new.registry() {
            steps.push(Change::Described);
        }
        self.plan.steps.extend(steps.into_iter().map(|change| Step { table: None, field: None, change }));
    }

    /// A table that is in both schemas.
    fn table(&mut self, number: usize, old: &TableSchema, new: &TableSchema, origins: &[Option<usize>]) -> TablePlan {
        self.about_table(old, new);
        self.indexes(old, new);
        let mut sources = Vec::with_capacity(new.fields.len());
        for field in new.fields.iter() {
            let origin = old.field(&field.name).or_else(|| match &*field.renamed_from {
                "" => None,
                former => old.field(former),
            });
            let source = match origin {
                Some((index, before)) => self.field(new, (index, before), field, origins),
                None => self.new_field(new, field),
            };
            sources.push(source);
        }
        let kept: Vec<usize> = sources.iter().filter_map(Source::field).collect();
        for (index, field) in old.fields.iter().enumerate() {
            if !kept.contains(&index) {
                // By the name that the table has now.
                self.gone(new, Some(field), field.deprecated.as_deref());
            }
        }
        if !kept.is_sorted() {
            self.step(new, None, Change::Reordered);
        }
        TablePlan::new(number, sources, old, new)
    }

    /// What is said about a table.
    fn about_table(&mut self, old: &TableSchema, new: &TableSchema) {
        if old.name != new.name {
            self.step(new, None, Change::Renamed { from: old.name.to_string() });
        }
        if old.layout != new.layout {
            self.step(new, None, Change::Layout { from: old.layout, to: new.layout });
        }
        if old.durability != new.durability {
            self.step(new, None, Change::Durability { from: old.durability, to: new.durability });
        }
        if old.version != new.version {
            let (from, to) = (old.version.to_string(), new.version.to_string());
            self.step(new, None, Change::Version { from, to });
        }
        if old.key != new.key {
            let name = |table: &TableSchema| table.key.as_deref().map(str::to_owned);
            self.step(new, None, Change::Key { from: name(old), to: name(new) });
        }
        self.deprecation(new, None, old.deprecated.as_deref(), new.deprecated.as_deref());
        if old.doc != new.doc {
            self.step(new, None, Change::Described);
        }
    }

    fn deprecation(&mut self, table: &TableSchema, field: Option<&FieldSchema>, old: Option<&str>, new: Option<&str>) {
        match (old, new) {
            (Some(_), None) => self.step(table, field, Change::Restored),
            (_, Some(reason)) if old != new => {
                self.step(table, field, Change::Deprecated { reason: reason.to_owned() });
            }
            _ => {}
        }
    }

    /// A field that is in both schemas.
    fn field(
        &mut self,
        table: &TableSchema,
        (index, old): (usize, &FieldSchema),
        new: &FieldSchema,
        origins: &[Option<usize>],
    ) -> Source {
        if old.name != new.name {
            self.step(table, Some(new), Change::Renamed { from: old.name.to_string() });
        }
        let (old_schema, new_schema) = (self.old, self.new);
        let renamed = |name: &str| {
            let (number, _) = old_schema.table(name)?;
            let now = origins.iter().position(|origin| *origin == Some(number))?;
            Some(new_schema.tables()[now].name.to_string())
        };
        let source = match Conversion::with_tables(&old.field_type, &new.field_type, &renamed) {
            Ok(conversion) => {
                let (from, to) = (&old.field_type, &new.field_type);
                // Types whose parts have other names only are the same.
                if from != to {
                    let same_bytes = conversion.keeps_bytes();
                    let (from, to) = (from.to_string(), to.to_string());
                    self.step(table, Some(new), Change::Retyped { from, to, same_bytes });
                }
                Source::Kept { field: index, conversion }
            }
            Err(fault) => {
                self.refuse(table, Some(new), Reason::Type(fault));
                Source::Refused { field: Some(index) }
            }
        };
        let default = |field: &FieldSchema| field.default.as_ref().map(|default| shown(default, field));
        if old.default != new.default || default(old) != default(new) {
            self.step(table, Some(new), Change::Default { from: default(old), to: default(new) });
        }
        let reference = |field: &FieldSchema| field.reference.as_ref().map(ToString::to_string);
        if old.reference != new.reference {
            self.step(table, Some(new), Change::Reference { from: reference(old), to: reference(new) });
        }
        if old.auto_increment != new.auto_increment {
            self.step(table, Some(new), Change::Counted { now: new.auto_increment });
        }
        self.deprecation(table, Some(new), old.deprecated.as_deref(), new.deprecated.as_deref());
        if old.doc != new.doc {
            self.step(table, Some(new), Change::Described);
        }
        source
    }

    /// The indexes of a table that is in both schemas: they are the same if they say the same.
    fn indexes(&mut self, old: &TableSchema, new: &TableSchema) {
        for index in old.indexes.iter().filter(|index| !new.indexes.contains(index)) {
            self.step(new, None, Change::Unindexed { index: index.name.to_string() });
        }
        for index in new.indexes.iter().filter(|index| !old.indexes.contains(index)) {
            self.step(new, None, Change::Indexed { index: index.name.to_string(), unique: index.unique });
        }
    }

    /// A field that is in the new schema only.
    fn new_field(&mut self, table: &TableSchema, field: &FieldSchema) -> Source {
        let field_type = field.field_type.to_string();
        let (value, fill) = match (&field.default, nothing(&field.field_type)) {
            (Some(default), _) => {
                let value = default.encoded().to_value(&field.field_type);
                let fill = format!("`{value}`");
                (value, fill)
            }
            (None, Some(nothing)) => (nothing, "none".to_owned()),
            (None, None) => {
                self.refuse(table, Some(field), Reason::NoDefault { field_type });
                return Source::Refused { field: None };
            }
        };
        self.step(table, Some(field), Change::Added { field_type: Some(field_type), fill: Some(fill) });
        Source::New(Fill(value))
    }
}

/// A default as people read it.
fn shown(default: &DefaultValue, field: &FieldSchema) -> String {
    default.encoded().to_value(&field.field_type).to_string()
}
