//! What the files of a directory come to together: judged by the code that opens a directory.
//!
//! An opening stops at the first damage. Here the rest is looked at as well: behind a damage the log is taken up again from the
//! next snapshot file.

use std::path::Path;
use std::sync::Arc;

use super::closed::ClosedDirectory;
use super::progress::Steps;
use super::report::Damage;
use super::survey::Survey;
use crate::persistence::codec::Tables;
use crate::persistence::error::DirectoryError;
use crate::persistence::handshake::SchemaMismatch;
use crate::persistence::ids::Ids;
use crate::persistence::recovery::{Replayed, Segments, Start, Target, replay};
use crate::persistence::snapshot::{Chain, Destination, Loaded};
use crate::schema::{DatabaseSchema, SchemaError};
use crate::storage::{RowShape, Store};

/// Versions that can be had, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it begins with: a snapshot file of this version, or 0 for the beginning of the log.
    pub from: u64,
    /// The last of them.
    pub to: u64,
}

/// What was found.
pub struct Judged {
    /// The versions of the snapshot files that are in order, ascending.
    pub good: Vec<u64>,
    /// Those that are not, and what is damaged of them or of what they go on from.
    pub bad: Vec<(u64, Damage)>,
    /// Which versions can be had.
    pub runs: Vec<Run>,
    /// What is damaged in the log, each with the last version before it.
    pub breaks: Vec<(u64, Damage)>,
    /// What an opening would come to, if there can be one.
    pub end: Option<Replayed>,
}

impl Judged {
    /// Judges what `survey` has found in `closed`.
    pub fn of(closed: &ClosedDirectory, survey: &Survey, steps: &mut Steps<'_>) -> Result<Self, DirectoryError> {
        let mut judged = Self { good: Vec::new(), bad: Vec::new(), runs: Vec::new(), breaks: Vec::new(), end: None };
        judged.snapshots(closed, survey, steps)?;
        judged.log(closed, survey, steps)?;
        judged.rest(survey);
        Ok(judged)
    }

    /// Puts every snapshot file together, under the tables that it has.
    fn snapshots(
        &mut self,
        closed: &ClosedDirectory,
        survey: &Survey,
        steps: &mut Steps<'_>,
    ) -> Result<(), DirectoryError> {
        steps.begin("snapshot files", survey.snapshots.len() as u64);
        for version in &survey.snapshots {
            match load(closed, *version, None) {
                Ok(_) => self.good.push(*version),
                Err(error) => self.bad.push((*version, Damage::of(error)?)),
            }
            steps.advance(1);
        }
        Ok(())
    }

    /// Reads the log from its beginning, or from the oldest snapshot file; behind a damage from the next one.
    fn log(&mut self, closed: &ClosedDirectory, survey: &Survey, steps: &mut Steps<'_>) -> Result<(), DirectoryError> {
        let Some(ids) = survey.ids() else {
            let nothing = || {
                let what = "no segment is left of the log that was here".into();
                DirectoryError::Damaged { file: closed.directory.wal().to_owned(), offset: 0, what }
            };
            // Why they cannot be read is said of each.
            if survey.segments.is_empty() {
                self.breaks.push((0, Damage::of(nothing())?));
            }
            self.runs.extend(self.good.iter().map(|version| Run { from: *version, to: *version }));
            return Ok(());
        };
        let firsts = survey.firsts();
        let is_whole = firsts.first() == Some(&1);
        let mut starts: Vec<u64> = is_whole.then_some(0).into_iter().chain(self.good.iter().copied()).collect();
        if starts.is_empty() {
            // For what is wrong.
            starts.push(0);
        }
        steps.begin("log", survey.highest());
        let mut next = starts.first().copied();
        while let Some(from) = next {
            let (mut store, start) = load(closed, from, Some(ids))?;
            let schema = schema_of(closed.path(), ids)?;
            let target = Target { ids, schema: &schema };
            let (media, directory) = (&*closed.media, &closed.directory);
            let segments = Segments { media, directory, firsts: &firsts, threads: 1 };
            match replay(&segments, &target, start, &mut store, &mut |_| ()) {
                Ok(replayed) => {
                    let to = replayed.version;
                    self.runs.push(Run { from, to });
                    next = starts.iter().copied().find(|start| *start > to);
                    if let Some(later) = next {
                        if survey.is_bridged(to, later) {
                            continue;
                        }
                        // To an opening from there this is no hindrance.
                        let what = format!("the log ends here, although a snapshot file has version {later}");
                        let (file, offset) = (closed.directory.segment(replayed.last.first), replayed.last.end);
                        self.breaks.push((to, Damage { file, offset, what, meaning: String::new() }));
                    } else {
                        self.end = Some(replayed);
                    }
                }
                Err(error) => {
                    let damage = Damage::of(error)?;
                    let has_next = firsts.iter().any(|first| *first <= from + 1);
                    let before = survey.version_before(&*closed.media, &damage.file, damage.offset);
                    let reached = before.filter(|_| has_next).unwrap_or(from).max(from);
                    if from > 0 || is_whole {
                        self.runs.push(Run { from, to: reached });
                    }
                    next = starts.iter().copied().find(|start| *start > reached);
                    if !next.is_some_and(|later| survey.is_bridged(reached, later)) {
                        self.breaks.push((reached, damage));
                    }
                }
            }
        }
        steps.advance(survey.highest());
        Ok(())
    }

