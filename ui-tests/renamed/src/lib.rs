//! The derive in a crate that knows ecsdb by another name only, or by a path of its own.

/// A path that an engine may give its users.
pub mod engine {
    pub use database as storage;
}

/// Stored packed.
#[derive(database::Component, Debug, PartialEq)]
#[component(crate = database)]
pub struct Health {
    /// Points left.
    pub hp: u32,
    /// Whether they get fewer.
    pub poisoned: bool,
}

/// Stored as it is.
#[derive(engine::storage::Component, Debug, PartialEq)]
#[component(crate = crate::engine::storage)]
#[repr(C)]
pub struct Pos {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// Stored by presence.
#[derive(database::Component, Debug, PartialEq)]
#[component(crate = ::database, table = "is_frozen")]
pub struct Frozen;
