//! The attributes for indexes, references and counted fields.

use ecsdb::schema::{Cardinality, FieldSchema, IndexKind, IndexSchema, OnDelete, TableSchema};

use crate::names::type_name;

/// How many of the indexes are asked for by fields: these come first, in the order of the fields.
pub fn of_fields(table: &TableSchema) -> usize {
    let mut next = 0;
    table
        .indexes
        .iter()
        .take_while(|index| match field_of(table, index).filter(|field| *field >= next) {
            Some(field) => {
                next = field + 1;
                true
            }
            None => false,
        })
        .count()
}

/// The field whose own index it is.
fn field_of(table: &TableSchema, index: &IndexSchema) -> Option<usize> {
    let is_own = matches!(&index.columns[..], [column] if *column == index.name);
    let is_grid = matches!(index.kind, IndexKind::Grid { .. });
    table.field(&index.name).filter(|_| is_own && !is_grid).map(|(field, _)| field)
}

/// What a field says of references, counting, and its own index.
pub fn of_field(keys: &mut Vec<String>, table: &TableSchema, field: &FieldSchema) {
    if let Some(reference) = &field.reference {
        if field.field_type.referenced_table().is_none() {
            keys.push(format!("references = {}", type_name(&reference.table)));
        }
        if reference.on_delete != OnDelete::default() {
            keys.push(format!("on_delete = {:?}", reference.on_delete.name()));
        }
        if reference.cardinality != Cardinality::default() {
            keys.push(format!("cardinality = {:?}", reference.cardinality.name()));
        }
    }
    if field.auto_increment {
        keys.push("auto_increment".to_owned());
    }
    let own = table.indexes[..of_fields(table)].iter().find(|index| index.name == field.name);
    if let Some(index) = own {
        let key = if index.unique { "unique" } else { "index" };
        keys.push(match (index.kind == IndexKind::Hash, index.total_order) {
            (false, false) => key.to_owned(),
            (true, false) => format!("{key} = \"hash\""),
            (false, true) => format!("{key}(total_order)"),
            (true, true) => format!("{key}(hash, total_order)"),
        });
    }
}

/// The attributes of the indexes that no field asks for.
pub fn of_table(table: &TableSchema) -> Vec<String> {
    table.indexes[of_fields(table)..].iter().map(index).collect()
}

fn index(index: &IndexSchema) -> String {
    let mut keys = vec![format!("name = {:?}", index.name), format!("columns({})", index.columns.join(", "))];
    match index.kind {
        IndexKind::Hash => keys.push("hash".to_owned()),
        IndexKind::Grid { cell } => keys.push(format!("spatial(cell = {cell:?})")),
        _ => {}
    }
    keys.extend(index.unique.then(|| "unique".to_owned()));
    keys.extend(index.total_order.then(|| "total_order".to_owned()));
    format!("index({})", keys.join(", "))
}
