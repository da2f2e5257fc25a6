//! The last commits, in a bounded ring: the writer appends, any number of readers follow at their own pace.
//!
//! Entries are numbered without gaps. The writer never waits for a reader, whatever that does: a reader that is slower than
//! the ring is long loses entries and is told so ([`Nothing::Lost`]). A reader never waits for the writer, unless it
//! [sleeps](Cursor::sleep) because there is nothing new.
//!
//! # The parts
//!
//! - Entries stand in *segments* ([`segment`]) that only grow. The last one is open. The ring lets go of whole segments, the
//!   oldest first; who is reading one keeps it until it is through.
//! - The *window* is the list of segments. It is published as versions are ([`publish`](crate::sync::publish())): replaced
//!   when a segment comes or goes, pinned by a reader for as long as it looks something up.
//! - `visible` is the number of the last entry that readers may be told of: an entry is appended before its commit is
//!   published, so that whoever sees the commit finds the entry, and announced afterwards, so that whoever is told of the entry
//!   sees the commit.
//! - `interest` says who follows: a count, or [`OFF`], at which nothing is recorded. The writer turns off with a
//!   compare-and-swap from zero, so nobody can come in between and believe that it is on.
//! - The *bell* ([`bell`]) wakes those who sleep.
//!
//! # Orderings
//!
//! | access | ordering | pairs with | for |
//! |---|---|---|---|
//! | writer: entry, then `len` of the segment | Release | `len`, Acquire | the entry is written when it is read |
//! | writer: publishes the window | as in [`publish`](crate::sync::publish()) | pin of the window | segments are complete when they are found |
//! | writer: `visible` | Release | `visible`, Acquire | window and `len` reach over the entries that are announced |
//! | writer: `interest` from [`OFF`] | Release | `interest + 1`, Acquire | a cursor begins behind what came before it was on |
//! | writer: `closed`, after the last `visible` | Release | `closed`, Acquire, before `visible` | nothing comes after the end |

mod bell;
#[cfg(all(test, ecsdb_loom))]
mod models;
mod segment;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::collections::VecDeque;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use self::bell::Bell;
pub use self::bell::Sleepers;
use self::segment::Segment;
use crate::sync::shim::{Arc, AtomicU64, AtomicUsize, Ordering, model_failed};
use crate::sync::{CachePadded, Pending, Published, Publisher, mutant, publish};

/// The value of `interest` at which nothing is recorded.
const OFF: usize = usize::MAX;

/// Into how many segments a full ring is divided, about: what it lets go of at once.
const SEGMENTS: usize = 16;

/// How long the ring is, at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Entries.
    pub commits: usize,
    /// Bytes that they keep alive.
    pub bytes: usize,
}

/// The segments of one moment.
struct Window<E> {
    /// The number of the first entry that is kept, or would be; `u64::MAX` if nothing is recorded.
    first: u64,
    segments: Vec<Arc<Segment<E>>>,
}

struct Shared {
    interest: CachePadded<AtomicUsize>,
    visible: CachePadded<AtomicU64>,
    closed: AtomicUsize,
    bell: Bell,
}

/// A ring: the writer's end, and the end that readers clone. Nothing is recorded yet.
pub fn history<E>(limits: HistoryLimits) -> (Recorder<E>, History<E>) {
    let (publisher, window) = publish(Arc::new(Window { first: u64::MAX, segments: Vec::new() }));
    let shared = Arc::new(Shared {
        interest: CachePadded::new(AtomicUsize::new(OFF)),
        visible: CachePadded::new(AtomicU64::new(0)),
        closed: AtomicUsize::new(0),
        bell: Bell::new(),
    });
    let recorder = Recorder {
        shared: Arc::clone(&shared),
        publisher,
        segments: VecDeque::new(),
        first: u64::MAX,
        commits: 0,
        bytes: 0,
        announced: 0,
        limits,
        is_kept: false,
    };
    (recorder, History { shared, window })
}

/// One segment of the recorder's list.
struct Counted<E> {
    segment: Arc<Segment<E>>,
    bytes: usize,
}

