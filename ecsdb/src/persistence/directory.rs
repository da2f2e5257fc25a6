//! The names in the directory of a database.
//!
//! ```text
//! LOCK                        held while the database is open
//! schema.toml                 a copy of the schema, for readers
//! migrations.toml             what was changed about the tables, for readers
//! wal/00000000000000000001.wal   segments, by the first version in them
//! wal/00000000000000000002.new   the next segment, by its number, while it has no version
//! wal/00000000000000000001.old   a segment that is needed no longer, to be written over
//! snapshots/00000000000000000007.snap       snapshot files, by the version in them
//! snapshots/00000000000000000009.snap.new   one that is being written
//! CLOSED                      where the log ended when it was closed last
//! UNFINISHED                  there while a backup or a restored directory is being made
//! REPAIRING                   there while a damaged directory is being repaired
//! repaired/<time>/            what a repair has moved away
//! ```

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{DirectoryError, IoFailure};
use super::files;
use super::format::Ending;
use super::recovery::Migration;
use crate::media::{Lock, Media, Open};

/// How long the numbers in names are, so that names are in the order of numbers.
const DIGITS: usize = 20;

/// More than the file has that says where the log ended.
const ENDING_BYTES_MAX: usize = 64;

/// Where repairs keep files as they were.
const REPAIRED: &str = "repaired";

/// Where the files of a database are.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
    wal: PathBuf,
    snapshots: PathBuf,
}

