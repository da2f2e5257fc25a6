//! `cargo run -p ecsdb-examples --bin scene`: a ship on the sea, as a hierarchy that is walked, changed and taken down.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match ecsdb_examples::scene::play() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("scene: {error}");
            ExitCode::FAILURE
        }
    }
}
