//! The names and types of one table in a schema file, as far as a comparison needs them.
//!
//! It reads the lines that `DatabaseSchema::to_toml` and people write: headers, and keys with strings. Whether the file is
//! a schema is for `ecsdb` to judge; a full reader of TOML would double the time that it takes to build the derive.

/// What the file says of a table.
#[derive(Debug, PartialEq, Eq)]
pub enum Fields {
    /// The stored fields in order: their names and types.
    Read(Vec<(String, String)>),
    /// There is no such table, but these.
    NoTable(Vec<String>),
    /// This line, from 1, is written in a way that is not understood here.
    Unreadable(usize),
}

/// A field in the making.
#[derive(Default)]
struct Field {
    line: usize,
    name: Option<String>,
    ty: Option<String>,
    is_key: bool,
}

/// Reads the table `name` in the text of a file.
pub fn table(text: &str, name: &str) -> Fields {
    let (head, array) = (format!("tables.{name}"), format!("tables.{name}.fields"));
    let (mut tables, mut fields, mut found) = (Vec::new(), Vec::<Field>::new(), false);
    // Where the lines belong: the table itself, one of its fields, or elsewhere.
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = header(line) {
            if let Some(table) = header.strip_prefix("tables.").and_then(|rest| rest.split('.').next())
                && !tables.iter().any(|known| known == table)
            {
                tables.push(table.to_owned());
            }
            found |= header == head || header == array;
            if header == array {
                fields.push(Field { line: number + 1, ..Field::default() });
            }
            section = header;
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim().trim_matches('"');
        if section == head && key == "fields" {
            return Fields::Unreadable(number + 1);
        }
        let Some(field) = fields.last_mut().filter(|_| section == array) else { continue };
        match (key, string(value)) {
            ("name", Some(name)) => field.name = Some(name),
            ("type", Some(ty)) => field.ty = Some(ty),
            ("name" | "type", None) => return Fields::Unreadable(number + 1),
            ("foreign_key", _) => field.is_key = true,
            _ => {}
        }
    }
    if !found {
        return Fields::NoTable(tables.into_iter().filter(|table| table != "entities").collect());
    }
    let mut read = Vec::with_capacity(fields.len());
    // A key is the row's entity under a name: it is not stored.
    for field in fields.into_iter().filter(|field| !field.is_key) {
        match (field.name, field.ty) {
            (Some(name), Some(ty)) => read.push((name, ty)),
            _ => return Fields::Unreadable(field.line),
        }
    }
    Fields::Read(read)
}

/// The name in `[name]` or `[[name]]`, without spaces and quotation marks.
fn header(line: &str) -> Option<String> {
    let inner = line.strip_prefix('[')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let end = inner.find(']')?;
    Some(inner[..end].chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '"' | '\'')).collect())
}

/// The string that a value is, if it is one on a line; a comment may follow.
fn string(value: &str) -> Option<String> {
    let value = value.trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = &value[1..];
    let end = inner.find(quote)?;
    let (text, rest) = (&inner[..end], inner[end + 1..].trim());
    // Neither names nor types have anything to escape.
    let is_plain = !text.contains('\\') && (rest.is_empty() || rest.starts_with('#'));
    is_plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[database]
name = "game"

[tables.entities]
primary_key = "id"

[tables.pos] # where things are
size = 8

[[tables.pos.fields]]
name = "entity_id"
type = "u64"
foreign_key = "entities.id"

[[tables.pos.fields]]
name = "x" # to the right
type = 'f32'

[[ tables.pos.fields ]]
type = "[f32; 2]"
name = "rest"
offset = 4

[tables.frozen]
"#;

    fn read(fields: &[(&str, &str)]) -> Fields {
        Fields::Read(fields.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned())).collect())
    }

    #[test]
    fn the_fields_of_one_table_are_read() {
        assert_eq!(table(FILE, "pos"), read(&[("x", "f32"), ("rest", "[f32; 2]")]));
        assert_eq!(table(FILE, "frozen"), read(&[]));
        assert_eq!(table(FILE, "vel"), Fields::NoTable(vec!["pos".to_owned(), "frozen".to_owned()]));
    }

    #[test]
    fn what_is_not_understood_says_where() {
        assert_eq!(table("[tables.a]\nfields = [{ name = \"x\", type = \"u8\" }]", "a"), Fields::Unreadable(2));
        assert_eq!(table("[[tables.a.fields]]\nname = \"x\"", "a"), Fields::Unreadable(1));
        assert_eq!(table("[[tables.a.fields]]\nname = \"\"\"x\"\"\"", "a"), Fields::Unreadable(2));
    }
}
