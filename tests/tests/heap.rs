//! Components with strings and lists: read without copying, changed field by field, rolled back, logged and recovered.

use std::time::Duration;

use ecsdb::{Component, Db, Entity, Field, FixedStr, Ref, TransactionError};
use ecsdb_tests::simulated::Simulated;

#[derive(Component, Clone, Debug, PartialEq)]
struct Sign {
    lit: bool,
    text: String,
    numbers: Vec<u32>,
    height: f64,
}

#[derive(Field, Clone, Debug, PartialEq)]
struct Stack {
    item: String,
    count: u16,
    owner: Option<Entity>,
}

#[derive(Field, Clone, Debug, PartialEq)]
enum Mood {
    Calm,
    Angry { at: Vec<Entity>, since: Duration },
    Named(String),
}

#[derive(Component, Clone, Debug, PartialEq)]
struct Bag {
    stacks: Vec<Stack>,
    mood: Mood,
    note: Option<String>,
    place: Place,
    code: FixedStr<8>,
    parent: Option<Ref<Count>>,
}

#[derive(Field, Clone, Debug, PartialEq)]
struct Place {
    room: String,
    at: Point,
}

#[derive(Field, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(Component, Clone, Debug, PartialEq)]
struct Path(Vec<Point>);

#[derive(Component)]
struct Count(u32);

ecsdb::schema! { World: Sign, Bag, Path, Count }

fn sign(n: u32) -> Sign {
    Sign { lit: n.is_multiple_of(2), text: format!("sign {n}"), numbers: (0..n % 50).collect(), height: n.into() }
}

fn bag(owner: Option<Entity>) -> Bag {
    Bag {
        stacks: vec![
            Stack { item: "rope".to_owned(), count: 3, owner },
            Stack { item: String::new(), count: 0, owner: None },
        ],
        mood: Mood::Angry { at: owner.into_iter().collect(), since: Duration::from_millis(1500) },
        note: Some("heavy".to_owned()),
        place: Place { room: "cellar".to_owned(), at: Point { x: 1.0, y: -2.0 } },
        code: "abc".parse().unwrap(),
        parent: owner.map(Ref::to),
    }
}

#[test]
fn strings_and_lists_are_read_where_they_lie() {
    let db = Db::<World>::in_memory().unwrap();
    let all = db.write(|tx| Ok(tx.spawn_all((0..3000).map(|n| (sign(n), Count(n))))?)).unwrap();
    let snapshot = db.snapshot();
    for (n, entity) in (0..).zip(&all) {
        let view = snapshot.get::<Sign>(*entity).unwrap();
        let (text, numbers): (&str, &[u32]) = (view.text(), view.numbers());
        assert_eq!((text, numbers, view.lit()), (&*format!("sign {n}"), &*sign(n).numbers, n.is_multiple_of(2)));
        assert!(numbers.as_ptr().is_aligned());
        assert_eq!(view.to_owned(), sign(n));
    }
    let mut seen = 0;
    for (sign_here, count) in snapshot.query::<(&Sign, &Count)>() {
        assert_eq!(sign_here.text(), format!("sign {}", count.value()));
        seen += 1;
    }
    assert_eq!(seen, 3000);
    let letters: usize = snapshot.query::<&Sign>().iter().map(|sign| sign.text().len()).sum();
    assert_eq!(letters, (0..3000).map(|n| sign(n).text.len()).sum());
    let path = db.spawn(Path(vec![Point { x: 1.0, y: 2.0 }; 3])).unwrap();
    let snapshot = db.snapshot();
    let points: &[Point] = snapshot.get::<Path>(path).unwrap().value();
    assert_eq!(points, [Point { x: 1.0, y: 2.0 }; 3]);
}

#[test]
fn fields_are_changed_and_compared_one_by_one() {
    let db = Db::<World>::in_memory().unwrap();
    let owner = db.spawn(Count(1)).unwrap();
    let entity = db.spawn((sign(7), bag(Some(owner)))).unwrap();
    let before = db.snapshot();
    let mut tx = db.begin();
    tx.require(entity, Sign::C.text.eq("sign 7".to_owned()));
    tx.update(entity, Sign::C.text.set("a much longer text than before".to_owned()));
    tx.update(entity, Sign::C.numbers.set(vec![9; 1000]));
    tx.update(entity, Sign::C.height.add(0.5));
    tx.update(entity, Bag::C.mood.set(Mood::Named("Bob".to_owned())));
    tx.update(entity, Bag::C.place.at(Place::F.room).set("attic".to_owned()));
    tx.update(entity, Bag::C.place.at(Place::F.at).at(Point::F.y).set(8.0));
    tx.update(entity, Bag::C.note.set(None));
    tx.commit().unwrap().visible().unwrap();
    let now = db.snapshot();
    let changed =
        Sign { text: "a much longer text than before".to_owned(), numbers: vec![9; 1000], height: 7.5, ..sign(7) };
    assert_eq!(now.get::<Sign>(entity).unwrap().to_owned(), changed);
    assert_eq!(before.get::<Sign>(entity).unwrap().to_owned(), sign(7), "who looks at an earlier version sees that");
    let expected = Bag {
        mood: Mood::Named("Bob".to_owned()),
        place: Place { room: "attic".to_owned(), at: Point { x: 1.0, y: 8.0 } },
        note: None,
        ..bag(Some(owner))
    };
    assert_eq!(now.get::<Bag>(entity).unwrap().to_owned(), expected);
    assert_eq!(before.get::<Bag>(entity).unwrap().to_owned(), bag(Some(owner)));
    let view = now.get::<Bag>(entity).unwrap();
    assert_eq!(
        view.stacks().get(0).map(|stack| (stack.item(), stack.count(), stack.owner())),
        Some(("rope", 3, Some(owner)))
    );
    assert_eq!((view.code(), view.note(), view.place().at().y()), ("abc", None, 8.0));
    assert_eq!(Bag::C.place.at(Place::F.at).at(Point::F.y).name(), "place.at.y");

    // A guard that does not hold, on a value that was made here.
    let mut tx = db.begin();
    tx.update(entity, Sign::C.lit.set(true));
    tx.require(entity, Bag::C.mood.eq(Mood::Calm));
    let error = tx.commit().unwrap().visible().unwrap_err().to_string();
    assert!(error.contains("mood") && error.contains("Bob") && error.contains("Calm"), "{error}");
    assert!(!db.snapshot().get::<Sign>(entity).unwrap().lit());
}

