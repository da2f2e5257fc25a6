//! The files that a sync has to cover: the writer goes from one to the next, and whoever syncs takes all that it has written to.
//!
//! # The protocol
//!
//! - The writer goes on in another file ([`Unsynced::go_on_in`]) **before** it writes there, and says what it has written
//!   ([`Watermark::written`](super::Watermark::written)) afterwards.
//! - Whoever syncs notes what was written, and takes the files ([`Unsynced::take`]) **after** that. So each version that it
//!   answers for is in one of them, or in one that was synced before.
//! - The file that was left and the one that comes after it change places in one step, and both are taken in one step: in
//!   between, a sync would miss the former.
//! - One syncs at a time, and a sync that fails is the last one ([`Watermark`](super::Watermark)): nobody puts back what was taken.
//!
//! Everything stands under one lock, which nobody holds while syncing.

#[cfg(all(test, ecsdb_loom))]
mod models;

use crate::sync::mutant;
use crate::sync::shim::{Mutex, lock};

/// Files that are not synced, or not all of what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken<F> {
    /// Those that were left for the next one since they were synced last, in the order in which they were written.
    pub sealed: Vec<F>,
    /// The one that is written.
    pub current: F,
    /// Whether a file was given a name that was not synced yet.
    pub is_renamed: bool,
}

/// The files of a log, each an `F`, that are not synced yet.
pub struct Unsynced<F>(Mutex<Taken<F>>);

impl<F: Clone> Unsynced<F> {
    /// Of a log that writes to `current`, and has synced everything else.
    pub fn new(current: F) -> Self {
        Self(Mutex::new(Taken { sealed: Vec::new(), current, is_renamed: false }))
    }

    /// What there is to sync. Whoever takes it syncs it, or nobody ever syncs again.
    pub fn take(&self) -> Taken<F> {
        let mut files = lock(&self.0);
        let sealed = core::mem::take(&mut files.sealed);
        if mutant!("unsynced/take in two steps") {
            drop(files);
            files = lock(&self.0);
        }
        Taken { sealed, current: files.current.clone(), is_renamed: core::mem::take(&mut files.is_renamed) }
    }

    /// Has the log go on in `next`, which was given a name that was not synced. What was written before is synced with it, and first.
    pub fn go_on_in(&self, next: F) {
        let mut files = lock(&self.0);
        let sealed = core::mem::replace(&mut files.current, next);
        if mutant!("unsynced/go on in two steps") {
            drop(files);
            files = lock(&self.0);
        }
        if !mutant!("unsynced/forget what was left") {
            files.sealed.push(sealed);
        }
        files.is_renamed = !mutant!("unsynced/forget the name");
    }

    /// Has the log go on in `next`. Everything before is synced, and so is its name. Returns what was written before.
    pub fn go_on_anew(&self, next: F) -> F {
        core::mem::replace(&mut lock(&self.0).current, next)
    }
}
