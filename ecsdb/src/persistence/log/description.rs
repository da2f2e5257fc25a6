//! What the log says of the tables: for those who write other files of the same directory.

use std::sync::{Arc, Mutex, PoisonError};

use crate::persistence::codec::Tables;

/// The tables as the headers of segments have them.
pub struct Described {
    /// As the codec sees them.
    pub tables: Arc<Tables>,
    /// As they stand in a header.
    pub schema: Vec<u8>,
    /// The hash of the schema.
    pub schema_hash: u64,
}

/// The description that holds for the published version. Only the writer changes it, and whoever asks on the writer's thread
/// between two batches gets the one of the version that is published then.
pub struct Description(Mutex<Arc<Described>>);

impl Description {
    /// It begins with `described`.
    pub fn new(described: Described) -> Self {
        Self(Mutex::new(Arc::new(described)))
    }

    /// What holds now.
    pub fn get(&self) -> Arc<Described> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another schema holds from now on.
    pub fn set(&self, described: Described) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(described);
    }
}
