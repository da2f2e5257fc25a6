//! The fixed rate of the game.

use std::time::{Duration, Instant};

/// Says when the next tick is due, and whether a tick was in time.
///
/// A tick that takes too long is followed by the next one at once; the time that was lost is not made up for by faster
/// ticks, which would only be late as well.
#[derive(Debug)]
pub struct Clock {
    period: Duration,
    due: Instant,
}

impl Clock {
    /// A clock with `rate` ticks in a second, the first of which is due at `start`.
    ///
    /// # Panics
    /// If `rate` is 0.
    pub fn new(rate: u32, start: Instant) -> Self {
        Self { period: Duration::from_secs(1) / rate, due: start }
    }

    /// When the next tick is due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Sleeps until the next tick is due.
    pub fn wait(&self) {
        std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
    }

    /// The tick that was due is over at `end`. Returns whether that was before the next one was due.
    pub fn finish(&mut self, end: Instant) -> bool {
        let next = self.due + self.period;
        self.due = next.max(end);
        end <= next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_moves_the_following_ones() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        let mut clock = Clock::new(100, start);
        assert!(clock.finish(ms(3)));
        assert_eq!(clock.due(), ms(10), "the rest is slept");
        assert!(clock.finish(ms(20)), "on the dot is in time");
        assert_eq!(clock.due(), ms(20));
        assert!(!clock.finish(ms(95)), "more than one period");
        assert_eq!(clock.due(), ms(95), "at once, and once");
        assert!(clock.finish(ms(96)));
        assert_eq!(clock.due(), ms(105));
    }
}
