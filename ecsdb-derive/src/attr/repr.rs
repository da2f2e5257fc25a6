//! `#[repr(...)]`: how an item asks to lie in memory.

use proc_macro2::{Span, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Meta};

use super::item::{is, split_at_commas};
use crate::ctxt::Ctxt;

/// What the `#[repr(...)]` of an item says.
#[derive(Clone, Copy, Default)]
pub struct Repr {
    /// `C` or `transparent`.
    pub is_native: bool,
    /// The integer that an enum is stored as, if it is one that a tag can be.
    pub tag: Option<TagRepr>,
    packed: Option<Span>,
    align: Option<Span>,
}

/// The integer that an enum is stored as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TagRepr {
    U8,
    U16,
    U32,
}

impl TagRepr {
    /// Bytes of the tag.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
        }
    }

    /// Its name in Rust.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
        }
    }
}

impl Repr {
    /// Reads `#[repr(...)]`, also where it is written `#[r#repr(...)]`.
    pub fn parse(attrs: &[Attribute]) -> Self {
        let mut repr = Self::default();
        for attr in attrs.iter().filter(|attr| is(attr, "repr")) {
            let Meta::List(list) = &attr.meta else { continue };
            for part in split_at_commas(list.tokens.clone()) {
                let span = part.span();
                let Some(TokenTree::Ident(hint)) = part.into_iter().next() else { continue };
                match hint.to_string().trim_start_matches("r#") {
                    "C" | "transparent" => repr.is_native = true,
                    "packed" => repr.packed = Some(span),
                    "align" => repr.align = Some(span),
                    "u8" => repr.tag = Some(TagRepr::U8),
                    "u16" => repr.tag = Some(TagRepr::U16),
                    "u32" => repr.tag = Some(TagRepr::U32),
                    // What else there is makes no difference to what is stored, or is for the compiler to refuse.
                    _ => {}
                }
            }
        }
        repr
    }

    /// Refuses what no row can have.
    pub fn check(&self, cx: &Ctxt) {
        if let Some(span) = self.packed {
            cx.at(span, "drop `packed`: what is stored has no padding anyway");
        }
        if let Some(span) = self.align {
            cx.at(span, "drop `align`: it would put padding into every row; rows are as aligned as their fields");
        }
    }
}
