//! A game world on ecsdb: mobs that move, fight, die, carry gold and trade, while readers check every state they see.
//!
//! One thread plays the game at a fixed rate, the database's writer carries out its transactions, and readers scan
//! snapshots without pause. Gold is never made and never lost: each transaction only passes it on. A reader that sums
//! all purses of one snapshot therefore always finds the same total; a state that was half of one transaction would show.
//!
//! The world lives in a directory, in a process that is killed in the middle of a tick without warning. Another process has
//! heard the digest of every version before it was committed, opens the directory, and compares.
//!
//! The kinds of mobs and items are real ones, see [`definitions`]. Everything random comes from one seed, and every
//! decision is made from what was visible at the start of a tick, so the same seed plays the same game.

mod chronicle;
mod clock;
mod combat;
pub mod components;
mod crash;
pub mod definitions;
mod digest;
mod market;
mod mortal;
mod movement;
mod options;
mod population;
mod readers;
mod report;
mod run;
mod simulation;

pub use chronicle::{Chronicle, Message, Teller};
pub use clock::Clock;
pub use crash::{Aftermath, CrashError, Place, kill_and_recover};
pub use digest::Digest;
pub use mortal::{MortalError, play_until_killed};
pub use options::Options;
pub use readers::{Constants, ReadTotals, ReaderError, Readers, Violation, check};
pub use report::{MemoryFigures, Progress, Report};
pub use run::{RunError, run};
pub use simulation::{Settings, Simulation, SimulationError, Tally, constants_of};