impl Directory {
    /// The directory `root`.
    pub fn new(root: PathBuf) -> Self {
        let (wal, snapshots) = (root.join("wal"), root.join("snapshots"));
        Self { root, wal, snapshots }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The lock.
    pub fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    /// Takes the lock, whose file is made if there is none.
    pub fn take_lock(&self, media: &dyn Media) -> Result<Lock, DirectoryError> {
        let path = self.lock();
        media.lock(&path).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => DirectoryError::Locked { path: path.clone() },
            _ => IoFailure::io("lock", &path)(error).into(),
        })
    }

    /// What says that the directory is being made from another one, and is not whole yet.
    pub fn unfinished(&self) -> PathBuf {
        self.root.join("UNFINISHED")
    }

    /// What says where the log ended when it was closed last.
    pub fn ending(&self) -> PathBuf {
        self.root.join("CLOSED")
    }

    /// Where the log ended when it was closed last, if that was written and can be read.
    pub fn read_ending(&self, media: &dyn Media) -> Result<Option<Ending>, DirectoryError> {
        let path = self.ending();
        if !media.exists(&path).map_err(IoFailure::io("look for", &path))? {
            return Ok(None);
        }
        let read = || {
            let file = media.open(&path, Open::Read)?;
            let mut bytes =
                vec![0; usize::try_from(file.len()?).map_or(ENDING_BYTES_MAX, |len| len.min(ENDING_BYTES_MAX))];
            file.read_exact_at(&mut bytes, 0).map(|()| Ending::from_bytes(&bytes))
        };
        let ending = match read().map_err(IoFailure::io("read", &path)) {
            Err(error) if !error.is_loss() => return Err(error.into()),
            read => read.unwrap_or(None),
        };
        if ending.is_none() {
            tracing::warn!(file = %path.display(), "it is damaged, and says nothing of where the log ended");
        }
        Ok(ending)
    }

    /// Notes durably where the log ends, which is durable.
    pub fn write_ending(&self, media: &dyn Media, ending: Ending) -> Result<(), IoFailure> {
        replace(media, &self.ending(), &ending.to_bytes())
    }

    /// What says that a repair is going on.
    pub fn repairing(&self) -> PathBuf {
        self.root.join("REPAIRING")
    }

    /// Whether a repair was begun, and not finished.
    pub fn is_in_repair(&self, media: &dyn Media) -> Result<bool, IoFailure> {
        let path = self.repairing();
        media.exists(&path).map_err(IoFailure::io("look for", &path))
    }

    /// Refuses a directory that is not whole yet.
    pub fn check_finished(&self, media: &dyn Media) -> Result<(), DirectoryError> {
        let path = self.unfinished();
        match media.exists(&path).map_err(IoFailure::io("look for", &path))? {
            true => Err(DirectoryError::Unfinished { path: self.root.clone() }),
            false => Ok(()),
        }
    }

    /// The copy of the schema.
    pub fn schema(&self) -> PathBuf {
        self.root.join("schema.toml")
    }

    /// What was changed about the tables, and when.
    pub fn migrations(&self) -> PathBuf {
        self.root.join("migrations.toml")
    }

    /// The files beside the log and the snapshot files that an opening or a close reads or makes, and their drafts.
    pub fn beside(&self) -> [PathBuf; 6] {
        let files = [self.schema(), self.migrations(), self.ending()];
        let drafts = files.each_ref().map(|file| draft_of(file));
        let ([schema, migrations, ending], [schema_draft, migrations_draft, ending_draft]) = (files, drafts);
        [schema, migrations, ending, schema_draft, migrations_draft, ending_draft]
    }

    /// The directory of the segments.
    pub fn wal(&self) -> &Path {
        &self.wal
    }

    /// The segment whose first version is `version`.
    pub fn segment(&self, version: u64) -> PathBuf {
        self.wal.join(format!("{version:0DIGITS$}.wal"))
    }

    /// A segment with the number `sequence` that has no version yet.
    pub fn draft(&self, sequence: u64) -> PathBuf {
        self.wal.join(format!("{sequence:0DIGITS$}.new"))
    }

    /// The directory of the snapshot files.
    pub fn snapshots(&self) -> &Path {
        &self.snapshots
    }

    /// The snapshot file of version `version`.
    pub fn snapshot(&self, version: u64) -> PathBuf {
        self.snapshots.join(format!("{version:0DIGITS$}.snap"))
    }

    /// The same while it is being written.
    pub fn snapshot_draft(&self, version: u64) -> PathBuf {
        self.snapshots.join(format!("{version:0DIGITS$}.snap.new"))
    }

    /// The segment whose first version is `version`, when it is needed no longer.
    pub fn spare(&self, version: u64) -> PathBuf {
        self.wal.join(format!("{version:0DIGITS$}.old"))
    }

    /// The first versions of all segments, ascending; and drafts, and segments that are needed no longer. Nothing if there is no directory
    /// of them.
    pub fn list(&self, media: &dyn Media) -> std::io::Result<(Vec<u64>, Vec<PathBuf>)> {
        let (mut firsts, drafts) = numbered(media, &self.wal, "wal", &["new", "old"])?;
        // Versions begin with 1, and another one comes after each: what is called otherwise is somebody else's.
        firsts.retain(|first| (1..u64::MAX).contains(first));
        Ok((firsts, drafts))
    }

    /// The versions of all snapshot files, ascending, and the drafts. Nothing if there is no directory of them.
    pub fn list_snapshots(&self, media: &dyn Media) -> std::io::Result<(Vec<u64>, Vec<PathBuf>)> {
        let (mut versions, drafts) = numbered(media, &self.snapshots, "snap", &["snap.new"])?;
        versions.retain(|version| *version < u64::MAX);
        Ok((versions, drafts))
    }

    /// Whether there is anything of a database: its log, or what is beside it. Whoever copies directories may leave out empty ones.
    pub fn holds_anything(&self, media: &dyn Media) -> std::io::Result<bool> {
        for path in [self.wal().to_owned(), self.schema(), self.unfinished()] {
            if media.exists(&path)? {
                return Ok(true);
            }
        }
        Ok(!self.list_snapshots(media)?.0.is_empty())
    }

    /// Where a repair that begins at `time` keeps files as they were.
    pub fn repaired(&self, time: u64) -> PathBuf {
        self.root.join(REPAIRED).join(time.to_string())
    }

    /// The first versions of all segments that a repair has put away or cut off.
    pub fn list_repaired(&self, media: &dyn Media) -> std::io::Result<BTreeSet<u64>> {
        let (root, mut firsts) = (self.root.join(REPAIRED), BTreeSet::new());
        let listed = |listed: std::io::Result<Vec<OsString>>| match listed {
            // Somebody may have put a file there, or taken all away.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
            listed => listed,
        };
        for time in listed(media.list(&root))? {
            let names = listed(media.list(&root.join(time)))?;
            firsts.extend(
                names
                    .iter()
                    .filter_map(|name| number(name))
                    .filter(|(_, found)| *found == "wal")
                    .map(|(first, _)| first),
            );
        }
        Ok(firsts)
    }

    /// Puts `text` into the copy of the schema, unless it is there already.
    pub fn write_schema(&self, media: &dyn Media, text: &str) -> Result<(), IoFailure> {
        let path = self.schema();
        if let Ok(file) = media.open(&path, Open::Read) {
            let mut found = vec![0; text.len()];
            let len = file.len().map_err(IoFailure::io("read", &path))?;
            if len == text.len() as u64 && file.read_exact_at(&mut found, 0).is_ok() && found == text.as_bytes() {
                return Ok(());
            }
        }
        replace(media, &path, text.as_bytes())
    }

    /// Adds `migration`, after which the version is `version`, to the list of them.
    pub fn note_migration(
        &self,
        media: &dyn Media,
        migration: &Migration,
        version: u64,
        time: u64,
    ) -> Result<(), IoFailure> {
        let path = self.migrations();
        let mut text = match media.exists(&path).map_err(IoFailure::io("look for", &path))? {
            true => files::read(media, &path)?,
            false => b"# What was changed about the tables, for readers: nothing depends on this file.\n".to_vec(),
        };
        let steps: String = migration.steps.iter().map(|step| format!("    {step:?},\n")).collect();
        let (from, rows) = (migration.from_version, migration.rows);
        let entry = format!(
            "\n[[migration]]\ntime = {time}\nfrom_version = {from}\nversion = {version}\nrows = {rows}\nsteps = [\n{steps}]\n"
        );
        text.extend_from_slice(entry.as_bytes());
        replace(media, &path, &text)
    }
}

/// Puts `bytes` in the place of the file at `path`.
fn replace(media: &dyn Media, path: &Path, bytes: &[u8]) -> Result<(), IoFailure> {
    files::replace(media, &draft_of(path), path, bytes)
}

/// What the file `path`, which is always there as a whole, is called while it is written.
fn draft_of(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    draft.into()
}

/// The numbers of the files `NUMBER.ending` in `dir`, ascending, and the paths of those that end as `endings_of_drafts` say. None if there
/// is no `dir`.
fn numbered(
    media: &dyn Media,
    dir: &Path,
    ending: &str,
    endings_of_drafts: &[&str],
) -> std::io::Result<(Vec<u64>, Vec<PathBuf>)> {
    let (mut numbers, mut drafts) = (Vec::new(), Vec::new());
    let names = match media.list(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    for name in names {
        match number(&name) {
            Some((number, found)) if found == ending => numbers.push(number),
            Some((_, found)) if endings_of_drafts.contains(&found) => drafts.push(dir.join(&name)),
            // Somebody else's.
            _ => {}
        }
    }
    numbers.sort_unstable();
    Ok((numbers, drafts))
}

/// The number and the ending of the file `name`, if it is called as files with numbers are.
fn number(name: &OsStr) -> Option<(u64, &str)> {
    let (number, ending) = name.to_str()?.split_once('.')?;
    let is_number = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten().map(|number| (number, ending))
}
