//! Names and contents of files, live and durable.
//!
//! A file is what is durable of it and a list of *pieces*, the writes since. Names are a durable map and a list of changes
//! since. Nothing here is random, and nothing fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::operation::{Node, Operation};

/// Everything that a medium holds, and what of it is durable.
#[derive(Clone, Debug)]
pub struct State {
    /// Directories; all are durable.
    pub(super) dirs: BTreeSet<PathBuf>,
    /// By number. A file without a name can still be open.
    pub(super) files: Vec<File>,
    /// The names that calls see.
    pub(super) names: BTreeMap<PathBuf, Node>,
    /// The names that survive.
    pub(super) durable_names: BTreeMap<PathBuf, Node>,
    /// What lies between the two, in order.
    pub(super) name_changes: Vec<NameChange>,
}

/// The content of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// What calls see: `durable` with all pieces. Shared with other states until it changes.
    pub live: Arc<Vec<u8>>,
    /// What survives. Shared likewise.
    pub durable: Arc<Vec<u8>>,
    /// What may survive, in order.
    pub pieces: Vec<Piece>,
}

/// A change of a content that was not synced.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The number of the operation.
    pub operation: usize,
    pub change: Change,
    /// A sync has failed to make it durable; none will.
    pub is_given_up: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: usize, bytes: Arc<[u8]> },
    SetLen(usize),
}

/// A change of names that was not synced.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    /// The number of the operation.
    pub operation: usize,
    /// The file whose names change.
    pub node: Node,
    /// The name that the file had.
    pub from: Option<PathBuf>,
    /// The name that it gets.
    pub to: Option<PathBuf>,
    /// Directories that must be synced before it is durable.
    pub unsynced: Vec<PathBuf>,
    /// A sync has failed to make it durable; none will.
    pub is_given_up: bool,
}

impl Default for State {
    /// Nothing but the root and the working directory.
    fn default() -> Self {
        Self {
            dirs: ["/", ""].map(PathBuf::from).into(),
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            name_changes: Vec::new(),
        }
    }
}

impl State {
    /// A medium that holds `files`, and the directories that they are in. All of it is durable.
    pub fn of_files(files: impl IntoIterator<Item = (PathBuf, Vec<u8>)>) -> Self {
        let mut state = Self::default();
        for (path, content) in files {
            state.dirs.extend(path.ancestors().skip(1).map(Path::to_owned));
            state.names.insert(path, state.files.len());
            state.files.push(File::synced(Arc::new(content)));
        }
        state.durable_names.clone_from(&state.names);
        state
    }

