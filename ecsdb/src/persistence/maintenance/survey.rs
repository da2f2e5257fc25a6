//! The files of a directory, each by itself.
//!
//! Says what is in every segment, also in those that an opening would never come to, and behind what is damaged. What the files come
//! to together is not for this to say.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::closed::ClosedDirectory;
use super::progress::Steps;
use super::report::Damage;
use crate::media::Media;
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::files;
use crate::persistence::format::{Ending, Header, Kind, RecordHead};
use crate::persistence::ids::Ids;
use crate::persistence::recovery::{SegmentFile, scattered};

/// What is in a directory.
pub struct Survey {
    /// The segments, in the order of their first versions.
    pub segments: Vec<Surveyed>,
    /// The versions of the snapshot files, ascending. That of version 0 is not counted: there are no rows in it, and the log begins there
    /// anyway.
    pub snapshots: Vec<u64>,
    /// Those of all of them, as an opening sees them.
    pub listed: Vec<u64>,
    /// Files that were being written when somebody was stopped.
    pub drafts: Vec<PathBuf>,
    /// Directories in the place of files.
    pub folders: Vec<PathBuf>,
    /// Where the log ended when it was closed.
    pub ending: Option<Ending>,
    /// The first versions of segments that a repair has put away or cut off.
    repaired: BTreeSet<u64>,
}

/// Versions that are missing between two segments that follow one another.
pub struct GapInLog {
    /// The files.
    pub before: PathBuf,
    pub after: PathBuf,
    /// The last version before, and where its record ends.
    pub last: u64,
    pub end: u64,
    /// The first version behind.
    pub next: u64,
    /// Whether a snapshot file makes up for what is missing.
    pub is_held: bool,
    /// Whether a repair has put away what was there.
    pub is_of_repair: bool,
}

/// A segment.
pub struct Surveyed {
    /// The first version in it, as its name says.
    pub first: u64,
    /// The file.
    pub file: PathBuf,
    /// What is in it, or why nobody can say.
    pub found: Result<Found, Damage>,
    /// The highest version of which anything in the file says that there was one.
    pub highest: u64,
    /// What its records are told by, if there are any where the header cannot be read.
    pub salt: Option<u64>,
}

/// What is in a segment.
pub struct Found {
    /// Its header.
    pub header: Header,
    /// The tables of its header.
    pub ids: Ids,
    /// Bytes of the file.
    pub bytes: u64,
    /// The records that follow one another from the start.
    pub front: Records,
    /// Those behind a damage, which lead somewhere only from a snapshot file.
    pub stranded: Vec<Records>,
    /// Whether something of this segment stands behind the front.
    pub is_torn: bool,
}

/// Records that follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// The first version.
    pub first: u64,
    /// The last version; that before the first one if there is none.
    pub last: u64,
    /// The first version that is a state: those before are parts of what was written anew for another schema.
    pub whole: u64,
    /// Where they begin and end.
    pub from: u64,
    pub end: u64,
    /// When the earliest and the latest version was written, if there are any.
    pub times: Option<(u64, u64)>,
}

impl Records {
    /// None yet: `first` is to be the next version, at `at`.
    fn none(first: u64, at: u64) -> Self {
        Self { first, last: first - 1, whole: first, from: at, end: at, times: None }
    }

    /// Takes in the record of `len` bytes at `at`, unless it does not follow.
    fn take(&mut self, at: u64, head: &RecordHead, len: u64) -> bool {
        if (at, head.version) != (self.end, self.last + u64::from(head.kind.has_version())) {
            return false;
        }
        if head.kind.has_version() {
            let (earliest, latest) = self.times.unwrap_or((head.time, head.time));
            self.times = Some((earliest.min(head.time), latest.max(head.time)));
        }
        self.last = head.version;
        if head.kind == Kind::Part {
            self.whole = head.version + 1;
        }
        self.end += len;
        true
    }
}

