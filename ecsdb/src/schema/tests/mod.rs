//! Tests of whole schemas: the text form both ways, the errors of files, the hash.

pub(super) mod any;
mod hash;
mod refusals;
mod registry;
mod relations;
mod round_trip;
mod values;

use super::DatabaseSchema;

/// A schema that was written by hand.
const GAME: &str = include_str!("game.toml");

fn game() -> DatabaseSchema {
    DatabaseSchema::from_toml(GAME, "game.toml").unwrap()
}
