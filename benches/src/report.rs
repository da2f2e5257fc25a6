//! A table of results in Markdown.

use core::time::Duration;
use std::io::{self, Write};

use crate::paired::Medians;

/// What a result is to reach.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// At most so many times the limit.
    Ratio(f64),
    /// Less than so long an operation.
    Below(Duration),
    /// Nothing: it is only reported.
    None,
}

/// Writes a table row by row, as results come.
pub struct Report<W> {
    out: W,
    missed: usize,
}

impl<W: Write> Report<W> {
    /// Begins a table. `measured` and `limit` head the two columns of times.
    ///
    /// # Errors
    /// If writing fails.
    pub fn new(mut out: W, measured: &str, limit: &str) -> io::Result<Self> {
        writeln!(out, "| what | {measured} | {limit} | ratio | goal | holds |")?;
        writeln!(out, "|---|--:|--:|--:|--:|---|")?;
        Ok(Self { out, missed: 0 })
    }

    /// Adds what was measured with turns of `operations` operations each.
    ///
    /// # Errors
    /// If writing fails.
    pub fn row(&mut self, what: &str, operations: usize, medians: Medians, goal: Goal) -> io::Result<()> {
        self.cells(what, operations, medians, goal, time)
    }

    /// As [`Self::row`], with how many operations that is in a second.
    ///
    /// # Errors
    /// If writing fails.
    pub fn rates(&mut self, what: &str, operations: usize, medians: Medians, goal: Goal) -> io::Result<()> {
        self.cells(what, operations, medians, goal, |seconds| format!("{} ({})", time(seconds), rate(seconds)))
    }

    fn cells(
        &mut self,
        what: &str,
        operations: usize,
        medians: Medians,
        goal: Goal,
        cell: fn(f64) -> String,
    ) -> io::Result<()> {
        let each = medians.measured.as_secs_f64() / operations as f64;
        let (text, holds) = match goal {
            Goal::Ratio(most) => (format!("<= {most:.2}x"), Some(medians.ratio <= most)),
            Goal::Below(most) => (format!("< {}", time(most.as_secs_f64())), Some(each < most.as_secs_f64())),
            Goal::None => (String::new(), None),
        };
        let holds = holds.map(|holds| self.holds(holds)).unwrap_or_default();
        let limit = if medians.limit.is_zero() {
            " | ".to_owned()
        } else {
            format!("{} | {:.2}x", cell(medians.limit.as_secs_f64() / operations as f64), medians.ratio)
        };
        writeln!(self.out, "| {what} | {} | {limit} | {text} | {holds} |", cell(each))?;
        self.out.flush()
    }

    /// Adds something that was found and is not a time, with what it was to be.
    ///
    /// # Errors
    /// If writing fails.
    pub fn found(&mut self, what: &str, found: &str, goal: &str, holds: bool) -> io::Result<()> {
        let holds = self.holds(holds);
        writeln!(self.out, "| {what} | {found} | | | {goal} | {holds} |")?;
        self.out.flush()
    }

    /// Counts a goal. The word for whether it is reached.
    fn holds(&mut self, holds: bool) -> &'static str {
        self.missed += usize::from(!holds);
        if holds { "yes" } else { "**no**" }
    }

    /// Adds a line that is not a comparison of times.
    ///
    /// # Errors
    /// If writing fails.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "| {text} | | | | | |")?;
        self.out.flush()
    }

    /// How many goals were missed so far.
    pub fn missed(&self) -> usize {
        self.missed
    }
}

/// A time with three digits.
pub fn time(seconds: f64) -> String {
    let nanos = seconds * 1e9;
    match nanos {
        ..1e3 => digits(nanos, "ns"),
        ..1e6 => digits(nanos / 1e3, "us"),
        ..1e9 => digits(nanos / 1e6, "ms"),
        _ => digits(nanos / 1e9, "s"),
    }
}

/// How often something that takes `seconds` is done in a second, with three digits.
pub fn rate(seconds: f64) -> String {
    let rate = 1.0 / seconds;
    match rate {
        ..1e3 => digits(rate, "/s"),
        ..1e6 => digits(rate / 1e3, "k/s"),
        _ => digits(rate / 1e6, "M/s"),
    }
}

fn digits(value: f64, unit: &str) -> String {
    let digits = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Goal, Report, rate, time};
    use crate::paired::Medians;

    #[test]
    fn times_have_three_digits() {
        assert_eq!(time(1.234e-9), "1.23 ns");
        assert_eq!(time(1.234e-5), "12.3 us");
        assert_eq!(time(0.1234), "123 ms");
        assert_eq!(time(2.0), "2.00 s");
        assert_eq!(rate(2.0), "0.50 /s");
        assert_eq!(rate(1.25e-5), "80.0 k/s");
        assert_eq!(rate(1e-7), "10.0 M/s");
    }

    #[test]
    fn a_missed_goal_is_seen() {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, "ecsdb", "raw").unwrap();
        let medians = Medians { measured: Duration::from_nanos(300), limit: Duration::from_nanos(200), ratio: 1.5 };
        report.row("a scan", 100, medians, Goal::Ratio(1.2)).unwrap();
        report.row("a get", 100, medians, Goal::Below(Duration::from_nanos(4))).unwrap();
        report.found("memory", "12.0 %", "< 10 %", false).unwrap();
        assert_eq!(report.missed(), 2);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("| a scan | 3.00 ns | 2.00 ns | 1.50x | <= 1.20x | **no** |"), "{text}");
        assert!(text.contains("| a get | 3.00 ns | 2.00 ns | 1.50x | < 4.00 ns | yes |"), "{text}");
        assert!(text.contains("| memory | 12.0 % | | | < 10 % | **no** |"), "{text}");
    }
}
