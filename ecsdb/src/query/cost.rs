//! What the ways to rows cost, by which the planner chooses between them. Owns nothing but the numbers.
//!
//! The unit is a row that is looked at one after the other, which takes about a nanosecond. They are orders of magnitude: a look-up misses the
//! cache, and a scan does not. What each was measured by is not on record. [`Plan`](super::Plan) forces a way, so whoever changes one of them
//! compares both ways with the bench `relational`.

/// What finding a row through an index costs: a scan compares a row, an index finds its place, sorts it, and looks it up.
pub const INDEX_ROW: u64 = 16;

/// What going down an index once costs, besides what it finds.
pub const INDEX_LOOKUP: u64 = 100;

/// What going down the index of a reference costs a join, which has the entity at hand and sorts nothing.
pub const JOIN_LOOKUP: u64 = 40;

/// What a row costs a join that such an index has found.
pub const JOIN_ROW: u64 = 4;

/// What an entry of an index costs that is taken for its order: it is anywhere, and so is its row.
pub const ENTRY_IN_ORDER: u64 = 64;
