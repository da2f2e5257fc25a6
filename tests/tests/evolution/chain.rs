//! Six versions of one schema. A directory that was begun under any of them, and worked on under some of the next ones, opens
//! in the last one with the rows that a map of what was done says.

use std::collections::BTreeMap;

use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{DynDb, Entity};
use ecsdb_tests::simulated::Simulated;

use super::{nth, open, rows, schema, table};

/// The versions, from 1 on.
pub fn version(number: usize) -> DatabaseSchema {
    let text = match number {
        1 => vec![
            table("health", "", &["name = \"hp\"; type = \"u16\"", "name = \"max\"; type = \"u16\""]),
            table("unit", "", &["name = \"kind\"; type = \"enum Kind { Orc, Elf }\"", "name = \"pad\"; type = \"u8\""]),
            table("tag", "", &[]),
        ],
        // A new table, a new field with a default, a field that becomes wider.
        2 => vec![
            table(
                "health",
                "version = 2",
                &[
                    "name = \"hp\"; type = \"u32\"",
                    "name = \"max\"; type = \"u16\"",
                    "name = \"armor\"; type = \"u8\"; default = 3; since = 2",
                ],
            ),
            table("unit", "", &["name = \"kind\"; type = \"enum Kind { Orc, Elf }\"", "name = \"pad\"; type = \"u8\""]),
            table("tag", "", &[]),
            table("name", "", &["name = \"text\"; type = \"str<8>\""]),
        ],
        // New names, another order, a variant in the middle, text that is longer, a field that will go.
        3 => vec![
            table("tag", "", &[]),
            table(
                "life",
                "renamed_from = \"health\"",
                &[
                    "name = \"armor\"; type = \"u8\"; default = 3",
                    "name = \"points\"; type = \"u32\"; renamed_from = \"hp\"",
                    "name = \"max\"; type = \"u16\"",
                ],
            ),
            table(
                "unit",
                "",
                &[
                    "name = \"kind\"; type = \"enum Kind { Orc, Troll { size: u8 }, Elf }\"",
                    "name = \"pad\"; type = \"u8\"; deprecated = \"nobody reads it\"",
                ],
            ),
            table("name", "", &["name = \"text\"; type = \"string\""]),
        ],
        // What was deprecated goes, what was a value may be none, a variant is called differently.
        4 => vec![
            table("tag", "deprecated = \"not needed\"", &[]),
            table(
                "life",
                "",
                &[
                    "name = \"armor\"; type = \"u8?\"",
                    "name = \"points\"; type = \"u32\"",
                    "name = \"max\"; type = \"u16\"",
                ],
            ),
            table("unit", "", &["name = \"kind\"; type = \"enum Kind { Orc, Troll { size: u8 }, Alf was Elf }\""]),
            table("name", "", &["name = \"text\"; type = \"string\"", "name = \"titles\"; type = \"[string]?\""]),
        ],
        // A table goes, and a field comes under the name of one that went: it is another one.
        5 => vec![
            table(
                "life",
                "",
                &[
                    "name = \"armor\"; type = \"u8?\"",
                    "name = \"points\"; type = \"u64\"",
                    "name = \"max\"; type = \"u16\"",
                ],
            ),
            table(
                "unit",
                "",
                &[
                    "name = \"kind\"; type = \"enum Kind { Orc, Troll { size: u16, angry: bool? }, Alf }\"",
                    "name = \"pad\"; type = \"u8\"; default = 77",
                ],
            ),
            table("name", "", &["name = \"text\"; type = \"string\"", "name = \"titles\"; type = \"[string]?\""]),
        ],
        // The table comes again, empty.
        6 => vec![
            table("name", "", &["name = \"text\"; type = \"string\"", "name = \"titles\"; type = \"[string]?\""]),
            table(
                "unit",
                "",
                &[
                    "name = \"pad\"; type = \"u8\"; default = 77",
                    "name = \"kind\"; type = \"enum Kind { Orc, Troll { size: u16, angry: bool? }, Alf }\"",
                ],
            ),
            table(
                "life",
                "",
                &[
                    "name = \"armor\"; type = \"u8?\"",
                    "name = \"points\"; type = \"u64\"",
                    "name = \"max\"; type = \"u16\"",
                ],
            ),
            table("tag", "", &["name = \"level\"; type = \"i32\""]),
        ],
        _ => unreachable!("there are six"),
    };
    schema(&text.concat())
}

