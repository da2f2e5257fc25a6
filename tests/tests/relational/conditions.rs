//! Random conditions on random entities: blocks, single entities and stored rows all answer as plain Rust does.

use std::collections::VecDeque;
use std::num::NonZero;
use std::time::Duration;

use ecsdb::component::{Column, Ordered, Stored};
use ecsdb::query::{Condition, IntoCondition, has};
use ecsdb::{Component, Db, Entity, Ref};
use proptest::prelude::*;

use super::world::*;

/// What a condition means, in plain Rust.
pub type Check = Box<dyn Fn(&Thing) -> bool>;

/// A condition in the making: a tree of random numbers.
#[derive(Clone, Debug)]
pub enum Tree {
    Leaf(u8, u8, u8, u8),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
}

pub fn tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<(u8, u8, u8, u8)>().prop_map(|(column, op, a, b)| Tree::Leaf(column, op, a, b));
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::And),
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::Or),
            1 => inner.prop_map(|inner| Tree::Not(Box::new(inner))),
        ]
    })
}

type Both = (Condition<World>, Check);

fn both(condition: impl IntoCondition<World>, check: impl Fn(&Thing) -> bool + 'static) -> Both {
    (Condition::new(condition), Box::new(check))
}

/// A comparison of a column with an order, by a random operator.
fn ordered<T, F>(column: Column<T, F>, op: u8, a: F, b: F, read: fn(&Thing) -> Option<F>) -> Both
where
    T: ecsdb::schema::TableOf<World>,
    F: Ordered<Value = F> + PartialOrd + Clone,
{
    let (x, y) = (a.clone(), b.clone());
    let of = move |check: fn(&F, &F, &F) -> bool| {
        let (x, y) = (x.clone(), y.clone());
        move |thing: &Thing| read(thing).is_some_and(|value| check(&value, &x, &y))
    };
    match op % 8 {
        0 => both(column.eq(a), of(|v, x, _| v == x)),
        1 => both(column.ne(a), of(|v, x, _| v != x)),
        2 => both(column.lt(a), of(|v, x, _| v < x)),
        3 => both(column.le(a), of(|v, x, _| v <= x)),
        4 => both(column.gt(a), of(|v, x, _| v > x)),
        5 => both(column.ge(a), of(|v, x, _| v >= x)),
        6 => both(column.between(a, b), of(|v, x, y| x <= v && v <= y)),
        _ => both(column.is_in([a.clone(), b, a]), of(|v, x, y| v == x || v == y)),
    }
}

/// A comparison of an option of something with an order.
fn optional<T, F>(
    column: Column<T, Option<F>>,
    op: u8,
    a: Option<F>,
    b: Option<F>,
    read: fn(&Thing) -> Option<Option<F>>,
) -> Both
where
    T: ecsdb::schema::TableOf<World>,
    F: Ordered<Value = F> + PartialOrd + Clone,
{
    let (x, y) = (a.clone(), b.clone());
    let whole = move |check: fn(&Option<F>, &Option<F>, &Option<F>) -> bool| {
        let (x, y) = (x.clone(), y.clone());
        move |thing: &Thing| read(thing).is_some_and(|value| check(&value, &x, &y))
    };
    let (Some(low), Some(high)) = (a.clone(), b.clone()) else {
        return match op % 5 {
            0 => both(column.eq(a), whole(|v, x, _| v == x)),
            1 => both(column.ne(a), whole(|v, x, _| v != x)),
            2 => both(column.is_none(), whole(|v, _, _| v.is_none())),
            3 => both(column.is_some(), whole(|v, _, _| v.is_some())),
            _ => both(column.is_in([a, b]), whole(|v, x, y| v == x || v == y)),
        };
    };
    let (x, y) = (low.clone(), high.clone());
    let inside = move |check: fn(&F, &F, &F) -> bool| {
        let (x, y) = (x.clone(), y.clone());
        move |thing: &Thing| read(thing).flatten().is_some_and(|value| check(&value, &x, &y))
    };
    match op % 8 {
        0 => both(column.eq(a), whole(|v, x, _| v == x)),
        1 => both(column.ne(a), whole(|v, x, _| v != x)),
        2 => both(column.lt(low), inside(|v, x, _| v < x)),
        3 => both(column.le(low), inside(|v, x, _| v <= x)),
        4 => both(column.gt(low), inside(|v, x, _| v > x)),
        5 => both(column.ge(low), inside(|v, x, _| v >= x)),
        6 => both(column.between(low, high), inside(|v, x, y| x <= v && v <= y)),
        _ => both(column.is_in([a, b]), whole(|v, x, y| v == x || v == y)),
    }
}

