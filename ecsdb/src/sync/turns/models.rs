//! Turns under loom: two threads that prepare, and one that takes. Whoever waits for ever ends a model as a deadlock.
//!
//! A panic would end the model. What it does here is what a piece that nobody takes does: the thread ends, and ends
//! all.

use super::Turns;
use crate::sync::channel::bounded;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, thread};

/// Prepares `count` pieces on two threads and gives them to `take`. Returns what that has returned when both have
/// ended.
fn run(count: usize, take: impl FnMut(usize) -> Result<(), usize>) -> Result<(), usize> {
    let turns = Arc::new(Turns::new(count));
    let (sender, receiver) = bounded(1);
    let preparing = [sender.clone(), sender].map(|sender| {
        let turns = Arc::clone(&turns);
        thread::spawn(move || turns.prepare_all(&sender, |number| number * 2))
    });
    let done = turns.take_all(receiver, take);
    preparing.into_iter().for_each(|thread| thread.join().unwrap());
    done
}

/// All pieces come, in their order, whoever is faster.
fn pieces_in_turn() {
    check(Some(2), || {
        let mut due = 0;
        let done = run(3, |piece| {
            assert_eq!(piece, due * 2, "in the place of another one");
            due += 1;
            Ok(())
        });
        assert_eq!((done, due), (Ok(()), 3));
    });
}

/// Nobody wants what comes after the first piece: both threads end, wherever they are.
fn the_first_error_ends_it() {
    check(Some(2), || {
        let mut taken = 0;
        let done = run(3, |piece| {
            taken += 1;
            Err(piece)
        });
        assert_eq!((done, taken), (Err(0), 1));
    });
}

models! {
    pieces_in_turn:
        "turns/out of turn" as loom_finds_out_of_turn,
        "turns/pass before it is sent" as loom_finds_pass_before_it_is_sent,
        "turns/pass in silence" as loom_finds_pass_in_silence;
    the_first_error_ends_it:
        "turns/end in silence" as loom_finds_end_in_silence;
}
