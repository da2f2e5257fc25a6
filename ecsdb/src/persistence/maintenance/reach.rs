//! Which versions can be had, by which files.
//!
//! A version is put together from a snapshot file, or from nothing where the log begins, and from the log from there on. This is the
//! one place that says which: what is verified, what a restore copies and what a repair keeps is all taken from here.

use core::cmp::Reverse;

use super::closed::ClosedDirectory;
use super::judge::load;
use super::pieces::{Line, Piece, Place};
use super::progress::Steps;
use super::report::Damage;
use crate::persistence::archive::ArchivedSnapshot;
use crate::persistence::error::DirectoryError;
use crate::persistence::ids::Ids;
use crate::persistence::recovery::other_timeline;
use crate::persistence::snapshot::Chain;

/// A snapshot file that is in order, with those that it goes on from; or one in the archive, of which nobody knows before it is fetched.
#[derive(Clone)]
pub struct Base {
    /// Its version.
    pub version: u64,
    /// The history that this belongs to.
    pub timeline: u64,
    /// When that was the last version.
    pub time: u64,
    /// What its frames are told by.
    pub salt: u64,
    /// The versions of all files of the directory that it takes: the newest first.
    pub chain: Vec<u64>,
    /// Its tables, and the hash of their schema, if they are known.
    pub tables: Option<(Ids, u64)>,
    /// Where it is if it is not in the directory.
    pub archived: Option<ArchivedSnapshot>,
}

/// The snapshot files of a directory, and of an archive.
#[derive(Clone, Default)]
pub struct Bases {
    /// Those that are in order, by ascending versions.
    pub good: Vec<Base>,
    /// The versions of those that are not, and what is damaged of them or of what they go on from.
    pub bad: Vec<(u64, Damage)>,
}

impl Bases {
    /// Reads every snapshot file, under the tables that it has.
    pub fn read(closed: &ClosedDirectory, versions: &[u64], steps: &mut Steps<'_>) -> Result<Self, DirectoryError> {
        let mut bases = Self::default();
        steps.begin("snapshot files", versions.len() as u64);
        for version in versions {
            let base = Chain::open(&*closed.media, &closed.directory, *version).and_then(|chain| {
                let newest = chain.newest();
                load(closed, *version, &newest.ids)?;
                Ok(Base {
                    version: *version,
                    timeline: newest.header.timeline,
                    time: newest.header.time,
                    salt: newest.header.salt,
                    chain: chain.versions(),
                    tables: Some((newest.ids.clone(), newest.header.schema_hash)),
                    archived: None,
                })
            });
            match base {
                Ok(base) => bases.good.push(base),
                Err(error) => bases.bad.push((*version, Damage::of(error)?)),
            }
            steps.advance(1);
        }
        Ok(bases)
    }

    /// The versions of those that are in order.
    pub fn versions(&self) -> Vec<u64> {
        self.good.iter().map(|base| base.version).collect()
    }

    /// Adds those of an archive that are whole, and not here.
    pub fn add(&mut self, archived: Vec<ArchivedSnapshot>) {
        for snapshot in archived.into_iter().filter(ArchivedSnapshot::is_whole) {
            let ArchivedSnapshot { version, timeline, time, salt, .. } = snapshot;
            if !self.good.iter().any(|base| (base.version, base.salt) == (version, salt)) {
                let (chain, archived) = (Vec::new(), Some(snapshot));
                self.good.push(Base { version, timeline, time, salt, chain, tables: None, archived });
            }
        }
        // What is at hand comes before what has to be fetched.
        self.good.sort_by_key(|base| base.version);
    }

    /// Forgets the one with the salt `salt`, which has turned out to be no good.
    pub fn forget(&mut self, salt: u64) {
        self.good.retain(|base| base.salt != salt);
    }

    /// That of version `version` along `way`, if it begins there.
    pub fn of(&self, way: &Way, version: u64) -> Option<&Base> {
        let is_it = |base: &&Base| base.version == version && way.rests_on(base);
        self.good.iter().find(is_it).filter(|_| way.bases.contains(&version))
    }

