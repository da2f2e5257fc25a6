//! A directory that can be opened again.
//!
//! What can be reached is kept; what is damaged, or leads nowhere without what is damaged, is moved to `repaired/<time>`. Nothing is
//! removed. While it is being done the directory says so, and nobody opens it: whoever was stopped plans anew, and goes on.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::closed::ClosedDirectory;
use super::destination::Fork;
use super::error::MaintenanceError;
use super::judge::opens_to;
use super::plan::{RepairPlan, RepairStep};
use super::survey::directory_is_at;
use crate::media::Open;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::files;
use crate::persistence::ids::Ids;
use crate::persistence::json;
use crate::persistence::recovery::SegmentFile;
use crate::persistence::snapshot::read_header;
use crate::persistence::time::nanoseconds;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Repaired {
    /// The version that the directory opens to.
    pub version: u64,
    /// The history that begins there, if the directory could not be opened: versions that were lost are given out again, in this one.
    #[serde(serialize_with = "json::hex_if_any")]
    pub timeline: Option<u64>,
    /// Where the damaged files are now.
    #[serde(serialize_with = "json::path")]
    pub kept_in: PathBuf,
}

impl ClosedDirectory {
    /// Does what `plan` says, which was made of this directory as it is now. Nothing is removed: what is not kept is in
    /// `repaired/<nanoseconds since 1970>` afterwards, as it was, in a folder that was not there before.
    ///
    /// # Errors
    /// If there is nothing to do or nothing to be saved; if what was good behind a damage turns out not to be; or if the system refuses: what was done before stays done, and a new plan goes
    /// on from there. Until it has, nobody opens the directory.
    pub fn repair(&self, plan: &RepairPlan) -> Result<Repaired, MaintenanceError> {
        let (media, directory) = (&*self.media, &self.directory);
        let Some(version) = plan.version else { return Err(MaintenanceError::NothingToSave) };
        if !plan.is_needed() || plan.directory != self.path() {
            return Err(MaintenanceError::NothingToRepair);
        }
        self.lock()?;
        let kept_in = self.make_folder()?;
        if plan.fork.is_some() {
            // What is left in between may look like a log that was closed, and must not go on in the old history.
            let (mark, text) =
                (directory.repairing(), b"A repair is going on here: nothing but another one opens this.\n");
            files::write(media, &mark, Open::Truncate, text)?;
            files::sync_name(media, &mark)?;
        }
        // First what stands in the way of what takes its place.
        let is_move = |step: &&RepairStep| matches!(step, RepairStep::Move { .. });
        let others = plan.steps.iter().filter(|step| !is_move(step));
        for step in plan.steps.iter().filter(is_move).chain(others) {
            match step {
                RepairStep::Move { file } => self.move_away(file, &kept_in)?,
                RepairStep::Cut { file, bytes } => self.cut(file, *bytes, &kept_in)?,
                RepairStep::Salvage { .. } => self.salvage(step, &kept_in)?,
            }
        }
        let mut timeline = None;
        if let Some(tables) = &plan.fork {
            timeline = Some(self.fork(version, tables)?);
            // The log ends where it does now, whatever it had when it was closed.
            let ending = directory.ending();
            if media.exists(&ending).map_err(IoFailure::io("look for", &ending))? {
                self.move_away(&ending, &kept_in)?;
            }
            // What stands behind a damage could not be read as it lay. If it is no good, another plan sees that now.
            opens_to(media, directory, &tables.0, version)?;
            let mark = directory.repairing();
            files::remove(media, &mark)?;
        }
        Ok(Repaired { version, timeline, kept_in })
    }

    /// Makes the folder for what is moved away. The clock may have been set back to an earlier repair, whose files have the same names:
    /// then the next number is taken that is free.
    fn make_folder(&self) -> Result<PathBuf, IoFailure> {
        let (media, mut time) = (&*self.media, nanoseconds(self.media.now()));
        let path = loop {
            let path = self.directory.repaired(time);
            match media.exists(&path).map_err(IoFailure::io("look for", &path))? {
                true => time = time.wrapping_add(1),
                false => break path,
            }
        };
        media.create_dir_all(&path).map_err(IoFailure::io("make", &path))?;
        Ok(path)
    }

