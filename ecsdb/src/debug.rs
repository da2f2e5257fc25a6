//! `Debug` for types that are handles, views or loops over something: their names, and what little tells one from another.
//!
//! Owns one macro. It never shows rows that have to be read first, and asks nothing of type parameters, which may be schemas.

/// Implements `Debug`: `debug_as!(['v, S] View<'v, S>, view: version = view.number());`.
macro_rules! debug_as {
    ($([$($generics:tt)*])? $name:ident $(<$($argument:tt),+>)? $(, $this:ident: $($field:ident = $shown:expr),+)?) => {
        impl<$($($generics)*)?> ::core::fmt::Debug for $name<$($($argument),+)?> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $(let $this = self;)?
                f.debug_struct(stringify!($name))$($(.field(stringify!($field), &$shown))+)?.finish_non_exhaustive()
            }
        }
    };
}
