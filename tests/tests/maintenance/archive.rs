//! Segments that are stored in an archive.

use ecsdb::archive::{Archive, ArchiveError, ArchivedSegment, DirectoryArchive, Put};
use ecsdb::error::with_causes;
use ecsdb::maintenance::{ArchiveReport, Gap, MaintenanceError, RepairStep, verify_archive};

use super::repair::records;
use super::*;

#[test]
fn an_archive_has_every_segment_once() {
    let Played { medium, versions } = played(40);
    let before = files(&medium, SAVE);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    assert!(stored.len() > 3, "{stored:?}");
    assert_eq!(stored.len(), segments(&medium, SAVE).len());
    assert_eq!((stored[0].first, stored.last().unwrap().last), (1, versions.len() as u64 - 1));
    assert!(stored.windows(2).all(|pair| pair[0].last + 1 == pair[1].first && pair[0].salt == pair[1].previous));
    assert!(stored.iter().all(|segment| segment.earliest <= segment.latest));
    let mut names: Vec<String> = stored.iter().map(ArchivedSegment::name).collect();
    names.sort_unstable();
    assert_eq!(shelf(&medium).list("segments").unwrap(), names);
    // Again: nothing new, and the directory is as it was.
    let again = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    assert_eq!(again, stored);
    assert_eq!(shelf(&medium).list("segments").unwrap(), names);
    assert!(files(&medium, SAVE) == before, "the directory has changed");
}

#[test]
fn a_damaged_segment_is_not_archived() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[1].clone();
    let damaged = with(&medium, &path, |bytes| bytes[5000] ^= 1);
    let error = closed(&damaged, SAVE).unwrap().archive_to(shelf(&damaged), None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::File(_))), "{error}");
    assert!(with_causes(&error).to_string().contains(&path.display().to_string()), "{error:?}");
    assert_eq!(shelf(&damaged).list("segments").unwrap().len(), 1, "the one before is there");
}

/// Whoever stored a segment and was stopped before it knew finds it, and nothing half stored is ever seen.
#[test]
fn archiving_that_was_interrupted_anywhere_goes_on() {
    let Played { medium, .. } = played(14);
    let source = Simulated::of(medium.state());
    let stored = closed(&source, SAVE).unwrap().archive_to(shelf(&source), None).unwrap().segments;
    let before = files(&medium, SAVE);
    let names = |medium: &Simulated| shelf(medium).list("segments").unwrap();
    let expected = names(&source);
    interrupted(&source, |image, place| {
        for name in names(&image) {
            // What is there is whole.
            assert!(expected.contains(&name), "{name}");
            assert_eq!(shelf(&image).get(&name).unwrap(), shelf(&source).get(&name).unwrap(), "{name}");
        }
        let again = closed(&image, SAVE).unwrap().archive_to(shelf(&image), None).unwrap().segments;
        assert_eq!((again, names(&image)), (stored.clone(), expected.clone()), "{place}");
        assert!(files(&image, SAVE) == before, "the directory has changed");
    });
}

#[test]
fn an_archive_that_fails_says_so_and_can_be_tried_again() {
    let Played { medium, .. } = played(14);
    let expected = closed(&medium, SAVE).unwrap().archive_to(shelf(&copy(&medium)), None).unwrap().segments;
    for failure in [Failure::Device, Failure::NoSpace, Failure::Short] {
        let mut excused = 0;
        // The source is in order, the archive is not.
        for call in 0..60 {
            let archive = Simulated::new();
            archive.set_faults(vec![Fault::at(call, failure)]);
            let tried = closed(&medium, SAVE).unwrap().archive_to(shelf(&archive), None);
            if failure == Failure::Short || archive.struck() == 0 {
                assert_eq!(tried.unwrap().segments, expected);
                continue;
            }
            match tried {
                Ok(stored) => (excused, _) = (excused + 1, assert_eq!(stored.segments, expected)),
                Err(error) => {
                    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::Store { .. })), "{error}");
                }
            }
            archive.set_faults(Vec::new());
            assert_eq!(closed(&medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap().segments, expected);
        }
        assert!(excused <= 1, "only looking for marks of earlier writers may fail, and {excused} calls did");
    }
}

/// Goes on with other data than anybody else who goes on from there. Returns the names of what is in the archive then.
fn go_on(medium: &Simulated, worth: u64, archive: &Arc<DirectoryArchive>) -> Result<Vec<String>, MaintenanceError> {
    let db = small(medium, SAVE).open().unwrap();
    for _ in 0..20 {
        db.spawn(R800::sample(worth)).unwrap();
    }
    drop(db);
    let stored = closed(medium, SAVE).unwrap().archive_to(archive.clone(), None)?;
    Ok(stored.segments.iter().map(ArchivedSegment::name).collect())
}

