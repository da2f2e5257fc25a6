//! `cargo run --release -p ecsdb-examples --bin spatial`: wolves that find the nearest sheep through a grid.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to look at")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use ecsdb_examples::spatial::Field;

/// Wolves and sheep on a meadow, with a spatial index.
#[derive(Debug, Parser)]
#[command(name = "spatial", version)]
struct Options {
    /// How many sheep there are; there is a wolf for every twenty
    #[arg(long, value_name = "COUNT", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(20..=5_000_000))]
    sheep: u32,

    /// How many rounds they play
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    rounds: u32,

    /// Where all randomness comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match play(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spatial: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut field = Field::new(options.sheep as usize, options.seed)?;
    println!("the middle of the meadow, by {}", field.plan());
    for round in 1..=options.rounds {
        let start = Instant::now();
        field.round()?;
        println!("round {round:3}, {:6.1} ms: {}", start.elapsed().as_secs_f64() * 1000.0, field.look());
    }
    Ok(())
}
