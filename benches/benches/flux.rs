//! The Flux way: batches of 617 and of 10,000 operations in one message, until they are visible and until they are durable, beside
//! the figures of the document; decisions, and optimistic transactions that stand in each other's way. One table in Markdown.

use core::time::Duration;
use std::io::{self, Write};

use ecsdb_benches::flux::{Until, World, optimistic, pay, timed};
use ecsdb_benches::place::Place;
use ecsdb_benches::{entity_count, is_smoke_run};

/// Operations a batch: the best size of the document, and a large one.
const BATCHES: [usize; 2] = [617, 10_000];

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() -> io::Result<()> {
    let smoke = is_smoke_run();
    let (turns, characters) = if smoke { (2, entity_count().min(10_000)) } else { (201, 10_000) };
    let place = Place::new(env!("CARGO_TARGET_TMPDIR"))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{characters} characters; medians of {turns} batches; files on {}\n", place.file_system())?;
    writeln!(out, "| operations | a batch | until | time a batch | operations a second | messages |")?;
    writeln!(out, "|---|--:|---|--:|--:|--:|")?;
    for until in [Until::Visible, Until::Durable] {
        let directory = place.fresh("flux");
        let mut world = World::new(characters, matches!(until, Until::Durable).then_some(directory.as_path()));
        for count in BATCHES {
            batches(&mut out, &mut world, turns, count, until)?;
        }
    }
    writeln!(
        out,
        "\n| optimistic transactions, 2 reads and 2 writes | threads | rows | time a commit | attempts a commit |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|")?;
    let world = World::new(characters, None);
    let commits = if smoke { 20 } else { 20_000 };
    for (threads, rows) in [(1, characters), (2, characters), (2, 64), (2, 4)] {
        let (took, attempts) = optimistic(&world, threads, rows, commits);
        let all = (threads * commits) as f64;
        let (each, tried) = (took.div_f64(all), attempts as f64 / all);
        writeln!(out, "| | {threads} | {rows} | {each:.2?} | {tried:.3} |")?;
    }
    let decisions = if smoke { 2 } else { 501 };
    let times: Vec<Duration> = (0..decisions)
        .map(|n| {
            let start = std::time::Instant::now();
            let decided = world.db.decide(world.characters[n % characters], 5, pay);
            decided.expect("nobody else is there");
            start.elapsed()
        })
        .collect();
    writeln!(out, "\nA decision about all in one place ({} of them): {:.2?}", characters / 100, median(times))
}

fn batches(out: &mut impl Write, world: &mut World, turns: usize, count: usize, until: Until) -> io::Result<()> {
    type Compose = fn(&mut World, usize) -> ecsdb::TransactionBuilder<ecsdb_benches::flux::Flux>;
    let kinds: [(&str, Compose); 3] = [
        ("conditional updates", World::updates),
        ("inserts", World::inserts),
        ("two updates, one insert", World::mixed),
    ];
    for (name, compose) in kinds {
        let times = (0..turns).map(|_| timed(world, |world| compose(world, count), until)).collect();
        let took = median(times);
        let rate = count as f64 / took.as_secs_f64();
        writeln!(out, "| {name} | {count} | {until:?} | {took:.2?} | {rate:.0} | 1 |")?;
    }
    Ok(())
}
