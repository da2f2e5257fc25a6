//! `ecsdb`: looks into directories of databases, verifies, archives, backs up, restores and repairs them.
//!
//! Nothing here knows files: that is what `ecsdb::maintenance` does.

#![forbid(unsafe_code)]

mod archive;
mod args;
mod info;
mod progress;
mod repair;
mod restore;
mod text;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ecsdb::maintenance::ClosedDirectory;
use ecsdb_cli::{Failure, Outcome, answer, failure, note};
use serde::Serialize;

use args::{Arguments, Command};

fn main() -> ExitCode {
    answer(match Arguments::parse().command {
        Command::Info(of) => info::run(&of),
        Command::Verify(of) => verify::run(&of),
        Command::Backup(of) => restore::backup(&of),
        Command::Restore(of) => restore::run(&of),
        Command::Repair(of) => repair::run(&of),
        Command::Archive(of) => archive::run(&of.command),
    })
}

/// What is printed: `found` as JSON if that is wanted, `text` otherwise.
fn outcome(found: &impl Serialize, as_json: bool, text: impl FnOnce() -> String) -> Result<Outcome, Failure> {
    let text = if as_json { serde_json::to_string_pretty(found).map_err(failure)? + "\n" } else { text() };
    Ok(Outcome { text, is_fine: true })
}

/// The directory at `path`, to be looked at. Says so if it cannot be locked.
fn look_at(path: &Path) -> Result<ClosedDirectory, Failure> {
    let closed = ClosedDirectory::open(path).map_err(failure)?;
    if !closed.is_locked() {
        let path = path.display();
        note(&format!(
            "{path} is not locked, since its file LOCK is not there or not ours to open: let nobody open it meanwhile"
        ));
    }
    Ok(closed)
}
