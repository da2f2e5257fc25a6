//! `cargo run -p ecsdb-examples --bin inventory`: traders, their things, and deals that are done as a whole or not at all.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match ecsdb_examples::inventory::play() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("inventory: {error}");
            ExitCode::FAILURE
        }
    }
}
