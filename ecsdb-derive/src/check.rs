//! What a derive can see to be impossible, said in the user's terms before the compiler says it in its own.
//!
//! It goes by the look of a type: an alias hides what it stands for. Nothing rests on these checks, the trait bounds
//! and the constants in the generated code decide; here is only the better text.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use crate::ast::{parse_all, without_group};
use crate::ctxt::Ctxt;

/// What a refused field leaves possible, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Nothing is wrong with it.
    Nothing,
    /// It is an ordinary value.
    Value,
    /// It may be impossible to share between threads.
    Unshareable,
    /// The item has no size.
    Unsized,
}

/// Refuses the stored type of a field if it can be seen that it is no field type; `native` if the item is a native row.
pub fn stored_type(cx: &Ctxt, ty: &TokenStream, native: bool) -> Refused {
    if has_macro(ty.clone()) {
        cx.under(ty, MACRO_TYPE);
    } else if let Some(message) = problem(ty.clone(), native) {
        cx.under(ty, message);
    } else {
        return Refused::Nothing;
    }
    match parse_all(ty.clone()) {
        Ok(Type::Slice(_) | Type::TraitObject(_)) => Refused::Unsized,
        Ok(Type::Path(ty)) if ty.path.is_ident("str") => Refused::Unsized,
        _ if is_shareable(ty.clone()) => Refused::Value,
        _ => Refused::Unshareable,
    }
}

/// Refuses the type of a field that is stored as another one: it is only converted, so it may be nearly any.
pub fn converted_type(cx: &Ctxt, ty: &TokenStream) {
    if has_macro(ty.clone()) {
        cx.under(ty, MACRO_TYPE);
    }
}

const MACRO_TYPE: &str = "a macro can give a different type every time it is expanded: write the type out, or name it \
                          with `type` (and a length with `const`)";

/// Whether nothing stands in the type that threads may not share.
fn is_shareable(tokens: TokenStream) -> bool {
    let mut after_star = false;
    tokens.into_iter().all(|token| {
        let is_pointer = after_star && matches!(&token, TokenTree::Ident(ident) if ident == "const" || ident == "mut");
        after_star = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '*');
        match token {
            TokenTree::Group(group) => is_shareable(group.stream()),
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                let unshared = ["Rc", "Weak", "Cell", "RefCell", "UnsafeCell", "OnceCell", "dyn", "Receiver"];
                !is_pointer && !unshared.contains(&name.as_str())
            }
            _ => true,
        }
    })
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
fn problem(tokens: TokenStream, native: bool) -> Option<String> {
    let tokens = without_group(tokens);
    if let Some(element) = array_element(&tokens) {
        return problem(element, native);
    }
    let message = match parse_all::<Type>(tokens).ok()? {
        Type::Paren(ty) => return problem(ty.elem.into_token_stream(), native),
        Type::Path(ty) => {
            let segment = ty.path.segments.last()?;
            let name = segment.ident.to_string();
            return named(&name, &segment.arguments)
                .or_else(|| if native { unfit_for_native(&name, &segment.arguments) } else { None })
                .or_else(|| arguments(&name, &segment.arguments).find_map(|inner| problem(inner, native)));
        }
        Type::Reference(ty) => match &*ty.elem {
            Type::Path(inner) if inner.path.is_ident("str") => {
                "a component owns its data, it cannot hold a reference: store a `String`, or a `FixedStr<N>`"
            }
            Type::Slice(_) => "a component owns its data, it cannot hold a reference: store a `Vec<T>`, or an array",
            _ => "a component owns its data, it cannot hold a reference: store the value, or an `Entity`",
        },
        Type::Ptr(_) => "a pointer means nothing in a saved row: store the value, or an `Entity`",
        Type::Slice(_) => "a slice has no size of its own: store a `Vec<T>`, or an array `[T; N]`",
        Type::TraitObject(_) | Type::ImplTrait(_) => {
            "a trait object cannot be stored: store the data it is made of, or an enum of the possible types"
        }
        Type::FnPtr(_) => "a function cannot be stored: store an enum, or a number, that stands for it",
        Type::Tuple(ty) if native && !ty.elems.is_empty() => {
            "a tuple has no fixed layout in memory: make each element a field, or drop `#[repr(C)]` to store the \
             component packed"
        }
        Type::Tuple(ty) => return ty.elems.into_iter().find_map(|inner| problem(inner.into_token_stream(), native)),
        Type::Never(_) => "no row can hold a value of `!`: leave the field out",
        Type::Infer(_) => "the type of a column must be written out",
        _ => return None,
    };
    Some(message.to_owned())
}

