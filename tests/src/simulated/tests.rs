//! The simulated medium itself: that it keeps what it must, and loses what it may.
//!
//! The second is the more important half. Programs that forget a sync stand here, and each must be caught.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use ecsdb::media::{Media, MediaFile, Open};

use super::*;

const DIR: &str = "/db";
const LOG: &str = "/db/log";

fn medium() -> Simulated {
    let medium = Simulated::new();
    medium.create_dir_all(Path::new(DIR)).unwrap();
    medium
}

fn create(medium: &Simulated, path: &str) -> Box<dyn MediaFile> {
    medium.open(Path::new(path), Open::CreateNew).unwrap()
}

fn content(state: &State, path: &str) -> Option<Vec<u8>> {
    state.content(Path::new(path)).map(<[u8]>::to_vec)
}

fn names(state: &State) -> Vec<&str> {
    state.paths().map(|path| path.to_str().unwrap()).collect()
}

/// Images of many seeds, with units of 1, 512 and 4,096 bytes.
fn images(state: &State) -> impl Iterator<Item = State> {
    let random = (0..600).map(|seed| Survival::Random { seed, unit: [1, 512, 4096][seed as usize % 3] });
    [Survival::Nothing, Survival::Everything].into_iter().chain(random).map(|survival| state.image(survival))
}

/// Every image of every state of a trace, with the number of operations before it.
fn all_images(trace: &Trace) -> Vec<(usize, State)> {
    let mut found = Vec::new();
    trace.for_each_state(|count, state| found.extend(images(state).map(|image| (count, image))));
    found
}

#[test]
fn what_was_synced_is_in_every_image() {
    let medium = medium();
    let file = create(&medium, LOG);
    file.write_all_at(b"one", 0).unwrap();
    file.sync_data().unwrap();
    medium.sync_dir(Path::new(DIR)).unwrap();
    file.write_all_at(b"two", 3).unwrap();
    for image in images(&medium.state()) {
        let content = content(&image, LOG).expect("the name was synced");
        assert!(content.starts_with(b"one"), "{content:?}");
    }
}

#[test]
fn an_append_without_a_sync_is_lost_kept_and_torn() {
    let medium = medium();
    let file = create(&medium, LOG);
    file.sync_data().unwrap();
    medium.sync_dir(Path::new(DIR)).unwrap();
    file.write_all_at(b"abc", 0).unwrap();
    let state = medium.state();
    let image = |seed| content(&state.image(Survival::Random { seed, unit: 1 }), LOG).unwrap();
    let found: BTreeSet<Vec<u8>> = (0..3000).map(image).collect();
    // Nothing, all, beginnings, ends, the middle, and the length alone.
    let expected: [&[u8]; 9] = [b"", b"a", b"ab", b"abc", b"\0\0\0", b"a\0\0", b"ab\0", b"\0bc", b"\0b\0"];
    for expected in expected {
        assert!(found.contains(expected), "{:?} never occurs", expected.escape_ascii().to_string());
    }
}

#[test]
fn unsynced_writes_survive_in_any_order() {
    let medium = medium();
    let file = create(&medium, LOG);
    medium.sync_dir(Path::new(DIR)).unwrap();
    file.write_all_at(b"a", 0).unwrap();
    file.write_all_at(b"b", 1).unwrap();
    let found: BTreeSet<Vec<u8>> = images(&medium.state()).map(|image| content(&image, LOG).unwrap()).collect();
    assert!(found.contains(&b"\0b"[..]), "the second without the first");
    assert!(found.contains(&b"a"[..]), "the first without the second");
}

#[test]
fn units_are_torn_where_they_end_in_the_file() {
    let medium = medium();
    let file = create(&medium, LOG);
    medium.sync_dir(Path::new(DIR)).unwrap();
    let (offset, len) = (500, 2000);
    file.write_all_at(&vec![0; offset + len], 0).unwrap();
    file.sync_data().unwrap();
    file.write_all_at(&vec![1; len], offset as u64).unwrap();
    let state = medium.state();
    let mut cuts = BTreeSet::new();
    for seed in 0..300 {
        let image = content(&state.image(Survival::Random { seed, unit: 512 }), LOG).unwrap();
        assert_eq!(image.len(), offset + len);
        cuts.extend((1..image.len()).filter(|at| image[*at] != image[at - 1]));
    }
    assert_eq!(cuts, BTreeSet::from([500, 512, 1024, 1536, 2048]));
}

