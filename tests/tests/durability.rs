//! A database in a directory: what was committed is there again when it is opened, with the same ids from then on; what is
//! refused says why, and changes nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ecsdb::media::Media;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{Component, Db, DirectoryError, DynDb, Entity, OpenError, SchemaDifference, TransactionError};
use ecsdb_tests::block_on;
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::{Failure, Fault, Simulated, Survival};
use ecsdb_tests::world::*;

/// A directory of the machine that is gone with this.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecsdb-durability-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One round of everything, that depends on nothing but the state: also transactions that are rolled back after they have
/// seen ids.
fn work(db: &Db<World>, round: u64) {
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

fn assert_same(db: &Db<World>, other: &Db<World>, what: &str) {
    assert!(Rows::of(db) == Rows::of(other), "{what}");
}

/// Settings under which files are small.
fn small(media: &Simulated) -> ecsdb::DbBuilder<World> {
    Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(16 << 10).worker_threads(1)
}

fn error_of<S>(result: Result<Db<S>, OpenError>) -> DirectoryError {
    match result {
        Ok(_) => panic!("it was opened"),
        Err(OpenError::Directory(error)) => error,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_database_goes_on_as_if_it_had_never_been_closed() {
    let directory = Temporary::new("goes-on");
    let witness = Db::<World>::in_memory().unwrap();
    for rounds in [0..3, 3..4, 4..4, 4..12, 12..20] {
        let db = Db::<World>::open(&directory.0).unwrap();
        assert_same(&db, &witness, "after opening");
        let recovery = db.recovery().unwrap();
        assert_eq!(recovery.version, witness.stats().version);
        assert!(recovery.was_closed && recovery.torn_bytes == 0, "{recovery:?}");
        for round in rounds {
            work(&db, round);
            work(&witness, round);
            assert_same(&db, &witness, "the same ids are handed out");
        }
        assert_eq!(db.stats().version, witness.stats().version);
    }
}

/// What a process leaves behind that is killed now.
fn killed(media: &Simulated) -> Simulated {
    Simulated::of(media.state())
}

#[test]
fn a_process_that_is_killed_loses_nothing_that_was_visible() {
    let witness = Db::<World>::in_memory().unwrap();
    let mut media = Simulated::new();
    let mut timelines = Vec::new();
    for round in 0..12 {
        let db = small(&media).open().unwrap();
        timelines.push(db.recovery().unwrap().timeline);
        work(&db, round);
        work(&witness, round);
        media = killed(&media);
        drop(db);
        let db = small(&media).open().unwrap();
        assert_same(&db, &witness, "what was visible");
        let timeline = {
            let recovery = db.recovery().unwrap();
            assert!(!recovery.was_closed, "{recovery:?}");
            assert!(!timelines.contains(&recovery.timeline), "a timeline of its own: {recovery:?}");
            recovery.timeline
        };
        drop(db);
        // The one that was closed goes on with the same timeline.
        let db = small(&media).open().unwrap();
        let recovery = db.recovery().unwrap();
        assert!(recovery.was_closed && recovery.timeline == timeline, "{recovery:?}");
        assert_same(&db, &witness, "after a clean close");
        drop(db);
    }
}

/// An open that is followed by a crash before anything is written again is no clean close.
#[test]
fn a_directory_that_is_open_is_not_taken_for_one_that_was_closed() {
    let media = Simulated::new();
    drop(small(&media).open().unwrap());
    let db = small(&media).open().unwrap();
    assert!(db.recovery().unwrap().was_closed);
    let media = killed(&media);
    drop(db);
    assert!(!small(&media).open().unwrap().recovery().unwrap().was_closed);
}

/// A log that was not closed, what it held after each version, and the one segment that it is in.
fn log_of_versions(close: bool) -> (Simulated, Vec<Rows>, PathBuf) {
    let media = Simulated::new();
    let db = Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(64 << 10).open().unwrap();
    let mut versions = vec![Rows::of(&db)];
    let mut entities = Vec::new();
    for n in 0..6_u64 {
        let commit = {
            let mut tx = db.begin();
            let new = tx.spawn((Small::sample(n), Purse::sample(n)));
            if let Some(last) = entities.last() {
                tx.update(*last, Purse::C.gold.add(5));
                tx.insert(*last, Item { owner: Some(new), makers: [None; 2], kind: 1 });
            }
            if n == 4 {
                tx.despawn(entities[0]);
            }
            (new, tx.commit().unwrap().durable().unwrap())
        };
        entities.push(commit.1.entity(commit.0));
        versions.push(Rows::of(&db));
    }
    let media = if close {
        drop(db);
        media
    } else {
        let killed = killed(&media);
        drop(db);
        killed
    };
    (media, versions, Path::new("save").join("wal").join("00000000000000000001.wal"))
}

/// The same medium with `content` in the file `path`.
fn with(media: &Simulated, path: &Path, content: Vec<u8>) -> Simulated {
    let mut state = media.state();
    state.damage(path, content);
    Simulated::of(state)
}

fn content(media: &Simulated, path: &Path) -> Vec<u8> {
    media.state().content(path).unwrap().to_vec()
}

/// Opens, and says which version was found, or the error. Whatever it is, nothing panics, a version is what it was, and a
/// directory that is refused stays as it is.
fn outcome(media: &Simulated, versions: &[Rows]) -> Result<(u64, u64), DirectoryError> {
    let before = media.state();
    match Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(64 << 10).worker_threads(1).open()
    {
        Ok(db) => {
            let recovery = db.recovery().unwrap().clone();
            assert!(Rows::of(&db) == versions[recovery.version as usize], "version {}", recovery.version);
            // It can be written to, and opens again.
            db.spawn(Small::sample(1)).unwrap();
            let rows = Rows::of(&db);
            drop(db);
            let db = small(media).open().unwrap();
            assert!(Rows::of(&db) == rows && db.recovery().unwrap().was_closed);
            Ok((recovery.version, recovery.torn_bytes))
        }
        Err(OpenError::Directory(error)) => {
            let after = media.state();
            for path in before.paths() {
                assert_eq!(before.content(path), after.content(path), "{} was changed", path.display());
            }
            assert_eq!(after.paths().count(), before.paths().count(), "{error}");
            Err(error)
        }
        Err(error) => panic!("{error}"),
    }
}

/// The end of what was written to a segment.
fn written(content: &[u8]) -> usize {
    content.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

#[test]
fn a_log_that_was_cut_off_at_any_byte_opens_to_what_was_whole() {
    let (media, versions, path) = log_of_versions(false);
    let whole = content(&media, &path);
    let end = written(&whole);
    let mut last = 0;
    let mut reached = 0;
    for len in (0..end + 100).filter(|len| *len > 4000 || len % 61 == 0) {
        match outcome(&with(&media, &path, whole[..len].to_vec()), &versions) {
            Ok((version, torn)) => {
                assert!(len >= 4096 && version >= last, "version {version} after {len} bytes");
                assert!(torn < 1000);
                last = version;
                reached += 1;
            }
            Err(DirectoryError::Damaged { file, .. }) => assert!(len < 4096 && file == path, "{len} bytes"),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(last, 6);
    assert!(reached > 500);
}

#[test]
fn a_byte_that_was_flipped_is_found_or_makes_no_difference() {
    let (media, versions, path) = log_of_versions(true);
    let whole = content(&media, &path);
    let end = written(&whole);
    let mut damaged = 0;
    for at in 0..end + 64 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        match outcome(&with(&media, &path, bytes), &versions) {
            // The mark of the close may be lost: then nobody knows that nothing is missing, and nothing is.
            Ok((version, _)) => assert!(version == 6 && at >= end - 64, "byte {at}"),
            Err(DirectoryError::Damaged { file, offset, .. }) => {
                assert!(file == path && (offset <= at as u64 || at < 4096), "byte {at}, said to be {offset}");
                damaged += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(damaged > 4096 + 500, "{damaged}");
}

/// Without the mark of a close, the last commits may look as if they had never been written to the end. What is found is
/// what was there at some version, all the same.
#[test]
fn a_byte_that_was_flipped_in_an_open_log_leaves_a_prefix() {
    let (media, versions, path) = log_of_versions(false);
    let whole = content(&media, &path);
    for at in 4096..written(&whole) + 64 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        match outcome(&with(&media, &path, bytes), &versions) {
            // Every commit was durable before the next was written, so the last one alone is in doubt.
            Ok((version, torn)) => assert!(version >= 5 && (torn > 0 || version == 6), "byte {at}: version {version}"),
            Err(DirectoryError::Damaged { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn records_of_another_log_behind_the_end_are_not_read() {
    let (media, versions, path) = log_of_versions(false);
    let (other, _, _) = log_of_versions(true);
    let (mut bytes, other) = (content(&media, &path), content(&other, &path));
    let end = written(&bytes).next_multiple_of(8);
    // The other log has the same records, and one more: they follow where these end.
    bytes[end..].copy_from_slice(&other[end..]);
    let (version, torn) = outcome(&with(&media, &path, bytes), &versions).unwrap();
    assert_eq!(version, 6);
    assert!(torn > 0, "it is cut off, since nobody knows whose it is");
}

fn segments(media: &Simulated) -> Vec<PathBuf> {
    let names = media.list(Path::new("save/wal")).unwrap();
    names.iter().map(|name| Path::new("save/wal").join(name)).collect()
}

#[test]
fn a_log_has_as_many_segments_as_it_takes() {
    let media = Simulated::new();
    let witness = Db::<World>::in_memory().unwrap();
    let db = small(&media).open().unwrap();
    for round in 0..15 {
        work(&db, round);
        work(&witness, round);
    }
    for db in [&db, &witness] {
        db.write(|tx| Ok(tx.spawn_all((0..20).map(Wide::sample))?)).unwrap();
    }
    drop(db);
    let paths = segments(&media);
    assert!(paths.len() > 5, "{paths:?}");
    assert!(paths.iter().all(|path| path.extension().is_some_and(|ending| ending == "wal")), "{paths:?}");
    assert!(paths.iter().any(|path| content(&media, path).len() > 16 << 10), "a batch larger than a segment");
    let opened = small(&media).open().unwrap();
    assert_same(&opened, &witness, "after many segments");
    assert_eq!(opened.recovery().unwrap().segments, paths.len());
    drop(opened);

    // A segment that is missing, whichever it is but the last: that it was there is written nowhere else.
    for path in &paths[..paths.len() - 1] {
        let lossy = Simulated::of(media.state());
        lossy.remove(path).unwrap();
        let error = error_of(small(&lossy).open());
        assert!(matches!(error, DirectoryError::Damaged { .. }), "without {}: {error}", path.display());
    }
    // Bytes of a segment that is not the last one.
    for at in [0, 12, 4090, 4096, 4100, 4150, 6000] {
        let path = &paths[2];
        let mut bytes = content(&media, path);
        bytes[at] ^= 0x80;
        let damaged = with(&media, path, bytes);
        let error = error_of(small(&damaged).open());
        assert!(matches!(&error, DirectoryError::Damaged { file, .. } if file == path), "byte {at}: {error}");
    }
    // Nothing at all.
    let lossy = Simulated::of(media.state());
    for path in &paths {
        lossy.remove(path).unwrap();
    }
    let error = error_of(small(&lossy).open());
    assert!(error.to_string().contains("no segment is left"), "{error}");
}

#[test]
fn a_directory_is_open_once() {
    let directory = Temporary::new("lock");
    let db = Db::<World>::open(&directory.0).unwrap();
    let error = error_of(Db::<World>::open(&directory.0));
    assert!(matches!(&error, DirectoryError::Locked { path } if *path == directory.0.join("LOCK")), "{error}");
    let second = db.clone();
    drop(db);
    assert!(Db::<World>::open(&directory.0).is_err(), "a handle is left");
    second.close().unwrap();
    let opened = Db::<World>::open(&directory.0).unwrap();
    assert!(matches!(second.spawn(()), Err(TransactionError::Closed)));
    drop(opened);
}

#[derive(Component)]
struct Health {
    hp: u32,
    max: u32,
}

#[derive(Component)]
#[component(table = "health")]
struct OtherHealth {
    max: u64,
    hp: u32,
    armor: u8,
}

#[derive(Component)]
struct Mana {
    points: u32,
}

#[derive(Component)]
#[component(table = "health")]
struct TurnedHealth {
    max: u32,
    hp: u32,
}

#[derive(Component)]
struct Tag;

ecsdb::schema! { Game: Health, Tag }
ecsdb::schema! { #[schema(name = "Game")] Other: OtherHealth, Mana }
ecsdb::schema! { #[schema(name = "Game")] Turned: Tag, TurnedHealth }

#[test]
fn a_schema_that_does_not_fit_touches_nothing_and_names_what_differs() {
    let media = Simulated::new();
    let open = |media: &Simulated| Db::<Game>::builder().media(media.clone()).directory("save");
    let db = open(&media).open().unwrap();
    db.spawn((Health { hp: 1, max: 2 }, Tag)).unwrap();
    drop(db);
    let before = media.state();
    let error = error_of(Db::<Other>::builder().media(media.clone()).directory("save").open());
    let DirectoryError::Schema(mismatch) = error else { panic!("{error}") };
    assert_eq!(mismatch.differences.len(), 4, "{mismatch}");
    let type_differs = SchemaDifference::TypeDiffers {
        table: "health".into(),
        field: "max".into(),
        directory: "u32".into(),
        schema: "u64".into(),
    };
    assert!(mismatch.differences.contains(&type_differs), "{mismatch}");
    for part in ["`health.armor` is missing in the directory", "`tag` is missing in the schema", "`mana` is missing in"]
    {
        assert!(mismatch.to_string().contains(part), "{mismatch}");
    }
    let after = media.state();
    assert!(before.paths().eq(after.paths()));
    assert!(before.paths().all(|path| before.content(path) == after.content(path)));
    assert_eq!(open(&media).open().unwrap().stats().rows, 2);
}

#[test]
fn the_order_of_tables_and_fields_may_change() {
    let directory = Temporary::new("order");
    let db = Db::<Game>::open(&directory.0).unwrap();
    let e = db.spawn((Health { hp: 1, max: 2 }, Tag)).unwrap();
    drop(db);
    let db = Db::<Turned>::open(&directory.0).unwrap();
    let row = |db: &Db<Turned>| db.snapshot().get::<TurnedHealth>(e).map(|row| (row.hp(), row.max())).unwrap();
    assert_eq!(row(&db), (1, 2));
    db.update(e, TurnedHealth::C.max.set(9)).unwrap();
    let f = db.spawn((Tag, TurnedHealth { max: 4, hp: 3 })).unwrap();
    drop(db);
    let db = Db::<Game>::open(&directory.0).unwrap();
    let row = |e| db.snapshot().get::<Health>(e).map(|row| (row.hp(), row.max())).unwrap();
    assert_eq!((row(e), row(f)), ((1, 9), (3, 4)));
}

#[test]
fn a_schema_that_was_loaded_works_too() {
    let directory = Temporary::new("untyped");
    let game = || Db::<Game>::open(directory.0.join("x")).unwrap();
    drop(game());
    let schema = DatabaseSchema::from_toml_file(directory.0.join("x/schema.toml")).unwrap();
    let db = DynDb::open(directory.0.join("x"), schema.clone()).unwrap();
    let e = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U32(20)), ("max", Value::U32(30))])])?)).unwrap();
    assert_eq!(db.sync().unwrap(), 1);
    db.close().unwrap();
    drop(db);
    assert_eq!(game().snapshot().get::<Health>(e).unwrap().hp(), 20);
    let db = DynDb::open(directory.0.join("x"), schema).unwrap();
    assert_eq!(db.snapshot().view().get("health", e).unwrap().get("max"), Some(Value::U32(30)));
    assert_eq!(db.recovery().unwrap().rows, 1);
}

#[derive(Component, Debug, PartialEq)]
#[component(durability = "none")]
#[repr(C)]
struct Place {
    x: f32,
    y: f32,
}

ecsdb::schema! { Moving: Place, Health }

#[test]
fn what_changes_all_the_time_need_not_be_logged() {
    let media = Simulated::new();
    let open = || Db::<Moving>::builder().media(media.clone()).directory("save").open().unwrap();
    let db = open();
    let bytes = |db: Db<Moving>| {
        drop(db);
        let db = open();
        let bytes = db.recovery().unwrap().bytes;
        (db, bytes)
    };
    let spawned =
        db.write(|tx| Ok(tx.spawn_all((0..2000).map(|n| (Place { x: n as f32, y: 0.0 }, Health { hp: n, max: 9 })))?));
    let all = spawned.unwrap();
    let (db, before) = bytes(db);
    for _ in 0..10 {
        db.write(|tx| Ok(tx.update_all(|place: &mut Place| place.y += 1.0)?)).unwrap();
    }
    assert_eq!(db.snapshot().get::<Place>(all[7]).unwrap().y, 10.0);
    db.update(all[7], Health::C.hp.set(1)).unwrap();
    db.remove::<Place>(all[8]).unwrap();
    let one = db.spawn(Place { x: 5.0, y: 6.0 }).unwrap();
    let (db, after) = bytes(db);
    assert!(after - before < 2000, "{after} - {before}");
    let s = db.snapshot();
    assert_eq!(s.get::<Place>(all[7]), Some(&Place { x: 7.0, y: 0.0 }), "the values that it came with");
    assert_eq!(s.get::<Health>(all[7]).unwrap().hp(), 1);
    assert_eq!(s.get::<Place>(all[8]), None);
    assert_eq!(s.get::<Place>(one), Some(&Place { x: 5.0, y: 6.0 }));
}

#[test]
fn tickets_say_what_is_durable() {
    let media = Simulated::new();
    // Nobody syncs unless somebody waits.
    let db = small(&media).sync_within(Duration::from_secs(3600)).open().unwrap();
    let commit = |n| {
        let mut tx = db.begin();
        tx.spawn(Small::sample(n));
        tx.commit().unwrap()
    };
    assert_eq!(commit(1).visible().unwrap().version, 1);
    assert_eq!(db.stats().durable_version, Some(0));
    assert_eq!(commit(2).durable().unwrap().version, 2);
    assert_eq!(db.stats().durable_version, Some(2));
    assert_eq!(block_on(commit(3).when_durable()).unwrap().version, 3);
    assert_eq!(commit(4).durable_timeout(Duration::from_secs(3600)).unwrap().version, 4);
    commit(5).visible().unwrap();
    assert_eq!(db.sync().unwrap(), 5);
    assert_eq!(db.stats().durable_version, Some(5));
    // A transaction that changes nothing is durable with what it has seen.
    assert_eq!(db.begin().commit().unwrap().durable().unwrap().version, 5);
    let inside = {
        let db = db.clone();
        move |_: &mut ecsdb::Transaction<'_, World>| db.sync()
    };
    assert!(matches!(db.write(inside), Err(TransactionError::Reentrant)));
    db.close().unwrap();
    assert_eq!(db.sync().unwrap(), 5);

    let db = Db::<World>::in_memory().unwrap();
    assert!(matches!(db.begin().commit().unwrap().durable(), Err(TransactionError::NoLog)));
    assert!(matches!(block_on(db.begin().commit().unwrap().when_durable()), Err(TransactionError::NoLog)));
    assert!(matches!(db.sync(), Err(TransactionError::NoLog)));
    assert_eq!((db.stats().durable_version, db.recovery()), (None, None));
}

#[test]
fn many_threads_wait_for_the_log() {
    let directory = Temporary::new("threads");
    let db = Db::<World>::open(&directory.0).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let db = &db;
            scope.spawn(move || {
                for n in 0..40 {
                    let mut tx = db.begin();
                    tx.spawn(Small::sample(thread * 100 + n));
                    let commit = tx.commit().unwrap().durable().unwrap();
                    assert!(db.stats().durable_version >= Some(commit.version));
                }
            });
        }
    });
    let rows = Rows::of(&db);
    drop(db);
    assert!(Rows::of(&Db::<World>::open(&directory.0).unwrap()) == rows);
    assert_eq!(rows.rows.len(), 320);
}

#[test]
fn the_memory_limit_holds_while_opening() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..200).map(Wide::sample))?)).unwrap();
    drop(db);
    let error = error_of(small(&media).memory_limit(500_000).open());
    assert!(matches!(error, DirectoryError::Memory(_)), "{error}");
    assert_eq!(small(&media).open().unwrap().stats().rows, 200);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let builder = || Db::<World>::builder().media(Simulated::new()).directory("save");
    assert!(matches!(builder().segment_bytes(1).open(), Err(OpenError::Setting { setting: "segment_bytes", .. })));
    let log = ecsdb_tests::log::Recorder::default();
    assert!(matches!(builder().commit_log(log).open(), Err(OpenError::TwoLogs)));
}

