//! Finished segments in the archive while their directory still has them: what an archive alone brings back at any time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ecsdb::archive::{Archive, ArchiveError, ArchivedSegment, Put};
use ecsdb::maintenance::{Restore, Target, verify_archive};

use super::*;

const EARLIER: &str = "/games/earlier";

/// The last version of all segments that are stored; 0 if there is none.
fn last_stored(archive: &dyn Archive) -> u64 {
    ArchivedSegment::list(archive).unwrap().iter().map(|segment| segment.last).max().unwrap_or(0)
}

/// The last version of the segments in the directory that are finished.
fn last_finished(medium: &Simulated) -> u64 {
    segments(medium, SAVE).last().map_or(0, |path| first(path) - 1)
}

/// Waits until the archive has as much as the finished segments do.
fn wait_for(medium: &Simulated, archive: &dyn Archive) {
    let patience = Instant::now() + Duration::from_secs(60);
    while last_stored(archive) < last_finished(medium) {
        assert!(Instant::now() < patience, "{} of {} are there", last_stored(archive), last_finished(medium));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Commits `commits` times, and notes what there is after each.
fn commit(db: &Db<World>, commits: u64, versions: &mut Vec<Rows>) {
    for n in 0..commits {
        db.spawn((Small::sample(n), R100::sample(n), Wide::sample(n))).unwrap();
        versions.push(Rows::of(db));
    }
}

/// The latest state that the archive brings back alone is what the finished segments end with.
fn check_alone(medium: &Simulated, archive: &Simulated, versions: &[Rows]) {
    let finished = last_finished(medium);
    assert!(finished > 0, "a segment is finished");
    let elsewhere = Simulated::new();
    let restore = Restore::from_archive(shelf(archive)).onto(Arc::new(elsewhere.clone()));
    let restored = restore.run(Target::Latest, EARLIER, |_| ()).unwrap();
    assert_eq!((restored.version, restored.snapshot), (finished, None), "{restored:?}");
    assert!(Rows::of(&small(&elsewhere, EARLIER).open().unwrap()) == versions[finished as usize]);
    assert!(verify_archive(&*shelf(archive), |_| ()).unwrap().is_fine());
}

/// Nobody asks for a checkpoint, and nothing is let go.
#[test]
fn an_archive_alone_lacks_only_the_segment_that_is_being_written() {
    let (medium, archive) = (Simulated::new(), Simulated::new());
    let open = || {
        let shelf = DirectoryArchive::on(Arc::new(archive.clone()), SHELF);
        small(&medium, SAVE).checkpoint_every(u64::MAX, None).archive(shelf).open().unwrap()
    };
    let mut db = open();
    let mut versions = vec![Rows::of(&db)];
    for round in 0..4 {
        commit(&db, 25, &mut versions);
        assert!(segments(&medium, SAVE).len() > round + 2, "several segments");
        wait_for(&medium, &*shelf(&archive));
        check_alone(&medium, &archive, &versions);
        if round % 2 == 1 {
            drop(db);
            db = open();
            wait_for(&medium, &*shelf(&archive));
        }
        // Nothing is stored twice, by whatever comes next.
        let all = ArchivedSegment::list(&*shelf(&archive)).unwrap();
        let mut firsts: Vec<u64> = all.iter().map(|segment| segment.first).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), all.len(), "each once: {all:?}");
    }
    assert_eq!(db.stats().checkpoints.unwrap().made, 0);
}

#[test]
fn what_was_finished_before_there_was_an_archive_comes_to_it() {
    let Played { medium, versions } = played(45);
    let archive = Simulated::new();
    let builder = small(&medium, SAVE).archive(DirectoryArchive::on(Arc::new(archive.clone()), SHELF));
    let db = builder.open().unwrap();
    wait_for(&medium, &*shelf(&archive));
    check_alone(&medium, &archive, &versions);
    assert_eq!(db.stats().checkpoints.unwrap().made, 0);
}

/// An archive that refuses segments for a while.
struct Moody(Arc<DirectoryArchive>, Arc<AtomicBool>);

impl Archive for Moody {
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError> {
        if self.1.load(Ordering::Relaxed) && name.starts_with("segments/") {
            return Err(ArchiveError::Missing { name: name.to_owned() });
        }
        self.0.put_if_absent(name, bytes)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        self.0.get(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        self.0.list(folder)
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.0.remove(name)
    }
}

#[test]
fn an_archive_that_refuses_gets_everything_with_the_next_segment() {
    let (medium, archive, refuses) = (Simulated::new(), Simulated::new(), Arc::new(AtomicBool::new(true)));
    let moody = Moody(shelf(&archive), Arc::clone(&refuses));
    let db = small(&medium, SAVE).archive(moody).open().unwrap();
    let mut versions = vec![Rows::of(&db)];
    let patience = Instant::now() + Duration::from_secs(60);
    while db.stats().checkpoints.unwrap().unarchived < 2 {
        commit(&db, 10, &mut versions);
        assert!(Instant::now() < patience, "nobody says that it refuses");
    }
    assert_eq!(last_stored(&*shelf(&archive)), 0);
    refuses.store(false, Ordering::Relaxed);
    commit(&db, 10, &mut versions);
    wait_for(&medium, &*shelf(&archive));
    check_alone(&medium, &archive, &versions);
    while db.stats().checkpoints.unwrap().unarchived > 0 {
        assert!(Instant::now() < patience, "it does not refuse any more");
        std::thread::yield_now();
    }
}

/// What is in an archive was durable: wherever everything stops, the directory has it as well.
#[test]
fn an_archive_is_never_ahead_of_what_a_crash_leaves() {
    let medium = Simulated::new();
    let archive = DirectoryArchive::on(Arc::new(medium.clone()), SHELF);
    let db = small(&medium, SAVE).archive(archive).open().unwrap();
    let mut versions = vec![Rows::of(&db)];
    commit(&db, 16, &mut versions);
    assert!(last_finished(&medium) > 0);
    wait_for(&medium, &*shelf(&medium));
    drop(db);
    let mut stored = 0;
    interrupted(&medium, |image, place| {
        let ahead = last_stored(&*shelf(&image));
        stored += usize::from(ahead > 0);
        let db = small(&image, SAVE).open().unwrap();
        let version = db.stats().version;
        assert!(ahead <= version, "{place}: {ahead} is archived, and {version} is there");
        assert!(Rows::of(&db) == versions[version as usize], "{place}");
    });
    assert!(stored > 20, "{stored} images with something in the archive");
}
