//! Who sleeps until the writer has something new, and how all of them are woken.
//!
//! A stack without locks: sleepers push themselves, the writer takes the whole stack. Nobody is ever taken out of the
//! middle, so no address is compared with one that was used again (no ABA), and nothing is freed that somebody looks at.
//!
//! # Orderings and interleavings
//!
//! - Sleeper: push with a compare-and-swap, AcqRel; then look again whether there is something new; then sleep.
//! - Writer: make it visible; then take the stack with a swap, AcqRel, even if it is empty; then wake all it has taken.
//!
//! Both change the same word by read-modify-writes, so one of them comes second in its modification order. If the swap is
//! second, it takes the sleeper out and wakes it. If the push is second, it reads what the swap has written or something
//! later in its release sequence, so that the look that follows sees what the writer has made visible. No wake-up is lost,
//! and no fence is needed.

use core::ptr::null_mut;

use crate::sync::shim::{AtomicPtr, Ordering, model_failed};
use crate::sync::{CachePadded, Completer, Pending, completion, mutant};

/// The sleepers of one writer.
pub struct Bell {
    /// The stack; null if nobody sleeps.
    ///
    /// Invariant: each node in it came from `Box::into_raw` in [`Self::sleep`] and belongs to the stack.
    top: CachePadded<AtomicPtr<Sleeper>>,
}

/// A node of the stack.
struct Sleeper {
    completer: Completer<()>,
    below: *mut Self,
}

/// Sleepers that were taken out, to be woken one by one. Those that are left over are woken when it is dropped.
pub struct Sleepers {
    /// Invariant: as that of [`Bell::top`], and nobody else can reach them.
    top: *mut Sleeper,
}

debug_as!(Sleepers);

impl Bell {
    pub fn new() -> Self {
        Self { top: CachePadded::new(AtomicPtr::new(null_mut())) }
    }

    /// Puts the caller among the sleepers. It looks once more for what it waits for before it waits.
    pub fn sleep(&self) -> Pending<()> {
        let (completer, pending) = completion();
        let sleeper = Box::into_raw(Box::new(Sleeper { completer, below: null_mut() }));
        // Relaxed: a guess, that the compare-and-swap confirms.
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is ours until it is in the stack.
            unsafe { (*sleeper).below = top };
            // AcqRel: Release pairs with the Acquire of `take`, which then sees the node; Acquire pairs with its Release, so
            // that whoever comes after it sees what was made visible before it.
            let order = if mutant!("bell/sleep without release") {
                Ordering::Acquire
            } else if mutant!("bell/sleep without acquire") {
                Ordering::Release
            } else {
                Ordering::AcqRel
            };
            match self.top.compare_exchange(top, sleeper, order, Ordering::Relaxed) {
                Ok(_) => return pending,
                Err(other) => top = other,
            }
        }
    }

    /// Takes all sleepers out, after something was made visible.
    pub fn take(&self) -> Sleepers {
        if mutant!("bell/look before taking") && self.top.load(Ordering::Relaxed).is_null() {
            return Sleepers::none();
        }
        // AcqRel: Acquire pairs with the Release of `sleep`, so that the nodes are seen; Release pairs with its Acquire.
        let order = if mutant!("bell/take without acquire") {
            Ordering::Release
        } else if mutant!("bell/take without release") {
            Ordering::Acquire
        } else {
            Ordering::AcqRel
        };
        Sleepers { top: self.top.swap(null_mut(), order) }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if !model_failed() {
            drop(self.take());
        }
    }
}

impl Sleepers {
    /// Nobody.
    pub const fn none() -> Self {
        Self { top: null_mut() }
    }
}

// SAFETY: the nodes belong to the list alone (invariant), and a completer of `()` may go to any thread.
unsafe impl Send for Sleepers {}

impl Iterator for Sleepers {
    type Item = Completer<()>;

    fn next(&mut self) -> Option<Completer<()>> {
        if self.top.is_null() {
            return None;
        }
        // SAFETY: the node came from `Box::into_raw`, and only this list can reach it (invariant): it is taken over once.
        let Sleeper { completer, below } = *unsafe { Box::from_raw(self.top) };
        self.top = below;
        Some(completer)
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        if !model_failed() {
            // A completer that is dropped wakes as well.
            self.for_each(drop);
        }
    }
}
