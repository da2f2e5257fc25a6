//! `ecsdb-schema print`: how the rows of each table are laid out.

use std::fmt::Write;

use ecsdb::schema::{DatabaseSchema, TableSchema};
use ecsdb_cli::{Failure, Outcome, failure};

use crate::args::Print;
use crate::input;
use crate::layout::{Part, parts, size_in_c};

/// Bytes in a line of a picture, and in a group of it.
const LINE: usize = 32;
const GROUP: usize = 8;

/// What stands for the parts of a row; then they begin again.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub fn run(arguments: &Print) -> Result<Outcome, Failure> {
    let schema = input::schema(&arguments.schema, &arguments.reading)?;
    let text = if arguments.json {
        serde_json::to_string_pretty(&schema).map_err(failure)? + "\n"
    } else if arguments.toml {
        schema.to_toml()
    } else {
        drawn(&schema, &arguments.table)?
    };
    Ok(Outcome { text, is_fine: true })
}

fn drawn(schema: &DatabaseSchema, wanted: &[String]) -> Result<String, Failure> {
    if let Some(unknown) = wanted.iter().find(|name| schema.table(name).is_none()) {
        let hint = schema.nearest_table(unknown).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("there is no table `{unknown}`{hint}"));
    }
    let tables: Vec<String> = schema
        .tables()
        .iter()
        .filter(|table| wanted.is_empty() || wanted.iter().any(|name| *name == table.name))
        .map(table_text)
        .collect();
    Ok(tables.join("\n"))
}

fn table_text(table: &TableSchema) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{}", text.trim_end());
    };
    if table.fields.is_empty() {
        line(format!("table `{}`: a tag, no bytes", table.name));
        return out;
    }
    let size = table.size as usize;
    let (layout, align) = (table.layout.name(), table.align);
    let heap = if table.has_heap() { ", and a heap" } else { "" };
    line(format!(
        "table `{}`: {} a row{heap}, {layout}, aligned to {}",
        table.name,
        bytes(size),
        bytes(align as usize)
    ));
    let parts = parts(table);
    let width = parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    line(format!("     offset  size  {:width$}  type", "field"));
    for (index, part) in parts.iter().enumerate() {
        let Part { name, type_text, offset, size } = part;
        line(format!("  {}  {offset:>6}  {size:>4}  {name:width$}  {type_text}", letter(index)));
    }
    picture(&parts, size).into_iter().for_each(&mut line);
    relations(table).into_iter().for_each(&mut line);
    let in_c = size_in_c(table);
    if in_c > size {
        let share = 100 * (in_c - size) / in_c;
        line(format!("  with the padding of C: {}; saved: {}, {share} %", bytes(in_c), in_c - size));
    } else {
        line("  C would put no padding into it".to_owned());
    }
    out
}

/// The references and the indexes, each in a line.
fn relations(table: &TableSchema) -> Vec<String> {
    let references = table.fields.iter().filter_map(|field| {
        let reference = field.reference.as_ref()?;
        Some(format!("  reference  {}: {reference}", field.name))
    });
    let counted = table.fields.iter().filter(|field| field.auto_increment);
    let counted = counted.map(|field| format!("  counted    {}", field.name));
    let indexes = table.indexes.iter().map(|index| {
        let unique = if index.unique { ", unique" } else { "" };
        format!("  index      {}: {} ({}){unique}", index.name, index.kind.name(), index.columns.join(", "))
    });
    references.chain(counted).chain(indexes).collect()
}

fn bytes(number: usize) -> String {
    if number == 1 { "1 byte".to_owned() } else { format!("{number} bytes") }
}

fn letter(index: usize) -> char {
    char::from(LETTERS[index % LETTERS.len()])
}

/// A letter for each byte, that of its part. Lines that are the same as the one before are left out.
fn picture(parts: &[Part], size: usize) -> Vec<String> {
    let mut row = vec![' '; size];
    for (index, part) in parts.iter().enumerate() {
        row[part.offset..part.offset + part.size].fill(letter(index));
    }
    let mut lines: Vec<String> = Vec::new();
    let mut before: Option<(&[char], bool)> = None;
    for (number, chunk) in row.chunks(LINE).enumerate() {
        match before {
            Some((same, true)) if same == chunk => continue,
            Some((same, false)) if same == chunk => {
                lines.push(format!("  {:>6}  ...", ""));
                before = Some((chunk, true));
                continue;
            }
            _ => before = Some((chunk, false)),
        }
        let groups: Vec<String> = chunk.chunks(GROUP).map(|group| group.iter().collect()).collect();
        lines.push(format!("  {:>6}  {}", number * LINE, groups.join(" ")));
    }
    lines
}
