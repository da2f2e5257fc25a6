//! What the type of a field is: the types that `ecsdb` and the standard library have, and those that the sources define.

use std::borrow::Cow;

use ecsdb::schema::{EnumType, FieldType, Member, Scalar, StructType, TYPE_DEPTH_MAX, Variant};
use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Fields, GenericArgument, ItemEnum, ItemStruct, PathArguments, Type};

use super::attrs::{Keys, Repr, condition, derives};
use super::consts::Constants;
use super::error::{SourceError, SourceErrorKind};
use super::glam::Glam;
use super::tables::table_name;
use super::tree::{Entry, GLAM, Target, Tree};

/// The sources, to be asked about types.
#[derive(Clone, Copy)]
pub struct Types<'t> {
    pub tree: &'t Tree,
}

/// A type as it is written, and where: names in it mean what they mean there.
#[derive(Clone, Copy)]
pub struct Written<'t> {
    pub ty: &'t Type,
    pub place: Place<'t>,
}

/// A place in the sources.
#[derive(Clone, Copy)]
pub struct Place<'t> {
    pub module: usize,
    /// The item that `Self` is.
    pub owner: Option<&'t Entry>,
    /// How many aliases, constants and types have led here.
    steps: usize,
}

/// The most aliases, constants and types that may lead to each other.
const STEPS_MAX: usize = 4 * TYPE_DEPTH_MAX;

impl<'t> Place<'t> {
    /// In a module, outside of all items.
    pub const fn module(module: usize) -> Self {
        Self { module, owner: None, steps: 0 }
    }

    /// In an item of a module.
    pub const fn item(module: usize, owner: &'t Entry) -> Self {
        Self { module, owner: Some(owner), steps: 0 }
    }

    /// In a module, or an item of it, that a name here has led to; `None` if there were too many such names.
    pub fn beyond(self, module: usize, owner: Option<&'t Entry>) -> Option<Self> {
        (self.steps < STEPS_MAX).then(|| Self { module, owner, steps: self.steps + 1 })
    }
}

/// Why a type is refused that contains itself, or leads to itself.
const ENDLESS: &str = "it is nested too deeply, or contains itself: a list of references may do";