/// What a row is in the newest version: of `life`, `name`, `unit`, by entity.
type Model = BTreeMap<Entity, [Option<String>; 3]>;

fn troll(size: Value, angry: Option<Value>) -> Value {
    let mut fields = vec![("size".to_owned(), size)];
    fields.extend(angry.map(|angry| ("angry".to_owned(), angry)));
    Value::Variant { variant: "Troll".to_owned(), fields }
}

fn plain(variant: &str) -> Value {
    Value::Variant { variant: variant.to_owned(), fields: Vec::new() }
}

/// What one program does under version `number`: it makes rows, changes some and removes some, and so does the model.
pub fn work(db: &DynDb, number: usize, model: &mut Model) {
    for n in 0..40_u16 {
        let points = 1000 * number as u16 + n;
        let life = match number {
            1 => ("health", vec![("hp", Value::from(points)), ("max", Value::from(7_u16))]),
            2 => ("health", vec![("hp", points.into()), ("max", 7_u16.into()), ("armor", 9_u8.into())]),
            3 => ("life", vec![("points", points.into()), ("max", 7_u16.into()), ("armor", 9_u8.into())]),
            _ => ("life", vec![("points", points.into()), ("max", 7_u16.into()), ("armor", None::<u8>.into())]),
        };
        let armor = match number {
            1 => "3",
            2 | 3 => "9",
            _ => "none",
        };
        let elf = plain(if number < 4 { "Elf" } else { "Alf" });
        let unit = match (number, n % 3) {
            (1 | 2, 0) | (3.., 1) => (plain("Orc"), "Orc".to_owned()),
            (5.., 0) => (troll(n.into(), Some(Value::from(Some(true)))), format!("Troll {{ size: {n}, angry: true }}")),
            (3.., 0) => (troll((n as u8).into(), None), format!("Troll {{ size: {n}, angry: none }}")),
            _ => (elf, "Alf".to_owned()),
        };
        let mut of_unit = vec![("kind", unit.0)];
        if number != 4 {
            of_unit.push(("pad", 5_u8.into()));
        }
        let text = format!("n{n}");
        let titles: Option<Vec<String>> = (n % 2 == 0).then(|| vec!["Sir".to_owned(); usize::from(n % 5)]);
        let mut of_name = vec![("text", Value::from(&*text))];
        if number >= 4 {
            of_name.push(("titles", titles.clone().into()));
        }
        let mut given = vec![life, ("unit", of_unit)];
        if number >= 2 {
            given.push(("name", of_name));
        }
        let spawned = db.write(move |tx| {
            let given: Vec<(&str, &[(&str, Value)])> =
                given.iter().map(|(table, values)| (*table, &**values)).collect();
            Ok(tx.spawn(&given)?)
        });
        let entity = spawned.unwrap();
        let titles = match (&titles, number) {
            (Some(titles), 4..) => format!("{}", Value::from(titles.clone())),
            _ => "none".to_owned(),
        };
        // What was left out after version 3 is not what has its name since version 5.
        let pad = if number < 5 { 77 } else { 5 };
        let row = [
            Some(format!("armor={armor} points={points} max=7")),
            (number >= 2).then(|| format!("text={text:?} titles={titles}")),
            Some(format!("pad={pad} kind={}", unit.1)),
        ];
        model.insert(entity, row);
    }
    // Changes of rows that stay, also of rows that were made under another version.
    let (table, field) = match number {
        1 | 2 => ("health", "max"),
        _ => ("life", "max"),
    };
    for n in (0..60).step_by(7) {
        let entity = nth(db, n * 11);
        if let Some(life) = model.get_mut(&entity).and_then(|row| row[0].as_mut()) {
            db.write(move |tx| Ok(tx.set(table, entity, field, (n as u16).into())?)).unwrap();
            let end = life.find(" max=").unwrap();
            *life = format!("{} max={n}", &life[..end]);
        }
    }
    if number >= 2 {
        let entity = nth(db, 3);
        let had = db.snapshot().view().get("name", entity).is_some();
        if had {
            db.write(move |tx| Ok(tx.remove("name", entity)?)).unwrap();
            model.get_mut(&entity).unwrap()[1] = None;
        }
    }
    let gone = nth(db, 20);
    db.write(move |tx| Ok(tx.despawn(gone)?)).unwrap();
    model.remove(&gone);
}

