//! Conditions, relational queries and joins, against evaluations that go through plain structs.

mod conditions;
mod in_order;
mod joins;
mod plans;
mod queries;
mod untyped;
mod world;
