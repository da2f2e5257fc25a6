//! The changes that a database tells of: subscriptions, differences between versions, live queries. A naive copy that is fed
//! by events is what the table is, after every commit, whatever happens.

mod bounds;
mod differences;
mod feeds;
mod game;
mod live;
mod subscriptions;
mod threads;
mod untyped;
