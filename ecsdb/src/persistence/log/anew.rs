//! Rows that were made anew for another schema, in a segment that nobody has seen yet.
//!
//! The segment gets its name when all of them are in it and on the medium. So whoever finds it finds them all.

use std::io;

use super::segment::Segment;
use crate::change_set::ChangeSet;
use crate::persistence::codec::Encoder;
use crate::persistence::format::Kind;

/// Rows, and what the records of them say besides.
pub struct Anew<'a> {
    /// All rows of the tables in question, and maybe of others.
    pub rows: &'a ChangeSet,
    /// Which tables, by their numbers.
    pub rewritten: &'a [bool],
    /// The version of which they were made: everything up to it is durable.
    pub version: u64,
    /// When.
    pub time: u64,
}

impl Anew<'_> {
    /// Writes the rows, and syncs. Returns the version that they make, which is the old one if there are none.
    pub fn write(&self, encoder: &mut Encoder, segment: &mut Segment) -> io::Result<u64> {
        let (salt, mut version) = (segment.salt, self.version);
        let is_wanted = |table: u16| self.rewritten.get(usize::from(table)) == Some(&true);
        encoder.append_rows(self.rows, is_wanted, |encoder, is_last| {
            version += 1;
            let kind = if is_last { Kind::Commit } else { Kind::Part };
            segment.write(encoder.seal(salt, version, self.version, self.time, kind), kind)?;
            encoder.clear(true);
            Ok::<(), io::Error>(())
        })?;
        segment.named.file.sync_data()?;
        Ok(version)
    }
}
