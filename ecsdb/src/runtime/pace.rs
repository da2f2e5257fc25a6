//! When ticks are due: arithmetic on instants, which never sleeps and never looks at a clock.

use std::time::{Duration, Instant};

/// What happens to the beat when a tick takes longer than its period. Ticks that were missed are never made up for: a burst of
/// short ticks after a long one would be late as well, and the next one, and so on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overrun {
    /// The next tick begins at once, and the beat moves: the period after it counts from there.
    #[default]
    AtOnce,
    /// The next tick waits for the next beat, which stays where it is. For loops whose beats several machines share.
    NextBeat,
}

/// The beat of a loop.
#[derive(Debug)]
pub struct Pace {
    period: Duration,
    overrun: Overrun,
    due: Instant,
    /// With beats that move, the time that was lost and is less than a period.
    lost: Duration,
}

/// What a tick that has ended means for the beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Whether the next tick was due before it ended.
    pub is_overrun: bool,
    /// How many ticks there would have been in the time that was lost.
    pub skipped: u64,
}

impl Pace {
    /// A beat of one tick a `period`, the first of which is due at `start`.
    pub fn new(period: Duration, overrun: Overrun, start: Instant) -> Self {
        Self { period, overrun, due: start, lost: Duration::ZERO }
    }

    /// When the next tick is due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Begins anew at `start`: what was missed meanwhile does not count.
    pub fn restart(&mut self, start: Instant) {
        (self.due, self.lost) = (start, Duration::ZERO);
    }

    /// Notes that the tick that was due has ended at `end`.
    pub fn finish(&mut self, end: Instant) -> Finished {
        let next = self.due + self.period;
        let Some(late) = end.checked_duration_since(next).filter(|late| !late.is_zero()) else {
            self.due = next;
            return Finished { is_overrun: false, skipped: 0 };
        };
        let skipped = match self.overrun {
            Overrun::AtOnce => {
                self.due = end;
                let lost = self.lost + late;
                let skipped = whole(lost, self.period);
                self.lost = lost - times(self.period, skipped);
                skipped
            }
            Overrun::NextBeat => {
                // The beat that has passed while the tick ran, and those after it, but not one that is now.
                let skipped = whole(late - Duration::from_nanos(1), self.period) + 1;
                self.due = next + times(self.period, skipped);
                skipped
            }
        };
        Finished { is_overrun: true, skipped }
    }
}

/// How many whole periods there are in `time`.
fn whole(time: Duration, period: Duration) -> u64 {
    u64::try_from(time.as_nanos() / period.as_nanos()).unwrap_or(u64::MAX)
}

fn times(period: Duration, count: u64) -> Duration {
    // Of what `whole` has counted, so that it fits.
    Duration::from_nanos(u64::try_from(period.as_nanos() * u128::from(count)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_TIME: Finished = Finished { is_overrun: false, skipped: 0 };

    fn late(skipped: u64) -> Finished {
        Finished { is_overrun: true, skipped }
    }

    /// A beat of 10 ms, and what it makes of ticks that end so many milliseconds after the start: when the next is due.
    fn play(overrun: Overrun, ends: &[u64]) -> Vec<(Finished, u64)> {
        let start = Instant::now();
        let mut pace = Pace::new(Duration::from_millis(10), overrun, start);
        assert_eq!(pace.due(), start);
        let mut played = Vec::new();
        for end in ends {
            let finished = pace.finish(start + Duration::from_millis(*end));
            played.push((finished, (pace.due() - start).as_millis() as u64));
        }
        played
    }

    #[test]
    fn ticks_in_time_keep_the_beat() {
        let played = play(Overrun::AtOnce, &[3, 11, 30]);
        assert_eq!(played, [(IN_TIME, 10), (IN_TIME, 20), (IN_TIME, 30)], "on the dot is in time");
        assert_eq!(play(Overrun::NextBeat, &[3, 11, 30]), played);
    }

    #[test]
    fn a_late_tick_moves_the_beat_and_is_not_made_up_for() {
        // Ends at 35 instead of 10: two whole periods are lost, and a half one.
        let played = play(Overrun::AtOnce, &[35, 40, 46, 71]);
        assert_eq!(played, [(late(2), 35), (IN_TIME, 45), (IN_TIME, 55), (late(1), 71)]);
    }

    #[test]
    fn a_late_tick_leaves_the_beat_where_it_is() {
        let played = play(Overrun::NextBeat, &[35, 45, 56]);
        assert_eq!(played, [(late(3), 40), (IN_TIME, 50), (IN_TIME, 60)]);
        assert_eq!(play(Overrun::NextBeat, &[20]), [(late(1), 20)], "the beat at which it ends is not missed");
    }

    #[test]
    fn ticks_that_are_always_late_count_what_is_lost() {
        // Each takes 15 ms: every second period is lost half.
        let ends: Vec<u64> = (1..=8).map(|n| n * 15).collect();
        let played = play(Overrun::AtOnce, &ends);
        assert_eq!(played.iter().map(|(finished, _)| finished.skipped).sum::<u64>(), 4);
        assert!(played.iter().zip(&ends).all(|((finished, due), end)| finished.is_overrun && due == end));
    }

    #[test]
    fn a_pause_loses_nothing() {
        let start = Instant::now();
        let mut pace = Pace::new(Duration::from_millis(10), Overrun::AtOnce, start);
        let later = start + Duration::from_secs(5);
        pace.restart(later);
        assert_eq!(pace.finish(later + Duration::from_millis(1)), IN_TIME);
        assert_eq!(pace.due(), later + Duration::from_millis(10));
    }
}
