//! Entities: their ids and the generations of their slots.
//!
//! Owns what an [`Entity`] is. Which entities are alive is the business of `storage`.

mod generations;
mod id;

pub use generations::{Generations, Pair, RETIRED, agreement, retired};
pub use id::Entity;
