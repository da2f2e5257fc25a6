//! The names in the directory of a database.
//!
//! ```text
//! LOCK                        held while the database is open
//! schema.toml                 a copy of the schema, for readers
//! migrations.toml             what was changed about the tables, for readers
//! wal/00000000000000000001.wal   segments, by the first version in them
//! wal/00000000000000000002.new   the next segment, by its number, while it has no version
//! ```

use std::path::{Path, PathBuf};

use super::recovery::Migration;
use crate::media::{Media, Open};

/// How long the numbers in names are, so that names are in the order of numbers.
const DIGITS: usize = 20;

/// Where the files of a database are.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
    wal: PathBuf,
}

impl Directory {
    /// The directory `root`.
    pub fn new(root: PathBuf) -> Self {
        let wal = root.join("wal");
        Self { root, wal }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The lock.
    pub fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    /// The copy of the schema.
    pub fn schema(&self) -> PathBuf {
        self.root.join("schema.toml")
    }

    /// What was changed about the tables, and when.
    pub fn migrations(&self) -> PathBuf {
        self.root.join("migrations.toml")
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

    /// The first versions of all segments, ascending, and the drafts.
    pub fn list(&self, media: &dyn Media) -> std::io::Result<(Vec<u64>, Vec<PathBuf>)> {
        let (mut segments, mut drafts) = (Vec::new(), Vec::new());
        for name in media.list(&self.wal)? {
            let Some((number, ending)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
            if number.len() != DIGITS || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            match (ending, number.parse()) {
                ("wal", Ok(version)) => segments.push(version),
                ("new", _) => drafts.push(self.wal.join(&name)),
                // Somebody else's.
                _ => {}
            }
        }
        segments.sort_unstable();
        Ok((segments, drafts))
    }

    /// Puts `text` into the copy of the schema, unless it is there already.
    pub fn write_schema(&self, media: &dyn Media, text: &str) -> std::io::Result<()> {
        let path = self.schema();
        if let Ok(file) = media.open(&path, Open::Read) {
            let mut found = vec![0; text.len()];
            if file.len()? == text.len() as u64 && file.read_exact_at(&mut found, 0).is_ok() && found == text.as_bytes()
            {
                return Ok(());
            }
        }
        self.replace(media, &path, text.as_bytes())
    }

    /// Adds `migration`, after which the version is `version`, to the list of them.
    pub fn note_migration(
        &self,
        media: &dyn Media,
        migration: &Migration,
        version: u64,
        time: u64,
    ) -> std::io::Result<()> {
        let path = self.migrations();
        let mut text = Vec::new();
        if media.exists(&path)? {
            let file = media.open(&path, Open::Read)?;
            text = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
            file.read_exact_at(&mut text, 0)?;
        } else {
            text.extend_from_slice(
                b"# What was changed about the tables, for readers: nothing depends on this file.\n",
            );
        }
        let steps: String = migration.steps.iter().map(|step| format!("    {step:?},\n")).collect();
        let (from, rows) = (migration.from_version, migration.rows);
        let entry = format!(
            "\n[[migration]]\ntime = {time}\nfrom_version = {from}\nversion = {version}\nrows = {rows}\nsteps = [\n{steps}]\n"
        );
        text.extend_from_slice(entry.as_bytes());
        self.replace(media, &path, &text)
    }

    /// Puts `text` in the place of the file at `path`.
    fn replace(&self, media: &dyn Media, path: &Path, text: &[u8]) -> std::io::Result<()> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        let file = media.open(&draft, Open::Truncate)?;
        file.write_all_at(text, 0)?;
        file.sync_data()?;
        media.rename(&draft, path)?;
        media.sync_dir(&self.root)
    }
}
