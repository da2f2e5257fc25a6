//! What is measured: groups of cases, each with contenders of one kind.
//!
//! Owns the list of all groups. A case says what one operation is and what a figure means; what a contender does differently in it is
//! said there as well, and marked in the table.

pub mod entities;
pub mod growth;
#[cfg(test)]
mod mutants;
pub mod shared;
pub mod stores;
pub mod tables;

use crate::Failure;
use crate::contenders::Does;
use crate::sheet::{Scale, Sheet};

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// Seconds an operation.
    Time,
    /// Seconds an operation, shown as operations a second.
    Rate,
    /// Bytes.
    Bytes,
}

/// Something that is measured. Less is better, always.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called in figures, and by `--only`.
    pub key: String,
    /// What it is called in the table.
    pub what: String,
    /// What its figures are.
    pub unit: Unit,
    /// Contenders that do other work than the rest in this case, and what they do instead.
    pub other: Vec<(&'static str, &'static str)>,
}

impl Case {
    /// A case in which all do the same.
    pub fn new(key: impl Into<String>, what: impl Into<String>, unit: Unit) -> Self {
        Self { key: key.into(), what: what.into(), unit, other: Vec::new() }
    }

    /// Says that `contender` does other work.
    #[must_use]
    pub fn but(mut self, contender: &'static str, does: &'static str) -> Self {
        self.other.push((contender, does));
        self
    }
}

/// Someone who is measured.
#[derive(Clone, Copy)]
pub struct Contender {
    /// What it is called.
    pub name: &'static str,
    /// What it does besides.
    pub does: Does,
    /// Measures all cases of the group.
    pub run: fn(&mut Sheet) -> Result<(), Failure>,
}

/// Cases that the same contenders do.
pub struct Group {
    /// What it is called by `--only`.
    pub key: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What has to be known of its figures.
    pub intro: &'static str,
    /// ecsdb is the first.
    pub contenders: Vec<Contender>,
    /// What is measured.
    pub cases: fn(&Scale) -> Vec<Case>,
}

/// Everything.
pub fn groups() -> Vec<Group> {
    vec![entities::group(), growth::group(), tables::group(), stores::group(), shared::group()]
}
