//! A directory that can be opened again.
//!
//! What can be reached is kept; what is damaged, or leads nowhere without what is damaged, is moved to `repaired/<time>`. Nothing is
//! removed. First the plan, which says what is lost; then, if it is told to, the deed. After each step of it the directory opens to
//! the version of the plan, or is as damaged as it was, and can be repaired.

use core::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::closed::ClosedDirectory;
use super::destination::Fork;
use super::error::MaintenanceError;
use super::judge::{Judged, Run};
use super::progress::{Progress, Steps};
use super::report::Damage;
use super::salvage::Salvage;
use super::survey::Survey;
use crate::media::Open;
use crate::persistence::error::DirectoryError;
use crate::persistence::log::nanoseconds;
use crate::persistence::recovery::SegmentFile;
use crate::persistence::snapshot::Chain;

/// What a repair would do, and what would be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RepairPlan {
    /// The directory.
    pub directory: PathBuf,
    /// The version that it will open to; none if nothing can be saved.
    pub version: Option<u64>,
    /// The highest version that any file knows of: those in between are lost.
    pub highest: u64,
    /// What is damaged, and what that means.
    pub damages: Vec<Damage>,
    /// What is to be done, in order. Empty if the directory can be opened as it is, or nothing can be saved.
    pub steps: Vec<RepairStep>,
    /// Whether the log ends earlier than it did, so that another history begins.
    #[serde(skip)]
    breaks_off: bool,
}

