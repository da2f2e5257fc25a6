//! The examples in `docs/wal.md` and `docs/snapshots.md`, and files that only an earlier life of theirs explains.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::codec::{Encoder, Era, Tables, apply};
use super::directory::Directory;
use super::format::{Header, Kind, frame};
use super::ids::Ids;
use super::snapshot::{SnapshotHeader, Writing};
use super::{DirectoryError, Keeping, LogSettings, Migrations, Recovery, open};
use crate::bytes::RowBytes;
use crate::change_set::{ChangeSet, ColumnSet};
use crate::media::{Disk, Media, Open};
use crate::schema::DatabaseSchema;
use crate::storage::{RowShape, Store};

const SALT: u64 = 0x5a17;

fn schema() -> Arc<DatabaseSchema> {
    const TEXT: &str = "[database]\nname = \"example\"\n[[tables.purse.fields]]\nname = \"gold\"\ntype = \"u64\"\n\
                        [[tables.purse.fields]]\nname = \"open\"\ntype = \"bool\"\n";
    static READ: LazyLock<Arc<DatabaseSchema>> =
        LazyLock::new(|| Arc::new(DatabaseSchema::from_toml(TEXT, "example.toml").unwrap()));
    Arc::clone(&READ)
}

fn header(timeline: u64, recycled: bool) -> Header {
    let schema_hash = schema().hash();
    let schema = Ids::assign(&schema()).to_bytes();
    Header { timeline, salt: SALT, sequence: 1, previous: 0, created: 0x0100, schema_hash, recycled, schema }
}

/// Two records: an entity is born with 100 gold, and then has 50.
fn records(salt: u64) -> Vec<Vec<u8>> {
    let tables = Arc::new(Tables::new(&Ids::assign(&schema()), schema()));
    let mut encoder = Encoder::new(tables, 0);
    let mut store = Store::new([RowShape::plain(9)], usize::MAX);
    let mut records = Vec::new();
    for (version, gold) in [(1, 100_u64), (2, 50)] {
        let mut batch = store.batch();
        batch.begin();
        if version == 1 {
            let set = batch.sets().intern(&[0]);
            batch.spawn(set, 1).unwrap();
            batch.put(0, 0, RowBytes::plain(&[100, 0, 0, 0, 0, 0, 0, 0, 1])).unwrap();
        } else {
            batch.row_mut(0, 0, ColumnSet::one(0)).unwrap().unwrap()[..8].copy_from_slice(&gold.to_le_bytes());
        }
        let mut changes = ChangeSet::default();
        batch.commit_with_changes(version, &mut changes);
        encoder.append(&changes);
        store.publish();
        records.push(encoder.seal(salt, version, version - 1, 0x0200 + version, Kind::Commit).to_vec());
        encoder.clear(true);
    }
    records
}

