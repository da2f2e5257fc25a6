//! An archive in an object store: S3 and what speaks like it, Azure, Google Cloud, and others that the crate `object_store` knows.
//!
//! Objects are made with the store's own "only if there is none", so two machines are kept apart as two threads are. Calls come
//! from threads that may belong to a runtime, which must not be blocked; so each has a thread of its own.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use tokio::runtime::{Builder, Handle, Runtime};

use super::{Archive, ArchiveError, Put, parts};

/// An archive in an object store. See [`Archive`].
///
/// ```
/// use std::sync::Arc;
///
/// use ecsdb::archive::{Archive, ObjectArchive, Put};
/// use object_store::memory::InMemory;
///
/// let archive = ObjectArchive::new(Arc::new(InMemory::new()), "games/one")?;
/// assert_eq!(archive.put_if_absent("notes/first", b"hello")?, Put::Stored);
/// assert_eq!(archive.list("notes")?, ["notes/first"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ObjectArchive {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    handle: Handle,
    /// Ours, if the caller has none.
    own: Option<Runtime>,
}

debug_as!(ObjectArchive);

impl ObjectArchive {
    /// The archive in `store`, with `prefix` before all names (nothing if that is empty). Calls are carried out by a runtime of its own.
    ///
    /// The store must be able to make an object only if there is none, as S3, Azure and Google Cloud are.
    ///
    /// # Errors
    /// If the prefix cannot be part of a name, or the system gives no runtime.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, ArchiveError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(ArchiveError::store("prepare", prefix))?;
        let mut archive = Self::on(store, prefix, runtime.handle().clone())?;
        archive.own = Some(runtime);
        Ok(archive)
    }

    /// As [`Self::new`], with calls carried out by the runtime of `handle`, which has to be running.
    ///
    /// # Errors
    /// If the prefix cannot be part of a name.
    pub fn on(store: Arc<dyn ObjectStore>, prefix: &str, handle: Handle) -> Result<Self, ArchiveError> {
        let prefix = Path::parse(prefix).map_err(ArchiveError::store("use", prefix))?;
        Ok(Self { store, prefix, handle, own: None })
    }

    fn path(&self, name: &str) -> Result<Path, ArchiveError> {
        let (folder, file) = parts(name)?;
        Ok(self.prefix.clone().join(folder).join(file))
    }

    /// Waits for `work` on a thread of its own: this one may be a runtime's. That costs little beside a request to a store. If the system
    /// gives no thread, `action` was not done to `name`.
    fn wait<R: Send>(
        &self,
        action: &'static str,
        name: &str,
        work: impl Future<Output = R> + Send,
    ) -> Result<R, ArchiveError> {
        std::thread::scope(|scope| {
            let call = || match &self.own {
                Some(runtime) => runtime.block_on(work),
                None => self.handle.block_on(work),
            };
            let thread = std::thread::Builder::new().name("ecsdb-archive".into()).spawn_scoped(scope, call);
            let thread = thread.map_err(ArchiveError::store(action, name))?;
            Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}

impl Archive for ObjectArchive {
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError> {
        let (path, bytes) = (self.path(name)?, bytes.to_vec());
        let options = PutOptions::from(PutMode::Create);
        match self.wait("store", name, self.store.put_opts(&path, bytes.into(), options))? {
            Ok(_) => Ok(Put::Stored),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Present),
            Err(error) => Err(ArchiveError::store("store", name)(error)),
        }
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let path = self.path(name)?;
        let fetched = self.wait("read", name, async { self.store.get(&path).await?.bytes().await })?;
        match fetched {
            Ok(bytes) => Ok(bytes.into()),
            Err(Error::NotFound { .. }) => Err(ArchiveError::Missing { name: name.to_owned() }),
            Err(error) => Err(ArchiveError::store("read", name)(error)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        let path = self.prefix.clone().join(folder);
        let listed = self.wait("list", folder, self.store.list_with_delimiter(Some(&path)))?;
        let listed = listed.map_err(ArchiveError::store("list", folder))?;
        let names = listed.objects.iter().filter_map(|object| object.location.filename());
        let mut names: Vec<String> =
            names.map(|name| format!("{folder}/{name}")).filter(|name| parts(name).is_ok()).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        let path = self.path(name)?;
        match self.wait("remove", name, self.store.delete(&path))? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ArchiveError::store("remove", name)(error)),
        }
    }
}

impl Drop for ObjectArchive {
    fn drop(&mut self) {
        if let Some(runtime) = self.own.take() {
            // Dropping one waits, which a thread of another runtime must not.
            runtime.shutdown_background();
        }
    }
}
