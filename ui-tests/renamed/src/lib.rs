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

/// A value.
#[derive(database::Field, Debug, PartialEq)]
#[component(crate = database)]
pub struct Name {
    /// The text.
    pub text: String,
}

/// A native value.
#[derive(database::Field, Debug, PartialEq, Clone, Copy)]
#[component(crate = engine::storage)]
#[repr(u8)]
pub enum Kind {
    /// The first.
    A = 3,
    /// The last.
    B,
}

/// A component that is an enum, and a value.
#[derive(database::Component, database::Field, Debug, PartialEq)]
#[component(crate = crate::engine::storage)]
pub enum State {
    /// Nothing.
    Idle,
    /// Something.
    Named {
        /// What it is called.
        name: Name,
        /// What it is.
        #[component(as = u8)]
        kind: Sort,
    },
}

/// A type of another crate, as it were.
#[derive(Debug, PartialEq)]
pub struct Sort(pub u8);

impl From<Sort> for u8 {
    fn from(sort: Sort) -> Self {
        sort.0
    }
}

impl From<u8> for Sort {
    fn from(sort: u8) -> Self {
        Self(sort)
    }
}

/// With all that generated code refers to.
#[derive(database::Component, Debug, PartialEq)]
#[component(crate = database, version = 2)]
pub struct Item<T> {
    /// What it is.
    #[component(default = Kind::B, offset = 0)]
    pub kind: Kind,
    /// In which state.
    pub states: Vec<State>,
    /// Whose.
    #[component(references = Health, on_delete = "cascade")]
    pub owner: database::Entity,
    /// Of which sort.
    pub sort: std::marker::PhantomData<T>,
}