#[test]
fn what_was_rolled_back_was_never_there() {
    let db = Db::<World>::in_memory().unwrap();
    let all = db.write(|tx| Ok(tx.spawn_all((0..200).map(sign))?)).unwrap();
    let entities = all.clone();
    let undone = db.write(move |tx| -> Result<(), TransactionError> {
        for (n, entity) in (0..).zip(&entities) {
            tx.modify(*entity, |sign: &mut Sign| sign.text.push_str(" and more"))?;
            tx.update(*entity, Sign::C.numbers.set(vec![n; 100]))?;
            if n % 3 == 0 {
                tx.remove::<Sign>(*entity)?;
                tx.insert(*entity, sign(n + 1))?;
            }
            let expected = if n % 3 == 0 { format!("sign {}", n + 1) } else { format!("sign {n} and more") };
            assert_eq!(tx.get::<Sign>(*entity).unwrap().text(), expected);
        }
        Err(TransactionError::abort("no"))
    });
    undone.unwrap_err();
    let snapshot = db.snapshot();
    for (n, entity) in (0..).zip(&all) {
        assert_eq!(snapshot.get::<Sign>(*entity).unwrap().to_owned(), sign(n));
    }
}

#[test]
fn promised_entities_in_lists_and_variants_are_the_real_ones() {
    let db = Db::<World>::in_memory().unwrap();
    let mut tx = db.begin();
    let owner = tx.spawn(Count(1));
    let entity = tx.spawn(bag(Some(owner)));
    tx.update(entity, Bag::C.stacks.set(vec![Stack { item: "x".to_owned(), count: 1, owner: Some(entity) }; 3]));
    let commit = tx.commit().unwrap().visible().unwrap();
    let (owner, entity) = (commit[owner], commit[entity]);
    let bag = db.snapshot().get::<Bag>(entity).unwrap().to_owned();
    assert!(bag.stacks.iter().all(|stack| stack.owner == Some(entity)) && bag.stacks.len() == 3);
    assert_eq!(bag.mood, Mood::Angry { at: vec![owner], since: Duration::from_millis(1500) });
    assert_eq!(bag.parent, Some(Ref::to(owner)));
}

#[test]
fn they_are_there_again_when_the_database_is_opened() {
    let media = Simulated::new();
    let open = || Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(16 << 10).open().unwrap();
    let db = open();
    let all = db.write(|tx| Ok(tx.spawn_all((0..300).map(|n| (sign(n), bag(None))))?)).unwrap();
    let owner = db.spawn(Count(1)).unwrap();
    for (n, entity) in (0..).zip(&all) {
        match n % 5 {
            0 => db.update(*entity, Sign::C.text.set(format!("changed {n}"))).unwrap(),
            1 => db.update(*entity, Sign::C.height.set(-1.0)).unwrap(),
            2 => db.insert(*entity, bag(Some(owner))).unwrap(),
            3 => db.remove::<Bag>(*entity).unwrap(),
            _ => db.despawn(*entity).unwrap(),
        }
    }
    let rows = |db: &Db<World>| -> Vec<(Option<Sign>, Option<Bag>)> {
        let snapshot = db.snapshot();
        all.iter()
            .map(|entity| {
                let sign = snapshot.get::<Sign>(*entity).map(|sign| sign.to_owned());
                (sign, snapshot.get::<Bag>(*entity).map(|bag| bag.to_owned()))
            })
            .collect()
    };
    let before = rows(&db);
    assert_eq!(before[5].0.as_ref().unwrap().text, "changed 5");
    drop(db);
    assert_eq!(rows(&open()), before);
}

#[test]
fn what_is_too_long_is_refused_by_name() {
    let db = Db::<World>::in_memory().unwrap();
    let long = Sign { text: "x".repeat(17 << 20), ..sign(1) };
    let error = db.spawn(long.clone()).unwrap_err().to_string();
    assert!(error.contains("table `sign`") && error.contains("16777216"), "{error}");
    let entity = db.spawn(sign(1)).unwrap();
    let error = db.update(entity, Sign::C.text.set(long.text)).unwrap_err().to_string();
    assert!(error.contains("table `sign`"), "{error}");
    assert_eq!(db.snapshot().get::<Sign>(entity).unwrap().text(), "sign 1");
    assert_eq!(db.stats().rows, 1);

    let small = Db::<World>::builder().memory_limit(1 << 20).open().unwrap();
    let error = small.write(|tx| Ok(tx.spawn_all((0..50_000).map(sign))?)).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("memory limit"), "{error}");
    assert_eq!(small.stats().rows, 0);
    small.spawn(sign(3)).unwrap();
}