/// A log that cannot be synced: what is visible stays visible, nothing more is acknowledged, and nothing is tried again.
#[test]
fn a_failed_sync_poisons_the_log() {
    let media = Simulated::new();
    let db = small(&media).sync_within(Duration::from_secs(3600)).open().unwrap();
    let commit = |n| {
        let mut tx = db.begin();
        tx.spawn(Small::sample(n));
        tx.commit().unwrap()
    };
    commit(1).durable().unwrap();
    let durable = Rows::of(&db);
    commit(2).visible().unwrap();
    media.set_faults(vec![Fault::at(media.calls().len(), Failure::Device)]);
    let error = commit_after_fault(&db, &media);
    assert!(error.to_string().contains("is visible and not known to be durable: cannot sync"), "{error}");
    let visible = Rows::of(&db);
    // The medium is as good as new. The log is not: what the sync should have kept may be gone.
    media.set_faults(Vec::new());
    let error = commit(3).visible().unwrap_err();
    assert!(matches!(&error, TransactionError::Log(_)) && error.to_string().contains("cannot sync"), "{error}");
    assert!(matches!(commit(4).durable(), Err(TransactionError::Log(_))));
    assert!(matches!(db.sync(), Err(TransactionError::NotDurable { version: 2, .. })));
    assert_eq!(db.stats().durable_version, Some(1));
    assert!(Rows::of(&db) == visible, "reads go on, and what was refused has not happened");
    let killed = killed(&media);
    let crashed = Simulated::of(media.state().image(Survival::Nothing));
    drop(db);
    assert!(Rows::of(&small(&killed).open().unwrap()) == visible);
    assert!(Rows::of(&small(&crashed).open().unwrap()) == durable, "what was acknowledged as durable is there");
    let reopened = small(&media).open().unwrap();
    assert!(!reopened.recovery().unwrap().was_closed, "a log that has failed is not closed");
}

