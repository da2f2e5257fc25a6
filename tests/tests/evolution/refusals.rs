//! What would lose something: refused with the table, the field, and the way out.

use ecsdb::OpenError;
use ecsdb::error::DirectoryError;
use ecsdb_tests::simulated::Simulated;

use super::{open, rows, schema, table};

const OLD: &[&str] = &[
    "name = \"hp\"; type = \"u32\"",
    "name = \"name\"; type = \"string\"",
    "name = \"kind\"; type = \"enum { A, B }\"",
];

#[test]
fn what_would_lose_something_is_refused_and_touches_nothing() {
    let media = Simulated::new();
    let old = || schema(&[table("unit", "", OLD), table("tag", "", &[])].concat());
    let db = open(&media, old()).unwrap();
    let kind = ecsdb::schema::Value::Variant { variant: "B".to_owned(), fields: Vec::new() };
    db.write(move |tx| Ok(tx.spawn(&[("unit", &[("hp", 1.into()), ("name", "x".into()), ("kind", kind)])])?)).unwrap();
    db.close().unwrap();
    let before_rows = rows(&db);
    drop(db);
    let before = media.state();
    let tag = table("tag", "", &[]);
    for (unit, said) in [
        (&["name = \"hp\"; type = \"u16\"", OLD[1], OLD[2]][..], "table `unit`: field `hp`: "),
        (&["name = \"hp\"; type = \"f32\"", OLD[1], OLD[2]], "table `unit`: field `hp`: "),
        (&[OLD[0], "name = \"name\"; type = \"str<8>\"", OLD[2]], "table `unit`: field `name`: "),
        (&[OLD[0], OLD[1], "name = \"kind\"; type = \"enum { A }\""], "`B`"),
        (&[OLD[0], OLD[1]], "field `kind` is missing, and was not deprecated: "),
        (&[OLD[0], OLD[1], OLD[2], "name = \"new\"; type = \"u8\""], "field `new` is new, and nothing says which `u8`"),
    ] {
        let error = open(&media, schema(&[table("unit", "", unit), tag.clone()].concat())).err().unwrap();
        let OpenError::Directory(DirectoryError::Schema(mismatch)) = &error else { panic!("{error}") };
        assert_eq!(mismatch.refused.len(), 1, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!mismatch.refused[0].way_out().is_empty());
    }
    let error = open(&media, schema(&table("unit", "", OLD))).err().unwrap();
    assert!(error.to_string().contains("table `tag`: it is missing, and was not deprecated"), "{error}");
    let after = media.state();
    assert!(before.paths().eq(after.paths()));
    assert!(before.paths().all(|path| before.content(path) == after.content(path)));
    assert_eq!(rows(&open(&media, old()).unwrap()), before_rows);
}
