//! A snapshot file out of an archive.
//!
//! Nobody knows whether it is good before it is there. So one that is not is an answer here and no error: something else may do.

use super::destination::Unfinished;
use super::error::MaintenanceError;
use super::pieces::{Piece, Pieces};
use super::report::Damage;
use crate::media::Open;
use crate::persistence::archive::{Archive, ArchiveError, ArchivedSnapshot};
use crate::persistence::error::IoFailure;
use crate::persistence::ids::Ids;
use crate::persistence::snapshot::Chain;

/// A snapshot file that was fetched.
pub struct Fetched {
    /// Bytes of it.
    pub bytes: u64,
    /// Its tables, and the hash of their schema.
    pub tables: (Ids, u64),
}

/// Why a snapshot file is of no use.
enum Refusal {
    Damaged(Damage),
    Failed(MaintenanceError),
}

impl<E: Into<MaintenanceError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Puts `snapshot` into the directory that is being made, and checks it. `piece` has its version in the log, if anything does. Returns what is
/// wrong with it if it is no good: then nothing of it is left.
pub fn fetch(
    archive: &dyn Archive,
    snapshot: &ArchivedSnapshot,
    piece: Option<&Piece>,
    pieces: &Pieces<'_>,
    unfinished: &Unfinished<'_>,
) -> Result<Result<Fetched, Damage>, MaintenanceError> {
    let path = unfinished.directory.snapshot(snapshot.version);
    let fetched = copy(archive, snapshot, unfinished)
        .and_then(|bytes| Ok(Fetched { bytes, tables: check(snapshot, piece, pieces, unfinished)? }));
    match fetched {
        Ok(fetched) => Ok(Ok(fetched)),
        Err(Refusal::Failed(error)) => Err(error),
        Err(Refusal::Damaged(damage)) => {
            unfinished.media.remove(&path).map_err(IoFailure::io("remove", &path))?;
            Ok(Err(damage))
        }
    }
}

/// Makes the file of all its parts. Returns its length.
fn copy(archive: &dyn Archive, snapshot: &ArchivedSnapshot, unfinished: &Unfinished<'_>) -> Result<u64, Refusal> {
    let path = unfinished.directory.snapshot(snapshot.version);
    let file = unfinished.media.open(&path, Open::CreateNew).map_err(IoFailure::io("make", &path))?;
    let mut at = 0;
    for part in &snapshot.parts {
        let bytes = match snapshot.fetch(archive, part) {
            Ok(bytes) => bytes,
            Err(error) => return Err(refusal(error)),
        };
        file.write_all_at(&bytes, at).map_err(IoFailure::io("write", &path))?;
        at += bytes.len() as u64;
    }
    file.sync_data().map_err(IoFailure::io("sync", &path))?;
    Ok(at)
}

/// What an error of an archive is about: one object that is no good, or the archive itself.
fn refusal(error: ArchiveError) -> Refusal {
    let damaged = |name: &str, what: String| {
        Refusal::Damaged(Damage { file: name.into(), offset: 0, what, meaning: String::new() })
    };
    match &error {
        ArchiveError::Damaged { name, what } => damaged(name, what.clone()),
        // It may have expired since it was listed.
        ArchiveError::Missing { name } => damaged(name, "it is not there any more".into()),
        _ => error.into(),
    }
}

/// Checks everything that is in the file, and that it is the one that its name says.
fn check(
    snapshot: &ArchivedSnapshot,
    piece: Option<&Piece>,
    pieces: &Pieces<'_>,
    unfinished: &Unfinished<'_>,
) -> Result<(Ids, u64), Refusal> {
    let damaged = |offset: u64, what: String| {
        let file = snapshot.title().into();
        Refusal::Damaged(Damage { file, offset, what, meaning: String::new() })
    };
    let opened = Chain::open(unfinished.media, &unfinished.directory, snapshot.version);
    let chain = match opened.and_then(|chain| chain.check().map(|()| chain)) {
        Ok(chain) => chain,
        Err(error) => {
            let Damage { offset, what, .. } = Damage::of(error)?;
            return Err(damaged(offset, what));
        }
    };
    let header = &chain.newest().header;
    if (header.timeline, header.salt, header.base) != (snapshot.timeline, snapshot.salt, None) {
        return Err(damaged(0, "it is another file than its name says".into()));
    }
    if let Some(piece) = piece {
        // Two copies of one directory have told their versions apart by nothing but what was committed when.
        let segment = pieces.read(piece)?;
        let recorded = segment.heads().map(|(head, _)| head);
        let is_other = |time: u64| time != snapshot.time;
        let version = snapshot.version;
        if recorded.filter(|head| head.kind.has_version() && head.version == version).any(|head| is_other(head.time)) {
            return Err(damaged(
                0,
                format!("it holds version {version} of another log than the one that goes on from it"),
            ));
        }
    }
    Ok((chain.newest().ids.clone(), header.schema_hash))
}