    /// Takes out those that have a version of another history than the log of the directory has.
    fn reject_strange(&mut self, closed: &ClosedDirectory, lines: &[Line]) -> Result<(), DirectoryError> {
        let own = || lines.iter().flat_map(|line| &line.0).filter(|piece| piece.file().is_some());
        let is_strange = |base: &Base| {
            let mut with = own().filter(|piece| (piece.first..=piece.last).contains(&base.version)).peekable();
            base.archived.is_none() && with.peek().is_some() && with.all(|piece| piece.timeline != base.timeline)
        };
        let (strange, good) = core::mem::take(&mut self.good).into_iter().partition(is_strange);
        self.good = good;
        let strange: Vec<Base> = strange;
        for Base { version, timeline, .. } in strange {
            self.bad.push((version, Damage::of(other_timeline(&closed.directory, version, timeline))?));
        }
        self.bad.sort_by_key(|(version, _)| *version);
        Ok(())
    }
}

/// Versions that can be had, one after the other.
#[derive(Clone, Debug)]
pub struct Way {
    /// The log; nothing if a snapshot file is all that there is.
    pub line: Line,
    /// What it can begin with, ascending: snapshot files of these versions, or 0 for nothing.
    pub bases: Vec<u64>,
    /// The last version that is a state.
    pub to: u64,
    /// The salt of the snapshot file if that is all that there is; 0 otherwise.
    pub salt: u64,
}

impl Way {
    /// The first version.
    pub fn from(&self) -> u64 {
        self.bases.first().copied().unwrap_or(0)
    }

    /// Whether it can begin with `base`.
    pub fn rests_on(&self, base: &Base) -> bool {
        if self.line.0.is_empty() { base.salt == self.salt } else { goes_on(&self.line, base) }
    }

    /// As much of it as the first `count` segments have, up to version `to`; nothing if it does not begin before that.
    pub fn front(&self, count: usize, to: u64) -> Option<Self> {
        let mut front = self.clone();
        front.line.0.truncate(count);
        let last = front.line.0.last_mut()?;
        last.last = last.last.min(to);
        let to = last.last;
        front.bases.retain(|base| *base <= to);
        front.to = front.to.min(to);
        (!front.bases.is_empty()).then_some(front)
    }

    /// The history that version `version` belongs to, if there is anything in it.
    pub fn timeline_of(&self, bases: &Bases, version: u64) -> Option<u64> {
        match self.line.with(version) {
            Some(piece) => Some(piece.timeline),
            None => bases.of(self, version).map(|base| base.timeline),
        }
    }

    /// Whether version `version` can be had, as far as that is known without fetching objects.
    pub fn has(&self, version: u64) -> bool {
        let is_part = self.line.with(version).is_some_and(|piece| piece.whole.is_some_and(|whole| version < whole));
        (self.from()..=self.to).contains(&version) && !is_part
    }

    /// The last base that version `version` can be put together from.
    pub fn base_of(&self, version: u64) -> u64 {
        self.bases.iter().copied().rfind(|base| *base <= version).unwrap_or(0)
    }

    /// What of the log is needed for version `version`. Marks of the version of the snapshot file may say more about it.
    pub fn pieces_of(&self, version: u64) -> Vec<Piece> {
        let base = self.base_of(version);
        let is_needed = |piece: &&Piece| piece.last >= base && piece.first <= version;
        self.line.0.iter().filter(is_needed).cloned().collect()
    }

    /// Whether some of it stands behind a damage.
    pub fn is_stranded(&self) -> bool {
        self.line.0.iter().any(|piece| matches!(piece.place, Place::Stranded(..)))
    }

    /// The versions that can be had: the first and the last one of each run.
    pub fn runs(&self) -> Vec<(u64, u64)> {
        let mut runs = vec![(self.from(), self.to)];
        for piece in &self.line.0 {
            let Some(whole) = piece.whole.filter(|whole| *whole > piece.first) else { continue };
            let last = runs.pop().unwrap_or_default();
            let halves = [(last.0, last.1.min(piece.first - 1)), (last.0.max(whole), last.1)];
            runs.extend(halves.into_iter().filter(|(from, to)| from <= to));
        }
        runs
    }
}

/// All ways to versions.
pub struct Reach {
    /// The snapshot files.
    pub bases: Bases,
    /// The ways: those that the directory ends with first, and snapshot files that no log goes on from last.
    pub ways: Vec<Way>,
}

