//! Who is compared: one file for each engine and kind of work.
//!
//! Owns what each engine says of itself. An engine does its work in the fastest way that its documentation tells its users of, and
//! with the same rows as the others; a new one is a file, and a line in the list of its kind.

pub mod entities;
pub mod numbered;
pub mod shared;
pub mod stores;
pub mod tables;

/// What an engine does besides the work that is measured: a number says little without it.
#[derive(Clone, Copy, Debug)]
pub struct Does {
    /// Its crate, whose version is reported.
    pub package: Option<&'static str>,
    /// Other threads read while one writes.
    pub readers: bool,
    /// A reader keeps the version that it has, and the writer goes on.
    pub versions: bool,
    /// A transaction that fails leaves nothing behind.
    pub rollback: bool,
    /// What is acknowledged survives a loss of power.
    pub durable: bool,
    /// How it is used here.
    pub how: &'static str,
}

/// Whether `contender` is ecsdb, in whatever way it is used.
pub fn is_ecsdb(contender: &str) -> bool {
    contender.starts_with("ecsdb")
}
