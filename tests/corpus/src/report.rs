//! What came out of a run: how many compile, by class, and why the others do not.
//!
//! Owns the numbers and their text; it judges nothing.

use std::collections::BTreeMap;
use std::fmt;

use crate::check::Failures;
use crate::module::{MadeUp, Module};
use crate::shapes::Corpus;

/// What came out of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// One for each component, in the order of the file.
    pub outcomes: Vec<Outcome>,
    /// What was made up, and in how many components.
    made_up: BTreeMap<MadeUp, usize>,
}

/// What became of a component.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Where it comes from.
    pub repo: String,
    /// Its name.
    pub name: String,
    /// What it needs, a letter.
    pub class: char,
    /// The first error, or nothing if it compiles.
    pub failure: Option<String>,
}

/// How many of some components compile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// All.
    pub all: usize,
    /// Those that compile.
    pub compile: usize,
}

impl Group {
    /// The share of those that compile, in percent; all of none is 100.
    pub fn percent(self) -> f64 {
        if self.all == 0 { 100.0 } else { 100.0 * self.compile as f64 / self.all as f64 }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5} of {:>5}  {:>5.1} %", self.compile, self.all, self.percent())
    }
}

impl Report {
    pub(crate) fn new(corpus: &Corpus, modules: &[Module], mut failures: Failures) -> Self {
        let outcomes = corpus.components.iter().enumerate().map(|(number, shape)| Outcome {
            repo: shape.repo.clone(),
            name: shape.name.clone(),
            class: shape.class.trim().chars().next().unwrap_or('?').to_ascii_lowercase(),
            failure: failures.remove(&number),
        });
        let mut made_up = BTreeMap::new();
        for what in modules.iter().flat_map(|module| &module.made_up) {
            *made_up.entry(what.clone()).or_insert(0) += 1;
        }
        Self { outcomes: outcomes.collect(), made_up }
    }

    /// Those of these classes.
    pub fn classes(&self, classes: &str) -> Group {
        let of = || self.outcomes.iter().filter(|outcome| classes.contains(outcome.class));
        Group { all: of().count(), compile: of().filter(|outcome| outcome.failure.is_none()).count() }
    }

    /// Those of fixed width: classes a, b and c.
    pub fn fixed(&self) -> Group {
        self.classes("abc")
    }

    /// Those of fixed width or with strings and lists: classes a to e.
    pub fn with_strings_and_lists(&self) -> Group {
        self.classes("abcde")
    }

    fn list(&self, f: &mut fmt::Formatter<'_>, title: &str, pick: impl Fn(&MadeUp) -> Option<&str>) -> fmt::Result {
        let names: Vec<String> = self
            .made_up
            .iter()
            .filter_map(|(what, count)| {
                let name = pick(what)?;
                Some(if *count == 1 { name.to_owned() } else { format!("{name} ({count})") })
            })
            .collect();
        if names.is_empty() { Ok(()) } else { write!(f, "\n{title}:\n  {}\n", names.join(", ")) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut classes: Vec<char> = self.outcomes.iter().map(|outcome| outcome.class).chain('a'..='f').collect();
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
            writeln!(f, "{class} {:<30} {}", meaning(class), self.classes(class.encode_utf8(&mut [0; 4])))?;
        }
        writeln!(f, "  {:<30} {}", "fixed width (a to c)", self.fixed())?;
        writeln!(f, "  {:<30} {}", "with strings and lists (a to e)", self.with_strings_and_lists())?;
        let mut failed: Vec<&Outcome> = self.outcomes.iter().filter(|outcome| outcome.failure.is_some()).collect();
        failed.sort_by_key(|outcome| outcome.class);
        if !failed.is_empty() {
            writeln!(f, "\nDo not compile:")?;
        }
        for outcome in failed {
            let why = outcome.failure.as_deref().unwrap_or_default();
            writeln!(f, "  {} {} of {}\n      {why}", outcome.class, outcome.name, outcome.repo)?;
        }
        self.list(f, "Stand-ins for types of other crates (in so many components)", |what| match what {
            MadeUp::StandIn(name) => Some(name),
            _ => None,
        })?;
        self.list(f, "Stubs for types that are not in the file", |what| match what {
            MadeUp::Stub(name) => Some(name),
            _ => None,
        })?;
        self.list(f, "Made-up lengths", |what| match what {
            MadeUp::Constant(name) => Some(name),
            _ => None,
        })?;
        self.list(f, "Types that mean nothing in a saved row, left without `Field`", |what| match what {
            MadeUp::ProcessBound(name) => Some(name),
            _ => None,
        })
    }
}

fn meaning(class: char) -> &'static str {
    match class {
        'a' => "a row without padding",
        'b' => "plain numbers with padding",
        'c' => "fixed width in other ways",
        'd' => "strings",
        'e' => "lists or maps",
        'f' => "cannot be stored",
        _ => "of no class",
    }
}
