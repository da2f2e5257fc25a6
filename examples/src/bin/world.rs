//! `cargo run --release -p ecsdb-examples --bin world`: plays the world of `ecsdb_examples::world`, kills it, recovers it,
//! and prints two tables.
//!
//! Ends with an error code if a transaction fails that should not, a reader sees a state that is not consistent, or what
//! was recovered is not what was committed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::error::Error;
use std::io::{IsTerminal, stderr, stdout};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use ecsdb::Db;
use ecsdb::error::with_causes;
use ecsdb_examples::world::{Options, Place, Progress, Simulation, Teller, kill_and_recover, play_until_killed, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let live = stderr().is_terminal();
    let interval = Duration::from_millis(if live { 250 } else { 1000 });
    let progress = |progress: &Progress| {
        if live {
            // Back to the start of the line, and clear what was there.
            eprint!("\r\x1b[2K{progress}");
        } else {
            eprintln!("{progress}");
        }
    };
    let result = match &options.dir {
        Some(directory) if options.mortal => {
            play_until_killed(&options, directory, Teller::new(stdout()), interval, progress).map_err(Into::into)
        }
        _ if options.in_memory => in_memory(&options, interval, progress),
        _ => in_directory(&options, live),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            clear(live);
            eprintln!("world: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn clear(live: bool) {
    if live {
        eprint!("\r\x1b[2K");
    }
}

fn in_memory(options: &Options, interval: Duration, progress: impl FnMut(&Progress)) -> Result<(), Box<dyn Error>> {
    let mut world = Simulation::new(Db::in_memory()?, options.into())?;
    let report = run(&mut world, options, interval, Simulation::tick, progress)?;
    clear(stderr().is_terminal());
    print!("{report}");
    Ok(())
}

fn in_directory(options: &Options, live: bool) -> Result<(), Box<dyn Error>> {
    let place = Place::new(options.dir.as_deref(), options.keep);
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--mortal").arg("--dir").arg(place.path());
    for (name, value) in [
        ("--entities", u64::from(options.entities)),
        ("--seconds", options.seconds.into()),
        ("--tick-rate", options.tick_rate.into()),
        ("--readers", options.readers.into()),
        ("--seed", options.seed),
    ] {
        command.arg(name).arg(value.to_string());
    }
    let mut is_first = true;
    let aftermath = kill_and_recover(command, place.path(), |line| {
        if core::mem::take(&mut is_first) {
            clear(live);
        }
        println!("{line}");
    })?;
    println!("\n{aftermath}");
    if place.stays() {
        println!("{:<16}{}", "directory", place.path().display());
    }
    Ok(())
}
