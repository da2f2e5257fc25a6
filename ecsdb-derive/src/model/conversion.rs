//! The conversion between the type of a field and the one that it is stored as, with `as`.
//!
//! Nobody can write `From<Option<Theirs>> for Option<Mine>`, so what both types are made of is taken apart here: options,
//! arrays, tuples and collections. At the end stands a `From`. It goes by the look of the types, as `check` does.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{GenericArgument, PathArguments, Type};

use crate::ast::{parse_all, without_group};
use crate::check::array_element;

/// What a type looks like.
enum Look {
    Option(TokenStream),
    Array(TokenStream),
    /// A list, a set or a map: what it gives one after the other.
    Collection(TokenStream),
    Tuple(Vec<TokenStream>),
    Other,
}

/// The expression that makes a `to` of `value`, which is a `from`; `krate` is where the derive's names are.
pub fn convert(value: TokenStream, from: &TokenStream, to: &TokenStream, krate: &TokenStream) -> TokenStream {
    let each = |function: &str, from: &TokenStream, to: &TokenStream| {
        let function = format_ident!("{function}");
        let converted = convert(quote!(__each), from, to, krate);
        quote!(#krate::#function(#value, |__each| #converted))
    };
    match (look(from), look(to)) {
        (Look::Option(from), Look::Option(to)) => each("convert_optional", &from, &to),
        (Look::Array(from), Look::Array(to)) => each("convert_array", &from, &to),
        (Look::Collection(from), Look::Collection(to)) => each("convert_all", &from, &to),
        (Look::Tuple(from), Look::Tuple(to)) if from.len() == to.len() => {
            let names: Vec<_> = (0..from.len()).map(|number| format_ident!("__part_{number}")).collect();
            let parts = names.iter().zip(from.iter().zip(&to));
            let parts = parts.map(|(name, (from, to))| convert(name.to_token_stream(), from, to, krate));
            quote!({
                let (#(#names,)*) = #value;
                (#(#parts,)*)
            })
        }
        _ => quote!(<#to as #krate::From<#from>>::from(#value)),
    }
}

fn look(ty: &TokenStream) -> Look {
    let tokens = without_group(ty.clone());
    if let Some(element) = array_element(&tokens) {
        return Look::Array(element);
    }
    match parse_all::<Type>(tokens) {
        Ok(Type::Paren(ty)) => look(&ty.elem.into_token_stream()),
        Ok(Type::Tuple(ty)) if !ty.elems.is_empty() => {
            Look::Tuple(ty.elems.into_iter().map(ToTokens::into_token_stream).collect())
        }
        Ok(Type::Path(ty)) => match ty.path.segments.last() {
            Some(segment) => generic(&segment.ident.to_string(), &segment.arguments),
            None => Look::Other,
        },
        _ => Look::Other,
    }
}

fn generic(name: &str, arguments: &PathArguments) -> Look {
    let PathArguments::AngleBracketed(arguments) = arguments else { return Look::Other };
    let types = arguments.args.iter().filter(|argument| matches!(argument, GenericArgument::Type(_)));
    let types: Vec<TokenStream> = types.map(ToTokens::to_token_stream).collect();
    // Behind these may stand a hasher.
    match (name, &types[..]) {
        ("Option", [inner]) => Look::Option(inner.clone()),
        ("Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "BTreeSet" | "ArrayVec", [element])
        | ("HashSet" | "IndexSet", [element, ..]) => Look::Collection(element.clone()),
        ("HashMap" | "BTreeMap" | "IndexMap", [key, value, ..]) => Look::Collection(quote!((#key, #value))),
        ("SmallVec", [array]) => array_element(array).map_or(Look::Other, Look::Collection),
        _ => Look::Other,
    }
}