/// The writer's end. Dropping it ends the readers, once they have read what there is.
pub struct Recorder<E> {
    shared: Arc<Shared>,
    publisher: Publisher<Window<E>>,
    /// What the published window lists.
    segments: VecDeque<Counted<E>>,
    /// As in [`Window`].
    first: u64,
    commits: usize,
    bytes: usize,
    /// What `visible` says.
    announced: u64,
    limits: HistoryLimits,
    /// Whether it goes on recording when nobody follows.
    is_kept: bool,
}

impl<E> Recorder<E> {
    /// Whether entries are recorded.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.first != u64::MAX
    }

    /// Bytes that the entries keep alive.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets the limits, before anything is recorded.
    pub fn set_limits(&mut self, limits: HistoryLimits) {
        self.limits = limits;
    }

    /// Records from entry `next` on, which is the one after all that is visible, and goes on when nobody follows.
    pub fn keep(&mut self, next: u64) {
        self.is_kept = true;
        if !self.is_on() {
            self.turn_on(next, 0);
        }
    }

    /// A cursor before entry `next`, which is the one after all that is visible. Records from there on, if it did not.
    pub fn follow(&mut self, history: &History<E>, next: u64) -> Cursor<E> {
        if let Some(cursor) = history.follow() {
            return cursor;
        }
        self.turn_on(next, 1);
        Cursor { history: history.clone(), next, asleep: None }
    }

    fn turn_on(&mut self, next: u64, followers: usize) {
        (self.first, self.announced) = (next, next - 1);
        self.shared.visible.store(next - 1, Ordering::Release);
        self.publish_window();
        // Release: pairs with the Acquire of `History::follow`: whoever finds it on sees `visible` and the window. The fence of
        // the publication just now does it as well (w2 in `publish::hazard`), but that is not promised.
        self.shared.interest.store(followers, Ordering::Release);
    }

    /// Stops recording if nobody follows and nobody has asked to keep it.
    pub fn rest(&mut self, sink: impl FnMut(E)) {
        if !self.is_on() || self.is_kept {
            return;
        }
        let is_idle = if mutant!("history/turn off blindly") {
            let is_idle = self.shared.interest.load(Ordering::Relaxed) == 0;
            self.shared.interest.store(OFF, Ordering::Release);
            is_idle
        } else {
            // Relaxed: a cursor that comes before it is counted, one that comes after it finds it off, by the order of this
            // one word. What cursors were reading has counts of its own.
            self.shared.interest.compare_exchange(0, OFF, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if is_idle {
            self.restart(u64::MAX, sink);
        }
    }

    /// Appends entry `number`, the one after the last, which keeps `bytes` bytes alive. Entries that have to go for it, and
    /// that nobody is reading, go into `sink`.
    pub fn append(&mut self, number: u64, entry: E, bytes: usize, mut sink: impl FnMut(E)) {
        debug_assert_eq!(number, self.first + self.commits as u64, "entries are numbered without gaps");
        if bytes > self.limits.bytes || self.limits.commits == 0 {
            sink(entry);
            return self.restart(number + 1, sink);
        }
        let share = (self.limits.bytes / SEGMENTS).max(1);
        let is_open = self.segments.back().is_some_and(|last| !last.segment.is_full() && last.bytes < share);
        let mut gone = Vec::new();
        while self.commits >= self.limits.commits || self.bytes + bytes > self.limits.bytes {
            let Some(oldest) = self.segments.pop_front() else { break };
            self.first += oldest.segment.len() as u64;
            self.commits -= oldest.segment.len();
            self.bytes -= oldest.bytes;
            gone.push(oldest.segment);
        }
        if !is_open || self.segments.is_empty() {
            let slots = (self.limits.commits / SEGMENTS).clamp(1, 1024);
            self.segments.push_back(Counted { segment: Arc::new(Segment::new(number, slots)), bytes: 0 });
        }
        if let Some(last) = self.segments.back_mut() {
            // SAFETY: this is the only recorder of the segment, and it is borrowed mutably.
            let appended = unsafe { last.segment.append(entry) };
            debug_assert!(appended.is_ok(), "an open segment has room");
            last.bytes += bytes;
        }
        self.bytes += bytes;
        self.commits += 1;
        if !is_open || !gone.is_empty() {
            self.publish_window();
        }
        for segment in gone {
            Segment::take_entries(segment, &mut sink);
        }
    }

    /// Forgets all entries, as if the ring were too short for them.
    pub fn forget(&mut self) {
        if self.is_on() {
            self.restart(self.first + self.commits as u64, drop);
        }
    }

    /// Forgets all entries. The next one is number `next`.
    pub fn restart(&mut self, next: u64, mut sink: impl FnMut(E)) {
        let gone = core::mem::take(&mut self.segments);
        (self.first, self.commits, self.bytes) = (next, 0, 0);
        self.publish_window();
        for counted in gone {
            Segment::take_entries(counted.segment, &mut sink);
        }
    }

    /// Lets readers know of everything up to entry `number`. Whoever sleeps is woken by the caller.
    pub fn announce(&mut self, number: u64) -> Sleepers {
        if core::mem::replace(&mut self.announced, number) == number {
            // Nothing came: let them sleep.
            return Sleepers::none();
        }
        if mutant!("history/ring before visible") {
            let sleepers = self.shared.bell.take();
            self.shared.visible.store(number, Ordering::Release);
            return sleepers;
        }
        // Release: pairs with the Acquire of `History::visible`: who is told of the entry finds it.
        let order = if mutant!("history/visible relaxed") { Ordering::Relaxed } else { Ordering::Release };
        self.shared.visible.store(number, order);
        self.shared.bell.take()
    }

    fn publish_window(&mut self) {
        let segments = self.segments.iter().map(|counted| Arc::clone(&counted.segment)).collect();
        let mut displaced = self.publisher.store(Arc::new(Window { first: self.first, segments }));
        // What a reader has pinned it lets go of itself.
        if let Some(window) = self.publisher.reclaim(&mut displaced) {
            window.segments.clear();
        }
    }
}

impl<E> Drop for Recorder<E> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Release: pairs with the Acquire of `Cursor::look`: who sees the end sees all that was announced.
        let order = if mutant!("history/closed relaxed") { Ordering::Relaxed } else { Ordering::Release };
        self.shared.closed.store(1, order);
        if !mutant!("history/close in silence") {
            drop(self.shared.bell.take());
        }
    }
}

