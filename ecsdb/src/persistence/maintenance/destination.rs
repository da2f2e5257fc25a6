//! A directory that is made from others.
//!
//! It is marked as unfinished before anything else is in it, and the mark goes when everything is there and durable. So whoever
//! finds it without the mark finds it whole, and with the mark nobody opens it.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::error::MaintenanceError;
use super::judge::schema_of;
use crate::media::{Media, Open};
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::files;
use crate::persistence::format::{Header, Kind, RECORD_BYTES, RecordHead, seal};
use crate::persistence::ids::Ids;
use crate::persistence::log::Segment;
use crate::persistence::recovery::{RecordsEnd, SegmentFile};
use crate::persistence::snapshot::Chain;
use crate::persistence::time::{nanoseconds, random};

/// A directory in the making.
pub struct Unfinished<'m> {
    pub media: &'m dyn Media,
    pub directory: Directory,
}

impl<'m> Unfinished<'m> {
    /// Begins to make the directory `path`, which does not exist or is empty. `what` says what it is to be.
    pub fn begin(media: &'m dyn Media, path: PathBuf, what: &str) -> Result<Self, MaintenanceError> {
        let directory = Directory::new(path);
        let root = directory.root();
        let is_there = media.exists(root).map_err(IoFailure::io("look for", root))?;
        if is_there {
            check_empty(media, root, None)?;
        }
        let unfinished = Self { media, directory };
        match is_there {
            // It was somebody's before, who may find it empty.
            true => unfinished.mark(&unfinished.directory, what)?,
            false => unfinished.appear(what)?,
        }
        for dir in [unfinished.directory.wal(), unfinished.directory.snapshots()] {
            media.create_dir_all(dir).map_err(IoFailure::io("make", dir))?;
        }
        Ok(unfinished)
    }

    /// Refuses to make `path` inside `source`, whatever links lead there.
    pub fn check_outside(media: &dyn Media, path: &Path, source: &Path) -> Result<(), MaintenanceError> {
        // A step up out of what is not there yet may lead to a link.
        let resolve = |path: &Path| media.resolve(&plain(&media.resolve(path)?));
        let resolved = |path: &Path| resolve(path).map(|path| plain(&path)).map_err(IoFailure::io("look for", path));
        let (inner, outer) = (resolved(path)?, resolved(source)?);
        match inner != outer && inner.starts_with(outer) {
            true => Err(MaintenanceError::Inside { path: path.to_owned(), directory: source.to_owned() }),
            false => Ok(()),
        }
    }

    /// Makes the directory with the mark in it. Without the mark it never has its name: an empty directory opens as a new database.
    fn appear(&self, what: &str) -> Result<(), MaintenanceError> {
        let root = self.directory.root();
        let draft = Directory::new(draft(root));
        self.media.create_dir_all(draft.root()).map_err(IoFailure::io("make", draft.root()))?;
        // Who was killed here before has left it, perhaps with the mark.
        check_empty(self.media, draft.root(), draft.unfinished().file_name())?;
        self.mark(&draft, what)?;
        Ok(self.media.rename_dir(draft.root(), root).map_err(IoFailure::io("rename to", root))?)
    }

    /// Marks `directory` as unfinished.
    fn mark(&self, directory: &Directory, what: &str) -> Result<(), IoFailure> {
        let path = directory.unfinished();
        files::write(self.media, &path, Open::Truncate, what.as_bytes())?;
        files::sync_name(self.media, &path)
    }

