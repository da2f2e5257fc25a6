//! The derive macro of ecsdb. Depend on `ecsdb`, which re-exports it and documents it.
//!
//! The way of a derive: `ast` reads the item, `attr` its attributes, `check` and `params` refuse what cannot be stored,
//! `model` puts together what is left, and `expand` writes the code, or the little that keeps the first error the only
//! one. Errors are collected in a `ctxt` and reported together.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod ast;
mod attr;
mod check;
mod ctxt;
mod expand;
mod model;
mod names;
mod params;
mod schema;
mod toml_table;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a struct a component: the rows of one table.
///
/// Named, tuple and unit structs can be components. The fields are integers and floats of fixed width, `bool`,
/// `Entity`, `Option<Entity>`, and arrays of these.
///
/// By default the component is stored **packed**: field after field without gaps. The derive writes the row type
/// `HealthRow` and the view `HealthRef<'_>`, with one method for each field. With `#[repr(C)]` the struct is its own
/// row, read as `&Health` without any conversion; a struct with padding does not compile then.
///
/// For every field there is a typed column constant, `Health::C.hp`, as visible as the field.
///
/// # Attributes
///
/// On the struct:
/// - `#[component(table = "name")]`: the name of the table, otherwise that of the struct in snake case
/// - `#[component(row = Name)]`, `#[component(view = Name)]`: the names of the generated types
/// - `#[component(durability = "wal")]`, `"snapshot"` or `"none"`: how much of the table a log keeps
/// - `#[component(crate = path)]`: where `ecsdb` is, if not at `::ecsdb`
///
/// On a field:
/// - `#[component(rename = "name")]`: the name of the column in the schema
#[proc_macro_derive(Component, attributes(component))]
pub fn derive_component(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as ast::Input);
    expand::component(&input).into()
}

/// Makes a struct or an enum a value that can stand in components.
#[proc_macro_derive(Field, attributes(component))]
pub fn derive_field(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as ast::Input);
    expand::value(&input).into()
}

/// Declares the tables of a database. Call it as `ecsdb::schema!`, which is where it is documented.
#[doc(hidden)]
#[proc_macro]
pub fn schema(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as schema::Input);
    schema::expand(input).into()
}
