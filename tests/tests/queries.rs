//! Queries over large populations: full blocks, runs of blocks, holes at awkward places; each against single reads.

use std::sync::Mutex;

use ecsdb::schema::TableOf;
use ecsdb::{Component, Db, Entity, Snapshot};
use ecsdb_tests::world::*;

/// 5,000 entities with many components, in whose tables rows are then removed where `hole` says.
fn populate(hole: impl Fn(usize, usize) -> bool + Send + 'static) -> (Db<World>, Vec<Entity>) {
    let db = Db::<World>::builder().worker_threads(2).open().unwrap();
    let all = db
        .write(move |tx| {
            let row = |n| {
                (Small::sample(n), Pos::sample(n), R32::sample(n), R64::sample(n), R100::sample(n), Purse::sample(n))
            };
            let all = tx.spawn_all((0..5000).map(row))?;
            for (n, entity) in all.iter().enumerate() {
                if hole(n, 0) {
                    tx.remove::<Small>(*entity)?;
                }
                if hole(n, 1) {
                    tx.remove::<R32>(*entity)?;
                }
                if hole(n, 2) {
                    tx.remove::<R100>(*entity)?;
                }
                if hole(n, 3) {
                    tx.despawn(*entity)?;
                }
            }
            Ok(all)
        })
        .unwrap();
    (db, all)
}

/// The numbers of the entities for which `wanted` holds.
fn numbers(all: &[Entity], wanted: impl Fn(Entity) -> bool) -> Vec<u64> {
    (0_u64..).zip(all).filter(|(_, entity)| wanted(**entity)).map(|(n, _)| n).collect()
}

/// All ways to iterate give the same items.
fn ways<T, I: Iterator<Item = T>>(query: impl Fn() -> I, number: impl Fn(T) -> u64, expected: &[u64]) {
    assert!(query().map(&number).eq(expected.iter().copied()), "by fold or next");
    let mut by_next = Vec::new();
    let mut iter = query();
    loop {
        let Some(item) = iter.next() else { break };
        by_next.push(number(item));
    }
    assert_eq!(by_next, expected, "by next");
    for taken in [1, 63, 64, 65, 700, 1024, 4096, expected.len() / 2] {
        let mut iter = query();
        let mut mixed: Vec<u64> = iter.by_ref().take(taken).map(&number).collect();
        iter.for_each(|item| mixed.push(number(item)));
        assert_eq!(mixed, expected, "{taken} by next, the rest by fold");
    }
}

/// Rows of many entities at a time are those of each, whoever of them is alive and has one, and however many they are.
fn compare_each<T: Sample + TableOf<World>>(snapshot: &Snapshot<World>, all: &[Entity]) {
    // 7 has no factor in common with their number, so all come, in an order that no page has.
    let mixed: Vec<Entity> = (0..all.len()).map(|n| all[n * 7 % all.len()]).collect();
    for count in [0, 1, 15, 16, 17, 31, 32, 33, mixed.len()] {
        let wanted = &mixed[..count];
        let each = snapshot.get_each::<T>(wanted);
        assert_eq!(each.size_hint(), (count, Some(count)));
        let found: Vec<Option<u64>> = each.map(|row| row.map(T::number)).collect();
        let expected: Vec<_> = wanted.iter().map(|entity| snapshot.get::<T>(*entity).map(T::number)).collect();
        assert_eq!(found, expected, "{count} rows of {}", T::TABLE);
    }
}