    /// Makes the file `path` of `bytes`.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), IoFailure> {
        files::write(self.media, path, Open::CreateNew, bytes)
    }

    /// Makes the file `to` of what is in the file `from` of another medium, or of this one. Returns its length.
    pub fn copy(&self, media: &dyn Media, from: &Path, to: &Path) -> Result<u64, DirectoryError> {
        const PIECE_BYTES: usize = 4 << 20;
        let source = media.open(from, Open::Read).map_err(IoFailure::io("open", from))?;
        let len = source.len().map_err(IoFailure::io("read", from))?;
        let file = self.media.open(to, Open::CreateNew).map_err(IoFailure::io("make", to))?;
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(len).unwrap_or(PIECE_BYTES))];
        let mut at = 0;
        while at < len {
            let piece = &mut piece[..(len - at).min(PIECE_BYTES as u64) as usize];
            source.read_exact_at(piece, at).map_err(IoFailure::io("read", from))?;
            file.write_all_at(piece, at).map_err(IoFailure::io("write", to))?;
            at += piece.len() as u64;
        }
        file.sync_data().map_err(IoFailure::io("sync", to))?;
        Ok(len)
    }

    /// Makes everything durable that is there.
    pub fn settle(&self) -> Result<(), DirectoryError> {
        files::sync_names(self.media, self.directory.wal())?;
        Ok(files::sync_names(self.media, self.directory.snapshots())?)
    }

    /// Reads everything once more that is there, as far as checksums tell: the log has to end with version `version`.
    pub fn read_again(&self, version: u64) -> Result<(), DirectoryError> {
        let (media, directory) = (self.media, &self.directory);
        let (snapshots, _) = directory.list_snapshots(media).map_err(IoFailure::io("list", directory.snapshots()))?;
        for snapshot in snapshots {
            Chain::open(media, directory, snapshot)?.check()?;
        }
        let (firsts, _) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
        for (index, first) in firsts.iter().enumerate() {
            let segment = SegmentFile::read(media, directory.segment(*first), *first)?;
            let RecordsEnd { version: last, at: end, .. } = segment.end();
            let expected = firsts.get(index + 1).map_or(version, |next| next - 1);
            // Nothing is behind the records of what is copied.
            if last != expected || end as u64 != segment.len() {
                return Err(
                    segment.damaged(end, format!("it was written up to version {expected}, and ends with {last}"))
                );
            }
        }
        Ok(())
    }

    /// It is whole, and its tables are `ids`: takes the mark away.
    pub fn finish(self, ids: &Ids) -> Result<Directory, DirectoryError> {
        let (mark, root) = (self.directory.unfinished(), self.directory.root());
        let text = ids.comments() + "\n" + &schema_of(root, ids)?.to_toml();
        self.put(&self.directory.schema(), text.as_bytes())?;
        files::sync_names(self.media, root)?;
        files::remove(self.media, &mark)?;
        Ok(self.directory)
    }
}

/// `path` from the root on, without steps up.
fn plain(path: &Path) -> PathBuf {
    // Where the process has no working directory, or the path is empty, it is compared as it is.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            component => plain.push(component),
        }
        plain
    })
}

/// Where the directory `root` is until it is marked: beside it.
fn draft(root: &Path) -> PathBuf {
    let mut draft = root.components().as_path().as_os_str().to_owned();
    draft.push(".unfinished");
    draft.into()
}

/// Refuses the directory `dir` if there is something in it but `allowed`.
fn check_empty(media: &dyn Media, dir: &Path, allowed: Option<&OsStr>) -> Result<(), MaintenanceError> {
    let names = media.list(dir).map_err(IoFailure::io("list", dir))?;
    match names.iter().find(|name| Some(name.as_os_str()) != allowed) {
        Some(found) => Err(MaintenanceError::NotEmpty { path: dir.to_owned(), found: found.display().to_string() }),
        None => Ok(()),
    }
}

/// What a new history goes on from.
pub struct Fork<'a> {
    /// The last version that it has in common with the old one.
    pub version: u64,
    /// The header of the segment before; none if there is none in the directory.
    pub before: Option<&'a Header>,
    /// The salt of the snapshot file that it goes on from if there is none before; 0 if it begins with nothing.
    pub base: u64,
    /// The number that the segment gets if there is none before.
    pub sequence: u64,
    /// The tables.
    pub ids: &'a Ids,
    /// The hash of the schema that they were written under.
    pub schema_hash: u64,
}

impl Fork<'_> {
    /// Makes a segment without versions in `directory`, in which a new history begins, durably. Returns its timeline. With it the log is
    /// closed, so an opening goes on in the same timeline.
    pub fn make(&self, media: &dyn Media, directory: &Directory) -> Result<u64, DirectoryError> {
        let header = Header {
            timeline: random(),
            salt: random(),
            sequence: self.before.map_or(self.sequence, |before| before.sequence + 1),
            previous: self.before.map_or(self.base, |before| before.salt),
            created: nanoseconds(media.now()),
            schema_hash: self.schema_hash,
            recycled: false,
            schema: self.ids.to_bytes(),
        };
        let (draft, path) = (directory.draft(header.sequence), directory.segment(self.version + 1));
        // A repair may find none.
        media.create_dir_all(directory.wal()).map_err(IoFailure::io("make", directory.wal()))?;
        let mut segment = Segment::create(media, &draft, &header, 0).map_err(IoFailure::io("make", &draft))?;
        let mut record = vec![0; RECORD_BYTES];
        let (salt, version, time) = (header.salt, self.version, header.created);
        let head = RecordHead { salt, version, durable: version, time, transactions: 0, kind: Kind::Close };
        seal(&mut record, &head);
        let written = segment.write(&record, head.kind).and_then(|()| segment.named.file.sync_data());
        written.map_err(IoFailure::io("write", &draft))?;
        segment.rename_durably(media, path)?;
        Ok(header.timeline)
    }
}
