//! The types of fields in Rust, and the structs and enums that they need.
//!
//! A struct or an enum of the schema becomes one type in Rust, under its own name, or if it has none under that of the
//! place where it stands.

use std::collections::HashMap;

use ecsdb::schema::{DatabaseSchema, EnumType, FieldType, Member, RowLayout, Scalar, StructType};

use super::code::Code;
use crate::Error;
use crate::names::{Names, field_name, is_word, type_name, variant_name};

/// The types that the derive makes of a value type: its packed form and its view.
const OF_A_VALUE: [&str; 3] = ["", "Packed", "View"];

/// The most elements of a tuple that stays one.
const TUPLE_MAX: usize = 8;

/// Where a type stands: the table, the field, and the members and variants on the way from there.
#[derive(Clone, Debug)]
pub struct Place(Vec<String>);

impl Place {
    pub fn field(table: &str, field: &str) -> Self {
        Self(vec![table.to_owned(), field.to_owned()])
    }

    pub fn inside(&self, part: &str) -> Self {
        Self(self.0.iter().cloned().chain([part.to_owned()]).collect())
    }

    /// The name of a type that stands here and has none of its own.
    fn type_name(&self) -> String {
        self.0.iter().map(|part| type_name(part)).collect()
    }
}

/// As messages call it: `field `table.field.member``.
impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "field `{}`", self.0.join("."))
    }
}

/// Whether a struct is written as a tuple, and not as a type of its own.
pub fn is_plain_tuple(of: &StructType) -> bool {
    of.name.is_empty() && is_tuple(&of.fields) && of.fields.len() <= TUPLE_MAX
}

/// Whether the names are the numbers from 0 on.
pub fn is_tuple(members: &[Member]) -> bool {
    members.iter().enumerate().all(|(index, member)| member.name == index.to_string())
}

/// The name in Rust of a struct or an enum that is called `name` in the schema, or nothing.
pub fn name_of(name: &str, place: &Place) -> String {
    if name.is_empty() { place.type_name() } else { name.to_owned() }
}

/// A type that has been made.
struct Made {
    /// What it is, in the words of the schema.
    text: String,
    /// Where it stands first.
    place: String,
}

/// The types that have been made so far.
pub struct Types<'b> {
    file: String,
    names: Names,
    derives: &'b [String],
    made: HashMap<String, Made>,
    /// Structs and enums that stand in native rows, by what they are: they lie in memory as the schema says.
    native: Vec<String>,
    code: Code,
}

impl<'b> Types<'b> {
    pub fn new(schema: &DatabaseSchema, names: Names, derives: &'b [String]) -> Self {
        let mut native = Vec::new();
        for table in schema.tables().iter().filter(|table| table.layout == RowLayout::Native) {
            table.fields.iter().for_each(|field| note_native(&field.field_type, &mut native));
        }
        Self { file: names.file().to_owned(), names, derives, made: HashMap::new(), native, code: Code::new() }
    }

    pub fn into_code(self) -> Code {
        self.code
    }

