//! What happened to a medium: operations, in the order in which they took effect.
//!
//! A trace is data. Walking along it needs no program that runs, so it gives the same states each time.

use std::path::PathBuf;
use std::sync::Arc;

use super::state::State;

/// The number of a file, whatever its name. Numbers are not used again.
pub type Node = usize;

/// Something that changed the medium, or made changes durable. Calls that change nothing are not noted.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A directory was made. It is durable at once, as [`Media::create_dir_all`](ecsdb::media::Media::create_dir_all)
    /// promises.
    CreateDir(PathBuf),
    /// A file was made: number `node`, empty.
    Create { path: PathBuf, node: Node },
    /// A part of a file was written.
    Write { node: Node, offset: u64, bytes: Arc<[u8]> },
    /// A file was cut off or made longer.
    SetLen { node: Node, len: u64 },
    /// A file got another name.
    Rename { from: PathBuf, to: PathBuf },
    /// A directory in which all is synced got another name. It is durable at once, as
    /// [`Media::rename_dir`](ecsdb::media::Media::rename_dir) promises.
    RenameDir { from: PathBuf, to: PathBuf },
    /// A name went away.
    Remove { path: PathBuf },
    /// A sync of a file returned. It covers the operations before number `covers`, those that were done when it began.
    SyncFile { node: Node, covers: usize },
    /// A sync of a directory returned, likewise.
    SyncDir { dir: PathBuf, covers: usize },
    /// A sync of a file failed: what it should have covered is given up, and no later sync makes it durable.
    LoseFile { node: Node, covers: usize },
    /// A sync of a directory failed, likewise.
    LoseDir { dir: PathBuf, covers: usize },
}

/// All that happened to a medium since it was made.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What it was made of.
    pub start: State,
    /// What happened then.
    pub operations: Vec<Operation>,
}

impl Trace {
    /// The state after the first `count` operations: before operation number `count`, counted from 0.
    pub fn state_after(&self, count: usize) -> State {
        let mut state = self.start.clone();
        for (number, operation) in self.operations[..count].iter().enumerate() {
            state.apply(number, operation);
        }
        state
    }

    /// Shows every state, from the start to the end, each with the number of operations before it.
    pub fn for_each_state(&self, mut look: impl FnMut(usize, &State)) {
        let mut state = self.start.clone();
        look(0, &state);
        for (number, operation) in self.operations.iter().enumerate() {
            state.apply(number, operation);
            look(number + 1, &state);
        }
    }
}
