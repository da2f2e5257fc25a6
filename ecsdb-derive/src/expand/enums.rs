//! Writes how an enum is stored: its type in the schema, and the way to the tag and the fields of a variant and back.
//!
//! The bytes themselves are handled by `packed::Enum`; the generated code only says which fields come in which order.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::{checks, no_drop, refuse, unsafe_token};
use crate::ast::Shape;
use crate::model::{Column, Discriminants, Enumeration, Item, Variant};

/// The code that is the same wherever the enum stands.
struct Codec {
    /// Constants that the rest refers to, and checks.
    before: TokenStream,
    /// The packed type.
    packed: TokenStream,
    /// The value of `TYPE`.
    field_type: TokenStream,
    /// The bodies of `pack` and `unpack`.
    pack: TokenStream,
    unpack: TokenStream,
}

/// The implementation for an enum that is a component: it can be stored as a whole.
pub fn whole(item: &Item, enumeration: &Enumeration) -> TokenStream {
    let (krate, ty) = (item.krate(), item.ty());
    let (declared, bounds) = (item.params.declare(TokenStream::new()), item.params.bounds(krate, TokenStream::new()));
    let unsafe_token = unsafe_token();
    let Codec { before, packed, field_type, pack, unpack } = codec(item, enumeration);
    quote! {
        #before

        #[automatically_derived]
        #unsafe_token impl #declared #krate::WholeValue for #ty #bounds {
            type Packed = #packed;

            const TYPE: #krate::FieldType = #field_type;

            #[inline]
            fn pack(self, __heap: &mut #krate::HeapBuf) -> #packed {
                #pack
            }

            #[inline]
            fn unpack(__packed: &#packed, __heap: #krate::Heap<'_>) -> Self {
                #unpack
            }
        }
    }
}

/// The implementation for an enum that is a field type.
pub fn value(item: &Item, enumeration: &Enumeration) -> TokenStream {
    let (krate, ty) = (item.krate(), item.ty());
    let (declared, bounds) = (item.params.declare(TokenStream::new()), item.params.bounds(krate, TokenStream::new()));
    let unsafe_token = unsafe_token();
    let Codec { before, packed, field_type, pack, unpack } = codec(item, enumeration);
    let (element, list_type, list) = super::value::lists(item, enumeration.is_native, &packed);
    let native = enumeration.is_native.then(|| {
        let align = enumeration.tag_bytes;
        quote! {
            #[automatically_derived]
            #unsafe_token impl #krate::NativeField for #ty {
                const ALIGN: #krate::usize = #align;
            }
        }
    });
    quote! {
        #before
        #native

        #[automatically_derived]
        #unsafe_token impl #declared #krate::Field for #ty #bounds {
            type Value = Self;
            type Packed = #packed;
            type Optional = #krate::Optional<#packed>;
            type Element = #element;
            type View<'__row> = Self;
            type List<'__row> = #list_type;

            const TYPE: #krate::FieldType = #field_type;

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
                #unpack
            }

            #[inline]
            fn view<'__row>(__packed: &'__row #packed, __heap: #krate::Heap<'__row>) -> Self {
                <Self as #krate::Field>::unpack(__packed, __heap)
            }

            #[inline]
            fn list<'__row>(
                __elements: &'__row [#element],
                __heap: #krate::Heap<'__row>,
            ) -> #list_type {
                #list
            }
        }
    }
}

