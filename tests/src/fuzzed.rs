//! What is done with bytes that somebody else has made up: the bodies of the fuzz targets in `fuzz/`, which ordinary tests run on
//! every seed as well.
//!
//! Each takes any bytes, panics if the engine does something that it must never do, and returns otherwise.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use ecsdb::schema::DatabaseSchema;
use ecsdb::{DynDb, OpenError};

use crate::crash::faults::survive;
use crate::crash::setup::{Kept, Layout};
use crate::crash::workload::steps_of;
use crate::golden::{DIR, Files, contents, medium, named, seal_snapshot};
use crate::simulated::{Call, Failure, Fault, Simulated};

/// What takes any bytes.
pub type Target = fn(&[u8]);

/// A target by its name: what the fuzzer calls it, and the directory of its seeds.
pub const TARGETS: &[(&str, Target)] = &[
    ("wal_record", wal_record),
    ("wal_directory", wal_directory),
    ("snapshot", snapshot),
    ("operations", operations),
    ("schema_toml", schema_toml),
];

/// The golden directory that bytes are put into.
fn golden() -> &'static (Files, DatabaseSchema) {
    static GOLDEN: OnceLock<(Files, DatabaseSchema)> = OnceLock::new();
    GOLDEN.get_or_init(|| {
        let files = named("1/log-killed");
        let text = std::str::from_utf8(&files["schema.toml"]).expect("the schema is text");
        let schema = DatabaseSchema::from_toml(text, "schema.toml").expect("the schema is one");
        (files, schema)
    })
}

/// Opens a directory with the tables of the golden ones.
///
/// # Errors
/// If it cannot be opened.
pub fn open(medium: &Simulated) -> Result<DynDb, OpenError> {
    open_within(medium, 64 << 20)
}

/// As [`open`], with so many bytes for what is in it.
///
/// # Errors
/// If it cannot be opened.
pub fn open_within(medium: &Simulated, memory_limit: usize) -> Result<DynDb, OpenError> {
    let builder = DynDb::builder().directory(DIR).media(medium.clone()).worker_threads(1).queue_limits(64, 1 << 20);
    builder.segment_bytes(16 << 10).memory_limit(memory_limit).open_schema(golden().1.clone())
}

/// Opens what is on `medium`, if it can be opened; then it must be possible to go on with it, and to find the same again.
fn use_it(medium: &Simulated) {
    let before = medium.state();
    let db = match open(medium) {
        Ok(db) => db,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty());
            // What is refused may be looked at by somebody who can repair it.
            for path in before.paths().filter(|path| path.extension().is_some_and(|ending| ending != "new")) {
                assert!(medium.state().content(path) == before.content(path), "{} was changed: {text}", path.display());
            }
            return;
        }
    };
    let found = contents(&db);
    let written = db.write(|tx| tx.spawn(&[]).map(drop).map_err(Into::into));
    let is_full = written.as_ref().is_err_and(|error| error.to_string().contains("slots"));
    assert!(written.is_ok() || is_full, "{written:?}");
    let (version, entities) = (db.snapshot().view().version(), db.snapshot().view().entity_count());
    db.close().expect("it closes");
    drop(db);
    let db = open(medium).unwrap_or_else(|error| panic!("opened once, and not again: {error}"));
    let again = db.snapshot();
    assert_eq!((again.view().version(), again.view().entity_count()), (version, entities));
    let rows = |text: &str| text.split_once('\n').map(|(_, rows)| rows.to_owned());
    assert_eq!(rows(&contents(&db)), rows(&found), "the rows of two openings");
}

/// Appends a record with `body`, which is version `version`, to a segment.
fn append_record(segment: &mut Vec<u8>, version: u64, transactions: u32, body: &[u8]) {
    let at = segment.len();
    let salt: [u8; 8] = segment[32..40].try_into().expect("a header");
    let len = (48 + body.len()).next_multiple_of(8);
    segment.resize(at + len, 0);
    let record = &mut segment[at..];
    record[4..8].copy_from_slice(&(len as u32).to_le_bytes());
    record[8..16].copy_from_slice(&salt);
    record[16..24].copy_from_slice(&version.to_le_bytes());
    record[40..44].copy_from_slice(&transactions.to_le_bytes());
    record[44] = 1;
    record[48..48 + body.len()].copy_from_slice(body);
    let crc = crc32c::crc32c(&record[4..]);
    record[..4].copy_from_slice(&crc.to_le_bytes());
}

/// How long the first record of a segment is, with the header before it.
fn first_record(segment: &[u8]) -> usize {
    let len = |at: usize| u32::from_le_bytes(segment[at..at + 4].try_into().expect("four bytes")) as usize;
    len(12) + len(len(12) + 4)
}

/// A directory in which bytes are the body of a record that is whole: the second one of a log, whose checksum is right.
pub fn files_of_record(bytes: &[u8]) -> Files {
    let (files, _) = golden();
    let (name, segment) = files.iter().find(|(name, _)| name.ends_with(".wal")).expect("a segment");
    let mut segment = segment[..first_record(segment)].to_vec();
    if let Some((transactions, body)) = bytes.split_first() {
        append_record(&mut segment, 2, (*transactions).into(), body);
    }
    Files::from([(name.clone(), segment)])
}

/// Bytes as the body of a record.
pub fn wal_record(bytes: &[u8]) {
    use_it(&medium(&files_of_record(bytes)));
}

