//! What a soak holds memory to: figures of one moment, and how much of each there may be.
//!
//! While threads work, how much is retained depends on who holds which version just then, and a thread that the system leaves waiting
//! may hold one for seconds. So the figures of work are held to the versions that are there at that moment, and what is held to
//! stay the same is looked at only [at rest](gate): nobody works, and nobody holds a version but the one who is watched.

pub mod gate;
#[cfg(test)]
mod tests;

use core::fmt;

use ecsdb::stats::MemoryUsage;

/// What memory may differ by for other reasons than a leak: lists that have grown, and threads that keep something for later.
pub const NOISE: usize = 2 << 20;

/// Who may hold a version beside work: two readers, the snapshot that is watched, who follows the changes, and a checkpoint.
pub const HOLDERS: usize = 5;

/// How many more versions there may be. The writer makes another only if somebody holds each of those that there are, and then
/// has the one that was published before as well.
const OF_THE_WRITER: usize = 2;

/// Memory at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The pages of the published version.
    pub live: usize,
    /// Where rows and entities are, of all versions.
    pub directories: usize,
    /// Pages that it does not have, and older versions do.
    pub retained: usize,
    /// Pages that no version has.
    pub spare: usize,
    /// Versions besides the published one.
    pub versions: usize,
    /// Everything that the process has allocated, without what is kept of the last commits for those who follow them, which has a
    /// limit of its own, and comes and goes below it.
    pub allocated: usize,
}

impl Figures {
    /// From what the database says, and the allocator.
    pub fn new(usage: &MemoryUsage, in_use: usize) -> Self {
        Self {
            live: usage.payload_bytes + usage.heap_bytes + usage.index_bytes + usage.slack_bytes,
            directories: usage.directory_bytes,
            retained: usage.retained_bytes,
            spare: usage.spare_bytes,
            versions: usage.retired_versions,
            allocated: in_use.saturating_sub(usage.history_bytes),
        }
    }

    /// Whether the writer has given back everything that nobody holds, if somebody holds so many versions.
    pub fn is_at_rest(&self, held: usize) -> bool {
        self.versions == held && self.spare == 0
    }
}

/// There is more of something than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    what: &'static str,
    found: usize,
    allowed: usize,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {} are allowed", self.what, self.found, self.allowed)
    }
}

fn at_most(what: &'static str, found: usize, allowed: usize) -> Result<(), Excess> {
    if found <= allowed { Ok(()) } else { Err(Excess { what, found, allowed }) }
}

/// What was seen so far, as far as later figures are held to it.
#[derive(Debug, Default)]
pub struct Watch {
    /// The most that a published version has ever had.
    most_live: usize,
    /// What was allocated when somebody had let go for the first time that counts.
    first: Option<usize>,
}

impl Watch {
    /// Figures while everybody works.
    ///
    /// # Errors
    /// If more versions are there than can be held or spare, or more pages than those versions, and those that were, can have.
    pub fn at_work(&mut self, now: &Figures) -> Result<(), Excess> {
        self.most_live = self.most_live.max(now.live);
        at_most("versions besides the published one", now.versions, HOLDERS + OF_THE_WRITER)?;
        at_most("bytes that are retained", now.retained, now.versions * self.most_live + NOISE)?;
        // A spare page was once one of a version that somebody held, or that was written.
        at_most("bytes that are spare", now.spare, (HOLDERS + 1) * self.most_live + NOISE)
    }

    /// Figures at rest, while one snapshot is held of a version that had `live` bytes of pages.
    ///
    /// # Errors
    /// If it retains more than the pages that it had.
    pub fn held(&mut self, now: &Figures, live: usize) -> Result<(), Excess> {
        at_most("versions that are held", now.versions, 1)?;
        at_most("bytes that a held snapshot retains", now.retained, live)
    }

    /// Figures at rest, while nobody holds anything. The first time warms up, if `counts` is false.
    ///
    /// # Errors
    /// If anything is retained or spare, or more is allocated than at the first time that counted.
    pub fn let_go(&mut self, now: &Figures, counts: bool) -> Result<(), Excess> {
        at_most("versions that nobody holds", now.versions, 0)?;
        at_most("bytes that are retained and nobody holds", now.retained, 0)?;
        at_most("bytes that are spare after a rest", now.spare, 0)?;
        if !counts {
            return Ok(());
        }
        let first = *self.first.get_or_insert(now.allocated);
        at_most("bytes that are allocated, which grow", now.allocated, first + NOISE)
    }
}
