//! Pieces of work that are prepared on several threads and taken in one by one, in order.

use crate::sync::Turns;
use crate::sync::channel::bounded;

/// Prepares `count` pieces with `prepare`, each from its number, on `threads` threads, and gives them to `take` in
/// their order, on this thread. At most `threads + 2` of them are around at a time: one on each thread, one on its way,
/// one with `take`. The first error of `take` ends it, and so does a panic of `prepare`, which goes on here.
pub fn in_order<T: Send, E>(
    count: usize,
    threads: usize,
    prepare: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    if threads == 0 || count < 2 {
        return (0..count).try_for_each(|number| take(prepare(number)));
    }
    let turns = Turns::new(count);
    let (sender, receiver) = bounded(1);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            let (turns, prepare, sender) = (&turns, &prepare, sender.clone());
            scope.spawn(move || turns.prepare_all(&sender, prepare));
        }
        // Those of the threads are the last ones: when they are gone, nothing comes any more.
        drop(sender);
        turns.take_all(receiver, take)
    })
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
