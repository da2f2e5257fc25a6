//! The options of the program, with the ranges in which they make sense.

use std::path::PathBuf;

use clap::Parser;

/// Plays a game world, reports how it held up, kills it in the middle of a tick, and recovers it.
///
/// Mobs move, fight, die, carry gold and trade at a fixed tick rate, while readers scan snapshots without pause and check
/// that no gold is ever made or lost. The world is kept in a directory: a process of its own plays it, is killed without
/// warning, and what its log recovers is compared with what it had committed.
#[derive(Clone, Debug, Parser, PartialEq, Eq)]
#[command(name = "world", version)]
pub struct Options {
    /// How many mobs live in the world; every second one brings an item
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=5_000_000))]
    pub entities: u32,

    /// How long to play, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,

    /// Ticks in a second
    #[arg(long, value_name = "HERTZ", default_value_t = 60, value_parser = clap::value_parser!(u32).range(15..=120))]
    pub tick_rate: u32,

    /// Threads that scan snapshots all the time
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub readers: u32,

    /// Where all randomness comes from: the same seed plays the same game
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,

    /// Keep the world in this directory, and go on with the one that is there [default: a temporary directory]
    #[arg(long, value_name = "PATH")]
    pub dir: Option<PathBuf>,

    /// Leave the temporary directory where it is
    #[arg(long, conflicts_with = "dir")]
    pub keep: bool,

    /// Play in memory only: no log, no kill
    #[arg(long, conflicts_with_all = ["dir", "keep"])]
    pub in_memory: bool,

    /// Be the process that is killed
    #[arg(long, hide = true, requires = "dir", conflicts_with_all = ["keep", "in_memory"])]
    pub mortal: bool,
}