#[test]
fn a_length_that_was_cut_can_come_back() {
    let medium = medium();
    let file = create(&medium, LOG);
    medium.sync_dir(Path::new(DIR)).unwrap();
    file.write_all_at(b"old tail", 0).unwrap();
    file.sync_data().unwrap();
    file.set_len(4).unwrap();
    file.write_all_at(b"!", 4).unwrap();
    let found: BTreeSet<Vec<u8>> = images(&medium.state()).map(|image| content(&image, LOG).unwrap()).collect();
    for expected in [&b"old tail"[..], b"old ", b"old !", b"old !ail"] {
        assert!(found.contains(expected), "{:?} never occurs", expected.escape_ascii().to_string());
    }
}

#[test]
fn a_name_is_lost_until_its_directory_was_synced() {
    let medium = medium();
    let file = create(&medium, LOG);
    file.write_all_at(b"one", 0).unwrap();
    file.sync_data().unwrap();
    let state = medium.state();
    assert!(names(&state.image(Survival::Nothing)).is_empty(), "the sync of the file does not keep its name");
    assert!(images(&state).any(|image| content(&image, LOG).is_some_and(|content| content == b"one")));
    medium.sync_dir(Path::new(DIR)).unwrap();
    assert_eq!(names(&medium.state().image(Survival::Nothing)), [LOG]);
    medium.remove(Path::new(LOG)).unwrap();
    assert_eq!(names(&medium.state().image(Survival::Nothing)), [LOG], "a removal can be undone");
    assert!(names(&medium.state().image(Survival::Everything)).is_empty());
    medium.sync_dir(Path::new(DIR)).unwrap();
    assert!(names(&medium.state().image(Survival::Nothing)).is_empty());
    assert!(medium.state().name_changes.is_empty());
}

/// Replaces `/db/log` by way of a draft. Says what it may forget.
fn replace(medium: &Simulated, text: &[u8], syncs_file: bool, syncs_dir: bool) {
    let draft = Path::new("/db/log.new");
    let file = medium.open(draft, Open::Truncate).unwrap();
    file.write_all_at(text, 0).unwrap();
    if syncs_file {
        file.sync_data().unwrap();
    }
    medium.rename(draft, Path::new(LOG)).unwrap();
    if syncs_dir {
        medium.sync_dir(Path::new(DIR)).unwrap();
    }
}

/// What a file holds in some images; `None` where there is no such file.
type Found = BTreeSet<Option<Vec<u8>>>;

/// What `/db/log` holds in the images of a medium on which it was replaced twice, in those after the second time was
/// acknowledged, and in all of the second time.
fn replaced(syncs_file: bool, syncs_dir: bool) -> (Found, Found) {
    let medium = medium();
    replace(&medium, b"old", true, true);
    let first = medium.operations();
    replace(&medium, b"new", syncs_file, syncs_dir);
    let images = all_images(&medium.trace());
    let of = |from| images.iter().filter(|(count, _)| *count >= from).map(|(_, image)| content(image, LOG)).collect();
    (of(medium.operations()), of(first))
}

#[test]
fn a_file_that_is_replaced_with_care_is_old_or_new() {
    let (acknowledged, all) = replaced(true, true);
    assert_eq!(acknowledged, BTreeSet::from([Some(b"new".to_vec())]));
    assert_eq!(all, BTreeSet::from([Some(b"new".to_vec()), Some(b"old".to_vec())]));
}

#[test]
fn a_rename_without_a_sync_of_the_directory_is_caught() {
    let (acknowledged, _) = replaced(true, false);
    assert!(acknowledged.contains(&Some(b"old".to_vec())), "the rename was acknowledged and is gone");
}

#[test]
fn a_rename_before_the_sync_of_the_file_is_caught() {
    let (acknowledged, _) = replaced(false, true);
    assert!(acknowledged.contains(&Some(Vec::new())), "the name survives, and what was in the file does not");
}

#[test]
fn a_rename_happens_as_a_whole() {
    let medium = medium();
    create(&medium, "/db/a").sync_data().unwrap();
    medium.sync_dir(Path::new(DIR)).unwrap();
    medium.create_dir_all(Path::new("/db/archive")).unwrap();
    medium.rename(Path::new("/db/a"), Path::new("/db/archive/a")).unwrap();
    medium.sync_dir(Path::new(DIR)).unwrap();
    for image in images(&medium.state()) {
        assert_eq!(names(&image).len(), 1, "{:?}", names(&image));
    }
    assert_eq!(names(&medium.state().image(Survival::Nothing)), ["/db/a"], "only one of the directories was synced");
    medium.sync_dir(Path::new("/db/archive")).unwrap();
    assert_eq!(names(&medium.state().image(Survival::Nothing)), ["/db/archive/a"]);
}

