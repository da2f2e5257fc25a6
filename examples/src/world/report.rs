//! What is told about a run: a line while it goes on, a table at the end. Makes text; the program prints it.

use core::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::options::Options;
use super::readers::ReadTotals;
use super::simulation::Tally;

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// How long it has been going on.
    pub elapsed: Duration,
    /// How long it will.
    pub length: Duration,
    /// Ticks that were in time.
    pub held: u64,
    /// What has happened.
    pub tally: Tally,
    /// What has been read.
    pub read: ReadTotals,
    /// The median of the time of a tick, in microseconds.
    pub tick_p50_us: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { ticks, commits, deaths, .. } = self.tally;
        write!(
            f,
            "{:4.1}/{} s  {} of {ticks} ticks held  p50 {}  {} commits  {deaths} deaths  gold checked {} times",
            self.elapsed.as_secs_f64(),
            self.length.as_secs(),
            self.held,
            Millis(self.tick_p50_us),
            Grouped(commits),
            Grouped(self.read.checks),
        )
    }
}

/// What the database takes, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFigures {
    /// Living entities.
    pub entities: u64,
    /// Bytes of rows.
    pub payload_bytes: usize,
    /// Bytes of everything.
    pub total_bytes: usize,
}

impl MemoryFigures {
    /// The one that takes more.
    pub fn max(self, other: Self) -> Self {
        if other.total_bytes > self.total_bytes { other } else { self }
    }

    /// What stands beside the rows, in per cent of them.
    pub fn above_payload_percent(&self) -> f64 {
        percent((self.total_bytes - self.payload_bytes) as f64, self.payload_bytes as f64)
    }
}

impl fmt::Display for MemoryFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entities = self.entities.max(1) as f64;
        write!(
            f,
            "{:.1} MiB: {:.1} bytes an entity, {:.1} of them rows; {:.1} % above payload",
            self.total_bytes as f64 / f64::from(1 << 20),
            self.total_bytes as f64 / entities,
            self.payload_bytes as f64 / entities,
            self.above_payload_percent(),
        )
    }
}

/// A run that came to its end. Displays as a table.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked for.
    pub options: Options,
    /// How many kinds of mobs there are.
    pub mob_kinds: usize,
    /// How many kinds of items there are.
    pub item_kinds: usize,
    /// How many mobs there are.
    pub mobs: usize,
    /// How many items there are.
    pub items: usize,
    /// How long it took to make the world.
    pub populated: Duration,
    /// How long the game was played.
    pub elapsed: Duration,
    /// Ticks that were over before the next one was due.
    pub held: u64,
    /// Ticks that the rate asks for.
    pub planned: u64,
    /// The time that each tick took, in microseconds.
    pub tick_us: Histogram<u64>,
    /// What happened.
    pub tally: Tally,
    /// What was read.
    pub read: ReadTotals,
    /// All the gold there is.
    pub gold: u64,
    /// The most memory that was seen during the game.
    pub running: MemoryFigures,
    /// Memory afterwards, trimmed and with no snapshot held.
    pub rest: MemoryFigures,
}

impl Report {
    fn rate(&self, count: u64) -> Rate {
        Rate(count as f64 / self.elapsed.as_secs_f64().max(1e-9))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, tally, read, .. } = self;
        let quantile = |quantile| Millis(self.tick_us.value_at_quantile(quantile));
        let mut row = |name: &str, value: fmt::Arguments<'_>| writeln!(f, "{name:<16}{value}");
        row(
            "world",
            format_args!(
                "{} mobs of {} kinds, {} items of {} kinds, made in {:.0} ms",
                Grouped(self.mobs as u64),
                self.mob_kinds,
                Grouped(self.items as u64),
                Grouped(self.item_kinds as u64),
                self.populated.as_secs_f64() * 1e3,
            ),
        )?;
        row(
            "ticks held",
            format_args!(
                "{} of {} at {} Hz ({:.1} %)",
                Grouped(self.held),
                Grouped(self.planned),
                options.tick_rate,
                percent(self.held as f64, self.planned as f64),
            ),
        )?;
        row(
            "tick time",
            format_args!("p50 {}  p99 {}  max {}", quantile(0.5), quantile(0.99), Millis(self.tick_us.max())),
        )?;
        row(
            "commits/s",
            format_args!("{} ({} refused by guards)", self.rate(tally.commits), self.rate(tally.refused)),
        )?;
        row("rows/s", format_args!("{} written", self.rate(tally.rows)))?;
        row("reads/s", format_args!("{} rows in {} snapshots", self.rate(read.rows), self.rate(read.checks)))?;
        row(
            "events",
            format_args!(
                "{} trades, {} deaths and spawns, {} items dropped, {} finds",
                Grouped(tally.trades),
                Grouped(tally.deaths),
                Grouped(tally.dropped),
                Grouped(tally.picked_up),
            ),
        )?;
        row("memory running", format_args!("{}", self.running))?;
        row("memory at rest", format_args!("{}", self.rest))?;
        row(
            "invariant",
            format_args!(
                "gold checked {} times by {} readers: always {}",
                Grouped(read.checks),
                options.readers,
                Grouped(self.gold),
            ),
        )
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole * 100.0 }
}

/// Microseconds, shown in milliseconds.
struct Millis(u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0 as f64 / 1e3)
    }
}

/// A number with its digits in groups of three.
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// How often in a second, to three or four digits.
pub struct Rate(pub f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            rate if rate >= 1e6 => write!(f, "{:.1} M", rate / 1e6),
            rate => write!(f, "{}", Grouped(rate.round() as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        let grouped: Vec<_> = [0, 999, 1000, 1_234_567].map(|number| Grouped(number).to_string()).into();
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(Millis(1234).to_string(), "1.23 ms");
        assert_eq!([Rate(12_345.4).to_string(), Rate(62_340_000.0).to_string()], ["12,345", "62.3 M"]);
        let memory = MemoryFigures { entities: 1000, payload_bytes: 40_000, total_bytes: 45_000 };
        assert_eq!(memory.to_string(), "0.0 MiB: 45.0 bytes an entity, 40.0 of them rows; 12.5 % above payload");
    }
}