/// What has no order is the same or not.
fn equal<T, F>(column: Column<T, F>, op: u8, a: F, b: F, read: fn(&Thing) -> Option<F>) -> Both
where
    T: ecsdb::schema::TableOf<World>,
    F: ecsdb::Field<Value = F> + PartialEq + Clone + 'static,
{
    let (x, y) = (a.clone(), b.clone());
    match op % 3 {
        0 => both(column.eq(a), move |thing| read(thing).is_some_and(|v| v == x)),
        1 => both(column.ne(a), move |thing| read(thing).is_some_and(|v| v != x)),
        _ => both(column.is_in([a, b]), move |thing| read(thing).is_some_and(|v| v == x || v == y)),
    }
}

/// A test of a text, of which `text` is the column and `read` the value.
macro_rules! text {
    ($column:expr, $op:expr, $a:expr, $read:expr) => {{
        let (read, part): (fn(&Thing) -> Option<String>, _) = ($read, $a);
        if $op % 2 == 0 {
            both($column.starts_with(part), move |thing| read(thing).is_some_and(|v| v.starts_with(part)))
        } else {
            both($column.contains(part), move |thing| read(thing).is_some_and(|v| v.contains(part)))
        }
    }};
}

macro_rules! of_unit {
    ($($field:ident).+) => {
        |thing: &Thing| thing.unit.as_ref().map(|unit| unit.$($field).+.clone())
    };
}

fn leaf(column: u8, op: u8, a: u8, b: u8) -> Both {
    let (c, u, v) = (&Unit::C, unit([a; 20]), unit([b; 20]));
    let rank = [Rank::Low, Rank::High, Rank::Top];
    match column % 28 {
        0 => ordered(c.level, op, u.level, v.level, of_unit!(level)),
        1 => ordered(c.gold, op, u.gold, v.gold, of_unit!(gold)),
        2 => ordered(c.debt, op, u.debt, v.debt, of_unit!(debt)),
        3 => ordered(c.worth, op, u.worth, v.worth, of_unit!(worth)),
        4 => ordered(c.score, op, u.score, v.score, of_unit!(score)),
        5 => ordered(c.alive, op, u.alive, v.alive, of_unit!(alive)),
        6 => ordered(c.letter, op, u.letter, v.letter, of_unit!(letter)),
        7 => equal(c.rank, op, rank[usize::from(a % 3)], rank[usize::from(b % 3)], of_unit!(rank)),
        8 => equal(c.order, op, u.order, v.order, of_unit!(order)),
        9 => equal(c.owner, op, u.owner, v.owner, of_unit!(owner)),
        10 => equal(c.home, op, u.home, v.home, of_unit!(home)),
        11 => ordered(c.name, op, u.name, v.name, of_unit!(name)),
        12 => optional(c.title, op, u.title, v.title, of_unit!(title)),
        13 => equal(c.tag, op, u.tag, v.tag, of_unit!(tag)),
        14 => optional(c.bonus, op, u.bonus, v.bonus, of_unit!(bonus)),
        15 => optional(c.serial, op, u.serial, v.serial, of_unit!(serial)),
        16 => ordered(c.age, op, u.age, v.age, of_unit!(age)),
        17 => optional(c.rest, op, u.rest, v.rest, of_unit!(rest)),
        18 => optional(c.luck, op, u.luck, v.luck, of_unit!(luck)),
        19 => equal(c.marks, op, u.marks, v.marks, of_unit!(marks)),
        20 => ordered(c.place.at(Place::F.x), op, u.place.x, v.place.x, of_unit!(place.x)),
        21 => optional(c.place.at(Place::F.y), op, u.place.y, v.place.y, of_unit!(place.y)),
        22 => both(c.marks.contains(u16::from(a % 4)), move |thing| {
            thing.unit.as_ref().is_some_and(|unit| unit.marks.contains(&u16::from(a % 4)))
        }),
        23 => match op % 3 {
            0 => text!(c.name, a, NAMES[usize::from(b % 6)], of_unit!(name)),
            1 => text!(c.tag, a, NAMES[usize::from(b % 6)], |thing| Some(thing.unit.as_ref()?.tag.to_string())),
            _ => text!(c.title, a, NAMES[usize::from(b % 6)], |thing| thing.unit.as_ref()?.title.clone()),
        },
        24 => ordered(Pos::C.x, op, float(a) as f32, float(b) as f32, |thing| thing.pos.as_ref().map(|pos| pos.x)),
        25 => ordered(Purse::C.gold, op, u64::from(a % 5), u64::from(b % 5), |thing| Some(thing.purse.as_ref()?.gold)),
        26 => {
            ordered(Wide::C.number, op, u32::from(a % 4), u32::from(b % 4), |thing| Some(thing.wide.as_ref()?.number))
        }
        _ => match op % 3 {
            0 => both(has::<Frozen>(), |thing| thing.frozen),
            1 => both(has::<Wide>(), |thing| thing.wide.is_some()),
            _ => both(has::<Unit>(), |thing| thing.unit.is_some()),
        },
    }
}

