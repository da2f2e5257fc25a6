//! Indexes: which rows have which keys, in the same versions as the rows.
//!
//! Owns the structures and how they follow the rows. The nodes of an index are pages, in directories of their own in each
//! version: the first touch by a transaction copies a node, a roll back puts it back, and versions catch up node by node, as with
//! the pages of tables. So a version that somebody holds has its indexes as they were, and they never reach a change set or a log.
//!
//! Nobody who changes rows thinks of indexes. At the end of a transaction, and before one of its own reads, the pages that it has
//! touched are compared with what they were ([`Batch::settle_indexes`](super::Batch::settle_indexes)).

mod buckets;
mod build;
mod cursor;
mod definition;
mod fill;
mod grid;
mod grid_read;
mod hashed;
mod nearest;
mod node;
mod nodes;
mod pending;
mod prebuilt;
mod read;
mod settle;
mod tree;
mod unique;

#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::sync::Arc;

pub use build::IndexFailure;
pub use cursor::Tree;
pub use definition::{Definitions, IndexDefinition, IndexRole};
pub use grid::Point;
pub use grid_read::GridRead;
pub use hashed::LookUp;
pub use nodes::{IndexUndo, NodeNumbers, Nodes};
pub use pending::Pending;
pub use prebuilt::{NodeSource, Prebuilt};
pub use read::{IndexRead, Slots};
pub use unique::DuplicateKey;

use self::unique::Suspect;

/// All indexes of one version.
#[derive(Clone)]
pub struct Indexes {
    /// Which there are.
    pub definitions: Arc<Definitions>,
    /// The nodes of each.
    pub nodes: Box<[Nodes]>,
}

debug_as!(Indexes);

impl Indexes {
    /// Indexes without entries.
    pub fn empty(definitions: Arc<Definitions>) -> Self {
        let nodes = definitions.all().iter().map(|index| Nodes::new(index.layout().node_bytes())).collect();
        Self { nodes, definitions }
    }

    /// The nodes of the index that has what `index` is to have, if there is one.
    pub fn serving(&self, index: &IndexDefinition) -> Option<&Nodes> {
        let mut of_table = self.definitions.of_table(index.table).map(usize::from);
        of_table.find(|number| index.is_served_by(&self.definitions.all()[*number])).map(|number| &self.nodes[number])
    }

    /// Takes from `before` the nodes of indexes that there were, of tables of which `has_same_rows` says so. Says which.
    pub fn keep(&mut self, before: Self, has_same_rows: impl Fn(u16) -> bool) -> Vec<bool> {
        let mut kept = Vec::new();
        for (index, nodes) in self.definitions.all().iter().zip(&mut self.nodes) {
            let earlier = before.serving(index).filter(|_| has_same_rows(index.table));
            kept.push(earlier.is_some());
            if let Some(earlier) = earlier {
                *nodes = earlier.clone();
            }
        }
        kept
    }

    /// The tree of index number `index` in which entries are that begin as `entry` does, to be read. All but hash indexes have only one.
    pub fn tree(&self, index: u16, entry: &[u8]) -> Tree<'_> {
        let definition = &self.definitions.all()[usize::from(index)];
        let nodes = &self.nodes[usize::from(index)];
        Tree { nodes, layout: definition.layout(), root: nodes.root_of(entry) }
    }
}

/// What the writer keeps about indexes between transactions.
#[derive(Default)]
pub struct IndexWriter {
    /// The numbers of nodes that each index has to give.
    pub numbers: Vec<NodeNumbers>,
    /// The way back of the running transaction.
    pub undo: IndexUndo,
    /// Entries that come and go.
    pub pending: Pending,
    /// Rows that may have the key of another one, to be judged at the end of the transaction.
    suspects: Vec<Suspect>,
    /// The first number that the running transaction has stamped anything with.
    pub transaction: u64,
}

impl IndexWriter {
    /// For these indexes, which have no nodes yet.
    pub fn new(definitions: &Definitions) -> Self {
        let numbers = definitions.all().iter().map(|_| NodeNumbers::default()).collect();
        Self { numbers, ..Self::default() }
    }

    /// Begins a transaction whose first stamp is `serial`.
    pub fn begin(&mut self, serial: u64) {
        debug_assert!(self.undo.is_empty(), "the transaction before was ended");
        self.transaction = serial;
        self.suspects.clear();
    }

    /// Gives memory back.
    pub fn trim(&mut self) {
        self.pending.trim();
        self.suspects = Vec::new();
    }
}
