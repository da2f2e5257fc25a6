//! Names, what they say, and objects in directories.

use std::path::PathBuf;
use std::sync::Arc;

use super::*;

/// A directory that is gone with this.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecsdb-archive-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn segment() -> ArchivedSegment {
    ArchivedSegment {
        timeline: 0x1234,
        sequence: 3,
        first: 17,
        last: 40,
        earliest: 1_700_000_000_000_000_000,
        latest: u64::MAX,
        salt: u64::MAX,
        previous: 0x5a17,
        bytes: 6,
        checksum: crc32c::crc32c(b"object"),
        is_compressed: false,
    }
}

#[test]
fn a_name_says_what_it_was_made_of() {
    for is_compressed in [false, true] {
        let segment = ArchivedSegment { is_compressed, ..segment() };
        let name = segment.name();
        assert!(parts(&name).is_ok() && name.len() < 240, "{name}");
        assert_eq!(ArchivedSegment::parse(&name), Some(segment));
        for other in [&name[1..], &name[..name.len() - 1], &name.replacen("-0", "-", 1), &format!("{name}.gz"), ""] {
            assert_eq!(ArchivedSegment::parse(other), None, "{other}");
        }
    }
}

#[test]
fn an_object_that_has_changed_is_damaged() {
    assert_eq!(segment().open(b"object").unwrap(), b"object");
    assert!(matches!(segment().open(b"Object"), Err(ArchiveError::Damaged { .. })));
    let packed = ArchivedSegment { is_compressed: true, ..segment() };
    let error = packed.open(b"object").unwrap_err();
    assert!(matches!(error, ArchiveError::Damaged { .. } | ArchiveError::Compressed { .. }), "{error}");
}

#[test]
fn an_object_of_another_length_than_its_name_says_is_damaged() {
    for bytes in [0, 5, 7, u64::MAX] {
        let error = ArchivedSegment { bytes, ..segment() }.open(b"object").unwrap_err().to_string();
        assert!(error.contains(&format!("-{bytes:020}-")), "the object is named: {error}");
        assert!(error.ends_with(&format!("6 bytes are in it, and its name says {bytes}")), "{error}");
    }
}

/// Of few bytes any number may come out. What the name says is the most that is ever allocated.
#[cfg(feature = "zstd")]
#[test]
fn an_object_that_unpacks_to_more_than_its_name_says_is_given_up_there() {
    use crate::persistence::zstd;

    let mut object = Vec::new();
    zstd::compress(&vec![0; 1 << 20], 3, &mut object).unwrap();
    assert!(object.len() < 1000);
    let packed =
        |bytes: u64| ArchivedSegment { bytes, checksum: crc32c::crc32c(&object), is_compressed: true, ..segment() };
    assert_eq!(packed(1 << 20).open(&object).unwrap().len(), 1 << 20);
    for (bytes, why) in [
        (600_000, "more than 600000 bytes come out of it"),
        (10_000, "Frame requires too much memory for decoding"),
        ((1 << 20) + 1, "1048576 bytes are in it, and its name says 1048577"),
    ] {
        let packed = packed(bytes);
        let error = packed.open(&object).unwrap_err();
        assert!(matches!(&error, ArchiveError::Damaged { name, .. } if *name == packed.name()), "{error}");
        assert!(error.to_string().ends_with(why), "{error}");
    }
}

#[test]
fn an_object_is_stored_once_and_stays_as_it_is() {
    let directory = Temporary::new("once");
    let archive = DirectoryArchive::new(&directory.0);
    assert!(archive.list("notes").unwrap().is_empty());
    assert!(matches!(archive.get("notes/one"), Err(ArchiveError::Missing { .. })));
    archive.remove("notes/one").unwrap();
    assert_eq!(archive.put_if_absent("notes/one", b"1").unwrap(), Put::Stored);
    assert_eq!(archive.put_if_absent("notes/two", b"").unwrap(), Put::Stored);
    assert_eq!(archive.put_if_absent("notes/one", b"2").unwrap(), Put::Present);
    assert_eq!(archive.get("notes/one").unwrap(), b"1");
    // What was being written when its writer was stopped is no object.
    std::fs::write(directory.0.join("notes").join("three.new"), b"3").unwrap();
    assert_eq!(archive.list("notes").unwrap(), ["notes/one", "notes/two"]);
    archive.remove("notes/one").unwrap();
    assert_eq!(archive.list("notes").unwrap(), ["notes/two"]);
    for name in ["", "one", "/one", "notes/", "notes/a/b", "../notes", "notes/..", "notes/a b", "notes/a.new"] {
        assert!(matches!(archive.put_if_absent(name, b"x"), Err(ArchiveError::Name { .. })), "{name}");
    }
}

#[test]
fn of_many_who_take_a_name_one_gets_it() {
    let directory = Temporary::new("race");
    let stored: Vec<u8> = std::thread::scope(|scope| {
        let put = |own: u8| {
            let archive = DirectoryArchive::new(&directory.0);
            move || (archive.put_if_absent("notes/one", &[own; 1000]).unwrap() == Put::Stored).then_some(own)
        };
        let threads: Vec<_> = (0..8).map(|own| scope.spawn(put(own))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!(DirectoryArchive::new(&directory.0).get("notes/one").unwrap(), [stored[0]; 1000]);
}

#[test]
fn who_comes_later_fences_who_was_there() {
    let directory = Temporary::new("fence");
    let archive: Arc<dyn Archive> = Arc::new(DirectoryArchive::new(&directory.0));
    let first = Archiver::open(Arc::clone(&archive), "first", None).unwrap();
    first.check().unwrap();
    let second = Archiver::open(Arc::clone(&archive), "second", None).unwrap();
    assert!(matches!(first.check(), Err(ArchiveError::Fenced { own: 1, found: 2 })));
    second.check().unwrap();
    assert_eq!(archive.list("writers").unwrap().len(), 1, "only the number that counts is left");
    // The numbers go on from there.
    assert!(matches!(
        Archiver::open(archive, "third", None).map(|_| second.check()),
        Ok(Err(ArchiveError::Fenced { own: 2, found: 3 }))
    ));
}

#[test]
fn marks_that_no_writer_has_made_do_not_count_or_are_refused_by_name() {
    let directory = Temporary::new("marks");
    let archive: Arc<dyn Archive> = Arc::new(DirectoryArchive::new(&directory.0));
    for name in ["writers/7", "writers/x", "writers/00000000000000000007.txt", "writers/99999999999999999999"] {
        archive.put_if_absent(name, b"").unwrap();
    }
    let first = Archiver::open(Arc::clone(&archive), "first", None).unwrap();
    first.check().unwrap();
    assert_eq!(archive.list("writers").unwrap().len(), 5, "what is not its own is left alone");
    archive.put_if_absent("writers/18446744073709551615", b"").unwrap();
    assert!(matches!(first.check(), Err(ArchiveError::Fenced { own: 1, found: u64::MAX })));
    let error = Archiver::open(archive, "second", None).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("writers/18446744073709551615 in the archive is damaged: no number comes"), "{error}");
}
