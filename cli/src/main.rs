//! `ecsdb`: looks into directories of databases, verifies, archives, backs up, restores and repairs them.
//!
//! Each command answers with an [`Outcome`]: a text for the standard output, and an exit code. Whatever goes wrong is one line on
//! the standard error, and exit code 2. Nothing here knows files: that is what `ecsdb::maintenance` does.

#![forbid(unsafe_code)]

mod archive;
mod args;
mod info;
mod progress;
mod repair;
mod restore;
mod text;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use args::{Arguments, Command};

/// What a command has found.
pub struct Outcome {
    /// What it prints.
    pub text: String,
    /// Whether all is well: exit code 0 or 1.
    pub is_fine: bool,
}

impl Outcome {
    /// What is printed: `found` as JSON if that is wanted, `text` otherwise.
    pub fn of(found: &impl Serialize, as_json: bool, text: impl FnOnce() -> String) -> Result<Self, Failure> {
        let text = if as_json { serde_json::to_string_pretty(found).map_err(text::failure)? + "\n" } else { text() };
        Ok(Self { text, is_fine: true })
    }
}

/// What went wrong, as one text.
pub type Failure = String;

const NOT_FINE: u8 = 1;
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Info(of) => info::run(&of),
        Command::Verify(of) => verify::run(&of),
        Command::Backup(of) => restore::backup(&of),
        Command::Restore(of) => restore::run(&of),
        Command::Repair(of) => repair::run(&of),
        Command::Archive(of) => archive::run(&of.command),
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