/// A step of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum RepairStep {
    /// A file is moved away: it is damaged, or nothing leads to it any more.
    Move {
        /// The file.
        file: PathBuf,
    },
    /// A file is copied away, and then cut off.
    Cut {
        /// The file.
        file: PathBuf,
        /// The bytes that stay.
        bytes: u64,
    },
    /// A file is copied away, and what is good of it behind the damage takes its place: a snapshot file makes up for the rest.
    Salvage {
        /// The file.
        file: PathBuf,
        /// The first version that stays.
        first: u64,
        /// Where its record stands.
        from: u64,
        /// Where the last record ends.
        end: u64,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Repaired {
    /// The version that the directory opens to.
    pub version: u64,
    /// The history that begins there, if the log ends earlier than it did: versions that were lost are given out again, in this one.
    pub timeline: Option<u64>,
    /// Where the damaged files are now.
    pub kept_in: PathBuf,
}

impl RepairPlan {
    /// Whether there is something to do.
    pub fn is_needed(&self) -> bool {
        !self.steps.is_empty() || self.breaks_off && self.version.is_some()
    }
}

impl ClosedDirectory {
    /// What it takes to make the directory open again, and what would be lost. Changes nothing.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn plan_repair(&self, mut progress: impl FnMut(Progress)) -> Result<RepairPlan, MaintenanceError> {
        self.check_finished()?;
        let mut steps = Steps::new(&mut progress);
        let survey = Survey::of(self, &mut steps)?;
        let judged = Judged::of(self, &survey, &mut steps)?;
        // What is passed over is no hindrance; it goes all the same, so that nobody rests on it.
        let bad = judged.bad.iter().map(|(version, _)| self.directory.snapshot(*version));
        let mut steps: Vec<RepairStep> = bad.map(|file| RepairStep::Move { file }).collect();
        // An empty database is nothing that was saved.
        let best = judged.runs.iter().filter(|run| run.to > 0).max_by_key(|run| run.to);
        let version = judged.end.as_ref().map(|end| end.version).or(best.map(|best| best.to));
        let breaks_off = judged.end.is_none();
        let mut version = version;
        if let Some(best) = best.filter(|_| breaks_off) {
            let salvage = Salvage::find(self, &survey, &judged)?.filter(|salvage| salvage.to > best.to);
            let best = salvage.as_ref().map_or(*best, |salvage| Run { from: salvage.snapshot, to: salvage.to });
            version = Some(best.to);
            self.plan_log(&survey, best, salvage, &mut steps)?;
        }
        Ok(RepairPlan {
            directory: self.path().to_owned(),
            version,
            highest: survey.highest(),
            damages: judged.damages(&survey),
            steps: if version.is_some() { steps } else { Vec::new() },
            breaks_off,
        })
    }

    /// What has to be done to the log so that it ends with the run `best`.
    fn plan_log(
        &self,
        survey: &Survey,
        best: Run,
        salvage: Option<Salvage>,
        steps: &mut Vec<RepairStep>,
    ) -> Result<(), DirectoryError> {
        let mut next_first = u64::MAX;
        let mut is_cut = false;
        // From the last one on: what is left always follows from one to the next.
        for segment in survey.segments.iter().rev() {
            let file = segment.file.clone();
            let leads_nowhere = segment.first > best.to || segment.found.is_err() && next_first > best.from + 1;
            next_first = segment.first;
            if leads_nowhere {
                steps.push(RepairStep::Move { file });
                continue;
            }
            if let Some(Salvage { snapshot, from, end, .. }) = salvage.as_ref().filter(|salvage| salvage.file == file) {
                steps.push(RepairStep::Salvage { file, first: snapshot + 1, from: *from, end: *end });
                is_cut = true;
                continue;
            }
            let Ok(found) = &segment.found else { continue };
            let bytes = self.end_of(&file, segment.first, best.to)?;
            // Behind the end of the last one that stays something is damaged, or it would go on.
            if !is_cut && found.bytes > bytes {
                steps.push(RepairStep::Cut { file, bytes });
            }
            is_cut = true;
        }
        Ok(())
    }

    /// Where the records of a segment end that belong to versions up to `version`.
    fn end_of(&self, file: &Path, first: u64, version: u64) -> Result<u64, DirectoryError> {
        let segment = SegmentFile::read(&*self.media, file.to_owned(), first)?;
        let wanted = segment.heads().take_while(|(head, _)| head.version <= version);
        Ok(wanted.last().map_or(segment.start, |(_, end)| end) as u64)
    }

    /// Does what `plan` says, which was made of this directory as it is now. Nothing is removed: what is not kept is in
    /// `repaired/<nanoseconds since 1970>` afterwards, as it was.
    ///
    /// # Errors
    /// If there is nothing to do or nothing to be saved; or if the system refuses: what was done before stays done, and a new plan goes
    /// on from there.
    pub fn repair(&self, plan: &RepairPlan) -> Result<Repaired, MaintenanceError> {
        let (media, directory) = (&*self.media, &self.directory);
        let Some(version) = plan.version else { return Err(MaintenanceError::NothingToSave) };
        if !plan.is_needed() || plan.directory != self.path() {
            return Err(MaintenanceError::NothingToRepair);
        }
        self.lock()?;
        let kept_in = directory.root().join("repaired").join(nanoseconds(media.now()).to_string());
        media.create_dir_all(&kept_in).map_err(DirectoryError::io("make", &kept_in))?;
        for step in &plan.steps {
            if let RepairStep::Move { file } = step {
                self.move_away(file, &kept_in)?;
            }
        }
        for step in &plan.steps {
            if let RepairStep::Salvage { file, first, from, end } = step {
                self.salvage(file, *first, *from..*end, &kept_in)?;
            }
        }
        // Before anything is cut off: a log that ends with the mark of a close would go on in the old history.
        let timeline = if plan.breaks_off { Some(self.fork(version)?) } else { None };
        for step in &plan.steps {
            if let RepairStep::Cut { file, bytes } = step {
                self.cut(file, *bytes, &kept_in)?;
            }
        }
        Ok(Repaired { version, timeline, kept_in })
    }

    fn move_away(&self, file: &Path, kept_in: &Path) -> Result<(), DirectoryError> {
        let media = &*self.media;
        let to = kept_in.join(file.file_name().unwrap_or_default());
        media.rename(file, &to).map_err(DirectoryError::io("move", file))?;
        let from = file.parent().unwrap_or(self.directory.root());
        // First where it came to: whatever is lost then is lost from where it was.
        media.sync_dir(kept_in).map_err(DirectoryError::io("sync", kept_in))?;
        media.sync_dir(from).map_err(DirectoryError::io("sync", from))
    }

    /// Puts a file that ends after `bytes` in the place of `file`, which is copied first.
    fn cut(&self, file: &Path, bytes: u64, kept_in: &Path) -> Result<(), DirectoryError> {
        let content = self.copy_away(file, kept_in)?;
        self.put(&file.with_extension("new"), file, &content[..bytes as usize])
    }

    /// Puts the records `records` of `file`, of which the first has version `first`, in a segment of their own, and takes `file` away.
    fn salvage(&self, file: &Path, first: u64, records: Range<u64>, kept_in: &Path) -> Result<(), DirectoryError> {
        let (media, directory) = (&*self.media, &self.directory);
        let content = self.copy_away(file, kept_in)?;
        let segment = SegmentFile::parse(content, file.to_owned(), first)?;
        let mut kept = segment.bytes(0..segment.start).to_vec();
        kept.extend_from_slice(segment.bytes(records.start as usize..records.end as usize));
        let to = directory.segment(first);
        self.put(&directory.draft(segment.header.sequence), &to, &kept)?;
        if to != file {
            // From the snapshot file on, nobody reads it any more.
            media.remove(file).map_err(DirectoryError::io("remove", file))?;
            media.sync_dir(directory.wal()).map_err(DirectoryError::io("sync", directory.wal()))?;
        }
        Ok(())
    }

    /// Copies `file` durably to where damaged files are kept. Returns what is in it.
    fn copy_away(&self, file: &Path, kept_in: &Path) -> Result<Vec<u8>, DirectoryError> {
        let media = &*self.media;
        let source = media.open(file, Open::Read).map_err(DirectoryError::io("open", file))?;
        let len = source.len().map_err(DirectoryError::io("read", file))?;
        let mut content = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        source.read_exact_at(&mut content, 0).map_err(DirectoryError::io("read", file))?;
        self.write(&kept_in.join(file.file_name().unwrap_or_default()), &content)?;
        media.sync_dir(kept_in).map_err(DirectoryError::io("sync", kept_in))?;
        Ok(content)
    }

    /// Makes a segment of `content`, in the place of the one that may be there.
    fn put(&self, draft: &Path, path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
        self.write(draft, content)?;
        self.media.rename(draft, path).map_err(DirectoryError::io("rename to", path))?;
        let wal = self.directory.wal();
        self.media.sync_dir(wal).map_err(DirectoryError::io("sync", wal))
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
        let file = self.media.open(path, Open::Truncate).map_err(DirectoryError::io("make", path))?;
        file.write_all_at(content, 0).map_err(DirectoryError::io("write", path))?;
        file.sync_data().map_err(DirectoryError::io("sync", path))
    }

    /// Has a new history begin after `version`.
    fn fork(&self, version: u64) -> Result<u64, DirectoryError> {
        let (media, directory) = (&*self.media, &self.directory);
        let (firsts, _) = directory.list(media).map_err(DirectoryError::io("list", directory.wal()))?;
        let before = firsts.iter().rfind(|first| **first <= version);
        let front = |first: &u64| SegmentFile::front(media, directory.segment(*first));
        let (before, ids, schema_hash) = match before {
            Some(first) => {
                let (header, ids, _) = front(first)?;
                let hash = header.schema_hash;
                (Some(header), ids, hash)
            }
            None => {
                let chain = Chain::open(media, directory, version)?;
                (None, chain.newest().ids.clone(), chain.newest().header.schema_hash)
            }
        };
        Fork { version, before: before.as_ref(), sequence: 1, ids: &ids, schema_hash }.make(media, directory)
    }
}
