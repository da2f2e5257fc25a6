//! I: each transaction as if it were alone. The judge of histories is judged first, by histories that it must refuse.

use std::collections::{BTreeMap, BTreeSet};

use ecsdb_tests::history::{Anomaly, Done, End, Key, Logged, Read, Search, Value, judge};

use super::history::random_history;

fn writes(writes: &[(Key, u64)]) -> BTreeMap<Key, Value> {
    writes.iter().map(|(key, value)| (*key, Some(*value))).collect()
}

fn logged(id: u64, version: u64, keys: &[Key]) -> Logged {
    Logged { id, version, writes: keys.iter().map(|key| (*key, Some(id))).collect() }
}

/// Transaction `id`, which reads values of others and writes keys.
fn done(id: u64, thread: usize, reads: &[(Key, u64)], keys: &[Key], end: End) -> Done {
    let reads = reads.iter().map(|(key, value)| Read { key: *key, value: Some(*value), is_own: false }).collect();
    Done { id, thread, reads, searches: Vec::new(), writes: keys.iter().map(|key| (*key, Some(id))).collect(), end }
}

/// Keys 1 and 2 as transaction 100 has left them.
fn start() -> BTreeMap<Key, Value> {
    writes(&[(1, 100), (2, 100)])
}

const COMMITTED: End = End::Committed(1);

#[test]
fn a_history_with_a_serial_order_is_taken() {
    let order = [logged(1, 1, &[1]), logged(2, 1, &[2]), logged(3, 2, &[1])];
    let own = Read { key: 1, value: Some(3), is_own: true };
    let mut last = done(3, 0, &[(1, 1), (2, 2)], &[1], End::Committed(2));
    last.reads.push(own);
    let history = [
        done(1, 0, &[(1, 100)], &[1], COMMITTED),
        // In the same batch, behind the first.
        done(2, 1, &[(1, 1), (2, 100)], &[2], COMMITTED),
        done(4, 1, &[(1, 1), (2, 2)], &[], End::Snapshot(1)),
        last,
        done(5, 0, &[(1, 3), (2, 2)], &[], End::Snapshot(2)),
        done(6, 1, &[(1, 100)], &[1], End::RolledBack),
    ];
    assert_eq!(judge(&start(), &order, &history), Ok(()));
}

#[test]
fn a_lost_update_is_refused() {
    // Both read the first value, both write.
    let order = [logged(1, 1, &[1]), logged(2, 1, &[1])];
    let history = [done(1, 0, &[(1, 100)], &[1], COMMITTED), done(2, 1, &[(1, 100)], &[1], COMMITTED)];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::LostUpdate { id: 2, key: 1 }));
}

#[test]
fn write_skew_is_refused() {
    // Each reads both and writes one.
    let order = [logged(1, 1, &[1]), logged(2, 1, &[2])];
    let both = &[(1, 100), (2, 100)];
    let history = [done(1, 0, both, &[1], COMMITTED), done(2, 1, both, &[2], COMMITTED)];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::WriteSkew { id: 2, key: 1 }));
}

#[test]
fn a_phantom_is_refused() {
    // Each finds nothing below 200 but the first two, and writes a third.
    let order = [logged(101, 1, &[3]), logged(102, 1, &[4])];
    let search = Search { below: 200, found: BTreeSet::from([1, 2]) };
    let searching = |id, thread, key| {
        let mut done = done(id, thread, &[], &[key], COMMITTED);
        done.searches.push(search.clone());
        done
    };
    let history = [searching(101, 0, 3), searching(102, 1, 4)];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::Phantom { id: 102 }));
    assert_eq!(judge(&start(), &order[..1], &history[..1]), Ok(()));
}

#[test]
fn a_dirty_read_is_refused() {
    let order = [logged(2, 1, &[2])];
    let history = [done(1, 0, &[], &[1], End::RolledBack), done(2, 1, &[(1, 1)], &[2], COMMITTED)];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::DirtyRead { id: 2, key: 1 }));
    let history = [done(2, 1, &[], &[2], COMMITTED), done(3, 1, &[(1, 1)], &[], End::Snapshot(1))];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::DirtyRead { id: 3, key: 1 }));
}

