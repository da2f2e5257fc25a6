//! Whether `docs/memory-model.md` tells of everything: every atomic of the engine, every deliberate fault, every model.
//!
//! It checks names, not what is said about them. A fault that no model looks for is found here as well, and so is a model that
//! looks for none.

use super::lexer::{Token, tokens, tokens_without_tests};
use super::rules::is_atomic;

/// The names of the fields and statics of `source` that are atomics, or hold some, with their lines.
pub fn atomic_fields(source: &str) -> Vec<(&str, usize)> {
    let tokens = tokens_without_tests(source);
    let is_colon = |at: usize| tokens.get(at).is_some_and(|token| token.is_sign(':'));
    let mut found = Vec::new();
    for (at, placed) in tokens.iter().enumerate() {
        let Token::Word(name) = placed.token else { continue };
        if !is_colon(at + 1) || is_colon(at + 2) || at > 0 && is_colon(at - 1) {
            continue;
        }
        // The type goes up to the end of the field. What is borrowed is a parameter.
        let mut kind = tokens[at + 2..].iter().take_while(|token| !",;={}()&".chars().any(|end| token.is_sign(end)));
        if kind.any(|token| matches!(token.token, Token::Word(word) if is_atomic(word))) {
            found.push((name, placed.line));
        }
    }
    found.dedup_by_key(|(name, _)| *name);
    found
}

/// The names in all `mutant!("...")` of `source`.
pub fn faults(source: &str) -> impl Iterator<Item = &str> {
    let after = source.split("mutant!(\"").skip(1);
    after.filter_map(|text| text.split_once("\")")).map(|(name, _)| name).filter(|name| name.contains('/'))
}

/// The models in the `models!` table of `source`, and the faults that each has to find.
pub fn models(source: &str) -> Vec<(&str, Vec<&str>)> {
    let Some((_, table)) = source.split_once("\nmodels! {") else { return Vec::new() };
    let table = table.split_once("\n}").map_or(table, |(table, _)| table);
    let models = table.split(';').filter_map(|model| model.split_once(':'));
    models
        .map(|(name, faults)| {
            (name.trim(), faults.split('"').skip(1).step_by(2).filter(|fault| fault.contains('/')).collect())
        })
        .collect()
}

/// The functions of `source` that are called as the tests of models are, with their lines: in a file with models they come from a
/// `models!` table alone.
pub fn tests_beside_tables(source: &str) -> Vec<(&str, usize)> {
    let tokens = tokens(source);
    let names = tokens.iter().zip(tokens.iter().skip(1)).filter(|(word, _)| word.is_word("fn")).map(|(_, name)| name);
    names
        .filter_map(|placed| match placed.token {
            Token::Word(name) if name.starts_with("loom_") || name.starts_with("shuttle_") => Some((name, placed.line)),
            _ => None,
        })
        .collect()
}

/// Whether `text` says `name` as code or, for faults, in plain words.
pub fn names(text: &str, name: &str) -> bool {
    text.contains(&format!("`{name}`"))
}
