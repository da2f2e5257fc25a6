//! Names of a schema as names in Rust.

use std::collections::HashMap;

use crate::Error;

/// The words that need `r#` before them, as of the 2024 edition.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while",
];

/// The words that cannot stand there even with `r#`.
const NEVER: [&str; 3] = ["crate", "self", "super"];

/// `max_hp` as a type: `MaxHp`. Parts of a name that the schema sets apart by `-` count as well.
pub fn type_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split(['_', '-']) {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// `MoveTarget` as `move_target`, `HTTPServer` as `http_server`: the table of a component without a name of its own.
#[cfg(feature = "sources")]
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, &letter) in letters.iter().enumerate() {
        if letter.is_uppercase() && index > 0 && letters[index - 1] != '_' {
            let before = letters[index - 1];
            let next_is_lower = letters.get(index + 1).is_some_and(|next| next.is_lowercase());
            if !before.is_uppercase() || next_is_lower {
                snake.push('_');
            }
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The name of a field, and whether it differs from that in the schema.
pub fn field_name(name: &str) -> (String, bool) {
    if NEVER.contains(&name) {
        (format!("{name}_"), true)
    } else if KEYWORDS.contains(&name) {
        (format!("r#{name}"), false)
    } else {
        (name.to_owned(), false)
    }
}

/// The name of a variant, and whether it differs from that in the schema.
pub fn variant_name(name: &str) -> (String, bool) {
    match name {
        "Self" => ("Self_".to_owned(), true),
        other => field_name(other),
    }
}

/// Whether `name` can be a name in Rust; one that is a keyword has its `r#`.
pub fn is_word(name: &str) -> bool {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
        && name != "_"
}

/// The names that are in use, and for what.
pub struct Names {
    file: String,
    used: HashMap<String, String>,
}

impl Names {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), used: HashMap::new() }
    }

    /// The schema file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Takes the name of a type, and those that the derive makes of it.
    pub fn take(&mut self, what: &str, rust: &str, suffixes: &[&str]) -> Result<(), Error> {
        let error = |rust: &str, reason: String| Error::Name {
            file: self.file.clone(),
            what: what.to_owned(),
            rust: rust.to_owned(),
            reason,
        };
        let valid = rust.starts_with(|first: char| first.is_ascii_alphabetic())
            && rust.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !valid || rust == "Self" || KEYWORDS.contains(&rust) {
            return Err(error(rust, "which Rust does not allow".to_owned()));
        }
        for suffix in suffixes {
            let name = format!("{rust}{suffix}");
            if let Some(other) = self.used.get(&name) {
                return Err(error(&name, format!("which is taken by {other}")));
            }
        }
        for suffix in suffixes {
            self.used.insert(format!("{rust}{suffix}"), what.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_upper_camel_case() {
        assert_eq!(
            ["health", "max_hp", "_pad", "game-db", "a1_2b"].map(type_name),
            ["Health", "MaxHp", "Pad", "GameDb", "A12b"]
        );
    }

    #[cfg(feature = "sources")]
    #[test]
    fn tables_are_in_snake_case() {
        assert_eq!(
            ["Health", "MoveTarget", "HTTPServer", "Vec3Pair", "Pos2D", "Odd_Name"].map(snake_case),
            ["health", "move_target", "http_server", "vec3_pair", "pos2_d", "odd_name"]
        );
    }

    #[test]
    fn keywords_are_fields_too() {
        assert_eq!(field_name("type"), ("r#type".to_owned(), false));
        assert_eq!(field_name("self"), ("self_".to_owned(), true));
        assert_eq!(field_name("hp"), ("hp".to_owned(), false));
    }

    #[test]
    fn names_are_taken_once() {
        let mut names = Names::new("a.toml");
        names.take("table `a`", "A", &["", "Row"]).unwrap();
        assert_eq!(
            names.take("table `a_row`", "ARow", &["", "Row"]).unwrap_err().to_string(),
            "a.toml: table `a_row` becomes the Rust name `ARow`, which is taken by table `a`"
        );
        assert_eq!(
            names.take("table `self`", "Self", &[""]).unwrap_err().to_string(),
            "a.toml: table `self` becomes the Rust name `Self`, which Rust does not allow"
        );
        assert!(names.take("table `_1`", "1", &[""]).is_err());
    }
}
