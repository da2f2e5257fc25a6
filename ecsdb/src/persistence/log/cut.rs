//! Where the log goes on in a new segment because a snapshot file has everything before.
//!
//! Whoever opens the directory then reads the file and what follows, and nothing of the segment before, which also can go sooner.

use std::sync::Arc;

use super::syncer::Shared;
use crate::causes::with_causes;

/// Has the log go on in a new segment.
pub struct Cut(Arc<Shared>);

impl Cut {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Makes the next segment, unless there is one already, so that [`Self::here`] costs the writer no more than a new name. Returns whether
    /// it is there: if not, the log goes on where it is.
    pub fn prepare(&self) -> bool {
        self.0
            .make_next()
            .inspect_err(|error| tracing::warn!(error = %with_causes(error), "the log goes on in its segment"))
            .is_ok()
    }

    /// The next record goes to the next segment. Only on the writer's thread.
    pub fn here(&self) {
        self.0.set_cut(true);
    }
}
