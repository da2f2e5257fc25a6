//! Things.

use ecsdb::{Component, Field, FixedStr};

/// Something to carry.
#[derive(Clone, Debug, PartialEq, Component)]
pub struct Item {
    /// What it is called.
    pub label: FixedStr<24>,
    /// What it costs.
    pub price: Price,
    /// How rare it is.
    pub rarity: Rarity,
    /// What is written on it.
    pub inscription: Option<String>,
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Field)]
pub struct Price {
    /// Pieces of gold.
    pub gold: u32,
    /// Pieces of silver.
    pub silver: u8,
}

/// How rare something is.
#[derive(Clone, Copy, Debug, PartialEq, Field)]
pub enum Rarity {
    /// Everybody has one.
    Common,
    /// Somebody has one.
    Rare,
}
