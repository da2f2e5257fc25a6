//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::text;

/// Looks into directories of databases, verifies, archives, backs up, restores and repairs them.
///
/// The program that a database belongs to is not needed. The database must not be open.
#[derive(Parser)]
#[command(name = "ecsdb", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Says what is in a directory: tables, snapshot files, segments of the log.
    #[command(after_help = "Exit code: 0 if it could be read, 2 if not.")]
    Info(Of),
    /// Reads everything and reports every damage. Changes nothing.
    #[command(after_help = "Exit code: 0 if all is well, 1 if something is damaged, 2 if it could not be read.")]
    Verify(Of),
    /// Copies the latest state to a new directory.
    #[command(after_help = "Exit code: 0 if it is done, 2 if not.")]
    Backup(Backup),
    /// Makes a new directory with an earlier state.
    #[command(after_help = "Exit code: 0 if it is done, 2 if not.")]
    Restore(Restore),
    /// Makes a damaged directory open again: says what would be lost, and does it only with --yes. Nothing is removed.
    #[command(
        after_help = "Exit code: 0 if nothing has to be done or it was done, 1 if something has to be done or nothing \
                      can be saved, 2 if it could not be read or done."
    )]
    Repair(Repair),
    /// Works with an archive: a directory, or with the feature `object-store` a URL such as s3://bucket/prefix.
    Archive(Archive),
}

#[derive(Args)]
pub struct Of {
    /// The directory of the database.
    pub directory: PathBuf,
    #[command(flatten)]
    pub output: Output,
}

/// How results are given.
#[derive(Args)]
pub struct Output {
    /// Answers in JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Backup {
    /// The directory of the database.
    pub directory: PathBuf,
    /// The new directory: it must not exist, or be empty.
    pub destination: PathBuf,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Restore {
    /// The new directory: it must not exist, or be empty.
    pub destination: PathBuf,
    /// The directory of the database, which is only read.
    #[arg(long)]
    pub from: Option<PathBuf>,
    /// The archive of the database, for what the directory does not have any more; or for everything, if there is none.
    #[arg(long)]
    pub archive: Option<OsString>,
    /// The state after this version. The default is the latest.
    #[arg(long, conflicts_with = "time")]
    pub version: Option<u64>,
    /// The history that the version is of, as `archive list` and `info` name it, where several have one with that number.
    #[arg(long, requires = "version", value_parser = timeline)]
    pub timeline: Option<u64>,
    /// The state at this time: 2026-11-28T12:30:00Z, 2026-11-28T14:30:00+02:00, or 2026-11-28, which is its first moment. Without an
    /// offset it is UTC.
    #[arg(long, value_parser = text::parse_time)]
    pub time: Option<SystemTime>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Repair {
    /// The directory of the database.
    pub directory: PathBuf,
    /// Does it. Without this it is only said.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Args)]
pub struct Archive {
    #[command(subcommand)]
    pub command: ArchiveCommand,
}

#[derive(Subcommand)]
pub enum ArchiveCommand {
    /// Lists the segments and snapshot files of an archive.
    List {
        /// The archive.
        archive: OsString,
        #[command(flatten)]
        output: Output,
    },
    /// Fetches every object of an archive and reports every damage. Changes nothing.
    #[command(after_help = "Exit code: 0 if all is well, 1 if something is damaged, 2 if it could not be read.")]
    Verify {
        /// The archive.
        archive: OsString,
        #[command(flatten)]
        output: Output,
    },
    /// Removes from an archive what is older than what is to be restored from it, and says what that is.
    #[command(
        group = ArgGroup::new("policy").required(true),
        after_help = "Exit code: 0 if it is done, or there is nothing to do; 1 if a snapshot file was damaged, so that older ones stay; 2 if it \
                      could not be read or done."
    )]
    Prune {
        /// The archive.
        archive: OsString,
        /// Keeps the newest so many complete snapshot files, and the log since the oldest of them.
        #[arg(long, value_name = "NUMBER", group = "policy", value_parser = clap::value_parser!(u32).range(1..))]
        keep_snapshots: Option<u32>,
        /// Keeps every state that is younger than this: 30days, 12h.
        #[arg(long, value_name = "DURATION", group = "policy", value_parser = humantime::parse_duration)]
        keep_for: Option<Duration>,
        /// Only says what would be removed.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Stores the whole log of a directory and its complete snapshot files in an archive.
    #[command(
        after_help = "Exit code: 0 if all is well, 1 if something could not be read and a snapshot file makes up for it, 2 if it \
                            is not done."
    )]
    Store {
        /// The directory of the database.
        directory: PathBuf,
        /// The archive.
        archive: OsString,
        /// Compresses with this level of zstd: 1 is fast, 19 is small.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=22))]
        level: Option<i32>,
        #[command(flatten)]
        output: Output,
    },
}

/// A timeline, in hexadecimal digits.
fn timeline(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|error| format!("a timeline has up to 16 hexadecimal digits: {error}"))
}
