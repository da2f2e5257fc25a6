//! x

mod schema;

/// Declares the tables of a database. Call it as `ecsdb::schema!`, which is where it is documented.
#[doc(hidden)]
#[proc_macro]
pub fn schema(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    schema::expand(syn::parse_macro_input!(input as schema::Input)).into()
}
