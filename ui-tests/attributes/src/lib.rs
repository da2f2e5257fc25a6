//! Attribute macros that change a struct behind the back of a derive above them, for the cases in `ui-tests`.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Adds the field in the parentheses: `#[add_field(extra: u64)]`.
#[proc_macro_attribute]
pub fn add_field(field: TokenStream, item: TokenStream) -> TokenStream {
    with_fields(item, |fields| fields.into_iter().chain(field.clone()).collect())
}

/// Makes every `u32` an `f32`.
#[proc_macro_attribute]
pub fn floats(_: TokenStream, item: TokenStream) -> TokenStream {
    with_fields(item, |fields| {
        let replace = |token: TokenTree| match token {
            TokenTree::Ident(ident) if ident.to_string() == "u32" => {
                TokenTree::Ident(proc_macro::Ident::new("f32", ident.span()))
            }
            token => token,
        };
        fields.into_iter().map(replace).collect()
    })
}

/// Puts the attribute in the parentheses on the struct: `#[add_attribute(#[repr(align(16))])]`.
#[proc_macro_attribute]
pub fn add_attribute(attribute: TokenStream, item: TokenStream) -> TokenStream {
    attribute.into_iter().chain(item).collect()
}

/// The struct with other tokens between its braces.
fn with_fields(item: TokenStream, change: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
    item.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                TokenTree::Group(Group::new(Delimiter::Brace, change(group.stream())))
            }
            token => token,
        })
        .collect()
}
