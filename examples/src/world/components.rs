//! The tables of the world.
//!
//! A mob has a `Mob`, `Pos`, `Vel`, `Size`, `Health` and `Purse`. An item has an `Item`, and a `Pos` only while it lies on
//! the ground. A pile of gold on the ground has a `Pile`, `Pos` and `Purse`. The treasury has a `Treasury` and a `Purse`.

use ecsdb::{Component, Entity};

use super::definitions::{ItemKind, MobKind};

/// The world is a square with this side, in metres; whoever leaves it on one side comes back on the other.
pub const WORLD_SIDE: f32 = 4096.0;

/// Where something is, in metres: `0.0..WORLD_SIDE` for `x` and `z`, `0.0` upwards for `y`.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Pos {
    /// Eastwards.
    pub x: f32,
    /// Upwards.
    pub y: f32,
    /// Southwards.
    pub z: f32,
}

impl Pos {
    /// A place on the ground.
    pub fn anywhere(rng: &mut fastrand::Rng) -> Self {
        Self { x: rng.f32() * WORLD_SIDE, y: 0.0, z: rng.f32() * WORLD_SIDE }
    }

    /// Whether this is a place in the world.
    pub fn is_in_world(&self) -> bool {
        let side = 0.0..WORLD_SIDE;
        side.contains(&self.x) && side.contains(&self.z) && self.y >= 0.0
    }
}

/// How something moves, in metres a second.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Vel {
    /// Eastwards.
    pub x: f32,
    /// Upwards.
    pub y: f32,
    /// Southwards.
    pub z: f32,
}

impl Vel {
    /// A walk in some direction, up to four metres a second along each axis.
    pub fn any(rng: &mut fastrand::Rng) -> Self {
        Self { x: rng.f32() * 8.0 - 4.0, y: 0.0, z: rng.f32() * 8.0 - 4.0 }
    }
}

/// The box that a mob fills, in metres.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Size {
    /// Along the ground.
    pub width: f32,
    /// Upwards.
    pub height: f32,
}

/// What a mob is.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Mob {
    /// The `id` of its kind in the definitions.
    pub kind: u16,
    /// The [`Category`](super::definitions::Category) of its kind, as a number.
    pub category: u8,
}

/// How much a mob can take.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Health {
    /// Points left; at 0 the mob dies in the same transaction.
    pub points: u16,
    /// Points when unhurt.
    pub full: u16,
    /// What is taken off each blow.
    pub armour: u8,
}

impl Health {
    /// Takes a blow, of which at least one point gets through. Returns the points that are left.
    pub fn suffer(&mut self, blow: u16) -> u16 {
        self.points = self.points.saturating_sub(blow.saturating_sub(self.armour.into()).max(1));
        self.points
    }
}

/// Gold. The sum over all purses is the same in every version of the database.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Purse {
    /// Pieces of gold.
    pub gold: u64,
}

/// A stack of one kind of item.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Item {
    /// The mob that carries it, always a living one; `None` while it lies on the ground.
    pub owner: Option<Entity>,
    /// The `id` of its kind in the definitions.
    pub kind: u16,
    /// How many there are, up to the stack size of the kind.
    pub count: u8,
}

/// Marks gold that lies on the ground.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Pile;

/// Marks the one entity that gold comes from when a mob is spawned.
#[derive(Component, Clone, Debug, PartialEq)]
pub struct Treasury;

ecsdb::schema! {
    /// The tables of the example world.
    pub World: Mob, Pos, Vel, Size, Health, Purse, Item, Pile, Treasury
}

/// What a mob is spawned with.
pub type MobParts = (Mob, Pos, Vel, Size, Health, Purse);

/// A new mob of `kind` somewhere in the world.
pub fn mob(kind: &MobKind, gold: u64, rng: &mut fastrand::Rng) -> MobParts {
    let full = kind.full_health();
    (
        Mob { kind: kind.id, category: kind.category as u8 },
        Pos::anywhere(rng),
        Vel::any(rng),
        Size { width: kind.width, height: kind.height },
        Health { points: full, full, armour: rng.u8(0..4) },
        Purse { gold },
    )
}

/// A new stack of `kind` in the hands of `owner`.
pub fn item(kind: &ItemKind, owner: Entity, rng: &mut fastrand::Rng) -> Item {
    Item { owner: Some(owner), kind: kind.id, count: rng.u8(1..=kind.stack_size) }
}
