//! Components of a crate that knows ecsdb by another name work like any others.

use database::Component;
use ecsdb_ui_renamed::{Frozen, Health, Pos};

#[test]
fn components_work_under_another_name_of_the_crate() {
    let row = Health { hp: 3, poisoned: true }.into_row();
    assert_eq!((Health::view(&row).hp(), Health::C.poisoned.offset()), (3, 4));
    assert_eq!(Pos::from_row(&Pos { x: 1.0, y: 2.0 }.into_row()), Pos { x: 1.0, y: 2.0 });
    assert_eq!(Pos::C.y.name(), "y");
    assert_eq!(Frozen::SCHEMA.name, "is_frozen");
}
