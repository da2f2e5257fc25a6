//! What it takes to make a directory open again.
//!
//! The way to the highest version that can be had is kept, and whatever else can be had and does not stand in its way. What an
//! opening would stumble over goes.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::closed::ClosedDirectory;
use super::error::MaintenanceError;
use super::judge::Judged;
use super::pieces::{Piece, Place};
use super::progress::{Progress, Steps};
use super::reach::{Way, merged};
use super::report::Damage;
use super::survey::{Found, Survey};
use crate::persistence::error::DirectoryError;
use crate::persistence::ids::Ids;
use crate::persistence::json;
use crate::persistence::recovery::SegmentFile;

/// What a repair would do, and what would be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RepairPlan {
    /// The directory.
    #[serde(serialize_with = "json::path")]
    pub directory: PathBuf,
    /// The version that it will open to; none if nothing can be saved.
    pub version: Option<u64>,
    /// The highest version that any file knows of: those in between are lost.
    pub highest: u64,
    /// Which versions will be there to be restored: the first and the last one of each run.
    pub reachable: Vec<(u64, u64)>,
    /// What is damaged, and what that means.
    pub damages: Vec<Damage>,
    /// What is to be done to files, in order. [`Self::is_needed`] says whether there is something to do: another history may have to
    /// begin, although all files stay as they are.
    pub steps: Vec<RepairStep>,
    /// The tables under which another history begins, if one has to: the directory cannot be opened as it is.
    #[serde(rename = "begins_history", serialize_with = "json::is_there")]
    pub(super) fork: Option<(Ids, u64)>,
}

/// A step of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum RepairStep {
    /// A file is moved away: it is damaged, or nothing leads to it any more.
    Move {
        /// The file.
        #[serde(serialize_with = "json::path")]
        file: PathBuf,
    },
    /// A file is copied away, and then cut off.
    Cut {
        /// The file.
        #[serde(serialize_with = "json::path")]
        file: PathBuf,
        /// The bytes that stay.
        bytes: u64,
    },
    /// A file is copied away. What is good of it behind the damage gets a file of its own, since a snapshot file makes up for the
    /// rest; what is good before stays where it is.
    Salvage {
        /// The file.
        #[serde(serialize_with = "json::path")]
        file: PathBuf,
        /// The bytes that stay.
        bytes: u64,
        /// The first version behind the damage.
        first: u64,
        /// Where its record stands.
        from: u64,
        /// Where the last record ends.
        end: u64,
    },
}

impl RepairPlan {
    /// Whether there is something to do.
    pub fn is_needed(&self) -> bool {
        !self.steps.is_empty() || self.fork.is_some()
    }
}

impl RepairStep {
    /// The file that is changed or moved.
    pub fn file(&self) -> &Path {
        match self {
            Self::Move { file } | Self::Cut { file, .. } | Self::Salvage { file, .. } => file,
        }
    }
}

