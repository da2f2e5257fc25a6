//! Deliberate faults, so that the models can show that they would notice one.
//!
//! `mutant!("name")` is `false` in every ordinary build and costs nothing there. Under `--cfg ecsdb_loom` or
//! `--cfg ecsdb_shuttle` a test may turn one fault on and assert that its model then fails. A model that passes with its
//! mutant on proves nothing.

/// Is the named fault on? Always `false`, at compile time, unless the crate is built for a checker.
macro_rules! mutant {
    ($name:literal) => {
        $crate::sync::mutant::is_on($name)
    };
}
pub(crate) use mutant;

#[cfg(not(any(ecsdb_loom, ecsdb_shuttle)))]
#[inline(always)]
pub(crate) const fn is_on(_name: &str) -> bool {
    false
}

#[cfg(any(ecsdb_loom, ecsdb_shuttle))]
mod switch {
    use std::cell::Cell;

    std::thread_local! {
        /// The fault that is on. Both checkers run all threads of a model on the thread of the test, so a thread-local of
        /// the standard library is seen by all of them and by no other test.
        static ACTIVE: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    pub(crate) fn is_on(name: &str) -> bool {
        ACTIVE.get() == Some(name)
    }

    /// Runs `body` with the named fault on; it is off again afterwards, also after a panic.
    #[cfg(test)]
    pub(crate) fn with<R>(name: &'static str, body: impl FnOnce() -> R) -> R {
        struct Off;
        impl Drop for Off {
            fn drop(&mut self) {
                ACTIVE.set(None);
            }
        }
        ACTIVE.set(Some(name));
        let _off = Off;
        body()
    }
}
#[cfg(any(ecsdb_loom, ecsdb_shuttle))]
pub(crate) use switch::is_on;
#[cfg(all(test, any(ecsdb_loom, ecsdb_shuttle)))]
pub(crate) use switch::with;
