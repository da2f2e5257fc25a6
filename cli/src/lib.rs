//! What the commands `ecsdb` and `ecsdb-schema` have in common: how they answer.
//!
//! Each answers with an [`Outcome`]: a text for the standard output, and an exit code. Whatever goes wrong is one line on the
//! standard error, and exit code 2. Nothing here knows what the commands do.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use ecsdb::error::with_causes;

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

/// What went wrong, as one text.
pub fn failure(error: impl std::error::Error + 'static) -> Failure {
    with_causes(&error).to_string()
}

/// Prints what a command has come to. Returns its exit code.
pub fn answer(outcome: Result<Outcome, Failure>) -> ExitCode {
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
    say("error", message);
    ExitCode::from(FAILED)
}

/// Says something besides what was asked for, on the standard error.
pub fn note(message: &str) {
    say("note", message);
}

fn say(what: &str, message: &str) {
    // There is nowhere else to complain.
    let _ = writeln!(io::stderr(), "{what}: {message}");
}
