//! Schemas from TOML. The format is described in `docs/schema.md`; the way out is `toml_out`.

use std::borrow::Cow;
use std::path::Path;

use super::check::Place;
use super::database::{DatabaseSchema, RegistryColumn, RegistrySchema};
use super::error::{Location, SchemaError, SchemaErrorKind};
use super::names::{ENTITIES, nearest};
use super::toml_section::{At, Keys, Section, Source};
use super::type_text::parse_type;
use super::{
    DefaultValue, Durability, FieldSchema, FieldType, IndexSchema, RowLayout, Scalar, TableSchema, toml_relations,
};
use crate::bytes::HeapPlace;
use crate::limits::ROW_BYTES_MAX;

const TOP: Keys = Keys { valid: &["database", "tables"], not_yet: &[] };
const DATABASE: Keys = Keys { valid: &["name", "version"], not_yet: &[] };
const REGISTRY: Keys = Keys { valid: &["primary_key", "doc", "fields"], not_yet: &[] };
const ID: Keys = Keys { valid: &["name", "type", "doc", "constraint"], not_yet: &[] };
const VERSION: Keys = Keys { valid: &["name", "type", "doc", "auto_increment"], not_yet: &[] };
const TABLE: Keys = Keys {
    valid: &[
        "parent_table",
        "doc",
        "renamed_from",
        "version",
        "deprecated",
        "layout",
        "durability",
        "size",
        "align",
        "fields",
        "indexes",
    ],
    not_yet: &[
        ("primary_key", "tables other than `entities` are keyed by their entity"),
        ("replicate", "how a table is replicated"),
    ],
};
const KEY: Keys = Keys { valid: &["name", "type", "foreign_key"], not_yet: &[("doc", "describing the key column")] };
const FIELD: Keys = Keys {
    valid: &[
        "name",
        "type",
        "doc",
        "offset",
        "size",
        "renamed_from",
        "since",
        "deprecated",
        "default",
        "foreign_key",
        "references",
        "on_delete",
        "cardinality",
        "auto_increment",
        "index",
        "unique",
        "constraint",
    ],
    not_yet: &[("nullable", "an optional field is one with a `?` behind its type")],
};

impl DatabaseSchema {
    /// Reads a schema from a TOML file.
    ///
    /// # Errors
    /// If the file cannot be read, and as [`from_toml`](Self::from_toml).
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, SchemaError> {
        let file = path.as_ref().display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let whole = Location { file: file.clone(), line: 0, column: 0 };
            let kind = SchemaErrorKind::Read { message: error.to_string(), kind: error.kind() };
            SchemaError::general(Some(whole), kind)
        })?;
        Self::from_toml(&text, &file)
    }

    /// Reads a schema from TOML. `file` is what errors call the text.
    ///
    /// # Errors
    /// If the text is not TOML, says something that is no schema, or describes tables that
    /// [`from_tables`](Self::from_tables) would refuse. One error is reported, with its place.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, SchemaError> {
        let source = Source { text, file };
        let document = source.parse()?;
        let top = Section { source, content: document.get_ref(), offset: 0, table: None, field: None };
        top.only(&TOP)?;
        const EXAMPLE: &str = "[database] and under it name = \"...\"";
        let missing = || top.error(0, SchemaErrorKind::MissingKey { key: "database", example: EXAMPLE });
        let database = top.section("database")?.ok_or_else(missing)?;
        database.only(&DATABASE)?;
        let name = database.needed("name", "name = \"game\"")?;
        let version = database.text("version")?.map_or("", |version| version.value);

        let mut sections = match top.section("tables")? {
            Some(tables) => tables.sections()?,
            None => Vec::new(),
        };
        let registry = match sections.iter().position(|(name, _)| *name == ENTITIES) {
            Some(index) => read_registry(named(sections.remove(index)))?,
            None => RegistrySchema::default(),
        };
        let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
        let tables = sections
            .iter()
            .map(|section| read_table(named(*section), &registry, &names))
            .collect::<Result<Vec<_>, _>>()?;

        let (tables, places): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
        let locate = |place: Place| {
            source.location(match place {
                Place::Table(table) => sections[table].1.offset,
                Place::Key(table) => places[table].key,
                Place::Field(table, field) => places[table].fields[field],
            })
        };
        let head = || source.location(database.offset);
        Self::unchecked(name.value.to_owned(), version.to_owned(), registry, tables).located(head, locate)
    }
}

/// A section that knows that it describes the table of its name.
fn named<'d>((name, section): (&'d str, Section<'d>)) -> Section<'d> {
    Section { table: Some(name), ..section }
}

