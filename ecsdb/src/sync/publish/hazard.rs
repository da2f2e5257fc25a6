//! The single-writer cell: readers announce what they are about to count in a hazard slot, the writer looks there.
//!
//! # The problem
//!
//! A reader has to do two things that are not one step: read the address of the published value, and add one to its
//! count. Between the two the writer may displace the value and find itself its only owner.
//!
//! # The protocol
//!
//! ```text
//! reader: load                                   writer: store
//!  r1  p = current                                w1  current = next            Release
//!  r2  slot: null -> p            CAS, Relaxed    w2  fence                     SeqCst
//!  r3  fence                      SeqCst          w3  look at every slot        Acquire
//!  r4  q = current                Acquire         w4  previous named? keep one count of it (retired)
//!      q != p: slot = q (Relaxed), p = q, r3          else give the count away
//!  r5  count of p + 1             Relaxed
//!  r6  slot: p -> null            Release
//! ```
//!
//! *States of a slot:* `null`, free; `p`, taken by one reader that is between r2 and r6. A reader holds one slot for a
//! handful of instructions, never while it uses the value.
//!
//! *States of a value:* published (`current` carries one count), retired (displaced while a slot named it: the
//! publisher keeps that count and looks again later), released (no slot named it after its displacement: the count was
//! given away). Invariant: **while a reader stands between a successful r4 and r5, the cell holds a count of p.** So
//! r5 counts a living value, and no owner outside can be the only one: `Arc::get_mut`, which is safe to call for
//! anybody, cannot succeed too early.
//!
//! # Why it holds
//!
//! The fences r3 and w2 are totally ordered. Take the last displacement of `p` (w1, w2) and a reader of `p`:
//!
//! - *r3 before w2:* w3 sees what r2 wrote to the slot, or something later. If it sees `p`, the value is retired. If
//!   it sees something later, that is r6 or what another reader wrote on top of it. r6 is a Release store after r5; the
//!   CAS of the next reader continues its release sequence; and whatever that reader stores later comes after its r3,
//!   which is an acquire and a release fence as well and so passes on what its CAS has read. In each case the writer sees
//!   the new count, and is not the only owner.
//! - *w2 before r3:* r4 sees `next` or something later. If that is `p` again, then `p` was published again after this
//!   displacement, which was not the last one. Hence r4 sees another address and r5 is not reached with `p`.
//!
//! *ABA:* the writer may publish `p`, displace it, change it in place and publish it again while a reader sleeps
//! between r1 and r4. The reader then finds `current == p`. That is a valid pin of the **second** publication: r4 is an
//! Acquire load of the second w1, so the changes are visible, and the slot names `p` before the displacement to come.
//! The reader goes on with the pointer of r4, never with that of r1, whose allocation may be gone.
//!
//! *A later look at a retired value* needs no fence: after its displacement no new reader gets past r4 with it (unless
//! it is published again, and then its next displacement looks for itself), and a slot that was seen taken is seen
//! taken or later from then on (coherence).
//!
//! # Progress
//!
//! The writer never waits for a reader. A reader repeats r3 and r4 only if the writer has published in the meantime.
//! It looks for a free slot from a place of its own, so that readers on different threads do not meet; if all slots are
//! taken, it goes on looking, and gives up its time slice after every round: there it waits for another reader, and is not
//! lock-free. There are sixteen slots, so that takes sixteen readers that lost the processor within these few instructions.
//!
//! A reader that sleeps between r2 and r6 keeps at most one displaced value alive.

use std::ptr::null_mut;

use crate::sync::shim::{
    Arc, AtomicPtr, HAZARD_SLOTS, Mutex, Ordering, count_again, fence, lock, model_failed, spin_loop, thread,
    thread_number,
};
use crate::sync::{CachePadded, mutant};

/// Publishes `first`: the writer's end, and the end from which readers are cloned.
pub fn publish<T>(first: Arc<T>) -> (Publisher<T>, Published<T>) {
    let shared = Arc::new(Shared {
        current: CachePadded::new(AtomicPtr::new(Arc::into_raw(first).cast_mut())),
        slots: std::array::from_fn(|_| CachePadded::new(AtomicPtr::new(null_mut()))),
        left_behind: Mutex::new(Vec::new()),
    });
    (Publisher { shared: Arc::clone(&shared), retired: Vec::new() }, Published { shared })
}