    fn move_away(&self, file: &Path, kept_in: &Path) -> Result<(), IoFailure> {
        let media = &*self.media;
        let to = kept_in.join(file.file_name().unwrap_or_default());
        // What is in the place of a file may be a directory.
        let moved = match directory_is_at(media, file)? {
            true => media.rename_dir(file, &to),
            false => media.rename(file, &to),
        };
        moved.map_err(IoFailure::io("move", file))?;
        // First where it came to: whatever is lost then is lost from where it was.
        files::sync_names(media, kept_in)?;
        files::sync_name(media, file)
    }

    /// Puts a file that ends after `bytes` in the place of `file`, which is copied first.
    fn cut(&self, file: &Path, bytes: u64, kept_in: &Path) -> Result<(), DirectoryError> {
        let content = self.copy_away(file, kept_in)?;
        let Some(content) = usize::try_from(bytes).ok().and_then(|bytes| content.get(..bytes)) else {
            return Err(changed(file, content.len()));
        };
        Ok(files::replace(&*self.media, &file.with_extension("new"), file, content)?)
    }

    /// Puts what is good of a file behind a damage in a segment of its own, and cuts off the file before it.
    fn salvage(&self, step: &RepairStep, kept_in: &Path) -> Result<(), DirectoryError> {
        let RepairStep::Salvage { file, bytes, first, from, end } = step else { return Ok(()) };
        let content = self.copy_away(file, kept_in)?;
        if *bytes > *end || *from > *end || *end > content.len() as u64 {
            return Err(changed(file, content.len()));
        }
        let segment = SegmentFile::parse(content, file.to_owned(), *first)?;
        let (media, draft, to) = (&*self.media, file.with_extension("new"), self.directory.segment(*first));
        files::replace(media, &draft, &to, &segment.extract(&(*from..*end)))?;
        // What begins where the file does takes its place.
        if to != *file {
            files::replace(media, &draft, file, segment.bytes(0..*bytes as usize))?;
        }
        Ok(())
    }

    /// Copies `file` durably to where damaged files are kept. Returns what is in it.
    fn copy_away(&self, file: &Path, kept_in: &Path) -> Result<Vec<u8>, IoFailure> {
        let media = &*self.media;
        let content = files::read(media, file)?;
        let copy = kept_in.join(file.file_name().unwrap_or_default());
        files::write(media, &copy, Open::Truncate, &content)?;
        files::sync_name(media, &copy)?;
        Ok(content)
    }

    /// Has a new history begin after `version`, under `tables`.
    fn fork(&self, version: u64, (ids, schema_hash): &(Ids, u64)) -> Result<u64, DirectoryError> {
        let (media, directory) = (&*self.media, &self.directory);
        let (firsts, _) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
        let before = firsts.iter().rfind(|first| **first <= version);
        let before = before.map(|first| SegmentFile::front(media, directory.segment(*first))).transpose()?;
        let before = before.as_ref().map(|(header, ..)| header);
        let snapshot = directory.snapshot(version);
        let is_held = media.exists(&snapshot).map_err(IoFailure::io("look for", &snapshot))?;
        // An archive finds the file by that to which the log goes on from it.
        let base = if is_held { read_header(media, &snapshot, version)?.salt } else { 0 };
        Fork { version, before, base, sequence: 1, ids, schema_hash: *schema_hash }.make(media, directory)
    }
}

/// The error that `file`, which has so many bytes, is not the one that a plan was made of.
fn changed(file: &Path, bytes: usize) -> DirectoryError {
    let what = "it was changed since the repair was planned: plan it again".into();
    DirectoryError::Damaged { file: file.to_owned(), offset: bytes as u64, what }
}
