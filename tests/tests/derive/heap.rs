//! Components with strings and lists, whose rows end with the place of their heap.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ecsdb::component::{Row, Stored};
use ecsdb::{Component, Db, FixedStr};

#[derive(Component, Debug, PartialEq, Clone)]
struct Sign {
    lit: bool,
    text: String,
    notes: Vec<String>,
    scores: Vec<u32>,
    queue: VecDeque<(u8, char)>,
    maker: Cow<'static, str>,
    short: FixedStr<4>,
    maybe: Option<String>,
}

#[derive(Component)]
struct Title(String);

#[derive(Component)]
struct Plain {
    a: u32,
}

ecsdb::schema! { World: Sign, Title, Plain }

fn sign() -> Sign {
    Sign {
        lit: true,
        text: "inn".to_owned(),
        notes: vec!["no".to_owned(), String::new(), "dögs".to_owned()],
        scores: vec![7, 8],
        queue: VecDeque::from([(1, 'a'), (2, 'b')]),
        maker: Cow::Borrowed("Ann"),
        short: "ab".parse().unwrap(),
        maybe: Some("x".to_owned()),
    }
}

#[test]
fn strings_and_lists_are_read_without_copying_them() {
    let stored = Stored::new(sign());
    let view = stored.view();
    let (text, scores): (&str, &[u32]) = (view.text(), view.scores());
    assert_eq!((text, scores, view.maker(), view.short(), view.maybe()), ("inn", &[7, 8][..], "Ann", "ab", Some("x")));
    assert_eq!(view.notes().iter().collect::<Vec<_>>(), ["no", "", "dögs"]);
    assert_eq!(view.queue().get(1), Some((2, 'b')));
    assert_eq!(view.to_owned(), sign());
    assert_eq!(Sign::validate(&stored.to_bytes()), Ok(()));
}

#[test]
fn only_rows_with_strings_or_lists_end_with_the_place_of_a_heap() {
    const {
        assert!(<Sign as Component>::Row::HAS_HEAP && <Title as Component>::Row::HAS_HEAP);
        assert!(!<Plain as Component>::Row::HAS_HEAP);
    }
    assert_eq!((size_of::<TitleRow>(), Title::SCHEMA.size), (8 + 8, 16));
    assert_eq!((size_of::<PlainRow>(), align_of::<TitleRow>()), (4, 1));
    let bytes = Stored::new(Title("abc".to_owned())).to_bytes();
    assert_eq!(bytes[..8], [0, 0, 0, 0, 3, 0, 0, 0], "where the text is");
    assert_eq!(bytes[8..], [0, 0, 0, 0, 3, 0, 0, 0, b'a', b'b', b'c'], "where the heap is, and the heap");
}

#[test]
fn views_compare_what_is_in_the_heap() {
    let (one, other) = (Stored::new(Title("abc".to_owned())), Stored::new(Title("abd".to_owned())));
    assert_ne!(one.view(), other.view());
    assert_eq!(one.view(), Stored::new(Title("abc".to_owned())).view());
    let mut changed = sign();
    changed.notes[2].push('!');
    assert_ne!(Stored::new(sign()).view(), Stored::new(changed).view());
    assert_eq!(Stored::new(sign()).view(), Stored::new(sign()).view());
}

#[test]
fn views_show_what_is_in_the_heap_and_rows_how_much_it_is() {
    let stored = Stored::new(Title("abc".to_owned()));
    assert_eq!(format!("{:?}", stored.view()), "Title(\"abc\")");
    assert_eq!(format!("{:?}", stored.row()), "TitleRow(<3 bytes of text>)");
}

#[test]
fn a_panic_leaves_row_and_heap_as_they_were() {
    let mut stored = Stored::new(sign());
    let result = catch_unwind(AssertUnwindSafe(|| {
        stored.modify(|sign| {
            sign.text.clear();
            panic!("in the middle of a change");
        })
    }));
    assert!(result.is_err());
    assert_eq!(stored.get(), sign());
    stored.modify(|sign| sign.text.push_str("keeper"));
    assert_eq!(stored.view().text(), "innkeeper");
}

/// A type whose conversion to the stored one panics.
struct Fragile(u32);

impl From<Fragile> for String {
    fn from(fragile: Fragile) -> Self {
        assert!(fragile.0 < 10, "too large");
        fragile.0.to_string()
    }
}

impl From<String> for Fragile {
    fn from(text: String) -> Self {
        Self(text.parse().unwrap())
    }
}

#[test]
fn a_conversion_that_panics_leaves_row_and_heap_as_they_were() {
    #[derive(Component)]
    struct Converted {
        before: String,
        #[component(as = String)]
        fragile: Fragile,
    }
    let mut stored = Stored::new(Converted { before: "a".to_owned(), fragile: Fragile(9) });
    let result = catch_unwind(AssertUnwindSafe(|| {
        stored.modify(|converted| {
            converted.before = "longer".to_owned();
            converted.fragile.0 = 11;
        })
    }));
    assert!(result.is_err());
    assert_eq!((stored.view().before(), stored.view().fragile()), ("a", "9"));
}

#[test]
fn rows_with_a_heap_go_through_a_database() {
    let db = Db::<World>::in_memory().unwrap();
    let entity = db.spawn((sign(), Title("first".to_owned()), Plain { a: 1 })).unwrap();
    let snapshot = db.snapshot();
    assert_eq!(snapshot.get::<Sign>(entity).map(SignRef::to_owned), Some(sign()));
    assert_eq!(snapshot.get::<Title>(entity).map(|title| title.value().to_owned()), Some("first".to_owned()));
    assert_eq!(snapshot.get::<Plain>(entity).map(PlainRef::a), Some(1));
    db.write(move |tx| {
        tx.update(entity, Title::C.0.set("second".to_owned()))?;
        tx.modify(entity, |sign: &mut Sign| sign.scores.push(9))?;
        Ok(())
    })
    .unwrap();
    let later = db.snapshot();
    assert_eq!(later.get::<Title>(entity).map(|title| title.value().to_owned()), Some("second".to_owned()));
    assert_eq!(later.get::<Sign>(entity).unwrap().scores(), [7, 8, 9]);
    assert_eq!(snapshot.get::<Sign>(entity).unwrap().scores(), [7, 8]);
}
