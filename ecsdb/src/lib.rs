//! A typed, in-memory, relational database for ECS game components.

#![deny(missing_docs)]

#[cfg(target_endian = "big")]
compile_error!(
    "ecsdb keeps rows in little-endian order and hands out references to them: it needs a little-endian target"
);

// The derive names this crate `::ecsdb`, also inside its own tests.
#[cfg(test)]
extern crate self as ecsdb;

#[doc(hidden)]
pub mod __private;

// Layer 0: nothing of the database.
mod bits;
mod bytes;
mod limits;
mod sync;

// Layer 1: what a row is.
mod change_set;
mod component;
mod entity;
pub mod schema;

// Layer 2: where rows are.
mod query;
mod storage;

pub use bytes::Row;
pub use component::packed;
pub use component::{Assignment, Column, CompareOp, Component, Field, NativeField, Number, Predicate, UpdateOp};
pub use ecsdb_derive::Component;
pub use entity::Entity;
