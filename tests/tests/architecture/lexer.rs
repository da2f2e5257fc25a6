//! Rust source as words and signs, without comments and literals: as much of the grammar as the rules need.

/// A word (keyword, name, lifetime without its quote) or one sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Word(&'a str),
    Sign(char),
}

/// A token and the line on which it stands, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    pub token: Token<'a>,
    pub line: usize,
}

impl Placed<'_> {
    pub fn is_word(&self, word: &str) -> bool {
        self.token == Token::Word(word)
    }

    pub fn is_sign(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }
}

/// The tokens of `source`. Comments (doc comments too) and literals are left out.
pub fn tokens(source: &str) -> Vec<Placed<'_>> {
    let mut lexer = Lexer { source, at: 0, line: 1, tokens: Vec::new() };
    while let Some(next) = lexer.peek() {
        lexer.step(next);
    }
    lexer.tokens
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    tokens: Vec<Placed<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes `bytes` bytes and counts their lines.
    fn pass(&mut self, bytes: usize) {
        self.line += self.source[self.at..self.at + bytes].matches('\n').count();
        self.at += bytes;
    }

    fn step(&mut self, next: char) {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.pass(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.pass(block_comment(rest));
        } else if let Some(len) = raw_string(rest) {
            self.pass(len);
        } else if next == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            self.pass(quoted(rest, '"'));
        } else if next == '\'' || rest.starts_with("b'") {
            self.quote(rest);
        } else if next == '_' || next.is_alphanumeric() {
            let len = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
            self.tokens.push(Placed { token: Token::Word(&rest[..len]), line: self.line });
            self.pass(len);
        } else {
            if !next.is_whitespace() {
                self.tokens.push(Placed { token: Token::Sign(next), line: self.line });
            }
            self.pass(next.len_utf8());
        }
    }

    /// A character literal, which is passed, or the quote of a lifetime, whose name comes next.
    fn quote(&mut self, rest: &str) {
        let after = rest.trim_start_matches('b');
        let mut inner = after[1..].chars();
        let is_literal = inner.next() == Some('\\') || inner.next() == Some('\'');
        self.pass(if is_literal { quoted(rest, '\'') } else { 1 });
    }
}

/// The length of a literal in `mark`s, with its prefix.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    let start = rest.find(mark).unwrap_or(0) + 1;
    for (index, c) in rest[start..].char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == mark {
            return start + index + 1;
        }
    }
    rest.len()
}

/// The length of a raw string, if `rest` starts with one.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes_and_text = ["r", "br", "cr"].iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let text = hashes_and_text.trim_start_matches('#');
    let hashes = hashes_and_text.len() - text.len();
    let body = text.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + len)
}

/// The length of a block comment, nested ones included.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The tokens of `source` that are not in items for tests only (`#[cfg(test)]` and what implies it).
pub fn tokens_without_tests(source: &str) -> Vec<Placed<'_>> {
    let all = tokens(source);
    let mut kept = Vec::with_capacity(all.len());
    let mut at = 0;
    while at < all.len() {
        match attribute(&all, at) {
            Some(end) if is_test_only(&all[at + 2..end - 1]) => at = item_end(&all, end),
            _ => {
                kept.push(all[at]);
                at += 1;
            }
        }
    }
    kept
}

/// The modules of `source` that are for tests only and stand in files of their own.
pub fn test_modules(source: &str) -> Vec<&str> {
    let all = tokens(source);
    let mut modules = Vec::new();
    for at in 0..all.len() {
        let Some(end) = attribute(&all, at) else { continue };
        if let [first, name, third, ..] = &all[end..]
            && first.is_word("mod")
            && third.is_sign(';')
            && let Token::Word(name) = name.token
            && is_test_only(&all[at + 2..end - 1])
        {
            modules.push(name);
        }
    }
    modules
}

/// Where the attribute that starts at `at` ends, if one does.
fn attribute(tokens: &[Placed<'_>], at: usize) -> Option<usize> {
    let starts = tokens[at].is_sign('#') && tokens.get(at + 1).is_some_and(|token| token.is_sign('['));
    starts.then(|| closing(tokens, at + 1))
}

/// Behind the bracket that closes the one at `open`.
pub fn closing(tokens: &[Placed<'_>], open: usize) -> usize {
    let mut depth = 0;
    for (index, placed) in tokens.iter().enumerate().skip(open) {
        match placed.token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// Behind the item at `at`, with its further attributes: after its `;` or its body.
fn item_end(tokens: &[Placed<'_>], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].token {
            Token::Sign(';') => return at + 1,
            Token::Sign('{') => return closing(tokens, at),
            Token::Sign('(' | '[') => at = closing(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// Whether an attribute leaves its item out of everything but tests: `cfg(test)`, `cfg(all(test, ..))`.
fn is_test_only(attribute: &[Placed<'_>]) -> bool {
    match attribute {
        [cfg, condition @ ..] if cfg.is_word("cfg") => implies_test(&condition[1..condition.len() - 1]),
        _ => false,
    }
}

fn implies_test(condition: &[Placed<'_>]) -> bool {
    match condition {
        [word] => word.is_word("test"),
        [word, open, inner @ .., _] if word.is_word("all") && open.is_sign('(') => {
            comma_separated(inner).iter().any(|part| implies_test(part))
        }
        [word, open, inner @ .., _] if word.is_word("any") && open.is_sign('(') => {
            comma_separated(inner).iter().all(|part| implies_test(part))
        }
        _ => false,
    }
}

/// The parts between the commas that stand in no brackets.
pub fn comma_separated<'t, 'a>(tokens: &'t [Placed<'a>]) -> Vec<&'t [Placed<'a>]> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < tokens.len() {
        match tokens[at].token {
            Token::Sign('(' | '[' | '{') => at = closing(tokens, at),
            Token::Sign(',') => {
                parts.push(&tokens[start..at]);
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    if start < tokens.len() {
        parts.push(&tokens[start..]);
    }
    parts
}

/// What stands in the brackets that open at `open`.
pub fn inside<'t, 'a>(tokens: &'t [Placed<'a>], open: usize) -> &'t [Placed<'a>] {
    let end = closing(tokens, open);
    &tokens[open + 1..end.saturating_sub(1).max(open + 1)]
}