/// The readers' end.
pub struct History<E> {
    shared: Arc<Shared>,
    window: Published<Window<E>>,
}

debug_as!([E] History<E>);

impl<E> Clone for History<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), window: self.window.clone() }
    }
}

/// An entry that is held: the ring may forget it meanwhile.
pub struct Held<E> {
    /// Invariant: it has more than `index` entries.
    segment: Arc<Segment<E>>,
    index: usize,
}

debug_as!([E] Held<E>);

impl<E> Clone for Held<E> {
    fn clone(&self) -> Self {
        Self { segment: Arc::clone(&self.segment), index: self.index }
    }
}

impl<E> Deref for Held<E> {
    type Target = E;

    fn deref(&self) -> &E {
        self.segment.get(self.index).expect("entries stay where they are while they are held")
    }
}

/// The ring does not have an entry any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The first entry that it has, or will have; `u64::MAX` if nothing is recorded.
    pub first: u64,
}

impl<E> History<E> {
    /// A cursor before the next entry; `None` if nothing is recorded, so that the writer has to be asked for one.
    pub fn follow(&self) -> Option<Cursor<E>> {
        let mut followers = self.shared.interest.load(Ordering::Relaxed);
        loop {
            if followers == OFF {
                return None;
            }
            // Acquire: pairs with the Release of `turn_on`, so that the look at `visible` does not see what it was when
            // nothing was recorded. As a read-modify-write it also keeps the writer from turning off unseen.
            let order = if mutant!("history/follow relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
            match self.shared.interest.compare_exchange(followers, followers + 1, order, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => followers = now,
            }
        }
        let next = self.visible() + 1;
        Some(Cursor { history: self.clone(), next, asleep: None })
    }

    /// The number of the last entry that was announced.
    fn visible(&self) -> u64 {
        // Acquire: pairs with the Release of `announce`. The fence inside a pin of the window would do, if it comes to that.
        self.shared.visible.load(Ordering::Acquire)
    }

    /// The entries from `from` to `to`, both included.
    ///
    /// The caller has seen the commit of `to`: then its entry was appended before, or is lost.
    pub fn range(&self, from: u64, to: u64) -> Result<Vec<Held<E>>, Lost> {
        let window = self.window.load();
        (from..=to).map(|number| window.find(number)).collect()
    }
}

impl<E> Window<E> {
    fn find(&self, number: u64) -> Result<Held<E>, Lost> {
        let lost = Lost { first: self.first };
        if number < self.first {
            return Err(lost);
        }
        let at = self.segments.partition_point(|segment| segment.first() <= number);
        let segment = at.checked_sub(1).and_then(|at| self.segments.get(at)).ok_or(lost)?;
        let index = (number - segment.first()) as usize;
        if index < segment.len() { Ok(Held { segment: Arc::clone(segment), index }) } else { Err(lost) }
    }
}

/// Why there is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// There is none yet.
    Yet,
    /// The ring has forgotten it.
    Lost(Lost),
    /// The writer is gone, and all was read.
    Closed,
}