/// The condition that a tree stands for, twice.
pub fn build(tree: &Tree) -> Both {
    match tree {
        Tree::Leaf(column, op, a, b) => leaf(*column, *op, *a, *b),
        Tree::And(parts) => {
            let (conditions, checks): (Vec<_>, Vec<_>) = parts.iter().map(build).unzip();
            let all = conditions.into_iter().fold(Condition::always(), |all, part| Condition::new(all.and(part)));
            both(all, move |thing| checks.iter().all(|check| check(thing)))
        }
        Tree::Or(parts) => {
            let (conditions, checks): (Vec<_>, Vec<_>) = parts.iter().map(build).unzip();
            let any = conditions.into_iter().fold(Condition::never(), |any, part| Condition::new(any.or(part)));
            both(any, move |thing| checks.iter().any(|check| check(thing)))
        }
        Tree::Not(part) => {
            let (condition, check) = build(part);
            both(condition.not(), move |thing| !check(thing))
        }
    }
}

/// Things, of which the first may be repeated so that blocks are full.
pub fn things() -> impl Strategy<Value = Vec<Thing>> {
    (prop::collection::vec(thing(), 4..80), 0..3_usize).prop_map(|(mut things, repeats)| {
        let first = Thing { unit: Some(unit([1; 20])), purse: Some(Purse { gold: 3 }), ..things[0].clone() };
        things.extend((0..repeats * 64).map(|n| Thing {
            purse: Some(Purse { gold: n as u64 % 5 }),
            unit: Some(unit([n as u8; 20])),
            ..first.clone()
        }));
        things
    })
}

