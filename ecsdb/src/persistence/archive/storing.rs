//! Storing a snapshot file.

use std::collections::HashMap;

use super::archiver::{Archiver, file};
use super::snapshots::{ArchivedSnapshot, PART_BYTES, SnapshotPart};
use super::{ArchiveError, Put};
use crate::media::{Media, Open};
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::format::RecordHead;
use crate::persistence::recovery::SegmentFile;
use crate::persistence::snapshot::Chain;
use crate::persistence::zstd;

/// The snapshot files that an archive has, by version and salt.
pub type KnownSnapshots = HashMap<(u64, u64), ArchivedSnapshot>;

/// Where the log has a version.
struct Recorded {
    /// The salt of the segment that has it, or of the one that the next segment follows; 0 if there is neither.
    log: u64,
    /// When it was committed, if its record is there.
    time: Option<u64>,
}

impl Archiver {
    /// Stores the snapshot file of version `version` of `directory`. When this returns, the archive has it durably. What of it is there
    /// already is not stored again. Returns nothing if it is not complete but goes on from another one: such a file is not stored.
    ///
    /// # Errors
    /// [`ArchiveError::File`] if the file is damaged, or cannot be read; or the archive refuses.
    pub fn store_snapshot(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        version: u64,
    ) -> Result<Option<ArchivedSnapshot>, ArchiveError> {
        self.check()?;
        let chain = Chain::open(media, directory, version).map_err(file)?;
        let newest = chain.newest();
        if newest.header.base.is_some() {
            return Ok(None);
        }
        let (salt, bytes) = (newest.header.salt, newest.bytes);
        let known = self.snapshots()?.get(&(version, salt)).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.is_whole()) {
            return Ok(Some(known.clone()));
        }
        // Nobody is told that it is there if it is no good.
        chain.check().map_err(file)?;
        let Recorded { log, time } = recorded(media, directory, version).map_err(file)?;
        let fresh = ArchivedSnapshot {
            timeline: newest.header.timeline,
            version,
            time: time.unwrap_or(newest.header.time),
            log,
            salt,
            count: u32::try_from(bytes.div_ceil(PART_BYTES)).expect("no file has so many parts"),
            parts: Vec::new(),
        };
        // Whoever has begun to store it may have known less of the log, or more.
        let mut archived = known.unwrap_or(fresh);
        let source = media.open(&newest.path, Open::Read).map_err(IoFailure::io("open", &newest.path));
        let source = source.map_err(file)?;
        let has = |archived: &ArchivedSnapshot, number: u32| archived.parts.iter().any(|part| part.number == number);
        for number in 0..archived.count {
            if has(&archived, number) {
                continue;
            }
            let at = u64::from(number) * PART_BYTES;
            let mut part = vec![0; (bytes - at).min(PART_BYTES) as usize];
            let read = source.read_exact_at(&mut part, at).map_err(IoFailure::io("read", &newest.path));
            read.map_err(file)?;
            let stored = self.store_part(&archived, number, part)?;
            archived.parts.push(stored);
        }
        archived.parts.sort_unstable();
        // Whoever has come meanwhile counts on nobody else.
        self.check()?;
        self.snapshots()?.insert((version, salt), archived.clone());
        Ok(Some(archived))
    }

    /// Stores `bytes` as the part `number` of `snapshot`.
    fn store_part(
        &self,
        snapshot: &ArchivedSnapshot,
        number: u32,
        bytes: Vec<u8>,
    ) -> Result<SnapshotPart, ArchiveError> {
        let mut object = bytes;
        if let Some(level) = self.level() {
            let mut packed = Vec::new();
            zstd::compress(&object, level, &mut packed).map_err(ArchiveError::store("compress", &snapshot.title()))?;
            object = packed;
        }
        let checksum = crc32c::crc32c(&object);
        let part = SnapshotPart { number, checksum, is_compressed: self.level().is_some() };
        self.put(&snapshot.name(&part), checksum, &object)?;
        Ok(part)
    }

    /// What the archive has of snapshot files.
    fn snapshots(&mut self) -> Result<&mut KnownSnapshots, ArchiveError> {
        let known = match self.known_snapshots.take() {
            Some(known) => known,
            None => {
                let mut known = KnownSnapshots::new();
                for snapshot in ArchivedSnapshot::list(self.archive())? {
                    let key = (snapshot.version, snapshot.salt);
                    // Of one that was begun twice, the one that is whole counts.
                    if !known.get(&key).is_some_and(ArchivedSnapshot::is_whole) {
                        known.insert(key, snapshot);
                    }
                }
                known
            }
        };
        Ok(self.known_snapshots.insert(known))
    }

    /// Stores `object`, which has the checksum `checksum`, under `name`, or finds it stored. One that has the name and is damaged is replaced:
    /// nobody can do anything with it.
    pub(super) fn put(&self, name: &str, checksum: u32, object: &[u8]) -> Result<(), ArchiveError> {
        let archive = self.archive();
        let is_there = || Ok(archive.put_if_absent(name, object)? == Put::Stored || archive.get(name)? == object);
        if is_there()? {
            return Ok(());
        }
        let taken = || ArchiveError::Taken { name: name.to_owned() };
        if crc32c::crc32c(&archive.get(name)?) == checksum {
            return Err(taken());
        }
        tracing::warn!(name, "an object in the archive is damaged, and is replaced");
        archive.remove(name)?;
        if is_there()? { Ok(()) } else { Err(taken()) }
    }
}

/// Where the log of `directory` has version `version`.
fn recorded(media: &dyn Media, directory: &Directory, version: u64) -> Result<Recorded, DirectoryError> {
    let (firsts, _) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
    let with = firsts.iter().rfind(|first| **first <= version);
    if let Some(first) = with
        && let Some(segment) = unless_damaged(SegmentFile::read(media, directory.segment(*first), *first))?
    {
        let is_it = |head: &RecordHead| head.kind.has_version() && head.version == version;
        let mut end = segment.start;
        let mut found = None;
        for (head, behind) in segment.heads() {
            end = behind;
            found = found.or_else(|| is_it(&head).then_some(head.time));
        }
        // It may stand behind a damage.
        let behind = || segment.behind(end).map(|(_, head, _)| head).find(is_it).map(|head| head.time);
        return Ok(Recorded { log: segment.header.salt, time: found.or_else(behind) });
    }
    // The log begins behind it, in a directory that was copied from another one; or its segment cannot be read.
    let mut log = 0;
    if firsts.contains(&(version + 1)) {
        let front = unless_damaged(SegmentFile::front(media, directory.segment(version + 1)))?;
        log = front.map_or(0, |(header, ..)| header.previous);
    }
    Ok(Recorded { log, time: None })
}

/// What was read, or nothing if it is damaged.
fn unless_damaged<T>(read: Result<T, DirectoryError>) -> Result<Option<T>, DirectoryError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.damage().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}