/// A log that acknowledges numbers, one byte each, at the positions of the trace that it returns.
fn append(medium: &Simulated, syncs: bool) -> Vec<(usize, u8)> {
    let file = create(medium, LOG);
    medium.sync_dir(Path::new(DIR)).unwrap();
    let acknowledge = |number: u8| {
        file.write_all_at(&[number], u64::from(number) - 1).unwrap();
        if syncs {
            file.sync_data().unwrap();
        }
        (medium.operations(), number)
    };
    (1..=5).map(acknowledge).collect()
}

/// Whether an image lacks what was acknowledged before its crash.
fn loses(medium: &Simulated, acknowledged: &[(usize, u8)]) -> bool {
    all_images(&medium.trace()).iter().any(|(count, image)| {
        let content = content(image, LOG).unwrap_or_default();
        acknowledged.iter().any(|(at, number)| at <= count && !content.contains(number))
    })
}

#[test]
fn a_log_that_acknowledges_without_a_sync_is_caught() {
    let naive = medium();
    let acknowledged = append(&naive, false);
    assert!(loses(&naive, &acknowledged));
    let careful = medium();
    let acknowledged = append(&careful, true);
    assert!(!loses(&careful, &acknowledged));
}

#[test]
fn a_sync_covers_what_was_written_before_it_began() {
    let mut state = State::default();
    let write = |bytes: &[u8], offset| Operation::Write { node: 0, offset, bytes: bytes.into() };
    let operations = [
        Operation::Create { path: "/log".into(), node: 0 },
        write(b"a", 0),
        write(b"b", 1),
        Operation::SyncDir { dir: "/".into(), covers: 1 },
        // It began before operation 2.
        Operation::SyncFile { node: 0, covers: 2 },
    ];
    for (number, operation) in operations.iter().enumerate() {
        state.apply(number, operation);
    }
    assert_eq!(content(&state.image(Survival::Nothing), "/log").unwrap(), b"a");
    assert_eq!(content(&state.image(Survival::Everything), "/log").unwrap(), b"ab");
}

#[test]
fn a_sync_that_failed_is_not_made_good_by_another() {
    let medium = medium();
    let file = create(&medium, LOG);
    file.write_all_at(b"a", 0).unwrap();
    medium.set_faults(vec![
        Fault::at(medium.calls().len(), Failure::Device),
        Fault::at(medium.calls().len() + 1, Failure::Device),
    ]);
    assert!(file.sync_data().is_err());
    assert!(medium.sync_dir(Path::new(DIR)).is_err());
    assert_eq!(medium.struck(), 2);
    file.sync_data().unwrap();
    medium.sync_dir(Path::new(DIR)).unwrap();
    let state = medium.state();
    assert_eq!(content(&state, LOG).unwrap(), b"a", "it looks as if nothing had happened");
    assert!(names(&state.image(Survival::Nothing)).is_empty());
    let found: BTreeSet<_> = images(&state).map(|image| content(&image, LOG)).collect();
    assert_eq!(found, BTreeSet::from([None, Some(Vec::new()), Some(b"\0".to_vec()), Some(b"a".to_vec())]));
    // Newer bytes in the same place are not covered by what was given up.
    file.write_all_at(b"b", 0).unwrap();
    file.sync_data().unwrap();
    assert!(images(&medium.state()).all(|image| content(&image, LOG).is_none_or(|content| content == b"b")));
}

#[test]
fn calls_fail_as_planned() {
    let medium = medium();
    let file = create(&medium, LOG);
    let next = medium.calls().len();
    medium.set_faults(vec![
        Fault::at(next, Failure::Short),
        Fault::at(next + 1, Failure::NoSpace),
        Fault::at(next + 2, Failure::NoSpace),
        Fault::from(next + 3, Failure::Stop),
    ]);
    assert_eq!(file.write_at(b"abcd", 0).unwrap(), 2);
    assert_eq!(file.write_at(b"cd", 2).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 3, "half was written; a length needs no space");
    assert!(file.write_at(b"d", 3).is_err());
    assert!(file.sync_data().is_err());
    assert!(medium.open(Path::new(LOG), Open::Read).is_err());
    assert_eq!(content(&medium.state(), LOG).unwrap(), b"abc");
    assert_eq!(medium.calls()[next..], [Call::Write, Call::Write, Call::Len, Call::Write, Call::SyncFile, Call::Open]);
    medium.set_faults(vec![Fault::at(next + 6, Failure::Short), Fault::of(Call::Len, Failure::Device)]);
    let mut bytes = [0; 3];
    assert_eq!(file.read_at(&mut bytes, 0).unwrap(), 2);
    assert!(file.len().is_err());
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"abc");
}

