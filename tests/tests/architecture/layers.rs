//! Which module of `ecsdb` may import which.
//!
//! A module imports from its own layer and from those below, never from above. Layer 2 has two storeys, since queries
//! are built on storage and storage knows no queries. The modules of layer 4 do not import each other: they meet only in
//! the change set. `__private` stands beside the layers: it shows the derive what it needs, and nobody imports it.

use std::collections::HashMap;

use super::lexer::{Placed, Token, comma_separated, inside, tokens_without_tests};

/// A layer of the crate.
struct Layer {
    name: &'static str,
    modules: &'static [&'static str],
    /// Whether its modules may import each other.
    is_open: bool,
}

/// From the bottom up.
const LAYERS: &[Layer] = &[
    Layer {
        name: "L0",
        modules: &["sync", "bytes", "bits", "limits", "text", "media", "debug", "causes", "panics"],
        is_open: true,
    },
    Layer { name: "L1", modules: &["entity", "schema", "component", "change_set"], is_open: true },
    Layer { name: "L2 (lower storey)", modules: &["storage"], is_open: true },
    Layer { name: "L2 (upper storey)", modules: &["query"], is_open: true },
    Layer { name: "L3", modules: &["transaction"], is_open: true },
    Layer { name: "L4", modules: &["persistence", "events"], is_open: false },
    Layer { name: "L5", modules: &["database"], is_open: true },
    Layer { name: "L6", modules: &["runtime"], is_open: true },
];

/// Modules that not everybody above may import: only persistence touches the files of a database.
const RESERVED: &[(&str, &[&str])] = &[("media", &["persistence", "database"])];

/// The module that the derive's code refers to.
const BESIDE: &str = "__private";

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.modules.contains(&module))
}

/// The modules of the crate, and where the names come from that its root exports.
pub struct Root {
    modules: Vec<String>,
    exports: HashMap<String, String>,
}

impl Root {
    /// What `lib.rs` says.
    pub fn parse(lib: &str) -> Self {
        let tokens = tokens_without_tests(lib);
        let mut root = Self { modules: Vec::new(), exports: HashMap::new() };
        for (at, placed) in tokens.iter().enumerate() {
            match (placed.token, tokens.get(at + 1).map(|next| next.token)) {
                // A module with a body is a subject: it shows users what stands in modules, and nobody here imports it.
                (Token::Word("mod"), Some(Token::Word(name)))
                    if tokens.get(at + 2).is_some_and(|next| next.is_sign(';')) =>
                {
                    root.modules.push(name.to_owned());
                }
                // Modules are declared first. What comes from other crates is nobody's import.
                (Token::Word("use"), Some(Token::Word(module))) if root.modules.iter().any(|known| known == module) => {
                    let end =
                        tokens[at..].iter().position(|token| token.is_sign(';')).map_or(tokens.len(), |len| at + len);
                    for exported in last_words(&tokens[at + 2..end]) {
                        root.exports.insert(exported.to_owned(), module.to_owned());
                    }
                }
                _ => {}
            }
        }
        root
    }

    /// Modules that stand in no layer.
    pub fn unplaced(&self) -> Vec<&str> {
        let known = |module: &&String| module.as_str() != BESIDE && layer_of(module).is_none();
        self.modules.iter().filter(known).map(String::as_str).collect()
    }

    /// Modules that stand in a layer and are not there.
    pub fn made_up(&self) -> Vec<&str> {
        let placed = LAYERS.iter().flat_map(|layer| layer.modules).chain([&BESIDE]);
        placed.copied().filter(|module| self.modules.iter().all(|known| known != module)).collect()
    }

    /// The module that a name at the root of the crate stands for.
    fn module_of<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        if self.modules.iter().any(|module| module == name) || layer_of(name).is_some() || name == BESIDE {
            return Some(name);
        }
        self.exports.get(name).map(String::as_str)
    }
}

