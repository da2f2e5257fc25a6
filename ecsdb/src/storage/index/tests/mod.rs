//! Indexes against what the rows say, and trees against a set.

mod grids;
mod store;
mod trees;
