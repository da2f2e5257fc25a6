//! Indexes against what the rows say, and trees against a set.

mod store;
mod trees;