#[test]
fn two_histories_of_one_directory_are_told_apart() {
    let Played { medium, .. } = played(20);
    let archive = shelf(&Simulated::new());
    // A copy of a directory that is open goes on in a timeline of its own.
    let db = small(&medium, SAVE).open().unwrap();
    let fork = copy(&medium);
    drop(db);
    let (ours, theirs) = (go_on(&medium, 1, &archive).unwrap(), go_on(&fork, 2, &archive).unwrap());
    let all = archive.list("segments").unwrap();
    assert!(ours.iter().chain(&theirs).all(|name| all.contains(name)) && ours != theirs);
    let report = verify_archive(&*archive, |_| ()).unwrap();
    assert!(report.is_fine() && report.lines.len() > 1, "two histories are no gap: {report:#?}");
}

#[test]
fn a_copy_that_claims_to_be_the_original_is_refused() {
    let Played { medium, .. } = played(20);
    let (archive, twin) = (shelf(&Simulated::new()), copy(&medium));
    let ours = go_on(&medium, 1, &archive).unwrap();
    let objects = |names: &[String]| -> Vec<Vec<u8>> { names.iter().map(|name| archive.get(name).unwrap()).collect() };
    let before = objects(&ours);
    // Both were closed, so both go on with the same numbers, in the same segment.
    let error = go_on(&twin, 2, &archive).unwrap_err();
    assert!(matches!(&error, MaintenanceError::Archive(ArchiveError::Taken { .. })), "{error}");
    assert_eq!(objects(&ours), before, "what was there is as it was");
}

#[test]
fn an_archive_is_verified_object_by_object() {
    let Played { medium, .. } = played(30);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    let verified = |medium: &Simulated| verify_archive(&*shelf(medium), |_| ()).unwrap();
    let before = files(&medium, SHELF);
    let report = verified(&medium);
    assert!(report.is_fine() && report.segments as usize == stored.len(), "{report:#?}");
    assert_eq!(report.lines, [(1, 30)]);
    assert!(files(&medium, SHELF) == before, "the archive has changed");
    for segment in &stored {
        let path = Path::new(SHELF).join(segment.name());
        let len = medium.state().content(&path).unwrap().len();
        for at in (0..len).step_by(len / 7) {
            let report = verified(&with(&medium, &path, |bytes| bytes[at] ^= 1));
            assert_eq!(report.damages.len(), 1, "{report:#?}");
            assert_eq!(report.damages[0].file, Path::new(&segment.name()));
        }
        let lossy = copy(&medium);
        ecsdb::media::Media::remove(&lossy, &path).unwrap();
        assert_ne!(verified(&lossy).lines, [(1, 30)], "without {}", segment.name());
    }
}

#[test]
fn a_place_without_segments_is_not_called_well() {
    let error = verify_archive(&*shelf(&Simulated::new()), |_| ()).unwrap_err();
    assert!(matches!(error, MaintenanceError::NoSegments), "{error}");
    let medium = Simulated::new();
    shelf(&medium).put_if_absent("segments/something-else", b"x").unwrap();
    let error = verify_archive(&*shelf(&medium), |_| ()).unwrap_err();
    assert!(error.to_string().contains("no segments"), "{error}");
}

/// What is missing between those of `all` that are there, and the lines that this leaves, the latest first.
fn expected(all: &[ArchivedSegment], is_there: impl Fn(usize) -> bool) -> (Vec<[u64; 3]>, Vec<(u64, u64)>) {
    let mut lines: Vec<(u64, u64)> = Vec::new();
    for (_, segment) in all.iter().enumerate().filter(|(index, _)| is_there(*index)) {
        match lines.last_mut().filter(|line| line.1 + 1 == segment.first) {
            Some(line) => line.1 = segment.last,
            None => lines.push((segment.first, segment.last)),
        }
    }
    let gaps = lines.windows(2).map(|pair| [pair[0].1 + 1, pair[1].0 - 1, pair[1].1]).rev().collect();
    lines.reverse();
    (gaps, lines)
}

