//! A change feed that drives a text screen: fighters in an arena, and a list of them that is never read as a whole again.
//!
//! The arena writes; the screen follows it by subscriptions, on a thread of its own, and touches only the lines that changed.

mod arena;
mod screen;

pub use arena::{Arena, Fighter, FighterRef, Pit};
pub use screen::{Screen, Touched};
