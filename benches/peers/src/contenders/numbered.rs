//! Rows of ecsdb that are found by a number, as those of stores and maps are: a unique hash index over a column.

use ecsdb::{Component, Entity, Snapshot};

/// Three floats and their number.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Numbered {
    /// What it is found by.
    #[component(unique = "hash")]
    pub number: u32,
    /// The first float.
    pub x: f32,
    /// The second.
    pub y: f32,
    /// The third.
    pub z: f32,
}

ecsdb::schema! {
    /// Nothing else.
    pub Numbers: Numbered
}

/// The row with `number`.
pub fn numbered(number: u32, [x, y, z]: [f32; 3]) -> Numbered {
    Numbered { number, x, y, z }
}

/// Whose row has `number`. Rows keep their numbers, so that it is still so when a change comes to the writer.
///
/// # Panics
/// If there is none.
pub fn entity(snapshot: &Snapshot<Numbers>, number: u32) -> Entity {
    snapshot.index(Numbered::I.number).one(number).expect("every number that is asked for has a row").0
}

/// As [`entity`], for each of these numbers.
pub fn entities(snapshot: &Snapshot<Numbers>, numbers: &[u32]) -> impl Iterator<Item = Entity> {
    let found = snapshot.index(Numbered::I.number).one_each(numbers.iter().copied());
    found.map(|found| found.expect("every number that is asked for has a row").0)
}

/// The sum of the first floats of the rows with these numbers.
pub fn sum(snapshot: &Snapshot<Numbers>, numbers: &[u32]) -> f64 {
    let found = snapshot.index(Numbered::I.number).one_each(numbers.iter().copied());
    found.flatten().map(|(_, row)| f64::from(row.x)).sum()
}