/// The element type, if this is `[T; N]`. The length is any expression and is not looked at.
pub fn array_element(tokens: &TokenStream) -> Option<TokenStream> {
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

/// The types that the arguments of a container are.
fn arguments(name: &str, arguments: &PathArguments) -> impl Iterator<Item = TokenStream> {
    let inner: Vec<TokenStream> = match arguments {
        PathArguments::AngleBracketed(arguments)
            if matches!(name, "Option" | "Vec" | "VecDeque" | "Range" | "RangeInclusive") =>
        {
            arguments
                .args
                .iter()
                .filter(|argument| matches!(argument, GenericArgument::Type(_)))
                .map(ToTokens::to_token_stream)
                .collect()
        }
        _ => Vec::new(),
    };
    inner.into_iter()
}

/// What is wrong with a type of this name, if it is one that people try.
fn named(name: &str, arguments: &PathArguments) -> Option<String> {
    let generic = !matches!(arguments, PathArguments::None);
    let instead = match (name, generic) {
        ("OsString" | "PathBuf" | "OsStr" | "Path", false) => "differs between systems: store a `String`",
        ("str", false) => "has no size of its own: store a `String`, or a `FixedStr<N>`",
        ("LinkedList" | "BinaryHeap", true) => "is not stored: write `#[component(as = Vec<T>)]`",
        ("HashMap" | "BTreeMap" | "IndexMap", true) => {
            "is not stored: write `#[component(as = Vec<(K, V)>)]`, or use a row for each pair in a table of its own"
        }
        ("HashSet" | "BTreeSet" | "IndexSet", true) => {
            "is not stored: write `#[component(as = Vec<T>)]`, or use a row for each member in a table of its own"
        }
        ("Box" | "Rc" | "Arc", true) if pointer_to(arguments) == "<str>" => "is a pointer: store a `String`",
        ("Box" | "Rc" | "Arc", true) if is_slice(&pointer_to(arguments)) => "is a pointer: store a `Vec<T>`",
        ("Box" | "Rc" | "Arc", true) if pointer_to(arguments).starts_with("<dyn") => {
            "is a pointer to a trait object: store the data it is made of, or an enum of the possible types"
        }
        ("Box", true) => "is a pointer: store the value itself",
        ("Rc" | "Arc" | "Weak", true) => "is shared by pointer: store an `Entity` whose row holds the shared value",
        ("Cow", true) => match &*pointer_to(arguments) {
            "<'static,str>" => return None,
            _ => "may borrow: store the value itself, a `String` or a `Vec`",
        },
        ("Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "Mutex" | "RwLock" | "OnceLock", true) => {
            "can change behind a shared reference, rows change in transactions only: store the value itself"
        }
        ("AtomicBool", false) => "changes behind a shared reference, rows change in transactions only: use `bool`",
        (name, false) if name.starts_with("Atomic") => {
            "changes behind a shared reference, rows change in transactions only: use the plain integer"
        }
        ("Instant" | "SystemTime", false) => {
            "means nothing in another process: store a `Duration` since a start of your own"
        }
        _ => return None,
    };
    Some(format!("`{name}` {instead}"))
}

/// The arguments of a pointer, as they are written, without spaces.
fn pointer_to(arguments: &PathArguments) -> String {
    arguments.to_token_stream().to_string().replace(' ', "")
}

/// Whether the text is `<[T]>`.
fn is_slice(arguments: &str) -> bool {
    arguments.starts_with("<[") && !arguments.contains(';')
}

/// What is wrong with a type of this name in a native row.
fn unfit_for_native(name: &str, arguments: &PathArguments) -> Option<String> {
    let generic = !matches!(arguments, PathArguments::None);
    let instead = match (name, generic) {
        ("usize", false) => "has no fixed width: use `u64` or `u32`",
        ("isize", false) => "has no fixed width: use `i64` or `i32`",
        ("String", false) | ("Cow", true) => "has no fixed size: use `FixedStr<N>`",
        ("Vec" | "VecDeque", true) => "has no fixed size: use an array `[T; N]` with a count",
        ("Duration", false) => "has no fixed form in memory: use `u64` nanoseconds or milliseconds",
        ("Range" | "RangeInclusive", true) => "has no fixed layout in memory: use two fields",
        ("Option", true) => return optional(arguments),
        _ => return None,
    };
    Some(format!("`{name}` {instead}, or drop `#[repr(C)]` to store the component packed"))
}

/// In a native row, `None` must be zero in memory as well.
fn optional(arguments: &PathArguments) -> Option<String> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    let [GenericArgument::Type(Type::Path(inner))] = arguments.args.iter().collect::<Vec<_>>()[..] else { return None };
    let name = inner.path.segments.last()?.ident.to_string();
    let instead = match name.as_str() {
        "u8" | "u16" | "u32" | "u64" | "u128" | "i8" | "i16" | "i32" | "i64" | "i128" => {
            format!("use `Option<NonZero<{name}>>`, or `{name}` with a `bool` beside it")
        }
        "bool" | "char" | "f32" | "f64" => format!("use `{name}` with a `bool` beside it"),
        _ => return None,
    };
    Some(format!(
        "`Option<{name}>` has no fixed form in memory: {instead}, or drop `#[repr(C)]` to store the component packed"
    ))
}

/// Whether the type is `PhantomData<...>`.
pub fn is_phantom(tokens: &TokenStream) -> bool {
    matches!(last_segment(tokens).as_deref(), Some("PhantomData"))
}

/// The name that the path of a type ends with.
pub fn last_segment(tokens: &TokenStream) -> Option<String> {
    match parse_all(without_group(tokens.clone())).ok()? {
        Type::Path(ty) => Some(ty.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// The type inside `Option<...>`, if it is one.
pub fn inside_option(tokens: &TokenStream) -> Option<TokenStream> {
    inside(tokens, &["Option"])
}

/// The type of the elements, if it is a list.
pub fn inside_list(tokens: &TokenStream) -> Option<TokenStream> {
    inside(tokens, &["Vec", "VecDeque"])
}

/// The type inside of one of the `containers`, if it is one.
fn inside(tokens: &TokenStream, containers: &[&str]) -> Option<TokenStream> {
    let Type::Path(ty) = parse_all(without_group(tokens.clone())).ok()? else { return None };
    let segment = ty.path.segments.last()?;
    let name = segment.ident.to_string();
    if !containers.contains(&name.as_str()) {
        return None;
    }
    arguments(&name, &segment.arguments).next()
}
