//! `Arc` for the models: the counting of `std::sync::Arc`, on atomics that loom sees.
//!
//! `loom::sync::Arc` keeps its count in a plain integer that every thread sees at once, and does not explore the orders
//! of a clone and a `get_mut`. A publication whose only fault is that a count becomes visible too late would pass. Here
//! the count is an atomic like any other, with the orderings of the real one. Three more faults end a model: use after
//! free (freed memory is kept until the next iteration and every access checks a mark), a leak, and `get_mut` that
//! races with a reader.

use std::alloc::{Layout, dealloc};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::ptr::NonNull;

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering, fence};

use super::model_failed;

std::thread_local! {
    /// Memory of freed values: kept so that a faulty access finds the mark instead of undefined behaviour.
    static GRAVEYARD: RefCell<Vec<(NonNull<u8>, Layout)>> = const { RefCell::new(Vec::new()) };
}

/// Frees what earlier iterations of the model left. No value of theirs may be alive.
#[cfg(test)]
pub(crate) fn clear_graveyard() {
    for (memory, layout) in GRAVEYARD.take() {
        // SAFETY: `Arc::drop` pushed the pair exactly once, for a `Box` of that layout whose contents are dropped.
        unsafe { dealloc(memory.as_ptr(), layout) };
    }
}

#[repr(C)]
struct Inner<T> {
    strong: AtomicUsize,
    freed: Cell<bool>,
    /// Read at every access to the value, written by whoever claims it alone: loom reports the races between them.
    access: UnsafeCell<()>,
    leak_check: ManuallyDrop<Track<()>>,
    value: ManuallyDrop<T>,
}

/// A counted reference like `std::sync::Arc`, without weak references.
pub(crate) struct Arc<T> {
    inner: NonNull<Inner<T>>,
    owns: PhantomData<Inner<T>>,
}

// SAFETY: as for `std::sync::Arc`: the count is atomic, the value is shared (`Sync`) and may be dropped by the last
// holder on any thread (`Send`). `freed` is only touched inside a model, which runs on one thread of the system.
unsafe impl<T: Send + Sync> Send for Arc<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Arc<T> {}

impl<T> Arc<T> {
    pub(crate) fn new(value: T) -> Self {
        let inner = Box::new(Inner {
            strong: AtomicUsize::new(1),
            freed: Cell::new(false),
            access: UnsafeCell::new(()),
            leak_check: ManuallyDrop::new(Track::new(())),
            value: ManuallyDrop::new(value),
        });
        Self { inner: NonNull::from(Box::leak(inner)), owns: PhantomData }
    }

    fn inner(&self) -> &Inner<T> {
        // SAFETY: the memory of an `Inner` stays allocated until the next iteration of the model (see `GRAVEYARD`).
        let inner = unsafe { self.inner.as_ref() };
        assert!(!inner.freed.get(), "a freed value is used");
        inner
    }

    pub(crate) fn as_ptr(this: &Self) -> *const T {
        let address = this.inner.as_ptr().cast::<u8>().wrapping_add(offset_of!(Inner<T>, value));
        address.cast::<T>().cast_const()
    }

    pub(crate) fn into_raw(this: Self) -> *const T {
        Self::as_ptr(&ManuallyDrop::new(this))
    }

    /// # Safety
    ///
    /// `value` comes from [`Arc::into_raw`] and stands for one count that the new reference takes over.
    pub(crate) unsafe fn from_raw(value: *const T) -> Self {
        let address = value.cast::<u8>().wrapping_sub(offset_of!(Inner<T>, value)).cast::<Inner<T>>();
        let inner = NonNull::new(address.cast_mut()).expect("a value is never at address zero");
        Self { inner, owns: PhantomData }
    }

    /// # Safety
    ///
    /// `value` comes from [`Arc::into_raw`], and its count is at least one throughout the call.
    pub(crate) unsafe fn increment_strong_count(value: *const T) {
        // SAFETY: the caller's promise; the count is not taken over, because the reference is never dropped.
        let held = ManuallyDrop::new(unsafe { Self::from_raw(value) });
        let _counted = ManuallyDrop::new(Self::clone(&held));
    }

    pub(crate) fn get_mut(this: &mut Self) -> Option<&mut T> {
        // Acquire: pairs with the Release decrement of whoever let go, so that its reads come before our writes.
        if this.inner().strong.load(Ordering::Acquire) != 1 {
            return None;
        }
        this.inner().access.with_mut(|_| ());
        // SAFETY: `this` is the only reference and is borrowed for as long as the result.
        Some(unsafe { &mut this.inner.as_mut().value })
    }
}

impl<T> Arc<T> {
    /// What [`Arc::get_mut`] gives, without asking whether anybody else looks. For deliberate faults alone.
    ///
    /// # Safety
    ///
    /// None that a caller could keep: the model has to find it.
    pub(crate) unsafe fn seize(this: &mut Self) -> &mut T {
        // SAFETY: the memory stays allocated until the next iteration of the model, and its threads run by turns on one
        // thread of the system, so that at least no two of them are inside the value at once.
        unsafe { &mut this.inner.as_mut().value }
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let inner = self.inner();
        inner.access.with(|_| ());
        &inner.value
    }
}

impl<T> Clone for Arc<T> {
    fn clone(&self) -> Self {
        // Relaxed, as in the standard library: whoever clones holds a count already.
        let before = self.inner().strong.fetch_add(1, Ordering::Relaxed);
        assert!(before > 0, "a freed value is cloned");
        Self { inner: self.inner, owns: PhantomData }
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Release: what this holder read comes before the drop of the value by the last one.
        if self.inner().strong.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        let inner = self.inner();
        inner.access.with_mut(|_| ());
        inner.freed.set(true);
        // SAFETY: the count has reached zero exactly now, so nobody else refers to the contents, and they are dropped
        // once: `freed` stops every later access.
        let inner = unsafe { self.inner.as_mut() };
        // SAFETY: as above.
        unsafe { ManuallyDrop::drop(&mut inner.value) };
        // SAFETY: as above.
        unsafe { ManuallyDrop::drop(&mut inner.leak_check) };
        GRAVEYARD.with_borrow_mut(|dead| dead.push((self.inner.cast(), Layout::new::<Inner<T>>())));
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}
