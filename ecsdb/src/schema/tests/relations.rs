//! Indexes, references and counted fields: both ways, drawn at random, and what is refused.

use std::borrow::Cow;

use super::refusals::{refuse, table};
use crate::schema::{
    Cardinality, DatabaseSchema, Durability, FieldType, IndexKind, IndexSchema, OnDelete, ReferenceSchema, Scalar,
    TableSchema,
};

/// Gives tables whatever relations `noise` asks for and their fields allow. References of types lead to tables that are there.
pub(super) fn relate(tables: &mut [TableSchema], noise: &[u8]) {
    let mut noise = noise.iter().copied().cycle();
    let mut byte = || noise.next().unwrap_or(0);
    let names: Vec<Cow<'static, str>> = tables.iter().map(|table| table.name.clone()).collect();
    for table in tables {
        let mut is_kept = true;
        for field in table.fields.to_mut() {
            let target = &names[usize::from(byte()) % names.len()];
            retarget(&mut field.field_type, target);
            field.reference = field.field_type.referenced_table().cloned().map(ReferenceSchema::to);
            if field.reference.is_none() && field.field_type.entity_inside().is_some() && byte().is_multiple_of(2) {
                field.reference = Some(ReferenceSchema::to(target.clone()));
            }
            let can_be_none = matches!(field.field_type, FieldType::Optional(_) | FieldType::List(_));
            if let Some(reference) = &mut field.reference {
                reference.on_delete = OnDelete::ALL[usize::from(byte()) % if can_be_none { 4 } else { 3 }];
                reference.cardinality = if byte().is_multiple_of(2) { Cardinality::One } else { Cardinality::Many };
            }
            let is_number = matches!(field.field_type, FieldType::Scalar(Scalar::U32 | Scalar::I128));
            field.auto_increment = is_number && field.default.is_none() && byte().is_multiple_of(2);
            is_kept &= field.reference.is_none() && !field.auto_increment;
        }
        table.indexes = indexes(table, &mut byte).into();
        is_kept &= table.indexes.iter().all(|index| !index.unique);
        if !is_kept {
            table.durability = Durability::Wal;
        }
    }
}

fn retarget(of: &mut FieldType, to: &str) {
    let reference = || FieldType::Reference { table: to.to_owned().into() };
    match of {
        FieldType::Reference { table } => *table = to.to_owned().into(),
        FieldType::Optional(inner) if matches!(**inner, FieldType::Reference { .. }) => *inner = reference().into(),
        FieldType::List(inner) if matches!(**inner, FieldType::Reference { .. }) => *inner = reference().into(),
        _ => {}
    }
}

/// Those of the indexes that are asked for which a schema takes.
fn indexes(table: &TableSchema, mut byte: impl FnMut() -> u8) -> Vec<IndexSchema> {
    let columns = table.columns();
    let mut kept: Vec<IndexSchema> = Vec::new();
    for number in 0..usize::from(byte() % 5) * usize::from(!columns.is_empty()) {
        let count = usize::from(byte() % 3) + 1;
        let index = IndexSchema {
            name: format!("index_{number}").into(),
            columns: (0..count).map(|_| columns[usize::from(byte()) % columns.len()].name().into()).collect(),
            kind: match byte() % 3 {
                0 => IndexKind::Ordered,
                1 => IndexKind::Hash,
                _ => IndexKind::Grid { cell: f64::from(byte()) / 8.0 },
            },
            unique: byte().is_multiple_of(2),
            total_order: byte().is_multiple_of(2),
        };
        let mut with =
            TableSchema { durability: Durability::Wal, indexes: vec![index.clone()].into(), ..table.clone() };
        with.fields.to_mut().iter_mut().for_each(|field| field.reference = None);
        with.fields.to_mut().iter_mut().for_each(|field| without_references(&mut field.field_type));
        if crate::schema::relation_rules::check_relations(&[with]).is_ok() {
            kept.push(index);
        }
    }
    kept
}

/// The type with entities in the places of references, which need no other table.
fn without_references(of: &mut FieldType) {
    let entity = || FieldType::Scalar(Scalar::Entity);
    match of {
        FieldType::Reference { .. } => *of = entity(),
        FieldType::Optional(inner) if matches!(**inner, FieldType::Reference { .. }) => *inner = entity().into(),
        FieldType::List(inner) if matches!(**inner, FieldType::Reference { .. }) => *inner = entity().into(),
        _ => {}
    }
}

const SHOP: &str = r#"
[database]
name = "shop"