#[test]
fn versions_that_are_missing_between_others_are_named() {
    let Played { medium, .. } = played(30);
    let mut stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    stored.truncate(7);
    assert!(stored.len() > 5, "{stored:?}");
    let objects: Vec<_> = stored.iter().map(|segment| shelf(&medium).get(&segment.name()).unwrap()).collect();
    for chosen in 1..1_u32 << stored.len() {
        let is_there = |index: usize| chosen >> index & 1 == 1;
        let some = shelf(&Simulated::new());
        for index in (0..stored.len()).filter(|index| is_there(*index)) {
            some.put_if_absent(&stored[index].name(), &objects[index]).unwrap();
        }
        let ArchiveReport { gaps, lines, damages, .. } = verify_archive(&*some, |_| ()).unwrap();
        let gaps = gaps.into_iter().map(|Gap { first, last, until, .. }| [first, last, until]).collect();
        assert_eq!((gaps, lines), expected(&stored, is_there), "{chosen:b}");
        assert!(damages.is_empty());
    }
}

/// What is damaged can be fetched by nobody, so nothing follows from it; and it is said once.
#[test]
fn a_damaged_object_breaks_a_line_and_is_no_gap() {
    let Played { medium, .. } = played(30);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    let path = Path::new(SHELF).join(stored[2].name());
    let report = verify_archive(&*shelf(&with(&medium, &path, |bytes| bytes[5000] ^= 1)), |_| ()).unwrap();
    assert_eq!((report.damages.len(), report.gaps.len()), (1, 0));
    assert_eq!(report.lines, expected(&stored, |index| index != 2).1);
    assert!(!report.is_fine());
}

/// Names come from outside: none makes anything fail that it does not describe.
#[test]
fn names_that_cannot_be_are_somebody_elses() {
    let Played { medium, .. } = played(20);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    for change in [
        |segment: &mut ArchivedSegment| segment.first = 0,
        |segment: &mut ArchivedSegment| segment.last = u64::MAX,
        |segment: &mut ArchivedSegment| (segment.first, segment.previous) = (segment.last + 1, segment.salt),
    ] {
        let mut odd = stored[1].clone();
        change(&mut odd);
        assert_eq!(ArchivedSegment::parse(&odd.name()), None, "{}", odd.name());
    }
    let knot = shelf(&Simulated::new());
    let mut odd = stored[1].clone();
    odd.previous = odd.salt;
    knot.put_if_absent(&odd.name(), b"x").unwrap();
    assert_eq!(verify_archive(&*knot, |_| ()).unwrap().damages.len(), 1);
}

