//! Components of a crate that knows ecsdb by another name work like any others.

use std::marker::PhantomData;

use database::component::Stored;
use database::{Component, Entity};
use ecsdb_ui_renamed::{Frozen, Health, Item, Kind, Name, Pos, Sort, State};

#[test]
fn components_work_under_another_name_of_the_crate() {
    let stored = Stored::new(Health { hp: 3, poisoned: true });
    assert_eq!((stored.view().hp(), Health::C.poisoned.offset()), (3, 4));
    assert_eq!(Stored::new(Pos { x: 1.0, y: 2.0 }).get(), Pos { x: 1.0, y: 2.0 });
    assert_eq!(Pos::C.y.name(), "y");
    assert_eq!(Frozen::SCHEMA.name, "is_frozen");
}

#[test]
fn values_work_under_another_name_of_the_crate() {
    let named = || State::Named { name: Name { text: "Ann".to_owned() }, kind: Sort(7) };
    assert_eq!(Stored::new(named()).view().value(), named());
    let owner = Entity::from_bits(1 | 1 << 32).unwrap();
    let item = || Item::<Frozen> { kind: Kind::A, states: vec![State::Idle, named()], owner, sort: PhantomData };
    let stored = Stored::new(item());
    assert_eq!((stored.get(), stored.view().kind()), (item(), Kind::A));
    assert!(Item::<Frozen>::SCHEMA.fields[0].default.is_some());
    let _ = Name::F.text;
}
