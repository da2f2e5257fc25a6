//! Rounds of transactions on the world, which depend on nothing but the state: two databases in which the same rounds were done are
//! alike, entity by entity. And what tests of directories need beside them.

use ecsdb::error::DirectoryError;
use ecsdb::{Db, DbBuilder, Entity, OpenError, TransactionError};

use crate::log::Rows;
use crate::simulated::Simulated;
use crate::world::*;

/// Settings under which files are small.
pub fn small(media: &Simulated) -> DbBuilder<World> {
    Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(16 << 10).worker_threads(1)
}

/// Checks that two databases have the same rows of the same entities, in the same version.
pub fn assert_same(db: &Db<World>, other: &Db<World>, what: &str) {
    assert!(Rows::of(db) == Rows::of(other), "{what}");
    assert_eq!(db.stats().version, other.stats().version, "{what}");
}

/// Why a directory was not opened.
pub fn error_of<S>(result: Result<Db<S>, OpenError>) -> DirectoryError {
    match result {
        Ok(_) => panic!("it was opened"),
        Err(OpenError::Directory(error)) => error,
        Err(error) => panic!("{error}"),
    }
}

/// One round of everything, that depends on nothing but the state: also transactions that are rolled back after they have
/// seen ids.
pub fn work(db: &Db<World>, round: u64) {
    db.write(move |tx| {
        tx.spawn_all((0..3 + round % 90).map(|n| (Small::sample(n), Purse::sample(round), Frozen)))?;
        tx.spawn((Wide::sample(round), R100::sample(round)))?;
        Ok(())
    })
    .unwrap();
    let rolled_back = db.write(move |tx| -> Result<(), TransactionError> {
        let many = 20 + round as usize % 100;
        tx.spawn_all((0..many as u64).map(|n| (Small::sample(n), Pos::sample(n))))?;
        Err(TransactionError::abort("no"))
    });
    rolled_back.unwrap_err();
    let all: Vec<Entity> = db.snapshot().entities().collect();
    let nth = |n: usize| all[n * 7919 % all.len()];
    let mut tx = db.begin();
    for n in 0..5 {
        let entity = nth(round as usize + n);
        tx.insert(entity, Purse::sample(round * 2));
        tx.update(entity, Purse::C.gold.add(n as u64));
        tx.insert(entity, Item { owner: Some(nth(n)), makers: [None, Some(entity)], kind: 3 });
    }
    tx.commit().unwrap().visible().unwrap();
    let gone: Vec<Entity> = (0..10).map(|n| nth(31 * n + round as usize)).collect();
    db.write(move |tx| {
        for entity in gone {
            if tx.is_alive(entity) {
                tx.despawn(entity)?;
            }
        }
        tx.update_all(|small: &mut Small| small.n = small.n.wrapping_add(1))?;
        Ok(())
    })
    .unwrap();
    if round % 5 == 4 {
        // Whole blocks become empty and are given to others.
        db.write(|tx| {
            let frozen: Vec<Entity> = tx.query::<Entity>().with::<Frozen>().into_iter().collect();
            for entity in frozen {
                tx.despawn(entity)?;
            }
            Ok(())
        })
        .unwrap();
    }
}
