//! What is in a directory, as far as the fronts of its files tell.

use std::path::PathBuf;

use serde::Serialize;

use super::closed::ClosedDirectory;
use super::error::MaintenanceError;
use crate::media::Open;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::ids::{Ids, TableIds};
use crate::persistence::json;
use crate::persistence::recovery::SegmentFile;
use crate::persistence::snapshot::{SnapshotHeader, read_header};

/// What a directory holds. Only the fronts of files were read: [`ClosedDirectory::verify`] reads the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Info {
    /// The directory.
    #[serde(serialize_with = "json::path")]
    pub directory: PathBuf,
    /// Whether it is being made from another one, or that was interrupted: nobody opens it.
    pub is_unfinished: bool,
    /// Whether a repair was begun and not finished: nobody opens it until it is repaired again.
    pub is_in_repair: bool,
    /// The tables, as the newest file has them, in the order of their ids.
    pub tables: Vec<TableInfo>,
    /// The snapshot files, in the order of their versions.
    pub snapshots: Vec<SnapshotInfo>,
    /// The segments of the log, in order.
    pub segments: Vec<SegmentInfo>,
}

/// A snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SnapshotInfo {
    /// The file.
    #[serde(serialize_with = "json::path")]
    pub file: PathBuf,
    /// The version that it holds.
    pub version: u64,
    /// The history that this belongs to.
    #[serde(serialize_with = "json::hex")]
    pub timeline: u64,
    /// When that was the last version, in nanoseconds since 1970.
    pub time: u64,
    /// The version of the file that it goes on from; none if it holds everything itself.
    pub base: Option<u64>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A table of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableInfo {
    /// Its number in the directory.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// How many times its rows were written anew under another schema.
    pub revision: u16,
    /// How much of it is logged.
    pub durability: String,
    /// The names of its fields and their types, in the order of their ids.
    pub fields: Vec<(String, String)>,
}

/// A segment of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// The file.
    #[serde(serialize_with = "json::path")]
    pub file: PathBuf,
    /// Its number in the log.
    pub sequence: u64,
    /// The first version in it.
    pub first: u64,
    /// The history that its versions belong to.
    #[serde(serialize_with = "json::hex")]
    pub timeline: u64,
    /// When it was made, in nanoseconds since 1970.
    pub created: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl ClosedDirectory {
    /// What is in the directory.
    ///
    /// # Errors
    /// If the front of a file is damaged, or cannot be read.
    pub fn info(&self) -> Result<Info, MaintenanceError> {
        let wal = self.directory.wal();
        let (firsts, _) = self.directory.list(&*self.media).map_err(IoFailure::io("list", wal))?;
        let mut tables = Vec::new();
        let mut segments = Vec::new();
        for first in firsts {
            let (header, ids, bytes) = SegmentFile::front(&*self.media, self.directory.segment(first))?;
            tables = tables_of(&ids);
            segments.push(SegmentInfo {
                file: self.directory.segment(first),
                sequence: header.sequence,
                first,
                timeline: header.timeline,
                created: header.created,
                bytes,
            });
        }
        let snapshots = self.snapshot_infos()?;
        let (media, directory) = (&*self.media, self.path().to_owned());
        let is_in_repair = self.directory.is_in_repair(media)?;
        let is_unfinished = match self.directory.check_finished(media) {
            Err(DirectoryError::Unfinished { .. }) => true,
            finished => finished.map(|()| false)?,
        };
        Ok(Info { directory, is_unfinished, is_in_repair, tables, snapshots, segments })
    }

    fn snapshot_infos(&self) -> Result<Vec<SnapshotInfo>, DirectoryError> {
        let (media, directory) = (&*self.media, &self.directory);
        let listed = directory.list_snapshots(media);
        let (versions, _) = listed.map_err(IoFailure::io("list", directory.snapshots()))?;
        let info = |version: u64| {
            let file = directory.snapshot(version);
            let header = read_header(media, &file, version)?;
            let opened = media.open(&file, Open::Read).and_then(|file| file.len());
            let bytes = opened.map_err(IoFailure::io("read", &file))?;
            let SnapshotHeader { timeline, time, base, .. } = header;
            Ok(SnapshotInfo { file, version, timeline, time, base: base.map(|base| base.version), bytes })
        };
        versions.into_iter().map(info).collect()
    }
}

/// The tables for people.
fn tables_of(ids: &Ids) -> Vec<TableInfo> {
    let of = |table: &TableIds| TableInfo {
        id: table.id,
        name: table.name.clone(),
        revision: table.revision,
        durability: table.durability.name().to_owned(),
        fields: table.fields.iter().map(|field| (field.name.clone(), field.field_type.to_string())).collect(),
    };
    ids.tables.iter().map(of).collect()
}
