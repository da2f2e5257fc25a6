//! What the standard library and shuttle have in common: values that nothing watches while they are used.

// Without weak references: finding out that one is the last holder is one load. With them it is a locked instruction,
// which waits for all stores before it, and a commit has just copied a page.
pub(crate) use triomphe::Arc;

use std::mem::ManuallyDrop;

/// A cell whose accesses loom can check; here a plain `UnsafeCell`.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Runs `body` on a pointer that is good for reading, if the caller makes sure that nobody writes.
    #[inline(always)]
    pub(crate) fn with<R>(&self, body: impl FnOnce(*const T) -> R) -> R {
        body(self.0.get())
    }

    /// Runs `body` on a pointer that is good for writing, if the caller makes sure that nobody else looks.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
        body(self.0.get())
    }
}

/// Adds one to the count of a value.
///
/// # Safety
///
/// `value` comes from [`Arc::into_raw`], and its count is at least one throughout the call.
#[inline]
pub(crate) unsafe fn count_again<T>(value: *const T) {
    // SAFETY: the caller's promise; the count is not taken over, because this reference is never dropped.
    let held = ManuallyDrop::new(unsafe { Arc::from_raw(value) });
    let _counted = ManuallyDrop::new(Arc::clone(&held));
}
