//! Names: the table name of a type, what is asked of names, and which name somebody may have meant.

/// `MoveTarget` as `move_target`, `HTTPServer` as `http_server`.
pub fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, &c) in chars.iter().enumerate() {
        if c.is_uppercase() && index > 0 && chars[index - 1] != '_' {
            let before = chars[index - 1];
            let next_is_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
            if !before.is_uppercase() || next_is_lower {
                snake.push('_');
            }
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// What is asked of the name of a column, and missing here. The same rules, in the same words, as those of schemas in
/// files; a `schema!` holds the two together.
pub fn column_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("a name that is not empty");
    }
    if name.len() > 128 {
        return Some("a name of at most 128 bytes");
    }
    let is_word = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if !is_word || name.as_bytes()[0].is_ascii_digit() {
        return Some("a snake_case name: a-z, 0-9 and `_`, not beginning with a digit");
    }
    if name.bytes().all(|byte| byte == b'_') {
        return Some("a name with a letter in it");
    }
    if name.starts_with("ecsdb_") {
        return Some("a name that does not begin with `ecsdb_`, which is kept for the database's own");
    }
    None
}

/// What is asked of the name of a table, and missing here.
pub fn table_fault(name: &str) -> Option<&'static str> {
    if name == "entities" {
        return Some("another name than `entities`, which is the table of the entities themselves");
    }
    column_fault(name)
}

/// What is asked of the name of a variant, and missing here.
pub fn variant_fault(name: &str) -> Option<&'static str> {
    if name.len() > 128 {
        return Some("a name of at most 128 bytes");
    }
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word || name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return Some("a name of a-z, A-Z, 0-9 and `_`, not beginning with a digit");
    }
    None
}

/// What is expected of a durability, unless `name` is one.
pub fn durability_fault(name: &str) -> Option<&'static str> {
    if matches!(name, "wal" | "snapshot" | "none") { None } else { Some("`wal`, `snapshot` or `none`") }
}

/// What is expected of what follows a deletion, unless `name` is one.
pub fn on_delete_fault(name: &str) -> Option<&'static str> {
    match name {
        "restrict" | "cascade" | "remove" | "set_null" => None,
        _ => Some("`restrict`, `cascade`, `remove` or `set_null`"),
    }
}

/// What is expected of a cardinality, unless `name` is one.
pub fn cardinality_fault(name: &str) -> Option<&'static str> {
    if matches!(name, "one" | "many") { None } else { Some("`one` or `many`") }
}

/// A number for the name of a part (FNV-1a): `ecsdb` has the same function.
pub fn part_name(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The one of `candidates` that is a few typing errors away from `name`.
pub fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let within = (name.chars().count() * 2 / 5).max(1);
    candidates
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= within || candidate.starts_with(name) && name.len() > 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters to insert, delete, replace or swap with their neighbour to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_are_snake_case() {
        for (name, snake) in [
            ("Health", "health"),
            ("MoveTarget", "move_target"),
            ("HTTPServer", "http_server"),
            ("Vec3Pair", "vec3_pair"),
            ("Pos2D", "pos2_d"),
            ("already_snake", "already_snake"),
            ("Odd_Name", "odd_name"),
            ("X", "x"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn names_follow_the_rules_of_schemas() {
        for good in ["hp", "_0", "_pad", "a1", "type"] {
            assert_eq!(table_fault(good), None, "{good}");
        }
        for bad in ["", "_", "__", "1a", "maxHp", "a-b", "a.b", "größe", "ecsdb_log", "entities", &"x".repeat(129)] {
            assert!(table_fault(bad).is_some(), "{bad}");
        }
        assert_eq!(column_fault("entities"), None, "a column may be called so");
    }

    #[test]
    fn the_nearest_name_is_a_few_errors_away() {
        let keys = ["table", "row", "view", "crate"];
        assert_eq!(nearest("tabel", &keys), Some("table"));
        assert_eq!(nearest("rwo", &keys), Some("row"));
        assert_eq!(nearest("creat", &keys), Some("crate"));
        assert_eq!(nearest("tab", &keys), Some("table"));
        assert_eq!(nearest("durability", &keys), None);
        assert_eq!(nearest("x", &keys), None);
    }
}