/// What sort of type it is.
pub enum Kind<'t> {
    Scalar(Scalar),
    Text,
    FixedText(u32),
    Reference(String),
    Optional(Written<'t>),
    Array(Written<'t>, u32),
    List(Written<'t>),
    Tuple(Vec<Written<'t>>),
    /// A range: two values of the type.
    Range(Written<'t>),
    /// A vector or a matrix.
    Glam(Glam),
    Struct(&'t ItemStruct, Place<'t>),
    Enum(&'t ItemEnum, Place<'t>),
}

/// A member of a struct or a variant.
pub struct Part<'t> {
    /// Its name in the schema.
    pub name: String,
    /// Its name in Rust, or its number.
    pub rust: String,
    pub keys: Keys,
    pub ty: Written<'t>,
    pub field: &'t syn::Field,
}

impl<'t> Types<'t> {
    /// The type in the schema, `depth` types inside of the field's.
    fn field_type_at(self, written: Written<'t>, depth: usize) -> Result<FieldType, SourceError> {
        if depth > TYPE_DEPTH_MAX {
            return Err(
                self.refuse(written, "it is nested too deeply, or contains itself: a list of references may do")
            );
        }
        let inner = |written| self.field_type_at(written, depth + 1);
        let tuple = |parts: Vec<(String, Written<'t>)>| {
            let member = |(name, written): (String, _)| Ok(Member { name: name.into(), field_type: inner(written)? });
            let fields = parts.into_iter().map(member).collect::<Result<Vec<_>, _>>()?;
            Ok(FieldType::Struct(StructType { name: Cow::Borrowed(""), fields: fields.into() }))
        };
        Ok(match self.kind(written)? {
            Kind::Scalar(scalar) => FieldType::Scalar(scalar),
            Kind::Text => FieldType::Text,
            Kind::FixedText(bytes) => FieldType::FixedText { bytes },
            Kind::Reference(table) => FieldType::Reference { table: table.into() },
            Kind::Optional(of) => FieldType::Optional(inner(of)?.into()),
            Kind::Array(of, len) => FieldType::Array { element: inner(of)?.into(), len },
            Kind::List(of) => FieldType::List(inner(of)?.into()),
            Kind::Tuple(of) => tuple(of.into_iter().enumerate().map(|(index, of)| (index.to_string(), of)).collect())?,
            Kind::Range(of) => tuple(["start", "end"].map(|name| (name.to_owned(), of)).into())?,
            Kind::Glam(of) => of.field_type(),
            Kind::Struct(item, place) => {
                let fields = self.members(&item.fields, place, depth)?;
                FieldType::Struct(StructType { name: item.ident.unraw().to_string().into(), fields })
            }
            Kind::Enum(item, place) => self.enum_type(item, place, depth)?,
        })
    }

    fn members(
        self,
        fields: &'t Fields,
        place: Place<'t>,
        depth: usize,
    ) -> Result<Cow<'static, [Member]>, SourceError> {
        let member = |part: Part<'t>| {
            let field_type = self.stored_type_at(&part, depth + 1)?;
            Ok(Member { name: part.name.into(), field_type })
        };
        self.parts(fields, place)?.into_iter().map(member).collect()
    }

    /// The type that is stored for a part: what it is converted into, if it is.
    pub fn stored_type(self, part: &Part<'t>) -> Result<FieldType, SourceError> {
        self.stored_type_at(part, 0)
    }

    fn stored_type_at(self, part: &Part<'t>, depth: usize) -> Result<FieldType, SourceError> {
        let ty = part.keys.stored_as.as_ref().unwrap_or(part.ty.ty);
        self.field_type_at(Written { ty, place: part.ty.place }, depth)
    }

    /// The type of an enum.
    pub fn enum_type(self, item: &'t ItemEnum, place: Place<'t>, depth: usize) -> Result<FieldType, SourceError> {
        let repr = Repr::parse(&item.attrs);
        let written = repr.tag_bytes.is_some() && item.variants.iter().any(|variant| variant.discriminant.is_some());
        let mut next = 0_i128;
        let mut variants = Vec::with_capacity(item.variants.len());
        for (index, variant) in item.variants.iter().enumerate() {
            self.unconditional(&variant.attrs, place)?;
            let keys = self.keys(&variant.attrs, place)?;
            let mut tag = index as i128;
            if written {
                if let Some((_, value)) = &variant.discriminant {
                    next = Constants(self).integer(value, place)?;
                }
                tag = next;
                next += 1;
            }
            let tag = u32::try_from(tag).map_err(|_| {
                let kind = SourceErrorKind::Type {
                    found: format!("{}::{} = {tag}", item.ident, variant.ident),
                    reason: "a tag is a number from 0 to 4294967295".to_owned(),
                };
                self.tree.error(place.module, variant.span(), kind)
            })?;
            variants.push(Variant {
                name: keys.rename.unwrap_or_else(|| variant.ident.unraw().to_string()).into(),
                tag,
                renamed_from: keys.renamed_from.into(),
                fields: self.members(&variant.fields, place, depth)?,
            });
        }
        let tag_bytes = repr.tag_bytes.unwrap_or(match item.variants.len() {
            0..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        });
        let name = item.ident.unraw().to_string().into();
        Ok(FieldType::Enum(EnumType { name, tag_bytes, variants: variants.into() }))
    }

    /// The members of a struct or a variant, with their names in the schema.
    pub fn parts(self, fields: &'t Fields, place: Place<'t>) -> Result<Vec<Part<'t>>, SourceError> {
        let part = |(index, field): (usize, &'t syn::Field)| {
            self.unconditional(&field.attrs, place)?;
            let keys = self.keys(&field.attrs, place)?;
            let rust = match &field.ident {
                Some(name) => name.unraw().to_string(),
                None => index.to_string(),
            };
            let name = keys.rename.clone().unwrap_or_else(|| rust.clone());
            Ok(Part { name, rust, keys, ty: Written { ty: &field.ty, place }, field })
        };
        fields.iter().enumerate().map(part).collect()
    }

    /// What `#[component(...)]` says.
    pub fn keys(self, attrs: &[syn::Attribute], place: Place<'_>) -> Result<Keys, SourceError> {
        Keys::parse(attrs).map_err(|(span, kind)| self.tree.error(place.module, span, kind))
    }

    /// Refuses what is there under a condition only.
    pub fn unconditional(self, attrs: &[syn::Attribute], place: Place<'_>) -> Result<(), SourceError> {
        match condition(attrs) {
            Some(attr) => {
                let message = "a part of a type that is there under a condition: a schema needs all of it, always";
                let kind = SourceErrorKind::Attribute { message: message.to_owned() };
                Err(self.tree.error(place.module, attr.span(), kind))
            }
            None => Ok(()),
        }
    }

    fn refuse(self, written: Written<'_>, reason: impl Into<String>) -> SourceError {
        let found = spelled(written.ty);
        let kind = SourceErrorKind::Type { found, reason: reason.into() };
        self.tree.error(written.place.module, written.ty.span(), kind)
    }

    /// What sort of type it is.
    pub fn kind(self, written: Written<'t>) -> Result<Kind<'t>, SourceError> {
        let Written { ty, place } = written;
        let inner = |ty| Written { ty, place };
        match ty {
            Type::Paren(of) => self.kind(inner(&of.elem)),
            Type::Group(of) => self.kind(inner(&of.elem)),
            Type::Array(of) => Ok(Kind::Array(inner(&of.elem), Constants(self).length(&of.len, place)?)),
            Type::Tuple(of) if of.elems.len() <= TUPLE_MAX => Ok(Kind::Tuple(of.elems.iter().map(inner).collect())),
            Type::Tuple(_) => Err(self.refuse(written, "a tuple in a field has at most 8 elements: write a struct")),
            Type::Path(of) if of.qself.is_none() => self.path_kind(written, &of.path),
            Type::Macro(_) => Err(self.refuse(written, "a macro says nothing here: write the type out")),
            Type::Reference(_) | Type::Ptr(_) | Type::Slice(_) => {
                Err(self.refuse(written, "what is stored owns its data: use an array, a `Vec` or a `String`"))
            }
            _ => Err(self.refuse(written, "only named types, arrays and tuples are field types")),
        }
    }

    fn path_kind(self, written: Written<'t>, path: &'t syn::Path) -> Result<Kind<'t>, SourceError> {
        let place = written.place;
        let arguments = arguments(path);
        if path.is_ident("Self") {
            return match place.owner {
                Some(Entry::Struct(item)) => Ok(Kind::Struct(item, place)),
                Some(Entry::Enum(item)) => Ok(Kind::Enum(item, place)),
                _ => Err(self.refuse(written, "there is nothing that it could mean")),
            };
        }
        match self.tree.resolve(place.module, path)? {
            Target::Outside(path) => self.outside(written, &path, &arguments),
            Target::Module(_) => Err(self.refuse(written, "it is a module")),
            Target::Entry(module, name) => {
                let entry = self.only(place.module, path.span(), module, &name)?;
                let Some(place) = place.beyond(module, Some(entry)) else { return Err(self.refuse(written, ENDLESS)) };
                match entry {
                    Entry::Alias(item) if item.generics.params.is_empty() => self.kind(Written { ty: &item.ty, place }),
                    Entry::Alias(_) => Err(self.refuse(written, "an alias with parameters: write the type out")),
                    Entry::Const(_) => Err(self.refuse(written, "it is a constant")),
                    Entry::Struct(item) if derives(&item.attrs, "Field") => Ok(Kind::Struct(item, place)),
                    Entry::Enum(item) if derives(&item.attrs, "Field") => Ok(Kind::Enum(item, place)),
                    Entry::Struct(_) | Entry::Enum(_) => {
                        let defined = self.tree.location(module, entry.span());
                        Err(self.refuse(written, format!("write `#[derive(Field)]` on it, at {defined}")))
                    }
                }
            }
        }
    }

    /// The entry with a name; conditions must not make it several.
    pub fn only(self, at: usize, span: Span, module: usize, name: &str) -> Result<&'t Entry, SourceError> {
        match self.tree.entries(module, name) {
            [only] => Ok(only),
            several => {
                let places = several.iter().map(|entry| self.tree.location(module, entry.span()).to_string()).collect();
                Err(self.tree.error(at, span, SourceErrorKind::Ambiguous { name: name.to_owned(), places }))
            }
        }
    }

    /// A type of the language, the standard library or `ecsdb`.
    fn outside(
        self,
        written: Written<'t>,
        path: &[String],
        arguments: &[&'t GenericArgument],
    ) -> Result<Kind<'t>, SourceError> {
        let place = written.place;
        let types: Vec<&'t Type> = arguments
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect();
        let one = || match types[..] {
            [only] => Ok(Written { ty: only, place }),
            _ => Err(self.refuse(written, "it needs one type in `<` and `>`")),
        };
        let (Some(name), false) = (path.last(), self.is_foreign(path)) else {
            return Err(self.unresolved(written, path));
        };
        if path.first().is_some_and(|first| first == GLAM) {
            return Glam::named(name).map(Kind::Glam).ok_or_else(|| self.unresolved(written, path));
        }
        if let Some(scalar) = number(name) {
            return Ok(Kind::Scalar(scalar));
        }
        Ok(match name.as_str() {
            "Entity" => Kind::Scalar(Scalar::Entity),
            "Duration" => Kind::Scalar(Scalar::Duration),
            "String" => Kind::Text,
            "Cow" if matches!(types[..], [Type::Path(of)] if of.path.is_ident("str")) => Kind::Text,
            "Option" => Kind::Optional(one()?),
            "Vec" | "VecDeque" => Kind::List(one()?),
            "PhantomData" => Kind::Tuple(Vec::new()),
            "Range" | "RangeInclusive" => Kind::Range(one()?),
            "NonZero" => match self.kind(one()?)? {
                Kind::Scalar(inner) => match Scalar::from_name(&format!("nonzero_{}", inner.name())) {
                    Some(scalar) => Kind::Scalar(scalar),
                    None => return Err(self.refuse(written, "only integers can be never zero")),
                },
                _ => return Err(self.refuse(written, "only integers can be never zero")),
            },
            "FixedStr" => match arguments {
                [GenericArgument::Const(len)] => Kind::FixedText(Constants(self).length(len, place)?),
                // A name alone looks like a type.
                [GenericArgument::Type(Type::Path(len))] => {
                    Kind::FixedText(Constants(self).named_length(&len.path, place)?)
                }
                _ => return Err(self.refuse(written, "it needs a number of bytes in `<` and `>`")),
            },
            "Ref" => Kind::Reference(self.referenced(one()?)?),
            "Box" | "Rc" | "Arc" | "Cell" | "RefCell" => {
                return Err(self.refuse(written, "what is stored owns its data: store the value itself"));
            }
            "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" => {
                return Err(self.refuse(written, "a map has no fixed form: use a child table, or a `Vec` of pairs"));
            }
            _ => return Err(self.unresolved(written, path)),
        })
    }

    /// Whether a path leads into a crate whose types are not known here.
    fn is_foreign(self, path: &[String]) -> bool {
        path.len() > 1 && !self.tree.is_known_crate(&path[0])
    }

    fn unresolved(self, written: Written<'_>, path: &[String]) -> SourceError {
        let hint = match path {
            [first, ..] if self.is_foreign(path) && !matches!(first.as_str(), "crate" | "self" | "super") => {
                format!(
                    "types of `{first}` are not known here: store it through a type of yours with `#[component(as = ...)]`"
                )
            }
            [_, _, ..] if self.tree.is_known_crate(&path[0]) => "it is no field type".to_owned(),
            _ => "add the file that defines it".to_owned(),
        };
        let kind = SourceErrorKind::Unresolved { name: spelled(written.ty), hint };
        self.tree.error(written.place.module, written.ty.span(), kind)
    }

    /// The table of the component that a type is.
    pub fn referenced(self, written: Written<'t>) -> Result<String, SourceError> {
        let (entry, place) = self.component(written)?;
        table_name(self, entry, place)
    }

    /// The component that a type is.
    pub fn component(self, written: Written<'t>) -> Result<(&'t Entry, Place<'t>), SourceError> {
        let place = written.place;
        let refuse = |reason: &str| {
            let kind = SourceErrorKind::NotAComponent { name: spelled(written.ty), reason: reason.to_owned() };
            self.tree.error(place.module, written.ty.span(), kind)
        };
        let Type::Path(path) = written.ty else { return Err(refuse("name a struct or an enum")) };
        let (entry, place) = if path.path.is_ident("Self") {
            (place.owner.ok_or_else(|| refuse("there is nothing that it could mean"))?, place)
        } else {
            match self.tree.resolve(place.module, &path.path)? {
                Target::Entry(module, name) => {
                    let entry = self.only(place.module, path.span(), module, &name)?;
                    (entry, place.beyond(module, Some(entry)).ok_or_else(|| refuse(ENDLESS))?)
                }
                Target::Outside(_) | Target::Module(_) => {
                    return Err(refuse("it stands nowhere in these sources: add the file that defines it"));
                }
            }
        };
        match entry {
            Entry::Alias(item) => self.component(Written { ty: &item.ty, place }),
            Entry::Struct(item) if derives(&item.attrs, "Component") => Ok((entry, place)),
            Entry::Enum(item) if derives(&item.attrs, "Component") => Ok((entry, place)),
            _ => Err(refuse("write `#[derive(Component)]` on it")),
        }
    }
}

/// The most elements of a tuple that is a field type.
const TUPLE_MAX: usize = 8;

/// The type as it is written, in one line.
pub fn spelled(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    // Tokens are written with spaces around them.
    ["<", ">", "::", ",", ";", "[", "]", "(", ")", "&", "!", "."].iter().fold(text, |text, sign| {
        let text = if matches!(*sign, "," | ";") { text } else { text.replace(&format!("{sign} "), sign) };
        text.replace(&format!(" {sign}"), sign)
    })
}

/// What stands in `<` and `>` behind the last name.
fn arguments(path: &syn::Path) -> Vec<&GenericArgument> {
    match path.segments.last().map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(of)) => of.args.iter().collect(),
        _ => Vec::new(),
    }
}

/// The numbers, `bool` and `char` by their names in Rust.
fn number(name: &str) -> Option<Scalar> {
    if let Some(inner) = name.strip_prefix("NonZero").filter(|inner| !inner.is_empty()) {
        return Scalar::from_name(&format!("nonzero_{}", inner.to_lowercase()));
    }
    Scalar::from_name(name)
        .filter(|scalar| !matches!(scalar, Scalar::Entity | Scalar::Duration) && !scalar.name().starts_with("nonzero_"))
}
