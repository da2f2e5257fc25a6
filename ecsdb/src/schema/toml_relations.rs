//! Indexes and references from TOML: part of `toml_in`.

use std::borrow::Cow;

use super::error::{SchemaError, SchemaErrorKind};
use super::relation::{UnfitRelation, read_kind, read_reference};
use super::toml_section::{At, Keys, Section};
use super::{FieldType, IndexKind, IndexSchema, ReferenceSchema};

const INDEX: Keys = Keys { valid: &["name", "columns", "kind", "cell", "unique", "total_order"], not_yet: &[] };

impl UnfitRelation {
    fn at(self, section: &Section<'_>, places: &[(&str, usize)]) -> SchemaError {
        let place = places.iter().find(|(key, _)| *key == self.key).map_or(section.offset, |(_, offset)| *offset);
        section.error(place, self.into())
    }
}

/// What a field says of references.
pub(super) fn reference(section: &Section<'_>, of: &FieldType) -> Result<Option<ReferenceSchema>, SchemaError> {
    let keys = ["references", "on_delete", "cardinality"];
    let texts = [section.text(keys[0])?, section.text(keys[1])?, section.text(keys[2])?];
    let [references, on_delete, cardinality] = texts.each_ref().map(|text| text.as_ref().map(|text| text.value));
    let places: Vec<(&str, usize)> =
        keys.into_iter().zip(&texts).filter_map(|(key, text)| Some((key, text.as_ref()?.offset))).collect();
    read_reference(of, references, on_delete, cardinality).map_err(|unfit| unfit.at(section, &places))
}

/// The index that a field asks for by itself, under its own name.
pub(super) fn field_index(section: &Section<'_>, name: &str) -> Result<Option<IndexSchema>, SchemaError> {
    let unique = match section.text("constraint")? {
        Some(text) if text.value == "unique" => Some(IndexKind::Ordered),
        Some(text) => return Err(wrong(section, "constraint", "\"unique\"", &text)),
        None => short(section, "unique")?,
    };
    let index = short(section, "index")?;
    Ok(unique.or(index).map(|kind| IndexSchema {
        name: Cow::Owned(name.to_owned()),
        columns: Cow::Owned(vec![Cow::Owned(name.to_owned())]),
        kind,
        unique: unique.is_some(),
        total_order: false,
    }))
}

/// `true`, `"ordered"` or `"hash"` behind a key.
fn short(section: &Section<'_>, key: &str) -> Result<Option<IndexKind>, SchemaError> {
    if section.is_text(key) {
        let Some(text) = section.text(key)? else { return Ok(None) };
        return match text.value {
            "ordered" => Ok(Some(IndexKind::Ordered)),
            "hash" => Ok(Some(IndexKind::Hash)),
            _ => Err(wrong(section, key, "true, \"ordered\" or \"hash\"", &text)),
        };
    }
    Ok(section.flag(key)?.then_some(IndexKind::Ordered))
}

/// The indexes in `[[tables.NAME.indexes]]`.
pub(super) fn indexes(section: &Section<'_>) -> Result<Vec<IndexSchema>, SchemaError> {
    section.array("indexes")?.iter().map(index).collect()
}

fn index(section: &Section<'_>) -> Result<IndexSchema, SchemaError> {
    section.only(&INDEX)?;
    let name = section.needed("name", "name = \"by_owner\"")?;
    let columns = section.texts("columns", "columns = [\"owner\"]")?;
    let (kind, cell) = (section.text("kind")?, section.float("cell")?);
    let places: Vec<(&str, usize)> =
        [kind.as_ref().map(|kind| ("kind", kind.offset)), cell.as_ref().map(|cell| ("cell", cell.offset))]
            .into_iter()
            .flatten()
            .collect();
    let kind = read_kind(kind.map(|kind| kind.value), cell.map(|cell| cell.value))
        .map_err(|unfit| unfit.at(section, &places))?;
    Ok(IndexSchema {
        name: Cow::Owned(name.value.to_owned()),
        columns: columns.into_iter().map(|column| Cow::Owned(column.to_owned())).collect(),
        kind,
        unique: section.flag("unique")?,
        total_order: section.flag("total_order")?,
    })
}

fn wrong(section: &Section<'_>, key: &str, expected: &str, found: &At<&str>) -> SchemaError {
    let (key, expected) = (key.to_owned(), expected.to_owned());
    let kind = SchemaErrorKind::WrongValue { key, expected, found: format!("the text {:?}", found.value) };
    section.error(found.offset, kind)
}
