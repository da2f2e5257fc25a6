//! How long something took, each time that it was done: recorded by one thread, read by any.
//!
//! Recording is a handful of plain loads and stores of memory that nobody else writes, so it may stand beside the work of a
//! batch. Reading sums up some hundred counters, and is for figures. It must never order anything, nor tell one thread what another
//! has done.

use std::time::Duration;

use crate::sync::shim::unwatched::{AtomicU64, Ordering};

/// How many buckets there are between a power of two and the next, as a power of two: a time is known to an eighth.
const FINE_BITS: u32 = 3;
/// Times from this power of two on, in nanoseconds, are counted together: 137 seconds.
const LARGEST_BITS: u32 = 37;
/// How many buckets there are.
const BUCKETS: usize = ((LARGEST_BITS - FINE_BITS + 1) as usize) << FINE_BITS;

/// Some times, by how many of them were shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Percentiles {
    /// Half took no longer than this.
    pub p50: Duration,
    /// Nine of ten took no longer than this.
    pub p90: Duration,
    /// 99 of a hundred took no longer than this.
    pub p99: Duration,
    /// None took longer than this.
    pub max: Duration,
}

/// How often something was done, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// How often.
    pub count: u64,
    /// How long, all of them together.
    pub total: Duration,
    /// How they are spread, each to an eighth of itself; [`Percentiles::max`] is exact.
    pub percentiles: Percentiles,
}

/// Times, by their size.
///
/// Ordering: `Relaxed` throughout. They are figures, which guard nothing; a reading that meets a recording may lack it in part.
pub struct Times {
    total: AtomicU64,
    max: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Times {
    fn default() -> Self {
        Self { total: AtomicU64::new(0), max: AtomicU64::new(0), buckets: [const { AtomicU64::new(0) }; BUCKETS] }
    }
}

/// The bucket of a time.
fn bucket(nanoseconds: u64) -> usize {
    let whole = nanoseconds.max(1 << FINE_BITS);
    let shift = whole.ilog2() - FINE_BITS;
    let fine = (whole >> shift) as usize & ((1 << FINE_BITS) - 1);
    (((shift as usize) << FINE_BITS) + fine).min(BUCKETS - 1)
}

/// The middle of a bucket, in nanoseconds.
fn middle(bucket: usize) -> u64 {
    let shift = bucket >> FINE_BITS;
    let fine = (bucket & ((1 << FINE_BITS) - 1)) | 1 << FINE_BITS;
    ((fine as u64) << shift) + (1 << shift) / 2
}

/// Adds to what only this thread writes: without a locked instruction.
fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

impl Times {
    /// Notes that it took so long once more. For one thread at a time.
    pub fn record(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        add(&self.buckets[bucket(nanoseconds)], 1);
        add(&self.total, nanoseconds);
        if nanoseconds > self.max.load(Ordering::Relaxed) {
            self.max.store(nanoseconds, Ordering::Relaxed);
        }
    }

    /// How often it took about how long: the times that differ, ascending.
    #[cfg(any(test, feature = "metrics"))]
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> {
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        counts.enumerate().filter(|(_, count)| *count > 0).map(|(at, count)| (Duration::from_nanos(middle(at)), count))
    }

    /// The figures of the moment.
    pub fn read(&self) -> Timing {
        let counts: [u64; BUCKETS] = core::array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed));
        let count: u64 = counts.iter().sum();
        if count == 0 {
            return Timing::default();
        }
        let max = self.max.load(Ordering::Relaxed);
        let at = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut below = 0;
            let reached = counts.iter().position(|count| {
                below += count;
                below >= rank
            });
            Duration::from_nanos(reached.map_or(max, middle).min(max))
        };
        Timing {
            count,
            total: Duration::from_nanos(self.total.load(Ordering::Relaxed)),
            percentiles: Percentiles { p50: at(50), p90: at(90), p99: at(99), max: Duration::from_nanos(max) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_hold_what_is_within_an_eighth() {
        let mut before = 0;
        let one_by_one = if cfg!(miri) { 1000 } else { 100_000_u64 };
        for nanoseconds in (0..one_by_one).chain((17..37).flat_map(|bits| [(1 << bits) - 1, 1 << bits])) {
            let at = bucket(nanoseconds);
            assert!(at == before || at == before + 1 || nanoseconds > 100_000, "{nanoseconds} ns");
            before = at;
            let off = middle(at).abs_diff(nanoseconds);
            assert!(off <= nanoseconds / 8 + 8, "{nanoseconds} ns are counted as {}", middle(at));
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn figures_are_of_what_was_recorded() {
        let times = Times::default();
        assert_eq!(times.read(), Timing::default());
        (1..=1000).for_each(|n| times.record(Duration::from_micros(n)));
        let read = times.read();
        assert_eq!((read.count, read.total), (1000, Duration::from_micros(500_500)));
        for (found, expected) in [(read.percentiles.p50, 500), (read.percentiles.p90, 900), (read.percentiles.p99, 990)]
        {
            assert!(found.as_micros().abs_diff(expected) <= expected / 8, "{found:?} instead of {expected} us");
        }
        assert_eq!(read.percentiles.max, Duration::from_millis(1));
        assert_eq!(times.counts().map(|(_, count)| count).sum::<u64>(), 1000);
        times.record(Duration::MAX);
        assert_eq!(times.read().percentiles.max, Duration::from_nanos(u64::MAX));
    }
}
