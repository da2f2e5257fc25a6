//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Checks, compares and draws the schemas of ecsdb.
///
/// A schema is a TOML file, a JSON file, or Rust sources (`.rs`), whose modules are followed.
#[derive(Parser)]
#[command(name = "ecsdb-schema", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Check that a schema file says what Rust sources say.
    ///
    /// Comments, and the names of key columns, make no difference. Exit code: 0 if they say the same, 1 if not, 2 if
    /// one of them cannot be read.
    Check(Check),
    /// Show what differs between two schemas, and whether a database may change from the first to the second.
    ///
    /// Exit code: 0 if they say the same, 1 if not, 2 if one of them cannot be read.
    Diff(Diff),
    /// Draw how the rows of each table are laid out.
    ///
    /// Exit code: 0, or 2 if the schema cannot be read.
    Print(Print),
    /// Show what becomes of the rows of a database that changes from one schema to another.
    ///
    /// A database migrates when a program with another schema opens it; this tells beforehand what will happen then. Exit
    /// code: 0 if it is allowed, 1 if something is refused, 2 if one of the schemas cannot be read.
    Migrate(Migrate),
}

#[derive(Args)]
pub struct Check {
    /// The schema file, TOML.
    pub file: PathBuf,
    /// Rust sources; the modules that they declare are read as well.
    #[arg(required = true)]
    pub sources: Vec<PathBuf>,
    /// Write the file anew instead of complaining; its comments are lost.
    #[arg(long)]
    pub bless: bool,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Args)]
pub struct Diff {
    /// The old schema.
    pub old: PathBuf,
    /// The new schema.
    pub new: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Args)]
pub struct Print {
    /// The schema.
    pub schema: PathBuf,
    /// Only this table; may be given several times.
    #[arg(long, value_name = "TABLE")]
    pub table: Vec<String>,
    /// Print the schema as JSON instead.
    #[arg(long, conflicts_with_all = ["table", "toml"])]
    pub json: bool,
    /// Print the schema as TOML instead.
    #[arg(long, conflicts_with = "table")]
    pub toml: bool,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Args)]
pub struct Migrate {
    /// Only say what would happen. There is nothing else yet: a database migrates when it is opened.
    #[arg(long, required = true)]
    pub plan: bool,
    /// The schema of the database.
    pub old: PathBuf,
    /// The schema of the program.
    pub new: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reading: Reading,
}

/// How Rust sources are read.
#[derive(Args)]
#[command(next_help_heading = "Rust sources")]
pub struct Reading {
    /// The type in `schema!`, if there are several.
    #[arg(long, value_name = "TYPE")]
    pub registry: Option<String>,
    /// The name of the database, if there is no `schema!`: all components become tables then.
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// The version of the schema, if there is no `schema!`.
    #[arg(long, value_name = "VERSION", requires = "database")]
    pub schema_version: Option<String>,
    /// What ecsdb is called in the sources.
    #[arg(long, value_name = "NAME", default_value = "ecsdb")]
    pub crate_name: String,
}
