//! The code that has the compiler check what was read of sources.

use std::fmt::Write;

use ecsdb::schema::{DatabaseSchema, TableSchema};
use syn::ext::IdentExt;

use super::registry::Registry;
use super::types::spelled;

/// The code to stand beside the `schema!` that lists the tables; the TOML is in `name` with `.toml`.
pub fn code(schema: &DatabaseSchema, registry: &Registry, name: &str, ecsdb: &str) -> String {
    let mut out =
        "// Made by ecsdb-schema-gen from the sources of these components, which say what to check here.\n".to_owned();
    // Writing to a `String` cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line("const _: () = {".to_owned());
    for (table, ty) in schema.tables().iter().zip(&registry.types) {
        let ty = spelled(ty);
        let what = format!("{name}.toml");
        line(format!("    ::{ecsdb}::__private::stop(::{ecsdb}::__private::drift("));
        line(format!("        {what:?},"));
        line(format!("        <{ty} as ::{ecsdb}::Component>::SCHEMA,"));
        line(format!("        &[{}],", fields(table)));
        line("    ));".to_owned());
        line(format!("    ::core::assert!(<{ty} as ::{ecsdb}::Component>::SCHEMA.size == {});", table.size));
        line(format!("    ::core::assert!(<{ty} as ::{ecsdb}::Component>::SCHEMA.align == {});", table.align));
    }
    line("};".to_owned());
    let ident = &registry.ident;
    let test = format!(
        "the_sources_of_{}_say_what_the_derive_makes_of_them",
        crate::names::snake_case(&ident.unraw().to_string())
    );
    line(String::new());
    line("#[cfg(test)]".to_owned());
    line("#[test]".to_owned());
    line(format!("fn {test}() {{"));
    line(format!("    let read = ::core::include_str!(::core::concat!(::core::env!(\"OUT_DIR\"), \"/{name}.toml\"));"));
    line(format!("    ::core::assert_eq!(<{ident} as ::{ecsdb}::schema::Schema>::schema().to_toml(), read);"));
    line("}".to_owned());
    out
}

/// The names and types of the fields.
fn fields(table: &TableSchema) -> String {
    let field = |field: &ecsdb::schema::FieldSchema| format!("({:?}, {:?})", field.name, field.field_type.to_string());
    table.fields.iter().map(field).collect::<Vec<_>>().join(", ")
}
