//! Workloads measured side by side.
//!
//! Other programs share the machine, so times are those of the processor where that makes sense, and a figure alone still
//! says little. They take turns, and what counts is the
//! median of the ratios of neighbouring turns: noise that is longer than a turn hits all.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use cpu_time::{ProcessTime, ThreadTime};

/// Medians of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Medians {
    /// What was measured, one turn.
    pub measured: Duration,
    /// Its limit, one turn.
    pub limit: Duration,
    /// The median of measured / limit.
    pub ratio: f64,
}

/// How much time of processors `work` takes, on all threads of the process. Its result is not optimised away, and
/// dropped afterwards.
///
/// For work that is done by one thread at a time that is the time on the clock, without the time in which other programs
/// had the processor.
pub fn timed<R>(work: impl FnOnce() -> R) -> Duration {
    let start = ProcessTime::now();
    let result = black_box(work());
    let time = start.elapsed();
    drop(result);
    time
}

/// How much time of a processor `work` takes on this thread. Its result is not optimised away, and
/// dropped afterwards.
pub fn thread_timed<R>(work: impl FnOnce() -> R) -> Duration {
    let start = ThreadTime::now();
    let result = black_box(work());
    let time = start.elapsed();
    drop(result);
    time
}

/// How long `work` takes on the clock. Its result is not optimised away, and
/// dropped afterwards.
pub fn clocked<R>(work: impl FnOnce() -> R) -> Duration {
    let start = Instant::now();
    let result = black_box(work());
    let time = start.elapsed();
    drop(result);
    time
}

/// Lets both take turns, `rounds` times after one turn to warm up. Each says itself how long it took, so that it can
/// prepare things untimed.
pub fn paired(rounds: usize, mut measured: impl FnMut() -> Duration, mut limit: impl FnMut() -> Duration) -> Medians {
    turns(rounds, [&mut measured, &mut limit]).beside(0, 1)
}

/// What each of `N` workloads took, turn by turn.
#[derive(Clone, Debug)]
pub struct Turns<const N: usize>(Vec<[Duration; N]>);

impl<const N: usize> Turns<N> {
    /// The median turn of workload `index`.
    pub fn median(&self, index: usize) -> Duration {
        median(self.0.iter().map(|turn| turn[index]))
    }

    /// The median of what workload `a` took in units of what `b` took in the same round.
    pub fn ratio(&self, a: usize, b: usize) -> f64 {
        median_of(self.0.iter().map(|turn| turn[a].as_secs_f64() / turn[b].as_secs_f64()))
    }

    /// Workload `a` beside workload `b` as its limit.
    pub fn beside(&self, a: usize, b: usize) -> Medians {
        Medians { measured: self.median(a), limit: self.median(b), ratio: self.ratio(a, b) }
    }
}

/// As [`paired`], for any number of workloads.
pub fn turns<const N: usize>(rounds: usize, mut workloads: [&mut dyn FnMut() -> Duration; N]) -> Turns<N> {
    for workload in &mut workloads {
        workload();
    }
    let mut all = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut turn = [Duration::ZERO; N];
        // Who comes first changes, so that nobody always finds the same leavings in the cache.
        for position in 0..N {
            let index = if round % 2 == 0 { position } else { N - 1 - position };
            turn[index] = workloads[index]();
        }
        all.push(turn);
    }
    Turns(all)
}

/// The median of some durations; nothing of none.
pub fn median(durations: impl Iterator<Item = Duration>) -> Duration {
    Duration::from_secs_f64(median_of(durations.map(|duration| duration.as_secs_f64())))
}

fn median_of(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{median, paired};

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([5, 1, 3].into_iter().map(Duration::from_secs)), Duration::from_secs(3));
        assert_eq!(median(core::iter::empty()), Duration::ZERO);
    }

    #[test]
    fn ratios_come_from_neighbours() {
        let mut turn = 0;
        // The machine becomes ten times slower half way: the ratio does not.
        let speed = core::cell::Cell::new(1);
        let medians = paired(
            9,
            || {
                turn += 1;
                speed.set(if turn > 5 { 10 } else { 1 });
                Duration::from_secs(2 * speed.get())
            },
            || Duration::from_secs(speed.get()),
        );
        assert!((medians.ratio - 2.0).abs() < 1e-9);
    }
}