[tables.item]
[[tables.item.fields]]
name = "number"
type = "u32"
auto_increment = true
unique = "hash"
[[tables.item.fields]]
name = "name"
type = "string"
constraint = "unique"
[[tables.item.fields]]
name = "owner"
type = "ref<mob>"
on_delete = "cascade"
index = true
[[tables.item.fields]]
name = "parts"
type = "[entity]"
references = "item"
on_delete = "set_null"
cardinality = "one"
[[tables.item.fields]]
name = "at"
type = "struct Pos { x: f32, y: f32 }"
[[tables.item.indexes]]
name = "place"
columns = ["at.x", "at.y"]
kind = "grid"
cell = 8
[[tables.item.indexes]]
name = "by_x"
columns = ["owner", "at.x"]
unique = true
total_order = true

[tables.mob]
"#;

#[test]
fn relations_are_read_in_their_short_and_their_long_form() {
    let shop = DatabaseSchema::from_toml(SHOP, "shop.toml").unwrap();
    let (_, item) = shop.table("item").unwrap();
    let said: Vec<_> = item
        .indexes
        .iter()
        .map(|index| (&*index.name, index.columns.join(" "), index.kind, index.unique, index.total_order))
        .collect();
    assert_eq!(
        said,
        [
            ("number", "number".to_owned(), IndexKind::Hash, true, false),
            ("name", "name".to_owned(), IndexKind::Ordered, true, false),
            ("owner", "owner".to_owned(), IndexKind::Ordered, false, false),
            ("place", "at.x at.y".to_owned(), IndexKind::Grid { cell: 8.0 }, false, false),
            ("by_x", "owner at.x".to_owned(), IndexKind::Ordered, true, true),
        ]
    );
    let reference = |name: &str| {
        let (_, field) = item.field(name).unwrap();
        field.reference.as_ref().map(|of| (of.table.to_string(), of.on_delete, of.cardinality))
    };
    assert_eq!(reference("owner"), Some(("mob".to_owned(), OnDelete::Cascade, Cardinality::Many)));
    assert_eq!(reference("parts"), Some(("item".to_owned(), OnDelete::SetNull, Cardinality::One)));
    assert_eq!(reference("name"), None);
    assert!(item.field("number").unwrap().1.auto_increment);
    assert_eq!(item.index("place").map(|(number, _)| number), Some(3));

    let json = serde_json::to_string(&shop).unwrap();
    assert_eq!(serde_json::from_str::<DatabaseSchema>(&json).unwrap(), shop);
    assert_eq!(DatabaseSchema::from_toml(&shop.to_toml(), "x").unwrap(), shop);
}

#[test]
fn relations_are_no_part_of_the_hash() {
    let plain = SHOP.lines().filter(|line| !line.starts_with("unique") && !line.starts_with("on_delete"));
    let plain = DatabaseSchema::from_toml(&plain.collect::<Vec<_>>().join("\n"), "shop.toml").unwrap();
    let shop = DatabaseSchema::from_toml(SHOP, "shop.toml").unwrap();
    assert_ne!(plain, shop);
    assert_eq!(plain.hash(), shop.hash());
}

/// The message for the field `b` of this type, with these keys.
fn field(of: &str, keys: &str) -> String {
    let text = table(&format!("[[tables.a.fields]]\nname = \"b\"\ntype = \"{of}\"\n{keys}"));
    text.strip_prefix("game.toml:").and_then(|text| text.split_once(": ")).expect("a place").1.to_owned()
}

#[test]
fn references_that_cannot_be_say_why() {
    assert_eq!(field("ref<aa>", ""), "field `a.b`: `references` names `aa`, which does not exist, did you mean `a`?");
    assert_eq!(
        field("entity", "references = \"nobody\""),
        "field `a.b`: `references` names `nobody`, which does not exist"
    );
    assert_eq!(
        field("u64", "references = \"a\""),
        "field `a.b`: `type` must be `entity` or `ref<table>`, one that may be none, or a list of them, in a reference, \
         found `u64`"
    );
    assert_eq!(
        field("ref<a>", "references = \"c\"\n[tables.c]"),
        "field `a.b`: `references` must be `a`, as the type says, found `c`"
    );
    assert_eq!(
        field("ref<a>", "on_delete = \"set_null\""),
        "field `a.b`: `on_delete` must be \"restrict\", \"cascade\" or \"remove\": a required reference cannot be set to \
         none, found \"set_null\""
    );
    assert_eq!(
        field("ref<a>", "on_delete = \"drop\""),
        "field `a.b`: `on_delete` must be \"restrict\", \"cascade\", \"remove\" or \"set_null\", found the text \"drop\""
    );
    assert_eq!(
        field("entity", "cardinality = \"one\""),
        "field `a.b`: `cardinality` must be left out: the field is no `ref<table>`, and does not say what it \
         `references`, found the text \"one\""
    );
    assert_eq!(
        table("durability = \"none\"\n[[tables.a.fields]]\nname = \"b\"\ntype = \"ref<a>\""),
        "game.toml:6:8: field `a.b`: a reference needs every change to be kept: use the durability \"wal\", not \"none\""
    );
}

