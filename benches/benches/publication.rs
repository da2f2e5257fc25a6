//! How versions become visible, by itself: the cell that loom checks beside the crate `arc-swap`, in one program. Tables in
//! Markdown, for `docs/memory-model.md`.
//!
//! It needs the feature `arc-swap`, which compiles both. The value is a number: what is measured is the pin and the
//! publication, not what a version holds. A single one takes less than asking the clock, so each sample is the mean of
//! [`RUN`] in a row, and the percentiles are those of such means.
//!
//! With more threads than processors the highest times are those of the scheduler, for both sides alike. The two take turns,
//! so that what the machine does meanwhile meets both.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Write};
use std::sync::Barrier;
use std::time::Instant;

use ecsdb::__private::publication::{Arc, hazard, swap};
use ecsdb_benches::is_smoke_run;
use hdrhistogram::Histogram;

/// How many operations one sample is the mean of.
const RUN: u32 = 64;

/// How many turns each side has for a row of a table.
const TURNS: usize = 5;

/// How many values the writer publishes in turn, as a store does with its versions.
const SPARE: usize = 4;

/// What a time counts as that is longer, in hundredths of a nanosecond: a second.
const LONGEST: u64 = 100_000_000_000;

/// Times of one operation, in hundredths of a nanosecond.
type Times = Histogram<u64>;

fn times() -> Times {
    Times::new_with_bounds(1, LONGEST, 3).expect("three digits are possible")
}

/// One way to publish a value.
trait Cell: Send + Sync + Clone {
    const NAME: &'static str;
    type Publisher: Send;

    fn publish(first: u64) -> (Self::Publisher, Self);
    fn load(&self) -> u64;
    /// Publishes `value` in `spare`, or in a new place if somebody still looks at that, and leaves behind what it replaces.
    fn store(publisher: &mut Self::Publisher, spare: &mut Option<Arc<u64>>, value: u64);
}

macro_rules! cell {
    ($cell:ident, $name:literal, $module:ident) => {
        #[derive(Clone)]
        struct $cell($module::Published<u64>);

        impl Cell for $cell {
            const NAME: &'static str = $name;
            type Publisher = $module::Publisher<u64>;

            fn publish(first: u64) -> (Self::Publisher, Self) {
                let (publisher, reader) = $module::publish(Arc::new(first));
                (publisher, Self(reader))
            }

            fn load(&self) -> u64 {
                *self.0.load()
            }

            fn store(publisher: &mut Self::Publisher, spare: &mut Option<Arc<u64>>, value: u64) {
                let next = spare.take().and_then(|mut next| {
                    *publisher.reclaim(&mut next)? = value;
                    Some(next)
                });
                *spare = Some(publisher.store(next.unwrap_or_else(|| Arc::new(value))));
            }
        }
    };
}
cell!(Hazard, "cell", hazard);
cell!(Swap, "`arc-swap`", swap);

/// Does `work` again and again until `time` has passed or it is told to stop, and notes how long each took.
fn measure(noted: &mut Times, go_on: impl Fn() -> bool, mut work: impl FnMut()) {
    while go_on() {
        let began = Instant::now();
        for _ in 0..RUN {
            work();
        }
        let hundredths = began.elapsed().as_nanos() * 100 / u128::from(RUN);
        noted.saturating_record(u64::try_from(hundredths).unwrap_or(u64::MAX));
    }
}

/// What the writer does while others read.
#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Rests,
    /// Publishes without a pause.
    Hammers,
}

/// The times of loads by `readers` threads, and of stores.
fn turn<C: Cell>(readers: usize, writer: Writer, time: Duration, loads: &mut Times, stores: &mut Times) {
    let (mut publisher, reader) = C::publish(0);
    let (stop, begin) = (AtomicBool::new(false), Barrier::new(readers + 1));
    let go_on = || !stop.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let reading: Vec<_> = (0..readers)
            .map(|_| {
                let (reader, begin) = (reader.clone(), &begin);
                scope.spawn(move || {
                    let mut noted = times();
                    begin.wait();
                    measure(&mut noted, go_on, || {
                        black_box(reader.load());
                    });
                    noted
                })
            })
            .collect();
        let mut spares: [Option<Arc<u64>>; SPARE] = Default::default();
        let mut value = 0;
        begin.wait();
        let end = Instant::now() + time;
        match writer {
            Writer::Rests => std::thread::sleep(time),
            Writer::Hammers => measure(
                stores,
                || Instant::now() < end,
                || {
                    value += 1;
                    C::store(&mut publisher, &mut spares[value as usize % SPARE], value);
                },
            ),
        }
        stop.store(true, Ordering::Relaxed);
        for thread in reading {
            loads.add(thread.join().expect("no reader panics")).expect("all histograms have one shape");
        }
    });
    assert_eq!(reader.load() > 0, writer == Writer::Hammers, "what was published last is what everybody sees");
}

fn row<C: Cell>(out: &mut impl Write, readers: usize, writer: Writer, sides: &(Times, Times)) -> io::Result<()> {
    let what = match (readers, writer) {
        (0, _) => "store, nobody reads".to_owned(),
        (1, Writer::Rests) => "load, 1 reader".to_owned(),
        (_, Writer::Rests) => format!("load, {readers} readers"),
        (1, Writer::Hammers) => "load beside stores without a pause, 1 reader".to_owned(),
        (_, Writer::Hammers) => format!("load beside stores without a pause, {readers} readers"),
    };
    write!(out, "| {what} | {}", C::NAME)?;
    for noted in [&sides.0, &sides.1] {
        for part in [0.5, 0.99] {
            if noted.is_empty() {
                write!(out, " |")?;
            } else {
                write!(out, " | {:.1} ns", noted.value_at_quantile(part) as f64 / 100.0)?;
            }
        }
    }
    writeln!(out, " |")
}

fn main() -> io::Result<()> {
    let (time, turns) =
        if is_smoke_run() { (Duration::from_millis(5), 1) } else { (Duration::from_millis(300), TURNS) };
    let mut out = io::stdout().lock();
    writeln!(out, "{} processors\n", std::thread::available_parallelism()?)?;
    writeln!(out, "| what | how | load p50 | p99 | store p50 | p99 |\n|---|---|--:|--:|--:|--:|")?;
    let rests = [1, 2, 4, 8].map(|readers| (readers, Writer::Rests));
    let hammers = [0, 1, 2, 4, 8].map(|readers| (readers, Writer::Hammers));
    for (readers, writer) in rests.into_iter().chain(hammers) {
        let (mut cell, mut swap) = ((times(), times()), (times(), times()));
        for _ in 0..turns {
            turn::<Hazard>(readers, writer, time, &mut cell.0, &mut cell.1);
            turn::<Swap>(readers, writer, time, &mut swap.0, &mut swap.1);
        }
        row::<Hazard>(&mut out, readers, writer, &cell)?;
        row::<Swap>(&mut out, readers, writer, &swap)?;
    }
    Ok(())
}
