//! Pieces of work that are prepared on several threads and taken in one by one, in order.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::sync::channel::{Sender, bounded};

/// Who takes what, and whose turn it is to hand over.
#[derive(Default)]
struct Turns {
    /// The next piece that nobody has taken.
    next: usize,
    /// The next piece that is to be handed over.
    due: usize,
    /// Nothing more is wanted.
    is_over: bool,
}

/// Prepares `count` pieces with `prepare`, each from its number, on `threads` threads, and gives them to `take` in their order, on
/// this thread. At most `threads + 2` of them are around at a time: one on each thread, one on its way, one with `take`. The first error of `take` ends it.
pub fn in_order<T: Send, E>(
    count: usize,
    threads: usize,
    prepare: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    if threads == 0 || count < 2 {
        return (0..count).try_for_each(|number| take(prepare(number)));
    }
    let (turns, changed) = (Mutex::new(Turns::default()), Condvar::new());
    let lock = || -> MutexGuard<'_, Turns> { turns.lock().unwrap_or_else(PoisonError::into_inner) };
    let (sender, receiver) = bounded(1);
    let work = |sender: Sender<T>| {
        loop {
            let number = {
                let mut turns = lock();
                if turns.is_over || turns.next == count {
                    return;
                }
                turns.next += 1;
                turns.next - 1
            };
            // Should it panic, the others find that nothing is wanted any more.
            let over = Over(|| {
                lock().is_over = true;
                changed.notify_all();
            });
            let piece = prepare(number);
            let mut turns = lock();
            while turns.due != number && !turns.is_over {
                turns = changed.wait(turns).unwrap_or_else(PoisonError::into_inner);
            }
            let is_over = turns.is_over;
            drop(turns);
            if is_over || sender.send(piece).is_err() {
                return;
            }
            core::mem::forget(over);
            lock().due += 1;
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            let (work, sender) = (&work, sender.clone());
            scope.spawn(move || work(sender));
        }
        // Those of the threads are the last ones: when they are gone, nothing comes any more.
        drop(sender);
        let mut done = Ok(());
        let over = Over(|| {
            lock().is_over = true;
            changed.notify_all();
        });
        for _ in 0..count {
            let Ok(piece) = receiver.recv() else { break };
            done = take(piece);
            if done.is_err() {
                break;
            }
        }
        drop(receiver);
        drop(over);
        done
    })
}

/// Does something when it is dropped.
struct Over<F: FnMut()>(F);

impl<F: FnMut()> Drop for Over<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_in_order_whatever_the_threads() {
        for threads in 0..5 {
            for count in [0, 1, 2, if cfg!(miri) { 10 } else { 100 }] {
                let mut taken = Vec::new();
                let done = in_order(
                    count,
                    threads,
                    |number| number * 2,
                    |piece| {
                        taken.push(piece);
                        Ok::<(), ()>(())
                    },
                );
                assert_eq!(done, Ok(()));
                assert_eq!(taken, (0..count).map(|number| number * 2).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_first_error_is_the_end() {
        for threads in 0..4 {
            let mut taken = 0;
            let done = in_order(
                1000,
                threads,
                |number| number,
                |piece| {
                    taken += 1;
                    if piece == 7 { Err(piece) } else { Ok(()) }
                },
            );
            assert_eq!((done, taken), (Err(7), 8));
        }
    }

    #[test]
    fn a_panic_on_a_thread_is_a_panic_here() {
        let run = || in_order(50, 3, |number| assert_ne!(number, 20), Ok::<(), ()>);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let outcome = std::panic::catch_unwind(run);
        std::panic::set_hook(hook);
        assert!(outcome.is_err());
    }
}