impl ClosedDirectory {
    /// What it takes to make the directory open again, and what would be lost. Changes nothing. Of a repair that was interrupted it is
    /// what is left to be done.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn plan_repair(&self, mut progress: impl FnMut(Progress)) -> Result<RepairPlan, MaintenanceError> {
        self.check_finished()?;
        let mut steps = Steps::new(&mut progress);
        let survey = Survey::of(self, &mut steps)?;
        let judged = Judged::of(self, &survey, &mut steps)?;
        let reach = &judged.reach;
        let mut plan = RepairPlan {
            directory: self.path().to_owned(),
            version: judged.end.as_ref().map(|end| end.version),
            highest: survey.highest(),
            reachable: Vec::new(),
            damages: survey.folder_damages().chain(judged.damages(&survey)).collect(),
            steps: self.bad_snapshots(&judged),
            fork: None,
        };
        if judged.end.is_none() {
            // An empty database is nothing that was saved.
            let best = reach.highest().filter(|way| way.to > 0);
            let tables = best.and_then(|way| reach.tables(way, way.to));
            let (Some(best), Some(tables)) = (best, tables) else {
                plan.steps.clear();
                plan.reachable = reach.runs();
                return Ok(plan);
            };
            (plan.version, plan.fork) = (Some(best.to), Some(tables.clone()));
            self.plan_log(&survey, best, &mut plan.steps)?;
        }
        for folder in &survey.folders {
            if plan.step_for(folder).is_none() {
                plan.steps.push(RepairStep::Move { file: folder.clone() });
            }
        }
        self.plan_gaps(&survey, &mut plan);
        let kept = reach.ways.iter().filter(|way| way.line.0.iter().all(|piece| plan.keeps(piece)));
        plan.reachable = merged(kept.flat_map(Way::runs).collect());
        Ok(plan)
    }

    /// Snapshot files that are no good go, so that nobody rests on them; unless a good one goes on from them.
    fn bad_snapshots(&self, judged: &Judged) -> Vec<RepairStep> {
        let bases = &judged.reach.bases;
        let is_needed = |version: &u64| bases.good.iter().any(|base| base.chain.contains(version));
        let going = bases.bad.iter().map(|(version, _)| version).filter(|version| !is_needed(version));
        // One that is not there is the base of another one.
        let files = going.map(|version| RepairStep::Move { file: self.directory.snapshot(*version) });
        files.collect()
    }

    /// What has to be done to the log so that it ends with `best`.
    fn plan_log(&self, survey: &Survey, best: &Way, steps: &mut Vec<RepairStep>) -> Result<(), DirectoryError> {
        // What is older leads somewhere else, and stays.
        let begins = if best.line.0.is_empty() { best.to + 1 } else { best.line.first() };
        let mut is_end = true;
        // From the last one on: what is left always follows from one to the next.
        for segment in survey.segments.iter().rev() {
            let file = segment.file.clone();
            let piece = best.line.0.iter().rfind(|piece| piece.file() == Some(&file));
            let found = match &segment.found {
                Ok(found) if segment.first <= best.to && (piece.is_some() || segment.first < begins) => found,
                // It hinders only what goes on from before it.
                Err(_) if segment.first < begins && !is_end => continue,
                _ => {
                    steps.push(RepairStep::Move { file });
                    continue;
                }
            };
            if let Some(Piece { first, place: Place::Stranded(_, records), .. }) = piece {
                let bytes = found.front.end;
                let (first, from, end) = (*first, records.start, records.end);
                steps.push(RepairStep::Salvage { file, bytes, first, from, end });
                is_end = false;
                continue;
            }
            let bytes = self.end_of(found, &file, segment.first, best.to)?;
            // Where the log goes on elsewhere, nothing that is damaged is left.
            let is_left = is_end || piece.is_none() && segment.first < begins;
            if is_left && (found.is_torn || bytes < found.front.end) {
                steps.push(RepairStep::Cut { file, bytes });
            }
            is_end = false;
        }
        Ok(())
    }

    /// What a repair leaves out is told from what somebody else has cut off by what is put away: so where versions are missing, and
    /// nothing is put away, the segment before is.
    fn plan_gaps(&self, survey: &Survey, plan: &mut RepairPlan) {
        for gap in survey.gaps(&[]).into_iter().filter(|gap| !gap.is_of_repair) {
            let (before, after) = (plan.step_for(&gap.before), plan.step_for(&gap.after));
            if before.is_none() && !matches!(after, Some(RepairStep::Move { .. })) {
                plan.steps.push(RepairStep::Cut { file: gap.before, bytes: gap.end });
            }
        }
        // What the new history follows may end before its first version.
        let Some(version) = plan.version.filter(|_| plan.fork.is_some()) else { return };
        let is_left = |file: &Path| !matches!(plan.step_for(file), Some(RepairStep::Move { .. }));
        let mut left = survey.found().rev().filter(|(segment, _)| segment.first <= version && is_left(&segment.file));
        let Some((segment, found)) = left.next().filter(|(_, found)| found.front.last < version) else { return };
        let mut behind = survey.segments.iter().filter(|behind| (segment.first..=version).contains(&behind.first));
        if !survey.is_repaired(segment.first, version + 1)
            && !behind.any(|behind| plan.step_for(&behind.file).is_some())
        {
            plan.steps.push(RepairStep::Cut { file: segment.file.clone(), bytes: found.front.end });
        }
    }

    /// Where the records of a segment end that belong to versions up to `version`.
    fn end_of(&self, found: &Found, file: &Path, first: u64, version: u64) -> Result<u64, DirectoryError> {
        if found.front.last <= version {
            return Ok(found.front.end);
        }
        let segment = SegmentFile::read(&*self.media, file.to_owned(), first)?;
        Ok(segment.after(version, found.front.end as usize) as u64)
    }
}

impl RepairPlan {
    /// What is to be done with `file`.
    fn step_for(&self, file: &Path) -> Option<&RepairStep> {
        self.steps.iter().find(|step| step.file() == file)
    }

    /// Whether what `piece` holds is there afterwards.
    fn keeps(&self, piece: &Piece) -> bool {
        let Some(step) = piece.file().and_then(|file| self.step_for(file)) else {
            return true;
        };
        match (step, &piece.place) {
            (RepairStep::Move { .. }, _) => piece.last < piece.first,
            (RepairStep::Cut { .. }, Place::File(_)) | (RepairStep::Salvage { .. }, Place::File(_)) => true,
            (RepairStep::Salvage { from, .. }, Place::Stranded(_, records)) => records.start == *from,
            (_, _) => false,
        }
    }
}
