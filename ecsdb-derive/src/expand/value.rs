//! Writes the code of a value type: a struct or an enum that can stand in components.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::component::{Constants, constants, offsets};
use super::packing::{Packing, Purpose};
use super::{block, checks, enums, index, native, no_drop, placed, unsafe_token};
use crate::model::value::{Kind, Model, Struct};
use crate::model::{Column, Item, table_key};

/// The generated types and implementations.
pub fn value(model: &Model) -> TokenStream {
    let Model { item, kind, .. } = model;
    match kind {
        Kind::Enum(enumeration) => block(item, enums::value(item, enumeration)),
        Kind::Struct(of) => structure(item, of),
    }
}

/// The packed type and the view of a struct.
fn packing<'m>(item: &'m Item<'m>, of: &'m Struct<'m>) -> Packing<'m> {
    Packing { item, shape: of.shape, columns: &of.columns, packed: &of.packed, view: &of.view, purpose: Purpose::Value }
}

fn structure(item: &Item, of: &Struct) -> TokenStream {
    let (krate, ident, ty) = (item.krate(), item.ident, item.ty());
    let Struct { packed, view, columns, .. } = of;
    let unsafe_token = unsafe_token();
    let packing = packing(item, of);
    let types = packing.types();
    let impls = packing.impls();
    let debug = {
        let of_packed = match item.params.is_empty() {
            true => quote!(#krate::show_packed::<#ty>(__f, self)),
            false => quote!(#krate::Formatter::write_str(__f, "..")),
        };
        let of_packed = packing.debug(packed, of_packed);
        let of_view = packing.debug(view, quote!(#krate::show_value::<#ty>(__f, self.packed, self.heap)));
        quote!(#of_packed #of_view)
    };
    let (parts, named) = (parts(item, of, true), index::parts(item, columns));
    let proof = {
        let layout = packing.proof();
        let no_drop = no_drop(item, &columns.iter().collect::<Vec<_>>());
        let keys = table_keys(item, columns);
        checks(krate, quote!(#no_drop #layout #keys))
    };
    let offsets = offsets(item, columns, packed);
    let native = of.is_native.then(|| as_native(item, columns));
    let name = ident.unraw().to_string();
    let members = members(item, columns);
    let fields = columns.iter().map(|column| column.field(krate));
    let pack = packing.pack(|Column { member, .. }| quote!(self.#member));
    let unpack = columns.iter().map(|column| {
        let (member, value) = (&column.member, packing.unpack(column));
        quote!(#member: #value)
    });
    let make_view = packing.make_view();
    let (element, list_type, list) = lists(item, of.is_native, &quote!(#packed));
    let (declared, bounds) = (item.params.declare(TokenStream::new()), item.params.bounds(krate, TokenStream::new()));
    let applied = item.params.apply(quote!('__row,));
    let block = block(
        item,
        quote! {
            #offsets
            #proof
            #native
            #parts
            #named
            #impls
            #debug

            #[automatically_derived]
            #unsafe_token impl #declared #krate::Field for #ty #bounds {
                type Value = Self;
                type Packed = #packed;
                type Optional = #krate::Optional<#packed>;
                type Element = #element;
                type View<'__row> = #view #applied;
                type List<'__row> = #list_type;

                const TYPE: #krate::FieldType = #krate::struct_type(#name, const { &[#members] });
                const COLUMNS: #krate::u16 =
                    #krate::columns(&[#(#fields::COLUMNS),*]);

                #[inline]
                fn from_value(__value: Self) -> Self {
                    __value
                }

                #[inline]
                fn pack(self, __heap: &mut #krate::HeapBuf) -> #packed {
                    #pack
                }

                #[inline]
                fn unpack(__packed: &#packed, __heap: #krate::Heap<'_>) -> Self {
                    #ident { #(#unpack),* }
                }

                #[inline]
                fn view<'__row>(__packed: &'__row #packed, __heap: #krate::Heap<'__row>) -> #view #applied {
                    #make_view
                }

                #[inline]
                fn list<'__row>(
                    __elements: &'__row [#element],
                    __heap: #krate::Heap<'__row>,
                ) -> #list_type {
                    #list
                }
            }
        },
    );
    quote!(#types #block)
}

/// The constant `F` with the parts, which lie at [`offsets`] if the item `is_stored`.
pub fn parts(item: &Item, of: &Struct, is_stored: bool) -> TokenStream {
    let krate = item.krate();
    let constants_of = Constants {
        name: "F",
        suffix: "Parts",
        what: "Part",
        ty: quote!(Part),
        numbers: quote!(#krate::ColumnNumbers::of_struct()),
    };
    constants(item, of.shape, &of.columns, is_stored, &constants_of)
}

/// The members in the schema, separated by commas.
pub fn members(item: &Item, columns: &[Column]) -> TokenStream {
    let krate = item.krate();
    let members = columns.iter().map(|column| {
        let (name, field) = (&column.name, column.field(krate));
        quote!(#krate::member(#name, #field::TYPE))
    });
    quote!(#(#members),*)
}

/// What stands in a list of the type, what reading the list gives, and how it is made of `__elements`.
pub fn lists(item: &Item, is_native: bool, packed: &TokenStream) -> (TokenStream, TokenStream, TokenStream) {
    let krate = item.krate();
    match is_native {
        true => (quote!(#krate::Native<Self>), quote!(&'__row [Self]), quote!(#krate::Native::values(__elements))),
        false => (packed.clone(), quote!(#krate::List<'__row, Self>), quote!(#krate::List::new(__elements, __heap))),
    }
}

/// A struct whose own memory is a stored form as well: the same proof as for a component that is a native row.
fn as_native(item: &Item, columns: &[Column]) -> TokenStream {
    let (krate, ident) = (item.krate(), item.ident);
    let unsafe_token = unsafe_token();
    let align = native::align(item, columns);
    let proof = {
        // Those in memory, not those in the packed form.
        let (offsets, proof) = (offsets(item, columns, item.ident), native::proof(item, columns));
        checks(krate, quote!(#offsets #proof))
    };
    let unchanged = native::unchanged(item, columns);
    quote! {
        #proof
        #unchanged

        #[automatically_derived]
        #unsafe_token impl #krate::NativeField for #ident {
            const ALIGN: #krate::usize = #align as #krate::usize;
        }
    }
}

/// What only a table can have says nothing in a value: it is for a component, which the type must be as well then.
fn table_keys(item: &Item, columns: &[Column]) -> Option<TokenStream> {
    let (_, span) = columns.iter().find_map(table_key).filter(|_| item.params.is_empty())?;
    let krate = placed(item.krate(), span);
    let mut ident = item.ident.clone();
    ident.set_span(span);
    Some(quote_spanned!(span=> let _ = <#ident as #krate::Component>::TABLE;))
}
