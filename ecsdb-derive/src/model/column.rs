//! A field as a column, or as a member of a value type.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Member, Visibility};

use super::conversion::convert;
use crate::ast::{Field, Shape};
use crate::attr::{self, FieldAttrs};
use crate::check::{self, Refused, is_phantom};
use crate::ctxt::Ctxt;
use crate::names::column_fault;

/// A field.
pub struct Column<'a> {
    pub vis: &'a Visibility,
    pub member: Member,
    /// The type in the user's item.
    pub ty: TokenStream,
    pub span: Span,
    /// The name in the schema.
    pub name: String,
    /// The method of the view.
    pub getter: Ident,
    /// The name in texts for the user.
    pub label: String,
    pub doc: String,
    pub stored: Stored,
    pub attrs: FieldAttrs,
}

/// As what the value of a field is stored.
pub enum Stored {
    /// As it is.
    Itself,
    /// As this type, into which it is converted, as `conversion` says.
    As(TokenStream),
    /// Not at all: it is `PhantomData` of a parameter.
    Phantom,
    /// It is the whole component, an enum, which need not be a field type: in the wrapper for such.
    Whole,
}

impl<'a> Column<'a> {
    /// The column of the field; `siblings` are all fields beside it. The fields of a component need names that columns
    /// can have.
    pub fn new(cx: &Ctxt, field: &'a Field, siblings: usize, generic: bool) -> Self {
        let attrs = FieldAttrs::parse(cx, &field.attrs);
        let getter = match &field.member {
            Member::Named(name) => name.clone(),
            // A newtype is its value; the other tuple structs count.
            Member::Unnamed(_) if siblings == 1 => Ident::new("value", field.span),
            Member::Unnamed(index) => Ident::new(&format!("_{}", index.index), field.span),
        };
        let stored = match &attrs.stored_as {
            Some(ty) => Stored::As(ty.clone()),
            None if generic && is_phantom(&field.ty) => Stored::Phantom,
            None => Stored::Itself,
        };
        Self {
            vis: &field.vis,
            member: field.member.clone(),
            ty: field.ty.clone(),
            span: field.span,
            name: String::new(),
            label: match &field.member {
                Member::Named(name) => name.unraw().to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            },
            getter,
            doc: attr::doc(&field.attrs),
            stored,
            attrs,
        }
    }

    /// Refuses its type if it cannot be stored; `native` if the item is a native row.
    pub fn refused(&self, cx: &Ctxt, native: bool) -> Refused {
        match &self.stored {
            Stored::As(ty) => {
                check::converted_type(cx, &self.ty);
                check::stored_type(cx, ty, native)
            }
            Stored::Itself | Stored::Phantom | Stored::Whole => check::stored_type(cx, &self.ty, native),
        }
    }

    /// Gives it the name of a column: the one that is written, or that of the method.
    pub fn named_as_column(self, cx: &Ctxt) -> Self {
        self.named(cx, COLUMN)
    }

    fn named(mut self, cx: &Ctxt, noun: &str) -> Self {
        self.name = match &self.attrs.rename {
            Some(name) => name.value(),
            None => {
                let name = self.getter.unraw().to_string();
                if let Some(expected) = column_fault(&name) {
                    let message = format_args!(
                        "the {noun} would be named `{name}`, expected {expected}: write `#[component(rename = \"...\")]`"
                    );
                    cx.at(self.getter.span(), message);
                }
                name
            }
        };
        self
    }

    /// Gives it the name of a member of a value type: as above, or its number in a tuple.
    pub fn named_as_member(self, cx: &Ctxt, shape: Shape) -> Self {
        if shape == Shape::Tuple && self.attrs.rename.is_none() {
            let name = self.label.clone();
            return Self { name, ..self };
        }
        self.named(cx, MEMBER)
    }

    /// The type that is stored.
    pub fn stored_type(&self, krate: &TokenStream) -> TokenStream {
        match &self.stored {
            Stored::Itself => self.ty.clone(),
            Stored::As(ty) => ty.clone(),
            Stored::Phantom => quote!(()),
            Stored::Whole => {
                let ty = &self.ty;
                quote!(#krate::Whole<#ty>)
            }
        }
    }

    /// `<Type as Field>` of the stored type, all at the place of the type: so whatever uses it is the same error if it is
    /// no field type, and said once.
    pub fn field(&self, krate: &TokenStream) -> TokenStream {
        let ty = self.stored_type(krate);
        let place = ty.span();
        let krate: TokenStream = krate
            .clone()
            .into_iter()
            .map(|mut token| {
                token.set_span(place);
                token
            })
            .collect();
        quote_spanned!(place=> <#ty as #krate::Field>)
    }

    /// The value to store, of the value of the field.
    pub fn to_stored(&self, value: TokenStream, krate: &TokenStream) -> TokenStream {
        let ty = &self.ty;
        match &self.stored {
            Stored::Itself => value,
            Stored::As(stored) => convert(value, ty, stored, krate),
            Stored::Phantom => quote!(()),
            Stored::Whole => quote!(#krate::Whole(#value)),
        }
    }

    /// The value of the field, of the stored value.
    pub fn of_stored(&self, stored: TokenStream, krate: &TokenStream) -> TokenStream {
        let ty = &self.ty;
        match &self.stored {
            Stored::Itself => stored,
            Stored::As(from) => convert(stored, from, ty, krate),
            Stored::Phantom => quote!(#krate::PhantomData),
            Stored::Whole => quote!(#stored.0),
        }
    }
}

/// What a field of a component is called in messages.
pub const COLUMN: &str = "column";
/// What a field of a value type or a variant is called in messages.
pub const MEMBER: &str = "field";

/// Refuses two fields of one name; `noun` is what they are called.
pub fn distinct(cx: &Ctxt, columns: &[Column], noun: &str) {
    let mut seen = std::collections::HashMap::new();
    for column in columns {
        if let Some(other) = seen.insert(column.name.as_str(), column) {
            let message =
                format_args!("two {noun}s are named `{}`: `{}` and `{}`", column.name, other.label, column.label);
            cx.at(column.span, message);
        }
    }
}
