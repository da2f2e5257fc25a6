//! A database that is played against a model on a medium that loses what was not synced, and what must hold for all that a crash can
//! leave.
//!
//! | part | what it owns |
//! |---|---|
//! | `world` | a small schema with every way in which a log keeps a table, and a naive model of it |
//! | `workload` | transactions that are drawn from a seed, on the engine and on the model |
//! | `setup` | how the databases are opened |
//! | `game` | both side by side, and what was committed and acknowledged |
//! | `check` | images of crashes, and what is tried with each |
//! | `faults` | the same with calls that fail |
//!
//! The tests of crashes and the fuzzing of operations work with it.

pub mod check;
pub mod faults;
pub mod game;
pub mod setup;
pub mod workload;
pub mod world;