proptest! {
    #[test]
    fn a_condition_holds_where_plain_rust_says_so(things in things(), trees in prop::collection::vec(tree(), 8)) {
        let (db, all) = database(&things);
        let snapshot = db.snapshot();
        for tree in &trees {
            let (condition, check) = build(tree);
            let expected: Vec<Entity> =
                all.iter().zip(&things).filter(|(_, thing)| check(thing)).map(|(entity, _)| *entity).collect();
            let mut expected_by_slot = expected.clone();
            expected_by_slot.sort_by_key(|entity| entity.slot());

            let found: Vec<Entity> = snapshot.query::<Entity>().filter(&condition).into_iter().collect();
            prop_assert_eq!(&found, &expected_by_slot, "{}", condition);
            prop_assert_eq!(snapshot.query::<Entity>().filter(&condition).count(), expected.len());
            for (entity, thing) in all.iter().zip(&things) {
                prop_assert_eq!(condition.matches(snapshot.view(), *entity), check(thing), "{}", condition);
            }

            let with_units: Vec<(Entity, u64)> = all
                .iter()
                .zip(&things)
                .filter(|(_, thing)| check(thing) && !thing.frozen)
                .filter_map(|(entity, thing)| Some((*entity, thing.unit.as_ref()?.gold)))
                .collect();
            let query = snapshot.query::<(UnitRef<'_>, Entity, Option<&Pos>)>().without::<Frozen>().filter(&condition);
            let mut found: Vec<(Entity, u64)> = query.iter().map(|(unit, entity, _)| (entity, unit.gold())).collect();
            found.sort_by_key(|(entity, _)| all.iter().position(|other| other == entity));
            prop_assert_eq!(&found, &with_units, "{}", condition);
            let sum = query.par_fold(|| 0, |count, _| count + 1, |a, b| a + b);
            prop_assert_eq!(sum, with_units.len());
        }
    }
}

#[test]
fn a_row_alone_can_be_asked() {
    let rich = Condition::<ecsdb::query::Only<Unit>>::new(Unit::C.gold.ge(2).and(Unit::C.name.starts_with("a")));
    let stored = |name: &str, gold| Stored::new(Unit { name: name.to_owned(), gold, ..unit([0; 20]) });
    assert!(rich.matches_stored(Some(&stored("ab", 2))));
    assert!(!rich.matches_stored(Some(&stored("ab", 1))));
    assert!(!rich.matches_stored(Some(&stored("b", 2))));
    assert!(!rich.matches_stored(None));
    assert!(Condition::new(rich.not()).matches_stored(None));
}

#[test]
fn what_an_entity_lacks_fails_and_not_turns_it_round() {
    let (db, all) = database(&[
        Thing { purse: Some(Purse { gold: 5 }), ..Thing::default() },
        Thing { frozen: true, ..Thing::default() },
    ]);
    let snapshot = db.snapshot();
    let found = |condition: Condition<World>| -> Vec<Entity> {
        snapshot.query::<Entity>().filter(condition).into_iter().collect()
    };
    assert_eq!(found(Condition::new(Purse::C.gold.ne(7))), [all[0]]);
    assert_eq!(found(Condition::new(Purse::C.gold.eq(7).not())), all);
    assert_eq!(found(Condition::new(Purse::C.gold.lt(5).or(Purse::C.gold.ge(5)))), [all[0]]);
    assert_eq!(found(Condition::new(has::<Purse>().not())), [all[1]]);
    assert_eq!(found(Condition::new(Unit::C.bonus.is_none())), []);
}

#[test]
fn a_condition_is_kept_sent_and_shown() {
    let condition = Condition::<World>::new(
        (Unit::C.gold.ge(100).and(Unit::C.place.at(Place::F.y).is_none()))
            .or(Unit::C.name.starts_with("von ").and(has::<Frozen>().not()))
            .and(Unit::C.home.eq(Ref::to(entity(3))))
            .and(Unit::C.age.between(Duration::ZERO, Duration::from_secs(1)))
            .and(Unit::C.serial.is_in([None, NonZero::new(3)]))
            .and(Unit::C.marks.contains(3)),
    );
    let sent = std::thread::spawn({
        let condition = condition.clone();
        move || condition.to_string()
    });
    let shown = "((unit.gold >= 100 and unit.place.y is none) or (unit.name starts with \"von \" and not (has frozen))) \
                 and unit.home == 3v1 and unit.age between 0ns and 1s and unit.serial in [none, 3] and unit.marks contains 3";
    assert_eq!(sent.join().unwrap(), shown);
    assert_eq!(format!("{:?}", Condition::<World>::always()), "Condition(always)");
}

#[derive(Component)]
struct Waiting {
    numbers: VecDeque<u16>,
    names: VecDeque<String>,
}

ecsdb::schema! { Queues: Waiting }

#[test]
fn a_queue_contains_what_a_list_contains() {
    let db = Db::<Queues>::in_memory().unwrap();
    let mut numbers = VecDeque::from([2, 3]);
    numbers.push_front(1);
    let names = VecDeque::from(["ann".to_owned(), "bob".to_owned()]);
    let full = db.spawn(Waiting { numbers, names }).unwrap();
    db.spawn(Waiting { numbers: VecDeque::new(), names: VecDeque::new() }).unwrap();
    let snapshot = db.snapshot();
    let found = |condition: Condition<Queues>| -> Vec<Entity> {
        snapshot.query::<Entity>().filter(condition).into_iter().collect()
    };
    for number in [1, 2, 3] {
        assert_eq!(found(Condition::new(Waiting::C.numbers.contains(number))), [full]);
    }
    assert_eq!(found(Condition::new(Waiting::C.numbers.contains(4))), []);
    assert_eq!(found(Condition::new(Waiting::C.names.contains("bob".to_owned()))), [full]);
    assert_eq!(
        found(Condition::new(Waiting::C.names.contains("bo".to_owned()))),
        [],
        "a whole element, and no part of one"
    );
}