impl Survey {
    /// Looks at everything in `closed`.
    pub fn of(closed: &ClosedDirectory, steps: &mut Steps<'_>) -> Result<Self, DirectoryError> {
        let (media, directory) = (&*closed.media, &closed.directory);
        let (firsts, mut drafts) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
        let listed = directory.list_snapshots(media);
        let (listed, more) = listed.map_err(IoFailure::io("list", directory.snapshots()))?;
        drafts.extend(more);
        steps.begin("segments", firsts.len() as u64);
        let mut segments = Vec::with_capacity(firsts.len());
        for first in firsts {
            segments.push(Surveyed::of(media, directory.segment(first), first)?);
            steps.advance(1);
        }
        let snapshots = listed.iter().copied().filter(|version| *version > 0).collect();
        let repaired = closed.directory.list_repaired(media);
        let repaired = repaired.map_err(IoFailure::io("list", closed.directory.root()))?;
        let ending = directory.read_ending(media)?;
        let mut folders = Vec::new();
        let of_log = segments.iter().map(|segment| segment.file.clone());
        let of_snapshots = listed.iter().map(|version| directory.snapshot(*version));
        for file in directory.beside().into_iter().chain(of_log).chain(of_snapshots).chain(drafts.iter().cloned()) {
            if directory_is_at(media, &file)? {
                folders.push(file);
            }
        }
        Ok(Self { segments, snapshots, listed, drafts, folders, ending, repaired })
    }

    /// What is damaged in that a directory is where a file should be, and nothing else says so: no opening gets past one in the place of a
    /// draft or of the schema, and nothing can be written in that of another one.
    pub fn folder_damages(&self) -> impl Iterator<Item = Damage> {
        let is_read = |file: &&PathBuf| {
            let mut endings = ["wal", "snap"].iter();
            endings.any(|ending| file.extension().is_some_and(|found| found == *ending))
        };
        self.folders.iter().filter(move |file| !is_read(file)).map(|file| Damage {
            file: file.clone(),
            offset: 0,
            what: "it is a directory, and no file".into(),
            meaning: "nothing is missing, but the database cannot be opened, or not be changed, until it is moved away"
                .into(),
        })
    }

    /// Whether one of them keeps the database from being opened.
    pub fn is_blocked(&self, directory: &Directory) -> bool {
        self.folders.iter().any(|file| self.drafts.contains(file) || *file == directory.schema())
    }

    /// The first versions of all segments.
    pub fn firsts(&self) -> Vec<u64> {
        self.segments.iter().map(|segment| segment.first).collect()
    }

    /// The segments that can be read, with what is in them.
    pub fn found(&self) -> impl DoubleEndedIterator<Item = (&Surveyed, &Found)> {
        self.segments.iter().filter_map(|segment| segment.found.as_ref().ok().map(|found| (segment, found)))
    }

    /// The highest version that any file knows of.
    pub fn highest(&self) -> u64 {
        let segments = self.segments.iter().map(|segment| segment.highest).max().unwrap_or(0);
        let snapshots = self.snapshots.last().copied().unwrap_or(0);
        segments.max(snapshots).max(self.ending.map_or(0, |ending| ending.version))
    }

    /// Where versions are missing between two segments of which the second follows the first, or is what is left of the same one, and
    /// nothing stands in between. A repair leaves a log so, and so does whoever cuts off a file; `good` are the snapshot files.
    pub fn gaps(&self, good: &[u64]) -> Vec<GapInLog> {
        let gap = |pair: &[Surveyed]| {
            let (Ok(before), Ok(after)) = (&pair[0].found, &pair[1].found) else { return None };
            let (salt, header) = (before.header.salt, &after.header);
            // A repair leaves nothing that is damaged.
            let is_gap = !before.is_torn
                && before.front.last + 1 < after.front.first
                && (header.previous == salt || header.salt == salt);
            let goes_on = after.front.first - 1..=after.front.last;
            is_gap.then(|| GapInLog {
                before: pair[0].file.clone(),
                after: pair[1].file.clone(),
                last: before.front.last,
                end: before.front.end,
                next: after.front.first,
                is_held: good.iter().any(|version| goes_on.contains(version)),
                is_of_repair: self.is_repaired(pair[0].first, pair[1].first),
            })
        };
        self.segments.windows(2).filter_map(gap).collect()
    }