/// What is done besides when an archive is called.
type Besides = Box<dyn Fn(&DirectoryArchive, &'static str, &str) -> Result<(), ArchiveError> + Send + Sync>;

/// An archive that does something else besides, when it has done what it should.
pub struct Odd(Arc<DirectoryArchive>, Besides);

impl Archive for Odd {
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError> {
        let put = self.0.put_if_absent(name, bytes)?;
        self.1(&self.0, "put", name).map(|()| put)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        self.0.get(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        let listed = self.0.list(folder)?;
        self.1(&self.0, "list", folder).map(|()| listed)
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.1(&self.0, "remove", name)?;
        self.0.remove(name)
    }
}

pub fn odd(
    medium: &Simulated,
    besides: impl Fn(&DirectoryArchive, &'static str, &str) -> Result<(), ArchiveError> + Send + Sync + 'static,
) -> Arc<Odd> {
    Arc::new(Odd(shelf(medium), Box::new(besides)))
}

#[test]
fn the_segments_of_an_archive_are_listed_once_not_for_each() {
    let Played { medium, .. } = played(40);
    for _ in 0..2 {
        let lists = Arc::new(std::sync::Mutex::new(0));
        let archive = odd(&medium, {
            let lists = Arc::clone(&lists);
            move |_, call, name| {
                *lists.lock().unwrap() += u64::from((call, name) == ("list", "segments"));
                Ok(())
            }
        });
        let stored = closed(&medium, SAVE).unwrap().archive_to(archive, None).unwrap().segments;
        assert!(stored.len() > 3 && *lists.lock().unwrap() == 1, "{lists:?} lists for {} segments", stored.len());
    }
}

#[test]
fn an_archive_in_which_nothing_may_be_removed_takes_segments() {
    let Played { medium, .. } = played(14);
    let store = || {
        let refuse = |_: &DirectoryArchive, call: &str, name: &str| match call {
            "remove" => Err(ArchiveError::Missing { name: name.into() }),
            _ => Ok(()),
        };
        closed(&medium, SAVE).unwrap().archive_to(odd(&medium, refuse), None).unwrap()
    };
    assert_eq!(store(), store());
    assert_eq!(shelf(&medium).list("writers").unwrap().len(), 2, "marks stay");
    closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    assert_eq!(shelf(&medium).list("writers").unwrap().len(), 1, "until somebody may remove them");
}

/// Somebody takes the archive between the look and the object: what was stored then is not relied upon.
#[test]
fn who_is_replaced_while_a_segment_is_stored_learns_of_it() {
    let Played { medium, .. } = played(14);
    let archive = odd(&medium, |inner, call, name| {
        if call == "put" && name.starts_with("segments/") {
            inner.put_if_absent("writers/00000000000000000077", b"somebody else")?;
        }
        Ok(())
    });
    let error = closed(&medium, SAVE).unwrap().archive_to(archive, None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::Fenced { own: 1, found: 77 })), "{error}");
    assert_eq!(shelf(&medium).list("segments").unwrap().len(), 1);
}

/// The rules of a store may expire everything that is old.
#[test]
fn marks_that_expire_are_made_again_unless_somebody_else_has_come() {
    let expire = |inner: &DirectoryArchive| -> Result<(), ArchiveError> {
        inner.list("writers")?.iter().try_for_each(|name| inner.remove(name))
    };
    let Played { medium, .. } = played(14);
    let archive = odd(&medium, move |inner, call, name| match (call, name) {
        ("put", name) if name.starts_with("segments/") => expire(inner),
        _ => Ok(()),
    });
    let stored = closed(&medium, SAVE).unwrap().archive_to(archive, None).unwrap().segments;
    assert!(stored.len() > 3 && shelf(&medium).list("writers").unwrap() == ["writers/00000000000000000001"]);
    let Played { medium, .. } = played(14);
    // Two marks before, so that the other one gets a lower number than ours.
    for number in 1..3 {
        shelf(&medium).put_if_absent(&format!("writers/{number:020}"), b"earlier").unwrap();
    }
    let archive = odd(&medium, move |inner, call, name| {
        if call == "put" && name.starts_with("segments/") {
            expire(inner)?;
            inner.put_if_absent("writers/00000000000000000001", b"somebody else")?;
        }
        Ok(())
    });
    let error = closed(&medium, SAVE).unwrap().archive_to(archive, None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::Fenced { own: 3, found: 1 })), "{error}");
}

/// A repair leaves out what a snapshot file makes up for; what comes behind goes to the archive all the same.
#[test]
fn an_archive_goes_on_behind_what_a_repair_has_left_out() {
    // Shortly after the one before, so that the log goes on in the same segment.
    let Played { medium, .. } = played_with(40, |db, n| {
        if [4, 5].contains(&(n % 9)) {
            db.checkpoint().unwrap().wait().unwrap();
        }
    });
    let mut bridged = 0;
    for snapshot in [6, 15, 24, 33_u64] {
        let first = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
        let path = segments(&medium, SAVE).into_iter().rfind(|path| first(path) <= snapshot + 1).unwrap();
        let content = medium.state().content(&path).unwrap().to_vec();
        let version = |at: usize| u64::from_le_bytes(content[at + 16..at + 24].try_into().unwrap());
        let Some((at, _)) = records(&content).into_iter().find(|(at, _)| version(*at) == snapshot) else { continue };
        let damaged = with(&medium, &path, |bytes| bytes[at + 50] ^= 1);
        for later in [6, 15, 24, 33].into_iter().filter(|later| *later > snapshot).flat_map(|later| [later - 1, later])
        {
            let path = format!("{SAVE}/snapshots/{later:020}.snap");
            ecsdb::media::Media::remove(&damaged, Path::new(&path)).unwrap();
        }
        let held = closed(&damaged, SAVE).unwrap();
        let plan = held.plan_repair(|_| ()).unwrap();
        let is_salvaged = |step: &RepairStep| matches!(step, RepairStep::Salvage { .. });
        if !plan.steps.iter().any(is_salvaged) {
            continue;
        }
        held.repair(&plan).unwrap();
        drop(held);
        let stored = closed(&damaged, SAVE).unwrap().archive_to(shelf(&damaged), None).unwrap().segments;
        let report = verify_archive(&*shelf(&damaged), |_| ()).unwrap();
        assert_eq!(stored.last().unwrap().last, plan.version.unwrap());
        let Gap { last, until, .. } = report.gaps[0];
        assert_eq!((report.gaps.len(), last, Some(until)), (1, snapshot, plan.version), "{report:#?}");
        bridged += 1;
        // A database does the same.
        let archive = Simulated::new();
        let builder = || {
            small(&damaged, SAVE)
                .retention(Retention::default())
                .archive(DirectoryArchive::on(Arc::new(archive.clone()), SHELF))
        };
        for _ in 0..3 {
            let db = builder().open().unwrap();
            db.spawn(Small::sample(1)).unwrap();
            assert_eq!(db.checkpoint().unwrap().wait().unwrap().kept_because, None, "{}", path.display());
        }
        assert!(segments(&damaged, SAVE).len() < 3, "the log is let go of");
        let gaps = verify_archive(&*shelf(&archive), |_| ()).unwrap().gaps;
        let missing = |gaps: &[Gap]| gaps.iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>();
        assert_eq!(missing(&gaps), missing(&report.gaps));
    }
    assert!(bridged > 0, "no repair has left anything out");
}

