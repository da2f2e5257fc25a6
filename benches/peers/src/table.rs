//! The report: tables in Markdown, what each contender does besides, and where it was measured.
//!
//! Owns what counts as first: contenders that do other work in a case are marked, and not compared.

use core::fmt::{self, Write};
use std::collections::HashMap;
use std::fs;
use std::process::Command;

use ecsdb_benches::report::{rate, time};

use crate::cases::growth::short;
use crate::cases::{Contender, Group, Unit};
use crate::contenders::entities::{Entities, Raw};
use crate::contenders::is_ecsdb;
use crate::run::{Measured, NEAR, Plan, Row};

/// Writes everything. `charts` are files beside the report, and their titles.
///
/// # Errors
/// If `out` does.
pub fn report(out: &mut dyn Write, plan: &Plan, all: &[Measured], charts: &[(String, String)]) -> fmt::Result {
    writeln!(out, "# ecsdb beside other engines\n")?;
    writeln!(out, "Written by `cargo run --release -p ecsdb-peers --bin compare`, in one run.\n")?;
    writeln!(out, "- {}", machine())?;
    writeln!(out, "- {} entities or rows, if nothing else is said.", short(plan.scale.count))?;
    writeln!(
        out,
        "- Each contender is measured in a process of its own, which has the memory to itself as a game would. The processes of a group \
         take turns, first and last change places, and a figure is the median over {} processes of medians over {} turns, on the clock. \
         Where processes of one contender were far apart, all of them stand below the table.",
        plan.passes, plan.scale.turns
    )?;
    writeln!(
        out,
        "- What the work finds, and what is there when the time of a turn is over (sums, counts, rows), is compared between turns and \
         contenders, and in stores and shared states with what was written; a run in which they differ fails. Tests put contenders with \
         faults into it, none of which goes unnoticed (`cargo test -p ecsdb-peers`)."
    )?;
    writeln!(
        out,
        "- The last column is ecsdb's figure in units of the best of the others. Raw vectors are the limit, not one of the others. \
         A letter marks who does other work than the rest in that row; such figures are not compared, and where ecsdb is used in two ways, \
         the last column is of the one that does the same work."
    )?;
    let (first, compared) = standing(all);
    writeln!(
        out,
        "- ecsdb is first in {first} of the {compared} rows in which others do the same work. What it costs in the rest stands in \
         [benchmarks.md](benchmarks.md#rows-in-which-another-one-is-first).\n"
    )?;
    for measured in all.iter().filter(|measured| !measured.rows.is_empty()) {
        group(out, measured)?;
    }
    for (file, title) in charts {
        writeln!(out, "![{title}](charts/{file})\n")?;
    }
    Ok(())
}

/// In how many rows ecsdb is first, and in how many it is compared.
fn standing(all: &[Measured]) -> (usize, usize) {
    let of_group = |measured: &Measured| {
        let standings = measured.rows.iter().map(|row| Standing::of(row, &measured.group.contenders));
        standings.fold((0, 0), |(first, compared), standing| match standing {
            Standing::Compared(own, best) => (first + usize::from(own <= best), compared + 1),
            Standing::OtherWork | Standing::Unknown => (first, compared),
        })
    };
    all.iter().map(of_group).fold((0, 0), |(first, compared), (more, of)| (first + more, compared + of))
}

fn group(out: &mut dyn Write, Measured { group, rows }: &Measured) -> fmt::Result {
    writeln!(out, "## {}\n\n{}\n", group.title, group.intro)?;
    let names: Vec<&str> = group.contenders.iter().map(|contender| contender.name).collect();
    writeln!(out, "| what | {} | to the best |", names.join(" | "))?;
    writeln!(out, "|---|{}", "--:|".repeat(names.len() + 1))?;
    let mut notes = Notes::default();
    for row in rows {
        write!(out, "| {}", row.case.what)?;
        for (contender, value) in group.contenders.iter().zip(&row.values) {
            let mark = notes.mark(row, contender.name);
            write!(out, " | {}{mark}", value.map(|value| cell(value, row.case.unit)).unwrap_or_default())?;
        }
        writeln!(out, " | {} |", to_the_best(row, &group.contenders))?;
    }
    writeln!(out)?;
    notes.write(out)?;
    apart(out, group, rows)?;
    abilities(out, &group.contenders)
}