    /// Whether a repair has put away or cut off a segment that began with version `first`, or later and before `next`.
    pub fn is_repaired(&self, first: u64, next: u64) -> bool {
        self.repaired.range(first..next).next().is_some()
    }

    /// Whether the log goes on from one of the snapshot files `good` where it has ended with version `last`: a repair has left it so.
    pub fn is_bridged(&self, last: u64, good: &[u64]) -> bool {
        self.gaps(good).iter().any(|gap| gap.last == last && gap.is_held && gap.is_of_repair)
    }

    /// The last version before byte `offset` of the segment `file`; nothing if that is no segment.
    pub fn version_before(&self, media: &dyn Media, file: &Path, offset: u64) -> Option<u64> {
        let surveyed = self.segments.iter().find(|segment| segment.file == file)?;
        let before = surveyed.first - 1;
        let Ok(segment) = SegmentFile::read(media, file.to_owned(), surveyed.first) else { return Some(before) };
        let whole = segment.heads().take_while(|(_, end)| *end as u64 <= offset);
        Some(whole.last().map_or(before, |(head, _)| head.version))
    }
}

/// Whether there is a directory at `path`.
pub fn directory_is_at(media: &dyn Media, path: &Path) -> Result<bool, IoFailure> {
    match media.list(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(IoFailure::io("look at", path)(error)),
        Ok(_) => Ok(true),
    }
}

impl Surveyed {
    fn of(media: &dyn Media, file: PathBuf, first: u64) -> Result<Self, DirectoryError> {
        match SegmentFile::read(media, file.clone(), first) {
            Ok(segment) => {
                let (found, highest) = Found::of(&segment);
                let salt = Some(found.header.salt);
                Ok(Self { first, file, found: Ok(found), highest, salt })
            }
            Err(error) => {
                let damage = Damage::of(error)?;
                // It was made for its first version, which may have been in it. Older records are what the file held before.
                let own = highest_record(media, &file).filter(|record| record.version >= first - 1);
                let (highest, salt) = (own.map_or(first, |record| record.version), own.map(|record| record.salt));
                Ok(Self { first, file, found: Err(damage), highest, salt })
            }
        }
    }
}

/// The record of the highest version in a file whose header cannot be read; nothing if the rest cannot be read either.
fn highest_record(media: &dyn Media, file: &Path) -> Option<RecordHead> {
    let bytes = files::read(media, file).ok()?;
    scattered(&bytes, 0, None).map(|(_, head, _)| head).max_by_key(|head| head.version)
}

impl Found {
    /// What is in `segment`, and the highest version that it knows of.
    fn of(segment: &SegmentFile) -> (Self, u64) {
        let start = segment.start as u64;
        let mut front = Records::none(segment.first, start);
        for (head, end) in segment.heads() {
            let at = front.end;
            if !front.take(at, &head, end as u64 - at) {
                break;
            }
        }
        let mut highest = front.last;
        let mut stranded: Vec<Records> = Vec::new();
        for (at, head, len) in segment.behind(front.end as usize) {
            // What is durable was there, whatever became of it.
            highest = highest.max(head.durable).max(head.version);
            let (at, len) = (at as u64, len as u64);
            let goes_on = stranded.last_mut().is_some_and(|records| records.take(at, &head, len));
            if !goes_on && head.kind.has_version() {
                let mut records = Records::none(head.version, at);
                records.take(at, &head, len);
                stranded.push(records);
            }
        }
        let found = Self {
            header: segment.header.clone(),
            ids: segment.ids.clone(),
            bytes: segment.len(),
            is_torn: segment.torn_bytes(front.end as usize) > 0,
            front,
            stranded,
        };
        (found, highest)
    }
}