fn compare(snapshot: &Snapshot<World>, all: &[Entity]) {
    compare_each::<Small>(snapshot, all);
    compare_each::<Pos>(snapshot, all);
    compare_each::<Purse>(snapshot, all);
    compare_each::<R32>(snapshot, all);
    compare_each::<R100>(snapshot, all);
    let has = |entity| {
        (snapshot.contains::<Small>(entity), snapshot.contains::<R32>(entity), snapshot.contains::<R100>(entity))
    };
    ways(|| snapshot.query::<&Small>().iter(), Small::number, &numbers(all, |e| has(e).0));
    ways(|| snapshot.table::<Small>().pages().flatten(), Small::number, &numbers(all, |e| has(e).0));
    ways(|| snapshot.table::<R100>().pages().flatten(), R100::number, &numbers(all, |e| has(e).2));
    ways(|| snapshot.query::<&R100>().iter(), R100::number, &numbers(all, |e| has(e).2));
    ways(|| snapshot.query::<PurseRef<'_>>().iter(), |purse| purse.gold(), &numbers(all, |e| snapshot.is_alive(e)));
    let both = numbers(all, |e| has(e).0 && has(e).1);
    ways(
        || snapshot.query::<(&Small, &R32)>().iter(),
        |(small, row)| {
            assert_eq!(small.n, row.n);
            R32::number(row)
        },
        &both,
    );
    assert_eq!(snapshot.query::<(&Small, &R32)>().count(), both.len());
    ways(
        || snapshot.query::<(&Small, &R100, Entity)>().iter(),
        |(small, row, entity)| {
            assert_eq!((small.n, snapshot.get::<R100>(entity)), (row.n, Some(row)));
            u64::from(small.n)
        },
        &numbers(all, |e| has(e).0 && has(e).2),
    );
    ways(
        || snapshot.query::<(&Pos, Option<&Small>)>().without::<R32>().iter(),
        |(pos, small)| {
            assert!(small.is_none_or(|small| small.n as i32 == pos.x));
            pos.x as u64
        },
        &numbers(all, |e| snapshot.is_alive(e) && !has(e).1),
    );
    ways(
        || snapshot.query::<&R64>().with::<Small>().iter(),
        R64::number,
        &numbers(all, |e| snapshot.contains::<R64>(e) && has(e).0),
    );
    let sum =
        snapshot.query::<(&Small, &R32)>().par_fold(|| 0, |sum, (small, _)| sum + u64::from(small.n), |a, b| a + b);
    assert_eq!(sum, both.iter().sum::<u64>());
    assert_eq!(Small::SCHEMA.size, 4);
}

#[test]
fn full_blocks_are_counted_through() {
    let (db, all) = populate(|_, _| false);
    compare(&db.snapshot(), &all);
}

#[test]
fn single_holes_end_a_run() {
    let (db, all) = populate(|n, table| match table {
        0 => [0, 64, 127, 1023, 2048, 4095].contains(&n),
        1 => [1, 63, 1024, 3000, 4096, 4999].contains(&n),
        _ => n == 2000 + table,
    });
    compare(&db.snapshot(), &all);
}

#[test]
fn whole_blocks_and_pages_may_be_missing() {
    let (db, all) = populate(|n, table| match table {
        0 => (64..128).contains(&n) || (1024..2048).contains(&n),
        1 => (2048..2112).contains(&n),
        2 => n > 100,
        _ => (3000..3500).contains(&n),
    });
    compare(&db.snapshot(), &all);
}

#[test]
fn scattered_holes() {
    let (db, all) = populate(|n, table| n.wrapping_mul(2_654_435_761) >> (7 + table) & 15 == table);
    compare(&db.snapshot(), &all);
    // And after churn, from other pages.
    let some: Vec<Entity> = all.iter().copied().filter(|entity| db.snapshot().is_alive(*entity)).collect();
    for _ in 0..3 {
        let some = some.clone();
        db.write(move |tx| {
            for entity in some.iter().step_by(7) {
                if let Some(n) = tx.get::<Pos>(*entity).map(|pos| pos.x as u64) {
                    tx.insert(*entity, Small::sample(n))?;
                    tx.insert(*entity, R32::sample(n))?;
                }
            }
            tx.update_all(|small: &mut Small, pos: &Pos| small.n = pos.x as u32)?;
            Ok(())
        })
        .unwrap();
        compare(&db.snapshot(), &all);
    }
}

/// Every way in which `update_all` finds the others of a row: in full blocks, in blocks whose rows are all of the same entities, and bit
/// by bit; narrow rows and wide ones.
#[test]
fn each_row_is_changed_with_what_stands_beside_it() {
    for (divisor, rest) in [(5001, 0), (5001, 5000), (2, 1), (7, 3), (64, 63)] {
        let (db, all) = populate(move |n, what| n % divisor == rest + what);
        let before = db.snapshot();
        db.write(|tx| {
            tx.update_all(|row: &mut Small, beside: &R32| row.n += 10_000 + beside.n)?;
            tx.update_all(|row: &mut R32, _: Entity, beside: Option<&R100>| {
                row.n += beside.map_or(20_000, |beside| 30_000 + beside.n);
            })?;
            tx.update_all(|row: &mut R100, beside: &Small| row.n += beside.n)?;
            tx.update_all(|row: &mut Pos, beside: &R100, entity: Entity| {
                (row.x, row.y) = (beside.n as i32, entity.slot() as i32);
            })?;
            tx.update_all(|row: &mut R64| row.n += 1)?;
            Ok(())
        })
        .unwrap();
        let after = db.snapshot();
        for entity in all {
            let (small, r32) = (before.get::<Small>(entity), before.get::<R32>(entity));
            let (r100, pos) = (before.get::<R100>(entity), before.get::<Pos>(entity));
            let new_small = small.map(|row| row.n + r32.map_or(0, |beside| 10_000 + beside.n));
            assert_eq!(after.get::<Small>(entity).map(|row| row.n), new_small);
            let new_r32 = r32.map(|row| row.n + r100.map_or(20_000, |beside| 30_000 + beside.n));
            assert_eq!(after.get::<R32>(entity).map(|row| row.n), new_r32);
            let new_r100 = r100.map(|row| row.n + new_small.unwrap_or(0));
            assert_eq!(after.get::<R100>(entity).map(|row| row.n), new_r100);
            let new_pos = pos.map(|pos| new_r100.map_or((pos.x, pos.y), |n| (n as i32, entity.slot() as i32)));
            assert_eq!(after.get::<Pos>(entity).map(|pos| (pos.x, pos.y)), new_pos);
            let new_r64 = before.get::<R64>(entity).map(|row| row.n + 1);
            assert_eq!(after.get::<R64>(entity).map(|row| row.n), new_r64);
        }
    }
}

/// On two threads, over more blocks than one of them takes at a time.
#[test]
fn each_item_is_visited_once_by_whoever_it_is() {
    let (db, all) = populate(|n, what| n % 7 == what);
    db.write(|tx| Ok(tx.spawn_all((0..20_000).map(Small::sample))?)).unwrap();
    let snapshot = db.snapshot();
    let met = Mutex::new(Vec::new());
    snapshot.query::<(Entity, &Small, Option<&R32>)>().without::<R100>().par_for_each(|(entity, small, r32)| {
        met.lock().unwrap().push((entity, small.n, r32.map(|row| row.n)));
    });
    let mut met = met.into_inner().unwrap();
    met.sort_unstable();
    let one_by_one = snapshot.query::<(Entity, &Small, Option<&R32>)>().without::<R100>();
    let mut expected: Vec<_> =
        one_by_one.iter().map(|(entity, small, r32)| (entity, small.n, r32.map(|row| row.n))).collect();
    expected.sort_unstable();
    assert!(expected.len() > 20_000 && all.len() == 5000);
    assert_eq!(met, expected);
}
