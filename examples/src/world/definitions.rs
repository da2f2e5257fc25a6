//! The kinds of mobs and items, from the files in `data/minecraft` (see `SOURCE.md` there).
//!
//! The files are part of the program, so it runs from anywhere.

use serde::Deserialize;
use thiserror::Error;

const ENTITIES: &str = include_str!("../../data/minecraft/entities.json");
const ITEMS: &str = include_str!("../../data/minecraft/items.json");

/// Why the definitions could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DefinitionsError {
    /// A file is not what it should be.
    #[error("{file} is not what it should be")]
    Format {
        /// The file, in `data/minecraft`.
        file: &'static str,
        /// What is wrong and where.
        source: serde_json::Error,
    },
    /// A file has nothing that a world needs.
    #[error("{file} defines nothing that can be spawned")]
    Empty {
        /// The file, in `data/minecraft`.
        file: &'static str,
    },
}

/// What kind of life a mob leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[repr(u8)]
pub enum Category {
    /// Attacks on sight.
    #[serde(rename = "Hostile mobs")]
    Hostile = 1,
    /// Leaves others alone.
    #[serde(rename = "Passive mobs")]
    Passive = 2,
    /// Everything else; not spawned here.
    #[serde(other)]
    Other = 0,
}

/// One kind of mob.
#[derive(Clone, Debug, Deserialize)]
pub struct MobKind {
    /// Its number among all entities of the game.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// Its width in metres.
    pub width: f32,
    /// Its height in metres.
    pub height: f32,
    /// What it lives like.
    pub category: Category,
    #[serde(rename = "type")]
    role: String,
}

impl MobKind {
    /// The health of an unhurt mob: the definitions have none, so here it grows with the volume, from 4 to 200 points.
    pub fn full_health(&self) -> u16 {
        (4.0 + 12.0 * self.width * self.width * self.height).min(200.0) as u16
    }

    /// Vehicles, projectiles, displays and players are entities too.
    fn is_mob(&self) -> bool {
        self.category != Category::Other && self.role != "other" && self.width > 0.0
    }
}

/// One kind of item.
#[derive(Clone, Debug, Deserialize)]
pub struct ItemKind {
    /// Its number among all items of the game.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// How many fit in one stack.
    #[serde(rename = "stackSize")]
    pub stack_size: u8,
}

/// Everything that can be spawned. Neither list is empty.
#[derive(Clone, Debug)]
pub struct Definitions {
    /// The kinds of mobs.
    pub mobs: Vec<MobKind>,
    /// The kinds of items.
    pub items: Vec<ItemKind>,
}

impl Definitions {
    /// Reads the definitions.
    ///
    /// # Errors
    /// If a file is not what it should be.
    pub fn load() -> Result<Self, DefinitionsError> {
        let mut mobs: Vec<MobKind> = parse("entities.json", ENTITIES)?;
        mobs.retain(MobKind::is_mob);
        let mut items: Vec<ItemKind> = parse("items.json", ITEMS)?;
        items.retain(|item| item.stack_size > 0 && item.name != "air");
        if mobs.is_empty() {
            return Err(DefinitionsError::Empty { file: "entities.json" });
        }
        if items.is_empty() {
            return Err(DefinitionsError::Empty { file: "items.json" });
        }
        Ok(Self { mobs, items })
    }

    /// Some kind of mob.
    pub fn any_mob(&self, rng: &mut fastrand::Rng) -> &MobKind {
        &self.mobs[rng.usize(..self.mobs.len())]
    }

    /// Some kind of item.
    pub fn any_item(&self, rng: &mut fastrand::Rng) -> &ItemKind {
        &self.items[rng.usize(..self.items.len())]
    }
}

fn parse<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, DefinitionsError> {
    serde_json::from_str(text).map_err(|source| DefinitionsError::Format { file, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_the_real_ones() {
        let definitions = Definitions::load().unwrap();
        let named = |name| definitions.mobs.iter().find(|mob| mob.name == name);
        let zombie = named("zombie").expect("there are zombies");
        assert_eq!((zombie.category, zombie.width, zombie.height), (Category::Hostile, 0.6, 1.95));
        assert_eq!(named("cow").expect("there are cows").category, Category::Passive);
        assert!(named("acacia_boat").is_none(), "a boat is no mob");
        assert!(named("player").is_none(), "a player is no mob");
        assert_eq!(definitions.items.len(), 1384, "all but air");
        assert!(definitions.mobs.iter().all(|mob| mob.full_health() >= 4));
    }

    #[test]
    fn a_file_that_is_no_list_is_refused_by_name() {
        let error = parse::<Vec<ItemKind>>("items.json", "{}").unwrap_err();
        let error = ecsdb::error::with_causes(&error).to_string();
        assert!(error.starts_with("items.json is not what it should be: invalid type: map"), "{error}");
    }
}
