//! Comparison with other engines.
