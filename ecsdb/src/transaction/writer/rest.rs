//! What the writer does when nothing is queued: it gives memory back, asks for huge pages, and sleeps.

use std::time::{Duration, Instant};

use super::{Left, Writer, WriterConfig};
use crate::change_set::ChangeSet;
use crate::sync::mutant;

/// How long it is from one huge page to the next: readers are held up by each, so that all at once would be felt.
const PLACE_EVERY: Duration = Duration::from_millis(20);

/// How long it is at the least from one look to the next at what snapshots hold: memory may be given back at once, but nobody waits
/// for that in a loop.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Writer {
    /// What is to be done when nothing is queued: gives memory back if that has been so for a while. Returns how long its thread
    /// may sleep; without a limit if there is nothing more to do.
    pub fn rest(&mut self) -> Option<Duration> {
        self.inbox.give_back();
        self.completions.give(&mut self.spent);
        let has_places = self.fill_place();
        let idle = self.config.idle;
        let mut left = idle.saturating_sub(self.idle_since.elapsed());
        if self.has_worked && left.is_zero() && !has_places {
            self.config.store.trim();
            self.counts.note_pinned(self.config.store.pinned_count());
            self.spent = Vec::new();
            self.changes = ChangeSet::default();
            self.completions.trim();
            // As long as a snapshot holds on to something, look again later.
            self.has_worked = self.config.store.retired_count() > 0;
            self.idle_since = Instant::now();
            left = idle.max(LOOK_AGAIN);
        }
        let patience = match (has_places, self.has_worked) {
            (true, _) => Some(PLACE_EVERY),
            (false, true) => Some(left),
            (false, false) => None,
        };
        self.sleeps_for_ever = patience.is_none();
        self.is_called = false;
        patience
    }

    /// Has a worker ask for a huge page, if it is time for one. Returns whether there are more to ask for.
    fn fill_place(&mut self) -> bool {
        let WriterConfig { store, workers, huge_pages, .. } = &mut self.config;
        if !*huge_pages || store.place_count() == 0 {
            return false;
        }
        if self.filled.is_none_or(|at| at.elapsed() >= PLACE_EVERY)
            && let Some(place) = store.take_place()
        {
            self.filled = Some(Instant::now());
            workers.spawn(move || place.fill());
        }
        store.place_count() > 0
    }

    /// Whoever was it in the place of its thread leaves. Says whether that has to know.
    pub fn leave(&mut self) -> Left {
        if !mutant!("writer/leave with the room") {
            self.inbox.give_back();
        }
        // What has woken its thread was taken away, perhaps before that has seen it.
        let is_called = core::mem::take(&mut self.is_called) && !mutant!("writer/keep a call");
        if core::mem::take(&mut self.sleeps_for_ever) || is_called { Left::News } else { Left::Nothing }
    }
}
