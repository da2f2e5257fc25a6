//! The two types that a struct is stored and read as: its fields packed one after the other, and a view of these.
//!
//! A packed component and a struct as a value are the same in this; they differ in the names, in the heap place that a
//! row may end with, and in the trait that leads back to the struct.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Ident, Index, Member};

use super::{braces, described, name_of, quiet, semicolon, unsafe_token};
use crate::ast::Shape;
use crate::model::{Column, Item};

/// How a struct is packed.
pub struct Packing<'m> {
    pub item: &'m Item<'m>,
    pub shape: Shape,
    pub columns: &'m [Column<'m>],
    /// The name of the packed type.
    pub packed: &'m Ident,
    /// The name of the view.
    pub view: &'m Ident,
    pub purpose: Purpose,
}

/// What the packed type is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A row of a component: what has strings or lists ends with the place of its heap.
    Row,
    /// A part of rows.
    Value,
}

impl Packing<'_> {
    /// The last field of the packed type, which says where the heap is, in a row. In a value it holds nothing: it is there
    /// for the compiler to see that the type has a size, also where a field is none.
    pub fn place(&self) -> Member {
        match self.shape {
            Shape::Tuple => Member::Unnamed(Index { index: self.columns.len() as u32, span: Span::mixed_site() }),
            Shape::Named | Shape::Unit => Member::Named(Ident::new("__ecsdb_heap", Span::mixed_site())),
        }
    }

    /// The fields of the packed type with their values, of the fields of `self`, which `value` writes.
    pub fn pack(&self, value: impl Fn(&Column) -> TokenStream) -> TokenStream {
        let (krate, packed) = (self.item.krate(), self.packed);
        let fields = self.columns.iter().map(|column| {
            let (member, field) = (&column.member, column.field(krate));
            let value = column.to_stored(value(column), krate);
            quote!(#member: #field::pack(#value, __heap),)
        });
        let place = self.place();
        // The place stands behind all others: by then everything is in the heap.
        quote!(#packed { #(#fields)* #place: #krate::Place::of(__heap) })
    }

    /// The value of column of the reference `__packed`.
    pub fn unpack(&self, column: &Column) -> TokenStream {
        let krate = self.item.krate();
        let (member, field) = (&column.member, column.field(krate));
        column.of_stored(quote!(#field::unpack(&__packed.#member, __heap)), krate)
    }

    /// Both types.
    pub fn types(&self) -> TokenStream {
        let packed = self.packed_type();
        let view = self.view_type();
        quote!(#packed #view)
    }

    fn packed_type(&self) -> TokenStream {
        let Item { ident, vis, .. } = self.item;
        let (packed, quiet) = (self.packed, quiet());
        let doc = match self.purpose {
            Purpose::Row => format!(
                "`{}` as it is stored: its fields one after the other without gaps, little-endian, alignment 1.",
                ident.unraw()
            ),
            Purpose::Value => format!(
                "A `{}` in a packed row: its fields one after the other without gaps, little-endian, alignment 1.",
                ident.unraw()
            ),
        };
        let fields = self.columns.iter().map(|column| {
            let name = name_of(&column.member);
            let (vis, doc) = (column.vis, described(column, "Field"));
            let field = column.field(&self.item.krate.outside);
            quote!(#[doc = #doc] #vis #name #field::Packed)
        });
        let krate = &self.item.krate.outside;
        let (name, bytes) = (name_of(&self.place()), self.place_bytes(krate));
        let bytes = if self.purpose == Purpose::Row { quote!({ #bytes }) } else { bytes };
        let place = quote!(#name #krate::Place<#bytes>);
        let body = braces(self.shape, quote!(#(#fields,)* #place));
        let semicolon = semicolon(self.shape);
        quote! {
            #[doc = #doc]
            #quiet
            #[repr(C)]
            #vis struct #packed #body #semicolon
        }
    }

    /// How many bytes the place of the heap has, which are none in a value; `krate` is where generated code finds things.
    fn place_bytes(&self, krate: &TokenStream) -> TokenStream {
        if self.purpose == Purpose::Value {
            return quote!(0);
        }
        let fields = self.columns.iter().map(|column| column.field(krate));
        quote!(#krate::place_bytes(&[#(#fields::USES_HEAP),*]))
    }

    fn view_type(&self) -> TokenStream {
        let Item { ident, vis, params, .. } = self.item;
        let (packed, view) = (self.packed, self.view);
        let krate = &self.item.krate.outside;
        let quiet = quiet();
        let what = match self.purpose {
            Purpose::Row => "in its table, read without copying its row",
            Purpose::Value => "in a packed row, read without copying it",
        };
        let doc = format!("A `{}` {what}: one method for each field.", ident.unraw());
        let declared = params.declare(quote!('__row,));
        let bounds = params.bounds(&quote!(#krate), TokenStream::new());
        let ty = self.item.ty();
        let marker = (!params.is_empty()).then(|| quote!(marker: #krate::PhantomData<fn() -> #ty>,));
        quote! {
            #[doc = #doc]
            #quiet
            #vis struct #view #declared #bounds {
                packed: &'__row #packed,
                heap: #krate::Heap<'__row>,
                #marker
            }
        }
    }

    /// The implementations of both types.
    pub fn impls(&self) -> TokenStream {
        let packed = self.packed_impls();
        let view = self.view_impls();
        quote!(#packed #view)
    }

    fn packed_impls(&self) -> TokenStream {
        let (packed, krate) = (self.packed, self.item.krate());
        let unsafe_token = unsafe_token();
        let members: Vec<&Member> = self.columns.iter().map(|column| &column.member).collect();
        let mut place_bytes = TokenStream::new();
        let (has_heap, comparable) = match self.purpose {
            Purpose::Row => {
                let fields = self.columns.iter().map(|column| column.field(krate));
                place_bytes = quote! {
                    const __PLACE_BYTES: #krate::usize = #krate::place_bytes(&[#(#fields::USES_HEAP),*]);
                };
                (
                    quote!(const HAS_HEAP: #krate::bool = __PLACE_BYTES != 0;),
                    quote!(where for<'__any> #krate::Place<__PLACE_BYTES>: #krate::WithoutHeap<'__any>),
                )
            }
            Purpose::Value => (TokenStream::new(), TokenStream::new()),
        };
        let zeroable = (self.purpose == Purpose::Value).then(|| {
            quote! {
                #[automatically_derived]
                #unsafe_token impl #krate::Zeroable for #packed {}
            }
        });
        quote! {
            #place_bytes

            #unsafe_token impl #krate::Row for #packed {
                #has_heap
            }

            // Every packed form can be shared between threads. Said once: otherwise the compiler looks into the fields
            // wherever it matters, and complains of one that is no field type each time.
            #unsafe_token impl #krate::Send for #packed {}

            #unsafe_token impl #krate::Sync for #packed {}

            #zeroable

            #[automatically_derived]
            impl #krate::Clone for #packed {
                #[inline]
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl #krate::Copy for #packed {}

            #[automatically_derived]
            impl #krate::PartialEq for #packed #comparable {
                #[inline]
                fn eq(&self, __other: &Self) -> #krate::bool {
                    true #(&& self.#members == __other.#members)*
                }
            }
        }
    }

    fn view_impls(&self) -> TokenStream {
        let (view, krate) = (self.view, self.item.krate());
        let Item { vis, params, .. } = self.item;
        let ty = self.item.ty();
        let bounds = params.bounds(krate, TokenStream::new());
        let (declared, applied) = (params.declare(quote!('__row,)), params.apply(quote!('__row,)));
        let getters = self.columns.iter().map(|column| {
            let Column { vis, member, getter, .. } = column;
            let field = column.field(krate);
            let doc = described(column, "Field");
            quote! {
                #[doc = #doc]
                #[inline]
                #vis fn #getter(self) -> #field::View<'__row> {
                    #field::view(&self.packed.#member, self.heap)
                }
            }
        });
        let back = match self.purpose {
            Purpose::Row => quote!(<#ty as #krate::Component>::from_row),
            Purpose::Value => quote!(<#ty as #krate::Field>::unpack),
        };
        // A field of that name has the method; `From` is there in any case.
        let to_owned = (!self.columns.iter().any(|column| column.getter.unraw() == "to_owned")).then(|| {
            quote! {
                /// The whole value, copied out of its row.
                #[inline]
                #vis fn to_owned(self) -> #ty {
                    #back(self.packed, self.heap)
                }
            }
        });
        let same = self.columns.iter().map(|column| {
            let (member, field) = (&column.member, column.field(krate));
            quote!(&& #field::same((&self.packed.#member, self.heap), (&__other.packed.#member, __other.heap)))
        });
        quote! {
            impl #declared #view #applied #bounds {
                #(#getters)*
                #to_owned
            }

            #[automatically_derived]
            impl #declared #krate::Clone for #view #applied #bounds {
                #[inline]
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl #declared #krate::Copy for #view #applied #bounds {}

            #[automatically_derived]
            impl #declared #krate::PartialEq for #view #applied #bounds {
                #[inline]
                fn eq(&self, __other: &Self) -> #krate::bool {
                    true #(#same)*
                }
            }

            #[automatically_derived]
            impl #declared #krate::From<#view #applied> for #ty #bounds {
                #[inline]
                fn from(__view: #view #applied) -> Self {
                    #back(__view.packed, __view.heap)
                }
            }
        }
    }

    /// `Debug` of a type, whose body shows it.
    pub fn debug(&self, of: &Ident, body: impl ToTokens) -> TokenStream {
        let (krate, params) = (self.item.krate(), &self.item.params);
        let (declared, applied) = if of == self.view {
            (params.declare(quote!('__row,)), params.apply(quote!('__row,)))
        } else {
            (TokenStream::new(), TokenStream::new())
        };
        let bounds = if of == self.view { params.bounds(krate, TokenStream::new()) } else { TokenStream::new() };
        quote! {
            #[automatically_derived]
            impl #declared #krate::Debug for #of #applied #bounds {
                fn fmt(&self, __f: &mut #krate::Formatter<'_>) -> #krate::FmtResult {
                    #body
                }
            }
        }
    }

    /// The view of `__packed` with `__heap`.
    pub fn make_view(&self) -> TokenStream {
        let (view, krate) = (self.view, self.item.krate());
        let marker = (!self.item.params.is_empty()).then(|| quote!(marker: #krate::PhantomData,));
        quote!(#view { packed: __packed, heap: __heap, #marker })
    }

    /// The statement of the proof that the packed type is what the schema says.
    pub fn proof(&self) -> TokenStream {
        let (packed, krate) = (self.packed, self.item.krate());
        let fields = self.columns.iter().map(|column| column.field(krate));
        let place = self.place();
        super::refuse(
            self.item.ident.span(),
            quote!(#krate::packed_layout(
                &__OFFSETS,
                &[#(#krate::size_of::<#fields::Packed>()),*],
                #krate::offset_of!(#packed, #place),
                #krate::size_of::<#packed>(),
                #krate::align_of::<#packed>(),
            )),
        )
    }
}
