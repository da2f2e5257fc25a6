//! What a derive can see to be impossible, said in the user's terms before the compiler says it in its own.
//!
//! It goes by the look of a type: an alias hides what it stands for. Nothing rests on these checks, the trait bounds
//! and the constants in the generated code decide; here is only the better text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{GenericArgument, GenericParam, Generics, PathArguments, Type};

use crate::ast::{Field, parse_all, without_group};
use crate::ctxt::Ctxt;

/// Refuses parameters: one table has one layout.
pub fn generics(cx: &Ctxt, generics: &Generics) {
    for param in &generics.params {
        let (what, instead) = match param {
            GenericParam::Lifetime(_) => ("a lifetime", "it owns its data: store the values themselves"),
            GenericParam::Type(_) => {
                ("a type parameter", "its table has one fixed layout: write one component for each type")
            }
            GenericParam::Const(_) => {
                ("a const parameter", "its table has one fixed layout: write one component for each value")
            }
        };
        cx.under(param, format_args!("a component cannot have {what}, {instead}"));
    }
    if generics.params.is_empty() && generics.where_clause.is_some() {
        cx.under(&generics.where_clause, "a component needs no `where` clause: remove it");
    }
}

/// What a refused field leaves possible, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Nothing is wrong with it.
    Nothing,
    /// The struct may be impossible to share between threads, or hold a borrow.
    Value,
    /// The struct has no size.
    Unsized,
}

/// Refuses the type of a field if it can be seen that it is no field type.
pub fn field(cx: &Ctxt, field: &Field) -> Refused {
    if has_macro(field.ty.clone()) {
        let message = "a macro can give a different type every time it is expanded: write the type out, or name it \
                       with `type` (and a length with `const`)";
        cx.under(&field.ty, message);
    } else if let Some(message) = problem(field.ty.clone()) {
        cx.under(&field.ty, message);
    } else {
        return Refused::Nothing;
    }
    match parse_all(field.ty.clone()) {
        Ok(Type::Slice(_) | Type::TraitObject(_)) => Refused::Unsized,
        Ok(Type::Path(ty)) if ty.path.is_ident("str") => Refused::Unsized,
        _ => Refused::Value,
    }
}

/// Whether something like `name!(...)` stands in the type, at any depth.
fn has_macro(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let call = tokens.windows(3).any(|window| match window {
        [TokenTree::Ident(_), TokenTree::Punct(bang), TokenTree::Group(group)] => {
            bang.as_char() == '!' && group.delimiter() != Delimiter::None
        }
        _ => false,
    });
    call || tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_macro(group.stream()),
        _ => false,
    })
}

/// What is wrong with a type, and what to write instead.
fn problem(tokens: TokenStream) -> Option<String> {
    let tokens = without_group(tokens);
    if let Some(element) = array_element(&tokens) {
        return problem(element);
    }
    let message = match parse_all::<Type>(tokens).ok()? {
        Type::Paren(ty) => return problem(quote::ToTokens::into_token_stream(ty.elem)),
        Type::Path(ty) => {
            let segment = ty.path.segments.last()?;
            return named(&segment.ident.to_string(), &segment.arguments);
        }
        Type::Reference(_) => "a component owns its data, it cannot hold a reference: store the value, or an `Entity`",
        Type::Ptr(_) => "a pointer means nothing in a saved row: store the value, or an `Entity`",
        Type::Slice(_) => "a slice has no fixed size: use an array `[T; N]`",
        Type::TraitObject(_) | Type::ImplTrait(_) => "a trait object cannot be stored: store the data it is made of",
        Type::FnPtr(_) => "a function cannot be stored: store a number that stands for it",
        Type::Tuple(ty) if ty.elems.is_empty() => "`()` holds nothing: leave the field out",
        Type::Tuple(_) => "a tuple has no fixed layout: make each element a field, or use an array",
        Type::Never(_) => "no row can hold a value of `!`: leave the field out",
        Type::Infer(_) => "the type of a column must be written out",
        _ => return None,
    };
    Some(message.to_owned())
}

/// The element type, if this is `[T; N]`. The length is any expression and is not looked at.
fn array_element(tokens: &TokenStream) -> Option<TokenStream> {
    let mut iter = tokens.clone().into_iter();
    let (Some(TokenTree::Group(group)), None) = (iter.next(), iter.next()) else { return None };
    if group.delimiter() != Delimiter::Bracket {
        return None;
    }
    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
    let semicolon =
        inner.iter().rposition(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'))?;
    Some(inner[..semicolon].iter().cloned().collect())
}

/// What is wrong with a type of this name, if it is one that people try.
fn named(name: &str, arguments: &PathArguments) -> Option<String> {
    let generic = !matches!(arguments, PathArguments::None);
    let instead = match (name, generic) {
        ("usize", false) => "has no fixed width: use `u64` or `u32`",
        ("isize", false) => "has no fixed width: use `i64` or `i32`",
        ("String" | "OsString" | "PathBuf", false) => {
            "has no fixed size: use a byte array `[u8; N]`, or the number of a text kept elsewhere"
        }
        ("str", false) => "has no fixed size: use a byte array `[u8; N]`",
        ("char", false) => "is not stored yet: use `u32` and convert with `u32::from` and `char::from_u32`",
        ("Vec" | "VecDeque" | "LinkedList" | "BinaryHeap", true) => {
            "has no fixed size: use an array `[T; N]` with a count, or a row for each element in a table of its own"
        }
        ("HashMap" | "BTreeMap" | "IndexMap", true) => {
            "has no fixed size: use an array of keys and one of values, or a row for each pair in a table of its own"
        }
        ("HashSet" | "BTreeSet" | "IndexSet", true) => {
            "has no fixed size: use an array `[T; N]` with a count, or a row for each member in a table of its own"
        }
        ("Box", true) => "is a pointer: store the value itself",
        ("Rc" | "Arc" | "Weak", true) => "is shared by pointer: store an `Entity` whose row holds the shared value",
        ("Cow", true) => "may be a pointer: store the value itself",
        ("Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "Mutex" | "RwLock" | "OnceLock", true) => {
            "can change behind a shared reference, rows change in transactions only: store the value itself"
        }
        ("AtomicBool", false) => "changes behind a shared reference, rows change in transactions only: use `bool`",
        (name, false) if name.starts_with("Atomic") => {
            "changes behind a shared reference, rows change in transactions only: use the plain integer"
        }
        ("Duration", false) => "is not stored yet: use `u64` nanoseconds or milliseconds",
        ("Instant" | "SystemTime", false) => {
            "means nothing in another process: use `u64` milliseconds of your own clock"
        }
        ("PhantomData", true) => "holds nothing: leave the field out",
        ("Option", true) => return optional(arguments),
        _ => return None,
    };
    Some(format!("`{name}` {instead}"))
}

/// `Option` is for entities; for anything else say how to write it until more are stored.
fn optional(arguments: &PathArguments) -> Option<String> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    let [GenericArgument::Type(Type::Path(inner))] = arguments.args.iter().collect::<Vec<_>>()[..] else { return None };
    match inner.path.segments.last()?.ident.to_string().as_str() {
        name @ ("bool" | "u8" | "u16" | "u32" | "u64" | "u128" | "i8" | "i16" | "i32" | "i64" | "i128" | "f32"
        | "f64") => Some(format!(
            "`Option<{name}>` is not stored yet, only `Option<Entity>` is: use `{name}` with a `bool` beside it"
        )),
        _ => None,
    }
}
