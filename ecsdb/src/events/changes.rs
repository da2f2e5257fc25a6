//! Changes that are held: those of one commit, or the difference between two versions.

use core::marker::PhantomData;
use std::sync::Arc;

use super::column::{ColumnChange, Place};
use super::delta::{Delta, Sieve};
use super::event::Event;
use crate::change_set::ChangeSet;
use crate::component::{Column, Component, Field};
use crate::storage::HeldChanges;

/// What became of rows of `T`: what one commit of a [`Subscription`](crate::Subscription) did, or
/// [what has changed since a version](crate::Snapshot::changed_since).
///
/// It holds on to the pages that the rows lie in, before and after, so nothing is copied, and the events stay good whatever
/// happens meanwhile. Holding one for long keeps its pages, and those of its neighbours in the history, alive.
pub struct Changes<T> {
    /// Invariant: the table of `sieve` is that of `T`, in the database that the change sets come from.
    sieve: Arc<Sieve>,
    source: Source,
    component: PhantomData<fn() -> T>,
}

debug_as!([T] Changes<T>);

/// Where the changes stand.
pub(super) enum Source {
    /// In the history: a transaction of a version.
    Held(HeldChanges, usize),
    /// Put together from there.
    Net(ChangeSet),
}

impl Source {
    pub(super) fn changes(&self) -> &ChangeSet {
        match self {
            Self::Held(version, transaction) => &version[*transaction],
            Self::Net(changes) => changes,
        }
    }
}

impl<T: Component> Changes<T> {
    /// # Safety
    /// The table of `sieve` is that of `T` in the database that the changes come from.
    pub(super) unsafe fn new(sieve: Arc<Sieve>, source: Source) -> Self {
        Self { sieve, source, component: PhantomData }
    }

    /// The version that the commit is part of, or that the difference leads to. Transactions that were published together
    /// share it; they come in the order in which they ran.
    pub fn version(&self) -> u64 {
        self.source.changes().version()
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.deltas().next().is_none()
    }

    /// What happened, row by row. Each entity occurs once.
    ///
    /// Cost: proportional to the rows that were touched.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_, T>> + '_ {
        // SAFETY: the rows are those of the table of `T` (invariant), in the pages that the change set holds.
        self.deltas().map(|delta| unsafe { Event::of(delta) })
    }

    /// What happened to one column: a change for each row in which it differs, and for each that came or went.
    ///
    /// # Panics
    /// If it is not a column of the table, which no column of a derive is.
    pub fn column<F: Field>(&self, column: Column<T, F>) -> impl Iterator<Item = ColumnChange<'_, F>> + '_ {
        let place = Place::of(column);
        self.deltas().filter_map(move |delta| {
            // SAFETY: as in `iter`; the column is one of `T`.
            let view = |row| Some(unsafe { place.view(row) });
            match delta {
                Delta::Added { entity, new } => Some(ColumnChange { entity, old: None, new: view(new) }),
                Delta::Removed { entity, old } => Some(ColumnChange { entity, old: view(old), new: None }),
                Delta::Changed { entity, old, new } => {
                    let change = ColumnChange { entity, old: view(old), new: view(new) };
                    place.differs(old, new).then_some(change)
                }
            }
        })
    }

    fn deltas(&self) -> impl Iterator<Item = Delta<'_>> + '_ {
        self.sieve.deltas(self.source.changes())
    }
}