    /// The paths of all files, as calls see them.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.names.keys().map(PathBuf::as_path)
    }

    /// What calls see in the file `path`.
    pub fn content(&self, path: &Path) -> Option<&[u8]> {
        self.names.get(path).map(|node| self.files[*node].live.as_slice())
    }

    /// Replaces what is in the file `path`, which exists, behind the back of everybody: as damage does.
    pub fn damage(&mut self, path: &Path, content: Vec<u8>) {
        self.files[self.names[path]] = File::synced(Arc::new(content));
    }

    /// Whether anything would be lost in a crash.
    pub fn is_synced(&self) -> bool {
        self.name_changes.is_empty() && self.files.iter().all(|file| file.pieces.is_empty())
    }

    /// Whether nothing would be lost in a crash of what is in `dir`.
    pub(super) fn is_synced_below(&self, dir: &Path) -> bool {
        let is_below = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.starts_with(dir));
        let mut changes = self.name_changes.iter();
        let mut within = self.names.iter().filter(|(path, _)| path.starts_with(dir));
        !changes.any(|change| is_below(&change.from) || is_below(&change.to))
            && within.all(|(_, node)| self.files[*node].pieces.is_empty())
    }

    /// Does operation number `number`.
    pub(super) fn apply(&mut self, number: usize, operation: &Operation) {
        match operation {
            Operation::CreateDir(dir) => {
                self.dirs.insert(dir.clone());
            }
            Operation::Create { path, node } => {
                assert_eq!(*node, self.files.len(), "files are numbered in the order in which they are made");
                self.files.push(File::default());
                self.change_names(number, *node, None, Some(path));
            }
            Operation::Write { node, offset, bytes } => {
                let change = Change::Write { offset: *offset as usize, bytes: Arc::clone(bytes) };
                self.files[*node].change(number, change);
            }
            Operation::SetLen { node, len } => self.files[*node].change(number, Change::SetLen(*len as usize)),
            Operation::Rename { from, to } => {
                let node = self.names[from];
                self.change_names(number, node, Some(from), Some(to));
            }
            Operation::RenameDir { from, to } => {
                let moved = |path: &PathBuf| match path.strip_prefix(from) {
                    // Joining nothing would end the path with a slash.
                    Ok(rest) if rest.as_os_str().is_empty() => to.clone(),
                    Ok(rest) => to.join(rest),
                    Err(_) => path.clone(),
                };
                self.dirs = self.dirs.iter().map(moved).collect();
                for names in [&mut self.names, &mut self.durable_names] {
                    *names = names.iter().map(|(path, node)| (moved(path), *node)).collect();
                }
            }
            Operation::Remove { path } => {
                let node = self.names[path];
                self.change_names(number, node, Some(path), None);
            }
            Operation::SyncFile { node, covers } => self.files[*node].sync(*covers),
            Operation::LoseFile { node, covers } => {
                for piece in self.files[*node].pieces.iter_mut().filter(|piece| piece.operation < *covers) {
                    piece.is_given_up = true;
                }
            }
            Operation::SyncDir { dir, covers } => self.sync_dir(dir, *covers),
            Operation::LoseDir { dir, covers } => {
                for change in &mut self.name_changes {
                    change.is_given_up |= change.operation < *covers && change.unsynced.contains(dir);
                }
            }
        }
    }

    fn change_names(&mut self, operation: usize, node: Node, from: Option<&PathBuf>, to: Option<&PathBuf>) {
        let mut unsynced: Vec<PathBuf> =
            from.into_iter().chain(to).filter_map(|path| path.parent()).map(Path::to_owned).collect();
        unsynced.dedup();
        let (from, to) = (from.cloned(), to.cloned());
        let change = NameChange { operation, node, from, to, unsynced, is_given_up: false };
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }

    fn sync_dir(&mut self, dir: &Path, covers: usize) {
        for change in self.name_changes.iter_mut().filter(|change| change.operation < covers) {
            change.unsynced.retain(|unsynced| unsynced != dir);
            if change.is_durable() {
                change.apply(&mut self.durable_names);
            }
        }
        self.name_changes.retain(|change| !change.is_durable());
    }
}

impl NameChange {
    fn is_durable(&self) -> bool {
        self.unsynced.is_empty() && !self.is_given_up
    }

    /// Changes `names`, if they are as they were before; a name that went to another file meanwhile stays.
    pub fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        if let Some(from) = &self.from
            && names.get(from) == Some(&self.node)
        {
            names.remove(from);
        }
        if let Some(to) = &self.to {
            names.insert(to.clone(), self.node);
        }
    }
}

impl File {
    /// A file that has been synced.
    pub fn synced(content: Arc<Vec<u8>>) -> Self {
        Self { live: Arc::clone(&content), durable: content, pieces: Vec::new() }
    }

    fn change(&mut self, operation: usize, change: Change) {
        change.apply(Arc::make_mut(&mut self.live));
        self.pieces.push(Piece { operation, change, is_given_up: false });
    }

    fn sync(&mut self, covers: usize) {
        let mut kept: Vec<Piece> = Vec::new();
        for piece in self.pieces.drain(..) {
            if piece.is_given_up || piece.operation >= covers {
                kept.push(piece);
            } else {
                // What was given up before cannot come up again where something newer is durable.
                kept.retain(|old| old.operation >= covers || !old.change.overlaps(&piece.change));
                piece.change.apply(Arc::make_mut(&mut self.durable));
            }
        }
        self.pieces = kept;
    }
}

impl Change {
    /// Changes `content`.
    pub fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(content, *offset, bytes),
            Self::SetLen(len) => content.resize(*len, 0),
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Write { offset: a, bytes: x }, Self::Write { offset: b, bytes: y }) => {
                *a < b + y.len() && *b < a + x.len()
            }
            // A length concerns everything behind it.
            _ => true,
        }
    }
}

/// Writes `bytes` at `offset`, with zeros before it if the content is too short.
pub(super) fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end && !bytes.is_empty() {
        content.resize(end, 0);
    }
    if !bytes.is_empty() {
        content[offset..end].copy_from_slice(bytes);
    }
}
