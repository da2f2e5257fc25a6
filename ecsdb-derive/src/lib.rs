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
#[cfg(test)]
mod golden;
mod model;
mod names;
mod params;
mod schema;
mod toml_table;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a struct or an enum a component: the rows of one table.
///
/// Named, tuple and unit structs can be components; one without fields is a tag, stored by presence. An enum is a component
/// with one column, `value`.
///
/// # How it is stored
///
/// By default **packed**: field after field without gaps. The derive writes the row type `HealthRow` and the view
/// `HealthRef<'_>`, a small `Copy` value with one method for each field, `to_owned()` for the whole component, and `Debug` and
/// `==` by value, whether or not the types of the fields have them. Numbers, `bool` and enums are read by value, arrays,
/// strings and lists without copying them.
///
/// With `#[repr(C)]` the struct is a **native row**: it is stored as it lies in memory, and read as `&Health` without any conversion; a struct with padding does not
/// compile then, and its fields are types with a fixed form in memory: numbers of fixed width, `bool`, `char`, `Entity`,
/// `Ref<T>`, `NonZero`, `Option` of the last three, `FixedStr<N>`, arrays, and structs with `#[repr(C)]` and enums without data
/// and with `#[repr(u8)]`, `u16` or `u32` that derive [`Field`](derive@Field).
///
/// Strings and lists stand in the *heap* of the row. A row with such fields ends with eight bytes that say where its heap
/// is.
///
/// For every field there is a typed column constant, `Health::C.hp`, as visible as the field; for a part of a nested struct
/// `Unit::C.pos.at(Pos::F.x)`.
///
/// # Fields
///
/// All integers and floats, `bool`, `char`, `NonZero`, `Duration`, `Entity`, `Ref<T>`, `String`, `Cow<'static, str>`, `FixedStr<N>`,
/// `()`, `PhantomData`; arrays, `Option`, `Vec`, `VecDeque`, tuples and ranges of any of these; and types that derive
/// [`Field`](derive@Field). Types of other crates are stored through a type of one's own, with `as`.
///
/// Type parameters are allowed where they stand inside of `PhantomData` only, and get the bounds `Send + Sync + 'static`. All
/// instances of such a component are called alike, so a database has one of them.
///
/// # Attributes
///
/// All in `#[component(...)]`. On the struct or enum:
///
/// | key | meaning |
/// |---|---|
/// | `table = "name"` | the name of the table, otherwise that of the type in snake case |
/// | `renamed_from = "name"` | the name that the table had before |
/// | `version = 3` | the version of the table, as its author counts |
/// | `deprecated = "why"` | it should not be used any more |
/// | `durability = "wal"` | how much of the table a log keeps: `"wal"`, `"snapshot"` or `"none"` |
/// | `schema = "path.toml"` | does not compile if the table in this file has other fields; the path starts at the folder of `Cargo.toml` |
/// | `size = 16` | does not compile if a row has another size in bytes |
/// | `row = Name`, `view = Name` | the names of the generated types |
/// | `index(name = "name", columns(a, b.c), unique)` | an index over columns, also of parts of structs; further keys are `hash`, `spatial(cell = 8.0)` for two or three numbers that are a place, and `total_order`, with which floats can be keys |
/// | `crate = path` | where `ecsdb` is, if not at `::ecsdb` |
///
/// On a field:
///
/// | key | meaning |
/// |---|---|
/// | `rename = "name"` | the name of the column in the schema |
/// | `renamed_from = "name"` | the name that the column had before |
/// | `default = expression` | its value in rows that were stored before it was there; of the type of the field |
/// | `since = 3` | the version of the table in which it came |
/// | `deprecated = "why"` | it should not be used any more; only then may a later schema leave it out |
/// | `as = Type` | it is stored as this type, a field type to and from which there are `From` conversions; options, arrays, tuples and collections are taken apart, so a map can be stored as `Vec<(K, V)>` |
/// | `offset = 4` | does not compile if it lies at another byte of the row |
/// | `references = Component` | an `Entity` that has a row in that table; a `Ref<Component>` says so by its type |
/// | `on_delete = "cascade"` | what happens when the row goes that a reference leads to: `"restrict"`, `"cascade"`, `"remove"` or `"set_null"` |
/// | `cardinality = "one"` | no two rows refer to the same one |
/// | `index`, `unique` | an index on it; no two rows have the same value. Also `= "hash"` and `(total_order)` |
/// | `auto_increment` | a row that is inserted with a 0 there gets the next number |
///
/// On a variant: `rename = "Name"` and `renamed_from = "Name"`. On its fields: `rename` and `as`.
///
/// Indexes have typed handles, `Item::I.by_owner`, as visible as the least visible of their columns.
///
/// **Not there yet**: `replicate`, how a table is replicated, does not compile.
#[proc_macro_derive(Component, attributes(component))]
pub fn derive_component(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as ast::Input);
    expand::component(&input).into()
}

/// Makes a struct or an enum a value that can stand in components, in other values, and in lists.
///
/// It needs none of the usual traits. It can be a component as well: `#[derive(Component, Field)]`.
///
/// A **struct** is stored as its fields one after the other, as `PosPacked`, and read as `PosView<'_>`, with one method
/// for each field and `to_owned()`. Its parts are columns too: `Mob::C.pos.at(Pos::F.x)` is `pos.x`. With `#[repr(C)]` it can
/// stand in native rows as well, and a list of it is read as `&[Pos]`; a struct with padding does
/// not compile then.
///
/// An **enum** is stored as a tag, the fields of the variant, and zeros up to the size of the largest variant, and read by
/// value. The tag is the number of the variant, in one byte, or two for more than 256 variants; discriminants make no difference
/// to what is stored. With `#[repr(u8)]`, `u16` or `u32` the tag is the discriminant; without data the enum can then stand in
/// native rows, and a list of it is read as a slice.
///
/// Attributes are those of [`Component`](derive@Component): `crate` on the type, `rename` and `as` on fields, `rename` and
/// `renamed_from` on variants. What is about tables is for a component, which the type must be too.
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
