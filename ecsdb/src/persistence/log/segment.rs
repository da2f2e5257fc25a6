//! One file of the log.
//!
//! A segment is made under a name of its own, filled with zeros for the first records, synced, and only then given the name by
//! which it is found. So whatever has that name begins with a whole header. Zeros are written ahead of the last record in
//! steps: a sync then finds the length as it was, and has no metadata to write.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::media::{Media, MediaFile, Open};
use crate::persistence::error::IoFailure;
use crate::persistence::files;
use crate::persistence::format::{Header, Kind};

/// Zeros are written ahead in units of so many bytes.
const FILL_BYTES: u64 = 1 << 20;

/// Zeros, to be written.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A file and its name.
pub struct NamedFile {
    /// Where it is.
    pub path: PathBuf,
    /// The file.
    pub file: Box<dyn MediaFile>,
}

/// A segment that is written.
pub struct Segment {
    /// The file.
    pub named: Arc<NamedFile>,
    /// What its records carry.
    pub salt: u64,
    /// Whether a commit is in it. Without one it is not left for the next segment, which would have the same name.
    has_commits: bool,
    /// Where the next record goes.
    end: u64,
    /// Up to where the file exists.
    filled: u64,
    /// How large it should become.
    capacity: u64,
}

impl Segment {
    /// Makes a segment at `path`, where nothing of worth is, and syncs it; its name is for the caller to sync.
    pub fn create(media: &dyn Media, path: &Path, header: &Header, capacity: u64) -> io::Result<Self> {
        let file = media.open(path, Open::Truncate)?;
        let bytes = header.to_bytes();
        let start = bytes.len() as u64;
        file.write_all_at(&bytes, 0)?;
        let filled = capacity.min(start + FILL_BYTES).max(start);
        fill(&*file, start, filled)?;
        file.sync_data()?;
        let named = Arc::new(NamedFile { path: path.to_owned(), file });
        Ok(Self { named, salt: header.salt, has_commits: false, end: start, filled, capacity })
    }

    /// Makes a segment of the file `spare`, which gets the name `path`, and syncs it; its name is for the caller to sync. What is in
    /// the file is dead: records of the segment have another salt. The header says that it is there.
    pub fn recycle(media: &dyn Media, spare: &Path, path: &Path, header: &Header, capacity: u64) -> io::Result<Self> {
        debug_assert!(header.recycled, "whoever reads it must know that anything may stand behind the last record");
        media.rename(spare, path)?;
        let file = media.open(path, Open::Write)?;
        let bytes = header.to_bytes();
        file.write_all_at(&bytes, 0)?;
        file.sync_data()?;
        let (end, filled) = (bytes.len() as u64, file.len()?);
        let named = Arc::new(NamedFile { path: path.to_owned(), file });
        Ok(Self { named, salt: header.salt, has_commits: false, end, filled, capacity })
    }

    /// Goes on with a segment that has records up to `end`, commits among them or not, and nothing behind that counts.
    pub fn reopen(
        media: &dyn Media,
        path: &Path,
        header: &Header,
        has_commits: bool,
        end: u64,
        capacity: u64,
    ) -> io::Result<Self> {
        let file = media.open(path, Open::Write)?;
        let filled = file.len()?;
        let named = Arc::new(NamedFile { path: path.to_owned(), file });
        Ok(Self { named, salt: header.salt, has_commits, end, filled, capacity })
    }

    /// Gives the segment the name `path`. The directory is for the caller to sync.
    pub fn rename(&mut self, media: &dyn Media, path: PathBuf) -> Result<(), IoFailure> {
        media.rename(&self.named.path, &path).map_err(IoFailure::io("rename to", &path))?;
        match Arc::get_mut(&mut self.named) {
            Some(named) => named.path = path,
            // Only a segment that is in use is shared, and that has its name.
            None => {
                let error = io::Error::other("a segment that is in use cannot be renamed");
                return Err(IoFailure::io("rename to", &path)(error));
            }
        }
        Ok(())
    }

    /// Gives the segment the name `path`, durably, if what is in it is synced.
    pub fn rename_durably(&mut self, media: &dyn Media, path: PathBuf) -> Result<(), IoFailure> {
        self.rename(media, path)?;
        files::sync_name(media, &self.named.path)
    }

    /// Whether a commit is in it.
    pub fn has_commits(&self) -> bool {
        self.has_commits
    }

    /// Whether a record of `bytes` bytes should go to the next segment.
    pub fn is_full_for(&self, bytes: u64) -> bool {
        // What is larger than a segment gets one of its own.
        self.has_commits && self.end + bytes > self.capacity
    }

    /// Whether it is time to make the next segment ready.
    pub fn is_filling(&self) -> bool {
        self.end > self.capacity / 2
    }

    /// Writes a record: a commit, or a mark.
    pub fn write(&mut self, record: &[u8], kind: Kind) -> io::Result<()> {
        let end = self.end + record.len() as u64;
        if end > self.filled {
            let mut filled = end;
            // A large record makes the file longer once; many small ones would each time.
            if (record.len() as u64) < FILL_BYTES / 4 {
                filled = end.next_multiple_of(FILL_BYTES).min(self.capacity).max(end);
                fill(&*self.named.file, end, filled)?;
            }
            self.filled = filled;
        }
        self.named.file.write_all_at(record, self.end)?;
        self.end = end;
        self.has_commits |= kind.has_version();
        Ok(())
    }
}

fn fill(file: &dyn MediaFile, mut from: u64, to: u64) -> io::Result<()> {
    while from < to {
        let len = ZEROS.len().min((to - from) as usize);
        file.write_all_at(&ZEROS[..len], from)?;
        from += len as u64;
    }
    Ok(())
}