/// What the two ends share.
struct Shared<T> {
    /// The published value, from `Arc::into_raw`. Invariant: carries one count of it. Written by the publisher alone.
    current: CachePadded<AtomicPtr<T>>,
    /// What readers are about to count, or null.
    slots: [CachePadded<AtomicPtr<T>>; HAZARD_SLOTS],
    /// Values that were still named by a slot when the publisher went away. Also what makes the cell `Send` and `Sync`
    /// exactly when an `Arc<T>` is.
    left_behind: Mutex<Vec<Arc<T>>>,
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Relaxed: whoever drops the last handle of `Shared` has acquired what the others did with it.
        let current = self.current.load(Ordering::Relaxed);
        // SAFETY: `current` is from `Arc::into_raw` and carries one count, which is given up here and only here. A
        // reader in the middle of `load` borrows its handle, so there is none.
        drop(unsafe { Arc::from_raw(current) });
    }
}

/// The writer's end: it alone replaces the value.
///
/// It is not `Clone`, and `store` takes `&mut self`: a second writer does not compile. Dropping it leaves the last value
/// published.
pub struct Publisher<T> {
    shared: Arc<Shared<T>>,
    /// Displaced values, one count each, that a slot named when they were last looked at. No value stands here twice,
    /// so there are no more of them than slots.
    retired: Vec<Arc<T>>,
}

debug_as!([T] Publisher<T>);

impl<T> Publisher<T> {
    /// Makes `next` the published value and returns the one it replaces.
    ///
    /// Never waits for a reader. Whoever loads after this call gets `next` or something newer. Readers that hold the
    /// previous value keep it; [`reclaim`](Self::reclaim) says when they have let go. Publishing a value again later
    /// is allowed.
    pub fn store(&mut self, next: Arc<T>) -> Arc<T> {
        let next = Arc::into_raw(next).cast_mut();
        // Relaxed: nobody else writes `current`, and a publisher that moved to another thread took its view along.
        let previous = self.shared.current.load(Ordering::Relaxed);
        let named_too_early = mutant!("publish/look before store") && self.is_named(previous);
        // w1. Release: pairs with the Acquire of r4; a reader sees all that was written to `next` before.
        let order = if mutant!("publish/store relaxed") { Ordering::Relaxed } else { Ordering::Release };
        self.shared.current.store(next, order);
        // w2. SeqCst: pairs with r3. Either the reader sees w1, or w3 sees the reader's slot. With less, both may read
        // the old state (store buffering), and the reader counts a value that the writer takes for its own.
        if !mutant!("publish/writer without fence") {
            fence(if mutant!("publish/weaker fence of the writer") { Ordering::AcqRel } else { Ordering::SeqCst });
        }
        // SAFETY: `previous` was put there by `publish` or by an earlier `store`, from `Arc::into_raw`, with one count.
        // It has just been displaced, so that the count is taken over exactly once.
        let previous = unsafe { Arc::from_raw(previous) };
        // w3, w4.
        let named = if mutant!("publish/look before store") {
            named_too_early
        } else {
            self.is_named(Arc::as_ptr(&previous)) && !mutant!("publish/ignore slots")
        };
        // One count a value is enough, however often it was published while a reader slept.
        if named && !self.retired.iter().any(|value| Arc::as_ptr(value) == Arc::as_ptr(&previous)) {
            self.retired.push(Arc::clone(&previous));
        }
        if !self.retired.is_empty() {
            self.sweep();
        }
        previous
    }

