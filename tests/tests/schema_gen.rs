//! From TOML to components and back: the code of a build script compiles, and describes what the TOML describes.

#![forbid(unsafe_code)]

use ecsdb::component::Stored;
use ecsdb::schema::{DatabaseSchema, Schema, TableOf, TableSchema};
use ecsdb::{Component, Entity, FixedStr, Ref};

mod world {
    //! In a module with lints of its own: generated code must not depend on what is around it.
    #![deny(missing_docs, warnings)]

    ecsdb::include_schema!("world");
}

mod game {
    ecsdb::include_schema!("game");
}

mod kinds {
    //! Every kind of field.
    #![deny(missing_docs, warnings)]

    ecsdb::include_schema!("kinds");
}

fn toml(text: &str) -> DatabaseSchema {
    DatabaseSchema::from_toml(text, "schema.toml").unwrap()
}

/// The tables without the names of their key columns, which a component does not know.
fn without_keys(schema: &DatabaseSchema) -> Vec<TableSchema> {
    schema.tables().iter().cloned().map(|table| TableSchema { key: None, ..table }).collect()
}

#[test]
fn the_components_are_the_tables_of_the_file() {
    let from_file = toml(include_str!("../schema/world.toml"));
    let from_rust = world::World::schema();
    assert_eq!((from_rust.name(), from_rust.version()), ("world", "0.1.0"));
    assert_eq!(from_rust.tables(), without_keys(&from_file));
    assert_eq!(from_rust.hash(), from_file.hash());
    assert_eq!(toml(&from_rust.to_toml()), from_rust);
    assert_eq!(<world::Body as TableOf<world::World>>::INDEX, 1);
}

#[test]
fn a_schema_that_was_written_by_hand_becomes_components() {
    let from_file = toml(include_str!("../../ecsdb/src/schema/tests/game.toml"));
    let from_rust = game::Game::schema();
    assert_eq!(from_rust.tables(), without_keys(&from_file));
    assert_eq!(from_rust.hash(), from_file.hash());
    let health = game::Health { hp: 7, max_hp: 9 };
    assert_eq!(Stored::new(health).get(), health);
}

#[test]
fn rows_of_the_generated_components_hold_their_values() {
    let target = world::MoveTarget {
        r#type: 3,
        self_: true,
        whom: None,
        by: Entity::from_bits(1 << 32 | 5).unwrap(),
        path: [[1.0, 2.0, 3.0]; 4],
    };
    assert_eq!(Stored::new(target).get(), target);
    let body = world::Body { uuid: 1, at: [0.5; 3], flags: [1, 2, 3, 4] };
    assert_eq!(size_of::<world::Body>(), 32);
    assert_eq!(Stored::new(body).get(), body);
    assert_eq!(world::Asleep::SCHEMA.size, 0);
}

#[test]
fn every_kind_of_field_becomes_one() {
    let from_file = toml(include_str!("../../ecsdb-schema-gen/tests/golden/kinds.toml"));
    let from_rust = kinds::Kinds::schema();
    assert_eq!(from_rust.tables(), from_file.tables());
    assert_eq!(toml(&from_rust.to_toml()), from_rust);

    let entity = |bits| Entity::from_bits(bits).unwrap();
    let mob = kinds::Mob {
        title: "Sir".to_owned(),
        ai: kinds::Ai::Hunting { prey: Ref::to(entity(7)), since: core::time::Duration::from_millis(1500) },
        inventory: vec![Ref::to(entity(8)), Ref::to(entity(9))],
        marks: Some(vec![kinds::Mark('!', None)]),
        self_: (true, kinds::MobSelf1 { r#type: -3, inner: kinds::MobSelf1Inner::Off }),
        hp: u128::MAX,
        price: kinds::Price { gold: 3, silver: Some(4) },
    };
    assert_eq!(Stored::new(mob.clone()).get(), mob);
    let body =
        kinds::Body { at: kinds::Pos { x: 1.0, y: 2.0 }, owner: None, stance: kinds::Stance::Down, flags: [1, 2] };
    assert_eq!(Stored::new(body).view(), &body);
    let item = kinds::Item { name: FixedStr::new("rope").unwrap(), price: kinds::Price { gold: 1, silver: None } };
    assert_eq!(Stored::new(item).get(), item);
}
