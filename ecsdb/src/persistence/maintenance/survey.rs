//! The files of a directory, each by itself.
//!
//! Says what is in every segment, also in those that an opening would never come to. Whether the log as a whole is in order is not
//! for this to say: that is what recovery judges.

use std::path::{Path, PathBuf};

use super::closed::ClosedDirectory;
use super::progress::Steps;
use super::report::Damage;
use crate::media::Media;
use crate::persistence::error::DirectoryError;
use crate::persistence::format::{Header, Kind};
use crate::persistence::ids::Ids;
use crate::persistence::recovery::SegmentFile;

/// What is in a directory.
pub struct Survey {
    /// The segments, in the order of their first versions.
    pub segments: Vec<Surveyed>,
    /// The versions of the snapshot files, ascending.
    pub snapshots: Vec<u64>,
    /// Files that were being written when somebody was stopped.
    pub drafts: Vec<PathBuf>,
}

/// A segment.
pub struct Surveyed {
    /// The first version in it, as its name says.
    pub first: u64,
    /// The file.
    pub file: PathBuf,
    /// What is in it, or why nobody can say.
    pub found: Result<Found, Damage>,
}

/// What is in a segment.
pub struct Found {
    /// Its header.
    pub header: Header,
    /// The tables of its header.
    pub ids: Ids,
    /// Bytes of the file.
    pub bytes: u64,
    /// Where the records end that follow one another from the start.
    pub end: u64,
    /// Whether something of this segment stands behind that.
    pub is_torn: bool,
    /// The last version in them; that before the first one if there is none.
    pub last: u64,
    /// When the earliest and the latest of them were written, if there are any.
    pub times: Option<(u64, u64)>,
    /// The highest version of any whole record in the file.
    pub highest: u64,
}

impl Survey {
    /// Looks at everything in `closed`.
    pub fn of(closed: &ClosedDirectory, steps: &mut Steps<'_>) -> Result<Self, DirectoryError> {
        let (media, directory) = (&*closed.media, &closed.directory);
        let (firsts, mut drafts) = directory.list(media).map_err(DirectoryError::io("list", directory.wal()))?;
        let listed = directory.list_snapshots(media);
        let (mut snapshots, more) = listed.map_err(DirectoryError::io("list", directory.snapshots()))?;
        // There is nothing in the first version, which is where the log begins anyway.
        snapshots.retain(|version| *version > 0);
        drafts.extend(more);
        steps.begin("segments", firsts.len() as u64);
        let mut segments = Vec::with_capacity(firsts.len());
        for first in firsts {
            let file = directory.segment(first);
            let found = match SegmentFile::read(media, file.clone(), first) {
                Ok(segment) => Ok(Found::of(&segment)),
                Err(error) => Err(Damage::of(error)?),
            };
            segments.push(Surveyed { first, file, found });
            steps.advance(1);
        }
        Ok(Self { segments, snapshots, drafts })
    }

    /// The first versions of all segments.
    pub fn firsts(&self) -> Vec<u64> {
        self.segments.iter().map(|segment| segment.first).collect()
    }

    /// The tables as the newest segment has them that can be read.
    pub fn ids(&self) -> Option<&Ids> {
        self.segments.iter().rev().find_map(|segment| segment.found.as_ref().ok()).map(|found| &found.ids)
    }

    /// The highest version that any file knows of.
    pub fn highest(&self) -> u64 {
        let found = self.segments.iter().filter_map(|segment| segment.found.as_ref().ok());
        let segments = found.map(|found| found.highest).max().unwrap_or(0);
        segments.max(self.snapshots.last().copied().unwrap_or(0))
    }

    /// Whether the log goes on from a snapshot file of version `snapshot` where it has ended with version `last`: a repair has left it
    /// so, and the segment behind the gap says which one it follows.
    pub fn is_bridged(&self, last: u64, snapshot: u64) -> bool {
        self.segments.windows(2).any(|pair| match (&pair[0].found, &pair[1].found) {
            (Ok(before), Ok(after)) => {
                let follows = after.header.previous == before.header.salt;
                // A repair leaves nothing that is damaged.
                follows && !before.is_torn && (before.last, pair[1].first) == (last, snapshot + 1)
            }
            _ => false,
        })
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

impl Found {
    fn of(segment: &SegmentFile) -> Self {
        let span = segment.span();
        let end = segment.heads().last().map_or(segment.start, |(_, end)| end);
        let last = span.map_or(segment.first - 1, |span| span.last);
        let stranded = segment.behind(end).map(|(_, head, _)| head);
        let stranded = stranded.filter(|head| head.kind == Kind::Commit).map(|head| head.version).max();
        Self {
            header: segment.header.clone(),
            ids: segment.ids.clone(),
            bytes: segment.len(),
            end: end as u64,
            is_torn: segment.torn_bytes(end) > 0,
            last,
            times: span.map(|span| (span.earliest, span.latest)),
            highest: last.max(stranded.unwrap_or(0)),
        }
    }
}