    /// Exclusive access to a value that is neither published, nor pinned, nor about to be pinned.
    ///
    /// `value` must be the only reference that the caller holds; `None` if a reader has a pin, if a reader is just about
    /// to take one, or if the value is published. Asking again later is all there is to do about it.
    ///
    /// ```text
    /// let mut spare = publisher.store(next);
    /// match publisher.reclaim(&mut spare) {
    ///     Some(value) => /* nobody can see it: change it in place */,
    ///     None => /* pinned: use another one */,
    /// }
    /// ```
    pub fn reclaim<'a>(&mut self, value: &'a mut Arc<T>) -> Option<&'a mut T> {
        if !self.retired.is_empty() {
            self.sweep();
        }
        #[cfg(ecsdb_loom)]
        if mutant!("roots/write in place") {
            // SAFETY: none; this is the fault. All threads of a model take turns on one thread.
            return Some(unsafe { Arc::seize(value) });
        }
        // The published and the retired values carry a count of ours, so that this one test covers all three cases.
        // It comes after the look at the slots (see the invariant above), inside it synchronizes with the last reader
        // that let go.
        Arc::get_mut(value)
    }

    /// The published value, without the detour over a slot: nobody but the holder of this handle can displace it.
    #[cfg(test)]
    pub fn latest(&self) -> Arc<T> {
        // Relaxed: as in `store`, the value was put there by this handle.
        let current = self.shared.current.load(Ordering::Relaxed);
        // SAFETY: from `Arc::into_raw`; `current` carries a count, and only `store` gives it up, which needs `&mut`.
        unsafe { count_again(current) };
        // SAFETY: takes over the count that was just added.
        unsafe { Arc::from_raw(current) }
    }

    /// One more reader's end.
    pub fn reader(&self) -> Published<T> {
        Published { shared: Arc::clone(&self.shared) }
    }

    /// Gives up the counts of retired values that no slot names any more.
    fn sweep(&mut self) {
        let shared = &self.shared;
        // Acquire: pairs with r6 (and with what later readers wrote on top of it), so that the count of r5 comes before the one
        // that is given up below.
        let named: [*mut T; HAZARD_SLOTS] = std::array::from_fn(|slot| shared.slots[slot].load(Ordering::Acquire));
        self.retired.retain(|value| named.contains(&Arc::as_ptr(value).cast_mut()));
    }

    /// Does a slot name `value`? Acquire: pairs with r6, so that the count of r5 is seen.
    fn is_named(&self, value: *const T) -> bool {
        let order = if mutant!("publish/scan relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
        self.shared.slots.iter().any(|slot| slot.load(order).cast_const() == value)
    }
}

impl<T> Drop for Publisher<T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        self.sweep();
        if !self.retired.is_empty() && !mutant!("publish/leave nothing behind") {
            lock(&self.shared.left_behind).append(&mut self.retired);
        }
    }
}

/// A reader's end. Clones see the same value.
pub struct Published<T> {
    shared: Arc<Shared<T>>,
}

debug_as!([T] Published<T>);

impl<T> Clone for Published<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Published<T> {
    /// Pins the value that is published now.
    ///
    /// Never waits for the writer; lock-free while a slot is free (see *Progress* above). Two loads by the same thread never go
    /// back in time.
    #[inline]
    pub fn load(&self) -> Arc<T> {
        let shared = &*self.shared;
        // r1. Relaxed: a guess, confirmed by r4.
        let mut seen = shared.current.load(Ordering::Relaxed);
        let slot = shared.claim(seen);
        while !mutant!("publish/no second look") {
            // r3. SeqCst: pairs with w2, see there. It also does the Acquire of r2.
            if !mutant!("publish/reader without fence") {
                fence(if mutant!("publish/weaker fence of the reader") { Ordering::AcqRel } else { Ordering::SeqCst });
            }
            // r4. Acquire: pairs with w1, so that the contents of the value are visible. What r1 read is acquired by
            // r3 already, but this may be a later publication of a value that was changed in between.
            let order = if mutant!("publish/second look relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
            let current = shared.current.load(order);
            if current == seen {
                // The pointer of r4, not the one of r1: same address, but perhaps another allocation.
                seen = current;
                break;
            }
            seen = current;
            // Relaxed: the next r3 orders it before the next r4. What the slot's last holder left behind was passed on
            // by the r3 before.
            slot.store(seen, Ordering::Relaxed);
        }
        if mutant!("publish/clear before count") {
            slot.store(null_mut(), Ordering::Release);
        }
        // r5. SAFETY: `seen` is from `Arc::into_raw`, and the cell holds a count of it until r6 (the invariant above).
        unsafe { count_again(seen) };
        // r6. Release: pairs with w3; who sees the slot free, or taken by another reader since, sees the count.
        let order = if mutant!("publish/clear relaxed") { Ordering::Relaxed } else { Ordering::Release };
        slot.store(null_mut(), order);
        // SAFETY: takes over the count of r5.
        unsafe { Arc::from_raw(seen) }
    }
}

impl<T> Shared<T> {
    /// r2: takes a free slot and announces `value` in it, in one step.
    #[inline]
    fn claim(&self, value: *mut T) -> &AtomicPtr<T> {
        let first = thread_number();
        loop {
            for step in 0..HAZARD_SLOTS {
                let slot = &self.slots[(first + step) % HAZARD_SLOTS];
                // Relaxed: r3 follows, which orders the announcement before r4, and as an acquire fence pairs with r6
                // of the slot's last holder, whose count must not get lost under our stores.
                if slot.compare_exchange(null_mut(), value, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                    return slot;
                }
                spin_loop();
            }
            thread::yield_now();
        }
    }
}
