//! The file of shapes. Owns its form, and is patient with what may be missing.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::Error;

/// All shapes of a file.
#[derive(Clone, Debug, Deserialize)]
pub struct Corpus {
    /// The components to try.
    pub components: Vec<Shape>,
    /// Types that fields of components have.
    #[serde(default)]
    pub support_types: Vec<Shape>,
}

impl Corpus {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is not JSON of the right form.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file(path))?;
        serde_json::from_str(&text).map_err(|cause| Error::Shapes { path: path.to_path_buf(), cause })
    }
}

/// A type, as its declaration has it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Shape {
    /// Where it comes from. Names are looked up there first.
    #[serde(default, deserialize_with = "or_nothing")]
    pub repo: String,
    /// Its name.
    pub name: String,
    /// What sort of item it is.
    #[serde(default, deserialize_with = "or_nothing")]
    pub kind: String,
    /// The fields, those of variants too.
    #[serde(default, deserialize_with = "or_nothing")]
    pub fields: Vec<FieldShape>,
    /// The names of the variants, in order.
    #[serde(default, deserialize_with = "or_nothing")]
    pub variants: Vec<String>,
    /// The parameters.
    #[serde(default, deserialize_with = "or_nothing")]
    pub generics: Vec<String>,
    /// The type that an alias stands for.
    #[serde(default)]
    pub alias: Option<String>,
    /// What the component needs, a letter from `a` to `f`.
    #[serde(default, deserialize_with = "or_nothing")]
    pub class: String,
}

/// A field.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FieldShape {
    /// The variant that it is in, for an enum.
    #[serde(default)]
    pub variant: Option<String>,
    /// Its name, or its number.
    pub name: String,
    /// Its type, as it is written in Rust.
    #[serde(rename = "type")]
    pub ty: String,
}

/// What sort of item a shape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Struct,
    Tuple,
    Unit,
    Enum,
    Alias,
}

impl Shape {
    /// What sort of item it is. What the file says is followed as far as it fits the fields.
    pub(crate) fn sort(&self) -> Kind {
        if self.alias.is_some() {
            Kind::Alias
        } else if self.kind.starts_with("enum") || !self.variants.is_empty() {
            Kind::Enum
        } else if self.fields.is_empty() {
            Kind::Unit
        } else if is_tuple(&self.fields.iter().collect::<Vec<_>>()) {
            Kind::Tuple
        } else {
            Kind::Struct
        }
    }

    /// The variants with their fields, in order.
    pub(crate) fn variants(&self) -> Vec<(&str, Vec<&FieldShape>)> {
        let mut variants: Vec<(&str, Vec<&FieldShape>)> =
            self.variants.iter().map(|name| (name.as_str(), Vec::new())).collect();
        for field in &self.fields {
            let Some(name) = &field.variant else { continue };
            match variants.iter_mut().find(|(variant, _)| variant == name) {
                Some((_, fields)) => fields.push(field),
                None => variants.push((name, vec![field])),
            }
        }
        variants
    }
}

/// Whether the fields have numbers instead of names.
pub(crate) fn is_tuple(fields: &[&FieldShape]) -> bool {
    fields.iter().all(|field| field.name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A value that may be missing or `null`.
fn or_nothing<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
