//! Measures ecsdb beside other engines, and writes `comparison.md` and charts: everything in one run.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use ecsdb_peers::cases::groups;
use ecsdb_peers::run::{Plan, find, measure};
use ecsdb_peers::sheet::{Scale, Sheet};
use ecsdb_peers::{Failure, charts, table};

/// Measures ecsdb beside other engines, and writes a report with charts.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// See that everything works, with little data and one turn of each case.
    #[arg(long)]
    quick: bool,
    /// Only cases with this in their names, such as `scan`, `durable` or `readers`.
    #[arg(long)]
    only: Option<String>,
    /// Where the report goes: `docs`, or, if it is quick or a part, `target/compare/report`.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where the files of stores lie while they are measured. They are removed.
    #[arg(long, default_value = "target/compare")]
    dir: PathBuf,
    /// Entities, or rows: a million, or 2,000 if it is quick.
    #[arg(long)]
    entities: Option<usize>,
    /// Sizes of worlds to see how cost grows: ten thousand to ten million.
    #[arg(long, value_delimiter = ',')]
    sizes: Option<Vec<usize>>,
    /// Turns of a case in a process: 7, or 1 if it is quick.
    #[arg(long)]
    turns: Option<usize>,
    /// Processes for each contender: 3, or 1 if it is quick.
    #[arg(long)]
    passes: Option<usize>,
    /// The contender that this process is.
    #[arg(long, hide = true)]
    contender: Option<String>,
}

impl Options {
    fn scale(&self) -> Scale {
        let sizes: &[usize] = if self.quick { &[100, 1000] } else { &[10_000, 100_000, 1_000_000, 10_000_000] };
        Scale {
            count: self.entities.unwrap_or(if self.quick { 2000 } else { 1_000_000 }).max(100),
            sizes: self.sizes.clone().unwrap_or_else(|| sizes.to_vec()),
            turns: self.turns.unwrap_or(if self.quick { 1 } else { 7 }).max(1),
            quick: self.quick,
        }
    }
}

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let scale = options.scale();
    if let Some(name) = &options.contender {
        let contender = find(groups(), name).ok_or_else(|| format!("nobody is called {name}"))?;
        let mut sheet = Sheet::new(scale, options.only);
        (contender.run)(&mut sheet)?;
        return Ok(io::stdout().lock().write_all(sheet.lines().as_bytes())?);
    }
    let out = options.out.unwrap_or_else(|| {
        let is_whole = !options.quick && options.only.is_none();
        if is_whole { "docs".into() } else { "target/compare/report".into() }
    });
    let passes = options.passes.unwrap_or(if options.quick { 1 } else { 3 }).max(1);
    let plan = Plan { scale, only: options.only, dir: options.dir, passes };
    let began = Instant::now();
    let mut progress = io::stderr().lock();
    let all = groups().into_iter().map(|group| measure(group, &plan, &mut progress)).collect::<Result<Vec<_>, _>>()?;
    let drawn = charts::draw(&out.join("charts"), &plan, &all)?;
    let mut text = String::new();
    table::report(&mut text, &plan, &all, &drawn)?;
    let file = out.join("comparison.md");
    fs::write(&file, &text)?;
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(writeln!(progress, "written to {} after {} s", file.display(), began.elapsed().as_secs())?)
}
