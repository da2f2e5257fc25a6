//! Files of segments that are needed no longer, to be written over: what is in them is dead by its salt.
//!
//! A file that exists as long as a segment needs no room that the medium may not have, and no zeros.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How many are kept.
const SPARES_MAX: usize = 2;

/// The files, by their paths.
#[derive(Default)]
pub struct Spares(Mutex<Vec<PathBuf>>);

impl Spares {
    /// Whether another one is of use.
    pub fn has_room(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() < SPARES_MAX
    }

    /// Keeps the file at `path`, which has no other use.
    pub fn put(&self, path: PathBuf) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }

    /// Takes one.
    pub fn take(&self) -> Option<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
