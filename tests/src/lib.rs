//! Tests of the workspace as its users see it: everything here goes through the public interface of `ecsdb`.
//!
//! Unpublished. The library itself holds nothing but the program in the README, so that it is compiled and run.

/// The README: its program is a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
