//! In a file of its own.

use super::*;

#[derive(Component)]
pub struct Item {
    pub name: super::Name,
    pub price: Price,
    pub rarity: Rarity,
}

#[derive(Clone, Debug, Field)]
pub struct Price {
    pub gold: u32,
    pub silver: Option<u8>,
}

#[derive(Clone, Debug, Field)]
pub enum Rarity {
    Common,
    Rare,
}