fn expected(model: &Model) -> Vec<String> {
    let row = |(entity, row): (&Entity, &[Option<String>; 3])| {
        let named = ["life", "name", "unit"].into_iter().zip(row);
        named.filter_map(|(table, row)| row.as_ref().map(|row| format!("{table} {entity}: {row}"))).collect::<Vec<_>>()
    };
    let mut rows: Vec<String> = model.iter().flat_map(row).collect();
    rows.sort();
    rows
}

#[test]
fn every_way_through_the_versions_leads_to_the_same_rows() {
    // Each way names the versions under which the database is worked on; the last one only reads.
    for ways in 1_u32..1 << 5 {
        let media = Simulated::new();
        let mut model = Model::new();
        // What is left out may only go after a program that called it deprecated, and a table only comes again after it went.
        let versions: Vec<usize> = (1..=5).filter(|number| ways >> (number - 1) & 1 == 1).collect();
        let begun = versions[0];
        for number in (begun..=6).filter(|number| versions.contains(number) || matches!(number, 3..=6)) {
            let db = open(&media, version(number)).unwrap();
            if versions.contains(&number) {
                work(&db, number, &mut model);
            }
            db.close().unwrap();
        }
        let db = open(&media, version(6)).unwrap();
        assert_eq!(rows(&db), expected(&model), "{versions:?}");
        assert_eq!(db.recovery().unwrap().migration, None, "{versions:?}: it was migrated before");
        // New rows, also in the table that came again.
        let entity = nth(&db, 0);
        db.write(move |tx| Ok(tx.insert("tag", entity, &[("level", 4.into())])?)).unwrap();
        db.close().unwrap();
        let db = open(&media, version(6)).unwrap();
        assert_eq!(db.snapshot().view().get("tag", entity).unwrap().get("level"), Some(Value::I32(4)));
    }
}

#[test]
fn a_migration_is_told_and_recorded() {
    let media = Simulated::new();
    let mut model = Model::new();
    let db = open(&media, version(1)).unwrap();
    work(&db, 1, &mut model);
    db.close().unwrap();
    let before = db.stats().version;
    drop(db);
    let db = open(&media, version(2)).unwrap();
    let recovery = db.recovery().unwrap();
    let migration = recovery.migration.as_ref().unwrap();
    assert_eq!((migration.from_version, recovery.version), (before, before + 1));
    assert_eq!(migration.rows, 39, "those of one table");
    assert_eq!(
        migration.steps,
        [
            "table `health`: field `hp` is `u32`, was `u16`",
            "table `health`: new field `armor` of type `u8`, `3` in rows that there are",
            "new table `name`",
        ]
    );
    drop(db);
    let state = media.state();
    let text = state.paths().find(|path| path.ends_with("migrations.toml")).and_then(|path| state.content(path));
    let text = String::from_utf8(text.unwrap().to_vec()).unwrap();
    assert!(text.contains("was `u16`") && text.matches("[[migration]]").count() == 1, "{text}");
}
