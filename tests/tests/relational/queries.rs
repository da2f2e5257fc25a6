//! Orders, limits, aggregates and groups of random things, against sorting and adding up plain structs.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use ecsdb::component::Column;
use ecsdb::query::{Condition, IntoOrder, Order, Sorted, count, max, min, sum};
use ecsdb::{Entity, Query};
use proptest::prelude::*;

use super::conditions::{Check, build, things, tree};
use super::world::*;

type Make = Box<dyn Fn(Query<'_, World, Entity>) -> Sorted<'_, World, Entity>>;
type Compare = fn(&Thing, &Thing) -> Ordering;

fn by<K: Ord>(one: &Thing, other: &Thing, key: impl Fn(&Thing) -> Option<K>) -> Ordering {
    key(one).cmp(&key(other))
}

/// A column to order by, and what its order is in plain Rust.
fn order(number: u8) -> (Make, Compare) {
    fn with<O: IntoOrder<World> + 'static>(make: fn() -> O, compare: Compare) -> (Make, Compare) {
        (Box::new(move |query| query.order_by(make())), compare)
    }
    match number % 9 {
        0 => with(|| Unit::C.gold, |a, b| by(a, b, |thing| Some(thing.unit.as_ref()?.gold))),
        1 => with(|| Unit::C.debt.desc(), |a, b| by(b, a, |thing| Some(thing.unit.as_ref()?.debt))),
        2 => with(|| Unit::C.name, |a, b| by(a, b, |thing| Some(thing.unit.as_ref()?.name.clone()))),
        3 => with(|| Unit::C.title.desc(), |a, b| by(b, a, |thing| thing.unit.as_ref()?.title.clone())),
        4 => with(|| Unit::C.bonus, |a, b| by(a, b, |thing| thing.unit.as_ref()?.bonus)),
        5 => with(
            || Unit::C.owner,
            |a, b| {
                by(a, b, |thing| Some(thing.unit.as_ref()?.owner?).map(|entity| (entity.slot(), entity.generation())))
            },
        ),
        6 => with(
            || Pos::C.x,
            |a, b| match (&a.pos, &b.pos) {
                (Some(a), Some(b)) => a.x.total_cmp(&b.x),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
        ),
        7 => with(|| Unit::C.worth.desc(), |a, b| by(b, a, |thing| Some(thing.unit.as_ref()?.worth))),
        _ => with(|| Wide::C.number, |a, b| by(a, b, |thing| Some(thing.wide.as_ref()?.number))),
    }
}

/// The things for which a condition holds, in the order of slots.
fn matching<'t>(all: &[Entity], things: &'t [Thing], check: &Check) -> Vec<(Entity, &'t Thing)> {
    let mut found: Vec<(Entity, &Thing)> = all.iter().copied().zip(things).filter(|(_, thing)| check(thing)).collect();
    found.sort_by_key(|(entity, _)| entity.slot());
    found
}

/// The column of an entity, in an order of its own.
fn desc<T: ecsdb::Component, F: ecsdb::component::Sortable>(column: Column<T, F>) -> Order<T> {
    column.desc()
}