/// The names that a use tree brings in.
fn last_words<'a>(tree: &[Placed<'a>]) -> Vec<&'a str> {
    match tree.iter().position(|token| token.is_sign('{')) {
        Some(open) => comma_separated(inside(tree, open)).into_iter().flat_map(last_words).collect(),
        None => match tree.last().map(|last| last.token) {
            Some(Token::Word(name)) => vec![name],
            _ => Vec::new(),
        },
    }
}

/// What is wrong with the imports of one file. `module` is the path of its module, such as `["storage", "edit"]`.
pub fn check(file: &str, module: &[&str], source: &str, root: &Root) -> Vec<String> {
    let Some(own) = module.first() else { return Vec::new() };
    paths(module, &tokens_without_tests(source))
        .into_iter()
        .filter_map(|(line, target)| {
            let complaint = match root.module_of(target) {
                None => format!("`crate::{target}` is no module and no name that lib.rs exports"),
                Some(imported) => forbidden(own, imported)?,
            };
            Some(format!("{file}:{line}: `{own}` imports `{target}`: {complaint}"))
        })
        .collect()
}

/// The rule that an import of `imported` in `own` breaks.
fn forbidden(own: &str, imported: &str) -> Option<String> {
    if own == imported || own == BESIDE {
        return None;
    }
    if imported == BESIDE {
        return Some(format!("`{BESIDE}` is for the code of the derive, move what is shared into a layer"));
    }
    let (Some(from), Some(to)) = (layer_of(own), layer_of(imported)) else {
        return Some(format!("`{own}` or `{imported}` stands in no layer, give it one in tests/tests/architecture"));
    };
    let (from_name, to_name) = (LAYERS[from].name, LAYERS[to].name);
    let reserved = RESERVED.iter().find(|(module, users)| *module == imported && !users.contains(&own));
    if to > from {
        Some(format!("imports point downwards, and `{imported}` ({to_name}) is above `{own}` ({from_name})"))
    } else if to == from && !LAYERS[from].is_open {
        Some(format!("the modules of {from_name} meet only in the change set, they do not import each other"))
    } else if let Some((_, users)) = reserved {
        Some(format!("only {} may import it", users.join(" and ")))
    } else {
        None
    }
}

/// The first names of all paths that start at the root of the crate, with their lines.
fn paths<'a>(module: &[&'a str], tokens: &[Placed<'a>]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    // The modules that are open within the file, each with the depth of braces around it.
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].token {
            Token::Sign('{') => {
                if at >= 2 && tokens[at - 2].is_word("mod") {
                    inline.push(depth);
                }
                depth += 1;
            }
            Token::Sign('}') => {
                depth = depth.saturating_sub(1);
                inline.pop_if(|outside| *outside == depth);
            }
            Token::Word("crate") if is_path(tokens, at) => heads(tokens, at + 3, &mut found),
            Token::Word("super") if is_path(tokens, at) && !continues(tokens, at) => {
                let mut levels = 1;
                while tokens.get(at + 3).is_some_and(|token| token.is_word("super")) && is_path(tokens, at + 3) {
                    levels += 1;
                    at += 3;
                }
                if levels == module.len() + inline.len() {
                    heads(tokens, at + 3, &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether `::` comes after the word at `at`.
fn is_path(tokens: &[Placed<'_>], at: usize) -> bool {
    matches!(&tokens[at + 1..], [first, second, ..] if first.is_sign(':') && second.is_sign(':'))
}

/// Whether `::` comes before the word at `at`.
fn continues(tokens: &[Placed<'_>], at: usize) -> bool {
    at >= 2 && tokens[at - 1].is_sign(':') && tokens[at - 2].is_sign(':')
}

/// The first name of the path at `at`, or those of all paths in braces.
fn heads<'a>(tokens: &[Placed<'a>], at: usize, found: &mut Vec<(usize, &'a str)>) {
    match tokens.get(at) {
        Some(Placed { token: Token::Word(name), line }) => found.push((*line, name)),
        Some(open) if open.is_sign('{') => {
            for part in comma_separated(inside(tokens, at)) {
                heads(part, 0, found);
            }
        }
        _ => {}
    }
}
