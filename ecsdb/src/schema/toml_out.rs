//! Schemas to TOML. The format is described in `docs/schema.md`; the way in is `toml_in`.

use std::fmt::Write;

use super::database::{DatabaseSchema, RegistryColumn};
use super::names::ENTITIES;
use super::plain::Plain;
use super::{Cardinality, Durability, FieldSchema, IndexKind, IndexSchema, OnDelete, RowLayout, TableSchema};

impl DatabaseSchema {
    /// The schema as TOML. The same schema gives the same text, byte for byte, and
    /// [`from_toml`](Self::from_toml) reads the same schema back.
    ///
    /// Offsets and sizes are written for the reader, and checked when they are read.
    pub fn to_toml(&self) -> String {
        let mut out = Writer(String::new());
        out.line("[database]");
        out.text("name", self.name());
        out.some_text("version", self.version());

        let registry = self.registry();
        out.header(&format!("[tables.{ENTITIES}]"));
        out.text("primary_key", &registry.id.name);
        out.some_text("doc", &registry.doc);
        out.registry_column(&registry.id, "u64");
        out.text("constraint", "unique");
        out.registry_column(&registry.version, "u32");
        out.line("auto_increment = true");

        for table in self.tables() {
            out.table(table, &registry.id.name);
        }
        out.0
    }
}

struct Writer(String);

impl Writer {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn header(&mut self, header: &str) {
        self.line("");
        self.line(header);
    }

    fn number(&mut self, key: &str, number: u64) {
        self.line(&format!("{key} = {number}"));
    }

    fn text(&mut self, key: &str, text: &str) {
        let quoted = quote(text);
        self.line(&format!("{key} = {quoted}"));
    }

    fn some_text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.text(key, text);
        }
    }

    fn registry_column(&mut self, column: &RegistryColumn, field_type: &str) {
        self.header(&format!("[[tables.{ENTITIES}.fields]]"));
        self.text("name", &column.name);
        self.text("type", field_type);
        self.some_text("doc", &column.doc);
    }

    fn table(&mut self, table: &TableSchema, id: &str) {
        self.header(&format!("[tables.{}]", table.name));
        self.text("parent_table", ENTITIES);
        self.some_text("doc", &table.doc);
        self.history(&table.renamed_from, table.version, "version", table.deprecated.as_deref());
        if table.layout == RowLayout::Native {
            self.text("layout", "native");
            self.number("align", table.align.into());
        }
        if table.durability != Durability::Wal {
            self.text("durability", table.durability.name());
        }
        self.number("size", table.size.into());
        let fields = format!("[[tables.{}.fields]]", table.name);
        if let Some(key) = &table.key {
            self.header(&fields);
            self.text("name", key);
            self.text("type", "u64");
            self.text("foreign_key", &format!("{ENTITIES}.{id}"));
        }
        for field in table.fields.iter() {
            self.header(&fields);
            self.text("name", &field.name);
            self.text("type", &field.field_type.to_string());
            self.some_text("doc", &field.doc);
            self.number("offset", field.offset.into());
            self.number("size", field.field_type.size() as u64);
            self.history(&field.renamed_from, field.since, "since", field.deprecated.as_deref());
            if let Some(default) = &field.default {
                let value = default.encoded().to_value(&field.field_type);
                let mut line = "default = ".to_owned();
                put_plain(&mut line, &Plain::of(&value, &field.field_type));
                self.line(&line);
            }
            self.relation(field);
        }
        for index in table.indexes.iter() {
            self.index(table, index);
        }
    }

    /// What is said of the references in a field, and whether it is counted.
    fn relation(&mut self, field: &FieldSchema) {
        if let Some(reference) = &field.reference {
            if field.field_type.referenced_table().is_none() {
                self.text("references", &reference.table);
            }
            if reference.on_delete != OnDelete::default() {
                self.text("on_delete", reference.on_delete.name());
            }
            if reference.cardinality != Cardinality::default() {
                self.text("cardinality", reference.cardinality.name());
            }
        }
        self.flag("auto_increment", field.auto_increment);
    }

    fn index(&mut self, table: &TableSchema, index: &IndexSchema) {
        self.header(&format!("[[tables.{}.indexes]]", table.name));
        self.text("name", &index.name);
        let columns: Vec<String> = index.columns.iter().map(|column| quote(column)).collect();
        self.line(&format!("columns = [{}]", columns.join(", ")));
        if index.kind != IndexKind::Ordered {
            self.text("kind", index.kind.name());
        }
        if let IndexKind::Grid { cell } = index.kind {
            self.line(&format!("cell = {cell:?}"));
        }
        self.flag("unique", index.unique);
        self.flag("total_order", index.total_order);
    }

    /// A key that is only said if it is true.
    fn flag(&mut self, key: &str, flag: bool) {
        if flag {
            self.line(&format!("{key} = true"));
        }
    }

    /// What is said about the former and the later life of something.
    fn history(&mut self, renamed_from: &str, version: u32, version_key: &str, deprecated: Option<&str>) {
        self.some_text("renamed_from", renamed_from);
        if version != 0 {
            self.number(version_key, version.into());
        }
        if let Some(reason) = deprecated {
            self.text("deprecated", reason);
        }
    }
}

/// Appends a value in one line.
fn put_plain(out: &mut String, plain: &Plain) {
    match plain {
        Plain::Integer(number) => out.push_str(&number.to_string()),
        // TOML writes those that are no numbers as Rust does, but for the case.
        Plain::Float(number) => out.push_str(&format!("{number:?}").to_lowercase()),
        Plain::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Plain::Text(text) => out.push_str(&quote(text)),
        Plain::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                put_plain(out, value);
            }
            out.push(']');
        }
        Plain::Table(fields) if fields.is_empty() => out.push_str("{}"),
        Plain::Table(fields) => {
            for (index, (name, value)) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "{ " } else { ", " });
                let is_bare = name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
                out.push_str(&if is_bare { name.clone() } else { quote(name) });
                out.push_str(" = ");
                put_plain(out, value);
            }
            out.push_str(" }");
        }
    }
}

/// A text as a basic string of TOML, on one line.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // TOML forbids the other control characters as they stand.
            control if u32::from(control) < 0x20 || control == '\u{7f}' => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
