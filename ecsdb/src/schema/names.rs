//! The rules for names in a schema, and the search for what a mistyped name meant.
//!
//! The rules are `const fn`, so that a schema in Rust is refused by the compiler for the same reasons, and in the same
//! words, as a schema in a file is refused when it is loaded.

/// The most bytes that a name may have.
pub const NAME_BYTES_MAX: usize = 128;

/// The table of the entities themselves, which every database has: no component can be called so.
pub const ENTITIES: &str = "entities";

/// What names of tables and fields must not begin with: it is kept for the database's own tables.
pub const RESERVED_PREFIX: &str = "ecsdb_";

/// What is asked of the name of a table or a field, and missing here.
pub(crate) const fn name_fault(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Some("a name that is not empty");
    }
    if bytes.len() > NAME_BYTES_MAX {
        return Some("a name of at most 128 bytes");
    }
    let mut only_underscores = true;
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'a'..=b'z' => only_underscores = false,
            b'_' => {}
            b'0'..=b'9' if index > 0 => only_underscores = false,
            _ => return Some("a snake_case name: a-z, 0-9 and `_`, not beginning with a digit"),
        }
        index += 1;
    }
    if only_underscores {
        return Some("a name with a letter or a digit in it");
    }
    if starts_with(bytes, RESERVED_PREFIX.as_bytes()) {
        return Some("a name that does not begin with `ecsdb_`, which is kept for the database's own");
    }
    None
}

/// What is asked of the name of a table of components, and missing here.
pub(super) const fn table_name_fault(name: &str) -> Option<&'static str> {
    if same(name, ENTITIES) {
        return Some("another name than `entities`, which is the table of the entities themselves");
    }
    name_fault(name)
}

/// What is asked of the name of a database, and missing here.
pub(super) const fn database_name_fault(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > NAME_BYTES_MAX {
        return Some("a name of 1 to 128 bytes");
    }
    if !bytes[0].is_ascii_alphabetic() {
        return Some("a name that begins with a letter");
    }
    let mut index = 0;
    while index < bytes.len() {
        if !matches!(bytes[index], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-') {
            return Some("a name of letters, digits, `_` and `-`");
        }
        index += 1;
    }
    None
}

/// What is asked of the version of a database's schema, and missing here. Nothing is as good as any.
pub(super) const fn version_fault(version: &str) -> Option<&'static str> {
    let bytes = version.as_bytes();
    if bytes.len() > NAME_BYTES_MAX {
        return Some("a version of at most 128 bytes");
    }
    let mut index = 0;
    while index < bytes.len() {
        if !matches!(bytes[index], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'+' | b'_') {
            return Some("a version of letters, digits, `.`, `-`, `+` and `_`");
        }
        index += 1;
    }
    None
}

/// Whether two names are the same, at compile time too.
pub(super) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    a.len() == b.len() && starts_with(a, b)
}

const fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    if text.len() < prefix.len() {
        return false;
    }
    let mut index = 0;
    while index < prefix.len() {
        if text[index] != prefix[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The candidate that `name` most likely meant, or `None` if nothing is near: at most a third of it, rounded up, may be
/// wrong.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name that long is no slip of the fingers, and the comparison is quadratic.
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let allowed = name.chars().count().div_ceil(3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= NAME_BYTES_MAX)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, deleted or replaced to turn one text into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], index + 1);
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_case_and_not_the_databases_own() {
        for good in ["hp", "position_x", "_pad", "a1", "type"] {
            assert_eq!(table_name_fault(good), None, "{good}");
        }
        for bad in ["", "_", "__", "1a", "maxHp", "a-b", "a.b", "naïve", "ecsdb_log", "entities", &"x".repeat(129)] {
            assert!(table_name_fault(bad).is_some(), "{bad}");
        }
        assert_eq!(name_fault("entities"), None, "a field may be called so");
        assert_eq!(database_name_fault("game-db"), None);
        assert!(database_name_fault("game db").is_some());
        assert_eq!(version_fault(""), None);
        assert!(version_fault("1\n").is_some());
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("foriegn_key", ["field", "foreign_key"]), Some("foreign_key"));
        assert_eq!(nearest("offst", ["offset", "size"]), Some("offset"));
        assert_eq!(nearest("tpye", ["type", "size"]), Some("type"));
        assert_eq!(nearest("colour", ["offset", "size"]), None);
        assert_eq!(nearest("", ["offset"]), None);
    }
}
