//! The components.

pub mod items;

use std::time::Duration;

use ecsdb::{Component, Field, Ref};

use items::Item;

const SLOTS: usize = 4;

/// Where somebody is, in metres.
#[derive(Clone, Copy, Debug, PartialEq, Component)]
#[repr(C)]
pub struct Position {
    /// East of the harbour.
    pub x: f32,
    /// North of it.
    pub y: f32,
}

/// How much somebody can take.
#[derive(Clone, Debug, PartialEq, Component)]
#[component(version = 2, schema = "schema/world.toml")]
pub struct Health {
    /// What is left.
    #[component(renamed_from = "hp")]
    pub life: u32,
    /// What there is at most.
    #[component(since = 2, default = 100)]
    pub most: u32,
}

/// What somebody carries.
#[derive(Clone, Debug, PartialEq, Component)]
pub struct Inventory {
    /// In the hands and on the belt.
    pub at_hand: [Option<Ref<Item>>; SLOTS],
    /// In the bag.
    pub packed: Vec<Ref<Item>>,
}

/// What somebody is about to do.
#[derive(Clone, Debug, PartialEq, Component)]
pub struct Mind {
    /// What comes first.
    #[component(default = Goal::Rest)]
    pub goal: Goal,
    /// What comes after that.
    pub later: Vec<Goal>,
}

/// What somebody can be about to do.
#[derive(Clone, Debug, PartialEq, Field)]
pub enum Goal {
    /// Nothing.
    Rest,
    /// To fetch something.
    Fetch {
        /// What.
        what: Ref<Item>,
        /// How long it may take.
        within: Duration,
    },
    /// To go somewhere.
    #[component(renamed_from = "Walk")]
    Go(f32, f32),
}

/// Does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Component)]
pub struct Asleep;

ecsdb::schema! {
    /// All that there is.
    #[schema(version = "2")]
    pub World: Position, Health, Inventory, Mind, Item, Asleep
}

ecsdb::include_schema!("world");
