//! `ecsdb-schema`: checks, compares and draws schemas.
//!
//! Each command answers with an [`Outcome`]: a text for the standard output, and an exit code. Whatever goes wrong is one
//! line on the standard error, and exit code 2.

#![forbid(unsafe_code)]

mod args;
mod check;
mod diff;
mod input;
mod layout;
mod migrate;
mod print;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

/// What a command has found.
pub struct Outcome {
    /// What it prints.
    pub text: String,
    /// Whether all is well: exit code 0 or 1.
    pub is_fine: bool,
}

/// What went wrong, as one text.
pub type Failure = String;

const NOT_FINE: u8 = 1;
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Check(of) => check::run(&of),
        Command::Diff(of) => diff::run(&of),
        Command::Print(of) => print::run(&of),
        Command::Migrate(of) => migrate::run(&of),
    };
    match outcome {
        Ok(outcome) => {
            let written = io::stdout().write_all(outcome.text.as_bytes()).and_then(|()| io::stdout().flush());
            match written {
                // Whoever reads has seen enough.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => fail(&error.to_string()),
                _ if outcome.is_fine => ExitCode::SUCCESS,
                _ => ExitCode::from(NOT_FINE),
            }
        }
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    // There is nowhere else to complain.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(FAILED)
}