#[test]
fn counted_fields_are_integers_without_a_default() {
    assert_eq!(
        field("u8", "auto_increment = true"),
        "field `a.b`: `type` must be an integer of 16 bits or more in a counted field, found `u8`"
    );
    assert_eq!(
        field("u32", "auto_increment = true\ndefault = 7"),
        "field `a.b`: `auto_increment` must be left out, or `default`: a counted field has no default, found both"
    );
}

/// The message for an index of a table with a few fields.
fn index(keys: &str) -> String {
    const FIELDS: &str = "fields = [{ name = \"id\", type = \"u32\" }, { name = \"x\", type = \"f32\" }, { name = \"y\", \
                          type = \"f64\" }, { name = \"list\", type = \"[u8]\" }, { name = \"deep\", type = \"[[u8]]\" }, \
                          { name = \"ai\", type = \"enum { A, B(u8) }\" }]\n";
    let text = table(&format!("{FIELDS}[[tables.a.indexes]]\nname = \"i\"\n{keys}"));
    text.split_once("table `a`: ").expect("a table").1.to_owned()
}

#[test]
fn indexes_that_cannot_be_say_why() {
    for (keys, message) in [
        ("columns = []", "index `i`: it has no columns"),
        ("columns = [\"idd\"]", "index `i`: there is no column `idd`, did you mean `id`?"),
        ("columns = [\"id\", \"id\"]", "index `i`: it names `id` twice"),
        (
            "columns = [\"x\"]",
            "index `i`: `x` is `f32`: a float has no order that an index could keep (`NaN`): ask for the order of its \
             bits with `total_order`",
        ),
        (
            "columns = [\"ai\"]",
            "index `i`: `ai` is `enum { A, B(u8) }`: an enum with data has no order: take a field that says which \
             variant it is",
        ),
        (
            "columns = [\"id\", \"list\"]",
            "index `i`: `list` is `[u8]`: a list is a key by its elements: it needs an index of its own",
        ),
        (
            "columns = [\"deep\"]",
            "index `i`: `deep` is `[[u8]]`: a list is a key by its elements, which must be no lists, and only as a field \
             of its own",
        ),
        (
            "columns = [\"x\", \"y\"]\nkind = \"grid\"\ncell = 1",
            "index `i`: the columns of a place are all of one type",
        ),
        ("columns = [\"x\"]\nkind = \"grid\"\ncell = 1", "index `i`: a place is two or three columns, found 1"),
        (
            "columns = [\"x\", \"list\"]\nkind = \"grid\"\ncell = 1",
            "index `i`: `list` is `[u8]`: a place is made of numbers: floats, or integers of up to 64 bits",
        ),
        (
            "columns = [\"x\", \"y\"]\nkind = \"grid\"\ncell = 1\nunique = true",
            "index `i`: a grid finds what is near, it cannot be unique",
        ),
        (
            "columns = [\"x\", \"y\"]\nkind = \"grid\"\ncell = 0",
            "index `i`: the edge of a cell must be above 0, found 0",
        ),
        (
            "columns = [\"x\", \"y\"]\nkind = \"grid\"",
            "`cell` must be there: the edge of a cell of the grid, such as 8.0, found nothing",
        ),
        ("columns = [\"id\"]\ncell = 1", "`cell` must be left out: only a grid has cells, found 1"),
        (
            "columns = [\"id\"]\nkind = \"tree\"",
            "`kind` must be \"ordered\", \"hash\" or \"grid\", found the text \"tree\"",
        ),
        (
            "columns = [\"id\"]\n[[tables.a.indexes]]\nname = \"i\"\ncolumns = [\"id\"]",
            "there are two indexes named `i`",
        ),
    ] {
        assert_eq!(index(keys), message, "{keys}");
    }
    let wide = (0..9).map(|number| format!("{{ name = \"f{number}\", type = \"u8\" }}")).collect::<Vec<_>>().join(", ");
    let names = (0..9).map(|number| format!("\"f{number}\"")).collect::<Vec<_>>().join(", ");
    let text = refuse(&format!(
        "[database]\nname = \"x\"\n[tables.a]\nfields = [{wide}]\n[[tables.a.indexes]]\nname = \"i\"\ncolumns = [{names}]"
    ));
    assert_eq!(text, "game.toml:3:9: table `a`: 9 columns of an index: at most 8 are allowed");
}