/// The bytes that stand for each record of `segment` in [`wal_record`].
pub fn records_of(segment: &[u8]) -> Vec<Vec<u8>> {
    let number = |at: usize| u32::from_le_bytes(segment[at..at + 4].try_into().expect("four bytes")) as usize;
    let (mut at, mut records) = (number(12), Vec::new());
    while at + 48 <= segment.len() && (48..=segment.len() - at).contains(&number(at + 4)) {
        let end = at + number(at + 4);
        records.push([&segment[at + 40..at + 41], &segment[at + 48..end]].concat());
        at = end;
    }
    records
}

/// Gives all headers and records in the bytes of a segment their checksums.
pub fn mend(segment: &mut [u8]) {
    let number = |segment: &[u8], at: usize| {
        segment.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes(bytes.try_into().expect("four bytes")) as usize)
    };
    let mut at = number(segment, 12);
    if let Some(header) = segment.get_mut(..at)
        && header.len() >= 20
    {
        header[16..20].fill(0);
        let crc = crc32c::crc32c(header);
        header[16..20].copy_from_slice(&crc.to_le_bytes());
    }
    loop {
        let len = number(segment, at + 4);
        let Some(record) = segment.get_mut(at..at + len).filter(|record| record.len() >= 48) else { return };
        let crc = crc32c::crc32c(&record[4..]);
        record[..4].copy_from_slice(&crc.to_le_bytes());
        at += len;
    }
}

/// Bytes as the files of a directory: one after the other, each with a byte that says which it is, and its length in three.
pub fn files_of(mut bytes: &[u8]) -> Files {
    let mut files = Files::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
        let len = (u32::from_le_bytes([head[1], head[2], head[3], 0]) as usize).min(rest.len());
        let (content, rest) = rest.split_at(len);
        let (mut content, number) = (content.to_vec(), head[0] >> 4);
        if head[0] & 8 == 8 {
            mend(&mut content);
        }
        let name = match head[0] & 7 {
            0..=3 => format!("wal/{:020}.wal", number + 1),
            4 => format!("wal/{number:020}.new"),
            5 => "schema.toml".to_owned(),
            6 => "migrations.toml".to_owned(),
            _ => format!("wal/{number}"),
        };
        files.insert(name, content);
        bytes = rest;
    }
    files
}

/// The bytes that stand for `files` in [`files_of`], as far as they have a place there.
pub fn bytes_of(files: &Files) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let head = match (&**name, stem.parse::<u8>()) {
            ("schema.toml", _) => 5,
            (_, Ok(first)) if name.ends_with(".wal") && (1..16).contains(&first) => 8 | (first - 1) << 4,
            _ => continue,
        };
        bytes.push(head);
        bytes.extend_from_slice(&(content.len() as u32).to_le_bytes()[..3]);
        bytes.extend_from_slice(content);
    }
    bytes
}

/// Bytes as a directory.
pub fn wal_directory(bytes: &[u8]) {
    use_it(&medium(&files_of(bytes)));
}

/// A directory in which bytes are the newest snapshot file, beside an older one and a log: the first byte says whether they have their
/// checksums, and whether the log has its beginning.
pub fn files_of_snapshot(bytes: &[u8]) -> Files {
    static WHOLE: OnceLock<Files> = OnceLock::new();
    let mut files = WHOLE.get_or_init(|| named("1/snapshot-killed")).clone();
    let newest = files.keys().rfind(|name| name.ends_with(".snap")).expect("a snapshot file").clone();
    let (flags, content) = bytes.split_first().unwrap_or((&0, &[]));
    let mut content = content.to_vec();
    if flags & 1 == 1 {
        seal_snapshot(&mut content);
    }
    if flags & 2 == 2 {
        files.retain(|name, _| !name.ends_with("0001.wal"));
    }
    files.insert(newest, content);
    files
}

/// Bytes as the newest snapshot file.
pub fn snapshot(bytes: &[u8]) {
    use_it(&medium(&files_of_snapshot(bytes)));
}

/// Bytes as transactions against the model, on a medium that fails after so many calls.
pub fn operations(bytes: &[u8]) {
    const LAYOUT: Layout = Layout { segment_bytes: 16 << 10, sync_within: Duration::ZERO, kept: Kept::Little };
    let Some(([call, kind], rest)) = bytes.split_first_chunk::<2>() else { return };
    let failure = [Failure::Device, Failure::NoSpace, Failure::Short, Failure::Stop][usize::from(kind & 3)];
    let call = usize::from(*call);
    let fault = match kind >> 2 & 3 {
        0 => Fault::at(call, failure),
        1 => Fault::from(call, failure),
        // Syncs are few, and the more worth failing.
        2 => Fault { calls: call..usize::MAX, ..Fault::of(Call::SyncFile, failure) },
        _ => Fault { calls: call..call, only: None, failure },
    };
    survive(LAYOUT, &steps_of(rest, 20), vec![fault]);
}

/// Bytes as the text of a schema: what is read can be written, and read again as the same.
pub fn schema_toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let schema = match DatabaseSchema::from_toml(text, "fuzzed.toml") {
        Ok(schema) => schema,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = schema.to_toml();
    let again = DatabaseSchema::from_toml(&written, "written.toml")
        .unwrap_or_else(|error| panic!("what was written cannot be read: {error}\n{written}"));
    assert_eq!(again, schema, "{written}");
    assert_eq!(again.hash(), schema.hash());
    assert_eq!(again.to_toml(), written);
}
