//! What the files of a directory come to together: judged by the code that opens a directory.
//!
//! What an opening comes to is found by doing what it does. It stops at the first damage, and does not look at what is older than the
//! newest snapshot file; here the rest is read as well, by the same code.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use super::closed::ClosedDirectory;
use super::pieces::Pieces;
use super::progress::Steps;
use super::reach::{Bases, Reach, Way};
use super::report::Damage;
use super::survey::Survey;
use crate::media::Media;
use crate::persistence::codec::Tables;
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::handshake::SchemaMismatch;
use crate::persistence::ids::Ids;
use crate::persistence::recovery::{Filled, PassedOver, Segments, Sources, Start, Target, Teller, replay};
use crate::persistence::snapshot::{Chain, Destination, Loaded};
use crate::schema::{DatabaseSchema, SchemaError};
use crate::storage::{RowShape, Store};

/// What an opening would come to.
pub struct End {
    /// The version.
    pub version: u64,
    /// The history that it belongs to.
    pub timeline: u64,
    /// Whether the log was closed.
    pub was_closed: bool,
    /// Bytes that would be cut off.
    pub torn_bytes: u64,
    /// How many segments would stay.
    pub kept: usize,
    /// What the records of the last of them are told by; 0 if there is none.
    pub salt: u64,
    /// What is damaged of a snapshot file of version 0, if it would be passed over.
    passed_over: Option<Damage>,
}

/// What was found.
pub struct Judged {
    /// Which versions can be had.
    pub reach: Reach,
    /// What is damaged in the log, each with the last version before it.
    pub breaks: Vec<(u64, Damage)>,
    /// What an opening would come to, if there can be one.
    pub end: Option<End>,
}

impl Judged {
    /// Judges what `survey` has found in `closed`.
    pub fn of(closed: &ClosedDirectory, survey: &Survey, steps: &mut Steps<'_>) -> Result<Self, DirectoryError> {
        let bases = Bases::read(closed, &survey.snapshots, steps)?;
        let lines = Pieces::own(closed, survey).lines();
        let mut judged = Self { reach: Reach::of(Some(closed), bases, &lines)?, breaks: Vec::new(), end: None };
        steps.begin("opening", 1);
        let hindrance = match opening(closed, survey)? {
            Ok(mut end) => {
                judged.reach.bases.bad.extend(end.passed_over.take().map(|damage| (0, damage)));
                judged.end = Some(end);
                None
            }
            Err(damage) => Some(damage),
        };
        steps.advance(1);
        // What is read more than once is not told again.
        steps.begin("log", survey.found().map(|(_, found)| found.bytes).sum());
        let mut left = core::mem::take(&mut judged.reach.ways);
        left.reverse();
        while let Some(way) = left.pop() {
            left.extend(judged.follow(closed, survey, way, steps)?);
        }
        steps.advance(u64::MAX);
        judged.rest(survey);
        if let Some(damage) = hindrance {
            judged.hindrance(closed, survey, damage);
        }
        judged.breaks.sort_by_key(|(version, _)| *version);
        Ok(judged)
    }

    /// Reads the log of `way` from its first version on, and what comes behind it. Returns what is left of it behind a damage that nobody
    /// has seen from outside.
    fn follow(
        &mut self,
        closed: &ClosedDirectory,
        survey: &Survey,
        mut way: Way,
        steps: &mut Steps<'_>,
    ) -> Result<Option<Way>, DirectoryError> {
        let (from, tables) = (way.from(), self.reach.tables(&way, way.to).cloned());
        // What stands behind a damage cannot be read as it lies.
        let Some((ids, _)) = tables.filter(|_| !way.line.0.is_empty() && !way.is_stranded()) else {
            self.reach.ways.push(way);
            return Ok(None);
        };
        let ids = &ids;
        let firsts = survey.firsts();
        let (mut store, start) = load(closed, from, ids)?;
        let schema = schema_of(closed.path(), ids)?;
        let segments = Segments { media: &*closed.media, directory: &closed.directory, firsts: &firsts, threads: 1 };
        let mut rest = None;
        match replay(&segments, &Target { ids, schema: &schema }, start, &mut store, &mut |bytes| steps.advance(bytes))
        {
            Ok(replayed) => {
                way.to = way.to.min(replayed.version);
                let later = survey.snapshots.iter().find(|version| **version > way.to);
                if let Some(later) = later.filter(|_| !survey.is_bridged(way.to, &self.reach.bases.versions())) {
                    // To an opening from there this is no hindrance.
                    let what = format!("the log ends here, although a snapshot file has version {later}");
                    let (file, offset) = (closed.directory.segment(replayed.last.first), replayed.last.end);
                    self.breaks.push((way.to, Damage { file, offset, what, meaning: String::new() }));
                }
            }
            Err(error) => {
                let damage = Damage::of(error)?;
                let before = survey.version_before(&*closed.media, &damage.file, damage.offset);
                let reached = before.unwrap_or(from).clamp(from, way.to);
                if reached < way.to && way.bases.iter().any(|base| *base > reached) {
                    let bases = way.bases.iter().copied().filter(|base| *base > reached).collect();
                    rest = Some(Way { bases, ..way.clone() });
                }
                way.bases.retain(|base| *base <= reached);
                way.to = reached;
                if !survey.is_bridged(reached, &self.reach.bases.versions()) {
                    self.breaks.push((reached, damage));
                }
            }
        }
        self.reach.ways.push(way);
        Ok(rest)
    }

