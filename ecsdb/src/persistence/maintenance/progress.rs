//! How far something is.

/// How far work on a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being worked on: `segments`, for instance.
    pub step: &'static str,
    /// How much of that is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// Tells somebody how far work is.
pub(super) struct Steps<'a> {
    tell: &'a mut dyn FnMut(Progress),
    now: Progress,
}

impl<'a> Steps<'a> {
    pub fn new(tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { tell, now: Progress { step: "", done: 0, total: 0 } }
    }

    /// Goes on to the next step, which has `total` parts.
    pub fn begin(&mut self, step: &'static str, total: u64) {
        self.now = Progress { step, done: 0, total };
        (self.tell)(self.now);
    }

    /// `parts` more are done, of all that there are at most.
    pub fn advance(&mut self, parts: u64) {
        self.now.done = self.now.done.saturating_add(parts).min(self.now.total);
        (self.tell)(self.now);
    }
}
