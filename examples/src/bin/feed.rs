//! `cargo run -p ecsdb-examples --bin feed`: fighters in an arena, on a screen that a change feed keeps up to date.
//!
//! On a terminal the screen is drawn in place after each commit; elsewhere each change is a line.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::error::Error;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ecsdb::Db;
use ecsdb_examples::feed::{Arena, Screen};

/// Fighters hit each other; a screen on another thread follows what changes, and nothing else.
#[derive(Debug, Parser)]
#[command(name = "feed", version)]
struct Options {
    /// How many fight at a time
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..=40))]
    fighters: u32,

    /// How many rounds they fight
    #[arg(long, value_name = "COUNT", default_value_t = 60)]
    rounds: u32,

    /// Milliseconds between two rounds
    #[arg(long, value_name = "MS", default_value_t = 50)]
    pause_ms: u64,

    /// Where all randomness comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match play(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("feed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(options: &Options) -> Result<(), Box<dyn Error>> {
    let db = Db::in_memory()?;
    let mut arena = Arena::new(db.clone(), options.fighters as usize, options.seed)?;
    let mut screen = Screen::new(&db)?;
    let is_live = stdout().is_terminal();
    let showing = std::thread::spawn(move || {
        if is_live {
            print!("\x1b[2J");
        }
        while let Some(touched) = screen.follow() {
            if is_live {
                // Home, and clear what is below afterwards.
                print!("\x1b[H{screen}\x1b[J");
            } else {
                touched.iter().for_each(|touched| println!("{touched}"));
            }
        }
        screen
    });
    for _ in 0..options.rounds {
        arena.round()?;
        std::thread::sleep(Duration::from_millis(options.pause_ms));
    }
    db.close()?;
    let screen = showing.join().map_err(|_| "the screen broke")?;
    if !is_live {
        print!("\n{screen}");
    }
    if screen.shows(&db.snapshot()) { Ok(()) } else { Err("the screen shows something else than there is".into()) }
}
