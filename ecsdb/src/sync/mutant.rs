//! Deliberate faults, so that the models can show that they would notice one.
//!
//! `mutant!("name")` is `false` in every ordinary build and costs nothing there. Under `--cfg ecsdb_loom` a test may
//! turn one fault on and assert that its model then fails. A model that passes with its mutant on proves nothing.

/// Is the named fault on? Always `false`, at compile time, unless the crate is built for loom.
macro_rules! mutant {
    ($name:literal) => {
        $crate::sync::mutant::is_on($name)
    };
}
pub(crate) use mutant;

#[cfg(not(ecsdb_loom))]
#[inline(always)]
pub(crate) const fn is_on(_name: &str) -> bool {
    false
}

#[cfg(ecsdb_loom)]
mod switch {
    use std::cell::Cell;

    std::thread_local! {
        /// The fault that is on. Loom runs all threads of a model on the thread of the test, so a thread-local of
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
#[cfg(ecsdb_loom)]
pub(crate) use switch::is_on;
#[cfg(all(test, ecsdb_loom))]
pub(crate) use switch::with;
