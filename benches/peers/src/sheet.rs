//! What one process measures: figures by case, written line by line for the one that started it.
//!
//! Owns turns, and that every turn of a case finds the same. It knows nothing of who is measured.

use core::fmt::Write as _;
use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use ecsdb_benches::paired::median;

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

/// A figure: what one operation takes in seconds, or bytes; and what was found, which must be the same for all who do it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub case: String,
    /// Seconds or bytes.
    pub value: f64,
    /// What the work has found, if it finds something.
    pub answer: Option<f64>,
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

    /// Puts down a figure.
    pub fn put(&mut self, case: &str, value: f64, answer: Option<f64>) {
        if self.wants(case) {
            self.figures.push(Figure { case: case.to_owned(), value, answer });
        }
    }

    /// Measures turns of `operations` operations, in time on the clock. `work` returns what it found.
    ///
    /// # Panics
    /// If it does not find the same in each turn.
    pub fn time(&mut self, case: &str, operations: usize, mut work: impl FnMut() -> f64) {
        self.prepared(case, operations, || (), |()| work());
    }

    /// As [`Self::time`], with something that is made anew for each turn, untimed, and dropped untimed.
    ///
    /// # Panics
    /// If it does not find the same in each turn.
    pub fn prepared<P>(
        &mut self,
        case: &str,
        operations: usize,
        mut prepare: impl FnMut() -> P,
        mut work: impl FnMut(&mut P) -> f64,
    ) {
        if !self.wants(case) {
            return;
        }
        let (mut times, mut found) = (Vec::new(), None);
        for turn in 0..=self.scale.turns {
            let mut prepared = prepare();
            let began = Instant::now();
            let answer = black_box(work(&mut prepared));
            let time = began.elapsed();
            assert_eq!(*found.get_or_insert(answer), answer, "{case}: a turn found something else than the first");
            if turn > 0 {
                times.push(time);
            }
        }
        let each = median(times.into_iter()).as_secs_f64() / operations as f64;
        self.put(case, each, found);
    }

    /// Puts down what was found after all turns of `case`, if it was measured.
    pub fn found(&mut self, case: &str, answer: f64) {
        if let Some(figure) = self.figures.iter_mut().rfind(|figure| figure.case == case) {
            figure.answer = Some(answer);
        }
    }

    /// Measures what `work` says that it took, for `operations` operations.
    pub fn durations(&mut self, case: &str, operations: usize, mut work: impl FnMut() -> Duration) {
        if !self.wants(case) {
            return;
        }
        work();
        let times: Vec<Duration> = (0..self.scale.turns).map(|_| work()).collect();
        self.put(case, median(times.into_iter()).as_secs_f64() / operations as f64, None);
    }

    /// Everything that was put down, as lines of text.
    pub fn lines(&self) -> String {
        self.figures.iter().fold(String::new(), |mut text, Figure { case, value, answer }| {
            let answer = answer.map(|answer| answer.to_string()).unwrap_or_default();
            let _ = writeln!(text, "figure\t{case}\t{value}\t{answer}");
            text
        })
    }
}

/// Reads what [`Sheet::lines`] has written.
pub fn read(lines: &str) -> Vec<Figure> {
    let figure = |line: &str| {
        let mut words = line.strip_prefix("figure\t")?.split('\t');
        let (case, value, answer) = (words.next()?, words.next()?, words.next()?);
        Some(Figure { case: case.to_owned(), value: value.parse().ok()?, answer: answer.parse().ok() })
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
        sheet.put("memory", 12.5, None);
        sheet.put("scan", 1e-9, Some(0.1));
        assert_eq!(read(&sheet.lines()), sheet.figures);
    }

    #[test]
    fn only_what_is_asked_for_is_done() {
        let mut sheet = sheet(Some("join"));
        sheet.time("scan", 1, || unreachable!("nobody has asked"));
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
