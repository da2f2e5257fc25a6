//! Panics of other people's code: what they say, and that they end nothing but what they have come from.
//!
//! Owns no state. It must never hide a panic of the database's own: that ends the thread that it happens on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic says.
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(message) = panic.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = panic.downcast_ref::<String>() {
        message.clone()
    } else {
        "a value that is no text".to_owned()
    }
}

/// Runs what belongs to a caller: wakes it, drops its result or its panic. Should that panic, it is the caller's affair and
/// must not end the thread that does it for him.
pub fn quietly(work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        tracing::error!(message = %panic_message(&*panic), "a waker, or the drop of a result, panicked");
        let is_text = panic.is::<&str>() || panic.is::<String>();
        // The drop of anything else might panic once more.
        if is_text {
            drop(panic);
        } else {
            core::mem::forget(panic);
        }
    }
}
