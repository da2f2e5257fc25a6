//! The expansions of a few items, as they are checked in under `golden`, where a change of the generated code shows.
//!
//! `NAME.in.rs` is an item without its derive, `NAME.out.rs` what the derive makes of it. `tests/tests/derive/golden.rs`
//! compiles the latter. After a change of the generated code run the tests with `GOLDEN=overwrite`, for which `rustfmt` must
//! be installed, and read the difference.

use std::fs;
use std::path::Path;
use std::process::Command;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::ast::{Input, parse_all};
use crate::expand;

fn check(name: &str, derive: fn(&Input) -> TokenStream) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let (item, expansion) = (folder.join(format!("{name}.in.rs")), folder.join(format!("{name}.out.rs")));
    let item = fs::read_to_string(item).expect("the item is there");
    let input: Input = parse_all(item.parse().expect("the item is Rust")).expect("the item is a struct or an enum");
    let made = derive(&input);
    if std::env::var_os("GOLDEN").is_some_and(|what| what == "overwrite") {
        fs::write(&expansion, format!("// Made of `{name}.in.rs`: see `src/golden.rs`.\n\n{made}\n")).expect("a file");
        let formatted = Command::new("rustfmt").args(["--edition", "2024"]).arg(&expansion).status();
        assert!(formatted.expect("`rustfmt` is installed").success(), "the expansion is Rust");
    }
    let expected = fs::read_to_string(&expansion).expect("the expansion is there");
    let (mut made_words, mut expected_words) = (Vec::new(), Vec::new());
    words(made, &mut made_words);
    words(expected.parse().expect("the expansion is Rust"), &mut expected_words);
    let differs = made_words.iter().zip(&expected_words).position(|(made, expected)| made != expected);
    let near = |words: &[String]| {
        let at = differs.unwrap_or(words.len().saturating_sub(1));
        words[at.saturating_sub(10)..words.len().min(at + 10)].join(" ")
    };
    assert!(
        made_words == expected_words,
        "`golden/{name}.out.rs` is out of date: made `{}`, expected `{}`",
        near(&made_words),
        near(&expected_words)
    );
}

/// The tokens one by one, without commas and braces: how many there are is a matter of formatting.
fn words(tokens: TokenStream, words_of: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace | Delimiter::None => ("", ""),
                };
                words_of.extend([open.to_owned()].into_iter().filter(|open| !open.is_empty()));
                words(group.stream(), words_of);
                words_of.extend([close.to_owned()].into_iter().filter(|close| !close.is_empty()));
            }
            token => words_of.push(token.to_string()),
        }
    }
}

#[test]
fn a_packed_component() {
    check("packed", expand::component);
}

#[test]
fn a_native_component() {
    check("native", expand::component);
}

#[test]
fn an_enum_as_a_component() {
    check("whole", expand::component);
}

#[test]
fn a_struct_as_a_value() {
    check("value", expand::value);
}

#[test]
fn an_enum_as_a_value() {
    check("tagged", expand::value);
}
