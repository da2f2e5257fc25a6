//! Several threads that commit one after the other, each waiting for its own: the rate, and how long each has waited.

use core::time::Duration;
use std::sync::Barrier;
use std::time::Instant;

/// What some threads have done.
#[derive(Clone, Debug)]
pub struct Load {
    /// From the first commit that began until the last one ended, on the clock.
    pub wall: Duration,
    /// How long each commit took for the one who waited.
    pub waits: Vec<Duration>,
}

/// Lets `threads` threads call `commit`, `commits` times each. It gets the number of the thread, and that of the commit.
pub fn load(threads: usize, commits: usize, commit: &(dyn Fn(usize, usize) + Sync)) -> Load {
    let start = Barrier::new(threads);
    let one = |thread: usize| {
        let mut waits = Vec::with_capacity(commits);
        start.wait();
        let began = Instant::now();
        let mut last = began;
        for number in 0..commits {
            commit(thread, number);
            let now = Instant::now();
            waits.push(now - last);
            last = now;
        }
        (began, last, waits)
    };
    let one = &one;
    let done: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        running.into_iter().map(|thread| thread.join().expect("no commit panics")).collect()
    });
    let began = done.iter().map(|(began, ..)| *began).min();
    let ended = done.iter().map(|(_, ended, _)| *ended).max();
    let wall = began.zip(ended).map_or(Duration::ZERO, |(began, ended)| ended - began);
    Load { wall, waits: done.into_iter().flat_map(|(.., waits)| waits).collect() }
}

/// How long commits took for those who waited, over all turns.
#[derive(Clone, Debug, Default)]
pub struct Waits(Vec<Duration>);

impl Waits {
    /// Takes in a turn. Returns what it took on the clock.
    pub fn take(&mut self, load: Load) -> Duration {
        self.0.extend(load.waits);
        load.wall
    }

    /// What a share of `part` of the commits took at the most: 0.5 gives the median. Nothing of none.
    pub fn quantile(&mut self, part: f64) -> Duration {
        self.0.sort_unstable();
        let index = (self.0.len() as f64 * part) as usize;
        self.0.get(index.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::time::Duration;

    use super::{Load, Waits, load};

    #[test]
    fn every_thread_does_its_commits() {
        let count = AtomicUsize::new(0);
        let done = load(3, 5, &|thread, number| {
            count.fetch_add(100 * thread + number, Ordering::Relaxed);
        });
        assert_eq!(done.waits.len(), 15);
        assert_eq!(count.into_inner(), 5 * (100 + 200) + 3 * 10);
    }

    #[test]
    fn quantiles() {
        let mut waits = Waits::default();
        assert_eq!(waits.quantile(0.5), Duration::ZERO);
        waits.take(Load { wall: Duration::ZERO, waits: (1..=100).rev().map(Duration::from_millis).collect() });
        assert_eq!(waits.quantile(0.5), Duration::from_millis(51));
        assert_eq!(waits.quantile(0.99), Duration::from_millis(100));
    }
}