    /// Segments that nobody has come to: what is wrong with each by itself, and with their order.
    fn rest(&mut self, survey: &Survey) {
        let kept = self.end.as_ref().map_or(usize::MAX, |end| end.kept);
        let good = self.reach.bases.versions();
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
            let (last, end) = (found.front.last, found.front.end);
            let follows = next.found.as_ref().map_or(true, |next| next.header.previous == found.header.salt);
            let is_judged = self.reach.ways.iter().any(|way| way.from() < segment.first && last <= way.to);
            // What stands behind the end of the log was being written, and is no loss.
            if is_judged || survey.is_bridged(last, &good) || index + 1 >= kept || follows && last + 1 == next.first {
                continue;
            }
            let what = match last + 1 == next.first {
                true => "the next segment follows another one".into(),
                false => format!("no whole record, although the next segment begins with version {}", next.first),
            };
            let damage = Damage { file: segment.file.clone(), offset: end, what, meaning: String::new() };
            self.breaks.push((last, damage));
        }
    }

    /// What keeps the directory from being opened, if nothing that was found says so.
    fn hindrance(&mut self, closed: &ClosedDirectory, survey: &Survey, damage: Damage) {
        let mut known = self.breaks.iter().chain(&self.reach.bases.bad).map(|(_, known)| known);
        if known.any(|known| (&known.file, known.offset) == (&damage.file, damage.offset)) {
            return;
        }
        let before = survey.version_before(&*closed.media, &damage.file, damage.offset);
        let highest = self.reach.highest().map_or(0, |way| way.to);
        self.breaks.push((before.unwrap_or(highest), damage));
    }

    /// Everything that is damaged, with what it means.
    pub fn damages(&self, survey: &Survey) -> Vec<Damage> {
        let (highest, runs) = (survey.highest(), self.reach.runs());
        let of_log = |(version, damage): &(u64, Damage)| match damage.meaning.is_empty() {
            true => damage.clone().meaning(lost_after(*version, highest, &runs)),
            false => damage.clone(),
        };
        let of_snapshot = |(version, damage): &(u64, Damage)| {
            let meaning = match self.reach.way_to(*version) {
                Some(_) => format!("nothing is missing: version {version} can be had from what is before it"),
                None => format!("version {version} cannot be put together"),
            };
            damage.clone().meaning(meaning)
        };
        let mut all: Vec<Damage> = Vec::new();
        let of_snapshots = self.reach.bases.bad.iter().map(of_snapshot);
        for damage in self.breaks.iter().map(of_log).chain(of_snapshots) {
            // One place may keep the log from going on more than once, and a file may be the base of several.
            match all.iter_mut().find(|known| (&known.file, known.offset) == (&damage.file, damage.offset)) {
                Some(known) if known.meaning == damage.meaning => {}
                Some(known) => known.meaning = format!("{}; {}", known.meaning, damage.meaning),
                None => all.push(damage),
            }
        }
        all
    }
}

