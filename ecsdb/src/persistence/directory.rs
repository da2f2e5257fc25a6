//! The names in the directory of a database.
//!
//! ```text
//! LOCK                        held while the database is open
//! schema.toml                 a copy of the schema, for readers
//! wal/00000000000000000001.wal   segments, by the first version in them
//! wal/00000000000000000002.new   the next segment, by its number, while it has no version
//! ```

use std::path::{Path, PathBuf};

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
        let draft = self.root.join("schema.toml.new");
        let file = media.open(&draft, Open::Truncate)?;
        file.write_all_at(text.as_bytes(), 0)?;
        file.sync_data()?;
        media.rename(&draft, &path)?;
        media.sync_dir(&self.root)
    }
}