/// The text of a key.
fn owned(section: &Section<'_>, key: &str) -> Result<Option<Cow<'static, str>>, SchemaError> {
    Ok(section.text(key)?.map(|text| Cow::Owned(text.value.to_owned())))
}

/// The description in a section.
fn doc(section: &Section<'_>) -> Result<Cow<'static, str>, SchemaError> {
    Ok(owned(section, "doc")?.unwrap_or_default())
}

/// The table `entities`: an id and a version, in any order.
fn read_registry(section: Section<'_>) -> Result<RegistrySchema, SchemaError> {
    section.only(&REGISTRY)?;
    let primary_key = section.needed("primary_key", "primary_key = \"id\"")?;
    let fields = section.array("fields")?;
    let mut names = Vec::with_capacity(fields.len());
    for field in &fields {
        names.push(field.needed("name", "name = \"id\"")?);
    }
    if !names.iter().any(|name| name.value == primary_key.value) {
        let found = format!("`{}`", primary_key.value);
        let expected = "the name of a field of `entities`".to_owned();
        return Err(wrong(&section, "primary_key", primary_key.offset, expected, found));
    }
    let (mut id, mut version) = (None, None);
    for (field, name) in fields.into_iter().zip(names) {
        let field = Section { field: Some(name.value), ..field };
        let is_id = name.value == primary_key.value;
        let (keys, place, scalar) =
            if is_id { (&ID, &mut id, Scalar::U64) } else { (&VERSION, &mut version, Scalar::U32) };
        if place.is_some() {
            let what = "a field of `entities` besides the id and the version".to_owned();
            return Err(field.error(name.offset, SchemaErrorKind::NotSupported { what }));
        }
        field.only(keys)?;
        let found = read_type(&field)?;
        if found.value != FieldType::Scalar(scalar) {
            return Err(wrong(&field, "type", found.offset, format!("\"{}\"", scalar.name()), found.value.to_string()));
        }
        if let Some(constraint) = field.text("constraint")?.filter(|constraint| constraint.value != "unique") {
            return Err(wrong(
                &field,
                "constraint",
                constraint.offset,
                "\"unique\"".to_owned(),
                constraint.value.into(),
            ));
        }
        field.flag("auto_increment")?;
        *place = Some(RegistryColumn { name: Cow::Owned(name.value.to_owned()), doc: doc(&field)? });
    }
    match (id, version) {
        (Some(id), Some(version)) => Ok(RegistrySchema { doc: doc(&section)?, id, version }),
        _ => {
            const EXAMPLE: &str = "a second field of `entities`, name = \"version\" and type = \"u32\"";
            Err(section.error(section.offset, SchemaErrorKind::MissingKey { key: "version", example: EXAMPLE }))
        }
    }
}

/// Where the parts of a table stand in the text.
struct Places {
    key: usize,
    fields: Vec<usize>,
}

/// A table of components. Its rows are not checked yet.
fn read_table(
    section: Section<'_>,
    registry: &RegistrySchema,
    tables: &[&str],
) -> Result<(TableSchema, Places), SchemaError> {
    section.only(&TABLE)?;
    if let Some(parent) = section.text("parent_table")?.filter(|parent| parent.value != ENTITIES) {
        let kind = if tables.contains(&parent.value) {
            SchemaErrorKind::NotSupported { what: "a parent table other than `entities`".to_owned() }
        } else {
            let nearest = nearest(parent.value, [ENTITIES]).map(str::to_owned);
            SchemaErrorKind::UnknownReference { key: "parent_table", found: parent.value.to_owned(), nearest }
        };
        return Err(section.error(parent.offset, kind));
    }
    let layout = read_layout(&section)?;
    let mut key = None;
    let mut places = Places { key: section.offset, fields: Vec::new() };
    let mut fields: Vec<FieldSchema> = Vec::new();
    let mut indexes: Vec<IndexSchema> = Vec::new();
    let (mut size, mut align, mut has_heap) = (0_u64, 1, false);
    for field in section.array("fields")? {
        let name = field.needed("name", "name = \"hp\"")?;
        let field = Section { field: Some(name.value), ..field };
        if is_key(&field, registry, tables, key.is_some())? {
            key = Some(Cow::Owned(name.value.to_owned()));
            places.key = name.offset;
            continue;
        }
        let read = read_field(&field, name.value, size)?;
        let (bytes, field_align) = super::check::measure(&read.field_type).unwrap_or((0, 1));
        size = size.saturating_add(bytes);
        align = align.max(field_align);
        has_heap |= read.field_type.has_heap();
        indexes.extend(toml_relations::field_index(&field, name.value)?);
        fields.push(read);
        places.fields.push(name.offset);
    }
    if has_heap {
        size = size.saturating_add(HeapPlace::BYTES as u64);
    }
    indexes.extend(toml_relations::indexes(&section)?);
    let align = if layout == RowLayout::Native { align } else { 1 };
    for (key, expected) in [("size", size), ("align", align)] {
        agrees(&section, key, expected)?;
    }
    let table = TableSchema {
        name: Cow::Owned(section.table.unwrap_or_default().to_owned()),
        doc: doc(&section)?,
        renamed_from: owned(&section, "renamed_from")?.unwrap_or_default(),
        version: section.version("version")?,
        deprecated: owned(&section, "deprecated")?,
        layout,
        // What does not fit is larger than a row may be: the check that follows refuses it by its fields.
        size: u32::try_from(size).unwrap_or(u32::MAX),
        align: align as u32,
        key,
        durability: read_durability(&section)?,
        fields: Cow::Owned(fields),
        indexes: Cow::Owned(indexes),
    };
    Ok((table, places))
}

fn read_layout(section: &Section<'_>) -> Result<RowLayout, SchemaError> {
    match section.text("layout")? {
        None => Ok(RowLayout::Packed),
        Some(found) => RowLayout::from_name(found.value).ok_or_else(|| {
            let expected = "\"packed\" or \"native\"".to_owned();
            wrong(section, "layout", found.offset, expected, format!("the text {:?}", found.value))
        }),
    }
}

fn read_durability(section: &Section<'_>) -> Result<Durability, SchemaError> {
    let Some(found) = section.text("durability")? else { return Ok(Durability::default()) };
    Durability::from_name(found.value).ok_or_else(|| {
        let expected = "\"wal\", \"snapshot\" or \"none\"".to_owned();
        wrong(section, "durability", found.offset, expected, format!("the text {:?}", found.value))
    })
}

/// Whether a field stands for the row's entity and is not stored: `foreign_key = "entities.id"` on a `u64`.
fn is_key(field: &Section<'_>, registry: &RegistrySchema, tables: &[&str], another: bool) -> Result<bool, SchemaError> {
    let Some(reference) = field.text("foreign_key")? else { return Ok(false) };
    let unknown = |nearest: Option<String>| {
        let found = reference.value.to_owned();
        field.error(reference.offset, SchemaErrorKind::UnknownReference { key: "foreign_key", found, nearest })
    };
    let not_yet = |what: &str| field.error(reference.offset, SchemaErrorKind::NotSupported { what: what.to_owned() });
    let id = format!("{ENTITIES}.{}", registry.id.name);
    if reference.value != id {
        let table = reference.value.split('.').next().unwrap_or_default();
        if tables.contains(&table) {
            return Err(not_yet("a foreign key to another table than `entities`"));
        }
        return Err(unknown(nearest(reference.value, [id.as_str()]).map(str::to_owned)));
    }
    let found = read_type(field)?;
    let is_entity = |of: &FieldType| matches!(of, FieldType::Scalar(Scalar::Entity) | FieldType::Reference { .. });
    if is_entity(&found.value) || matches!(&found.value, FieldType::Optional(inner) if is_entity(inner)) {
        return Err(not_yet("a checked reference to another entity"));
    }
    if found.value != FieldType::Scalar(Scalar::U64) {
        return Err(wrong(field, "type", found.offset, "\"u64\" in a key".to_owned(), found.value.to_string()));
    }
    if another {
        return Err(not_yet("a second foreign key to `entities` in one table"));
    }
    field.only(&KEY)?;
    Ok(true)
}

/// A field that starts at `offset` if there is no gap before it.
fn read_field(section: &Section<'_>, name: &str, offset: u64) -> Result<FieldSchema, SchemaError> {
    section.only(&FIELD)?;
    let field_type = read_type(section)?.value;
    agrees(section, "offset", offset)?;
    let mut default = None;
    if let Some((size, _)) = super::check::measure(&field_type) {
        agrees(section, "size", size)?;
        // A value of a type that no row has room for is not made: the check that follows refuses the type.
        if size <= ROW_BYTES_MAX as u64 {
            default = read_default(section, &field_type)?;
        }
    }
    Ok(FieldSchema {
        reference: toml_relations::reference(section, &field_type)?,
        auto_increment: section.flag("auto_increment")?,
        doc: doc(section)?,
        renamed_from: owned(section, "renamed_from")?.unwrap_or_default(),
        default,
        since: section.version("since")?,
        deprecated: owned(section, "deprecated")?,
        ..FieldSchema::new(name.to_owned(), field_type, u32::try_from(offset).unwrap_or(u32::MAX))
    })
}

/// The default of a field.
fn read_default(section: &Section<'_>, field_type: &FieldType) -> Result<Option<DefaultValue>, SchemaError> {
    let Some(plain) = section.plain("default")? else { return Ok(None) };
    super::plain::read_default(&plain.value, field_type).map(Some).map_err(|kind| section.error(plain.offset, kind))
}

fn read_type(section: &Section<'_>) -> Result<At<FieldType>, SchemaError> {
    let text = section.needed("type", "type = \"u32\"")?;
    let value = parse_type(text.value).map_err(|kind| section.error(text.offset, kind))?;
    Ok(At { value, offset: text.offset })
}

/// Checks a number that may be written down, and then must be right.
fn agrees(section: &Section<'_>, key: &'static str, expected: u64) -> Result<(), SchemaError> {
    match section.number(key)? {
        Some(found) if found.value != expected => {
            let kind = SchemaErrorKind::Mismatch { key, expected, found: found.value };
            Err(section.error(found.offset, kind))
        }
        _ => Ok(()),
    }
}

fn wrong(section: &Section<'_>, key: &str, offset: usize, expected: String, found: String) -> SchemaError {
    section.error(offset, SchemaErrorKind::WrongValue { key: key.to_owned(), expected, found })
}