    /// Segments that nobody has come to: what is wrong with each by itself, and with their order.
    fn rest(&mut self, survey: &Survey) {
        let kept = self.end.as_ref().map_or(usize::MAX, |end| end.kept);
        for (index, segment) in survey.segments.iter().enumerate() {
            if self.breaks.iter().any(|(_, damage)| damage.file == segment.file) {
                continue;
            }
            let found = match &segment.found {
                Ok(found) => found,
                Err(damage) => {
                    self.breaks.push((segment.first - 1, damage.clone()));
                    continue;
                }
            };
            let Some(next) = survey.segments.get(index + 1) else { continue };
            let is_judged = self.runs.iter().any(|run| run.from < segment.first && found.last <= run.to);
            // What stands behind the end of the log was being written, and is no loss.
            let is_bridged = self.good.contains(&(next.first - 1)) && survey.is_bridged(found.last, next.first - 1);
            if is_judged || is_bridged || index + 1 >= kept || found.last + 1 == next.first {
                continue;
            }
            let what = format!("no whole record, although the next segment begins with version {}", next.first);
            let damage = Damage { file: segment.file.clone(), offset: found.end, what, meaning: String::new() };
            self.breaks.push((found.last, damage));
        }
        self.breaks.sort_by_key(|(version, _)| *version);
    }

    /// Everything that is damaged, with what it means.
    pub fn damages(&self, survey: &Survey) -> Vec<Damage> {
        let highest = survey.highest();
        let of_log = |(version, damage): &(u64, Damage)| damage.clone().meaning(self.lost_after(*version, highest));
        let of_snapshot = |(version, damage): &(u64, Damage)| {
            let meaning = match self.run_with(*version) {
                Some(_) => format!("nothing is missing: version {version} can be had from what is before it"),
                None => format!("version {version} cannot be put together"),
            };
            damage.clone().meaning(meaning)
        };
        let mut all: Vec<Damage> = Vec::new();
        for damage in self.breaks.iter().map(of_log).chain(self.bad.iter().map(of_snapshot)) {
            // One place may keep the log from going on more than once, and a file may be the base of several.
            match all.iter_mut().find(|known| (&known.file, known.offset) == (&damage.file, damage.offset)) {
                Some(known) => known.meaning = format!("{}; {}", known.meaning, damage.meaning),
                None => all.push(damage),
            }
        }
        all
    }

    /// The run that has version `version`.
    fn run_with(&self, version: u64) -> Option<Run> {
        self.runs.iter().copied().find(|run| (run.from..=run.to).contains(&version))
    }

    /// What it means that the log breaks off after `version`, of `highest` that there were.
    fn lost_after(&self, version: u64, highest: u64) -> String {
        match self.runs.iter().map(|run| run.from).find(|from| *from > version) {
            Some(from) if from == version + 1 => {
                format!("nothing is missing: a snapshot file has version {from}, and the log goes on from there")
            }
            Some(from) => format!("versions {} to {} cannot be reached", version + 1, from - 1),
            None if highest > version => format!("versions {} to {highest} cannot be reached", version + 1),
            None => format!("what came after version {version} cannot be reached"),
        }
    }
}

/// A store with the snapshot file of version `version` in it, or nothing if that is 0, under the tables `ids`, or under those of the
/// file; and what to go on from.
pub fn load(closed: &ClosedDirectory, version: u64, ids: Option<&Ids>) -> Result<(Store, Start), DirectoryError> {
    let chain = match version {
        0 => None,
        _ => Some(Chain::open(&*closed.media, &closed.directory, version)?),
    };
    let own = chain.as_ref().map(|chain| chain.newest().ids.clone());
    let ids = ids.or(own.as_ref()).expect("the beginning of a log is read under the tables of the log");
    let schema = schema_of(closed.path(), ids)?;
    let mut store = Store::new(schema.tables().iter().map(RowShape::of), usize::MAX);
    store.begin_restore();
    let Some(chain) = chain else { return Ok((store, Start::default())) };
    let tables = Tables::new(ids, Arc::clone(&schema));
    let to = Destination { tables: &tables, now: ids, threads: 1 };
    let Loaded { version, timeline, .. } = chain.load(&to, &mut store, |_, _| ())?;
    Ok((store, Start { version, timeline }))
}

/// The tables `ids` as a schema.
pub fn schema_of(directory: &Path, ids: &Ids) -> Result<Arc<DatabaseSchema>, DirectoryError> {
    let invalid = |error: SchemaError| SchemaMismatch {
        directory: directory.to_owned(),
        refused: Vec::new(),
        invalid: Some(error.into()),
    };
    Ok(Arc::new(ids.schema().map_err(invalid)?))
}