proptest! {
    #[test]
    fn items_come_in_the_order_of_sorted_structs(
        things in things(),
        tree in tree(),
        first in any::<u8>(),
        limit in prop::option::of(0..70_usize),
        offset in 0..20_usize,
    ) {
        let (db, all) = database(&things);
        let snapshot = db.snapshot();
        let (condition, check) = build(&tree);
        let mut expected = matching(&all, &things, &check);
        let (make, compare) = order(first);
        // Sorting is stable, so what is alike stays in the order of slots.
        expected.sort_by(|(_, one), (_, other)| {
            compare(one, other).then_with(|| by(other, one, |thing| Some(thing.purse.as_ref()?.gold)))
        });
        let mut expected: Vec<Entity> = expected.iter().map(|(entity, _)| *entity).skip(offset).collect();
        expected.truncate(limit.unwrap_or(usize::MAX));

        let selection = make(snapshot.query::<Entity>().filter(&condition)).then_by(desc(Purse::C.gold)).offset(offset);
        let selection = match limit {
            Some(limit) => selection.limit(limit),
            None => selection,
        };
        prop_assert_eq!(selection.count(), expected.len());
        prop_assert_eq!(&selection.iter().collect::<Vec<_>>(), &expected);
        prop_assert_eq!(selection.iter().rev().collect::<Vec<_>>(), expected.iter().rev().copied().collect::<Vec<_>>());
        prop_assert_eq!(selection.first(), expected.first().copied());
    }

    #[test]
    fn a_limit_without_an_order_takes_the_first_slots(things in things(), tree in tree(), limit in 0..200_usize, offset in 0..70_usize) {
        let (db, all) = database(&things);
        let snapshot = db.snapshot();
        let (condition, check) = build(&tree);
        let found = matching(&all, &things, &check);
        let expected: Vec<Entity> = found.iter().map(|(entity, _)| *entity).skip(offset).take(limit).collect();
        let query = snapshot.query::<Entity>().filter(&condition);
        prop_assert_eq!(query.clone().limit(limit).offset(offset).into_iter().collect::<Vec<_>>(), expected);
        prop_assert_eq!(query.exists(), !found.is_empty());
        prop_assert_eq!(query.first(), found.first().map(|(entity, _)| *entity));
    }

    #[test]
    fn aggregates_are_what_plain_loops_give(things in things(), tree in tree()) {
        let (db, all) = database(&things);
        let snapshot = db.snapshot();
        let (condition, check) = build(&tree);
        let found = matching(&all, &things, &check);
        let units: Vec<&Unit> = found.iter().filter_map(|(_, thing)| thing.unit.as_ref()).collect();
        let query = snapshot.query::<Entity>().filter(&condition);

        prop_assert_eq!(query.sum(Unit::C.gold), (!units.is_empty()).then(|| units.iter().map(|unit| u128::from(unit.gold)).sum()));
        prop_assert_eq!(query.sum(Unit::C.debt), (!units.is_empty()).then(|| units.iter().map(|unit| i128::from(unit.debt)).sum()));
        prop_assert_eq!(query.min(Unit::C.debt), units.iter().map(|unit| unit.debt).min());
        prop_assert_eq!(query.max(Unit::C.name), units.iter().map(|unit| unit.name.clone()).max());
        prop_assert_eq!(query.min(Unit::C.tag).map(|tag| tag.to_string()), units.iter().map(|unit| unit.tag.to_string()).min());
        let numbers = || units.iter().map(|unit| unit.score).filter(|score| !score.is_nan());
        prop_assert_eq!(query.max(Unit::C.score), numbers().reduce(f64::max));
        let numbers: Vec<f64> = found.iter().filter_map(|(_, thing)| Some(f64::from(thing.wide.as_ref()?.number))).collect();
        prop_assert_eq!(query.avg(Wide::C.number), (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64));
        let ys: Vec<f64> = found.iter().filter_map(|(_, thing)| Some(f64::from(thing.pos.as_ref()?.y))).collect();
        let wanted = (found.len() as u64, (!ys.is_empty()).then(|| ys.iter().sum::<f64>()), units.iter().map(|unit| unit.letter).max());
        prop_assert_eq!(query.aggregate((count(), sum(Pos::C.y), max(Unit::C.letter))), wanted);
        prop_assert_eq!(query.par_aggregate((count(), sum(Pos::C.y), max(Unit::C.letter))), wanted);
    }

    #[test]
    fn groups_are_those_of_a_map(things in things(), tree in tree()) {
        let (db, all) = database(&things);
        let snapshot = db.snapshot();
        let (condition, check) = build(&tree);
        let found = matching(&all, &things, &check);
        let units = || found.iter().filter_map(|(_, thing)| Some((thing.unit.as_ref()?, *thing)));
        let query = snapshot.query::<Entity>().filter(&condition);

        let mut names = BTreeMap::<String, (u64, Option<u128>, Option<i32>)>::new();
        let mut titles = BTreeMap::<Option<String>, u64>::new();
        let mut ranks = BTreeMap::<u8, Option<u64>>::new();
        let mut levels = BTreeMap::<u8, u64>::new();
        let mut wealth = BTreeMap::<u64, u64>::new();
        let (mut worths, mut ages) = (BTreeMap::<i128, u64>::new(), BTreeMap::<Duration, u64>::new());
        let mut places = Vec::<(Place, u64)>::new();
        for (unit, thing) in units() {
            let (number, sum, least) = names.entry(unit.name.clone()).or_default();
            *number += 1;
            *sum = Some(sum.unwrap_or(0) + u128::from(unit.gold));
            *least = Some(least.map_or(unit.debt, |least: i32| least.min(unit.debt)));
            *titles.entry(unit.title.clone()).or_default() += 1;
            let most = ranks.entry(unit.rank as u8).or_default();
            *most = (*most).max(thing.purse.as_ref().map(|purse| purse.gold));
            *levels.entry(unit.level).or_default() += 1;
            *worths.entry(unit.worth).or_default() += 1;
            *ages.entry(unit.age).or_default() += 1;
            match places.iter_mut().find(|(place, _)| *place == unit.place) {
                Some((_, number)) => *number += 1,
                None => places.push((unit.place, 1)),
            }
        }
        for gold in found.iter().filter_map(|(_, thing)| Some(thing.purse.as_ref()?.gold)) {
            *wealth.entry(gold).or_default() += 1;
        }
        let by_name = query.clone().group_by(Unit::C.name);
        let found = by_name.aggregate((count(), sum(Unit::C.gold), min(Unit::C.debt)));
        prop_assert_eq!(found, names.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(query.clone().group_by(Unit::C.title).count(), titles.into_iter().collect::<Vec<_>>());
        let by_rank = query.clone().group_by(Unit::C.rank).aggregate(max(Purse::C.gold));
        let by_rank: Vec<(u8, Option<u64>)> = by_rank.into_iter().map(|(rank, most)| (rank as u8, most)).collect();
        prop_assert_eq!(by_rank, ranks.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(query.clone().group_by(Unit::C.level).count(), levels.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(query.clone().group_by(Unit::C.worth).count(), worths.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(query.clone().group_by(Unit::C.age).count(), ages.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(query.distinct(Purse::C.gold), wealth.keys().copied().collect::<Vec<_>>());
        prop_assert_eq!(query.clone().group_by(Purse::C.gold).count(), wealth.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(query.group_by(Unit::C.place).count(), places);
    }
}

#[test]
fn groups_of_full_and_of_thinned_blocks_are_those_of_a_map() {
    // The values of the first half occur several times, those of the second half once.
    let gold = |number: u64| if number < 500 { number * 7919 % 10 } else { number << 40 };
    let rows = (0..1000).map(gold).enumerate();
    let things = rows.map(|(number, gold)| Thing {
        purse: Some(Purse { gold }),
        wide: (number % 3 > 0).then_some(Wide { filler: [7; 30], number: gold as u32 }),
        frozen: number / 64 % 2 == 1 && number % 5 == 0,
        ..Thing::default()
    });
    let things: Vec<Thing> = things.collect();
    let (db, _) = database(&things);
    let snapshot = db.snapshot();
    let (mut all, mut thawed) = (BTreeMap::<u64, (u64, Option<u64>)>::new(), BTreeMap::<u64, u64>::new());
    let mut wide = BTreeMap::<u32, u64>::new();
    for (thing, purse) in things.iter().filter_map(|thing| Some((thing, thing.purse.as_ref()?))) {
        let (number, least) = all.entry(purse.gold).or_default();
        (*number, *least) = (*number + 1, Some(purse.gold));
        if !thing.frozen {
            *thawed.entry(purse.gold).or_default() += 1;
        }
        if let Some(row) = &thing.wide {
            *wide.entry(row.number).or_default() += 1;
        }
    }
    let query = snapshot.query::<&Purse>();
    let found = query.clone().group_by(Purse::C.gold).aggregate((count(), min(Purse::C.gold)));
    assert_eq!(found, all.into_iter().collect::<Vec<_>>());
    assert_eq!(query.clone().group_by(Wide::C.number).count(), wide.into_iter().collect::<Vec<_>>());
    let query = query.without::<Frozen>();
    assert_eq!(query.distinct(Purse::C.gold), thawed.keys().copied().collect::<Vec<_>>());
    assert_eq!(query.group_by(Purse::C.gold).count(), thawed.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_transaction_asks_about_its_own_writes() {
    let (db, all) = database(&[1, 2, 3].map(|gold| Thing { purse: Some(Purse { gold }), ..Thing::default() }));
    db.write(move |tx| {
        tx.update(all[0], Purse::C.gold.set(7))?;
        tx.despawn(all[1])?;
        let rich = tx.query::<Entity>().filter(Purse::C.gold.ge(3)).order_by(Purse::C.gold.desc());
        assert_eq!(rich.into_iter().collect::<Vec<_>>(), [all[0], all[2]]);
        assert_eq!(tx.query::<&Purse>().sum(Purse::C.gold), Some(10));
        assert!(Condition::<World>::new(Purse::C.gold.eq(7)).matches(tx.view(), all[0]));
        Ok(())
    })
    .unwrap();
}

#[test]
fn sums_of_the_widest_integers_stay_in_their_range() {
    let things = [i128::MIN, -1].map(|worth| Thing { unit: Some(Unit { worth, ..unit([0; 20]) }), ..Thing::default() });
    let (db, _) = database(&things);
    let snapshot = db.snapshot();
    assert_eq!(snapshot.query::<UnitRef<'_>>().sum(Unit::C.worth), Some(i128::MIN));
    // An average has room for what a sum has none for.
    let average = Some(i128::MIN as f64 / 2.0);
    assert_eq!(snapshot.query::<UnitRef<'_>>().avg(Unit::C.worth), average);
    assert_eq!(
        snapshot.query::<UnitRef<'_>>().group_by(Unit::C.gold).aggregate(ecsdb::query::avg(Unit::C.worth))[0].1,
        average
    );
    assert_eq!(snapshot.query::<&Purse>().sum(Purse::C.gold), None);
    assert_eq!(snapshot.query::<&Purse>().avg(Purse::C.gold), None);
}
