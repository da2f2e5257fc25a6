//! One section of a TOML document, read with the place of everything, so that every error can say where it is.
//!
//! Knows TOML and nothing of schemas but the shape of their errors.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::TYPE_DEPTH_MAX;
use super::error::{Location, SchemaError, SchemaErrorKind};
use super::names::nearest;
use super::plain::Plain;

/// The text of a file, to turn byte offsets into lines.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub text: &'s str,
    pub file: &'s str,
}

impl<'s> Source<'s> {
    /// The place of the byte at `offset`.
    pub fn location(self, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        // More than four billion lines are not a file that anyone reads the numbers of.
        let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        Location {
            file: self.file.to_owned(),
            line: count(before.bytes().filter(|byte| *byte == b'\n').count()),
            column: count(before[start..].chars().count()),
        }
    }

    /// The document.
    pub fn parse(self) -> Result<Spanned<DeTable<'s>>, SchemaError> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        let Some(error) = errors.first() else { return Ok(document) };
        let span = error.span().unwrap_or(0..0);
        let kind = match self.text.get(span.clone()) {
            Some(name) if error.message() == "duplicate key" => SchemaErrorKind::Duplicate {
                what: "key",
                name: name.to_owned(),
                first: self.first_definition(&document, &span),
            },
            _ => SchemaErrorKind::Syntax { message: error.message().to_owned() },
        };
        Err(SchemaError::general(Some(self.location(span.start)), kind))
    }

    /// Where the key that is repeated at `again` stood first. Of a repeated header that is the first header with the
    /// same path (the parser keeps the second), of a repeated key in a section the last one before it.
    fn first_definition(self, document: &Spanned<DeTable<'_>>, again: &Range<usize>) -> Option<Location> {
        let line_start = self.text[..again.start].rfind('\n').map_or(0, |newline| newline + 1);
        if let Some((path, _)) = header(self.text[line_start..].lines().next()?) {
            let mut start = 0;
            for line in self.text[..line_start].split_inclusive('\n') {
                if let Some((_, offset)) = header(line).filter(|(other, _)| *other == path) {
                    return Some(self.location(start + offset));
                }
                start += line.len();
            }
            return None;
        }
        let name = &self.text[again.clone()];
        let mut found = None;
        last_key_before(document.get_ref(), name, again.start, &mut found);
        found.map(|offset| self.location(offset))
    }
}

