//! The rule for errors: the cause of one is its `source`, and its own text does not say it again.
//!
//! Reads `#[error("...")]` attributes and the fields below them. What is `transparent` is its cause, and so is held to nothing.

/// The error texts in `text` that print what they give as their source.
pub fn said_twice(file: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("#[error(") {
        let attribute = &rest[start + "#[error(".len()..];
        let Some(end) = end_of_attribute(attribute) else { break };
        let (said, below) = (&attribute[..end], &attribute[end + 1..]);
        // The fields of this error end where the next one begins.
        let fields = &below[..below.find("#[error(").unwrap_or(below.len())];
        let fields = &fields[..end_of_item(fields)];
        for source in sources(fields) {
            let printed = [format!("{{{source}}}"), format!("{{{source}:"), format!(".{source}")];
            if printed.iter().any(|printed| said.contains(printed)) {
                let line = text[..text.len() - below.len()].lines().count();
                complaints
                    .push(format!("{file}:{line}: prints `{source}`, which is its source: leave it to whoever asks"));
            }
        }
        rest = below;
    }
    complaints
}

/// Where the parenthesis of the attribute is closed, texts aside.
fn end_of_attribute(attribute: &str) -> Option<usize> {
    let (mut depth, mut in_text, mut is_escaped) = (1, false, false);
    for (at, letter) in attribute.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if in_text => is_escaped = true,
            '"' => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where the variant or the struct ends whose fields stand in `fields`: where its first brace or parenthesis is closed.
fn end_of_item(fields: &str) -> usize {
    let start = fields.find(['{', '(']).unwrap_or(fields.len());
    let mut depth = 0;
    for (at, letter) in fields[start..].char_indices() {
        match letter {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return start + at;
        }
    }
    fields.len()
}

/// The names of the fields that are sources; `0` is that of one without a name.
fn sources(fields: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ["#[source]", "#[from]"] {
        for (at, _) in fields.match_indices(mark) {
            let behind = fields[at + mark.len()..].trim_start().trim_start_matches("pub ");
            let name: String = behind.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let is_named = behind[name.len()..].starts_with(':') && !behind[name.len()..].starts_with("::");
            found.push(if is_named { name } else { "0".to_owned() });
        }
    }
    // A field with that name is one without being marked.
    let lines = fields.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c)));
    if words.into_iter().any(|word| word == "source:") {
        found.push("source".to_owned());
    }
    found
}