    /// The derives of a type; `Copy` only where its fields are.
    pub fn derives(&self, is_copy: bool) -> String {
        let derives = self.derives.iter().filter(|derive| is_copy || *derive != "Copy");
        derives.map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The type in Rust. What it needs is made.
    pub fn rust_type(&mut self, field_type: &FieldType, place: &Place) -> Result<String, Error> {
        Ok(match field_type {
            FieldType::Scalar(scalar) => scalar_name(*scalar),
            FieldType::Reference { table } => format!("::ecsdb::Ref<{}>", type_name(table)),
            FieldType::Array { element, len } => format!("[{}; {len}]", self.rust_type(element, place)?),
            FieldType::Optional(inner) => format!("::core::option::Option<{}>", self.rust_type(inner, place)?),
            FieldType::FixedText { bytes } => format!("::ecsdb::FixedStr<{bytes}>"),
            FieldType::Text => "::std::string::String".to_owned(),
            FieldType::List(element) => format!("::std::vec::Vec<{}>", self.rust_type(element, place)?),
            FieldType::Struct(of) if is_plain_tuple(of) => {
                let mut types = self.member_types(&of.fields, place)?;
                if types.len() == 1 {
                    types.push(String::new());
                }
                format!("({})", types.join(", ").trim_end())
            }
            FieldType::Struct(of) => {
                let name = name_of(&of.name, place);
                if self.is_new(&name, field_type, place)? {
                    self.make_struct(&name, field_type, of, place)?;
                }
                name
            }
            FieldType::Enum(of) => {
                let name = name_of(&of.name, place);
                if self.is_new(&name, field_type, place)? {
                    self.make_enum(&name, field_type, of, place)?;
                }
                name
            }
            other => {
                return Err(Error::Unknown {
                    file: self.file.clone(),
                    place: place.to_string(),
                    found: other.to_string(),
                });
            }
        })
    }

    fn member_types(&mut self, members: &[Member], place: &Place) -> Result<Vec<String>, Error> {
        members.iter().map(|member| self.rust_type(&member.field_type, &place.inside(&member.name))).collect()
    }

    /// Whether a type is still to be made. A name stands for one type.
    fn is_new(&mut self, name: &str, field_type: &FieldType, place: &Place) -> Result<bool, Error> {
        let text = field_type.to_string();
        if let Some(made) = self.made.get(name) {
            if made.text == text {
                return Ok(false);
            }
            return Err(Error::TwoTypes {
                file: self.file.clone(),
                name: name.to_owned(),
                first: format!("`{}` in {}", made.text, made.place),
                second: format!("`{text}` in {place}"),
            });
        }
        self.names.take(&place.to_string(), name, &OF_A_VALUE)?;
        self.made.insert(name.to_owned(), Made { text, place: place.to_string() });
        Ok(true)
    }

    fn head(&mut self, field_type: &FieldType) {
        self.code.line("");
        self.code.line("#[allow(missing_docs)]");
        let derives = self.derives(!field_type.has_heap());
        self.code.line(&format!("#[derive({derives}, ::ecsdb::Field)]"));
    }

    fn make_struct(&mut self, name: &str, field_type: &FieldType, of: &StructType, place: &Place) -> Result<(), Error> {
        let types = self.member_types(&of.fields, place)?;
        self.head(field_type);
        if self.native.contains(&field_type.to_string()) && !of.fields.is_empty() {
            self.code.line("#[repr(C)]");
        }
        let body = members(&of.fields, &types, "    ", "pub ");
        let end = if of.fields.is_empty() || is_tuple(&of.fields) { ";" } else { "" };
        self.code.line(&format!("pub struct {name}{body}{end}"));
        Ok(())
    }

    fn make_enum(&mut self, name: &str, field_type: &FieldType, of: &EnumType, place: &Place) -> Result<(), Error> {
        if of.variants.is_empty() {
            return Err(Error::EmptyEnum { file: self.file.clone(), place: place.to_string() });
        }
        let mut variants = Vec::with_capacity(of.variants.len());
        for variant in of.variants.iter() {
            let types = self.member_types(&variant.fields, &place.inside(&variant.name))?;
            variants.push((variant, members(&variant.fields, &types, "        ", "")));
        }
        self.head(field_type);
        let is_numbered = of.variants.iter().enumerate().all(|(index, variant)| variant.tag as usize == index);
        let is_native = self.native.contains(&field_type.to_string());
        if !is_numbered || is_native || usize::from(of.tag_bytes) != usual_tag_bytes(of.variants.len()) {
            self.code.line(&format!("#[repr(u{})]", u32::from(of.tag_bytes) * 8));
        }
        self.code.line(&format!("pub enum {name} {{"));
        for (variant, body) in variants {
            let (rust, renamed) = variant_name(&variant.name);
            let mut keys = Vec::new();
            if renamed {
                keys.push(format!("rename = {:?}", variant.name));
            }
            if !variant.renamed_from.is_empty() {
                keys.push(format!("renamed_from = {:?}", variant.renamed_from));
            }
            if !keys.is_empty() {
                self.code.line(&format!("    #[component({})]", keys.join(", ")));
            }
            if !is_word(&rust) {
                let (what, file) = (format!("variant `{}` in {place}", variant.name), self.file.clone());
                return Err(Error::Name { file, what, rust, reason: "which Rust does not allow".to_owned() });
            }
            let tag = if is_numbered { String::new() } else { format!(" = {}", variant.tag) };
            self.code.line(&format!("    {rust}{body}{tag},"));
        }
        self.code.line("}");
        Ok(())
    }
}

/// Bytes of the tag that the derive takes if it is not told.
fn usual_tag_bytes(variants: usize) -> usize {
    match variants {
        0..=256 => 1,
        257..=65_536 => 2,
        _ => 4,
    }
}

/// The members as they stand behind the name of a struct or a variant.
fn members(members: &[Member], types: &[String], indent: &str, visibility: &str) -> String {
    if members.is_empty() {
        return String::new();
    }
    let mut fields = members.iter().zip(types);
    if is_tuple(members) {
        let fields: Vec<String> = fields.map(|(_, rust)| format!("{visibility}{rust}")).collect();
        return format!("({})", fields.join(", "));
    }
    let lines: String = fields
        .by_ref()
        .map(|(member, rust)| {
            let (name, renamed) = field_name(&member.name);
            let rename =
                if renamed { format!("{indent}#[component(rename = {:?})]\n", member.name) } else { String::new() };
            format!("{rename}{indent}{visibility}{name}: {rust},\n")
        })
        .collect();
    format!(" {{\n{lines}{}}}", &indent[4..])
}

/// The name of a scalar in Rust.
pub fn scalar_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Entity => "::ecsdb::Entity".to_owned(),
        Scalar::Duration => "::core::time::Duration".to_owned(),
        other => match other.name().strip_prefix("nonzero_") {
            Some(number) => format!("::core::num::NonZero<{number}>"),
            // The others have the names that they have in Rust.
            None => other.name().to_owned(),
        },
    }
}

/// Notes the structs and enums in a type.
fn note_native(field_type: &FieldType, native: &mut Vec<String>) {
    match field_type {
        FieldType::Array { element: inner, .. } | FieldType::Optional(inner) => note_native(inner, native),
        FieldType::Struct(of) => {
            native.push(field_type.to_string());
            of.fields.iter().for_each(|member| note_native(&member.field_type, native));
        }
        FieldType::Enum(_) => native.push(field_type.to_string()),
        _ => {}
    }
}