#[test]
fn whoever_does_not_read_its_own_write_is_refused() {
    let order = [logged(1, 1, &[1])];
    let mut forgetful = done(1, 0, &[], &[1], COMMITTED);
    forgetful.reads.push(Read { key: 1, value: Some(100), is_own: true });
    assert_eq!(judge(&start(), &order, &[forgetful]), Err(Anomaly::NotItsOwn { id: 1, key: 1 }));
}

#[test]
fn a_snapshot_of_two_versions_is_refused() {
    let order = [logged(1, 1, &[1, 2])];
    let writer = done(1, 0, &[], &[1, 2], COMMITTED);
    let torn = done(2, 1, &[(1, 1), (2, 100)], &[], End::Snapshot(1));
    assert_eq!(judge(&start(), &order, &[writer.clone(), torn]), Err(Anomaly::TornSnapshot { id: 2, key: 2 }));
    let early = done(2, 1, &[(1, 1), (2, 1)], &[], End::Snapshot(0));
    assert_eq!(judge(&start(), &order, &[writer, early]), Err(Anomaly::TornSnapshot { id: 2, key: 1 }));
}

#[test]
fn going_back_in_time_is_refused() {
    let order = [logged(1, 1, &[1])];
    let history = [done(1, 0, &[], &[1], COMMITTED), done(2, 0, &[(1, 100)], &[], End::Snapshot(0))];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::WentBack { id: 2 }), "its own commit is not there");
    let history = [
        done(1, 0, &[], &[1], COMMITTED),
        done(2, 1, &[(1, 1)], &[], End::Snapshot(1)),
        done(3, 1, &[(1, 100)], &[], End::Snapshot(0)),
    ];
    assert_eq!(judge(&start(), &order, &history), Err(Anomaly::WentBack { id: 3 }));
}

#[test]
fn half_a_transaction_is_refused_and_so_is_one_that_was_rolled_back() {
    let writer = [done(1, 0, &[], &[1, 2], COMMITTED)];
    assert_eq!(judge(&start(), &[logged(1, 1, &[1])], &writer), Err(Anomaly::NotAtomic { id: 1 }));
    assert_eq!(judge(&start(), &[], &writer), Err(Anomaly::NotAtomic { id: 1 }));
    assert_eq!(judge(&start(), &[logged(1, 2, &[1, 2])], &writer), Err(Anomaly::NotAtomic { id: 1 }));
    let order = [logged(1, 1, &[1, 2]), logged(2, 1, &[1])];
    assert_eq!(judge(&start(), &order, &writer), Err(Anomaly::NotAtomic { id: 2 }), "nobody has committed it");
    let rolled_back = [done(1, 0, &[], &[1, 2], End::RolledBack)];
    assert_eq!(judge(&start(), &[logged(1, 1, &[1, 2])], &rolled_back), Err(Anomaly::Undead { id: 1 }));
}

#[test]
fn random_histories_of_many_threads_have_a_serial_order() {
    for seed in 0..4 {
        let (start, order, history) = random_history(seed, 4, 120);
        assert_eq!(judge(&start, &order, &history), Ok(()), "seed {seed}");
        // All kinds of ends have come up, so there was something to judge.
        let count = |wanted: fn(&End) -> bool| history.iter().filter(|done| wanted(&done.end)).count();
        assert!(count(|end| matches!(end, End::Committed(_))) > 50);
        assert!(count(|end| matches!(end, End::Snapshot(_))) > 50);
        assert!(count(|end| matches!(end, End::RolledBack)) > 5);
        // The judge looks at these histories too: one read changed is one read too many.
        let mut forged = history.clone();
        assert!(history.iter().any(|done| !done.searches.is_empty() && matches!(done.end, End::Committed(_))));
        let victim = forged
            .iter_mut()
            .filter(|done| done.end != End::RolledBack)
            .find_map(|done| done.reads.iter_mut().find(|read| !read.is_own));
        victim.unwrap().value = Some(u64::MAX);
        assert!(matches!(judge(&start, &order, &forged), Err(Anomaly::DirtyRead { .. })));
    }
}
