//! What was found in a directory.

use std::path::PathBuf;

use serde::Serialize;

use crate::persistence::error::DirectoryError;
use crate::persistence::json;
use crate::persistence::recovery::PassedOver;

/// What [`ClosedDirectory::verify`](super::ClosedDirectory::verify) has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// The directory.
    #[serde(serialize_with = "json::path")]
    pub directory: PathBuf,
    /// The version that it opens to; none if it cannot be opened.
    pub version: Option<u64>,
    /// The history that this version belongs to.
    #[serde(serialize_with = "json::hex_if_any")]
    pub timeline: Option<u64>,
    /// Whether the log was closed.
    pub was_closed: bool,
    /// Bytes behind the end of the log, of commits that were being written when the process or the machine stopped. Opening cuts them off,
    /// and nothing that was durable is lost.
    pub torn_bytes: u64,
    /// Which versions can be had from the files: the first and the last one of each run.
    pub reachable: Vec<(u64, u64)>,
    /// The segments that were read.
    pub segments: u64,
    /// Bytes of them.
    pub segment_bytes: u64,
    /// The snapshot files that are in order, with those that they go on from: their versions.
    pub snapshots: Vec<u64>,
    /// Everything that is damaged. Empty if all is well.
    pub damages: Vec<Damage>,
    /// Versions between others that no segment has, and that a snapshot file makes up for: the first and the last one of each run. A
    /// repair has left them out, or [`Self::damages`] says so.
    pub left_out: Vec<(u64, u64)>,
    /// Files that were being written when somebody was stopped. Opening removes them.
    #[serde(serialize_with = "json::paths")]
    pub drafts: Vec<PathBuf>,
}

impl VerifyReport {
    /// Whether nothing is damaged.
    pub fn is_fine(&self) -> bool {
        self.damages.is_empty()
    }
}

/// Something that is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Damage {
    /// The file.
    #[serde(serialize_with = "json::path")]
    pub file: PathBuf,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
    /// What that means.
    pub meaning: String,
}

impl From<PassedOver> for Damage {
    fn from(PassedOver { file, offset, what, .. }: PassedOver) -> Self {
        Self { file, offset, what, meaning: String::new() }
    }
}

impl Damage {
    /// The damage that `error` is about, if it is about one and not about the program or the system.
    pub(super) fn of(error: DirectoryError) -> Result<Self, DirectoryError> {
        let Some((file, offset, mut what)) = error.damage() else { return Err(error) };
        if let DirectoryError::Io(failure) = error {
            what = format!("cannot {} it: {what}", failure.action);
        }
        Ok(Self { file, offset, what, meaning: String::new() })
    }

    /// The same, with what it means.
    pub(super) fn meaning(self, meaning: impl Into<String>) -> Self {
        Self { meaning: meaning.into(), ..self }
    }
}
