//! What one process measures: figures by case, written line by line for the one that started it.
//!
//! Owns turns, and that every turn of a case finds the same. What a turn has done is looked at when its time is over. It knows nothing
//! of who is measured.

use core::fmt::Write as _;
use core::hint::black_box;
use core::time::Duration;

use ecsdb_benches::paired::{clocked, median};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Entities, or rows.
    pub count: usize,
    /// The sizes of worlds, to see how cost grows.
    pub sizes: Vec<usize>,
    /// Turns of a case in one process, after one that warms up.
    pub turns: usize,
    /// Whether it shall only be seen that everything works.
    pub quick: bool,
}

/// What work has found, or what is there after it: sums and counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found(pub Vec<f64>);

impl From<f64> for Found {
    fn from(sum: f64) -> Self {
        Self(vec![sum])
    }
}

impl<const N: usize> From<[f64; N]> for Found {
    fn from(sums: [f64; N]) -> Self {
        Self(sums.to_vec())
    }
}

impl From<()> for Found {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// A figure: what one operation takes in seconds, or bytes; and what was found, which must be the same for all who do it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub case: String,
    /// Seconds or bytes.
    pub value: f64,
    /// What the work has found, or left behind; nothing for figures of memory and of the disk.
    pub found: Found,
}

/// The figures of one contender in one process.
#[derive(Debug)]
pub struct Sheet {
    /// How much to do.
    pub scale: Scale,
    only: Option<String>,
    figures: Vec<Figure>,
}

impl Sheet {
    /// An empty sheet. Cases that do not have `only` in their name are left out.
    pub fn new(scale: Scale, only: Option<String>) -> Self {
        Self { scale, only, figures: Vec::new() }
    }

    /// Whether `case` is asked for.
    pub fn wants(&self, case: &str) -> bool {
        self.only.as_ref().is_none_or(|only| case.contains(only))
    }

    /// Whether a case that begins with `part` may be asked for.
    pub fn wants_any(&self, cases: &[&str]) -> bool {
        cases.iter().any(|case| self.wants(case))
    }

    /// Puts down a figure of which nothing can be found.
    pub fn put(&mut self, case: &str, value: f64) {
        self.put_found(case, value, Found::default());
    }

    /// Puts down a figure, and what was found.
    pub fn put_found(&mut self, case: &str, value: f64, found: Found) {
        if self.wants(case) {
            self.figures.push(Figure { case: case.to_owned(), value, found });
        }
    }

    /// Measures turns of `operations` operations, in time on the clock. `work` returns what it found.
    ///
    /// # Panics
    /// If it does not find the same in each turn.
    pub fn time<F: Into<Found>>(&mut self, case: &str, operations: usize, mut work: impl FnMut() -> F) {
        self.turns(case, operations, || {
            let mut found = None;
            let time = clocked(|| found = Some(black_box(work())));
            (time, found.map(Into::into).unwrap_or_default())
        });
    }

    /// Measures turns that say themselves what they took, for `operations` operations, and what is there after it: so they can prepare
    /// things, and look at what they have done, on nobody's time. Nothing is done if nobody wants the case.
    ///
    /// # Panics
    /// If a turn does not find the same as the first.
    pub fn turns<F: Into<Found>>(&mut self, case: &str, operations: usize, mut turn: impl FnMut() -> (Duration, F)) {
        if !self.wants(case) {
            return;
        }
        let mut turns: Vec<(Duration, Found)> = Vec::new();
        for number in 0..=self.scale.turns {
            let (time, found) = turn();
            turns.push((time, found.into()));
            assert_eq!(turns[0].1, turns[number].1, "{case}: a turn found something else than the first");
        }
        let found = turns.swap_remove(0).1;
        let each = median(turns.into_iter().map(|(time, _)| time)).as_secs_f64() / operations as f64;
        self.put_found(case, each, found);
    }

    /// Puts down what was found after all turns of `case`, if it was measured.
    pub fn found(&mut self, case: &str, found: impl Into<Found>) {
        if let Some(figure) = self.figures.iter_mut().rfind(|figure| figure.case == case) {
            figure.found = found.into();
        }
    }

    /// The figures so far.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// Everything that was put down, as lines of text.
    pub fn lines(&self) -> String {
        self.figures.iter().fold(String::new(), |mut text, Figure { case, value, found }| {
            let found: Vec<String> = found.0.iter().map(f64::to_string).collect();
            let _ = writeln!(text, "figure\t{case}\t{value}\t{}", found.join(" "));
            text
        })
    }
}

/// Reads what [`Sheet::lines`] has written.
pub fn read(lines: &str) -> Vec<Figure> {
    let figure = |line: &str| {
        let mut words = line.strip_prefix("figure\t")?.split('\t');
        let (case, value, found) = (words.next()?, words.next()?, words.next()?);
        let found: Result<Vec<f64>, _> = found.split_terminator(' ').map(str::parse).collect();
        Some(Figure { case: case.to_owned(), value: value.parse().ok()?, found: Found(found.ok()?) })
    };
    lines.lines().filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::{Scale, Sheet, read};

    fn sheet(only: Option<&str>) -> Sheet {
        let scale = Scale { count: 10, sizes: Vec::new(), turns: 3, quick: true };
        Sheet::new(scale, only.map(str::to_owned))
    }

    #[test]
    fn figures_survive_being_written() {
        let mut sheet = sheet(None);
        sheet.put("memory", 12.5);
        sheet.put_found("scan", 1e-9, 0.1.into());
        sheet.put_found("step", 1e-9, [0.5, -3.0].into());
        assert_eq!(read(&sheet.lines()), sheet.figures);
    }

    #[test]
    fn only_what_is_asked_for_is_done() {
        let mut sheet = sheet(Some("join"));
        sheet.time("scan", 1, || -> f64 { unreachable!("nobody has asked") });
        sheet.time("join of two", 1, || 1.0);
        assert_eq!(sheet.figures.len(), 1);
    }

    #[test]
    #[should_panic(expected = "scan: a turn found something else")]
    fn a_turn_that_finds_something_else_is_noticed() {
        let mut answer = 0.0;
        sheet(None).time("scan", 1, || {
            answer += 1.0;
            answer
        });
    }
}