impl Reach {
    /// What can be had with `bases`, which `closed` has, and `lines`.
    pub fn of(closed: Option<&ClosedDirectory>, mut bases: Bases, lines: &[Line]) -> Result<Self, DirectoryError> {
        if let Some(closed) = closed {
            bases.reject_strange(closed, lines)?;
        }
        let mut ways: Vec<Way> = lines.iter().filter_map(|line| way(line, &bases)).collect();
        for base in &bases.good {
            if !ways.iter().any(|way| way.bases.contains(&base.version) && way.rests_on(base)) {
                let (version, salt) = (base.version, base.salt);
                ways.push(Way { line: Line::default(), bases: vec![version], to: version, salt });
            }
        }
        Ok(Self { bases, ways })
    }

    /// The way to version `version`.
    pub fn way_to(&self, version: u64) -> Option<&Way> {
        self.ways.iter().find(|way| way.has(version))
    }

    /// The way to the highest version that can be had: of several the one with the most versions.
    pub fn highest(&self) -> Option<&Way> {
        self.ways.iter().max_by_key(|way| (way.to, Reverse(way.from())))
    }

    /// The versions that can be had, in order: the first and the last one of each run.
    pub fn runs(&self) -> Vec<(u64, u64)> {
        merged(self.ways.iter().flat_map(Way::runs).collect())
    }

    /// The tables of version `version`, which `way` has. Of the last one the log may have a segment without records behind it, which was made
    /// for other tables; and a snapshot file of it is written later than what is before it in the log. Nothing if an object has to be fetched
    /// for that.
    pub fn tables<'r>(&'r self, way: &'r Way, version: u64) -> Option<&'r (Ids, u64)> {
        let before = match self.bases.of(way, version) {
            Some(base) => base.tables.as_ref(),
            None => way.line.with(version).or(way.line.0.first()).and_then(|piece| piece.tables.as_ref()),
        };
        let last = way.line.0.last().filter(|last| (last.first, last.last) == (version + 1, version));
        let newest = last.and_then(|last| last.tables.as_ref());
        match (before, newest) {
            // Rows that were to be written anew are not there: they are damaged, or cut off.
            (Some(before), Some(newest)) if has_rows_of(&newest.0, &before.0) => Some(newest),
            _ => before,
        }
    }
}

/// Whether rows of the tables `before` are rows of the tables `now`: none have to be written anew.
fn has_rows_of(now: &Ids, before: &Ids) -> bool {
    now.tables.iter().all(|table| {
        let earlier = before.tables.iter().find(|earlier| earlier.id == table.id);
        earlier.is_none_or(|earlier| earlier.revision == table.revision)
    })
}

/// Runs in order, those that overlap as one.
pub fn merged(mut runs: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    runs.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (from, to) in runs {
        match merged.last_mut() {
            Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// Whether `line` goes on from `base`.
pub fn goes_on(line: &Line, base: &Base) -> bool {
    let Some(first) = line.0.first() else { return false };
    let with = line.with(base.version);
    match (&base.archived, with) {
        (None, Some(piece)) => piece.timeline == base.timeline,
        // The log of a directory goes on from its own files; an object may be of any history, unless it names the file.
        (None, None) => {
            let is_of = first.file().is_some() || first.timeline == base.timeline || first.follows(0, base.salt);
            base.version + 1 == first.first && is_of
        }
        // Copies of one directory have the timeline in common, and not the log.
        (Some(archived), Some(piece)) => piece.timeline == base.timeline && piece.salt == archived.log,
        (Some(archived), None) => base.version + 1 == first.first && first.follows(archived.log, archived.salt),
    }
}

/// What can be had along `line`; nothing if there is nothing that it goes on from.
fn way(line: &Line, bases: &Bases) -> Option<Way> {
    let beginning = line.is_from_the_beginning().then_some(0);
    let held = bases.good.iter().filter(|base| goes_on(line, base)).map(|base| base.version);
    let mut usable: Vec<u64> = beginning.into_iter().chain(held).collect();
    usable.dedup();
    // What is a part only can stand at the end only.
    let whole = line.0.iter().rfind(|piece| piece.whole.is_none_or(|whole| whole <= piece.last));
    let to = whole.map_or(line.first() - 1, |piece| piece.last).max(*usable.last()?);
    Some(Way { line: line.clone(), bases: usable, to, salt: 0 })
}
