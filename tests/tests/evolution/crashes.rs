//! A machine that stops in the middle of a migration: the directory opens under the new schema, or is as it was under the old.

use ecsdb_tests::simulated::{Simulated, Survival};

use super::chain::{version, work};
use super::{open, rows};

#[test]
fn a_crash_in_the_middle_leaves_the_old_or_the_new() {
    for (from, to) in [(1, 2), (2, 3), (4, 5)] {
        let media = Simulated::new();
        let db = open(&media, version(from)).unwrap();
        work(&db, from, &mut Default::default());
        db.close().unwrap();
        let old = rows(&db);
        drop(db);
        let before = media.state();
        let media = Simulated::of(before.clone());
        let db = open(&media, version(to)).unwrap();
        let new = rows(&db);
        drop(db);
        let mut images = 0;
        media.trace().for_each_state(|operation, state| {
            for seed in 0..6 {
                let survival = match seed {
                    0 => Survival::Nothing,
                    1 => Survival::Everything,
                    seed => Survival::Random {
                        seed: operation as u64 * 100 + seed,
                        unit: [1, 512, 4096][seed as usize % 3],
                    },
                };
                images += 1;
                let image = state.image(survival);
                let crashed = Simulated::of(image.clone());
                let opened = open(&crashed, version(to));
                let db = opened.unwrap_or_else(|error| panic!("{from} to {to}, {operation}, {survival:?}: {error}"));
                assert_eq!(rows(&db), new, "{from} to {to}, {operation}, {survival:?}");
                drop(db);
                // A program that has not been replaced yet goes on, unless the migration was done.
                let crashed = Simulated::of(image);
                if let Ok(db) = open(&crashed, version(from)) {
                    assert_eq!(rows(&db), old, "{from} to {to}, {operation}, {survival:?}");
                }
            }
        });
        assert!(images > 60, "{images}");
    }
}
