//! Joins of random things, against two nested loops.

use ecsdb::Entity;
use ecsdb::component::{Column, Refers};
use proptest::prelude::*;

use super::conditions::{build, things, tree};
use super::world::*;

/// Both ways and both sorts of a join by a column.
fn joins_like_loops<F: Refers>(
    things: &[Thing],
    trees: &[super::conditions::Tree; 2],
    column: Column<Unit, F>,
    refers: impl Fn(&Unit) -> Vec<Entity>,
) -> Result<(), TestCaseError> {
    let (db, all) = database(things);
    let snapshot = db.snapshot();
    let [(one, check_one), (other, check_other)] = trees.each_ref().map(build);
    let both = || all.iter().copied().zip(things);
    let mut forwards = Vec::new();
    let mut backwards = Vec::new();
    for (left, thing) in both().filter(|(_, thing)| check_one(thing)) {
        let own = thing.unit.as_ref().map(&refers).unwrap_or_default();
        let partners = both().filter(|(_, thing)| check_other(thing) && thing.purse.is_some());
        for (right, _) in partners {
            forwards.extend(own.iter().filter(|entity| **entity == right).map(|_| (left, Some(right))));
        }
        let children = both().filter(|(_, child)| check_other(child) && child.purse.is_some());
        for (right, child) in children {
            let refers = child.unit.as_ref().map(&refers).unwrap_or_default();
            backwards.extend(refers.iter().filter(|entity| **entity == left).map(|_| (left, Some(right))));
        }
        if forwards.last().is_none_or(|(last, _)| *last != left) {
            forwards.push((left, None));
        }
        if backwards.last().is_none_or(|(last, _)| *last != left) {
            backwards.push((left, None));
        }
    }
    let inner = |pairs: &[(Entity, Option<Entity>)]| -> Vec<(Entity, Entity)> {
        pairs.iter().filter_map(|(left, right)| Some((*left, (*right)?))).collect()
    };

    let left = || snapshot.query::<Entity>().filter(&one);
    let right = || snapshot.query::<(&Purse, Entity)>().filter(&other);
    let found: Vec<_> = left().join(column, right()).into_iter().map(|(left, (_, right))| (left, right)).collect();
    prop_assert_eq!(&found, &inner(&forwards));
    let join = left().left_join(column, right());
    let found: Vec<_> = join.iter().map(|(left, right)| (left, right.map(|(_, right)| right))).collect();
    prop_assert_eq!(&found, &forwards);
    prop_assert_eq!(join.count(), forwards.len());

    let join = left().join_children(column, right());
    let found: Vec<_> = join.iter().map(|(left, (_, right))| (left, right)).collect();
    prop_assert_eq!(join.count(), found.len());
    prop_assert_eq!(&found, &inner(&backwards));
    let join = left().left_join_children(column, right());
    let found: Vec<_> = join.into_iter().map(|(left, right)| (left, right.map(|(_, right)| right))).collect();
    prop_assert_eq!(&found, &backwards);
    Ok(())
}

proptest! {
    #[test]
    fn joins_are_nested_loops(things in things(), one in tree(), other in tree()) {
        let trees = [one, other];
        joins_like_loops(&things, &trees, Unit::C.home, |unit| vec![unit.home.entity()])?;
        joins_like_loops(&things, &trees, Unit::C.owner, |unit| unit.owner.into_iter().collect())?;
        joins_like_loops(&things, &trees, Unit::C.friends, |unit| unit.friends.iter().map(|friend| friend.entity()).collect())?;
    }
}

#[test]
fn who_is_gone_has_no_partner_and_is_none() {
    let things = [0, 1, 2, 3].map(|n| Thing {
        unit: Some(Unit { owner: Some(entity(n + 1)), ..unit([0; 20]) }),
        purse: Some(Purse { gold: u64::from(n) }),
        ..Thing::default()
    });
    let (db, all) = database(&things);
    assert_eq!(all, [0, 1, 2, 3].map(entity));
    db.write({
        let gone = all[1];
        move |tx| {
            tx.despawn(gone)?;
            // Its slot has a new owner, to whom nobody refers.
            let new = tx.spawn(())?;
            assert_eq!(new.slot(), gone.slot());
            tx.insert(new, Purse { gold: 9 })?;
            Ok(())
        }
    })
    .unwrap();
    let snapshot = db.snapshot();
    let purses = || snapshot.query::<(Entity, &Purse)>();
    let pairs = purses().with::<Unit>().join(Unit::C.owner, purses());
    let pairs: Vec<_> = pairs.iter().map(|((left, _), (right, _))| (left.slot(), right.slot())).collect();
    assert_eq!(pairs, [(2, 3), (3, 0)]);
    let children = purses().left_join_children(Unit::C.owner, purses());
    let children: Vec<_> =
        children.iter().map(|((left, _), right)| (left.slot(), right.map(|(e, _)| e.slot()))).collect();
    assert_eq!(children, [(0, Some(3)), (1, None), (2, None), (3, Some(2))]);
}

#[test]
#[should_panic(expected = "the same snapshot")]
fn queries_of_two_snapshots_do_not_join() {
    let (db, _) = database(&[Thing::default()]);
    let before = db.snapshot();
    db.spawn(Frozen).unwrap();
    let now = db.snapshot();
    let _ = before.query::<Entity>().join(Unit::C.owner, now.query::<Entity>());
}

proptest! {
    #[test]
    fn only_some_entities(things in things(), tree in tree(), some in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let (db, all) = database(&things);
        let snapshot = db.snapshot();
        let (condition, check) = build(&tree);
        let some: Vec<usize> = some.iter().map(|index| index.index(all.len())).collect();
        let expected: Vec<Entity> =
            (0..all.len()).filter(|n| some.contains(n) && check(&things[*n])).map(|n| all[n]).collect();
        let query = snapshot.query::<Entity>().among(some.iter().map(|n| all[*n])).filter(&condition);
        prop_assert_eq!(query.iter().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(query.clone().par_fold(|| 0, |count, _| count + 1, |a, b| a + b), expected.len());
        let both = query.among(all.iter().copied().skip(3));
        prop_assert_eq!(both.count(), expected.iter().filter(|entity| !all[..3].contains(entity)).count());
    }
}