/// What it means that the log breaks off after `version`, of `highest` that there were, where `runs` can be had.
fn lost_after(version: u64, highest: u64, runs: &[(u64, u64)]) -> String {
    if let Some((_, to)) = runs.iter().find(|(from, to)| (from..=to).contains(&&(version + 1))) {
        return format!("nothing is missing: a snapshot file makes up for it, and versions up to {to} can be had");
    }
    match runs.iter().map(|(from, _)| *from).find(|from| *from > version) {
        Some(from) => format!("versions {} to {} cannot be reached", version + 1, from - 1),
        None if highest > version => format!("versions {} to {highest} cannot be reached", version + 1),
        None => format!("what came after version {version} cannot be reached"),
    }
}

/// What an opening of `closed` comes to, or what keeps it from being opened.
pub fn opening(closed: &ClosedDirectory, survey: &Survey) -> Result<Result<End, Damage>, DirectoryError> {
    let (media, directory) = (&*closed.media, &closed.directory);
    if directory.is_in_repair(media)? {
        let what = "a repair was begun, and not finished".into();
        let meaning = "nobody opens it until it is repaired again".into();
        return Ok(Err(Damage { file: directory.repairing(), offset: 0, what, meaning }));
    }
    let firsts = survey.firsts();
    let teller = RefCell::new(Teller::new(None));
    let sources = Sources { media, directory, firsts: &firsts, snapshots: &survey.listed, threads: 1, teller };
    let Some(last) = survey.segments.last() else {
        return match sources.check_new() {
            Ok(()) => Ok(Ok(End {
                version: 0,
                timeline: 0,
                was_closed: true,
                torn_bytes: 0,
                kept: 0,
                salt: 0,
                passed_over: None,
            })),
            Err(error) => Ok(Err(Damage::of(error)?)),
        };
    };
    let ids = match &last.found {
        Ok(found) => &found.ids,
        Err(damage) => return Ok(Err(damage.clone())),
    };
    let filled = fill(closed.path(), &sources, ids);
    Ok(match filled {
        Ok(Filled { replayed, passed_over, .. }) => Ok(End {
            version: replayed.version,
            timeline: replayed.timeline,
            was_closed: replayed.was_closed,
            torn_bytes: replayed.torn_bytes,
            kept: replayed.kept,
            salt: replayed.last.header.salt,
            passed_over: passed_over.into_iter().find(|passed| passed.version == 0).map(Damage::from),
        }),
        Err(error) => Err(Damage::of(error)?),
    })
}

/// Checks that `directory`, which was just written under the tables `ids`, opens to `version`, and that nothing is cut off for that. Returns
/// the snapshot files that are passed over.
pub fn opens_to(
    media: &dyn Media,
    directory: &Directory,
    ids: &Ids,
    version: u64,
) -> Result<Vec<PassedOver>, DirectoryError> {
    let (firsts, _) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
    let (snapshots, _) = directory.list_snapshots(media).map_err(IoFailure::io("list", directory.snapshots()))?;
    let teller = RefCell::new(Teller::new(None));
    let sources = Sources { media, directory, firsts: &firsts, snapshots: &snapshots, threads: 1, teller };
    let Filled { replayed, passed_over, .. } = fill(directory.root(), &sources, ids)?;
    let found = replayed.version;
    if found != version || replayed.kept != firsts.len() {
        let what = format!("version {found} was found in what was written, and {version} is expected");
        return Err(DirectoryError::Damaged { file: directory.root().to_owned(), offset: 0, what });
    }
    Ok(passed_over)
}

/// Reads `sources`, as an opening does with the schema that they have themselves.
pub fn fill(directory: &Path, sources: &Sources<'_>, ids: &Ids) -> Result<Filled, DirectoryError> {
    let schema = schema_of(directory, ids)?;
    let fresh = || Store::new(schema.tables().iter().map(RowShape::of), usize::MAX);
    sources.fill(&Target { ids, schema: &schema }, &fresh)
}

/// A store with the snapshot file of version `version` in it, or nothing if that is 0, under the tables `ids`; and what to go on from.
pub fn load(closed: &ClosedDirectory, version: u64, ids: &Ids) -> Result<(Store, Start), DirectoryError> {
    let schema = schema_of(closed.path(), ids)?;
    let mut store = Store::new(schema.tables().iter().map(RowShape::of), usize::MAX);
    store.begin_restore();
    if version == 0 {
        return Ok((store, Start::default()));
    }
    let chain = Chain::open(&*closed.media, &closed.directory, version)?;
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
