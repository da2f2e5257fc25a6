//! The `SCHEMA` constant, and the comparison with a schema file.

use std::fs;
use std::path::Path;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::refuse;
use crate::ctxt::Ctxt;
use crate::model::Column;
use crate::model::component::{Model, Storage};
use crate::model::index::{Index, Kind};
use crate::names::nearest;
use crate::toml_table::{Fields, table};

/// `TABLE` and `SCHEMA`; the columns lie in a row of type `row`, which has the alignment `align`.
pub fn constants(model: &Model, row: &Ident, align: &TokenStream) -> TokenStream {
    let krate = model.item.krate();
    let (table, doc) = (&model.table, &model.item.doc);
    let layout = match model.storage {
        Storage::Native if !model.is_tag() => quote!(Native),
        // Nothing lies in memory the same way in both.
        Storage::Native | Storage::Packed => quote!(Packed),
    };
    let durability = Ident::new(model.durability, Span::call_site());
    let renamed_from = model.attrs.renamed_from.as_ref().map(syn::LitStr::value).unwrap_or_default();
    let version = model.attrs.version.map_or(0, |version| version.value);
    let deprecated = optional_text(model.attrs.deprecated.as_ref(), krate);
    let fields = model.columns.iter().enumerate().map(|(index, column)| related(model, column, index));
    let indexes = model.indexes.iter().map(|of| index(of, krate));
    quote! {
        const TABLE: &'static #krate::str = #table;

        const SCHEMA: &'static #krate::TableSchema = &#krate::TableSchema {
            name: #krate::Cow::Borrowed(#table),
            doc: #krate::Cow::Borrowed(#doc),
            renamed_from: #krate::Cow::Borrowed(#renamed_from),
            version: #version,
            deprecated: #deprecated,
            layout: #krate::RowLayout::#layout,
            size: #krate::size_of::<#row>() as #krate::u32,
            align: #align,
            key: #krate::None,
            durability: #krate::Durability::#durability,
            fields: #krate::Cow::Borrowed(&[#(#fields),*]),
            indexes: #krate::Cow::Borrowed(&[#(#indexes),*]),
        };
    }
}