/// The figures of single processes, where those of one contender are far apart: a figure of the table is their median.
fn apart(out: &mut dyn Write, group: &Group, rows: &[Row]) -> fmt::Result {
    let noted = rows.iter().flat_map(|row| row.apart.iter().map(move |(who, values)| (row, *who, values)));
    let mut noted = noted.peekable();
    if noted.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "Processes of one contender were more than {NEAR} times apart here; the table has their median:\n")?;
    for (row, who, values) in noted {
        let cells: Vec<String> = values.iter().map(|value| cell(*value, row.case.unit)).collect();
        writeln!(out, "- {}: {} {}", row.case.what, group.contenders[who].name, cells.join(", "))?;
    }
    writeln!(out)
}

/// Notes below a table, each with a letter.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// The mark of `contender` in a row, if it does other work there.
    fn mark(&mut self, row: &Row, contender: &str) -> String {
        let Some((_, does)) = row.case.other.iter().find(|(name, _)| *name == contender) else {
            return String::new();
        };
        let note = format!("{contender} {does}.");
        let at = self.0.iter().position(|known| *known == note).unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        });
        format!(" ({})", letter(at))
    }

    fn write(&self, out: &mut dyn Write) -> fmt::Result {
        for (at, note) in self.0.iter().enumerate() {
            writeln!(out, "- ({}) {note}", letter(at))?;
        }
        if self.0.is_empty() { Ok(()) } else { writeln!(out) }
    }
}

/// The mark of a note.
fn letter(at: usize) -> char {
    char::from(b'a' + at as u8)
}

fn cell(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time => time(value),
        Unit::Rate => rate(value),
        Unit::Bytes => format!("{value:.1} B"),
    }
}

/// How ecsdb stands in a row.
enum Standing {
    /// It was not measured, or nobody else was.
    Unknown,
    /// It does other work than the rest, however it is used.
    OtherWork,
    /// Its figure, and the best of the others that do the same work.
    Compared(f64, f64),
}

impl Standing {
    /// That in `row`: of the first way of using ecsdb that does the same work as the others.
    fn of(row: &Row, contenders: &[Contender]) -> Self {
        let is_other = |name: &str| row.case.other.iter().any(|(other, _)| *other == name);
        let measured = || contenders.iter().map(|contender| contender.name).zip(&row.values);
        let values = || measured().filter_map(|(name, value)| Some((name, (*value)?)));
        let mut own = values().filter(|(name, _)| is_ecsdb(name)).peekable();
        if own.peek().is_none() {
            return Self::Unknown;
        }
        let Some((_, own)) = own.find(|(name, _)| !is_other(name)) else { return Self::OtherWork };
        let same = values().filter(|(name, _)| *name != Raw::NAME && !is_ecsdb(name) && !is_other(name));
        same.map(|(_, value)| value).min_by(f64::total_cmp).map_or(Self::Unknown, |best| Self::Compared(own, best))
    }
}

/// ecsdb in units of the best of the others.
fn to_the_best(row: &Row, contenders: &[Contender]) -> String {
    match Standing::of(row, contenders) {
        // A ratio of bytes above the payload says little: they may be less than none.
        Standing::Compared(own, best) if row.case.unit == Unit::Bytes && best <= 0.0 => format!("{:+.1} B", own - best),
        Standing::Compared(own, best) if own <= best => format!("**{:.2}x**", own / best),
        Standing::Compared(own, best) => format!("{:.2}x", own / best),
        Standing::OtherWork => "other work".to_owned(),
        Standing::Unknown => String::new(),
    }
}