/// What is missing at the end of a segment without a repair is not let go of as if it were there.
#[test]
fn a_segment_that_has_lost_its_end_is_not_archived() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[1].clone();
    // Another segment is behind it that does not follow it.
    let last = segments(&medium, SAVE).last().unwrap().clone();
    let mut state = medium.state();
    let content = state.content(&last).unwrap().to_vec();
    for between in segments(&medium, SAVE).into_iter().skip(2).filter(|between| *between != last) {
        state.damage(&between, content.clone());
    }
    let odd = Simulated::of(state);
    let error = closed(&odd, SAVE).unwrap().archive_to(shelf(&odd), None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::File(_))), "{error}");
    let damaged = with(&medium, &path, |bytes| bytes[5000..].iter_mut().for_each(|byte| *byte ^= 1));
    let error = closed(&damaged, SAVE).unwrap().archive_to(shelf(&damaged), None).unwrap_err();
    assert!(with_causes(&error).to_string().contains("it ends with version"), "{error:?}");
}

/// A name that tells a lie, with the right checksum of what it is the name of.
#[test]
fn an_object_under_the_name_of_another_is_found() {
    let Played { medium, .. } = played(20);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    let lies = Simulated::new();
    for segment in &stored {
        let mut lie = segment.clone();
        lie.last += 1;
        shelf(&lies).put_if_absent(&lie.name(), &shelf(&medium).get(&segment.name()).unwrap()).unwrap();
    }
    let report = verify_archive(&*shelf(&lies), |_| ()).unwrap();
    assert_eq!(report.damages.len(), stored.len(), "{report:#?}");
    // A time is looked for by names.
    for change in [|lie: &mut ArchivedSegment| lie.earliest -= 1, |lie: &mut ArchivedSegment| lie.latest += 1] {
        let lies = Simulated::new();
        for segment in &stored {
            let mut lie = segment.clone();
            change(&mut lie);
            shelf(&lies).put_if_absent(&lie.name(), &shelf(&medium).get(&segment.name()).unwrap()).unwrap();
        }
        let report = verify_archive(&*shelf(&lies), |_| ()).unwrap();
        assert_eq!(report.damages.len(), stored.len(), "{report:#?}");
    }
}

/// The rules of a store let an object expire between the list and the fetch.
#[test]
fn an_object_that_expires_while_an_archive_is_verified_is_not_missed() {
    let Played { medium, .. } = played(20);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap().segments;
    let oldest = stored[0].name();
    let archive = odd(&medium, move |inner, call, folder| match (call, folder) {
        ("list", "segments") => inner.remove(&oldest),
        _ => Ok(()),
    });
    let report = verify_archive(&*archive, |_| ()).unwrap();
    assert!(report.is_fine() && report.segments as usize == stored.len() - 1, "{report:#?}");
    assert_eq!(report.lines, [(stored[1].first, 20)]);
}

#[test]
fn an_archive_on_the_disk_is_the_same() {
    let Played { medium, .. } = played(20);
    let root = std::env::temp_dir().join(format!("ecsdb-maintenance-{}-shelf", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    let archive = Arc::new(DirectoryArchive::new(&root));
    let stored = closed(&medium, SAVE).unwrap().archive_to(archive.clone(), None).unwrap().segments;
    for segment in &stored {
        let expected = medium.state();
        let path = format!("{SAVE}/wal/{:020}.wal", segment.first);
        assert!(expected.content(Path::new(&path)).unwrap().starts_with(&archive.get(&segment.name()).unwrap()));
    }
    let _ = std::fs::remove_dir_all(&root);
}
