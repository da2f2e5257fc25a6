//! The code of a schema, as text.
//!
//! Paths are absolute, but for the primitive types and the built-in derives, which nobody shadows.

use core::fmt::Write;

use ecsdb::schema::{DatabaseSchema, Durability, FieldSchema, FieldType, RowLayout, Scalar, TableSchema};

use crate::names::{Names, field_name, type_name};
use crate::{Builder, Error};

/// The types that the derive makes of a component: its row and its view.
const OF_A_COMPONENT: [&str; 3] = ["", "Row", "Ref"];

pub fn generate(builder: &Builder, schema: &DatabaseSchema, file: &str) -> Result<String, Error> {
    let mut names = Names::new(file);
    let registry = builder.registry.clone().unwrap_or_else(|| type_name(schema.name()));
    names.take(&format!("database `{}`", schema.name()), &registry, &[""])?;
    for table in schema.tables() {
        names.take(&format!("table `{}`", table.name), &type_name(&table.name), &OF_A_COMPONENT)?;
    }

    let mut out = Code(String::new());
    out.line(&format!("// Made by ecsdb-schema-gen from {file:?}. What is changed here is lost: change the schema."));
    for table in schema.tables() {
        component(&mut out, builder, table);
        assertions(&mut out, table);
    }
    registry_code(&mut out, schema, &registry);
    Ok(out.0)
}

/// The struct of a table.
fn component(out: &mut Code, builder: &Builder, table: &TableSchema) {
    out.line("");
    out.doc("", &table.doc);
    if table.doc.is_empty() || table.fields.iter().any(|field| field.doc.is_empty()) {
        // A description that is missing in the schema is not made up.
        out.line("#[allow(missing_docs)]");
    }
    out.line(&format!("#[derive({}, ::ecsdb::Component)]", builder.derives.join(", ")));
    let durability = match table.durability {
        Durability::Wal => String::new(),
        other => format!(", durability = {:?}", other.name()),
    };
    out.line(&format!("#[component(table = {:?}{durability})]", table.name));
    if table.layout == RowLayout::Native {
        out.line("#[repr(C)]");
    }
    let name = type_name(&table.name);
    if table.fields.is_empty() {
        out.line(&format!("pub struct {name};"));
        return;
    }
    out.line(&format!("pub struct {name} {{"));
    for field in table.fields.iter() {
        field_code(out, field);
    }
    out.line("}");
}

fn field_code(out: &mut Code, field: &FieldSchema) {
    out.doc("    ", &field.doc);
    let (name, renamed) = field_name(&field.name);
    if renamed {
        out.line(&format!("    #[component(rename = {:?})]", field.name));
    }
    out.line(&format!("    pub {name}: {},", rust_type(&field.field_type)));
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

fn rust_type(field_type: &FieldType) -> String {
    match field_type {
        FieldType::Scalar(Scalar::Entity) => "::ecsdb::Entity".to_owned(),
        FieldType::Optional(inner) => format!("::core::option::Option<{}>", rust_type(inner)),
        FieldType::Array { element, len } => format!("[{}; {len}]", rust_type(element)),
        // The other scalars have the names that they have in Rust.
        scalar => scalar.to_string(),
    }
}

struct Code(String);

impl Code {
    fn line(&mut self, line: &str) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// A description, as an attribute: a text can hold what a comment cannot.
    fn doc(&mut self, indent: &str, doc: &str) {
        if !doc.is_empty() {
            self.line(&format!("{indent}#[doc = {:?}]", format!(" {doc}")));
        }
    }
}
