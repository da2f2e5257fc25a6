//! `cargo run --release -p ecsdb-examples --bin world`: plays the world of `ecsdb_examples::world` and prints a table.
//!
//! Ends with an error code if a transaction fails that should not, or a reader sees a state that is not consistent.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ecsdb_examples::world::{Options, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let live = stderr().is_terminal();
    let interval = Duration::from_millis(if live { 250 } else { 1000 });
    let result = run(&options, interval, |progress| {
        if live {
            // Back to the start of the line, and clear what was there.
            eprint!("\r\x1b[2K{progress}");
        } else {
            eprintln!("{progress}");
        }
    });
    if live {
        eprint!("\r\x1b[2K");
    }
    match result {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("world: {error}");
            ExitCode::FAILURE
        }
    }
}
