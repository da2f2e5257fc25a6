//! A place at which one thread at a time works: its owner, who waits for it, or anybody who finds it free.

use core::ops::{Deref, DerefMut};

use crate::sync::shim::{Mutex, MutexGuard, lock, model_failed, try_lock};

/// A `T` that one thread at a time uses.
pub struct Seat<T>(Mutex<Option<T>>);

impl<T> Default for Seat<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Seat<T> {
    /// Has `value` be what is used.
    pub fn put(&self, value: T) {
        *lock(&self.0) = Some(value);
    }

    /// Takes it away, when nobody uses it.
    pub fn take(&self) -> Option<T> {
        if model_failed() { None } else { lock(&self.0).take() }
    }

    /// Waits until nobody uses it; `None` in it if it was taken away.
    pub fn wait(&self) -> Seated<'_, T> {
        Seated(Some(lock(&self.0)))
    }

    /// The same, unless somebody uses it.
    pub fn try_sit(&self) -> Option<Seated<'_, T>> {
        Some(Seated(Some(try_lock(&self.0)?)))
    }
}

/// The right to use what is at a [`Seat`].
pub struct Seated<'a, T>(
    /// There until it is dropped.
    Option<MutexGuard<'a, Option<T>>>,
);

impl<T> Deref for Seated<'_, T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        self.0.as_deref().unwrap_or(&None)
    }
}

impl<T> DerefMut for Seated<'_, T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        self.0.as_deref_mut().expect("there until it is dropped")
    }
}

/// Work lasts long, so a model may fail in the midst of it: its locks are gone then.
impl<T> Drop for Seated<'_, T> {
    fn drop(&mut self) {
        if model_failed() {
            core::mem::forget(self.0.take());
        }
    }
}
