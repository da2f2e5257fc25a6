//! What is unique stays unique, at the end of every transaction.

use ecsdb::schema::Value;
use ecsdb::{DynTransaction, Entity, OpError, TransactionError};
use ecsdb_tests::why;

use super::*;

fn spawn(tx: &mut DynTransaction<'_>, number: u64) -> Result<Entity, OpError> {
    tx.spawn(&[("item", &item(number, None))])
}

#[test]
fn a_second_row_with_the_same_key_is_refused_by_name() {
    let db = open(vec![unique("name", &["name"]), unique("place", &["kind", "level"])]);
    let first = db.write(|tx| Ok(spawn(tx, 1)?)).unwrap();
    let version = db.stats().version;
    // 1 and 101 have the same name and other levels, 1 and 31 the same kind and level.
    let text = why(db.write(|tx| Ok(spawn(tx, 101)?)));
    assert_eq!(text, format!("index `item.name` is unique: entities {first} and 1v1 both have \"n1\""));
    let error = db.write(|tx| Ok(spawn(tx, 31)?)).unwrap_err();
    let TransactionError::Op(OpError::Duplicate(error)) = error else { panic!("{error}") };
    assert_eq!((&*error.table, &*error.index), ("item", "place"));
    assert_eq!(error.values, [Value::U8(1), Value::I16(-14)]);
    assert_eq!(error.entity, first);
    assert_eq!(db.stats().version, version, "nothing has changed");
    assert_eq!(db.snapshot().view().entity_count(), 1);
    // Generations that were seen are not handed out again.
    let second = db.write(|tx| Ok(spawn(tx, 2)?)).unwrap();
    assert_eq!(second.to_string(), "1v3");
}

#[test]
fn long_texts_are_the_same_only_if_all_of_them_is() {
    let db = open(vec![unique("name", &["name"])]);
    // 0 and 3 begin with the same forty bytes.
    db.write(|tx| {
        spawn(tx, 0)?;
        spawn(tx, 3)?;
        Ok(())
    })
    .unwrap();
    let text = why(db.write(|tx| Ok(spawn(tx, 120)?)));
    assert!(text.contains("both have \"long long long"), "{text}");
    // A change behind what the key has of the text is noticed too.
    let second = all(db.snapshot().view())[1].entity().unwrap();
    let name = item(0, None)[2].1.clone();
    let text = why(db.write(move |tx| Ok(tx.set("item", second, "name", name)?)));
    assert!(text.starts_with("index `item.name` is unique"), "{text}");
}

#[test]
fn values_may_be_swapped_and_passed_on_within_a_transaction() {
    let db = open(vec![unique("level", &["level"])]);
    let (one, other) = db.write(|tx| Ok((spawn(tx, 1)?, spawn(tx, 2)?))).unwrap();
    let level = |view: DynView<'_>, entity| view.get("item", entity).unwrap().get("level").unwrap();
    let (low, high) = (level(db.snapshot().view(), one), level(db.snapshot().view(), other));
    let (swapped_low, swapped_high) = (low.clone(), high.clone());
    db.write(move |tx| {
        tx.set("item", one, "level", swapped_high)?;
        // For a while both have it, and whoever asks is told so.
        let values = [level(tx.view(), one)];
        let index = tx.index("item", "level")?.unwrap();
        assert_eq!(entities(index.get(&values).unwrap()).len(), 2);
        tx.set("item", other, "level", swapped_low)?;
        Ok(())
    })
    .unwrap();
    assert_eq!((level(db.snapshot().view(), one), level(db.snapshot().view(), other)), (high.clone(), low));
    // A new row takes the value of one that goes.
    db.write(move |tx| {
        let heir = spawn(tx, 1)?;
        tx.set("item", heir, "level", high)?;
        tx.despawn(one)?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn nothing_is_never_the_same_and_elements_of_lists_are() {
    let db = open(vec![unique("owner", &["owner"]), unique("tags", &["tags"])]);
    let put = |tags: &'static [u8], owner: Option<Entity>| {
        db.write(move |tx| {
            let mut values = item(7, owner);
            values[4].1 = tags.to_vec().into();
            Ok(tx.spawn(&[("item", &values)])?)
        })
    };
    let first = put(&[1, 2, 2], None).unwrap();
    put(&[3], None).unwrap();
    let text = why(put(&[4, 2], None));
    assert!(text.ends_with("both have 2"), "{text}");
    put(&[], Some(first)).unwrap();
    let text = why(put(&[], Some(first)));
    assert!(text.ends_with(&format!("both have {first}")), "{text}");
}

#[test]
fn a_batch_keeps_what_was_right_and_a_builder_hears_what_was_wrong() {
    let db = open(vec![unique("name", &["name"])]);
    let pending: Vec<_> = [1_u64, 2, 101, 4].map(|number| db.write(move |tx| Ok(spawn(tx, number)?))).into();
    let kept: Vec<bool> = pending.iter().map(Result::is_ok).collect();
    assert_eq!(kept, [true, true, false, true]);
    assert_eq!(all(db.snapshot().view()).len(), 3);
}

#[test]
fn long_texts_in_lists_are_compared_to_their_ends_whatever_else_changes_in_the_list() {
    let of = table("list", &[("texts", "[string]")], vec![unique("texts", &["texts"])]);
    let db = DynDb::builder().open_schema(schema(vec![of])).unwrap();
    let texts = |ends: &[&str]| -> Value {
        let text = |end: &&str| Value::from(format!("{}{end}", "long ".repeat(8)));
        Value::Array(ends.iter().map(text).collect())
    };
    let (one, other) = (texts(&["a"]), texts(&["b"]));
    db.write(move |tx| Ok(tx.spawn(&[("list", &[("texts", one)])])?)).unwrap();
    let second = db.write(move |tx| Ok(tx.spawn(&[("list", &[("texts", other)])])?)).unwrap();
    let Value::Array(mut longer) = texts(&["a"]) else { unreachable!("just made") };
    longer.push("short".to_owned().into());
    let text = why(db.write(move |tx| Ok(tx.set("list", second, "texts", Value::Array(longer))?)));
    assert!(text.starts_with("index `list.texts` is unique"), "{text}");
}

#[test]
fn an_index_that_there_was_no_memory_for_is_not_asked_again_by_the_same_transaction() {
    let indexes = ["kind", "level", "name", "tags", "speed"].map(|name| ordered(name, &[name]));
    let db = DynDb::builder().memory_limit(300_000).open_schema(schema(vec![items(indexes.into())])).unwrap();
    let outcome = db.write(|tx| {
        for number in 0.. {
            if tx.spawn(&[("item", &item(number, None))]).is_err() {
                break;
            }
            if number % 64 == 0 && tx.index("item", "name").is_err() {
                break;
            }
        }
        for _ in 0..2 {
            assert!(matches!(tx.index("item", "name"), Err(OpError::Memory(_))));
        }
        Ok(())
    });
    assert!(matches!(outcome, Err(TransactionError::Op(OpError::Memory(_)))), "{outcome:?}");
    assert_eq!(db.snapshot().view().index("item", "name").unwrap().len(), 0);
    db.write(|tx| Ok(tx.spawn(&[("item", &item(1, None))])?)).unwrap();
}
