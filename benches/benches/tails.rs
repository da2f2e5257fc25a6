//! The longest reads and commits with one writer, 1 to 8 readers and up to 4 who hold a state for long: ecsdb beside a `RwLock`.
//! One table in Markdown, from one run.
//!
//! With more threads than processors the longest times are those of the scheduler, for both sides alike.

use core::time::Duration;
use std::io::{self, Write};

use ecsdb_benches::tails::{Locked, Shared, Tail, Versions, run};
use ecsdb_benches::{entity_count, is_smoke_run};

/// How long each of the rows is measured.
const TURN: Duration = Duration::from_secs(2);

fn main() -> io::Result<()> {
    let smoke = is_smoke_run();
    let time = if smoke { Duration::from_millis(10) } else { TURN };
    let count = entity_count();
    let mut out = io::stdout().lock();
    writeln!(out, "{count} entities, {} processors; on the clock\n", std::thread::available_parallelism()?)?;
    writeln!(
        out,
        "| readers | holders | store | read p50 | p99 | p99.9 | longest | commit p50 | p99 | p99.9 | longest | commits a second |"
    )?;
    writeln!(out, "|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    let (versions, locked) = (Versions::filled(count), Locked::filled(count));
    for readers in [1, 2, 4, 8] {
        for holders in 0..=4 {
            row(&mut out, &versions, readers, holders, time)?;
            row(&mut out, &locked, readers, holders, time)?;
        }
    }
    Ok(())
}

fn row<S: Shared>(out: &mut impl Write, store: &S, readers: usize, holders: usize, time: Duration) -> io::Result<()> {
    let tails = run(store, readers, holders, time);
    assert_eq!(tails.torn, 0, "{}: a state changed under its holder", S::NAME);
    let rate = tails.commits.count() as f64 / time.as_secs_f64();
    write!(out, "| {readers} | {holders} | {}", S::NAME)?;
    for tail in [&tails.reads, &tails.commits] {
        cells(out, tail)?;
    }
    writeln!(out, " | {rate:.0} |")
}

fn cells(out: &mut impl Write, tail: &Tail) -> io::Result<()> {
    for part in [0.5, 0.99, 0.999, 1.0] {
        write!(out, " | {:.3?}", tail.quantile(part))?;
    }
    Ok(())
}
