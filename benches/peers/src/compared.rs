//! Engines that do the same work in turns, and must answer the same: a table in Markdown.
//!
//! Owns that all get the same random numbers, in each turn others, and that what they answer is compared.

use core::hint::black_box;
use core::time::Duration;
use std::io::{self, Write};

use ecsdb_benches::paired::{clocked, timed, turns};
use ecsdb_benches::random::Random;
use ecsdb_benches::report::time;

/// Who works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Engine {
    /// ecsdb.
    Ecsdb,
    /// A loop over vectors: the limit.
    Raw,
    /// SQLite in memory.
    Sqlite,
    /// The R-tree.
    Rstar,
}

/// A turn of one engine. It takes what it needs at random from the generator, which is the same for all in one turn, and returns
/// what must be the same as well.
pub type Side<'a> = &'a mut dyn FnMut(&mut Random) -> u64;

/// One engine in a row of the table, and what it has answered.
struct Runner<'a> {
    side: Side<'a>,
    /// Where the generator starts in the first turn.
    seed: u64,
    answers: Vec<u64>,
}

/// Makes the allocator put together what was freed before. The next large allocation does that, at least in glibc; and the one who
/// allocates should not pay for a million small pieces that another engine has left behind.
fn tidy_memory() {
    drop(black_box(Vec::<u8>::with_capacity(64 << 10)));
}

impl Runner<'_> {
    fn turn(&mut self, on_the_clock: bool) -> Duration {
        let mut random = Random::new(self.seed + self.answers.len() as u64);
        let mut answer = 0;
        tidy_memory();
        let work = || answer = (self.side)(&mut random);
        let time = if on_the_clock { clocked(work) } else { timed(work) };
        self.answers.push(answer);
        time
    }
}

/// A table in Markdown.
pub struct Table<'a> {
    out: &'a mut dyn Write,
    /// Turns of short rows, and of those that look at everything.
    rounds: usize,
    few: usize,
    seed: u64,
}

impl<'a> Table<'a> {
    /// Begins a table. A smoke run has one turn for each row.
    ///
    /// # Errors
    /// If writing fails.
    pub fn new(out: &'a mut dyn Write, smoke: bool) -> io::Result<Self> {
        writeln!(out, "| what | ecsdb | raw | SQLite | rstar | ecsdb / raw | ecsdb / SQLite | ecsdb / rstar |")?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
        let (rounds, few) = if smoke { (1, 1) } else { (15, 5) };
        Ok(Self { out, rounds, few, seed: 0 })
    }

    /// Adds a row: turns of `operations` operations, in time of the processor. The first side is the one that ratios are of.
    ///
    /// # Errors
    /// If writing fails.
    ///
    /// # Panics
    /// If the engines do not agree.
    pub fn row<const N: usize>(
        &mut self,
        what: &str,
        operations: usize,
        sides: [(Engine, Side<'_>); N],
    ) -> io::Result<()> {
        self.measure(what, (operations, self.rounds, false), sides)
    }

    /// As [`Self::row`], for work that takes long: fewer turns.
    ///
    /// # Errors
    /// If writing fails.
    ///
    /// # Panics
    /// If the engines do not agree.
    pub fn long_row<const N: usize>(
        &mut self,
        what: &str,
        operations: usize,
        sides: [(Engine, Side<'_>); N],
    ) -> io::Result<()> {
        self.measure(what, (operations, self.few, false), sides)
    }

    /// As [`Self::row`], in time on the clock.
    ///
    /// # Errors
    /// If writing fails.
    ///
    /// # Panics
    /// If the engines do not agree.
    pub fn clocked_row<const N: usize>(
        &mut self,
        what: &str,
        operations: usize,
        sides: [(Engine, Side<'_>); N],
    ) -> io::Result<()> {
        self.measure(what, (operations, self.rounds, true), sides)
    }

    fn measure<const N: usize>(
        &mut self,
        what: &str,
        (operations, rounds, on_the_clock): (usize, usize, bool),
        sides: [(Engine, Side<'_>); N],
    ) -> io::Result<()> {
        let engines = sides.each_ref().map(|(engine, _)| *engine);
        // No row repeats what another one has done, so that nothing is written that is there already.
        self.seed += 1 << 32;
        let mut runners = sides.map(|(_, side)| Runner { side, seed: self.seed, answers: Vec::new() });
        let mut work = runners.each_mut().map(|runner| move || runner.turn(on_the_clock));
        let turns = turns(rounds, work.each_mut().map(|work| work as &mut dyn FnMut() -> Duration));
        for (engine, runner) in engines.iter().zip(&runners) {
            assert_eq!(runner.answers, runners[0].answers, "{what}: {engine:?} has other answers than the first");
        }
        let of = |engine| engines.iter().position(|one| *one == engine);
        write!(self.out, "| {what}")?;
        for engine in [Engine::Ecsdb, Engine::Raw, Engine::Sqlite, Engine::Rstar] {
            let each = |index| time(turns.median(index).as_secs_f64() / operations as f64);
            write!(self.out, " | {}", of(engine).map(each).unwrap_or_default())?;
        }
        for engine in [Engine::Raw, Engine::Sqlite, Engine::Rstar] {
            let ratio = of(engine).map(|index| format!("{:.2}x", turns.ratio(0, index)));
            write!(self.out, " | {}", ratio.unwrap_or_default())?;
        }
        writeln!(self.out, " |")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, Side, Table};

    #[test]
    fn all_get_the_same_numbers_and_each_turn_others() {
        let (mut out, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        let mut table = Table::new(&mut out, true).unwrap();
        for _ in 0..2 {
            let sides: [(Engine, Side<'_>); 2] = [
                (Engine::Ecsdb, &mut |random| {
                    first.push(random.bits());
                    first.len() as u64
                }),
                (Engine::Sqlite, &mut |random| {
                    second.push(random.bits());
                    second.len() as u64
                }),
            ];
            table.row("numbers", 1, sides).unwrap();
        }
        assert_eq!(first, second);
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 4, "two rows, each with a turn to warm up");
        assert_eq!(String::from_utf8(out).unwrap().lines().filter(|line| line.starts_with("| numbers |")).count(), 2);
    }

    #[test]
    #[should_panic(expected = "lies: Sqlite has other answers than the first")]
    fn a_wrong_answer_is_found() {
        let mut out = Vec::new();
        let sides: [(Engine, Side<'_>); 2] = [(Engine::Ecsdb, &mut |_| 1), (Engine::Sqlite, &mut |_| 2)];
        Table::new(&mut out, true).unwrap().row("lies", 1, sides).unwrap();
    }
}