fn codec(item: &Item, enumeration: &Enumeration) -> Codec {
    let (krate, ident, ty) = (item.krate(), item.ident, item.ty());
    let tag_bytes = enumeration.tag_bytes;
    let sizes = enumeration.variants.iter().filter(|variant| !variant.columns.is_empty()).map(|variant| {
        let fields = variant.columns.iter().map(|column| column.field(krate));
        quote!(&[#(#krate::size_of::<#fields::Packed>()),*])
    });
    let packed = quote!(#krate::Enum<#ty, __BYTES>);
    let name = ident.unraw().to_string();
    let variants = enumeration.variants.iter().enumerate().map(|(index, variant)| {
        let tag = tag(enumeration, index);
        described(item, variant, &tag)
    });
    let field_type = quote! {
        #krate::enum_type(#name, #tag_bytes as #krate::u8, const { &[#(#variants),*] })
    };
    let arms = enumeration.variants.iter().enumerate().map(|(index, variant)| pack(item, enumeration, index, variant));
    let pack = quote!(match self { #(#arms)* });
    let arms = enumeration.variants.iter().enumerate().map(|(index, variant)| {
        let (tag, value) = (tag(enumeration, index), unpack(item, variant));
        quote!(#tag => #value,)
    });
    let payload = enumeration
        .variants
        .iter()
        .any(|variant| !variant.columns.is_empty())
        .then(|| quote!(let mut __payload = #krate::Payload::new(__packed, #tag_bytes);));
    let unpack = quote! {
        #payload
        match #krate::tag(__packed, #tag_bytes) {
            #(#arms)*
            __tag => #krate::no_variant(#name, __tag),
        }
    };
    let (tags, proof) = (tags(enumeration, krate), proof(item, enumeration));
    let before = quote! {
        const __BYTES: #krate::usize = #krate::enum_bytes(#tag_bytes, &[#(#sizes),*]);
        #tags
        #proof
    };
    Codec { before, packed, field_type, pack, unpack }
}

/// The tag of variant number `index`: a number, or a constant.
fn tag(enumeration: &Enumeration, index: usize) -> TokenStream {
    match enumeration.discriminants {
        Discriminants::Numbers => {
            let number = Literal::u32_suffixed(index as u32);
            quote!(#number)
        }
        Discriminants::Written(_) => {
            let name = tag_name(index);
            quote!(#name)
        }
    }
}

fn tag_name(index: usize) -> Ident {
    format_ident!("__TAG_{}", index, span = Span::mixed_site())
}

/// The constants that the tags are where discriminants are written out. Each follows the one before, as in the enum.
fn tags(enumeration: &Enumeration, krate: &TokenStream) -> TokenStream {
    let Discriminants::Written(repr) = enumeration.discriminants else { return TokenStream::new() };
    let repr = Ident::new(repr.name(), Span::call_site());
    let mut next = quote!(0);
    let constants = enumeration.variants.iter().enumerate().map(|(index, variant)| {
        let name = tag_name(index);
        let value = match variant.discriminant {
            Some(expression) => expression.clone(),
            None => next.clone(),
        };
        next = quote!((#name + 1) as #krate::#repr);
        quote! {
            const #name: #krate::u32 = {
                const __DISCRIMINANT: #krate::#repr = #value;
                __DISCRIMINANT as #krate::u32
            };
        }
    });
    quote!(#(#constants)*)
}

/// The checks that nobody has put `Drop` on the enum, and that the tags are what a native one has in memory.
fn proof(item: &Item, enumeration: &Enumeration) -> TokenStream {
    let (krate, ident) = (item.krate(), item.ident);
    let columns: Vec<&Column> = enumeration.variants.iter().flat_map(|variant| &variant.columns).collect();
    let no_drop = no_drop(item, &columns);
    let native = enumeration.is_native.then(|| {
        let pairs = enumeration.variants.iter().enumerate().map(|(index, variant)| {
            let (name, tag) = (variant.ident, tag(enumeration, index));
            quote!((#ident::#name as #krate::u32, #tag))
        });
        let bytes = enumeration.tag_bytes;
        let size = quote!(#krate::size_of::<#ident>());
        refuse(ident.span(), quote!(#krate::native_enum(#size, #bytes, &[#(#pairs),*])))
    });
    checks(krate, quote!(#no_drop #native))
}

/// The variant in the schema.
fn described(item: &Item, variant: &Variant, tag: &TokenStream) -> TokenStream {
    let krate = item.krate();
    let Variant { name, renamed_from, columns, .. } = variant;
    let members = super::value::members(item, columns);
    let renamed_from = renamed_from.as_ref().map(syn::LitStr::value).unwrap_or_default();
    if columns.is_empty() && renamed_from.is_empty() {
        return quote!(#krate::unit_variant(#name, #tag));
    }
    quote!(#krate::variant(#name, #tag, #renamed_from, const { &[#members] }))
}

/// Puts a variant into its packed form.
fn pack(item: &Item, enumeration: &Enumeration, index: usize, variant: &Variant) -> TokenStream {
    let (krate, ident, name) = (item.krate(), item.ident, variant.ident);
    let (tag, tag_bytes) = (tag(enumeration, index), enumeration.tag_bytes);
    let unsafe_token = unsafe_token();
    let new = quote!(#unsafe_token { #krate::Packer::new(#tag_bytes, #tag) });
    if variant.columns.is_empty() {
        return quote!(#ident::#name { .. } => #krate::Packer::finish(#new),);
    }
    let bindings: Vec<Ident> = (0..variant.columns.len()).map(binding).collect();
    let members = variant.columns.iter().map(|column| &column.member);
    let fields = variant.columns.iter().zip(&bindings).map(|(column, binding)| {
        let field = column.field(krate);
        let value = column.to_stored(quote!(#binding), krate);
        quote!(#krate::Packer::put(&mut __packer, #field::pack(#value, __heap));)
    });
    quote! {
        #ident::#name { #(#members: #bindings),* } => {
            let mut __packer = #new;
            #(#fields)*
            #krate::Packer::finish(__packer)
        }
    }
}

/// The value of a variant, whose fields come from `__payload`.
fn unpack(item: &Item, variant: &Variant) -> TokenStream {
    let (krate, ident, name) = (item.krate(), item.ident, variant.ident);
    let unsafe_token = unsafe_token();
    let fields = variant.columns.iter().map(|column| {
        let (member, field) = (&column.member, column.field(krate));
        let next = quote!(#unsafe_token { #krate::Payload::next(&mut __payload) });
        let value = column.of_stored(quote!(#field::unpack(#next, __heap)), krate);
        quote!(#member: #value)
    });
    match variant.shape {
        Shape::Unit => quote!(#ident::#name),
        Shape::Named | Shape::Tuple => quote!(#ident::#name { #(#fields),* }),
    }
}

fn binding(index: usize) -> Ident {
    format_ident!("__field_{}", index, span = Span::mixed_site())
}
