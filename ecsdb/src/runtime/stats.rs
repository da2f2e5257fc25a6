//! What a loop has done, and how well it has kept its beat.

use std::time::{Duration, Instant};

use super::pace::Finished;
use crate::sync::{Percentiles, Times};

/// Figures of a [`TickLoop`](super::TickLoop) since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TickStats {
    /// Ticks that were played, those that failed included.
    pub ticks: u64,
    /// Ticks that were rolled back.
    pub failed: u64,
    /// Ticks that took so long that the next one was due.
    pub overruns: u64,
    /// Ticks that never came to be, because of these.
    pub skipped: u64,
    /// Ticks in a second, as measured from one start to the next; pauses do not count. 0 before the second tick.
    pub rate_hz: f64,
    /// From the start of a tick until its changes were visible, to an eighth.
    pub duration: Percentiles,
    /// How much later than they were due ticks have begun, to an eighth.
    pub jitter: Percentiles,
}

/// Takes down what becomes [`TickStats`].
pub struct Recorder {
    stats: TickStats,
    duration: Times,
    jitter: Times,
    /// From start to start, without pauses: how many, and how long they took together.
    steps: u64,
    stepped: Duration,
}

/// One tick, as it went.
pub struct Played {
    /// When it was due; nothing if somebody has asked for it.
    pub due: Option<Instant>,
    /// When it began.
    pub begin: Instant,
    /// When its changes were visible.
    pub end: Instant,
    /// How long ago the one before began, if there was no pause between them.
    pub since_last: Option<Duration>,
    /// What it means for the beat.
    pub finished: Finished,
    /// Whether it was rolled back.
    pub has_failed: bool,
}

impl Recorder {
    pub fn new() -> Self {
        Self {
            stats: TickStats::default(),
            duration: Times::default(),
            jitter: Times::default(),
            steps: 0,
            stepped: Duration::ZERO,
        }
    }

    pub fn record(&mut self, played: &Played) {
        let stats = &mut self.stats;
        stats.ticks += 1;
        stats.failed += u64::from(played.has_failed);
        stats.overruns += u64::from(played.finished.is_overrun);
        stats.skipped += played.finished.skipped;
        self.duration.record(played.end - played.begin);
        if let Some(due) = played.due {
            self.jitter.record(played.begin.saturating_duration_since(due));
        }
        if let Some(since_last) = played.since_last {
            self.steps += 1;
            self.stepped += since_last;
        }
    }

    pub fn stats(&self) -> TickStats {
        let seconds = self.stepped.as_secs_f64();
        TickStats {
            rate_hz: if seconds > 0.0 { self.steps as f64 / seconds } else { 0.0 },
            duration: self.duration.read().percentiles,
            jitter: self.jitter.read().percentiles,
            ..self.stats
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_what_was_recorded() {
        let mut recorder = Recorder::new();
        assert_eq!(recorder.stats(), TickStats::default());
        let start = Instant::now();
        for tick in 0..100_u32 {
            let due = start + Duration::from_millis(10) * tick;
            let begin = due + Duration::from_micros(u64::from(tick));
            recorder.record(&Played {
                due: (tick != 7).then_some(due),
                begin,
                end: begin + Duration::from_millis(if tick < 95 { 2 } else { 12 }),
                since_last: (tick > 0).then_some(Duration::from_millis(10)),
                finished: Finished { is_overrun: tick >= 95, skipped: u64::from(tick == 99) },
                has_failed: tick == 3,
            });
        }
        let stats = recorder.stats();
        assert_eq!((stats.ticks, stats.failed, stats.overruns, stats.skipped), (100, 1, 5, 1));
        assert!((stats.rate_hz - 100.0).abs() < 0.001);
        let about = |found: Duration, expected_us: u64| {
            found.as_micros().abs_diff(expected_us.into()) <= u128::from(expected_us) / 8
        };
        assert!(about(stats.duration.p50, 2_000) && about(stats.duration.p99, 12_000), "{stats:?}");
        assert!(about(stats.jitter.p50, 50) && about(stats.jitter.max, 99), "{stats:?}");
    }
}