/// The schema of an index.
fn index(of: &Index, krate: &TokenStream) -> TokenStream {
    let (name, unique, total_order) = (&of.name, of.unique.is_some(), of.total_order);
    let columns = of.columns.iter().map(|column| column.path.join("."));
    let kind = match of.kind {
        Kind::Ordered => quote!(Ordered),
        Kind::Hash => quote!(Hash),
        Kind::Grid(cell) => quote!(Grid { cell: #cell }),
    };
    quote! {
        #krate::IndexSchema {
            name: #krate::Cow::Borrowed(#name),
            columns: #krate::Cow::Borrowed(&[#(#krate::Cow::Borrowed(#columns)),*]),
            kind: #krate::IndexKind::#kind,
            unique: #unique,
            total_order: #total_order,
        }
    }
}

/// The schema of a field, with what is said about references and counting.
fn related(model: &Model, column: &Column, index: usize) -> TokenStream {
    let (krate, attrs) = (model.item.krate(), &column.attrs);
    let mut field = field(model, column, index);
    if attrs.references.is_some() || attrs.on_delete.is_some() || attrs.cardinality.is_some() {
        let table = match &attrs.references {
            Some(path) => {
                let table = quote_spanned!(path.span()=> <#path as #krate::Component>::TABLE);
                quote!(#krate::Some(#table))
            }
            None => quote!(#krate::None),
        };
        let on_delete = match attrs.on_delete.as_ref().map(syn::LitStr::value).as_deref() {
            Some("cascade") => quote!(Cascade),
            Some("remove") => quote!(Remove),
            Some("set_null") => quote!(SetNull),
            _ => quote!(Restrict),
        };
        let cardinality = match attrs.cardinality.as_ref().map(syn::LitStr::value).as_deref() {
            Some("one") => quote!(One),
            _ => quote!(Many),
        };
        let (on_delete, cardinality) =
            (quote!(#krate::OnDelete::#on_delete), quote!(#krate::Cardinality::#cardinality));
        field = quote!(#krate::referring(#field, #table, #on_delete, #cardinality));
    }
    match attrs.auto_increment {
        Some(_) => quote!(#krate::counted(#field)),
        None => field,
    }
}

fn field(model: &Model, column: &Column, index: usize) -> TokenStream {
    let krate = model.item.krate();
    let Column { name, doc, ty, .. } = column;
    let (stored, of) = (column.stored_type(krate), column.field(krate));
    let head = quote! {
        #name,
        #doc,
        #of::TYPE,
        __OFFSETS[#index]
    };
    let attrs = &column.attrs;
    let is_plain =
        attrs.renamed_from.is_none() && attrs.default.is_none() && attrs.since.is_none() && attrs.deprecated.is_none();
    if is_plain {
        return quote!(#krate::field(#head));
    }
    let renamed_from = attrs.renamed_from.as_ref().map(syn::LitStr::value).unwrap_or_default();
    let since = attrs.since.map_or(0, |since| since.value);
    let deprecated = optional_text(attrs.deprecated.as_ref(), krate);
    let default = match &attrs.default {
        None => quote!(#krate::None),
        Some(value) => {
            let converted = column.to_stored(quote!(__value), krate);
            quote! {
                #krate::Some(#krate::DefaultValue::Made(|| {
                    let __value: #ty = #value;
                    #krate::Encoded::of::<#stored>(#converted)
                }))
            }
        }
    };
    quote!(#krate::evolved_field(#head, #renamed_from, #default, #since, #deprecated))
}

fn optional_text(text: Option<&syn::LitStr>, krate: &TokenStream) -> TokenStream {
    match text {
        Some(text) => quote!(#krate::Some(#krate::Cow::Borrowed(#text))),
        None => quote!(#krate::None),
    }
}

/// What `schema = "..."` asks for: a statement that holds the component against the table in the file, and what makes the
/// compiler look again when the file has changed.
pub struct Drift {
    pub statement: TokenStream,
    pub tracking: TokenStream,
}

impl Drift {
    /// No comparison.
    pub fn none() -> Self {
        Self { statement: TokenStream::new(), tracking: TokenStream::new() }
    }
}

/// The comparison with the schema file, if one is named. What is wrong with the file is reported to `cx`.
pub fn drift(cx: &Ctxt, model: &Model) -> Option<Drift> {
    let path = model.attrs.schema.as_ref().filter(|_| model.item.params.is_empty())?;
    let folder = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let file = path.value();
    let text = match fs::read_to_string(Path::new(&folder).join(&file)) {
        Ok(text) => text,
        Err(error) => {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => error.to_string(),
            };
            let message =
                format_args!("cannot read the schema `{file}`: {why}; the path starts at the folder of `Cargo.toml`");
            cx.at(path.span(), message);
            return None;
        }
    };
    let fields = match table(&text, &model.table) {
        Fields::Read(fields) => fields,
        Fields::NoTable(tables) => {
            let names: Vec<&str> = tables.iter().map(String::as_str).collect();
            let hint = match nearest(&model.table, &names) {
                Some(near) => format!(", did you mean `{near}`?"),
                None if names.is_empty() => String::new(),
                None => format!(": there is `{}`", names.join("`, `")),
            };
            cx.at(path.span(), format_args!("the schema `{file}` has no table `{}`{hint}", model.table));
            return None;
        }
        Fields::Unreadable(line) => {
            let message = format_args!(
                "cannot compare with line {line} of `{file}`: write each field under `[[tables.{}.fields]]`, with \
                 `name` and `type` on lines of their own",
                model.table
            );
            cx.at(path.span(), message);
            return None;
        }
    };
    let (krate, ident) = (model.item.krate(), model.item.ident);
    let (names, types): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let schema = quote!(<#ident as #krate::Component>::SCHEMA);
    let statement = refuse(path.span(), quote!(#krate::drift(#file, #schema, &[#((#names, #types)),*])));
    let tracking = quote! {
        const _: &[#krate::u8] =
            #krate::core::include_bytes!(#krate::core::concat!(#krate::core::env!("CARGO_MANIFEST_DIR"), "/", #path));
    };
    Some(Drift { statement, tracking })
}