/// A place in the history: the next entry to be read. Not `Clone`: it counts as one that follows.
pub struct Cursor<E> {
    history: History<E>,
    next: u64,
    /// Kept over timeouts and polls, so that a cursor has at most one sleeper.
    asleep: Option<Pending<()>>,
}

debug_as!([E] Cursor<E>);

impl<E> Cursor<E> {
    /// The number of the next entry.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Goes on after entry `number`, which the caller has seen or makes up for.
    pub fn go_on_after(&mut self, number: u64) {
        self.next = number + 1;
    }

    /// The next entry, if there is one already.
    pub fn try_next(&mut self) -> Result<Held<E>, Nothing> {
        let shared = &self.history.shared;
        // Acquire, and before the look at `visible`: if it is closed, nothing comes after what is visible now.
        let order = if mutant!("history/closed seen relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
        let is_closed = shared.closed.load(order) != 0;
        if self.next > self.history.visible() {
            return Err(if is_closed { Nothing::Closed } else { Nothing::Yet });
        }
        let found = self.history.window.load().find(self.next).map_err(Nothing::Lost)?;
        self.next += 1;
        Ok(found)
    }

    /// The next entry. Sleeps until there is one; [`Nothing::Yet`] if there is none when the deadline has passed.
    pub fn next(&mut self, deadline: Option<Instant>) -> Result<Held<E>, Nothing> {
        loop {
            match self.try_next() {
                Err(Nothing::Yet) => {}
                found => return found,
            }
            if let Some(mut asleep) = self.asleep.take() {
                if let Ok(None) = asleep.wait_until(deadline) {
                    self.asleep = Some(asleep);
                    return Err(Nothing::Yet);
                }
                // Woken, by the bell or by its end.
            } else {
                // And looks again before it sleeps.
                self.asleep = Some(self.sleep());
            }
        }
    }

    /// As [`next`](Self::next), for a task.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Held<E>, Nothing>> {
        loop {
            match self.try_next() {
                Err(Nothing::Yet) => {}
                found => return Poll::Ready(found),
            }
            let mut asleep = match self.asleep.take() {
                Some(asleep) => asleep,
                None => {
                    let asleep = self.sleep();
                    // What came before the bell knew of us.
                    match self.try_next() {
                        _ if mutant!("history/no second look") => asleep,
                        Err(Nothing::Yet) => asleep,
                        found => {
                            self.asleep = Some(asleep);
                            return Poll::Ready(found);
                        }
                    }
                }
            };
            if Pin::new(&mut asleep).poll(context).is_pending() {
                self.asleep = Some(asleep);
                return Poll::Pending;
            }
        }
    }

    fn sleep(&self) -> Pending<()> {
        self.history.shared.bell.sleep()
    }
}

impl<E> Drop for Cursor<E> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        let shared = &self.history.shared;
        // Relaxed: see `Recorder::rest`. A cursor exists, so the count is not `OFF` and above zero.
        shared.interest.fetch_sub(1, Ordering::Relaxed);
        if self.asleep.take().is_some() {
            // Its sleeper must not stay behind: cursors may come and go while nothing is committed. All others wake up for
            // nothing, and lie down again.
            let sleepers = shared.bell.take();
            if mutant!("history/leave in silence") {
                core::mem::forget(sleepers);
            }
        }
    }
}