/// The next call is the sync that somebody asks for here.
fn commit_after_fault(db: &Db<World>, media: &Simulated) -> TransactionError {
    let error = db.sync().unwrap_err();
    assert_eq!(media.struck(), 1);
    error
}

/// A batch that cannot be written is not published.
#[test]
fn a_failed_write_poisons_the_log() {
    for failure in [Failure::Device, Failure::NoSpace, Failure::Stop] {
        let media = Simulated::new();
        let db = small(&media).sync_within(Duration::from_secs(3600)).open().unwrap();
        db.spawn(Small::sample(1)).unwrap();
        assert_eq!(db.sync().unwrap(), 1);
        let before = Rows::of(&db);
        media.set_faults(vec![Fault::at(media.calls().len(), failure)]);
        let error = db.spawn((Wide::sample(2), Small::sample(2))).unwrap_err();
        assert!(matches!(&error, TransactionError::Log(_)) && error.to_string().contains("cannot write"), "{error}");
        media.set_faults(Vec::new());
        assert!(matches!(db.spawn(Small::sample(3)), Err(TransactionError::Log(_))), "{failure:?}");
        assert!(Rows::of(&db) == before && db.sync().unwrap() == 1);
        drop(db);
        let db = small(&media).open().unwrap();
        assert!(Rows::of(&db) == before, "{failure:?}");
        assert_eq!(db.recovery().unwrap().torn_bytes > 0, failure != Failure::Stop);
    }
}

#[test]
fn short_writes_and_reads_are_continued() {
    let media = Simulated::new();
    media.set_faults(vec![Fault::from(0, Failure::Short)]);
    let witness = Db::<World>::in_memory().unwrap();
    for round in 0..4 {
        let db = small(&media).open().unwrap();
        work(&db, round);
        work(&witness, round);
        assert_same(&db, &witness, "with short writes");
    }
    assert!(media.struck() > 20);
}
