//! `ecsdb-schema`: checks, compares and draws schemas.
//!
//! Nothing here knows what a schema is: that is what `ecsdb::schema` and `ecsdb_schema_gen` do.

#![forbid(unsafe_code)]

mod args;
mod check;
mod diff;
mod input;
mod layout;
mod migrate;
mod print;

use std::process::ExitCode;

use clap::Parser;
use ecsdb_cli::answer;

use args::{Arguments, Command};

fn main() -> ExitCode {
    answer(match Arguments::parse().command {
        Command::Check(of) => check::run(&of),
        Command::Diff(of) => diff::run(&of),
        Command::Print(of) => print::run(&of),
        Command::Migrate(of) => migrate::run(&of),
    })
}
