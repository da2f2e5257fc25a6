//! The mailbox of the keeper under loom: the keeper, somebody who asks, and somebody who ends it.
//!
//! The keeper of the models makes no checkpoints: it refuses whatever it is asked for, which is an answer like any other.

use super::CloseOnDrop;
use super::mailbox::{Mailbox, Wish, Work};
use super::report::{CheckpointError, CheckpointReport};
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, thread};
use crate::sync::{Pending, completion};

/// What the keeper of the models says.
fn refuse(work: Work) {
    for wish in work.wishes {
        wish.completer.complete(Err(CheckpointError::TooLarge));
    }
}

fn ask(mailbox: &Mailbox) -> Pending<Result<CheckpointReport, CheckpointError>> {
    let (completer, pending) = completion();
    mailbox.ask(Wish { on_progress: None, completer });
    pending
}

/// As the thread of the keeper does.
fn spawn_keeper(mailbox: &Arc<Mailbox>) -> thread::JoinHandle<()> {
    let mailbox = Arc::clone(mailbox);
    thread::spawn(move || {
        let _end = CloseOnDrop(&mailbox);
        while let Some(work) = mailbox.next(None) {
            refuse(work);
        }
    })
}

/// Somebody asks while another one ends the keeper: he is answered, by whomever, and the keeper ends.
fn asked_and_closed() {
    check(Some(3), || {
        let mailbox = Arc::new(Mailbox::default());
        let keeper = spawn_keeper(&mailbox);
        let asking = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                let answer = ask(&mailbox).wait().expect("nobody is left without an answer");
                assert!(matches!(answer, Err(CheckpointError::TooLarge | CheckpointError::Closed)));
            }
        });
        mailbox.close();
        keeper.join().unwrap();
        asking.join().unwrap();
    });
}

/// Two ask, and nobody ends the keeper before both are answered: by the keeper, whether together or one by one.
fn two_ask() {
    check(Some(3), || {
        let mailbox = Arc::new(Mailbox::default());
        let keeper = spawn_keeper(&mailbox);
        let asking = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || assert!(matches!(ask(&mailbox).wait(), Ok(Err(CheckpointError::TooLarge))))
        });
        assert!(matches!(ask(&mailbox).wait(), Ok(Err(CheckpointError::TooLarge))));
        asking.join().unwrap();
        mailbox.close();
        keeper.join().unwrap();
    });
}

/// The log becomes long while somebody asks: the keeper hears of both.
fn the_log_becomes_long() {
    check(Some(3), || {
        let mailbox = Arc::new(Mailbox::default());
        let keeper = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                let (mut is_long, mut wishes) = (false, 0);
                while !is_long || wishes == 0 {
                    let work = mailbox.next(None).expect("nobody ends it");
                    is_long |= work.is_log_long;
                    wishes += work.wishes.len();
                    refuse(work);
                }
            }
        });
        let writer = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || mailbox.log_is_long()
        });
        assert!(matches!(ask(&mailbox).wait(), Ok(Err(CheckpointError::TooLarge))));
        writer.join().unwrap();
        keeper.join().unwrap();
    });
}

/// A keeper goes in the middle of its work, as it does when that panics: nobody waits for it any more, neither who had been heard
/// nor who asks later.
fn a_keeper_that_is_gone() {
    check(Some(3), || {
        let mailbox = Arc::new(Mailbox::default());
        let keeper = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                let _end = CloseOnDrop(&mailbox);
                drop(mailbox.next(None));
            }
        });
        let asking = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || assert!(matches!(ask(&mailbox).wait(), Err(_) | Ok(Err(CheckpointError::Closed))))
        });
        assert!(matches!(ask(&mailbox).wait(), Err(_) | Ok(Err(CheckpointError::Closed))));
        asking.join().unwrap();
        keeper.join().unwrap();
    });
}

models! {
    asked_and_closed:
        "mailbox/ask without a look" as loom_finds_ask_without_a_look,
        "mailbox/close in silence" as loom_finds_close_in_silence,
        "mailbox/forget who asked" as loom_finds_forget_who_asked;
    two_ask:
        "mailbox/ask in silence" as loom_finds_ask_in_silence;
    the_log_becomes_long:
        "mailbox/ring in silence" as loom_finds_ring_in_silence;
    a_keeper_that_is_gone:
        "mailbox/ask without a look" as loom_finds_ask_without_a_look,
        "mailbox/forget who asked" as loom_finds_forget_who_asked;
}