/// The bytes in the blocks of the document `text` that begin with "```hex".
fn documented(text: &str) -> Vec<Vec<u8>> {
    let blocks = text.split("```hex\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let bytes = |block: &str| {
        let digits = block.lines().flat_map(|line| line.split("  ").next().unwrap().split_whitespace());
        digits.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    blocks.map(bytes).collect()
}

#[test]
#[cfg_attr(miri, ignore = "to read the document takes Miri a minute")]
fn the_documented_example_is_what_is_written() {
    let documented = documented(include_str!("../../../docs/wal.md"));
    let mut header = header(0x1234, false).to_bytes();
    let used = header.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    header.truncate(used);
    let mut written = vec![header];
    written.extend(records(SALT));
    for (index, (written, documented)) in written.iter().zip(&documented).enumerate() {
        assert_eq!(hex(written), hex(documented), "block {index} of docs/wal.md");
    }
    assert_eq!(written.len(), documented.len());
}

/// A store after the two records of the example, and what is written of it to a snapshot file.
fn snapshot_file() -> Vec<u8> {
    let ids = Ids::assign(&schema());
    let tables = Arc::new(Tables::new(&ids, schema()));
    let mut store = Store::new([RowShape::plain(9)], usize::MAX);
    for record in records(SALT) {
        let (head, body) = frame(&record, Some(SALT)).unwrap();
        let mut batch = store.batch();
        batch.begin();
        apply(&mut batch, &Era::new(&tables, &ids, &ids), body, head.transactions).unwrap();
        batch.commit();
        store.publish();
    }
    let header = SnapshotHeader {
        timeline: 0x1234,
        salt: SALT,
        version: 2,
        time: 0x0300,
        base: None,
        schema_hash: schema().hash(),
        schema: ids.to_bytes(),
    };
    let pinned = store.pin();
    let writing = Writing { header, pinned: &pinned, tables, since: None, compression: None };
    let directory = Temporary::new("snapshot-file");
    Disk.create_dir_all(&directory.0).unwrap();
    let path = directory.0.join("example");
    let written = writing.write(&Disk, &path, &mut |_| true).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!((written.bytes, written.rows), (bytes.len() as u64, 1));
    bytes
}

#[test]
#[cfg_attr(miri, ignore = "to read the document takes Miri a minute")]
fn the_documented_snapshot_file_is_what_is_written() {
    let documented = documented(include_str!("../../../docs/snapshots.md"));
    assert_eq!(hex(&snapshot_file()), hex(&documented.concat()), "docs/snapshots.md");
}

fn hex(bytes: &[u8]) -> String {
    let line = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    bytes.chunks(8).map(line).collect::<Vec<_>>().join("\n")
}

struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecsdb-persistence-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    /// Puts one segment there.
    fn segment(&self, bytes: &[u8]) {
        let directory = Directory::new(self.0.clone());
        Disk.create_dir_all(directory.wal()).unwrap();
        let file = Disk.open(&directory.segment(1), Open::Truncate).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }

    fn open(&self) -> Result<(Recovery, Option<u64>), DirectoryError> {
        let settings = LogSettings {
            memory_limit: usize::MAX,
            migrations: Migrations::default(),
            directory: self.0.clone(),
            media: Arc::new(Disk),
            segment_bytes: 16 << 10,
            sync_within: Duration::ZERO,
            threads: 0,
            keeping: Keeping::default(),
            on_progress: None,
        };
        let opened = open(settings, &schema(), &|| Store::new([RowShape::plain(9)], usize::MAX))?;
        let row = opened.store.live().tables[0].row_bytes(0);
        let gold = row.map(|row| u64::from_le_bytes(row[..8].try_into().unwrap()));
        Ok((opened.recovery, gold))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A segment in whose file another one stood before: its records are whole, and follow where the new ones end.
#[test]
fn records_from_the_earlier_life_of_a_file_are_not_read() {
    let directory = Temporary::new("recycled");
    let (new, old) = (records(SALT), records(SALT + 1));
    assert_eq!((new[0].len(), new[1].len()), (old[0].len(), old[1].len()));
    let mut bytes = header(7, true).to_bytes();
    // The first record is new, the second one was there before, and so was one that begins in the middle of nowhere.
    bytes.extend_from_slice(&new[0]);
    bytes.extend_from_slice(&old[1]);
    bytes.extend_from_slice(&old[0]);
    assert!(frame(&old[1], None).is_some(), "a whole record");
    directory.segment(&bytes);
    let (recovery, gold) = directory.open().unwrap();
    assert_eq!((recovery.version, recovery.torn_bytes, gold), (1, 0, Some(100)));
    assert_eq!((recovery.transactions, recovery.rows, recovery.segments), (1, 1, 1));
    assert!(!recovery.was_closed && recovery.timeline != 7);
    // What was not written to its end is ours, and is cut off.
    let torn = Temporary::new("recycled-torn");
    let at = bytes.len() - old[0].len() - old[1].len();
    bytes[at..at + 48].copy_from_slice(&new[1][..48]);
    bytes[at + 60] ^= 1;
    torn.segment(&bytes);
    let (recovery, gold) = torn.open().unwrap();
    assert_eq!((recovery.version, gold), (1, Some(100)));
    assert!(recovery.torn_bytes >= 48);
    assert_eq!(torn.open().unwrap().0.torn_bytes, 0, "once");
}

/// A record that is whole and says what cannot be is damage, with the place of what is wrong.
#[test]
fn a_record_that_does_not_fit_is_refused() {
    let open = |records: &[Vec<u8>]| {
        let directory = Temporary::new("unfit");
        directory.segment(&[header(7, false).to_bytes(), records.concat()].concat());
        directory.open().map(|(recovery, _)| recovery.version).map_err(|error| error.to_string())
    };
    let whole = records(SALT);
    assert_eq!(open(&whole), Ok(2));
    let error = open(&[whole[1].clone()]).unwrap_err();
    assert!(error.contains("is damaged at byte 4096: a record of version 2 where version 1 is expected"), "{error}");
    let error = open(&[whole.clone(), whole].concat()).unwrap_err();
    assert!(error.contains("a record of version 1 where version 3 is expected"), "{error}");
    // A `bool` that is 2: the last byte of the row of the first record, whose checksum is made right.
    let mut bad = records(SALT).swap_remove(0);
    let at = bad.iter().rposition(|byte| *byte == 1).unwrap();
    let row = bad.windows(9).position(|row| row == [100, 0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
    assert!(at > row);
    bad[row + 8] = 2;
    let crc = crc32c::crc32c(&bad[4..]).to_le_bytes();
    bad[..4].copy_from_slice(&crc);
    let error = open(&[bad]).unwrap_err();
    assert!(error.contains(&format!("byte {}", 4096 + row)), "{error}");
    assert!(error.contains("field `open` at byte 8 is no `bool`: found 0x02"), "{error}");
}

#[test]
fn a_file_of_a_later_format_is_not_taken_for_damage() {
    let directory = Temporary::new("format");
    let mut bytes = header(7, false).to_bytes();
    bytes[8] = 2;
    bytes[16..20].fill(0);
    let crc = crc32c::crc32c(&bytes).to_le_bytes();
    bytes[16..20].copy_from_slice(&crc);
    directory.segment(&bytes);
    assert!(matches!(directory.open(), Err(DirectoryError::Format { found: 2, .. })));
}