/// What contenders do besides what was measured.
fn abilities(out: &mut dyn Write, contenders: &[Contender]) -> fmt::Result {
    let versions = versions();
    writeln!(out, "| | version | readers beside the writer | versions stay | rollback | durable | how it is used |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    let word = |does: bool| if does { "yes" } else { "no" };
    for Contender { name, does, .. } in contenders {
        let version = does.package.and_then(|package| versions.get(package)).copied().unwrap_or("");
        let [readers, stay, rollback, durable] = [does.readers, does.versions, does.rollback, does.durable].map(word);
        writeln!(out, "| {name} | {version} | {readers} | {stay} | {rollback} | {durable} | {} |", does.how)?;
    }
    writeln!(out)
}

/// The versions of all packages, as the workspace has them.
fn versions() -> HashMap<&'static str, &'static str> {
    let mut lines = include_str!("../../../Cargo.lock").lines();
    let mut versions = HashMap::new();
    while let Some(line) = lines.next() {
        let quoted = |line: &'static str, key: &str| line.strip_prefix(key)?.strip_suffix('"');
        if let Some(name) = quoted(line, "name = \"")
            && let Some(version) = lines.next().and_then(|line| quoted(line, "version = \""))
        {
            versions.insert(name, version);
        }
    }
    versions
}

/// What it was measured on.
fn machine() -> String {
    let line = |file: &str, key: &str| {
        let text = fs::read_to_string(file).ok()?;
        Some(text.lines().find_map(|line| line.strip_prefix(key))?.trim_start_matches([' ', '\t', ':']).to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
    let processor = line("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned());
    let memory = line("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let commit = commit.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_owned()).unwrap_or_default();
    format!(
        "Commit {commit}, {cores} cores of {processor}, {memory} of memory; load when the report was written: {load}."
    )
}

#[cfg(test)]
mod tests {
    use super::{apart, standing, to_the_best, versions};
    use crate::cases::{Case, Contender, Unit, groups};
    use crate::run::{Measured, Row};

    fn contenders() -> Vec<Contender> {
        let entities = groups().into_iter().find(|group| group.key == "entities");
        entities.map(|group| group.contenders).unwrap_or_default()
    }

    fn row(values: [f64; 6]) -> Row {
        Row { case: Case::new("scan", "scan", Unit::Time), values: values.map(Some).to_vec(), apart: Vec::new() }
    }

    #[test]
    fn the_best_peer_counts_and_the_limit_does_not() {
        let contenders = contenders();
        assert_eq!(to_the_best(&row([2.0, 4.0, 8.0, 9.0, 5.0, 1.0]), &contenders), "**0.50x**");
        assert_eq!(to_the_best(&row([6.0, 4.0, 8.0, 9.0, 5.0, 1.0]), &contenders), "1.50x");
    }

    #[test]
    fn rows_in_which_ecsdb_is_first_are_counted_among_those_that_are_compared() {
        let group = groups().into_iter().find(|group| group.key == "entities").unwrap();
        let own = group.contenders[0].name;
        let mut other = row([1.0, 4.0, 8.0, 9.0, 5.0, 1.0]);
        other.case = other.case.but(own, "cheats");
        let (first, second) = (row([2.0, 4.0, 8.0, 9.0, 5.0, 1.0]), row([6.0, 4.0, 8.0, 9.0, 5.0, 1.0]));
        assert_eq!(standing(&[Measured { group, rows: vec![first, second, other] }]), (1, 2));
    }

    #[test]
    fn who_does_other_work_is_not_compared() {
        let contenders = contenders();
        let mut row = row([6.0, 4.0, 8.0, 9.0, 12.0, 1.0]);
        row.case = row.case.but(contenders[1].name, "cheats");
        assert_eq!(to_the_best(&row, &contenders), "**0.75x**");
        row.case = row.case.but(contenders[0].name, "cheats");
        assert_eq!(to_the_best(&row, &contenders), "other work");
    }

    #[test]
    fn processes_that_are_apart_are_listed_below_the_table() {
        let group = groups().into_iter().find(|group| group.key == "entities").unwrap();
        let mut row = row([1.0; 6]);
        let mut text = String::new();
        apart(&mut text, &group, &[row.clone()]).unwrap();
        assert_eq!(text, "");
        row.apart.push((1, vec![1e-9, 2.5e-8]));
        apart(&mut text, &group, &[row]).unwrap();
        assert!(text.contains("\n- scan: bevy_ecs 1.00 ns, 25.0 ns\n"), "{text}");
    }

    #[test]
    fn of_two_ways_to_use_ecsdb_the_one_that_does_the_same_work_counts() {
        let stores = groups().into_iter().find(|group| group.key == "stores");
        let contenders = stores.map(|group| group.contenders).unwrap_or_default();
        let [handles, numbers] = [contenders[0].name, contenders[1].name];
        let mut row = row([1.0, 6.0, 4.0, 8.0, 9.0, 5.0]);
        row.case = row.case.but(handles, "keeps handles");
        assert_eq!(to_the_best(&row, &contenders), "1.50x");
        row.case = row.case.but(numbers, "cheats");
        assert_eq!(to_the_best(&row, &contenders), "other work");
    }

    #[test]
    fn every_package_has_a_version() {
        let versions = versions();
        for contender in groups().iter().flat_map(|group| &group.contenders) {
            assert!(contender.does.package.is_none_or(|package| versions.contains_key(package)), "{}", contender.name);
        }
    }
}
