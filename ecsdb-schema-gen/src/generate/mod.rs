//! The code of a schema, as text.
//!
//! Paths are absolute, but for the primitive types and the built-in derives, which nobody shadows. `types` makes the types
//! that stand in fields, `values` the defaults, `relations` the attributes for indexes and references.

mod code;
mod relations;
mod types;
mod values;

use ecsdb::schema::{DatabaseSchema, Durability, FieldSchema, RowLayout, TableSchema};

use crate::names::{Names, field_name, type_name};
use crate::{Builder, Error};
use code::Code;
use types::{Place, Types};

/// The types that the derive makes of a component: its row and its view.
const OF_A_COMPONENT: [&str; 3] = ["", "Row", "Ref"];

pub fn generate(builder: &Builder, schema: &DatabaseSchema, file: &str) -> Result<String, Error> {
    let mut names = Names::new(file);
    let registry = builder.registry.clone().unwrap_or_else(|| type_name(schema.name()));
    names.take(&format!("database `{}`", schema.name()), &registry, &[""])?;
    for table in schema.tables() {
        names.take(&format!("table `{}`", table.name), &type_name(&table.name), &OF_A_COMPONENT)?;
    }

    let mut types = Types::new(schema, names, &builder.derives);
    let mut out = Code::new();
    out.line(&format!("// Made by ecsdb-schema-gen from {file:?}. What is changed here is lost: change the schema."));
    for table in schema.tables() {
        component(&mut out, &mut types, table)?;
        assertions(&mut out, table);
    }
    out.append(types.into_code());
    registry_code(&mut out, schema, &registry);
    Ok(out.into_text())
}

/// The struct of a table.
fn component(out: &mut Code, types: &mut Types<'_>, table: &TableSchema) -> Result<(), Error> {
    out.line("");
    out.doc("", &table.doc);
    if table.doc.is_empty() || table.fields.iter().any(|field| field.doc.is_empty()) {
        // A description that is missing in the schema is not made up.
        out.line("#[allow(missing_docs)]");
    }
    let is_copy = !table.has_heap();
    out.line(&format!("#[derive({}, ::ecsdb::Component)]", types.derives(is_copy)));
    let mut keys = vec![format!("table = {:?}", table.name)];
    if table.version != 0 {
        keys.push(format!("version = {}", table.version));
    }
    former_and_deprecated(&mut keys, &table.renamed_from, table.deprecated.as_deref());
    if table.durability != Durability::Wal {
        keys.push(format!("durability = {:?}", table.durability.name()));
    }
    out.line(&format!("#[component({})]", keys.join(", ")));
    for index in relations::of_table(table) {
        out.line(&format!("#[component({index})]"));
    }
    if table.layout == RowLayout::Native {
        out.line("#[repr(C)]");
    }
    let name = type_name(&table.name);
    if table.fields.is_empty() {
        out.line(&format!("pub struct {name};"));
        return Ok(());
    }
    out.line(&format!("pub struct {name} {{"));
    for field in table.fields.iter() {
        field_code(out, types, table, field)?;
    }
    out.line("}");
    Ok(())
}

fn former_and_deprecated(keys: &mut Vec<String>, renamed_from: &str, deprecated: Option<&str>) {
    if !renamed_from.is_empty() {
        keys.push(format!("renamed_from = {renamed_from:?}"));
    }
    if let Some(reason) = deprecated {
        keys.push(format!("deprecated = {reason:?}"));
    }
}

fn field_code(out: &mut Code, types: &mut Types<'_>, table: &TableSchema, field: &FieldSchema) -> Result<(), Error> {
    let place = Place::field(&table.name, &field.name);
    let rust = types.rust_type(&field.field_type, &place)?;
    out.doc("    ", &field.doc);
    let (name, renamed) = field_name(&field.name);
    let mut keys = Vec::new();
    if renamed {
        keys.push(format!("rename = {:?}", field.name));
    }
    former_and_deprecated(&mut keys, &field.renamed_from, field.deprecated.as_deref());
    if field.since != 0 {
        keys.push(format!("since = {}", field.since));
    }
    if let Some(default) = &field.default {
        let value = default.encoded().to_value(&field.field_type);
        keys.push(format!("default = {}", values::expression(&value, &field.field_type, &place)));
    }
    relations::of_field(&mut keys, table, field);
    if !keys.is_empty() {
        out.line(&format!("    #[component({})]", keys.join(", ")));
    }
    out.line(&format!("    pub {name}: {rust},"));
    Ok(())
}

/// What the compiler checks: that the derive puts the fields where the schema does.
fn assertions(out: &mut Code, table: &TableSchema) {
    let name = type_name(&table.name);
    let row = format!("<{name} as ::ecsdb::Component>::Row");
    out.line("const _: () = {");
    for (what, function, expected) in [("bytes", "size_of", table.size), ("alignment", "align_of", table.align)] {
        let text = format!("table `{}`: the schema says {expected} as the {what} of a row", table.name);
        out.line(&format!("    ::core::assert!(::core::mem::{function}::<{row}>() == {expected}, {text:?});"));
    }
    for field in table.fields.iter() {
        let (rust, _) = field_name(&field.name);
        let text = format!("field `{}.{}`: the schema says offset {}", table.name, field.name, field.offset);
        out.line(&format!("    ::core::assert!({name}::C.{rust}.offset() == {}, {text:?});", field.offset));
    }
    out.line("};");
}

fn registry_code(out: &mut Code, schema: &DatabaseSchema, name: &str) {
    out.line("");
    out.line("::ecsdb::schema! {");
    out.line(&format!("    #[schema(name = {:?}, version = {:?})]", schema.name(), schema.version()));
    out.line(&format!("    pub {name}:"));
    for table in schema.tables() {
        out.line(&format!("        {},", type_name(&table.name)));
    }
    out.line("}");
}