#[test]
fn locks_are_held_once_and_die_with_a_crash() {
    let medium = medium();
    let path = Path::new("/db/LOCK");
    let lock = medium.lock(path).unwrap();
    assert_eq!(medium.lock(path).err().map(|error| error.kind()), Some(ErrorKind::WouldBlock));
    let after_crash = Simulated::of(medium.state().image(Survival::Everything));
    let other = after_crash.lock(path).unwrap();
    drop(lock);
    assert!(after_crash.lock(path).is_err(), "another medium's lock is no affair of this one");
    drop(other);
    assert!(medium.lock(path).is_ok());
}

#[test]
fn the_same_seed_gives_the_same_image() {
    let medium = medium();
    let file = create(&medium, LOG);
    (0..40).for_each(|n| file.write_all_at(&[n; 300], u64::from(n) * 299).unwrap());
    let image = |seed| content(&medium.state().image(Survival::Random { seed, unit: 512 }), LOG);
    assert!((0..20).all(|seed| image(seed) == image(seed)));
    assert!((0..20).map(image).collect::<BTreeSet<_>>().len() > 5);
}

#[test]
fn a_trace_leads_to_the_state_that_calls_have_seen() {
    let medium = medium();
    replace(&medium, b"old", true, true);
    let image = Simulated::of(medium.state().image(Survival::Everything));
    replace(&image, b"new", true, false);
    let trace = image.trace();
    assert_eq!(trace.operations.len(), image.operations());
    assert_eq!(content(&trace.start, LOG).unwrap(), b"old");
    assert_eq!(content(&trace.state_after(trace.operations.len()), LOG).unwrap(), b"new");
    let mut seen = Vec::new();
    trace.for_each_state(|count, state| seen.push((count, content(state, LOG))));
    assert_eq!(seen.len(), trace.operations.len() + 1);
    assert!(seen.iter().all(|(count, content_then)| content(&trace.state_after(*count), LOG) == *content_then));
}

#[test]
fn it_behaves_as_the_disk_does() {
    let medium = medium();
    assert_eq!(medium.open(Path::new(LOG), Open::Read).err().map(|error| error.kind()), Some(ErrorKind::NotFound));
    let file = create(&medium, LOG);
    let again = medium.open(Path::new(LOG), Open::CreateNew).err().map(|error| error.kind());
    assert_eq!(again, Some(ErrorKind::AlreadyExists));
    file.write_all_at(b"world", 6).unwrap();
    let mut bytes = [1; 11];
    assert_eq!(file.read_at(&mut bytes, 0).unwrap(), 11);
    assert_eq!(&bytes, b"\0\0\0\0\0\0world");
    assert_eq!(file.read_at(&mut bytes, 99).unwrap(), 0);
    let reader = medium.open(Path::new(LOG), Open::Read).unwrap();
    assert!(reader.write_at(b"x", 0).is_err() && reader.set_len(0).is_err());
    file.set_len(3).unwrap();
    assert_eq!(reader.len().unwrap(), 3);
    assert_eq!(medium.list(Path::new(DIR)).unwrap(), ["log"]);
    assert_eq!(medium.list(Path::new("/")).unwrap(), ["db"]);
    assert!(medium.list(Path::new("/none")).is_err() && medium.sync_dir(Path::new("/none")).is_err());
    assert!(medium.exists(Path::new(LOG)).unwrap() && medium.exists(Path::new(DIR)).unwrap());
    assert!(medium.create_dir_all(Path::new("/db/log/in")).is_err(), "a file is no directory");
    assert!(medium.open(Path::new("/none/log"), Open::CreateNew).is_err());
    medium.remove(Path::new(LOG)).unwrap();
    assert_eq!(reader.len().unwrap(), 3, "who has it open may go on reading");
    assert!(medium.remove(Path::new(LOG)).is_err() && medium.rename(Path::new(LOG), Path::new("/db/x")).is_err());
    let before = medium.now();
    drop(medium.list(Path::new(DIR)).unwrap());
    assert!(before < medium.now(), "time passes with calls");
}
