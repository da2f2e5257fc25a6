//! `cargo run -p ecsdb-corpus -- shapes.json`: tries the derive on a file of shapes and prints what compiles.
//!
//! Ends with an error code only if there is nothing to report: components that do not compile are the report.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ecsdb::error::with_causes;
use ecsdb_corpus::{Corpus, Error, run, target_directory};

/// Compiles the components of a file with the derive of ecsdb, and reports how many compile, by class, and why the others
/// do not.
///
/// The file is JSON: `{"components": [shape...], "support_types": [shape...]}`. A shape is
/// `{"repo": "owner/game", "name": "Health", "kind": "struct", "class": "a", "generics": ["T"], "variants": ["A", "B"],
/// "fields": [{"variant": "A", "name": "hp", "type": "u32"}]}`, or has `"alias": "type"`; all but the name may be missing.
/// `class` is a (a row without padding), b (plain numbers with padding), c (fixed width in other ways), d (strings), e (lists
/// or maps) or f (cannot be stored).
#[derive(Debug, Parser)]
#[command(name = "corpus", version)]
struct Options {
    /// The file of shapes
    file: PathBuf,

    /// Where to write the generated crate [default: `corpus/<name of the file>` in the target directory]
    #[arg(long, value_name = "PATH")]
    scratch: Option<PathBuf>,

    /// Also print the components that compile
    #[arg(long)]
    all: bool,
}

fn main() -> ExitCode {
    match corpus(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("corpus: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn corpus(options: &Options) -> Result<(), Error> {
    let corpus = Corpus::read(&options.file)?;
    let target = target_directory();
    let stem = options.file.file_stem().unwrap_or_default();
    let scratch = options.scratch.clone().unwrap_or_else(|| target.join("corpus").join(stem));
    let report = run(&corpus, &scratch, &target)?;
    if options.all {
        for outcome in report.outcomes.iter().filter(|outcome| outcome.failure.is_none()) {
            println!("{} {} of {}", outcome.class, outcome.name, outcome.repo);
        }
        println!();
    }
    print!("{report}");
    Ok(())
}
