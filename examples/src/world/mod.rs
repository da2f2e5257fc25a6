//! A game world on ecsdb: mobs that move, fight, die, carry gold and trade, while readers check every state they see.
//!
//! One thread plays the game at a fixed rate, the database's writer carries out its transactions, and readers scan
//! snapshots without pause. Gold is never made and never lost: each transaction only passes it on. A reader that sums
//! all purses of one snapshot therefore always finds the same total; a state that was half of one transaction would show.
//!
//! The kinds of mobs and items are real ones, see [`definitions`]. Everything random comes from one seed, and every
//! decision is made from what was visible at the start of a tick, so the same seed plays the same game.

mod clock;
mod combat;
pub mod components;
pub mod definitions;
mod market;
mod movement;
mod options;
mod population;
mod readers;
mod report;
mod run;
mod simulation;

pub use clock::Clock;
pub use options::Options;
pub use readers::{Constants, ReadTotals, ReaderError, Readers, Violation, check};
pub use report::{MemoryFigures, Progress, Report};
pub use run::{RunError, run};
pub use simulation::{Settings, Simulation, SimulationError, Tally};
