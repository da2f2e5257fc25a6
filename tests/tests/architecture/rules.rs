//! Rules that each file keeps for itself.

use super::lexer::{Placed, Token, closing, tokens, tokens_without_tests};

/// Lines that a file may have.
pub const LINES_MAX: usize = 600;

/// Lines of code that may stand between a `SAFETY:` comment and its `unsafe`.
const SAFETY_DISTANCE: usize = 6;

/// A file begins with what it is for.
pub fn module_docs(file: &str, source: &str) -> Vec<String> {
    if source.starts_with("//!") {
        return Vec::new();
    }
    vec![format!("{file}:1: the file does not begin with `//!`: say what it owns and what it must never do")]
}

/// A file is one idea.
pub fn length(file: &str, source: &str) -> Vec<String> {
    let lines = source.lines().count();
    if lines <= LINES_MAX {
        return Vec::new();
    }
    vec![format!("{file}:{lines}: the file has more than {LINES_MAX} lines: split it")]
}

/// What is there is finished.
pub fn unfinished(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let forbidden = ["todo", "unimplemented", "dbg"];
    pairs(&tokens)
        .filter_map(|(first, second)| match first.token {
            Token::Word(word) if forbidden.contains(&word) && second.is_sign('!') => {
                Some(format!("{file}:{}: `{word}!` does not belong into the repository", first.line))
            }
            _ => None,
        })
        .collect()
}

/// Atomics that order anything are the business of `sync`, where loom sees them. Elsewhere there are counters.
pub fn atomics(file: &str, source: &str) -> Vec<String> {
    let outsiders = ["atomic", "loom", "arc_swap", "fence", "Acquire", "Release", "AcqRel", "SeqCst"];
    let tokens = tokens_without_tests(source);
    // What was taken from `shim`, up to the end of the statement, and not from its `unwatched`.
    let mut is_from_shim = false;
    let mut complaints = Vec::new();
    for placed in &tokens {
        match placed.token {
            Token::Word("shim") => is_from_shim = true,
            Token::Word("unwatched") | Token::Sign(';') => is_from_shim = false,
            Token::Word(word) if outsiders.contains(&word) || is_from_shim && is_atomic(word) => {
                complaints.push(format!(
                    "{file}:{}: `{word}` outside `sync`: take shared memory from `crate::sync`, counters from \
                     `crate::sync::shim::unwatched`",
                    placed.line
                ));
            }
            _ => {}
        }
    }
    complaints
}

/// Whether `word` is a type of atomics.
pub fn is_atomic(word: &str) -> bool {
    word.strip_prefix("Atomic").is_some_and(|kind| kind.starts_with(char::is_uppercase))
}

/// Every `unsafe` is proved, or says what is asked of its user.
pub fn unsafe_code(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let lines: Vec<&str> = source.lines().collect();
    // The functions of an `unsafe impl` have the contract of their trait.
    let mut trait_functions_end = 0;
    pairs(&tokens)
        .enumerate()
        .filter_map(|(at, (first, second))| {
            if !first.is_word("unsafe") {
                return None;
            }
            if second.is_word("impl")
                && let Some(body) = tokens[at..].iter().position(|token| token.is_sign('{'))
            {
                trait_functions_end = closing(&tokens, at + body);
            }
            if second.is_word("fn") && at < trait_functions_end {
                return None;
            }
            let (is_fine, expected) = match second.token {
                Token::Sign('{') | Token::Word("impl") => {
                    (has_proof(&lines, first.line), "a `// SAFETY:` comment above it that proves it")
                }
                Token::Word("fn" | "trait") => {
                    (has_contract(&lines, first.line), "a `# Safety` section that says what its user must keep")
                }
                _ => return None,
            };
            let kind = match second.token {
                Token::Word(word) => format!("unsafe {word}"),
                Token::Sign(_) => "unsafe block".to_owned(),
            };
            (!is_fine).then(|| format!("{file}:{}: this {kind} needs {expected}", first.line))
        })
        .collect()
}

fn pairs<'t, 'a>(tokens: &'t [Placed<'a>]) -> impl Iterator<Item = (&'t Placed<'a>, &'t Placed<'a>)> {
    tokens.iter().zip(tokens.iter().skip(1))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whether a comment with `SAFETY:` stands on line `line` (from 1) or a few lines of code above it.
fn has_proof(lines: &[&str], line: usize) -> bool {
    let mut code = 0;
    for text in lines[..line].iter().rev() {
        if text.split_once("//").is_some_and(|(_, comment)| comment.contains("SAFETY:")) {
            return true;
        }
        code += usize::from(!is_comment(text));
        if code > SAFETY_DISTANCE {
            break;
        }
    }
    false
}

/// Whether the doc comment of the item on line `line` (from 1) has a `# Safety` section.
fn has_contract(lines: &[&str], line: usize) -> bool {
    for text in lines[..line - 1].iter().rev() {
        let text = text.trim();
        if text.starts_with("///") {
            if text.contains("# Safety") {
                return true;
            }
        } else if text.is_empty() || text.ends_with(['{', '}', ';']) {
            break;
        }
    }
    false
}
