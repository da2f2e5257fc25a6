//! `schema = "..."`: components that agree with a schema file. Those that do not are in `ui-tests`.

use ecsdb::schema::DatabaseSchema;
use ecsdb::{Component, Entity, Field, FixedStr};

#[derive(Field)]
struct Velocity {
    x: f32,
    y: f32,
}

#[derive(Field)]
enum State {
    Idle,
    Chasing {
        target: Entity,
        since: [f32; 2],
    },
    #[component(renamed_from = "Called")]
    Named(String),
}

#[derive(Field)]
#[repr(u8)]
enum Numbered {
    Idle,
    Chasing { target: Entity, since: [f32; 2] },
    Named(String) = 7,
}

#[derive(Component)]
#[component(schema = "schema/derive.toml")]
struct Position {
    x: f32,
    speed: Velocity,
    state: Numbered,
    path: Vec<Option<(u8, FixedStr<4>)>>,
}

#[derive(Component)]
#[component(schema = "schema/derive.toml")]
struct Frozen;

/// The comparison by the compiler and that of whole schemas agree.
#[test]
fn what_compiles_is_what_the_file_says() {
    let text = include_str!("../../schema/derive.toml");
    let schema = DatabaseSchema::from_toml(text, "derive.toml").unwrap();
    let (_, table) = schema.table("position").unwrap();
    let types = |table: &ecsdb::schema::TableSchema| {
        table.fields.iter().map(|field| (field.name.to_string(), field.field_type.clone())).collect::<Vec<_>>()
    };
    assert_eq!(types(table), types(Position::SCHEMA));
    assert!(schema.table("frozen").is_some() && Frozen::SCHEMA.fields.is_empty());
    assert_ne!(State::TYPE, Numbered::TYPE, "the tag of the last variant differs");
}
