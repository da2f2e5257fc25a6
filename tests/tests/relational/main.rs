//! Conditions, relational queries and joins, against evaluations that go through plain structs.

mod conditions;
mod joins;
mod queries;
mod untyped;
mod world;