/// The path in a header line, and where its last key stands in the line.
fn header(line: &str) -> Option<(Vec<String>, usize)> {
    if !line.trim_start().starts_with('[') {
        return None;
    }
    let document = DeTable::parse(line).ok()?;
    let (mut path, mut offset, mut table) = (Vec::new(), 0, document.get_ref());
    while let Some((key, value)) = table.iter().next() {
        path.push(key.get_ref().to_string());
        offset = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    Some((path, offset))
}

/// The greatest offset below `before` at which a key `name` stands in `table` or inside of it.
fn last_key_before(table: &DeTable<'_>, name: &str, before: usize, found: &mut Option<usize>) {
    for (key, value) in table.iter() {
        let offset = key.span().start;
        if key.get_ref() == name && offset < before {
            *found = (*found).max(Some(offset));
        }
        match value.get_ref() {
            DeValue::Table(inner) => last_key_before(inner, name, before, found),
            DeValue::Array(items) => {
                for item in items.iter() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        last_key_before(inner, name, before, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The keys that a sort of section knows.
pub(super) struct Keys {
    /// Keys with a meaning.
    pub valid: &'static [&'static str],
    /// Keys that will have a meaning, and what they stand for.
    pub not_yet: &'static [(&'static str, &'static str)],
}

/// A value with the offset at which it stands.
pub(super) struct At<T> {
    pub value: T,
    pub offset: usize,
}

/// A section, and which table and field it describes.
#[derive(Clone, Copy)]
pub(super) struct Section<'d> {
    pub source: Source<'d>,
    pub content: &'d DeTable<'d>,
    /// Where the section begins.
    pub offset: usize,
    pub table: Option<&'d str>,
    pub field: Option<&'d str>,
}

impl<'d> Section<'d> {
    /// An error at `offset` about the table and the field of this section.
    pub fn error(&self, offset: usize, kind: SchemaErrorKind) -> SchemaError {
        SchemaError {
            location: Some(self.source.location(offset)),
            table: self.table.map(str::to_owned),
            field: self.field.map(str::to_owned),
            kind: Box::new(kind),
        }
    }

    /// Refuses keys that are not in `keys`, the first in the file first.
    pub fn only(&self, keys: &Keys) -> Result<(), SchemaError> {
        let unknown = self.content.keys().filter(|key| !keys.valid.contains(&key.get_ref().as_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let name = key.get_ref().as_ref();
        let kind = match keys.not_yet.iter().find(|(not_yet, _)| *not_yet == name) {
            Some((_, meaning)) => SchemaErrorKind::NotSupported { what: format!("`{name}` ({meaning})") },
            None => SchemaErrorKind::UnknownKey {
                key: name.to_owned(),
                nearest: nearest(name, keys.valid.iter().copied()).map(str::to_owned),
                valid: keys.valid,
            },
        };
        Err(self.error(key.span().start, kind))
    }

    /// The value of a key, whatever it is.
    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.content.get(key)
    }

    fn wrong<T>(&self, key: &str, expected: &str, found: &Spanned<DeValue<'_>>) -> Result<T, SchemaError> {
        let kind = SchemaErrorKind::WrongValue {
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: describe(found.get_ref()),
        };
        Err(self.error(found.span().start, kind))
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> Result<Option<At<&'d str>>, SchemaError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        match found.get_ref() {
            DeValue::String(text) => Ok(Some(At { value: text, offset: found.span().start })),
            _ => self.wrong(key, "a text in quotes", found),
        }
    }

    /// The text of a key that must be there.
    pub fn needed(&self, key: &'static str, example: &'static str) -> Result<At<&'d str>, SchemaError> {
        self.text(key)?.ok_or_else(|| self.error(self.offset, SchemaErrorKind::MissingKey { key, example }))
    }

    /// The number of a key.
    pub fn number(&self, key: &str) -> Result<Option<At<u64>>, SchemaError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        let number = match found.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(value) => Ok(Some(At { value, offset: found.span().start })),
            None => self.wrong(key, "a number from 0 to 18446744073709551615", found),
        }
    }

    /// The number of a key that counts versions; 0 where it is missing.
    pub fn version(&self, key: &str) -> Result<u32, SchemaError> {
        let Some(found) = self.number(key)? else { return Ok(0) };
        match u32::try_from(found.value) {
            Ok(version) if version > 0 => Ok(version),
            _ => {
                let (key, found_text) = (key.to_owned(), format!("the number {}", found.value));
                let expected = "a number from 1 to 4294967295".to_owned();
                Err(self.error(found.offset, SchemaErrorKind::WrongValue { key, expected, found: found_text }))
            }
        }
    }

    /// The value of a key, without a type.
    pub fn plain(&self, key: &str) -> Result<Option<At<Plain>>, SchemaError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        match plain(found.get_ref(), 0) {
            Some(value) => Ok(Some(At { value, offset: found.span().start })),
            None => self.wrong(key, "a value without dates and very deep arrays", found),
        }
    }

    /// Whether a key is set to `true`; `false` where it is missing.
    pub fn flag(&self, key: &str) -> Result<bool, SchemaError> {
        let Some(found) = self.get(key) else { return Ok(false) };
        match found.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => self.wrong(key, "true or false", found),
        }
    }

    /// Whether a text stands behind a key.
    pub fn is_text(&self, key: &str) -> bool {
        self.get(key).is_some_and(|found| matches!(found.get_ref(), DeValue::String(_)))
    }

    /// The float of a key; a whole number is one too.
    pub fn float(&self, key: &str) -> Result<Option<At<f64>>, SchemaError> {
        let Some(found) = self.get(key) else { return Ok(None) };
        let number = match found.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number {
            Some(value) => Ok(Some(At { value, offset: found.span().start })),
            None => self.wrong(key, "a number", found),
        }
    }

    /// The texts in the array of a key that must be there.
    pub fn texts(&self, key: &'static str, example: &'static str) -> Result<Vec<&'d str>, SchemaError> {
        const EXPECTED: &str = "an array of texts";
        let missing = || self.error(self.offset, SchemaErrorKind::MissingKey { key, example });
        let found = self.get(key).ok_or_else(missing)?;
        let DeValue::Array(items) = found.get_ref() else { return self.wrong(key, EXPECTED, found) };
        let text = |item: &'d Spanned<DeValue<'d>>| match item.get_ref() {
            DeValue::String(text) => Ok(&**text),
            _ => self.wrong(key, EXPECTED, item),
        };
        items.iter().map(text).collect()
    }

    /// The section of a key.
    pub fn section(&self, key: &str) -> Result<Option<Section<'d>>, SchemaError> {
        let Some((name, found)) = self.content.get_key_value(key) else { return Ok(None) };
        match found.get_ref() {
            DeValue::Table(content) => Ok(Some(Section { content, offset: name.span().start, ..*self })),
            _ => self.wrong(key, "a table", found),
        }
    }

    /// The sections under this one, in the order of the file.
    pub fn sections(&self) -> Result<Vec<(&'d str, Section<'d>)>, SchemaError> {
        let mut sections = Vec::with_capacity(self.content.len());
        for (name, found) in self.content.iter() {
            let DeValue::Table(content) = found.get_ref() else { return self.wrong(name.get_ref(), "a table", found) };
            let section = Section { content, offset: name.span().start, ..*self };
            sections.push((name.get_ref().as_ref(), section));
        }
        sections.sort_by_key(|(_, section)| section.offset);
        Ok(sections)
    }

    /// The sections in the array of a key, in the order of the file; none if it is missing.
    pub fn array(&self, key: &str) -> Result<Vec<Section<'d>>, SchemaError> {
        const EXPECTED: &str = "an array of tables";
        let Some(found) = self.get(key) else { return Ok(Vec::new()) };
        let DeValue::Array(items) = found.get_ref() else { return self.wrong(key, EXPECTED, found) };
        let section = |item: &'d Spanned<DeValue<'d>>| match item.get_ref() {
            DeValue::Table(content) => Ok(Section { content, offset: item.span().start, ..*self }),
            _ => self.wrong(key, EXPECTED, item),
        };
        items.iter().map(section).collect()
    }
}

/// A value that is no date and not nested more deeply than any type.
fn plain(value: &DeValue<'_>, depth: usize) -> Option<Plain> {
    // A level of a type is at most two levels of a value: a variant is a table with a table in it.
    if depth > 2 * TYPE_DEPTH_MAX + 2 {
        return None;
    }
    Some(match value {
        DeValue::String(text) => Plain::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Plain::Integer(number),
            // Numbers that are too large for most are texts to us.
            Err(_) => Plain::Text(number.as_str().to_owned()),
        },
        DeValue::Float(number) => Plain::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(flag) => Plain::Bool(*flag),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => {
            Plain::Array(items.iter().map(|item| plain(item.get_ref(), depth + 1)).collect::<Option<_>>()?)
        }
        DeValue::Table(fields) => {
            let field = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let name: &std::borrow::Cow<'_, str> = name.get_ref();
                Some((name.to_string(), plain(value.get_ref(), depth + 1)?))
            };
            Plain::Table(fields.iter().map(field).collect::<Option<_>>()?)
        }
    })
}

/// A value, short enough for a message.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
